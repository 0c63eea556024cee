//! What lanes there are, and cleaning up.

use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};

use super::pool::{all, failed, lane_folder, lock, numbers, vacate};
use super::record::{Purpose, Record, State};
use super::{LaneError, Lanes};
use crate::dirs::Dirs;
use crate::objects::ObjectStore;
use crate::objects::references::RefName;

/// A lane, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneInfo {
    /// Where it is.
    pub folder: Utf8PathBuf,
    /// Whose work it is for; nothing if the lane does not say.
    pub workspace: Option<Utf8PathBuf>,
    /// What it is used for.
    pub state: LaneState,
    /// What it takes on disk, in bytes, build caches included.
    pub bytes: u64,
    /// When it was last taken or released; nothing if the lane does not say.
    pub last_used: Option<SystemTime>,
}

/// What a lane is used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaneState {
    /// Nothing.
    Free,
    /// A process uses it.
    InUse {
        /// What it was taken for; nothing if it does not say.
        name: Option<String>,
    },
    /// It was left behind and may hold work that is saved nowhere else.
    Holds {
        /// What it was taken for.
        name: String,
    },
    /// It has no record that can be understood, so nobody knows what it holds.
    Unknown,
}

/// Which lanes are to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All that are not in use.
    All,
    /// Those that hold nothing, and only those.
    Free,
    /// Those not used since then.
    UnusedSince(SystemTime),
}

/// What cleaning up did.
#[derive(Debug, Default)]
pub struct Cleaned {
    /// Lanes that are gone.
    pub removed: Vec<LaneInfo>,
    /// Lanes that were to be removed and are still there.
    pub kept: Vec<Kept>,
    /// Where work was saved that was in lanes only, and in which workspace's store.
    pub rescued: Vec<(Utf8PathBuf, RefName)>,
}

/// A lane that was not removed.
#[derive(Debug)]
pub struct Kept {
    /// The lane.
    pub lane: LaneInfo,
    /// Why not; nothing if it is in use.
    pub why: Option<LaneError>,
}

impl Lanes {
    /// The lanes of all workspaces.
    #[must_use]
    pub fn list(dirs: &Dirs) -> Vec<LaneInfo> {
        each(dirs)
            .into_iter()
            .map(|(folder, number)| info(&folder, number))
            .collect()
    }

    /// Removes lanes, of all workspaces. What they hold and is saved nowhere else is saved first;
    /// if it cannot be, the lane stays.
    #[must_use]
    pub fn clean(dirs: &Dirs, which: Which, at: SystemTime) -> Cleaned {
        Self::clean_some(dirs, which, at, |_| true)
    }

    /// As [`clean`](Self::clean), of those lanes only that are wanted.
    #[must_use]
    pub fn clean_some(
        dirs: &Dirs,
        which: Which,
        at: SystemTime,
        wanted: impl Fn(&LaneInfo) -> bool,
    ) -> Cleaned {
        let mut cleaned = Cleaned::default();
        for (folder, number) in each(dirs) {
            let lane = info(&folder, number);
            if !wanted(&lane) {
                continue;
            }
            if let (Which::UnusedSince(time), Some(last_used)) = (which, lane.last_used)
                && last_used >= time
            {
                continue;
            }
            if which == Which::Free && lane.state != LaneState::Free {
                continue;
            }
            match remove(&folder, number, dirs, at) {
                Ok(Removal::InUse) => cleaned.kept.push(Kept { lane, why: None }),
                Ok(Removal::Done { rescued }) => {
                    let workspace = lane.workspace.clone().unwrap_or_default();
                    cleaned
                        .rescued
                        .extend(rescued.map(|name| (workspace, name)));
                    cleaned.removed.push(lane);
                }
                Err(error) => cleaned.kept.push(Kept {
                    lane,
                    why: Some(error),
                }),
            }
        }
        cleaned
    }
}

enum Removal {
    Done { rescued: Option<RefName> },
    InUse,
}

fn remove(
    folder: &Utf8Path,
    number: u32,
    dirs: &Dirs,
    at: SystemTime,
) -> Result<Removal, LaneError> {
    let Some(held) = lock(folder, number)? else {
        return Ok(Removal::InUse);
    };
    let lane = lane_folder(folder, number);
    let Some(record) = Record::read(&lane) else {
        let error = std::io::Error::other("it does not say what it holds");
        return Err(failed("remove", &lane)(error));
    };
    let holds = matches!(record.state, State::Taken { .. }) && record.purpose == Purpose::Work;
    let mut rescued = None;
    let vacant = if holds {
        let store = ObjectStore::open(&record.workspace, dirs)?;
        let (vacant, name) = vacate(&store, lane.clone(), record, held, at)?;
        rescued = name;
        Ok(vacant)
    } else {
        Err(held)
    };
    // In two steps, so that a lane is whole or gone.
    let parting = folder.join(format!("{number}.removed"));
    remove_whole(&parting)?;
    std::fs::rename(&lane, &parting).map_err(failed("remove", &lane))?;
    remove_whole(&parting)?;
    drop(vacant);
    Ok(Removal::Done { rescued })
}

fn remove_whole(path: &Utf8Path) -> Result<(), LaneError> {
    let Some((folder, name)) = path.parent().zip(path.file_name()) else {
        return Ok(());
    };
    crate::scan::beneath::Root::open_own(folder)
        .and_then(|root| root.remove_all(name))
        .map_err(failed("remove", path))
}

/// Every lane: the folder of its workspace's lanes, and its number.
fn each(dirs: &Dirs) -> Vec<(Utf8PathBuf, u32)> {
    let workspaces = all(dirs).read_dir_utf8().into_iter().flatten().flatten();
    let mut folders: Vec<_> = workspaces.map(|entry| entry.path().to_path_buf()).collect();
    folders.sort();
    folders
        .into_iter()
        .flat_map(|folder| {
            numbers(&folder)
                .into_iter()
                .map(move |number| (folder.clone(), number))
        })
        .collect()
}

fn info(folder: &Utf8Path, number: u32) -> LaneInfo {
    let lane = lane_folder(folder, number);
    let record = Record::read(&lane);
    let is_in_use = matches!(lock(folder, number), Ok(None));
    let state = match record
        .as_ref()
        .map(|record| (&record.state, record.purpose))
    {
        taken if is_in_use => LaneState::InUse {
            name: match taken {
                Some((State::Taken { name, .. }, _)) => Some(name.clone()),
                _ => None,
            },
        },
        Some((State::Taken { name, .. }, Purpose::Work)) => LaneState::Holds { name: name.clone() },
        Some(_) => LaneState::Free,
        None => LaneState::Unknown,
    };
    LaneInfo {
        bytes: bytes(&lane),
        folder: lane,
        state,
        last_used: record.as_ref().map(Record::last_used),
        workspace: record.map(|record| record.workspace),
    }
}

/// What a folder takes on disk. Links are not followed; what cannot be read does not count.
fn bytes(folder: &Utf8Path) -> u64 {
    let mut total = 0;
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir_utf8().into_iter().flatten().flatten() {
            let Ok(metadata) = entry.path().symlink_metadata() else {
                continue;
            };
            if metadata.is_dir() {
                folders.push(entry.path().to_path_buf());
            } else {
                total += std::os::unix::fs::MetadataExt::blocks(&metadata) * 512;
            }
        }
    }
    total
}
