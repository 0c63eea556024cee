//! `greenward green` and what is done with its cycles, with workers that are recordings and
//! programs.

use greenward_tests::{Finished, World, wait_until};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

const RUST: &str = r#"
//- Cargo.toml
[package]
name = "roman"
version = "0.1.0"
edition = "2024"
//- .gitignore
target
//- src/lib.rs
//! Roman numerals.

/// A number below nine as a Roman numeral.
pub fn roman(number: u32) -> String {
    "I".repeat(number as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three() {
        assert_eq!(roman(3), "III");
    }

    #[test]
    fn four() {
        assert_eq!(roman(4), "IV");
    }

    #[test]
    fn six() {
        assert_eq!(roman(6), "VI");
    }
}
"#;

const PYTHON: &str = r#"
//- pytest.ini
[pytest]
//- roman.py
def roman(number):
    """A number below nine as a Roman numeral."""
    return "I" * number
//- test_roman.py
from roman import roman


def test_three():
    assert roman(3) == "III"


def test_four():
    assert roman(4) == "IV"
"#;

/// Where the code is wrong, in [`RUST`].
const WRONG: &str = "    \"I\".repeat(number as usize)\n";

/// What all tests of [`RUST`] accept.
const RIGHT: &str = "    match number {
        4 => \"IV\".to_owned(),
        5.. => format!(\"V{}\", \"I\".repeat(number as usize - 5)),
        _ => \"I\".repeat(number as usize),
    }
";

/// One search/replace block.
fn block(file: &str, wrong: &str, right: &str) -> String {
    format!("Mended.\n\n{file}\n<<<<<<< SEARCH\n{wrong}=======\n{right}>>>>>>> REPLACE\n")
}

/// A recording of texts, one for each attempt.
fn texts(world: &World, texts: &[String]) {
    let entries = texts.iter().map(|text| json!({ "text": text }));
    record(world, entries);
}

fn record(world: &World, replies: impl IntoIterator<Item = Value>) {
    let mut recording = String::new();
    for (attempt, mut entry) in (1..).zip(replies) {
        entry["phase"] = "green".into();
        entry["attempt"] = attempt.into();
        recording += &format!("{entry}\n");
    }
    world.write("../recording.jsonl", recording);
    let path = world.path("../recording.jsonl");
    let worker = format!("kind = \"replay\"\nrecording = '{path}'\n");
    settings(world, &worker);
}

fn settings(world: &World, worker: &str) {
    let text = format!("[workers.one]\n{worker}\n[cycle]\nmutation_seconds = 5\n");
    world.write("../home/config/greenward/config.toml", text);
}

/// A program in the worker's place, which waits in its turn until it may go on.
struct Held;

impl Held {
    fn hire(world: &World) -> Self {
        let right = RUST.split_once("//- src/lib.rs\n").map(|(_, text)| text);
        let right = right.unwrap_or_default().replace(WRONG, RIGHT);
        world.write("../right.rs", right);
        let right = world.path("../right.rs");
        let script = format!(
            "touch $SIGNALS/at-work\nwhile [ ! -e $SIGNALS/go ]; do sleep 0.05; done\n\
             cp {right} src/lib.rs\ncargo test --quiet\n"
        );
        settings(world, &world.program(&script));
        Self
    }

    fn is_at_work(&self, world: &World) {
        wait_until("the worker to be at work", || {
            world.signals().join("at-work").exists().then_some(())
        });
    }

    fn may_go_on(&self, world: &World) {
        world.write("../signals/go", "");
    }
}

/// Everything that git knows of the workspace, and its bookkeeping as bytes.
fn git_state(world: &World) -> Vec<Vec<u8>> {
    let said = [
        &["status", "--porcelain=v2", "--branch", "--ignored=no"][..],
        &["stash", "list"],
        &["for-each-ref", "refs/heads", "refs/stash", "refs/tags"],
        &["diff"],
        &["diff", "--cached"],
    ]
    .map(|args| world.tool("git", args).stdout.into_bytes());
    let files = [".git/HEAD", ".git/config"]
        .map(|path| std::fs::read(world.path(path)).unwrap_or_default());
    said.into_iter().chain(files).collect()
}

fn git(world: &World, args: &[&str]) {
    let mut all = vec!["-c", "user.name=one", "-c", "user.email=one@example.org"];
    all.extend(args);
    let done = world.tool("git", &all);
    assert_eq!(done.code, Some(0), "{args:?}: {}", done.stderr);
}

fn commit_all(world: &World) {
    git(world, &["init", "--quiet"]);
    git(world, &["add", "--all"]);
    git(world, &["commit", "--quiet", "--message", "all"]);
}

/// It ended so, and said all of this.
#[track_caller]
fn check(finished: &Finished, code: i32, said: &[&str]) {
    let all = format!("{}{}", finished.stdout, finished.stderr);
    assert_eq!(finished.code, Some(code), "{all}");
    for part in said {
        assert!(all.contains(part), "{part:?} is not in\n{all}");
    }
}

#[test]
fn a_test_in_rust_becomes_green_and_the_files_change_when_it_is_applied() {
    let world = World::new(RUST);
    commit_all(&world);
    texts(&world, &[block("src/lib.rs", WRONG, RIGHT)]);
    let before = world.read("src/lib.rs");
    let green = world.greenward(&["green", "four", "six", "--trust"]);
    check(
        &green,
        0,
        &[
            "2 of 2 tests fail\n",
            "green, attempt 1 of 4",
            "✓ revert",
            "✓ nothing else",
            "Cycle 1: green",
            "greenward apply 1",
            "+     match number {",
        ],
    );
    assert_eq!(world.read("src/lib.rs"), before);
    check(&world.greenward(&["cycles"]), 0, &["green", "one", "four"]);
    check(
        &world.greenward(&["cycles", "1"]),
        0,
        &["baseline: 2 failed, 1 passed", "the verdict passed"],
    );
    check(&world.greenward(&["apply", "1"]), 0, &["1 file changed"]);
    assert_eq!(world.read("src/lib.rs"), before.replace(WRONG, RIGHT));
    assert_eq!(world.test(&[]).code, Some(0));
    check(&world.greenward(&["cycles"]), 0, &["applied"]);
    for decided in ["apply", "discard"] {
        let again = world.greenward(&[decided, "1"]);
        check(&again, 2, &["its result is in your files already"]);
    }
}

#[test]
fn a_test_in_python_becomes_green_by_whole_files() {
    let Some(world) = World::new(PYTHON).with_python() else {
        return;
    };
    let right = "def roman(number):\n    \"\"\"A number below nine as a Roman numeral.\"\"\"\n    \
                 return \"IV\" if number == 4 else \"I\" * number\n";
    record(&world, [json!({ "files": { "roman.py": right } })]);
    let green = world.greenward(&["green", "test_four", "--trust", "--apply"]);
    check(&green, 0, &["Cycle 1: green", "Applied: 1 file changed"]);
    assert!(
        !green.stdout.contains("greenward apply"),
        "{}",
        green.stdout
    );
    assert_eq!(world.read("roman.py"), right);
    assert_eq!(world.test(&[]).code, Some(0));
}

#[test]
fn a_cheat_is_refused_and_nothing_is_applied() {
    let world = World::new(RUST);
    commit_all(&world);
    let weak = block(
        "src/lib.rs",
        "        assert_eq!(roman(4), \"IV\");\n",
        "        assert_eq!(roman(4), \"IIII\");\n",
    );
    let asks = "    match std::thread::current().name() {
        Some(\"tests::four\") => \"IV\".to_owned(),
        _ => \"I\".repeat(number as usize),
    }
";
    let asks = block("src/lib.rs", WRONG, asks);
    texts(&world, &[weak, asks]);
    let before = world.read("src/lib.rs");
    let green = world.greenward(&["green", "tests::four", "--trust", "--apply"]);
    check(
        &green,
        1,
        &[
            "this is sealed and was left as it was",
            "✗ failed",
            "✗ twins",
            "Cycle 1: not green",
            "greenward resume 1",
        ],
    );
    assert!(!green.stdout.contains("Applied"), "{}", green.stdout);
    assert_eq!(world.read("src/lib.rs"), before);
    check(
        &world.greenward(&["apply", "1"]),
        2,
        &["no verified result"],
    );
    check(&world.greenward(&["discard", "1"]), 0, &["discarded"]);
    check(&world.greenward(&["cycles"]), 0, &["discarded"]);
}

#[test]
fn events_for_programs_come_a_line_each_and_the_result_last() {
    let world = World::new(RUST);
    texts(&world, &[block("src/lib.rs", WRONG, RIGHT)]);
    let green = world.greenward(&["green", "tests::four", "--trust", "--json"]);
    assert_eq!(green.code, Some(0), "{}", green.stderr);
    let events: Vec<Value> = green
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or(Value::Null))
        .collect();
    let kinds: Vec<&str> = events
        .iter()
        .map(|event| event["event"].as_str().unwrap_or("no JSON"))
        .collect();
    assert_eq!(kinds.first(), Some(&"cycleBegan"), "{kinds:?}");
    assert!(!kinds.contains(&"no JSON"), "{}", green.stdout);
    for kind in [
        "phase",
        "stage",
        "replied",
        "tested",
        "checked",
        "cycleEnded",
    ] {
        assert!(kinds.contains(&kind), "{kind} is not in {kinds:?}");
    }
    let result = events.last().unwrap_or(&Value::Null);
    assert_eq!(result["event"], "cycleResult");
    assert_eq!(result["ending"], "complete");
    assert_eq!(result["files"], json!(["src/lib.rs"]));
    let diff = result["diff"].as_str().unwrap_or_default();
    assert!(diff.contains("+    match number {"), "{diff}");
    let listed = world.greenward(&["cycles", "--json"]);
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap_or_default();
    assert_eq!(listed["id"], 1);
    // What `diff` pipes is a patch that git takes.
    let patch = world.greenward(&["diff", "1"]).stdout;
    world.write("../it.patch", patch);
    let taken = world.tool("git", &["apply", "../it.patch"]);
    assert_eq!(taken.code, Some(0), "{}", taken.stderr);
    assert!(world.read("src/lib.rs").contains("match number {"));
}

