//! Following runs to their end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8Path;
use greenward_core::{Failure, Location, ProjectId, RunId, RunOutcome, TestResult};
use greenward_engine::{Command, Notice, Query, RunNotice, RunWhat, StartedRun};
use tokio::time::MissedTickBehavior;

use super::output::Output;
use crate::edge::Clock;
use crate::exit::Trouble;
use crate::launch::{self, Session};
use crate::logging::Level;
use crate::report::words;
use crate::signals::Signals;

/// How often the live line is renewed.
const TICK: Duration = Duration::from_millis(100);

/// Passes on what an engine says, and stops it when it is told to.
pub(super) struct Follow<'a> {
    pub(super) session: &'a mut Session,
    pub(super) output: &'a mut Output,
    pub(super) signals: &'a mut Signals,
    pub(super) level: &'a Level,
    pub(super) clock: Clock,
    /// Whether people are told why tests run though they were asked for: something else than the
    /// user has selected them.
    pub(super) explains: bool,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Every run came to its end.
    Ended,
    /// Somebody interrupted it.
    Interrupted,
}

/// What is waited for.
enum Until {
    /// The end of these runs.
    Ended(Pending),
    /// An interrupt. The line stands on the screen when nothing runs.
    Interrupted(String),
}

impl Follow<'_> {
    /// Follows runs that were asked for, and those that wait behind them.
    ///
    /// # Errors
    /// If the engine ends.
    pub(super) async fn until_ended(&mut self, runs: &[StartedRun]) -> Result<Ending, Trouble> {
        self.until(Until::Ended(Pending::of(runs))).await
    }

    /// Follows whatever the engine runs because a file changes.
    ///
    /// # Errors
    /// If the engine ends.
    pub(super) async fn until_interrupted(&mut self, folder: &Utf8Path) -> Result<(), Trouble> {
        let status = self.session.status().await?;
        let watched = format!(
            "watching {} with {} in {folder} · Ctrl-C ends",
            words::many(status.projects.len(), "project"),
            words::many(status.tests, "test"),
        );
        self.output.sums(self.clock.elapsed());
        self.pause(&watched);
        self.until(Until::Interrupted(watched)).await?;
        Ok(())
    }

    async fn until(&mut self, mut until: Until) -> Result<Ending, Trouble> {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut interrupted = false;
        loop {
            tokio::select! {
                notice = self.session.notices.recv() => {
                    let notice = self.placed(notice.ok_or_else(launch::ended)?).await?;
                    self.take(&notice, &mut until);
                }
                _ = ticks.tick() => {
                    let idle = match &until {
                        Until::Ended(_) => "",
                        Until::Interrupted(watched) => watched,
                    };
                    self.output.people().tick(self.clock.elapsed(), idle);
                }
                () = self.signals.next() => {
                    if std::mem::replace(&mut interrupted, true) {
                        // Told twice: whatever still runs ends with this process.
                        return Ok(Ending::Interrupted);
                    }
                    self.session.send(Command::Cancel { run: None });
                }
            }
            let done = match &until {
                Until::Ended(pending) => pending.is_empty(),
                Until::Interrupted(_) => interrupted && !self.output.is_running(),
            };
            match (done, interrupted) {
                (true, true) => return Ok(Ending::Interrupted),
                (true, false) => return Ok(Ending::Ended),
                (false, _) => {}
            }
        }
    }

    /// A failure that names no place is shown to people at the test's own, as it is in editors.
    async fn placed(&self, mut notice: Notice) -> Result<Notice, Trouble> {
        if self.output.is_for_people()
            && let Notice::Run(run) = &mut notice
            && let RunWhat::TestFinished { test, result, .. } = &mut run.what
            && let Some(failure) = &result.failure
            && failure.location.is_none()
            && let id = test.clone()
            && let Some(known) = self.session.ask(|reply| Query::Test { id, reply }).await?
            && let Some((file, range)) = known.view.place
        {
            let location = Some(Location { file, range });
            let failure = Failure {
                location,
                ..failure.as_ref().clone()
            };
            *result = Arc::new(TestResult {
                failure: Some(Arc::new(failure)),
                ..result.as_ref().clone()
            });
        }
        Ok(notice)
    }

    fn take(&mut self, notice: &Notice, until: &mut Until) {
        if let Notice::LogLevel(level) = notice {
            self.level.set(level);
        }
        let now = self.clock.elapsed();
        if let Notice::Run(run) = notice
            && let RunWhat::Started { why, .. } = &run.what
        {
            let watching = matches!(until, Until::Interrupted(_));
            if watching {
                self.output.begin(now);
            }
            if watching || self.explains {
                self.output.explain(run, why);
            }
        }
        let Some(run) = self.output.notice(notice) else {
            return;
        };
        match until {
            Until::Ended(pending) => pending.take(run),
            Until::Interrupted(watched) => {
                if is_result(&run.what) && !self.output.is_running() {
                    self.output.sums(now);
                    self.pause(watched);
                }
            }
        }
    }

    /// Says that nothing runs, where no live line does.
    fn pause(&mut self, watched: &str) {
        let people = self.output.people();
        if !people.screen().is_live() {
            people.screen().line(watched);
        }
    }
}

/// Whether a run has ended that was not cancelled. One that was while watching has a newer one
/// take its place.
fn is_result(what: &RunWhat) -> bool {
    matches!(what, RunWhat::Finished { outcome, .. } if *outcome != RunOutcome::Cancelled)
}

/// The runs that have not ended.
#[derive(Debug, Default)]
struct Pending {
    runs: BTreeSet<RunId>,
    /// Projects whose run has not begun, because it waits for another one.
    waiting: BTreeSet<ProjectId>,
}

impl Pending {
    fn of(started: &[StartedRun]) -> Self {
        let mut pending = Self::default();
        for StartedRun { run, project } in started {
            match run {
                Some(run) => pending.runs.insert(*run),
                None => pending.waiting.insert(project.clone()),
            };
        }
        pending
    }

    fn take(&mut self, notice: &RunNotice) {
        match notice.what {
            RunWhat::Started { .. } if self.waiting.remove(&notice.project) => {
                self.runs.insert(notice.run);
            }
            RunWhat::Finished { .. } => {
                self.runs.remove(&notice.run);
            }
            _ => {}
        }
    }

    fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use greenward_core::{Cause, Counts, Framework};

    fn project(folder: &str) -> ProjectId {
        ProjectId::new(Framework::Cargo, folder)
    }

    fn notice(run: u64, folder: &str, what: RunWhat) -> RunNotice {
        RunNotice {
            run: RunId(run),
            sequence: 0,
            project: project(folder),
            what,
        }
    }

    fn started() -> RunWhat {
        RunWhat::Started {
            cause: Cause::Asked,
            why: String::new(),
        }
    }

    fn finished() -> RunWhat {
        RunWhat::Finished {
            outcome: RunOutcome::Passed,
            counts: Counts::default(),
            duration: Duration::ZERO,
        }
    }

    #[test]
    fn runs_are_followed_even_where_they_begin_later() {
        let mut pending = Pending::of(&[
            StartedRun {
                run: Some(RunId(1)),
                project: project("a"),
            },
            StartedRun {
                run: None,
                project: project("b"),
            },
        ]);
        for (notice, done) in [
            // The run that project b waits for is nothing to us.
            (notice(7, "b", finished()), false),
            (notice(8, "b", started()), false),
            (notice(1, "a", finished()), false),
            (notice(9, "b", started()), false),
            (notice(8, "b", finished()), true),
        ] {
            pending.take(&notice);
            assert_eq!(pending.is_empty(), done, "{notice:?}");
        }
    }
}
