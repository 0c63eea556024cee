//! Which tests run.

use greenward_core::{ItemKind, RunOutcome};

use crate::world::{PACKAGE, World};

const FILES: &str = "//- src/lib.rs
mod m {
    #[test] fn one() {}
    #[test] fn one_more() {}
    mod n { #[test] fn two() {} }
}
mod mm { #[test] fn three() {} }
#[test] #[ignore] fn ignored() {}
#[cfg(windows)] #[test] fn elsewhere() {}
//- tests/it.rs
#[test] fn four() {}
macro_rules! made {
    ($($name:ident)*) => { $(#[test] fn $name() {})* };
}
mod by { made! { five six } }
";

fn check(ids: &[&str], expected: &str, outcome: &RunOutcome) {
    let mut world = World::new(&format!("{PACKAGE}{FILES}"));
    let selection = world.items(ids);
    let said = world.run(selection);
    assert_eq!(said.shown(), expected, "{ids:?} {said:#?}");
    assert_eq!(said.outcome, *outcome);
}

pub(crate) fn one_test_a_module_a_target() {
    let mut world = World::new(&format!("{PACKAGE}{FILES}"));
    for (ids, expected) in [
        (&["a/lib::m::one"][..], "a/lib::m::one passed\n"),
        (
            &["a/lib::m"],
            "a/lib::m::n::two passed\na/lib::m::one passed\na/lib::m::one_more passed\n",
        ),
        (
            &["a/test/it"],
            "a/test/it::by::five passed\na/test/it::by::six passed\na/test/it::four passed\n",
        ),
        (
            &["a/lib::mm", "a/test/it::four"],
            "a/lib::mm::three passed\na/test/it::four passed\n",
        ),
        (
            &["a/test/it::by"],
            "a/test/it::by::five passed\na/test/it::by::six passed\n",
        ),
    ] {
        let selection = world.items(ids);
        let said = world.run(selection);
        assert_eq!(said.shown(), expected, "{ids:?} {said:#?}");
        assert_eq!(said.outcome, RunOutcome::Passed);
    }
}

pub(crate) fn an_ignored_test_runs_when_asked_for_alone() {
    check(
        &["a/lib::ignored"],
        "a/lib::ignored passed\n",
        &RunOutcome::Passed,
    );
    check(
        &["a/lib::ignored", "a/lib::mm"],
        "a/lib::ignored skipped\na/lib::mm::three passed\n",
        &RunOutcome::Passed,
    );
}

pub(crate) fn a_test_that_is_not_there() {
    check(
        &["a/lib::elsewhere", "a/lib::mm"],
        "a/lib::elsewhere errored missing\na/lib::mm::three passed\n",
        &RunOutcome::Failed,
    );
    check(&["a/lib::nobody"], "", &RunOutcome::NoTestsMatched);
    check(&["other/lib::nobody"], "", &RunOutcome::NoTestsMatched);
}

pub(crate) fn what_only_the_binary_knows() {
    let mut world = World::new(&format!("{PACKAGE}{FILES}"));
    let said = world.list();
    assert_eq!(said.outcome, RunOutcome::Passed, "{said:#?}");
    assert_eq!(said.shown(), "");
    let found: Vec<(ItemKind, &str, Option<u32>)> = said
        .found
        .iter()
        .map(|item| {
            let line = item.range.map(|range| range.start.line);
            (item.kind, item.id.as_str(), line)
        })
        .collect();
    assert_eq!(
        found,
        [
            (ItemKind::Suite, "cargo:.#a/test/it::by", None),
            (ItemKind::Test, "cargo:.#a/test/it::by::five", Some(4)),
            (ItemKind::Test, "cargo:.#a/test/it::by::six", Some(4)),
        ]
    );
    assert_eq!(
        said.found[1].file.as_deref(),
        Some(world.folder().join("tests/it.rs").as_path())
    );
}
