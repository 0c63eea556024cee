//! The domain of Greenward, as pure values and functions.
//!
//! What a test is ([`TestItem`], [`TestTree`]), what became of it ([`Outcome`], [`TestResult`]),
//! whether that can still be believed ([`Freshness`]), and what a run says while it goes on
//! ([`RunEvent`], [`RunOutcome`]). What happens on the way from a failing test to a verdict that
//! has passed ([`Cycle`], [`CycleEvent`], [`Verdict`]). What is to be done, and in which order
//! ([`Plan`], [`Task`]).
//!
//! This crate does no I/O, reads no clock and knows no protocol: time and file contents arrive as
//! arguments. Everything else in Greenward may depend on it; it depends on nothing of ours.

mod clean;
mod cycle;
mod ids;
mod invocation;
mod item;
mod outcome;
mod pattern;
mod plan;
mod queue;
mod results;
mod run;
mod text;
mod tree;

pub use clean::clean;
pub use cycle::{
    Breaker, BreakerChange, BreakerKey, BreakerState, Check, CheckKind, CheckOutcome, CommitId,
    Cycle, CycleEvent, CycleId, Ending, EndingKind, Failed, Feedback, Goal, IllegalEvent, Limit,
    Limits, PassedVerdict, Phase, Recorded, Review, Step, TargetResult, Thresholds, Usage, Verdict,
    WayOut, already_green, breaker_changes,
};
pub use ids::{Framework, ProjectId, RunId, TestId, Unit};
pub use invocation::{Access, Invocation};
pub use item::{ItemKind, TestItem};
pub use outcome::{Counts, Outcome, RunOutcome};
pub use pattern::{NoMatch, Selected, Widened, resolve};
pub use plan::{
    Asked, Dependencies, Example, ExampleValue, HeldOut, Plan, PlanFault, SoundPlan, Task, TaskId,
    TaskIds, Wish, held_out,
};
pub use queue::{Admission, RunQueue, Wanted};
pub use results::{Extent, Finished, Freshness, Past, Results, Shown};
pub use run::{Cause, Failure, Frame, Problem, RunEvent, Selection, Severity, TestResult};
pub use text::{Location, Position, Range};
pub use tree::TestTree;
