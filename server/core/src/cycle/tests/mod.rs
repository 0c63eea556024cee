//! What follows on what in a cycle, case by case.

mod promises;
mod refactor;

use std::time::Duration;

use super::*;
use crate::{Counts, Failure, Framework, Outcome, ProjectId, TestId};

const MINUTE: Duration = Duration::from_secs(60);

fn project() -> ProjectId {
    ProjectId::new(Framework::Cargo, ".")
}

fn target() -> TestId {
    TestId::new(&project(), "roman/lib::four")
}

fn commit(name: &str) -> CommitId {
    CommitId::new(name)
}

fn limits(attempts: u32) -> Limits {
    Limits {
        attempts,
        time: 20 * MINUTE,
        tokens: Some(1000),
        cost_microdollars: Some(1000),
    }
}

fn opened() -> CycleEvent {
    CycleEvent::Opened {
        goal: Goal {
            project: project(),
            framework: Framework::Cargo,
            folder: "/home/me/roman".into(),
            root: "/home/me/roman".into(),
            targets: vec![target()],
            held_out: Vec::new(),
        },
        worker: "local".into(),
        limits: limits(4),
        base: commit("base"),
        refactor: false,
    }
}

fn result(outcome: Option<Outcome>, message: &str) -> TargetResult {
    TargetResult {
        test: target(),
        outcome,
        failure: outcome.is_some_and(Outcome::is_bad).then(|| Failure {
            message: message.into(),
            ..Failure::default()
        }),
    }
}

fn baseline(outcome: Option<Outcome>) -> CycleEvent {
    CycleEvent::BaselineTaken {
        counts: Counts::default(),
        targets: vec![result(outcome, "no")],
    }
}

fn attempt(number: u32) -> CycleEvent {
    CycleEvent::AttemptStarted {
        phase: Phase::Green,
        number,
    }
}

fn usage(tokens: u64) -> Usage {
    Usage {
        input_tokens: tokens,
        cost_microdollars: Some(tokens),
        ..Usage::default()
    }
}

fn replied(state: &str, tokens: u64) -> CycleEvent {
    CycleEvent::WorkerReplied {
        usage: usage(tokens),
        files: vec!["src/lib.rs".into()],
        commit: commit(state),
        summary: "done".into(),
    }
}

fn worker_failed(retryable: bool) -> CycleEvent {
    CycleEvent::WorkerFailed {
        error: "no answer".into(),
        retryable,
        usage: Usage::default(),
    }
}

fn way_out() -> CycleEvent {
    CycleEvent::WayOut {
        way: WayOut::TestWrong,
        reason: "four is IV".into(),
        usage: Usage::default(),
    }
}

fn tested(state: &str, outcome: Option<Outcome>, message: &str) -> CycleEvent {
    CycleEvent::Tested {
        commit: commit(state),
        targets: vec![result(outcome, message)],
    }
}

fn check_of(kind: CheckKind, outcome: CheckOutcome) -> Check {
    Check {
        kind,
        outcome,
        evidence: vec!["seen".into()],
    }
}

fn good() -> Verdict {
    let required = CheckKind::ALL.into_iter().filter(|kind| kind.is_required());
    Verdict {
        checks: required
            .map(|kind| check_of(kind, CheckOutcome::Passed))
            .collect(),
    }
}

fn bad() -> Verdict {
    let mut verdict = good();
    verdict
        .checks
        .push(check_of(CheckKind::HeldOut, CheckOutcome::Failed));
    verdict
}

fn verified(state: &str, verdict: Verdict) -> CycleEvent {
    CycleEvent::Verified {
        commit: commit(state),
        verdict,
    }
}

fn resumed(limits: Option<Limits>) -> CycleEvent {
    CycleEvent::Resumed { limits }
}

/// The events of a cycle, a minute apart.
fn recorded(events: Vec<CycleEvent>) -> Vec<Recorded> {
    let at = |minute: usize| MINUTE * u32::try_from(minute).unwrap();
    let events = events.into_iter().enumerate();
    events
        .map(|(minute, event)| Recorded {
            at: at(minute),
            event,
        })
        .collect()
}

#[track_caller]
fn cycle(events: Vec<CycleEvent>) -> Cycle {
    let mut all = vec![opened()];
    all.extend(events);
    Cycle::replay(&recorded(all)).unwrap().unwrap()
}

