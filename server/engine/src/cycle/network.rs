//! Tests that want a network, in a clean room that has none.

use greenward_core::{Check, CheckOutcome, TestId};
use greenward_exec::{Isolation, Network};

use super::report::Report;

/// What is told of it, once in a cycle.
pub(super) const HINT: &str =
    "the clean room has no network; `cycle.network = true` gives it one, which its runs share";

/// Whom the runs of a clean room reach, by the setting `cycle.network`.
///
/// Runs that share a network can leave word for later ones there: in servers, or in what the kernel
/// keeps of connections.
pub(super) const fn of_clean_room(setting: bool) -> Network {
    if setting {
        Network::Shared
    } else {
        Network::Own
    }
}

/// What programs say where nobody answers, in lower case.
const SIGNS: [&str; 16] = [
    "connection refused",
    "network is unreachable",
    "no route to host",
    "cannot assign requested address",
    "name or service not known",
    "name resolution",
    "no address associated with hostname",
    "nodename nor servname",
    "failed to lookup address",
    "could not resolve host",
    "couldn't resolve host",
    "cannot resolve host",
    "getaddrinfo failed",
    "econnrefused",
    "enetunreach",
    "eai_again",
];

/// What cargo says where it was told that there is no network.
const OFFLINE: [&str; 3] = [
    "--offline was specified",
    "offline mode",
    "cargo_net_offline",
];

/// Whether runs in a clean room can fail for want of a network, and how to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Want {
    /// Whether the setting gives it one.
    pub(super) setting: bool,
    /// How far its runs were kept from all else.
    pub(super) isolation: Option<Isolation>,
}

impl Want {
    /// Whether a text tells of it.
    pub(super) fn speaks(self, text: &str) -> bool {
        let text = text.to_lowercase();
        let says = |signs: &[&str]| signs.iter().any(|sign| text.contains(sign));
        // Cargo is told so on every system. All else may have a network where it was not had.
        let is_apart = self.isolation == Some(Isolation::Private);
        !self.setting && (says(&OFFLINE) || is_apart && says(&SIGNS))
    }

    /// Whether these tests did not pass in a run for that. No tests are all tests.
    pub(super) fn shows(self, report: &Report, tests: &[TestId]) -> bool {
        let wanted = |id: &TestId| {
            tests.is_empty() || tests.iter().any(|test| super::report::covers(test, id))
        };
        let of_tests = report
            .results
            .iter()
            .filter(|(id, result)| wanted(id) && result.outcome.is_bad())
            .any(|(_, result)| {
                let failure = result.failure.as_ref();
                failure.is_some_and(|failure| self.speaks(&failure.message))
                    || self.speaks(&result.output)
            });
        let of_the_run = report.trouble().is_some_and(|trouble| {
            let mut problems = report.problems.iter();
            self.speaks(&trouble)
                || self.speaks(&report.output)
                || problems.any(|problem| self.speaks(&problem.message))
        });
        of_tests || of_the_run
    }

    /// Whether a check failed for that.
    pub(super) fn fails(self, checks: &[Check]) -> bool {
        checks
            .iter()
            .filter(|check| check.outcome == CheckOutcome::Failed)
            .flat_map(|check| &check.evidence)
            .any(|line| self.speaks(line))
    }
}

#[cfg(test)]
mod tests {
    use greenward_core::{Outcome, RunEvent, RunOutcome, TestResult};

    use super::*;

    fn want(setting: bool, isolation: Isolation) -> Want {
        Want {
            setting,
            isolation: Some(isolation),
        }
    }

    #[test]
    fn it_is_told_from_what_programs_say() {
        for (text, expected) in [
            (
                "ConnectionRefusedError: [Errno 111] Connection refused",
                true,
            ),
            (
                "Os { code: 101, kind: NetworkUnreachable, message: \"Network is unreachable\" }",
                true,
            ),
            (
                "socket.gaierror: [Errno -3] Temporary failure in name resolution",
                true,
            ),
            (
                "failed to lookup address information: Name or service not known",
                true,
            ),
            ("assert 3 == 4", false),
        ] {
            assert_eq!(
                want(false, Isolation::Private).speaks(text),
                expected,
                "{text}"
            );
            // There is one.
            assert!(!want(true, Isolation::Private).speaks(text), "{text}");
            assert!(!want(false, Isolation::Refusing).speaks(text), "{text}");
        }
        let cargo = "error: attempting to make an HTTP request, but --offline was specified";
        assert!(want(false, Isolation::Refusing).speaks(cargo));
        assert!(!want(true, Isolation::Private).speaks(cargo));
    }

    #[test]
    fn only_what_failed_and_is_asked_for_counts() {
        let id = |name: &str| TestId::parse(&format!("pytest:.#a.py::{name}"));
        let said = |outcome, text: &str| TestResult {
            outcome,
            ..TestResult::errored("OSError", text)
        };
        let mut report = Report::begun();
        report.outcome = RunOutcome::Failed;
        for (name, outcome, text) in [
            ("test_far[1]", Outcome::Failed, "connection refused"),
            ("test_near", Outcome::Failed, "assert 3 == 4"),
            ("test_fine", Outcome::Passed, "connection refused"),
        ] {
            report.take(RunEvent::Finished(id(name), said(outcome, text)));
        }
        let want = want(false, Isolation::Private);
        for (tests, expected) in [
            (vec![], true),
            (vec![id("test_far")], true),
            (vec![id("test_near"), id("test_fine")], false),
        ] {
            assert_eq!(want.shows(&report, &tests), expected, "{tests:?}");
        }
        report.outcome = RunOutcome::RunnerBroken {
            message: "could not resolve host: example.org".to_owned(),
        };
        assert!(want.shows(&report, &[id("test_near")]));
    }
}
