//! What a person sees of a cycle: lines as it goes on, and how it ended. Pure.

use greenward_core::{
    Check, CheckOutcome, CycleId, EndingKind, Failure, Outcome, Phase, Review, TargetResult,
    TestId, Usage, Verdict,
};
use greenward_engine::{CycleSummary, CycleWhat};

use super::style::{self, BAD, DIM, GOOD, PLACE, STRONG, WARNING, paint};
use super::words;

/// How many lines of a failure are shown before the next attempt.
const LINES: usize = 6;

/// The lines for something that happened in a cycle, each ended by a line break. Nothing for what
/// only the live line shows.
pub(crate) fn lines(what: &CycleWhat) -> String {
    match what {
        CycleWhat::Began(summary) => began(summary),
        CycleWhat::Phase { phase, attempt, of } => phase_line(*phase, *attempt, *of),
        CycleWhat::Stage(stage) if stage == "verifying" => String::new(),
        CycleWhat::Stage(stage) => format!("  {}\n", paint(DIM, stage)),
        CycleWhat::Said(_) => String::new(),
        CycleWhat::Replied {
            usage,
            files,
            summary,
        } => replied(*usage, files, summary),
        CycleWhat::WorkerFailed(why) => format!(
            "  {}\n{}",
            paint(BAD, "✗ the attempt came to nothing"),
            words::indent(why, "    ")
        ),
        CycleWhat::WayOut(way, reason) => format!(
            "  {}\n{}",
            paint(
                WARNING,
                format_args!("the worker stops here: {}", way.name())
            ),
            words::indent(reason, "    ")
        ),
        CycleWhat::Tested(targets) => tested(targets),
        CycleWhat::Checked(check) => self::check(check),
        CycleWhat::Ended(_) => String::new(),
    }
}

fn began(summary: &CycleSummary) -> String {
    let who = match summary.worker.as_str() {
        "human" => "you make".to_owned(),
        worker => format!("{worker} is to make"),
    };
    let mut text = paint(STRONG, format_args!("Cycle {}: {who} pass", summary.id));
    text.push('\n');
    for test in &summary.targets {
        text += &format!("  {test}\n");
    }
    text
}

/// What a person is told who is to write.
const BY_HAND: &str = "edit and save: the tests run by themselves, and once they pass the checks \
                       follow. Ctrl-C stops";

fn phase_line(phase: Phase, attempt: u32, of: u32) -> String {
    let title = match (phase, attempt, of) {
        (Phase::Pending, ..) => "baseline".to_owned(),
        (Phase::Verify, ..) => "verify".to_owned(),
        (phase, 0, _) => phase.to_string(),
        // A person has all the attempts there are.
        (phase, _, u32::MAX) => {
            return format!("{}\n  {}\n", paint(STRONG, phase), paint(DIM, BY_HAND));
        }
        (phase, attempt, of) => format!("{phase}, attempt {attempt} of {of}"),
    };
    format!("{}\n", paint(STRONG, title))
}

fn replied(usage: Usage, files: &[camino::Utf8PathBuf], summary: &str) -> String {
    let mut text = String::new();
    // What a worker says is cut: it is shown, and never believed. Models name the file before its
    // edits, which says no more than the list of files does.
    let said = summary.lines().map(str::trim);
    let said = said.filter(|line| !line.is_empty() && !files.iter().any(|file| file == line));
    for line in said.take(LINES) {
        text += &format!("  {}\n", paint(DIM, format_args!("“{line}”")));
    }
    let files: Vec<String> = files.iter().map(|file| paint(PLACE, file)).collect();
    let used = self::usage(usage);
    let used = match used.is_empty() {
        true => String::new(),
        false => paint(DIM, format_args!("  ({used})")),
    };
    text += &format!("  changed {}{used}\n", files.join(", "));
    text
}

/// The targets, each with the head of its failure. What keeps all of them from being built is told
/// once.
fn tested(targets: &[TargetResult]) -> String {
    let mut text = String::new();
    let mut told: Option<&Failure> = None;
    for one in targets {
        let build = one.failure.as_ref().filter(|failure| failure.kind == BUILD);
        let is_told = build.is_some() && build == told;
        text += &target(one, !is_told);
        told = build;
    }
    text
}

/// The kind of a failure that is that of a build.
const BUILD: &str = "build";

/// The first of the errors of a build, with its place, and how many more there are.
fn first_error(message: &str) -> String {
    let mut errors = message.split("\n\n");
    let first = errors.next().unwrap_or_default();
    match errors.count() {
        0 => first.to_owned(),
        more => format!("{first}\nand {}", words::many(more, "more error")),
    }
}

