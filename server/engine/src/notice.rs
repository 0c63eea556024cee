//! What the engine tells its front end.

use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use greenward_core::{
    Cause, Counts, Location, Outcome, Problem, ProjectId, Range, RunId, RunOutcome, Severity,
    TestId, TestResult,
};

use crate::cycle::CycleNotice;

/// Something that changed.
#[derive(Debug, Clone)]
pub enum Notice {
    /// What is wrong in a file now, all of it. An empty list clears the file.
    Diagnostics {
        /// The file.
        file: Utf8PathBuf,
        /// The version of the open document that the ranges fit; nothing if it is not open.
        version: Option<i32>,
        /// The diagnostics.
        diagnostics: Vec<Diagnostic>,
    },
    /// Items of these files, or their states, are no longer what they were.
    ItemsChanged {
        /// The files.
        files: Vec<Utf8PathBuf>,
    },
    /// A run goes on.
    Run(RunNotice),
    /// A cycle goes on.
    Cycle(CycleNotice),
    /// A line for the user.
    Message {
        /// How bad.
        severity: Severity,
        /// What, and what to do.
        text: String,
        /// What can be done about it at once.
        offer: Option<Offer>,
    },
    /// The level of the log, as the settings have it now.
    LogLevel(String),
}

/// What a message offers to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// To trust a folder.
    Trust(Utf8PathBuf),
}

/// One diagnostic, in the engine's own terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where in the file.
    pub range: Range,
    /// How bad.
    pub severity: Severity,
    /// What, with what was expected and what came.
    pub message: String,
    /// The framework's or tool's word for the kind.
    pub code: Option<String>,
    /// Further places.
    pub related: Vec<(Location, String)>,
    /// The test whose failure it is.
    pub test: Option<TestId>,
    /// Its inputs have changed since.
    pub stale: bool,
}

/// Something about a run.
#[derive(Debug, Clone)]
pub struct RunNotice {
    /// The run.
    pub run: RunId,
    /// Counts up from 0 within the run.
    pub sequence: u64,
    /// Its project.
    pub project: ProjectId,
    /// What happened.
    pub what: RunWhat,
}

/// What happened in a run.
#[derive(Debug, Clone)]
pub enum RunWhat {
    /// It has begun.
    Started {
        /// Why.
        cause: Cause,
        /// Why these tests, for people: "all tests", "roman: src/lib.rs changed".
        why: String,
    },
    /// It is now doing this: `building`, `running`, ...
    Stage(String),
    /// So many more tests will run.
    Planned(u32),
    /// A test has begun.
    TestStarted(TestId),
    /// A test has come to its end.
    TestFinished {
        /// The test.
        test: TestId,
        /// What is shown for it.
        outcome: Outcome,
        /// All that is known.
        result: Arc<TestResult>,
    },
    /// Something was printed that belongs to no test.
    Output(String),
    /// Something keeps tests from running.
    Problem(Problem),
    /// It has come to its end.
    Finished {
        /// What became of it.
        outcome: RunOutcome,
        /// The tests that reported in it.
        counts: Counts,
        /// How long it took.
        duration: Duration,
    },
}
