//! What holds for every cycle, over random orders of events.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn any_outcome() -> impl Strategy<Value = Option<Outcome>> {
    prop_oneof![
        4 => Just(failing()),
        4 => Just(passing()),
        1 => Just(None),
        1 => Just(Some(Outcome::Skipped)),
    ]
}

fn any_event() -> impl Strategy<Value = CycleEvent> {
    let state = || prop_oneof![Just("a"), Just("b")];
    prop_oneof![
        Just(opened()),
        any_outcome().prop_map(baseline),
        (
            1..6_u32,
            prop_oneof![Just(Phase::Green), Just(Phase::Refactor)]
        )
            .prop_map(|(number, phase)| CycleEvent::AttemptStarted { phase, number }),
        (state(), 0..500_u64).prop_map(|(state, tokens)| replied(state, tokens)),
        any::<bool>().prop_map(worker_failed),
        Just(way_out()),
        (state(), any_outcome(), "[ab]").prop_map(|(s, outcome, text)| tested(s, outcome, &text)),
        (state(), any::<bool>())
            .prop_map(|(state, pass)| verified(state, if pass { good() } else { bad() })),
        Just(CycleEvent::Broken {
            error: "disk".into()
        }),
        Just(CycleEvent::Cancelled),
        Just(CycleEvent::Interrupted),
        any::<bool>().prop_map(|new| resumed(new.then(|| limits(2)))),
        Just(CycleEvent::Applied { files: Vec::new() }),
        Just(CycleEvent::Discarded),
    ]
}

/// An answer to a step, good or bad as `luck` has it; nothing where none is due.
fn answer(step: &Step, luck: u8) -> Option<CycleEvent> {
    let commit = |commit: &CommitId| commit.as_str().to_owned();
    Some(match step {
        Step::TakeBaseline => baseline(failing()),
        Step::Attempt { phase, number, .. } => CycleEvent::AttemptStarted {
            phase: *phase,
            number: *number,
        },
        Step::AwaitWorker { .. } => match luck % 8 {
            0 => worker_failed(true),
            1 => worker_failed(false),
            2 => way_out(),
            3 => replied("b", u64::from(luck)),
            _ => replied("a", u64::from(luck)),
        },
        Step::TestTargets { commit: c } => match luck % 3 {
            0 => tested(&commit(c), failing(), "no"),
            1 => tested(&commit(c), failing(), &format!("no {luck}")),
            _ => tested(&commit(c), passing(), ""),
        },
        Step::Verify { commit: c } => match luck % 2 {
            0 => verified(&commit(c), bad()),
            _ => verified(&commit(c), good()),
        },
        Step::Record(event) => event.clone(),
        Step::AwaitResume => resumed(None),
        Step::AskUser { .. } | Step::Done(_) => return None,
    })
}

/// What the engine does with answers of some luck, a random event thrown in now and then.
/// Gives all events that were taken.
fn driven(refactored: bool, luck: &[(u8, Option<CycleEvent>)]) -> Vec<Recorded> {
    let mut first = opened();
    if let CycleEvent::Opened { refactor, .. } = &mut first {
        *refactor = refactored;
    }
    let mut events = recorded(vec![first]);
    let mut cycle = Cycle::open(&events[0]).unwrap();
    for (luck, thrown_in) in luck {
        let at = cycle.last_at() + Duration::from_secs(u64::from(*luck));
        let answer = answer(&cycle.next(at), *luck);
        for event in thrown_in.clone().into_iter().chain(answer) {
            let recorded = Recorded { at, event };
            if cycle.apply(&recorded).is_ok() {
                events.push(recorded);
            }
        }
    }
    events
}

proptest! {
    #[test]
    fn nothing_completes_but_by_a_verdict_that_has_passed(
        refactored in any::<bool>(),
        luck in prop::collection::vec((any::<u8>(), prop::option::weighted(0.3, any_event())), 0..60),
    ) {
        let events = driven(refactored, &luck);
        let mut cycle = Cycle::open(&events[0]).unwrap();
        for event in &events[1..] {
            let was_complete = cycle.phase() == Phase::Complete;
            cycle.apply(event).unwrap();
            let passes = matches!(
                &event.event,
                CycleEvent::Verified { verdict, .. } if verdict.is_passed()
            );
            let is_complete = cycle.phase() == Phase::Complete;
            prop_assert_eq!(is_complete, was_complete || passes, "after {:?}", event);
            let asks = matches!(cycle.next(event.at), Step::AskUser { .. });
            prop_assert!(!asks || is_complete, "after {:?}", event);
        }
    }

    #[test]
    fn every_cycle_can_be_taken_up_from_its_log(
        refactored in any::<bool>(),
        luck in prop::collection::vec((any::<u8>(), prop::option::weighted(0.3, any_event())), 0..60),
    ) {
        let events = driven(refactored, &luck);
        for count in 1..=events.len() {
            let json: Vec<String> = events[..count]
                .iter()
                .map(|event| serde_json::to_string(event).unwrap())
                .collect();
            let read: Vec<Recorded> =
                json.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
            prop_assert_eq!(&read, &events[..count]);
            let mut cycle = Cycle::replay(&read).unwrap().unwrap();
            if cycle.phase() == Phase::Complete || cycle.review().is_some() {
                continue;
            }
            let at = cycle.last_at() + 999 * MINUTE;
            let event = resumed(Some(limits(2)));
            cycle.apply(&Recorded { at, event }).unwrap();
            let step = cycle.next(at);
            let goes_on = matches!(
                step,
                Step::TakeBaseline | Step::Attempt { .. } | Step::TestTargets { .. } | Step::Verify { .. }
            );
            prop_assert!(goes_on, "{:?} after {:?}", step, events[count - 1]);
        }
    }

    #[test]
    fn every_cycle_that_is_driven_comes_to_an_end(
        refactored in any::<bool>(),
        luck in prop::collection::vec(any::<u8>(), 60),
    ) {
        let luck: Vec<_> = luck.into_iter().map(|luck| (luck, None)).collect();
        let cycle = Cycle::replay(&driven(refactored, &luck)).unwrap().unwrap();
        prop_assert!(cycle.ending().is_some(), "{:?}", cycle);
        prop_assert!(cycle.attempts() <= 4);
    }
}
