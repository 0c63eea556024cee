//! The state machine: which event may follow which, and what is to be done next.

use std::time::Duration;

use camino::Utf8PathBuf;
use thiserror::Error;

use super::allowance::Allowance;
use super::stage::{Course, Left, Stage, Work};
use super::{
    CommitId, CycleEvent, Ending, Failed, Feedback, Goal, Limit, Limits, Recorded, Review, Step,
    Usage, Verdict,
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

/// A cycle as its events have made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle {
    pub(super) goal: Goal,
    pub(super) worker: String,
    /// Whether what passes is to be tidied.
    pub(super) refactor: bool,
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
    /// What the last reply left changed.
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
            refactor,
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
            refactor: *refactor,
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
                if let Stage::TargetsPass { left, .. } = &self.stage {
                    return Step::AskUser {
                        commit: left.commit.clone(),
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
            Stage::Ready(work, feedback) => {
                if let Some(error) = self.allowance.stuck_on() {
                    let error = error.to_owned();
                    return Step::Record(CycleEvent::GotStuck { error });
                }
                if let Some(limit) = self.allowance.reached(self.running(now)) {
                    return Step::Record(CycleEvent::LimitReached { limit });
                }
                Step::Attempt {
                    phase: work.phase(),
                    number: self.attempts + 1,
                    feedback: feedback.clone(),
                    from: work.from().map(|left| left.commit.clone()),
                }
            }
            Stage::Working(..) if self.time_left(now).is_zero() => {
                Step::Record(CycleEvent::LimitReached { limit: Limit::Time })
            }
            Stage::Working(..) => Step::AwaitWorker {
                number: self.attempts,
            },
            Stage::Replied(_, left) => Step::TestTargets {
                commit: left.commit.clone(),
            },
            Stage::TargetsPass { left, .. } => Step::Verify {
                commit: left.commit.clone(),
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
                let told = Feedback::Tests(failing.cloned().collect());
                self.stage = Stage::Ready(Work::Green, Some(told));
            }
            (CycleEvent::AttemptStarted { phase, number }, Stage::Ready(work, feedback))
                if *phase == work.phase() && *number == self.attempts + 1 =>
            {
                self.stage = Stage::Working(work.clone(), feedback.take());
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
                Stage::Working(work, _),
            ) => {
                let left = Left {
                    commit: commit.clone(),
                    files: files.clone(),
                };
                let work = work.clone();
                self.files.clone_from(files);
                self.spend(*usage);
                match work {
                    // There was nothing to tidy.
                    Work::Refactor { from } if from.commit == left.commit => self.as_it_was(from),
                    work => self.stage = Stage::Replied(work, left),
                }
            }
            (
                CycleEvent::WorkerFailed { usage, .. } | CycleEvent::WayOut { usage, .. },
                Stage::Working(Work::Refactor { from }, _),
            ) => {
                let from = from.clone();
                self.as_it_was(from);
                self.spend(*usage);
            }
            (
                CycleEvent::WorkerFailed {
                    error,
                    retryable,
                    usage,
                },
                Stage::Working(Work::Green, before),
            ) => {
                let told = Feedback::then_failed(before.take(), error.clone());
                self.stage = Stage::Ready(Work::Green, Some(told));
                self.spend(*usage);
                self.count(signature::of_text(error));
                if !retryable {
                    let error = error.clone();
                    return Ok(Some(Ending::Failed(Failed::Worker { error })));
                }
            }
            (CycleEvent::WayOut { way, reason, usage }, Stage::Working(Work::Green, feedback)) => {
                self.stage = Stage::Ready(Work::Green, feedback.take());
                self.spend(*usage);
                return Ok(Some(Ending::Failed(Failed::WayOut {
                    way: *way,
                    reason: reason.clone(),
                })));
            }
            (CycleEvent::Tested { commit, targets }, Stage::Replied(work, left))
                if *commit == left.commit =>
            {
                let failing = targets::not_passed(&self.goal, targets);
                let (work, left) = (work.clone(), left.clone());
                self.tested(work, left, failing);
            }
            (CycleEvent::Verified { commit, verdict }, Stage::TargetsPass { left, tidied })
                if *commit == left.commit =>
            {
                self.verdict = Some(verdict.clone());
                if let Some(passed) = verdict.clone().passed() {
                    return Ok(Some(Ending::Complete(passed)));
                }
                if let Some(from) = tidied.take() {
                    self.as_it_was(from);
                    return Ok(None);
                }
                self.count(signature::of_verdict(verdict));
                let told = verdict.failures().map(super::Check::for_worker).collect();
                self.stage = Stage::Ready(Work::Green, Some(Feedback::Verdict(told)));
            }
            (
                CycleEvent::LimitReached { .. },
                Stage::Ready(Work::Refactor { from }, _)
                | Stage::Working(Work::Refactor { from }, _),
            ) => {
                let from = from.clone();
                self.as_it_was(from);
            }
            (CycleEvent::LimitReached { limit }, Stage::Ready(..) | Stage::Working(..)) => {
                return Ok(Some(Ending::Failed(Failed::Limit(*limit))));
            }
            (CycleEvent::GotStuck { error }, Stage::Ready(..)) => {
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

    /// The targets have run on what a worker left.
    fn tested(&mut self, work: Work, left: Left, failing: Vec<super::TargetResult>) {
        match work {
            Work::Green if !failing.is_empty() => {
                self.count(signature::of_targets(&failing));
                self.stage = Stage::Ready(Work::Green, Some(Feedback::Tests(failing)));
            }
            Work::Green if self.refactor => {
                self.stage = Stage::Ready(Work::Refactor { from: left }, None);
            }
            Work::Green => self.stage = Stage::TargetsPass { left, tidied: None },
            Work::Refactor { from } if failing.is_empty() => {
                let tidied = Some(from);
                self.stage = Stage::TargetsPass { left, tidied };
            }
            Work::Refactor { from } => self.as_it_was(from),
        }
    }

    /// Gives up tidying: what was there before is judged.
    fn as_it_was(&mut self, left: Left) {
        self.files.clone_from(&left.files);
        self.stage = Stage::TargetsPass { left, tidied: None };
    }

    /// Goes on from the last step that was completed: a worker that had the task has it no more.
    fn resume(&mut self, at: Duration, limits: Option<Limits>) -> Course {
        if let Stage::Working(work, feedback) = &mut self.stage {
            self.stage = Stage::Ready(work.clone(), feedback.take());
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
                (Course::Running { .. }, Stage::Ready(..)) => "waits for its next attempt",
                (Course::Running { .. }, Stage::Working(..)) => "waits for its worker",
                (Course::Running { .. }, Stage::Replied(..)) => "waits for its targets' results",
                (Course::Running { .. }, Stage::TargetsPass { .. }) => "waits for its verdict",
            },
        }
    }
}
