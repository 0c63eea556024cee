//! The verdict: what the daemon found by itself, check by check.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is checked before a cycle is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CheckKind {
    /// Tests, fixtures and configuration are as they were sealed.
    Sealed,
    /// The targets pass.
    Targets,
    /// Nothing else has changed for the worse.
    NothingElse,
    /// A test that must fail does fail.
    Canary,
    /// The targets' twins, with other names, pass.
    Twins,
    /// What the code gives is compared in another process.
    Replay,
    /// What the worker never saw passes.
    HeldOut,
    /// Without the change, the targets fail.
    Revert,
    /// Small faults in the changed lines are noticed by the tests.
    Mutation,
    /// What a reader of the change should look at.
    Warnings,
}

impl CheckKind {
    /// All checks, in the order in which they are shown.
    pub const ALL: [CheckKind; 10] = [
        CheckKind::Sealed,
        CheckKind::Targets,
        CheckKind::NothingElse,
        CheckKind::Canary,
        CheckKind::Twins,
        CheckKind::Replay,
        CheckKind::HeldOut,
        CheckKind::Revert,
        CheckKind::Mutation,
        CheckKind::Warnings,
    ];

    /// The word that is shown: `sealed`, `targets`, `nothing else`, ...
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            CheckKind::Sealed => "sealed",
            CheckKind::Targets => "targets",
            CheckKind::NothingElse => "nothing else",
            CheckKind::Canary => "canary",
            CheckKind::Twins => "twins",
            CheckKind::Replay => "replay",
            CheckKind::HeldOut => "held out",
            CheckKind::Revert => "revert",
            CheckKind::Mutation => "mutation",
            CheckKind::Warnings => "warnings",
        }
    }

    /// What the check answers, for people.
    #[must_use]
    pub fn question(self) -> &'static str {
        match self {
            CheckKind::Sealed => "Are tests, fixtures and configuration untouched?",
            CheckKind::Targets => "Does every target report its own pass, each time?",
            CheckKind::NothingElse => {
                "Does all else that passed before still pass, with no test skipped or gone?"
            }
            CheckKind::Canary => "Does a planted test that must fail really fail?",
            CheckKind::Twins => {
                "Do copies of the targets under other names pass, and those with altered expectations fail?"
            }
            CheckKind::Replay => "Do the values hold when another process compares them?",
            CheckKind::HeldOut => "Do the tests pass that the worker never saw?",
            CheckKind::Revert => "Do the targets fail without the change?",
            CheckKind::Mutation => "Do the tests notice small faults in the changed lines?",
            CheckKind::Warnings => "Is there anything that a reader should look at?",
        }
    }

    /// Whether a verdict without this check's pass is no pass.
    #[must_use]
    pub fn is_required(self) -> bool {
        matches!(
            self,
            CheckKind::Sealed
                | CheckKind::Targets
                | CheckKind::NothingElse
                | CheckKind::Canary
                | CheckKind::Revert
        )
    }

    /// Whether the check only tells people something.
    #[must_use]
    pub fn is_advice(self) -> bool {
        matches!(self, CheckKind::Mutation | CheckKind::Warnings)
    }

    /// Whether a worker may see the evidence. The rest works only as long as it is not known.
    #[must_use]
    pub fn is_told_to_worker(self) -> bool {
        !matches!(
            self,
            CheckKind::Canary | CheckKind::Twins | CheckKind::Replay | CheckKind::HeldOut
        )
    }
}

impl fmt::Display for CheckKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What became of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "camelCase")]
pub enum CheckOutcome {
    /// It holds.
    Passed,
    /// It does not hold.
    Failed,
    /// It was not made.
    Skipped {
        /// Why not.
        why: String,
    },
    /// It found what people should know, and blocks nothing.
    Noted,
}

impl CheckOutcome {
    /// The word that is shown: `passed`, `failed`, `skipped`, `noted`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            CheckOutcome::Passed => "passed",
            CheckOutcome::Failed => "failed",
            CheckOutcome::Skipped { .. } => "skipped",
            CheckOutcome::Noted => "noted",
        }
    }
}

/// One check with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// What was checked.
    pub kind: CheckKind,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: CheckOutcome,
    /// What was seen, a line for each fact. For people, without escape sequences.
    pub evidence: Vec<String>,
}

impl Check {
    /// Whether a verdict with this check may pass.
    fn allows_pass(&self) -> bool {
        match self.outcome {
            CheckOutcome::Passed => true,
            CheckOutcome::Failed => false,
            CheckOutcome::Skipped { .. } => !self.kind.is_required(),
            CheckOutcome::Noted => self.kind.is_advice(),
        }
    }

    /// Whether anything was found out by it.
    #[must_use]
    pub fn was_made(&self) -> bool {
        !matches!(self.outcome, CheckOutcome::Skipped { .. })
    }

    /// The check as a worker may see it.
    #[must_use]
    pub fn for_worker(&self) -> Check {
        let mut told = self.clone();
        if !self.kind.is_told_to_worker() {
            told.evidence.clear();
        }
        told
    }
}

/// All checks of one state of a cycle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// The checks, in the order in which they were made.
    pub checks: Vec<Check>,
}

impl Verdict {
    /// Whether every required check was made and passed, and no check failed. A check that is
    /// missing has not passed.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        let required = CheckKind::ALL.into_iter().filter(|kind| kind.is_required());
        self.checks.iter().all(Check::allows_pass)
            && required
                .into_iter()
                .all(|kind| self.checks.iter().any(|check| check.kind == kind))
    }

    /// The verdict as one that has passed; nothing if it has not.
    #[must_use]
    pub fn passed(self) -> Option<PassedVerdict> {
        self.is_passed().then_some(PassedVerdict(self))
    }

    /// The checks that keep it from passing. A required check that was not made is not among them.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| !check.allows_pass())
    }

    /// The required checks that were not made.
    pub fn missing(&self) -> impl Iterator<Item = CheckKind> {
        CheckKind::ALL.into_iter().filter(|kind| {
            kind.is_required() && !self.checks.iter().any(|check| check.kind == *kind)
        })
    }
}

/// A verdict that has passed. [`Verdict::passed`] is the only way to one, and one is the only way
/// to a complete cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedVerdict(Verdict);

impl PassedVerdict {
    /// The checks and their evidence.
    #[must_use]
    pub fn verdict(&self) -> &Verdict {
        &self.0
    }
}
