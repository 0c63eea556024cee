//! What a lane says of itself, in a file beside its files.

use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::LaneError;
use crate::objects::CommitId;
use crate::scan::manifest;

/// What lanes are for. A lane serves one purpose for as long as it lives, so that what a worker left
/// in its build caches can never take part in a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// A worker writes in it. What it holds is never lost.
    Work,
    /// A clean room. What tests leave in it is of no worth.
    Verification,
}

/// A lane's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The user's workspace folder.
    pub(super) workspace: Utf8PathBuf,
    pub(super) purpose: Purpose,
    pub(super) state: State,
    /// When it was last taken or released, in seconds since 1970.
    last_used: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// Holds nothing of worth. The commit whose files it has, as far as is known.
    Free { at: Option<CommitId> },
    /// Is being given other files. It held nothing of worth, and still does not.
    Moving,
    /// Someone has it or, if nobody holds its lock, left it behind.
    Taken {
        name: String,
        base: CommitId,
        /// The last version of it that was saved.
        saved: Option<CommitId>,
    },
}

impl Record {
    pub(super) fn new(workspace: Utf8PathBuf, purpose: Purpose) -> Self {
        Self {
            workspace,
            purpose,
            state: State::Free { at: None },
            last_used: 0,
        }
    }

    /// The record of a lane; nothing if there is none, or none that can be understood.
    pub(super) fn read(lane: &Utf8Path) -> Option<Self> {
        let text = std::fs::read(file(lane)).ok()?;
        serde_json::from_slice(&text)
            .inspect_err(|error| tracing::warn!(%lane, %error, "a lane's record"))
            .ok()
    }

    pub(super) fn write(&self, lane: &Utf8Path) -> Result<(), LaneError> {
        let path = file(lane);
        serde_json::to_vec(self)
            .map_err(Into::into)
            .and_then(|text| manifest::replace(&path, &text))
            .map_err(|source| LaneError::Io {
                what: "write",
                path,
                source,
            })
    }

    pub(super) fn used(&mut self, at: SystemTime) {
        let since = at
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        self.last_used = since.as_secs();
    }

    pub(super) fn last_used(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.last_used)
    }

    /// What it was taken for.
    pub(super) fn name(&self) -> &str {
        match &self.state {
            State::Taken { name, .. } => name,
            State::Free { .. } | State::Moving => "",
        }
    }
}

fn file(lane: &Utf8Path) -> Utf8PathBuf {
    lane.join("lane.json")
}
