//! What the engine shows when asked: values made for one answer, sharing what is large.

use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use greenward_core::{
    Counts, Freshness, Outcome, Past, Phase, Problem, ProjectId, Range, RunId, TestItem, TestResult,
};

/// The state of an item: its own, or that of the tests below it taken together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemState {
    /// The outcome; of a group the worst below it. Nothing before the first result.
    pub outcome: Option<Outcome>,
    /// Whether that still holds; of a group whether all of it does.
    pub freshness: Freshness,
    /// Whether it, or a test below it, runs now.
    pub running: bool,
    /// How long it took; of a group all below it together.
    pub duration: Option<Duration>,
    /// How many tests below it (or itself) have which outcome.
    pub counts: Counts,
    /// How many tests there are below it, itself included.
    pub tests: u32,
}

/// An item and its state.
#[derive(Debug, Clone)]
pub struct ItemView {
    /// The item.
    pub item: TestItem,
    /// Where its name stands, climbing to the nearest item above it that has a place.
    pub place: Option<(Utf8PathBuf, Range)>,
    /// Its state.
    pub state: ItemState,
    /// Whether there are items below it.
    pub has_children: bool,
}

/// What a file shows.
#[derive(Debug, Clone, Default)]
pub struct FileView {
    /// The version of the open document that the ranges fit.
    pub version: Option<i32>,
    /// Its items with a place in it, in the order of their places.
    pub items: Vec<ItemView>,
    /// Whether tests may be run here.
    pub trusted: bool,
}

/// All that is known of a test.
#[derive(Debug, Clone)]
pub struct TestView {
    /// The item and its state.
    pub view: ItemView,
    /// Its latest result.
    pub result: Option<TestResult>,
    /// The run that said so.
    pub run: Option<RunId>,
    /// Its latest runs, newest last.
    pub past: Vec<Past>,
    /// Why it was run the last time: "asked", "src/lib.rs changed".
    pub why: Option<Arc<str>>,
    /// How long ago its latest run was cancelled before it said anything of this test, or of one
    /// below it; nothing once a later run has.
    pub cancelled: Option<Duration>,
}

/// Whether a folder is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustState {
    /// Tests may be run.
    Trusted,
    /// Nothing is run, for this reason.
    Untrusted(String),
}

/// How things stand.
#[derive(Debug, Clone)]
pub struct Status {
    /// The workspace's folders.
    pub folders: Vec<(Utf8PathBuf, TrustState)>,
    /// The projects, in the order of discovery.
    pub projects: Vec<ProjectStatus>,
    /// All shown results, counted.
    pub counts: Counts,
    /// How many tests there are.
    pub tests: usize,
    /// Whether folders are still being read.
    pub loading: bool,
}

/// How a project stands.
#[derive(Debug, Clone)]
pub struct ProjectStatus {
    /// The project.
    pub id: ProjectId,
    /// Its folder.
    pub root: Utf8PathBuf,
    /// The run that goes on.
    pub running: Option<RunningStatus>,
    /// What keeps its tests from running.
    pub problems: Vec<Problem>,
    /// Why its framework cannot be run, and what to do, if it could not be the last time.
    pub broken: Option<String>,
    /// Where the person who works on it stands: red, green or refactor. Nothing as long as that is
    /// not known.
    pub phase: Option<Phase>,
}

/// How a run stands.
#[derive(Debug, Clone)]
pub struct RunningStatus {
    /// The run.
    pub run: RunId,
    /// What it is doing: `building`, `running`, ...
    pub stage: String,
    /// The tests that have reported.
    pub counts: Counts,
    /// How many tests it has said it will run.
    pub planned: u32,
}
