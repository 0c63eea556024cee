//! What can be read about a cycle, as documents of our own.

use std::fmt::Write as _;

use greenward_core::{Check, CheckOutcome, CycleId, EndingKind, Review};
use greenward_engine::{CycleDiff, CycleStanding, CycleSummary};
use greenward_workspace::merge::Conflict;
use percent_encoding::percent_decode_str;

use super::words;
use crate::output::SCHEME;

/// A document about cycles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Document {
    /// `greenward:/cycles.md`: all cycles.
    List,
    /// `greenward:/cycle/7.md`: all that is known of one.
    Cycle(CycleId),
    /// `greenward:/cycle/7.diff`: what it changes.
    Diff(CycleId),
    /// `greenward:/cycle/7.conflicts`: where it and the user have changed the same lines.
    Conflicts(CycleId),
}

impl Document {
    /// Its URI.
    pub(crate) fn uri(self) -> String {
        format!("{SCHEME}:/{}", self.path())
    }

    /// The name of a file for it, for editors that cannot open ours.
    pub(crate) fn file_name(self) -> String {
        self.path().replace('/', "-")
    }

    fn path(self) -> String {
        match self {
            Document::List => "cycles.md".to_owned(),
            Document::Cycle(id) => format!("cycle/{id}.md"),
            Document::Diff(id) => format!("cycle/{id}.diff"),
            Document::Conflicts(id) => format!("cycle/{id}.conflicts"),
        }
    }

    /// The document of a URI. `greenward:/cycle/7` and `greenward:/cycle/7/diff` will do as well.
    pub(crate) fn parse(uri: &str) -> Option<Self> {
        let path = uri.strip_prefix(SCHEME)?.strip_prefix(':')?;
        let path = path.strip_prefix("//").unwrap_or(path);
        let path = percent_decode_str(path).decode_utf8().ok()?;
        if path == "/cycles.md" || path == "/cycles" {
            return Some(Document::List);
        }
        let rest = path.strip_prefix("/cycle/")?;
        let (id, what) = rest.split_once(['.', '/']).unwrap_or((rest, ""));
        let id = CycleId(id.parse().ok()?);
        match what {
            "" | "md" => Some(Document::Cycle(id)),
            "diff" => Some(Document::Diff(id)),
            "conflicts" => Some(Document::Conflicts(id)),
            _ => None,
        }
    }
}

/// All that is known of a cycle, in Markdown.
pub(crate) fn cycle(diff: &CycleDiff) -> String {
    let summary = &diff.summary;
    let mut text = format!("# Cycle {}: {}\n", summary.id, words::state(summary));
    // Writing to a string cannot fail.
    if let Some(reason) = &summary.reason {
        let _ = write!(text, "\n{}\n", reason.trim());
    }
    text.push_str("\n## Targets\n\n");
    for target in &summary.targets {
        let _ = writeln!(text, "- `{target}`");
    }
    let _ = write!(
        text,
        "\n## What was tried\n\n- by `{}`, {}\n- used: {}\n",
        summary.worker,
        words::attempts(summary.attempts),
        words::usage(&summary.usage),
    );
    if let Some(verdict) = &summary.verdict {
        text.push_str("\n## Verdict\n");
        for check in &verdict.checks {
            check_section(&mut text, check);
        }
        for missing in verdict.missing() {
            let _ = write!(
                text,
                "\n### {missing}: not made\n\n{}\n",
                missing.question()
            );
        }
    }
    if !diff.left_out.is_empty() {
        text.push_str(
            "\n## Left out\n\nThese are no part of what was judged, and stay as they are:\n\n",
        );
        for path in &diff.left_out {
            let _ = writeln!(text, "- `{path}`");
        }
    }
    let patch = self::diff(diff);
    if !patch.is_empty() {
        // A patch may hold a fence of its own.
        let fence = "`".repeat(longest_fence(&patch).max(2) + 1);
        let _ = write!(text, "\n## Changes\n\n{fence}diff\n{patch}{fence}\n");
    }
    let _ = write!(text, "\n{}\n", what_now(summary));
    text
}

