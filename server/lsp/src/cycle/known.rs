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
}
