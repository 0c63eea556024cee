//! Cycles at a glance, and what happened in one. Pure.

use std::time::Duration;

use greenward_core::{CheckKind, CycleEvent, TestId, Verdict};
use greenward_engine::{CycleStanding, CycleSummary, Hands, Resting};
use unicode_width::UnicodeWidthStr;

use super::style::{BAD, DIM, GOOD, PLACE, STRONG, WARNING, paint};
use super::{cycle, words};

/// A table of cycles, `now` since the Unix epoch.
pub(crate) fn table(all: &[CycleStanding], now: Duration) -> String {
    let mut rows: Vec<[String; 7]> = vec![
        [
            "cycle", "age", "state", "attempts", "worker", "used", "test",
        ]
        .map(|title| paint(DIM, title)),
    ];
    rows.extend(all.iter().map(|standing| {
        let summary = &standing.summary;
        [
            paint(STRONG, summary.id),
            age(now.saturating_sub(summary.opened_at)),
            cycle::state(summary, standing.hands != Hands::Nobodys),
            summary.attempts.to_string(),
            summary.worker.clone(),
            cycle::usage(summary.usage),
            tests(&summary.targets),
        ]
    }));
    let width = |text: &str| anstream::adapter::strip_str(text).to_string().width();
    let mut widths = [0; 7];
    for row in &rows {
        for (most, cell) in widths.iter_mut().zip(row) {
            *most = (*most).max(width(cell));
        }
    }
    let line = |row: &[String; 7]| {
        let cells = row.iter().zip(widths);
        let line: String = cells
            .map(|(cell, most)| format!("{cell}{}  ", " ".repeat(most - width(cell))))
            .collect();
        format!("{}\n", line.trim_end())
    };
    rows.iter().map(line).collect()
}

/// How long ago something was, at a glance: `12 s`, `5 min`, `3 h`, `2 d`.
fn age(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min", seconds / 60),
        seconds @ 3600..86400 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86400),
    }
}

/// The first test, and how many more there are.
fn tests(targets: &[TestId]) -> String {
    match targets {
        [] => String::new(),
        [only] => only.to_string(),
        [first, more @ ..] => format!("{first} and {} more", more.len()),
    }
}

/// What is left alone for a while, a line for each, `now` since the Unix epoch.
pub(crate) fn resting(resting: &[Resting], now: Duration) -> String {
    let line = |resting: &Resting| {
        let mut text = resting.say(now);
        // A sentence of its own here.
        text[..1].make_ascii_uppercase();
        format!("{}\n", paint(WARNING, format_args!("{text}.")))
    };
    resting.iter().map(line).collect()
}

/// The heading of one cycle, with its tests.
pub(crate) fn title(summary: &CycleSummary, goes_on: bool) -> String {
    let mut text = paint(STRONG, format_args!("Cycle {}", summary.id));
    let state = cycle::state(summary, goes_on);
    text += &format!(" by {}, {state}\n", summary.worker);
    for test in &summary.targets {
        text += &format!("  {test}\n");
    }
    text
}

/// What happened, `at` after the beginning.
pub(crate) fn event(at: Duration, event: &CycleEvent) -> String {
    let when = paint(DIM, format_args!("{:>7.1} s ", at.as_secs_f64()));
    let (line, more) = words_of(event);
    let first = format!("{when} {line}\n");
    match more.is_empty() {
        true => first,
        false => first + &words::indent(&more, "             "),
    }
}

