//! The transport: everything between two byte streams and the handlers.
//!
//! tower-lsp routes calls, types their parameters and keeps the lifecycle. It never owns the
//! streams: its own reading stops at the first malformed frame, its handlers begin in any order
//! and four at a time, and it does not come back from `exit`. So here
//!
//! - one thread reads ([`framing`], [`message`], `reader`) and lets through only what is sound;
//! - one task calls the handlers in the order of the messages and answers for them (`dispatch`,
//!   `guard`);
//! - one thread writes what one queue holds (`outbox`, `queue`).
//!
//! Nothing outside this folder reads or writes the protocol's streams.
//!
//! Another implementation of tower's `Service` for LSP can take tower-lsp's place: `serve` names
//! the service, `guard` calls it, and the others use no more of it than the JSON-RPC types.

mod client;
mod dispatch;
#[doc(hidden)]
pub mod framing;
mod guard;
#[doc(hidden)]
pub mod message;
mod outbox;
mod outgoing;
mod process;
mod queue;
mod reader;
mod serve;

pub use client::{Client, ClientError, REPLY_LIMIT};
pub use framing::FrameError;
pub use outbox::OutputError;
pub use process::{claim_stdio, process_exists};
pub use serve::{Ended, serve};
