//! Circuit breakers: what keeps failing is left alone for a while, then tried again.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Cycle, CycleEvent, Phase};

/// What a breaker is for. Each level has its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "level", content = "name")]
pub enum BreakerKey {
    /// One phase of cycles, whoever works.
    Phase(Phase),
    /// One worker, by its name in the settings.
    Worker(String),
    /// The daemon's own means: lanes, runners, the disk.
    System,
}

impl fmt::Display for BreakerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BreakerKey::Phase(phase) => write!(f, "phase {phase}"),
            BreakerKey::Worker(name) => write!(f, "worker {name}"),
            BreakerKey::System => f.write_str("system"),
        }
    }
}

/// What a breaker is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BreakerChange {
    /// It worked.
    Success,
    /// It did not.
    Failure,
    /// The user says that it may be tried again.
    Reset,
}

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Failures in a row that open it. At least 1.
    pub failures: u32,
    /// How long it stays open after the last failure.
    pub cooldown: Duration,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            failures: 3,
            cooldown: Duration::from_secs(5 * 60),
        }
    }
}

impl BreakerKey {
    /// When the breaker of this level opens, and for how long. One hard test after another is no
    /// fault of the phase they are worked on in, so that takes long.
    #[must_use]
    pub fn thresholds(&self) -> Thresholds {
        let failures = match self {
            BreakerKey::Phase(_) => 10,
            BreakerKey::Worker(_) | BreakerKey::System => 3,
        };
        Thresholds {
            failures,
            ..Thresholds::default()
        }
    }
}

/// How a breaker stands at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// All is well.
    Closed,
    /// It failed too often: nothing is tried until then, since the Unix epoch.
    Open {
        /// When it may be tried again.
        until: Duration,
    },
    /// It may be tried: a success closes it, a failure opens it again.
    HalfOpen,
}

impl BreakerState {
    /// The word that is shown: `closed`, `open`, `half-open`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            BreakerState::Closed => "closed",
            BreakerState::Open { .. } => "open",
            BreakerState::HalfOpen => "half-open",
        }
    }
}

/// What is kept of a breaker: its failures in a row, and when the last one was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Breaker {
    /// Failures since the last success or reset.
    pub failures: u32,
    /// When the last failure was, since the Unix epoch. Means nothing without failures.
    pub failed_at: Duration,
}

impl Breaker {
    /// Takes in what happened at the time `at` since the Unix epoch.
    pub fn apply(&mut self, at: Duration, change: BreakerChange) {
        match change {
            BreakerChange::Success | BreakerChange::Reset => *self = Self::default(),
            BreakerChange::Failure => {
                self.failures = self.failures.saturating_add(1);
                self.failed_at = self.failed_at.max(at);
            }
        }
    }

    /// How it stands at the time `now` since the Unix epoch.
    #[must_use]
    pub fn state(&self, now: Duration, thresholds: Thresholds) -> BreakerState {
        let until = self.failed_at.saturating_add(thresholds.cooldown);
        if self.failures < thresholds.failures.max(1) {
            BreakerState::Closed
        } else if now < until {
            BreakerState::Open { until }
        } else {
            BreakerState::HalfOpen
        }
    }

    /// Whether a try is allowed at the time `now` since the Unix epoch.
    #[must_use]
    pub fn allows(&self, now: Duration, thresholds: Thresholds) -> bool {
        !matches!(self.state(now, thresholds), BreakerState::Open { .. })
    }
}

/// What an event of a cycle tells the breakers. `cycle` is the cycle before the event.
#[must_use]
pub fn breaker_changes(cycle: &Cycle, event: &CycleEvent) -> Vec<(BreakerKey, BreakerChange)> {
    let worker = || BreakerKey::Worker(cycle.worker().to_owned());
    match event {
        CycleEvent::WorkerReplied { .. } | CycleEvent::WayOut { .. } => {
            vec![(worker(), BreakerChange::Success)]
        }
        CycleEvent::WorkerFailed { .. } => vec![(worker(), BreakerChange::Failure)],
        CycleEvent::Verified { verdict, .. } if verdict.is_passed() => vec![
            (BreakerKey::Phase(Phase::Green), BreakerChange::Success),
            (BreakerKey::System, BreakerChange::Success),
        ],
        CycleEvent::Verified { .. }
        | CycleEvent::BaselineTaken { .. }
        | CycleEvent::Tested { .. } => vec![(BreakerKey::System, BreakerChange::Success)],
        // What passes is judged as it is, so nothing has failed.
        CycleEvent::LimitReached { .. } if cycle.working_phase() == Phase::Refactor => Vec::new(),
        CycleEvent::GotStuck { .. } | CycleEvent::LimitReached { .. } => vec![(
            BreakerKey::Phase(cycle.working_phase()),
            BreakerChange::Failure,
        )],
        CycleEvent::Broken { .. } => vec![(BreakerKey::System, BreakerChange::Failure)],
        CycleEvent::Opened { .. }
        | CycleEvent::AttemptStarted { .. }
        | CycleEvent::Cancelled
        | CycleEvent::Interrupted
        | CycleEvent::Resumed { .. }
        | CycleEvent::Applied { .. }
        | CycleEvent::Discarded => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THRESHOLDS: Thresholds = Thresholds {
        failures: 2,
        cooldown: Duration::from_secs(10),
    };

    /// What happens, as `second word`, and how it stands at the second `now`.
    #[track_caller]
    fn check(happens: &[(u64, BreakerChange)], now: u64, state: &str) {
        let mut breaker = Breaker::default();
        for (at, change) in happens {
            breaker.apply(Duration::from_secs(*at), *change);
        }
        let now = Duration::from_secs(now);
        assert_eq!(breaker.state(now, THRESHOLDS).name(), state);
        assert_eq!(breaker.allows(now, THRESHOLDS), state != "open");
    }

    #[test]
    fn it_opens_by_failures_in_a_row_and_closes_by_a_success() {
        use BreakerChange::{Failure, Reset, Success};
        check(&[], 0, "closed");
        check(&[(1, Failure)], 1, "closed");
        check(&[(1, Failure), (2, Success), (3, Failure)], 3, "closed");
        check(&[(1, Failure), (2, Failure)], 2, "open");
        check(&[(1, Failure), (2, Failure)], 11, "open");
        check(&[(1, Failure), (2, Failure)], 12, "half-open");
        check(&[(1, Failure), (2, Failure), (12, Failure)], 13, "open");
        check(&[(1, Failure), (2, Failure), (12, Success)], 13, "closed");
        check(&[(1, Failure), (2, Failure), (3, Reset)], 3, "closed");
    }

    #[test]
    fn a_clock_that_goes_back_does_not_shorten_the_wait() {
        use BreakerChange::Failure;
        check(&[(9, Failure), (2, Failure)], 12, "open");
        check(&[(9, Failure), (2, Failure)], 19, "half-open");
    }
}
