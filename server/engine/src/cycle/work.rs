//! What is to be done about cycles, with what the state knows.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::Utf8PathBuf;
use greenward_core::{CycleId, Goal, ProjectId};
use greenward_frameworks::Project;
use greenward_protocol::settings::Settings;
use tokio::sync::oneshot;

use super::command::{
    Application, ApplyTo, CycleDiff, CycleRecord, CycleStanding, HalfApplied, Resting,
};
use super::refusal::CycleRefusal;

/// Open documents: their text and version, by path.
pub(crate) type Documents = Vec<(Utf8PathBuf, i32, Arc<str>)>;

/// Something to be done about cycles, with what the state knows.
#[derive(Debug)]
pub(crate) enum CycleWork {
    /// Begin one.
    Start {
        goal: Goal,
        worker: String,
        context: Context,
        /// All of the workspace: no two cycles of it are to have one number.
        folders: Vec<Utf8PathBuf>,
        reply: oneshot::Sender<Result<CycleId, CycleRefusal>>,
    },
    /// Go on with one. `contexts` are of every project that it could be of.
    Resume {
        cycle: CycleId,
        contexts: Vec<(ProjectId, Context)>,
        reply: oneshot::Sender<Result<(), CycleRefusal>>,
    },
    Cancel {
        cycle: Option<CycleId>,
    },
    Apply {
        cycle: CycleId,
        folders: Vec<Utf8PathBuf>,
        documents: Documents,
        to: ApplyTo,
        reply: oneshot::Sender<Result<Application, CycleRefusal>>,
    },
    Applied {
        cycle: CycleId,
        folders: Vec<Utf8PathBuf>,
        files: Vec<Utf8PathBuf>,
        reply: oneshot::Sender<Result<(), CycleRefusal>>,
    },
    Discard {
        cycle: CycleId,
        folders: Vec<Utf8PathBuf>,
        reply: oneshot::Sender<Result<(), CycleRefusal>>,
    },
    List {
        folders: Vec<Utf8PathBuf>,
        reply: oneshot::Sender<Result<Vec<CycleStanding>, CycleRefusal>>,
    },
    Undecided {
        folder: Option<KnownFolder>,
        reply: oneshot::Sender<Result<Vec<CycleStanding>, CycleRefusal>>,
    },
    Workers {
        folder: Utf8PathBuf,
        settings: Arc<Settings>,
        reply: oneshot::Sender<BTreeMap<String, String>>,
    },
    Diff {
        cycle: CycleId,
        folders: Vec<Utf8PathBuf>,
        reply: oneshot::Sender<Result<CycleDiff, CycleRefusal>>,
    },
    Show {
        cycle: CycleId,
        folders: Vec<Utf8PathBuf>,
        reply: oneshot::Sender<Result<CycleRecord, CycleRefusal>>,
    },
    Resting {
        folders: Vec<Utf8PathBuf>,
        reply: oneshot::Sender<Result<Vec<Resting>, CycleRefusal>>,
    },
    HalfApplied {
        folders: Vec<Utf8PathBuf>,
        documents: Documents,
        reply: oneshot::Sender<Result<Vec<HalfApplied>, CycleRefusal>>,
    },
    ResetBreakers {
        folders: Vec<Utf8PathBuf>,
        reply: oneshot::Sender<Result<(), CycleRefusal>>,
    },
    /// All tests of a project pass on the user's work as it is.
    Checkpoint {
        folder: Utf8PathBuf,
        project: ProjectId,
        documents: Documents,
    },
    /// The user wants to go back to the last checkpoint of a project.
    BackToGreen {
        folder: Utf8PathBuf,
        project: ProjectId,
        root: Utf8PathBuf,
        documents: Documents,
        reply: oneshot::Sender<Result<Application, CycleRefusal>>,
    },
    /// All targets of a person's cycle pass on the user's work as it is.
    Passing {
        cycle: CycleId,
        documents: Documents,
    },
}

/// A folder of the workspace, as far as cycles that were begun in another workspace need it.
#[derive(Debug, Clone)]
pub(crate) struct KnownFolder {
    pub(crate) path: Utf8PathBuf,
    /// What stands before its projects' folders in their ids.
    pub(crate) name: String,
    pub(crate) projects: Vec<ProjectId>,
}

/// What the state knows of the project of a cycle.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) folder: Utf8PathBuf,
    pub(crate) project: Arc<Project>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) documents: Documents,
}
