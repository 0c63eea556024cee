//! What happens in a cycle, as it is kept. These are a promise: what was written by one version
//! is read by every later one, so variants and fields are added, never changed.

use std::time::Duration;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::{CommitId, Goal, Limit, Limits, Phase, Usage, Verdict, millis};
use crate::{Counts, Failure, Outcome, TestId};

/// An event with its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// When it happened, since the Unix epoch. Kept to the millisecond.
    #[serde(with = "millis")]
    pub at: Duration,
    /// What happened.
    pub event: CycleEvent,
}

/// What happens in a cycle. Nothing else is needed to take one up again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum CycleEvent {
    /// The cycle begins. Always the first event, and only that.
    Opened {
        /// What it is to reach.
        goal: Goal,
        /// The worker's name in the settings.
        worker: String,
        /// What it may use.
        limits: Limits,
        /// The user's work as it is when the cycle begins.
        base: CommitId,
        /// Whether what passes is to be tidied before it is judged.
        #[serde(default)]
        refactor: bool,
    },
    /// All tests of the project have run on the base.
    BaselineTaken {
        /// What became of all of them.
        counts: Counts,
        /// What became of each target.
        targets: Vec<TargetResult>,
    },
    /// A worker is given the task. Recorded before it is.
    AttemptStarted {
        /// The phase it works in.
        phase: Phase,
        /// Counts up from 1 in the whole cycle.
        number: u32,
    },
    /// The worker has finished its turn, and what it left is saved.
    WorkerReplied {
        /// What it used.
        usage: Usage,
        /// The files that differ from the base, relative to the workspace folder.
        files: Vec<Utf8PathBuf>,
        /// The saved state of its lane.
        commit: CommitId,
        /// What it says of its work. Shown, never believed.
        summary: String,
    },
    /// The worker's turn came to nothing.
    WorkerFailed {
        /// What went wrong and what the user can do.
        error: String,
        /// Whether another attempt may go better.
        retryable: bool,
        /// What it used nevertheless.
        usage: Usage,
    },
    /// The worker has taken a lawful way out.
    WayOut {
        /// Which.
        way: WayOut,
        /// Why, in the worker's words.
        reason: String,
        /// What it used.
        usage: Usage,
    },
    /// The targets have run on what the worker left.
    Tested {
        /// The state on which they ran.
        commit: CommitId,
        /// What became of each of them.
        targets: Vec<TargetResult>,
    },
    /// The daemon has gathered its evidence.
    Verified {
        /// The state that was judged.
        commit: CommitId,
        /// What it found.
        verdict: Verdict,
    },
    /// A limit was reached before the goal.
    LimitReached {
        /// Which.
        limit: Limit,
    },
    /// The same error came again and again.
    GotStuck {
        /// The error, as it is compared.
        error: String,
    },
    /// The daemon could not carry out a step: a lane, a runner or the disk failed it.
    Broken {
        /// What went wrong and what the user can do.
        error: String,
    },
    /// The user has stopped it.
    Cancelled,
    /// The daemon ended in the middle of it. A daemon that is killed does not get to say so.
    Interrupted,
    /// It goes on: recorded by whoever takes up a cycle from the log, before anything else.
    Resumed {
        /// A new allowance, of which nothing is used. Nothing: what is left of the old one.
        limits: Option<Limits>,
    },
    /// The user has taken the result.
    Applied {
        /// The files that were changed by it, relative to the workspace folder.
        files: Vec<Utf8PathBuf>,
    },
    /// The user does not want the result, or what there is of it. A cycle that has not ended is
    /// cancelled first.
    Discarded,
}

impl CycleEvent {
    /// The event's name, as it is kept: `opened`, `attemptStarted`, ...
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            CycleEvent::Opened { .. } => "opened",
            CycleEvent::BaselineTaken { .. } => "baselineTaken",
            CycleEvent::AttemptStarted { .. } => "attemptStarted",
            CycleEvent::WorkerReplied { .. } => "workerReplied",
            CycleEvent::WorkerFailed { .. } => "workerFailed",
            CycleEvent::WayOut { .. } => "wayOut",
            CycleEvent::Tested { .. } => "tested",
            CycleEvent::Verified { .. } => "verified",
            CycleEvent::LimitReached { .. } => "limitReached",
            CycleEvent::GotStuck { .. } => "gotStuck",
            CycleEvent::Broken { .. } => "broken",
            CycleEvent::Cancelled => "cancelled",
            CycleEvent::Interrupted => "interrupted",
            CycleEvent::Resumed { .. } => "resumed",
            CycleEvent::Applied { .. } => "applied",
            CycleEvent::Discarded => "discarded",
        }
    }
}

/// What became of one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetResult {
    /// The target.
    pub test: TestId,
    /// What became of it. Nothing if it did not report, which is never a pass.
    pub outcome: Option<Outcome>,
    /// Why, where it failed or errored.
    pub failure: Option<Failure>,
}

impl TargetResult {
    /// Whether it reported that it passed.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        self.outcome == Some(Outcome::Passed)
    }

    /// Whether it reported that it did not hold.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.outcome.is_some_and(Outcome::is_bad)
    }
}

/// What a worker may say instead of working.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WayOut {
    /// What is wanted contradicts itself, or other tests.
    SpecConflict,
    /// The test itself is wrong.
    TestWrong,
    /// Something is missing that the worker may not provide.
    Blocked,
}

impl WayOut {
    /// The word that a worker writes and the user sees: `spec_conflict`, `test_wrong`, `blocked`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            WayOut::SpecConflict => "spec_conflict",
            WayOut::TestWrong => "test_wrong",
            WayOut::Blocked => "blocked",
        }
    }
}
