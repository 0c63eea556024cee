//! What passes is tidied by its worker before it is judged, where the settings say so; and where
//! that comes to nothing, what passed before is judged.

use greenward_tests::{ROMAN, World, json_lines};
use serde_json::{Value, json};

const SETTINGS: &str = "refactor = true\nrepeat = 1\nmutation_seconds = 0";

/// It passes, and could be better.
const CLUMSY: &str = "def roman(number):\n    x = \"\"\n    if number == 4:\n        x = \"IV\"\n    \
                      else:\n        x = \"I\" * number\n    return x\n";
const TIDY: &str = "def roman(number):\n    return \"IV\" if number == 4 else \"I\" * number\n";
/// `test_three` notices.
const BROKEN: &str = "def roman(number):\n    return \"IV\"\n";
/// Only a test that was held out would notice.
const FORGETFUL: &str = "def roman(number):\n    return \"IV\" if number == 4 else \"III\"\n";

fn green(text: &str) -> Value {
    json!({ "files": { "roman.py": text } })
}

fn refactor(text: &str) -> Value {
    json!({ "phase": "refactor", "files": { "roman.py": text } })
}

/// After these turns the cycle is green, and `said` was said; the result is `result`.
#[track_caller]
fn check(turns: &[Value], said: &[&str], result: &str) {
    let Some(world) = World::new(ROMAN).with_python() else {
        return;
    };
    world.replay(SETTINGS, turns.iter().cloned());
    let finished = world.greenward(&["green", "test_four", "--trust", "--apply"]);
    finished.check(0, &["green."]);
    finished.check(0, said);
    assert_eq!(world.read("roman.py"), result, "{}", finished.stdout);
}

#[test]
fn what_passes_is_tidied() {
    check(&[green(CLUMSY), refactor(TIDY)], &["refactor"], TIDY);
}

#[test]
fn what_breaks_by_tidying_is_as_it_was() {
    check(
        &[green(CLUMSY), refactor(BROKEN.replace("IV", "V").as_str())],
        &["tidying broke something: the code is judged as it was before"],
        CLUMSY,
    );
    // Its own target passes: the verdict notices.
    check(
        &[green(CLUMSY), refactor(BROKEN)],
        &["tidying broke something: the code is judged as it was before"],
        CLUMSY,
    );
}

#[test]
fn a_worker_that_finds_nothing_to_tidy_is_done() {
    let nothing = json!({ "phase": "refactor", "text": "It is good as it is." });
    check(&[green(TIDY), nothing], &[], TIDY);
    check(
        &[green(TIDY), refactor(TIDY)],
        &["nothing was changed"],
        TIDY,
    );
    let blocked = json!({
        "phase": "refactor",
        "text": "greenward: blocked: there is no formatter",
    });
    check(
        &[green(TIDY), blocked],
        &["nothing was tidied: there is no formatter"],
        TIDY,
    );
}

#[test]
fn a_worker_that_fails_to_tidy_has_done_its_work() {
    // Nothing is recorded for it.
    check(&[green(CLUMSY)], &["nothing was tidied: "], CLUMSY);
}

#[test]
fn no_test_is_changed_by_tidying() {
    let tests = "from roman import roman\n\n\ndef test_four():\n    pass\n";
    let turn = json!({
        "phase": "refactor",
        "files": { "roman.py": TIDY, "test_roman.py": tests },
    });
    check(&[green(CLUMSY), turn], &["sealed", "test_roman.py"], CLUMSY);
}

#[test]
fn a_test_that_was_held_out_judges_what_was_tidied() {
    let Some(world) = World::new(ROMAN).with_python() else {
        return;
    };
    world.write(
        "test_two.py",
        "from roman import roman\n\n\ndef test_two():\n    assert roman(2) == \"II\"\n",
    );
    world.replay(SETTINGS, [green(CLUMSY), refactor(FORGETFUL)]);
    let args = [
        "green",
        "test_four",
        "--held-out",
        "test_two",
        "--trust",
        "--apply",
    ];
    world
        .greenward(&args)
        .check(0, &["tidying broke something", "green."]);
    assert_eq!(world.read("roman.py"), CLUMSY);
}

#[test]
fn each_phase_is_told_and_its_prompt_asks_for_it() {
    let Some(world) = World::new(ROMAN).with_python() else {
        return;
    };
    let script = format!(
        "cat \"$GREENWARD_PROMPT\" >\"$SIGNALS/$GREENWARD_PHASE\"\n\
         if [ $GREENWARD_PHASE = green ]; then cat >roman.py <<'E'\n{CLUMSY}E\n\
         else cat >roman.py <<'E'\n{TIDY}E\nfi\n"
    );
    world.script(SETTINGS, &script);
    let finished = world.greenward(&["green", "test_four", "--trust", "--apply", "--json"]);
    assert_eq!(
        finished.code,
        Some(0),
        "{}{}",
        finished.stdout,
        finished.stderr
    );
    let phases: Vec<Value> = json_lines(&finished.stdout)
        .into_iter()
        .filter(|event| event["event"] == "phase")
        .map(|event| event["phase"].clone())
        .collect();
    assert_eq!(
        phases,
        [
            "pending", "green", "green", "refactor", "refactor", "verify"
        ]
    );
    let read = |phase: &str| world.read(&format!("../signals/{phase}"));
    assert!(read("green").contains("Make these tests pass"));
    let told = read("refactor");
    assert!(
        told.contains("These tests pass now") && told.contains(CLUMSY),
        "{told}"
    );
    assert_eq!(world.read("roman.py"), TIDY);
}

#[test]
fn nothing_is_tidied_where_nobody_asked_for_it() {
    let Some(world) = World::new(ROMAN).with_python() else {
        return;
    };
    world.replay("repeat = 1", [green(CLUMSY), refactor(TIDY)]);
    world
        .greenward(&["green", "test_four", "--trust", "--apply"])
        .check(0, &["green."]);
    assert_eq!(world.read("roman.py"), CLUMSY);
}
