//! A plan as a text that a person can read and change.
//!
//! It is Markdown much like a spec: a heading for each task, below it lines that say which files
//! it writes and what it waits for, its criteria and its examples. Anything else that stands there
//! is a remark, and means nothing.

use camino::Utf8PathBuf;
use greenward_core::{Asked, Example, Plan, PlanFault, Position, Range, Task, TaskId, TaskIds};

use crate::front_matter::{self, Block};
use crate::markdown::keyword::{self, DEPENDS_ON};
use crate::markdown::section::{self, Section};
use crate::markdown::table;
use crate::place::{Lines, Span};
use crate::problem::{Code, SpecProblem};
use crate::problems::faults_of_tables;
use crate::read::{TooLarge, without_mark};
use crate::spec::{Requirement, Spec};

const ID: &str = "id";
const REQUIREMENT: &str = "requirement";
const TARGET: &str = "target";
const TESTS: &str = "tests";

/// What a line below a task's heading may begin with.
const KEYWORDS: &[&str] = &[ID, REQUIREMENT, TARGET, TESTS, DEPENDS_ON];

/// The key of front matter that names the spec.
const SPEC: &str = "spec";

/// How many tasks a plan may have. A spec makes less than half as many.
const MOST_TASKS: usize = 5_000;

/// How many faults are told at once.
const MOST_FAULTS: usize = 100;

/// The text of a plan. Read again, it is the same plan.
#[must_use]
pub fn render(plan: &Plan) -> String {
    let spec = plan.spec.as_str();
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "_./-".contains(char);
    let starts_well = spec.starts_with(|char: char| char.is_ascii_alphabetic());
    let spec = match starts_well && spec.chars().all(is_plain) && spec.contains(['.', '/']) {
        true => spec.to_owned(),
        false => serde_json::Value::from(spec).to_string(),
    };
    let mut text = format!("---\n{SPEC}: {spec}\n---\n# {}\n", plan.title);
    for task in &plan.tasks {
        text += &format!("\n## {}\n{ID}: {}\n", task.title, task.id);
        if task.requirement != task.title {
            text += &format!("{REQUIREMENT}: {}\n", task.requirement);
        }
        for target in &task.targets {
            text += &format!("{TARGET}: {target}\n");
        }
        if let Some(tests) = &task.tests {
            text += &format!("{TESTS}: {tests}\n");
        }
        if !task.depends_on.is_empty() {
            let ids: Vec<&str> = task.depends_on.iter().map(TaskId::as_str).collect();
            text += &format!("{DEPENDS_ON}: {}\n", ids.join(", "));
        }
        if !task.criteria.is_empty() {
            text.push('\n');
        }
        for criterion in &task.criteria {
            text += &format!("- [ ] {criterion}\n");
        }
        let same_columns = |one: &Example, other: &Example| one.columns().eq(other.columns());
        for examples in task.examples.chunk_by(same_columns) {
            text += &rendered_table(examples);
        }
    }
    text
}

/// Examples of the same columns as a table, behind an empty line.
fn rendered_table(examples: &[Example]) -> String {
    let Some(first) = examples.first() else {
        return String::new();
    };
    let head: Vec<String> = first.columns().map(table::cell).collect();
    let row = |example: &Example| -> Vec<String> {
        example
            .values
            .iter()
            .map(|one| table::cell(&one.value))
            .collect()
    };
    let rows: Vec<Vec<String>> = std::iter::once(head)
        .chain(examples.iter().map(row))
        .collect();
    let mut widths = vec![3; first.values.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &[String]| {
        let cells = row.iter().zip(&widths);
        let cells: String = cells
            .map(|(cell, width)| format!(" {cell}{} |", " ".repeat(width - cell.chars().count())))
            .collect();
        format!("|{cells}\n")
    };
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let mut text = String::from("\n");
    for (place, row) in rows.iter().enumerate() {
        text += &line(row);
        if place == 0 {
            text += &line(&rule);
        }
    }
    text
}

/// A plan as it was written, with the place of each part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenPlan {
    /// The plan.
    pub plan: Plan,
    title: Range,
    tasks: Vec<Places>,
    noted: Vec<SpecProblem>,
}

