//! What a run says, counted on its way out.

use std::collections::{BTreeMap, BTreeSet};

use greenward_core::{Outcome, RunEvent, RunOutcome, TestId, TestResult};
use tokio::sync::mpsc::UnboundedSender;

/// How much text outside of tests one run passes on, in bytes.
const OUTPUT_LIMIT: usize = 1024 * 1024;

/// Passes events on and keeps in mind what the run comes to.
#[derive(Debug)]
pub(super) struct Reporter {
    events: UnboundedSender<RunEvent>,
    outcomes: BTreeMap<TestId, Outcome>,
    broken: BTreeSet<String>,
    output: usize,
}

impl Reporter {
    pub(super) fn new(events: UnboundedSender<RunEvent>) -> Self {
        Self {
            events,
            outcomes: BTreeMap::new(),
            broken: BTreeSet::new(),
            output: 0,
        }
    }

    pub(super) fn send(&mut self, event: RunEvent) {
        match &event {
            RunEvent::Finished(id, result) => {
                self.outcomes.insert(id.clone(), result.outcome);
            }
            RunEvent::Output(text) => {
                let before = self.output;
                self.output = before.saturating_add(text.len());
                if before >= OUTPUT_LIMIT {
                    return;
                }
                if self.output >= OUTPUT_LIMIT {
                    let message = "[... further output of this run is left out ...]";
                    self.pass(RunEvent::Output(message.to_owned()));
                    return;
                }
            }
            _ => {}
        }
        self.pass(event);
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
