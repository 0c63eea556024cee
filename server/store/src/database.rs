//! Opening the database.

use std::time::Duration;

use camino::Utf8Path;
use rusqlite::{Connection, OpenFlags};

use crate::error::Trouble;
use crate::schema::Kind;
use crate::{StoreError, folder, schema};

/// How a database is opened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// How long to wait for another process that is writing.
    pub(crate) patience: Duration,
    /// How many pages it may have. Nothing: any number.
    pub(crate) max_pages: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(5),
            max_pages: None,
        }
    }
}

/// How long to wait before what was locked is tried again.
const PAUSE: Duration = Duration::from_millis(10);

/// Opens the database at `path` for writing, and makes it or brings it up to date where needed. One
/// that is not ours or of a later version is left as it is.
pub(crate) fn open(path: &Utf8Path, options: Options) -> Result<Connection, StoreError> {
    folder::prepare(path)?;
    // SQLite does not wait while another process turns the journal into a log: so we do.
    let mut waited = Duration::ZERO;
    loop {
        match try_open(path, options) {
            Err(StoreError::Busy { .. }) if waited < options.patience => {
                std::thread::sleep(PAUSE);
                waited += PAUSE;
            }
            opened => return opened,
        }
    }
}

fn try_open(path: &Utf8Path, options: Options) -> Result<Connection, StoreError> {
    let failed = |error| Trouble::Sql(error).at(path);
    let mut connection = connect(path, Duration::ZERO).map_err(failed)?;
    match schema::kind(&mut connection).map_err(failed)? {
        Kind::Foreign => {
            return Err(StoreError::Foreign {
                path: path.to_owned(),
            });
        }
        Kind::Ours(found) if found > schema::known() => {
            return Err(StoreError::Newer {
                path: path.to_owned(),
                found,
                known: schema::known(),
            });
        }
        Kind::Empty | Kind::Ours(_) => {}
    }
    set_up(&mut connection, options).map_err(failed)?;
    refuse_read_only(&connection).map_err(failed)?;
    connection.busy_timeout(options.patience).map_err(failed)?;
    Ok(connection)
}

/// Opens a database that [`open`] has opened before, for reading.
pub(crate) fn open_to_read(path: &Utf8Path, options: Options) -> Result<Connection, StoreError> {
    let opened = connect(path, options.patience).and_then(|connection| {
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    });
    opened.map_err(|error| Trouble::from(error).at(path))
}

fn connect(path: &Utf8Path, patience: Duration) -> rusqlite::Result<Connection> {
    // Not as a URI: a path is a path, whatever its name.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(patience)?;
    Ok(connection)
}

/// SQLite opens for reading what it may not write, and says so only when something is written.
fn refuse_read_only(connection: &Connection) -> rusqlite::Result<()> {
    if connection.is_readonly("main")? {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY);
        return Err(rusqlite::Error::SqliteFailure(code, None));
    }
    Ok(())
}

fn set_up(connection: &mut Connection, options: Options) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    // With less, a power cut loses what was acknowledged.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    if let Some(pages) = options.max_pages {
        connection.pragma_update(None, "max_page_count", pages)?;
    }
    schema::migrate(connection)
}
