//! Our own requests about cycles.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cycle::CycleState;
use crate::method::Request;

/// `greenward/cycle/start`: implement failing tests to green.
#[derive(Debug)]
pub enum StartCycle {}

impl Request for StartCycle {
    const METHOD: &'static str = "greenward/cycle/start";
    type Params = StartCycleParams;
    type Result = StartCycleResult;
}

/// What a cycle is to reach, and by whom.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartCycleParams {
    /// The ids of failing tests of one project; of a file or suite, all tests below it.
    pub tests: Vec<String>,
    /// The ids of tests that are to pass too, and that the worker never sees.
    #[serde(default)]
    pub held_out: Vec<String>,
    /// The worker's name in the settings, or `human`; absent for the settings' own choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
}

/// The cycle that has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StartCycleResult {
    /// Its number.
    pub cycle: u64,
}

/// A cycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CycleParams {
    /// Its number.
    pub cycle: u64,
}

/// `greenward/cycle/resume`: a cycle that was interrupted, stopped or has failed goes on.
#[derive(Debug)]
pub enum ResumeCycle {}

impl Request for ResumeCycle {
    const METHOD: &'static str = "greenward/cycle/resume";
    type Params = CycleParams;
    type Result = ();
}

/// `greenward/cycle/cancel`: stop a cycle, or all.
#[derive(Debug)]
pub enum CancelCycle {}

impl Request for CancelCycle {
    const METHOD: &'static str = "greenward/cycle/cancel";
    type Params = CancelCycleParams;
    type Result = ();
}

/// Which cycle is to be stopped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CancelCycleParams {
    /// The cycle; absent for all that go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cycle: Option<u64>,
}

/// `greenward/cycle/apply`: bring the result of a complete cycle to the user's files. The server
/// asks for one `workspace/applyEdit` where the client takes edits, and writes the files where it
/// does not.
#[derive(Debug)]
pub enum ApplyCycle {}

impl Request for ApplyCycle {
    const METHOD: &'static str = "greenward/cycle/apply";
    type Params = ApplyCycleParams;
    type Result = ApplyCycleResult;
}

/// Which result is wanted, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApplyCycleParams {
    /// The cycle.
    pub cycle: u64,
    /// Whether the edits are annotated, so that the user confirms them, where the client can do so.
    #[serde(default)]
    pub confirm: bool,
}

/// What was brought to the user's files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApplyCycleResult {
    /// The files that changed. Empty if the user had all of it already.
    pub uris: Vec<String>,
}

/// `greenward/cycle/discard`: the result of a cycle is not wanted. It is kept all the same.
#[derive(Debug)]
pub enum DiscardCycle {}

impl Request for DiscardCycle {
    const METHOD: &'static str = "greenward/cycle/discard";
    type Params = CycleParams;
    type Result = ();
}

/// `greenward/cycle/diff`: what a cycle changes.
#[derive(Debug)]
pub enum DiffCycle {}

impl Request for DiffCycle {
    const METHOD: &'static str = "greenward/cycle/diff";
    type Params = CycleParams;
    type Result = DiffCycleResult;
}

/// What a cycle changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DiffCycleResult {
    /// How it stands.
    pub cycle: CycleState,
    /// File by file.
    pub files: Vec<ChangedFile>,
    /// All of it as a unified diff. Empty if it changes nothing.
    pub diff: String,
}

/// A file that a cycle changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangedFile {
    /// The file.
    pub uri: String,
    /// Its text when the cycle began; absent if it was not there, or is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Its text as the cycle made it; absent if it is gone, or is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// `greenward/cycle/list`: the cycles of the workspace.
#[derive(Debug)]
pub enum ListCycles {}

impl Request for ListCycles {
    const METHOD: &'static str = "greenward/cycle/list";
    type Params = ListCyclesParams;
    type Result = ListCyclesResult;
}

/// Nothing: all are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListCyclesParams {}

/// Cycles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListCyclesResult {
    /// The cycles, the newest first.
    pub cycles: Vec<CycleState>,
    /// The numbers of those that somebody is at, in this process or another. One that has not ended
    /// and is not among them was interrupted.
    #[serde(default)]
    pub going_on: Vec<u64>,
}
