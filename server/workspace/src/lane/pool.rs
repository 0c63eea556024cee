//! The lanes of one workspace.

use std::fs::{File, TryLockError};
use std::io;
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};

use super::place::{self, Failure};
use super::record::{Purpose, Record, State};
use super::{Lane, LaneError};
use crate::dirs::Dirs;
use crate::objects::listing::Listing;
use crate::objects::references::RefName;
use crate::objects::{CommitId, ObjectStore, short_hash};
use crate::scan::beneath::Root;
use crate::scan::manifest::{self, Manifest};

/// The lanes of one workspace, in the user's cache folder. As many as were ever in use at once.
#[derive(Debug, Clone)]
pub struct Lanes {
    store: ObjectStore,
    folder: Utf8PathBuf,
}

/// Where the lanes of all workspaces are.
pub(super) fn all(dirs: &Dirs) -> Utf8PathBuf {
    dirs.cache().join("lanes")
}

impl Lanes {
    /// The lanes of the workspace that a store is for.
    #[must_use]
    pub fn new(store: ObjectStore, dirs: &Dirs) -> Self {
        Self {
            folder: all(dirs).join(short_hash(store.top())),
            store,
        }
    }

    /// Takes a lane that nobody uses and gives it the files of a commit; makes a new one only if
    /// there is none. `name` says what for, and is part of the reference by which its work is
    /// saved if nobody else does: `cycle-7`.
    ///
    /// # Errors
    /// [`LaneError`], if the commit cannot be read, or the lane not written: no space is left, say.
    pub fn take(
        &self,
        purpose: Purpose,
        name: &str,
        commit: CommitId,
        at: SystemTime,
    ) -> Result<Lane, LaneError> {
        RefName::new(format!("rescued/{name}/{commit}"))?;
        let files = self.store.listing(&self.store.repository()?, commit)?;
        std::fs::create_dir_all(&self.folder).map_err(failed("make", &self.folder))?;
        let above = self.folder.parent().unwrap_or(&self.folder);
        for folder in [above, &self.folder] {
            if is_link(folder) {
                return Err(LaneError::Gone {
                    path: folder.to_path_buf(),
                });
            }
        }
        for number in self.candidates(purpose, commit) {
            let Some(lock) = lock(&self.folder, number)? else {
                continue;
            };
            match self.reuse(number, lock, purpose, at) {
                Ok(Some(vacant)) => return self.occupy(vacant, name, commit, files, at),
                Ok(None) => {}
                Err(error) => tracing::warn!(number, %error, "a lane is left as it is"),
            }
        }
        let vacant = self.add(purpose)?;
        self.occupy(vacant, name, commit, files, at)
    }

    /// The numbers of lanes for a purpose: those that need the least work first.
    fn candidates(&self, purpose: Purpose, commit: CommitId) -> Vec<u32> {
        let mut ranked: Vec<_> = numbers(&self.folder)
            .into_iter()
            .filter_map(|number| {
                let record = Record::read(&lane_folder(&self.folder, number));
                let rank = match record.map(|record| (record.purpose, record.state)) {
                    Some((other, _)) if other != purpose => return None,
                    Some((_, State::Free { at })) if at == Some(commit) => 0,
                    Some((_, State::Free { .. })) => 1,
                    Some((_, State::Moving)) => 2,
                    Some((_, State::Taken { .. })) => 3,
                    None => 4,
                };
                Some((rank, number))
            })
            .collect();
        ranked.sort_unstable();
        ranked.into_iter().map(|(_, number)| number).collect()
    }

    /// Makes a lane vacant whose lock is ours. Nothing if it is for something else.
    fn reuse(
        &self,
        number: u32,
        lock: File,
        purpose: Purpose,
        at: SystemTime,
    ) -> Result<Option<Vacant>, LaneError> {
        let folder = lane_folder(&self.folder, number);
        if !is_folder(&folder) {
            return Ok(None);
        }
        let vacant = match Record::read(&folder) {
            Some(record) if record.purpose != purpose => return Ok(None),
            Some(record) => vacate(&self.store, folder, record, lock, at)?.0,
            // Whoever was making it died before it held anything.
            None if !is_folder(&tree_folder(&folder)) => Vacant {
                record: self.record(purpose),
                folder,
                lock,
            },
            None => return Ok(None),
        };
        Ok(Some(vacant))
    }

    fn record(&self, purpose: Purpose) -> Record {
        Record::new(self.store.top().join(self.store.prefix()), purpose)
    }

    fn add(&self, purpose: Purpose) -> Result<Vacant, LaneError> {
        let mut number = numbers(&self.folder).last().map_or(1, |last| last + 1);
        loop {
            if let Some(lock) = lock(&self.folder, number)? {
                let folder = lane_folder(&self.folder, number);
                match std::fs::create_dir(&folder) {
                    Ok(()) => {
                        let record = self.record(purpose);
                        return Ok(Vacant {
                            record,
                            folder,
                            lock,
                        });
                    }
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                    Err(error) => return Err(failed("make", &folder)(error)),
                }
            }
            number += 1;
        }
    }

    fn occupy(
        &self,
        vacant: Vacant,
        name: &str,
        commit: CommitId,
        files: Listing,
        at: SystemTime,
    ) -> Result<Lane, LaneError> {
        let Vacant {
            mut record,
            folder,
            lock,
        } = vacant;
        record.state = State::Moving;
        record.used(at);
        record.write(&folder)?;
        let (root, manifest) = self.give(&folder, &files, record.purpose)?;
        record.state = State::Taken {
            name: name.to_owned(),
            base: commit,
            saved: None,
        };
        record.write(&folder)?;
        Ok(Lane {
            store: self.store.clone(),
            root,
            record,
            folder,
            base: commit,
            base_files: files,
            manifest,
            _lock: lock,
        })
    }

