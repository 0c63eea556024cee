//! The tables, and how an older database becomes one of today.
//!
//! A migration that was released is never changed: a new one is added below it. The number of
//! those that were carried out stands in `user_version`.

use rusqlite::Connection;

/// Marks a database as ours: "GRNW".
const APPLICATION: u32 = 0x4752_4e57;

/// What to do, version by version.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE events (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        cycle INTEGER,             -- nothing for events of breakers
        at INTEGER NOT NULL,       -- milliseconds since the Unix epoch
        kind TEXT NOT NULL,
        payload TEXT NOT NULL,     -- JSON
        version INTEGER NOT NULL   -- of the payload
    ) STRICT;
    CREATE INDEX events_of_cycle ON events (cycle, id);
    CREATE TRIGGER events_stay BEFORE DELETE ON events
        BEGIN SELECT raise(ABORT, 'events are only added'); END;
    CREATE TRIGGER events_stay_as_they_are BEFORE UPDATE ON events
        BEGIN SELECT raise(ABORT, 'events are only added'); END;

    CREATE TABLE cycles (
        id INTEGER PRIMARY KEY,
        project TEXT NOT NULL,
        framework TEXT NOT NULL,
        language TEXT NOT NULL,
        worker TEXT NOT NULL,
        targets TEXT NOT NULL,     -- JSON
        phase TEXT NOT NULL,
        ending TEXT,               -- nothing while it goes on
        reason TEXT,
        review TEXT,
        opened_at INTEGER NOT NULL,
        last_at INTEGER NOT NULL,
        files TEXT NOT NULL,       -- JSON
        attempts INTEGER NOT NULL,
        input_tokens INTEGER NOT NULL,
        output_tokens INTEGER NOT NULL,
        cost_microdollars INTEGER,
        estimated INTEGER NOT NULL,
        verdict TEXT               -- JSON, with all evidence
    ) STRICT;

    CREATE TABLE breakers (
        key TEXT PRIMARY KEY,      -- JSON
        failures INTEGER NOT NULL,
        failed_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
",
    // What is projected of a cycle that was resumed before counts the time between, until
    // something happens in it.
    "
    ALTER TABLE cycles ADD COLUMN run_time INTEGER NOT NULL DEFAULT 0;
    UPDATE cycles SET run_time = last_at - opened_at;
",
];

/// The version that this program makes and knows.
pub(crate) fn known() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// Whose a database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nobody's: it is empty.
    Empty,
    /// Ours, of this version.
    Ours(u32),
    /// Another program's.
    Foreign,
}

/// Whose this database is. Another process may be making it: so all is of one moment.
pub(crate) fn kind(connection: &mut Connection) -> rusqlite::Result<Kind> {
    let moment = connection.transaction()?;
    let tables: u32 =
        moment.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let application: u32 = moment.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    Ok(match application {
        APPLICATION => Kind::Ours(version(&moment)?),
        0 if tables == 0 => Kind::Empty,
        _ => Kind::Foreign,
    })
}

fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Brings the database to the version that is known. Another process may do so at the same time.
pub(crate) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    if version(connection)? == known() {
        return Ok(());
    }
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let done = usize::try_from(version(&transaction)?).unwrap_or(usize::MAX);
    for migration in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(migration)?;
    }
    if done < MIGRATIONS.len() {
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", known())?;
    }
    transaction.commit()
}
