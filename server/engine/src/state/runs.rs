//! Runs: what is asked for, what a change makes necessary, and what becomes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{
    Admission, Cause, Counts, Finished, Framework, ItemKind, Problem, ProjectId, RunEvent, RunId,
    RunOutcome, Selection, Severity, TestId, TestItem, TestResult, Unit, Wanted,
};
use greenward_frameworks::Affected;
use indexmap::IndexMap;
use tokio::sync::oneshot;

use super::{FoundProblem, Running, State};
use crate::command::{Refusal, RunRequest, StartedRun};
use crate::effect::{Effect, Work};
use crate::notice::{Notice, Offer, RunNotice, RunWhat};
use crate::view::TrustState;

/// A run that was asked for, and who waits for the answer.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) request: RunRequest,
    pub(super) reply: oneshot::Sender<Result<Vec<StartedRun>, Refusal>>,
}

impl Asked {
    /// The folder that it waited for is gone.
    pub(super) fn refuse_gone(self) {
        let gone = "the folder was closed".to_owned();
        // Nobody may be waiting any more.
        let _ = self.reply.send(Err(Refusal::NothingToRun(gone)));
    }
}

impl State {
    pub(super) fn asked(
        &mut self,
        request: RunRequest,
        reply: oneshot::Sender<Result<Vec<StartedRun>, Refusal>>,
    ) {
        // Which tests there are is known once every folder has been read.
        if let Some(folder) = self
            .folders
            .values_mut()
            .find(|folder| !(folder.loaded && folder.configured))
        {
            folder.waiting.push(Asked { request, reply });
            return;
        }
        let answer = self
            .select(&request.which)
            .and_then(|selected| self.start_asked(selected));
        if let Err(refusal) = &answer {
            self.explain(refusal);
        }
        // Nobody may be waiting any more.
        let _ = reply.send(answer);
    }

    /// A refusal that the user can do something about at once is also shown.
    fn explain(&mut self, refusal: &Refusal) {
        if let Refusal::Untrusted { folder, .. } = refusal {
            if let Some(state) = self.folders.get_mut(folder) {
                state.offered = true;
            }
            self.notify(Notice::Message {
                severity: Severity::Warning,
                text: refusal.to_string(),
                offer: Some(Offer::Trust(folder.clone())),
            });
        }
    }

    fn start_asked(
        &mut self,
        selected: IndexMap<ProjectId, (Selection, String)>,
    ) -> Result<Vec<StartedRun>, Refusal> {
        for id in selected.keys() {
            self.check_trust(id)?;
        }
        let mut started = Vec::new();
        for (project, (selection, why)) in selected {
            let wanted = Wanted {
                selection,
                cause: Cause::Asked,
            };
            let run = self.want(&project, wanted, why);
            started.push(StartedRun { run, project });
        }
        Ok(started)
    }

    fn check_trust(&self, id: &ProjectId) -> Result<(), Refusal> {
        let folder = self
            .projects
            .get(id)
            .and_then(|state| self.folders.get_key_value(&state.folder));
        match folder {
            Some((path, folder)) => match &folder.trust {
                TrustState::Trusted => Ok(()),
                TrustState::Untrusted(why) => Err(Refusal::Untrusted {
                    folder: path.clone(),
                    why: why.clone(),
                }),
            },
            None => Err(Refusal::NothingToRun(format!("there is no project {id}"))),
        }
    }

    /// Changed files wait a little for more, then run what they affect.
    pub(super) fn wait_for_more(&mut self, id: &ProjectId, paths: Vec<Utf8PathBuf>, saved: bool) {
        let Some(state) = self.projects.get_mut(id) else {
            return;
        };
        let Some(folder) = self.folders.get(&state.folder) else {
            return;
        };
        if !folder.settings.run.on_save || folder.trust != TrustState::Trusted {
            return;
        }
        let debounce = folder.settings.run.debounce();
        // The first save after a quiet time need not wait. Should more follow, they wait, and then
        // outdate its run.
        let quiet = state.queue.is_idle()
            && state.pending.is_empty()
            && state
                .changed_at
                .is_none_or(|last| last + debounce < self.now);
        state.changed_at = Some(self.now);
        state.pending.extend(paths);
        state.pending_saved |= saved;
        state.waiting += 1;
        let generation = state.waiting;
        if saved && quiet {
            self.due(id, generation);
        } else {
            self.effects.push(Effect::Wait {
                project: id.clone(),
                generation,
                duration: debounce,
            });
        }
    }

