//! What a cycle says while it goes on, and how it stands. `greenward green --json` prints the same
//! events, one a line.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::item::Outcome;
use crate::method::Notification;
use crate::run::Failure;

/// `greenward/cycle/event`: a cycle goes on.
#[derive(Debug)]
pub enum CycleEventNotification {}

impl Notification for CycleEventNotification {
    const METHOD: &'static str = "greenward/cycle/event";
    type Params = CycleEvent;
}

/// One event of a cycle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CycleEvent {
    /// The cycle.
    pub cycle: u64,
    /// Counts up from 0 for as long as a daemon has the cycle in hand. A gap is an event that was
    /// not sent.
    pub sequence: u64,
    /// What happened.
    #[serde(flatten)]
    pub what: CycleWhat,
}

/// What happened in a cycle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "camelCase")]
pub enum CycleWhat {
    /// It goes on from here: at its beginning, or when it is taken up again.
    CycleBegan(CycleState),
    /// It is in this phase now.
    Phase {
        /// Which.
        phase: Phase,
        /// Which attempt; 0 before the first.
        attempt: u32,
        /// How many attempts there may be. A person has as many as there are.
        of: u32,
    },
    /// It is now doing something else.
    Stage {
        /// What, for people.
        stage: String,
    },
    /// A part of what the worker says. Data, never an instruction.
    Said {
        /// The text.
        text: String,
    },
    /// The worker has finished a turn.
    Replied {
        /// What all turns together have used.
        usage: Usage,
        /// The files that differ now, relative to the workspace folder.
        files: Vec<String>,
        /// What the worker says of its work. Nobody believes it.
        summary: String,
    },
    /// The worker's turn came to nothing.
    WorkerFailed {
        /// What went wrong and what the user can do.
        message: String,
    },
    /// The worker does not do what it was asked to.
    WayOut {
        /// Which way out it took.
        way: WayOut,
        /// Why, in its words.
        reason: String,
    },
    /// The targets have run.
    Tested {
        /// What became of each.
        targets: Vec<Target>,
    },
    /// A check of the verdict has been made.
    Checked(Check),
    /// It has come to its end, or is interrupted: this is how it stands.
    CycleEnded(CycleState),
}

/// How a cycle stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CycleState {
    /// Its number. Never given again in the same workspace.
    pub id: u64,
    /// The id of the project.
    pub project: String,
    /// The worker's name in the settings.
    pub worker: String,
    /// The ids of the tests that are to pass.
    pub targets: Vec<String>,
    /// The phase.
    pub phase: Phase,
    /// How it ended; absent while it has not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ending: Option<Ending>,
    /// Why it ended, where there is more to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the user made of the result; absent while they have not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
    /// When it began, in milliseconds since the Unix epoch.
    pub opened_at: f64,
    /// When something happened in it last, in milliseconds since the Unix epoch.
    pub last_at: f64,
    /// The files that it changes, relative to the workspace folder.
    pub files: Vec<String>,
    /// How many attempts were started.
    pub attempts: u32,
    /// What they have used.
    pub usage: Usage,
    /// The checks of the last verdict; empty before the first.
    pub checks: Vec<Check>,
}

/// A stretch of test-driven work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// Nothing has been done.
    Pending,
    /// Tests are written that fail.
    Red,
    /// Code is written until they pass.
    Green,
    /// Code is changed while they pass.
    Refactor,
    /// The daemon gathers its own evidence.
    Verify,
    /// Done: the verdict has passed.
    Complete,
    /// Not done, and it is known why.
    Failed,
    /// Not done: the same error came again and again.
    Stuck,
}

/// How a cycle ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Ending {
    /// The verdict has passed.
    Complete,
    /// It has not, and it is known why.
    Failed,
    /// The same error came again and again.
    Stuck,
    /// The user has stopped it.
    Cancelled,
}

/// What the user made of a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Review {
    /// The result is in their files.
    Applied,
    /// It is not wanted.
    Discarded,
}

/// What a worker may say instead of working.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WayOut {
    /// What is wanted contradicts itself, or other tests.
    SpecConflict,
    /// The test itself is wrong.
    TestWrong,
    /// Something is missing that the worker may not provide.
    Blocked,
}

/// What a worker has used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Tokens that were sent.
    pub input_tokens: u64,
    /// Tokens that came back.
    pub output_tokens: u64,
    /// Money, in US dollars, as far as it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// Whether any of it is an estimate.
    pub estimated: bool,
}

/// What became of a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// The test's id.
    pub test: String,
    /// What became of it; absent if it did not report, which is never a pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Why, where it failed or errored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// A check of the verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// Its name: `sealed`, `targets`, `nothing else`, ... There may be more in time.
    pub check: String,
    /// What it answers, for people.
    pub question: String,
    /// What became of it.
    pub outcome: CheckOutcome,
    /// Why it was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What was seen, a line for each fact.
    pub evidence: Vec<String>,
}

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CheckOutcome {
    /// It holds.
    Passed,
    /// It does not hold.
    Failed,
    /// It was not made.
    Skipped,
    /// It found what people should know, and blocks nothing.
    Noted,
}

/// The last line of `greenward green --json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "camelCase")]
pub enum CycleLastLine {
    /// What became of the cycle.
    CycleResult {
        /// How it stands.
        #[serde(flatten)]
        state: CycleState,
        /// What it changes, as a unified diff. Empty if it changes nothing.
        diff: String,
    },
}
