//! What the file system says of a file without its content being read.

use rustix::fs::{FileType, Mode, RawMode, Stat};
use serde::{Deserialize, Serialize};

/// What a recorded file is, as in git's trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A file.
    Plain,
    /// A file that may be run.
    Executable,
    /// A symbolic link; its content is where it leads.
    Link,
}

impl Kind {
    /// By the mode that git's trees have for it; nothing for folders and submodules.
    pub(crate) fn of_git(mode: i32) -> Option<Self> {
        match mode {
            0o100_644 | 0o100_664 => Some(Kind::Plain),
            0o100_755 => Some(Kind::Executable),
            0o120_000 => Some(Kind::Link),
            _ => None,
        }
    }

    /// As git's trees write it.
    pub(crate) fn in_git(self) -> &'static str {
        match self {
            Kind::Plain => "100644",
            Kind::Executable => "100755",
            Kind::Link => "120000",
        }
    }

    /// For a new file, before the user's mask.
    pub(crate) fn permissions(self) -> Mode {
        Mode::from_raw_mode(if self == Kind::Executable {
            0o777
        } else {
            0o666
        })
    }

    /// The permissions of a file that becomes one of this kind: whoever may read it may run it, or
    /// nobody may.
    pub(crate) fn applied_to(self, permissions: RawMode) -> RawMode {
        let others = permissions & 0o7666;
        if self == Kind::Executable {
            others | ((permissions & 0o444) >> 2)
        } else {
            others
        }
    }
}

/// What tells that a file has changed without reading it.
///
/// The time of its last change of any kind is part of it, and no program can set that back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    pub(crate) size: u64,
    pub(crate) modified: Nanos,
    pub(crate) changed: Nanos,
    pub(crate) inode: u64,
}

/// Seconds and nanoseconds by the file system's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Nanos(pub(crate) i64, pub(crate) i64);

/// A file or link that was looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) kind: Kind,
    pub(crate) stamp: Stamp,
    /// Its permissions, without its type.
    pub(crate) permissions: RawMode,
}

impl Look {
    /// Nothing for what is neither file nor link.
    #[allow(
        clippy::unnecessary_cast,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        reason = "these fields have other types on other systems"
    )]
    pub(crate) fn of(stat: &Stat) -> Option<Self> {
        let mode = stat.st_mode as RawMode;
        let kind = match FileType::from_raw_mode(mode) {
            FileType::RegularFile if mode & 0o100 != 0 => Kind::Executable,
            FileType::RegularFile => Kind::Plain,
            FileType::Symlink => Kind::Link,
            _ => return None,
        };
        Some(Self {
            kind,
            stamp: Stamp {
                size: stat.st_size as u64,
                modified: Nanos(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
                changed: Nanos(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
                inode: stat.st_ino as u64,
            },
            permissions: mode & 0o7777,
        })
    }
}
