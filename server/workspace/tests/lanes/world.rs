//! A user's folder, with or without a repository, and places for Greenward's own files.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use git2::{IndexAddOption, Oid, Repository, Signature, TreeWalkMode, TreeWalkResult};
use greenward_workspace::dirs::Dirs;
use greenward_workspace::lane::{Lane, Lanes, Purpose};
use greenward_workspace::objects::references::RefName;
use greenward_workspace::objects::{CommitId, ObjectStore};
use greenward_workspace::snapshot::Snapshot;

pub(crate) struct World {
    _folder: tempfile::TempDir,
    pub(crate) root: Utf8PathBuf,
    pub(crate) dirs: Dirs,
}

/// Files by path: what they hold, with `x ` before it if they may be run, and `-> ` if they are a
/// link.
pub(crate) type Files = BTreeMap<String, String>;

pub(crate) fn files<const N: usize>(list: [(&str, &str); N]) -> Files {
    list.map(|(path, content)| (path.to_owned(), content.to_owned()))
        .into()
}

pub(crate) fn at() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

pub(crate) fn name(text: &str) -> RefName {
    RefName::new(text).unwrap()
}

impl World {
    /// A folder that is in no repository.
    pub(crate) fn folder() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let base = Utf8PathBuf::from_path_buf(folder.path().canonicalize().unwrap()).unwrap();
        let world = World {
            dirs: dirs(&base),
            root: base.join("user/project"),
            _folder: folder,
        };
        fs::create_dir_all(&world.root).unwrap();
        world
    }

    /// A repository without a commit.
    pub(crate) fn unborn() -> Self {
        let world = World::folder();
        Repository::init(&world.root).unwrap();
        world
    }

    /// A repository whose last commit has these files.
    pub(crate) fn repository<const N: usize>(committed: [(&str, &str); N]) -> Self {
        let world = World::unborn();
        for (path, content) in committed {
            world.write(path, content);
        }
        world.commit();
        world
    }

    pub(crate) fn git(&self) -> Repository {
        Repository::open(&self.root).unwrap()
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        write(&self.root, path, content);
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.root.join(path)).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.root.join(path)).ok()
    }

    pub(crate) fn commit(&self) -> Oid {
        commit_all(&self.git())
    }

    pub(crate) fn store(&self) -> ObjectStore {
        ObjectStore::open(&self.root, &self.dirs).unwrap()
    }

    pub(crate) fn lanes(&self) -> Lanes {
        Lanes::new(self.store(), &self.dirs)
    }

    pub(crate) fn take(&self, commit: CommitId) -> Lane {
        self.lanes()
            .take(Purpose::Work, "cycle-1", commit, at())
            .unwrap()
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.snapshot_with(&[])
    }

    pub(crate) fn snapshot_with(&self, overlay: &[(&str, &str)]) -> Snapshot {
        let overlay: Vec<_> = overlay
            .iter()
            .map(|(path, text)| (self.root.join(path), (*text).into()))
            .collect();
        self.store().snapshot(&overlay, "snapshot", at()).unwrap()
    }

    /// What a commit has.
    pub(crate) fn files(&self, commit: CommitId) -> Files {
        let repository = if self.root.join(".git").exists() {
            self.git()
        } else {
            let ours = self.dirs.state().join("repositories");
            let ours = ours.read_dir_utf8().unwrap().next().unwrap().unwrap();
            Repository::open(ours.path()).unwrap()
        };
        let id = Oid::from_str(&commit.to_string()).unwrap();
        let tree = repository.find_commit(id).unwrap().tree().unwrap();
        let mut files = Files::new();
        tree.walk(TreeWalkMode::PreOrder, |folder, entry| {
            let mark = match entry.filemode() {
                0o040_000 => return TreeWalkResult::Ok,
                0o100_755 => "x ",
                0o120_000 => "-> ",
                0o100_644 => "",
                other => panic!("mode {other:o}"),
            };
            let blob = repository.find_blob(entry.id()).unwrap();
            let content = String::from_utf8_lossy(blob.content());
            let path = format!("{}{}", folder, entry.name().unwrap());
            files.insert(path, format!("{mark}{content}"));
            TreeWalkResult::Ok
        })
        .unwrap();
        files
    }

    /// All that must not change: every file of the user's folder with its times, the repository's
    /// own included, but for objects and our references.
    pub(crate) fn untouched(&self) -> BTreeMap<String, (i64, i64, Vec<u8>)> {
        let mut all = BTreeMap::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in folder.read_dir_utf8().unwrap() {
                let path = entry.unwrap().path().to_path_buf();
                let inner = path.strip_prefix(&self.root).unwrap().as_str().to_owned();
                let metadata = path.symlink_metadata().unwrap();
                if inner == ".git/objects" || inner == ".git/refs/greenward" {
                    continue;
                }
                let content = if metadata.is_dir() {
                    folders.push(path);
                    continue;
                } else if metadata.is_symlink() {
                    path.read_link_utf8().unwrap().into_string().into_bytes()
                } else {
                    fs::read(&path).unwrap_or_default()
                };
                all.insert(inner, (metadata.mtime(), metadata.mtime_nsec(), content));
            }
        }
        all
    }
}

pub(crate) fn dirs(base: &Utf8Path) -> Dirs {
    let env = [("HOME".to_owned(), base.join("home").into_string())];
    Dirs::from_env(&env.into()).unwrap()
}

pub(crate) fn write(root: &Utf8Path, path: &str, content: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

pub(crate) fn make_executable(path: &Utf8Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

pub(crate) fn commit_all(repository: &Repository) -> Oid {
    let mut index = repository.index().unwrap();
    index.add_all(["*"], IndexAddOption::DEFAULT, None).unwrap();
    index.update_all(["*"], None).unwrap();
    index.write().unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let who = Signature::now("a", "a@example.org").unwrap();
    let parent = repository
        .head()
        .ok()
        .and_then(|head| head.peel_to_commit().ok());
    let parents: Vec<_> = parent.iter().collect();
    repository
        .commit(Some("HEAD"), &who, &who, "", &tree, &parents)
        .unwrap()
}

/// What is in a folder, but for its own `.git`.
pub(crate) fn on_disk(root: &Utf8Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir_utf8().unwrap() {
            let path = entry.unwrap().path().to_path_buf();
            let inner = path.strip_prefix(root).unwrap().as_str().to_owned();
            let metadata = path.symlink_metadata().unwrap();
            if inner == ".git" {
                continue;
            }
            if metadata.is_dir() {
                folders.push(path);
                continue;
            }
            let content = if metadata.is_symlink() {
                format!("-> {}", path.read_link_utf8().unwrap())
            } else {
                let mark = if metadata.mode() & 0o100 != 0 {
                    "x "
                } else {
                    ""
                };
                format!(
                    "{mark}{}",
                    String::from_utf8_lossy(&fs::read(&path).unwrap())
                )
            };
            files.insert(inner, content);
        }
    }
    files
}
