//! Cycles at odd moments: the database is gone, nothing is left to reach.

use greenward_tests::{Finished, World};
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
