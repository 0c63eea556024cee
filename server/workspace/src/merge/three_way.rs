//! The merge itself, file by file.

use git2::{MergeFileInput, MergeFileOptions, ObjectType, Oid, Repository};

use super::Conflict;
use crate::objects::change::differing;
use crate::objects::listing::{Entry, Listing};
use crate::objects::{CommitId, FileChange, FileKind, FileVersion, ObjectStore, StoreError};

/// What one file becomes.
enum Outcome {
    /// What the user has stays.
    Stays,
    Becomes(Option<FileVersion>),
    Conflicts {
        marked: Option<String>,
    },
}

/// The three versions of a file.
struct Sides {
    base: Option<FileVersion>,
    mine: Option<FileVersion>,
    theirs: Option<FileVersion>,
}

pub(super) fn merge(
    store: &ObjectStore,
    base: CommitId,
    result: CommitId,
    mine: CommitId,
) -> Result<(Vec<FileChange>, Vec<Conflict>), StoreError> {
    let repository = store.repository()?;
    let base = store.listing(&repository, base)?;
    let theirs = store.listing(&repository, result)?;
    let mine = store.listing(&repository, mine)?;
    let mut files = Vec::new();
    let mut conflicts = Vec::new();
    for path in differing(&base, &theirs) {
        let sides = Sides::read(store, &repository, [&base, &mine, &theirs], path)?;
        let is_blocked = theirs.0.contains_key(path) && is_blocked(path, [&base, &mine, &theirs]);
        let outcome = if is_blocked {
            Outcome::Conflicts { marked: None }
        } else {
            sides.merge().map_err(store.failed("merge a file"))?
        };
        match outcome {
            Outcome::Stays => {}
            Outcome::Becomes(after) => files.push(FileChange {
                path: path.into(),
                before: sides.mine,
                after,
            }),
            Outcome::Conflicts { marked } => conflicts.push(Conflict {
                path: path.into(),
                base: sides.base,
                mine: sides.mine,
                theirs: sides.theirs,
                marked,
            }),
        }
    }
    Ok((files, conflicts))
}

/// Whether something of the user's stays where this path needs a folder, or beneath the path.
fn is_blocked(path: &str, [base, mine, theirs]: [&Listing; 3]) -> bool {
    let goes =
        |path: &str, entry: &Entry| base.0.get(path) == Some(entry) && !theirs.0.contains_key(path);
    let folders = path.match_indices('/').map(|(end, _)| &path[..end]);
    let above = folders.filter_map(|folder| mine.0.get_key_value(folder));
    let beneath = format!("{path}/");
    let within = mine
        .0
        .range(beneath.clone()..)
        .take_while(|(inner, _)| inner.starts_with(&beneath));
    above.chain(within).any(|(path, entry)| !goes(path, entry))
}

impl Sides {
    fn read(
        store: &ObjectStore,
        repository: &Repository,
        [base, mine, theirs]: [&Listing; 3],
        path: &str,
    ) -> Result<Self, StoreError> {
        let version = |listing: &Listing| store.version(repository, listing.0.get(path));
        Ok(Self {
            base: version(base)?,
            mine: version(mine)?,
            theirs: version(theirs)?,
        })
    }

    fn merge(&self) -> Result<Outcome, git2::Error> {
        if self.mine == self.theirs {
            return Ok(Outcome::Stays);
        }
        if self.mine == self.base {
            return Ok(Outcome::Becomes(self.theirs.clone()));
        }
        let (Some(mine), Some(theirs)) = (&self.mine, &self.theirs) else {
            return Ok(Outcome::Conflicts { marked: None });
        };
        if mine.text().is_none() || theirs.text().is_none() {
            return Ok(Outcome::Conflicts { marked: None });
        }
        let kind = match &self.base {
            Some(base) if base.kind == mine.kind => theirs.kind,
            _ => mine.kind,
        };
        merge_texts(self.base.as_ref(), mine, theirs, kind)
    }
}

fn merge_texts(
    base: Option<&FileVersion>,
    mine: &FileVersion,
    theirs: &FileVersion,
    kind: FileKind,
) -> Result<Outcome, git2::Error> {
    let base = base.filter(|base| base.text().is_some());
    let [mut old, mut ours, mut other] = std::array::from_fn(|_| MergeFileInput::new());
    old.content(base.map_or(&[], |base| &base.content));
    ours.content(&mine.content);
    other.content(&theirs.content);
    let mut options = MergeFileOptions::new();
    options
        .ancestor_label("before")
        .our_label("yours")
        .their_label("cycle")
        .style_diff3(true);
    let merged = git2::merge_file(&old, &ours, &other, Some(&mut options))?;
    if merged.is_automergeable() {
        let content = merged.content();
        let version = FileVersion {
            kind,
            content: content.into(),
            blob: Oid::hash_object(ObjectType::Blob, content)?,
        };
        let is_same = version == *mine;
        return Ok(if is_same {
            Outcome::Stays
        } else {
            Outcome::Becomes(Some(version))
        });
    }
    Ok(Outcome::Conflicts {
        marked: Some(String::from_utf8_lossy(merged.content()).into_owned()),
    })
}
