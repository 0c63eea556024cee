//! A plan at a glance, and what is wrong with its spec. Pure.

use camino::Utf8Path;
use greenward_core::{Severity, SoundPlan, Task, TaskId, clean};
use greenward_specs::SpecProblem;

use super::style::{BAD, DIM, PLACE, STRONG, WARNING, paint};
use super::words;

/// How many criteria and examples of a task are shown.
const SHOWN: usize = 7;

/// How many characters of each.
const LENGTH: usize = 300;

/// What is wrong with a spec, a line for each as compilers write it; ends with how much it is.
pub(crate) fn problems(problems: &[SpecProblem], spec: &str) -> String {
    if problems.is_empty() {
        return String::new();
    }
    let spec = clean(spec);
    let mut text = String::new();
    for problem in problems {
        let (word, style) = match problem.severity {
            Severity::Error => ("error", BAD),
            Severity::Warning => ("warning", WARNING),
        };
        let start = problem.range.start;
        let place = format!("{spec}:{}:{}", start.line + 1, start.column + 1);
        let code = problem.code.name();
        text += &format!(
            "{}: {}: {}\n",
            paint(PLACE, place),
            paint(style, format_args!("{word}[{code}]")),
            problem.message
        );
    }
    let errors = problems
        .iter()
        .filter(|one| one.severity == Severity::Error);
    match errors.count() {
        0 => {}
        errors => {
            let errors = words::many(errors, "error");
            text += &format!("\n{}: no plan can be made of it yet.\n", paint(BAD, errors));
        }
    }
    if !text.ends_with(".\n") {
        text.push('\n');
    }
    text
}

/// A plan: each task with what it waits for, writes and must do.
pub(crate) fn plan(plan: &SoundPlan) -> String {
    let tasks = &plan.plan().tasks;
    let title = clean(&plan.plan().title);
    let mut text = format!(
        "{}: {}\n",
        paint(STRONG, title),
        words::many(tasks.len(), "task")
    );
    for (number, task) in (1..).zip(plan.order()) {
        text.push('\n');
        text += &self::task(number, task);
    }
    text
}

/// That a plan was written.
pub(crate) fn written(plan: &SoundPlan, file: &Utf8Path) -> String {
    let tasks = words::many(plan.plan().tasks.len(), "task");
    format!("{} has a plan with {tasks}.", paint(PLACE, file))
}

fn task(number: usize, task: &Task) -> String {
    let id = paint(DIM, clean(task.id.as_str()));
    let mut text = format!("{number}. {}  {id}\n", paint(STRONG, clean(&task.title)));
    let mut facts = Vec::new();
    if !task.targets.is_empty() {
        let targets: Vec<String> = task.targets.iter().map(ToString::to_string).collect();
        facts.push(format!("writes {}", targets.join(", ")));
    }
    if let Some(tests) = &task.tests {
        facts.push(format!("tests in {tests}"));
    }
    if !task.depends_on.is_empty() {
        let ids: Vec<&str> = task.depends_on.iter().map(TaskId::as_str).collect();
        facts.push(format!("after {}", ids.join(", ")));
    }
    if !facts.is_empty() {
        text += &format!("   {}\n", paint(DIM, clean(&facts.join("; "))));
    }
    let criteria = task.criteria.iter().cloned();
    let examples = task.examples.iter().map(ToString::to_string);
    list(&mut text, "-", criteria);
    list(&mut text, "e.g.", examples);
    text
}

fn list(text: &mut String, mark: &str, items: impl ExactSizeIterator<Item = String>) {
    let more = items.len().saturating_sub(SHOWN);
    for item in items.take(SHOWN) {
        let mut item = clean(&item);
        if let Some((end, _)) = item.char_indices().nth(LENGTH) {
            item.truncate(end);
            item.push('…');
        }
        *text += &format!("   {mark} {item}\n");
    }
    if more > 0 {
        *text += &format!(
            "   {}\n",
            paint(DIM, format_args!("{mark} and {more} more"))
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::style::plain;
    use expect_test::{Expect, expect};
    use greenward_specs::{Form, Spec, Workspace};

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let spec = Spec::read(text, Form::Markdown).unwrap();
        let found = greenward_specs::problems(&spec, &Workspace::default());
        let mut shown = plain(&problems(&found, "specs/roman.md"));
        if let Ok(made) = greenward_specs::plan(&spec, "specs/roman.md".into()) {
            let sound = made.check(&spec.wishes()).unwrap();
            shown += &plain(&plan(&sound));
        }
        expected.assert_eq(&shown);
    }

    #[test]
    fn a_plan_at_a_glance() {
        let rows: String = (1..=9).map(|n| format!("| {n} | {n} |\n")).collect();
        check(
            &format!(
                "---\ntarget: src/roman.rs\ntests: tests/roman.rs\n---\n# Roman numerals\n\
                 ## From\ndepends on: To\n- [ ] round-trips\u{1b}[31m\n\
                 ## To\n- [ ] works\n- [ ] 1 is I\n\n| n | is |\n|-|-|\n{rows}"
            ),
            expect![[r#"
                specs/roman.md:10:7: warning[vague-criterion]: nothing could show that `works` holds: say what comes of which input

                Roman numerals: 2 tasks

                1. To  to
                   writes src/roman.rs; tests in tests/roman.rs
                   - works
                   - 1 is I
                   e.g. n = 1, is = 1
                   e.g. n = 2, is = 2
                   e.g. n = 3, is = 3
                   e.g. n = 4, is = 4
                   e.g. n = 5, is = 5
                   e.g. n = 6, is = 6
                   e.g. n = 7, is = 7
                   e.g. and 2 more

                2. From  from
                   writes src/roman.rs; tests in tests/roman.rs; after to
                   - round-trips
            "#]],
        );
    }

    #[test]
    fn what_is_wrong_stands_where_editors_find_it() {
        check(
            "# T\n## Größe\nwords\n## B\n- [ ] ok\n",
            expect![[r#"
            specs/roman.md:2:4: error[unchecked]: nothing shows when `Größe` holds: add a criterion, `- [ ] ...`, or a table of examples
            specs/roman.md:5:7: warning[vague-criterion]: nothing could show that `ok` holds: say what comes of which input

            1 error: no plan can be made of it yet.
        "#]],
        );
        check(
            "## A\n- [ ] 1 is I\n",
            expect![[r#"
            specs/roman.md:1:1: warning[no-title]: this spec has no title: begin it with `# TITLE`

            roman: 1 task

            1. A  a
               - 1 is I
        "#]],
        );
    }
}
