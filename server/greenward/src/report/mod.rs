//! What a person sees of runs on the command line.
//!
//! Everything is rendered by pure functions into text with escape sequences; the [`Report`] keeps
//! what they need to know and puts it on the [`Screen`].

pub(crate) mod change;
pub(crate) mod cycle;
pub(crate) mod cycles;
pub(crate) mod diff;
mod echo;
mod failure;
mod fold;
pub(crate) mod lines;
pub(crate) mod live;
pub(crate) mod plan;
pub(crate) mod problem;
mod progress;
pub(crate) mod style;
mod summary;
mod tally;
pub(crate) mod words;

use std::collections::BTreeMap;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use fold::Fold;
use greenward_core::{Problem, ProjectId, Severity, TestId};
use greenward_engine::{ProjectStatus, RunNotice, RunWhat};
use greenward_lsp::project_name;
use greenward_workspace::files::read_text;

use crate::screen::Screen;
use progress::Progress;
use style::{BAD, DIM, STRONG, WARNING, paint};

pub(crate) use tally::{Ended, Tally, Verdict};

/// How much is shown, and from where it is looked at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Look {
    /// The folder that paths are shown relative to.
    pub(crate) base: Utf8PathBuf,
    /// Whether nothing is left out.
    pub(crate) full: bool,
    /// What the projects are called.
    pub(crate) projects: Projects,
}

/// The projects whose tests are shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Projects(BTreeMap<ProjectId, String>);

impl Projects {
    /// These, called by their folders.
    pub(crate) fn of(projects: &[ProjectStatus]) -> Self {
        let name = |one: &ProjectStatus| project_name(&one.id, Some(&one.root));
        Self(
            projects
                .iter()
                .map(|one| (one.id.clone(), name(one)))
                .collect(),
        )
    }

    /// What a project is called.
    fn name(&self, id: &ProjectId) -> String {
        let name = self.0.get(id).cloned();
        name.unwrap_or_else(|| project_name(id, None))
    }

    /// Whether all tests are of one project, so that it need not be named with each.
    fn is_one(&self) -> bool {
        self.0.len() <= 1
    }
}

/// Shows runs as they go on.
pub(crate) struct Report {
    screen: Screen,
    look: Look,
    progress: Progress,
    tally: Tally,
    fold: Fold,
    /// When the runs that go on were begun.
    since: Duration,
}

impl Report {
    /// A report on a screen.
    pub(crate) fn new(screen: Screen, look: Look) -> Self {
        Self {
            screen,
            look,
            progress: Progress::default(),
            tally: Tally::default(),
            fold: Fold::default(),
            since: Duration::ZERO,
        }
    }

    /// The screen, for what is no part of a run.
    pub(crate) fn screen(&mut self) -> &mut Screen {
        &mut self.screen
    }

    /// Says of which projects tests are shown from now on.
    pub(crate) fn set_projects(&mut self, projects: &[ProjectStatus]) {
        self.look.projects = Projects::of(projects);
    }

    /// What a project is called.
    pub(crate) fn project(&self, id: &ProjectId) -> String {
        self.look.projects.name(id)
    }

    /// What became of the runs since the last [`begin`](Self::begin).
    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Begins to count anew, `now` after the start of the command.
    pub(crate) fn begin(&mut self, now: Duration) {
        self.tally = Tally::default();
        self.since = now;
    }

    /// Shows what happened in a run.
    pub(crate) fn run(&mut self, notice: &RunNotice) {
        self.progress.take(notice);
        self.tally.take(notice);
        match &notice.what {
            RunWhat::TestFinished {
                test,
                outcome,
                result,
            } if outcome.is_bad() => {
                if self.fold.folds(test, result) && !self.look.full {
                    return;
                }
                self.unfold();
                let view = failure::View {
                    base: &self.look.base,
                    full: self.look.full,
                };
                let name = short_name(test, self.look.projects.is_one());
                self.screen.print(&failure::render(name, result, view));
            }
            RunWhat::Problem(problem) => {
                self.unfold();
                self.fold.problem(problem);
                self.problem(problem);
            }
            RunWhat::Finished { .. } => {
                self.unfold();
                self.fold.clear();
            }
            RunWhat::Output(text) if self.look.full => {
                for line in text.lines() {
                    self.screen.line(&paint(DIM, line));
                }
            }
            _ => {}
        }
    }

    /// Says how many tests went without saying.
    fn unfold(&mut self) {
        if let Some(line) = self.fold.take().filter(|_| !self.look.full) {
            self.screen.line(&paint(BAD, line));
            self.screen.line("");
        }
    }

    /// Shows something that keeps tests from running.
    pub(crate) fn problem(&mut self, problem: &Problem) {
        self.screen
            .print(&problem::render(problem, &self.look.base, &read));
    }

    /// Shows a line for the user.
    pub(crate) fn message(&mut self, severity: Severity, text: &str) {
        let word = match severity {
            Severity::Error => paint(BAD, "error"),
            Severity::Warning => paint(WARNING, "warning"),
        };
        self.screen.line(&format!("{word}: {text}"));
    }

    /// Shows a heading.
    pub(crate) fn heading(&mut self, text: &str) {
        self.screen.line(&paint(STRONG, text));
    }

    /// Renews the live line, `now` after the start of the command. `idle` stands there when
    /// nothing runs.
    pub(crate) fn tick(&mut self, now: Duration, idle: &str) {
        if !self.screen.is_live() {
            return;
        }
        let width = self.screen.width();
        let line = match self.progress.is_live() {
            true => {
                let elapsed = now.saturating_sub(self.since);
                self.progress.line(elapsed, width, &self.look.projects)
            }
            false if idle.is_empty() => String::new(),
            false => paint(DIM, idle.chars().take(width).collect::<String>()),
        };
        self.screen.live(&line);
    }

    /// Shows what became of all runs since the last [`begin`](Self::begin).
    pub(crate) fn summary(&mut self, now: Duration) {
        self.screen.live("");
        let time = now.saturating_sub(self.since);
        let text = summary::render(&self.tally, time, &self.look.projects);
        self.screen.print(&text);
    }
}

/// A test as it is shown: without its project where that goes without saying.
fn short_name(test: &TestId, one_project: bool) -> &str {
    let id = test.as_str();
    match id.split_once('#') {
        Some((_, local)) if one_project => local,
        _ => id,
    }
}

/// The text of a file that a problem is in.
fn read(path: &Utf8Path) -> Option<String> {
    read_text(path).ok().map(|text| text.to_string())
}