/// What a step is called, with what matters in it.
fn name(step: &Step) -> String {
    match step {
        Step::TakeBaseline => "baseline".into(),
        Step::Attempt {
            phase: Phase::Refactor,
            number,
            from,
            ..
        } => format!("tidy {} in attempt {number}", from.as_ref().unwrap()),
        Step::Attempt {
            number, feedback, ..
        } => {
            let feedback = match feedback {
                None => "nothing",
                Some(Feedback::Tests(_)) => "tests",
                Some(Feedback::Verdict(_)) => "verdict",
                Some(Feedback::WorkerFailed { .. }) => "error",
            };
            format!("attempt {number} after {feedback}")
        }
        Step::AwaitWorker { number } => format!("await {number}"),
        Step::TestTargets { commit } => format!("test {commit}"),
        Step::Verify { commit } => format!("verify {commit}"),
        Step::Record(event) => format!("record {}", event.name()),
        Step::AwaitResume => "await resume".into(),
        Step::AskUser { commit } => format!("ask {commit}"),
        Step::Done(ending) => format!("done {}", ending.kind().name()),
    }
}

/// After these events, a minute apart and after the opening, this is the next step.
#[track_caller]
fn check(events: Vec<CycleEvent>, step: &str) {
    let cycle = cycle(events);
    assert_eq!(name(&cycle.next(cycle.last_at())), step);
}

fn failing() -> Option<Outcome> {
    Some(Outcome::Failed)
}

fn passing() -> Option<Outcome> {
    Some(Outcome::Passed)
}

/// Attempts that all end with these events, the state of the lane in between.
fn attempts(numbers: std::ops::RangeInclusive<u32>, message: &str) -> Vec<CycleEvent> {
    numbers
        .flat_map(|number| {
            let message = message.replace('#', &"x".repeat(number as usize));
            [
                attempt(number),
                replied("a", 1),
                tested("a", failing(), &message),
            ]
        })
        .collect()
}

fn with(first: CycleEvent, then: impl IntoIterator<Item = CycleEvent>) -> Vec<CycleEvent> {
    std::iter::once(first).chain(then).collect()
}

#[test]
fn from_a_failing_test_to_the_users_review() {
    let way = [
        baseline(failing()),
        attempt(1),
        replied("a", 1),
        tested("a", failing(), "no"),
        attempt(2),
        replied("b", 1),
        tested("b", passing(), ""),
        verified("b", bad()),
        attempt(3),
        replied("c", 1),
        tested("c", passing(), ""),
        verified("c", good()),
        CycleEvent::Applied { files: Vec::new() },
    ];
    let steps = [
        "baseline",
        "attempt 1 after tests",
        "await 1",
        "test a",
        "attempt 2 after tests",
        "await 2",
        "test b",
        "verify b",
        "attempt 3 after verdict",
        "await 3",
        "test c",
        "verify c",
        "ask c",
        "done complete",
    ];
    for (count, step) in steps.iter().enumerate() {
        check(way[..count].to_vec(), step);
    }
}

#[test]
fn a_target_that_does_not_fail_is_no_goal() {
    for (outcome, why) in [
        (passing(), Failed::AlreadyGreen(vec![target()])),
        (Some(Outcome::Skipped), Failed::NotFailing(target())),
        (Some(Outcome::Flaky), Failed::NotFailing(target())),
        (None, Failed::NotFound(target())),
    ] {
        let cycle = cycle(vec![baseline(outcome)]);
        assert_eq!(cycle.ending(), Some(&Ending::Failed(why)));
    }
    check(
        vec![baseline(Some(Outcome::Errored))],
        "attempt 1 after tests",
    );
}

#[test]
fn without_a_target_nothing_is_ever_reached() {
    let mut first = opened();
    if let CycleEvent::Opened { goal, .. } = &mut first {
        goal.held_out = std::mem::take(&mut goal.targets);
    }
    let mut baseline = baseline(failing());
    if let CycleEvent::BaselineTaken { targets, .. } = &mut baseline {
        targets.clear();
    }
    let events = recorded(vec![first, baseline, resumed(Some(limits(4)))]);
    let mut cycle = Cycle::open(&events[0]).unwrap();
    cycle.apply(&events[1]).unwrap();
    assert_eq!(cycle.ending(), Some(&Ending::Failed(Failed::NoTarget)));
    // To go on does not help either.
    cycle.apply(&events[2]).unwrap();
    assert_eq!(cycle.next(events[2].at), Step::TakeBaseline);
}

#[test]
fn only_a_report_of_a_pass_is_a_pass() {
    for outcome in [None, Some(Outcome::Skipped), Some(Outcome::Flaky)] {
        let events = vec![
            baseline(failing()),
            attempt(1),
            replied("a", 1),
            tested("a", outcome, ""),
        ];
        check(events, "attempt 2 after tests");
    }
}

