//! Running pytest: from a warm fork-server where that is possible, else in a process of its own.
//!
//! A process that dies or hangs takes no more with it than the test that it was running: the rest
//! is run in a further process.

mod files;
mod idle;
mod python;
mod server;
mod session;
mod warm;

use std::time::Duration;

use camino::Utf8PathBuf;
use greenward_core::{RunEvent, RunOutcome, Selection, TestId, TestResult};
use greenward_frameworks::Project;
use greenward_frameworks::pytest::{self, Plan, Purpose};

use tokio_util::sync::CancellationToken;

use self::python::{Python, Unusable};
use self::session::{Ended, SessionError, Task};
use self::warm::Warm;
use super::printed::Printed;
use super::{Job, Tools};
use crate::error::chain;

/// The interpreter that runs a project's tests, itself. The message says what to do where there is
/// none.
///
/// # Errors
/// If there is none that can run pytest.
pub(crate) async fn interpreter(
    tools: &Tools,
    project: &pytest::Project,
    setting: Option<&str>,
    cancel: &CancellationToken,
) -> Result<Utf8PathBuf, String> {
    match python::find(tools, project, setting, None, cancel).await {
        Ok(python) => Ok(python.program),
        Err(error) => Err(error.to_string()),
    }
}

/// How many processes may die in one run before the rest of its tests is given up.
const MAX_DEATHS: usize = 10;

/// Runs the tests of one pytest project.
#[derive(Debug)]
pub struct Runner {
    tools: Tools,
    python: Option<Python>,
    warm: Warm,
}

impl Runner {
    /// A runner that has nothing running yet.
    #[must_use]
    pub fn new(tools: Tools) -> Self {
        Self {
            tools,
            python: None,
            warm: Warm::new(warm::IDLE_TIME),
        }
    }

    /// The same with another time after which a fork-server is ended that nobody uses.
    #[must_use]
    pub fn with_idle_time(mut self, idle_time: Duration) -> Self {
        self.warm = Warm::new(idle_time);
        self
    }

    /// Runs a job to its end. All events of the run have been sent when it returns.
    pub async fn run(&mut self, job: Job) -> RunOutcome {
        let Project::Pytest(project) = &*job.project else {
            return broken("this is no pytest project");
        };
        match self.prepare(project, &job).await {
            Ok(()) => {}
            Err(Unusable::Cancelled) => return RunOutcome::Cancelled,
            Err(error) => return broken(error),
        }
        self.run_all(project, &job, &job.selection, Purpose::Run)
            .await
    }

    /// Asks pytest which tests there are, one file at a time unless everything is asked for.
    pub async fn list(&mut self, job: Job) -> RunOutcome {
        let Project::Pytest(project) = &*job.project else {
            return broken("this is no pytest project");
        };
        match self.prepare(project, &job).await {
            Ok(()) => {}
            Err(Unusable::Cancelled) => return RunOutcome::Cancelled,
            Err(error) => return broken(error),
        }
        let parts = match &job.selection {
            Selection::Units(units) => units
                .iter()
                .map(|unit| Selection::Units(vec![unit.clone()]))
                .collect(),
            other => vec![other.clone()],
        };
        let mut worst = RunOutcome::Passed;
        for part in parts {
            let outcome = self.run_all(project, &job, &part, Purpose::List).await;
            if matches!(
                outcome,
                RunOutcome::Cancelled | RunOutcome::RunnerBroken { .. }
            ) {
                return outcome;
            }
            worst = worse(worst, outcome);
        }
        worst
    }

    /// Waits until the fork-server that is being made ready after a run is ready. Nobody needs to:
    /// a run that comes sooner goes cold.
    pub async fn warmed_up(&mut self) {
        self.warm.ready().await;
    }

    /// Ends what is kept warm.
    pub async fn close(&mut self) {
        self.warm.close().await;
    }

    async fn prepare(&mut self, project: &pytest::Project, job: &Job) -> Result<(), Unusable> {
        let setting = job.settings.pytest.python.as_deref();
        let known = self.python.take();
        let found = python::find(&self.tools, project, setting, known.clone(), &job.cancel).await?;
        if known.is_some_and(|known| known != found) {
            self.warm.close().await;
        }
        self.python = Some(found);
        Ok(())
    }