    pub(super) fn due(&mut self, id: &ProjectId, generation: u64) {
        let Some(state) = self.projects.get_mut(id) else {
            return;
        };
        if state.waiting != generation {
            return;
        }
        let paths: Vec<Utf8PathBuf> = std::mem::take(&mut state.pending).into_iter().collect();
        let saved = std::mem::take(&mut state.pending_saved);
        if self.check_trust(id).is_err() {
            return;
        }
        if let Some((selection, why)) = self.affected_by(id, &paths) {
            let cause = if saved { Cause::Saved } else { Cause::Changed };
            self.want(id, Wanted { selection, cause }, why);
        }
    }

    pub(super) fn run_on_open(&mut self, id: &ProjectId) {
        let wanted = Wanted {
            selection: Selection::All,
            cause: Cause::Opened,
        };
        self.want(id, wanted, "the workspace was opened".to_owned());
    }

    pub(super) fn want_listing(&mut self, id: &ProjectId) {
        if let Some(state) = self.projects.get_mut(id) {
            state.wants_listing = true;
        }
        self.pump(id);
    }

    /// Takes a wanted run into the project's queue. Returns the run if it has started.
    fn want(&mut self, id: &ProjectId, wanted: Wanted, why: String) -> Option<RunId> {
        let state = self.projects.get_mut(id)?;
        state.why = why;
        match state.queue.want(wanted) {
            Admission::Start => self.pump(id),
            Admission::Wait => None,
            Admission::Supersede(run) => {
                self.effects.push(Effect::Cancel(run));
                None
            }
        }
    }

    /// Starts what waits, if nothing goes on. Returns the run that has started.
    fn pump(&mut self, id: &ProjectId) -> Option<RunId> {
        let state = self.projects.get_mut(id)?;
        let folder = self.folders.get(&state.folder)?;
        let run = RunId(self.last_run + 1);
        let settings = folder.settings.clone();
        let inputs = self.results.inputs(id);
        let Some(wanted) = state.queue.next(run) else {
            let idle = state.queue.is_idle() && folder.trust == TrustState::Trusted;
            if idle && std::mem::take(&mut state.wants_listing) {
                state.listed = Some(inputs);
                self.effects.push(Effect::List(Work {
                    project: state.project.clone(),
                    selection: Selection::All,
                    settings,
                    inputs,
                    asked: false,
                }));
            }
            return None;
        };
        self.last_run = run.0;
        state.last_run = Some(run);
        let why: Arc<str> = std::mem::take(&mut state.why).into();
        state.running = Some(Running {
            run,
            stamp: self.results.stamp(),
            sequence: 0,
            selection: wanted.selection.clone(),
            why: why.clone(),
            started_at: self.now,
            stage: String::new(),
            planned: 0,
            counts: Counts::default(),
            reported: BTreeMap::new(),
            gone: BTreeSet::new(),
            problems: Vec::new(),
        });
        let work = Work {
            project: state.project.clone(),
            selection: wanted.selection,
            settings,
            inputs,
            asked: wanted.cause == Cause::Asked,
        };
        self.effects.push(Effect::Run(run, work));
        self.tell(
            id,
            RunWhat::Started {
                cause: wanted.cause,
                why: why.to_string(),
            },
        );
        self.touch_visible();
        Some(run)
    }

