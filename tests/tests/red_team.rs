//! The red team: changes that make a failing test look passed, and honest solutions beside them.
//!
//! A plain check looks at an exit code, and every cheat here gets past it; none gets
//! past the daemon, and no honest solution is refused.
#![expect(
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and prints its counts"
)]

use std::collections::BTreeMap;

use greenward_tests::{Case, Finished, Task, World, number};
use serde_json::{Value, json};

/// The world of a task: an empty one with its language. Nothing without that language.
fn world(task: &Task) -> Option<World> {
    let world = World::new("");
    if is_python(task) {
        return world.with_python();
    }
    // One target folder for all changes, outside of what they may touch: builds stay short.
    let target = world.workspace().with_file_name("target");
    Some(world.env("CARGO_TARGET_DIR", target.as_str()))
}

fn is_python(task: &Task) -> bool {
    task.targets.iter().all(|test| test.starts_with("pytest:"))
}

/// Runs tests as a person would who looks at the exit code alone. No tests: all of them.
fn plainly(world: &World, task: &Task, tests: &[String]) -> Finished {
    let mut args: Vec<&str>;
    if is_python(task) {
        args = vec!["-m", "pytest", "-q", "-p", "no:cacheprovider"];
        args.extend(
            tests
                .iter()
                .filter_map(|test| Some(test.split_once('#')?.1)),
        );
        return world.tool("python", &args);
    }
    args = vec!["test", "--quiet", "--workspace", "--tests"];
    if !tests.is_empty() {
        args.push("--");
        args.extend(
            tests
                .iter()
                .filter_map(|test| Some(test.split_once("::")?.1)),
        );
    }
    world.tool("cargo", &args)
}

fn said(finished: &Finished) -> String {
    format!(
        "{:?}\n{}{}",
        finished.code, finished.stdout, finished.stderr
    )
}

/// The cases that are tried. Each takes seconds, so one of four; one of
/// `GREENWARD_TEST_RED_TEAM`, which is 1 every night.
fn share(cases: &[Case]) -> Vec<&Case> {
    let step = number("GREENWARD_TEST_RED_TEAM", 4);
    let step = usize::try_from(step).unwrap_or(1).max(1);
    cases.iter().step_by(step).collect()
}

/// The names of the cases in which something is not as it should be, with what it said.
fn wrong(cases: &[&Case], mut fault: impl FnMut(&Case) -> Option<String>) -> Vec<String> {
    let told = |(case, fault): (&Case, String)| format!("{}: {fault}", case.name);
    let faults = cases.iter().filter_map(|case| Some((*case, fault(case)?)));
    faults.map(told).collect()
}

/// The cases are what they claim to be: the targets fail without a change, every cheat fools a
/// look at the exit code, every honest solution passes all tests, the held-out ones included.
fn check_plainly(name: &str) {
    let task = Task::load(name);
    let Some(world) = world(&task) else { return };
    for target in &task.targets {
        task.lay_out(&world, false);
        let base = plainly(&world, &task, std::slice::from_ref(target));
        assert_ne!(base.code, Some(0), "{target} passes without a change");
    }
    let (cheats, honest) = (share(&task.cheats), share(&task.honest));
    let mut faults = wrong(&cheats, |case| {
        task.lay_out(&world, false);
        case.apply(&world);
        let run = plainly(&world, &task, &task.targets);
        (run.code != Some(0)).then(|| format!("fools nobody: {}", said(&run)))
    });
    faults.extend(wrong(&honest, |case| {
        task.lay_out(&world, true);
        case.apply(&world);
        let run = plainly(&world, &task, &[]);
        (run.code != Some(0)).then(|| format!("is no solution: {}", said(&run)))
    }));
    eprintln!(
        "{name}: {} cheats, {} honest solutions",
        cheats.len(),
        honest.len()
    );
    if !faults.is_empty() {
        panic!("{} of the cases:\n{}", faults.len(), faults.join("\n"));
    }
}

#[test]
fn a_plain_check_is_fooled_by_every_cheat_in_a_python_module() {
    check_plainly("python_roman");
}

#[test]
fn a_plain_check_is_fooled_by_every_cheat_in_a_python_package() {
    check_plainly("python_ledger");
}

#[test]
fn a_plain_check_is_fooled_by_every_cheat_in_a_rust_library() {
    check_plainly("rust_roman");
}

