//! Workers: who writes in a cycle, and how they are asked and answered.
//!
//! A [`Worker`] is made from the settings and takes turns: a model behind chat completions,
//! Responses or Messages, an agent program, an agent that speaks the Agent Client Protocol, a
//! recording. The person at the editor is one too, who
//! takes no turns. Nothing that a worker says about its own success counts for anything; what
//! counts are its edits, and these are judged elsewhere.
//!
//! Around the turn stand pure parts: [`context`] chooses the code to show, [`prompt`] makes the
//! text, [`redact`] takes secrets out of it, and [`edits`] reads edits out of a reply and applies
//! them to texts. They read no file and write none.
//!
//! All that a worker is ever told stands in the folder `prompts/` of this crate, by version.
//!
//! This crate knows no test framework, no git and no phase's gates. It writes nothing in a lane:
//! edits come back as values.

mod acp;
mod api;
mod command;
pub mod context;
pub mod edits;
mod error;
mod key;
pub mod keyring;
mod model;
mod program;
pub mod prompt;
mod recording;
pub mod redact;
mod sse;
mod usage;
mod way_out;
mod worker;

pub use acp::{Agent, AgentError};
pub use command::Command;
pub use error::{RecordingError, SettingsError, WorkerError};
pub use key::{KeyPlace, usable as usable_key};
pub use keyring::KeyringError;
pub use model::Model;
pub use prompt::{Manner, Prompt};
pub use recording::{Entry, RecordedReply, Recorder, Replay};
pub use usage::{Usage, estimate_tokens};
pub use way_out::{WayOut, WayOutKind};
pub use worker::{Phase, Progress, ReplyKind, Turn, TurnReply, Worker};
