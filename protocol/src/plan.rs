//! Plans: what a spec was taken apart into.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::run::Problem;

/// One line of `greenward plan --json`, but for the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "camelCase")]
pub enum PlanEvent {
    /// Something is wrong with the spec.
    SpecProblem(Problem),
    /// A task of the plan.
    Task(PlanTask),
}

/// One unit of a plan, small enough for one cycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanTask {
    /// Its name in the plan.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// The title of the requirement that it is a part of.
    pub requirement: String,
    /// The source files that it may write, relative to the workspace folder. Empty: any.
    pub targets: Vec<String>,
    /// The file that its tests go to, relative to the workspace folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tests: Option<String>,
    /// Its acceptance criteria.
    pub criteria: Vec<String>,
    /// Its examples: the values of each, in the order of their columns.
    pub examples: Vec<Vec<ExampleValue>>,
    /// The ids of the tasks that must be done before it.
    pub depends_on: Vec<String>,
}

/// One value of an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExampleValue {
    /// The column's name.
    pub column: String,
    /// The value, as it was written.
    pub value: String,
}

/// The last line of `greenward plan --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "camelCase")]
pub enum PlanLastLine {
    /// What became of the spec.
    PlanResult {
        /// The spec, relative to the workspace folder.
        spec: String,
        /// What it is called.
        title: String,
        /// The ids of the tasks in the order in which they can be done. Empty if there is no plan.
        order: Vec<String>,
        /// How many errors the spec has. With any, there is no plan.
        errors: usize,
        /// How many warnings.
        warnings: usize,
    },
}
