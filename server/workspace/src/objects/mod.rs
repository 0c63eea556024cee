//! Where versions of the user's work are kept: as commits in a git repository.
//!
//! - [`ObjectStore`]: the user's own repository, or one of ours for a folder that is in none.
//! - [`FileChange`]: what differs between two versions. `listing`: a commit's files, flat. [`references`]: the names under `refs/greenward/` that
//!   keep commits from being collected.
//!
//! Only objects and references under `refs/greenward/` are ever written: never HEAD, the index, the
//! stash, a branch or the working tree. Content is kept as it is on disk, byte by byte: no filter
//! and no conversion of line ends.

pub(crate) mod change;
mod compose;
pub(crate) mod listing;
pub mod references;

use std::fmt;
use std::fs;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use git2::{ErrorCode, ObjectType, Oid, Repository, RepositoryInitOptions, Signature, Time};
use serde::{Deserialize, Serialize};

use crate::dirs::Dirs;
use crate::repository;
use crate::scan::rules::Rules;
pub use crate::scan::stamp::Kind as FileKind;
pub use change::{FileChange, FileVersion};
use listing::Listing;

/// A version of the user's work: the id of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommitId(pub(crate) Oid);

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for CommitId {
    type Err = NotACommitId;

    fn from_str(text: &str) -> Result<Self, NotACommitId> {
        match Oid::from_str(text) {
            Ok(id) if text.len() == 40 => Ok(Self(id)),
            _ => Err(NotACommitId(text.to_owned())),
        }
    }
}

impl TryFrom<String> for CommitId {
    type Error = NotACommitId;

    fn try_from(text: String) -> Result<Self, NotACommitId> {
        text.parse()
    }
}

impl From<CommitId> for String {
    fn from(id: CommitId) -> Self {
        id.to_string()
    }
}

/// Text that is no commit id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no commit id: that is 40 hexadecimal digits")]
pub struct NotACommitId(String);

/// Why versions could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The repository belongs to another user, whose word about what to do there does not count.
    #[error(
        "the git repository at {path} belongs to another user; \
         `git config --global --add safe.directory {path}` says that this is meant"
    )]
    NotOwned {
        /// The top of its working tree.
        path: Utf8PathBuf,
    },
    /// The folder is itself a repository without a working tree.
    #[error("{path} is a bare git repository: it has no files to work on")]
    Bare {
        /// The folder.
        path: Utf8PathBuf,
    },
    /// The repository could not be read or written.
    #[error("cannot {what} in the git repository at {path}: {}", .source.message())]
    Git {
        /// What was tried.
        what: &'static str,
        /// The repository.
        path: Utf8PathBuf,
        /// What libgit2 said.
        source: git2::Error,
    },
    /// The system would not let us.
    #[error("cannot {what} {path}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Where the versions of one workspace folder are kept. A cheap value: the repository is opened for
/// each use, so one value serves many threads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectStore {
    /// What is recorded: the top of the working tree, or the workspace folder.
    top: Utf8PathBuf,
    /// The workspace folder, relative to the top.
    prefix: Utf8PathBuf,
    /// The repository that is opened.
    git: Utf8PathBuf,
    /// Where what is known of the top's files is kept between snapshots.
    manifest: Utf8PathBuf,
}

impl ObjectStore {
    /// The store for a workspace folder: the repository whose working tree it is in or, where there
    /// is none or it ignores the folder, one of our own in the state folder.
    ///
    /// # Errors
    /// [`StoreError`], if the folder or its repository cannot be used.
    pub fn open(folder: &Utf8Path, dirs: &Dirs) -> Result<Self, StoreError> {
        let folder = folder
            .canonicalize_utf8()
            .map_err(|source| StoreError::Io {
                what: "find the folder",
                path: folder.to_path_buf(),
                source,
            })?;
        let (top, is_users) = match repository::top_of(&folder) {
            Some(top) if counts(&top, &folder)? => (top, true),
            _ => (folder.clone(), false),
        };
        if !is_users && is_bare_repository(&folder) {
            return Err(StoreError::Bare { path: folder });
        }
        let hash = short_hash(&top);
        let store = Self {
            prefix: folder
                .strip_prefix(&top)
                .unwrap_or(Utf8Path::new(""))
                .to_path_buf(),
            git: if is_users {
                top.clone()
            } else {
                dirs.state().join("repositories").join(&hash)
            },
            manifest: dirs.cache().join("snapshots").join(format!("{hash}.json")),
            top,
        };
        if !is_users && !store.git.join("HEAD").exists() {
            store.begin()?;
        }
        store.repository()?;
        Ok(store)
    }

