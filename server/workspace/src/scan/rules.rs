//! What git ignores, with the rules taken from wherever they are to be taken: a folder on disk, or
//! a commit, so that whoever works in a lane cannot change what is seen of it.

use std::sync::Arc;

use camino::Utf8Path;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Folders that are made again rather than kept, whatever git says.
const MADE_AGAIN: &[&str] = &["node_modules", "__pycache__"];

/// Rules for a whole tree. Paths are relative to its top.
#[derive(Debug)]
pub(crate) struct Rules {
    /// The user's, and the repository's own that are not committed. The stronger first.
    general: Vec<Gitignore>,
    /// Whether nothing is ignored, whatever anybody says.
    is_off: bool,
}

impl Rules {
    /// By which nothing is ignored.
    pub(crate) fn off() -> Self {
        Self {
            general: Vec::new(),
            is_off: true,
        }
    }

    /// Whether a folder is ignored that has a [mark](is_mark).
    pub(crate) fn ignore_marked(&self) -> bool {
        !self.is_off
    }

    /// For a repository that keeps its own excludes in `exclude`.
    pub(crate) fn new(exclude: Option<&Utf8Path>) -> Self {
        let mut general = Vec::new();
        if let Some(text) = exclude.and_then(|file| std::fs::read_to_string(file).ok()) {
            general.push(parse("", &text));
        }
        let (of_user, error) = GitignoreBuilder::new("/").build_global();
        if let Some(error) = error {
            tracing::warn!(%error, "the user's git excludes");
        }
        general.push(of_user);
        Self {
            general,
            is_off: false,
        }
    }
}

/// The rules that hold in one folder: its own, and those above it.
#[derive(Debug, Clone)]
pub(crate) struct InFolder {
    own: Option<Arc<(Gitignore, InFolder)>>,
    is_ignored: bool,
}

impl InFolder {
    /// At the top of a tree.
    pub(crate) fn top() -> Self {
        Self {
            own: None,
            is_ignored: false,
        }
    }

    /// With the text of this folder's own `.gitignore` added.
    pub(crate) fn with(self, folder: &str, text: &str) -> Self {
        if self.is_ignored {
            return self;
        }
        Self {
            is_ignored: false,
            own: Some(Arc::new((parse(folder, text), self))),
        }
    }

    /// For a folder in this one. What is in an ignored folder is ignored.
    pub(crate) fn within(&self, is_ignored: bool) -> Self {
        Self {
            is_ignored: self.is_ignored || is_ignored,
            own: self.own.clone(),
        }
    }

    /// Whether a path in this folder is ignored.
    pub(crate) fn ignores(&self, rules: &Rules, path: &str, is_folder: bool) -> bool {
        if rules.is_off {
            return false;
        }
        if self.is_ignored {
            return true;
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        if is_folder && MADE_AGAIN.contains(&name) || is_our_database(path, name) {
            return true;
        }
        let path = format!("/{path}");
        let own = std::iter::successors(self.own.as_deref(), |(_, above)| above.own.as_deref());
        own.map(|(rules, _)| rules)
            .chain(&rules.general)
            .map(|rules| rules.matched(&path, is_folder))
            .find(|found| !found.is_none())
            .is_some_and(|found| matches!(found, Match::Ignore(_)))
    }
}

/// Whether a folder says by a file in it that it can be made again: caches
/// (<https://bford.info/cachedir/>) and Python's virtual environments (PEP 405).
pub(crate) fn is_mark(name: &str) -> bool {
    matches!(name, "CACHEDIR.TAG" | "pyvenv.cfg")
}

fn is_our_database(path: &str, name: &str) -> bool {
    name.starts_with("state.db")
        && path
            .strip_suffix(name)
            .is_some_and(|folder| folder == ".tdd/" || folder.ends_with("/.tdd/"))
}

fn parse(folder: &str, text: &str) -> Gitignore {
    let mut builder = GitignoreBuilder::new(format!("/{folder}"));
    for line in text.lines() {
        // What is wrong in it is left out, as git does.
        builder.add_line(None, line).ok();
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}