/// A target, with the head of its failure if that is to be told.
fn target(target: &TargetResult, why: bool) -> String {
    let TargetResult {
        test,
        outcome,
        failure,
    } = target;
    let (style, mark) = outcome.map_or((BAD, '?'), style::of_outcome);
    let word = outcome.map_or("did not report", Outcome::name);
    let mut text = format!(
        "  {} {}\n",
        paint(style, format_args!("{mark} {word}")),
        local(test)
    );
    if let Some(failure) = failure.as_ref().filter(|_| why) {
        let message = match failure.kind == BUILD {
            true => first_error(&failure.message),
            false => failure
                .message
                .lines()
                .take(LINES)
                .collect::<Vec<_>>()
                .join("\n"),
        };
        text += &words::indent(&message, "      ");
        if let (Some(expected), Some(actual)) = (&failure.expected, &failure.actual)
            && !failure.message.contains(actual.as_str())
        {
            text += &words::indent(&super::diff::render(expected, actual, 2 * LINES), "      ");
        }
    }
    text
}

/// A test without its project: a cycle is of one.
fn local(test: &TestId) -> &str {
    let id = test.as_str();
    id.split_once('#').map_or(id, |(_, local)| local)
}

/// A check of a verdict: its question, and its evidence unless it passed.
pub(crate) fn check(check: &Check) -> String {
    let (style, mark) = match check.outcome {
        CheckOutcome::Passed => (GOOD, '✓'),
        CheckOutcome::Failed => (BAD, '✗'),
        CheckOutcome::Skipped { .. } => (DIM, '-'),
        CheckOutcome::Noted => (WARNING, '!'),
    };
    let name = check.kind.name();
    let mut text = format!(
        "  {} {}\n",
        paint(style, format_args!("{mark} {name:<12}")),
        paint(DIM, check.kind.question())
    );
    if let CheckOutcome::Skipped { why } = &check.outcome {
        text += &words::indent(&format!("not made: {why}"), "      ");
    }
    if check.outcome != CheckOutcome::Passed {
        text += &words::indent(&check.evidence.join("\n"), "      ");
    }
    text
}

/// All checks with all their evidence.
pub(crate) fn verdict(verdict: &Verdict) -> String {
    let mut text = String::new();
    for one in &verdict.checks {
        text += &check(one);
        if one.outcome == CheckOutcome::Passed {
            text += &words::indent(&one.evidence.join("\n"), "      ");
        }
    }
    text
}

/// How a cycle ended, in a sentence or two.
pub(crate) fn ending(summary: &CycleSummary) -> String {
    let id = summary.id;
    let attempts = words::many(summary.attempts as usize, "attempt");
    let used = usage(summary.usage);
    let used = match used.is_empty() {
        true => String::new(),
        false => format!(", {used}"),
    };
    let time = words::duration(summary.run_time);
    match summary.ending {
        Some(EndingKind::Complete) => format!(
            "{} {}\n",
            paint(GOOD, format_args!("Cycle {id}: green.")),
            format_args!(
                "{} changed after {attempts} in {time}{used}.",
                words::many(summary.files.len(), "file")
            )
        ),
        Some(EndingKind::Cancelled) => format!(
            "{}\n",
            paint(WARNING, format_args!("Cycle {id} was cancelled."))
        ),
        // It did not come to the first attempt: its baseline was none.
        Some(EndingKind::Failed) if summary.attempts == 0 => format!(
            "{} {}.\n",
            paint(WARNING, format_args!("Cycle {id}: nothing was tried.")),
            summary.reason.as_deref().unwrap_or("nobody knows why")
        ),
        Some(EndingKind::Failed | EndingKind::Stuck) => {
            let reason = summary.reason.as_deref().unwrap_or("nobody knows why");
            format!(
                "{} {reason}\n{}{}",
                paint(BAD, format_args!("Cycle {id}: not green.")),
                refused(summary),
                format_args!("After {attempts} in {time}{used}.\n")
            )
        }
        None => format!(
            "{}\n",
            paint(WARNING, format_args!("Cycle {id} was interrupted."))
        ),
    }
}

/// Why the last attempt that came to a verdict was refused: those after it may have come to less.
/// Evidence that is cut stands in `greenward cycles ID`.
fn refused(summary: &CycleSummary) -> String {
    let failed = summary.verdict.as_ref().and_then(|verdict| {
        let mut failed = verdict.failures().filter(|check| check.was_made());
        failed.next()
    });
    let Some(check) = failed else {
        return String::new();
    };
    let evidence = check.evidence.iter().take(LINES).cloned();
    format!(
        "The last attempt that was judged was refused: {}\n{}",
        paint(BAD, check.kind),
        words::indent(&evidence.collect::<Vec<_>>().join("\n"), "    ")
    )
}

