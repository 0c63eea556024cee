//! The cycles of the workspace: those in hand, each in a task of its own, and who does what is to
//! be done about any.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use dashmap::DashMap;
use greenward_core::{Cycle, CycleId, ProjectId};
use greenward_workspace::dirs::Dirs;
use greenward_workspace::objects::{CommitId as Version, ObjectStore};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::checkpoint;
use super::command::Application;
use super::drive::{Drive, Stop};
use super::means::Means;
use super::refusal::CycleRefusal;
use super::standing::Remembered;
use super::work::{CycleWork, Documents};
use crate::error::chain;
use crate::event::Event;
use crate::runner::Tools;

/// How long what goes on may take to end.
const END: Duration = Duration::from_secs(30);

/// The cycles of the workspace.
pub(crate) struct Cycles {
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

/// What the tasks of all of them share.
pub(super) struct Shared {
    dirs: Dirs,
    pub(super) tools: Tools,
    pub(super) clock: fn() -> Duration,
    pub(super) events: mpsc::UnboundedSender<Event>,
    means: DashMap<Utf8PathBuf, Means>,
    pub(super) in_hand: DashMap<CycleId, InHand>,
    pub(super) remembered: Remembered,
}

/// A cycle that goes on.
pub(super) struct InHand {
    pub(super) folder: Utf8PathBuf,
    pub(super) stop: Stop,
    pub(super) passing: mpsc::UnboundedSender<Version>,
}

impl Cycles {
    pub(crate) fn new(
        dirs: Dirs,
        tools: Tools,
        clock: fn() -> Duration,
        events: mpsc::UnboundedSender<Event>,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                dirs,
                tools,
                clock,
                events,
                means: DashMap::new(),
                in_hand: DashMap::new(),
                remembered: Remembered::default(),
            }),
            tasks: Vec::new(),
        }
    }

    /// Does something about cycles, in a task of its own.
    pub(crate) fn work(&mut self, work: CycleWork) {
        if let CycleWork::Cancel { cycle } = work {
            for running in &self.shared.in_hand {
                if cycle.is_none_or(|cycle| cycle == *running.key()) {
                    running.stop.cancel();
                }
            }
            return;
        }
        let shared = self.shared.clone();
        self.tasks.retain(|task| !task.is_finished());
        self.tasks
            .push(tokio::spawn(async move { shared.work(work).await }));
    }

    /// Interrupts what goes on. When this returns, every process is gone, and every cycle can be
    /// taken up again.
    pub(crate) async fn stop(self) {
        for running in &self.shared.in_hand {
            running.stop.interrupt();
        }
        for task in self.tasks {
            if tokio::time::timeout(END, task).await.is_err() {
                tracing::error!("a cycle did not end in time");
            }
        }
    }
}

impl Shared {
    async fn work(self: Arc<Self>, work: CycleWork) {
        // Whoever asked may be waiting no more.
        match work {
            CycleWork::Start {
                goal,
                worker,
                context,
                folders,
                reply,
            } => match self.open(goal, worker, context, &folders).await {
                Ok(drive) => {
                    let _ = reply.send(Ok(drive.claim.cycle()));
                    self.drive(drive).await;
                }
                Err(refusal) => {
                    let _ = reply.send(Err(refusal));
                }
            },
            CycleWork::Resume {
                cycle,
                contexts,
                reply,
            } => match self.resume(cycle, contexts).await {
                Ok(drive) => {
                    let _ = reply.send(Ok(()));
                    self.drive(drive).await;
                }
                Err(refusal) => {
                    let _ = reply.send(Err(refusal));
                }
            },
            CycleWork::Cancel { .. } => {}
            CycleWork::Apply {
                cycle,
                folders,
                documents,
                to,
                reply,
            } => {
                let _ = reply.send(self.apply(cycle, &folders, documents, to).await);
            }
            CycleWork::Applied {
                cycle,
                folders,
                files,
                reply,
            } => {
                let _ = reply.send(self.applied(cycle, &folders, files).await);
            }
            CycleWork::Discard {
                cycle,
                folders,
                reply,
            } => {
                let _ = reply.send(self.discard(cycle, &folders).await);
            }
            CycleWork::List { folders, reply } => {
                let _ = reply.send(self.list(&folders).await);
            }
            CycleWork::Undecided { folder, reply } => {
                let _ = reply.send(match folder {
                    Some(folder) => self.undecided_in(&folder).await,
                    None => Ok(Vec::new()),
                });
            }
            CycleWork::Workers {
                folder,
                settings,
                reply,
            } => {
                let _ = reply.send(self.troubled_workers(folder, settings).await);
            }
            CycleWork::Diff {
                cycle,
                folders,
                reply,
            } => {
                let _ = reply.send(self.diff(cycle, &folders).await);
            }
            CycleWork::Show {
                cycle,
                folders,
                reply,
            } => {
                let _ = reply.send(self.show(cycle, &folders).await);
            }
            CycleWork::Resting { folders, reply } => {
                let _ = reply.send(self.resting(&folders).await);
            }
            CycleWork::HalfApplied {
                folders,
                documents,
                reply,
            } => {
                let _ = reply.send(self.half_applied(&folders, &documents).await);
            }
            CycleWork::ResetBreakers { folders, reply } => {
                let _ = reply.send(self.reset_breakers(&folders).await);
            }
            CycleWork::Checkpoint {
                folder,
                project,
                documents,
            } => self.checkpoint(folder, project, documents).await,
            CycleWork::BackToGreen {
                folder,
                project,
                root,
                documents,
                reply,
            } => {
                let back = self.back_to_green(folder, project, root, documents);
                let _ = reply.send(back.await);
            }
            CycleWork::Passing { cycle, documents } => self.passing(cycle, documents).await,
        }
    }

