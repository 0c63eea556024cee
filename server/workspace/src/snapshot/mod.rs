//! The user's work as it is, as a commit: unsaved text, new files, and all.
//!
//! What counts is what git tracks, and what it does not ignore; without git, what no `.gitignore`
//! names and what is not made again (`node_modules`, caches, virtual environments). Files are
//! recorded as they are on disk. Other repositories beneath (submodules, clones) are recorded file
//! by file, so that whoever takes the snapshot has their content too. Folders with nothing in them
//! are not recorded.
//!
//! HEAD, index, stash, branches and the working tree are not touched, not even the index's times.

mod overlay;

use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};
use git2::{ErrorCode, IndexEntry, Repository};

use crate::objects::listing::{Entry, Listing};
use crate::objects::{CommitId, ObjectStore, StoreError};
use crate::scan::beneath::{Root, is_absent};
use crate::scan::manifest::{self, Known, Manifest};
use crate::scan::stamp::{Look, Nanos};
use crate::scan::walk::{self, RuleTexts, Tracked};
pub use crate::scan::walk::{Refused, Why};

/// The largest file that is recorded unless git tracks it, in bytes.
pub const MAX_NEW_FILE: u64 = 64 * 1024 * 1024;

/// The user's work at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The commit that holds it. Its parent is the user's HEAD, if there is one.
    pub commit: CommitId,
    /// What is there and is not recorded.
    pub left_out: Vec<Refused>,
}

/// Why no snapshot could be made. The user's work is as it was.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The versions cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file or folder cannot be read.
    #[error("cannot read {path}")]
    Io {
        /// The file or folder.
        path: Utf8PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Text that the editor shows in place of what is on disk, by absolute path.
pub type Overlay = [(Utf8PathBuf, Arc<str>)];

impl ObjectStore {
    /// Records the user's work as it is, with the editor's unsaved text over it.
    ///
    /// The commit has no reference yet: give it one before it is needed for long.
    ///
    /// # Errors
    /// [`SnapshotError`], if something that counts cannot be read, or nothing can be recorded.
    pub fn snapshot(
        &self,
        overlay: &Overlay,
        message: &str,
        at: SystemTime,
    ) -> Result<Snapshot, SnapshotError> {
        let repository = self.repository()?;
        let mut taking = Taking::begin(self, &repository)?;
        taking.files_on_disk()?;
        overlay::lay(&mut taking, overlay)?;
        let parent = if self.is_users() {
            match repository.head().and_then(|head| head.peel_to_commit()) {
                Ok(commit) => Some(commit.id()),
                Err(error)
                    if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) =>
                {
                    None
                }
                Err(error) => return Err(self.failed("read HEAD")(error).into()),
            }
        } else {
            None
        };
        Ok(Snapshot {
            commit: self.commit(&repository, &taking.files, parent, message, at)?,
            left_out: taking.left_out,
        })
    }
}

/// A snapshot in the making.
struct Taking<'a> {
    store: &'a ObjectStore,
    repository: &'a Repository,
    root: Root,
    files: Listing,
    left_out: Vec<Refused>,
    /// Every path of which the editor's text counts even if nothing is on disk.
    tracked: Tracked,
}

impl<'a> Taking<'a> {
    fn begin(store: &'a ObjectStore, repository: &'a Repository) -> Result<Self, SnapshotError> {
        Ok(Self {
            root: Root::open(store.top()).map_err(unreadable(store.top()))?,
            store,
            repository,
            files: Listing::default(),
            left_out: Vec::new(),
            tracked: Tracked::default(),
        })
    }