/// That somebody is at a cycle.
pub(crate) fn goes_on(id: CycleId) -> String {
    let text = format!("Cycle {id} goes on, in another terminal or in an editor.");
    format!("{}\n", paint(WARNING, text))
}

/// What can be done with a cycle that stands so and that nobody is at, a line for each.
pub(crate) fn next_steps(summary: &CycleSummary) -> String {
    let id = summary.id;
    let step = |command: &str, what: &str| {
        format!(
            "  {}  {what}\n",
            paint(STRONG, format_args!("greenward {command} {id}"))
        )
    };
    match (summary.ending, summary.review) {
        (_, Some(_)) => String::new(),
        (Some(EndingKind::Complete), None) => [
            step("apply", "  brings it into your files"),
            step("discard", "leaves them as they are"),
        ]
        .concat(),
        (Some(_), None) if summary.attempts > 0 => [
            step("diff", "  shows the last attempt"),
            step("resume", "tries on"),
        ]
        .concat(),
        (Some(_), None) => String::new(),
        (None, None) => [
            step("resume", " goes on with it"),
            step("discard", "leaves it as it is"),
        ]
        .concat(),
    }
}

/// `1,804 tokens, $0.03`; empty if nothing is known.
pub(crate) fn usage(usage: Usage) -> String {
    let about = if usage.estimated { "about " } else { "" };
    let tokens = match usage.tokens() {
        0 => None,
        tokens => Some(format!("{about}{} tokens", grouped(tokens))),
    };
    let cost = usage.cost_microdollars.map(money);
    let parts: Vec<String> = tokens.into_iter().chain(cost).collect();
    parts.join(", ")
}

/// Money at a glance: `$0.03`, `$0.0004`.
fn money(microdollars: u64) -> String {
    let (dollars, rest) = (microdollars / 1_000_000, microdollars % 1_000_000);
    match (dollars, rest) {
        (0, 1..10_000) => format!("$0.{:04}", rest.div_ceil(100)),
        _ => format!("${dollars}.{:02}", rest / 10_000),
    }
}

