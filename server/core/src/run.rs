//! Runs: what they are asked to do and what they say while they go on.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Location, Outcome, TestId, Unit};

/// Why a run was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

impl Cause {
    /// The word that is shown.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Cause::Asked => "asked",
            Cause::Saved => "saved",
            Cause::Changed => "changed",
            Cause::Opened => "opened",
        }
    }
}

/// What to run in one project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Selection {
    /// Every test of the project.
    All,
    /// Every test of these units.
    Units(Vec<Unit>),
    /// These items and all below them. Never empty.
    Items(Vec<TestId>),
}

impl Selection {
    /// What either selects. Units and items do not mix: together they are everything, which is
    /// too much rather than too little.
    #[must_use]
    pub fn and(self, other: Selection) -> Selection {
        fn union<T: PartialEq>(mut some: Vec<T>, more: Vec<T>) -> Vec<T> {
            for one in more {
                if !some.contains(&one) {
                    some.push(one);
                }
            }
            some
        }
        match (self, other) {
            (Selection::Units(some), Selection::Units(more)) => Selection::Units(union(some, more)),
            (Selection::Items(some), Selection::Items(more)) => Selection::Items(union(some, more)),
            _ => Selection::All,
        }
    }
}

/// One of the user's own stack frames, or the place of a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Frame {
    /// The function, as the language writes it. May be empty.
    pub function: String,
    /// Where.
    pub location: Location,
}

/// Why a test failed or errored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// What the framework says, without escape sequences. The first line stands alone as a summary.
    pub message: String,
    /// The framework's word for the kind: `assertion`, `panic`, `AssertionError`, `timeout`, ...
    pub kind: String,
    /// What the test expected, where it can be told.
    pub expected: Option<String>,
    /// What came instead.
    pub actual: Option<String>,
    /// Where it failed: the innermost line of the user's own code that the framework names.
    pub location: Option<Location>,
    /// The user's own stack frames, innermost first.
    pub frames: Vec<Frame>,
}

/// What is known of a test that has run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestResult {
    /// What became of it.
    pub outcome: Outcome,
    /// How long it took, where the framework says.
    pub duration: Option<Duration>,
    /// Why, where it failed or errored; and why it was skipped.
    pub failure: Option<Arc<Failure>>,
    /// What it printed, as far as it was captured for this test alone. Capped.
    pub output: Arc<str>,
}

impl TestResult {
    /// A result that is nothing but its outcome.
    #[must_use]
    pub fn bare(outcome: Outcome) -> Self {
        Self {
            outcome,
            duration: None,
            failure: None,
            output: Arc::from(""),
        }
    }

    /// An errored result with its reason.
    #[must_use]
    pub fn errored(kind: &str, message: impl Into<String>) -> Self {
        Self {
            failure: Some(Arc::new(Failure {
                message: message.into(),
                kind: kind.to_owned(),
                ..Failure::default()
            })),
            ..Self::bare(Outcome::Errored)
        }
    }
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// Tests cannot run because of it.
    Error,
    /// Worth seeing.
    Warning,
}

/// Something that keeps tests from running and is no test's own failure: a compile error, a
/// collection error, a missing tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// What and, where it can be said, what to do. Without escape sequences.
    pub message: String,
    /// The tool's code, such as `E0308` or `collection`.
    pub code: Option<String>,
    /// Where; nothing if the tool names no place.
    pub location: Option<Location>,
    /// Further places, each with what the tool says of it.
    pub related: Vec<(Location, String)>,
}

/// What a run says while it goes on. Adapters make these out of what a framework prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunEvent {
    /// The framework will run this many tests, as far as it has said.
    Planned {
        /// How many more tests will run.
        tests: u32,
    },
    /// What the run is doing now, for people: `building`, `collecting`, ...
    Stage(String),
    /// A test has started.
    Started(TestId),
    /// A test has come to its end.
    Finished(TestId, TestResult),
    /// Something was printed that belongs to no test, or a line that the decoder did not know.
    Output(String),
    /// Something keeps tests from running.
    Problem(Problem),
    /// The framework named tests that discovery had not found, such as parameter cases.
    Found(Vec<crate::TestItem>),
}
