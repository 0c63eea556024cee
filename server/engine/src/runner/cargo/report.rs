//! What a run says, counted on its way out.

use std::collections::{BTreeMap, BTreeSet};

use greenward_core::{Outcome, RunEvent, RunOutcome, TestId, TestResult};
use tokio::sync::mpsc::UnboundedSender;

use crate::runner::printed::Printed;

/// Passes events on and keeps in mind what the run comes to.
#[derive(Debug)]
pub(super) struct Reporter {
    events: UnboundedSender<RunEvent>,
    outcomes: BTreeMap<TestId, Outcome>,
    broken: BTreeSet<String>,
    printed: Printed,
}

impl Reporter {
    pub(super) fn new(events: UnboundedSender<RunEvent>) -> Self {
        Self {
            events,
            outcomes: BTreeMap::new(),
            broken: BTreeSet::new(),
            printed: Printed::default(),
        }
    }

    pub(super) fn send(&mut self, event: RunEvent) {
        match event {
            RunEvent::Output(text) => self.print(&text),
            event => {
                if let RunEvent::Finished(id, result) = &event {
                    self.outcomes.insert(id.clone(), result.outcome);
                }
                // What was printed before stays before.
                self.flush();
                self.pass(event);
            }
        }
    }

    /// Passes on what was printed outside of tests, soon.
    pub(super) fn print(&mut self, text: &str) {
        self.printed.push(text);
        if let Some(event) = self.printed.full() {
            self.pass(event);
        }
    }

    /// Passes on what was printed and waits for more.
    pub(super) fn flush(&mut self) {
        if let Some(event) = self.printed.take() {
            self.pass(event);
        }
    }

    /// Waits until it is time to [`flush`](Self::flush). Cancel safe.
    pub(super) async fn due(&mut self) {
        self.printed.due().await;
    }

    /// Passes on all that is left. Nothing comes after it.
    pub(super) fn end(&mut self) {
        if let Some(event) = self.printed.finish() {
            self.pass(event);
        }
    }

    fn pass(&self, event: RunEvent) {
        // Nobody listens any more: the run goes on to its end all the same.
        let _ = self.events.send(event);
    }

    pub(super) fn stage(&mut self, stage: &str) {
        self.send(RunEvent::Stage(stage.to_owned()));
    }

    pub(super) fn errored(&mut self, id: TestId, kind: &str, message: impl Into<String>) {
        self.send(RunEvent::Finished(id, TestResult::errored(kind, message)));
    }

    /// Says that what was reported cannot be believed as a whole.
    pub(super) fn broken(&mut self, message: String) {
        self.broken.insert(message);
    }

    pub(super) fn has(&self, id: &TestId) -> bool {
        self.outcomes.contains_key(id)
    }

    /// What the run comes to, if it was not stopped and all was built.
    pub(super) fn outcome(self) -> RunOutcome {
        if !self.broken.is_empty() {
            let message = self.broken.into_iter().collect::<Vec<_>>().join("\n");
            RunOutcome::RunnerBroken { message }
        } else if self.outcomes.is_empty() {
            RunOutcome::NoTestsMatched
        } else if self.outcomes.values().any(|outcome| outcome.is_bad()) {
            RunOutcome::Failed
        } else {
            RunOutcome::Passed
        }
    }
}
