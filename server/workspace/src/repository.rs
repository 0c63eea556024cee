//! Opening git repositories: by explicit path, through libgit2 alone.
//!
//! libgit2 starts no process for a repository: no hook, filter, fsmonitor or external driver. The
//! environment (`GIT_DIR` and the like) has no say in which repository is opened.

use std::ffi::OsStr;

use camino::{Utf8Path, Utf8PathBuf};
use git2::{Repository, RepositoryOpenFlags};

/// The top folder of the working tree that `folder` is in, going by where `.git` is.
pub(crate) fn top_of(folder: &Utf8Path) -> Option<Utf8PathBuf> {
    folder
        .ancestors()
        .find(|ancestor| ancestor.join(".git").exists())
        .map(Utf8Path::to_path_buf)
}

/// Opens the repository whose working tree has its top at `top`.
pub(crate) fn open(top: &Utf8Path) -> Result<Repository, git2::Error> {
    let no_ceilings: [&OsStr; 0] = [];
    Repository::open_ext(top, RepositoryOpenFlags::NO_SEARCH, no_ceilings)
}