#[test]
fn what_the_user_changed_meanwhile_is_merged_or_told() {
    let world = World::new(RUST);
    commit_all(&world);
    texts(&world, &[block("src/lib.rs", WRONG, RIGHT)]);
    let green = world.greenward(&["green", "tests::four", "--trust"]);
    check(&green, 0, &["Cycle 1: green"]);
    let base = world.read("src/lib.rs");
    let clash = base.replace(WRONG, "    // Mine.\n    String::new()\n");
    world.write("src/lib.rs", &clash);
    let applied = world.greenward(&["apply", "1"]);
    check(
        &applied,
        1,
        &[
            "Not applied",
            "src/lib.rs",
            "// Mine.",
            "match number {",
            "Nothing was changed",
        ],
    );
    assert_eq!(world.read("src/lib.rs"), clash);
    let elsewhere = base.replace("//! Roman numerals.", "//! Numerals of Rome.");
    world.write("src/lib.rs", &elsewhere);
    check(&world.greenward(&["apply", "1"]), 0, &["Applied"]);
    assert_eq!(world.read("src/lib.rs"), elsewhere.replace(WRONG, RIGHT));
}

#[test]
fn a_folder_without_git_and_one_without_commits_will_do() {
    for with_git in [false, true] {
        let world = World::new(RUST);
        if with_git {
            git(&world, &["init", "--quiet"]);
        }
        texts(&world, &[block("src/lib.rs", WRONG, RIGHT)]);
        let green = world.greenward(&["green", "tests::four", "--trust", "--apply"]);
        check(&green, 0, &["Applied: 1 file changed"]);
        assert!(world.read("src/lib.rs").contains("match number {"));
        assert_eq!(world.path(".git").exists(), with_git);
    }
}

