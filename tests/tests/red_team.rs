//! The red team: changes that make a failing test look passed, and honest solutions beside them.
//!
//! A plain check looks at an exit code, and every cheat here gets past it.
#![expect(
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and prints its counts"
)]

use greenward_tests::{Case, Finished, Task, World};

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

/// The names of the cases in which something is not as it should be, with what it said.
fn wrong(cases: &[Case], mut fault: impl FnMut(&Case) -> Option<String>) -> Vec<String> {
    let told = |(case, fault): (&Case, String)| format!("{}: {fault}", case.name);
    let faults = cases.iter().filter_map(|case| Some((case, fault(case)?)));
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
    let mut faults = wrong(&task.cheats, |case| {
        task.lay_out(&world, false);
        case.apply(&world);
        let run = plainly(&world, &task, &task.targets);
        (run.code != Some(0)).then(|| format!("fools nobody: {}", said(&run)))
    });
    faults.extend(wrong(&task.honest, |case| {
        task.lay_out(&world, true);
        case.apply(&world);
        let run = plainly(&world, &task, &[]);
        (run.code != Some(0)).then(|| format!("is no solution: {}", said(&run)))
    }));
    eprintln!(
        "{name}: {} cheats, {} honest solutions",
        task.cheats.len(),
        task.honest.len()
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
