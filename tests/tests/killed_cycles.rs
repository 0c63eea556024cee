//! A daemon that is killed at any moment of a cycle: what it has told stays true, nothing of the
//! user's changes, no process stays, and the cycle goes on.
//!
//! `GREENWARD_TEST_KILLS` says how often one is killed, `GREENWARD_TEST_SEED` at which moments.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::time::Duration;

use camino::Utf8Path;
use greenward_tests::{Running, World, json_lines, number, wait_until};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

const PROJECT: &str = r#"
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
//- notes.txt
committed
"#;

/// Quick, and with turns for every time that it is taken up again.
const QUICK: &str = "mutation_seconds = 0\nrepeat = 1\nmax_attempts = 30";

const WRONG: &str = "def roman(number):\n    return \"IIII\"[:number]\n";
const RIGHT: &str = "from numerals import NUMERALS\n\n\ndef roman(number):\n    \
                     return NUMERALS.get(number, \"I\" * number)\n";
const NUMERALS: &str = "NUMERALS = {4: \"IV\"}\n";

/// How often one cycle is killed at most before it may come to its end.
const TIMES: u64 = 6;

#[test]
fn a_daemon_killed_at_any_moment_loses_nothing() {
    let Some(world) = World::new(PROJECT).with_python() else {
        return;
    };
    world.commit_all();
    // One change in the index, another in the tree, and a file that git does not know.
    world.write("notes.txt", "staged\n");
    world.git(&["add", "notes.txt"]);
    world.write("notes.txt", "not staged\n");
    world.write("mine.txt", "unknown to git\n");
    let right = json!({ "files": { "roman.py": RIGHT, "numerals.py": NUMERALS } });
    let first = json!({ "files": { "roman.py": WRONG } });
    let replies = std::iter::once(first).chain(std::iter::repeat_n(right, 29));
    world.replay(QUICK, replies);
    let users = files(&world);
    let seed = number("GREENWARD_TEST_SEED", 1);
    let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut kills = 0;
    for round in 0.. {
        if kills >= number("GREENWARD_TEST_KILLS", 6) {
            break;
        }
        let at = format!("round {round} of seed {seed}");
        let mut told = Vec::new();
        let mut running = world.start(&["green", "test_four", "--trust", "--json"]);
        for _ in 0..chance.below(TIMES) + 1 {
            kills += u64::from(killed(&world, &mut running, &mut chance));
            told.extend(json_lines(&running.stdout()));
            remembered(&world, &told, &at);
            assert_eq!(files(&world), users, "the user's files, {at}");
            match unended(&world) {
                None => break,
                Some(cycle) => running = resume(&world, &cycle),
            }
        }
        let _ = running.ended();
        if let Some(cycle) = unended(&world) {
            let mut last = resume(&world, &cycle);
            assert_eq!(
                last.ended(),
                Some(0),
                "{at}: {}{}",
                last.stdout(),
                last.stderr()
            );
        }
        assert_eq!(unended(&world), None, "{at}");
        assert_eq!(files(&world), users, "the user's files, {at}");
        kills += applied_at_last(&world, &users, &mut chance, &at);
    }
    // What a killed one had is free again after the next that comes to its end.
    let last = world.greenward(&["green", "test_four", "--trust"]);
    last.check(0, &["green."]);
    assert_eq!(world.processes(), Vec::<String>::new());
    let lanes = lanes(&world);
    assert!(lanes.len() <= 2, "lanes are used again: {lanes:#?}");
    assert!(
        lanes
            .iter()
            .all(|record| record["state"]["free"].is_object()),
        "no lane is in use: {lanes:#?}"
    );
}

/// So many files that a kill finds some written and others not.
const MANY: usize = 1000;

#[test]
fn an_apply_killed_in_the_middle_is_told_of_and_finished() {
    let Some(world) = World::new(PROJECT).with_python() else {
        return;
    };
    world.commit_all();
    let right = RIGHT.replace("numerals import", "numerals.n0 import");
    let many = (0..MANY).map(|number| (format!("numerals/n{number}.py"), NUMERALS.into()));
    let made: serde_json::Map<String, Value> = many
        .chain([("roman.py".to_owned(), right.clone().into())])
        .collect();
    world.replay(QUICK, [json!({ "files": made })]);
    let green = world.greenward(&["green", "test_four", "--trust"]);
    green.check(0, &["green."]);
    let users = files(&world);
    let come = || files(&world).len() - users.len();
    let mut running = world.start(&["apply", "1"]);
    // To look at all files, or to pause between two looks, would take longer than they take to come.
    let first = world.path("numerals");
    wait_until("the first files", || {
        (0..10_000).any(|_| first.exists()).then_some(())
    });
    running.signal(Signal::SIGKILL);
    let _ = running.ended();
    assert!(come() < MANY, "it was killed too late");

    let told = "the result of cycle 1 came to your files in part";
    world.greenward(&["cycles"]).check(0, &[told]);
    world.greenward(&["doctor"]).check(0, &[told]);
    world.greenward(&["discard", "1"]).check(2, &[told]);
    let left = files(&world).into_keys();
    let left: Vec<String> = left.filter(|path| path.contains("unfinished")).collect();
    assert_eq!(left, Vec::<String>::new());

    world.greenward(&["apply", "1"]).check(0, &["Applied"]);
    assert_eq!(come(), MANY);
    assert_eq!(world.read("roman.py"), right);
    let before = "refs/greenward/cycles/1/before-apply";
    let kept = world.git(&["ls-tree", "-r", "--name-only", before]);
    assert!(!kept.contains("numerals"), "{kept}");
    let doctor = world.greenward(&["doctor"]);
    assert!(!doctor.stdout.contains("in part"), "{}", doctor.stdout);
}