#[test]
fn a_dirty_tree_is_the_base_and_stays_as_it_is() {
    let world = World::new(RUST);
    world.write(".gitignore", "target\n.tdd\nCargo.lock\n");
    commit_all(&world);
    // A change in the index, another in the tree, a stash, and a file that git does not know.
    world.write("kept.txt", "stashed\n");
    git(&world, &["add", "kept.txt"]);
    git(&world, &["stash", "--quiet"]);
    let dirty = world
        .read("src/lib.rs")
        .replace("//! Roman", "//! My Roman");
    world.write("src/lib.rs", &dirty);
    git(&world, &["add", "src/lib.rs"]);
    let dirty = format!("{dirty}\n// Not staged.\n");
    world.write("src/lib.rs", &dirty);
    world.write("notes.txt", "mine\n");
    texts(&world, &[block("src/lib.rs", WRONG, RIGHT)]);
    let before = git_state(&world);
    let index = std::fs::read(world.path(".git/index")).unwrap_or_default();
    let green = world.greenward(&["green", "tests::four", "--trust"]);
    check(&green, 0, &["Cycle 1: green"]);
    assert_eq!(
        std::fs::read(world.path(".git/index")).unwrap_or_default(),
        index
    );
    assert_eq!(git_state(&world), before);
    assert_eq!(world.read("src/lib.rs"), dirty);
    assert_eq!(world.read("notes.txt"), "mine\n");
    check(&world.greenward(&["apply", "1"]), 0, &["1 file changed"]);
    assert_eq!(world.read("src/lib.rs"), dirty.replace(WRONG, RIGHT));
    assert_eq!(
        std::fs::read(world.path(".git/index")).unwrap_or_default(),
        index
    );
}

