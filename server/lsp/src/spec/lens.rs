//! Code lenses of a spec: its plan over the title, its tasks over each requirement.

use camino::Utf8Path;
use greenward_core::{SoundPlan, Task, TaskId};
use greenward_engine::{RequirementView, SpecView};
use tower_lsp::lsp_types::CodeLens;

use super::count;
use crate::command::Command;
use crate::convert;

/// How many tasks are named in one lens.
const NAMED: usize = 3;

/// The lenses of a spec.
pub(crate) fn lenses(file: &Utf8Path, view: &SpecView) -> Vec<CodeLens> {
    let command = Command::Plan(file.to_owned());
    let lens = |line: u32, title: String| CodeLens {
        range: convert::line_start(line),
        command: Some(command.titled(title)),
        data: None,
    };
    let line = view.title.map_or(0, |title| title.start.line);
    let Some(plan) = &view.plan else {
        let errors = count(view.errors(), "error", "errors");
        return vec![lens(line, format!("Plan: {errors}"))];
    };
    let tasks = count(plan.plan().tasks.len(), "task", "tasks");
    let of_requirements = view
        .requirements
        .iter()
        .filter_map(|one| Some(lens(one.range.start.line, said_of(one, plan)?)));
    std::iter::once(lens(line, format!("Plan: {tasks}")))
        .chain(of_requirements)
        .collect()
}

/// The tasks of a requirement, and what they wait for: `Task print waits for to-2`.
fn said_of(requirement: &RequirementView, plan: &SoundPlan) -> Option<String> {
    let all = &plan.plan().tasks;
    let own: Vec<&Task> = all
        .iter()
        .filter(|task| task.requirement == requirement.title)
        .collect();
    let ids = own.iter().map(|task| &task.id).collect::<Vec<_>>();
    let mut waits_for: Vec<&TaskId> = Vec::new();
    for before in own.iter().flat_map(|task| &task.depends_on) {
        if !ids.contains(&before) && !waits_for.contains(&before) {
            waits_for.push(before);
        }
    }
    let said = match ids.as_slice() {
        [] => return None,
        [only] => format!("Task {only}"),
        several => format!("{} tasks: {}", several.len(), named(several)),
    };
    match (waits_for.is_empty(), ids.len()) {
        (true, _) => Some(said),
        (false, 1) => Some(format!("{said} waits for {}", named(&waits_for))),
        (false, _) => Some(format!("{said}, which wait for {}", named(&waits_for))),
    }
}

/// The first few, and how many more there are.
fn named(ids: &[&TaskId]) -> String {
    let shown: Vec<&str> = ids.iter().take(NAMED).map(|id| id.as_str()).collect();
    let shown = shown.join(", ");
    match ids.len().checked_sub(NAMED) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::spec::samples::{self, FILE};

    fn check(view: &SpecView, expected: &Expect) {
        let lenses = lenses(Utf8Path::new(FILE), view).into_iter().map(|lens| {
            let command = lens.command.unwrap();
            let arguments = serde_json::to_string(&command.arguments).unwrap();
            assert_eq!(command.command, "greenward.plan");
            format!("{}: {} {arguments}\n", lens.range.start.line, command.title)
        });
        expected.assert_eq(&lenses.collect::<String>());
    }

    #[test]
    fn the_plan_stands_over_the_title_and_its_tasks_over_the_requirements() {
        check(
            &samples::clear(),
            &expect![[r#"
                2: Plan: 4 tasks ["file:///w/specs/roman.md"]
                10: Task print ["file:///w/specs/roman.md"]
                15: 2 tasks: to-1, to-2 ["file:///w/specs/roman.md"]
                20: Task from waits for print, to-2 ["file:///w/specs/roman.md"]
            "#]],
        );
    }

    #[test]
    fn without_a_plan_it_is_said_what_hinders_it() {
        check(
            &samples::unclear(),
            &expect![[r#"
                2: Plan: 2 errors ["file:///w/specs/roman.md"]
            "#]],
        );
        let mut one = samples::unclear();
        one.title = None;
        one.problems.pop();
        check(
            &one,
            &expect![[r#"
                0: Plan: 1 error ["file:///w/specs/roman.md"]
            "#]],
        );
    }

    #[test]
    fn of_many_tasks_the_first_are_named() {
        let ids: Vec<TaskId> = (1..=5).map(|id| TaskId::parse(&format!("t{id}"))).collect();
        let ids: Vec<&TaskId> = ids.iter().collect();
        assert_eq!(named(&ids[..3]), "t1, t2, t3");
        assert_eq!(named(&ids), "t1, t2, t3 and 2 more");
    }
}
