//! What is projected from the log: one row for each cycle, one for each breaker.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::time::Duration;

use greenward_core::{Cycle, CycleId, Recorded, breaker_changes};
use rusqlite::Connection;

use crate::error::Trouble;
use crate::log::{self, BreakerEvent, Entry};
use crate::{breakers, summary};

/// Adds the first event of a cycle, and gives the cycle and its number, which is above `taken`.
pub(crate) fn open(
    connection: &Connection,
    opened: &Recorded,
    taken: CycleId,
) -> Result<(CycleId, Cycle), Trouble> {
    let id = log::next_cycle(connection, taken)?;
    let opened = &as_kept(opened);
    let cycle = Cycle::open(opened).map_err(|illegal| Trouble::Illegal(id, illegal))?;
    log::add(connection, id, opened)?;
    summary::put(connection, id, &cycle)?;
    Ok((id, cycle))
}

/// Adds events of a cycle, and gives the cycle as it is then.
pub(crate) fn append(
    connection: &Connection,
    id: CycleId,
    events: &[Recorded],
) -> Result<Cycle, Trouble> {
    let mut cycle = log::cycle(connection, id)?.ok_or(Trouble::UnknownCycle(id))?;
    for recorded in events {
        let recorded = &as_kept(recorded);
        take(connection, id, &mut cycle, recorded)?;
        log::add(connection, id, recorded)?;
    }
    summary::put(connection, id, &cycle)?;
    Ok(cycle)
}

/// Adds an event of a breaker.
pub(crate) fn append_breaker(
    connection: &Connection,
    at: Duration,
    event: &BreakerEvent,
) -> Result<(), Trouble> {
    log::add_breaker(connection, at, event)?;
    breakers::apply(connection, at, &event.key, event.change)
}

/// Makes all projections anew.
pub(crate) fn rebuild(connection: &Connection) -> Result<(), Trouble> {
    connection.execute_batch("DELETE FROM cycles; DELETE FROM breakers;")?;
    let mut cycles: BTreeMap<CycleId, Cycle> = BTreeMap::new();
    log::each(connection, |entry| match entry {
        Entry::Breaker(at, event) => breakers::apply(connection, at, &event.key, event.change),
        Entry::Cycle(id, recorded) => match cycles.entry(id) {
            Slot::Occupied(mut cycle) => take(connection, id, cycle.get_mut(), &recorded),
            Slot::Vacant(slot) => {
                let opened = Cycle::open(&recorded);
                slot.insert(opened.map_err(|illegal| Trouble::Illegal(id, illegal))?);
                Ok(())
            }
        },
    })?;
    for (id, cycle) in cycles {
        summary::put(connection, id, &cycle)?;
    }
    Ok(())
}

/// An event as it will be read again, so that a cycle is the same before and after.
fn as_kept(recorded: &Recorded) -> Recorded {
    Recorded {
        at: Duration::from_millis(log::millis(recorded.at).unsigned_abs()),
        event: recorded.event.clone(),
    }
}

/// Takes an event in, for the cycle and for the breakers.
fn take(
    connection: &Connection,
    id: CycleId,
    cycle: &mut Cycle,
    recorded: &Recorded,
) -> Result<(), Trouble> {
    let changes = breaker_changes(cycle, &recorded.event);
    let applied = cycle.apply(recorded);
    applied.map_err(|illegal| Trouble::Illegal(id, illegal))?;
    for (key, change) in changes {
        breakers::apply(connection, recorded.at, &key, change)?;
    }
    Ok(())
}
