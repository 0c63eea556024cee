//! Where it is told how a cycle goes: to a person, or to a program.

use std::time::Duration;

use greenward_core::Phase;
use greenward_engine::{CycleDiff, CycleNotice, CycleSummary, CycleWhat};
use greenward_lsp::wire::{self, Bytes};
use greenward_protocol::cycle::CycleLastLine;
use serde::Serialize;

use crate::report::change;
use crate::report::cycle;
use crate::report::live::Live;
use crate::screen::Screen;

/// Tells how a cycle goes: in words; or as JSON Lines on the standard output, with remarks for
/// people on the standard error.
pub(in crate::commands) struct Teller {
    people: Screen,
    programs: Option<Screen>,
    live: Live,
    /// What was told last of the phase.
    phase: Option<(Phase, u32)>,
}

impl Teller {
    /// For programs, or for people.
    pub(in crate::commands) fn new(json: bool) -> Self {
        match json {
            true => Self::on(Screen::stderr(), Some(Screen::for_programs())),
            false => Self::on(Screen::stdout(), None),
        }
    }

    /// Onto a screen.
    pub(in crate::commands) fn on(people: Screen, programs: Option<Screen>) -> Self {
        Self {
            people,
            programs,
            live: Live::default(),
            phase: None,
        }
    }

    /// The screen for people.
    pub(in crate::commands) fn people(&mut self) -> &mut Screen {
        &mut self.people
    }

    /// Whether it is told to people, not to a program.
    pub(in crate::commands) fn is_for_people(&self) -> bool {
        self.programs.is_none()
    }

    /// Tells what happened in a cycle.
    pub(in crate::commands) fn tell(&mut self, notice: &CycleNotice) {
        match &mut self.programs {
            Some(screen) => object(screen, &wire::cycle_event(notice, &Bytes)),
            None => {
                self.live.take(notice.cycle, &notice.what);
                if let CycleWhat::Phase { phase, attempt, .. } = notice.what {
                    let now = Some((phase, attempt));
                    if std::mem::replace(&mut self.phase, now) == now {
                        return;
                    }
                }
                self.people.print(&cycle::lines(&notice.what));
                if let CycleWhat::Ended(_) = notice.what {
                    self.people.live("");
                }
            }
        }
    }

    /// Renews the live line, `time` after the beginning.
    pub(in crate::commands) fn tick(&mut self, time: Duration) {
        if self.people.is_live() && self.programs.is_none() {
            let line = self.live.line(time, self.people.width());
            self.people.live(&line);
        }
    }

    /// Tells how the cycle ended, what it changes, and perhaps how to go on.
    pub(in crate::commands) fn end(
        &mut self,
        summary: &CycleSummary,
        diff: &CycleDiff,
        how_to_go_on: bool,
    ) {
        if let Some(screen) = &mut self.programs {
            let last = CycleLastLine::CycleResult {
                state: wire::cycle_state(summary),
                diff: diff.files.iter().map(|file| file.unified()).collect(),
            };
            object(screen, &last);
            return;
        }
        self.people.line("");
        self.people.print(&cycle::ending(summary));
        if !diff.files.is_empty() {
            self.people.line("");
            self.people
                .print(&change::render(&diff.files, &diff.left_out));
        }
        self.people.line("");
        let steps = cycle::next_steps(summary);
        if how_to_go_on && !steps.is_empty() {
            self.people.print(&steps);
        }
    }
}

fn object(screen: &mut Screen, object: &impl Serialize) {
    match serde_json::to_string(object) {
        Ok(line) => screen.line(&line),
        Err(error) => tracing::error!(%error, "an event cannot be written as JSON"),
    }
}
