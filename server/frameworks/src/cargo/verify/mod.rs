//! Verification of changes to Rust code.

mod assertions;
mod literals;
mod regions;
mod role;
mod seal;
mod structure;
mod tree;
mod twins;

use std::ops::RangeInclusive;

use camino::Utf8Path;

use crate::verify::{Finding, Mutant};

/// See [`crate::Project::mutants`].
#[must_use]
pub fn mutants(
    _path: &Utf8Path,
    _text: &str,
    _lines: &[RangeInclusive<u32>],
    _cap: usize,
) -> Vec<Mutant> {
    Vec::new()
}

/// See [`crate::Project::warnings`].
#[must_use]
pub fn warnings(
    _path: &Utf8Path,
    _base: Option<&str>,
    _changed: &str,
    _tests: &[&str],
) -> Vec<Finding> {
    Vec::new()
}
