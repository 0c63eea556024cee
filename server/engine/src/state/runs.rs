//! The queues of runs: what is asked for, what a change makes necessary, and what starts next.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{Admission, Cause, Counts, ProjectId, RunId, Selection, Severity, Wanted};
use indexmap::IndexMap;
use tokio::sync::oneshot;

use super::{Running, State};
use crate::command::{Refusal, RunRequest, StartedRun};
use crate::effect::{Effect, Work};
use crate::notice::{Notice, Offer, RunWhat};
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
    pub(super) fn explain(&mut self, refusal: &Refusal) {
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

    pub(super) fn check_trust(&self, id: &ProjectId) -> Result<(), Refusal> {
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
    pub(super) fn pump(&mut self, id: &ProjectId) -> Option<RunId> {
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
}
