//! What a run in a room has said, all of it, by test.

use std::collections::BTreeMap;

use greenward_core::{
    Counts, Outcome, Problem, RunEvent, RunOutcome, Severity, TestId, TestResult,
};

/// Bytes of what a run prints outside of tests that are kept.
const OUTPUT: usize = 16 * 1024;

/// What a run in a room has said.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    /// What became of the run as a whole.
    pub(crate) outcome: RunOutcome,
    /// What became of each test that reported.
    pub(crate) results: BTreeMap<TestId, TestResult>,
    /// What kept tests from running.
    pub(crate) problems: Vec<Problem>,
    /// The beginning of what was printed outside of tests.
    pub(crate) output: String,
}

impl Report {
    /// A report of a run that has said nothing yet, and has not come to its end.
    pub(crate) fn begun() -> Self {
        Self {
            outcome: RunOutcome::Cancelled,
            results: BTreeMap::new(),
            problems: Vec::new(),
            output: String::new(),
        }
    }

    /// Takes in what the run says.
    pub(crate) fn take(&mut self, event: RunEvent) {
        match event {
            RunEvent::Finished(test, result) => {
                self.results.insert(test, result);
            }
            RunEvent::Problem(problem) => self.problems.push(problem),
            RunEvent::Output(text) if self.output.len() < OUTPUT => self.output.push_str(&text),
            RunEvent::Output(_)
            | RunEvent::Planned { .. }
            | RunEvent::Stage(_)
            | RunEvent::Started(_)
            | RunEvent::Found(_) => {}
        }
    }

    /// The results of a test: its own, or those of its parameter cases.
    pub(crate) fn of<'a>(
        &'a self,
        test: &'a TestId,
    ) -> impl Iterator<Item = (&'a TestId, &'a TestResult)> {
        self.results.iter().filter(move |(id, _)| covers(test, id))
    }

    /// Whether a test, by its own name, ran and passed: every case of it, and at least one.
    pub(crate) fn passed(&self, test: &TestId) -> bool {
        self.said(test)
            .is_some_and(|counts| counts.passed > 0 && counts.passed == counts.total())
    }

    /// Whether a test, by its own name, ran and did not hold: every case of it, and at least one.
    pub(crate) fn failed(&self, test: &TestId) -> bool {
        self.said(test)
            .is_some_and(|counts| counts.bad() > 0 && counts.bad() == counts.total())
    }

    /// What a test's cases came to; nothing if it did not report.
    pub(crate) fn said(&self, test: &TestId) -> Option<Counts> {
        let counts: Counts = self.of(test).map(|(_, result)| result.outcome).collect();
        (counts.total() > 0).then_some(counts)
    }

    /// What became of a test, in words.
    pub(crate) fn word(&self, test: &TestId) -> String {
        let worst = self.of(test).max_by_key(|(_, result)| rank(result.outcome));
        match worst {
            Some((_, result)) => match &result.failure {
                Some(failure) if result.outcome.is_bad() => {
                    let line = failure.message.lines().next().unwrap_or_default();
                    format!("{}: {line}", result.outcome.name())
                }
                _ => result.outcome.name().to_owned(),
            },
            None => match self.trouble() {
                Some(trouble) => format!("did not report ({trouble})"),
                None => "did not report".to_owned(),
            },
        }
    }

    /// What is wrong with the run as a whole, if it did not come to results.
    pub(crate) fn trouble(&self) -> Option<String> {
        match &self.outcome {
            RunOutcome::Passed | RunOutcome::Failed => None,
            RunOutcome::RunnerBroken { message } => Some(message.clone()),
            RunOutcome::DidNotBuild => {
                let first = self
                    .problems
                    .iter()
                    .find(|problem| problem.severity == Severity::Error);
                Some(match first {
                    Some(problem) => format!("did not build: {}", problem.message),
                    None => "did not build".to_owned(),
                })
            }
            other => Some(other.name().to_owned()),
        }
    }
}

/// Whether a result's id is the test's own or that of one of its parameter cases.
pub(crate) fn covers(test: &TestId, id: &TestId) -> bool {
    id.as_str()
        .strip_prefix(test.as_str())
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
}

fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Passed => 0,
        Outcome::Skipped => 1,
        Outcome::Flaky => 2,
        Outcome::Failed => 3,
        Outcome::Errored => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(results: &[(&str, Outcome)]) -> Report {
        let mut report = Report::begun();
        for (id, outcome) in results {
            report.take(RunEvent::Finished(
                TestId::parse(id),
                TestResult::bare(*outcome),
            ));
        }
        report
    }

    #[test]
    fn a_test_speaks_for_itself_and_through_its_cases_only() {
        let report = report(&[
            ("pytest:.#a.py::test_a[1]", Outcome::Passed),
            ("pytest:.#a.py::test_a[2]", Outcome::Passed),
            ("pytest:.#a.py::test_ab", Outcome::Failed),
            ("pytest:.#a.py::test_c[1]", Outcome::Passed),
            ("pytest:.#a.py::test_c[2]", Outcome::Skipped),
        ]);
        let check = |test: &str, passed: bool, failed: bool| {
            let test = TestId::parse(test);
            assert_eq!(
                (report.passed(&test), report.failed(&test)),
                (passed, failed)
            );
        };
        check("pytest:.#a.py::test_a", true, false);
        check("pytest:.#a.py::test_a[2]", true, false);
        check("pytest:.#a.py::test_ab", false, true);
        check("pytest:.#a.py::test_c", false, false);
        check("pytest:.#a.py::test_none", false, false);
    }
}