    /// What there is for a folder, opened when it is first needed.
    pub(super) async fn means(&self, folder: &Utf8Path) -> Result<Means, CycleRefusal> {
        if let Some(means) = self.means.get(folder) {
            return Ok(means.clone());
        }
        let (at, dirs) = (folder.to_owned(), self.dirs.clone());
        let (tools, clock) = (self.tools.clone(), self.clock);
        let opened = tokio::task::spawn_blocking(move || Means::open(&at, &dirs, &tools, clock));
        let means = opened.await.map_err(failed)?.map_err(failed)?;
        Ok(self.means.entry(folder.to_owned()).or_insert(means).clone())
    }

    async fn drive(&self, drive: Drive) {
        let id = drive.claim.cycle();
        drive.run().await;
        self.in_hand.remove(&id);
    }

    /// The cycle of this number, if one folder has it and no other.
    pub(super) async fn find(
        &self,
        id: CycleId,
        folders: &[Utf8PathBuf],
    ) -> Result<(Means, Cycle), CycleRefusal> {
        let mut found = Vec::new();
        for means in self.with_cycles(folders).await? {
            if let Some(cycle) = means.store.cycle(id).await.map_err(failed)? {
                found.push((means, cycle));
            }
        }
        match found.len() {
            // Which is meant nobody knows, and one of them would be the wrong one.
            2.. => Err(CycleRefusal::SeveralFolders {
                id,
                folders: found.into_iter().map(|(means, _)| means.folder).collect(),
            }),
            _ => found.pop().ok_or(CycleRefusal::Unknown(id)),
        }
    }

    async fn checkpoint(&self, folder: Utf8PathBuf, project: ProjectId, documents: Documents) {
        let (dirs, at) = (self.dirs.clone(), self.now());
        let kept = tokio::task::spawn_blocking(move || {
            let objects = ObjectStore::open(&folder, &dirs)?;
            checkpoint::keep(&objects, &project, &documents, at)
        });
        let error = match kept.await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => chain(&error),
            Err(error) => chain(&error),
        };
        tracing::warn!(error, "there is no checkpoint of a green state");
    }

    async fn back_to_green(
        &self,
        folder: Utf8PathBuf,
        project: ProjectId,
        root: Utf8PathBuf,
        documents: Documents,
    ) -> Result<Application, CycleRefusal> {
        let (dirs, at) = (self.dirs.clone(), self.now());
        let id = project.clone();
        let back = tokio::task::spawn_blocking(move || {
            let objects = ObjectStore::open(&folder, &dirs)?;
            checkpoint::back(&objects, &id, &root, &documents, at)
        });
        let back = back.await.map_err(failed)?.map_err(failed)?;
        back.ok_or(CycleRefusal::NoCheckpoint(project))
    }

    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + (self.clock)()
    }

    async fn passing(&self, id: CycleId, documents: Documents) {
        let Some((folder, passing)) = self
            .in_hand
            .get(&id)
            .map(|running| (running.folder.clone(), running.passing.clone()))
        else {
            return;
        };
        let taken = match self.means(&folder).await {
            Ok(means) => snapshot(&means, &documents, "Your work when the targets passed").await,
            Err(refusal) => Err(refusal),
        };
        match taken {
            // The cycle may have ended meanwhile.
            Ok(state) => drop(passing.send(state)),
            Err(error) => tracing::warn!(%error, "the work of a person could not be recorded"),
        }
    }
}

/// The user's work as it is, unsaved text included.
pub(super) async fn snapshot(
    means: &Means,
    documents: &Documents,
    message: &'static str,
) -> Result<Version, CycleRefusal> {
    let overlay: Vec<(Utf8PathBuf, Arc<str>)> = documents
        .iter()
        .map(|(path, _, text)| (path.clone(), text.clone()))
        .collect();
    let (objects, at) = (means.objects.clone(), means.now());
    let taken = tokio::task::spawn_blocking(move || objects.snapshot(&overlay, message, at));
    let snapshot = taken.await.map_err(failed)?.map_err(failed)?;
    for refused in &snapshot.left_out {
        tracing::info!(path = %refused.path, why = refused.why.explain(), "not part of the snapshot");
    }
    Ok(snapshot.commit)
}

pub(super) fn failed(error: impl std::error::Error + 'static) -> CycleRefusal {
    CycleRefusal::Failed(chain(&error))
}