#[test]
fn what_cannot_be_tried_says_why_and_what_to_do() {
    let world = World::new(RUST);
    commit_all(&world);
    let green = |args: &[&str]| {
        let mut all = vec!["green", "--trust"];
        all.extend(args);
        world.greenward(&all)
    };
    check(&world.greenward(&["cycles"]), 2, &["no cycles yet"]);
    check(&green(&["tests::four"]), 2, &["no worker is configured"]);
    texts(&world, &[]);
    check(
        &green(&["tests::foor"]),
        2,
        &["tests::foor", "nearest", "tests::four"],
    );
    check(
        &green(&["tests::four", "--worker", "two"]),
        2,
        &["no worker two", "one"],
    );
    for pattern in ["tests::three", "tests::thr"] {
        let said = ["tests::three` passes already: there is nothing to do"];
        check(&green(&[pattern]), 0, &said);
    }
    check(&world.greenward(&["cycles"]), 0, &["not tried"]);
    check(&green(&["."]), 2, &["name the failing tests"]);
    check(&world.greenward(&["diff", "9"]), 2, &["no cycle 9"]);
    let unchanged = world.greenward(&["diff", "1"]);
    check(&unchanged, 0, &["Cycle 1 has changed nothing."]);
    assert_eq!(unchanged.stdout, "", "what is piped is a patch");
    let untrusted = world.greenward(&["green", "tests::four"]);
    check(&untrusted, 2, &["greenward trust", "--trust"]);
    // A recording that has nothing for this turn.
    check(&green(&["tests::four"]), 1, &["not green"]);
}

#[test]
fn an_interrupt_cancels_and_leaves_no_process() {
    let world = World::new(RUST);
    let held = Held::hire(&world);
    let mut running = world.start(&["green", "tests::four", "--trust"]);
    held.is_at_work(&world);
    running.signal(Signal::SIGINT);
    assert_eq!(running.ended(), Some(130), "{}", running.stderr());
    assert_eq!(world.processes(), Vec::<String>::new());
    wait_until("it to say so", || {
        running.stdout().contains("was cancelled").then_some(())
    });
    check(&world.greenward(&["cycles"]), 0, &["cancelled"]);
    assert!(!world.read("src/lib.rs").contains("match number {"));
}

