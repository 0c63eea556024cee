//! Isolated working copies of the user's work, kept between uses with their build caches.
//!
//! A lane is a folder in the user's cache with the files of one commit. It is no git worktree: it
//! has no `.git`, so nothing that is planted there can make a git program run anything, and nothing
//! in it leads to the user's repository.
//!
//! - [`Lanes`]: the pool. [`Lane`]: one of them, taken.
//! - `place`: how a lane gets the files of a commit. What did not change keeps its times, and what
//!   git ignores stays, so a build in a lane goes on from the one before.
//! - `capture`: what was made of them, as a commit.
//! - `keeping`: what lanes there are, and cleaning up.
//!
//! What git ignores in the user's folder (virtual environments, `node_modules`, `.env`) is not in a
//! lane: whoever runs something there names its interpreter by an absolute path.
//!
//! What a lane holds is never lost: it is saved under `refs/greenward/rescued/` before the lane is
//! used again or removed, if nobody has saved it.

mod capture;
mod keeping;
mod place;
mod pool;
mod record;
mod stand;

use std::fs::File;
use std::io;
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};

use crate::objects::listing::Listing;
use crate::objects::references::{BadRefName, RefName};
use crate::objects::{CommitId, ObjectStore, StoreError};
use crate::scan::beneath::{Root, is_absent};
use crate::scan::manifest::Manifest;
use crate::scan::names::is_git_folder;
use crate::scan::stamp::Kind;
use crate::scan::walk::Refused;
pub use capture::{Captured, Limits};
pub use keeping::{Cleaned, Kept, LaneInfo, LaneState, Which};
pub use pool::Lanes;
pub use record::Purpose;
use record::{Record, State};

