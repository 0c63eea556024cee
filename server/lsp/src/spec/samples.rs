//! Specs for the tests of this module.

use greenward_core::{Plan, Wish};
use greenward_core::{Position, Range, Severity, SoundPlan, Task, TaskId};
use greenward_engine::{RequirementView, SpecProblem, SpecView};

/// The file that they stand in.
pub(super) const FILE: &str = "/w/specs/roman.md";

fn line(line: u32) -> Range {
    Range::new(Position::new(line, 3), Position::new(line, 9))
}

/// Three requirements, of which the second is done in two tasks.
pub(super) fn clear() -> SpecView {
    let mut view = SpecView {
        path: "specs/roman.md".into(),
        title: Some(line(2)),
        ..SpecView::default()
    };
    let titles = ["Print", "Convert *to*", "Convert from"];
    for (place, title) in titles.into_iter().enumerate() {
        let mut requirement = RequirementView {
            title: title.to_owned(),
            range: line(10 + 5 * u32::try_from(place).unwrap()),
            criteria: vec![format!("{title} works"), format!("{title} is <quick>")],
            ..RequirementView::default()
        };
        requirement.examples = place;
        view.requirements.push(requirement);
    }
    let both = ["Print".to_owned(), "Convert *to*".to_owned()];
    view.requirements[2].depends_on = both.to_vec();
    view.requirements[0].needed_by = vec!["Convert from".to_owned()];
    view.requirements[1].needed_by = vec!["Convert from".to_owned()];
    view.plan = Some(plan());
    view
}

/// A spec with mistakes and no plan.
pub(super) fn unclear() -> SpecView {
    let problem = |at: u32, severity, message: &str| SpecProblem {
        range: line(at),
        severity,
        code: greenward_engine::SpecCode::Unchecked,
        message: message.to_owned(),
    };
    SpecView {
        problems: vec![
            problem(10, Severity::Error, "nothing shows when `Print` holds"),
            problem(11, Severity::Warning, "this is vague"),
            problem(15, Severity::Error, "nothing shows when `Convert` holds"),
        ],
        plan: None,
        ..clear()
    }
}

fn plan() -> SoundPlan {
    let task = |title: &str, requirement: &str, criterion: &str, depends_on: &[&str]| Task {
        id: TaskId::of_title(title),
        title: title.to_owned(),
        requirement: requirement.to_owned(),
        targets: vec![format!("src/{}.rs", TaskId::of_title(title)).into()],
        tests: None,
        criteria: vec![criterion.to_owned()],
        examples: Vec::new(),
        depends_on: depends_on.iter().map(|id| TaskId::parse(id)).collect(),
    };
    let tasks = vec![
        task("Print", "Print", "one", &[]),
        task("To 1", "To", "two", &[]),
        task("To 2", "To", "three", &["to-1"]),
        task("From", "From", "four", &["print", "to-2"]),
    ];
    let tasks: Vec<Task> = tasks
        .into_iter()
        .map(|task| Task {
            requirement: match task.requirement.as_str() {
                "To" => "Convert *to*".to_owned(),
                "From" => "Convert from".to_owned(),
                other => other.to_owned(),
            },
            ..task
        })
        .collect();
    let wishes = ["Print", "Convert *to*", "Convert from"].map(|title| Wish {
        requirement: title.to_owned(),
        criteria: tasks
            .iter()
            .filter(|task| task.requirement == title)
            .flat_map(|task| task.criteria.clone())
            .collect(),
        examples: Vec::new(),
    });
    let plan = Plan {
        spec: "specs/roman.md".into(),
        title: "Roman numerals".to_owned(),
        tasks,
    };
    plan.check(&wishes).expect("it is sound")
}
