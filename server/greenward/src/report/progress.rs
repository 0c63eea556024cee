//! The live line: what goes on right now, in one line that fits the terminal.

use std::collections::BTreeMap;
use std::time::Duration;

use greenward_core::{Counts, ProjectId, RunId, TestId};
use greenward_engine::{RunNotice, RunWhat};
use unicode_width::UnicodeWidthChar;

use super::style::{BAD, DIM, GOOD, paint};
use super::{Projects, short_name, words};

/// A run that goes on.
#[derive(Debug, Clone)]
struct Live {
    project: ProjectId,
    stage: String,
    planned: u32,
    counts: Counts,
    /// The test that began last and has not ended.
    current: Option<TestId>,
    ended: bool,
}

/// The runs that go on, with those that ended since any did.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    runs: BTreeMap<RunId, Live>,
}

impl Progress {
    /// Takes in what happened in a run.
    pub(crate) fn take(&mut self, notice: &RunNotice) {
        if !self.is_live() {
            self.runs.clear();
        }
        let live = self.runs.entry(notice.run).or_insert_with(|| Live {
            project: notice.project.clone(),
            stage: "starting".to_owned(),
            planned: 0,
            counts: Counts::default(),
            current: None,
            ended: false,
        });
        match &notice.what {
            RunWhat::Stage(stage) => live.stage.clone_from(stage),
            RunWhat::Planned(more) => live.planned += more,
            RunWhat::TestStarted(test) => live.current = Some(test.clone()),
            RunWhat::TestFinished { test, outcome, .. } => {
                live.counts.add(*outcome);
                if live.current.as_ref() == Some(test) {
                    live.current = None;
                }
            }
            RunWhat::Finished { .. } => live.ended = true,
            RunWhat::Started { .. } | RunWhat::Output(_) | RunWhat::Problem(_) => {}
        }
    }

    /// Whether a run goes on.
    pub(crate) fn is_live(&self) -> bool {
        self.runs.values().any(|run| !run.ended)
    }

    /// The line, at most `width` columns wide. Empty when nothing runs.
    pub(crate) fn line(&self, elapsed: Duration, width: usize, projects: &Projects) -> String {
        let live = || self.runs.values().rev().filter(|run| !run.ended);
        let Some(latest) = live().next() else {
            return String::new();
        };
        let total = |part: fn(&Live) -> u32| self.runs.values().map(part).sum::<u32>();
        let (done, bad) = (
            total(|run| run.counts.total()),
            total(|run| run.counts.bad()),
        );
        let planned = total(|run| run.planned).max(done);

        let mut line = Line::new(width);
        line.add(&words::duration(elapsed), |text| paint(DIM, text));
        if planned > 0 {
            line.add(&format!("{done}/{planned}"), |text| paint(GOOD, text));
        }
        if bad > 0 {
            line.add(&format!("{bad} failed"), |text| paint(BAD, text));
        }
        let current = live().find_map(|run| run.current.as_ref());
        match current {
            Some(test) => line.add(short_name(test, self.runs.len() == 1), str::to_owned),
            None => {
                line.add(&latest.stage, str::to_owned);
                line.add(&projects.name(&latest.project), |text| paint(DIM, text));
            }
        }
        line.text
    }
}

/// A line that is filled up to a width.
struct Line {
    text: String,
    left: usize,
}

impl Line {
    fn new(width: usize) -> Self {
        Self {
            text: String::new(),
            left: width,
        }
    }

    /// Adds a part two columns after the last one, as much of it as fits.
    fn add(&mut self, part: &str, paint: impl Fn(&str) -> String) {
        let gap = if self.text.is_empty() { 0 } else { 2 };
        let part = fitting(part, self.left.saturating_sub(gap));
        if part.is_empty() {
            self.left = 0;
            return;
        }
        self.text.push_str(&" ".repeat(gap));
        self.text.push_str(&paint(&part));
        self.left -= gap + columns(&part);
    }
}

fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// As much of the end of `text` as fits into `width` columns: a test's own name is at its end.
fn fitting(text: &str, width: usize) -> String {
    // What is not printable would break the line.
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    if columns(&text) <= width {
        return text;
    }
    let mut left = width.saturating_sub(1);
    let kept = text.chars().rev().take_while(|c| {
        let columns = c.width().unwrap_or(0);
        let fits = columns <= left;
        left = left.saturating_sub(columns);
        fits
    });
    let end: String = kept.collect();
    match width {
        0 => String::new(),
        _ => std::iter::once('…').chain(end.chars().rev()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::report::style::plain;
    use expect_test::{Expect, expect};
    use greenward_core::{Cause, Framework, Outcome, RunOutcome, TestResult};

    fn test(name: &str) -> TestId {
        TestId::new(&ProjectId::new(Framework::Cargo, ""), name)
    }

    fn finished(name: &str, outcome: Outcome) -> RunWhat {
        RunWhat::TestFinished {
            test: test(name),
            outcome,
            result: Arc::new(TestResult::bare(outcome)),
        }
    }

    fn progress(what: &[RunWhat]) -> Progress {
        let mut progress = Progress::default();
        for (sequence, what) in (0..).zip(what) {
            progress.take(&RunNotice {
                run: RunId(1),
                sequence,
                project: ProjectId::new(Framework::Cargo, ""),
                what: what.clone(),
            });
        }
        progress
    }

    fn check(what: &[RunWhat], width: usize, line: Expect) {
        let rendered =
            plain(&progress(what).line(Duration::from_millis(1300), width, &Projects::default()));
        assert!(columns(&rendered) <= width, "{rendered}");
        line.assert_eq(&rendered);
    }

    fn running() -> Vec<RunWhat> {
        vec![
            RunWhat::Started {
                cause: Cause::Asked,
                why: "asked".into(),
            },
            RunWhat::Stage("running".into()),
            RunWhat::Planned(40),
            finished("a/lib::one", Outcome::Passed),
            finished("a/lib::two", Outcome::Failed),
            RunWhat::TestStarted(test("a/lib::three")),
        ]
    }

    #[test]
    fn the_line_says_what_goes_on() {
        check(&running()[..1], 80, expect!["1.30 s  starting  cargo:."]);
        check(
            &[RunWhat::Stage("building".into())],
            80,
            expect!["1.30 s  building  cargo:."],
        );
        check(
            &running(),
            80,
            expect!["1.30 s  2/40  1 failed  a/lib::three"],
        );
    }

    #[test]
    fn a_narrow_terminal_gets_the_end_of_the_name() {
        check(
            &running(),
            34,
            expect!["1.30 s  2/40  1 failed  …ib::three"],
        );
        for width in 0..34 {
            check_width(width);
        }
    }

    fn check_width(width: usize) {
        let mut what = running();
        what.push(RunWhat::TestStarted(test("a/lib::größe_寿司\u{7}\n::x")));
        let line =
            plain(&progress(&what).line(Duration::from_secs(100), width, &Projects::default()));
        assert!(columns(&line) <= width, "{width}: {line}");
        assert!(!line.contains(['\n', '\u{7}']), "{line:?}");
    }

    #[test]
    fn nothing_is_said_when_nothing_runs() {
        let mut what = running();
        what.push(RunWhat::Finished {
            outcome: RunOutcome::Failed,
            counts: Counts::default(),
            duration: Duration::ZERO,
        });
        assert!(!progress(&what).is_live());
        check(&what, 80, expect![[""]]);
    }
}
