//! libtest's text for people, as it has been since Rust 1.0 and still is for documentation tests.
//!
//! Results come first, one a line, and what failing tests printed comes after all of them. So a
//! failure is kept back until its text has been read. rustdoc may print several suites, one after
//! the other.

use std::collections::BTreeMap;

use greenward_core::Outcome;

use super::{Ended, Report};

/// Where the reader is in a suite.
#[derive(Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Results,
    /// After the first `failures:`; in the text of this test, if of any.
    Texts(Option<String>),
    /// After the second `failures:`, among the names. Belonged to this test's text, if that was
    /// printed by the test itself.
    Names(Option<String>),
}

/// Reads text line by line.
#[derive(Debug, Default)]
pub(super) struct Reader {
    part: Part,
    /// Failed tests with their texts so far.
    failed: BTreeMap<String, String>,
}

impl Reader {
    pub(super) fn line(&mut self, line: &str) -> Vec<Report> {
        if let Some(end) = suite_end(line) {
            let mut reports = self.finish();
            reports.push(end);
            return reports;
        }
        match &self.part {
            Part::Results => self.result(line),
            Part::Texts(_) => {
                self.text(line);
                Vec::new()
            }
            Part::Names(_) => {
                self.name(line);
                Vec::new()
            }
        }
    }

    /// The failures that are kept back.
    pub(super) fn finish(&mut self) -> Vec<Report> {
        self.part = Part::Results;
        std::mem::take(&mut self.failed)
            .into_iter()
            .map(|(name, text)| {
                let stdout = text.trim_end_matches('\n').to_owned();
                // libtest's own remark is its last line, or the last three.
                let (stdout, message) = match stdout.rfind("note: ") {
                    Some(at) if is_remark(&stdout[at..]) => {
                        let message = stdout[at + "note: ".len()..].to_owned();
                        (stdout[..at].to_owned(), Some(message))
                    }
                    _ => (stdout, None),
                };
                Report::Finished(Ended {
                    name,
                    outcome: Outcome::Failed,
                    stdout,
                    message,
                    duration: None,
                })
            })
            .collect()
    }

    fn result(&mut self, line: &str) -> Vec<Report> {
        if let Some(count) = suite_start(line) {
            return vec![Report::Suite(count)];
        }
        if line == "failures:" && !self.failed.is_empty() {
            self.part = Part::Texts(None);
            return Vec::new();
        }
        let Some((before, name, outcome, message)) = result(line) else {
            return match line {
                "" => Vec::new(),
                other => vec![Report::Output(other.to_owned())],
            };
        };
        let mut reports = Vec::new();
        if !before.is_empty() {
            reports.push(Report::Output(before.to_owned()));
        }
        if outcome == Outcome::Failed {
            self.failed.entry(name.to_owned()).or_default();
        } else {
            reports.push(Report::Finished(Ended {
                name: name.to_owned(),
                outcome,
                stdout: String::new(),
                message,
                duration: None,
            }));
        }
        reports
    }

    fn text(&mut self, line: &str) {
        let header = line
            .strip_prefix("---- ")
            .and_then(|rest| rest.strip_suffix(" stdout ----"))
            .filter(|name| self.failed.contains_key(*name));
        let Part::Texts(current) = &mut self.part else {
            return;
        };
        if let Some(name) = header {
            *current = Some(name.to_owned());
        } else if line == "failures:" {
            self.part = Part::Names(current.take());
        } else if let Some(text) = current.as_ref().and_then(|name| self.failed.get_mut(name)) {
            text.push_str(line);
            text.push('\n');
        }
    }

    fn name(&mut self, line: &str) {
        let is_name = line
            .strip_prefix("    ")
            .is_some_and(|name| self.failed.contains_key(name));
        if is_name || line.is_empty() {
            return;
        }
        // The test itself had printed `failures:`.
        let Part::Names(current) = &mut self.part else {
            return;
        };
        let current = current.take();
        if let Some(text) = current.as_ref().and_then(|name| self.failed.get_mut(name)) {
            text.push_str("failures:\n");
        }
        self.part = Part::Texts(current);
        self.text(line);
    }
}

/// `running 3 tests`.
fn suite_start(line: &str) -> Option<u64> {
    let count = line.strip_prefix("running ")?;
    let count = count
        .strip_suffix(" tests")
        .or(count.strip_suffix(" test"))?;
    count.parse().ok()
}

/// `test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; ...`.
fn suite_end(line: &str) -> Option<Report> {
    let rest = line.strip_prefix("test result: ")?;
    let (_, counts) = rest.split_once(". ")?;
    let count = |word: &str| -> Option<u64> {
        counts
            .split("; ")
            .find_map(|part| part.strip_suffix(word)?.trim().parse().ok())
    };
    Some(Report::SuiteEnd {
        passed: count(" passed")?,
        failed: count(" failed")?,
        ignored: count(" ignored")?,
    })
}

/// `test NAME ... ok`: what stands before it, the name, the outcome, why it was ignored.
fn result(line: &str) -> Option<(&str, &str, Outcome, Option<String>)> {
    let (head, tail) = line.rsplit_once(" ... ")?;
    let (outcome, message) = match tail.split_once(", ") {
        _ if tail == "ok" || tail.starts_with("ok <") => (Outcome::Passed, None),
        _ if tail == "FAILED" || tail.starts_with("FAILED <") => (Outcome::Failed, None),
        _ if tail == "ignored" => (Outcome::Skipped, None),
        Some(("ignored", why)) => (Outcome::Skipped, Some(why.to_owned())),
        _ => return None,
    };
    let (before, name) = match head.strip_prefix("test ") {
        Some(name) => ("", name),
        // A test wrote to standard output and left the line open. Only a documentation test's
        // name has spaces, and these print nothing of their own.
        None => {
            let at = head.rfind("test ")?;
            let name = &head[at + "test ".len()..];
            if name.contains(' ') {
                return None;
            }
            (&head[..at], name)
        }
    };
    let name = [" - should panic", " - compile fail", " - compile"]
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .unwrap_or(name);
    Some((before, name, outcome, message))
}

fn is_remark(note: &str) -> bool {
    [
        "note: test did not panic",
        "note: panic did not contain",
        "note: expected panic",
    ]
    .iter()
    .any(|beginning| note.starts_with(beginning))
}
