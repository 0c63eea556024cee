//! What the state wants done.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use greenward_core::{ProjectId, RunId, Selection};
use greenward_frameworks::Project;
use greenward_protocol::settings::Settings;
use serde_json::Value;
use tokio::sync::oneshot;

use crate::cycle::CycleWork;
use crate::notice::Notice;
use crate::spec_reader::SpecWork;

/// Something for the driver to do. Effects are carried out in order; none is waited for.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Read the settings and the trust of a folder.
    ReadSettings {
        /// The folder.
        folder: Utf8PathBuf,
        /// The editor's settings.
        editor: Value,
    },
    /// Read a folder: find its projects and their tests.
    Load {
        /// The folder.
        folder: Utf8PathBuf,
        /// What stands before its projects' folders in their ids.
        name: String,
        /// Which reading of the folder this is.
        generation: u64,
        /// Folders of the workspace beneath it, which are read by themselves.
        without: Vec<Utf8PathBuf>,
        /// Open documents, whose text counts more than what is on disk.
        overlay: HashMap<Utf8PathBuf, Arc<str>>,
    },
    /// Watch a folder, or no longer.
    Watch {
        /// The folder.
        folder: Utf8PathBuf,
        /// Whether.
        watched: bool,
    },
    /// Let readers outside the loop have the newest text of a document.
    Share {
        /// The file.
        path: Utf8PathBuf,
        /// Its text; nothing once it is closed.
        text: Option<Arc<str>>,
    },
    /// Parse the text of an open document.
    Parse {
        /// The file.
        path: Utf8PathBuf,
        /// Its text.
        text: Arc<str>,
        /// Its version.
        version: i32,
    },
    /// Read and parse files that no editor has open.
    Read(Vec<Utf8PathBuf>),
    /// Read what stands on disk for an open document.
    Compare {
        /// The file.
        path: Utf8PathBuf,
        /// Whether the watcher says that it changed.
        watched: bool,
    },
    /// Wait for more changes to a project.
    Wait {
        /// The project.
        project: ProjectId,
        /// Which waiting this is.
        generation: u64,
        /// How long.
        duration: Duration,
    },
    /// Run tests. A listing that goes on for the project is given up.
    Run(RunId, Work),
    /// Ask a framework which tests there are.
    List(Work),
    /// Let go of what a project was before it was read again. That takes long where there are many
    /// files, so the loop does not do it.
    Drop(Arc<Project>),
    /// Stop a run.
    Cancel(RunId),
    /// End what is kept warm for a project.
    Close(ProjectId),
    /// Record whether a folder is trusted, then read its settings again.
    RecordTrust {
        /// The folder.
        folder: Utf8PathBuf,
        /// Whether.
        trusted: bool,
        /// The editor's settings.
        editor: Value,
    },
    /// Do something about specs.
    Spec(SpecWork),
    /// Do something about cycles.
    Cycle(CycleWork),
    /// Tell the front end.
    Notify(Notice),
    /// End everything.
    Stop(oneshot::Sender<()>),
}

/// What is to be run or listed, and as what the state knows it.
#[derive(Debug)]
pub(crate) struct Work {
    /// The project as it is now.
    pub(crate) project: Arc<Project>,
    /// Which part of it.
    pub(crate) selection: Selection,
    /// The settings in force.
    pub(crate) settings: Arc<Settings>,
    /// The state of the project's inputs.
    pub(crate) inputs: u64,
    /// Whether somebody asked for it.
    pub(crate) asked: bool,
}
