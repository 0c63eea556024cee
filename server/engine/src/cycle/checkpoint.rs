//! Checkpoints: the user's work each time that all tests of a project pass, to go back to.
//!
//! They are references `refs/greenward/checkpoints/PROJECT/NUMBER`. What the user has when they go
//! back is kept under `refs/greenward/before-back/PROJECT/NUMBER`, so that nothing is lost.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::ProjectId;
use greenward_workspace::objects::references::{BadRefName, RefName, ReferenceError};
use greenward_workspace::objects::{CommitId, ObjectStore, StoreError};
use greenward_workspace::snapshot::SnapshotError;

use super::command::{Application, AppliedFile};
use super::work::Documents;

/// How many are kept for each project, of either kind.
const KEPT: usize = 20;

/// Why there is no checkpoint, or none can be gone back to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckpointError {
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    #[error(transparent)]
    Objects(#[from] StoreError),
    #[error(transparent)]
    Name(#[from] BadRefName),
    #[error(transparent)]
    Reference(#[from] ReferenceError),
}

/// Which kind of reference.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Green,
    BeforeBack,
}

impl Kind {
    /// What the names of a project's references begin with.
    fn beneath(self, project: &ProjectId) -> String {
        let kind = match self {
            Kind::Green => "checkpoints",
            Kind::BeforeBack => "before-back",
        };
        let mut name = format!("{kind}/");
        // One part of a name, another one for each project.
        for byte in project.as_str().bytes() {
            if byte.is_ascii_alphanumeric() {
                name.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                let _ = write!(name, "={byte:02X}");
            }
        }
        name + "/"
    }
}

/// Keeps the user's work as the newest checkpoint of a project, unless it is that already. Blocks.
///
/// # Errors
/// If the work cannot be read, or the repository cannot be written.
pub(crate) fn keep(
    objects: &ObjectStore,
    project: &ProjectId,
    documents: &Documents,
    at: SystemTime,
) -> Result<(), CheckpointError> {
    let message = format!("All tests of {project} pass");
    let state = snapshot(objects, documents, &message, at)?;
    add(objects, Kind::Green, project, state)
}

/// What becomes of the files of a project when the user goes back to the last checkpoint; nothing
/// if there is none. What they have now is kept first. Blocks.
///
/// # Errors
/// If the work cannot be read, or the repository cannot be read or written.
pub(crate) fn back(
    objects: &ObjectStore,
    project: &ProjectId,
    root: &Utf8Path,
    documents: &Documents,
    at: SystemTime,
) -> Result<Option<Application>, CheckpointError> {
    let Some((_, green)) = all(objects, Kind::Green, project)?.pop() else {
        return Ok(None);
    };
    let mine = snapshot(objects, documents, "Your work before going back", at)?;
    let top = objects.top();
    let version = |path: &Utf8Path| {
        let open = documents.iter().find(|(open, ..)| open == path);
        open.map(|(_, version, _)| *version)
    };
    let text = |side: &Option<greenward_workspace::objects::FileVersion>| {
        let text = side.as_ref().and_then(|side| side.text());
        text.map(str::to_owned)
    };
    let files: Vec<AppliedFile> = objects
        .changes(mine, green)?
        .iter()
        .map(|file| (top.join(&file.path), file))
        .filter(|(path, _)| path.starts_with(root))
        .map(|(path, file)| AppliedFile {
            version: version(&path),
            before: text(&file.before),
            after: text(&file.after),
            path,
        })
        .collect();
    if !files.is_empty() {
        add(objects, Kind::BeforeBack, project, mine)?;
    }
    Ok(Some(Application { files }))
}

/// Adds a state to those of a project, unless it is the newest already, and lets the oldest go.
fn add(
    objects: &ObjectStore,
    kind: Kind,
    project: &ProjectId,
    state: CommitId,
) -> Result<(), CheckpointError> {
    let known = all(objects, kind, project)?;
    let mut number = 1;
    if let Some((last, newest)) = known.last() {
        if objects.changes(*newest, state)?.is_empty() {
            return Ok(());
        }
        number = last + 1;
    }
    objects.set_reference(&name(kind, project, number)?, state)?;
    let too_many = (known.len() + 1).saturating_sub(KEPT);
    for (number, state) in known.into_iter().take(too_many) {
        match objects.remove_reference(&name(kind, project, number)?, state) {
            // Another daemon on the workspace was faster.
            Ok(()) | Err(ReferenceError::Changed { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn name(kind: Kind, project: &ProjectId, number: u64) -> Result<RefName, BadRefName> {
    RefName::new(format!("{}{number}", kind.beneath(project)))
}

/// Those of a project, the oldest first.
fn all(
    objects: &ObjectStore,
    kind: Kind,
    project: &ProjectId,
) -> Result<Vec<(u64, CommitId)>, StoreError> {
    let beneath = kind.beneath(project);
    let references = objects.references(&beneath)?.into_iter();
    let mut found: Vec<(u64, CommitId)> = references
        .filter_map(|(name, state)| {
            let number = name.short().strip_prefix(&beneath)?.parse().ok()?;
            Some((number, state))
        })
        .collect();
    found.sort_by_key(|(number, _)| *number);
    Ok(found)
}

fn snapshot(
    objects: &ObjectStore,
    documents: &Documents,
    message: &str,
    at: SystemTime,
) -> Result<CommitId, CheckpointError> {
    let overlay: Vec<(Utf8PathBuf, Arc<str>)> = documents
        .iter()
        .map(|(path, _, text)| (path.clone(), text.clone()))
        .collect();
    Ok(objects.snapshot(&overlay, message, at)?.commit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use greenward_core::Framework;
    use greenward_workspace::dirs::Dirs;
    use std::collections::BTreeMap;
    use std::time::Duration;

    struct World {
        folder: tempfile::TempDir,
        objects: ObjectStore,
        project: ProjectId,
    }

    impl World {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().canonicalize().unwrap();
            let root = Utf8PathBuf::from_path_buf(root).unwrap();
            std::fs::create_dir(root.join("w")).unwrap();
            let home = root.join("home").into_string();
            let dirs = Dirs::from_env(&BTreeMap::from([("HOME".to_owned(), home)])).unwrap();
            Self {
                objects: ObjectStore::open(&root.join("w"), &dirs).unwrap(),
                project: ProjectId::new(Framework::Pytest, ""),
                folder,
            }
        }

        fn root(&self) -> Utf8PathBuf {
            let root = self.folder.path().canonicalize().unwrap();
            Utf8PathBuf::from_path_buf(root).unwrap().join("w")
        }

        fn write(&self, file: &str, text: &str) {
            std::fs::write(self.root().join(file), text).unwrap();
        }

        fn keep(&self) {
            let at = SystemTime::UNIX_EPOCH;
            keep(&self.objects, &self.project, &Vec::new(), at).unwrap();
        }

        fn back(&self, documents: &Documents) -> Option<Vec<AppliedFile>> {
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
            let root = self.root();
            let back = back(&self.objects, &self.project, &root, documents, at).unwrap();
            back.map(|application| application.files)
        }

        fn numbers(&self, kind: Kind) -> Vec<u64> {
            let all = all(&self.objects, kind, &self.project).unwrap();
            all.into_iter().map(|(number, _)| number).collect()
        }
    }

    #[test]
    fn the_last_green_comes_back_and_nothing_is_lost() {
        let world = World::new();
        assert!(world.back(&Vec::new()).is_none(), "there is none yet");
        world.write("a.py", "green\n");
        world.keep();
        world.write("b.py", "new\n");
        let open = vec![(world.root().join("a.py"), 7, Arc::from("unsaved\n"))];
        let files = world.back(&open).unwrap();
        let said: Vec<_> = files
            .iter()
            .map(|file| {
                let name = file.path.file_name().unwrap();
                let (before, after) = (file.before.as_deref(), file.after.as_deref());
                (name, file.version, before, after)
            })
            .collect();
        assert_eq!(
            said,
            [
                ("a.py", Some(7), Some("unsaved\n"), Some("green\n")),
                ("b.py", None, Some("new\n"), None),
            ]
        );
        assert_eq!(world.numbers(Kind::BeforeBack), [1]);
    }

    #[test]
    fn the_same_work_is_kept_once_and_the_oldest_goes() {
        let world = World::new();
        world.write("a.py", "0\n");
        world.keep();
        world.keep();
        assert_eq!(world.numbers(Kind::Green), [1]);
        for number in 1..=20 {
            world.write("a.py", &format!("{number}\n"));
            world.keep();
        }
        let expected: Vec<u64> = (2..=21).collect();
        assert_eq!(world.numbers(Kind::Green), expected);
        assert_eq!(world.back(&Vec::new()).map(|files| files.len()), Some(0));
        assert!(world.numbers(Kind::BeforeBack).is_empty());
    }

    #[test]
    fn each_project_has_a_name_of_its_own() {
        let name = |folder: &str| Kind::Green.beneath(&ProjectId::new(Framework::Pytest, folder));
        assert_eq!(name(""), "checkpoints/pytest=3A=2E/");
        assert_ne!(name("a/b"), name("a-b"));
        assert!(RefName::new(name("ü. .lock") + "1").is_ok());
    }
}