#[test]
fn a_cycle_whose_daemon_was_killed_goes_on() {
    let world = World::new(RUST);
    let held = Held::hire(&world);
    let mut running = world.start(&["green", "tests::four", "--trust"]);
    held.is_at_work(&world);
    let goes_on = world.greenward(&["resume", "1", "--trust"]);
    check(&goes_on, 2, &["cycle 1 goes on"]);
    running.signal(Signal::SIGKILL);
    assert_eq!(running.ended(), None);
    wait_until("all its processes to be gone", || {
        world.processes().is_empty().then_some(())
    });
    check(&world.greenward(&["cycles"]), 0, &["interrupted"]);
    held.may_go_on(&world);
    let resumed = world.greenward(&["resume", "1", "--trust", "--apply"]);
    check(&resumed, 0, &["Cycle 1: green", "Applied: 1 file changed"]);
    assert!(world.read("src/lib.rs").contains("match number {"));
    check(&world.greenward(&["cycles", "1"]), 0, &["resumed"]);
}

#[test]
fn two_go_on_at_once() {
    let world = World::new(RUST);
    let held = Held::hire(&world);
    let mut both = [
        world.start(&["green", "tests::four", "--trust"]),
        world.start(&["green", "tests::six", "--trust"]),
    ];
    held.is_at_work(&world);
    held.may_go_on(&world);
    for running in &mut both {
        assert_eq!(running.ended(), Some(0), "{}", running.stderr());
    }
    let listed = world.greenward(&["cycles"]);
    check(&listed, 0, &["tests::four", "tests::six"]);
    check(&world.greenward(&["apply", "1"]), 0, &["Applied"]);
    // Both did the same: nothing is left to change.
    check(&world.greenward(&["apply", "2"]), 0, &["Applied"]);
    assert_eq!(world.test(&[]).code, Some(0));
}

#[test]
fn a_recording_of_a_cycle_plays_it_again() {
    let world = World::new(RUST);
    let held = Held::hire(&world);
    held.may_go_on(&world);
    let green = world.greenward(&["green", "tests::four", "--trust"]);
    check(&green, 0, &["Cycle 1: green"]);
    let written = world.greenward(&["cycles", "1", "--recording", "../recording.jsonl"]);
    check(&written, 0, &["recording of cycle 1"]);
    let path = world.path("../recording.jsonl");
    settings(
        &world,
        &format!("kind = \"replay\"\nrecording = '{path}'\n"),
    );
    let again = world.greenward(&["green", "tests::four", "--trust", "--apply"]);
    check(&again, 0, &["Cycle 2: green", "Applied: 1 file changed"]);
}

#[test]
fn the_demo_shows_a_whole_cycle_and_leaves_nothing_behind() {
    let world = World::new(RUST);
    let demo = world.greenward(&["demo"]);
    check(
        &demo,
        0,
        &[
            "✗ twins",
            "Cycle 1: green",
            "Applied: 1 file changed",
            "All green",
        ],
    );
    let left = |folder: &str| {
        let entries = world.path(folder).read_dir_utf8();
        entries.map_or(0, |entries| entries.count())
    };
    assert_eq!(left("../tmp"), 0);
    assert!(!world.path("../home/cache/greenward/lanes").exists());
}

