//! What a change may touch, and what was found in it.

use std::ops::RangeInclusive;

use camino::{Utf8Path, Utf8PathBuf};

use super::Mark;

/// What a file is to a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Code: a worker may change it.
    Source,
    /// Tests, their helpers and their data: sealed.
    Test,
    /// Code with tests in the same file: the code may change, the tests are sealed.
    Mixed,
    /// What decides how things are built and which tests run: sealed.
    Configuration,
    /// What code may read: a worker may add to it. What is there may be what tests go by, and is left
    /// as it was.
    Data,
    /// Anything else, such as what git and editors read: left as it was.
    Other,
}

/// The role of a file that is no code, by its path in the project.
pub(crate) fn role_of_data(inside: &Utf8Path) -> Role {
    let is_hidden = |part: &str| part.starts_with('.');
    match inside.components().any(|part| is_hidden(part.as_str())) {
        true => Role::Other,
        false => Role::Data,
    }
}

/// Something in a change that a person ought to see, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, absolute.
    pub file: Utf8PathBuf,
    /// Its lines in the changed text, from 0; in the base's text, if it is gone from the changed.
    pub lines: RangeInclusive<u32>,
    /// What it is: "test changed: tests::four". The file is not named again.
    pub what: String,
}

/// A test that a worker added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedTest {
    /// The file, absolute.
    pub file: Utf8PathBuf,
    /// Its path in the file, as the framework writes it; empty where a whole file was added.
    pub name: String,
    /// Its lines in the changed text, from 0.
    pub lines: RangeInclusive<u32>,
}

/// What of a changed file goes into the clean room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The base's, whatever the change says: also where there is none.
    AsBase,
    /// This text.
    Text(String),
    /// No file: the worker removed it, which it may.
    Removed,
}

/// What became of one changed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// What is put into the clean room.
    pub content: Content,
    /// Changes that no honest solution needs. One is enough to fail the verdict.
    pub breaches: Vec<Finding>,
    /// Doubtful things, for a person to look at. They never block.
    pub warnings: Vec<Finding>,
    /// Tests that the worker added. They are not in the clean room's text.
    pub added_tests: Vec<AddedTest>,
}

impl Sealed {
    /// Nothing found yet.
    pub(crate) fn new(content: Content) -> Self {
        Self {
            content,
            breaches: Vec::new(),
            warnings: Vec::new(),
            added_tests: Vec::new(),
        }
    }
}

/// What becomes of a changed file that a worker may not change at all.
pub(crate) fn sealed_whole(
    role: Role,
    path: &Utf8Path,
    base: Option<&str>,
    changed: Option<&str>,
) -> Sealed {
    if let (Role::Data, None, Some(text)) = (role, base, changed) {
        return Sealed::new(Content::Text(text.to_owned()));
    }
    let mut sealed = Sealed::new(Content::AsBase);
    if base == changed {
        return sealed;
    }
    let lines_of = |text: &str| {
        let count = u32::try_from(text.lines().count()).unwrap_or(u32::MAX);
        0..=count.saturating_sub(1)
    };
    let lines = lines_of(changed.or(base).unwrap_or_default());
    let did = match (base, changed) {
        (None, _) => "added",
        (_, None) => "removed",
        _ => "changed",
    };
    match role {
        Role::Test if base.is_none() => sealed.added_tests.push(AddedTest {
            file: path.to_owned(),
            name: String::new(),
            lines,
        }),
        Role::Test | Role::Mixed => {
            sealed.add(path, Mark::breach(lines, format!("test file {did}")));
        }
        Role::Configuration => {
            sealed.add(path, Mark::breach(lines, format!("configuration {did}")));
        }
        Role::Data | Role::Other | Role::Source => {
            let what = "left out, since it is no source code";
            sealed.add(path, Mark::warning(lines, what));
        }
    }
    sealed
}
