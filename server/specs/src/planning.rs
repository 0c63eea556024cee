//! The plan that a spec makes by itself, where it is clear enough: no model is asked.

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{Plan, Position, Range, Severity, SoundPlan, Task, TaskId, TaskIds};
use thiserror::Error;

use crate::dependencies;
use crate::problem::{Code, SpecProblem, quoted};
use crate::problems::{Workspace, problems};
use crate::spec::{Requirement, Spec};
use crate::wording::is_vague;

/// How many criteria one cycle can do.
const CRITERIA: usize = 7;

/// Why a spec makes no plan by itself.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the spec is not clear enough to make a plan of it")]
pub struct NotClear {
    /// What is not clear, in the order of the text. Never empty.
    pub reasons: Vec<SpecProblem>,
}

/// The plan of a spec at a path, relative to the workspace folder. The same spec has the same plan.
///
/// # Errors
/// [`NotClear`], if something is wrong with the spec, or nobody could tell when a requirement
/// holds.
pub fn plan(spec: &Spec, path: &Utf8Path) -> Result<Plan, NotClear> {
    let requirements = requirements(spec)?;
    let mut drafts = tasks(requirements);
    criteria_and_examples(&mut drafts, requirements);
    let tasks = in_order(drafts, spec);
    let mut plan = Plan {
        spec: path.to_owned(),
        title: spec.title_or_name(path),
        tasks,
    };
    plan.put_in_order();
    Ok(plan)
}

/// A spec, looked at from all sides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Examined {
    /// What is wrong with it and what keeps it from being a plan, in the order of its text.
    pub problems: Vec<SpecProblem>,
    /// Its plan. Nothing if any problem is an error.
    pub plan: Option<SoundPlan>,
}

/// What is wrong with a spec at a path, relative to the workspace folder; and its plan, if it is
/// clear enough.
#[must_use]
pub fn examine(spec: &Spec, path: &Utf8Path, workspace: &Workspace) -> Examined {
    let mut problems = problems(spec, workspace);
    let is_error = |problem: &SpecProblem| problem.severity == Severity::Error;
    if problems.iter().any(is_error) {
        return Examined {
            problems,
            plan: None,
        };
    }
    let plan = match plan(spec, path).map(|plan| plan.check(&spec.wishes())) {
        Ok(Ok(plan)) => Some(plan),
        Ok(Err(faults)) => {
            let top = Range::new(Position::new(0, 0), Position::new(0, 0));
            let messages = faults.iter().map(|fault| {
                format!("Greenward makes no sound plan of this spec, which is its fault: {fault}")
            });
            problems.extend(messages.map(|message| SpecProblem::new(Code::Unsound, top, message)));
            None
        }
        Err(not_clear) => {
            problems.extend(not_clear.reasons);
            None
        }
    };
    problems.sort_by_key(|problem| problem.range.start);
    Examined { problems, plan }
}

/// A task, and which requirement it is a part of.
struct Draft {
    requirement: usize,
    /// Which part, from 0, and how many there are.
    part: (usize, usize),
    task: Task,
}

/// First pass: what is wanted, if all of it is clear.
fn requirements(spec: &Spec) -> Result<&[Requirement], NotClear> {
    let mut reasons = problems(spec, &Workspace::default());
    reasons.retain(|problem| problem.severity == Severity::Error);
    for requirement in &spec.requirements {
        let wordings = requirement.wordings();
        let is_vague = requirement.tables.is_empty() && wordings.iter().all(|text| is_vague(text));
        if is_vague && !wordings.is_empty() {
            let title = &requirement.title;
            let message = format!("nothing says clearly when {} holds", quoted(&title.text));
            reasons.push(SpecProblem {
                severity: Severity::Error,
                ..SpecProblem::new(Code::VagueCriterion, title.range, message)
            });
        }
    }
    match reasons.is_empty() {
        true => Ok(&spec.requirements),
        false => Err(NotClear { reasons }),
    }
}

/// Second pass: a task for each requirement, or several where one cycle could not do it.
fn tasks(requirements: &[Requirement]) -> Vec<Draft> {
    let mut ids = TaskIds::default();
    let mut drafts = Vec::new();
    for (place, requirement) in requirements.iter().enumerate() {
        let name = &requirement.title.text;
        let parts = requirement.wordings().len().div_ceil(CRITERIA).max(1);
        for part in 0..parts {
            let title = match parts {
                1 => name.clone(),
                _ => format!("{name} ({} of {parts})", part + 1),
            };
            drafts.push(Draft {
                requirement: place,
                part: (part, parts),
                task: Task {
                    id: ids.unique(&title),
                    title,
                    requirement: name.clone(),
                    targets: Vec::new(),
                    tests: None,
                    criteria: Vec::new(),
                    examples: Vec::new(),
                    depends_on: Vec::new(),
                },
            });
        }
    }
    drafts
}

/// Third pass: what shows that each task is done. The criteria of a requirement in several parts
/// are spread evenly, in their order. Its examples belong to the last part, since only then all
/// that they may need is there.
fn criteria_and_examples(drafts: &mut [Draft], requirements: &[Requirement]) {
    for draft in drafts {
        let requirement = &requirements[draft.requirement];
        let (part, parts) = draft.part;
        let wordings = requirement.wordings();
        let bound = |part: usize| wordings.len() * part / parts;
        draft.task.criteria = wordings[bound(part)..bound(part + 1)].to_vec();
        if part + 1 == parts {
            draft.task.examples = requirement.examples();
        }
    }
}

/// Fourth pass: which files each task writes, and which tasks it waits for: the part before it, or
/// the last part of what its requirement depends on. What files demand besides is seen to by
/// [`Plan::put_in_order`].
fn in_order(drafts: Vec<Draft>, spec: &Spec) -> Vec<Task> {
    let dependencies = dependencies::dependencies(&spec.requirements);
    let front_matter = &spec.front_matter;
    let path = |text: &str| -> Utf8PathBuf { text.trim_start_matches("./").into() };
    let mut last = vec![None; spec.requirements.len()];
    for draft in &drafts {
        last[draft.requirement] = Some(draft.task.id.clone());
    }
    let mut before: Option<TaskId> = None;
    drafts
        .into_iter()
        .map(|draft| {
            let mut task = draft.task;
            let targets = front_matter.targets.iter();
            task.targets = targets.map(|target| path(&target.text)).collect();
            task.tests = front_matter.tests.as_ref().map(|tests| path(&tests.text));
            task.depends_on = match draft.part {
                (0, _) => {
                    let earlier = dependencies.before(draft.requirement).iter();
                    earlier
                        .filter_map(|earlier| last[*earlier].clone())
                        .collect()
                }
                _ => before.clone().into_iter().collect(),
            };
            before = Some(task.id.clone());
            task
        })
        .collect()
}

#[cfg(test)]
mod tests;
