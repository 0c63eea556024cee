//! Finding what a writing was that somebody killed: a merge that came to the user's files in part.
//!
//! Before a merge is written, or given to an editor, `NAME/before-apply` is made to lead to what the
//! user has, and `NAME/applying` to what their files are to become; the parent of that commit is what
//! they were. The latter goes once the user's decision is recorded. So one that is there when nobody
//! is at it tells of a writing that was cut off, and of which files.

use std::io;
use std::time::SystemTime;

use camino::Utf8PathBuf;

use super::Merge;
use crate::lane::plain_path;
use crate::objects::change::differing;
use crate::objects::listing::{Entry, Listing};
use crate::objects::references::{RefName, ReferenceError};
use crate::objects::{CommitId, FileChange, ObjectStore, StoreError};
use crate::scan::beneath::Root;
use crate::scan::unfinished::left_beside;

/// The last part of the name that tells of a writing.
const APPLYING: &str = "applying";

/// A merge that somebody began to write, and of whose end nothing is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutOff {
    /// What the user had before.
    pub before: CommitId,
    /// What their files were to become.
    pub after: CommitId,
    /// Beneath which name it is known.
    pub name: RefName,
}

/// How far a merge has come that was cut off. Paths are relative to the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The files that are what they were to become.
    pub written: Vec<Utf8PathBuf>,
    /// The files that are not.
    pub missing: Vec<Utf8PathBuf>,
}

