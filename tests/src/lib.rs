//! The test ground: what the black-box tests of Greenward stand on.
//!
//! A test gives files and settings to a [`World`], a temporary machine of its own; starts the real
//! binary in it, as a language server ([`Client`]) or as a command ([`World::greenward`]); and says
//! what must become true. Nothing here uses Greenward's own crates: a fault in them cannot hide
//! itself.
//!
//! Tests here fail by panicking, so this crate does too.
#![expect(
    clippy::expect_used,
    reason = "the way of a test to fail is to panic with a message"
)]

mod buffers;
mod capabilities;
mod client;
mod command_line;
mod counter;
mod cycles;
mod fixture;
mod plain;
mod process;
mod real;
mod red_team;
mod schema;
mod script;
mod traffic;
mod wire;
mod world;

pub use capabilities::Profile;
pub use client::{Client, Options};
pub use command_line::Tested;
pub use counter::count_on_loopback;
pub use cycles::{ROMAN, json_lines};
pub use plain::{Outcomes, plain_cargo, plain_pytest};
pub use process::{Finished, LIMIT, cargo_metadata, wait_until};
pub use real::{CRATES, Crate, Expected, SDISTS, Sdist};
pub use red_team::{Case, Task};
pub use schema::{MetaModel, Session, Side};
pub use world::{Running, World, binary, number, repository, skip, suites_python, venv_python};
