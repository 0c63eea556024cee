//! pytest: rootdirs, test files, the import graph, the command, and what the plugin reports.
//!
//! A project is a rootdir, a unit is a test file, and the id of an item is the node id that pytest
//! itself would use: `tests/test_a.py::TestX::test_y[1-2]`.

mod affected;
mod config;
mod decode;
mod detect;
mod facts;
mod failure;
mod foreign;
mod found;
mod graph;
mod ini;
mod interpreter;
mod items;
mod ledger;
mod lines;
mod patterns;
mod plan;
mod project;
mod python;
#[cfg(test)]
mod testing;
mod unseen;
mod verify;
mod wire;

pub use affected::is_made_by_runs;
pub use config::Options;
pub use decode::{Decoder, Ending, Finished};
pub use detect::{detect, is_structure};
pub use facts::{Class, Definition, FileFacts, Import, parse};
pub use interpreter::{Broken, Disk, EnvironmentKind, Interpreter, choose, without_pytest};
pub use plan::{Plan, Purpose};
pub use project::Project;
pub use python::{FILES, FORKSERVER, PLUGIN};
pub use verify::{mutants, shadowing, warnings};
