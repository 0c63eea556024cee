//! What a lane holds, as a commit.

use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};

use super::{Lane, LaneError, place};
use crate::objects::CommitId;
use crate::objects::listing::{Entry, Listing};
use crate::scan::beneath::is_absent;
use crate::scan::manifest::{self, Known};
use crate::scan::stamp::Kind;
use crate::scan::walk::{Refused, Why};

/// How much may be recorded of what a worker made, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of one file.
    pub file: u64,
    /// Of all new and changed files together.
    pub total: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file: 16 * 1024 * 1024,
            total: 256 * 1024 * 1024,
        }
    }
}

/// What a lane holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    /// The commit; its parent is the lane's base.
    pub commit: CommitId,
    /// What is in the lane and not in the commit, though it is not ignored: other repositories'
    /// `.git` folders, sockets, links that lead out, names that are no UTF-8, what is over the
    /// limits. Where the base has a file there, the commit has that.
    pub refused: Vec<Refused>,
}

impl Lane {
    /// Records what it holds, within the default [`Limits`]. What is ignored by the rules of its
    /// base is not part of it: rules that were changed in the lane hide nothing.
    ///
    /// The commit has no reference yet; see [`save`](Self::save).
    ///
    /// # Errors
    /// [`LaneError::Gone`], if the lane has been removed; and others, if it cannot be read or
    /// recorded.
    pub fn capture(&mut self, message: &str, at: SystemTime) -> Result<Captured, LaneError> {
        self.capture_within(Limits::default(), message, at)
    }

    /// As [`capture`](Self::capture), within other limits.
    ///
    /// # Errors
    /// As [`capture`](Self::capture).
    pub fn capture_within(
        &mut self,
        limits: Limits,
        message: &str,
        at: SystemTime,
    ) -> Result<Captured, LaneError> {
        self.check_in_place()?;
        let unreadable = |path: Utf8PathBuf| {
            move |source| LaneError::Io {
                what: "read",
                path,
                source,
            }
        };
        let began = manifest::time_in(&self.folder).map_err(unreadable(self.folder.clone()))?;
        let repository = self.store.repository()?;
        let rules = self.store.rules(&repository);
        let (root, base) = (&self.root, &self.base_files);
        let found = place::walk(root, &self.manifest, base, &rules, &repository)
            .map_err(unreadable(root.path().to_path_buf()))?;
        let mut refused = found.refused;
        refused.extend(found.repositories.iter().map(|folder| Refused {
            path: Utf8Path::new(folder).join(".git").into_string(),
            why: Why::GitFolder,
        }));
        let mut files = Listing::default();
        let mut read = 0;
        for (path, look) in found.files {
            let kind = look.kind;
            if let Some(blob) = self.manifest.unchanged(&path, &look) {
                files.0.insert(path, Entry { kind, blob });
                continue;
            }
            let size = look.stamp.size;
            if size > limits.file || read + size > limits.total {
                let why = Why::TooLarge;
                refused.push(Refused { path, why });
                continue;
            }
            read += size;
            let content = match root.read(&path, kind) {
                Err(error) if is_absent(&error) => continue,
                Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                    let why = Why::Unreadable;
                    refused.push(Refused { path, why });
                    continue;
                }
                content => content.map_err(unreadable(root.path().join(&path)))?,
            };
            let blob = repository
                .blob(&content)
                .map_err(self.store.failed("record a file"))?;
            let entry = Entry { kind, blob };
            if kind == Kind::Link && base.0.get(&path) != Some(&entry) && leads_out(&path, &content)
            {
                let why = Why::LeadsOut;
                refused.push(Refused { path, why });
                continue;
            }
            let stamp =
                Some(look.stamp).filter(|stamp| stamp.changed < began && stamp.modified < began);
            self.manifest
                .0
                .insert(path.clone(), Known { kind, blob, stamp });
            files.0.insert(path, entry);
        }
        for Refused { path, .. } in &refused {
            if let Some(entry) = base.0.get(path) {
                files.0.insert(path.clone(), *entry);
            }
        }
        let commit = self
            .store
            .commit(&repository, &files, Some(self.base.0), message, at)?;
        self.manifest.0.retain(|path, _| files.0.contains_key(path));
        Ok(Captured { commit, refused })
    }
}

/// Whether a link at `path` leads out of the tree, going by its text.
fn leads_out(path: &str, target: &[u8]) -> bool {
    let Ok(target) = str::from_utf8(target) else {
        return true;
    };
    if target.starts_with('/') {
        return true;
    }
    let mut depth = path.matches('/').count();
    for name in target.split('/') {
        match name {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}
