//! Cycles at odd moments: the database is gone, nothing is left to reach, another terminal is at
//! it, nobody is at it any more.

use greenward_tests::{Finished, World, wait_until};
use nix::sys::signal::Signal;
use serde_json::json;

const PYTHON: &str = r#"
//- pytest.ini
[pytest]
//- roman.py
def roman(number):
    return "I" * number
//- test_roman.py
from roman import roman


def test_three():
    assert roman(3) == "III"


def test_four():
    assert roman(4) == "IV"


def test_eight():
    assert roman(8) == "VIII"
"#;

/// What `test_three` and `test_four` accept, and `test_eight` does not.
const FOUR: &str = "def roman(number):\n    return \"IV\" if number == 4 else \"I\" * number\n";

/// The settings of every cycle here.
const QUICK: &str = "mutation_seconds = 0\nrepeat = 2\nmax_attempts = 8";

fn world() -> Option<World> {
    let world = World::new(PYTHON).with_python()?;
    world.commit_all();
    Some(world)
}

fn four(world: &World) {
    world.replay(QUICK, [json!({ "files": { "roman.py": FOUR } })]);
}

fn green(world: &World, args: &[&str]) -> Finished {
    let mut all = vec!["green", "--trust"];
    all.extend(args);
    world.greenward(&all)
}

#[track_caller]
fn does_not_say(finished: &Finished, parts: &[&str]) {
    let all = format!("{}{}", finished.stdout, finished.stderr);
    for part in parts {
        assert!(!all.contains(part), "{part:?} is in\n{all}");
    }
}

#[test]
fn a_cycle_never_takes_the_number_of_one_whose_attempts_are_kept() {
    let Some(world) = world() else { return };
    four(&world);
    green(&world, &["test_four"]).check(0, &["Cycle 1: green"]);
    std::fs::remove_dir_all(world.path(".tdd")).unwrap();
    green(&world, &["test_four"]).check(0, &["Cycle 2: green"]);
    world.greenward(&["diff", "1"]).check(2, &["no cycle 1"]);
}

#[test]
fn a_cycle_without_a_target_is_not_begun() {
    let Some(world) = world() else { return };
    four(&world);
    for both in ["test_four", "test_roman.py"] {
        let refused = green(&world, &[both, "--held-out", "test_roman.py"]);
        refused.check(2, &["held out", "--held-out"]);
    }
    world.greenward(&["cycles"]).check(2, &["no cycles yet"]);
}

#[test]
fn what_goes_on_elsewhere_is_not_interrupted_and_what_nobody_is_at_can_be_discarded() {
    let Some(world) = world() else { return };
    let wait = "touch $SIGNALS/at-work\nwhile [ ! -e $SIGNALS/go ]; do sleep 0.05; done\n";
    world.script(QUICK, wait);
    let mut running = world.start(&["green", "test_four", "--trust"]);
    wait_until("the worker to be at work", || {
        world.signals().join("at-work").exists().then_some(())
    });
    let one = world.greenward(&["cycles", "1"]);
    one.check(0, &["Cycle 1 goes on"]);
    does_not_say(&one, &["interrupted", "greenward resume"]);
    world.greenward(&["cycles"]).check(0, &["in green"]);
    world
        .greenward(&["discard", "1"])
        .check(2, &["cycle 1 goes on"]);
    running.signal(Signal::SIGKILL);
    assert_eq!(running.ended(), None);
    wait_until("all its processes to be gone", || {
        world.processes().is_empty().then_some(())
    });
    let one = world.greenward(&["cycles", "1"]);
    one.check(0, &["Cycle 1 was interrupted", "greenward resume 1"]);
    world.greenward(&["cycles"]).check(0, &["interrupted"]);
    world.greenward(&["discard", "1"]).check(0, &["discarded"]);
    world
        .greenward(&["cycles", "1"])
        .check(0, &["cancelled", "discarded"]);
    let resumed = world.greenward(&["resume", "1", "--trust"]);
    resumed.check(2, &["cycle 1: it was discarded"]);
}

#[test]
fn a_cycle_that_is_stuck_repeats_what_was_refused_and_says_who_rests() {
    let Some(world) = world() else { return };
    let cheat = json!({ "files": { "roman.py": FOUR } });
    let idle = || json!({ "text": "There is nothing to do." });
    world.replay(QUICK, [cheat, idle(), idle(), idle()]);
    let stuck = green(&world, &["test_four", "--held-out", "test_eight"]);
    stuck.check(
        1,
        &[
            "the same error came three times",
            "The last attempt that was judged was refused",
            "Worker one has failed 3 times in a row and rests for",
            "greenward cycles --reset-breakers",
        ],
    );
    let last = stuck.stdout.split("three times").last().unwrap_or_default();
    assert!(last.contains("held out"), "{}", stuck.stdout);
    assert!(last.contains("test_eight"), "{}", stuck.stdout);
    let story = world.greenward(&["cycles", "1"]);
    story.check(0, &["the verdict failed: held out\n"]);
    // It rests, which says nothing of a cycle that is decided.
    world.greenward(&["discard", "1"]).check(0, &["discarded"]);
    let resumed = world.greenward(&["resume", "1", "--trust"]);
    resumed.check(2, &["cycle 1: it was discarded"]);
}

#[test]
fn a_cycle_is_looked_for_by_any_number_and_resumed_where_there_is_trust() {
    let Some(world) = world() else { return };
    four(&world);
    green(&world, &["test_four"]).check(0, &["Cycle 1: green"]);
    for number in ["2", "18446744073709551615"] {
        let none = world.greenward(&["diff", number]);
        none.check(2, &[&format!("there is no cycle {number}")]);
    }
    let resumed = world.greenward(&["resume", "1"]);
    resumed.check(2, &["greenward trust"]);
}
