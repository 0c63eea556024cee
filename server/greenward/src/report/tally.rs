//! What became of all runs that were watched: the sums, and what they amount to.

use std::sync::Arc;
use std::time::Duration;

use greenward_core::{Counts, Failure, Outcome, ProjectId, RunId, RunOutcome, TestId};
use greenward_engine::{RunNotice, RunWhat};

/// What became of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    /// The run.
    pub(crate) run: RunId,
    /// Its project.
    pub(crate) project: ProjectId,
    /// What became of it.
    pub(crate) outcome: RunOutcome,
    /// The tests that reported in it.
    pub(crate) counts: Counts,
    /// How long it took.
    pub(crate) duration: Duration,
}

/// What all runs amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Everything that was asked for ran and holds.
    Holds,
    /// A test is bad, or something did not build.
    Fails,
    /// Not everything could be tried, and nothing that was is bad.
    NotTried,
    /// Stopped before the end.
    Cancelled,
}

/// The runs that ended, and the tests that are bad in them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    ended: Vec<Ended>,
    bad: Vec<Bad>,
}

/// A test that is bad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bad {
    /// The test.
    pub(crate) test: TestId,
    /// Why it could not be tried, where it errored and did not fail.
    pub(crate) error: Option<Arc<Failure>>,
}

impl Tally {
    /// Takes in what happened in a run.
    pub(crate) fn take(&mut self, notice: &RunNotice) {
        match &notice.what {
            RunWhat::TestFinished {
                test,
                outcome,
                result,
            } if outcome.is_bad() => {
                let error = result.failure.clone();
                self.bad.push(Bad {
                    test: test.clone(),
                    error: error.filter(|_| *outcome == Outcome::Errored),
                });
            }
            RunWhat::Finished {
                outcome,
                counts,
                duration,
            } => self.ended.push(Ended {
                run: notice.run,
                project: notice.project.clone(),
                outcome: outcome.clone(),
                counts: *counts,
                duration: *duration,
            }),
            _ => {}
        }
    }

    /// The runs that ended, in that order.
    pub(crate) fn ended(&self) -> &[Ended] {
        &self.ended
    }

    /// The tests that are bad, in the order in which they ended.
    pub(crate) fn bad(&self) -> &[Bad] {
        &self.bad
    }

    /// All tests that reported.
    pub(crate) fn counts(&self) -> Counts {
        self.ended
            .iter()
            .fold(Counts::default(), |sum, run| Counts {
                passed: sum.passed + run.counts.passed,
                failed: sum.failed + run.counts.failed,
                errored: sum.errored + run.counts.errored,
                skipped: sum.skipped + run.counts.skipped,
                flaky: sum.flaky + run.counts.flaky,
            })
    }

    /// Whether each run reported all that it selected.
    pub(crate) fn came_to_an_end(&self) -> bool {
        use RunOutcome::{Failed, NoTestsMatched, Passed};
        let reported = |run: &Ended| matches!(run.outcome, Passed | Failed | NoTestsMatched);
        self.ended.iter().all(reported)
    }

    /// What all runs amount to.
    ///
    /// A bad test is a fact whatever became of other runs, so it outweighs a runner that broke. A
    /// project without tests matters only if no other had any.
    pub(crate) fn verdict(&self) -> Verdict {
        let any =
            |wanted: fn(&RunOutcome) -> bool| self.ended.iter().any(|run| wanted(&run.outcome));
        if any(|outcome| matches!(outcome, RunOutcome::Cancelled)) {
            Verdict::Cancelled
        } else if any(|outcome| matches!(outcome, RunOutcome::Failed | RunOutcome::DidNotBuild)) {
            Verdict::Fails
        } else if any(|outcome| matches!(outcome, RunOutcome::RunnerBroken { .. }))
            || self.counts().total() == 0
        {
            Verdict::NotTried
        } else {
            Verdict::Holds
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use greenward_core::Framework;

    fn verdict(runs: &[(RunOutcome, u32)]) -> Verdict {
        let mut tally = Tally::default();
        for (number, (outcome, passed)) in (1..).zip(runs) {
            tally.take(&RunNotice {
                run: RunId(number),
                sequence: 0,
                project: ProjectId::new(Framework::Cargo, &number.to_string()),
                what: RunWhat::Finished {
                    outcome: outcome.clone(),
                    counts: Counts {
                        passed: *passed,
                        ..Counts::default()
                    },
                    duration: Duration::ZERO,
                },
            });
        }
        tally.verdict()
    }

    #[test]
    fn runs_amount_to_the_worst_that_is_certain() {
        use RunOutcome::{Cancelled, DidNotBuild, Failed, NoTestsMatched, Passed};
        let broken = || RunOutcome::RunnerBroken {
            message: "no cargo".into(),
        };
        for (runs, expected) in [
            (vec![(Passed, 3)], Verdict::Holds),
            (vec![(Passed, 3), (Failed, 0)], Verdict::Fails),
            (vec![(DidNotBuild, 0)], Verdict::Fails),
            (vec![(broken(), 0), (Failed, 1)], Verdict::Fails),
            (vec![(broken(), 3), (Passed, 1)], Verdict::NotTried),
            (vec![(Passed, 3), (NoTestsMatched, 0)], Verdict::Holds),
            (vec![(NoTestsMatched, 0)], Verdict::NotTried),
            (vec![(Passed, 0)], Verdict::NotTried),
            (vec![], Verdict::NotTried),
            (vec![(Failed, 1), (Cancelled, 0)], Verdict::Cancelled),
        ] {
            assert_eq!(verdict(&runs), expected, "{runs:?}");
        }
    }
}
