//! What makes things happen: one loop that owns the state of the workspace, and the tasks that it
//! sends out.
//!
//! A front end (the LSP server, the command line) starts an engine with [`start`], tells it things
//! by [`Handle::send`], asks it by [`Handle::ask`], and is told what changed by [`Notice`]s.
//!
//! Inside, everything that can wake the loop is an [`event::Event`]. The state decides what an
//! event means and returns [`effect::Effect`]s; the driver carries them out in tasks of their own,
//! which send events back. The state never waits, reads no file and starts no process.

mod background;
mod command;
mod cycle;
mod driver;
mod effect;
mod error;
mod event;
mod folder_settings;
mod load;
mod notice;
mod reader;
pub mod runner;
mod runners;
mod spec;
mod spec_reader;
mod state;
mod survive;
mod view;
mod watch;

pub use command::{Command, Edit, Query, Refusal, RunRequest, StartedRun, Which};
pub use cycle::{
    Application, AppliedFile, ApplyTo, CycleCommand, CycleDiff, CycleNotice, CycleRecord,
    CycleRefusal, CycleRequest, CycleStanding, CycleWhat, HalfApplied, Hands, Resting,
    worker_trouble,
};
pub use driver::{Config, Handle, start};
pub use folder_settings::TrustWord;
pub use greenward_specs::{
    Code as SpecCode, Completion, CompletionKind, SpecProblem, render as render_plan,
};
pub use greenward_store::CycleSummary;
pub use greenward_workers::{KeyPlace, keyring, usable_key};
pub use notice::{Diagnostic, Notice, Offer, RunNotice, RunWhat};
pub use spec::{NoSpec, RequirementView, SpecAnswer, SpecView, complete_spec, new_spec};
pub use view::{
    FileView, ItemState, ItemView, ProjectStatus, RunningStatus, Status, TestView, TrustState,
};
