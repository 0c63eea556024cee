//! The state machine: which event may follow which, and what is to be done next.

use std::time::Duration;

use camino::Utf8PathBuf;
use thiserror::Error;

use super::allowance::Allowance;
use super::{
    CommitId, CycleEvent, Ending, Failed, Feedback, Goal, Limit, Limits, Phase, Recorded, Review,
    Step, Usage, Verdict,
};
use super::{signature, targets};

/// An event that cannot happen to a cycle as it is.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{event}` cannot happen to a cycle that {state}")]
pub struct IllegalEvent {
    /// The event's name.
    pub event: &'static str,
    /// How the cycle is, to stand after "a cycle that".
    pub state: &'static str,
}

/// How far the work has come. It is kept when the cycle ends, so that it can be taken up again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing is known of the base.
    New,
    /// A worker may try.
    Ready(Option<Feedback>),
    /// A worker has the task; the feedback is what it was given.
    Working(Option<Feedback>),
    /// A worker has left something.
    Replied(CommitId),
    /// The targets pass on it.
    TargetsPass(CommitId),
}

/// Whether somebody is at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Course {
    Running { since: Duration },
    Interrupted,
    Ended(Ending),
    Reviewed(Ending, Review),
}

/// A cycle as its events have made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle {
    pub(super) goal: Goal,
    pub(super) worker: String,
    pub(super) base: CommitId,
    pub(super) opened_at: Duration,
    pub(super) last_at: Duration,
    /// How long all stretches before the running one have lasted.
    pub(super) ran: Duration,
    pub(super) stage: Stage,
    pub(super) course: Course,
    pub(super) allowance: Allowance,
    pub(super) attempts: u32,
    pub(super) usage: Usage,
    pub(super) files: Vec<Utf8PathBuf>,
    pub(super) verdict: Option<Verdict>,
}

impl Cycle {
    /// The cycle that begins with this event.
    ///
    /// # Errors
    ///
    /// If the event is not [`CycleEvent::Opened`].
    pub fn open(first: &Recorded) -> Result<Self, IllegalEvent> {
        let CycleEvent::Opened {
            goal,
            worker,
            limits,
            base,
        } = &first.event
        else {
            return Err(IllegalEvent {
                event: first.event.name(),
                state: "is not opened",
            });
        };
        Ok(Self {
            goal: goal.clone(),
            worker: worker.clone(),
            base: base.clone(),
            opened_at: first.at,
            last_at: first.at,
            ran: Duration::ZERO,
            stage: Stage::New,
            course: Course::Running { since: first.at },
            allowance: Allowance::new(*limits),
            attempts: 0,
            usage: Usage::default(),
            files: Vec::new(),
            verdict: None,
        })
    }

