//! Answers to what is asked of the engine.

use std::cmp::Reverse;
use std::time::Duration;

use camino::Utf8Path;
use greenward_core::{Counts, Freshness, Outcome, Phase, ProjectId, TestId, TestItem};

use super::{ProjectState, State};
use crate::command::Query;
use crate::view::{
    FileView, ItemState, ItemView, ProjectStatus, RunningStatus, Status, TestView, TrustState,
};

/// How fresh two results are together. What is stale must look it, whatever has not run yet.
fn worse(one: Freshness, other: Freshness) -> Freshness {
    let rank = |freshness| match freshness {
        Freshness::Current => 0,
        Freshness::Unknown => 1,
        Freshness::Stale => 2,
    };
    std::cmp::max_by_key(one, other, |freshness| rank(*freshness))
}

impl State {
    pub(super) fn answer(&mut self, query: Query) {
        // A reply that nobody waits for any more is no error.
        match query {
            Query::Children { parent, reply } => {
                let _ = reply.send(self.children(parent.as_ref()));
            }
            Query::File { path, reply } => {
                let _ = reply.send(self.file(&path));
            }
            Query::Test { id, reply } => {
                let _ = reply.send(self.test(&id));
            }
            Query::Names { reply } => {
                let _ = reply.send(self.names());
            }
            Query::Status { reply } => {
                let _ = reply.send(self.status());
            }
            Query::Settings { path, reply } => {
                let folder = self
                    .folder_of(&path)
                    .and_then(|path| self.folders.get(path));
                let _ = reply.send(folder.map(|folder| folder.settings.clone()));
            }
            Query::Spec { path, reply } => self.ask_spec(path, reply),
            Query::IsSpec { path, reply } => {
                let _ = reply.send(self.is_spec(&path));
            }
            Query::Settled { reply } => {
                self.settled.push(reply);
                self.tell_settled();
            }
        }
    }

    fn children(&self, parent: Option<&TestId>) -> Vec<ItemView> {
        let mut items: Vec<&TestItem> = match parent {
            Some(parent) => self.tree.children(parent).collect(),
            None => self.tree.roots().collect(),
        };
        items.sort_by(|a, b| {
            (&a.file, a.range, a.kind.is_test(), &a.label).cmp(&(
                &b.file,
                b.range,
                b.kind.is_test(),
                &b.label,
            ))
        });
        items.into_iter().map(|item| self.view(item)).collect()
    }

    fn file(&self, path: &Utf8Path) -> FileView {
        let mut items: Vec<ItemView> = self
            .tree
            .in_file(path)
            .into_iter()
            .map(|item| self.view(item))
            .collect();
        items.sort_by_key(|view| {
            let range = view.item.range.unwrap_or_default();
            (range.start, Reverse(range.end))
        });
        FileView {
            version: self.documents.get(path).map(|document| document.version()),
            items,
            trusted: self
                .folder_of(path)
                .and_then(|folder| self.folders.get(folder))
                .is_some_and(|folder| folder.trust == TrustState::Trusted),
        }
    }

    fn test(&self, id: &TestId) -> Option<TestView> {
        let view = self.view(self.tree.get(id)?);
        let shown = self.results.get(id);
        Some(TestView {
            view,
            result: shown.map(|shown| shown.result.clone()),
            run: shown.map(|shown| shown.run),
            past: shown.map_or_else(Vec::new, |shown| shown.past.iter().copied().collect()),
            why: self.why.get(id).cloned(),
            cancelled: self.cancelled_ago(id),
        })
    }

    /// How long ago the latest run of a test, or of one below an item, was cancelled.
    fn cancelled_ago(&self, id: &TestId) -> Option<Duration> {
        let tests = self.tree.tests_below(id).into_iter();
        let at = tests
            .filter_map(|test| self.cancelled.get(&test.id))
            .max()?;
        Some(self.now.saturating_sub(*at))
    }

    fn names(&self) -> Vec<TestId> {
        let mut names: Vec<TestId> = self
            .tree
            .all()
            .filter(|item| item.kind.is_test())
            .map(|item| item.id.clone())
            .collect();
        names.sort();
        names
    }

    fn status(&self) -> Status {
        let mut projects: Vec<(&ProjectId, &ProjectState)> = self.projects.iter().collect();
        projects.sort_by_key(|(_, state)| {
            let folder = self.folders.get_index_of(&state.folder);
            (folder, state.project.root())
        });
        Status {
            folders: self
                .folders
                .iter()
                .map(|(path, folder)| (path.clone(), folder.trust.clone()))
                .collect(),
            projects: projects
                .into_iter()
                .map(|(id, state)| ProjectStatus {
                    id: id.clone(),
                    root: state.project.root().to_owned(),
                    running: state.running.as_ref().map(|running| RunningStatus {
                        run: running.run,
                        stage: running.stage.clone(),
                        counts: running.counts,
                        planned: running.planned,
                    }),
                    problems: state
                        .problems
                        .iter()
                        .map(|found| found.problem.clone())
                        .collect(),
                    broken: state.broken.clone(),
                    phase: self.phase(id),
                })
                .collect(),
            counts: self.results.counts(),
            tests: self.tree.test_count(),
            loading: !self
                .folders
                .values()
                .all(|folder| folder.loaded && folder.configured),
        }
    }

    /// Where the person who works on a project stands, as far as its results tell. A failing test
    /// is red until it is seen to pass; code that changes while all tests pass is refactored.
    pub(super) fn phase(&self, project: &ProjectId) -> Option<Phase> {
        let state = self.state_of(&TestId::of_project(project));
        let known = state.counts.total();
        match state.freshness {
            _ if state.counts.bad() > 0 => Some(Phase::Red),
            _ if known < state.tests || state.counts.passed == 0 => None,
            Freshness::Current => Some(Phase::Green),
            Freshness::Stale => Some(Phase::Refactor),
            Freshness::Unknown => None,
        }
    }

    fn view(&self, item: &TestItem) -> ItemView {
        ItemView {
            item: item.clone(),
            place: self
                .tree
                .place(&item.id)
                .map(|(file, range)| (file.to_owned(), range)),
            state: self.state_of(&item.id),
            has_children: self.tree.children(&item.id).next().is_some(),
        }
    }

    /// The state of an item: its own result, or those of the tests below it taken together.
    fn state_of(&self, id: &TestId) -> ItemState {
        let mut state = ItemState {
            outcome: None,
            freshness: Freshness::Current,
            running: false,
            duration: None,
            counts: Counts::default(),
            tests: 0,
        };
        for test in self.tree.tests_below(id) {
            state.tests += 1;
            state.running |= self.results.is_running(&test.id);
            state.freshness = worse(state.freshness, self.results.freshness(&test.id));
            let Some(shown) = self.results.get(&test.id) else {
                continue;
            };
            let result = shown.result;
            state.counts.add(result.outcome);
            state.outcome = state.outcome.max(Some(result.outcome));
            state.duration = match (state.duration, result.duration) {
                (Some(some), Some(more)) => Some(some + more),
                (some, more) => some.or(more),
            };
        }
        // A group of nothing but skipped and passed tests has passed.
        if state.outcome == Some(Outcome::Skipped) && state.counts.passed > 0 {
            state.outcome = Some(Outcome::Passed);
        }
        if state.tests == 0 {
            state.freshness = Freshness::Unknown;
        }
        state
    }
}