/// Where the parts of a task stand.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Places {
    title: Range,
    asked: Vec<(Asked, Range)>,
    depends_on: Vec<(TaskId, Range)>,
}

impl WrittenPlan {
    /// Reads a plan. What is wrong with it is no error here: [`problems`](Self::problems) says it.
    ///
    /// # Errors
    /// [`TooLarge`], before anything of the text is looked at.
    pub fn read(text: &str) -> Result<Self, TooLarge> {
        let text = without_mark(text)?;
        let lines = Lines::of(text);
        let mut noted = Vec::new();
        let (spec, first) = spec_and_body(text, &lines, &mut noted);
        let sections = section::read(text, &lines, first, KEYWORDS);
        noted.extend(sections.noted);
        for around in &sections.around {
            let criteria = around.criteria.iter().map(|one| one.wording.range);
            for range in criteria.chain(around.tables.iter().map(|table| table.range)) {
                let message = "this belongs to no task: put it below the heading of one";
                noted.push(SpecProblem::new(Code::Outside, range, message));
            }
        }
        let mut reader = Reader {
            text,
            lines: &lines,
            ids: TaskIds::default(),
            noted,
        };
        let read = sections
            .sections
            .into_iter()
            .map(|section| reader.task(section));
        let (tasks, places) = read.unzip();
        let title = sections.title.unwrap_or_default();
        Ok(Self {
            plan: Plan {
                spec,
                title: title.text,
                tasks,
            },
            title: title.range,
            tasks: places,
            noted: reader.noted,
        })
    }

    /// What is wrong with it, held against its spec, in the order of its text; at most some
    /// hundred things.
    #[must_use]
    pub fn problems(&self, spec: &Spec) -> Vec<SpecProblem> {
        let mut problems = self.noted.clone();
        if self.plan.tasks.len() > MOST_TASKS {
            let message = format!("these are too many tasks: {MOST_TASKS} are the most");
            problems.push(SpecProblem::new(Code::TooMany, self.title, message));
        } else {
            let faults = self.plan.faults(&spec.wishes());
            let faults = faults.iter().take(MOST_FAULTS);
            problems.extend(faults.map(|fault| self.problem(fault)));
        }
        problems.truncate(MOST_FAULTS);
        problems.sort_by_key(|problem| problem.range.start);
        problems
    }

    /// A fault at its place.
    fn problem(&self, fault: &PlanFault) -> SpecProblem {
        let code = match fault {
            PlanFault::Circle { .. } => Code::Circle,
            PlanFault::UnknownDependency { .. } => Code::UnknownDependency,
            PlanFault::Empty => Code::Empty,
            _ => Code::Unsound,
        };
        SpecProblem::new(code, self.place_of(fault), fault.to_string())
    }

    fn place_of(&self, fault: &PlanFault) -> Range {
        let Some(id) = fault.task() else {
            return self.title;
        };
        let all = self.plan.tasks.iter().zip(&self.tasks);
        // Of two that are called the same, and of two with the same in them, the later is at fault.
        let Some((_, places)) = all.rev().find(|(task, _)| task.id == *id) else {
            return self.title;
        };
        let depends_on = |on: &TaskId| {
            let named = places.depends_on.iter().find(|(id, _)| id == on);
            named.map(|(_, range)| range)
        };
        let exact = match fault {
            PlanFault::UnknownDependency { dependency, .. } => depends_on(dependency),
            PlanFault::Circle { tasks } => tasks.get(1).or(tasks.first()).and_then(depends_on),
            PlanFault::Repeated { what, .. } | PlanFault::Invented { what, .. } => places
                .asked
                .iter()
                .rfind(|(asked, _)| asked == what)
                .map(|(_, range)| range),
            _ => None,
        };
        *exact.unwrap_or(&places.title)
    }
}

