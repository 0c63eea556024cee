//! When cargo is asked, and what it may answer.

use std::fs;

use greenward_core::{RunOutcome, Selection};

use crate::world::{PACKAGE, World};

const ONE_TEST: &str = "//- src/lib.rs\n#[test] fn passes() {}\n";

pub(crate) fn cargo_is_not_asked_while_nothing_changes() {
    let mut world = World::new(&format!("{PACKAGE}{ONE_TEST}"));
    let log = world.folder().join("target-log");
    world.write(
        "cargo.sh",
        &format!("#!/bin/sh\necho \"$1\" >> {log}\nexec cargo \"$@\"\n"),
    );
    let script = world.folder().join("cargo.sh");
    let mut permissions = fs::metadata(&script).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    fs::set_permissions(&script, permissions).unwrap();
    world.settings.cargo.program = Some("./cargo.sh".to_owned());
    world.settings.cargo.doc_tests = false;
    let asked = || {
        let log = fs::read_to_string(&log).unwrap();
        log.lines().filter(|line| *line == "test").count()
    };
    for (change, expected) in [(0, 1), (0, 1), (1, 2), (0, 2)] {
        world.inputs += change;
        let said = world.run(Selection::All);
        assert_eq!(said.outcome, RunOutcome::Passed, "{said:#?}");
        assert_eq!(asked(), expected);
    }
    world.asked = true;
    world.list();
    assert_eq!(asked(), 2, "what there is, is known");
    world.run(Selection::All);
    assert_eq!(asked(), 3, "somebody wants to know");
    world.asked = false;
    // Other settings are another build, and so is what nobody has built.
    world.settings.cargo.no_default_features = true;
    world.run(Selection::All);
    assert_eq!(asked(), 4);
    fs::remove_dir_all(world.folder().join("target")).unwrap();
    assert_eq!(world.run(Selection::All).outcome, RunOutcome::Passed);
    assert_eq!(asked(), 5);
}

pub(crate) fn a_run_that_somebody_asked_for_sees_what_nobody_watches() {
    let mut world = World::new(&format!(
        "{PACKAGE}//- src/lib.rs\n#[test] fn t() {{ assert_eq!(include_str!(\"../target/made.txt\"), \"good\"); }}\n//- target/made.txt\ngood"
    ));
    world.settings.cargo.doc_tests = false;
    assert_eq!(world.run(Selection::All).outcome, RunOutcome::Passed);
    world.write("target/made.txt", "bad");
    assert_eq!(
        world.run(Selection::All).outcome,
        RunOutcome::Passed,
        "as far as is known, nothing has changed"
    );
    world.asked = true;
    assert_eq!(world.list().outcome, RunOutcome::Passed);
    let said = world.run(Selection::All);
    assert_eq!(said.outcome, RunOutcome::Failed, "{said:#?}");
}

pub(crate) fn mistakes_are_problems_at_their_place() {
    let mut world = World::new(&format!(
        "{PACKAGE}//- src/lib.rs\n#[test]\nfn t() {{\n    let é: u8 = \"\";\n}}\n"
    ));
    let said = world.run(Selection::All);
    assert_eq!(said.outcome, RunOutcome::DidNotBuild);
    assert_eq!(said.shown(), "");
    assert_eq!(said.problems.len(), 1, "{said:#?}");
    let problem = &said.problems[0];
    assert_eq!(problem.code.as_deref(), Some("E0308"));
    let place = problem.location.clone().unwrap();
    assert_eq!(place.file, world.folder().join("src/lib.rs"));
    assert_eq!((place.range.start.line, place.range.start.column), (2, 17));

    world.write("src/lib.rs", "#[test] fn t() {}\n");
    world.inputs += 1;
    assert_eq!(world.run(Selection::All).outcome, RunOutcome::Passed);
}

pub(crate) fn a_broken_manifest_is_a_problem() {
    let mut world = World::new(&format!(
        "{PACKAGE}[dependencies]\nnowhere = {{ path = \"nowhere\" }}\n{ONE_TEST}"
    ));
    let said = world.run(Selection::All);
    assert_eq!(said.outcome, RunOutcome::DidNotBuild);
    let problem = &said.problems[0];
    assert!(problem.message.contains("nowhere"), "{}", problem.message);
}

pub(crate) fn without_cargo_the_runner_is_broken() {
    let mut world = World::new(&format!("{PACKAGE}{ONE_TEST}"));
    world.settings.cargo.program = Some("no-such-cargo".to_owned());
    let RunOutcome::RunnerBroken { message } = world.run(Selection::All).outcome else {
        panic!("it ran");
    };
    assert!(message.contains("no-such-cargo"), "{message}");
    assert!(message.contains("cargo.program"), "{message}");
}
