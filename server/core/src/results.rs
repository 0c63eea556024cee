//! The latest result of each test, and whether it can still be believed.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::{Counts, Outcome, ProjectId, RunId, TestId, TestResult, Unit};

/// How many earlier runs of a test are remembered.
const PAST: usize = 10;

/// Whether a shown result still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Freshness {
    /// Its inputs have not changed since the run began.
    Current,
    /// They have, on disk or in an open editor.
    Stale,
    /// There is no result.
    Unknown,
}

/// Which units of a project a change reaches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Extent {
    /// None.
    #[default]
    Nothing,
    /// These.
    Units(BTreeSet<Unit>),
    /// Every one.
    All,
}

impl Extent {
    fn has(&self, unit: Option<&Unit>) -> bool {
        match (self, unit) {
            (Extent::Nothing, _) => false,
            (Extent::Units(units), Some(unit)) => units.contains(unit),
            // A test of no unit depends on everything.
            (Extent::Units(units), None) => !units.is_empty(),
            (Extent::All, _) => true,
        }
    }

    /// Adds what another change reaches.
    pub fn add(&mut self, other: Extent) {
        match (&mut *self, other) {
            (_, Extent::Nothing) | (Extent::All, _) => {}
            (Extent::Units(units), Extent::Units(more)) => units.extend(more),
            (_, other) => *self = other,
        }
    }
}

/// One earlier run of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Past {
    /// What became of it.
    pub outcome: Outcome,
    /// How long it took, where the framework says.
    pub duration: Option<Duration>,
    /// When it ended, as the time since the Unix epoch.
    pub at: Duration,
}

#[derive(Debug, Clone)]
struct Entry {
    project: ProjectId,
    unit: Option<Unit>,
    result: TestResult,
    run: RunId,
    /// The state of the inputs that the result is about.
    stamp: u64,
    /// It was to be renewed and could not be.
    outdated: bool,
    /// Newest last; the shown result is the last one.
    past: VecDeque<Past>,
}

/// A result as it is to be shown.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// What became of the test.
    pub result: &'a TestResult,
    /// Whether that still holds.
    pub freshness: Freshness,
    /// The run that said so.
    pub run: RunId,
    /// This run and the ones before it, newest last.
    pub past: &'a VecDeque<Past>,
}

/// A finished test as [`Results::record`] takes it.
#[derive(Debug)]
pub struct Finished {
    /// The test.
    pub test: TestId,
    /// Its project.
    pub project: ProjectId,
    /// Its unit.
    pub unit: Option<Unit>,
    /// What became of it.
    pub result: TestResult,
    /// The run it was part of.
    pub run: RunId,
    /// [`Results::stamp`] as it was when the run began.
    pub stamp: u64,
    /// When it ended, as the time since the Unix epoch.
    pub at: Duration,
}

/// What the changes to a project's inputs were, as numbers of one clock.
#[derive(Debug, Clone, Default)]
struct Inputs {
    /// The last change of any kind.
    last: u64,
    /// The last change that reached every unit.
    all: u64,
    units: HashMap<Unit, u64>,
    /// What text that is not saved reaches.
    unsaved: Extent,
}

/// The latest result of each test.
///
/// A result carries the state of the inputs at the beginning of its run. It is current as long as
/// no later change reaches its unit and no unsaved text does.
#[derive(Debug, Clone, Default)]
pub struct Results {
    clock: u64,
    inputs: HashMap<ProjectId, Inputs>,
    /// This kind of map keeps the hashes of its keys, and so grows without long pauses.
    tests: IndexMap<TestId, Entry>,
    /// All results, counted.
    counts: Counts,
    running: HashMap<TestId, RunId>,
}

impl Results {
    /// A change on disk that reaches `extent` of a project.
    pub fn changed(&mut self, project: &ProjectId, extent: Extent) {
        if extent == Extent::Nothing {
            return;
        }
        self.clock += 1;
        let inputs = self.inputs.entry(project.clone()).or_default();
        inputs.last = self.clock;
        match extent {
            Extent::Nothing => {}
            Extent::All => inputs.all = self.clock,
            Extent::Units(units) => {
                for unit in units {
                    inputs.units.insert(unit, self.clock);
                }
            }
        }
    }

    /// What the text that is not saved reaches now, all open documents together.
    pub fn set_unsaved(&mut self, project: &ProjectId, extent: Extent) {
        self.inputs.entry(project.clone()).or_default().unsaved = extent;
    }

    /// The state of all inputs: a run takes it along when it begins.
    #[must_use]
    pub fn stamp(&self) -> u64 {
        self.clock
    }

