//! Leaving out of a report what ran for the sake of something else.
//!
//! The framework alone knows the parameter cases of a test. Where one is asked for that it has not
//! named yet, the whole test runs, and the report is about the case.

use std::collections::{BTreeMap, BTreeSet};

use greenward_core::{Counts, RunId, RunOutcome, TestId, Widened};
use greenward_engine::{RunNotice, RunWhat};

/// What to leave out, and what has been.
#[derive(Debug, Default)]
pub(super) struct Narrow {
    widened: Vec<Widened>,
    /// The outcomes that were left out of a run, to be taken out of its sums.
    out: BTreeMap<RunId, Counts>,
    /// What was left out of all runs.
    left_out: BTreeSet<TestId>,
    /// Patterns of which a case has reported.
    met: BTreeSet<String>,
}

impl Narrow {
    /// Leaves out all that `widened` holds and does not mean.
    pub(super) fn to(widened: Vec<Widened>) -> Self {
        Self {
            widened,
            ..Self::default()
        }
    }

    /// What is left of an event; nothing if it is about what nobody asked for.
    pub(super) fn take(&mut self, notice: &RunNotice) -> Option<RunNotice> {
        let mut notice = notice.clone();
        match &mut notice.what {
            RunWhat::TestStarted(test) if self.leaves_out(test) => return None,
            RunWhat::TestFinished { test, outcome, .. } if self.leaves_out(test) => {
                // What keeps the whole test from running keeps its cases from it too.
                let is_whole = || self.widened.iter().any(|one| one.tests.contains(test));
                if outcome.is_bad() && is_whole() {
                    self.meet(test);
                    return Some(notice);
                }
                self.out.entry(notice.run).or_default().add(*outcome);
                self.left_out.insert(test.clone());
                return None;
            }
            RunWhat::TestFinished { test, .. } => self.meet(test),
            RunWhat::Finished {
                outcome, counts, ..
            } => {
                if let Some(out) = self.out.remove(&notice.run) {
                    *counts = without(*counts, out);
                    *outcome = judged(outcome, *counts, out);
                }
            }
            _ => {}
        }
        Some(notice)
    }

    /// How many others ran too.
    pub(super) fn left_out(&self) -> usize {
        self.left_out.len()
    }

    /// A pattern of which no case has reported though others of its test have, with these.
    pub(super) fn missed(&self) -> Option<(&str, Vec<TestId>)> {
        self.widened.iter().find_map(|widened| {
            let ran = self.left_out.iter().filter(|id| widened.holds(id));
            let ran: Vec<TestId> = ran.cloned().collect();
            let is_missed = !ran.is_empty() && !self.met.contains(&widened.pattern);
            is_missed.then_some((widened.pattern.as_str(), ran))
        })
    }

    fn leaves_out(&self, test: &TestId) -> bool {
        let held = self.widened.iter().any(|one| one.holds(test));
        held && !self.widened.iter().any(|one| one.means(test))
    }

    fn meet(&mut self, test: &TestId) {
        let met = self.widened.iter().filter(|one| one.holds(test));
        let met = met.filter(|one| one.means(test) || one.tests.contains(test));
        self.met.extend(met.map(|one| one.pattern.clone()));
    }
}

fn without(counts: Counts, out: Counts) -> Counts {
    Counts {
        passed: counts.passed.saturating_sub(out.passed),
        failed: counts.failed.saturating_sub(out.failed),
        errored: counts.errored.saturating_sub(out.errored),
        skipped: counts.skipped.saturating_sub(out.skipped),
        flaky: counts.flaky.saturating_sub(out.flaky),
    }
}

/// What becomes of a run's outcome. Whatever is no sum of its tests stays.
fn judged(outcome: &RunOutcome, left: Counts, out: Counts) -> RunOutcome {
    match outcome {
        RunOutcome::Passed | RunOutcome::Failed if left.total() == 0 => RunOutcome::NoTestsMatched,
        RunOutcome::Failed if out.bad() > 0 && left.bad() == 0 => RunOutcome::Passed,
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use greenward_core::{Framework, Outcome, ProjectId, TestResult};

    fn test(name: &str) -> TestId {
        TestId::parse(&format!("pytest:.#a.py::{name}"))
    }

    /// What is left of a run in which these tests reported, where `g[one]` was asked for of `g`
    /// and all of `h`.
    fn check(
        reported: &[(&str, Outcome)],
        ended: &RunOutcome,
        left: &[&str],
        outcome: &RunOutcome,
        missed: bool,
    ) {
        let mut narrow = Narrow::to(vec![Widened {
            pattern: "g[one]".into(),
            tests: vec![test("g")],
        }]);
        let mut take = |what| {
            narrow.take(&RunNotice {
                run: RunId(1),
                sequence: 0,
                project: ProjectId::new(Framework::Pytest, ""),
                what,
            })
        };
        let mut told = Vec::new();
        for (name, outcome) in reported {
            assert_eq!(
                take(RunWhat::TestStarted(test(name))).is_some(),
                left.contains(name) && !matches!(*name, "g")
            );
            let finished = RunWhat::TestFinished {
                test: test(name),
                outcome: *outcome,
                result: Arc::new(TestResult::bare(*outcome)),
            };
            if take(finished).is_some() {
                told.push(*name);
            }
        }
        assert_eq!(told, left);
        let last = take(RunWhat::Finished {
            outcome: ended.clone(),
            counts: reported.iter().map(|(_, outcome)| *outcome).collect(),
            duration: Duration::ZERO,
        });
        let Some(RunWhat::Finished {
            outcome: said,
            counts,
            ..
        }) = last.map(|notice| notice.what)
        else {
            panic!("the end is left out");
        };
        assert_eq!((&said, counts.total() as usize), (outcome, left.len()));
        assert_eq!(narrow.left_out(), reported.len() - left.len());
        assert_eq!(narrow.missed().is_some(), missed);
    }

    #[test]
    fn only_what_was_asked_for_counts() {
        use Outcome::{Errored, Failed, Passed};
        let (good, bad) = (RunOutcome::Passed, RunOutcome::Failed);
        let none = RunOutcome::NoTestsMatched;
        let one_and_two = |one, two| [("g[one]", one), ("g[two]", two), ("h", Passed)];
        let left = ["g[one]", "h"];
        check(&one_and_two(Passed, Failed), &bad, &left, &good, false);
        check(&one_and_two(Failed, Passed), &bad, &left, &bad, false);
        check(&one_and_two(Failed, Failed), &bad, &left, &bad, false);
        check(&one_and_two(Passed, Passed), &good, &left, &good, false);
        // There is no such case, or none at all.
        check(&[("g[two]", Failed)], &bad, &[], &none, true);
        check(&[("g", Passed)], &good, &[], &none, true);
        // The file cannot be collected.
        check(&[("g", Errored)], &bad, &["g"], &bad, false);
        let broken = RunOutcome::RunnerBroken {
            message: "gone".into(),
        };
        check(&[("g[two]", Passed)], &broken, &[], &broken, true);
    }
}