fn check_section(text: &mut String, check: &Check) {
    let _ = write!(
        text,
        "\n### {} {}: {}\n\n{}\n",
        words::mark(&check.outcome),
        check.kind,
        check.outcome.name(),
        check.kind.question()
    );
    let why = match &check.outcome {
        CheckOutcome::Skipped { why } => Some(why),
        _ => None,
    };
    let lines: Vec<&String> = why.into_iter().chain(&check.evidence).collect();
    if !lines.is_empty() {
        text.push('\n');
    }
    for line in lines {
        let _ = writeln!(text, "- {}", line.replace('\n', "\n  "));
    }
}

fn longest_fence(text: &str) -> usize {
    text.lines()
        .map(|line| {
            let line = line.trim_start_matches(['+', '-', ' ']);
            line.len() - line.trim_start_matches('`').len()
        })
        .max()
        .unwrap_or_default()
}

/// What the user can do with a cycle, by the names of the commands.
fn what_now(summary: &CycleSummary) -> &'static str {
    match (summary.ending, summary.review) {
        (_, Some(Review::Applied)) => "Its result is in your files.",
        (_, Some(Review::Discarded)) => {
            "It was discarded. What it made is kept under `refs/greenward/cycles`."
        }
        (Some(EndingKind::Complete), None) => {
            "`greenward.cycle.apply` brings the result to your files, `greenward.cycle.discard` \
             puts it aside."
        }
        (Some(_), None) => {
            "`greenward.cycle.resume` lets it go on with a new allowance, \
             `greenward.cycle.discard` puts it aside."
        }
        (None, None) => {
            "`greenward.cycle.cancel` stops it; `greenward.cycle.resume` takes it up again after a restart."
        }
    }
}

/// What a cycle changes, as a patch.
pub(crate) fn diff(diff: &CycleDiff) -> String {
    diff.files.iter().map(|file| file.unified()).collect()
}

/// Where a result and the user's own work do not fit, both in one text with conflict markers.
pub(crate) fn conflicts(id: CycleId, conflicts: &[Conflict]) -> String {
    let mut text = format!(
        "Cycle {id} and you have changed the same lines. Nothing was changed in your files.\n\
         Between `<<<<<<<` and `=======` stands what you have, below it what the cycle made.\n"
    );
    for conflict in conflicts {
        let _ = write!(text, "\n==== {} ====\n", conflict.path);
        match &conflict.marked {
            Some(marked) => text.push_str(marked),
            None => text.push_str(match (&conflict.mine, &conflict.theirs) {
                (Some(_), None) => "You have changed this file, and the cycle removed it.\n",
                (None, Some(_)) => "You have removed this file, and the cycle changed it.\n",
                _ => "This file is no text: it cannot be shown.\n",
            }),
        }
        if !text.ends_with('\n') {
            text.push('\n');
        }
    }
    text
}