/// Which spec the plan is of, and the line after the front matter.
fn spec_and_body(
    text: &str,
    lines: &Lines<'_>,
    noted: &mut Vec<SpecProblem>,
) -> (Utf8PathBuf, usize) {
    let block = Block::find(lines);
    let before = noted.len();
    let mut spec = None;
    if let Some(block) = block {
        for (name, node) in front_matter::members(text, lines, block, &[SPEC], noted) {
            spec = front_matter::one(&name, &node, noted);
        }
    }
    if spec.is_none() && noted.len() == before {
        let top = Range::new(Position::new(0, 0), Position::new(0, 0));
        let message = "a plan says at its start which spec it is of: `---`, `spec: PATH`, `---`";
        noted.push(SpecProblem::new(Code::WrongValue, top, message));
    }
    let spec = spec.map(|spec| spec.text.into()).unwrap_or_default();
    (spec, block.map_or(0, Block::body))
}

struct Reader<'t, 'l> {
    text: &'t str,
    lines: &'l Lines<'t>,
    ids: TaskIds,
    noted: Vec<SpecProblem>,
}

impl Reader<'_, '_> {
    fn task(&mut self, section: Section) -> (Task, Places) {
        let of = |keyword: &'static str| {
            let said = section.keywords.iter();
            let said = said.filter(move |(which, _)| KEYWORDS[*which] == keyword);
            said.map(|(_, span)| span.clone())
        };
        let mut bad = Vec::new();
        let text = self.text;
        let mut one = |keyword: &'static str| -> Option<&str> {
            let mut said = of(keyword);
            let first = said.next().filter(|span| !span.is_empty());
            for span in said {
                bad.push((
                    span,
                    format!("`{keyword}` is said twice: only the first counts"),
                ));
            }
            first.map(|span| &text[span])
        };
        let title = section.title.clone();
        let (id, requirement, tests) = (one(ID), one(REQUIREMENT), one(TESTS));
        let id = match id {
            // An id with a comma in it could not be named among others.
            Some(id) => TaskId::parse(&id.replace(',', "-")),
            None => self.ids.unique(&title.text),
        };
        self.ids.take(&id);
        let depends_on: Vec<(TaskId, Span)> = of(DEPENDS_ON)
            .flat_map(|span| keyword::parts(text, self.lines, span))
            .map(|span| (TaskId::parse(&text[span.clone()]), span))
            .collect();
        for (span, message) in bad {
            self.note(Code::BadTask, self.lines.range(span), message);
        }
        if title.text.is_empty() {
            self.note(
                Code::BadTask,
                title.range,
                "this task has no title: give it one".to_owned(),
            );
        }
        for criterion in &section.criteria {
            if criterion.wording.text.is_empty() {
                let message = "this criterion says nothing: take it away".to_owned();
                self.note(Code::EmptyCriterion, criterion.wording.range, message);
            }
        }
        let requirement = requirement.map_or_else(|| title.text.clone(), str::to_owned);
        let targets = of(TARGET)
            .filter(|span| !span.is_empty())
            .map(|span| text[span].into());
        let mut task = Task {
            id,
            title: title.text,
            requirement,
            targets: targets.collect(),
            tests: tests.map(Utf8PathBuf::from),
            criteria: Vec::new(),
            examples: Vec::new(),
            depends_on: depends_on.iter().map(|(id, _)| id.clone()).collect(),
        };
        let parts = Requirement {
            criteria: section.criteria,
            tables: section.tables,
            ..Requirement::default()
        };
        self.noted.extend(faults_of_tables(&parts));
        task.criteria = parts.wordings();
        task.examples = parts.examples();
        let places = Places {
            title: title.range,
            asked: asked(&parts),
            depends_on: depends_on
                .into_iter()
                .map(|(id, span)| (id, self.lines.range(span)))
                .collect(),
        };
        (task, places)
    }

    fn note(&mut self, code: Code, range: Range, message: String) {
        self.noted.push(SpecProblem::new(code, range, message));
    }
}

/// Criteria and examples, each with its place.
fn asked(parts: &Requirement) -> Vec<(Asked, Range)> {
    let criteria = parts.criteria.iter().map(|one| &one.wording);
    let criteria = criteria.map(|one| (Asked::Criterion(one.text.clone()), one.range));
    let rows = parts
        .tables
        .iter()
        .flat_map(|table| &table.rows)
        .map(|row| row.range);
    let examples = parts.examples().into_iter().map(Asked::Example).zip(rows);
    criteria.chain(examples).collect()
}

#[cfg(test)]
mod tests;
