//! How far the ending of a tree has come: a state machine without a clock.

use std::time::{Duration, Instant};

use rustix::process::Signal;

/// How often an ending tree is looked at again: for processes that were just being made when it was
/// killed, and where the system does not tell when one ends that is no child of ours.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// When a tree that does not end on KILL is given up: its processes hang in the kernel.
const HOPELESS: Duration = Duration::from_secs(5);

/// How far the ending of a tree has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It is to run.
    Running,
    /// It is to end. Nobody has told it yet.
    Ending { until: Instant },
    /// It was sent TERM.
    Terminating { until: Instant },
    /// It is sent KILL, again and again.
    Killing { until: Instant },
}

/// What is to be done now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing.
    Wait,
    /// Send this signal to every process.
    Send(Signal),
    /// Leave what is left.
    GiveUp,
}

impl Phase {
    /// Has the tree end, by KILL when `grace` is over. Of two graces the one that ends sooner holds.
    pub(super) fn end_within(&mut self, grace: Duration, now: Instant) {
        let new = now + grace;
        match self {
            Phase::Running => *self = Phase::Ending { until: new },
            Phase::Ending { until } | Phase::Terminating { until } => *until = new.min(*until),
            Phase::Killing { .. } => {}
        }
    }

    /// What is to be done now, and is taken as done.
    ///
    /// TERM is sent once: a second one would hit the commands that a process cleans up with.
    pub(super) fn step(&mut self, now: Instant) -> Step {
        match *self {
            Phase::Ending { until } | Phase::Terminating { until } if until <= now => {
                *self = Phase::Killing {
                    until: now + HOPELESS,
                };
                Step::Send(Signal::KILL)
            }
            Phase::Ending { until } => {
                *self = Phase::Terminating { until };
                Step::Send(Signal::TERM)
            }
            Phase::Killing { until } if until <= now => Step::GiveUp,
            Phase::Killing { .. } => Step::Send(Signal::KILL),
            Phase::Running | Phase::Terminating { .. } => Step::Wait,
        }
    }

    /// When to take the next step, if nothing happens before; nothing if there is no need to.
    pub(super) fn timeout(&self, now: Instant) -> Option<Duration> {
        match *self {
            Phase::Running => None,
            Phase::Ending { .. } => Some(Duration::ZERO),
            Phase::Terminating { until } => {
                Some(until.saturating_duration_since(now).min(LOOK_AGAIN))
            }
            Phase::Killing { .. } => Some(LOOK_AGAIN),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What happens at a time, in milliseconds.
    enum At {
        EndWithin(u64),
        Step(Step),
    }
    use At::{EndWithin, Step as Expect};

    const TERM: At = Expect(Step::Send(Signal::TERM));
    const KILL: At = Expect(Step::Send(Signal::KILL));
    const WAIT: At = Expect(Step::Wait);
    const GIVE_UP: At = Expect(Step::GiveUp);

    #[expect(
        clippy::disallowed_methods,
        reason = "any instant to begin with will do"
    )]
    fn check(story: impl IntoIterator<Item = (u64, At)>) {
        let start = Instant::now();
        let mut phase = Phase::Running;
        for (millis, at) in story {
            let now = start + Duration::from_millis(millis);
            match at {
                EndWithin(grace) => phase.end_within(Duration::from_millis(grace), now),
                Expect(step) => assert_eq!(phase.step(now), step, "at {millis} ms"),
            }
        }
    }

    #[test]
    fn terms_once_then_kills_until_hopeless() {
        check([
            (0, WAIT),
            (0, EndWithin(200)),
            (0, TERM),
            (10, WAIT),
            (199, WAIT),
            (200, KILL),
            (210, KILL),
            (5199, KILL),
            (5200, GIVE_UP),
        ]);
    }

    #[test]
    fn the_shorter_grace_holds() {
        check([
            (0, EndWithin(200)),
            (0, TERM),
            (10, EndWithin(1000)),
            (200, KILL),
        ]);
        check([
            (0, EndWithin(1000)),
            (0, TERM),
            (10, EndWithin(50)),
            (59, WAIT),
            (60, KILL),
        ]);
    }

    #[test]
    fn without_grace_it_is_killed_at_once() {
        check([(0, EndWithin(0)), (0, KILL), (1, EndWithin(100)), (2, KILL)]);
    }
}
