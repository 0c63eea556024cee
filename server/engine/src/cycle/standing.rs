//! How the cycles of the workspace stand, and whose hands they are in.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use dashmap::DashMap;
use greenward_store::{CycleFilter, CycleSummary, StoreError};

use super::command::{CycleRefusal, CycleStanding, Hands};
use super::manager::{Shared, failed};
use super::means::Means;

/// Of how many cycles the user may be asked to decide. All of them are in the store.
const MOST: u32 = 100;

/// The cycles of each folder that wait for the user, as they were read last.
#[derive(Debug, Default)]
pub(super) struct Remembered(DashMap<Utf8PathBuf, Read>);

/// What was read of a folder.
#[derive(Debug, Clone)]
struct Read {
    /// The newest event when it was read.
    newest: u64,
    cycles: Arc<[CycleSummary]>,
}

impl Remembered {
    /// Those of a folder. They are read again once anything has happened, in whatever process.
    async fn of(&self, means: &Means) -> Result<Arc<[CycleSummary]>, StoreError> {
        // Before the cycles: what happens in between is read once more the next time.
        let newest = means.store.newest_event().await?;
        let known = self.0.get(&means.folder).map(|read| read.clone());
        if let Some(read) = known.filter(|read| read.newest == newest) {
            return Ok(read.cycles);
        }
        let filter = CycleFilter {
            undecided: true,
            newest: Some(MOST),
            ..CycleFilter::default()
        };
        let cycles: Arc<[CycleSummary]> = means.store.cycles(filter).await?.into();
        let read = Read {
            newest,
            cycles: cycles.clone(),
        };
        self.0.insert(means.folder.clone(), read);
        Ok(cycles)
    }
}

impl Shared {
    /// All cycles, the newest first.
    pub(super) async fn list(
        &self,
        folders: &[Utf8PathBuf],
    ) -> Result<Vec<CycleStanding>, CycleRefusal> {
        let mut all = Vec::new();
        for means in self.with_cycles(folders).await? {
            let cycles = means.store.cycles(CycleFilter::default()).await;
            for cycle in cycles.map_err(failed)? {
                all.push(self.standing(&means, cycle)?);
            }
        }
        Ok(all)
    }

    /// The cycles that the user has not decided about, the newest first.
    pub(super) async fn undecided_in(
        &self,
        folders: &[Utf8PathBuf],
    ) -> Result<Vec<CycleStanding>, CycleRefusal> {
        let mut all = Vec::new();
        for means in self.with_cycles(folders).await? {
            let cycles = self.remembered.of(&means).await.map_err(failed)?;
            for cycle in cycles.iter() {
                all.push(self.standing(&means, cycle.clone())?);
            }
        }
        Ok(all)
    }

    /// The folders in which there was ever a cycle. In the others nothing is made by looking.
    async fn with_cycles(&self, folders: &[Utf8PathBuf]) -> Result<Vec<Means>, CycleRefusal> {
        let mut all = Vec::new();
        for folder in folders.iter().filter(|folder| Means::has_cycles(folder)) {
            all.push(self.means(folder).await?);
        }
        Ok(all)
    }

    fn standing(
        &self,
        means: &Means,
        summary: CycleSummary,
    ) -> Result<CycleStanding, CycleRefusal> {
        let id = summary.id;
        let hands = match summary.ending {
            Some(_) => Hands::Nobodys,
            None if self.is_in_hand(id, &means.folder) => Hands::Ours,
            None if means.store.is_claimed(id).map_err(failed)? => Hands::Others,
            None => Hands::Nobodys,
        };
        Ok(CycleStanding {
            folder: means.folder.clone(),
            summary,
            hands,
        })
    }

    fn is_in_hand(&self, id: greenward_core::CycleId, folder: &Utf8Path) -> bool {
        let running = self.in_hand.get(&id);
        running.is_some_and(|running| running.folder == folder)
    }
}