/// What happened in a line, and what there is to say below it.
fn words_of(event: &CycleEvent) -> (String, String) {
    let bare = |line: String| (line, String::new());
    match event {
        CycleEvent::Opened { limits, .. } => bare(match limits.attempts {
            u32::MAX => "opened".to_owned(),
            attempts => format!("opened, with {}", words::many(attempts as usize, "attempt")),
        }),
        CycleEvent::BaselineTaken { counts, .. } => {
            bare(format!("baseline: {}", words::counts(*counts)))
        }
        CycleEvent::AttemptStarted { phase, number } => {
            bare(paint(STRONG, format_args!("{phase}, attempt {number}")))
        }
        CycleEvent::WorkerReplied {
            usage,
            files,
            summary,
            ..
        } => {
            let files: Vec<String> = files.iter().map(|file| paint(PLACE, file)).collect();
            let used = cycle::usage(*usage);
            let line = format!("changed {}  {}", files.join(", "), paint(DIM, used));
            (line.trim_end().to_owned(), summary.clone())
        }
        CycleEvent::WorkerFailed { error, .. } => {
            (paint(BAD, "the attempt came to nothing"), error.clone())
        }
        CycleEvent::WayOut { way, reason, .. } => {
            let line = format!("the worker stopped: {}", way.name());
            (paint(WARNING, line), reason.clone())
        }
        CycleEvent::Tested { targets, .. } => {
            let passed = targets.iter().filter(|target| target.is_passed()).count();
            let line = format!("{passed} of {} targets pass", targets.len());
            let style = if passed == targets.len() { GOOD } else { BAD };
            let failures = targets.iter().filter_map(|target| target.failure.as_ref());
            let first = failures.filter_map(|failure| failure.message.lines().next());
            let mut first: Vec<&str> = first.collect();
            // What keeps all of them from being built is the same for each.
            first.dedup();
            (paint(style, line), first.join("\n"))
        }
        CycleEvent::Verified { verdict, .. } => match verdict.is_passed() {
            true => bare(paint(GOOD, "the verdict passed")),
            false => {
                let failed = format!("the verdict failed: {}", failed(verdict).join(", "));
                bare(paint(BAD, failed))
            }
        },
        CycleEvent::LimitReached { limit } => {
            bare(format!("the limit of {} was reached", limit.name()))
        }
        CycleEvent::GotStuck { error } => (
            paint(BAD, "stuck: the same error three times"),
            error.clone(),
        ),
        CycleEvent::Broken { error } => {
            (paint(BAD, "a step could not be carried out"), error.clone())
        }
        CycleEvent::Cancelled => bare("cancelled".to_owned()),
        CycleEvent::Interrupted => bare("interrupted".to_owned()),
        CycleEvent::Resumed { .. } => bare("resumed".to_owned()),
        CycleEvent::Applied { files } => {
            let files = words::many(files.len(), "file");
            bare(paint(GOOD, format_args!("applied to {files}")))
        }
        CycleEvent::Discarded => bare("discarded".to_owned()),
    }
}

