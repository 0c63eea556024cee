//! Numbers and places in words.

use std::time::Duration;

use camino::Utf8Path;
use greenward_core::{Counts, Location, Outcome};

use super::style::{self, paint};

/// A time at a glance: `3 ms`, `1.32 s`, `2 min 5 s`.
pub(crate) fn duration(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        1..60 => format!("{:.2} s", time.as_secs_f64()),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

/// `1 test`, `2 tests`.
pub(crate) fn many(number: usize, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {one}s"),
    }
}

/// `5 failed, 120 passed, 2 skipped`: the worst first, nothing that is none.
pub(crate) fn counts(counts: Counts) -> String {
    let words: Vec<String> = [
        (counts.failed, Outcome::Failed),
        (counts.errored, Outcome::Errored),
        (counts.flaky, Outcome::Flaky),
        (counts.passed, Outcome::Passed),
        (counts.skipped, Outcome::Skipped),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, outcome)| {
        let (colour, _) = style::of_outcome(outcome);
        paint(colour, format_args!("{number} {}", outcome.name()))
    })
    .collect();
    if words.is_empty() {
        return "no tests".to_owned();
    }
    words.join(", ")
}

/// A path as somebody in `base` would write it.
pub(crate) fn path(path: &Utf8Path, base: &Utf8Path) -> String {
    match path.strip_prefix(base) {
        Ok(inner) if inner.as_str().is_empty() => ".".to_owned(),
        Ok(inner) => inner.to_string(),
        Err(_) => path.to_string(),
    }
}

/// A place as compilers write it and terminals link it: `src/lib.rs:12:5`, counted from 1.
pub(crate) fn place(location: &Location, base: &Utf8Path) -> String {
    let start = location.range.start;
    let file = path(&location.file, base);
    match start.column {
        0 => format!("{file}:{}", start.line + 1),
        column => format!("{file}:{}:{}", start.line + 1, column + 1),
    }
}

/// Each line of `text` behind `margin`; empty lines stay empty. Ends with a line break.
pub(crate) fn indent(text: &str, margin: &str) -> String {
    text.lines()
        .map(|line| match line {
            "" => "\n".to_owned(),
            line => format!("{margin}{line}\n"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::style::{plain, visible};

    #[test]
    fn times_are_short() {
        for (millis, expected) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_320, "1.32 s"),
            (59_990, "59.99 s"),
            (125_900, "2 min 5 s"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), expected);
        }
    }

    #[test]
    fn counts_name_the_worst_first_and_leave_out_what_is_none() {
        let some = Counts {
            passed: 120,
            failed: 5,
            skipped: 2,
            ..Counts::default()
        };
        assert_eq!(plain(&counts(some)), "5 failed, 120 passed, 2 skipped");
        assert_eq!(counts(Counts::default()), "no tests");
        let all = Counts {
            passed: 1,
            failed: 2,
            errored: 3,
            skipped: 4,
            flaky: 5,
        };
        expect_test::expect!["ESC[1mESC[31m2 failed</>, ESC[1mESC[31m3 errored</>, ESC[33m5 flaky</>, ESC[32m1 passed</>, ESC[2m4 skipped</>"]
            .assert_eq(&visible(&counts(all)));
    }

    #[test]
    fn paths_are_relative_to_where_the_reader_is() {
        for (file, base, expected) in [
            ("/w/src/lib.rs", "/w", "src/lib.rs"),
            ("/w", "/w", "."),
            ("/other/lib.rs", "/w", "/other/lib.rs"),
        ] {
            assert_eq!(path(file.into(), base.into()), expected);
        }
    }
}
