//! Our own methods: requests that an editor can send beside the standard ones, and notifications
//! that it gets if it asks for them.
//!
//! They follow the shape of rust-analyzer's test extension, and add run ids, sequence numbers,
//! places and freshness. `docs/protocol.md` describes each with an example.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::cycle::Phase;
use crate::item::{Counts, TestItem};
use crate::run::{Problem, RunEvent};

/// The version of the protocol. Grows with each change that an older client cannot ignore.
pub const VERSION: u32 = 1;

/// A request of the client, by its method.
pub trait Request {
    /// Its method.
    const METHOD: &'static str;
    /// What it takes.
    type Params: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static;
    /// What it answers.
    type Result: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static;
}

/// A notification of the server, by its method.
pub trait Notification {
    /// Its method.
    const METHOD: &'static str;
    /// What it says.
    type Params: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static;
}

/// What an editor can say in `initializationOptions`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct InitializationOptions {
    /// Whether the editor's user trusts the workspace. Absent: the editor does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace_trust: Option<bool>,
    /// Settings, as in the editor's `greenward` section.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<serde_json::Value>,
    /// Whether the editor wants `greenward/runEvent`, `greenward/cycle/event` and
    /// `greenward/testsChanged`.
    pub greenward_events: bool,
    /// Whether the editor can open documents of the scheme `greenward` and gets their text by
    /// `greenward/document`.
    pub greenward_documents: bool,
}

/// `greenward/discover`: the items directly below one.
#[derive(Debug)]
pub enum Discover {}

impl Request for Discover {
    const METHOD: &'static str = "greenward/discover";
    type Params = DiscoverParams;
    type Result = DiscoverResult;
}

/// Which items are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DiscoverParams {
    /// The item above them; absent for the projects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
}

/// Items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DiscoverResult {
    /// The items, in the order of their places.
    pub tests: Vec<TestItem>,
}

/// `greenward/run`: run tests.
#[derive(Debug)]
pub enum Run {}

impl Request for Run {
    const METHOD: &'static str = "greenward/run";
    type Params = RunParams;
    type Result = RunResult;
}

/// Which tests are to be run: at most one of these. None of them is everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RunParams {
    /// These items and all below them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tests: Option<Vec<String>>,
    /// The tests of this file or folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// The tests whose shown result is failed or errored.
    pub failed: bool,
}

/// What a wish to run tests became.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunResult {
    /// One run for each project.
    pub runs: Vec<StartedRun>,
}

/// A run that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StartedRun {
    /// Its number; absent while it waits for another run of the project to end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<u64>,
    /// The id of the project.
    pub project: String,
}

/// `greenward/cancel`: stop a run, or all.
#[derive(Debug)]
pub enum Cancel {}

impl Request for Cancel {
    const METHOD: &'static str = "greenward/cancel";
    type Params = CancelParams;
    type Result = ();
}

/// Which run is to be stopped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CancelParams {
    /// The run; absent for all of them, and for what waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<u64>,
}

/// `greenward/status`: how things stand.
#[derive(Debug)]
pub enum Status {}

impl Request for Status {
    const METHOD: &'static str = "greenward/status";
    type Params = StatusParams;
    type Result = StatusResult;
}

/// Nothing: there is one status.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatusParams {}

/// How things stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatusResult {
    /// Whether every folder is trusted.
    pub trusted: bool,
    /// The workspace's folders.
    pub folders: Vec<Folder>,
    /// The projects, outer before inner.
    pub projects: Vec<Project>,
    /// All shown results.
    pub counts: Counts,
    /// How many tests there are.
    pub tests: u64,
    /// Whether folders are still being read: there may be more tests than this.
    pub loading: bool,
}

/// A folder of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Folder {
    /// The folder.
    pub uri: String,
    /// Whether tests may be run in it.
    pub trusted: bool,
    /// Why not, and what the user can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A project: a folder with one test framework in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Project {
    /// Its id, which is also the id of its own test item.
    pub id: String,
    /// The framework's name: `cargo` or `pytest`.
    pub framework: String,
    /// Its folder, as a `file:` URI.
    pub root: String,
    /// The run that goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running: Option<Running>,
    /// What keeps its tests from running.
    pub problems: Vec<Problem>,
    /// Why the framework could not be run the last time, and what the user can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
    /// Where the person who works on it stands: `red` while a test fails, `green` when all pass,
    /// `refactor` when code has changed since; absent as long as that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
}

/// A run that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Running {
    /// Its number.
    pub run: u64,
    /// What it is doing, for people.
    pub stage: String,
    /// The tests that have reported.
    pub counts: Counts,
    /// How many tests it has said it will run.
    pub planned: u32,
}

/// `greenward/document`: the text of a document of the scheme `greenward`.
#[derive(Debug)]
pub enum Document {}

impl Request for Document {
    const METHOD: &'static str = "greenward/document";
    type Params = DocumentParams;
    type Result = DocumentResult;
}

/// Which document is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DocumentParams {
    /// Its URI: `greenward:/output/ID.txt`, the test's id percent-encoded; `greenward:/cycles.md`;
    /// or `greenward:/cycle/NUMBER` with `.md`, `.diff` or `.conflicts`.
    pub uri: String,
}

/// A document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DocumentResult {
    /// Its text.
    pub text: String,
}

/// `greenward/runEvent`: a run goes on.
#[derive(Debug)]
pub enum RunEventNotification {}

impl Notification for RunEventNotification {
    const METHOD: &'static str = "greenward/runEvent";
    type Params = RunEvent;
}

/// `greenward/testsChanged`: items, or what is known of them, are not what they were.
#[derive(Debug)]
pub enum TestsChanged {}

impl Notification for TestsChanged {
    const METHOD: &'static str = "greenward/testsChanged";
    type Params = TestsChangedParams;
}

/// Where items changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TestsChangedParams {
    /// The files whose items changed. The groups above them may have changed with them.
    pub uris: Vec<String>,
}
