//! The whole log as JSON Lines.

use std::io::Write;

use rusqlite::Connection;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::error::Trouble;
use crate::log;

/// A line of the export.
#[derive(Serialize)]
struct Line<'a> {
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cycle: Option<u64>,
    /// Milliseconds since the Unix epoch.
    at: u64,
    kind: &'a str,
    version: u32,
    event: &'a RawValue,
}

/// Writes each event as a line: `{"id":1,"cycle":1,"at":...,"kind":"opened","event":{...}}`.
pub(crate) fn json_lines(connection: &Connection, to: &mut impl Write) -> Result<(), Trouble> {
    log::each_raw(connection, |row| {
        let unreadable = |error| Trouble::Unreadable(format!("event {}", row.id), error);
        let line = Line {
            id: row.id,
            cycle: row.cycle,
            at: row.at,
            kind: &row.kind,
            version: row.version,
            event: serde_json::from_str(&row.payload).map_err(unreadable)?,
        };
        let mut line = serde_json::to_string(&line).map_err(unreadable)?;
        line.push('\n');
        to.write_all(line.as_bytes()).map_err(Trouble::Export)
    })?;
    to.flush().map_err(Trouble::Export)
}
