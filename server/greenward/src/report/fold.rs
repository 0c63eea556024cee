//! Tests that could not be tried for one and the same reason, which is told once.

use greenward_core::{Failure, Outcome, Problem, TestId, TestResult};

use super::words;

/// What the framework's adapters put before the problem that keeps a test from being collected.
const COLLECTION: &str = "could not be collected: ";

/// What has been told of the run so far, and how many tests have been left untold for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Fold {
    /// The messages of problems.
    problems: Vec<String>,
    /// The file and the reason of the test that was told last.
    last: Option<(String, String)>,
    untold: usize,
    /// Whether all that are untold could not be collected.
    collection: bool,
}

impl Fold {
    /// A problem is told.
    pub(super) fn problem(&mut self, problem: &Problem) {
        self.problems.push(problem.message.trim_end().to_owned());
    }

    /// Whether the test goes without saying: it errored for a reason that is told already.
    pub(super) fn folds(&mut self, test: &TestId, result: &TestResult) -> bool {
        let failure = result.failure.as_deref();
        let Some(failure) = failure.filter(|_| result.outcome == Outcome::Errored) else {
            self.last = None;
            return false;
        };
        let this = (file(test).to_owned(), reason(failure).to_owned());
        let told = self.problems.contains(&this.1) || self.last.as_ref() == Some(&this);
        if told {
            let collection = failure.message.starts_with(COLLECTION);
            self.collection = collection && (self.collection || self.untold == 0);
            self.untold += 1;
        } else {
            self.last = Some(this);
        }
        told
    }

    /// A line for the tests that went without saying since the last time.
    pub(super) fn take(&mut self) -> Option<String> {
        let untold = match std::mem::take(&mut self.untold) {
            0 => return None,
            untold => untold,
        };
        Some(match self.collection {
            true => format!("{} could not be collected", words::many(untold, "test")),
            false => format!("{} errored likewise", words::many(untold, "more test")),
        })
    }

    /// The run has ended.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Whether two tests could not be tried for the same reason, and stand in the same file.
pub(super) fn same(one: (&TestId, &Failure), other: (&TestId, &Failure)) -> bool {
    file(one.0) == file(other.0) && reason(one.1) == reason(other.1)
}

/// The file of a test, as its id begins: what people write to mean all of its tests.
pub(super) fn file(test: &TestId) -> &str {
    let id = test.as_str();
    id.split_once("::").map_or(id, |(file, _)| file)
}

fn reason(failure: &Failure) -> &str {
    let message = failure.message.trim_end();
    message.strip_prefix(COLLECTION).unwrap_or(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use greenward_core::Severity;

    fn problem(message: &str) -> Problem {
        Problem {
            severity: Severity::Error,
            message: message.into(),
            code: None,
            location: None,
            related: Vec::new(),
        }
    }

    /// Which of the tests are told, and what is said of the others.
    fn check(problems: &[&str], tests: &[(&str, &str)], told: Expect) {
        let mut fold = Fold::default();
        for message in problems {
            fold.problem(&problem(message));
        }
        let mut said = String::new();
        for (name, message) in tests {
            let result = match *message {
                "" => TestResult::bare(Outcome::Failed),
                message => TestResult::errored("collection", message),
            };
            if !fold.folds(&TestId::parse(name), &result) {
                said.extend(fold.take().map(|line| line + "\n"));
                said.push_str(&format!("{name}\n"));
            }
        }
        said.extend(fold.take());
        told.assert_eq(&said);
    }

    #[test]
    fn a_reason_is_told_once() {
        let collection = "could not be collected: no module";
        check(
            &["no module"],
            &[
                ("a.py::one", collection),
                ("a.py::two", collection),
                ("b.py::one", collection),
            ],
            expect!["3 tests could not be collected"],
        );
        check(
            &[],
            &[
                ("a.py::one", "crashed"),
                ("a.py::two", "crashed"),
                ("b.py::one", "crashed"),
            ],
            expect![[r#"
                a.py::one
                1 more test errored likewise
                b.py::one
            "#]],
        );
        check(
            &["another"],
            &[
                ("a.py::one", collection),
                ("a.py::two", ""),
                ("a.py::three", collection),
            ],
            expect![[r#"
                a.py::one
                a.py::two
                a.py::three
            "#]],
        );
    }
}