    /// A number that has grown if anything on disk that the project depends on has changed.
    #[must_use]
    pub fn inputs(&self, project: &ProjectId) -> u64 {
        self.inputs.get(project).map_or(0, |inputs| inputs.last)
    }

    /// A test has begun.
    pub fn started(&mut self, test: TestId, run: RunId) {
        self.running.insert(test, run);
    }

    /// A test has come to its end. Returns what is now shown: a test that has passed and failed on
    /// the same inputs is flaky, and failed in doubt.
    pub fn record(&mut self, finished: Finished) -> Outcome {
        let Finished {
            test,
            project,
            unit,
            mut result,
            run,
            stamp,
            at,
        } = finished;
        self.running.remove(&test);
        let mut past = VecDeque::new();
        if let Some(before) = self.take(&test) {
            let same_inputs = self.last_change(&project, unit.as_ref()) <= before.stamp;
            let failed_before =
                before.result.outcome.is_bad() || before.result.outcome == Outcome::Flaky;
            if same_inputs && failed_before && result.outcome == Outcome::Passed {
                result.outcome = Outcome::Flaky;
            }
            past = before.past;
        }
        let outcome = result.outcome;
        self.counts.add(outcome);
        if past.len() == PAST {
            past.pop_front();
        }
        past.push_back(Past {
            outcome,
            duration: result.duration,
            at,
        });
        self.tests.insert(
            test,
            Entry {
                project,
                unit,
                result,
                run,
                stamp,
                outdated: false,
                past,
            },
        );
        outcome
    }

    /// A run has come to its end: nothing of it runs any more. Returns the tests that had begun
    /// and said nothing since.
    pub fn ended(&mut self, run: RunId) -> Vec<TestId> {
        let cut_short: Vec<TestId> = self
            .running
            .iter()
            .filter(|(_, of)| **of == run)
            .map(|(test, _)| test.clone())
            .collect();
        for test in &cut_short {
            self.running.remove(test);
        }
        cut_short
    }

    /// The result of a test is of an earlier state, whatever the inputs say: it was to be renewed
    /// and could not be.
    pub fn outdate(&mut self, test: &TestId) {
        if let Some(entry) = self.tests.get_mut(test) {
            entry.outdated = true;
        }
    }

    /// There is nothing to be said of a test any more.
    pub fn forget(&mut self, test: &TestId) {
        self.take(test);
        self.running.remove(test);
    }

    fn take(&mut self, test: &TestId) -> Option<Entry> {
        let entry = self.tests.swap_remove(test)?;
        self.counts.remove(entry.result.outcome);
        Some(entry)
    }

    /// A project is gone, with all that is known of it.
    pub fn forget_project(&mut self, project: &ProjectId) {
        self.inputs.remove(project);
        self.tests.retain(|_, entry| entry.project != *project);
        self.counts = self
            .tests
            .values()
            .map(|entry| entry.result.outcome)
            .collect();
    }

