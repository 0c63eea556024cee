//! Versions made of other versions, without files on disk.

use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};

use super::listing::Entry;
use super::{CommitId, FileKind, ObjectStore, StoreError};

impl ObjectStore {
    /// The paths of a version's files, relative to the top.
    ///
    /// # Errors
    /// [`StoreError`], if the version cannot be read.
    pub fn paths(&self, commit: CommitId) -> Result<Vec<Utf8PathBuf>, StoreError> {
        let files = self.listing(&self.repository()?, commit)?;
        Ok(files.0.into_keys().map(Utf8PathBuf::from).collect())
    }

    /// A version like another, but for some files: these have another content, or are gone.
    ///
    /// # Errors
    /// [`StoreError`], if the version cannot be read, or the new one not recorded.
    pub fn with_files<C: AsRef<[u8]>>(
        &self,
        commit: CommitId,
        files: &[(impl AsRef<Utf8Path>, Option<C>)],
        message: &str,
        at: SystemTime,
    ) -> Result<CommitId, StoreError> {
        if files.is_empty() {
            return Ok(commit);
        }
        let repository = self.repository()?;
        let mut listing = self.listing(&repository, commit)?;
        for (path, content) in files {
            let path = path.as_ref().as_str();
            let Some(content) = content else {
                listing.0.remove(path);
                continue;
            };
            let blob = repository
                .blob(content.as_ref())
                .map_err(self.failed("record a file"))?;
            let kind = listing
                .0
                .get(path)
                .map_or(FileKind::Plain, |entry| entry.kind);
            listing.0.insert(path.to_owned(), Entry { kind, blob });
        }
        self.commit(&repository, &listing, Some(commit.0), message, at)
    }

    /// What `mine` becomes with the changes from `base` to `theirs`, as a version; or the first
    /// file in which both were changed.
    ///
    /// # Errors
    /// [`StoreError`], if a version cannot be read or recorded.
    pub fn join(
        &self,
        base: CommitId,
        mine: CommitId,
        theirs: CommitId,
        at: SystemTime,
    ) -> Result<Result<CommitId, Utf8PathBuf>, StoreError> {
        let merge = self.merge(base, theirs, mine)?;
        if let Some(conflict) = merge.conflicts.into_iter().next() {
            return Ok(Err(conflict.path));
        }
        let files: Vec<_> = merge
            .files
            .iter()
            .map(|file| (&file.path, file.after.as_ref().map(|after| &after.content)))
            .collect();
        self.with_files(mine, &files, "Two versions joined", at)
            .map(Ok)
    }
}