/// All cycles, the newest first, in Markdown.
pub(crate) fn list(cycles: &[CycleStanding]) -> String {
    let mut text = "# Cycles\n".to_owned();
    if cycles.is_empty() {
        text.push_str("\nThere are none. `Implement to green` on a failing test begins one.\n");
    }
    for cycle in cycles {
        let summary = &cycle.summary;
        let _ = write!(
            text,
            "\n## {}: {}\n\n- {}\n- by `{}`, {}, {}\n",
            summary.id,
            words::standing(cycle),
            words::targets(&summary.targets),
            summary.worker,
            words::attempts(summary.attempts),
            words::usage(&summary.usage),
        );
        if let Some(reason) = &summary.reason {
            let first = reason.lines().next().unwrap_or_default();
            let _ = writeln!(text, "- {first}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cycle::samples;
    use expect_test::expect;
    use greenward_engine::Hands;

    #[test]
    fn a_uri_leads_back_to_its_document() {
        let id = CycleId(7);
        for document in [
            Document::List,
            Document::Cycle(id),
            Document::Diff(id),
            Document::Conflicts(id),
        ] {
            assert_eq!(Document::parse(&document.uri()), Some(document));
        }
        for (uri, expected) in [
            ("greenward:/cycle/7", Some(Document::Cycle(id))),
            ("greenward:/cycle/7/diff", Some(Document::Diff(id))),
            ("greenward:///cycle/7.diff", Some(Document::Diff(id))),
            ("greenward:/cycle/seven", None),
            ("greenward:/cycle/7.exe", None),
            ("greenward:/output/a.txt", None),
            ("file:/cycle/7", None),
        ] {
            assert_eq!(Document::parse(uri), expected, "{uri}");
        }
        assert_eq!(Document::Diff(id).file_name(), "cycle-7.diff");
    }

    #[test]
    fn a_cycle_that_is_not_green_says_why_check_by_check() {
        let diff = CycleDiff {
            summary: samples::failed(),
            top: "/w".into(),
            files: Vec::new(),
            left_out: vec!["tests/test_roman.py".into()],
        };
        expect![[r#"
            # Cycle 8: failed

            the limit of attempts is reached

            ## Targets

            - `pytest:.#a.py::test_four`

            ## What was tried

            - by `local`, 4 attempts
            - used: no tokens

            ## Verdict

            ### ✗ sealed: failed

            Are tests, fixtures and configuration untouched?

            - test_roman.py is not as it was

            ### targets: not made

            Does every target report its own pass, each time?

            ### nothing else: not made

            Does all else that passed before still pass, with no test skipped or gone?

            ### canary: not made

            Does a planted test that must fail really fail?

            ### revert: not made

            Do the targets fail without the change?

            ## Left out

            These are no part of what was judged, and stay as they are:

            - `tests/test_roman.py`

            `greenward.cycle.resume` lets it go on with a new allowance, `greenward.cycle.discard` puts it aside.
        "#]].assert_eq(&cycle(&diff));
    }

    #[test]
    fn cycles_are_listed_with_their_state() {
        expect![[r#"
            # Cycles

            ## 7: green

            - test_four
            - by `local`, 1 attempt, no tokens

            ## 7: interrupted

            - test_four
            - by `local`, 1 attempt, no tokens

            ## 7: complete

            - test_four
            - by `local`, 1 attempt, 1200 tokens, $0.03

            ## 8: failed

            - test_four
            - by `local`, 4 attempts, no tokens
            - the limit of attempts is reached
        "#]]
        .assert_eq(&list(&[
            samples::in_hands(samples::running(), Hands::Others),
            samples::in_hands(samples::running(), Hands::Nobodys),
            samples::in_hands(samples::complete(), Hands::Nobodys),
            samples::in_hands(samples::failed(), Hands::Nobodys),
        ]));
        assert!(list(&[]).contains("There are none"));
    }

    #[test]
    fn conflicts_stand_file_by_file() {
        let conflict = |path: &str, marked: Option<&str>| Conflict {
            path: path.into(),
            base: None,
            mine: None,
            theirs: None,
            marked: marked.map(str::to_owned),
        };
        let text = conflicts(
            CycleId(7),
            &[
                conflict(
                    "a.py",
                    Some("<<<<<<< yours\n1\n=======\n2\n>>>>>>> cycle\n"),
                ),
                conflict("b.bin", None),
            ],
        );
        assert!(text.contains("==== a.py ====\n<<<<<<< yours"), "{text}");
        assert!(
            text.contains("==== b.bin ====\nThis file is no text"),
            "{text}"
        );
    }

    #[test]
    fn a_patch_with_fences_stays_in_its_own() {
        assert_eq!(longest_fence("+```rust\n+````\n"), 4);
        assert_eq!(longest_fence("+x\n"), 0);
    }
}
