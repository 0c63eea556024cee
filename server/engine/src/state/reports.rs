//! What a run says while it goes on, and what becomes of its tests and problems when it ends.

use std::collections::BTreeSet;
use std::sync::Arc;

use camino::Utf8PathBuf;
use greenward_core::{
    Finished, Framework, ItemKind, Problem, ProjectId, RunEvent, RunId, RunOutcome, Selection,
    Severity, TestId, TestItem, TestResult, Unit,
};
use greenward_frameworks::Affected;

use super::{FoundProblem, Running, State};
use crate::notice::{Notice, RunNotice, RunWhat};

impl State {
    /// Says something of the run that goes on in a project.
    pub(super) fn tell(&mut self, id: &ProjectId, what: RunWhat) {
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
        self.look_at_cycles_by_hand();
        self.keep_checkpoint(id);
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