    pub(super) fn cancel(&mut self, run: Option<RunId>) {
        for state in self.projects.values_mut() {
            if run.is_some() && state.queue.running() != run {
                continue;
            }
            state.pending.clear();
            state.waiting += 1;
            if let Some(run) = state.queue.cancel() {
                self.effects.push(Effect::Cancel(run));
            }
        }
    }

    /// Stops what runs in a folder that is not trusted any more.
    pub(super) fn cancel_in(&mut self, folder: &Utf8Path) {
        for id in self.projects_of(folder) {
            if let Some(state) = self.projects.get_mut(&id) {
                state.pending.clear();
                if let Some(run) = state.queue.cancel() {
                    self.effects.push(Effect::Cancel(run));
                }
            }
            self.effects.push(Effect::Close(id));
        }
    }

    /// Says something of the run that goes on in a project.
    fn tell(&mut self, id: &ProjectId, what: RunWhat) {
        let Some(running) = self
            .projects
            .get_mut(id)
            .and_then(|state| state.running.as_mut())
        else {
            return;
        };
        let notice = RunNotice {
            run: running.run,
            sequence: running.sequence,
            project: id.clone(),
            what,
        };
        running.sequence += 1;
        self.notify(Notice::Run(notice));
    }

    /// The run, if it is the one that goes on in the project.
    fn running(&mut self, id: &ProjectId, run: RunId) -> Option<&mut Running> {
        self.projects
            .get_mut(id)?
            .running
            .as_mut()
            .filter(|running| running.run == run)
    }

    pub(super) fn run_event(&mut self, id: &ProjectId, run: RunId, event: RunEvent) {
        let Some(running) = self.running(id, run) else {
            return;
        };
        match event {
            RunEvent::Planned { tests } => {
                running.planned += tests;
                self.tell(id, RunWhat::Planned(tests));
            }
            RunEvent::Stage(stage) => {
                running.stage.clone_from(&stage);
                self.tell(id, RunWhat::Stage(stage));
            }
            RunEvent::Started(test) => {
                self.results.started(test.clone(), run);
                self.touch_item(&test);
                self.tell(id, RunWhat::TestStarted(test));
            }
            RunEvent::Finished(test, result) => self.test_finished(id, run, test, result),
            RunEvent::Output(text) => self.tell(id, RunWhat::Output(text)),
            RunEvent::Problem(problem) => self.run_problem(id, run, problem),
            RunEvent::Found(items) => {
                let gone = running.gone.clone();
                self.found(without(items, &gone));
            }
        }
    }

    fn test_finished(&mut self, id: &ProjectId, run: RunId, test: TestId, result: TestResult) {
        let Some(running) = self.running(id, run) else {
            return;
        };
        let (stamp, why) = (running.stamp, running.why.clone());
        let gone = running.gone.contains(&test);
        if gone && self.tree.get(&test).is_none() {
            // It was renamed or deleted while it ran.
            return;
        }
        if self.tree.get(&test).is_none() {
            self.found(vec![unknown_test(id, &test)]);
        }
        let unit = self.tree.get(&test).and_then(|item| item.unit.clone());
        let outcome = self.results.record(Finished {
            test: test.clone(),
            project: id.clone(),
            unit,
            result: result.clone(),
            run,
            stamp,
            at: self.now,
        });
        if let Some(running) = self.running(id, run) {
            if let Some(before) = running.reported.insert(test.clone(), outcome) {
                running.counts.remove(before);
            }
            running.counts.add(outcome);
        }
        self.why.insert(test.clone(), why);
        self.cancelled.remove(&test);
        self.place(&test);
        self.touch_item(&test);
        self.tell(
            id,
            RunWhat::TestFinished {
                test,
                outcome,
                result: Arc::new(TestResult { outcome, ..result }),
            },
        );
    }

    fn run_problem(&mut self, id: &ProjectId, run: RunId, problem: Problem) {
        let Some(running) = self.running(id, run) else {
            return;
        };
        let found = FoundProblem {
            problem: problem.clone(),
            stamp: running.stamp,
        };
        running.problems.push(found);
        if let Some(location) = &problem.location {
            self.touched.insert(location.file.clone());
        }
        self.tell(id, RunWhat::Problem(problem));
    }

