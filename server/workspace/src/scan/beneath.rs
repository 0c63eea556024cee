//! Files beneath a folder, reached so that no path leads out of it.
//!
//! A folder on the way is opened beneath its root and never through a symbolic link (`openat2` with
//! `RESOLVE_BENEATH` and `RESOLVE_NO_SYMLINKS` on Linux, one component at a time with `O_NOFOLLOW`
//! elsewhere). What is there is looked at, not followed. So whoever swaps a folder for a link
//! between a look and a deed gains nothing.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};

use camino::{Utf8Path, Utf8PathBuf};
use rustix::fs::{AtFlags, Mode, OFlags, RawMode, RenameFlags};
use rustix::io::Errno;

use super::stamp::{Kind, Look};
use super::unfinished::Unfinished;

/// A folder, and the way to what is beneath it.
#[derive(Debug)]
pub(crate) struct Root {
    folder: OwnedFd,
    path: Utf8PathBuf,
}

impl Root {
    /// Opens a folder that is there.
    pub(crate) fn open(path: &Utf8Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self {
            folder: rustix::fs::open(path.as_std_path(), flags, Mode::empty())?,
            path: path.to_path_buf(),
        })
    }

    /// Opens a folder of our own, where nobody else has put a link in its place.
    pub(crate) fn open_own(path: &Utf8Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        Ok(Self {
            folder: rustix::fs::open(path.as_std_path(), flags, Mode::empty())?,
            path: path.to_path_buf(),
        })
    }

    /// Where it was when it was opened.
    pub(crate) fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// Whether this folder is still what lies at its path.
    pub(crate) fn is_in_place(&self) -> bool {
        let opened = rustix::fs::fstat(&self.folder);
        let at_path = rustix::fs::lstat(self.path.as_std_path());
        matches!((opened, at_path), (Ok(a), Ok(b)) if (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino))
    }

    /// Opens a folder beneath; the root itself by an empty path.
    pub(crate) fn folder(&self, path: &str) -> io::Result<OwnedFd> {
        if path.is_empty() {
            return self.folder.try_clone();
        }
        check(path)?;
        open_beneath(&self.folder, path)
    }

    /// What is at a path; nothing if it is not there, or is no file or link.
    pub(crate) fn look(&self, path: &str) -> io::Result<Option<Look>> {
        let (folder, name) = match self.parent(path) {
            Ok(found) => found,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        match look_in(&folder, name) {
            Err(error) if is_absent(&error) => Ok(None),
            found => found.map(Some),
        }
    }

    /// What a file holds, or where a link leads.
    pub(crate) fn read(&self, path: &str, kind: Kind) -> io::Result<Vec<u8>> {
        let (folder, name) = self.parent(path)?;
        read_in(&folder, name, kind)
    }

    /// Puts a file or a link in its place in one step, with the folders that it needs. What was
    /// there, if it was no folder, is replaced.
    pub(crate) fn replace(&self, path: &str, kind: Kind, content: &[u8]) -> io::Result<Look> {
        let unfinished = self.prepare(path, kind, content, None)?;
        unfinished.finish(RenameFlags::empty())
    }

    /// Writes a file beside its place, so that it can be put there in one step. `permissions` are
    /// those of the file that it replaces.
    pub(crate) fn prepare<'a>(
        &self,
        path: &'a str,
        kind: Kind,
        content: &[u8],
        permissions: Option<RawMode>,
    ) -> io::Result<Unfinished<'a>> {
        self.make_folders_for(path)?;
        let (folder, name) = self.parent(path)?;
        Unfinished::write(folder, name, kind, content, permissions)
    }

    /// Moves a file out of its place, in one step. It is removed unless it is put back.
    pub(crate) fn withdraw<'a>(&self, path: &'a str) -> io::Result<Unfinished<'a>> {
        let (folder, name) = self.parent(path)?;
        Unfinished::withdraw(folder, name)
    }

    /// Removes a file or link; it is no error if there is none. Folders that this leaves empty go
    /// too.
    pub(crate) fn remove(&self, path: &str) -> io::Result<()> {
        let found = self
            .parent(path)
            .and_then(|(folder, name)| remove_in(&folder, name));
        match found {
            Err(error) if !is_absent(&error) => return Err(error),
            _ => {}
        }
        self.remove_empty_above(path);
        Ok(())
    }

    /// Removes the folders above a path as far as nothing is in them.
    pub(crate) fn remove_empty_above(&self, path: &str) {
        let mut above = Utf8Path::new(path).parent();
        while let Some(folder) = above.filter(|folder| *folder != "") {
            if self.remove_empty_folder(folder.as_str()).is_err() {
                break;
            }
            above = folder.parent();
        }
    }

    /// Removes a folder if nothing is in it, and those above it that this leaves empty.
    pub(crate) fn remove_empty_folder(&self, path: &str) -> io::Result<()> {
        let (folder, name) = self.parent(path)?;
        rustix::fs::unlinkat(&folder, name, AtFlags::REMOVEDIR)?;
        self.remove_empty_above(path);
        Ok(())
    }

    /// Removes whatever is at a path, with all that is in it. Links are removed, not followed.
    pub(crate) fn remove_all(&self, path: &str) -> io::Result<()> {
        let (folder, name) = self.parent(path)?;
        remove_all_in(&folder, &CString::new(name)?)
    }

    /// Removes from a folder whatever has a name that is no UTF-8.
    pub(crate) fn remove_unnameable(&self, folder: &str) -> io::Result<()> {
        let folder = self.folder(folder)?;
        for name in names_in(&folder)? {
            if name.to_str().is_err() {
                remove_all_in(&folder, &name)?;
            }
        }
        Ok(())
    }

    /// Opens the folder that a path is in; the path's last name beside it.
    pub(crate) fn parent<'a>(&self, path: &'a str) -> io::Result<(OwnedFd, &'a str)> {
        check(path)?;
        match path.rsplit_once('/') {
            Some((folder, name)) => Ok((open_beneath(&self.folder, folder)?, name)),
            None => Ok((self.folder.try_clone()?, path)),
        }
    }

    fn make_folders_for(&self, path: &str) -> io::Result<()> {
        check(path)?;
        let Some((folders, _)) = path.rsplit_once('/') else {
            return Ok(());
        };
        if open_beneath(&self.folder, folders).is_ok() {
            return Ok(());
        }
        let mut folder = self.folder.try_clone()?;
        for name in folders.split('/') {
            match rustix::fs::mkdirat(&folder, name, Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            folder = open_one(&folder, name)?;
        }
        Ok(())
    }
}

