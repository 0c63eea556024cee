//! The run queue of one project: depth one, the latest wins, nothing asked for is lost.

use crate::{Cause, RunId, Selection};

/// A run that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What to run.
    pub selection: Selection,
    /// Why.
    pub cause: Cause,
}

impl Wanted {
    /// Both in one run: the union of what they select, for the later one's cause.
    #[must_use]
    fn and(self, later: Wanted) -> Wanted {
        Wanted {
            selection: self.selection.and(later.selection),
            // Somebody waits for what was asked.
            cause: if self.cause == Cause::Asked {
                Cause::Asked
            } else {
                later.cause
            },
        }
    }
}

/// What is to be done about a run that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Nothing runs: [`RunQueue::next`] has it.
    Start,
    /// It waits for the run that goes on.
    Wait,
    /// The run that goes on works on old inputs: cancel it. What it was to run is part of the run
    /// that waits.
    Supersede(RunId),
}

#[derive(Debug, Clone)]
struct Running {
    run: RunId,
    wanted: Wanted,
    /// Whether it may be cancelled for a newer one. A run that took the place of a cancelled one
    /// may not, so that a user who saves all the time still gets results.
    yields: bool,
}

/// The runs of one project: at most one goes on, at most one waits.
///
/// Five quick saves make one run or two, never five: a run that a save has outdated is cancelled
/// once, and whatever else is asked for meanwhile joins the one run that waits.
#[derive(Debug, Clone, Default)]
pub struct RunQueue {
    running: Option<Running>,
    waiting: Option<Wanted>,
    /// The waiting run takes the place of a cancelled one.
    superseding: bool,
}

impl RunQueue {
    /// Takes in a run that is wanted.
    pub fn want(&mut self, wanted: Wanted) -> Admission {
        let outdates = matches!(wanted.cause, Cause::Saved | Cause::Changed);
        self.waiting = Some(match self.waiting.take() {
            Some(waiting) => waiting.and(wanted),
            None => wanted,
        });
        match &mut self.running {
            None => Admission::Start,
            Some(running) if outdates && running.yields && running.wanted.cause != Cause::Asked => {
                running.yields = false;
                self.superseding = true;
                let (run, cancelled) = (running.run, running.wanted.clone());
                self.waiting = self.waiting.take().map(|waiting| cancelled.and(waiting));
                Admission::Supersede(run)
            }
            Some(_) => Admission::Wait,
        }
    }

    /// The run to start now under the id `run`, if one waits and none goes on.
    pub fn next(&mut self, run: RunId) -> Option<Wanted> {
        if self.running.is_some() {
            return None;
        }
        let wanted = self.waiting.take()?;
        self.running = Some(Running {
            run,
            wanted: wanted.clone(),
            yields: !std::mem::take(&mut self.superseding),
        });
        Some(wanted)
    }

    /// The run has come to its end. Ends of other runs change nothing.
    pub fn ended(&mut self, run: RunId) {
        if self.running() == Some(run) {
            self.running = None;
        }
    }

    /// Forgets what waits, and names the run to cancel, if one goes on.
    pub fn cancel(&mut self) -> Option<RunId> {
        self.waiting = None;
        self.superseding = false;
        self.running()
    }

    /// The run that goes on.
    #[must_use]
    pub fn running(&self) -> Option<RunId> {
        self.running.as_ref().map(|running| running.run)
    }

    /// Whether nothing goes on and nothing waits.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.running.is_none() && self.waiting.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Unit;

    fn units(names: &str) -> Selection {
        Selection::Units(names.split(' ').map(Unit::new).collect())
    }

    fn saved(names: &str) -> Wanted {
        Wanted {
            selection: units(names),
            cause: Cause::Saved,
        }
    }

    fn asked(names: &str) -> Wanted {
        Wanted {
            selection: units(names),
            cause: Cause::Asked,
        }
    }

    #[test]
    fn five_saves_are_two_runs_and_the_second_has_all_that_was_selected() {
        let mut queue = RunQueue::default();
        assert_eq!(queue.want(saved("a")), Admission::Start);
        assert_eq!(queue.next(RunId(1)), Some(saved("a")));
        assert_eq!(queue.want(saved("b")), Admission::Supersede(RunId(1)));
        for name in ["c", "b", "d"] {
            assert_eq!(queue.want(saved(name)), Admission::Wait);
        }
        assert_eq!(queue.next(RunId(2)), None, "one at a time");
        queue.ended(RunId(1));
        assert_eq!(queue.next(RunId(2)), Some(saved("a b c d")));
        queue.ended(RunId(2));
        assert!(queue.is_idle());
    }

    #[test]
    fn a_run_that_superseded_another_is_left_to_its_end() {
        let mut queue = RunQueue::default();
        queue.want(saved("a"));
        queue.next(RunId(1));
        queue.want(saved("a"));
        queue.ended(RunId(1));
        queue.next(RunId(2));
        assert_eq!(queue.want(saved("a")), Admission::Wait);
        queue.ended(RunId(2));
        queue.next(RunId(3));
        assert_eq!(queue.want(saved("a")), Admission::Supersede(RunId(3)));
    }

    #[test]
    fn a_run_that_was_asked_for_is_never_superseded() {
        let mut queue = RunQueue::default();
        queue.want(asked("a"));
        queue.next(RunId(1));
        assert_eq!(queue.want(saved("b")), Admission::Wait);
        assert_eq!(queue.want(asked("c")), Admission::Wait);
        queue.ended(RunId(1));
        assert_eq!(queue.next(RunId(2)), Some(asked("b c")));
    }

    #[test]
    fn cancel_forgets_what_waits_and_names_what_runs() {
        let mut queue = RunQueue::default();
        assert_eq!(queue.cancel(), None);
        queue.want(saved("a"));
        queue.next(RunId(1));
        queue.want(asked("b"));
        assert_eq!(queue.cancel(), Some(RunId(1)));
        queue.ended(RunId(7));
        assert_eq!(queue.running(), Some(RunId(1)), "another run's end");
        queue.ended(RunId(1));
        assert_eq!(queue.next(RunId(2)), None);
    }
}
