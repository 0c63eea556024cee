//! Driving a cycle: carry out what comes next, record what came of it, until it has ended.
//!
//! An event is on the disk before anything follows from it, so a daemon that is killed leaves a
//! cycle that can be taken up where the last event left it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use camino::Utf8PathBuf;
use greenward_core::{
    Counts, Cycle, CycleEvent, CycleId, Goal, Recorded, RunOutcome, Selection, Step, Usage,
};
use greenward_frameworks::Project;
use greenward_protocol::settings::Settings;
use greenward_store::{Claim, CycleSummary};
use greenward_workers::Worker;
use greenward_workspace::lane::Lane;
use greenward_workspace::objects::CommitId as Version;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::attempt::{Task, attempt};
use super::clean_room::{CleanRoom, CleanRoomError};
use super::composition::{Composition, Parts, compose};
use super::environment::Environment;
use super::leavings::without_leavings;
use super::means::{Means, commit, version};
use super::notice::{CycleNotice, CycleWhat};
use super::targets::results;
use super::teller::Teller;
use super::turn::LeftOut;
use super::verify::{Baseline, Question, verify};
use crate::error::chain;

/// Why a step could not be carried out.
pub(super) type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// How a cycle is told to stop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop {
    pub(super) token: CancellationToken,
    by_user: Arc<AtomicBool>,
}

impl Stop {
    /// The user has stopped it: it is cancelled.
    pub(crate) fn cancel(&self) {
        self.by_user.store(true, Ordering::SeqCst);
        self.token.cancel();
    }

    /// The daemon ends: it is interrupted, and goes on when somebody takes it up.
    pub(crate) fn interrupt(&self) {
        self.token.cancel();
    }
}

/// A cycle in hand.
pub(crate) struct Drive {
    pub(crate) means: Means,
    pub(crate) claim: Claim,
    pub(crate) cycle: Cycle,
    /// The user's project, as it was when the cycle was taken up.
    pub(crate) project: Arc<Project>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) worker: Worker,
    pub(crate) stop: Stop,
    pub(crate) notices: mpsc::UnboundedSender<CycleNotice>,
    /// The user's work, each time that all targets pass on it: for a person's cycle.
    pub(crate) passing: mpsc::UnboundedReceiver<Version>,
}

/// What has been made ready for the steps of a cycle.
#[derive(Default)]
pub(super) struct Bench {
    pub(super) environment: Option<Environment>,
    pub(super) room: Option<CleanRoom>,
    pub(super) baseline: Option<Baseline>,
    pub(super) lane: Option<Lane>,
    /// The base without what is held out, once that has been made.
    given: Option<Version>,
    /// What the worker goes on from.
    pub(super) kept: Option<Version>,
    pub(super) composition: Option<(Version, Composition)>,
    /// What of the last attempt came to nothing.
    pub(super) left: LeftOut,
}

impl Drive {
    pub(super) fn id(&self) -> CycleId {
        self.claim.cycle()
    }

    pub(super) fn goal(&self) -> &Goal {
        self.cycle.goal()
    }

    /// Drives the cycle until it has ended or is interrupted.
    pub(crate) async fn run(mut self) {
        let mut teller = Teller {
            cycle: self.id(),
            sequence: 0,
            notices: self.notices.clone(),
        };
        teller.tell(CycleWhat::Began(Box::new(self.summary())));
        let mut bench = Bench::default();
        loop {
            let now = (self.means.clock)();
            let step = self.cycle.next(now);
            let carried = match step {
                Step::AwaitResume | Step::AskUser { .. } | Step::Done(_) => break,
                Step::Record(event) => Ok(event),
                step => {
                    teller.phase(&self.cycle, &step);
                    // Each step heeds the token by itself, so that what it holds is let go in order.
                    carry_out(&mut self, &mut bench, &mut teller, step).await
                }
            };
            let before = self.cycle.working_phase();
            let event = match carried {
                // What was being done was given up, so its failure says nothing.
                _ if self.stop.token.is_cancelled() => self.stopped(),
                Ok(event) => event,
                Err(trouble) => CycleEvent::Broken {
                    error: chain(&*trouble),
                },
            };
            // What is told is kept: nobody hears of an event that a crash could still take back.
            if let Err(error) = self.record(event.clone()).await {
                tracing::error!(cycle = %self.id(), error = chain(&*error), "a cycle's event could not be kept");
                teller.tell(CycleWhat::Stage(format!(
                    "given up: what happens cannot be kept: {}",
                    chain(&*error)
                )));
                break;
            }
            teller.event(&event, before, &self.cycle);
        }
        self.clear(bench).await;
        if let (Worker::Human, Step::AskUser { .. }) =
            (&self.worker, self.cycle.next((self.means.clock)()))
        {
            // A person's result is where it belongs already.
            let files = self.cycle.files().to_vec();
            if let Err(error) = self.record(CycleEvent::Applied { files }).await {
                tracing::error!(error = chain(&*error), "a cycle's event could not be kept");
            }
        }
        let summary = Box::new(self.summary());
        // Whoever hears of the end may take the cycle in hand.
        drop(self.claim);
        teller.tell(CycleWhat::Ended(summary));
    }

