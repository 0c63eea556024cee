//! What a run says while it goes on. `greenward test --json` prints the same events, one a line.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::item::{Counts, Outcome};
use crate::place::Location;

/// One event of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunEvent {
    /// The run. Counts up from 1 for as long as the daemon lives.
    pub run: u64,
    /// Counts up from 0 within the run. A gap is an event that was not sent.
    pub sequence: u64,
    /// The id of the project that is run.
    pub project: String,
    /// What happened.
    #[serde(flatten)]
    pub what: RunWhat,
}

/// What happened in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "camelCase")]
pub enum RunWhat {
    /// It has begun.
    RunStarted {
        /// Why.
        cause: Cause,
        /// Why these tests, for people.
        why: String,
    },
    /// It is now doing something else.
    Stage {
        /// What, for people: `building`, `running`, ...
        stage: String,
    },
    /// The framework has said how many tests it will run.
    Planned {
        /// How many more.
        tests: u32,
    },
    /// A test has begun.
    Started {
        /// The test's id.
        test: String,
    },
    /// A test has come to its end.
    Finished {
        /// The test's id.
        test: String,
        /// What became of it.
        outcome: Outcome,
        /// How long it took, in milliseconds, where the framework says.
        #[serde(skip_serializing_if = "Option::is_none")]
        duration: Option<f64>,
        /// Why, where it failed, errored or was skipped.
        #[serde(skip_serializing_if = "Option::is_none")]
        failure: Option<Failure>,
        /// What it printed, as far as it was captured for this test alone.
        #[serde(skip_serializing_if = "Option::is_none")]
        output: Option<String>,
    },
    /// Something was printed that belongs to no test.
    Output {
        /// The text.
        text: String,
    },
    /// Something keeps tests from running.
    Problem(Problem),
    /// It has come to its end.
    RunFinished {
        /// What became of it.
        outcome: RunOutcome,
        /// What went wrong and what can be done, where the runner is broken.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// The tests that reported in it.
        counts: Counts,
        /// How long it took, in milliseconds.
        duration: f64,
    },
}

/// Why a run was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Cause {
    /// Somebody asked for it.
    Asked,
    /// A document was saved.
    Saved,
    /// A file changed outside the editor.
    Changed,
    /// The workspace was opened.
    Opened,
}

/// What became of a whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RunOutcome {
    /// All that was selected reported, and nothing is bad.
    Passed,
    /// All that was selected reported, and something failed or errored.
    Failed,
    /// Stopped before its end.
    Cancelled,
    /// The code or the tests could not be built or collected.
    DidNotBuild,
    /// The selection named nothing that the framework knows.
    NoTestsMatched,
    /// The framework could not be run, or what it reported does not add up.
    RunnerBroken,
}

/// Why a test failed, errored or was skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// What the framework says. The first line stands alone as a summary.
    pub message: String,
    /// The framework's word for the kind: `panic`, `AssertionError`, `timeout`, ...
    pub kind: String,
    /// What the test expected, where it can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What came instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
    /// Where it failed: the innermost line of the user's own code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// The user's own stack frames, innermost first.
    pub frames: Vec<Frame>,
}

/// One stack frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Frame {
    /// The function, as the language writes it. May be empty.
    pub function: String,
    /// Where.
    pub location: Location,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// Tests cannot run because of it.
    Error,
    /// Worth seeing.
    Warning,
}

/// Something that keeps tests from running and is no test's own failure: a compile error, a
/// collection error, a missing tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// What and, where it can be said, what to do.
    pub message: String,
    /// The tool's code, such as `E0308`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Where; absent if the tool names no place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Further places.
    pub related: Vec<Related>,
}

/// A further place of a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Related {
    /// Where.
    pub location: Location,
    /// What the tool says of it.
    pub message: String,
}

/// The last line of `greenward test --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "camelCase")]
pub enum LastLine {
    /// What became of everything.
    Result {
        /// The tests of all runs.
        counts: Counts,
        /// The runs.
        runs: Vec<EndedRun>,
    },
}

/// One run, when all is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EndedRun {
    /// The id of the project.
    pub project: String,
    /// What became of the run.
    pub outcome: RunOutcome,
}
