use super::super::project::Project;
use crate::Files;
use crate::verify::Replay;
use greenward_core::TestId;
impl Project {
    /// See [`crate::Project::replay`].
    ///
    /// # Errors
    ///
    /// Why there is none for this target.
    pub fn replay(&self, _target: &TestId, _files: &dyn Files) -> Result<Replay, String> {
        Err("it is not only assertions of values".to_owned())
    }
}
