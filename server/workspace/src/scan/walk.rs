//! The files in a folder that count, with what the file system says of each.

use std::collections::HashSet;
use std::io;
use std::os::fd::OwnedFd;

use super::names::is_git_folder;
use rustix::fs::{AtFlags, FileType, RawMode};

use super::beneath::{Root, read_in};
use super::rules::{InFolder, Rules, is_mark};
use super::stamp::{Kind, Look};
use super::unfinished::is_unfinished;

/// Where the text of `.gitignore` files comes from.
pub(crate) enum RuleTexts<'a> {
    /// From the folder that is walked.
    OnDisk,
    /// From elsewhere, by the file's path.
    From(&'a dyn Fn(&str) -> Option<Vec<u8>>),
}

/// What counts although it is ignored, and every folder on the way to it.
#[derive(Debug, Default)]
pub(crate) struct Tracked {
    files: HashSet<String>,
    folders: HashSet<String>,
}

impl Tracked {
    pub(crate) fn add(&mut self, path: &str) {
        let mut folder = path;
        while let Some((above, _)) = folder.rsplit_once('/') {
            if !self.folders.insert(above.to_owned()) {
                break;
            }
            folder = above;
        }
        self.files.insert(path.to_owned());
    }

    pub(crate) fn contains(&self, path: &str) -> bool {
        self.files.contains(path)
    }
}

/// Something in a folder that is not recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Where it is, relative to the top. Bytes that are no UTF-8 are replaced.
    pub path: String,
    /// Why it is not recorded.
    pub why: Why,
}

/// Why something is not recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// Its name is no UTF-8.
    NotUtf8,
    /// It bears the name that git's own folders have, on some system.
    GitFolder,
    /// It is a socket, a pipe or a device.
    Special,
    /// Its permissions do not let us read it.
    Unreadable,
    /// It is larger than what is recorded, and not known to git.
    TooLarge,
    /// It is a new link that leads out of the folder.
    LeadsOut,
}

impl Why {
    /// The reason, for people.
    #[must_use]
    pub fn explain(self) -> &'static str {
        match self {
            Why::NotUtf8 => "its name is no UTF-8",
            Why::GitFolder => "its name is one of git's own",
            Why::Special => "it is no file, folder or link",
            Why::Unreadable => "its permissions do not let us read it",
            Why::TooLarge => "it is too large",
            Why::LeadsOut => "it is a link that leads out of the folder",
        }
    }
}

/// What a walk found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Files and links that count, in no order.
    pub(crate) files: Vec<(String, Look)>,
    /// What does not count for its kind or name.
    pub(crate) refused: Vec<Refused>,
    /// Folders that count and have nothing in them.
    pub(crate) empty: Vec<String>,
    /// Files whose writer died.
    pub(crate) unfinished: Vec<String>,
    /// Folders with a `.git` in them; the top is an empty path.
    pub(crate) repositories: Vec<String>,
}

/// Walks a folder: all that is tracked or not ignored.
///
/// The folder's own `.git`, and those beneath it, are not entered.
pub(crate) fn walk(
    root: &Root,
    rules: &Rules,
    texts: &RuleTexts<'_>,
    tracked: &Tracked,
) -> io::Result<Found> {
    let mut walker = Walker {
        rules,
        texts,
        tracked,
        found: Found::default(),
    };
    walker.folder(&root.folder("")?, "", &InFolder::top())?;
    Ok(walker.found)
}

struct Walker<'a> {
    rules: &'a Rules,
    texts: &'a RuleTexts<'a>,
    tracked: &'a Tracked,
    found: Found,
}

impl Walker<'_> {
    fn folder(&mut self, folder: &OwnedFd, path: &str, above: &InFolder) -> io::Result<()> {
        let names = self.names(folder, path)?;
        if names.is_empty() {
            self.found.empty.push(path.to_owned());
        }
        let is_marked = self.rules.ignore_marked()
            && !path.is_empty()
            && names.iter().any(|name| is_mark(name));
        let mut here = above.within(is_marked);
        if let Some(text) = self.rule_text(folder, path, &names) {
            here = here.with(path, &String::from_utf8_lossy(&text));
        }
        for name in names {
            let path = joined(path, &name);
            if is_git_folder(&name) {
                self.git_folder(&name, path);
                continue;
            }
            if is_unfinished(&name) {
                self.found.unfinished.push(path);
                continue;
            }
            let stat = match rustix::fs::statat(folder, &name, AtFlags::SYMLINK_NOFOLLOW) {
                Err(rustix::io::Errno::NOENT) => continue,
                stat => stat?,
            };
            #[allow(clippy::unnecessary_cast, reason = "another type on other systems")]
            let is_folder = FileType::from_raw_mode(stat.st_mode as RawMode) == FileType::Directory;
            let is_ignored = here.ignores(self.rules, &path, is_folder);
            if is_folder {
                if !is_ignored || self.tracked.folders.contains(&path) {
                    self.inner(folder, &name, &path, &here.within(is_ignored))?;
                }
            } else if !is_ignored || self.tracked.contains(&path) {
                match Look::of(&stat) {
                    Some(look) => self.found.files.push((path, look)),
                    None => self.refuse(path, Why::Special),
                }
            }
        }
        Ok(())
    }

    fn inner(
        &mut self,
        above: &OwnedFd,
        name: &str,
        path: &str,
        rules: &InFolder,
    ) -> io::Result<()> {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(above, name, flags, Mode::empty()) {
            Ok(folder) => self.folder(&folder, path, rules),
            // It has gone, or become something else, since it was listed.
            Err(error) if super::beneath::is_absent(&error.into()) => Ok(()),
            Err(rustix::io::Errno::ACCESS) => {
                self.refuse(path.to_owned(), Why::Unreadable);
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn names(&mut self, folder: &OwnedFd, path: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(folder)? {
            let entry = entry?;
            match entry.file_name().to_str() {
                Ok("." | "..") => {}
                Ok(name) => names.push(name.to_owned()),
                Err(_) => {
                    let name = entry.file_name().to_string_lossy();
                    self.refuse(joined(path, &name), Why::NotUtf8);
                }
            }
        }
        Ok(names)
    }

    fn rule_text(&self, folder: &OwnedFd, path: &str, names: &[String]) -> Option<Vec<u8>> {
        const NAME: &str = ".gitignore";
        match self.texts {
            RuleTexts::From(text) => text(&joined(path, NAME)),
            RuleTexts::OnDisk if names.iter().any(|name| name == NAME) => {
                // Not through a link, as git does.
                read_in(folder, NAME, Kind::Plain).ok()
            }
            RuleTexts::OnDisk => None,
        }
    }

    fn git_folder(&mut self, name: &str, path: String) {
        match path
            .strip_suffix(name)
            .map(|folder| folder.trim_end_matches('/'))
        {
            Some(folder) if name == ".git" => self.found.repositories.push(folder.to_owned()),
            _ => self.refuse(path, Why::GitFolder),
        }
    }

    fn refuse(&mut self, path: String, why: Why) {
        self.found.refused.push(Refused { path, why });
    }
}

fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}
