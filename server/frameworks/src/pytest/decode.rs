//! From the lines of the plugin to what a run says, and from the end of the process to how the run
//! ended.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8Path;
use greenward_core::{
    Failure, Outcome, RunEvent, RunOutcome, Selection, TestId, TestResult, clean,
};

use super::failure::{failure, problem};
use super::found::Finder;
use super::ledger::Ledger;
use super::plan::{Purpose, Wanted, lies_in};
use super::project::Project;
use super::wire::{self, Line};

/// How the pytest process came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// It ended with this code.
    Exited(i32),
    /// A signal ended it; the words that name the signal.
    Killed(String),
    /// A test took longer than this, so the process was ended.
    TimedOut(Duration),
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// What is still to be said.
    pub events: Vec<RunEvent>,
    /// How the run ended.
    pub outcome: RunOutcome,
    /// The tests that did not come to run because the process died while another ran: they can be
    /// run in a further process.
    pub rest: Vec<TestId>,
}

/// Reads the lines of one pytest process.
#[derive(Debug)]
pub struct Decoder {
    project: Project,
    purpose: Purpose,
    wanted: Wanted,
    finder: Finder,
    /// Node ids of what will run, in pytest's order.
    collected: Vec<String>,
    ledger: Ledger,
    /// Node ids of what could not be collected.
    broken: HashSet<String>,
    /// Whether a conftest kept the session from starting.
    no_session: bool,
    interrupted: Option<String>,
    internal_error: Option<String>,
    end: Option<(i32, String)>,
}

impl Decoder {
    /// A decoder for a process that was started for this selection.
    #[must_use]
    pub fn new(project: &Project, selection: &Selection, purpose: Purpose) -> Self {
        Self {
            project: project.clone(),
            purpose,
            wanted: Wanted::new(project, selection),
            finder: Finder::new(project.clone()),
            collected: Vec::new(),
            ledger: Ledger::default(),
            broken: HashSet::new(),
            no_session: false,
            interrupted: None,
            internal_error: None,
            end: None,
        }
    }

    /// What a line means. A line that is none of ours is output.
    pub fn line(&mut self, line: &str) -> Vec<RunEvent> {
        match serde_json::from_str(line) {
            Ok(line) => self.take(line),
            Err(_) => vec![RunEvent::Output(clean(line))],
        }
    }

