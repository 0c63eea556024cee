//! What a cycle is for, and what it may cost.

use std::fmt;
use std::ops::AddAssign;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::millis;
use crate::{Framework, ProjectId, TestId};

/// One cycle. The store gives the number; it is never given again in the same workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CycleId(pub u64);

impl fmt::Display for CycleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A saved state of the files, by the hexadecimal name that git gives it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommitId(Arc<str>);

impl CommitId {
    /// Takes a commit's name as git writes it.
    #[must_use]
    pub fn new(hex: &str) -> Self {
        Self(hex.into())
    }

    /// The name, in hexadecimal.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A stretch of test-driven work, whoever does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// Nothing has been done.
    Pending,
    /// Tests are written that fail.
    Red,
    /// Code is written until they pass.
    Green,
    /// Code is changed while they pass.
    Refactor,
    /// The daemon gathers its own evidence.
    Verify,
    /// Done: the verdict has passed.
    Complete,
    /// Not done, and it is known why.
    Failed,
    /// Not done: the same error came again and again.
    Stuck,
}

impl Phase {
    /// The word that is shown: `pending`, `red`, ...
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Phase::Pending => "pending",
            Phase::Red => "red",
            Phase::Green => "green",
            Phase::Refactor => "refactor",
            Phase::Verify => "verify",
            Phase::Complete => "complete",
            Phase::Failed => "failed",
            Phase::Stuck => "stuck",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a cycle is to reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Goal {
    /// The project whose tests these are.
    pub project: ProjectId,
    /// Its framework.
    pub framework: Framework,
    /// The workspace folder, absolute.
    pub folder: Utf8PathBuf,
    /// The project's own folder, absolute.
    pub root: Utf8PathBuf,
    /// The failing tests that are to pass. Never empty.
    pub targets: Vec<TestId>,
    /// Tests that are to pass too, and that the worker never sees.
    pub held_out: Vec<TestId>,
}

/// What a cycle may use. A limit stops the next attempt, never the judging of the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// How often a worker may try.
    pub attempts: u32,
    /// How long the cycle may go on; the time between an interruption and a resumption is free.
    #[serde(with = "millis")]
    pub time: Duration,
    /// Tokens, both ways together. Nothing: any number.
    pub tokens: Option<u64>,
    /// Money, in millionths of a US dollar. Nothing: any amount.
    pub cost_microdollars: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempts: 4,
            time: Duration::from_secs(20 * 60),
            tokens: None,
            cost_microdollars: Some(1_000_000),
        }
    }
}

/// Which limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Limit {
    /// [`Limits::attempts`].
    Attempts,
    /// [`Limits::time`].
    Time,
    /// [`Limits::tokens`].
    Tokens,
    /// [`Limits::cost_microdollars`].
    Cost,
}

impl Limit {
    /// The word that is shown: `attempts`, `time`, `tokens`, `cost`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Limit::Attempts => "attempts",
            Limit::Time => "time",
            Limit::Tokens => "tokens",
            Limit::Cost => "cost",
        }
    }
}

/// What a worker has used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Tokens that were sent.
    pub input_tokens: u64,
    /// Tokens that came back.
    pub output_tokens: u64,
    /// Money, in millionths of a US dollar, where it is known. In a sum: what is known of it.
    pub cost_microdollars: Option<u64>,
    /// Whether any of it is our own estimate.
    pub estimated: bool,
}

impl Usage {
    /// Tokens, both ways together.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, more: Usage) {
        self.input_tokens = self.input_tokens.saturating_add(more.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(more.output_tokens);
        self.cost_microdollars = match (self.cost_microdollars, more.cost_microdollars) {
            (Some(some), Some(more)) => Some(some.saturating_add(more)),
            (known, None) | (None, known) => known,
        };
        self.estimated = self.estimated || more.estimated;
    }
}