#[test]
fn a_worker_is_not_told_what_was_held_out() {
    let cycle = cycle(vec![
        baseline(failing()),
        attempt(1),
        replied("a", 1),
        tested("a", passing(), ""),
        verified("a", bad()),
    ]);
    let Step::Attempt {
        feedback: Some(Feedback::Verdict(checks)),
        ..
    } = cycle.next(cycle.last_at())
    else {
        panic!("{cycle:?}");
    };
    assert_eq!(checks.len(), 1);
    assert_eq!(checks[0].kind, CheckKind::HeldOut);
    assert!(checks[0].evidence.is_empty());
    assert_eq!(cycle.verdict().unwrap(), &bad(), "people see all");
}

#[test]
fn what_the_work_came_to_is_told_after_turns_that_came_to_nothing() {
    let told = |events: Vec<CycleEvent>| {
        let cycle = cycle(events);
        match cycle.next(cycle.last_at()) {
            Step::Attempt { feedback, .. } => feedback.unwrap().of_work().cloned(),
            step => panic!("{step:?}"),
        }
    };
    let tried = with(baseline(failing()), attempts(1..=1, "KeyError: 4"));
    let after = told(tried.clone());
    assert!(matches!(after, Some(Feedback::Tests(_))), "{after:?}");
    assert_ne!(
        after,
        told(vec![baseline(failing())]),
        "the base fails otherwise"
    );
    let useless = [2, 3].map(|number| [attempt(number), worker_failed(true)]);
    assert_eq!(told([tried, useless.concat()].concat()), after);
}

#[test]
fn the_same_error_three_times_is_stuck() {
    let same = with(baseline(failing()), attempts(1..=2, "no"));
    check(same, "attempt 3 after tests");
    let same = with(baseline(failing()), attempts(1..=3, "no"));
    check(same.clone(), "record gotStuck");
    let stuck = CycleEvent::GotStuck { error: "no".into() };
    check([same, vec![stuck]].concat(), "done stuck");
    let differ = with(baseline(failing()), attempts(1..=3, "no #"));
    check(differ, "attempt 4 after tests");
}

#[test]
fn a_limit_stops_the_next_attempt_and_not_the_judging_of_the_last() {
    let four = with(baseline(failing()), attempts(1..=4, "no #"));
    check(four, "record limitReached");
    let dear = |outcome| {
        vec![
            baseline(failing()),
            attempt(1),
            replied("a", 1000),
            tested("a", outcome, "no"),
        ]
    };
    check(dear(failing()), "record limitReached");
    check(dear(passing()), "verify a");
}

#[test]
fn time_runs_while_somebody_works() {
    let cycle = cycle(vec![baseline(failing()), attempt(1)]);
    let at = |minutes: u32| name(&cycle.next(MINUTE * minutes));
    assert_eq!(at(19), "await 1");
    assert_eq!(at(20), "record limitReached");
    assert_eq!(cycle.time_left(MINUTE * 5), MINUTE * 15);
}

/// A minute for each event before the pause; what came after it is free.
#[track_caller]
fn check_time_left(events: Vec<CycleEvent>, pause: u32, after: Option<Limits>, left: u32) {
    let mut cycle = cycle(events);
    let at = cycle.last_at() + MINUTE * pause;
    let event = resumed(after);
    cycle.apply(&Recorded { at, event }).unwrap();
    assert_eq!(cycle.time_left(at), MINUTE * left);
}

#[test]
fn the_time_of_an_interruption_is_free() {
    let interrupted = vec![baseline(failing()), attempt(1), CycleEvent::Interrupted];
    check_time_left(interrupted.clone(), 600, None, 17);
    check_time_left(interrupted, 600, Some(limits(4)), 20);
    let killed = vec![baseline(failing()), attempt(1)];
    check_time_left(killed, 600, None, 18);
}

#[test]
fn the_time_between_is_no_time_of_the_cycle() {
    let mut cycle = cycle(vec![
        baseline(failing()),
        attempt(1),
        CycleEvent::Interrupted,
    ]);
    assert_eq!(cycle.run_time(), MINUTE * 3);
    let mut happens = |after: u32, event| {
        let at = cycle.last_at() + MINUTE * after;
        cycle.apply(&Recorded { at, event }).unwrap();
        cycle.run_time()
    };
    // A new allowance does not make it forget.
    assert_eq!(happens(600, resumed(Some(limits(4)))), MINUTE * 3);
    assert_eq!(happens(2, attempt(2)), MINUTE * 5);
    // Then a daemon was killed.
    assert_eq!(happens(600, resumed(None)), MINUTE * 5);
    assert_eq!(happens(1, CycleEvent::Cancelled), MINUTE * 6);
    assert_eq!(happens(600, CycleEvent::Discarded), MINUTE * 6);
}

