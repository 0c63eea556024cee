//! Cycles: a failing test's way to green, in lanes of our own, with a verdict at its end.
//!
//! - [`manager`]: the cycles of the workspace. By [`command`] they are told and asked what the state
//!   makes [`work`]: [`begin`], [`review`], [`answers`], [`standing`]; or a [`refusal`].
//! - [`drive`]: carries out what the state machine asks for, [`steps`] by step. [`means`]: with what;
//!   [`bench`]: what is made ready for that.
//! - [`attempt`]: a worker's turn. [`briefing`]: what it is told. [`turn`]: what becomes of its reply.
//!   [`targets`]: what runs say of the tests that are to pass.
//! - [`composition`]: what of a change is judged. [`leavings`]: what is no part of it. [`clean_room`]: where. [`verify`]: how.
//! - [`room`]: a project in a lane, where its tests run apart from the user's work.
//!   [`environment`]: what must be different there. [`report`]: what its runs say.
//! - [`notice`]: what the front end is told, by a [`teller`].

mod answers;
mod attempt;
mod begin;
mod bench;
mod briefing;
mod checkpoint;
mod clean_room;
mod command;
mod composition;
mod confinement;
mod drive;
mod environment;
mod leavings;
mod manager;
mod means;
mod network;
mod notice;
mod refusal;
mod report;
mod review;
mod room;
mod standing;
mod steps;
mod targets;
mod teller;
mod turn;
mod verify;
mod work;
mod workers;

pub(crate) use begin::HUMAN;
pub use command::{
    Application, AppliedFile, ApplyTo, CycleCommand, CycleDiff, CycleRecord, CycleRequest,
    CycleStanding, HalfApplied, Hands, Resting,
};
pub(crate) use manager::Cycles;
pub use notice::{CycleNotice, CycleWhat};
pub use refusal::CycleRefusal;
pub(crate) use work::{Context, CycleWork, Documents, KnownFolder};
pub use workers::worker_trouble;
