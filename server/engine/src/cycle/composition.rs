//! What of a worker's change is judged: the base, the change's source files, the sealed tests.

use std::ops::RangeInclusive;
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_frameworks::Project;
use greenward_frameworks::verify::{AddedTest, Content, Finding, Role};
use greenward_workspace::objects::{CommitId, FileKind, ObjectStore, StoreError};
use similar::{ChangeTag, TextDiff};

/// A state to be judged, and how it came about.
#[derive(Debug, Clone)]
pub(crate) struct Composition {
    /// The workspace folder in the room.
    pub(crate) folder: Utf8PathBuf,
    /// The base, with the change's source files, and the tests as they were.
    pub(crate) state: CommitId,
    /// What the worker was given, with the same source files: the next attempt goes on from there.
    pub(crate) kept: CommitId,
    /// The source files that are different.
    pub(crate) changed: Vec<ChangedFile>,
    /// What no honest solution needs.
    pub(crate) breaches: Vec<Finding>,
    /// What a person should look at.
    pub(crate) warnings: Vec<Finding>,
    /// Tests that the worker added. They take no part.
    pub(crate) added_tests: Vec<AddedTest>,
}

/// A source file that the change made different.
#[derive(Debug, Clone)]
pub(crate) struct ChangedFile {
    /// Where, in the room.
    pub(crate) path: Utf8PathBuf,
    /// Its text before; nothing if it is new.
    pub(crate) base: Option<String>,
    /// Its text now, sealed tests included.
    pub(crate) text: String,
    /// The lines that are new or different, from 0.
    pub(crate) lines: Vec<RangeInclusive<u32>>,
}

/// Why no state could be composed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CompositionError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The change and the tests that were held out do not fit together.
    #[error("the change cannot be put together with the held-out tests in {0}")]
    Conflict(Utf8PathBuf),
}

/// What a composition is made of.
pub(crate) struct Parts<'a> {
    pub(crate) store: &'a ObjectStore,
    /// The project in the room, as it is on the base.
    pub(crate) project: &'a Project,
    /// The top of the room: what the top of the user's repository is.
    pub(crate) top: &'a Utf8Path,
    /// The user's work.
    pub(crate) base: CommitId,
    /// What the worker was given: the same, without what is held out.
    pub(crate) given: CommitId,
    /// What it left.
    pub(crate) result: CommitId,
    pub(crate) at: SystemTime,
}

/// Composes the state to be judged. Blocks.
///
/// # Errors
/// If the versions cannot be read or written, or do not fit together.
pub(crate) fn compose(parts: &Parts<'_>) -> Result<Composition, CompositionError> {
    let store = parts.store;
    let mut composition = Composition {
        folder: parts.top.join(store.prefix()),
        state: parts.given,
        kept: parts.given,
        changed: Vec::new(),
        breaches: Vec::new(),
        warnings: Vec::new(),
        added_tests: Vec::new(),
    };
    let mut writes: Vec<(Utf8PathBuf, Option<Vec<u8>>)> = Vec::new();
    for change in store.changes(parts.given, parts.result)? {
        let path = parts.top.join(&change.path);
        let finding = |what: String| Finding {
            file: path.clone(),
            lines: 0..=0,
            what,
        };
        if !path.starts_with(parts.project.root()) {
            let what = "is outside the project whose tests these are".to_owned();
            composition.breaches.push(finding(what));
            continue;
        }
        let sides = [&change.before, &change.after];
        if sides
            .into_iter()
            .flatten()
            .any(|side| side.kind == FileKind::Link)
        {
            let what = "is a symbolic link: a change holds files only".to_owned();
            composition.breaches.push(finding(what));
            continue;
        }
        if sides
            .into_iter()
            .flatten()
            .any(|side| side.text().is_none())
        {
            composition.breaches.push(finding("is no text".to_owned()));
            continue;
        }
        let before = change.before.as_ref().and_then(|side| side.text());
        let after = change.after.as_ref().and_then(|side| side.text());
        let sealed = parts.project.seal(&path, before, after);
        composition.breaches.extend(sealed.breaches);
        composition.warnings.extend(sealed.warnings);
        composition.added_tests.extend(sealed.added_tests);
        match sealed.content {
            Content::AsBase => {}
            Content::Removed => writes.push((change.path.clone(), None)),
            Content::Text(text) => {
                if Some(text.as_str()) != before {
                    writes.push((change.path.clone(), Some(text.clone().into_bytes())));
                    // What code reads is no code.
                    if parts.project.role(&path) == Role::Data {
                        continue;
                    }
                    composition.changed.push(ChangedFile {
                        lines: changed_lines(before.unwrap_or_default(), &text),
                        path,
                        base: before.map(str::to_owned),
                        text,
                    });
                }
            }
        }
    }
    composition.kept =
        store.with_files(parts.given, &writes, "What is kept of a change", parts.at)?;
    composition.state = composition.kept;
    if parts.given != parts.base {
        composition.state = store
            .join(parts.given, parts.base, composition.kept, parts.at)?
            .map_err(CompositionError::Conflict)?;
        for file in &mut composition.changed {
            let path = file.path.strip_prefix(parts.top).unwrap_or(&file.path);
            if let Some(text) = store.file(composition.state, path)?
                && let Ok(text) = String::from_utf8(text)
            {
                let base = store.file(parts.base, path)?;
                file.base = base.and_then(|text| String::from_utf8(text).ok());
                file.lines = changed_lines(file.base.as_deref().unwrap_or_default(), &text);
                file.text = text;
            }
        }
    }
    Ok(composition)
}

/// The lines of `now`, from 0, that are not in `before`.
fn changed_lines(before: &str, now: &str) -> Vec<RangeInclusive<u32>> {
    let mut lines: Vec<RangeInclusive<u32>> = Vec::new();
    let diff = TextDiff::from_lines(before, now);
    for change in diff.iter_all_changes() {
        if change.tag() != ChangeTag::Insert {
            continue;
        }
        let Some(line) = change.new_index().and_then(|line| u32::try_from(line).ok()) else {
            continue;
        };
        match lines.last_mut() {
            Some(last) if last.end() + 1 == line => *last = *last.start()..=line,
            _ => lines.push(line..=line),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: &str, now: &str, expected: &[RangeInclusive<u32>]) {
        assert_eq!(changed_lines(before, now), expected);
    }

    #[test]
    fn changed_lines_are_those_of_the_new_text() {
        check("a\nb\nc\n", "a\nb\nc\n", &[]);
        check("a\nb\nc\n", "a\nx\ny\nc\nz\n", &[1..=2, 4..=4]);
        check("", "a\nb\n", &[0..=1]);
        check("a\nb\n", "a\n", &[]);
    }
}
