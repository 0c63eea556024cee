//! How the cycles of the workspace stand, and whose hands they are in.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use dashmap::DashMap;
use greenward_core::{CycleId, Framework, ProjectId, TestId};
use greenward_store::{CycleFilter, CycleSummary, StoreError};

use super::command::{CycleStanding, Hands};
use super::manager::{Shared, failed};
use super::means::Means;
use super::refusal::CycleRefusal;
use super::work::KnownFolder;

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

    /// The cycles of a folder that the user has not decided about, the newest first.
    pub(super) async fn undecided_in(
        &self,
        folder: &KnownFolder,
    ) -> Result<Vec<CycleStanding>, CycleRefusal> {
        let mut all = Vec::new();
        for means in self.with_cycles(std::slice::from_ref(&folder.path)).await? {
            let cycles = self.remembered.of(&means).await.map_err(failed)?;
            for cycle in cycles.iter() {
                let mut cycle = cycle.clone();
                folder.call_as_here(&mut cycle);
                all.push(self.standing(&means, cycle)?);
            }
        }
        Ok(all)
    }

    /// The highest number of a cycle in folders; 0 where there is none.
    pub(super) async fn last_number(
        &self,
        folders: &[Utf8PathBuf],
    ) -> Result<CycleId, CycleRefusal> {
        let mut last = CycleId(0);
        for means in self.with_cycles(folders).await? {
            let filter = CycleFilter {
                newest: Some(1),
                ..CycleFilter::default()
            };
            let newest = means.store.cycles(filter).await.map_err(failed)?;
            last = newest.iter().map(|cycle| cycle.id).fold(last, CycleId::max);
        }
        Ok(last)
    }

    /// The folders in which there was ever a cycle. In the others nothing is made by looking.
    pub(super) async fn with_cycles(
        &self,
        folders: &[Utf8PathBuf],
    ) -> Result<Vec<Means>, CycleRefusal> {
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

    fn is_in_hand(&self, id: CycleId, folder: &Utf8Path) -> bool {
        let running = self.in_hand.get(&id);
        running.is_some_and(|running| running.folder == folder)
    }
}

impl KnownFolder {
    /// Calls the project and the tests of a cycle as they are called in this workspace. It may have
    /// been begun in another, or on the command line: what stands before a project's folder depends
    /// on which folders are open.
    fn call_as_here(&self, cycle: &mut CycleSummary) {
        let stored = cycle.project.clone();
        let Some(here) = self.project_here(&stored, cycle.framework) else {
            return;
        };
        for target in &mut cycle.targets {
            if let Some(local) = target.local_in(&stored) {
                *target = TestId::new(&here, local);
            }
        }
        cycle.project = here;
    }

    fn project_here(&self, stored: &ProjectId, framework: Framework) -> Option<ProjectId> {
        let (_, place) = stored.as_str().split_once(':')?;
        let inner = match place.split_once('/') {
            Some((_, inner)) => inner,
            None => ".",
        };
        let named = |inner: &str| match (self.name.as_str(), inner) {
            ("", inner) => ProjectId::new(framework, inner),
            (name, ".") => ProjectId::new(framework, name),
            (name, inner) => ProjectId::new(framework, &format!("{name}/{inner}")),
        };
        // As it is, without a name before it, or with another one.
        let candidates = [stored.clone(), named(place), named(inner)];
        let mut candidates = candidates.into_iter();
        candidates.find(|candidate| self.projects.contains(candidate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_called_as_in_the_workspace_at_hand() {
        let check = |name: &str, known: &[&str], stored: &str, expected: Option<&str>| {
            let id = |place: &str| ProjectId::new(Framework::Pytest, place);
            let folder = KnownFolder {
                path: "/w/b".into(),
                name: name.to_owned(),
                projects: known.iter().map(|place| id(place)).collect(),
            };
            assert_eq!(
                folder.project_here(&id(stored), Framework::Pytest),
                expected.map(id),
                "{stored} in {name:?}"
            );
        };
        check("", &[".", "api"], "api", Some("api"));
        check("b", &["b", "b/api"], ".", Some("b"));
        check("b", &["b", "b/api"], "api", Some("b/api"));
        check("", &[".", "api"], "b", Some("."));
        check("", &[".", "api"], "b/api", Some("api"));
        check("b-2", &["b-2/api"], "b/api", Some("b-2/api"));
        check("", &["web"], "b/api", None);
    }
}
