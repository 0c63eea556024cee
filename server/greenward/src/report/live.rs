//! The live line of a cycle. Pure.

use std::time::Duration;

use greenward_core::CycleId;
use greenward_engine::CycleWhat;

use super::cycle::usage;
use super::style::{DIM, paint};

/// What stands in the live line of a cycle.
#[derive(Debug, Clone, Default)]
pub(crate) struct Live {
    id: Option<CycleId>,
    phase: String,
    stage: String,
    said: String,
    used: String,
}

impl Live {
    /// Takes in what happened.
    pub(crate) fn take(&mut self, id: CycleId, what: &CycleWhat) {
        self.id = Some(id);
        match what {
            CycleWhat::Began(summary) => self.used = usage(summary.usage),
            CycleWhat::Phase { phase, attempt, of } => {
                self.phase = match (attempt, of) {
                    (0, _) | (_, &u32::MAX) => phase.to_string(),
                    (attempt, of) => format!("{phase} {attempt}/{of}"),
                };
                self.stage.clear();
                self.said.clear();
            }
            CycleWhat::Stage(stage) => {
                self.stage.clone_from(stage);
                self.said.clear();
            }
            CycleWhat::Said(text) => {
                self.said.push_str(text);
                let line = self.said.trim_end().lines().last().unwrap_or_default();
                self.said = match text.ends_with('\n') {
                    true => format!("{line}\n"),
                    false => line.to_owned(),
                };
            }
            CycleWhat::Replied { usage, .. } => self.used = super::cycle::usage(*usage),
            CycleWhat::Checked(check) => self.stage = format!("after {}", check.kind),
            CycleWhat::Ended(_) => *self = Self::default(),
            CycleWhat::WorkerFailed(_) | CycleWhat::WayOut(..) | CycleWhat::Tested(_) => {}
        }
    }

    /// The line, `time` after the beginning; empty where nothing goes on.
    pub(crate) fn line(&self, time: Duration, width: usize) -> String {
        let Some(id) = self.id else {
            return String::new();
        };
        let parts = [
            format!("cycle {id}"),
            self.phase.clone(),
            self.stage.clone(),
            self.used.clone(),
            format!("{} s", time.as_secs()),
            self.said.trim().to_owned(),
        ];
        let line: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let line: String = line.join(" · ").chars().take(width).collect();
        paint(DIM, line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::style::plain;
    use expect_test::expect;
    use greenward_core::Phase;

    #[test]
    fn the_live_line_says_what_goes_on_now() {
        let mut live = Live::default();
        let mut shown = Vec::new();
        for what in [
            CycleWhat::Phase {
                phase: Phase::Green,
                attempt: 2,
                of: 4,
            },
            CycleWhat::Stage("waiting for local".to_owned()),
            CycleWhat::Said("First.\nSec".to_owned()),
            CycleWhat::Said("ond.\n".to_owned()),
            CycleWhat::Said("Third".to_owned()),
            CycleWhat::WorkerFailed("no connection".to_owned()),
        ] {
            live.take(CycleId(7), &what);
            shown.push(plain(&live.line(Duration::from_secs(3), 60)));
        }
        expect![[r#"
            cycle 7 · green 2/4 · 3 s
            cycle 7 · green 2/4 · waiting for local · 3 s
            cycle 7 · green 2/4 · waiting for local · 3 s · Sec
            cycle 7 · green 2/4 · waiting for local · 3 s · Second.
            cycle 7 · green 2/4 · waiting for local · 3 s · Third
            cycle 7 · green 2/4 · waiting for local · 3 s · Third"#]]
        .assert_eq(&shown.join("\n"));
    }
}
