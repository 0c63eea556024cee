//! The user's files as Greenward sees them: what is on disk and what the editor shows instead,
//! which settings are in force, what the user trusts, and what changes.
//!
//! - [`document`]: open documents, and places in text.
//! - [`files`]: which files there are, which count, what is in them.
//! - [`watch`]: what changes on disk. [`changes`]: what has changed since the last commit.
//! - [`settings`]: from four origins, with a place for every mistake. [`trust`]: the line that
//!   some of them do not cross.
//! - [`objects`]: where versions of the user's work are kept, in git. [`snapshot`]: the work as it
//!   is. [`lane`]: isolated working copies. [`merge`]: bringing back what was made there.
//! - [`dirs`]: where the user's own files lie. [`init`]: what `.tdd/` begins with.
//!
//! Nothing here starts a process, reads the environment, or knows the editor's protocol. Paths are
//! UTF-8; a file with another name is left out, with a warning in the log. Git repositories are
//! read through libgit2 alone.

pub mod changes;
pub mod dirs;
pub mod document;
pub mod files;
pub mod init;
pub mod lane;
pub mod merge;
pub mod objects;
mod repository;
mod scan;
pub mod settings;
pub mod snapshot;
pub mod trust;
pub mod watch;
