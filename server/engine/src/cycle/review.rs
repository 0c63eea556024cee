//! What the user decides about a result: it comes to their files, or it is not wanted. And what is
//! to be decided again, since it was cut off.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{Cycle, CycleEvent, CycleId, Ending, Recorded, Review};
use greenward_store::{Claim, CycleSummary};
use greenward_workspace::merge::Merge;
use greenward_workspace::merge::apply::ApplyError;
use greenward_workspace::merge::cut_off::{ClearError, Progress};
use greenward_workspace::objects::references::RefName;
use greenward_workspace::objects::{CommitId as Version, FileVersion, StoreError};

use super::answers::{given, kept};
use super::command::{Application, AppliedFile, ApplyTo, HalfApplied};
use super::manager::{Shared, failed, snapshot};
use super::means::Means;
use super::refusal::CycleRefusal;
use super::work::Documents;

/// How often a result is merged again when the user saves a file while it is written.
const MERGES: u32 = 5;

/// What the user had before a result came to it.
const BEFORE: &str = "Your work before a result came to it";

impl Shared {
    pub(super) async fn apply(
        &self,
        id: CycleId,
        folders: &[Utf8PathBuf],
        documents: Documents,
        to: ApplyTo,
    ) -> Result<Application, CycleRefusal> {
        let (means, cycle, claim) = match to {
            ApplyTo::Disk => {
                let (means, cycle, claim) = self.claim(id, folders).await?;
                (means, cycle, Some(claim))
            }
            // Nothing of the user's is changed here, and what an editor asks may overlap.
            ApplyTo::Editor => {
                let (means, cycle) = self.undecided(id, folders).await?;
                (means, cycle, None)
            }
        };
        let result = match cycle.ending() {
            Some(Ending::Complete(_)) => {
                let kept = kept(&means, id, cycle.attempts())?;
                kept.ok_or_else(|| CycleRefusal::NoResult {
                    id,
                    state: format!(
                        "is complete, and refs/greenward/cycles/{id}/kept-{} is gone",
                        cycle.attempts()
                    ),
                })?
            }
            _ => {
                let state = CycleSummary::of(id, &cycle).phase.to_string();
                return Err(CycleRefusal::NoResult {
                    id,
                    state: format!("is {state}"),
                });
            }
        };
        let base = given(&means, id, &cycle)?;
        let mut merges = 1;
        loop {
            let merge = self.merge(&means, id, base, result, &documents).await?;
            let application = application(&means, &merge, &documents);
            let Some(claim) = &claim else {
                return Ok(application);
            };
            let objects = means.objects.clone();
            let applied = tokio::task::spawn_blocking(move || objects.apply(&merge));
            match applied.await.map_err(failed)? {
                Ok(()) => {
                    let paths = application.files.iter().map(|file| file.path.clone());
                    self.record_applied(&means, claim, paths.collect()).await?;
                    return Ok(application);
                }
                Err(ApplyError::Changed { left, .. }) if left.is_empty() && merges < MERGES => {
                    merges += 1;
                }
                Err(error) => return Err(failed(error)),
            }
        }
    }

    /// What becomes of the user's files, announced.
    async fn merge(
        &self,
        means: &Means,
        id: CycleId,
        base: Version,
        result: Version,
        documents: &Documents,
    ) -> Result<Merge, CycleRefusal> {
        let (objects, at, name) = (means.objects.clone(), means.now(), name(id)?);
        let cleared = tokio::task::spawn_blocking(move || match objects.announced(&name)? {
            Some(earlier) => objects.clear_up(&earlier, at),
            None => Ok(Vec::new()),
        });
        for kept in cleared.await.map_err(failed)?.map_err(failed)? {
            tracing::warn!(%kept, "what was saved while a result came is kept");
        }
        let mine = snapshot(means, documents, BEFORE).await?;
        let objects = means.objects.clone();
        let merge = tokio::task::spawn_blocking(move || objects.merge(base, result, mine));
        let merge = merge.await.map_err(failed)?.map_err(failed)?;
        if !merge.conflicts.is_empty() {
            let conflicts = merge.conflicts;
            return Err(CycleRefusal::Conflicts { id, conflicts });
        }
        let (objects, at, name) = (means.objects.clone(), means.now(), self::name(id)?);
        let announced = tokio::task::spawn_blocking(move || {
            objects.announce(&merge, &name, at)?;
            Ok::<Merge, StoreError>(merge)
        });
        announced.await.map_err(failed)?.map_err(failed)
    }

    pub(super) async fn applied(
        &self,
        id: CycleId,
        folders: &[Utf8PathBuf],
        files: Vec<Utf8PathBuf>,
    ) -> Result<(), CycleRefusal> {
        let (means, _, claim) = self.claim(id, folders).await?;
        self.record_applied(&means, &claim, files).await
    }

    async fn record_applied(
        &self,
        means: &Means,
        claim: &Claim,
        files: Vec<Utf8PathBuf>,
    ) -> Result<(), CycleRefusal> {
        let inside = |path: Utf8PathBuf| match path.strip_prefix(&means.folder) {
            Ok(inside) => inside.to_owned(),
            Err(_) => path,
        };
        let files = files.into_iter().map(inside).collect();
        let events = vec![CycleEvent::Applied { files }];
        self.review(means, claim, events).await
    }

    pub(super) async fn discard(
        &self,
        id: CycleId,
        folders: &[Utf8PathBuf],
    ) -> Result<(), CycleRefusal> {
        let (means, cycle, claim) = self.claim(id, folders).await?;
        if let Some(half) = half_applied(&means, id, &Vec::new()).await? {
            return Err(CycleRefusal::HalfApplied(half));
        }
        let mut events = vec![CycleEvent::Discarded];
        // Nobody is at it, and nobody is to be.
        if cycle.ending().is_none() {
            events.insert(0, CycleEvent::Cancelled);
        }
        self.review(&means, &claim, events).await
    }

