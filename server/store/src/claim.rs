//! Which process has a cycle in hand.

use std::fs::{self, File, TryLockError};
use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::CycleId;

use crate::StoreError;

/// A cycle in hand: no other process, and nobody else in this one, has it until this is dropped or
/// the process ends, however it ends.
#[derive(Debug)]
pub struct Claim {
    cycle: CycleId,
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

/// Takes a cycle in hand; nothing if somebody has it.
pub(crate) fn claim(database: &Utf8Path, cycle: CycleId) -> Result<Option<Claim>, StoreError> {
    // A name under which git ignores it as it does the database.
    let folder = Utf8PathBuf::from(format!("{database}-locks"));
    let path = folder.join(cycle.to_string());
    let failed = |source: io::Error| StoreError::Folder {
        path: path.clone(),
        source: Arc::new(source),
    };
    fs::create_dir_all(&folder).map_err(failed)?;
    let lock = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(Claim { cycle, _lock: lock })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}
