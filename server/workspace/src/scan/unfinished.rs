//! Files that are written beside their place and put there in one step.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, Mode, OFlags, RawMode, RenameFlags};
use rustix::io::Errno;

use super::beneath::{Root, is_absent, look_in, read_in, remove_in};
use super::stamp::{Kind, Look};

/// How names of files begin that are written and not yet in their place.
const UNFINISHED: &str = ".greenward-unfinished-";

/// So many are looked for beside one file.
const MOST_LEFT: usize = 16;

/// Whether a name is of a file that was being written when its writer died.
pub(crate) fn is_unfinished(name: &str) -> bool {
    name.starts_with(UNFINISHED)
}

/// A file that is written, beside its place. It is removed unless it is put there.
#[derive(Debug)]
pub(crate) struct Unfinished<'a> {
    folder: OwnedFd,
    beside: String,
    name: &'a str,
    is_there: bool,
}

impl<'a> Unfinished<'a> {
    /// Writes what is to come under a name in a folder.
    pub(crate) fn write(
        folder: OwnedFd,
        name: &'a str,
        kind: Kind,
        content: &[u8],
        permissions: Option<RawMode>,
    ) -> io::Result<Self> {
        let mut unfinished = Self::new(folder, name);
        loop {
            match unfinished.begin(kind, content, permissions) {
                // One that was left behind: nobody knows what it holds.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    unfinished.beside.push('-');
                }
                Err(error) => return Err(error),
                Ok(()) => return Ok(unfinished),
            }
        }
    }

    /// Moves what is under a name out of its place.
    pub(crate) fn withdraw(folder: OwnedFd, name: &'a str) -> io::Result<Self> {
        let mut unfinished = Self::new(folder, name);
        loop {
            let (folder, to) = (&unfinished.folder, &unfinished.beside);
            match rename_in(folder, name, to, RenameFlags::NOREPLACE) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    unfinished.beside.push('-');
                }
                Err(error) => return Err(error),
                Ok(()) => {
                    unfinished.is_there = true;
                    return Ok(unfinished);
                }
            }
        }
    }

    fn new(folder: OwnedFd, name: &'a str) -> Self {
        Self {
            beside: first_beside(name),
            folder,
            name,
            is_there: false,
        }
    }

    fn begin(
        &mut self,
        kind: Kind,
        content: &[u8],
        permissions: Option<RawMode>,
    ) -> io::Result<()> {
        if kind == Kind::Link {
            rustix::fs::symlinkat(content, &self.folder, &self.beside)?;
            self.is_there = true;
            return Ok(());
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.folder, &self.beside, flags, kind.permissions())?;
        self.is_there = true;
        let mut file = File::from(file);
        file.write_all(content)?;
        if let Some(permissions) = permissions {
            let mode = Mode::from_raw_mode(kind.applied_to(permissions));
            rustix::fs::fchmod(&file, mode)?;
        }
        Ok(())
    }

    /// Puts it in its place. With [`RenameFlags::NOREPLACE`], only if nothing is there.
    pub(crate) fn finish(mut self, flags: RenameFlags) -> io::Result<Look> {
        self.rename(flags)?;
        self.is_there = false;
        look_in(&self.folder, self.name)
    }

    /// Changes places with what is there; then this is what was there.
    pub(crate) fn exchange(&self) -> io::Result<()> {
        self.rename(RenameFlags::EXCHANGE)
    }

    /// What is beside the place: what was written or, after an exchange, what it replaced.
    pub(crate) fn beside(&self) -> io::Result<(Kind, Vec<u8>)> {
        let kind = look_in(&self.folder, &self.beside)?.kind;
        Ok((kind, read_in(&self.folder, &self.beside, kind)?))
    }

    /// Puts it in its place if nothing is there.
    pub(crate) fn put_back(&self) -> io::Result<()> {
        self.rename(RenameFlags::NOREPLACE)
    }

    /// Removes it.
    pub(crate) fn remove(&self) -> io::Result<()> {
        remove_in(&self.folder, &self.beside)
    }

    fn rename(&self, flags: RenameFlags) -> io::Result<()> {
        rename_in(&self.folder, &self.beside, self.name, flags)
    }
}

/// What writers that died have left beside a file.
pub(crate) fn left_beside<'a>(root: &Root, path: &'a str) -> io::Result<Vec<Unfinished<'a>>> {
    let mut found = Vec::new();
    let (mut folder, name) = match root.parent(path) {
        Err(error) if is_absent(&error) => return Ok(found),
        parent => parent?,
    };
    let mut beside = first_beside(name);
    // Each further one has a longer name, as `write` and `withdraw` give them. One in between may be
    // gone.
    for _ in 0..MOST_LEFT {
        match look_in(&folder, &beside) {
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(error),
            Ok(_) => {
                let next = folder.try_clone()?;
                found.push(Unfinished {
                    folder,
                    beside: beside.clone(),
                    name,
                    is_there: false,
                });
                folder = next;
            }
        }
        beside.push('-');
    }
    Ok(found)
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if self.is_there {
            remove_in(&self.folder, &self.beside).ok();
        }
    }
}

fn rename_in(folder: &OwnedFd, from: &str, to: &str, flags: RenameFlags) -> io::Result<()> {
    if flags.is_empty() {
        return Ok(rustix::fs::renameat(folder, from, folder, to)?);
    }
    match rustix::fs::renameat_with(folder, from, folder, to, flags) {
        // The file system does not know how.
        Err(Errno::INVAL) if flags == RenameFlags::NOREPLACE => {
            if rustix::fs::statat(folder, to, AtFlags::SYMLINK_NOFOLLOW).is_ok() {
                return Err(Errno::EXIST.into());
            }
            Ok(rustix::fs::renameat(folder, from, folder, to)?)
        }
        renamed => Ok(renamed?),
    }
}

/// Under which name a file is written at first.
fn first_beside(name: &str) -> String {
    format!("{UNFINISHED}{:016x}", stable_number(name))
}

/// A number that two files of one folder hardly share.
fn stable_number(name: &str) -> u64 {
    let hash = blake3::hash(name.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_bytes()[..8]);
    u64::from_le_bytes(first)
}
