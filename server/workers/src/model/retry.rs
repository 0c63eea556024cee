//! Which failures are worth another try, and how long to wait before it. Pure.

use std::time::Duration;

use crate::WorkerError;

/// How often and how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Requests at most.
    pub(super) tries: u32,
    /// Before the second try; then twice as long each time.
    pub(super) first: Duration,
    /// The longest wait of our own choice.
    pub(super) longest: Duration,
    /// The longest wait that a server may ask for.
    pub(super) asked: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            tries: 5,
            first: Duration::from_secs(1),
            longest: Duration::from_secs(30),
            asked: Duration::from_secs(120),
        }
    }
}

/// A request that has failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: WorkerError,
    /// Whether another try may do better.
    pub(super) passing: bool,
    /// How long the server asks to wait.
    pub(super) retry_after: Option<Duration>,
}

impl Failure {
    pub(super) fn lasting(error: WorkerError) -> Self {
        Self {
            error,
            passing: false,
            retry_after: None,
        }
    }

    pub(super) fn passing(error: WorkerError) -> Self {
        Self {
            error,
            passing: true,
            retry_after: None,
        }
    }
}

/// What to do about a failure.
#[derive(Debug)]
pub(super) enum Decision {
    GiveUp(WorkerError),
    Wait { wait: Duration, reason: String },
}

impl Patience {
    /// What to do after `tries` tries. The same `seed` gives the same waits.
    pub(super) fn decide(&self, failure: Failure, tries: u32, seed: u64) -> Decision {
        let Failure {
            error,
            passing,
            retry_after,
        } = failure;
        if !passing {
            return Decision::GiveUp(error);
        }
        if tries >= self.tries {
            return Decision::GiveUp(WorkerError::GaveUp {
                tries,
                source: Box::new(error),
            });
        }
        let reason = error.to_string();
        match retry_after {
            Some(wait) if wait > self.asked => Decision::GiveUp(WorkerError::Busy {
                wait,
                message: reason,
            }),
            Some(wait) => Decision::Wait { wait, reason },
            None => Decision::Wait {
                wait: self.backoff(tries, seed),
                reason,
            },
        }
    }

    /// Between half of the wait and all of it, so that many clients do not come back at once.
    fn backoff(&self, tries: u32, seed: u64) -> Duration {
        let doubled = self.first.saturating_mul(1 << (tries - 1).min(16));
        let wait = doubled.min(self.longest);
        let random = (mixed(seed ^ u64::from(tries)) >> 48) as u32;
        wait / 2 + (wait / 2).mul_f64(f64::from(random) / f64::from(u16::MAX))
    }
}

/// Whether a response with this status is worth another try. 425 is "too early", 529 Anthropic's
/// "overloaded".
pub(super) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 409 | 425 | 429 | 500..)
}

/// The wait that a header asks for: `retry-after-ms`, or seconds in `retry-after`. A date there is
/// not looked at.
pub(super) fn retry_after(millis: Option<&str>, seconds: Option<&str>) -> Option<Duration> {
    let millis = millis.and_then(|value| value.trim().parse::<f64>().ok());
    let seconds = seconds.and_then(|value| value.trim().parse::<f64>().ok());
    let seconds = millis.map(|millis| millis / 1000.0).or(seconds)?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// The finalizer of SplitMix64, which makes unlike numbers of like ones.
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let patience = Patience::default();
        for (tries, longest) in [(1, 1), (2, 2), (3, 4), (4, 8), (6, 30), (60, 30)] {
            let longest = Duration::from_secs(longest);
            let wait = patience.backoff(tries, 7);
            assert!(longest / 2 <= wait && wait <= longest, "{tries}: {wait:?}");
            assert_eq!(wait, patience.backoff(tries, 7));
        }
        assert_ne!(patience.backoff(1, 7), patience.backoff(1, 8));
    }

    #[test]
    fn the_server_may_name_the_wait() {
        for (millis, seconds, wait) in [
            (None, None, None),
            (None, Some("2"), Some(2000)),
            (None, Some(" 0.5 "), Some(500)),
            (Some("20"), Some("2"), Some(20)),
            (None, Some("Wed, 21 Oct 2015 07:28:00 GMT"), None),
            (None, Some("-1"), None),
            (None, Some("1e300"), None),
            (None, Some("NaN"), None),
        ] {
            let found = retry_after(millis, seconds);
            assert_eq!(
                found,
                wait.map(Duration::from_millis),
                "{millis:?} {seconds:?}"
            );
        }
    }

    #[test]
    fn some_refusals_pass_and_others_do_not() {
        for status in [408, 409, 425, 429, 500, 502, 503, 529] {
            assert!(is_passing(status), "{status}");
        }
        for status in [400, 401, 402, 403, 404, 413, 422] {
            assert!(!is_passing(status), "{status}");
        }
    }

    #[test]
    fn decisions() {
        let failure = |passing, seconds: Option<u64>| Failure {
            error: WorkerError::BrokenOff { why: "test" },
            passing,
            retry_after: seconds.map(Duration::from_secs),
        };
        let decide = |failure, tries| Patience::default().decide(failure, tries, 1);
        for (failure, tries, gives_up) in [
            (failure(true, None), 1, false),
            (failure(true, Some(120)), 4, false),
            (failure(true, None), 5, true),
            (failure(true, Some(121)), 1, true),
            (failure(false, Some(1)), 1, true),
        ] {
            let decision = decide(failure, tries);
            assert_eq!(
                matches!(decision, Decision::GiveUp(_)),
                gives_up,
                "{decision:?}"
            );
        }
    }
}
