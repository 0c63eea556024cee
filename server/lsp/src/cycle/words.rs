//! How cycles are said to people, in one line each.

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{CheckOutcome, EndingKind, Review, TestId, Usage, Verdict};
use greenward_engine::{CycleStanding, CycleSummary, Hands};

/// What a person calls a test: the end of its id.
pub(crate) fn test(id: &TestId) -> &str {
    let id = id.as_str();
    id.rsplit("::").next().unwrap_or(id)
}

/// The targets: `test_four`, or `test_four and 2 more`.
pub(crate) fn targets(targets: &[TestId]) -> String {
    match targets {
        [] => "no test".to_owned(),
        [one] => test(one).to_owned(),
        [first, rest @ ..] => format!("{} and {} more", test(first), rest.len()),
    }
}

/// How a cycle stands that was listed: as [`state`], or `interrupted` if nobody is at it.
pub(crate) fn standing(cycle: &CycleStanding) -> &'static str {
    match (cycle.summary.ending, cycle.hands) {
        (None, Hands::Nobodys) => "interrupted",
        _ => state(&cycle.summary),
    }
}

/// How it stands: `complete`, `failed`, `green`, `applied`, ...
pub(crate) fn state(summary: &CycleSummary) -> &'static str {
    match (summary.review, summary.ending) {
        (Some(Review::Applied), _) => "applied",
        (Some(Review::Discarded), _) => "discarded",
        (None, Some(ending)) => ending.name(),
        (None, None) => summary.phase.name(),
    }
}

/// `1 attempt`, `3 attempts`
pub(crate) fn attempts(attempts: u32) -> String {
    match attempts {
        1 => "1 attempt".to_owned(),
        other => format!("{other} attempts"),
    }
}

/// `$0.03`. Nothing where money is not known, or none was spent.
pub(crate) fn cost(usage: &Usage) -> Option<String> {
    let microdollars = usage.cost_microdollars.filter(|cost| *cost > 0)?;
    let about = if usage.estimated { "~" } else { "" };
    let cents = microdollars.div_ceil(10_000);
    Some(format!("{about}${}.{:02}", cents / 100, cents % 100))
}

/// `1200 tokens, $0.03`, `nothing`
pub(crate) fn usage(usage: &Usage) -> String {
    let tokens = usage.tokens();
    let tokens = (tokens > 0).then(|| format!("{tokens} tokens"));
    let parts: Vec<String> = tokens.into_iter().chain(cost(usage)).collect();
    if parts.is_empty() {
        return "no tokens".to_owned();
    }
    parts.join(", ")
}

/// The sign of a check.
pub(crate) fn mark(outcome: &CheckOutcome) -> char {
    match outcome {
        CheckOutcome::Passed => '✓',
        CheckOutcome::Failed => '✗',
        CheckOutcome::Skipped { .. } => '○',
        CheckOutcome::Noted => '!',
    }
}

/// `8 checks passed, 1 skipped`
pub(crate) fn checks(verdict: &Verdict) -> String {
    let count = |wanted: fn(&CheckOutcome) -> bool| {
        let checks = verdict.checks.iter();
        checks.filter(|check| wanted(&check.outcome)).count()
    };
    let passed = count(|outcome| matches!(outcome, CheckOutcome::Passed));
    let others = [
        (
            count(|outcome| matches!(outcome, CheckOutcome::Failed)),
            "failed",
        ),
        (
            count(|outcome| matches!(outcome, CheckOutcome::Skipped { .. })),
            "skipped",
        ),
        (
            count(|outcome| matches!(outcome, CheckOutcome::Noted)),
            "noted",
        ),
    ];
    let mut said = match passed {
        1 => "1 check passed".to_owned(),
        passed => format!("{passed} checks passed"),
    };
    for (count, name) in others.into_iter().filter(|(count, _)| *count > 0) {
        said.push_str(&format!(", {count} {name}"));
    }
    said
}

/// How many files are named.
const NAMED: usize = 8;

/// The names of files: `a.py, b.py and 2 more`.
pub(crate) fn files<'a>(paths: impl Iterator<Item = &'a Utf8Path>) -> String {
    let names: Vec<&str> = paths
        .map(|path| path.file_name().unwrap_or(path.as_str()))
        .collect();
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", names[..names.len().min(NAMED)].join(", "))
}