/// A number with a comma before every three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The word for how a cycle stands: its ending, what was made of it, or its phase if it goes on.
pub(crate) fn state(summary: &CycleSummary, goes_on: bool) -> String {
    match (summary.review, summary.ending) {
        (Some(Review::Applied), _) => paint(GOOD, "applied"),
        (Some(Review::Discarded), _) => paint(DIM, "discarded"),
        (None, Some(EndingKind::Complete)) => paint(GOOD, "green"),
        (None, Some(EndingKind::Failed)) if summary.attempts == 0 => paint(DIM, "not tried"),
        (None, Some(EndingKind::Failed)) => paint(BAD, "not green"),
        (None, Some(EndingKind::Stuck)) => paint(BAD, "stuck"),
        (None, Some(EndingKind::Cancelled)) => paint(DIM, "cancelled"),
        (None, None) if goes_on => paint(WARNING, format_args!("in {}", summary.phase)),
        (None, None) => paint(WARNING, "interrupted"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use crate::report::style::plain;
    use expect_test::{Expect, expect};
    use greenward_core::{CheckKind, Framework, ProjectId, WayOut};

    fn summary(ending: Option<EndingKind>, reason: Option<&str>) -> CycleSummary {
        CycleSummary {
            id: CycleId(7),
            project: ProjectId::new(Framework::Pytest, ""),
            framework: Framework::Pytest,
            worker: "local".to_owned(),
            targets: vec![TestId::parse("pytest:.#a.py::test_four")],
            phase: Phase::Green,
            ending,
            reason: reason.map(str::to_owned),
            review: None,
            opened_at: Duration::from_secs(100),
            last_at: Duration::from_secs(9_000),
            run_time: Duration::from_secs(12),
            files: vec!["a.py".into()],
            attempts: 2,
            usage: used(),
            verdict: None,
        }
    }

    fn used() -> Usage {
        Usage {
            input_tokens: 1_804,
            output_tokens: 211,
            cost_microdollars: Some(31_000),
            estimated: true,
        }
    }

    #[track_caller]
    fn check_lines(whats: &[CycleWhat], expected: Expect) {
        let text: String = whats.iter().map(lines).collect();
        expected.assert_eq(&plain(&text));
    }

    #[test]
    fn errors_of_a_build_are_told_once_with_the_place_of_the_first() {
        let unbuilt = |test: &str| TargetResult {
            test: TestId::parse(&format!("cargo:.#roman/lib::{test}")),
            outcome: Some(Outcome::Errored),
            failure: Some(Failure {
                message:
                    "src/lib.rs:12: mismatched types\nhelp: call it\n\nsrc/lib.rs:20: no\n\nand"
                        .to_owned(),
                kind: "build".to_owned(),
                ..Failure::default()
            }),
        };
        check_lines(
            &[
                CycleWhat::Stage("running the targets on the change".to_owned()),
                CycleWhat::Tested(vec![unbuilt("four"), unbuilt("six")]),
                CycleWhat::Phase {
                    phase: Phase::Green,
                    attempt: 2,
                    of: 4,
                },
            ],
            expect![[r#"
                  running the targets on the change
                  ! errored roman/lib::four
                      src/lib.rs:12: mismatched types
                      help: call it
                      and 2 more errors
                  ! errored roman/lib::six
                green, attempt 2 of 4
            "#]],
        );
    }

    #[test]
    fn a_cycle_is_told_line_by_line() {
        let target = |outcome| TargetResult {
            test: TestId::parse("pytest:.#a.py::test_four"),
            outcome,
            failure: Some(Failure {
                message: "assert 'IIII' == 'IV'".to_owned(),
                ..Failure::default()
            }),
        };
        let check = |kind, outcome| {
            CycleWhat::Checked(Check {
                kind,
                outcome,
                evidence: vec!["what was seen".to_owned()],
            })
        };
        check_lines(
            &[
                CycleWhat::Began(Box::new(summary(None, None))),
                CycleWhat::Phase {
                    phase: Phase::Green,
                    attempt: 2,
                    of: 4,
                },
                CycleWhat::Stage("waiting for local".to_owned()),
                CycleWhat::Said("nobody sees this".to_owned()),
                CycleWhat::Replied {
                    usage: used(),
                    files: vec!["a.py".into(), "b.py".into()],
                    summary: "Four is IV.\n\na.py\n".to_owned(),
                },
                CycleWhat::WorkerFailed("no connection\ntry later".to_owned()),
                CycleWhat::WayOut(WayOut::TestWrong, "it asks for IIII".to_owned()),
                CycleWhat::Tested(vec![target(Some(Outcome::Failed)), target(None)]),
                CycleWhat::Phase {
                    phase: Phase::Verify,
                    attempt: 2,
                    of: 4,
                },
                check(CheckKind::Sealed, CheckOutcome::Passed),
                check(CheckKind::Revert, CheckOutcome::Failed),
                check(
                    CheckKind::HeldOut,
                    CheckOutcome::Skipped {
                        why: "none".to_owned(),
                    },
                ),
                check(CheckKind::Warnings, CheckOutcome::Noted),
            ],
            expect![[r#"
                Cycle 7: local is to make pass
                  pytest:.#a.py::test_four
                green, attempt 2 of 4
                  waiting for local
                  “Four is IV.”
                  changed a.py, b.py  (about 2,015 tokens, $0.03)
                  ✗ the attempt came to nothing
                    no connection
                    try later
                  the worker stops here: test_wrong
                    it asks for IIII
                  ✗ failed a.py::test_four
                      assert 'IIII' == 'IV'
                  ? did not report a.py::test_four
                      assert 'IIII' == 'IV'
                verify
                  ✓ sealed       Are tests, fixtures and configuration untouched?
                  ✗ revert       Do the targets fail without the change?
                      what was seen
                  - held out     Do the tests pass that the worker never saw?
                      not made: none
                      what was seen
                  ! warnings     Is there anything that a reader should look at?
                      what was seen
            "#]],
        );
    }

    #[test]
    fn each_ending_says_how_to_go_on() {
        let text: String = [
            summary(Some(EndingKind::Complete), None),
            summary(
                Some(EndingKind::Failed),
                Some("the limit of cost is reached"),
            ),
            summary(Some(EndingKind::Cancelled), None),
            summary(None, None),
        ]
        .iter()
        .map(|summary| ending(summary) + &next_steps(summary))
        .collect();
        expect![[r#"
            Cycle 7: green. 1 file changed after 2 attempts in 12.00 s, about 2,015 tokens, $0.03.
              greenward apply 7    brings it into your files
              greenward discard 7  leaves them as they are
            Cycle 7: not green. the limit of cost is reached
            After 2 attempts in 12.00 s, about 2,015 tokens, $0.03.
              greenward diff 7    shows the last attempt
              greenward resume 7  tries on
            Cycle 7 was cancelled.
              greenward diff 7    shows the last attempt
              greenward resume 7  tries on
            Cycle 7 was interrupted.
              greenward resume 7   goes on with it
              greenward discard 7  leaves it as it is
        "#]]
        .assert_eq(&plain(&text));
    }

    #[test]
    fn money_and_numbers_are_short() {
        for (microdollars, expected) in [
            (0, "$0.00"),
            (1, "$0.0001"),
            (9_999, "$0.0100"),
            (31_000, "$0.03"),
            (12_340_000, "$12.34"),
        ] {
            assert_eq!(money(microdollars), expected);
        }
        for (number, expected) in [
            (7, "7"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), expected);
        }
    }
}
