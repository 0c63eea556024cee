//! Real projects from the registries: Greenward must say of each single test what a plain run of
//! its framework says.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use greenward_tests::{
    CRATES, Crate, Expected, Outcomes, SDISTS, Sdist, World, plain_cargo, plain_pytest, skip,
};

/// Passed, failed or errored, skipped.
fn counts(outcomes: &Outcomes) -> (usize, usize, usize) {
    let count = |words: &[&str]| outcomes.values().filter(|o| words.contains(o)).count();
    (
        count(&["passed"]),
        count(&["failed", "errored"]),
        count(&["skipped"]),
    )
}

/// Compares test by test, and shows nothing but the differences.
fn compare(world: &World, plain: &Outcomes) {
    let tested = world.test(&[]);
    let ours = tested.outcomes();
    let bad = ours.values().any(|o| o == "failed" || o == "errored");
    assert_eq!(tested.code, Some(i32::from(bad)), "{}", tested.stderr);
    let mut differences = Vec::new();
    for (test, outcome) in plain {
        match ours.get(test) {
            Some(said) if said == outcome => {}
            said => differences.push(format!("{test}: plain {outcome}, greenward {said:?}")),
        }
    }
    for (test, outcome) in &ours {
        if !plain.contains_key(test) {
            differences.push(format!("{test}: only greenward has it, {outcome}"));
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
}

fn check_crate(name: &str) {
    let project: &Crate = CRATES
        .iter()
        .find(|project| project.name == name)
        .expect("it is in the table");
    check(project.world(), plain_cargo, &project.expected);
}

fn check_sdist(name: &str) {
    let project: &Sdist = SDISTS
        .iter()
        .find(|project| project.name == name)
        .expect("it is in the table");
    check(project.world(), plain_pytest, &project.expected);
}

/// Runs a project plainly, then with Greenward.
fn check(world: Result<World, String>, plain: fn(&World) -> Outcomes, expected: &Expected) {
    let world = match world {
        Ok(world) => world,
        Err(reason) => return skip(&reason),
    };
    let plain = plain(&world);
    assert_eq!(
        counts(&plain),
        (expected.passed, expected.failed, expected.skipped),
        "the plain run"
    );
    compare(&world, &plain);
}

/// One test for each project of the tables.
macro_rules! projects {
    ($($test:ident: $check:ident($name:literal),)*) => {
        $(
            #[test]
            fn $test() {
                $check($name);
            }
        )*

        #[test]
        fn every_project_has_its_test() {
            let mut tested = vec![$($name),*];
            let mut known: Vec<_> = CRATES.iter().map(|project| project.name).collect();
            known.extend(SDISTS.iter().map(|project| project.name));
            tested.sort_unstable();
            known.sort_unstable();
            assert_eq!(tested, known);
        }
    };
}

projects! {
    click: check_sdist("click"),
    dateutil: check_sdist("python-dateutil"),
    either: check_crate("either"),
    fastrand: check_crate("fastrand"),
    h11: check_sdist("h11"),
    heck: check_crate("heck"),
    itsdangerous: check_sdist("itsdangerous"),
    jinja2: check_sdist("jinja2"),
    matches: check_crate("matches"),
    regex_syntax: check_crate("regex-syntax"),
    six: check_sdist("six"),
    smallvec: check_crate("smallvec"),
    strsim: check_crate("strsim"),
    toolz: check_sdist("toolz"),
    unicode_width: check_crate("unicode-width"),
}
