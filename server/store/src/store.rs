//! The store, as the engine has it.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8Path;
use greenward_core::{Breaker, BreakerChange, BreakerKey, Cycle, CycleId, Recorded};

use crate::claim::{self, Claim};
use crate::database::{self, Options};
use crate::folder::Identity;
use crate::log::BreakerEvent;
use crate::threads::{Reader, Writer};
use crate::{
    CycleFilter, CycleSummary, StoreError, breakers, check, export, log, projection, summary,
};

/// The store of one workspace folder. Cheap to clone; all clones are one.
///
/// Nothing blocks but opening: SQLite has threads of its own. What is written is asked for when a
/// function is called, in that order, and answered when it is on the disk.
#[derive(Clone)]
pub struct Store {
    path: Arc<Utf8Path>,
    writer: Writer,
    reader: Reader,
}

impl Store {
    /// Opens the database at `path`, usually `.tdd/state.db` in the workspace folder. Its folder,
    /// the database and a `.gitignore` beside it are made where they are missing.
    ///
    /// # Errors
    ///
    /// If it cannot be read or written, is damaged, is no database of ours or one of a later
    /// version. It is left as it is then.
    pub fn open(path: &Utf8Path) -> Result<Self, StoreError> {
        Self::open_with(path, Options::default())
    }

    pub(crate) fn open_with(path: &Utf8Path, options: Options) -> Result<Self, StoreError> {
        let path: Arc<Utf8Path> = Arc::from(path);
        let to_write = database::open(&path, options)?;
        let to_read = database::open_to_read(&path, options)?;
        let identity = Identity::of(&path);
        Ok(Self {
            writer: Writer::start(Arc::clone(&path), to_write, identity)?,
            reader: Reader::start(Arc::clone(&path), to_read)?,
            path,
        })
    }

    /// Where the database is.
    #[must_use]
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// Adds the first event of a new cycle, and gives the cycle its number.
    ///
    /// # Errors
    ///
    /// If the event is not the first of a cycle, or the database fails.
    pub fn open_cycle(
        &self,
        opened: Recorded,
    ) -> impl Future<Output = Result<(CycleId, Cycle), StoreError>> + Send + use<> {
        self.open_cycle_above(CycleId(0), opened)
    }

    /// As [`open_cycle`](Self::open_cycle), with a number above `taken`: a database that was lost
    /// leaves the references of its cycles behind, and they are no other cycle's.
    ///
    /// # Errors
    ///
    /// If the event is not the first of a cycle, or the database fails.
    pub fn open_cycle_above(
        &self,
        taken: CycleId,
        opened: Recorded,
    ) -> impl Future<Output = Result<(CycleId, Cycle), StoreError>> + Send + use<> {
        self.writer
            .write(move |connection| projection::open(connection, &opened, taken))
    }

    /// Adds events of a cycle, all or none, and gives the cycle as it is then. The breakers take in
    /// what the events mean to them.
    ///
    /// # Errors
    ///
    /// If there is no such cycle, an event cannot follow on those before it, or the database fails.
    pub fn append(
        &self,
        cycle: CycleId,
        events: Vec<Recorded>,
    ) -> impl Future<Output = Result<Cycle, StoreError>> + Send + use<> {
        self.writer
            .write(move |connection| projection::append(connection, cycle, &events))
    }

    /// Tells a breaker what no event of a cycle has told it, at the time `at` since the Unix epoch.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub fn record_breaker(
        &self,
        at: Duration,
        key: BreakerKey,
        change: BreakerChange,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        let event = BreakerEvent { key, change };
        self.writer
            .write(move |connection| projection::append_breaker(connection, at, &event))
    }

    /// A cycle as its events have made it. Nothing if there is no such cycle. Whoever takes it up
    /// claims it and records [`Resumed`](greenward_core::CycleEvent::Resumed) before anything else.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub fn cycle(
        &self,
        id: CycleId,
    ) -> impl Future<Output = Result<Option<Cycle>, StoreError>> + Send + use<> {
        self.reader
            .read(move |connection| log::cycle(connection, id))
    }

    /// The events of a cycle, in their order. None if there is no such cycle.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub fn events(
        &self,
        id: CycleId,
    ) -> impl Future<Output = Result<Vec<Recorded>, StoreError>> + Send + use<> {
        self.reader
            .read(move |connection| log::of_cycle(connection, id))
    }

    /// Cycles at a glance, the newest first.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub fn cycles(
        &self,
        filter: CycleFilter,
    ) -> impl Future<Output = Result<Vec<CycleSummary>, StoreError>> + Send + use<> {
        self.reader
            .read(move |connection| summary::select(connection, &filter))
    }

    /// The cycles that have not ended, the newest first. Some may be in hand: see [`Store::claim`].
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub fn unfinished(
        &self,
    ) -> impl Future<Output = Result<Vec<CycleSummary>, StoreError>> + Send + use<> {
        self.cycles(CycleFilter {
            unfinished: true,
            ..CycleFilter::default()
        })
    }

    /// The number of the newest event; 0 where there is none. It is another one as soon as anything
    /// has happened, in this process or another, and costs next to nothing to ask for.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub fn newest_event(&self) -> impl Future<Output = Result<u64, StoreError>> + Send + use<> {
        self.reader.read(log::newest)
    }

    /// The breakers of which something is known.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub fn breakers(
        &self,
    ) -> impl Future<Output = Result<BTreeMap<BreakerKey, Breaker>, StoreError>> + Send + use<>
    {
        self.reader.read(breakers::all)
    }

    /// Takes a cycle in hand. Nothing if somebody has it, in this process or another.
    ///
    /// # Errors
    ///
    /// If the lock beside the database cannot be made.
    pub fn claim(&self, cycle: CycleId) -> Result<Option<Claim>, StoreError> {
        claim::claim(&self.path, cycle)
    }

    /// Whether somebody has a cycle in hand, in this process or another.
    ///
    /// # Errors
    ///
    /// If the lock beside the database cannot be read.
    pub fn is_claimed(&self, cycle: CycleId) -> Result<bool, StoreError> {
        claim::is_claimed(&self.path, cycle)
    }

    /// Writes the whole log as JSON Lines, one event a line.
    ///
    /// # Errors
    ///
    /// If the database or `to` fails.
    pub fn export<W: Write + Send + 'static>(
        &self,
        mut to: W,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + use<W> {
        self.reader
            .read(move |connection| export::json_lines(connection, &mut to))
    }

    /// Makes everything that is projected from the log anew.
    ///
    /// # Errors
    ///
    /// If the log cannot be read, or the database fails. All is left as it was then.
    pub fn rebuild(&self) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        self.writer.write(projection::rebuild)
    }

    /// Looks for damage: in the file, in events, in what is projected from them. Gives what is
    /// wrong, for people; nothing if all is well. [`Store::rebuild`] mends the last kind.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub fn check(&self) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send + use<> {
        self.writer.write(check::check)
    }
}
