//! What became of a test, and of a run.

use serde::{Deserialize, Serialize};

/// What became of one test. None of these is ever folded into another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It ran and held.
    Passed,
    /// The framework was told not to run it, or to expect its failure.
    Skipped,
    /// It failed and passed on the same inputs.
    Flaky,
    /// It ran and did not hold.
    Failed,
    /// It could not be tried or did not come to an end: crashed, timed out, could not be built or
    /// collected, its fixture raised.
    Errored,
}

impl Outcome {
    /// Whether a user has something to do.
    #[must_use]
    pub fn is_bad(self) -> bool {
        matches!(self, Outcome::Failed | Outcome::Errored)
    }

    /// The word that is shown: `passed`, `failed`, ...
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Passed => "passed",
            Outcome::Skipped => "skipped",
            Outcome::Flaky => "flaky",
            Outcome::Failed => "failed",
            Outcome::Errored => "errored",
        }
    }
}

/// What became of a whole run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "outcome")]
pub enum RunOutcome {
    /// All that was selected reported, and nothing is bad.
    Passed,
    /// All that was selected reported, and something failed or errored.
    Failed,
    /// Stopped before its end, by the user or by a newer run.
    Cancelled,
    /// The code or the tests could not be built or collected, so nothing (of that part) ran.
    DidNotBuild,
    /// The selection named nothing that the framework knows.
    NoTestsMatched,
    /// The framework could not be run, or what it reported does not add up.
    RunnerBroken {
        /// What went wrong and what the user can do.
        message: String,
    },
}

impl RunOutcome {
    /// The words that are shown: `passed`, `did not build`, ...
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            RunOutcome::Passed => "passed",
            RunOutcome::Failed => "failed",
            RunOutcome::Cancelled => "cancelled",
            RunOutcome::DidNotBuild => "did not build",
            RunOutcome::NoTestsMatched => "no tests matched",
            RunOutcome::RunnerBroken { .. } => "runner broken",
        }
    }
}

/// How many tests came to which outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Tests that passed.
    pub passed: u32,
    /// Tests that failed.
    pub failed: u32,
    /// Tests that errored.
    pub errored: u32,
    /// Tests that were skipped.
    pub skipped: u32,
    /// Tests that are flaky.
    pub flaky: u32,
}

impl Counts {
    /// Counts one more test.
    pub fn add(&mut self, outcome: Outcome) {
        *self.of(outcome) += 1;
    }

    /// Counts a test no longer that was counted before.
    pub fn remove(&mut self, outcome: Outcome) {
        let count = self.of(outcome);
        *count = count.saturating_sub(1);
    }

    fn of(&mut self, outcome: Outcome) -> &mut u32 {
        match outcome {
            Outcome::Passed => &mut self.passed,
            Outcome::Skipped => &mut self.skipped,
            Outcome::Flaky => &mut self.flaky,
            Outcome::Failed => &mut self.failed,
            Outcome::Errored => &mut self.errored,
        }
    }

    /// All tests counted.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.passed + self.failed + self.errored + self.skipped + self.flaky
    }

    /// Tests that failed or errored.
    #[must_use]
    pub fn bad(&self) -> u32 {
        self.failed + self.errored
    }
}

impl FromIterator<Outcome> for Counts {
    fn from_iter<I: IntoIterator<Item = Outcome>>(outcomes: I) -> Self {
        let mut counts = Counts::default();
        for outcome in outcomes {
            counts.add(outcome);
        }
        counts
    }
}
