//! What can be asked of a cycle.

use std::time::Duration;

use camino::Utf8PathBuf;

use super::stage::{Course, Stage};
use super::{CommitId, Cycle, Ending, Goal, Limits, Phase, Review, Usage, Verdict};

impl Cycle {
    /// What it is to reach.
    #[must_use]
    pub fn goal(&self) -> &Goal {
        &self.goal
    }

    /// The worker's name in the settings.
    #[must_use]
    pub fn worker(&self) -> &str {
        &self.worker
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.allowance.limits
    }

    /// The user's work as it was when the cycle began.
    #[must_use]
    pub fn base(&self) -> &CommitId {
        &self.base
    }

    /// The last state that a worker left and that is still to be judged or has passed.
    #[must_use]
    pub fn commit(&self) -> Option<&CommitId> {
        match &self.stage {
            Stage::Replied(_, left) | Stage::TargetsPass { left, .. } => Some(&left.commit),
            Stage::Ready(work, _) | Stage::Working(work, _) => work.from().map(|left| &left.commit),
            Stage::New => None,
        }
    }

    /// The phase. A cycle that was cancelled is in the phase in which it was stopped.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self.ending() {
            Some(Ending::Complete(_)) => Phase::Complete,
            Some(Ending::Failed(_)) => Phase::Failed,
            Some(Ending::Stuck { .. }) => Phase::Stuck,
            Some(Ending::Cancelled) | None => self.working_phase(),
        }
    }

    /// The phase in which it is, or in which it was when it ended.
    #[must_use]
    pub fn working_phase(&self) -> Phase {
        match &self.stage {
            Stage::New => Phase::Pending,
            Stage::Ready(work, _) | Stage::Working(work, _) | Stage::Replied(work, _) => {
                work.phase()
            }
            Stage::TargetsPass { .. } => Phase::Verify,
        }
    }

    /// How it ended. Nothing while it has not.
    #[must_use]
    pub fn ending(&self) -> Option<&Ending> {
        match &self.course {
            Course::Running { .. } | Course::Interrupted => None,
            Course::Ended(ending) | Course::Reviewed(ending, _) => Some(ending),
        }
    }

    /// What the user made of it after its end.
    #[must_use]
    pub fn review(&self) -> Option<Review> {
        match self.course {
            Course::Reviewed(_, review) => Some(review),
            _ => None,
        }
    }

    /// How many attempts were started.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// What all attempts have used.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// The files that the last reply of a worker left changed, relative to the workspace folder.
    #[must_use]
    pub fn files(&self) -> &[Utf8PathBuf] {
        &self.files
    }

    /// The last verdict, whatever it was.
    #[must_use]
    pub fn verdict(&self) -> Option<&Verdict> {
        self.verdict.as_ref()
    }

    /// When it was opened, since the Unix epoch.
    #[must_use]
    pub fn opened_at(&self) -> Duration {
        self.opened_at
    }

    /// When the last event happened, since the Unix epoch.
    #[must_use]
    pub fn last_at(&self) -> Duration {
        self.last_at
    }
    /// How long somebody was at it until the last event: without the time in which it was
    /// interrupted or had ended, before it was resumed.
    #[must_use]
    pub fn run_time(&self) -> Duration {
        self.ran + self.running(self.last_at)
    }
}
