//! What can be wrong with a plan.

use std::fmt;

use camino::Utf8PathBuf;
use thiserror::Error;

use super::{Example, TaskId};

/// Something that a spec asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Asked {
    /// An acceptance criterion.
    Criterion(String),
    /// An example.
    Example(Example),
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Asked::Criterion(wording) => write!(f, "the criterion `{wording}`"),
            Asked::Example(example) => write!(f, "the example `{example}`"),
        }
    }
}

/// Why a plan is not sound. Each says what is to be done about it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlanFault {
    /// It has no task.
    #[error("the plan has no task: give it one for each requirement of the spec")]
    Empty,
    /// Two tasks have the same id.
    #[error("two tasks have the id `{id}`: give one of them another")]
    SameId {
        /// The id.
        id: TaskId,
    },
    /// A task waits for one that is not there.
    #[error("`{task}` depends on `{dependency}`, and there is no such task{}", or_rather(.nearest))]
    UnknownDependency {
        /// The task that waits.
        task: TaskId,
        /// What it waits for.
        dependency: TaskId,
        /// The ids that come nearest, best first.
        nearest: Vec<TaskId>,
    },
    /// Tasks wait for each other.
    #[error("these tasks wait for each other: {}; take one of the dependencies away", round(.tasks))]
    Circle {
        /// Each waits for the next, and the last for the first.
        tasks: Vec<TaskId>,
    },
    /// Two tasks without an order may write the same file.
    #[error(
        "`{first}` and `{second}` both write {}: have one depend on the other",
        file_name(.file)
    )]
    SharedFile {
        /// The one that comes first in the plan.
        first: TaskId,
        /// The other.
        second: TaskId,
        /// The file. Nothing: one of them does not say what it writes, so it may be any.
        file: Option<Utf8PathBuf>,
    },
    /// A task has nothing by which it could be judged.
    #[error(
        "`{task}` has neither a criterion nor an example: give it one of the spec's, or drop it"
    )]
    NothingToCheck {
        /// The task.
        task: TaskId,
    },
    /// A task belongs to a requirement that the spec does not have.
    #[error("`{task}` belongs to `{requirement}`, and the spec has no such requirement")]
    UnknownRequirement {
        /// The task.
        task: TaskId,
        /// The requirement's title in the plan.
        requirement: String,
    },
    /// What the spec asks for is in no task.
    #[error("{what} of `{requirement}` is in no task: add it to one")]
    LeftOut {
        /// The requirement that asks for it.
        requirement: String,
        /// What is asked for.
        what: Asked,
    },
    /// What the spec asks for once is in the plan more often.
    #[error("{what} is in the plan more than once, again in `{task}`: take it out of one task")]
    Repeated {
        /// The task that has it once more.
        task: TaskId,
        /// What is asked for.
        what: Asked,
    },
    /// A task has what its requirement does not ask for.
    #[error("{what} in `{task}` is not in the spec: add it there first, or take it out")]
    Invented {
        /// The task.
        task: TaskId,
        /// What nobody asked for.
        what: Asked,
    },
}

impl PlanFault {
    /// The task that is at fault, where it is one; of several, the last.
    #[must_use]
    pub fn task(&self) -> Option<&TaskId> {
        match self {
            PlanFault::Empty | PlanFault::LeftOut { .. } => None,
            PlanFault::SameId { id } => Some(id),
            PlanFault::Circle { tasks } => tasks.first(),
            PlanFault::SharedFile { second, .. } => Some(second),
            PlanFault::UnknownDependency { task, .. }
            | PlanFault::NothingToCheck { task }
            | PlanFault::UnknownRequirement { task, .. }
            | PlanFault::Repeated { task, .. }
            | PlanFault::Invented { task, .. } => Some(task),
        }
    }
}

fn or_rather(nearest: &[TaskId]) -> String {
    let names: Vec<String> = nearest.iter().map(|id| format!("`{id}`")).collect();
    match names.is_empty() {
        true => String::new(),
        false => format!("; did you mean {}?", names.join(" or ")),
    }
}

fn round(tasks: &[TaskId]) -> String {
    let again = tasks.iter().chain(tasks.first());
    let names: Vec<&str> = again.map(TaskId::as_str).collect();
    names.join(" → ")
}

fn file_name(file: &Option<Utf8PathBuf>) -> String {
    match file {
        Some(file) => file.to_string(),
        None => "files that the plan does not name, which may be the same".to_owned(),
    }
}
