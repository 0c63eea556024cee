//! One workspace folder as it was when last looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use notify::ErrorKind;

use super::backend::{EACH_FOLDER, Watches};
use super::stamp::Stamp;
use super::{ChangeKind, WatchProblem};
use crate::files::Ignore;

/// Changes that are still to be told, by file.
pub(super) type Changes = BTreeMap<Utf8PathBuf, ChangeKind>;

/// A part of a tree.
#[derive(Debug)]
pub(super) enum Part {
    /// These paths, and what is beneath them. None is beneath another.
    Paths(Vec<Utf8PathBuf>),
    /// All of it, by rules that may have changed.
    Everything,
}

/// How a folder is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// By the events of the system.
    Events,
    /// By looking through it again and again, since the system cannot.
    Polling,
    /// It is not there. It is looked for again and again.
    Gone,
}

/// A workspace folder that is watched.
#[derive(Debug)]
pub(super) struct Tree {
    ignore: Arc<Ignore>,
    mode: Mode,
    files: BTreeMap<Utf8PathBuf, Stamp>,
    watched: BTreeSet<Utf8PathBuf>,
}

/// What is gathered while a path is looked at.
struct Look<'a> {
    watches: &'a mut dyn Watches,
    found: BTreeMap<Utf8PathBuf, Stamp>,
    problem: Option<WatchProblem>,
}

impl Tree {
    pub(super) fn new(ignore: Arc<Ignore>) -> Self {
        Self {
            ignore,
            mode: Mode::Gone,
            files: BTreeMap::new(),
            watched: BTreeSet::new(),
        }
    }

    pub(super) fn folder(&self) -> &Utf8Path {
        self.ignore.folder()
    }

    pub(super) fn mode(&self) -> Mode {
        self.mode
    }

    /// Watches nothing any more in this part, since a folder may be another one by now, under its
    /// old name. A [`look`](Self::look) watches it anew.
    pub(super) fn stop_watching(&mut self, part: &Part, watches: &mut dyn Watches) {
        let folders = match part {
            Part::Everything => std::mem::take(&mut self.watched),
            Part::Paths(paths) => paths
                .iter()
                .flat_map(|path| beneath(&self.watched, path))
                .cloned()
                .collect(),
        };
        for folder in folders {
            self.watched.remove(&folder);
            watches.unwatch(&folder);
        }
    }

    /// Looks at a part, and adds to `changes` what is not as it was. Folders are watched before
    /// they are looked into, so that nothing slips through between.
    ///
    /// # Errors
    /// If the folders cannot all be watched. They have been looked at all the same; the tree is
    /// watched no longer, and is in [`Mode::Polling`].
    pub(super) fn look(
        &mut self,
        part: &Part,
        watches: &mut dyn Watches,
        changes: &mut Changes,
    ) -> Result<(), WatchProblem> {
        let root = [self.folder().to_path_buf()];
        let paths = match part {
            Part::Paths(paths) => paths.as_slice(),
            Part::Everything => {
                self.ignore.reload();
                &root
            }
        };
        if self.mode != Mode::Polling {
            self.mode = if self.folder().is_dir() {
                Mode::Events
            } else {
                Mode::Gone
            };
        }
        let mut problem = None;
        for path in paths {
            let mut look = Look {
                watches,
                found: BTreeMap::new(),
                problem: None,
            };
            // What is in the workspace folder counts even if that is a link.
            let metadata = if path == self.folder() {
                path.metadata()
            } else {
                path.symlink_metadata()
            };
            if let Ok(metadata) = metadata {
                self.visit(path, &metadata, &mut look);
            }
            problem = problem.or(look.problem);
            self.compare(path, look.found, changes);
        }
        match problem {
            None => Ok(()),
            Some(problem) => {
                self.stop_watching(&Part::Everything, watches);
                Err(problem)
            }
        }
    }

    fn visit(&mut self, path: &Utf8Path, metadata: &Metadata, look: &mut Look<'_>) {
        if self.ignore.is_ignored(path, metadata.is_dir()) {
            return;
        }
        if metadata.is_file() {
            look.found.insert(path.to_path_buf(), Stamp::of(metadata));
        } else if metadata.is_dir() {
            self.watch(path, look);
            // What cannot be read, or is gone by now, has nothing in it.
            for entry in path.read_dir_utf8().into_iter().flatten().flatten() {
                if let Ok(metadata) = entry.metadata() {
                    self.visit(entry.path(), &metadata, look);
                }
            }
        }
    }

    fn watch(&mut self, folder: &Utf8Path, look: &mut Look<'_>) {
        let is_wanted = EACH_FOLDER || folder == self.folder();
        if self.mode != Mode::Events || !is_wanted {
            return;
        }
        let problem = match look.watches.watch(folder) {
            Ok(()) => {
                self.watched.insert(folder.to_path_buf());
                return;
            }
            Err(error) => match error.kind {
                ErrorKind::MaxFilesWatch => WatchProblem::LimitReached,
                // It is gone by now, which its parent will tell; or nobody may look into it.
                ErrorKind::PathNotFound => return,
                ErrorKind::Io(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::NotFound
                            | io::ErrorKind::NotADirectory
                            | io::ErrorKind::PermissionDenied
                    ) =>
                {
                    return;
                }
                _ => WatchProblem::Unavailable(error),
            },
        };
        self.mode = Mode::Polling;
        look.problem = Some(problem);
    }

    /// Takes what was `found` at and beneath `path` for what is there.
    fn compare(
        &mut self,
        path: &Utf8Path,
        found: BTreeMap<Utf8PathBuf, Stamp>,
        changes: &mut Changes,
    ) {
        let gone: Vec<_> = self
            .files
            .range(path.to_path_buf()..)
            .map(|(file, _)| file)
            .take_while(|file| file.starts_with(path))
            .filter(|file| !found.contains_key(*file))
            .cloned()
            .collect();
        for file in gone {
            self.files.remove(&file);
            changes.insert(file, ChangeKind::Removed);
        }
        for (file, stamp) in found {
            match self.files.insert(file.clone(), stamp) {
                None => {
                    changes.insert(file, ChangeKind::Created);
                }
                Some(before) if !before.is_certainly(&stamp) => {
                    changes.insert(file, ChangeKind::Changed);
                }
                Some(_) => {}
            }
        }
    }
}

/// The paths of a set that are at or beneath `path`: they stand side by side in it.
fn beneath<'a>(
    set: &'a BTreeSet<Utf8PathBuf>,
    path: &'a Utf8Path,
) -> impl Iterator<Item = &'a Utf8PathBuf> {
    set.range(path.to_path_buf()..)
        .take_while(move |one| one.starts_with(path))
}