/// Why something could not be done with a lane.
#[derive(Debug, thiserror::Error)]
pub enum LaneError {
    /// The versions cannot be read or kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The name that the lane is taken by cannot be part of a reference.
    #[error(transparent)]
    Name(#[from] BadRefName),
    /// The lane's folder has been removed or replaced.
    #[error("the lane {path} has been removed; its work is lost as far as it was not saved")]
    Gone {
        /// The lane's files.
        path: Utf8PathBuf,
    },
    /// A path leads out of the lane, through a link, or to git's own files.
    #[error("{path:?} is not a path to a file of the lane: {why}")]
    Refused {
        /// The path as it was given.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The system would not let us.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: Utf8PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A lane that is in use. Other processes leave it alone for as long as this lives.
///
/// Let go of it by [`release`](Self::release) or [`discard`](Self::discard). If it is dropped, or its process dies, what it holds
/// is saved when it is next taken or cleaned up.
#[derive(Debug)]
pub struct Lane {
    store: ObjectStore,
    root: Root,
    record: Record,
    /// Where the record and the manifest are.
    folder: Utf8PathBuf,
    base: CommitId,
    base_files: Listing,
    manifest: Manifest,
    /// Held for as long as the lane is in use.
    _lock: File,
}

impl Lane {
    /// The top of its files: what the top of the user's repository is.
    #[must_use]
    pub fn top(&self) -> &Utf8Path {
        self.root.path()
    }

    /// The folder that all lanes are in, of all workspaces.
    #[must_use]
    pub fn all(&self) -> &Utf8Path {
        self.folder.ancestors().nth(2).unwrap_or(&self.folder)
    }

    /// What the workspace folder is in the lane.
    #[must_use]
    pub fn workspace(&self) -> Utf8PathBuf {
        match self.store.prefix() {
            // Joined, it would end with a slash.
            prefix if prefix.as_str().is_empty() => self.top().to_owned(),
            prefix => self.top().join(prefix),
        }
    }

    /// The commit whose files it had at first.
    #[must_use]
    pub fn base(&self) -> CommitId {
        self.base
    }

    /// Writes a file, path relative to [`top`](Self::top), in one step; removes it if there is no
    /// content. Folders come and go with it.
    ///
    /// # Errors
    /// [`LaneError::Refused`], if the path would lead out of the lane, through a link or to git's
    /// own files; [`LaneError::Io`], if it cannot be written.
    pub fn write(&self, path: &Utf8Path, content: Option<&[u8]>) -> Result<(), LaneError> {
        self.check_in_place()?;
        let plain = plain_path(path).map_err(|why| refused(path, why))?;
        let failed = |source: io::Error| {
            if is_absent(&source) && source.kind() != io::ErrorKind::NotFound {
                return refused(path, "a folder on the way is a file or a link");
            }
            LaneError::Io {
                what: "write",
                path: path.to_path_buf(),
                source,
            }
        };
        match self.root.parent(plain) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let there = self.root.look(plain).map_err(failed)?;
        let kind = there.map_or(Kind::Plain, |look| look.kind);
        if kind == Kind::Link {
            return Err(refused(path, "it is a link"));
        }
        match content {
            Some(content) => self.root.replace(plain, kind, content).map(drop),
            None => self.root.remove(plain),
        }
        .map_err(failed)
    }

    /// The text of a file, path relative to [`top`](Self::top). Nothing if it is no text, not there,
    /// or reached through a link.
    #[must_use]
    pub fn text(&self, path: &Utf8Path) -> Option<String> {
        let plain = plain_path(path).ok()?;
        let look = self.root.look(plain).ok().flatten()?;
        let content = match look.kind {
            Kind::Link => return None,
            kind => self.root.read(plain, kind).ok()?,
        };
        String::from_utf8(content).ok()
    }

    /// Records what it holds, and names that. From then on this is saved.
    ///
    /// # Errors
    /// [`LaneError`], if it cannot be recorded. The lane is as it was.
    pub fn save(
        &mut self,
        name: &RefName,
        message: &str,
        at: SystemTime,
    ) -> Result<Captured, LaneError> {
        let captured = self.capture(message, at)?;
        self.store.set_reference(name, captured.commit)?;
        self.record.state = State::Taken {
            name: self.record.name().to_owned(),
            base: self.base,
            saved: Some(captured.commit),
        };
        self.record.write(&self.folder)?;
        Ok(captured)
    }

    /// Lets go of it. What it holds is saved first, if it is not saved yet: then the reference is
    /// returned that leads to it.
    ///
    /// # Errors
    /// [`LaneError`], if it cannot be saved. The lane then goes on holding it.
    pub fn release(mut self, at: SystemTime) -> Result<Option<RefName>, LaneError> {
        self.settle(at)
    }

    /// Lets go of it and of what it holds, saved or not: the user has said so.
    ///
    /// # Errors
    /// [`LaneError::Io`], if that cannot be recorded. The lane then goes on holding it.
    pub fn discard(mut self, at: SystemTime) -> Result<(), LaneError> {
        self.free(at)
    }

    fn free(&mut self, at: SystemTime) -> Result<(), LaneError> {
        self.record.state = State::Free {
            at: self.root.is_in_place().then_some(self.base),
        };
        self.record.used(at);
        self.record.write(&self.folder)
    }

    /// Saves what is saved nowhere else, and marks the lane as free.
    fn settle(&mut self, at: SystemTime) -> Result<Option<RefName>, LaneError> {
        let rescued = match (&self.record.state, self.record.purpose) {
            (State::Taken { saved, .. }, Purpose::Work) if self.root.is_in_place() => {
                let known = [Some(self.base), *saved];
                let captured = self.capture("What a lane held", at)?;
                self.remove_refused(&captured.refused);
                if self.is_one_of(captured.commit, &known)? {
                    None
                } else {
                    let commit = captured.commit.to_string();
                    let name = RefName::new(format!("rescued/{}/{commit}", self.record.name()))?;
                    self.store.set_reference(&name, captured.commit)?;
                    Some(name)
                }
            }
            _ => None,
        };
        self.free(at)?;
        Ok(rescued)
    }

    /// Removes what is recorded nowhere and never will be, so that it takes no space in a lane that
    /// nobody uses. Whoever saved what the lane holds knows of it.
    fn remove_refused(&self, refused: &[Refused]) {
        for refused in refused {
            let (path, why) = (&refused.path, refused.why.explain());
            match place::remove_refused(&self.root, refused) {
                Ok(()) => tracing::info!(path, why, "removed from a lane"),
                Err(error) => tracing::warn!(path, why, %error, "not removed from a lane"),
            }
        }
    }

    /// Whether a commit has the same files as one of these.
    fn is_one_of(&self, commit: CommitId, known: &[Option<CommitId>]) -> Result<bool, StoreError> {
        let repository = self.store.repository()?;
        let tree = |commit: CommitId| {
            repository
                .find_commit(commit.0)
                .map(|commit| commit.tree_id())
        };
        let wanted = tree(commit).map_err(self.store.failed("read a version"))?;
        // A version that is gone is not where this is saved.
        Ok(known
            .iter()
            .flatten()
            .any(|known| tree(*known).is_ok_and(|tree| tree == wanted)))
    }

    fn check_in_place(&self) -> Result<(), LaneError> {
        if self.root.is_in_place() {
            return Ok(());
        }
        Err(LaneError::Gone {
            path: self.top().to_path_buf(),
        })
    }
}

fn refused(path: &Utf8Path, why: &'static str) -> LaneError {
    LaneError::Refused {
        path: path.to_string(),
        why,
    }
}

/// A path that names a file beneath a folder, and nothing else; or what is wrong with it.
pub(crate) fn plain_path(path: &Utf8Path) -> Result<&str, &'static str> {
    if path.is_absolute() || path.as_str().starts_with('/') {
        return Err("it is absolute");
    }
    if path.as_str().contains('\0') {
        return Err("it has a NUL in it");
    }
    for name in path.as_str().split('/') {
        match name {
            "" => return Err("it has an empty name in it"),
            "." | ".." => return Err("it has dots for a name"),
            name if is_git_folder(name) => return Err("it names git's own files"),
            _ => {}
        }
    }
    Ok(path.as_str())
}
