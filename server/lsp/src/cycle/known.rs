//! The cycles that this editor has heard of and that its user has not decided about.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use greenward_core::CycleId;
use greenward_engine::{CycleNotice, CycleSummary, CycleWhat};

/// How many are remembered. All of them are in the store.
const MOST: usize = 100;

/// The cycles, by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<BTreeMap<CycleId, CycleSummary>>);

impl Known {
    /// Takes in what happened.
    pub(crate) fn take(&self, notice: &CycleNotice) {
        let mut cycles = self.lock();
        match &notice.what {
            CycleWhat::Began(summary) | CycleWhat::Ended(summary) if summary.review.is_none() => {
                cycles.insert(notice.cycle, (**summary).clone());
            }
            CycleWhat::Ended(_) => {
                cycles.remove(&notice.cycle);
            }
            CycleWhat::Phase { phase, attempt, .. } => {
                if let Some(cycle) = cycles.get_mut(&notice.cycle) {
                    (cycle.phase, cycle.attempts) = (*phase, *attempt);
                }
            }
            _ => {}
        }
        while cycles.len() > MOST {
            cycles.pop_first();
        }
    }

    /// Takes in cycles of the store, the newest first: those that ended before this editor heard of
    /// any, and that wait for a decision.
    pub(crate) fn recall(&self, stored: Vec<CycleSummary>) {
        let waits = |cycle: &CycleSummary| cycle.ending.is_some() && cycle.review.is_none();
        let mut cycles = self.lock();
        for cycle in stored.into_iter().filter(waits).take(MOST) {
            // What was heard since is newer.
            cycles.entry(cycle.id).or_insert(cycle);
        }
        while cycles.len() > MOST {
            cycles.pop_first();
        }
    }

    /// The user has decided.
    pub(crate) fn forget(&self, cycle: CycleId) {
        self.lock().remove(&cycle);
    }

    /// All of them, the newest first.
    pub(crate) fn all(&self) -> Vec<CycleSummary> {
        self.lock().values().rev().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<CycleId, CycleSummary>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cycle::samples;
    use greenward_core::{EndingKind, Phase, Review};

    #[test]
    fn a_cycle_is_known_from_its_beginning_until_the_user_has_decided() {
        let known = Known::default();
        let take = |what| {
            known.take(&CycleNotice {
                cycle: CycleId(7),
                sequence: 0,
                what,
            });
        };
        take(CycleWhat::Began(Box::new(samples::running())));
        take(CycleWhat::Phase {
            phase: Phase::Verify,
            attempt: 2,
            of: 4,
        });
        let all = known.all();
        assert_eq!((all[0].phase, all[0].attempts), (Phase::Verify, 2));
        take(CycleWhat::Ended(Box::new(samples::complete())));
        assert_eq!(known.all()[0].ending, Some(EndingKind::Complete));
        let mut applied = samples::complete();
        applied.review = Some(Review::Applied);
        take(CycleWhat::Ended(Box::new(applied)));
        assert_eq!(known.all(), []);
    }

    #[test]
    fn of_the_store_those_that_wait_for_a_decision_are_known() {
        let known = Known::default();
        let mut discarded = samples::failed();
        discarded.review = Some(Review::Discarded);
        known.recall(vec![discarded]);
        known.recall(vec![samples::running()]);
        assert_eq!(known.all(), []);
        known.recall(vec![samples::failed(), samples::complete()]);
        assert_eq!(known.all(), [samples::failed(), samples::complete()]);
    }
}
