//! Test frameworks, one module each, all pure: text and bytes in, values out.
//!
//! An adapter answers four questions: which projects are here (`detect`), which tests are in them
//! ([`Project::update`], from the text alone, nothing is run), what to run (`command` functions of
//! each adapter), and what a framework's output means (its decoders).
//!
//! For changes that somebody else made it answers more ([`verify`]): what a change may touch, which
//! copies of a test must fail, which slips the tests ought to catch.
//!
//! No adapter reads a file, starts a process or looks at the clock: file contents come through
//! [`Files`], output comes as lines. So each is tested with recordings, broken ones included.

pub mod cargo;
pub mod pytest;
mod registry;
pub mod verify;

pub use registry::{Affected, Detection, Facts, Files, Project, TreeChange, detect, parse};
