//! A plan: a spec taken apart into tasks, each small enough for one cycle.
//!
//! Anybody may write a plan: we, a model, the user in an editor. [`Plan::check`] holds it against
//! what the spec asks for, and is the only way to a [`SoundPlan`], which says what can be done
//! when. So whatever runs a plan runs one that leaves nothing out, adds nothing, and never has two
//! tasks write the same file at once.

mod check;
mod fault;
mod graph;
mod held_out;
mod order;
mod task;

#[cfg(test)]
mod tests;

pub use check::SoundPlan;
pub use fault::{Asked, PlanFault};
pub use graph::Dependencies;
pub use held_out::{HeldOut, held_out};
pub use task::{Example, ExampleValue, Plan, Task, TaskId, TaskIds, Wish};
