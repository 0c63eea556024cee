//! What differs between two versions, file by file.

use std::collections::BTreeSet;
use std::sync::Arc;

use camino::Utf8PathBuf;
use git2::{Oid, Repository};
use similar::TextDiff;

use super::listing::{Entry, Listing};
use super::{CommitId, FileKind, ObjectStore, StoreError};

/// Unchanged lines around a difference.
const CONTEXT: usize = 3;

/// A file at one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileVersion {
    /// What it is.
    pub kind: FileKind,
    /// Its bytes as they are on disk; of a link, where it leads.
    pub content: Arc<[u8]>,
    pub(crate) blob: Oid,
}

impl FileVersion {
    /// Its text; nothing if it is no text, or a link.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        let is_text = self.kind != FileKind::Link && !self.content.contains(&0);
        is_text
            .then(|| str::from_utf8(&self.content).ok())
            .flatten()
    }
}

/// A file that differs between two versions. One of them has it at least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Relative to the top.
    pub path: Utf8PathBuf,
    /// As the first version has it.
    pub before: Option<FileVersion>,
    /// As the second version has it.
    pub after: Option<FileVersion>,
}

impl FileChange {
    /// The difference as a patch that people read, in the form of `git diff`.
    #[must_use]
    pub fn unified(&self) -> String {
        let path = &self.path;
        let side = |letter: char, version: &Option<FileVersion>| match version {
            Some(_) => format!("{letter}/{path}"),
            None => "/dev/null".to_owned(),
        };
        let mut patch = format!("diff --git a/{path} b/{path}\n");
        match (&self.before, &self.after) {
            (None, Some(after)) => patch += &format!("new file mode {}\n", after.kind.in_git()),
            (Some(before), None) => {
                patch += &format!("deleted file mode {}\n", before.kind.in_git());
            }
            (Some(before), Some(after)) if before.kind != after.kind => {
                let (old, new) = (before.kind.in_git(), after.kind.in_git());
                patch += &format!("old mode {old}\nnew mode {new}\n");
            }
            _ => {}
        }
        let (old, new) = (side('a', &self.before), side('b', &self.after));
        match (shown(self.before.as_ref()), shown(self.after.as_ref())) {
            (Some(before), Some(after)) => {
                let diff = TextDiff::from_lines(before, after);
                let hunks = diff.unified_diff().context_radius(CONTEXT).to_string();
                if !hunks.is_empty() {
                    patch += &format!("--- {old}\n+++ {new}\n{hunks}");
                }
            }
            _ => patch += &format!("Binary files {old} and {new} differ\n"),
        }
        patch
    }
}

/// What a patch shows of a file, as git does: of a link, where it leads.
fn shown(version: Option<&FileVersion>) -> Option<&str> {
    match version {
        None => Some(""),
        Some(version) if version.kind == FileKind::Link => str::from_utf8(&version.content).ok(),
        Some(version) => version.text(),
    }
}

impl ObjectStore {
    /// The files that differ between two versions, sorted by path.
    ///
    /// # Errors
    /// [`StoreError`], if a version cannot be read.
    pub fn changes(&self, from: CommitId, to: CommitId) -> Result<Vec<FileChange>, StoreError> {
        let repository = self.repository()?;
        let from = self.listing(&repository, from)?;
        let to = self.listing(&repository, to)?;
        differing(&from, &to)
            .into_iter()
            .map(|path| {
                Ok(FileChange {
                    before: self.version(&repository, from.0.get(path))?,
                    after: self.version(&repository, to.0.get(path))?,
                    path: path.into(),
                })
            })
            .collect()
    }

    pub(crate) fn version(
        &self,
        repository: &Repository,
        entry: Option<&Entry>,
    ) -> Result<Option<FileVersion>, StoreError> {
        entry
            .map(|entry| {
                Ok(FileVersion {
                    kind: entry.kind,
                    content: self.content(repository, entry.blob)?.into(),
                    blob: entry.blob,
                })
            })
            .transpose()
    }
}

/// The paths at which two listings differ.
pub(crate) fn differing<'a>(from: &'a Listing, to: &'a Listing) -> BTreeSet<&'a str> {
    let changed = from
        .0
        .iter()
        .filter(|(path, entry)| to.0.get(*path) != Some(*entry));
    let added = to.0.keys().filter(|path| !from.0.contains_key(*path));
    changed
        .map(|(path, _)| path.as_str())
        .chain(added.map(String::as_str))
        .collect()
}
