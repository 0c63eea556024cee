//! What tools leave beside somebody's work, and is no part of it.

use std::time::SystemTime;

use camino::Utf8PathBuf;
use greenward_workspace::objects::{CommitId, ObjectStore, StoreError};

/// What cargo writes by itself wherever it runs. Where there was one, a change of it is a change of
/// what is built, and somebody's doing.
const LOCK_FILE: &str = "Cargo.lock";

/// A state without the lock files that it has and `given` has not. Whoever runs the tests while
/// working leaves one, and it is no part of the change: it is neither judged nor handed on. Blocks.
///
/// # Errors
/// If the versions cannot be read, or the new one not recorded.
pub(super) fn without_leavings(
    objects: &ObjectStore,
    given: CommitId,
    state: CommitId,
    at: SystemTime,
) -> Result<CommitId, StoreError> {
    let changes = objects.changes(given, state)?;
    let left: Vec<(Utf8PathBuf, Option<Vec<u8>>)> = changes
        .into_iter()
        .filter(|change| change.before.is_none() && change.path.file_name() == Some(LOCK_FILE))
        .map(|change| (change.path, None))
        .collect();
    match left.is_empty() {
        true => Ok(state),
        false => objects.with_files(state, &left, "Without what tools have left", at),
    }
}