    fn summary(&self) -> CycleSummary {
        CycleSummary::of(self.id(), &self.cycle)
    }

    fn stopped(&self) -> CycleEvent {
        if self.stop.by_user.load(Ordering::SeqCst) {
            CycleEvent::Cancelled
        } else {
            CycleEvent::Interrupted
        }
    }

    pub(super) async fn record(&mut self, event: CycleEvent) -> Result<(), Trouble> {
        let at = (self.means.clock)();
        let recorded = Recorded { at, event };
        self.cycle = self.means.store.append(self.id(), vec![recorded]).await?;
        Ok(())
    }

    /// Ends what runs, and lets go of the lanes.
    async fn clear(&self, bench: Bench) {
        if let Some(room) = bench.room {
            room.leave().await;
        }
        if let Some(lane) = bench.lane {
            let at = self.means.now();
            match tokio::task::spawn_blocking(move || lane.release(at)).await {
                Ok(Ok(None)) => {}
                Ok(Ok(Some(name))) => {
                    tracing::info!(name = name.short(), "what a lane held is kept");
                }
                Ok(Err(error)) => tracing::warn!(%error, "a lane was not released"),
                Err(error) => tracing::warn!(%error, "a lane was not released"),
            }
        }
    }
}

async fn carry_out(
    drive: &mut Drive,
    bench: &mut Bench,
    teller: &mut Teller,
    step: Step,
) -> Result<CycleEvent, Trouble> {
    match step {
        Step::TakeBaseline => baseline(drive, bench, teller).await,
        Step::Attempt {
            phase,
            number,
            feedback,
            from,
        } => {
            let task = Task {
                phase,
                number,
                feedback,
                from: from.as_ref().map(version).transpose()?,
            };
            let event = attempt(drive, bench, teller, &task).await?;
            // An attempt that came to nothing says so itself.
            if matches!(event, CycleEvent::WorkerReplied { .. }) {
                for note in &bench.left.notes {
                    teller.stage(note);
                }
            }
            Ok(event)
        }
        Step::AwaitWorker { .. } => wait_for_person(drive).await,
        Step::TestTargets { commit } => test_targets(drive, bench, teller, version(&commit)?).await,
        Step::Verify { commit } => judge(drive, bench, teller, version(&commit)?).await,
        Step::Record(event) => Ok(event),
        Step::AwaitResume | Step::AskUser { .. } | Step::Done(_) => {
            Err("a step that nobody carries out".into())
        }
    }
}

impl Bench {
    /// The clean room, taken when it is first needed.
    pub(super) async fn room(&mut self, drive: &Drive) -> Result<&mut CleanRoom, Trouble> {
        if self.room.is_none() {
            if self.environment.is_none() {
                let found = Environment::find(
                    &drive.project,
                    &drive.goal().folder,
                    &drive.settings,
                    &drive.means.tools,
                    &drive.stop.token,
                );
                self.environment = Some(found.await?);
            }
            if let Some(environment) = &self.environment {
                let name = format!("cycle-{}", drive.id());
                let entered = CleanRoom::enter(
                    &drive.means.objects,
                    &drive.means.lanes,
                    &name,
                    drive.goal(),
                    version(drive.cycle.base())?,
                    environment,
                    drive.means.clock,
                );
                self.room = Some(entered.await?);
            }
        }
        self.room
            .as_mut()
            .ok_or_else(|| "there is no clean room".into())
    }

    /// How the tests stand on the base. A cycle that was taken up again takes it anew.
    pub(super) async fn baseline(&mut self, drive: &Drive) -> Result<Baseline, Trouble> {
        if self.baseline.is_none() {
            let base = version(drive.cycle.base())?;
            let room = self.room(drive).await?;
            let taken = Baseline::take(room, drive.goal(), base, &drive.stop.token).await?;
            self.baseline = Some(taken);
        }
        self.baseline
            .clone()
            .ok_or_else(|| "there is no baseline".into())
    }

    /// What the worker is given: the base without what is held out.
    pub(super) async fn given(&mut self, drive: &Drive) -> Result<Version, Trouble> {
        let base = version(drive.cycle.base())?;
        let held_out = drive.goal().held_out.clone();
        if held_out.is_empty() {
            return Ok(base);
        }
        if let Some(given) = self.given {
            return Ok(given);
        }
        let room = self.room(drive).await?;
        room.stand(base).await?;
        let given = room.without(base, &held_out).await?;
        let (means, id) = (drive.means.clone(), drive.id());
        tokio::task::spawn_blocking(move || means.name(id, "given", given)).await??;
        self.given = Some(given);
        Ok(given)
    }

