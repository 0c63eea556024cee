//! A node of the test tree.

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::{ProjectId, Range, TestId, Unit};

/// What kind of node a test item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ItemKind {
    /// A folder with one test framework in it.
    Project,
    /// A Cargo package or one of its targets: what is built as one.
    Target,
    /// A file of tests.
    File,
    /// A module or class that holds tests.
    Suite,
    /// A test that can be run.
    Test,
    /// One parameter case of a test.
    Case,
}

impl ItemKind {
    /// Whether a framework reports an outcome for such an item itself. A `Test` with `Case`s below
    /// it reports through these.
    #[must_use]
    pub fn is_test(self) -> bool {
        matches!(self, ItemKind::Test | ItemKind::Case)
    }
}

/// A node of the test tree, as in VS Code's Testing API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestItem {
    /// Its stable id.
    pub id: TestId,
    /// The node above it; nothing for a project.
    pub parent: Option<TestId>,
    /// The project it belongs to.
    pub project: ProjectId,
    /// What is selected with it when a file changes. Nothing for a project.
    pub unit: Option<Unit>,
    /// What kind of node it is.
    pub kind: ItemKind,
    /// What a person reads.
    pub label: String,
    /// The file it stands in, absolute.
    pub file: Option<Utf8PathBuf>,
    /// All of its text, attributes and decorators included.
    pub range: Option<Range>,
    /// The line that a lens stands over and that is marked where nothing more exact is known: the
    /// name of the function, class or module.
    pub name_range: Option<Range>,
}
