//! Child processes: the only place that starts one.
//!
//! An [`Executor`] starts what an [`Invocation`](greenward_core::Invocation) says, each process
//! under a small [supervisor](supervise) that answers for the whole tree below it: however the
//! process, its descendants or the daemon itself come to an end, nothing is left running.
//!
//! [`Executor::start`] gives a [`Process`] to talk with; [`Executor::output`] runs a small tool to
//! its end. [`lines()`] and [`Capped`] take in output of any size with bounded memory, and a
//! [`Channel`] carries results apart from it.
//!
//! What one person's tests may do to their files is no concern of this crate, but code that somebody
//! else wrote can be [confined](Confinement).
//!
//! This crate knows nothing of tests. Linux is where all promises hold. macOS has no way to find a
//! process that leaves its process group, so such a process can outlive its run there.

mod capped;
mod channel;
mod confine;
mod control;
mod executor;
mod exit;
mod lines;
mod output;
mod process;
pub mod supervise;
mod table;

pub use capped::Capped;
pub use channel::{Channel, ChannelError};
pub use confine::{Confinement, Isolation, Network};
pub use executor::{Executor, StartError, StartErrorKind, Stdin};
pub use exit::Exit;
pub use lines::{Line, LineLimits, Lines, lines};
pub use output::{Limits, Output, OutputError};
pub use process::{DEFAULT_GRACE, Process};