    /// What of a result is judged.
    pub(super) async fn composition(
        &mut self,
        drive: &Drive,
        result: Version,
    ) -> Result<Composition, Trouble> {
        if let Some((of, composition)) = &self.composition
            && *of == result
        {
            return Ok(composition.clone());
        }
        let base = version(drive.cycle.base())?;
        let given = self.given(drive).await?;
        let room = self.room(drive).await?;
        room.stand(base).await?;
        let (project, top) = (room.project().clone(), room.top().to_owned());
        let (means, id, number) = (drive.means.clone(), drive.id(), drive.cycle.attempts());
        let composed = tokio::task::spawn_blocking(move || -> Result<Composition, Trouble> {
            let composition = compose(&Parts {
                store: &means.objects,
                project: &project,
                top: &top,
                base,
                given,
                result,
                at: means.now(),
            })?;
            means.name(id, &format!("kept-{number}"), composition.kept)?;
            Ok(composition)
        });
        let composition = composed.await??;
        self.composition = Some((result, composition.clone()));
        self.kept = Some(composition.kept);
        Ok(composition)
    }
}

async fn baseline(
    drive: &mut Drive,
    bench: &mut Bench,
    teller: &mut Teller,
) -> Result<CycleEvent, Trouble> {
    teller.stage("running all tests on your work as it is");
    let taken = bench.baseline(drive).await?;
    let folder = bench
        .room(drive)
        .await?
        .top()
        .join(drive.means.objects.prefix());
    if let RunOutcome::RunnerBroken { message } = &taken.report.outcome {
        return Ok(CycleEvent::Broken {
            error: format!("the tests cannot be run apart from your folder: {message}"),
        });
    }
    let outcomes = taken.report.results.values().map(|result| result.outcome);
    Ok(CycleEvent::BaselineTaken {
        counts: outcomes.collect::<Counts>(),
        targets: results(&drive.goal().targets, &taken.report, &folder),
    })
}

/// A person works in the editor: all targets pass there at some time.
pub(super) async fn wait_for_person(drive: &mut Drive) -> Result<CycleEvent, Trouble> {
    let stopped = drive.stop.token.clone();
    let state = tokio::select! {
        () = stopped.cancelled() => None,
        state = drive.passing.recv() => state,
    };
    let Some(state) = state else {
        return Ok(drive.stopped());
    };
    let id = drive.id();
    let means = drive.means.clone();
    let number = drive.cycle.attempts();
    let base = version(drive.cycle.base())?;
    type Left = (Version, Vec<Utf8PathBuf>);
    let left = tokio::task::spawn_blocking(move || -> Result<Left, Trouble> {
        let state = without_leavings(&means.objects, base, state, means.now())?;
        means.name(id, &format!("attempt-{number}"), state)?;
        let prefix = means.objects.prefix().to_owned();
        let changes = means.objects.changes(base, state)?;
        let files = changes
            .iter()
            .map(|change| {
                change
                    .path
                    .strip_prefix(&prefix)
                    .unwrap_or(&change.path)
                    .to_owned()
            })
            .collect();
        Ok((state, files))
    });
    let (state, files) = left.await??;
    Ok(CycleEvent::WorkerReplied {
        usage: Usage::default(),
        files,
        commit: commit(state),
        summary: String::new(),
    })
}

async fn test_targets(
    drive: &mut Drive,
    bench: &mut Bench,
    teller: &mut Teller,
    result: Version,
) -> Result<CycleEvent, Trouble> {
    teller.stage("running the targets on the change");
    let composition = bench.composition(drive, result).await?;
    for breach in &composition.breaches {
        let file = breach
            .file
            .strip_prefix(&composition.folder)
            .unwrap_or(&breach.file);
        let note = format!(
            "{file}: {}: this is sealed and was left as it was",
            breach.what
        );
        teller.stage(&note);
        bench.left.notes.push(note);
    }
    let targets = drive.goal().targets.clone();
    let cancel = drive.stop.token.clone();
    let room = bench.room(drive).await?;
    room.stand(composition.state).await?;
    let report = room.run(Selection::Items(targets.clone()), &cancel).await?;
    Ok(CycleEvent::Tested {
        commit: commit(result),
        targets: results(&targets, &report, &composition.folder),
    })
}

async fn judge(
    drive: &mut Drive,
    bench: &mut Bench,
    teller: &mut Teller,
    result: Version,
) -> Result<CycleEvent, Trouble> {
    teller.stage("verifying");
    let composition = bench.composition(drive, result).await?;
    let baseline = bench.baseline(drive).await?;
    let goal = drive.goal().clone();
    let settings = drive.settings.clone();
    let clock = drive.means.clock;
    let cancel = drive.stop.token.clone();
    let room = bench.room(drive).await?;
    let question = Question {
        goal: &goal,
        baseline: &baseline,
        composition: &composition,
        repeat: settings.cycle.repeat,
        mutation: Duration::from_secs(settings.cycle.mutation_seconds.into()),
        clock,
    };
    let mut tell = |check: &greenward_core::Check| teller.tell(CycleWhat::Checked(check.clone()));
    let verdict = match verify(room, &question, &cancel, &mut tell).await {
        Ok(verdict) => verdict,
        Err(CleanRoomError::Cancelled) => return Ok(drive.stopped()),
        Err(error) => return Err(error.into()),
    };
    if verdict.is_passed() {
        let (means, id) = (drive.means.clone(), drive.id());
        tokio::task::spawn_blocking(move || means.name(id, "result", result)).await??;
    }
    Ok(CycleEvent::Verified {
        commit: commit(result),
        verdict,
    })
}