/// That files are changed in the editor alone, to stand behind what was done; nothing if none is.
pub(crate) fn not_saved(paths: &[Utf8PathBuf]) -> String {
    match paths {
        [] => String::new(),
        paths => format!(
            ". Not saved yet: {}",
            files(paths.iter().map(Utf8PathBuf::as_path))
        ),
    }
}

/// That a cycle is complete: what passes, what changes, and what was checked.
pub(crate) fn complete(summary: &CycleSummary) -> String {
    let files = match summary.files.as_slice() {
        [] => "no file changes".to_owned(),
        [one] => format!("{one} changes"),
        files => format!("{} files change", files.len()),
    };
    let checks = summary.verdict.as_ref().map(checks).unwrap_or_default();
    let cost = cost(&summary.usage)
        .map(|cost| format!(" ({cost})"))
        .unwrap_or_default();
    format!(
        "Cycle {} is green: {} passes; {files}; {checks}{cost}",
        summary.id,
        targets(&summary.targets),
    )
}

/// That a cycle has ended without green: what was tried, and why it is not green, check by check.
pub(crate) fn not_green(summary: &CycleSummary) -> String {
    let ended = match summary.ending {
        Some(EndingKind::Cancelled) => "was cancelled",
        Some(EndingKind::Stuck) => "is stuck",
        Some(EndingKind::Failed | EndingKind::Complete) => "has failed",
        None => "is interrupted",
    };
    if summary.attempts == 0
        && let (Some(EndingKind::Failed), Some(reason)) = (summary.ending, &summary.reason)
    {
        return format!(
            "Nothing was tried in cycle {}: {}",
            summary.id,
            reason.trim()
        );
    }
    let mut said = format!(
        "Cycle {} {ended}: {} is not green after {} by {}",
        summary.id,
        targets(&summary.targets),
        attempts(summary.attempts),
        summary.worker,
    );
    if let Some(reason) = &summary.reason {
        said.push_str(&format!(": {}", reason.trim()));
    }
    // A verdict of an earlier phase says nothing of how it ended.
    if let Some(verdict) = &summary.verdict {
        for check in verdict.failures() {
            let evidence = check.evidence.first().map(|line| format!(": {line}"));
            let evidence = evidence.unwrap_or_default();
            said.push_str(&format!("\n✗ {}{evidence}", check.kind));
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cycle::samples;

    #[test]
    fn money_is_said_in_cents_and_never_as_less_than_it_is() {
        for (cost_microdollars, estimated, said) in [
            (None, false, None),
            (Some(0), false, None),
            (Some(1), false, Some("$0.01")),
            (Some(30_000), true, Some("~$0.03")),
            (Some(12_340_000), false, Some("$12.34")),
        ] {
            let usage = Usage {
                cost_microdollars,
                estimated,
                ..Usage::default()
            };
            assert_eq!(cost(&usage).as_deref(), said);
        }
    }

    #[test]
    fn files_that_are_not_saved_are_named() {
        let paths = |count: u32| -> Vec<Utf8PathBuf> {
            (1..=count)
                .map(|file| format!("/w/{file}.py").into())
                .collect()
        };
        assert_eq!(not_saved(&[]), "");
        assert_eq!(not_saved(&paths(2)), ". Not saved yet: 1.py, 2.py");
        assert!(not_saved(&paths(10)).ends_with("7.py, 8.py and 2 more"));
    }

    #[test]
    fn a_complete_cycle_in_one_line() {
        assert_eq!(
            complete(&samples::complete()),
            "Cycle 7 is green: test_four passes; roman.py changes; 1 check passed, 1 skipped ($0.03)"
        );
    }

    #[test]
    fn a_cycle_that_is_not_green_says_what_was_tried_and_why() {
        assert_eq!(
            not_green(&samples::failed()),
            "Cycle 8 has failed: test_four is not green after 4 attempts by local: the limit of \
             attempts is reached\n✗ sealed: test_roman.py is not as it was"
        );
        let mut passing = samples::failed();
        passing.attempts = 0;
        passing.reason = Some("`four` passes already: there is nothing to do".to_owned());
        assert_eq!(
            not_green(&passing),
            "Nothing was tried in cycle 8: `four` passes already: there is nothing to do"
        );
        let mut stuck = samples::failed();
        stuck.ending = Some(EndingKind::Stuck);
        assert!(not_green(&stuck).starts_with("Cycle 8 is stuck: "));
    }
}
