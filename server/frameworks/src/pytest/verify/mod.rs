//! Verification of changes to Python code.

mod assertions;
mod literals;
mod mutants;
mod role;
mod tree;
mod twins;

use camino::Utf8Path;
use greenward_core::TestId;

use super::project::Project;
use crate::Files;
use crate::verify::{Content, Finding, Replay, Sealed};

impl Project {
    /// See [`crate::Project::seal`].
    #[must_use]
    pub fn seal(&self, _path: &Utf8Path, _base: Option<&str>, changed: Option<&str>) -> Sealed {
        Sealed::new(changed.map_or(Content::Removed, |text| Content::Text(text.to_owned())))
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

pub use mutants::mutants;

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
