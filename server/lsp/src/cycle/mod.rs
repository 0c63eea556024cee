//! Cycles as an editor meets them: from an action on a failing test to an edit of the user's files.
//!
//! - [`offer`]: the code actions. [`ask`]: what commands do, and what there is for them.
//! - [`begin`]: one begins. [`decide`]: what the user is asked at its end, and what becomes of it.
//! - [`follow`]: what is told while a cycle goes on, with [`progress`] as its one line.
//! - [`apply`]: a result comes to the user's files, as one [`edit`].
//! - [`back`]: back to the last green, without any cycle.
//! - [`document`]: what can be read about a cycle, as [`show`] shows it. [`words`]: how it is said
//!   in one line.
//! - [`method`]: our own methods.

pub(crate) mod apply;
pub(crate) mod ask;
pub(crate) mod back;
pub(crate) mod begin;
pub(crate) mod decide;
pub(crate) mod document;
pub(crate) mod edit;
pub(crate) mod follow;
pub(crate) mod method;
pub(crate) mod offer;
pub(crate) mod progress;
#[cfg(test)]
mod samples;
pub(crate) mod show;
pub(crate) mod words;
