//! Identifiers, one type for each kind of thing, so that they cannot be mixed up.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A test tool that Greenward can drive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Framework {
    /// `cargo test` with libtest.
    Cargo,
    /// pytest.
    Pytest,
}

impl Framework {
    /// The name in ids, settings and messages: `cargo` or `pytest`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Framework::Cargo => "cargo",
            Framework::Pytest => "pytest",
        }
    }

    /// The language that its tests are written in: `rust` or `python`.
    #[must_use]
    pub fn language(self) -> &'static str {
        match self {
            Framework::Cargo => "rust",
            Framework::Pytest => "python",
        }
    }
}

impl fmt::Display for Framework {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A project: a folder with one test framework in it.
///
/// Written `framework:folder`, the folder relative to its workspace folder: `cargo:.`,
/// `pytest:services/api`. The same on every machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProjectId(Arc<str>);

impl ProjectId {
    /// The id of the project of `framework` at `folder`, a `/`-separated path relative to the
    /// workspace folder. An empty path is the workspace folder itself.
    #[must_use]
    pub fn new(framework: Framework, folder: &str) -> Self {
        let folder = if folder.is_empty() { "." } else { folder };
        Self(format!("{framework}:{folder}").into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A node of the test tree, stable across runs, edits and machines.
///
/// Written `project#local`, where `local` is what the framework itself would call it:
/// `pytest:.#tests/test_roman.py::test_four`, `cargo:.#roman/lib::tests::four`.
/// The project's own node has the project's id and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TestId(Arc<str>);

impl TestId {
    /// The id of `local` in `project`.
    #[must_use]
    pub fn new(project: &ProjectId, local: &str) -> Self {
        Self(format!("{project}#{local}").into())
    }

    /// The id of the project's own node.
    #[must_use]
    pub fn of_project(project: &ProjectId) -> Self {
        Self(project.0.clone())
    }

    /// Takes an id as somebody wrote it. It may name nothing.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self(text.into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands after the project's id, or nothing for a project's own node.
    #[must_use]
    pub fn local_in(&self, project: &ProjectId) -> Option<&str> {
        self.0
            .strip_prefix(project.as_str())
            .and_then(|rest| rest.strip_prefix('#'))
    }
}

impl fmt::Display for TestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The smallest part of a project that selection tells apart: what is run or left out as a whole
/// when a file changes.
///
/// For Cargo a package (its name), for pytest a test file (its path relative to the rootdir).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Unit(Arc<str>);

impl Unit {
    /// A unit by its name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The unit's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One run. Counts up from 1 for as long as the daemon lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub u64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
