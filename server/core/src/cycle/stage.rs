//! How far a cycle has come, and whether somebody is at it.

use std::time::Duration;

use camino::Utf8PathBuf;

use super::{CommitId, Ending, Feedback, Phase, Review};

/// What a worker is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Work {
    /// Code that makes the targets pass.
    Green,
    /// Code that is tidier, and with which they still pass.
    Refactor {
        /// What is judged if nothing comes of it.
        from: Left,
    },
}

impl Work {
    /// The phase in which this is done.
    pub(super) fn phase(&self) -> Phase {
        match self {
            Work::Green => Phase::Green,
            Work::Refactor { .. } => Phase::Refactor,
        }
    }

    /// What is to be tidied.
    pub(super) fn from(&self) -> Option<&Left> {
        match self {
            Work::Green => None,
            Work::Refactor { from } => Some(from),
        }
    }
}

/// What a worker has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Left {
    /// The saved state of its lane.
    pub(super) commit: CommitId,
    /// The files that differ from the base, relative to the workspace folder.
    pub(super) files: Vec<Utf8PathBuf>,
}

/// How far the work has come. It is kept when the cycle ends, so that it can be taken up again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing is known of the base.
    New,
    /// A worker may try.
    Ready(Work, Option<Feedback>),
    /// A worker has the task; the feedback is what it was given.
    Working(Work, Option<Feedback>),
    /// A worker has left something.
    Replied(Work, Left),
    /// The targets pass on it.
    TargetsPass {
        /// What is to be judged.
        left: Left,
        /// What it was before it was tidied, if it was.
        tidied: Option<Left>,
    },
}

/// Whether somebody is at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Course {
    Running { since: Duration },
    Interrupted,
    Ended(Ending),
    Reviewed(Ending, Review),
}
