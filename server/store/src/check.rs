//! Whether a database is well: what can be found out about it in one go.

use rusqlite::Connection;

use crate::error::Trouble;
use crate::{CycleFilter, breakers, projection, summary};

/// What is wrong with the database, for people. Empty if it is well. Nothing is changed.
pub(crate) fn check(connection: &Connection) -> Result<Vec<String>, Trouble> {
    let mut found = pages(connection)?;
    if found.is_empty() {
        connection.execute_batch("SAVEPOINT checked")?;
        let differ = projections_differ(connection);
        connection.execute_batch("ROLLBACK TO checked; RELEASE checked")?;
        match differ {
            Ok(false) => {}
            Ok(true) => found.push("the overview of cycles or breakers is not as the log".into()),
            Err(Trouble::Unreadable(what, error)) => found.push(format!("{what}: {error}")),
            Err(Trouble::Illegal(cycle, error)) => found.push(format!("cycle {cycle}: {error}")),
            Err(trouble) => return Err(trouble),
        }
    }
    Ok(found)
}

/// What SQLite itself finds.
fn pages(connection: &Connection) -> Result<Vec<String>, Trouble> {
    let mut statement = connection.prepare("PRAGMA integrity_check")?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut found = lines.collect::<rusqlite::Result<Vec<_>>>()?;
    found.retain(|line| line != "ok");
    Ok(found)
}

fn projections_differ(connection: &Connection) -> Result<bool, Trouble> {
    let seen = || {
        let cycles = summary::select(connection, &CycleFilter::default())?;
        Ok::<_, Trouble>((cycles, breakers::all(connection)?))
    };
    let before = seen()?;
    projection::rebuild(connection)?;
    Ok(seen()? != before)
}