/// Whether an error says that nothing is at the path, or something else than was looked for.
pub(crate) fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error().map(Errno::from_raw_os_error),
        Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP)
    )
}

/// What is in a folder under a name.
pub(crate) fn look_in(folder: &OwnedFd, name: &str) -> io::Result<Look> {
    let stat = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Look::of(&stat).ok_or_else(|| Errno::NOENT.into())
}

/// What a file in a folder holds, or where a link leads.
pub(crate) fn read_in(folder: &OwnedFd, name: &str, kind: Kind) -> io::Result<Vec<u8>> {
    if kind == Kind::Link {
        return Ok(rustix::fs::readlinkat(folder, name, Vec::new())?.into_bytes());
    }
    // A pipe that has taken the file's place must not make us wait.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::openat(folder, name, flags, Mode::empty())?;
    let mut content = Vec::new();
    File::from(file).read_to_end(&mut content)?;
    Ok(content)
}

pub(crate) fn remove_in(folder: &OwnedFd, name: &str) -> io::Result<()> {
    Ok(rustix::fs::unlinkat(folder, name, AtFlags::empty())?)
}

fn remove_all_in(folder: &OwnedFd, name: &CStr) -> io::Result<()> {
    match rustix::fs::unlinkat(folder, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        // Linux says the one, POSIX the other.
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    // A folder may forbid its owner to look into it.
    if let Ok(stat) = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
        && Mode::from_raw_mode(stat.st_mode) & Mode::RWXU != Mode::RWXU
    {
        rustix::fs::chmodat(folder, name, Mode::RWXU, AtFlags::empty())?;
    }
    let inner = open_one(folder, name)?;
    for name in names_in(&inner)? {
        remove_all_in(&inner, &name)?;
    }
    Ok(rustix::fs::unlinkat(folder, name, AtFlags::REMOVEDIR)?)
}

fn names_in(folder: &OwnedFd) -> io::Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in rustix::fs::Dir::read_from(folder)? {
        let name = entry?.file_name().to_owned();
        if !matches!(name.to_bytes(), b"." | b"..") {
            names.push(name);
        }
    }
    Ok(names)
}

const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

fn open_one(folder: impl AsFd, name: impl rustix::path::Arg) -> io::Result<OwnedFd> {
    Ok(rustix::fs::openat(folder, name, FOLDER, Mode::empty())?)
}

#[cfg(target_os = "linux")]
fn open_beneath(folder: &OwnedFd, path: &str) -> io::Result<OwnedFd> {
    use rustix::fs::ResolveFlags;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    match rustix::fs::openat2(folder, path, FOLDER, Mode::empty(), resolve) {
        // An older kernel, or one that is told not to.
        Err(Errno::NOSYS | Errno::PERM) => open_each(folder, path),
        opened => Ok(opened?),
    }
}

#[cfg(not(target_os = "linux"))]
fn open_beneath(folder: &OwnedFd, path: &str) -> io::Result<OwnedFd> {
    open_each(folder, path)
}

fn open_each(folder: &OwnedFd, path: &str) -> io::Result<OwnedFd> {
    let mut names = path.split('/');
    let first = open_one(folder, names.next().unwrap_or_default())?;
    names.try_fold(first, |folder, name| open_one(&folder, name))
}

/// Refuses paths that are not what they seem.
fn check(path: &str) -> io::Result<()> {
    let is_plain =
        |name: &str| !name.is_empty() && name != "." && name != ".." && !name.contains('\0');
    if path.split('/').all(is_plain) {
        Ok(())
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a path beneath the folder",
        ))
    }
}