    /// Runs a selection.
    async fn run_all(
        &mut self,
        project: &pytest::Project,
        job: &Job,
        selection: &Selection,
        purpose: Purpose,
    ) -> RunOutcome {
        let mut printed = Printed::default();
        let outcome = self
            .run_in_turn(project, job, selection, purpose, &mut printed)
            .await;
        if let Some(event) = printed.finish() {
            // Nobody listens any more when the daemon ends.
            let _ = job.events.send(event);
        }
        outcome
    }

    /// Runs a selection, in further processes as long as one dies while a test runs.
    async fn run_in_turn(
        &mut self,
        project: &pytest::Project,
        job: &Job,
        selection: &Selection,
        purpose: Purpose,
        printed: &mut Printed,
    ) -> RunOutcome {
        let mut selection = selection.clone();
        let mut outcome = None;
        for _ in 0..MAX_DEATHS {
            let Some(plan) = Plan::new(project, &selection, purpose, &job.settings.pytest.args)
            else {
                return RunOutcome::NoTestsMatched;
            };
            let task = Task {
                job,
                project,
                selection: &selection,
                purpose,
                plan: &plan,
            };
            let finished = match self.session(task, printed).await {
                Ok(Ended::Finished(finished)) => finished,
                Ok(Ended::Cancelled) => return RunOutcome::Cancelled,
                Err(error) => return broken(chain(&error)),
            };
            outcome = Some(match outcome {
                Some(before) => worse(before, finished.outcome),
                None => finished.outcome,
            });
            if finished.rest.is_empty() {
                return outcome.unwrap_or(RunOutcome::NoTestsMatched);
            }
            selection = Selection::Items(finished.rest);
        }
        give_up(job, &selection);
        outcome.unwrap_or(RunOutcome::Failed)
    }

    /// One process. If the warm one cannot be had, a cold one gives the same answer.
    async fn session(
        &mut self,
        task: Task<'_>,
        printed: &mut Printed,
    ) -> Result<Ended, SessionError> {
        let Some(python) = &self.python else {
            return Ok(Ended::Cancelled);
        };
        let python = python.program.clone();
        let files = files::install(&self.tools.cache).map_err(|source| SessionError::List {
            folder: self.tools.cache.clone(),
            source,
        })?;
        if task.job.settings.pytest.warm {
            let tried = self
                .warm
                .session(&self.tools, task, &python, &files, printed)
                .await;
            match tried {
                Ok(Some(ended)) => return Ok(ended),
                Ok(None) => {}
                Err(error) => return Err(error),
            }
        }
        session::cold(&self.tools, task, &python, &files, printed).await
    }
}

/// Tells that the tests which never came to run have not been tried.
fn give_up(job: &Job, selection: &Selection) {
    let rest: &[TestId] = match selection {
        Selection::Items(rest) => rest,
        _ => &[],
    };
    for test in rest {
        let result = TestResult::errored(
            "crashed",
            format!("not run: pytest's process has died {MAX_DEATHS} times in this run"),
        );
        // Nobody listens any more when the daemon ends.
        let _ = job.events.send(RunEvent::Finished(test.clone(), result));
    }
}

/// Of two outcomes, of parts of one run, the one that is to be told.
fn worse(a: RunOutcome, b: RunOutcome) -> RunOutcome {
    let rank = |outcome: &RunOutcome| match outcome {
        RunOutcome::NoTestsMatched => 0,
        RunOutcome::Passed => 1,
        RunOutcome::Failed => 2,
        RunOutcome::DidNotBuild => 3,
        RunOutcome::RunnerBroken { .. } => 4,
        RunOutcome::Cancelled => 5,
    };
    if rank(&b) > rank(&a) { b } else { a }
}

fn broken(message: impl ToString) -> RunOutcome {
    RunOutcome::RunnerBroken {
        message: message.to_string(),
    }
}
