//! What the user decides about a result: it comes to their files, or it is not wanted.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{Cycle, CycleEvent, CycleId, Ending, Recorded, Review};
use greenward_store::CycleSummary;
use greenward_workspace::objects::references::RefName;

use super::answers::given;
use super::command::{Application, AppliedFile, ApplyTo, CycleRefusal};
use super::manager::{Shared, failed, snapshot};
use super::means::{Means, version};
use super::work::Documents;
use crate::error::chain;

impl Shared {
    pub(super) async fn apply(
        &self,
        id: CycleId,
        folders: &[Utf8PathBuf],
        documents: Documents,
        to: ApplyTo,
    ) -> Result<Application, CycleRefusal> {
        let (means, cycle) = self.find(id, folders).await?;
        undecided(id, &cycle)?;
        let result = match (cycle.ending(), cycle.commit()) {
            (Some(Ending::Complete(_)), Some(result)) => version(result).map_err(failed)?,
            _ => {
                let state = CycleSummary::of(id, &cycle).phase.to_string();
                return Err(CycleRefusal::NoResult {
                    id,
                    state: format!("is {state}"),
                });
            }
        };
        let base = given(&means, id, &cycle)?;
        let mine = snapshot(&means, &documents, "Your work before a result came to it").await?;
        let objects = means.objects.clone();
        let merge = tokio::task::spawn_blocking(move || objects.merge(base, result, mine));
        let merge = merge.await.map_err(failed)?.map_err(failed)?;
        if !merge.conflicts.is_empty() {
            let conflicts = merge.conflicts;
            return Err(CycleRefusal::Conflicts { id, conflicts });
        }
        let top = means.objects.top().to_owned();
        let versions: BTreeMap<&Utf8Path, i32> = documents
            .iter()
            .map(|(path, version, _)| (path.as_path(), *version))
            .collect();
        let text = |side: &Option<greenward_workspace::objects::FileVersion>| {
            side.as_ref()
                .and_then(|side| side.text())
                .map(str::to_owned)
        };
        let files: Vec<AppliedFile> = merge
            .files
            .iter()
            .map(|file| {
                let path = top.join(&file.path);
                AppliedFile {
                    version: versions.get(path.as_path()).copied(),
                    before: text(&file.before),
                    after: text(&file.after),
                    path,
                }
            })
            .collect();
        let before = RefName::new(format!("cycles/{id}/before-apply")).map_err(failed)?;
        match to {
            ApplyTo::Disk => {
                let objects = means.objects.clone();
                let applied = tokio::task::spawn_blocking(move || objects.apply(&merge, &before));
                applied.await.map_err(failed)?.map_err(failed)?;
                let paths: Vec<Utf8PathBuf> = files.iter().map(|file| file.path.clone()).collect();
                self.applied(id, folders, &paths).await?;
            }
            ApplyTo::Editor => {
                let set = means.objects.set_reference(&before, mine);
                set.map_err(failed)?;
            }
        }
        Ok(Application { files })
    }

    pub(super) async fn applied(
        &self,
        id: CycleId,
        folders: &[Utf8PathBuf],
        files: &[Utf8PathBuf],
    ) -> Result<(), CycleRefusal> {
        let (means, _) = self.find(id, folders).await?;
        let inside =
            |path: &Utf8PathBuf| path.strip_prefix(&means.folder).unwrap_or(path).to_owned();
        let files = files.iter().map(inside).collect();
        self.review(&means, id, CycleEvent::Applied { files }).await
    }

    pub(super) async fn discard(
        &self,
        id: CycleId,
        folders: &[Utf8PathBuf],
    ) -> Result<(), CycleRefusal> {
        let (means, cycle) = self.find(id, folders).await?;
        undecided(id, &cycle)?;
        self.review(&means, id, CycleEvent::Discarded).await
    }

    async fn review(
        &self,
        means: &Means,
        id: CycleId,
        event: CycleEvent,
    ) -> Result<(), CycleRefusal> {
        let _claim = means
            .store
            .claim(id)
            .map_err(failed)?
            .ok_or(CycleRefusal::InHand(id))?;
        let recorded = Recorded {
            at: (self.clock)(),
            event,
        };
        let appended = means.store.append(id, vec![recorded]).await;
        appended.map(drop).map_err(|error| CycleRefusal::NotNow {
            id,
            why: chain(&error),
        })
    }
}

/// A result is decided about once.
fn undecided(id: CycleId, cycle: &Cycle) -> Result<(), CycleRefusal> {
    let why = match cycle.review() {
        None => return Ok(()),
        Some(Review::Applied) => "its result is in your files already",
        Some(Review::Discarded) => "it was discarded",
    };
    let why = why.to_owned();
    Err(CycleRefusal::NotNow { id, why })
}
