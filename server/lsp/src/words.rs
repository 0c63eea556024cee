//! How outcomes, times and counts are said to people.

use std::time::Duration;

use camino::Utf8Path;
use greenward_core::{Counts, Freshness, Outcome, ProjectId};
use greenward_engine::ItemState;

/// The sign of an outcome.
pub(crate) fn mark(outcome: Outcome) -> char {
    match outcome {
        Outcome::Passed => '✓',
        Outcome::Skipped => '○',
        Outcome::Flaky => '~',
        Outcome::Failed | Outcome::Errored => '✗',
    }
}

/// A time, as exact as a person wants it: `under 1 ms`, `3 ms`, `1.2 s`, `2 min 5 s`.
pub(crate) fn time(duration: Duration) -> String {
    let milliseconds = (duration.as_micros() + 500) / 1000;
    match milliseconds {
        0 => "under 1 ms".to_owned(),
        1..1_000 => format!("{milliseconds} ms"),
        1_000..59_950 => format!("{:.1} s", duration.as_secs_f64()),
        _ => {
            let seconds = (milliseconds + 500) / 1000;
            format!("{} min {} s", seconds / 60, seconds % 60)
        }
    }
}

/// How long ago something was: `12 s ago`, `3 min ago`, `2 h ago`.
pub(crate) fn ago(duration: Duration) -> String {
    match duration.as_secs() {
        0 => "just now".to_owned(),
        seconds @ 1..60 => format!("{seconds} s ago"),
        seconds @ 60..3_600 => format!("{} min ago", seconds / 60),
        seconds => format!("{} h ago", seconds / 3_600),
    }
}

/// Outcome and time: `✓ passed 3 ms`.
pub(crate) fn outcome(outcome: Outcome, duration: Option<Duration>) -> String {
    let said = format!("{} {}", mark(outcome), outcome.name());
    match duration {
        Some(duration) => format!("{said} {}", time(duration)),
        None => said,
    }
}

/// How many tests came to which outcome: `3 passed, 1 failed`. Empty if none did.
pub(crate) fn counts(counts: Counts) -> String {
    let said: Vec<String> = [
        (counts.passed, Outcome::Passed),
        (counts.failed, Outcome::Failed),
        (counts.errored, Outcome::Errored),
        (counts.flaky, Outcome::Flaky),
        (counts.skipped, Outcome::Skipped),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, outcome)| format!("{count} {}", outcome.name()))
    .collect();
    said.join(", ")
}

/// The counts of a group, and how many of its tests have no result: `3 passed, 1 not run`.
pub(crate) fn group(state: &ItemState) -> String {
    let known = counts(state.counts);
    match state.tests.saturating_sub(state.counts.total()) {
        0 => known,
        unknown if known.is_empty() => format!("{unknown} not run"),
        unknown => format!("{known}, {unknown} not run"),
    }
}

/// A project as people call it: its folder's name and its framework, `calc (cargo)`. `root` is the
/// folder; without it a project that is a whole workspace folder has no better name than its id.
#[must_use]
pub fn project(id: &ProjectId, root: Option<&Utf8Path>) -> String {
    let (framework, folder) = id.as_str().split_once(':').unwrap_or(("", id.as_str()));
    let name = match folder {
        "." => root.and_then(Utf8Path::file_name),
        folder => Some(folder),
    };
    match name {
        Some(name) => format!("{name} ({framework})"),
        None => id.to_string(),
    }
}

/// What is added to a result that may no longer hold.
pub(crate) fn doubt(freshness: Freshness) -> &'static str {
    match freshness {
        Freshness::Current | Freshness::Unknown => "",
        Freshness::Stale => " (stale)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_exact_as_a_person_wants_them() {
        for (microseconds, said) in [
            (0, "under 1 ms"),
            (499, "under 1 ms"),
            (500, "1 ms"),
            (3_200, "3 ms"),
            (999_499, "999 ms"),
            (999_500, "1.0 s"),
            (1_240_000, "1.2 s"),
            (59_940_000, "59.9 s"),
            (59_960_000, "1 min 0 s"),
            (125_000_000, "2 min 5 s"),
        ] {
            assert_eq!(time(Duration::from_micros(microseconds)), said);
        }
    }

    #[test]
    fn how_long_ago_something_was() {
        for (seconds, said) in [
            (0, "just now"),
            (59, "59 s ago"),
            (119, "1 min ago"),
            (7_300, "2 h ago"),
        ] {
            assert_eq!(ago(Duration::from_secs(seconds)), said);
        }
    }

    #[test]
    fn a_project_is_called_by_its_folder() {
        use greenward_core::Framework::{Cargo, Pytest};
        let check = |framework, folder, root: Option<&str>, said: &str| {
            let id = ProjectId::new(framework, folder);
            assert_eq!(project(&id, root.map(Utf8Path::new)), said);
        };
        check(Cargo, "", Some("/w/calc"), "calc (cargo)");
        check(Pytest, "api/v2", Some("/w/api/v2"), "api/v2 (pytest)");
        check(Pytest, "api", None, "api (pytest)");
        check(Cargo, "", None, "cargo:.");
        check(Cargo, "", Some("/"), "cargo:.");
    }

    #[test]
    fn counts_name_only_what_there_is() {
        let check = |outcomes: &[Outcome], said: &str| {
            assert_eq!(counts(outcomes.iter().copied().collect()), said);
        };
        check(&[], "");
        check(
            &[Outcome::Failed, Outcome::Passed, Outcome::Passed],
            "2 passed, 1 failed",
        );
        check(
            &[Outcome::Skipped, Outcome::Flaky, Outcome::Errored],
            "1 errored, 1 flaky, 1 skipped",
        );
    }
}