/// The checks that failed, in the order in which they were made; of a verdict in which none did,
/// those that are missing.
fn failed(verdict: &Verdict) -> Vec<&'static str> {
    let failed = verdict.failures().filter(|check| check.was_made());
    let failed: Vec<&str> = failed.map(|check| check.kind.name()).collect();
    match failed.is_empty() {
        true => {
            let skipped = verdict.failures().map(|check| check.kind);
            let missing = skipped.chain(verdict.missing());
            missing.map(CheckKind::name).collect()
        }
        false => failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::style::plain;
    use expect_test::expect;
    use greenward_core::{
        Check, CheckOutcome, CycleId, EndingKind, Framework, Phase, ProjectId, Review, Usage,
        WayOut,
    };

    fn summary(id: u64, ending: Option<EndingKind>, review: Option<Review>) -> CycleSummary {
        CycleSummary {
            id: CycleId(id),
            project: ProjectId::new(Framework::Cargo, ""),
            framework: Framework::Cargo,
            worker: "local".to_owned(),
            targets: (0..id % 3 + 1)
                .map(|number| TestId::parse(&format!("cargo:.#a/lib::t{number}")))
                .collect(),
            phase: Phase::Green,
            ending,
            reason: None,
            review,
            opened_at: Duration::from_secs(1_000 * id),
            last_at: Duration::from_secs(1_000 * id),
            run_time: Duration::ZERO,
            files: Vec::new(),
            attempts: 2,
            usage: Usage {
                input_tokens: 1_000 * (id % 2),
                ..Usage::default()
            },
            verdict: None,
        }
    }

    #[test]
    fn a_table_is_in_columns_and_says_how_each_stands() {
        let all = [
            (summary(13, None, None), Hands::Others),
            (summary(12, None, None), Hands::Nobodys),
            (
                summary(11, Some(EndingKind::Complete), None),
                Hands::Nobodys,
            ),
            (
                summary(10, Some(EndingKind::Complete), Some(Review::Applied)),
                Hands::Nobodys,
            ),
            (
                summary(1, Some(EndingKind::Stuck), Some(Review::Discarded)),
                Hands::Nobodys,
            ),
        ]
        .map(|(summary, hands)| CycleStanding {
            folder: "/w".into(),
            summary,
            hands,
        });
        expect![[r#"
            cycle  age     state        attempts  worker  used          test
            13     30 s    in green     2         local   1,000 tokens  cargo:.#a/lib::t0 and 1 more
            12     17 min  interrupted  2         local                 cargo:.#a/lib::t0
            11     33 min  green        2         local   1,000 tokens  cargo:.#a/lib::t0 and 2 more
            10     50 min  applied      2         local                 cargo:.#a/lib::t0 and 1 more
            1      3 h     discarded    2         local   1,000 tokens  cargo:.#a/lib::t0 and 1 more
        "#]]
        .assert_eq(&plain(&table(&all, Duration::from_secs(13_030))));
    }

    #[test]
    fn a_verdict_failed_by_the_checks_that_failed() {
        let skipped = || CheckOutcome::Skipped {
            why: "a check before it has failed".to_owned(),
        };
        for (checks, expected) in [
            (
                vec![
                    (CheckKind::Sealed, CheckOutcome::Passed),
                    (CheckKind::HeldOut, CheckOutcome::Failed),
                    (CheckKind::Canary, skipped()),
                    (CheckKind::Revert, skipped()),
                ],
                "held out",
            ),
            (
                vec![
                    (CheckKind::Revert, CheckOutcome::Failed),
                    (CheckKind::Canary, CheckOutcome::Failed),
                ],
                "revert, canary",
            ),
            (
                vec![
                    (CheckKind::Sealed, CheckOutcome::Passed),
                    (CheckKind::Canary, skipped()),
                ],
                "canary, targets, nothing else, revert",
            ),
        ] {
            let checks = checks.into_iter().map(|(kind, outcome)| Check {
                kind,
                outcome,
                evidence: Vec::new(),
            });
            let verdict = Verdict {
                checks: checks.collect(),
            };
            assert_eq!(failed(&verdict).join(", "), expected);
        }
    }

    #[test]
    fn events_are_told_with_what_there_is_to_say() {
        let events = [
            CycleEvent::AttemptStarted {
                phase: Phase::Green,
                number: 1,
            },
            CycleEvent::WayOut {
                way: WayOut::Blocked,
                reason: "no network\nat all".to_owned(),
                usage: Usage::default(),
            },
            CycleEvent::Verified {
                commit: greenward_core::CommitId::new("00"),
                verdict: Verdict::default(),
            },
            CycleEvent::Applied {
                files: vec!["a.rs".into()],
            },
        ];
        let text: String = (1..)
            .zip(&events)
            .map(|(seconds, one)| event(Duration::from_secs(seconds), one))
            .collect();
        // The heading keeps the lines' own margin.
        expect![[r#"
            events
                1.0 s  green, attempt 1
                2.0 s  the worker stopped: blocked
                         no network
                         at all
                3.0 s  the verdict failed: sealed, targets, nothing else, canary, revert
                4.0 s  applied to 1 file
        "#]]
        .assert_eq(&plain(&format!("events\n{text}")));
    }
}
