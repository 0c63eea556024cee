//! What has changed since the last commit.

use camino::{Utf8Path, Utf8PathBuf};
use git2::{ErrorCode, Status, StatusOptions};

use crate::repository;

/// Why a repository could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ChangesError {
    /// It belongs to another user, whose word about what to do there does not count.
    #[error(
        "the git repository at {top} belongs to another user; \
         `git config --global --add safe.directory {top}` says that this is meant"
    )]
    NotOwned {
        /// The top of its working tree.
        top: Utf8PathBuf,
    },
    /// It is damaged, or cannot be read.
    #[error("cannot read the git repository at {top}")]
    Git {
        /// The top of its working tree.
        top: Utf8PathBuf,
        /// What libgit2 said.
        source: git2::Error,
    },
}

/// The files beneath a folder that are not as the last commit has them, absolute, sorted: changed,
/// added, staged, deleted, and new ones that git does not ignore. Before the first commit these are
/// all files. Nothing if the folder is in no repository, or in one without a working tree.
///
/// Neither the repository nor its index is written to.
///
/// # Errors
/// [`ChangesError`], if there is a repository that cannot be read.
pub fn changed_since_head(folder: &Utf8Path) -> Result<Option<Vec<Utf8PathBuf>>, ChangesError> {
    let Some(top) = repository::top_of(folder) else {
        return Ok(None);
    };
    statuses(&top)
        .map(|files| {
            let mut changed: Vec<_> = files?
                .into_iter()
                .map(|file| top.join(file))
                .filter(|file| file.starts_with(folder))
                .collect();
            changed.sort_unstable();
            Some(changed)
        })
        .map_err(|source| match source.code() {
            ErrorCode::Owner => ChangesError::NotOwned { top },
            _ => ChangesError::Git { top, source },
        })
}

/// The changed files, relative to the top; nothing without a working tree.
fn statuses(top: &Utf8Path) -> Result<Option<Vec<Utf8PathBuf>>, git2::Error> {
    let repository = repository::open(top)?;
    if repository.is_bare() {
        return Ok(None);
    }
    let mut options = StatusOptions::new();
    options
        .include_untracked(true)
        .recurse_untracked_dirs(true)
        .exclude_submodules(true)
        .update_index(false);
    let statuses = repository.statuses(Some(&mut options))?;
    let changed = statuses
        .iter()
        .filter(|entry| entry.status() != Status::CURRENT)
        .filter_map(|entry| match str::from_utf8(entry.path_bytes()) {
            Ok(path) => Some(Utf8PathBuf::from(path)),
            Err(_) => {
                let path = String::from_utf8_lossy(entry.path_bytes());
                tracing::warn!(%path, "skipped: its name is no UTF-8");
                None
            }
        })
        .collect();
    Ok(Some(changed))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use git2::{Repository, Signature};

    use super::*;

    struct World {
        _folder: tempfile::TempDir,
        root: Utf8PathBuf,
        repository: Repository,
    }

    impl World {
        /// A repository whose last commit has these files.
        fn new(committed: &[(&str, &str)]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let root = Utf8PathBuf::from_path_buf(folder.path().canonicalize().unwrap()).unwrap();
            let world = World {
                repository: Repository::init(&root).unwrap(),
                _folder: folder,
                root,
            };
            for (path, content) in committed {
                world.write(path, content);
                world.stage(path);
            }
            if !committed.is_empty() {
                world.commit();
            }
            world
        }

        fn write(&self, path: &str, content: &str) {
            let path = self.root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }

        fn stage(&self, path: &str) {
            let mut index = self.repository.index().unwrap();
            index.add_path(path.as_ref()).unwrap();
            index.write().unwrap();
        }

        fn commit(&self) {
            let tree = self.repository.index().unwrap().write_tree().unwrap();
            let tree = self.repository.find_tree(tree).unwrap();
            let who = Signature::now("a", "a@example.org").unwrap();
            self.repository
                .commit(Some("HEAD"), &who, &who, "", &tree, &[])
                .unwrap();
        }

        #[track_caller]
        fn check(&self, folder: &str, expected: &[&str]) {
            let folder = self.root.join(folder);
            let changed = changed_since_head(&folder).unwrap().unwrap();
            let changed: Vec<_> = changed
                .iter()
                .map(|path| path.strip_prefix(&self.root).unwrap().as_str())
                .collect();
            assert_eq!(changed, expected);
        }
    }

    #[test]
    fn every_kind_of_change_counts() {
        let world = World::new(&[
            (".gitignore", "*.log"),
            ("same", ""),
            ("changed", ""),
            ("staged", ""),
            ("staged and back", "a"),
            ("deleted", ""),
        ]);
        world.check("", &[]);
        world.write("changed", "x");
        world.write("staged", "x");
        world.stage("staged");
        world.write("staged and back", "b");
        world.stage("staged and back");
        world.write("staged and back", "a");
        world.write("added", "");
        world.stage("added");
        world.write("new/deep/file", "");
        world.write("ignored.log", "");
        fs::remove_file(world.root.join("deleted")).unwrap();
        world.check(
            "",
            &[
                "added",
                "changed",
                "deleted",
                "new/deep/file",
                "staged",
                "staged and back",
            ],
        );
        world.check("new", &["new/deep/file"]);
        world.check("no/such", &[]);
    }

    #[test]
    fn before_the_first_commit_everything_is_new() {
        let world = World::new(&[]);
        world.check("", &[]);
        world.write("a", "");
        world.write("b/c", "");
        world.stage("a");
        world.check("", &["a", "b/c"]);
    }

    #[test]
    fn a_repository_in_the_repository_is_another_one() {
        let world = World::new(&[("a", "")]);
        Repository::init(world.root.join("inner")).unwrap();
        world.write("inner/b", "");
        world.check("inner", &["inner/b"]);
    }

    #[test]
    fn no_repository_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        assert!(matches!(changed_since_head(folder), Ok(None)));
    }

    #[test]
    fn a_damaged_repository_is_an_error() {
        let world = World::new(&[("a", "")]);
        fs::write(world.root.join(".git/HEAD"), "\u{0}").unwrap();
        assert!(matches!(
            changed_since_head(&world.root),
            Err(ChangesError::Git { .. })
        ));
        fs::remove_dir_all(world.root.join(".git")).unwrap();
        fs::write(world.root.join(".git"), "gitdir: /no/such/folder").unwrap();
        assert!(matches!(
            changed_since_head(&world.root),
            Err(ChangesError::Git { .. })
        ));
    }

    /// What `git status` would run, libgit2 does not.
    #[test]
    fn nothing_that_the_repository_names_is_run() {
        let world = World::new(&[("a", "1"), (".gitattributes", "* filter=planted")]);
        let planted = world.root.join("planted");
        let command = format!("touch {planted}; cat");
        let mut config = world.repository.config().unwrap();
        for key in [
            "core.fsmonitor",
            "filter.planted.clean",
            "filter.planted.smudge",
            "filter.planted.process",
            "diff.external",
        ] {
            config.set_str(key, &command).unwrap();
        }
        world.write("a", "2");
        world.check("", &["a"]);
        assert!(!planted.exists());
    }
}
