//! Test items and what is known of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::place::Range;

/// What kind of node a test item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ItemKind {
    /// A folder with one test framework in it.
    Project,
    /// A Cargo package or one of its targets.
    Target,
    /// A file of tests.
    File,
    /// A module or class that holds tests.
    Suite,
    /// A test.
    Test,
    /// One parameter case of a test.
    Case,
}

/// What became of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It ran and held.
    Passed,
    /// The framework was told not to run it, or to expect its failure.
    Skipped,
    /// It failed and passed on the same inputs.
    Flaky,
    /// It ran and did not hold.
    Failed,
    /// It could not be tried or did not come to an end: crashed, timed out, could not be built or
    /// collected.
    Errored,
}

/// Whether a shown result still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Freshness {
    /// Its inputs have not changed since its run began.
    Current,
    /// They have, on disk or in an open editor.
    Stale,
    /// There is no result.
    Unknown,
}

/// How many tests came to which outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Tests that passed.
    pub passed: u32,
    /// Tests that failed.
    pub failed: u32,
    /// Tests that errored.
    pub errored: u32,
    /// Tests that were skipped.
    pub skipped: u32,
    /// Tests that are flaky.
    pub flaky: u32,
}

/// A node of the test tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestItem {
    /// Its id, the same across runs, edits and machines.
    pub id: String,
    /// The item above it; absent for a project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The id of the project that it belongs to.
    pub project: String,
    /// What kind of node it is.
    pub kind: ItemKind,
    /// What a person reads.
    pub label: String,
    /// The file that it stands in, as a `file:` URI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// All of its text. Of an item without a text of its own, such as a parameter case, the place
    /// of the nearest item above it that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    /// Its name, within `range`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_range: Option<Range>,
    /// What became of it; of a group the worst below it. Absent before the first result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Whether that still holds; of a group whether all of it does.
    pub freshness: Freshness,
    /// Whether it, or a test below it, runs now.
    pub running: bool,
    /// How long it took, in milliseconds; of a group all below it together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<f64>,
    /// How many tests, itself or below it, have which outcome.
    pub counts: Counts,
    /// How many tests there are, itself included.
    pub tests: u32,
    /// Whether there are items below it.
    pub has_children: bool,
}
