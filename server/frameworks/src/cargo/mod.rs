//! Cargo projects: workspaces and lone packages, whose tests run under libtest and rustdoc.
//!
//! [`detect`] finds the projects from their manifests, [`parse`] reads a Rust file's tests, and a
//! [`Project`] follows `mod` declarations to give both their names. [`command`] says what to run;
//! [`messages`] reads what cargo says of a build and [`libtest`] what a test binary says of its
//! tests; [`environment`] and [`config`] are what cargo would give a test binary, for those that
//! are run without it.

mod affected;
mod bodies;
pub mod command;
pub mod config;
mod detect;
mod doctest;
pub mod environment;
mod facts;
mod included;
mod items;
pub mod libtest;
mod manifest;
pub mod messages;
mod modules;
mod package;
mod paths;
mod project;
#[cfg(test)]
mod testing;
mod verify;

pub use affected::{is_made_by_runs, is_structure};
pub use detect::detect;
pub use facts::{FileFacts, parse};
pub use items::local;
pub use package::{Package, Target, TargetKind};
pub use project::Project;
pub use verify::{mutants, warnings};