    /// The cycle that all its events make. Nothing if there are none.
    ///
    /// # Errors
    ///
    /// If one cannot follow on those before it.
    pub fn replay<'a>(
        events: impl IntoIterator<Item = &'a Recorded>,
    ) -> Result<Option<Self>, IllegalEvent> {
        let mut events = events.into_iter();
        let Some(first) = events.next() else {
            return Ok(None);
        };
        let mut cycle = Self::open(first)?;
        for recorded in events {
            cycle.apply(recorded)?;
        }
        Ok(Some(cycle))
    }

    /// Takes in what has happened. Nothing is changed by an event that cannot happen.
    ///
    /// # Errors
    ///
    /// If it cannot happen to the cycle as it is: an attempt that was not next, a result of
    /// another state, anything but a review or a resumption after the end.
    pub fn apply(&mut self, recorded: &Recorded) -> Result<(), IllegalEvent> {
        let at = recorded.at;
        let course = match (&recorded.event, &self.course) {
            (CycleEvent::Resumed { limits }, Course::Running { .. } | Course::Interrupted) => {
                Some(self.resume(at, *limits))
            }
            (CycleEvent::Resumed { limits }, Course::Ended(ending))
                if !matches!(ending, Ending::Complete(_)) =>
            {
                Some(self.resume(at, *limits))
            }
            (CycleEvent::Applied { .. }, Course::Ended(ending @ Ending::Complete(_))) => {
                Some(Course::Reviewed(ending.clone(), Review::Applied))
            }
            (CycleEvent::Discarded, Course::Ended(ending)) => {
                Some(Course::Reviewed(ending.clone(), Review::Discarded))
            }
            (CycleEvent::Cancelled, Course::Running { .. } | Course::Interrupted) => {
                Some(Course::Ended(Ending::Cancelled))
            }
            (CycleEvent::Interrupted, Course::Running { .. }) => Some(Course::Interrupted),
            (event, Course::Running { .. }) => self.progress(event)?.map(Course::Ended),
            (event, _) => return Err(self.illegal(event)),
        };
        if let Some(course) = course {
            self.turn(course, at);
        }
        self.last_at = self.last_at.max(at);
        Ok(())
    }

    /// What is to be done next, at the time `now` since the Unix epoch.
    #[must_use]
    pub fn next(&self, now: Duration) -> Step {
        match &self.course {
            Course::Interrupted => return Step::AwaitResume,
            Course::Ended(Ending::Complete(_)) => {
                if let Stage::TargetsPass(commit) = &self.stage {
                    return Step::AskUser {
                        commit: commit.clone(),
                    };
                }
            }
            _ => {}
        }
        if let Course::Ended(ending) | Course::Reviewed(ending, _) = &self.course {
            return Step::Done(ending.clone());
        }
        match &self.stage {
            Stage::New => Step::TakeBaseline,
            Stage::Ready(feedback) => {
                if let Some(error) = self.allowance.stuck_on() {
                    let error = error.to_owned();
                    return Step::Record(CycleEvent::GotStuck { error });
                }
                if let Some(limit) = self.allowance.reached(self.running(now)) {
                    return Step::Record(CycleEvent::LimitReached { limit });
                }
                Step::Attempt {
                    phase: Phase::Green,
                    number: self.attempts + 1,
                    feedback: feedback.clone(),
                }
            }
            Stage::Working(_) if self.time_left(now).is_zero() => {
                Step::Record(CycleEvent::LimitReached { limit: Limit::Time })
            }
            Stage::Working(_) => Step::AwaitWorker {
                number: self.attempts,
            },
            Stage::Replied(commit) => Step::TestTargets {
                commit: commit.clone(),
            },
            Stage::TargetsPass(commit) => Step::Verify {
                commit: commit.clone(),
            },
        }
    }

    /// How long a worker may still work, at the time `now` since the Unix epoch.
    #[must_use]
    pub fn time_left(&self, now: Duration) -> Duration {
        let used = self.allowance.time + self.running(now);
        self.allowance.limits.time.saturating_sub(used)
    }

    /// What an event means to a cycle that runs: its end, if it is that.
    fn progress(&mut self, event: &CycleEvent) -> Result<Option<Ending>, IllegalEvent> {
        match (event, &mut self.stage) {
            (CycleEvent::BaselineTaken { targets, .. }, Stage::New) => {
                if let Some(unfit) = targets::unfit(&self.goal, targets) {
                    return Ok(Some(Ending::Failed(unfit)));
                }
                let failing = targets.iter().filter(|target| !target.is_passed());
                self.stage = Stage::Ready(Some(Feedback::Tests(failing.cloned().collect())));
            }
            (CycleEvent::AttemptStarted { phase, number }, Stage::Ready(feedback))
                if *phase == Phase::Green && *number == self.attempts + 1 =>
            {
                self.stage = Stage::Working(feedback.take());
                self.attempts += 1;
                self.allowance.attempts += 1;
            }
            (
                CycleEvent::WorkerReplied {
                    usage,
                    files,
                    commit,
                    ..
                },
                Stage::Working(_),
            ) => {
                self.stage = Stage::Replied(commit.clone());
                self.files.clone_from(files);
                self.spend(*usage);
            }
            (
                CycleEvent::WorkerFailed {
                    error,
                    retryable,
                    usage,
                },
                Stage::Working(before),
            ) => {
                let told = Feedback::then_failed(before.take(), error.clone());
                self.stage = Stage::Ready(Some(told));
                self.spend(*usage);
                self.count(signature::of_text(error));
                if !retryable {
                    let error = error.clone();
                    return Ok(Some(Ending::Failed(Failed::Worker { error })));
                }
            }
            (CycleEvent::WayOut { way, reason, usage }, Stage::Working(feedback)) => {
                self.stage = Stage::Ready(feedback.take());
                self.spend(*usage);
                return Ok(Some(Ending::Failed(Failed::WayOut {
                    way: *way,
                    reason: reason.clone(),
                })));
            }
            (CycleEvent::Tested { commit, targets }, Stage::Replied(replied))
                if *commit == *replied =>
            {
                let failing = targets::not_passed(&self.goal, targets);
                if failing.is_empty() {
                    self.stage = Stage::TargetsPass(commit.clone());
                } else {
                    self.count(signature::of_targets(&failing));
                    self.stage = Stage::Ready(Some(Feedback::Tests(failing)));
                }
            }
            (CycleEvent::Verified { commit, verdict }, Stage::TargetsPass(passing))
                if *commit == *passing =>
            {
                self.verdict = Some(verdict.clone());
                if let Some(passed) = verdict.clone().passed() {
                    return Ok(Some(Ending::Complete(passed)));
                }
                self.count(signature::of_verdict(verdict));
                let told = verdict.failures().map(super::Check::for_worker).collect();
                self.stage = Stage::Ready(Some(Feedback::Verdict(told)));
            }
            (CycleEvent::LimitReached { limit }, Stage::Ready(_) | Stage::Working(_)) => {
                return Ok(Some(Ending::Failed(Failed::Limit(*limit))));
            }
            (CycleEvent::GotStuck { error }, Stage::Ready(_)) => {
                let error = error.clone();
                return Ok(Some(Ending::Stuck { error }));
            }
            (CycleEvent::Broken { error }, _) => {
                let error = error.clone();
                return Ok(Some(Ending::Failed(Failed::Broken { error })));
            }
            (event, _) => return Err(self.illegal(event)),
        }
        Ok(None)
    }

    /// Goes on from the last step that was completed: a worker that had the task has it no more.
    fn resume(&mut self, at: Duration, limits: Option<Limits>) -> Course {
        if let Stage::Working(feedback) = &mut self.stage {
            self.stage = Stage::Ready(feedback.take());
        }
        if let Course::Running { since } = self.course {
            // A daemon was killed: what it did after its last event is not known.
            self.used(self.last_at.saturating_sub(since));
        }
        if let Some(limits) = limits {
            self.allowance = Allowance::new(limits);
        }
        self.course = Course::Interrupted;
        Course::Running { since: at }
    }

    fn turn(&mut self, course: Course, at: Duration) {
        if let Course::Running { .. } = self.course {
            self.used(self.running(at));
        }
        self.course = course;
    }

    /// How long the running stretch has lasted.
    pub(super) fn running(&self, now: Duration) -> Duration {
        match self.course {
            Course::Running { since } => now.saturating_sub(since),
            _ => Duration::ZERO,
        }
    }

    fn used(&mut self, time: Duration) {
        self.ran += time;
        self.allowance.time += time;
    }

    fn spend(&mut self, usage: Usage) {
        self.usage += usage;
        self.allowance.usage += usage;
    }

    fn count(&mut self, error: String) {
        *self.allowance.errors.entry(error).or_default() += 1;
    }

    fn illegal(&self, event: &CycleEvent) -> IllegalEvent {
        IllegalEvent {
            event: event.name(),
            state: match (&self.course, &self.stage) {
                (Course::Interrupted, _) => "is interrupted",
                (Course::Ended(Ending::Complete(_)), _) => "is complete",
                (Course::Ended(_), _) => "has ended",
                (Course::Reviewed(_, Review::Applied), _) => "was applied",
                (Course::Reviewed(_, Review::Discarded), _) => "was discarded",
                (Course::Running { .. }, Stage::New) => "waits for its baseline",
                (Course::Running { .. }, Stage::Ready(_)) => "waits for its next attempt",
                (Course::Running { .. }, Stage::Working(_)) => "waits for its worker",
                (Course::Running { .. }, Stage::Replied(_)) => "waits for its targets' results",
                (Course::Running { .. }, Stage::TargetsPass(_)) => "waits for its verdict",
            },
        }
    }
}
