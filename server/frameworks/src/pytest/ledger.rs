//! Which tests a process has started and ended, and whether that adds up.
//!
//! Anything that runs in the process can write lines of its own. So a report counts as a pass only
//! of a test that has started and not ended; and whatever is said of a test, the worst of it stays.

use std::collections::HashMap;

use greenward_core::{Counts, Outcome, TestResult};

/// The books of one process. Tests are known by their node ids.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// What has started and not ended, in that order.
    running: Vec<String>,
    ended: HashMap<String, Outcome>,
    /// Whether any test has started: with some plugins none ever does.
    any_started: bool,
    /// What ended before anything had started.
    early: Vec<String>,
    complaint: Option<String>,
}

impl Ledger {
    /// A test has started. Gives what is to be said of others.
    pub(super) fn start(&mut self, id: &str) -> Vec<(String, TestResult)> {
        self.running.push(id.to_owned());
        self.any_started = true;
        let early = std::mem::take(&mut self.early);
        early
            .into_iter()
            .filter_map(|id| {
                let doubt = self.doubt(&id);
                let result = self.note(&id, doubt)?;
                Some((id, result))
            })
            .collect()
    }

    /// A test has reported. Gives what is to be shown of that, if anything.
    pub(super) fn end(&mut self, id: &str, result: TestResult) -> Option<TestResult> {
        let before = self.running.len();
        self.running.retain(|running| running != id);
        if self.running.len() < before {
            return self.note(id, result);
        }
        if !self.any_started {
            self.early.push(id.to_owned());
            return self.note(id, result);
        }
        let doubt = self.doubt(id);
        let result = if result.outcome.is_bad() {
            result
        } else {
            doubt
        };
        self.note(id, result)
    }

    /// Takes a result that is no report of the test's own. Gives it back unless what is known is
    /// as bad.
    pub(super) fn note(&mut self, id: &str, result: TestResult) -> Option<TestResult> {
        let known = self.ended.get(id);
        if known.is_some_and(|known| *known >= result.outcome) {
            return None;
        }
        self.ended.insert(id.to_owned(), result.outcome);
        Some(result)
    }

    /// What a test comes to that reported out of turn.
    fn doubt(&mut self, id: &str) -> TestResult {
        let message = format!("{id} reported a result while it was not running");
        let result = TestResult::errored("runner", &message);
        self.complaint.get_or_insert(message);
        result
    }

    /// Whether a test is running now.
    pub(super) fn is_running(&self) -> bool {
        !self.running.is_empty()
    }

    /// What was running, now that the process has ended.
    pub(super) fn take_running(&mut self) -> Vec<String> {
        std::mem::take(&mut self.running)
    }

    pub(super) fn has_ended(&self, id: &str) -> bool {
        self.ended.contains_key(id)
    }

    /// What does not add up, if anything.
    pub(super) fn complaint(&self) -> Option<&str> {
        self.complaint.as_deref()
    }

    /// What all tests came to.
    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for outcome in self.ended.values() {
            counts.add(*outcome);
        }
        counts
    }
}
