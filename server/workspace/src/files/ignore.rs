//! Which files and folders do not count.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use camino::{Utf8Path, Utf8PathBuf};
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::repository;

/// Hidden folders that count all the same: our settings, and cargo's.
const SHOWN_FOLDERS: &[&str] = &[".tdd", ".cargo"];

/// Folders that never count, wherever they are.
const SKIPPED_FOLDERS: &[&str] = &["node_modules", "__pycache__"];

/// Files that say that the folder they are in does not count: of caches (<https://bford.info/cachedir/>)
/// and of Python's virtual environments (PEP 405).
const SKIP_MARKS: &[&str] = &["CACHEDIR.TAG", "pyvenv.cfg"];

/// Says of each path in a workspace folder whether it counts.
///
/// What git ignores does not count: by every `.gitignore` from the top of the repository down (or
/// from the workspace folder down, where there is no repository), `.git/info/exclude` and the
/// user's own excludes. Neither do hidden folders, except `.tdd` and `.cargo`; caches, virtual
/// environments, `node_modules`, `__pycache__`; cargo's `target` beside a `Cargo.toml`; and our own
/// database. What is in a folder that does not count does not count either.
///
/// One value serves many threads. Rules are read when first needed and kept until
/// [`reload`](Self::reload).
#[derive(Debug)]
pub struct Ignore {
    folder: Utf8PathBuf,
    /// Where rules begin: the top of the repository, or the workspace folder.
    top: Utf8PathBuf,
    /// Rules for everything, the stronger first.
    general: Vec<Gitignore>,
    known: RwLock<HashMap<Utf8PathBuf, Arc<Folder>>>,
}

/// What is known of one folder.
#[derive(Debug)]
struct Folder {
    ignored: bool,
    /// Of its own `.gitignore`; empty where there is none.
    rules: Gitignore,
    above: Option<Arc<Folder>>,
}

impl Ignore {
    /// The rules for a workspace folder, an absolute path.
    #[must_use]
    pub fn new(folder: &Utf8Path) -> Self {
        let repository = repository::top_of(folder);
        let top = repository.clone().unwrap_or_else(|| folder.to_path_buf());
        let (of_user, error) = GitignoreBuilder::new(&top).build_global();
        if let Some(error) = error {
            tracing::warn!(%error, "the user's git excludes");
        }
        let of_repository = repository.as_deref().and_then(exclude_file);
        Self {
            general: of_repository
                .map(|file| rules(&top, &file))
                .into_iter()
                .chain([of_user])
                .collect(),
            folder: folder.to_path_buf(),
            top,
            known: RwLock::default(),
        }
    }

    /// The workspace folder.
    #[must_use]
    pub fn folder(&self) -> &Utf8Path {
        &self.folder
    }

    /// Whether a path does not count. What is not in the workspace folder does not; the workspace
    /// folder itself does, whatever its name.
    #[must_use]
    pub fn is_ignored(&self, path: &Utf8Path, is_folder: bool) -> bool {
        if path == self.folder {
            return false;
        }
        match path.parent() {
            Some(parent) if path.starts_with(&self.folder) => {
                self.ignores(&self.known(parent), path, is_folder)
            }
            _ => true,
        }
    }

    /// Whether a change to this file can change what counts.
    #[must_use]
    pub fn is_rule(path: &Utf8Path) -> bool {
        path.file_name()
            .is_some_and(|name| name == ".gitignore" || SKIP_MARKS.contains(&name))
    }

    /// Forgets what `.gitignore` files and marks in folders said, so that they are read again.
    pub fn reload(&self) {
        self.known
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    fn known(&self, path: &Utf8Path) -> Arc<Folder> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(folder) = known.get(path) {
            return folder.clone();
        }
        drop(known);
        let folder = Arc::new(self.look_at(path));
        self.known
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(path.to_path_buf(), folder.clone());
        folder
    }

    fn look_at(&self, path: &Utf8Path) -> Folder {
        let above = (path != self.top)
            .then(|| path.parent())
            .flatten()
            .map(|parent| self.known(parent));
        let in_ours = path != self.folder && path.starts_with(&self.folder);
        let ignored = in_ours
            && (above
                .as_deref()
                .is_some_and(|above| self.ignores(above, path, true))
                || SKIP_MARKS.iter().any(|mark| path.join(mark).is_file()));
        let rules = if ignored {
            Gitignore::empty()
        } else {
            rules(path, &path.join(".gitignore"))
        };
        Folder {
            ignored,
            rules,
            above,
        }
    }

    /// Whether `path`, which is in `folder`, does not count.
    fn ignores(&self, folder: &Folder, path: &Utf8Path, is_folder: bool) -> bool {
        if folder.ignored || is_skipped(path, is_folder) {
            return true;
        }
        std::iter::successors(Some(folder), |folder| folder.above.as_deref())
            .map(|folder| &folder.rules)
            .chain(&self.general)
            .map(|rules| rules.matched(path, is_folder))
            .find(|found| !found.is_none())
            .is_some_and(|found| matches!(found, Match::Ignore(_)))
    }
}

/// Whether a path does not count, whatever git says.
fn is_skipped(path: &Utf8Path, is_folder: bool) -> bool {
    let name = path.file_name().unwrap_or_default();
    if is_folder {
        SKIPPED_FOLDERS.contains(&name)
            || (name.starts_with('.') && !SHOWN_FOLDERS.contains(&name))
            || (name == "target" && path.with_file_name("Cargo.toml").is_file())
            || SKIP_MARKS.iter().any(|mark| path.join(mark).is_file())
    } else {
        name.starts_with("state.db") && path.parent().and_then(Utf8Path::file_name) == Some(".tdd")
    }
}

/// The rules that `file` states for what is beneath `root`; none if it is not there. What is wrong
/// in it is left out, as git does.
fn rules(root: &Utf8Path, file: &Utf8Path) -> Gitignore {
    if !file.is_file() {
        return Gitignore::empty();
    }
    let mut builder = GitignoreBuilder::new(root);
    if let Some(error) = builder.add(file) {
        tracing::warn!(%error, "ignore rules");
    }
    builder.build().unwrap_or_else(|error| {
        tracing::warn!(%error, "ignore rules");
        Gitignore::empty()
    })
}

/// Where the repository at `top` keeps excludes of its own, which are not committed.
fn exclude_file(top: &Utf8Path) -> Option<Utf8PathBuf> {
    let repository = repository::open(top)
        .inspect_err(|error| tracing::warn!(%top, %error, "no excludes of the repository"))
        .ok()?;
    Utf8Path::from_path(repository.commondir()).map(|common| common.join("info/exclude"))
}
