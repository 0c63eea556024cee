//! Driving a cycle: carry out what comes next, record what came of it, until it has ended.
//!
//! An event is on the disk before anything follows from it, so a daemon that is killed leaves a
//! cycle that can be taken up where the last event left it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use greenward_core::{Cycle, CycleEvent, CycleId, Goal, Recorded, Step};
use greenward_frameworks::Project;
use greenward_protocol::settings::Settings;
use greenward_store::{Claim, CycleSummary};
use greenward_workers::Worker;
use greenward_workspace::objects::CommitId as Version;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::bench::Bench;
use super::means::Means;
use super::notice::{CycleNotice, CycleWhat};
use super::steps::carry_out;
use super::teller::Teller;
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
        bench.clear(self.means.now()).await;
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

    /// What it means that it was stopped.
    pub(super) fn stopped(&self) -> CycleEvent {
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
}