    /// Makes a repository of our own: beside its place first, so that of several processes that
    /// begin at the same moment each sees a whole one.
    fn begin(&self) -> Result<(), StoreError> {
        let io = |what, path: &Utf8Path| {
            let path = path.to_owned();
            move |source| StoreError::Io { what, path, source }
        };
        let parent = self.git.parent().unwrap_or(&self.git);
        fs::create_dir_all(parent).map_err(io("make", parent))?;
        let made = tempfile::Builder::new()
            .prefix(".new-")
            .tempdir_in(parent)
            .map_err(io("make a folder in", parent))?;
        let mut options = RepositoryInitOptions::new();
        options.bare(true).external_template(false);
        Repository::init_opts(made.path(), &options).map_err(self.failed("begin"))?;
        match fs::rename(made.path(), &self.git) {
            // It has gone to its place.
            Ok(()) => drop(made.keep()),
            Err(_) if self.git.join("HEAD").exists() => {}
            Err(source) => return Err(io("make", &self.git)(source)),
        }
        Ok(())
    }

    /// The top of what is recorded, absolute. Paths in commits are relative to it.
    #[must_use]
    pub fn top(&self) -> &Utf8Path {
        &self.top
    }

    /// The workspace folder relative to the top; empty where it is the top.
    #[must_use]
    pub fn prefix(&self) -> &Utf8Path {
        &self.prefix
    }

    /// Whether the versions are kept in the user's own repository.
    #[must_use]
    pub fn is_users(&self) -> bool {
        self.git == self.top
    }

    pub(crate) fn manifest(&self) -> &Utf8Path {
        &self.manifest
    }

    pub(crate) fn repository(&self) -> Result<Repository, StoreError> {
        repository::open(&self.git).map_err(|source| match source.code() {
            ErrorCode::Owner => StoreError::NotOwned {
                path: self.git.clone(),
            },
            _ => self.failed("read")(source),
        })
    }

    /// Where versions of the user's work lie, which whoever reads there sees: the working tree, others
    /// of the same repository, and the folders of git itself or of ours. Absolute.
    ///
    /// # Errors
    /// If the repository cannot be read.
    pub fn places(&self) -> Result<Vec<Utf8PathBuf>, StoreError> {
        let repository = self.repository()?;
        let mut places = vec![self.top.clone(), self.top.join(".git")];
        let mut add = |path: &std::path::Path| {
            let path = Utf8Path::from_path(path).map(|path| path.components().collect());
            places.extend(path.filter(|path| !places.contains(path)));
        };
        add(repository.path());
        add(repository.commondir());
        let failed = self.failed("list the working trees of");
        if repository.is_worktree()
            && let Some(common) = Utf8Path::from_path(repository.commondir())
            && let Some(tree) = repository::open(common).map_err(&failed)?.workdir()
        {
            add(tree);
        }
        for name in &repository.worktrees().map_err(&failed)? {
            // One that was removed by hand is still listed.
            let tree = name
                .ok()
                .flatten()
                .map(|name| repository.find_worktree(name));
            if let Some(Ok(tree)) = tree {
                add(tree.path());
            }
        }
        Ok(places)
    }

    /// The ignore rules that are in no commit.
    pub(crate) fn rules(&self, repository: &Repository) -> Rules {
        let exclude = self
            .is_users()
            .then(|| repository.commondir().join("info/exclude"));
        Rules::new(exclude.as_deref().and_then(Utf8Path::from_path))
    }

