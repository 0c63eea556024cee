//! Cycles begin, or are taken up again: who is to write, within which limits, and whether what keeps
//! failing is to be left alone.

use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use greenward_core::{
    BreakerKey, BreakerState, Cycle, CycleEvent, CycleId, Ending, Failed, Goal, Limits, Phase,
    ProjectId, Recorded,
};
use greenward_protocol::settings;
use greenward_store::Claim;
use greenward_workers::Worker;
use tokio::sync::mpsc;

use super::command::Resting;
use super::drive::{Drive, Stop};
use super::manager::{InHand, Shared, failed, snapshot};
use super::means::{Means, commit};
use super::notice::CycleNotice;
use super::refusal::CycleRefusal;
use super::review::undecided;
use super::work::Context;
use super::workers::missing_program;
use crate::error::chain;
use crate::event::Event;

/// The name of the worker that needs no settings.
pub(crate) const HUMAN: &str = "human";

impl Shared {
    pub(super) async fn open(
        self: &Arc<Self>,
        goal: Goal,
        name: String,
        context: Context,
        folders: &[Utf8PathBuf],
    ) -> Result<Drive, CycleRefusal> {
        let worker = self.worker(&name, &context)?;
        let means = self.means(&context.folder).await?;
        self.check_breakers(&means, &name).await?;
        let base = snapshot(&means, &context.documents, "Your work when a cycle began").await?;
        let limits = limits(&context.settings.cycle, &worker);
        // A person tidies when they see fit.
        let refactor = context.settings.cycle.refactor && !matches!(worker, Worker::Human);
        let opened = Recorded {
            at: (self.clock)(),
            event: CycleEvent::Opened {
                goal,
                worker: name,
                limits,
                base: commit(base),
                refactor,
            },
        };
        let keeper = means.clone();
        let kept = tokio::task::spawn_blocking(move || keeper.last_kept()).await;
        let kept = kept.map_err(failed)?.map_err(failed)?;
        let taken = kept.max(self.last_number(folders).await?);
        let opening = means.store.open_cycle_above(taken, opened);
        let (id, cycle) = opening.await.map_err(failed)?;
        means.name(id, "base", base).map_err(failed)?;
        let claim = means.store.claim(id).map_err(failed)?;
        let claim = claim.ok_or(CycleRefusal::InHand(id))?;
        Ok(self.take_in_hand(means, claim, cycle, worker, context))
    }

    fn take_in_hand(
        self: &Arc<Self>,
        means: Means,
        claim: Claim,
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

    pub(super) async fn resume(
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
        unfinished(id, &cycle)?;
        let (goal, folder) = (cycle.goal(), &means.folder);
        // Which folders are open decides what a project is called, and not what it is.
        let is_its = |known: &ProjectId, of: &Context| {
            let is_there = of.project.root() == goal.root;
            let is_it = is_there && of.project.framework() == goal.framework;
            of.folder == *folder && (is_it || *known == goal.project)
        };
        let mut contexts = contexts.into_iter();
        let Some((_, context)) = contexts.find(|(known, context)| is_its(known, context)) else {
            let why = format!("its project {} is not here any more", goal.project);
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
        let cycle = appended.map_err(failed)?;
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
        let refused = |why: String| CycleRefusal::Worker {
            name: name.to_owned(),
            why,
        };
        if let Some(why) = missing_program(settings, env, &context.folder) {
            return Err(refused(why));
        }
        let made = Worker::from_settings(name, settings, env, executor, &context.folder);
        made.map_err(|error| refused(chain(&error)))
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
                let is_the_worker = matches!(key, BreakerKey::Worker(_));
                let resting = Resting {
                    what: key,
                    failures: breaker.failures,
                    until,
                };
                let (name, why) = (worker.to_owned(), resting.say(now));
                return Err(match is_the_worker {
                    true => CycleRefusal::Worker { name, why },
                    false => CycleRefusal::Resting(why),
                });
            }
        }
        Ok(())
    }
}

/// Refuses a cycle in which there is nothing more to do.
fn unfinished(id: CycleId, cycle: &Cycle) -> Result<(), CycleRefusal> {
    undecided(id, cycle)?;
    match cycle.ending() {
        Some(Ending::Complete(_)) => {
            let why = format!("it is green; `greenward apply {id}` brings it into your files");
            Err(CycleRefusal::NotNow { id, why })
        }
        _ => Ok(()),
    }
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
