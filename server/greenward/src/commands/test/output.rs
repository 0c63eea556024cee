//! Where `greenward test` tells what happens: a person, or a program.

use std::collections::BTreeSet;
use std::time::Duration;

use camino::Utf8Path;
use greenward_core::{Location, Problem, RunId};
use greenward_engine::{Diagnostic, Notice, RunNotice, RunWhat};

use super::narrow::Narrow;
use crate::report::lines::JsonLines;
use crate::report::{Look, Report, Tally};
use crate::screen::Screen;

/// A person's report; or JSON Lines on the standard output, with remarks for people on the
/// standard error.
pub(super) struct Output {
    people: Report,
    programs: Option<JsonLines>,
    /// What is left out of what is told.
    narrow: Narrow,
    /// The runs that go on.
    running: BTreeSet<RunId>,
    /// Whether a run has begun: what is wrong with the workspace is told before.
    begun: bool,
    /// Whether the sums have been told and nothing has happened since.
    told: bool,
}

impl Output {
    pub(super) fn new(json: bool, look: Look) -> Self {
        let (screen, programs) = match json {
            true => (
                Screen::stderr(),
                Some(JsonLines::new(Screen::for_programs())),
            ),
            false => (Screen::stdout(), None),
        };
        Self {
            people: Report::new(screen, look),
            programs,
            narrow: Narrow::default(),
            running: BTreeSet::new(),
            begun: false,
            told: true,
        }
    }

    /// Leaves something out from now on. Returns what was left out before.
    pub(super) fn narrow(&mut self, narrow: Narrow) -> Narrow {
        std::mem::replace(&mut self.narrow, narrow)
    }

    /// Whether what happens is told to people, not to a program.
    pub(super) fn is_for_people(&self) -> bool {
        self.programs.is_none()
    }

    /// The report for people.
    pub(super) fn people(&mut self) -> &mut Report {
        &mut self.people
    }

    /// What became of the runs so far; while watching, of those since the last sums.
    pub(super) fn tally(&self) -> &Tally {
        match &self.programs {
            Some(lines) => lines.tally(),
            None => self.people.tally(),
        }
    }

    /// A line for people.
    pub(super) fn remark(&mut self, text: &str) {
        self.people.screen().line(text);
    }

    /// Whether a run goes on.
    pub(super) fn is_running(&self) -> bool {
        !self.running.is_empty()
    }

    /// A run begins that nobody asked for. If nothing ran before, the sums begin anew.
    pub(super) fn begin(&mut self, now: Duration) {
        if self.programs.is_none() && !self.is_running() {
            self.people.begin(now);
        }
    }

    /// Tells people why the tests of a run were selected.
    pub(super) fn explain(&mut self, run: &RunNotice, why: &str) {
        if self.programs.is_none() {
            let name = self.people.project(&run.project);
            self.people.heading(&format!("{name}: {why}"));
        }
    }

    /// Tells what the engine says. Returns the run that it is about, if it is about one.
    pub(super) fn notice<'a>(&mut self, notice: &'a Notice) -> Option<&'a RunNotice> {
        match notice {
            Notice::Run(run) => {
                self.take(run);
                if let Some(told) = self.narrow.take(run) {
                    match &mut self.programs {
                        Some(lines) => lines.run(&told),
                        None => self.people.run(&told),
                    }
                }
                return Some(run);
            }
            // Diagnostics of a run are told as its problems and failures.
            Notice::Diagnostics {
                file, diagnostics, ..
            } if !self.begun => {
                for diagnostic in diagnostics {
                    self.people.problem(&problem(file, diagnostic));
                }
            }
            // Whoever asks for tests is answered in other words if they may not be run.
            Notice::Message { offer: Some(_), .. } => {}
            Notice::Message { severity, text, .. } => self.people.message(*severity, text),
            Notice::Diagnostics { .. }
            | Notice::ItemsChanged { .. }
            | Notice::Cycle(_)
            | Notice::LogLevel(_) => {}
        }
        None
    }

    fn take(&mut self, run: &RunNotice) {
        self.told = false;
        match run.what {
            RunWhat::Started { .. } => {
                self.begun = true;
                self.running.insert(run.run);
            }
            RunWhat::Finished { .. } => {
                self.running.remove(&run.run);
            }
            _ => {}
        }
    }

    /// Tells the sums of the runs since the last time, to people.
    pub(super) fn sums(&mut self, now: Duration) {
        if self.programs.is_none() && !std::mem::replace(&mut self.told, true) {
            self.people.summary(now);
        }
    }

    /// Tells what became of everything.
    pub(super) fn end(&mut self, now: Duration) {
        self.sums(now);
        if let Some(lines) = &mut self.programs {
            lines.end();
        }
    }
}

fn problem(file: &Utf8Path, diagnostic: &Diagnostic) -> Problem {
    Problem {
        severity: diagnostic.severity,
        message: diagnostic.message.clone(),
        code: diagnostic.code.clone(),
        location: Some(Location {
            file: file.to_owned(),
            range: diagnostic.range,
        }),
        related: diagnostic.related.clone(),
    }
}
