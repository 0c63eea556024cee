//! Giving a lane the files of a commit.

use std::collections::HashMap;
use std::io;

use camino::Utf8Path;
use git2::{ObjectType, Oid, Repository};

use super::record::Purpose;
use crate::objects::ObjectStore;
use crate::objects::listing::{Entry, Listing};
use crate::scan::beneath::Root;
use crate::scan::manifest::{Known, Manifest};
use crate::scan::rules::Rules;
use crate::scan::stamp::Look;
use crate::scan::walk::{self, Found, Refused, RuleTexts, Tracked, Why};

/// Why a lane could not be given its files. Trying again goes on from what is done.
#[derive(Debug)]
pub(super) enum Failure {
    /// The commit's content cannot be read.
    Git(git2::Error),
    /// The lane's files cannot be read or written.
    Io(io::Error),
}

impl From<git2::Error> for Failure {
    fn from(error: git2::Error) -> Self {
        Failure::Git(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Io(error)
    }
}

/// What stays in a lane though it is in no commit. In a clean room nothing does, or tests could
/// leave word for a later run.
pub(super) fn rules(store: &ObjectStore, repository: &Repository, purpose: Purpose) -> Rules {
    match purpose {
        Purpose::Work => store.rules(repository),
        Purpose::Verification => Rules::off(),
    }
}

/// Makes the files beneath `root` those of `wanted`: writes what differs, removes what is not
/// wanted and not ignored, and leaves the rest untouched, times and all.
///
/// `known` is what was known of the files; the answer is what is known now.
pub(super) fn place(
    root: &Root,
    known: &Manifest,
    wanted: &Listing,
    rules: &Rules,
    repository: &Repository,
) -> Result<Manifest, Failure> {
    let found = walk(root, known, wanted, rules, repository)?;
    sweep(root, &found, wanted)?;
    let on_disk: HashMap<&str, &Look> = found
        .files
        .iter()
        .map(|(path, look)| (path.as_str(), look))
        .collect();
    let odb = repository.odb()?;
    let mut now = Manifest::default();
    for (path, entry) in &wanted.0 {
        let look = match on_disk.get(path.as_str()) {
            Some(look) if holds(root, known, path, look, entry) => **look,
            _ => put(root, path, entry, odb.read(entry.blob)?.data())?,
        };
        let known = Known {
            kind: entry.kind,
            blob: entry.blob,
            stamp: Some(look.stamp),
        };
        now.0.insert(path.clone(), known);
    }
    Ok(now)
}

/// What is in a lane, by the rules of the commit that it has or is to have.
pub(super) fn walk(
    root: &Root,
    known: &Manifest,
    files: &Listing,
    rules: &Rules,
    repository: &Repository,
) -> io::Result<Found> {
    let mut tracked = Tracked::default();
    for path in known.0.keys().chain(files.0.keys()) {
        tracked.add(path);
    }
    let text = |path: &str| {
        let entry = files.0.get(path)?;
        Some(repository.find_blob(entry.blob).ok()?.content().to_vec())
    };
    walk::walk(root, rules, &RuleTexts::From(&text), &tracked)
}

/// Removes what does not belong.
fn sweep(root: &Root, found: &Found, wanted: &Listing) -> io::Result<()> {
    for (path, _) in &found.files {
        if !wanted.0.contains_key(path) {
            root.remove(path)?;
        }
    }
    for path in &found.unfinished {
        root.remove_all(path)?;
    }
    for folder in &found.repositories {
        root.remove_all(Utf8Path::new(folder).join(".git").as_str())?;
    }
    for refused in &found.refused {
        remove_refused(root, refused)?;
    }
    for folder in found.empty.iter().filter(|folder| !folder.is_empty()) {
        root.remove_empty_folder(folder).ok();
    }
    Ok(())
}

/// Removes something that is not recorded.
pub(super) fn remove_refused(root: &Root, refused: &Refused) -> io::Result<()> {
    match refused.why {
        Why::NotUtf8 => {
            let folder = Utf8Path::new(&refused.path).parent();
            root.remove_unnameable(folder.unwrap_or(Utf8Path::new("")).as_str())
        }
        _ => root.remove_all(&refused.path),
    }
}

/// Whether a file already is what is wanted.
fn holds(root: &Root, known: &Manifest, path: &str, look: &Look, wanted: &Entry) -> bool {
    if look.kind != wanted.kind {
        return false;
    }
    let blob = known.unchanged(path, look).or_else(|| {
        let content = root.read(path, look.kind).ok()?;
        Oid::hash_object(ObjectType::Blob, &content).ok()
    });
    blob == Some(wanted.blob)
}

/// Writes a file; what is in its way goes.
fn put(root: &Root, path: &str, entry: &Entry, content: &[u8]) -> io::Result<Look> {
    match root.replace(path, entry.kind, content) {
        Err(error) if is_in_the_way(&error) => {
            for (end, _) in path.match_indices('/') {
                if root.folder(&path[..end]).is_err() {
                    root.remove_all(&path[..end])?;
                    break;
                }
            }
            if root.folder(path).is_ok() {
                root.remove_all(path)?;
            }
            root.replace(path, entry.kind, content)
        }
        written => written,
    }
}

fn is_in_the_way(error: &io::Error) -> bool {
    use io::ErrorKind as Is;
    matches!(
        error.kind(),
        Is::IsADirectory | Is::NotADirectory | Is::AlreadyExists | Is::DirectoryNotEmpty
    ) || crate::scan::beneath::is_absent(error)
}