/// Kills a `greenward` that has a cycle in hand, at a random moment. Whether it came to that.
fn killed(world: &World, running: &mut Running, chance: &mut Chance) -> bool {
    // Half of the moments follow an event at once, the others lie somewhere after one.
    let events = usize::try_from(chance.below(24)).unwrap_or_default();
    wait_until("so many events", || {
        let come = json_lines(&running.stdout()).len() >= events;
        (come || running.has_ended()).then_some(())
    });
    if chance.below(2) == 0 {
        std::thread::sleep(Duration::from_millis(chance.below(800)));
    }
    let was_running = !running.has_ended();
    running.signal(Signal::SIGKILL);
    let _ = running.ended();
    wait_until("all its processes to be gone", || {
        world.processes().is_empty().then_some(())
    });
    was_running
}

/// What was told of a cycle is known to the next one.
fn remembered(world: &World, told: &[Value], at: &str) {
    let Some(began) = told.iter().find(|event| event["event"] == "cycleBegan") else {
        return;
    };
    let cycle = began["id"].to_string();
    let state = json_lines(&world.greenward(&["cycles", &cycle, "--json"]).stdout);
    let [state] = state.as_slice() else {
        panic!("cycle {cycle} is not known, {at}");
    };
    let story = world.greenward(&["cycles", &cycle]).stdout;
    let count = |event: &str| told.iter().filter(|told| told["event"] == event).count();
    let kept = |line: &str| story.lines().filter(|kept| kept.contains(line)).count();
    let stages = told.iter().filter_map(|told| told["stage"].as_str());
    let starts = stages
        .filter(|stage| stage.starts_with("waiting for"))
        .count();
    for (what, told, kept) in [
        ("a turn", count("replied"), kept(" changed ")),
        ("a run", count("tested"), kept(" targets pass")),
        ("a start", starts, kept(", attempt ")),
    ] {
        assert!(kept >= told, "{what} was told and is lost, {at}\n{story}");
    }
    if let Some(ended) = told.iter().find(|event| event["event"] == "cycleEnded") {
        assert_eq!(state["phase"], ended["phase"], "{at}\n{story}");
    }
}

/// The cycle that has not come to its end.
#[track_caller]
fn unended(world: &World) -> Option<String> {
    let listed = world.greenward(&["cycles", "--json"]);
    let all = json_lines(&listed.stdout);
    let said = format!("{}{}", listed.stdout, listed.stderr);
    assert!(!all.is_empty() || said.contains("no cycles yet"), "{said}");
    let mut open = all.iter().filter(|state| state["ending"].is_null());
    let cycle = open.next().map(|state| state["id"].to_string());
    assert_eq!(open.next(), None, "only one is open at a time");
    cycle
}

fn resume(world: &World, cycle: &str) -> Running {
    world.start(&["resume", cycle, "--trust", "--json"])
}

/// Brings the newest result to the user's files, killed once, and takes it out again.
fn applied_at_last(
    world: &World,
    users: &BTreeMap<String, Vec<u8>>,
    chance: &mut Chance,
    at: &str,
) -> u64 {
    let all = json_lines(&world.greenward(&["cycles", "--json"]).stdout);
    let ready = |state: &&Value| state["ending"] == "complete" && state["review"].is_null();
    let Some(newest) = all.iter().find(ready) else {
        return 0;
    };
    let cycle = newest["id"].to_string();
    let mut running = world.start(&["apply", &cycle]);
    std::thread::sleep(Duration::from_millis(chance.below(80)));
    let was_running = !running.has_ended();
    running.signal(Signal::SIGKILL);
    let _ = running.ended();
    let mut result = users.clone();
    result.insert("roman.py".to_owned(), RIGHT.into());
    result.insert("numerals.py".to_owned(), NUMERALS.into());
    for (path, content) in files(world) {
        let is_whole = [users.get(&path), result.get(&path)].contains(&Some(&content));
        assert!(is_whole, "{path} is neither old nor new, {at}");
    }
    let again = world.greenward(&["apply", &cycle]);
    let said = format!("{}{}", again.stdout, again.stderr);
    assert!(
        again.code == Some(0) || said.contains("in your files already"),
        "{at}: {said}"
    );
    assert_eq!(files(world), result, "{at}: {said}");
    std::fs::remove_file(world.path("numerals.py")).expect("a file can be removed");
    world.write("roman.py", &users["roman.py"]);
    u64::from(was_running)
}

/// All of the user's files, and what git knows of them; not what is Greenward's own.
fn files(world: &World) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    collect(world.workspace(), world.workspace(), &mut files);
    files
}

fn collect(top: &Utf8Path, folder: &Utf8Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in folder.read_dir_utf8().expect("a folder can be read") {
        let path = entry.expect("a folder can be read").into_path();
        let name = path.strip_prefix(top).unwrap_or(&path);
        if [".tdd", ".git/objects", ".git/refs/greenward"].contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            collect(top, &path, files);
        } else {
            match std::fs::read(&path) {
                Ok(content) => drop(files.insert(name.to_string(), content)),
                // It may have gone since, where somebody is at work.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => panic!("{path} cannot be read: {error}"),
            }
        }
    }
}

/// What each lane says of itself.
fn lanes(world: &World) -> Vec<Value> {
    let mut records = Vec::new();
    let mut folders = vec![world.path("../home/cache/greenward/lanes")];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir_utf8().into_iter().flatten().flatten() {
            let path = entry.into_path();
            if path.file_name() == Some("lane.json") {
                let text = std::fs::read(&path).expect("a record can be read");
                records.push(serde_json::from_slice(&text).expect("a record is JSON"));
            } else if path.is_dir() && path.file_name() != Some("tree") {
                folders.push(path);
            }
        }
    }
    records
}

/// Numbers that look random and are the same for the same seed (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}
