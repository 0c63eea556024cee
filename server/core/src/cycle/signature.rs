//! When two errors are the same: what differs from one run to the next without meaning anything
//! is left out.

use super::{TargetResult, Verdict};
use crate::Failure;

/// How much of an error is compared, in bytes.
const COMPARED: usize = 2000;

/// What the targets that did not pass have in common with an earlier failure, if it is the same.
pub(super) fn of_targets<'a>(failing: impl IntoIterator<Item = &'a TargetResult>) -> String {
    let mut lines: Vec<String> = failing
        .into_iter()
        .map(|result| {
            let outcome = result.outcome.map_or("no report", crate::Outcome::name);
            let failure = result.failure.as_ref().map(of_failure);
            format!("{} {outcome}: {}", result.test, failure.unwrap_or_default())
        })
        .collect();
    lines.sort();
    capped(lines.join("\n"))
}

/// The checks that failed and what a worker is told of them: the rest has random names in it.
pub(super) fn of_verdict(verdict: &Verdict) -> String {
    let mut lines: Vec<String> = Vec::new();
    for check in verdict.failures() {
        lines.push(check.kind.name().to_owned());
        lines.extend(check.for_worker().evidence.iter().map(|line| of_text(line)));
    }
    lines.extend(verdict.missing().map(|kind| format!("{kind} missing")));
    capped(lines.join("\n"))
}

/// A text without addresses in memory, line numbers and folders.
pub(super) fn of_text(text: &str) -> String {
    let words = text.split_whitespace().map(|word| {
        let edge = |c: char| !c.is_alphanumeric() && !matches!(c, '/' | '_');
        let inner = word.trim_matches(edge);
        let folder = inner.starts_with('/');
        let file = if folder {
            inner.rsplit('/').next().unwrap_or(inner)
        } else {
            inner
        };
        let mut parts = file.split(':');
        let name = parts.next().unwrap_or_default();
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if is_address(file) {
            word.replace(inner, "0x")
        } else if name.contains('.') && file.contains(':') && parts.all(is_number) {
            word.replace(inner, name)
        } else {
            word.replace(inner, file)
        }
    });
    capped(words.collect::<Vec<_>>().join(" "))
}

/// What was expected and what came says more than the words around it.
fn of_failure(failure: &Failure) -> String {
    match (&failure.expected, &failure.actual) {
        (Some(expected), Some(actual)) => {
            let (expected, actual) = (of_text(expected), of_text(actual));
            format!("{} {expected} / {actual}", failure.kind)
        }
        _ => format!("{} {}", failure.kind, of_text(&failure.message)),
    }
}

fn is_address(word: &str) -> bool {
    word.strip_prefix("0x")
        .is_some_and(|hex| hex.len() >= 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn capped(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(COMPARED));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(one: &str, other: &str, same: bool) {
        assert_eq!(of_text(one) == of_text(other), same, "{}", of_text(one));
    }

    #[test]
    fn what_means_nothing_is_left_out() {
        check("<A at 0x7f12ab34>", "<A at 0x7f99cd00>", true);
        check("at src/a.rs:3:5, no", "at src/a.rs:14:5, no", true);
        check("in /lanes/1/a.py:3", "in /lanes/2/a.py:9", true);
        check("a  b\n c", "a b c", true);
    }

    #[test]
    fn values_are_kept() {
        check("expected 4, got 5", "expected 4, got 6", false);
        check("left: 0x10", "left: 0x11", false);
        check("12:30 is late", "12:31 is late", false);
        check("in src/a.rs:3", "in src/b.rs:3", false);
    }

    #[test]
    fn long_text_of_any_language_is_cut_between_characters() {
        assert!(of_text(&"ä€".repeat(2000)).len() <= COMPARED);
    }
}
