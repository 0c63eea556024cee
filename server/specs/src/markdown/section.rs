//! A text in sections: what stands below each heading of the second level.

use pulldown_cmark::HeadingLevel;

use super::keyword;
use super::outline::{BrokenTable, LineSpan, Outline, outline};
use crate::place::{Lines, Span};
use crate::problem::{Code, SpecProblem};
use crate::spec::{Criterion, ExampleTable, Text};

/// The sections of a text.
#[derive(Debug, Default)]
pub(crate) struct Sections {
    /// The first heading of the first level.
    pub(crate) title: Option<Text>,
    /// What stands above the first section, and below headings of the first level after that.
    pub(crate) around: Vec<Section>,
    /// What stands below each heading of the second level.
    pub(crate) sections: Vec<Section>,
    /// What is wrong with the text itself.
    pub(crate) noted: Vec<SpecProblem>,
}

/// What stands below a heading.
#[derive(Debug, Default)]
pub(crate) struct Section {
    /// The heading. Empty where there is none.
    pub(crate) title: Text,
    /// From the heading to the next.
    pub(crate) span: Span,
    /// Its list items with boxes.
    pub(crate) criteria: Vec<Criterion>,
    /// Its tables.
    pub(crate) tables: Vec<ExampleTable>,
    /// Its lines that begin with a keyword: which, and what stands after it.
    pub(crate) keywords: Vec<(usize, Span)>,
    /// All lines that are nothing else.
    pub(crate) prose: String,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Prose,
    /// It belongs to the criterion at this place, besides its wording.
    Details(usize),
    /// It is something of its own.
    Taken,
}

/// Reads a text from a line on. Lines that begin with one of these keywords are no prose.
pub(crate) fn read(text: &str, lines: &Lines<'_>, first: usize, keywords: &[&str]) -> Sections {
    let found = outline(text, lines, lines.span(first).start, keywords);
    let mut kinds = kinds(&found, lines.count());
    let mut all = Sections {
        noted: found
            .broken
            .iter()
            .map(|one| broken_table(lines, one))
            .collect(),
        ..Sections::default()
    };
    let (mut headings, mut current) = (Vec::new(), Section::default());
    current.span.start = lines.span(first).start;
    let mut body = first;
    for heading in &found.headings {
        if heading.level > HeadingLevel::H2 {
            continue;
        }
        kinds[heading.lines.clone()].fill(Line::Taken);
        let start = lines.span(heading.lines.start).start;
        current.span.end = start;
        headings.push((current, body..heading.lines.start));
        current = Section {
            title: heading.title.clone(),
            span: start..start,
            ..Section::default()
        };
        body = heading.lines.end;
    }
    current.span.end = text.len();
    headings.push((current, body..lines.count()));

    let mut criteria = found.criteria.into_iter().enumerate().peekable();
    let mut tables = found.tables.into_iter().peekable();
    let mut running = found.running.into_iter().peekable();
    let mut levels = found
        .headings
        .iter()
        .filter(|one| one.level <= HeadingLevel::H2);
    for (place, (mut section, body)) in headings.into_iter().enumerate() {
        while let Some(span) = running.next_if(|span| lines.line_at(span.start) < body.end) {
            let line = lines.line_at(span.start);
            let mut said = keywords.iter().enumerate();
            let said = said.find_map(|(which, keyword)| {
                Some((which, keyword::after(text, lines, span.clone(), keyword)?))
            });
            if let Some(said) = said {
                kinds[line] = Line::Taken;
                section.keywords.push(said);
            }
        }
        while let Some((place, mut item)) =
            criteria.next_if(|(_, item)| item.wording.start < body.end)
        {
            let of_item = |line: &usize| kinds[*line] == Line::Details(place);
            let details = item.lines.clone().filter(of_item);
            item.criterion.details = joined(details.map(|line| lines.line(line)));
            section.criteria.push(item.criterion);
        }
        while let Some(table) = tables.next_if(|table| table.lines.start < body.end) {
            section.tables.push(table.table);
        }
        let prose = body.filter(|line| kinds[*line] == Line::Prose);
        section.prose = joined(prose.map(|line| lines.line(line)));
        let level = if place == 0 {
            None
        } else {
            levels.next().map(|one| one.level)
        };
        match level {
            Some(HeadingLevel::H2) => all.sections.push(section),
            level => {
                if level.is_some() && all.title.is_none() {
                    all.title = Some(section.title.clone());
                }
                all.around.push(section);
            }
        }
    }
    all
}

/// What is said of a table that is none.
fn broken_table(lines: &Lines<'_>, broken: &BrokenTable) -> SpecProblem {
    let message = match broken.columns {
        (head, rule) if head == rule => {
            "this is read as text, not as a table: put an empty line above the table".to_owned()
        }
        (head, rule) => format!(
            "this is read as text, not as a table: the line above has {head} columns and this one \
             {rule}"
        ),
    };
    SpecProblem::new(Code::BrokenTable, lines.range(broken.rule.clone()), message)
}

/// What each of so many lines is, as far as the outline tells.
fn kinds(found: &Outline, count: usize) -> Vec<Line> {
    let mut kinds = vec![Line::Prose; count];
    // Items within others come after them.
    for (place, item) in found.criteria.iter().enumerate() {
        kinds[item.lines.clone()].fill(Line::Details(place));
    }
    let wordings = found.criteria.iter().map(|item| &item.wording);
    let tables = found.tables.iter().map(|table| &table.lines);
    let taken: Vec<&LineSpan> = wordings.chain(tables).chain(&found.comments).collect();
    for lines in taken {
        kinds[lines.clone()].fill(Line::Taken);
    }
    kinds
}

/// Lines as one text: without what all of them are indented by, without empty ones at the ends,
/// and with one where there are several.
fn joined<'t>(lines: impl Iterator<Item = &'t str>) -> String {
    let lines: Vec<&str> = lines.map(str::trim_end).collect();
    let filled = lines.iter().filter(|line| !line.is_empty());
    let indent = |line: &&str| line.len() - line.trim_start_matches(' ').len();
    let common = filled.map(indent).min().unwrap_or(0);
    let mut text = String::new();
    let mut gap = false;
    for line in lines {
        if line.is_empty() {
            gap = !text.is_empty();
            continue;
        }
        if gap {
            text.push('\n');
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&line[common..]);
        gap = false;
    }
    text
}
