//! What a cycle asks for next, and how it can end.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Check, CommitId, CycleEvent, Limit, PassedVerdict, Phase, TargetResult, WayOut};
use crate::TestId;

/// What is to be done next for a cycle. Each is answered by recording the event that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Run everything on the base: [`CycleEvent::BaselineTaken`].
    TakeBaseline,
    /// Give the task to the worker: [`CycleEvent::AttemptStarted`] first, then what it says.
    Attempt {
        /// The phase it works in.
        phase: Phase,
        /// The attempt's number.
        number: u32,
        /// What came of the last attempt.
        feedback: Option<Feedback>,
        /// What is to be tidied, in the phase refactor.
        from: Option<CommitId>,
    },
    /// Wait for the worker that has the task: [`CycleEvent::WorkerReplied`],
    /// [`CycleEvent::WorkerFailed`] or [`CycleEvent::WayOut`].
    AwaitWorker {
        /// The attempt's number.
        number: u32,
    },
    /// Run the targets on this state: [`CycleEvent::Tested`].
    TestTargets {
        /// What the worker left.
        commit: CommitId,
    },
    /// Gather the evidence for this state: [`CycleEvent::Verified`].
    Verify {
        /// What the worker left.
        commit: CommitId,
    },
    /// Record this event: it is a decision, and there is nothing to carry out.
    Record(CycleEvent),
    /// Nothing goes on until somebody takes the cycle up: [`CycleEvent::Resumed`].
    AwaitResume,
    /// The result waits for the user: [`CycleEvent::Applied`] or [`CycleEvent::Discarded`].
    AskUser {
        /// The state that has passed.
        commit: CommitId,
    },
    /// The cycle has ended.
    Done(Ending),
}

/// How a cycle has ended. All but a complete one can be resumed until they are discarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The goal is reached, and this is the evidence.
    Complete(PassedVerdict),
    /// It is not reached, and it is known why.
    Failed(Failed),
    /// It is not reached: the same error came again and again.
    Stuck {
        /// The error, as it is compared.
        error: String,
    },
    /// The user has stopped it.
    Cancelled,
}

impl Ending {
    /// Which of them it is.
    #[must_use]
    pub fn kind(&self) -> EndingKind {
        match self {
            Ending::Complete(_) => EndingKind::Complete,
            Ending::Failed(_) => EndingKind::Failed,
            Ending::Stuck { .. } => EndingKind::Stuck,
            Ending::Cancelled => EndingKind::Cancelled,
        }
    }

    /// Why it ended, for people. Nothing where there is no more to say than which it is.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            Ending::Complete(_) | Ending::Cancelled => None,
            Ending::Failed(why) => Some(why.to_string()),
            Ending::Stuck { error } => Some(format!("the same error came three times: {error}")),
        }
    }
}

/// Which ending it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EndingKind {
    /// [`Ending::Complete`].
    Complete,
    /// [`Ending::Failed`].
    Failed,
    /// [`Ending::Stuck`].
    Stuck,
    /// [`Ending::Cancelled`].
    Cancelled,
}

impl EndingKind {
    /// The word that is shown: `complete`, `failed`, `stuck`, `cancelled`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            EndingKind::Complete => "complete",
            EndingKind::Failed => "failed",
            EndingKind::Stuck => "stuck",
            EndingKind::Cancelled => "cancelled",
        }
    }
}

/// Why a cycle has failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// It may use no more.
    Limit(Limit),
    /// No test is to pass, so there is nothing to show.
    NoTarget,
    /// All targets pass on the base: what was wished for is so already.
    AlreadyGreen(Vec<TestId>),
    /// A target does not fail on the base, so there is nothing to show by making it pass.
    NotFailing(TestId),
    /// A target did not report on the base.
    NotFound(TestId),
    /// The worker cannot work.
    Worker {
        /// What went wrong and what the user can do.
        error: String,
    },
    /// The worker took a lawful way out.
    WayOut {
        /// Which.
        way: WayOut,
        /// Why, in its words.
        reason: String,
    },
    /// The daemon could not carry out a step.
    Broken {
        /// What went wrong and what the user can do.
        error: String,
    },
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failed::Limit(limit) => write!(f, "the limit of {} is reached", limit.name()),
            Failed::NoTarget => f.write_str("no test is to pass"),
            Failed::AlreadyGreen(tests) => write!(f, "{}", already_green(tests)),
            Failed::NotFailing(test) => write!(f, "`{test}` does not fail to begin with"),
            Failed::NotFound(test) => write!(f, "`{test}` did not run"),
            Failed::Worker { error } => write!(f, "the worker cannot work: {error}"),
            Failed::WayOut { way, reason } => write!(f, "{}: {reason}", way.name()),
            Failed::Broken { error } => f.write_str(error),
        }
    }
}

/// That tests pass and nothing is to be done about them, in a sentence.
#[must_use]
pub fn already_green(tests: &[TestId]) -> String {
    match tests {
        [test] => format!("`{test}` passes already: there is nothing to do"),
        tests => format!(
            "all {} tests pass already: there is nothing to do",
            tests.len()
        ),
    }
}

/// What a worker is told of the last attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Feedback {
    /// These targets did not pass.
    Tests(Vec<TargetResult>),
    /// The targets passed, and these checks of the verdict did not.
    Verdict(Vec<Check>),
    /// The last turn came to nothing.
    WorkerFailed {
        /// What went wrong.
        error: String,
        /// What the turn before had come to: it still holds for what the worker finds.
        before: Option<Box<Feedback>>,
    },
}

impl Feedback {
    /// What came of the last turn that came to something, or of the base.
    #[must_use]
    pub fn of_work(&self) -> Option<&Self> {
        match self {
            Self::WorkerFailed { before, .. } => before.as_deref()?.of_work(),
            _ => Some(self),
        }
    }

    /// A turn after this one came to nothing.
    pub(super) fn then_failed(before: Option<Self>, error: String) -> Self {
        let before = before.as_ref().and_then(Self::of_work).cloned();
        Self::WorkerFailed {
            error,
            before: before.map(Box::new),
        }
    }
}

/// What the user made of a cycle that had ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Review {
    /// The result is in the user's files.
    Applied,
    /// It is not wanted.
    Discarded,
}