    /// The result of a test.
    #[must_use]
    pub fn get(&self, test: &TestId) -> Option<Shown<'_>> {
        let entry = self.tests.get(test)?;
        Some(Shown {
            result: &entry.result,
            freshness: self.freshness_of(entry),
            run: entry.run,
            past: &entry.past,
        })
    }

    /// Whether the result of a test still holds.
    #[must_use]
    pub fn freshness(&self, test: &TestId) -> Freshness {
        self.tests
            .get(test)
            .map_or(Freshness::Unknown, |entry| self.freshness_of(entry))
    }

    /// Whether a test is running now.
    #[must_use]
    pub fn is_running(&self, test: &TestId) -> bool {
        self.running.contains_key(test)
    }

    /// Every result, in no order.
    pub fn all(&self) -> impl Iterator<Item = (&TestId, Shown<'_>)> {
        self.tests
            .keys()
            .filter_map(|test| Some((test, self.get(test)?)))
    }

    /// Every test whose shown result is bad, sorted.
    #[must_use]
    pub fn bad(&self) -> Vec<TestId> {
        let mut bad: Vec<TestId> = self
            .tests
            .iter()
            .filter(|(_, entry)| entry.result.outcome.is_bad())
            .map(|(test, _)| test.clone())
            .collect();
        bad.sort();
        bad
    }

    /// All shown results, counted.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn freshness_of(&self, entry: &Entry) -> Freshness {
        let unsaved = self
            .inputs
            .get(&entry.project)
            .is_some_and(|inputs| inputs.unsaved.has(entry.unit.as_ref()));
        if entry.outdated
            || unsaved
            || self.last_change(&entry.project, entry.unit.as_ref()) > entry.stamp
        {
            Freshness::Stale
        } else {
            Freshness::Current
        }
    }

    fn last_change(&self, project: &ProjectId, unit: Option<&Unit>) -> u64 {
        let Some(inputs) = self.inputs.get(project) else {
            return 0;
        };
        match unit {
            Some(unit) => inputs
                .all
                .max(inputs.units.get(unit).copied().unwrap_or_default()),
            None => inputs.last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Framework;

    fn project() -> ProjectId {
        ProjectId::new(Framework::Cargo, "")
    }

    fn units(names: &str) -> Extent {
        Extent::Units(names.split(' ').map(Unit::new).collect())
    }

    fn test(name: &str) -> TestId {
        TestId::new(&project(), name)
    }

    /// Records an outcome of test `name` in the unit of the same name.
    fn record(results: &mut Results, name: &str, stamp: u64, outcome: Outcome) -> Outcome {
        results.record(Finished {
            test: test(name),
            project: project(),
            unit: Some(Unit::new(name)),
            result: TestResult::bare(outcome),
            run: RunId(1),
            stamp,
            at: Duration::ZERO,
        })
    }

    #[test]
    fn a_result_is_stale_once_a_change_reaches_its_unit() {
        let mut results = Results::default();
        assert_eq!(results.freshness(&test("a")), Freshness::Unknown);
        let stamp = results.stamp();
        record(&mut results, "a", stamp, Outcome::Passed);
        record(&mut results, "b", stamp, Outcome::Passed);
        results.changed(&project(), units("a c"));
        assert_eq!(results.freshness(&test("a")), Freshness::Stale);
        assert_eq!(results.freshness(&test("b")), Freshness::Current);
        results.changed(&project(), Extent::All);
        assert_eq!(results.freshness(&test("b")), Freshness::Stale);
    }

    #[test]
    fn a_change_during_the_run_makes_its_results_stale_from_the_start() {
        let mut results = Results::default();
        let stamp = results.stamp();
        results.changed(&project(), units("a"));
        record(&mut results, "a", stamp, Outcome::Passed);
        assert_eq!(results.freshness(&test("a")), Freshness::Stale);
    }

    #[test]
    fn unsaved_text_makes_stale_and_undoing_it_makes_current_again() {
        let mut results = Results::default();
        record(&mut results, "a", 0, Outcome::Passed);
        results.set_unsaved(&project(), units("a"));
        assert_eq!(results.freshness(&test("a")), Freshness::Stale);
        results.set_unsaved(&project(), Extent::Nothing);
        assert_eq!(results.freshness(&test("a")), Freshness::Current);
    }

    #[test]
    fn a_result_that_could_not_be_renewed_is_stale() {
        let mut results = Results::default();
        record(&mut results, "a", 0, Outcome::Passed);
        results.outdate(&test("a"));
        assert_eq!(results.freshness(&test("a")), Freshness::Stale);
        record(&mut results, "a", 0, Outcome::Passed);
        assert_eq!(results.freshness(&test("a")), Freshness::Current);
    }

    #[test]
    fn failed_and_passed_on_the_same_inputs_is_flaky_until_they_change() {
        use Outcome::{Failed, Flaky, Passed};
        let mut results = Results::default();
        assert_eq!(record(&mut results, "a", 0, Failed), Failed);
        assert_eq!(record(&mut results, "a", 0, Passed), Flaky);
        assert_eq!(record(&mut results, "a", 0, Passed), Flaky);
        assert_eq!(record(&mut results, "a", 0, Failed), Failed);
        results.changed(&project(), units("a"));
        let stamp = results.stamp();
        assert_eq!(record(&mut results, "a", stamp, Passed), Passed);
    }

    #[test]
    fn a_run_that_ends_names_what_it_cut_short() {
        let mut results = Results::default();
        results.started(test("a"), RunId(1));
        results.started(test("b"), RunId(1));
        results.started(test("c"), RunId(2));
        record(&mut results, "b", 0, Outcome::Passed);
        assert_eq!(results.ended(RunId(1)), [test("a")]);
        assert!(!results.is_running(&test("a")));
        assert!(results.is_running(&test("c")));
    }

    #[test]
    fn the_past_is_bounded_and_counts_add_up() {
        let mut results = Results::default();
        for _ in 0..2 * PAST {
            record(&mut results, "a", 0, Outcome::Passed);
        }
        record(&mut results, "b", 0, Outcome::Errored);
        assert_eq!(results.get(&test("a")).unwrap().past.len(), PAST);
        assert_eq!(results.bad(), [test("b")]);
        assert_eq!((results.counts().total(), results.counts().bad()), (2, 1));
        results.forget_project(&project());
        assert_eq!(results.counts().total(), 0);
    }
}
