//! The cycles of the workspace: those in hand, each in a task of its own, and what is asked about
//! all of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use dashmap::DashMap;
use greenward_core::{
    BreakerChange, BreakerKey, BreakerState, Cycle, CycleEvent, CycleId, Ending, Failed, Goal,
    Limits, Phase, ProjectId, Recorded, Review,
};
use greenward_frameworks::Project;
use greenward_protocol::settings::{self, Settings};
use greenward_store::{CycleFilter, CycleSummary};
use greenward_workers::Worker;
use greenward_workspace::dirs::Dirs;
use greenward_workspace::objects::references::RefName;
use greenward_workspace::objects::{CommitId as Version, ObjectStore};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::checkpoint;
use super::command::{
    Application, AppliedFile, ApplyTo, CycleDiff, CycleRecord, CycleRefusal, Resting,
};
use super::drive::{Drive, Stop};
use super::means::{Means, commit, version};
use super::notice::CycleNotice;
use crate::error::chain;
use crate::event::Event;
use crate::runner::Tools;

/// The name of the worker that needs no settings.
pub(crate) const HUMAN: &str = "human";
/// How long what goes on may take to end.
const END: Duration = Duration::from_secs(30);

/// Open documents: their text and version, by path.
pub(crate) type Documents = Vec<(Utf8PathBuf, i32, Arc<str>)>;

/// Something to be done about cycles, with what the state knows.
#[derive(Debug)]
pub(crate) enum CycleWork {
    /// Begin one.
    Start {
        goal: Goal,
        worker: String,
        context: Context,
        reply: oneshot::Sender<Result<CycleId, CycleRefusal>>,
    },
    /// Go on with one. `contexts` are of every project that it could be of.
    Resume {
        cycle: CycleId,
        contexts: Vec<(ProjectId, Context)>,
        reply: oneshot::Sender<Result<(), CycleRefusal>>,
    },
    Cancel {
        cycle: Option<CycleId>,
    },
    Apply {
        cycle: CycleId,
        folders: Vec<Utf8PathBuf>,
        documents: Documents,
        to: ApplyTo,
        reply: oneshot::Sender<Result<Application, CycleRefusal>>,
    },
    Applied {
        cycle: CycleId,
        folders: Vec<Utf8PathBuf>,
        files: Vec<Utf8PathBuf>,
        reply: oneshot::Sender<Result<(), CycleRefusal>>,
    },
    Discard {
        cycle: CycleId,
        folders: Vec<Utf8PathBuf>,
        reply: oneshot::Sender<Result<(), CycleRefusal>>,
    },
    List {
        folders: Vec<Utf8PathBuf>,
        reply: oneshot::Sender<Result<Vec<CycleSummary>, CycleRefusal>>,
    },
    Diff {
        cycle: CycleId,
        folders: Vec<Utf8PathBuf>,
        reply: oneshot::Sender<Result<CycleDiff, CycleRefusal>>,
    },
    Show {
        cycle: CycleId,
        folders: Vec<Utf8PathBuf>,
        reply: oneshot::Sender<Result<CycleRecord, CycleRefusal>>,
    },
    Resting {
        folders: Vec<Utf8PathBuf>,
        reply: oneshot::Sender<Result<Vec<Resting>, CycleRefusal>>,
    },
    ResetBreakers {
        folders: Vec<Utf8PathBuf>,
        reply: oneshot::Sender<Result<(), CycleRefusal>>,
    },
    /// All tests of a project pass on the user's work as it is.
    Checkpoint {
        folder: Utf8PathBuf,
        project: ProjectId,
        documents: Documents,
    },
    /// The user wants to go back to the last checkpoint of a project.
    BackToGreen {
        folder: Utf8PathBuf,
        project: ProjectId,
        root: Utf8PathBuf,
        documents: Documents,
        reply: oneshot::Sender<Result<Application, CycleRefusal>>,
    },
    /// All targets of a person's cycle pass on the user's work as it is.
    Passing {
        cycle: CycleId,
        documents: Documents,
    },
}

