//! Why something about a cycle is not done, and what the user can do.

use camino::Utf8PathBuf;
use greenward_core::{CycleId, ProjectId, TestId, already_green};
use greenward_workspace::merge::Conflict;

use super::command::{HalfApplied, list};
use crate::command::Refusal;

/// Why something about a cycle is not done. The message says what the user can do.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CycleRefusal {
    /// The tests cannot be run, or are not known.
    #[error(transparent)]
    Run(#[from] Refusal),
    /// The tests are of several projects.
    #[error("the tests are of several projects ({}): one cycle is for one project", list(.0))]
    SeveralProjects(Vec<ProjectId>),
    /// No test is left that a worker could go by.
    #[error(
        "every test that is to pass is held out too, so the worker would see none. \
         Hold out other tests (--held-out) than those that it is to make pass"
    )]
    AllHeldOut,
    /// The tests pass as the user's work stands now.
    #[error("{}", already_green(.0))]
    AlreadyGreen(Vec<TestId>),
    /// No worker is configured.
    #[error(
        "no worker is configured. Add one to your settings, for example\n\n\
         [workers.local]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:11434/v1\"\n\
         model = \"qwen3-coder\"\n\nor take `human`: you write, and the same checks judge"
    )]
    NoWorker,
    /// There are several, and none is the one to take.
    #[error("which worker? There are {}. Name one, or set cycle.worker", list(.0))]
    SeveralWorkers(Vec<String>),
    /// There is no such worker.
    #[error("there is no worker {name}; configured are: {}", list(.known))]
    UnknownWorker {
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// The worker cannot be used as it is configured, or its breaker is open.
    #[error("the worker {name} cannot be used: {why}")]
    Worker {
        /// The name.
        name: String,
        /// Why, and what to do.
        why: String,
    },
    /// What every cycle needs has failed too often.
    #[error("no cycle begins now: {0}")]
    Resting(String),
    /// There is no such cycle.
    #[error("there is no cycle {0}; `greenward cycles` lists them")]
    Unknown(CycleId),
    /// Several folders of the workspace have a cycle of this number.
    #[error(
        "there is a cycle {id} in each of {}: `greenward cycles` in the folder of the one that is \
         meant knows it",
        list(.folders)
    )]
    SeveralFolders {
        /// The number.
        id: CycleId,
        /// The folders.
        folders: Vec<Utf8PathBuf>,
    },
    /// It goes on in this process or another.
    #[error("cycle {0} goes on; cancel it first, or wait for its end")]
    InHand(CycleId),
    /// It has no result that has passed.
    #[error("cycle {id} has no verified result: it {state}")]
    NoResult {
        /// The cycle.
        id: CycleId,
        /// How it stands.
        state: String,
    },
    /// It is not as it would have to be.
    #[error("cycle {id}: {why}")]
    NotNow {
        /// The cycle.
        id: CycleId,
        /// What is in the way.
        why: String,
    },
    /// A part of its result is in the user's files.
    #[error("{0}")]
    HalfApplied(HalfApplied),
    /// The user has changed the same lines meanwhile. Nothing was changed.
    #[error(
        "the result and your own changes touch the same lines in {}. Nothing was changed; \
         the result is kept at refs/greenward/cycles/{id}/result",
        list(&paths(.conflicts))
    )]
    Conflicts {
        /// The cycle.
        id: CycleId,
        /// Where.
        conflicts: Vec<Conflict>,
    },
    /// It is not known which project is meant.
    #[error("which project? Name a file of it")]
    WhichProject,
    /// There is nothing to go back to.
    #[error(
        "{0} has no checkpoint yet: there is one each time that a run ends and all its tests pass"
    )]
    NoCheckpoint(ProjectId),
    /// Something failed.
    #[error("{0}")]
    Failed(String),
}

fn paths(conflicts: &[Conflict]) -> Vec<Utf8PathBuf> {
    conflicts
        .iter()
        .map(|conflict| conflict.path.clone())
        .collect()
}