    pub(crate) fn failed(&self, what: &'static str) -> impl Fn(git2::Error) -> StoreError {
        move |source| StoreError::Git {
            what,
            path: self.git.clone(),
            source,
        }
    }

    /// Makes a commit of files. No reference is made, so it must be named soon.
    pub(crate) fn commit(
        &self,
        repository: &Repository,
        files: &Listing,
        parent: Option<Oid>,
        message: &str,
        at: SystemTime,
    ) -> Result<CommitId, StoreError> {
        let make = || {
            let tree = repository.find_tree(files.write(repository)?)?;
            let parents: Vec<_> = parent
                .map(|id| repository.find_commit(id))
                .transpose()?
                .into_iter()
                .collect();
            let since = at
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or(Duration::ZERO);
            let time = Time::new(i64::try_from(since.as_secs()).unwrap_or(i64::MAX), 0);
            let who = Signature::new("Greenward", "greenward@localhost", &time)?;
            let parents: Vec<_> = parents.iter().collect();
            repository.commit(None, &who, &who, message, &tree, &parents)
        };
        make()
            .map(CommitId)
            .map_err(self.failed("record a version"))
    }

    /// The files of a commit.
    pub(crate) fn listing(
        &self,
        repository: &Repository,
        commit: CommitId,
    ) -> Result<Listing, StoreError> {
        let read = || Listing::read(repository, repository.find_commit(commit.0)?.tree_id());
        read().map_err(self.failed("read a version"))
    }

    /// What a blob holds.
    pub(crate) fn content(
        &self,
        repository: &Repository,
        blob: Oid,
    ) -> Result<Vec<u8>, StoreError> {
        repository
            .odb()
            .and_then(|odb| odb.read(blob).map(|object| object.data().to_vec()))
            .map_err(self.failed("read a file"))
    }

    /// The content of one file in a commit; nothing if the commit has no such file.
    ///
    /// # Errors
    /// [`StoreError`], if the commit cannot be read.
    pub fn file(&self, commit: CommitId, path: &Utf8Path) -> Result<Option<Vec<u8>>, StoreError> {
        let repository = self.repository()?;
        let tree = repository
            .find_commit(commit.0)
            .and_then(|commit| commit.tree())
            .map_err(self.failed("read a version"))?;
        match tree.get_path(path.as_std_path()) {
            Ok(entry) if entry.kind() == Some(ObjectType::Blob) => {
                self.content(&repository, entry.id()).map(Some)
            }
            Ok(_) => Ok(None),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(self.failed("read a version")(error)),
        }
    }
}

/// Whether the repository at `top` has to do with `folder`: one whose working tree is, say, the
/// whole home folder often ignores what is in it.
fn counts(top: &Utf8Path, folder: &Utf8Path) -> Result<bool, StoreError> {
    let failed = |source: git2::Error| match source.code() {
        ErrorCode::Owner => StoreError::NotOwned {
            path: top.to_path_buf(),
        },
        _ => StoreError::Git {
            what: "read",
            path: top.to_path_buf(),
            source,
        },
    };
    let repository = repository::open(top).map_err(failed)?;
    let Ok(prefix) = folder.strip_prefix(top) else {
        return Ok(false);
    };
    if prefix == "" {
        return Ok(true);
    }
    if !repository
        .is_path_ignored(format!("{prefix}/"))
        .map_err(failed)?
    {
        return Ok(true);
    }
    let index = repository.index().map_err(failed)?;
    Ok(index.find_prefix(format!("{prefix}/")).is_ok())
}

fn is_bare_repository(folder: &Utf8Path) -> bool {
    folder.join("HEAD").is_file() && folder.join("objects").is_dir() && folder.join("refs").is_dir()
}

/// Stands for a path in names of our own files.
pub(crate) fn short_hash(path: &Utf8Path) -> String {
    blake3::hash(path.as_str().as_bytes()).to_hex()[..16].to_owned()
}