#[test]
fn a_resumed_cycle_goes_on_from_the_last_step_that_was_completed() {
    let before = vec![baseline(failing()), attempt(1)];
    let after = |events: &[CycleEvent]| [before.clone(), events.to_vec()].concat();
    check(after(&[CycleEvent::Interrupted]), "await resume");
    check(
        after(&[CycleEvent::Interrupted, resumed(None)]),
        "attempt 2 after tests",
    );
    check(after(&[resumed(None)]), "attempt 2 after tests");
    check(after(&[replied("a", 1), resumed(None)]), "test a");
    check(
        after(&[replied("a", 1), tested("a", passing(), ""), resumed(None)]),
        "verify a",
    );
    check(vec![resumed(None)], "baseline");
}

#[test]
fn what_ended_goes_on_with_a_new_allowance() {
    let begun = |event| {
        vec![
            baseline(failing()),
            attempt(1),
            event,
            resumed(Some(limits(1))),
        ]
    };
    check(begun(CycleEvent::Cancelled), "attempt 2 after tests");
    check(begun(worker_failed(false)), "attempt 2 after error");
    check(begun(way_out()), "attempt 2 after tests");
    let same = with(baseline(failing()), attempts(1..=3, "no"));
    let stuck = CycleEvent::GotStuck { error: "no".into() };
    let on = [same, vec![stuck, resumed(Some(limits(1)))]].concat();
    check(on.clone(), "attempt 4 after tests");
    let more = [on, attempts(4..=4, "no")].concat();
    check(more, "record limitReached");
}

#[track_caller]
fn check_illegal(events: Vec<CycleEvent>, event: CycleEvent, message: &str) {
    let mut cycle = cycle(events);
    let before = cycle.clone();
    let at = cycle.last_at();
    let illegal = cycle.apply(&Recorded { at, event }).unwrap_err();
    assert_eq!(illegal.to_string(), message);
    assert_eq!(cycle, before);
}

#[test]
fn what_cannot_happen_is_refused_and_changes_nothing() {
    let ready = || vec![baseline(failing())];
    let working = || vec![baseline(failing()), attempt(1)];
    check_illegal(
        ready(),
        attempt(2),
        "`attemptStarted` cannot happen to a cycle that waits for its next attempt",
    );
    check_illegal(
        [working(), vec![replied("a", 1)]].concat(),
        tested("b", passing(), ""),
        "`tested` cannot happen to a cycle that waits for its targets' results",
    );
    check_illegal(
        working(),
        verified("a", good()),
        "`verified` cannot happen to a cycle that waits for its worker",
    );
    check_illegal(
        [working(), vec![CycleEvent::Cancelled]].concat(),
        replied("a", 1),
        "`workerReplied` cannot happen to a cycle that has ended",
    );
    check_illegal(
        [working(), vec![CycleEvent::Cancelled]].concat(),
        CycleEvent::Applied { files: Vec::new() },
        "`applied` cannot happen to a cycle that has ended",
    );
    check_illegal(
        vec![],
        opened(),
        "`opened` cannot happen to a cycle that waits for its baseline",
    );
    check_illegal(
        [
            working(),
            vec![CycleEvent::Cancelled, CycleEvent::Discarded],
        ]
        .concat(),
        resumed(None),
        "`resumed` cannot happen to a cycle that was discarded",
    );
}

#[test]
fn a_verdict_passes_by_its_required_checks_and_fails_by_any() {
    use CheckOutcome::{Failed, Noted, Passed};
    let skipped = || CheckOutcome::Skipped { why: "no".into() };
    assert!(good().is_passed());
    for kind in CheckKind::ALL {
        let mut lacking = good();
        lacking.checks.retain(|check| check.kind != kind);
        assert_eq!(lacking.is_passed(), !kind.is_required(), "without {kind}");
        for (outcome, passes) in [
            (Passed, true),
            (Failed, false),
            (Noted, kind.is_advice()),
            (skipped(), !kind.is_required()),
        ] {
            let mut verdict = lacking.clone();
            verdict.checks.push(check_of(kind, outcome.clone()));
            assert_eq!(verdict.is_passed(), passes, "{kind} {outcome:?}");
            let twice = Verdict {
                checks: [verdict.checks, good().checks].concat(),
            };
            assert_eq!(
                twice.is_passed(),
                passes,
                "{kind} {outcome:?} beside passes"
            );
        }
    }
    assert!(!Verdict::default().is_passed());
}

#[test]
fn events_are_kept_as_they_are_written() {
    let json = |event: &CycleEvent| serde_json::to_string(event).unwrap();
    assert_eq!(
        json(&attempt(2)),
        r#"{"kind":"attemptStarted","phase":"green","number":2}"#
    );
    assert_eq!(json(&CycleEvent::Cancelled), r#"{"kind":"cancelled"}"#);
    let verdict = json(&verified("a", bad()));
    assert!(
        verdict.contains(r#"{"kind":"heldOut","outcome":"failed","evidence":["seen"]}"#),
        "{verdict}"
    );
}
