//! The breakers, projected from the log.

use std::collections::BTreeMap;
use std::time::Duration;

use greenward_core::{Breaker, BreakerChange, BreakerKey};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::error::Trouble;
use crate::log;

/// Takes in what happened to a breaker.
pub(crate) fn apply(
    connection: &Connection,
    at: Duration,
    key: &BreakerKey,
    change: BreakerChange,
) -> Result<(), Trouble> {
    let key = log::json(key)?;
    let mut breaker = connection
        .prepare_cached("SELECT failures, failed_at FROM breakers WHERE key = ?")?
        .query_row([&key], |row| breaker(row, 0))
        .optional()?
        .unwrap_or_default();
    breaker.apply(at, change);
    connection
        .prepare_cached("REPLACE INTO breakers (key, failures, failed_at) VALUES (?, ?, ?)")?
        .execute((&key, breaker.failures, log::millis(breaker.failed_at)))?;
    Ok(())
}

/// All breakers of which something is known.
pub(crate) fn all(connection: &Connection) -> Result<BTreeMap<BreakerKey, Breaker>, Trouble> {
    let mut statement =
        connection.prepare_cached("SELECT key, failures, failed_at FROM breakers")?;
    let mut rows = statement.query([])?;
    let mut breakers = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let key: String = row.get(0)?;
        let read = serde_json::from_str(&key);
        let read = read.map_err(|error| Trouble::Unreadable(format!("breaker {key}"), error))?;
        breakers.insert(read, breaker(row, 1)?);
    }
    Ok(breakers)
}

fn breaker(row: &Row<'_>, first: usize) -> rusqlite::Result<Breaker> {
    let failed_at: u64 = row.get(first + 1)?;
    Ok(Breaker {
        failures: row.get(first)?,
        failed_at: Duration::from_millis(failed_at),
    })
}