    /// Gives a lane its files. If what is there cannot be used, all of it goes.
    fn give(
        &self,
        folder: &Utf8Path,
        files: &Listing,
        purpose: Purpose,
    ) -> Result<(Root, Manifest), LaneError> {
        let tree = tree_folder(folder);
        let is_new = !is_folder(&tree);
        match self.try_to_give(folder, files, purpose) {
            Err(error @ LaneError::Io { .. }) if !is_new && !is_out_of_space(&error) => {
                tracing::warn!(%error, %folder, "a lane is made anew");
                let inner = Root::open_own(folder).map_err(failed("open", folder))?;
                inner.remove_all("tree").map_err(failed("remove", &tree))?;
                self.try_to_give(folder, files, purpose)
            }
            given => given,
        }
    }

    fn try_to_give(
        &self,
        folder: &Utf8Path,
        files: &Listing,
        purpose: Purpose,
    ) -> Result<(Root, Manifest), LaneError> {
        let tree = tree_folder(folder);
        // Whoever worked in it may have put a link in its place, which leads to somebody's files.
        if is_link(&tree) {
            std::fs::remove_file(&tree).map_err(failed("remove", &tree))?;
        }
        std::fs::create_dir_all(&tree).map_err(failed("make", &tree))?;
        let root = Root::open_own(&tree).map_err(failed("open", &tree))?;
        let repository = self.store.repository()?;
        let rules = place::rules(&self.store, &repository, purpose);
        let file = manifest_file(folder);
        let known = Manifest::read(&file);
        let mut manifest = place::place(&root, &known, files, &rules, &repository).map_err(
            |failure| match failure {
                Failure::Git(source) => self.store.failed("read a version")(source).into(),
                Failure::Io(source) => failed("write to", &tree)(source),
            },
        )?;
        let now = manifest::time_in(folder).map_err(failed("write to", folder))?;
        manifest.distrust_since(now);
        manifest.write(&file).map_err(failed("write", &file))?;
        Ok((root, manifest))
    }
}

/// A lane that is ours and holds nothing of worth.
pub(super) struct Vacant {
    record: Record,
    folder: Utf8PathBuf,
    lock: File,
}

/// Saves what a lane holds whose lock is ours and that was left behind; the reference that leads to
/// it, if there was anything to save.
pub(super) fn vacate(
    store: &ObjectStore,
    folder: Utf8PathBuf,
    record: Record,
    lock: File,
    at: SystemTime,
) -> Result<(Vacant, Option<RefName>), LaneError> {
    let tree = tree_folder(&folder);
    let holds = match record.state {
        State::Taken { base, .. } if record.purpose == Purpose::Work && is_folder(&tree) => {
            Some(base)
        }
        _ => None,
    };
    let Some(base) = holds else {
        return Ok((
            Vacant {
                record,
                folder,
                lock,
            },
            None,
        ));
    };
    let base_files = store.listing(&store.repository()?, base)?;
    let mut lane = Lane {
        store: store.clone(),
        root: Root::open_own(&tree).map_err(failed("open", &tree))?,
        record,
        base,
        base_files,
        manifest: Manifest::read(&manifest_file(&folder)),
        folder,
        _lock: lock,
    };
    let rescued = lane.settle(at)?;
    if let Some(name) = &rescued {
        tracing::warn!(%name, "what a lane held is saved");
    }
    let Lane {
        record,
        folder,
        _lock: lock,
        ..
    } = lane;
    let vacant = Vacant {
        record,
        folder,
        lock,
    };
    Ok((vacant, rescued))
}

/// Whether a link stands where a folder of ours should.
fn is_link(path: &Utf8Path) -> bool {
    path.symlink_metadata().is_ok_and(|data| data.is_symlink())
}

/// Whether a folder is there, and no link to one.
fn is_folder(path: &Utf8Path) -> bool {
    path.symlink_metadata().is_ok_and(|data| data.is_dir())
}

/// The numbers of the lanes in a folder, sorted.
pub(super) fn numbers(folder: &Utf8Path) -> Vec<u32> {
    let entries = folder.read_dir_utf8().into_iter().flatten().flatten();
    let mut numbers: Vec<u32> = entries
        .filter_map(|entry| entry.file_name().parse().ok())
        .collect();
    numbers.sort_unstable();
    numbers
}

/// Takes a lane's lock, unless someone has it. It goes with the process, however that ends.
pub(super) fn lock(folder: &Utf8Path, number: u32) -> Result<Option<File>, LaneError> {
    let path = folder.join(format!("{number}.lock"));
    let file = File::create(&path).map_err(failed("write", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(failed("lock", &path)(error)),
    }
}

pub(super) fn lane_folder(folder: &Utf8Path, number: u32) -> Utf8PathBuf {
    folder.join(number.to_string())
}

fn tree_folder(lane: &Utf8Path) -> Utf8PathBuf {
    lane.join("tree")
}

fn manifest_file(lane: &Utf8Path) -> Utf8PathBuf {
    lane.join("manifest.json")
}

fn is_out_of_space(error: &LaneError) -> bool {
    let LaneError::Io { source, .. } = error else {
        return false;
    };
    matches!(
        source.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

pub(super) fn failed(what: &'static str, path: &Utf8Path) -> impl Fn(io::Error) -> LaneError {
    move |source| LaneError::Io {
        what,
        path: path.to_path_buf(),
        source,
    }
}