/// What the state knows of the project of a cycle.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) folder: Utf8PathBuf,
    pub(crate) project: Arc<Project>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) documents: Documents,
}

/// The cycles of the workspace.
pub(crate) struct Cycles {
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

struct Shared {
    dirs: Dirs,
    tools: Tools,
    clock: fn() -> Duration,
    events: mpsc::UnboundedSender<Event>,
    means: DashMap<Utf8PathBuf, Means>,
    in_hand: DashMap<CycleId, InHand>,
}

/// A cycle that goes on.
struct InHand {
    folder: Utf8PathBuf,
    stop: Stop,
    passing: mpsc::UnboundedSender<Version>,
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
                reply,
            } => match self.open(goal, worker, context).await {
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
                let _ = reply.send(self.applied(cycle, &folders, &files).await);
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
    async fn means(&self, folder: &Utf8Path) -> Result<Means, CycleRefusal> {
        if let Some(means) = self.means.get(folder) {
            return Ok(means.clone());
        }
        let (at, dirs) = (folder.to_owned(), self.dirs.clone());
        let (tools, clock) = (self.tools.clone(), self.clock);
        let opened = tokio::task::spawn_blocking(move || Means::open(&at, &dirs, &tools, clock));
        let means = opened.await.map_err(failed)?.map_err(failed)?;
        Ok(self.means.entry(folder.to_owned()).or_insert(means).clone())
    }

    async fn open(
        self: &Arc<Self>,
        goal: Goal,
        name: String,
        context: Context,
    ) -> Result<Drive, CycleRefusal> {
        let worker = self.worker(&name, &context)?;
        let means = self.means(&context.folder).await?;
        self.check_breakers(&means, &name).await?;
        let base = snapshot(&means, &context.documents, "Your work when a cycle began").await?;
        let limits = limits(&context.settings.cycle, &worker);
        let opened = Recorded {
            at: (self.clock)(),
            event: CycleEvent::Opened {
                goal,
                worker: name,
                limits,
                base: commit(base),
            },
        };
        let (id, cycle) = means.store.open_cycle(opened).await.map_err(failed)?;
        means.name(id, "base", base).map_err(failed)?;
        let claim = means.store.claim(id).map_err(failed)?;
        let claim = claim.ok_or(CycleRefusal::InHand(id))?;
        Ok(self.take_in_hand(means, claim, cycle, worker, context))
    }

    fn take_in_hand(
        self: &Arc<Self>,
        means: Means,
        claim: greenward_store::Claim,
        cycle: Cycle,
        worker: Worker,
        context: Context,
    ) -> Drive {
        let (passing, passed) = mpsc::unbounded_channel();
        let (notices, mut told) = mpsc::unbounded_channel::<CycleNotice>();
        let stop = Stop::default();
        self.in_hand.insert(
            claim.cycle(),
            InHand {
                folder: context.folder,
                stop: stop.clone(),
                passing,
            },
        );
        let events = self.events.clone();
        tokio::spawn(async move {
            while let Some(notice) = told.recv().await {
                // The loop may have ended.
                let _ = events.send(Event::Cycle(notice));
            }
        });
        Drive {
            means,
            claim,
            cycle,
            project: context.project,
            settings: context.settings,
            worker,
            stop,
            notices,
            passing: passed,
        }
    }

    async fn drive(&self, drive: Drive) {
        let id = drive.claim.cycle();
        drive.run().await;
        self.in_hand.remove(&id);
    }

    async fn resume(
        self: &Arc<Self>,
        id: CycleId,
        contexts: Vec<(ProjectId, Context)>,
    ) -> Result<Drive, CycleRefusal> {
        let mut folders: Vec<Utf8PathBuf> = contexts
            .iter()
            .map(|(_, context)| context.folder.clone())
            .collect();
        folders.dedup();
        let (means, cycle) = self.find(id, &folders).await?;
        let project = &cycle.goal().project;
        let context = contexts.into_iter().find(|(known, _)| known == project);
        let Some((_, context)) = context else {
            let why = format!("its project {project} is not here any more");
            return Err(CycleRefusal::NotNow { id, why });
        };
        let claim = means.store.claim(id).map_err(failed)?;
        let claim = claim.ok_or(CycleRefusal::InHand(id))?;
        let name = cycle.worker().to_owned();
        let worker = self.worker(&name, &context)?;
        self.check_breakers(&means, &name).await?;
        let used_up = matches!(
            cycle.ending(),
            Some(Ending::Failed(Failed::Limit(_)) | Ending::Stuck { .. })
        );
        let limits = used_up.then(|| limits(&context.settings.cycle, &worker));
        let resumed = Recorded {
            at: (self.clock)(),
            event: CycleEvent::Resumed { limits },
        };
        let appended = means.store.append(id, vec![resumed]).await;
        let cycle = appended.map_err(|error| CycleRefusal::NotNow {
            id,
            why: chain(&error),
        })?;
        Ok(self.take_in_hand(means, claim, cycle, worker, context))
    }

    fn worker(&self, name: &str, context: &Context) -> Result<Worker, CycleRefusal> {
        let human = settings::Worker::default();
        let configured = &context.settings.workers;
        let settings = match configured.get(name) {
            Some(settings) => settings,
            None if name == HUMAN => &human,
            None => {
                return Err(CycleRefusal::UnknownWorker {
                    name: name.to_owned(),
                    known: configured.keys().cloned().collect(),
                });
            }
        };
        let (env, executor) = (&self.tools.env, &self.tools.executor);
        Worker::from_settings(name, settings, env, executor, &context.folder).map_err(|error| {
            CycleRefusal::Worker {
                name: name.to_owned(),
                why: chain(&error),
            }
        })
    }

    /// What keeps failing is left alone for a while.
    async fn check_breakers(&self, means: &Means, worker: &str) -> Result<(), CycleRefusal> {
        let breakers = means.store.breakers().await.map_err(failed)?;
        let now = (self.clock)();
        let keys = [
            BreakerKey::Worker(worker.to_owned()),
            BreakerKey::Phase(Phase::Green),
            BreakerKey::System,
        ];
        for key in keys {
            let Some(breaker) = breakers.get(&key) else {
                continue;
            };
            if let BreakerState::Open { until } = breaker.state(now, key.thresholds()) {
                let wait = until.saturating_sub(now).as_secs() + 1;
                let why = format!(
                    "{key} has failed {} times in a row and rests for {wait} s more; \
                     `greenward cycles --reset-breakers` lets it be tried at once",
                    breaker.failures
                );
                let name = worker.to_owned();
                return Err(CycleRefusal::Worker { name, why });
            }
        }
        Ok(())
    }

    /// The cycle of this number in the first folder that has one.
    async fn find(
        &self,
        id: CycleId,
        folders: &[Utf8PathBuf],
    ) -> Result<(Means, Cycle), CycleRefusal> {
        for folder in folders {
            let means = self.means(folder).await?;
            if let Some(cycle) = means.store.cycle(id).await.map_err(failed)? {
                return Ok((means, cycle));
            }
        }
        Err(CycleRefusal::Unknown(id))
    }

    async fn apply(
        &self,
        id: CycleId,
        folders: &[Utf8PathBuf],
        documents: Documents,
        to: ApplyTo,
    ) -> Result<Application, CycleRefusal> {
        let (means, cycle) = self.find(id, folders).await?;
        undecided(id, &cycle)?;
        let result = match (cycle.ending(), cycle.commit()) {
            (Some(Ending::Complete(_)), Some(result)) => version(result).map_err(failed)?,
            _ => {
                let state = CycleSummary::of(id, &cycle).phase.to_string();
                return Err(CycleRefusal::NoResult {
                    id,
                    state: format!("is {state}"),
                });
            }
        };
        let base = given(&means, id, &cycle)?;
        let mine = snapshot(&means, &documents, "Your work before a result came to it").await?;
        let objects = means.objects.clone();
        let merge = tokio::task::spawn_blocking(move || objects.merge(base, result, mine));
        let merge = merge.await.map_err(failed)?.map_err(failed)?;
        if !merge.conflicts.is_empty() {
            let conflicts = merge.conflicts;
            return Err(CycleRefusal::Conflicts { id, conflicts });
        }
        let top = means.objects.top().to_owned();
        let versions: BTreeMap<&Utf8Path, i32> = documents
            .iter()
            .map(|(path, version, _)| (path.as_path(), *version))
            .collect();
        let text = |side: &Option<greenward_workspace::objects::FileVersion>| {
            side.as_ref()
                .and_then(|side| side.text())
                .map(str::to_owned)
        };
        let files: Vec<AppliedFile> = merge
            .files
            .iter()
            .map(|file| {
                let path = top.join(&file.path);
                AppliedFile {
                    version: versions.get(path.as_path()).copied(),
                    before: text(&file.before),
                    after: text(&file.after),
                    path,
                }
            })
            .collect();
        let before = RefName::new(format!("cycles/{id}/before-apply")).map_err(failed)?;
        match to {
            ApplyTo::Disk => {
                let objects = means.objects.clone();
                let applied = tokio::task::spawn_blocking(move || objects.apply(&merge, &before));
                applied.await.map_err(failed)?.map_err(failed)?;
                let paths: Vec<Utf8PathBuf> = files.iter().map(|file| file.path.clone()).collect();
                self.applied(id, folders, &paths).await?;
            }
            ApplyTo::Editor => {
                let set = means.objects.set_reference(&before, mine);
                set.map_err(failed)?;
            }
        }
        Ok(Application { files })
    }

    async fn applied(
        &self,
        id: CycleId,
        folders: &[Utf8PathBuf],
        files: &[Utf8PathBuf],
    ) -> Result<(), CycleRefusal> {
        let (means, _) = self.find(id, folders).await?;
        let inside =
            |path: &Utf8PathBuf| path.strip_prefix(&means.folder).unwrap_or(path).to_owned();
        let files = files.iter().map(inside).collect();
        self.review(&means, id, CycleEvent::Applied { files }).await
    }

    async fn discard(&self, id: CycleId, folders: &[Utf8PathBuf]) -> Result<(), CycleRefusal> {
        let (means, cycle) = self.find(id, folders).await?;
        undecided(id, &cycle)?;
        self.review(&means, id, CycleEvent::Discarded).await
    }

    async fn review(
        &self,
        means: &Means,
        id: CycleId,
        event: CycleEvent,
    ) -> Result<(), CycleRefusal> {
        let _claim = means
            .store
            .claim(id)
            .map_err(failed)?
            .ok_or(CycleRefusal::InHand(id))?;
        let recorded = Recorded {
            at: (self.clock)(),
            event,
        };
        let appended = means.store.append(id, vec![recorded]).await;
        appended.map(drop).map_err(|error| CycleRefusal::NotNow {
            id,
            why: chain(&error),
        })
    }

    async fn list(&self, folders: &[Utf8PathBuf]) -> Result<Vec<CycleSummary>, CycleRefusal> {
        let mut all = Vec::new();
        for folder in folders {
            let means = self.means(folder).await?;
            let cycles = means.store.cycles(CycleFilter::default()).await;
            all.extend(cycles.map_err(failed)?);
        }
        Ok(all)
    }

    async fn diff(&self, id: CycleId, folders: &[Utf8PathBuf]) -> Result<CycleDiff, CycleRefusal> {
        let (means, cycle) = self.find(id, folders).await?;
        let summary = CycleSummary::of(id, &cycle);
        let top = means.objects.top().to_owned();
        let base = given(&means, id, &cycle)?;
        let last = match cycle.commit() {
            Some(commit) => Some(version(commit).map_err(failed)?),
            None => last_attempt(&means, &cycle, id)?,
        };
        let Some(last) = last else {
            return Ok(CycleDiff {
                summary,
                top,
                files: Vec::new(),
            });
        };
        let files = tokio::task::spawn_blocking(move || means.objects.changes(base, last));
        let files = files.await.map_err(failed)?.map_err(failed)?;
        Ok(CycleDiff {
            summary,
            top,
            files,
        })
    }

    async fn show(
        &self,
        id: CycleId,
        folders: &[Utf8PathBuf],
    ) -> Result<CycleRecord, CycleRefusal> {
        let (means, cycle) = self.find(id, folders).await?;
        Ok(CycleRecord {
            summary: CycleSummary::of(id, &cycle),
            events: means.store.events(id).await.map_err(failed)?,
            recording: means.recording(id),
        })
    }

    async fn resting(&self, folders: &[Utf8PathBuf]) -> Result<Vec<Resting>, CycleRefusal> {
        let now = (self.clock)();
        let mut resting = Vec::new();
        for folder in folders {
            let means = self.means(folder).await?;
            for (what, breaker) in means.store.breakers().await.map_err(failed)? {
                if let BreakerState::Open { until } = breaker.state(now, what.thresholds()) {
                    resting.push(Resting {
                        what,
                        failures: breaker.failures,
                        until,
                    });
                }
            }
        }
        Ok(resting)
    }

    async fn reset_breakers(&self, folders: &[Utf8PathBuf]) -> Result<(), CycleRefusal> {
        for folder in folders {
            let means = self.means(folder).await?;
            for key in means.store.breakers().await.map_err(failed)?.into_keys() {
                let at = (self.clock)();
                let reset = means.store.record_breaker(at, key, BreakerChange::Reset);
                reset.await.map_err(failed)?;
            }
        }
        Ok(())
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

/// A result is decided about once.
fn undecided(id: CycleId, cycle: &Cycle) -> Result<(), CycleRefusal> {
    let why = match cycle.review() {
        None => return Ok(()),
        Some(Review::Applied) => "its result is in your files already",
        Some(Review::Discarded) => "it was discarded",
    };
    let why = why.to_owned();
    Err(CycleRefusal::NotNow { id, why })
}

/// What the worker was given: the base, or what it was made to without what was held out.
fn given(means: &Means, id: CycleId, cycle: &Cycle) -> Result<Version, CycleRefusal> {
    let name = RefName::new(format!("cycles/{id}/given")).map_err(failed)?;
    match means.objects.reference(&name).map_err(failed)? {
        Some(given) => Ok(given),
        None => version(cycle.base()).map_err(failed),
    }
}

fn last_attempt(
    means: &Means,
    cycle: &Cycle,
    id: CycleId,
) -> Result<Option<Version>, CycleRefusal> {
    for number in (1..=cycle.attempts()).rev() {
        let name = RefName::new(format!("cycles/{id}/attempt-{number}")).map_err(failed)?;
        if let Some(version) = means.objects.reference(&name).map_err(failed)? {
            return Ok(Some(version));
        }
    }
    Ok(None)
}

/// The user's work as it is, unsaved text included.
async fn snapshot(
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

/// What a cycle may use. A person has all the time there is.
fn limits(settings: &settings::Cycle, worker: &Worker) -> Limits {
    if matches!(worker, Worker::Human) {
        return Limits {
            attempts: u32::MAX,
            time: Duration::from_secs(365 * 24 * 3600),
            tokens: None,
            cost_microdollars: None,
        };
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the settings are in a range where neither happens"
    )]
    let cost = (settings.max_cost_usd * 1e6) as u64;
    Limits {
        attempts: settings.max_attempts,
        time: Duration::from_secs(u64::from(settings.max_minutes) * 60),
        tokens: settings.max_tokens.map(|tokens| u64::from(tokens.get())),
        cost_microdollars: Some(cost),
    }
}

fn failed(error: impl std::error::Error + 'static) -> CycleRefusal {
    CycleRefusal::Failed(chain(&error))
}
