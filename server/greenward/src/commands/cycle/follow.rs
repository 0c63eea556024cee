//! Following a cycle to its end.

use std::time::Duration;

use greenward_core::{Cycle, CycleId, Ending, EndingKind, Failed, TargetResult};
use greenward_engine::{
    Command, CycleCommand, CycleRefusal, CycleSummary, CycleWhat, Notice, RunNotice, RunWhat,
};
use tokio::sync::oneshot;
use tokio::time::MissedTickBehavior;

use super::ask::{ask, diff, resting, trouble};
use super::tell::Teller;
use crate::edge::{self, Clock};
use crate::exit::{Exit, Trouble};
use crate::launch::{self, Session};
use crate::report::{cycle, cycles};
use crate::signals::Signals;

/// How often the live line is renewed.
const TICK: Duration = Duration::from_millis(100);

/// Passes on what is told of a cycle, and cancels it when it is told to.
pub(in crate::commands) struct Follow<'a> {
    pub(in crate::commands) session: &'a mut Session,
    pub(in crate::commands) teller: &'a mut Teller,
    pub(in crate::commands) signals: &'a mut Signals,
    pub(in crate::commands) clock: Clock,
    /// Whether the user is told how to decide about a result: who applies it at once is not.
    pub(in crate::commands) asks_for_decision: bool,
}

impl Follow<'_> {
    /// Waits until a cycle is begun. Nothing if it was interrupted before.
    ///
    /// # Errors
    /// If it is not begun, or the engine ends.
    pub(in crate::commands) async fn begun<T>(
        &mut self,
        command: impl FnOnce(oneshot::Sender<Result<T, CycleRefusal>>) -> CycleCommand,
    ) -> Result<Option<T>, Trouble> {
        let (reply, answer) = oneshot::channel();
        self.session.send(Command::Cycle(command(reply)));
        tokio::select! {
            answer = answer => {
                let answer = answer.map_err(|_| launch::ended())?;
                answer.map(Some).map_err(trouble)
            }
            () = self.signals.next() => Ok(None),
        }
    }

    /// Follows a cycle until it has ended, tells how, and gives how it stands. One interrupt
    /// cancels it, a second one leaves it as it is.
    ///
    /// # Errors
    /// If the engine ends.
    pub(in crate::commands) async fn until_ended(&mut self, id: CycleId) -> Result<Ended, Trouble> {
        let began = self.clock.elapsed();
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut targets = Vec::new();
        let mut interrupted = false;
        loop {
            tokio::select! {
                notice = self.session.notices.recv() => {
                    match notice.ok_or_else(launch::ended)? {
                        Notice::Cycle(notice) if notice.cycle == id => {
                            self.teller.tell(&notice);
                            match notice.what {
                                CycleWhat::Began(summary) => targets = summary.targets,
                                CycleWhat::Ended(summary) => return self.told(*summary).await,
                                _ => {}
                            }
                        }
                        // A person's own work is tested as they save it.
                        Notice::Run(run) => self.run(&run, &targets),
                        _ => {}
                    }
                }
                _ = ticks.tick() => {
                    self.teller.tick(self.clock.elapsed().saturating_sub(began));
                }
                () = self.signals.next() => {
                    if std::mem::replace(&mut interrupted, true) {
                        return Ok(Ended::LeftAlone);
                    }
                    let cycle = Some(id);
                    self.session.send(Command::Cycle(CycleCommand::Cancel { cycle }));
                }
            }
        }
    }

    async fn told(&mut self, summary: CycleSummary) -> Result<Ended, Trouble> {
        let diff = diff(self.session, summary.id).await?;
        let is_green = summary.ending == Some(EndingKind::Complete);
        self.teller
            .end(&summary, &diff, self.asks_for_decision || !is_green);
        if self.teller.is_for_people() && !is_green {
            let resting = resting(self.session).await?;
            let now = edge::since_epoch();
            self.teller.people().print(&cycles::resting(&resting, now));
        }
        if self.is_already_green(&summary).await? {
            return Ok(Ended::AlreadyGreen);
        }
        Ok(Ended::AsItStands(Box::new(summary)))
    }

    /// Whether a cycle ended since all its tests passed to begin with.
    async fn is_already_green(&self, summary: &CycleSummary) -> Result<bool, Trouble> {
        if summary.ending != Some(EndingKind::Failed) || summary.attempts > 0 {
            return Ok(false);
        }
        let cycle = summary.id;
        let record = ask(self.session, |reply| CycleCommand::Show { cycle, reply });
        let events = record.await?.map_err(trouble)?.events;
        let cycle = Cycle::replay(&events).ok().flatten();
        let ending = cycle.as_ref().and_then(Cycle::ending);
        Ok(matches!(
            ending,
            Some(Ending::Failed(Failed::AlreadyGreen(_)))
        ))
    }

    fn run(&mut self, run: &RunNotice, targets: &[greenward_core::TestId]) {
        if let RunWhat::TestFinished { test, result, .. } = &run.what
            && targets.contains(test)
            && self.teller.is_for_people()
        {
            let result = TargetResult {
                test: test.clone(),
                outcome: Some(result.outcome),
                failure: result.failure.as_deref().cloned(),
            };
            let lines = cycle::lines(&CycleWhat::Tested(vec![result]));
            self.teller.people().print(&lines);
        }
    }
}

/// How following a cycle ended.
pub(in crate::commands) enum Ended {
    /// With the cycle, which stands so.
    AsItStands(Box<CycleSummary>),
    /// Before its first attempt: there was nothing to do.
    AlreadyGreen,
    /// Before it: it was interrupted twice.
    LeftAlone,
}

/// What the exit code says of a cycle that stands so.
pub(in crate::commands) fn exit_of(summary: &CycleSummary) -> Exit {
    match summary.ending {
        Some(EndingKind::Complete) => Exit::Holds,
        // It did not come to the first attempt: its baseline was none.
        Some(EndingKind::Failed) if summary.attempts == 0 => Exit::NotTried,
        Some(EndingKind::Failed | EndingKind::Stuck) => Exit::Fails,
        Some(EndingKind::Cancelled) => Exit::Cancelled,
        // What happens could not be kept.
        None => Exit::NotTried,
    }
}
