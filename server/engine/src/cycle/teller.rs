//! Tells the front end what happens in a cycle.

use greenward_core::{Cycle, CycleEvent, CycleId, Phase, Step, TargetResult};
use tokio::sync::mpsc;

use super::notice::{CycleNotice, CycleWhat};

/// Tells what happens, in order.
pub(super) struct Teller {
    pub(super) cycle: CycleId,
    pub(super) sequence: u64,
    pub(super) notices: mpsc::UnboundedSender<CycleNotice>,
}

impl Teller {
    pub(super) fn tell(&mut self, what: CycleWhat) {
        let notice = CycleNotice {
            cycle: self.cycle,
            sequence: self.sequence,
            what,
        };
        self.sequence += 1;
        // Nobody listens any more when the engine ends.
        let _ = self.notices.send(notice);
    }

    pub(super) fn stage(&mut self, text: &str) {
        self.tell(CycleWhat::Stage(text.to_owned()));
    }

    pub(super) fn phase(&mut self, cycle: &Cycle, step: &Step) {
        let (phase, attempt) = match step {
            Step::TakeBaseline => (Phase::Pending, 0),
            Step::Attempt { phase, number, .. } => (*phase, *number),
            Step::Verify { .. } => (Phase::Verify, cycle.attempts()),
            _ => (cycle.working_phase(), cycle.attempts()),
        };
        let of = cycle.limits().attempts;
        self.tell(CycleWhat::Phase { phase, attempt, of });
    }

    pub(super) fn progress(&mut self, progress: greenward_workers::Progress) {
        use greenward_workers::Progress;
        match progress {
            Progress::Text(text) | Progress::Line(text) => {
                self.tell(CycleWhat::Said(greenward_core::clean(&text)));
            }
            Progress::Note(text) => self.stage(&text),
            Progress::Retry {
                next_try,
                wait,
                reason,
            } => self.tell(CycleWhat::Stage(format!(
                "try {next_try} in {:.0} s: {reason}",
                wait.as_secs_f32()
            ))),
        }
    }

    /// What the front end is told of an event that is kept. `before` is the phase before it, `cycle`
    /// the cycle after it.
    pub(super) fn event(&mut self, event: &CycleEvent, before: Phase, cycle: &Cycle) {
        match (event, before) {
            (CycleEvent::WorkerFailed { error, .. }, Phase::Refactor) => {
                self.stage(&format!("nothing was tidied: {error}"));
            }
            (CycleEvent::WayOut { reason, .. }, Phase::Refactor) => {
                self.stage(&format!("nothing was tidied: {reason}"));
            }
            (CycleEvent::LimitReached { limit }, Phase::Refactor) => {
                let limit = limit.name();
                self.stage(&format!(
                    "nothing was tidied: the limit of {limit} is reached"
                ));
            }
            _ => self.work(event, cycle),
        }
        let is_tidied = match event {
            CycleEvent::Tested { targets, .. } => targets.iter().all(TargetResult::is_passed),
            CycleEvent::Verified { .. } => cycle.ending().is_some(),
            _ => true,
        };
        if !is_tidied && cycle.ending().is_none() && cycle.working_phase() == Phase::Verify {
            self.stage("tidying broke something: the code is judged as it was before");
        }
    }

    fn work(&mut self, event: &CycleEvent, cycle: &Cycle) {
        match event {
            CycleEvent::WorkerReplied { files, summary, .. } => self.tell(CycleWhat::Replied {
                usage: cycle.usage(),
                files: files.clone(),
                summary: summary.clone(),
            }),
            CycleEvent::WorkerFailed { error, .. } => {
                self.tell(CycleWhat::WorkerFailed(error.clone()));
            }
            CycleEvent::WayOut { way, reason, .. } => {
                self.tell(CycleWhat::WayOut(*way, reason.clone()));
            }
            CycleEvent::Tested { targets, .. } => self.tell(CycleWhat::Tested(targets.clone())),
            _ => {}
        }
    }
}
