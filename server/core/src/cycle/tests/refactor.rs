//! What passes is tidied, and what is not better for it is judged as it was.

use super::*;

fn opened_to_refactor() -> CycleEvent {
    let mut event = opened();
    if let CycleEvent::Opened { refactor, .. } = &mut event {
        *refactor = true;
    }
    event
}

fn tidying(number: u32) -> CycleEvent {
    CycleEvent::AttemptStarted {
        phase: Phase::Refactor,
        number,
    }
}

/// A cycle whose targets pass on `a` after the first attempt, and then these events.
fn green(then: Vec<CycleEvent>) -> Cycle {
    let before = [
        opened_to_refactor(),
        baseline(failing()),
        attempt(1),
        replied("a", 1),
        tested("a", passing(), ""),
    ];
    let all = before.into_iter().chain(then).collect();
    Cycle::replay(&recorded(all)).unwrap().unwrap()
}

/// After these events the next step is this.
#[track_caller]
fn check(then: Vec<CycleEvent>, step: &str) {
    let cycle = green(then);
    assert_eq!(name(&cycle.next(cycle.last_at())), step);
    assert_eq!(cycle.ending(), None);
}

#[test]
fn what_passes_is_tidied_and_judged() {
    check(vec![], "tidy a in attempt 2");
    check(vec![tidying(2)], "await 2");
    check(vec![tidying(2), replied("b", 1)], "test b");
    let tidied = vec![tidying(2), replied("b", 1), tested("b", passing(), "")];
    check(tidied.clone(), "verify b");
    let cycle = green([tidied, vec![verified("b", good())]].concat());
    assert_eq!(name(&cycle.next(cycle.last_at())), "ask b");
    assert_eq!(green(vec![]).phase(), Phase::Refactor);
}

#[test]
fn tidying_is_given_up_without_harm() {
    let begun = |events: Vec<CycleEvent>| [vec![tidying(2)], events].concat();
    let limit = CycleEvent::LimitReached { limit: Limit::Time };
    check(begun(vec![worker_failed(true)]), "verify a");
    check(begun(vec![worker_failed(false)]), "verify a");
    check(begun(vec![way_out()]), "verify a");
    check(begun(vec![limit.clone()]), "verify a");
    check(vec![limit], "verify a");
    // The worker found nothing to tidy.
    check(begun(vec![replied("a", 1)]), "verify a");
    let broken = vec![replied("b", 1), tested("b", failing(), "no")];
    check(begun(broken.clone()), "verify a");
    let cycle = green([begun(broken), vec![verified("a", good())]].concat());
    assert_eq!(name(&cycle.next(cycle.last_at())), "ask a");
}

#[test]
fn what_a_verdict_refuses_is_judged_as_it_was_before_it_was_tidied() {
    let refused = vec![
        tidying(2),
        replied("b", 1),
        tested("b", passing(), ""),
        verified("b", bad()),
    ];
    check(refused.clone(), "verify a");
    // That is judged like any other work.
    let also = [refused, vec![verified("a", bad())]].concat();
    check(also.clone(), "attempt 3 after verdict");
    let again = [
        also,
        vec![attempt(3), replied("c", 1), tested("c", passing(), "")],
    ]
    .concat();
    check(again, "tidy c in attempt 4");
}

#[test]
fn a_limit_stops_the_tidying_and_not_the_judging() {
    let mut first = opened_to_refactor();
    if let CycleEvent::Opened { limits: few, .. } = &mut first {
        *few = limits(1);
    }
    let all = vec![
        first,
        baseline(failing()),
        attempt(1),
        replied("a", 1),
        tested("a", passing(), ""),
    ];
    let cycle = Cycle::replay(&recorded(all)).unwrap().unwrap();
    let step = cycle.next(cycle.last_at());
    assert_eq!(name(&step), "record limitReached");
    let Step::Record(event) = step else {
        panic!("{step:?}")
    };
    let told = breaker_changes(&cycle, &event);
    assert_eq!(told, [], "nothing has failed");
}

#[test]
fn an_interrupted_tidying_is_taken_up_again() {
    check(
        vec![tidying(2), CycleEvent::Interrupted, resumed(None)],
        "tidy a in attempt 3",
    );
    check(vec![tidying(2), resumed(None)], "tidy a in attempt 3");
}

#[test]
fn the_files_are_those_of_what_is_judged() {
    let mut reply = replied("b", 1);
    if let CycleEvent::WorkerReplied { files, .. } = &mut reply {
        files.push("src/new.rs".into());
    }
    let files = |events: Vec<CycleEvent>| green(events).files().len();
    assert_eq!(files(vec![tidying(2), reply.clone()]), 2);
    let broken = tested("b", failing(), "no");
    assert_eq!(files(vec![tidying(2), reply, broken]), 1);
}

#[test]
fn only_what_passes_is_tidied() {
    let cycle = green(vec![]);
    let mut before = cycle.clone();
    let at = cycle.last_at();
    for event in [attempt(2), tidying(1), verified("a", good())] {
        let refused = before.apply(&Recorded { at, event });
        assert!(refused.is_err());
        assert_eq!(before, cycle);
    }
}

#[test]
fn a_cycle_of_an_earlier_version_is_not_tidied() {
    let mut json = serde_json::to_value(opened()).unwrap();
    json.as_object_mut().unwrap().remove("refactor");
    let read: CycleEvent = serde_json::from_value(json).unwrap();
    assert_eq!(read, opened());
}
