//! A cycle: one task's way from a failing test to a verdict.
//!
//! A [`Cycle`] is the fold of its events and nothing else. The engine's loop over it is short:
//! carry out [`Cycle::next`], record the event that comes of it, [`Cycle::apply`] it. Time is
//! inside the events, so the same events give the same cycle on every machine.
//!
//! Three things hold whatever the events: only a [`Verdict`] that has passed completes a cycle; a
//! stuck or cancelled one is not done; and a cycle can be taken up again after any event.

mod allowance;
mod breaker;
mod event;
mod facts;
mod goal;
mod machine;
mod millis;
mod signature;
mod stage;
mod step;
mod targets;
mod verdict;

#[cfg(test)]
mod tests;

pub use breaker::{Breaker, BreakerChange, BreakerKey, BreakerState, Thresholds, breaker_changes};
pub use event::{CycleEvent, Recorded, TargetResult, WayOut};
pub use goal::{CommitId, CycleId, Goal, Limit, Limits, Phase, Usage};
pub use machine::{Cycle, IllegalEvent};
pub use step::{Ending, EndingKind, Failed, Feedback, Review, Step, already_green};
pub use verdict::{Check, CheckKind, CheckOutcome, PassedVerdict, Verdict};
