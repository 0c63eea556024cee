//! Agents that speak the Agent Client Protocol, built on the protocol's own library for Python:
//! what they do in their lane counts, what they say is told, and what they may not do is held.

use greenward_tests::{Finished, ROMAN, World, repository, skip, suites_python, wait_until};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

const CYCLE: &str = "mutation_seconds = 0\nrepeat = 1\nmax_attempts = 1";

/// A world with an agent that does this in its turn. Nothing without Python, or its library.
fn world(does: &str, settings: &str) -> Option<World> {
    let world = World::new(ROMAN).with_python()?;
    let Some(python) = suites_python() else {
        skip("no Python with agent-client-protocol: tests/run installs one");
        return None;
    };
    let agent = repository().join("tests/acp/agent.py");
    let script = format!("export USERS SIGNALS\nexec '{python}' '{agent}' {does}\n");
    let worker = world.program(&script).replace("command", "acp");
    world.hire(&format!("{worker}{settings}"), CYCLE);
    Some(world)
}

/// Runs a cycle, after which nothing of the user's has changed and nothing runs.
#[track_caller]
fn cycle(world: &World) -> Finished {
    let files = || ["roman.py", "test_roman.py"].map(|file| world.read(file));
    let before = files();
    let finished = world.greenward(&["green", "test_four", "--trust"]);
    assert_eq!(files(), before, "{}", finished.stdout);
    assert_eq!(world.processes(), Vec::<String>::new());
    finished
}

/// What the agent has written down.
fn noted(world: &World, name: &str) -> Option<String> {
    std::fs::read_to_string(world.signals().join(name)).ok()
}

/// An agent that does this: how the cycle ends, and what is said of it.
#[track_caller]
fn check(does: &str, code: i32, said: &[&str]) {
    if let Some(world) = world(does, "") {
        cycle(&world).check(code, said);
    }
}

#[test]
fn an_agent_implements_to_green() {
    let Some(world) = world("implements", "") else {
        return;
    };
    cycle(&world).check(0, &["green.", "changed roman.py", "$0.25"]);
    let answer = noted(&world, "permission").unwrap_or_default();
    assert!(answer.contains("\"yes\""), "{answer}");
    let prompt = noted(&world, "prompt").unwrap_or_default();
    assert!(prompt.contains("test_roman.py::test_four"), "{prompt}");
    let offered: Value = serde_json::from_str(&noted(&world, "capabilities").unwrap_or_default())
        .unwrap_or_default();
    for (capability, none) in [
        ("/fs/read_text_file", json!(false)),
        ("/fs/write_text_file", json!(false)),
        ("/terminal", json!(false)),
    ] {
        assert_eq!(offered.pointer(capability), Some(&none), "{offered}");
    }
    let places = noted(&world, "cwd").unwrap_or_default();
    let places: Vec<&str> = places.lines().collect();
    assert_eq!(places[0], places[1]);
    assert!(places[0].contains("/lanes/"), "{places:?}");
    let told = world.greenward(&["cycles", "1"]);
    told.check(0, &["I told four apart."]);
    // What it left can be played again.
    let recording = world.path("../agent.jsonl");
    let args = ["cycles", "1", "--recording", recording.as_str()];
    world.greenward(&args).check(0, &[]);
    let settings = format!("kind = \"replay\"\nrecording = '{recording}'\n");
    world.hire(&settings, CYCLE);
    cycle(&world).check(0, &["green."]);
}

#[test]
fn what_it_may_not_do_is_said_and_held() {
    let refusing = "permissions = \"reject\"\n";
    if let Some(world) = world("implements", refusing) {
        let blocked = cycle(&world);
        blocked.check(
            1,
            &["not allowed: Edit roman.py", "blocked: I may not edit"],
        );
        let answer = noted(&world, "permission").unwrap_or_default();
        assert!(answer.contains("\"no\""), "{answer}");
    }
    if let Some(world) = world("asks_for_files", "") {
        cycle(&world).check(0, &["green."]);
        assert_eq!(noted(&world, "refused").as_deref(), Some("-32601"));
        assert_eq!(noted(&world, "written"), None);
    }
    check("tampers", 1, &["not green"]);
}

#[test]
fn each_way_to_fail_is_told_with_its_reason() {
    for (does, said) in [
        ("errs", &["test_four"][..]),
        ("declines", &["declines to do this"]),
        ("takes_a_way_out", &["test_wrong", "four is IIII on clocks"]),
        ("fails", &["has refused `session/prompt`", "is not there"]),
        (
            "dies",
            &[
                "ended before its turn was over: exit code 9",
                "out of memory",
            ],
        ),
        ("other_version", &["speaks version 7"]),
        ("log_in", &["wants you to log in first"]),
        (
            "is_no_agent",
            &["exit code 2", "Does it speak the Agent Client Protocol?"],
        ),
    ] {
        check(does, 1, said);
    }
}

#[test]
fn an_agent_that_says_too_much_or_odd_things_is_understood() {
    check("floods", 0, &["green."]);
    check("chats", 0, &["green."]);
}

#[test]
fn an_agent_that_says_nothing_ends_at_its_limit() {
    if let Some(world) = world("says_nothing", "timeout_seconds = 1\n") {
        cycle(&world).check(1, &["took longer than 1s", "timeout_seconds"]);
    }
}

#[test]
fn an_agent_is_told_that_its_turn_is_cancelled() {
    let Some(world) = world("waits", "") else {
        return;
    };
    let mut running = world.start(&["green", "test_four", "--trust"]);
    wait_until("the agent to be at work", || noted(&world, "waiting"));
    running.signal(Signal::SIGINT);
    assert_eq!(running.ended(), Some(130), "{}", running.stderr());
    assert_eq!(world.processes(), Vec::<String>::new());
    assert!(noted(&world, "cancelled").is_some());
}
