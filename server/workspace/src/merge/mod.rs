//! Bringing back what was made in a lane: merged with what the user has by then.
//!
//! A [`Merge`] is a value: what each file would become, and where both sides changed the same. The
//! editor turns it into an edit; [`apply`] writes it to disk for the command line, and one that was
//! [`cut_off`] is found again. Attributes of the repository have no say in how files are merged, and
//! renames are not guessed.

pub mod apply;
pub mod cut_off;
mod three_way;

use camino::Utf8PathBuf;

use crate::objects::{CommitId, FileChange, FileVersion, ObjectStore, StoreError};

/// What becomes of the user's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// What the user had when the work began.
    pub base: CommitId,
    /// What was made of it.
    pub result: CommitId,
    /// What the user has now.
    pub mine: CommitId,
    /// The files that change: `before` is what the user has now, `after` what they become.
    pub files: Vec<FileChange>,
    /// The files that both sides changed so that nobody but the user can tell what is right.
    pub conflicts: Vec<Conflict>,
}

/// A file that both sides changed. Nothing becomes of it until the user decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Relative to the top.
    pub path: Utf8PathBuf,
    /// As it was; nothing if it was not there.
    pub base: Option<FileVersion>,
    /// As the user has it now.
    pub mine: Option<FileVersion>,
    /// As it was made.
    pub theirs: Option<FileVersion>,
    /// Both in one text, with conflict markers; nothing if one of them is no text or not there.
    pub marked: Option<String>,
}

impl ObjectStore {
    /// Merges what was made of `base`, the `result`, into what the user has now, `mine`.
    ///
    /// Nothing is changed by it.
    ///
    /// # Errors
    /// [`StoreError`], if a version cannot be read.
    pub fn merge(
        &self,
        base: CommitId,
        result: CommitId,
        mine: CommitId,
    ) -> Result<Merge, StoreError> {
        let (files, conflicts) = three_way::merge(self, base, result, mine)?;
        Ok(Merge {
            base,
            result,
            mine,
            files,
            conflicts,
        })
    }
}
