//! What every cycle of a workspace folder works with.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{CommitId, CycleId};
use greenward_store::Store;
use greenward_workspace::dirs::Dirs;
use greenward_workspace::lane::Lanes;
use greenward_workspace::objects::references::{BadRefName, RefName};
use greenward_workspace::objects::{CommitId as Version, NotACommitId, ObjectStore};
use tokio::task::JoinError;

use crate::runner::Tools;

/// Where what happened in the cycles of a folder is kept.
const DATABASE: &str = ".tdd/state.db";

/// What every cycle of a workspace folder works with. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Means {
    /// The workspace folder.
    pub(crate) folder: Utf8PathBuf,
    /// What happened in cycles.
    pub(crate) store: Store,
    /// Versions of the user's work.
    pub(crate) objects: ObjectStore,
    /// Working copies.
    pub(crate) lanes: Arc<Lanes>,
    /// For runs and programs.
    pub(crate) tools: Tools,
    /// Where recordings of cycles are kept.
    pub(crate) recordings: Utf8PathBuf,
    /// The time since the Unix epoch.
    pub(crate) clock: fn() -> Duration,
}

/// Why there can be no cycles in a folder, or something about one failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MeansError {
    #[error(transparent)]
    Store(#[from] greenward_store::StoreError),
    #[error(transparent)]
    Objects(#[from] greenward_workspace::objects::StoreError),
    #[error(transparent)]
    Name(#[from] BadRefName),
    #[error(transparent)]
    Commit(#[from] NotACommitId),
    #[error("a step was given up")]
    Thread(#[from] JoinError),
}

impl Means {
    /// Opens what there is for a folder. Blocks.
    ///
    /// # Errors
    /// If the database or the repository cannot be used.
    pub(crate) fn open(
        folder: &Utf8Path,
        dirs: &Dirs,
        tools: &Tools,
        clock: fn() -> Duration,
    ) -> Result<Self, MeansError> {
        let objects = ObjectStore::open(folder, dirs)?;
        let store = Store::open(&folder.join(DATABASE))?;
        Ok(Self {
            folder: folder.to_owned(),
            lanes: Arc::new(Lanes::new(objects.clone(), dirs)),
            store,
            objects,
            tools: tools.clone(),
            recordings: dirs.state().join("recordings"),
            clock,
        })
    }

    /// Whether there was ever a cycle in a folder.
    pub(crate) fn has_cycles(folder: &Utf8Path) -> bool {
        folder.join(DATABASE).exists()
    }

    /// The time.
    pub(crate) fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + (self.clock)()
    }

    /// Names a state of a cycle, so that it is kept.
    ///
    /// # Errors
    /// If the repository cannot be written.
    pub(crate) fn name(
        &self,
        cycle: CycleId,
        what: &str,
        state: Version,
    ) -> Result<(), MeansError> {
        let name = RefName::new(format!("cycles/{cycle}/{what}"))?;
        Ok(self.objects.set_reference(&name, state)?)
    }

    /// The highest number of a cycle of which something is kept, whether or not the database knows
    /// it; 0 where there is none. Blocks.
    ///
    /// # Errors
    /// If the repository cannot be read.
    pub(crate) fn last_kept(&self) -> Result<CycleId, MeansError> {
        let kept = self.objects.references("cycles/")?;
        let numbers = kept.iter().filter_map(|(name, _)| {
            let (_, rest) = name.short().split_once('/')?;
            rest.split('/').next()?.parse().ok()
        });
        Ok(CycleId(numbers.max().unwrap_or(0)))
    }

    /// The recording of a cycle.
    pub(crate) fn recording(&self, cycle: CycleId) -> Utf8PathBuf {
        let folder = self
            .folder
            .as_str()
            .trim_start_matches('/')
            .replace('/', "-");
        self.recordings
            .join(folder)
            .join(format!("cycle-{cycle}.jsonl"))
    }
}

/// A version as cycles write it.
pub(crate) fn commit(version: Version) -> CommitId {
    CommitId::new(&version.to_string())
}

/// A version as the repository has it.
///
/// # Errors
/// If it is none.
pub(crate) fn version(commit: &CommitId) -> Result<Version, NotACommitId> {
    commit.as_str().parse()
}
