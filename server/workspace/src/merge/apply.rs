//! Writing a merge to disk.
//!
//! Each file is written beside its place and put there in one step, and only if the user's file is
//! what the merge saw. Where the system can (Linux, macOS), the two change places first and what
//! came out is looked at, so that a save at the very same moment is not lost either.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use rustix::fs::{RawMode, RenameFlags};
use rustix::io::Errno;

use super::Merge;
use crate::lane::plain_path;
use crate::objects::{FileChange, FileVersion, ObjectStore};
use crate::scan::beneath::{Root, is_absent};
use crate::scan::unfinished::Unfinished;

/// Why a merge was not written. The user's files are as they were, but for those that are named.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// There are conflicts, which the user has to decide.
    #[error("{} must be merged by hand", list(.paths))]
    Conflicts {
        /// Where.
        paths: Vec<Utf8PathBuf>,
    },
    /// A file is not what the merge saw: merge again.
    #[error("{path} was changed meanwhile{}", left_behind(.left))]
    Changed {
        /// The file.
        path: Utf8PathBuf,
        /// Files that were written and could not be taken back, because they too were changed
        /// meanwhile.
        left: Vec<Utf8PathBuf>,
    },
    /// The system would not let us.
    #[error("cannot write {path}: {source}{}", left_behind(.left))]
    Io {
        /// The file.
        path: Utf8PathBuf,
        /// What the system said.
        source: io::Error,
        /// As above.
        left: Vec<Utf8PathBuf>,
    },
}

fn list(paths: &[Utf8PathBuf]) -> String {
    let paths: Vec<&str> = paths.iter().map(|path| path.as_str()).collect();
    paths.join(", ")
}

fn left_behind(left: &[Utf8PathBuf]) -> String {
    if left.is_empty() {
        String::new()
    } else {
        format!("; already written: {}", list(left))
    }
}

impl ObjectStore {
    /// Writes a merge to the user's files: all of it or nothing. It should have been announced
    /// first, so that a writing that is cut off is found again.
    ///
    /// # Errors
    /// [`ApplyError`]; what was written until then has been taken back.
    pub fn apply(&self, merge: &Merge) -> Result<(), ApplyError> {
        if !merge.conflicts.is_empty() {
            let paths = merge.conflicts.iter().map(|conflict| conflict.path.clone());
            return Err(ApplyError::Conflicts {
                paths: paths.collect(),
            });
        }
        let root = Root::open(self.top()).map_err(|source| ApplyError::Io {
            path: self.top().to_path_buf(),
            source,
            left: Vec::new(),
        })?;
        // What goes, goes first: a file may be in the way of a folder.
        let (gone, rest): (Vec<_>, Vec<_>) =
            merge.files.iter().partition(|file| file.after.is_none());
        let order: Vec<&FileChange> = gone.into_iter().chain(rest).collect();
        for (done, file) in order.iter().enumerate() {
            let FileChange {
                path,
                before,
                after,
            } = file;
            if let Err(failure) = exchange(&root, path, before.as_ref(), after.as_ref()) {
                let left = take_back(&root, &order[..done]);
                let path = path.clone();
                return Err(match failure {
                    Failure::Changed => ApplyError::Changed { path, left },
                    Failure::Io(source) => ApplyError::Io { path, source, left },
                });
            }
        }
        Ok(())
    }
}

/// Takes back what was written, the last first; the files with which that was not possible.
fn take_back(root: &Root, done: &[&FileChange]) -> Vec<Utf8PathBuf> {
    let stuck = done.iter().rev().filter(|file| {
        exchange(root, &file.path, file.after.as_ref(), file.before.as_ref()).is_err()
    });
    stuck.map(|file| file.path.clone()).collect()
}

enum Failure {
    Changed,
    Io(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if is_absent(&error) || error.kind() == io::ErrorKind::AlreadyExists {
            Failure::Changed
        } else {
            Failure::Io(error)
        }
    }
}

/// Puts `new` in the place of `old`, if that is what is there.
fn exchange(
    root: &Root,
    path: &Utf8Path,
    old: Option<&FileVersion>,
    new: Option<&FileVersion>,
) -> Result<(), Failure> {
    let path = plain_path(path)
        .map_err(|why| Failure::Io(io::Error::new(io::ErrorKind::InvalidInput, why)))?;
    match (old, new) {
        (None, None) => Ok(()),
        (None, Some(new)) => {
            let unfinished = root.prepare(path, new.kind, &new.content, None)?;
            unfinished.finish(RenameFlags::NOREPLACE)?;
            Ok(())
        }
        (Some(old), Some(new)) => replace(root, path, old, new),
        (Some(old), None) => {
            check(root, path, old)?;
            let withdrawn = root.withdraw(path)?;
            if !is(&withdrawn, old) {
                withdrawn.finish(RenameFlags::NOREPLACE)?;
                return Err(Failure::Changed);
            }
            drop(withdrawn);
            root.remove_empty_above(path);
            Ok(())
        }
    }
}

fn replace(root: &Root, path: &str, old: &FileVersion, new: &FileVersion) -> Result<(), Failure> {
    let permissions = check(root, path, old)?;
    let unfinished = root.prepare(path, new.kind, &new.content, permissions)?;
    match unfinished.exchange() {
        Ok(()) => {}
        Err(error) if cannot_exchange(&error) => {
            check(root, path, old)?;
            unfinished.finish(RenameFlags::empty())?;
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    }
    if is(&unfinished, old) {
        return Ok(());
    }
    unfinished.exchange()?;
    Err(Failure::Changed)
}

/// Fails if a file is not what it should be; its permissions, if it has any.
fn check(root: &Root, path: &str, expected: &FileVersion) -> Result<Option<RawMode>, Failure> {
    let look = root.look(path)?.ok_or(Failure::Changed)?;
    if look.kind != expected.kind || root.read(path, look.kind)? != *expected.content {
        return Err(Failure::Changed);
    }
    Ok((look.kind != crate::objects::FileKind::Link).then_some(look.permissions))
}

fn is(beside: &Unfinished<'_>, expected: &FileVersion) -> bool {
    beside
        .beside()
        .is_ok_and(|(kind, content)| kind == expected.kind && content == *expected.content)
}

/// Whether a file system does not know how two files change places.
fn cannot_exchange(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error().map(Errno::from_raw_os_error),
        Some(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP)
    )
}
