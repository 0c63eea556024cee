//! The folder that the database lies in, and which file the database is.

use std::fs;
use std::io::{ErrorKind, Write};
use std::sync::Arc;

use camino::Utf8Path;

use crate::StoreError;

/// Keeps the database out of git, with all that lies beside it under its name, and itself: a folder
/// that only we have made is not to be seen there.
const IGNORED: &[u8] = b"state.db*\n.gitignore\n";

/// Makes the folder of the database, and a file that keeps the database out of git. What is there
/// already is left as it is.
pub(crate) fn prepare(database: &Utf8Path) -> Result<(), StoreError> {
    let Some(folder) = database.parent() else {
        return Ok(());
    };
    let failed = |path: &Utf8Path, error| StoreError::Folder {
        path: path.to_owned(),
        source: Arc::new(error),
    };
    fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let ignore = folder.join(".gitignore");
    let made = fs::File::create_new(&ignore).and_then(|mut file| file.write_all(IGNORED));
    match made {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed(&ignore, error)),
        _ => Ok(()),
    }
}

/// Which file a database is: SQLite goes on writing to one that was deleted, and all would be lost.
#[derive(Debug)]
pub(crate) struct Identity(Option<(u64, u64)>);

impl Identity {
    /// The file that is at `path` now.
    pub(crate) fn of(path: &Utf8Path) -> Self {
        Self(number(path))
    }

    /// Whether it is still there.
    pub(crate) fn check(&self, path: &Utf8Path) -> Result<(), StoreError> {
        if self.0 == number(path) {
            Ok(())
        } else {
            Err(StoreError::Removed {
                path: path.to_owned(),
            })
        }
    }
}

#[cfg(unix)]
fn number(path: &Utf8Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// Elsewhere a file in use cannot be deleted.
#[cfg(not(unix))]
fn number(_: &Utf8Path) -> Option<(u64, u64)> {
    None
}