    fn files_on_disk(&mut self) -> Result<(), SnapshotError> {
        let file = self.store.manifest();
        let folder = file.parent().unwrap_or(file);
        std::fs::create_dir_all(folder).map_err(unreadable(folder))?;
        // Before anything is looked at: what changes from now on shows.
        let began = manifest::time_in(folder).map_err(unreadable(folder))?;
        let known = Manifest::read(file);
        let index = Index::read(self.store, self.repository)?;
        for path in index.paths() {
            self.tracked.add(path);
        }
        let rules = self.store.rules(self.repository);
        let mut found = self.walk(&rules)?;
        if self.track_inner_repositories(&found) {
            found = self.walk(&rules)?;
        }
        let mut now = Manifest::default();
        for (path, look) in found.files {
            let unchanged = known
                .unchanged(&path, &look)
                .or_else(|| index.unchanged(&path, &look));
            let blob = match unchanged.filter(|blob| index.odb.exists(*blob)) {
                Some(blob) => blob,
                None if look.stamp.size > MAX_NEW_FILE && !self.tracked.contains(&path) => {
                    let why = Why::TooLarge;
                    self.left_out.push(Refused { path, why });
                    continue;
                }
                None => match self.root.read(&path, look.kind) {
                    Ok(content) => self.blob(&content)?,
                    Err(error) if is_absent(&error) => continue,
                    Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                        let why = Why::Unreadable;
                        self.left_out.push(Refused { path, why });
                        continue;
                    }
                    Err(source) => return Err(unreadable(&self.store.top().join(&path))(source)),
                },
            };
            let kind = look.kind;
            let stamp = Some(look.stamp);
            now.0.insert(path.clone(), Known { kind, blob, stamp });
            self.files.0.insert(path, Entry { kind, blob });
        }
        self.left_out.extend(found.refused);
        now.distrust_since(began);
        if let Err(error) = now.write(file) {
            tracing::warn!(%file, %error, "the next snapshot reads every file again");
        }
        Ok(())
    }

    fn walk(&self, rules: &crate::scan::rules::Rules) -> Result<walk::Found, SnapshotError> {
        walk::walk(&self.root, rules, &RuleTexts::OnDisk, &self.tracked)
            .map_err(unreadable(self.store.top()))
    }

    /// Takes what repositories beneath the top track as tracked. Whether there are any.
    fn track_inner_repositories(&mut self, found: &walk::Found) -> bool {
        let mut any = false;
        for folder in found
            .repositories
            .iter()
            .filter(|folder| !folder.is_empty())
        {
            let index = crate::repository::open(&self.store.top().join(folder))
                .and_then(|repository| repository.index());
            match index {
                Ok(index) => {
                    for entry in index.iter() {
                        if let Ok(path) = str::from_utf8(&entry.path) {
                            self.tracked.add(&format!("{folder}/{path}"));
                            any = true;
                        }
                    }
                }
                Err(error) => tracing::warn!(%folder, %error, "a repository beneath"),
            }
        }
        any
    }

    fn blob(&self, content: &[u8]) -> Result<git2::Oid, StoreError> {
        self.repository
            .blob(content)
            .map_err(self.store.failed("record a file"))
    }
}

fn unreadable(path: &Utf8Path) -> impl Fn(io::Error) -> SnapshotError {
    move |source| SnapshotError::Io {
        path: path.to_path_buf(),
        source,
    }
}

/// The user's index, read only: what is tracked, and what git knows of files that did not change.
struct Index<'a> {
    odb: git2::Odb<'a>,
    entries: std::collections::HashMap<String, Option<IndexEntry>>,
    /// When it was written: a file that was changed then may have changed since.
    written: Nanos,
}

impl<'a> Index<'a> {
    fn read(store: &ObjectStore, repository: &'a Repository) -> Result<Self, StoreError> {
        let odb = repository.odb().map_err(store.failed("read"))?;
        let mut read = Self {
            odb,
            entries: std::collections::HashMap::new(),
            written: Nanos(0, 0),
        };
        if !store.is_users() {
            return Ok(read);
        }
        let index = repository
            .index()
            .map_err(store.failed("read the index of"))?;
        if let Some(stat) = index.path().and_then(|path| rustix::fs::stat(path).ok())
            && let Some(look) = Look::of(&stat)
        {
            read.written = look.stamp.modified;
        }
        for entry in index.iter() {
            let Ok(path) = String::from_utf8(entry.path.clone()) else {
                continue;
            };
            // In the middle of a merge a path is there up to three times, and none of them is what
            // is on disk.
            let is_merged = (entry.flags >> 12) & 3 == 0;
            let is_submodule = entry.mode == 0o160_000;
            if !is_submodule {
                read.entries.insert(path, is_merged.then_some(entry));
            }
        }
        Ok(read)
    }

    fn paths(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// The blob of a file that git has seen as it is now. Only one of the same length: git may have
    /// converted its line ends.
    fn unchanged(&self, path: &str, look: &Look) -> Option<git2::Oid> {
        let entry = self.entries.get(path)?.as_ref()?;
        let stamp = &look.stamp;
        let same_time = |known: git2::IndexTime, now: Nanos| {
            i64::from(known.seconds()) == now.0
                && (known.nanoseconds() == 0 || i64::from(known.nanoseconds()) == now.1)
        };
        let is_same = stamp.modified < self.written
            && same_time(entry.mtime, stamp.modified)
            && same_time(entry.ctime, stamp.changed)
            && u64::from(entry.file_size) == stamp.size
            && u64::from(entry.ino) == (stamp.inode & u64::from(u32::MAX))
            && crate::scan::stamp::Kind::of_git(i32::try_from(entry.mode).ok()?) == Some(look.kind);
        if !is_same {
            return None;
        }
        let (size, _) = self.odb.read_header(entry.id).ok()?;
        (u64::try_from(size).ok()? == stamp.size).then_some(entry.id)
    }
}