/// Why what was left could not be cleared up.
#[derive(Debug, thiserror::Error)]
pub enum ClearError {
    /// The versions cannot be read or kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be read or moved.
    #[error("cannot clear up beside {path}: {source}")]
    Io {
        /// The file in whose place another was to come.
        path: Utf8PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ObjectStore {
    /// Notes that a merge is about to be written, and what the user has before it is. Where an
    /// earlier writing of it has come to some files, what they had before that one stays noted.
    ///
    /// # Errors
    /// [`StoreError`], if that cannot be recorded.
    pub fn announce(
        &self,
        merge: &Merge,
        name: &RefName,
        at: SystemTime,
    ) -> Result<CutOff, StoreError> {
        let before = match self.announced(name)? {
            Some(earlier) if !self.progress(&earlier, merge.mine)?.written.is_empty() => {
                earlier.before
            }
            _ => merge.mine,
        };
        let repository = self.repository()?;
        let mut files = self.listing(&repository, merge.mine)?;
        for FileChange { path, after, .. } in &merge.files {
            let path = path.as_str();
            match after {
                None => drop(files.0.remove(path)),
                Some(after) => {
                    // A text that was merged is not recorded yet.
                    let blob = repository
                        .blob(&after.content)
                        .map_err(self.failed("record a file"))?;
                    let kind = after.kind;
                    files.0.insert(path.to_owned(), Entry { kind, blob });
                }
            }
        }
        let message = "Your work with the result";
        let after = self.commit(&repository, &files, Some(before.0), message, at)?;
        self.set_reference(&name.beneath("before-apply"), before)?;
        self.set_reference(&name.beneath(APPLYING), after)?;
        Ok(CutOff {
            before,
            after,
            name: name.clone(),
        })
    }

    /// What was announced by this name, and has not been forgotten.
    ///
    /// # Errors
    /// [`StoreError`], if it cannot be read.
    pub fn announced(&self, name: &RefName) -> Result<Option<CutOff>, StoreError> {
        let Some(after) = self.reference(&name.beneath(APPLYING))? else {
            return Ok(None);
        };
        let before = self
            .repository()?
            .find_commit(after.0)
            .and_then(|commit| commit.parent_id(0))
            .map_err(self.failed("read a version"))?;
        Ok(Some(CutOff {
            before: CommitId(before),
            after,
            name: name.clone(),
        }))
    }

    /// The names beneath which something was announced and not forgotten.
    ///
    /// # Errors
    /// [`StoreError`], if the repository cannot be read.
    pub fn names_announced(&self) -> Result<Vec<RefName>, StoreError> {
        let references = self.references("")?.into_iter();
        Ok(references
            .filter_map(|(name, _)| name.above(APPLYING))
            .collect())
    }

    /// Forgets an announcement: the merge is written, or will not be.
    ///
    /// # Errors
    /// [`StoreError`], if that cannot be recorded.
    pub fn forget(&self, cut_off: &CutOff) -> Result<(), StoreError> {
        match self.remove_reference(&cut_off.name.beneath(APPLYING), cut_off.after) {
            Ok(()) | Err(ReferenceError::Changed { .. }) => Ok(()),
            Err(ReferenceError::Store(error)) => Err(error),
        }
    }

    /// How far it has come, in what the user has now.
    ///
    /// # Errors
    /// [`StoreError`], if a version cannot be read.
    pub fn progress(&self, cut_off: &CutOff, mine: CommitId) -> Result<Progress, StoreError> {
        let repository = self.repository()?;
        let [before, after, mine] =
            [cut_off.before, cut_off.after, mine].map(|commit| self.listing(&repository, commit));
        let (before, after, mine) = (before?, after?, mine?);
        let (written, missing) = differing(&before, &after)
            .into_iter()
            .partition(|path| mine.0.get(*path) == after.0.get(*path));
        let paths = |paths: Vec<&str>| paths.into_iter().map(Utf8PathBuf::from).collect();
        Ok(Progress {
            written: paths(written),
            missing: paths(missing),
        })
    }

    /// Removes what whoever wrote it has left beside the user's files. Something of the user's
    /// among it comes back to its place or, if something else is there by now, is kept under
    /// references `NAME/saved/COMMIT`, which are returned.
    ///
    /// # Errors
    /// [`ClearError`]. What could not be cleared up is as it was.
    pub fn clear_up(&self, cut_off: &CutOff, at: SystemTime) -> Result<Vec<RefName>, ClearError> {
        let root = Root::open(self.top()).map_err(|source| ClearError::Io {
            path: self.top().to_path_buf(),
            source,
        })?;
        let mut kept = Vec::new();
        for change in self.changes(cut_off.before, cut_off.after)? {
            let FileChange {
                path,
                before,
                after,
            } = &change;
            let Ok(plain) = plain_path(path) else {
                continue;
            };
            let failed = |source| ClearError::Io {
                path: path.clone(),
                source,
            };
            for left in left_beside(&root, plain).map_err(failed)? {
                let (kind, content) = left.beside().map_err(failed)?;
                let is_old = before
                    .as_ref()
                    .is_some_and(|before| *before.content == *content);
                // It may have been written in part.
                let is_new = after
                    .as_ref()
                    .is_some_and(|after| after.content.starts_with(&content));
                if !is_old && !is_new {
                    match left.put_back() {
                        Ok(()) => continue,
                        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                        Err(error) => return Err(failed(error)),
                    }
                    let repository = self.repository()?;
                    let blob = repository
                        .blob(&content)
                        .map_err(self.failed("record a file"))?;
                    let entry = Entry { kind, blob };
                    let files = Listing([(plain.to_owned(), entry)].into());
                    let message = "What you saved while a result came to your work";
                    let saved = self.commit(&repository, &files, None, message, at)?;
                    let name = cut_off.name.beneath(&format!("saved/{saved}"));
                    self.set_reference(&name, saved)?;
                    kept.push(name);
                }
                left.remove().map_err(failed)?;
            }
            // Folders that were made for it.
            if before.is_none() {
                root.remove_empty_above(plain);
            }
        }
        Ok(kept)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use super::*;
    use crate::dirs::Dirs;
    use crate::scan::stamp::Kind;

    /// A folder with `old.txt` and `gone.txt`, for which a merge is announced that changes the one,
    /// removes the other, and adds `new/file.txt`.
    struct Scene {
        _folder: tempfile::TempDir,
        store: ObjectStore,
        merge: Merge,
        cut_off: CutOff,
    }

    const AT: SystemTime = SystemTime::UNIX_EPOCH;

    impl Scene {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let root = Utf8PathBuf::from_path_buf(folder.path().canonicalize().unwrap()).unwrap();
            let home = root.join("home").into_string();
            let dirs = Dirs::from_env(&BTreeMap::from([("HOME".to_owned(), home)])).unwrap();
            fs::create_dir(root.join("w")).unwrap();
            let store = ObjectStore::open(&root.join("w"), &dirs).unwrap();
            fs::write(store.top().join("old.txt"), "old").unwrap();
            fs::write(store.top().join("gone.txt"), "gone").unwrap();
            let base = store.snapshot(&[], "", AT).unwrap().commit;
            let files = [
                ("old.txt", Some("changed")),
                ("gone.txt", None),
                ("new/file.txt", Some("new")),
            ];
            let result = store.with_files(base, &files, "", AT).unwrap();
            let merge = store.merge(base, result, base).unwrap();
            let name = RefName::new("cycles/1").unwrap();
            let cut_off = store.announce(&merge, &name, AT).unwrap();
            Self {
                _folder: folder,
                store,
                merge,
                cut_off,
            }
        }

        fn root(&self) -> Root {
            Root::open(self.store.top()).unwrap()
        }

        /// Leaves something beside a file, as whoever is killed does.
        fn leave(&self, path: &str, content: &str) {
            let unfinished = self
                .root()
                .prepare(path, Kind::Plain, content.as_bytes(), None);
            std::mem::forget(unfinished.unwrap());
        }

        fn mine(&self) -> CommitId {
            self.store.snapshot(&[], "", AT).unwrap().commit
        }

        fn on_disk(&self) -> Vec<String> {
            let mut found = Vec::new();
            let mut folders = vec![self.store.top().to_owned()];
            while let Some(folder) = folders.pop() {
                for entry in folder.read_dir_utf8().unwrap() {
                    let path = entry.unwrap().into_path();
                    let name = path.strip_prefix(self.store.top()).unwrap().to_owned();
                    if path.is_dir() {
                        found.push(format!("{name}/"));
                        folders.push(path);
                    } else {
                        found.push(format!("{name}: {}", fs::read_to_string(&path).unwrap()));
                    }
                }
            }
            found.sort();
            found
        }
    }

    #[test]
    fn what_was_left_goes_and_what_is_the_users_stays() {
        let scene = Scene::new();
        scene.leave("old.txt", "chan");
        scene.leave("old.txt", "old");
        scene.leave("new/file.txt", "");
        scene.leave("gone.txt", "saved by the user");
        fs::remove_file(scene.store.top().join("gone.txt")).unwrap();
        let kept = scene.store.clear_up(&scene.cut_off, AT).unwrap();
        assert_eq!(kept, []);
        assert_eq!(
            scene.on_disk(),
            ["gone.txt: saved by the user", "old.txt: old"]
        );
    }

    #[test]
    fn what_the_user_saved_has_a_reference_where_its_place_is_taken() {
        let scene = Scene::new();
        scene.leave("old.txt", "saved by the user");
        let kept = scene.store.clear_up(&scene.cut_off, AT).unwrap();
        let [name] = &kept[..] else {
            panic!("{kept:?}");
        };
        assert!(name.short().starts_with("cycles/1/saved/"), "{name}");
        let saved = scene.store.reference(name).unwrap().unwrap();
        let content = scene.store.file(saved, "old.txt".into()).unwrap();
        assert_eq!(content.as_deref(), Some(&b"saved by the user"[..]));
        assert_eq!(scene.on_disk(), ["gone.txt: gone", "old.txt: old"]);
    }

    #[test]
    fn how_far_it_has_come_is_known_and_what_was_before_stays_noted() {
        let scene = Scene::new();
        let store = &scene.store;
        assert_eq!(
            store.names_announced().unwrap(),
            std::slice::from_ref(&scene.cut_off.name)
        );
        let progress = store.progress(&scene.cut_off, scene.mine()).unwrap();
        assert_eq!(progress.written, Vec::<Utf8PathBuf>::new());
        fs::write(store.top().join("old.txt"), "changed").unwrap();
        let mine = scene.mine();
        let progress = store.progress(&scene.cut_off, mine).unwrap();
        assert_eq!(progress.written, ["old.txt"]);
        assert_eq!(progress.missing, ["gone.txt", "new/file.txt"]);

        let (base, result) = (scene.merge.base, scene.merge.result);
        let merge = store.merge(base, result, mine).unwrap();
        let again = store.announce(&merge, &scene.cut_off.name, AT).unwrap();
        let before = scene.cut_off.name.beneath("before-apply");
        assert_eq!(store.reference(&before).unwrap(), Some(base));
        store.apply(&merge).unwrap();
        assert_eq!(
            scene.on_disk(),
            ["new/", "new/file.txt: new", "old.txt: changed"]
        );
        let progress = store.progress(&again, scene.mine()).unwrap();
        assert_eq!(progress.missing, Vec::<Utf8PathBuf>::new());
        store.forget(&again).unwrap();
        assert_eq!(store.announced(&again.name).unwrap(), None);
    }
}
