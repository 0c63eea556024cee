//! Verification of changes to Python code.

mod role;

use std::ops::RangeInclusive;

use camino::Utf8Path;
use greenward_core::TestId;

use super::project::Project;
use crate::Files;
use crate::verify::{Content, Finding, Mutant, Replay, Sealed, Twins};

impl Project {
    /// See [`crate::Project::seal`].
    #[must_use]
    pub fn seal(&self, _path: &Utf8Path, _base: Option<&str>, changed: Option<&str>) -> Sealed {
        Sealed::new(changed.map_or(Content::Removed, |text| Content::Text(text.to_owned())))
    }

    /// See [`crate::Project::without`].
    #[must_use]
    pub fn without(&self, _path: &Utf8Path, _text: &str, _tests: &[TestId]) -> Option<String> {
        None
    }

    /// See [`crate::Project::twins`].
    #[must_use]
    pub fn twins(
        &self,
        _targets: &[TestId],
        _files: &dyn Files,
        _names: &mut dyn FnMut() -> String,
    ) -> Twins {
        Twins::default()
    }

    /// See [`crate::Project::replay`].
    ///
    /// # Errors
    ///
    /// Why there is none for this target.
    pub fn replay(&self, _target: &TestId, _files: &dyn Files) -> Result<Replay, String> {
        Err("it is not only assertions of values".to_owned())
    }
}

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