    fn found(&mut self, items: Vec<TestItem>) {
        let files: Vec<Utf8PathBuf> = items
            .iter()
            .filter_map(|item| {
                let parent = item.parent.as_ref().and_then(|id| self.tree.get(id));
                item.file
                    .clone()
                    .or_else(|| parent.and_then(|parent| parent.file.clone()))
            })
            .collect();
        // A test that turns out to have cases reports through these.
        let parents: BTreeSet<TestId> = items
            .iter()
            .filter_map(|item| item.parent.clone())
            .collect();
        if self.tree.add_found(items) {
            for parent in parents {
                if self
                    .tree
                    .get(&parent)
                    .is_some_and(|item| item.kind.is_test())
                {
                    self.forget(&parent);
                }
            }
            self.touched.extend(files);
        }
    }

    pub(super) fn listed(&mut self, id: &ProjectId, items: Vec<TestItem>) {
        if self.projects.contains_key(id) {
            self.found(items);
        }
    }

    pub(super) fn run_ended(&mut self, id: &ProjectId, run: RunId, outcome: RunOutcome) {
        if self.running(id, run).is_none() {
            return;
        }
        self.settle_unreported(id, run, &outcome);
        let Some(state) = self.projects.get_mut(id) else {
            return;
        };
        state.queue.ended(run);
        state.ended_at = Some(self.now);
        // What waits takes its place, otherwise.
        if outcome == RunOutcome::Cancelled && state.queue.is_idle() {
            self.remember_cancelled(id, run);
        }
        let Some(state) = self.projects.get_mut(id) else {
            return;
        };
        let Some(running) = state.running.as_mut() else {
            return;
        };
        let counts = running.counts;
        let outcome = match outcome {
            // Nothing that holds has been seen to hold.
            RunOutcome::Passed if running.reported.is_empty() => RunOutcome::NoTestsMatched,
            outcome => outcome,
        };
        let duration = self.now.saturating_sub(running.started_at);
        let newly_broken = match &outcome {
            RunOutcome::RunnerBroken { message } => {
                let new = state.broken.as_ref() != Some(message);
                state.broken = Some(message.clone());
                new.then(|| message.clone())
            }
            RunOutcome::Cancelled => None,
            _ => {
                state.broken = None;
                None
            }
        };
        // What was built for the run can be asked for its tests at little cost. Asking pytest
        // means to import everything, and its results have named their cases already.
        let built = matches!(outcome, RunOutcome::Passed | RunOutcome::Failed);
        let inputs = self.results.inputs(id);
        if built && state.project.framework() == Framework::Cargo && state.listed != Some(inputs) {
            state.wants_listing = true;
        }
        self.tell(
            id,
            RunWhat::Finished {
                outcome: outcome.clone(),
                counts,
                duration,
            },
        );
        if let Some(text) = newly_broken {
            self.notify(Notice::Message {
                severity: Severity::Error,
                text: format!("{id}: {text}"),
                offer: None,
            });
        }
        let Some(running) = self
            .projects
            .get_mut(id)
            .and_then(|state| state.running.take())
        else {
            return;
        };
        self.settle_problems(id, running, &outcome);
        self.touch_visible();
        self.pump(id);
    }

    /// The project of a run is gone; so nothing more is heard of the run.
    pub(super) fn end_orphan(&mut self, id: &ProjectId, running: &Running) {
        self.results.ended(running.run);
        self.notify(Notice::Run(RunNotice {
            run: running.run,
            sequence: running.sequence,
            project: id.clone(),
            what: RunWhat::Finished {
                outcome: RunOutcome::Cancelled,
                counts: running.counts,
                duration: self.now.saturating_sub(running.started_at),
            },
        }));
    }

