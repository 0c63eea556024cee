//! Which process has a cycle in hand.

use std::fs::{self, File, TryLockError};
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::CycleId;

use crate::StoreError;

/// How often a cycle is reached for before somebody else has it, and how long to wait in between:
/// whoever only looks whether it is in hand holds its lock for a moment too.
const TRIES: u32 = 25;
const PAUSE: Duration = Duration::from_millis(2);

/// A cycle in hand: no other process, and nobody else in this one, has it until this is dropped or
/// the process ends, however it ends.
#[derive(Debug)]
pub struct Claim {
    cycle: CycleId,
    path: Utf8PathBuf,
    /// The operating system lets the lock go with the file.
    _lock: File,
}

impl Claim {
    /// The cycle.
    #[must_use]
    pub fn cycle(&self) -> CycleId {
        self.cycle
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // While it is locked: whoever has opened it meanwhile finds that it is gone.
        let _ = fs::remove_file(&self.path);
    }
}

/// Takes a cycle in hand; nothing if somebody has it.
pub(crate) fn claim(database: &Utf8Path, cycle: CycleId) -> Result<Option<Claim>, StoreError> {
    let path = place(database, cycle);
    let failed = |source: io::Error| StoreError::Folder {
        path: path.clone(),
        source: Arc::new(source),
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut tries = 1;
    loop {
        let lock = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) if is_gone(&lock).map_err(failed)? => {}
            Ok(()) => {
                return Ok(Some(Claim {
                    cycle,
                    path,
                    _lock: lock,
                }));
            }
            Err(TryLockError::WouldBlock) if tries < TRIES => {
                tries += 1;
                thread::sleep(PAUSE);
            }
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
    }
}

/// Whether somebody has a cycle in hand. Nothing is made by asking.
pub(crate) fn is_claimed(database: &Utf8Path, cycle: CycleId) -> Result<bool, StoreError> {
    let path = place(database, cycle);
    let failed = |source: io::Error| StoreError::Folder {
        path: path.clone(),
        source: Arc::new(source),
    };
    let lock = match File::open(&path) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed(error)),
    };
    match lock.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// The file that is locked. Git ignores it as it does the database.
fn place(database: &Utf8Path, cycle: CycleId) -> Utf8PathBuf {
    Utf8PathBuf::from(format!("{database}-locks")).join(cycle.to_string())
}

/// Whether the file was removed after it was opened, by the claim before.
#[cfg(unix)]
fn is_gone(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(file.metadata()?.nlink() == 0)
}

/// Elsewhere a file in use cannot be removed.
#[cfg(not(unix))]
fn is_gone(_: &File) -> io::Result<bool> {
    Ok(false)
}
