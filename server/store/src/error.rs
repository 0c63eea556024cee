//! What can go wrong with the store, and what the user can do about it.

use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{CycleId, IllegalEvent};
use rusqlite::ErrorCode;
use thiserror::Error;

/// Why the store could not do what was asked. Nothing that was acknowledged before is lost by it,
/// and nothing of what was asked is kept.
#[derive(Debug, Clone, Error)]
pub enum StoreError {
    /// The folder of the database, or a file beside it, cannot be made.
    #[error("`{path}` cannot be made: check that its folder can be written to")]
    Folder {
        /// What was to be made.
        path: Utf8PathBuf,
        /// Why not.
        source: Arc<io::Error>,
    },
    /// The database may not be opened or written to.
    #[error("the database `{path}` cannot be opened for writing: check who may write there")]
    NotWritable {
        /// The database.
        path: Utf8PathBuf,
        /// What SQLite says.
        source: Arc<rusqlite::Error>,
    },
    /// The disk is full.
    #[error("there is no space left for the database `{path}`: free some and try again")]
    Full {
        /// The database.
        path: Utf8PathBuf,
        /// What SQLite says.
        source: Arc<rusqlite::Error>,
    },
    /// Another process has it locked for longer than we wait.
    #[error("the database `{path}` is locked by another process: end that one or try again")]
    Busy {
        /// The database.
        path: Utf8PathBuf,
        /// What SQLite says.
        source: Arc<rusqlite::Error>,
    },
    /// The file is no database, or it is damaged.
    #[error("the database `{path}` is damaged: move it away to begin with an empty one")]
    Damaged {
        /// The database.
        path: Utf8PathBuf,
        /// What SQLite says.
        source: Arc<rusqlite::Error>,
    },
    /// The file was deleted or replaced while it was in use.
    #[error("the database `{path}` was removed while it was in use: restart Greenward")]
    Removed {
        /// The database.
        path: Utf8PathBuf,
    },
    /// A later Greenward has made it.
    #[error(
        "the database `{path}` is of a later Greenward (version {found}, known up to {known}): \
         update Greenward"
    )]
    Newer {
        /// The database.
        path: Utf8PathBuf,
        /// Its version.
        found: u32,
        /// The latest version that is known.
        known: u32,
    },
    /// It is a database of some other program.
    #[error("`{path}` is no database of Greenward's: move it away")]
    Foreign {
        /// The database.
        path: Utf8PathBuf,
    },
    /// There is no such cycle.
    #[error("there is no cycle {0}")]
    UnknownCycle(CycleId),
    /// The event cannot follow on those that are there.
    #[error("cycle {cycle}: {source}")]
    Illegal {
        /// The cycle.
        cycle: CycleId,
        /// Why not.
        source: IllegalEvent,
    },
    /// A row does not hold what it should.
    #[error("the database `{path}` holds something that cannot be read: {what}")]
    Unreadable {
        /// The database.
        path: Utf8PathBuf,
        /// Which row, and of what.
        what: String,
        /// Why not.
        source: Arc<serde_json::Error>,
    },
    /// The export could not be written.
    #[error("the export could not be written")]
    Export(#[source] Arc<io::Error>),
    /// Anything else that SQLite says.
    #[error("the database `{path}` did not do what was asked")]
    Sql {
        /// The database.
        path: Utf8PathBuf,
        /// What SQLite says.
        source: Arc<rusqlite::Error>,
    },
    /// The store's own thread is gone.
    #[error("the store is closed")]
    Closed,
}

/// What goes wrong below, before it is known for which database.
#[derive(Debug)]
pub(crate) enum Trouble {
    Sql(rusqlite::Error),
    UnknownCycle(CycleId),
    Illegal(CycleId, IllegalEvent),
    Unreadable(String, serde_json::Error),
    Export(io::Error),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Trouble::Sql(error)
    }
}

impl Trouble {
    /// The error for the database at `path`.
    pub(crate) fn at(self, path: &Utf8Path) -> StoreError {
        let path = path.to_owned();
        match self {
            Trouble::Sql(error) => of_sql(path, error),
            Trouble::UnknownCycle(cycle) => StoreError::UnknownCycle(cycle),
            Trouble::Illegal(cycle, source) => StoreError::Illegal { cycle, source },
            Trouble::Unreadable(what, source) => StoreError::Unreadable {
                path,
                what,
                source: Arc::new(source),
            },
            Trouble::Export(source) => StoreError::Export(Arc::new(source)),
        }
    }
}

fn of_sql(path: Utf8PathBuf, error: rusqlite::Error) -> StoreError {
    let code = error.sqlite_error_code();
    let source = Arc::new(error);
    match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Busy { path, source }
        }
        Some(ErrorCode::DiskFull) => StoreError::Full { path, source },
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            StoreError::NotWritable { path, source }
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Damaged { path, source }
        }
        _ => StoreError::Sql { path, source },
    }
}
