//! What a cycle has used of what it may use.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Limit, Limits, Usage};

/// How often the same error may come before a cycle is stuck.
const SAME_ERROR: u32 = 3;

/// What has been used of the limits since they were set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Allowance {
    pub(super) limits: Limits,
    pub(super) attempts: u32,
    pub(super) usage: Usage,
    /// Time before the running stretch.
    pub(super) time: Duration,
    /// How often each error came.
    pub(super) errors: BTreeMap<String, u32>,
}

impl Allowance {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            attempts: 0,
            usage: Usage::default(),
            time: Duration::ZERO,
            errors: BTreeMap::new(),
        }
    }

    /// The limit that is reached when the running stretch has lasted so long.
    pub(super) fn reached(&self, running: Duration) -> Option<Limit> {
        let limits = &self.limits;
        let over = |used: u64, limit: Option<u64>| limit.is_some_and(|limit| used >= limit);
        if self.attempts >= limits.attempts {
            Some(Limit::Attempts)
        } else if self.time + running >= limits.time {
            Some(Limit::Time)
        } else if over(self.usage.tokens(), limits.tokens) {
            Some(Limit::Tokens)
        } else if over(
            self.usage.cost_microdollars.unwrap_or(0),
            limits.cost_microdollars,
        ) {
            Some(Limit::Cost)
        } else {
            None
        }
    }

    /// The error that came too often.
    pub(super) fn stuck_on(&self) -> Option<&str> {
        let (error, _) = self
            .errors
            .iter()
            .find(|(_, times)| **times >= SAME_ERROR)?;
        Some(error)
    }
}