    /// Why the tests that did not report have no newer result.
    fn remember_cancelled(&mut self, id: &ProjectId, run: RunId) {
        let Some(running) = self.running(id, run) else {
            return;
        };
        let selection = running.selection.clone();
        let reported: BTreeSet<TestId> = running.reported.keys().cloned().collect();
        let tests = self.selected_tests(id, &selection).into_iter();
        let unreported = tests.filter(|test| !reported.contains(test));
        self.cancelled
            .extend(unreported.map(|test| (test, self.now)));
    }

    /// No result of a test that was to run and did not report may go on as if it were true.
    fn settle_unreported(&mut self, id: &ProjectId, run: RunId, outcome: &RunOutcome) {
        let cut_short = self.results.ended(run);
        for test in &cut_short {
            self.touch_item(test);
        }
        if *outcome == RunOutcome::Cancelled {
            return;
        }
        for test in cut_short {
            let message = "the run ended before this test did";
            self.test_finished(id, run, test, TestResult::errored("crashed", message));
        }
        let Some(running) = self.running(id, run) else {
            return;
        };
        let selection = running.selection.clone();
        let reported = running.reported.clone();
        // A framework that was told to stop at the first failure leaves the rest unsaid.
        let stopped_early = (running.planned as usize) > reported.len();
        for test in self.selected_tests(id, &selection) {
            if reported.contains_key(&test) {
                continue;
            }
            self.cancelled.remove(&test);
            match outcome {
                // It was not built or not asked: what was known of it is old.
                RunOutcome::DidNotBuild | RunOutcome::RunnerBroken { .. } => {
                    self.results.outdate(&test);
                }
                _ if stopped_early => self.results.outdate(&test),
                // The framework does not know it in this configuration.
                _ => {
                    self.touch_item(&test);
                    self.forget(&test);
                    self.tree.remove_found(&test);
                }
            }
            self.touch_item(&test);
        }
    }

    /// Keeps those problems of earlier runs that this run did not look at again.
    fn settle_problems(&mut self, id: &ProjectId, running: Running, outcome: &RunOutcome) {
        let units: Option<BTreeSet<Unit>> = match &running.selection {
            Selection::All => None,
            Selection::Units(units) => Some(units.iter().cloned().collect()),
            Selection::Items(items) => Some(
                items
                    .iter()
                    .filter_map(|item| self.tree.get(item)?.unit.clone())
                    .collect(),
            ),
        };
        let Some(state) = self.projects.get_mut(id) else {
            return;
        };
        let project = state.project.clone();
        let looked_at = |problem: &Problem| {
            let (Some(units), Some(location)) = (&units, &problem.location) else {
                return true;
            };
            match project.affected(&location.file) {
                Affected::Nothing | Affected::All(_) => true,
                Affected::Units(affected, _) => !affected.is_disjoint(units),
            }
        };
        let cancelled = *outcome == RunOutcome::Cancelled;
        let before = std::mem::take(&mut state.problems);
        for found in &before {
            if let Some(location) = &found.problem.location {
                self.touched.insert(location.file.clone());
            }
        }
        state.problems = before
            .into_iter()
            .filter(|found| cancelled || !looked_at(&found.problem))
            .filter(|found| {
                !running
                    .problems
                    .iter()
                    .any(|new| new.problem == found.problem)
            })
            .chain(running.problems.iter().cloned())
            .collect();
    }
}

/// The items that are not gone, nor hang below one that is.
fn without(mut items: Vec<TestItem>, gone: &BTreeSet<TestId>) -> Vec<TestItem> {
    items.retain(|item| {
        !gone.contains(&item.id)
            && item
                .parent
                .as_ref()
                .is_none_or(|parent| !gone.contains(parent))
    });
    items
}

/// A test that reported and that nobody had named: it hangs below its project.
fn unknown_test(project: &ProjectId, id: &TestId) -> TestItem {
    TestItem {
        id: id.clone(),
        parent: None,
        project: project.clone(),
        unit: None,
        kind: ItemKind::Test,
        label: id.local_in(project).unwrap_or(id.as_str()).to_owned(),
        file: None,
        range: None,
        name_range: None,
    }
}