    /// Whether a test is running now: it has started and not finished.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.ledger.is_running()
    }

    fn take(&mut self, line: Line) -> Vec<RunEvent> {
        match line {
            Line::Session {} => vec![RunEvent::Stage("collecting".to_owned())],
            Line::Collected { tests } => self.collect(tests),
            Line::Selected { count } if self.purpose == Purpose::Run => {
                vec![
                    RunEvent::Planned { tests: count },
                    RunEvent::Stage("running".to_owned()),
                ]
            }
            Line::Selected { .. } => Vec::new(),
            Line::CollectError { id, failure } => self.collect_error(&id, &failure),
            Line::CollectSkipped { id, reason } => self.finish_known(&id, &skipped(Some(reason))),
            Line::ConftestError { file, failure } => {
                self.no_session = true;
                let problem = problem(&self.project, &failure, Utf8Path::new(&file));
                vec![RunEvent::Problem(problem)]
            }
            Line::Started { id } => {
                let mut events: Vec<_> = self
                    .ledger
                    .start(&id)
                    .into_iter()
                    .map(|(id, result)| RunEvent::Finished(self.id(&id), result))
                    .collect();
                events.push(RunEvent::Started(self.id(&id)));
                events
            }
            Line::Finished(finished) => self.finished(finished),
            Line::Interrupted { message } => {
                let event =
                    RunEvent::Output(format!("pytest was interrupted: {}\n", clean(&message)));
                self.interrupted = Some(message);
                vec![event]
            }
            Line::InternalError { message } => {
                self.internal_error.get_or_insert(clean(&message));
                Vec::new()
            }
            Line::PluginError { message } => {
                tracing::warn!(message, "the pytest plugin went wrong");
                Vec::new()
            }
            Line::End { exit, stopped } => {
                self.end = Some((exit, stopped));
                Vec::new()
            }
        }
    }

    fn collect(&mut self, tests: Vec<wire::Collected>) -> Vec<RunEvent> {
        let found = self.finder.find(&tests);
        self.collected.extend(tests.into_iter().map(|test| test.id));
        if found.is_empty() {
            Vec::new()
        } else {
            vec![RunEvent::Found(found)]
        }
    }

    fn collect_error(&mut self, id: &str, failure: &wire::Failure) -> Vec<RunEvent> {
        // With pytest-xdist every worker tells of it.
        if !self.broken.insert(id.to_owned()) {
            return Vec::new();
        }
        let problem = problem(&self.project, failure, &self.finder.path_of(id));
        let result = TestResult {
            failure: Some(Arc::new(Failure {
                message: format!("could not be collected: {}", problem.message),
                kind: "collection".to_owned(),
                location: problem.location.clone(),
                ..Failure::default()
            })),
            ..TestResult::bare(Outcome::Errored)
        };
        let mut events = vec![RunEvent::Problem(problem)];
        events.extend(self.finish_known(id, &result));
        events
    }

    /// Gives a result to all that the text shows beneath a node and that was to run.
    fn finish_known(&mut self, outer: &str, result: &TestResult) -> Vec<RunEvent> {
        if self.purpose == Purpose::List {
            return Vec::new();
        }
        let units: Vec<_> = self
            .project
            .units()
            .filter(|unit| lies_in(unit.as_str(), outer) || lies_in(outer, unit.as_str()))
            .collect();
        let mut events = Vec::new();
        for unit in units {
            for item in self
                .project
                .items_of(&self.project.root().join(unit.as_str()))
            {
                let Some(local) = item.id.local_in(self.project.id()) else {
                    continue;
                };
                if item.kind.is_test()
                    && lies_in(local, outer)
                    && self.wanted.has(local)
                    && let Some(result) = self.ledger.note(local, result.clone())
                {
                    events.push(RunEvent::Finished(item.id.clone(), result));
                }
            }
        }
        events
    }

    fn finished(&mut self, finished: wire::Finished) -> Vec<RunEvent> {
        let outcome = match finished.outcome {
            wire::Outcome::Passed => Outcome::Passed,
            wire::Outcome::Failed => Outcome::Failed,
            wire::Outcome::Errored => Outcome::Errored,
            wire::Outcome::Skipped => Outcome::Skipped,
            wire::Outcome::Flaky => Outcome::Flaky,
        };
        let failure = match (&finished.failure, outcome) {
            (Some(reported), _) => Some(Arc::new(failure(
                &self.project,
                reported,
                &self.finder.path_of(&finished.id),
            ))),
            (None, Outcome::Skipped) => skipped(finished.reason).failure,
            (None, _) => None,
        };
        let result = TestResult {
            outcome,
            duration: Duration::try_from_secs_f64(finished.duration).ok(),
            failure,
            output: clean(&finished.output).into(),
        };
        self.report(&finished.id, result)
    }

    fn report(&mut self, id: &str, result: TestResult) -> Vec<RunEvent> {
        let shown = self.ledger.end(id, result);
        shown
            .map(|result| RunEvent::Finished(self.id(id), result))
            .into_iter()
            .collect()
    }

    fn id(&self, local: &str) -> TestId {
        TestId::new(self.project.id(), local)
    }

    /// What the end of the process means. `said` is the end of what it printed to its standard
    /// error, for the cases in which nothing else tells what went wrong.
    #[must_use]
    pub fn finish(mut self, ending: &Ending, said: &str) -> Finished {
        let (kind, message) = match ending {
            Ending::Exited(code) => (
                "crashed",
                format!("the process ended with exit code {code} while this test ran"),
            ),
            Ending::Killed(signal) => (
                "crashed",
                format!("the process was {signal} while this test ran"),
            ),
            Ending::TimedOut(limit) => (
                "timeout",
                format!("it took more than {} seconds", limit.as_secs()),
            ),
        };
        let died = self.end.is_none();
        let mut events = Vec::new();
        let running = self.ledger.take_running();
        let was_running = !running.is_empty();
        for id in running {
            let result = match &self.interrupted {
                Some(reason) => TestResult::errored(
                    "interrupted",
                    format!("pytest was interrupted: {}", clean(reason)),
                ),
                None => TestResult::errored(kind, message.clone()),
            };
            let result = self.ledger.note(&id, result);
            events.extend(result.map(|result| RunEvent::Finished(self.id(&id), result)));
        }
        let missing: Vec<TestId> = self
            .collected
            .iter()
            .filter(|id| !self.ledger.has_ended(id))
            .map(|id| self.id(id))
            .collect();
        let outcome = self.outcome(ending, said, missing.len(), was_running);
        let can_go_on = died && was_running && self.interrupted.is_none();
        Finished {
            events,
            outcome,
            rest: if can_go_on { missing } else { Vec::new() },
        }
    }

    fn outcome(
        &self,
        ending: &Ending,
        said: &str,
        missing: usize,
        was_running: bool,
    ) -> RunOutcome {
        let broken = |message: String| RunOutcome::RunnerBroken { message };
        let with_said = |message: String| match clean(said).trim() {
            "" => message,
            said => format!("{message}:\n{said}"),
        };
        let counts = self.ledger.counts();
        let tests_failed = if counts.bad() > 0 {
            RunOutcome::Failed
        } else {
            RunOutcome::Passed
        };
        if self.no_session {
            return RunOutcome::DidNotBuild;
        }
        if let Some(error) = &self.internal_error {
            return broken(format!("pytest had an internal error:\n{error}"));
        }
        if let Some(complaint) = self.ledger.complaint() {
            return broken(format!("the results do not add up: {complaint}"));
        }
        let Some((_, stopped)) = &self.end else {
            return match ending {
                // The running tests tell what happened.
                _ if was_running => tests_failed,
                Ending::Exited(4) => {
                    broken(with_said("pytest could not be started as asked".to_owned()))
                }
                Ending::Exited(code) => broken(with_said(format!(
                    "pytest ended with exit code {code} and without its results"
                ))),
                Ending::Killed(signal) => broken(with_said(format!(
                    "pytest was {signal} before it had told its results"
                ))),
                Ending::TimedOut(limit) => broken(format!(
                    "pytest did nothing for {} seconds",
                    limit.as_secs()
                )),
            };
        };
        let stopped = Some(stopped).filter(|reason| !reason.is_empty());
        let stopped = stopped.or(self.interrupted.as_ref());
        match ending {
            Ending::Killed(signal) => {
                return broken(with_said(format!(
                    "pytest was {signal} after its last test"
                )));
            }
            Ending::Exited(4) => {
                return broken(with_said("pytest could not run as asked".to_owned()));
            }
            Ending::Exited(5)
                if self.broken.is_empty() && counts.total() == 0 && stopped.is_none() =>
            {
                return RunOutcome::NoTestsMatched;
            }
            _ => {}
        }
        if self.purpose == Purpose::Run && missing > 0 && stopped.is_none() {
            let all = self.collected.len();
            return broken(format!(
                "of {all} tests that pytest selected, {missing} have no result"
            ));
        }
        if !self.broken.is_empty() {
            return RunOutcome::DidNotBuild;
        }
        // Whatever code it then ended with: not all was run, so nothing has passed.
        if let Some(reason) = stopped {
            return match tests_failed {
                RunOutcome::Failed => RunOutcome::Failed,
                _ => broken(format!("pytest stopped early: {}", clean(reason))),
            };
        }
        match ending {
            Ending::Exited(0 | 1 | 5) if counts.bad() > 0 => RunOutcome::Failed,
            Ending::Exited(0 | 5) => RunOutcome::Passed,
            Ending::Exited(code) => broken(with_said(format!(
                "no test failed, and yet pytest ended with exit code {code}"
            ))),
            Ending::Killed(_) | Ending::TimedOut(_) => tests_failed,
        }
    }
}

fn skipped(reason: Option<String>) -> TestResult {
    TestResult {
        failure: Some(Arc::new(Failure {
            message: clean(&reason.unwrap_or_default()),
            kind: "skipped".to_owned(),
            ..Failure::default()
        })),
        ..TestResult::bare(Outcome::Skipped)
    }
}

#[cfg(test)]
mod tests;