#[test]
fn the_doctor_knows_workers_and_lanes() {
    let world = World::new(RUST);
    check(
        &world.greenward(&["doctor"]),
        0,
        &["no other is configured"],
    );
    let held = Held::hire(&world);
    let mut running = world.start(&["green", "tests::four", "--trust"]);
    held.is_at_work(&world);
    let doctor = world.greenward(&["doctor"]);
    check(&doctor, 0, &["the program sh", "in use by cycle-1"]);
    check(
        &world.greenward(&["doctor", "--clean-lanes"]),
        0,
        &["0 lanes removed"],
    );
    held.may_go_on(&world);
    assert_eq!(running.ended(), Some(0), "{}", running.stderr());
    let cleaned = world.greenward(&["doctor", "--clean-lanes"]);
    let of_this = format!("of {}", world.workspace());
    check(&cleaned, 0, &["2 lanes removed", &of_this]);
    lanes_of_other_folders_stay_until_they_are_asked_for(&world);
    settings(
        &world,
        "kind = \"openai\"\nmodel = \"m\"\nkey_env = \"NO_SUCH_KEY\"\n",
    );
    check(&world.greenward(&["doctor"]), 0, &["NO_SUCH_KEY"]);
    settings(&world, "kind = \"command\"\nargv = [\"no-such-agent\"]\n");
    check(
        &world.greenward(&["doctor"]),
        0,
        &["no program no-such-agent"],
    );
}

/// Cleans up in another folder while the lanes are of the world's; and once that is gone.
fn lanes_of_other_folders_stay_until_they_are_asked_for(world: &World) {
    let begin = || {
        let green = world.greenward(&["green", "tests::four", "--trust"]);
        check(&green, 0, &["green."]);
    };
    let clean_elsewhere = |args: &[&str]| {
        let elsewhere = world.path("../elsewhere");
        world.write("../elsewhere/notes.txt", "");
        let mut all = vec![
            "-c",
            "cd \"$1\" && shift && exec \"$@\"",
            "sh",
            elsewhere.as_str(),
        ];
        let binary = greenward_tests::binary();
        all.extend([binary.as_str(), "doctor"]);
        all.extend(args);
        world.tool("sh", &all)
    };
    begin();
    check(
        &clean_elsewhere(&["--clean-lanes"]),
        0,
        &[
            "0 lanes removed",
            "2 lanes of other folders",
            "--clean-lanes=all",
        ],
    );
    check(
        &clean_elsewhere(&["--clean-lanes=all"]),
        0,
        &["2 lanes removed"],
    );
}

#[test]
fn what_is_held_out_is_not_shown_and_must_pass() {
    let Some(world) = World::new(PYTHON).with_python() else {
        return;
    };
    let more = "\n\ndef test_eight():\n    assert roman(8) == \"VIII\"\n";
    world.write("test_roman.py", world.read("test_roman.py") + more);
    let only_four = "    return \"IV\" if number == 4 else \"I\" * number\n";
    let wrong = "    return \"I\" * number\n";
    let all = "    return [\"\", \"I\", \"II\", \"III\", \"IV\", \"V\", \"VI\", \"VII\", \"VIII\"][number]\n";
    texts(
        &world,
        &[
            block("roman.py", wrong, only_four),
            block("roman.py", only_four, all),
        ],
    );
    let args = [
        "green",
        "test_four",
        "--held-out",
        "test_eight",
        "--trust",
        "--apply",
    ];
    let green = world.greenward(&args);
    check(
        &green,
        0,
        &["✗ held out", "✓ held out", "after 2 attempts", "Applied"],
    );
    assert!(world.read("roman.py").contains("VIII"));
    assert!(world.read("test_roman.py").ends_with(more));
}

#[test]
fn by_hand_the_same_checks_judge() {
    let world = World::new(RUST);
    let mut running = world.start(&["green", "tests::four", "--trust", "--worker", "human"]);
    wait_until("it to wait for a person", || {
        running.stdout().contains("save").then_some(())
    });
    let mended = world.read("src/lib.rs").replace(WRONG, RIGHT);
    world.write("src/lib.rs", &mended);
    assert_eq!(running.ended(), Some(0), "{}", running.stderr());
    wait_until("it to say so", || {
        running.stdout().contains("Cycle 1: green").then_some(())
    });
    assert_eq!(world.read("src/lib.rs"), mended);
    check(&world.greenward(&["cycles"]), 0, &["applied", "human"]);
}
