//! Runs for programs: one JSON object a line, as `docs/protocol.md` describes them.

use greenward_engine::RunNotice;
use greenward_lsp::wire::{self, Bytes};
use serde::Serialize;

use super::tally::Tally;
use crate::screen::Screen;

/// Prints runs as JSON Lines.
pub(crate) struct JsonLines {
    screen: Screen,
    tally: Tally,
}

impl JsonLines {
    /// Onto a screen, on which nothing else may be printed.
    pub(crate) fn new(screen: Screen) -> Self {
        Self {
            screen,
            tally: Tally::default(),
        }
    }

    /// What became of the runs so far.
    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Prints what happened in a run.
    pub(crate) fn run(&mut self, notice: &RunNotice) {
        self.tally.take(notice);
        self.object(&wire::run_event(notice, &Bytes));
    }

    /// Prints the last line: what became of everything.
    pub(crate) fn end(&mut self) {
        let runs = self.tally.ended().iter();
        let runs = runs.map(|run| (&run.project, &run.outcome));
        let last = wire::last_line(self.tally.counts(), runs);
        self.object(&last);
    }

    fn object(&mut self, object: &impl Serialize) {
        match serde_json::to_string(object) {
            Ok(line) => self.screen.line(&line),
            Err(error) => tracing::error!(%error, "an event cannot be written as JSON"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::screen::tests::screen;
    use greenward_core::{Counts, Framework, ProjectId, RunId, RunOutcome};
    use greenward_engine::RunWhat;

    #[test]
    fn every_event_is_a_line_and_the_result_the_last() {
        let (screen, written) = screen(false, false);
        let mut lines = JsonLines::new(screen);
        let whats = [
            RunWhat::Output("an \u{1b}[31modd\n line".into()),
            RunWhat::Finished {
                outcome: RunOutcome::Passed,
                counts: Counts {
                    passed: 2,
                    ..Counts::default()
                },
                duration: Duration::from_millis(5),
            },
        ];
        for (sequence, what) in (0..).zip(whats) {
            lines.run(&RunNotice {
                run: RunId(1),
                sequence,
                project: ProjectId::new(Framework::Cargo, ""),
                what,
            });
        }
        lines.end();
        let events: Vec<serde_json::Value> = written
            .text()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let names: Vec<&str> = events
            .iter()
            .map(|event| event["event"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["output", "runFinished", "result"]);
        assert_eq!(events[0]["text"], "an \u{1b}[31modd\n line");
        assert_eq!(events[2]["counts"]["passed"], 2);
        assert_eq!(events[2]["runs"][0]["outcome"], "passed");
    }
}
