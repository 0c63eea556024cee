//! What is asked about the cycles of the workspace, in hand or not.

use camino::Utf8PathBuf;
use greenward_core::{BreakerChange, BreakerState, Cycle, CycleId};
use greenward_store::CycleSummary;
use greenward_workspace::objects::references::RefName;
use greenward_workspace::objects::{CommitId as Version, FileChange, StoreError};

use super::command::{CycleDiff, CycleRecord, Resting};
use super::manager::{Shared, failed};
use super::means::{Means, version};
use super::refusal::CycleRefusal;

impl Shared {
    pub(super) async fn diff(
        &self,
        id: CycleId,
        folders: &[Utf8PathBuf],
    ) -> Result<CycleDiff, CycleRefusal> {
        let (means, cycle) = self.find(id, folders).await?;
        let summary = CycleSummary::of(id, &cycle);
        let top = means.objects.top().to_owned();
        let base = given(&means, id, &cycle)?;
        let last = match cycle.commit() {
            Some(commit) => Some((cycle.attempts(), version(commit).map_err(failed)?)),
            None => last_attempt(&means, &cycle, id)?,
        };
        let Some((number, last)) = last else {
            return Ok(CycleDiff {
                summary,
                top,
                files: Vec::new(),
                left_out: Vec::new(),
            });
        };
        let kept = kept(&means, id, number)?;
        let changes = tokio::task::spawn_blocking(move || -> Result<_, StoreError> {
            let objects = &means.objects;
            let all = objects.changes(base, last)?;
            let Some(kept) = kept else {
                return Ok((all, Vec::new()));
            };
            // A file with tests in it is kept in part.
            let mut files = objects.changes(base, kept)?;
            let is_kept = |change: &FileChange| files.iter().any(|kept| kept.path == change.path);
            let mut left: Vec<FileChange> = all;
            left.retain(|change| !is_kept(change));
            let left_out = left.iter().map(|change| change.path.clone()).collect();
            files.extend(left);
            Ok((files, left_out))
        });
        let (files, left_out) = changes.await.map_err(failed)?.map_err(failed)?;
        Ok(CycleDiff {
            summary,
            top,
            files,
            left_out,
        })
    }

    pub(super) async fn show(
        &self,
        id: CycleId,
        folders: &[Utf8PathBuf],
    ) -> Result<CycleRecord, CycleRefusal> {
        let (means, cycle) = self.find(id, folders).await?;
        Ok(CycleRecord {
            summary: CycleSummary::of(id, &cycle),
            events: means.store.events(id).await.map_err(failed)?,
            recording: means.recording(id),
        })
    }

    pub(super) async fn resting(
        &self,
        folders: &[Utf8PathBuf],
    ) -> Result<Vec<Resting>, CycleRefusal> {
        let now = (self.clock)();
        let mut resting = Vec::new();
        for folder in folders {
            let means = self.means(folder).await?;
            for (what, breaker) in means.store.breakers().await.map_err(failed)? {
                if let BreakerState::Open { until } = breaker.state(now, what.thresholds()) {
                    resting.push(Resting {
                        what,
                        failures: breaker.failures,
                        until,
                    });
                }
            }
        }
        Ok(resting)
    }

    pub(super) async fn reset_breakers(&self, folders: &[Utf8PathBuf]) -> Result<(), CycleRefusal> {
        for folder in folders {
            let means = self.means(folder).await?;
            for key in means.store.breakers().await.map_err(failed)?.into_keys() {
                let at = (self.clock)();
                let reset = means.store.record_breaker(at, key, BreakerChange::Reset);
                reset.await.map_err(failed)?;
            }
        }
        Ok(())
    }
}

/// What of an attempt was judged; nothing if it came to no judgement. The result of a complete cycle
/// is that of its last attempt.
pub(super) fn kept(
    means: &Means,
    id: CycleId,
    attempt: u32,
) -> Result<Option<Version>, CycleRefusal> {
    let name = RefName::new(format!("cycles/{id}/kept-{attempt}")).map_err(failed)?;
    means.objects.reference(&name).map_err(failed)
}

/// What the worker was given: the base, or what it was made to without what was held out.
pub(super) fn given(means: &Means, id: CycleId, cycle: &Cycle) -> Result<Version, CycleRefusal> {
    let name = RefName::new(format!("cycles/{id}/given")).map_err(failed)?;
    match means.objects.reference(&name).map_err(failed)? {
        Some(given) => Ok(given),
        None => version(cycle.base()).map_err(failed),
    }
}

fn last_attempt(
    means: &Means,
    cycle: &Cycle,
    id: CycleId,
) -> Result<Option<(u32, Version)>, CycleRefusal> {
    for number in (1..=cycle.attempts()).rev() {
        let name = RefName::new(format!("cycles/{id}/attempt-{number}")).map_err(failed)?;
        if let Some(version) = means.objects.reference(&name).map_err(failed)? {
            return Ok(Some((number, version)));
        }
    }
    Ok(None)
}
