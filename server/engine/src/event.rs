//! Everything that can wake the loop.

use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use greenward_core::{Problem, ProjectId, RunEvent, RunId, RunOutcome, TestItem};
use greenward_frameworks::Facts;
use greenward_workspace::watch::Change;

use crate::command::Command;
use crate::cycle::CycleNotice;
use crate::folder_settings::FolderSettings;
use crate::load::Detected;
use crate::spec::SpecView;
use crate::state::Loaded;

/// Something that happened. Time arrives with it: see [`State::handle`](crate::state::State).
#[derive(Debug)]
pub(crate) enum Event {
    /// A front end says something.
    Command(Command),
    /// The settings and the trust of a folder have been read.
    Settings {
        /// The folder.
        folder: Utf8PathBuf,
        /// What was read.
        settings: Box<FolderSettings>,
    },
    /// The projects of a folder are known, their tests not yet.
    Detected {
        /// The folder.
        folder: Utf8PathBuf,
        /// Which reading of the folder this is.
        generation: u64,
        /// What was found.
        detected: Detected,
    },
    /// The items of some files of a project are known.
    Items {
        /// The folder.
        folder: Utf8PathBuf,
        /// Which reading of the folder this is.
        generation: u64,
        /// The project.
        project: ProjectId,
        /// Files and their items.
        files: Vec<(Utf8PathBuf, Vec<TestItem>)>,
    },
    /// A folder has been read to its end.
    Loaded {
        /// The folder.
        folder: Utf8PathBuf,
        /// Which reading of the folder this is.
        generation: u64,
        /// The projects, with the facts of all their files.
        loaded: Loaded,
    },
    /// A file that no editor has open was read, or the text of one that is open was parsed.
    Parsed {
        /// The file.
        path: Utf8PathBuf,
        /// What it says; nothing if it is gone, unreadable or of no known language.
        facts: Option<Facts>,
        /// Why it is left out, if it is.
        problem: Option<Problem>,
        /// The version of the document, if it is open.
        version: Option<i32>,
    },
    /// An open spec has been read.
    SpecRead {
        /// The file.
        path: Utf8PathBuf,
        /// Which reading this was.
        reading: u64,
        /// What was read.
        view: Arc<SpecView>,
    },
    /// The text that stands on disk for an open document.
    OnDisk {
        /// The file.
        path: Utf8PathBuf,
        /// Its text; nothing if it is gone or unreadable.
        text: Option<Arc<str>>,
        /// Whether it was read because the watcher says that it changed.
        watched: bool,
    },
    /// Files changed on disk.
    Changed(Vec<Change>),
    /// From now on, changes in a folder are told: what is read after this is not missed.
    Watching(Utf8PathBuf),
    /// A folder cannot be watched as it should be; nothing if that is so of every folder.
    Unwatched {
        /// The folder.
        folder: Option<Utf8PathBuf>,
        /// What is wrong and what to do.
        message: String,
    },
    /// The time to wait for more changes is over.
    Due {
        /// The project.
        project: ProjectId,
        /// Which waiting this is.
        generation: u64,
    },
    /// A run says something.
    Run {
        /// Its project.
        project: ProjectId,
        /// The run.
        run: RunId,
        /// What it says.
        event: RunEvent,
    },
    /// A run has come to its end, and all it said has been said.
    RunEnded {
        /// Its project.
        project: ProjectId,
        /// The run.
        run: RunId,
        /// What became of it.
        outcome: RunOutcome,
    },
    /// A cycle goes on.
    Cycle(CycleNotice),
    /// A framework has named tests.
    Listed {
        /// The project.
        project: ProjectId,
        /// The tests.
        items: Vec<TestItem>,
    },
}

/// The time since the Unix epoch, as the driver read it when an event came.
pub(crate) type Now = Duration;