    /// The results of which the user's files have a part, since whoever brought them was killed.
    /// What was left beside the files goes.
    pub(super) async fn half_applied(
        &self,
        folders: &[Utf8PathBuf],
        documents: &Documents,
    ) -> Result<Vec<HalfApplied>, CycleRefusal> {
        let mut all = Vec::new();
        for folder in folders {
            // Where there was no cycle, nothing is to be made for this.
            if !Means::has_cycles(folder) {
                continue;
            }
            let means = self.means(folder).await?;
            let names = means.objects.names_announced().map_err(failed)?;
            let ids = names
                .iter()
                .filter_map(|name| name.short().strip_prefix("cycles/")?.parse().ok());
            for id in ids.map(CycleId) {
                // Somebody is at it.
                let Some(_claim) = means.store.claim(id).map_err(failed)? else {
                    continue;
                };
                let cycle = means.store.cycle(id).await.map_err(failed)?;
                if cycle.is_none_or(|cycle| cycle.review().is_some()) {
                    forget(&means, id)?;
                } else {
                    all.extend(half_applied(&means, id, documents).await?);
                }
            }
        }
        Ok(all)
    }

    /// A cycle that nobody has decided about, in hand.
    async fn claim(
        &self,
        id: CycleId,
        folders: &[Utf8PathBuf],
    ) -> Result<(Means, Cycle, Claim), CycleRefusal> {
        let (means, _) = self.find(id, folders).await?;
        let claim = means.store.claim(id).map_err(failed)?;
        let claim = claim.ok_or(CycleRefusal::InHand(id))?;
        // Somebody may have decided until it was in hand.
        let (means, cycle) = self.undecided(id, folders).await?;
        Ok((means, cycle, claim))
    }

    /// A cycle that nobody has decided about.
    async fn undecided(
        &self,
        id: CycleId,
        folders: &[Utf8PathBuf],
    ) -> Result<(Means, Cycle), CycleRefusal> {
        let (means, cycle) = self.find(id, folders).await?;
        undecided(id, &cycle)?;
        Ok((means, cycle))
    }

    async fn review(
        &self,
        means: &Means,
        claim: &Claim,
        events: Vec<CycleEvent>,
    ) -> Result<(), CycleRefusal> {
        let id = claim.cycle();
        let at = (self.clock)();
        let recorded = events.into_iter().map(|event| Recorded { at, event });
        let appended = means.store.append(id, recorded.collect()).await;
        appended.map_err(failed)?;
        forget(means, id)
    }
}

/// Refuses a cycle that somebody has decided about.
pub(super) fn undecided(id: CycleId, cycle: &Cycle) -> Result<(), CycleRefusal> {
    let why = match cycle.review() {
        None => return Ok(()),
        Some(Review::Applied) => "its result is in your files already",
        Some(Review::Discarded) => "it was discarded",
    };
    let why = why.to_owned();
    Err(CycleRefusal::NotNow { id, why })
}

/// The part of a result that the user's files have, if it was announced. What was left beside them
/// goes.
async fn half_applied(
    means: &Means,
    id: CycleId,
    documents: &Documents,
) -> Result<Option<HalfApplied>, CycleRefusal> {
    let (objects, at, name) = (means.objects.clone(), means.now(), name(id)?);
    let cleared = tokio::task::spawn_blocking(move || {
        let Some(cut_off) = objects.announced(&name)? else {
            return Ok(None);
        };
        let kept = objects.clear_up(&cut_off, at)?;
        Ok::<_, ClearError>(Some((cut_off, kept)))
    });
    let Some((cut_off, kept)) = cleared.await.map_err(failed)?.map_err(failed)? else {
        return Ok(None);
    };
    let mine = snapshot(means, documents, BEFORE).await?;
    let Progress { written, missing } = means.objects.progress(&cut_off, mine).map_err(failed)?;
    if written.is_empty() && kept.is_empty() {
        means.objects.forget(&cut_off).map_err(failed)?;
        return Ok(None);
    }
    Ok(Some(HalfApplied {
        cycle: id,
        written,
        missing,
        kept,
    }))
}

/// Nothing is going on with a result any more.
fn forget(means: &Means, id: CycleId) -> Result<(), CycleRefusal> {
    let announced = means.objects.announced(&name(id)?).map_err(failed)?;
    match announced {
        Some(announced) => means.objects.forget(&announced).map_err(failed),
        None => Ok(()),
    }
}

/// What the references of a cycle are beneath.
fn name(id: CycleId) -> Result<RefName, CycleRefusal> {
    RefName::new(format!("cycles/{id}")).map_err(failed)
}

/// A merge as front ends are told of it.
fn application(means: &Means, merge: &Merge, documents: &Documents) -> Application {
    let top = means.objects.top();
    let versions: BTreeMap<&Utf8Path, i32> = documents
        .iter()
        .map(|(path, version, _)| (path.as_path(), *version))
        .collect();
    let text = |side: &Option<FileVersion>| {
        let text = side.as_ref().and_then(FileVersion::text);
        text.map(str::to_owned)
    };
    let files = merge.files.iter().map(|file| {
        let path = top.join(&file.path);
        AppliedFile {
            version: versions.get(path.as_path()).copied(),
            before: text(&file.before),
            after: text(&file.after),
            path,
        }
    });
    Application {
        files: files.collect(),
    }
}