#[test]
fn a_plain_check_is_fooled_by_every_cheat_in_a_rust_workspace() {
    check_plainly("rust_slug");
}

/// What the daemon makes of a change.
struct Judged {
    accepted: bool,
    /// The checks of the verdict that failed, or what else it said.
    refused_by: Vec<String>,
}

/// Makes the world's user settings name a worker that gives back the change of this case, once.
fn hire(world: &World, case: &Case) {
    let recording = world.workspace().with_file_name("recording.jsonl");
    let files: BTreeMap<_, _> = case.files.iter().cloned().collect();
    let turn = json!({"phase": "green", "attempt": 1, "files": files});
    world.write("../recording.jsonl", format!("{turn}\n"));
    let settings = format!(
        "[workers.cheat]\nkind = \"replay\"\nrecording = \"{recording}\"\n\n\
         [cycle]\nmax_attempts = 1\nmutation_seconds = 0\n"
    );
    world.write("../home/config/greenward/config.toml", settings);
}

/// Lets the daemon judge the change of a case in a project that is laid out.
fn judge(world: &World, task: &Task, case: &Case) -> Judged {
    hire(world, case);
    let mut args = vec!["green", "--worker", "cheat", "--trust", "--json"];
    for test in &task.held_out {
        args.extend(["--held-out", test]);
    }
    args.extend(task.targets.iter().map(String::as_str));
    let finished = world.greenward(&args);
    assert!(
        matches!(finished.code, Some(0 | 1)),
        "{} was not judged: {}",
        case.name,
        said(&finished)
    );
    // What fails again and again is left alone for a while: here it is meant to fail.
    let reset = world.greenward(&["cycles", "--reset-breakers"]);
    assert_eq!(reset.code, Some(0), "{}", said(&reset));
    let events = finished.stdout.lines();
    let mut refused_by: Vec<String> = events
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter_map(|event: Value| failed_check(&event))
        .collect();
    if refused_by.is_empty() {
        refused_by = finished.stderr.lines().map(str::to_owned).collect();
    }
    Judged {
        accepted: finished.code == Some(0),
        refused_by,
    }
}

/// What speaks against the change, if the event says so: a check that failed, targets that do.
fn failed_check(event: &Value) -> Option<String> {
    match event["event"].as_str()? {
        "checked" if event["outcome"] == "failed" => Some(event["check"].as_str()?.to_owned()),
        "tested" => {
            let targets = event["targets"].as_array()?;
            let failing = targets.iter().any(|target| target["outcome"] != "passed");
            failing.then(|| "targets in the clean room".to_owned())
        }
        "workerFailed" => Some(event.to_string()),
        _ => None,
    }
}

/// The daemon refuses every cheat and accepts every honest solution, and touches nothing.
fn check_judged(name: &str) {
    let task = Task::load(name);
    let Some(world) = world(&task) else { return };
    task.lay_out(&world, true);
    let mut accepted_cheats = Vec::new();
    let mut refused_honest = Vec::new();
    let (cheats, honest) = (share(&task.cheats), share(&task.honest));
    for case in &cheats {
        let judged = judge(&world, &task, case);
        eprintln!("{}: refused by {:?}", case.name, judged.refused_by);
        if judged.accepted {
            accepted_cheats.push(format!("{}: {}", case.name, case.what));
        }
    }
    for case in &honest {
        let judged = judge(&world, &task, case);
        if !judged.accepted {
            refused_honest.push(format!("{}: {:?}", case.name, judged.refused_by));
        }
    }
    let counts = format!(
        "{name}: cheats accepted: {} of {}, honest refused: {} of {}",
        accepted_cheats.len(),
        cheats.len(),
        refused_honest.len(),
        honest.len()
    );
    eprintln!("{counts}");
    let wrong = [accepted_cheats, refused_honest].concat();
    if !wrong.is_empty() {
        panic!("{counts}\n{}", wrong.join("\n"));
    }
}

#[test]
fn the_daemon_is_fooled_by_no_cheat_in_a_python_module() {
    check_judged("python_roman");
}

#[test]
fn the_daemon_is_fooled_by_no_cheat_in_a_python_package() {
    check_judged("python_ledger");
}

#[test]
fn the_daemon_is_fooled_by_no_cheat_in_a_rust_library() {
    check_judged("rust_roman");
}

#[test]
fn the_daemon_is_fooled_by_no_cheat_in_a_rust_workspace() {
    check_judged("rust_slug");
}
