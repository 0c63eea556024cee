//! What is in a folder, file by file, and whether it has changed: without following a link, without
//! entering a repository's `.git`, and without reading what has not changed.
//!
//! - [`beneath`]: files beneath a folder, reached so that no path leads out.
//!   [`unfinished`]: files that are written and not yet in their place.
//! - [`rules`]: what git ignores. [`walk`]: the files that are there.
//! - [`names`]: names that only git may use.
//! - [`stamp`]: what tells that a file has changed. [`manifest`]: what is known of files by it.

pub(crate) mod beneath;
pub(crate) mod manifest;
pub(crate) mod names;
pub(crate) mod rules;
pub(crate) mod stamp;
pub(crate) mod unfinished;
pub(crate) mod walk;
