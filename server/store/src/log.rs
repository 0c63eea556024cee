//! The log: writing events and reading them.

use std::time::Duration;

use greenward_core::{BreakerChange, BreakerKey, Cycle, CycleId, Recorded};
use rusqlite::{Connection, Row};
use serde::{Deserialize, Serialize};

use crate::error::Trouble;

/// The version of the payloads that are written. One that cannot be read as the one before it
/// counts up.
const VERSION: u32 = 1;

/// The kind of an event that no cycle has.
const BREAKER: &str = "breaker";

/// What happened to a breaker beside what the events of cycles say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BreakerEvent {
    pub(crate) key: BreakerKey,
    pub(crate) change: BreakerChange,
}

/// What stands in one row.
#[derive(Debug)]
pub(crate) enum Entry {
    Cycle(CycleId, Recorded),
    Breaker(Duration, BreakerEvent),
}

/// A row as it is kept.
#[derive(Debug)]
pub(crate) struct RawEntry {
    pub(crate) id: u64,
    pub(crate) cycle: Option<u64>,
    pub(crate) at: u64,
    pub(crate) kind: String,
    pub(crate) payload: String,
    pub(crate) version: u32,
}

impl RawEntry {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            cycle: row.get(1)?,
            at: row.get(2)?,
            kind: row.get(3)?,
            payload: row.get(4)?,
            version: row.get(5)?,
        })
    }

    fn entry(&self) -> Result<Entry, Trouble> {
        let at = Duration::from_millis(self.at);
        let read = match self.cycle {
            Some(cycle) => serde_json::from_str(&self.payload)
                .map(|event| Entry::Cycle(CycleId(cycle), Recorded { at, event })),
            None => serde_json::from_str(&self.payload).map(|event| Entry::Breaker(at, event)),
        };
        read.map_err(|error| Trouble::Unreadable(format!("event {}", self.id), error))
    }
}

/// The number of a cycle that is opened now: above all that are here, and above `taken`. Rows are
/// never deleted, so no number comes twice.
pub(crate) fn next_cycle(connection: &Connection, taken: CycleId) -> Result<CycleId, Trouble> {
    let last: Option<u64> = connection
        .prepare_cached("SELECT max(cycle) FROM events")?
        .query_row([], |row| row.get(0))?;
    Ok(CycleId(last.unwrap_or(0).max(taken.0) + 1))
}

/// The number of the newest event; 0 where there is none.
pub(crate) fn newest(connection: &Connection) -> Result<u64, Trouble> {
    let newest: Option<u64> = connection
        .prepare_cached("SELECT max(id) FROM events")?
        .query_row([], |row| row.get(0))?;
    Ok(newest.unwrap_or(0))
}

/// Adds an event of a cycle.
pub(crate) fn add(
    connection: &Connection,
    cycle: CycleId,
    recorded: &Recorded,
) -> Result<(), Trouble> {
    let payload = json(&recorded.event)?;
    insert(
        connection,
        Some(cycle),
        recorded.at,
        recorded.event.name(),
        &payload,
    )
}

/// Adds an event of a breaker.
pub(crate) fn add_breaker(
    connection: &Connection,
    at: Duration,
    event: &BreakerEvent,
) -> Result<(), Trouble> {
    insert(connection, None, at, BREAKER, &json(event)?)
}

/// The events of a cycle, in their order. None if there is no such cycle.
pub(crate) fn of_cycle(connection: &Connection, cycle: CycleId) -> Result<Vec<Recorded>, Trouble> {
    // No cycle has a number that the database cannot hold.
    let Ok(number) = i64::try_from(cycle.0) else {
        return Ok(Vec::new());
    };
    let mut statement = connection.prepare_cached(
        "SELECT id, cycle, at, kind, payload, version FROM events WHERE cycle = ? ORDER BY id",
    )?;
    let mut rows = statement.query([number])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        if let Entry::Cycle(_, recorded) = RawEntry::read(row)?.entry()? {
            events.push(recorded);
        }
    }
    Ok(events)
}

/// A cycle as its events have made it.
pub(crate) fn cycle(connection: &Connection, id: CycleId) -> Result<Option<Cycle>, Trouble> {
    let events = of_cycle(connection, id)?;
    Cycle::replay(&events).map_err(|illegal| Trouble::Illegal(id, illegal))
}

/// Hands over every row of the log, in order.
pub(crate) fn each_raw(
    connection: &Connection,
    mut take: impl FnMut(RawEntry) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let mut statement = connection
        .prepare("SELECT id, cycle, at, kind, payload, version FROM events ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        take(RawEntry::read(row)?)?;
    }
    Ok(())
}

/// Hands over every event of the log, in order.
pub(crate) fn each(
    connection: &Connection,
    mut take: impl FnMut(Entry) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    each_raw(connection, |row| take(row.entry()?))
}

/// Milliseconds, as times are kept.
pub(crate) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// A value as JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, Trouble> {
    serde_json::to_string(value)
        .map_err(|error| Trouble::Unreadable("what was to be written".to_owned(), error))
}

fn insert(
    connection: &Connection,
    cycle: Option<CycleId>,
    at: Duration,
    kind: &str,
    payload: &str,
) -> Result<(), Trouble> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO events (cycle, at, kind, payload, version) VALUES (?, ?, ?, ?, ?)",
    )?;
    let cycle = cycle.map(|cycle| cycle.0);
    statement.execute((cycle, millis(at), kind, payload, VERSION))?;
    Ok(())
}
