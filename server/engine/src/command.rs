//! What a front end can tell and ask the engine.

use std::sync::Arc;

use camino::Utf8PathBuf;
use greenward_core::{ProjectId, RunId, TestId};
use greenward_protocol::settings::Settings;
pub use greenward_workspace::document::Edit;
use tokio::sync::oneshot;

use crate::cycle::CycleCommand;
use crate::spec::SpecAnswer;
use crate::view::{FileView, ItemView, Status, TestView};

/// Something told to the engine. Commands take effect in the order in which they are sent.
#[derive(Debug)]
pub enum Command {
    /// A folder is part of the workspace from now on.
    AddFolder(Utf8PathBuf),
    /// A folder is no longer part of the workspace.
    RemoveFolder(Utf8PathBuf),
    /// A document was opened in the editor.
    Open {
        /// Its file.
        path: Utf8PathBuf,
        /// The editor's number for this state of the text.
        version: i32,
        /// All of its text.
        text: String,
    },
    /// The text of an open document changed.
    Change {
        /// Its file.
        path: Utf8PathBuf,
        /// The editor's number for the new state of the text.
        version: i32,
        /// The edits, each on the text that the one before it left.
        edits: Vec<Edit>,
    },
    /// An open document was saved.
    Save {
        /// Its file.
        path: Utf8PathBuf,
    },
    /// A document was closed; what was not saved is gone.
    Close {
        /// Its file.
        path: Utf8PathBuf,
    },
    /// Files changed on disk, as the editor says. The engine watches by itself too.
    FilesChanged(Vec<Utf8PathBuf>),
    /// The editor's settings, all of them: the content of its `greenward` section.
    EditorSettings(serde_json::Value),
    /// The user trusts a folder of the workspace, or no longer does. It is recorded.
    Trust {
        /// The folder; nothing for all folders of the workspace.
        folder: Option<Utf8PathBuf>,
        /// Whether it is trusted.
        trusted: bool,
    },
    /// Tests are to be run.
    Run {
        /// Which.
        request: RunRequest,
        /// The runs that this becomes, or why not. A run may wait for another to end: its id is
        /// then known once it starts, by its `Started` notice.
        reply: oneshot::Sender<Result<Vec<StartedRun>, Refusal>>,
    },
    /// A run, or every run, is to be stopped, and what waits is to be forgotten.
    Cancel {
        /// The run; nothing for all.
        run: Option<RunId>,
    },
    /// Something about cycles.
    Cycle(CycleCommand),
    /// Something asked.
    Query(Query),
    /// The engine is to end: runs are stopped and every process is gone before the reply.
    Stop {
        /// Told when all is gone.
        reply: oneshot::Sender<()>,
    },
}

/// Something asked of the engine. Answers are about all commands sent before.
#[derive(Debug)]
pub enum Query {
    /// The items directly below one, or the projects.
    Children {
        /// The item above; nothing for the projects.
        parent: Option<TestId>,
        /// The answer.
        reply: oneshot::Sender<Vec<ItemView>>,
    },
    /// What a file shows.
    File {
        /// The file.
        path: Utf8PathBuf,
        /// The answer.
        reply: oneshot::Sender<FileView>,
    },
    /// All that is known of a test.
    Test {
        /// The test.
        id: TestId,
        /// The answer; nothing if there is no such test.
        reply: oneshot::Sender<Option<TestView>>,
    },
    /// The ids of all items that can be run by themselves, sorted.
    Names {
        /// The answer.
        reply: oneshot::Sender<Vec<TestId>>,
    },
    /// How things stand.
    Status {
        /// The answer.
        reply: oneshot::Sender<Status>,
    },
    /// The settings in force for a file.
    Settings {
        /// The file.
        path: Utf8PathBuf,
        /// The answer; nothing for a file outside the workspace.
        reply: oneshot::Sender<Option<Arc<Settings>>>,
    },
    /// A spec, as it is read from its newest text; one that is not open from disk.
    Spec {
        /// The file.
        path: Utf8PathBuf,
        /// The answer.
        reply: oneshot::Sender<SpecAnswer>,
    },
    /// Whether a file is a spec. Answered at once: no as long as the settings are not read.
    IsSpec {
        /// The file.
        path: Utf8PathBuf,
        /// The answer.
        reply: oneshot::Sender<bool>,
    },
    /// Answered as soon as every folder has been read and every project's tests are known.
    Settled {
        /// The answer.
        reply: oneshot::Sender<()>,
    },
}

/// Which tests a run is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// All of the workspace.
    All,
    /// These items and what is below them.
    Items(Vec<TestId>),
    /// The tests of these files and folders.
    Paths(Vec<Utf8PathBuf>),
    /// The tests whose shown result is bad.
    Failed,
    /// The tests that these changed files affect.
    Changed(Vec<Utf8PathBuf>),
}

/// A wish to run tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRequest {
    /// Which tests.
    pub which: Which,
}

/// One run that a request became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartedRun {
    /// Its id; nothing while it waits for another run of the project to end.
    pub run: Option<RunId>,
    /// The project it runs in.
    pub project: ProjectId,
}

/// Why nothing is run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The folder is not trusted.
    #[error("{folder} is not trusted, so nothing is run in it: {why}")]
    Untrusted {
        /// The folder.
        folder: Utf8PathBuf,
        /// Why, and what the user can do.
        why: String,
    },
    /// There is no such test.
    #[error("there is no test {0}")]
    UnknownTest(TestId),
    /// The request names no test.
    #[error("no tests: {0}")]
    NothingToRun(String),
}
