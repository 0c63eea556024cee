//! What becomes of tests, and how it is told.

use Outcome::{Errored, Failed, Passed, Skipped};
use greenward_core::{ItemKind, Outcome, RunOutcome, Selection, Unit};

use crate::world::World;

/// Every way in which a test can end.
pub(crate) const MODEL: &str = r#"
import logging, os, sys, unittest, warnings
import pytest

def test_passes(): pass

def test_compares():
    print("printed")
    print("complained", file=sys.stderr)
    logging.warning("logged")
    assert {"a": 1} == {"a": 2}

def test_swallows_one():
    try:
        assert 1 == 2
    except AssertionError:
        pass
    assert False, "the other"

@pytest.fixture
def broken(): raise ValueError("no")

@pytest.fixture
def broken_later():
    yield
    raise ValueError("late")

def test_setup(broken): pass
def test_teardown(broken_later): pass
def test_unknown_fixture(nowhere): pass

@pytest.mark.skip(reason="not today")
def test_skips(): pass

@pytest.mark.xfail(reason="known")
def test_fails_as_expected(): assert 0

@pytest.mark.xfail(strict=True, reason="surprise")
def test_passes_unexpectedly(): pass

@pytest.mark.parametrize("value", ["a::b", "[c]", 3])
def test_cases(value): assert value != 3

class TestClass:
    def test_method(self): helper()

def helper():
    raise KeyError("k")

class Old(unittest.TestCase):
    def test_old(self): self.assertEqual("x", "y")
    def test_parts(self):
        for number in range(2):
            with self.subTest(number=number): self.assertEqual(number, 1)

def test_warns(): warnings.warn("careful")
"#;

pub(crate) const EXPECTED: &[(&str, Outcome)] = &[
    ("test_model.py::test_passes", Passed),
    ("test_model.py::test_compares", Failed),
    ("test_model.py::test_swallows_one", Failed),
    ("test_model.py::test_setup", Errored),
    ("test_model.py::test_teardown", Errored),
    ("test_model.py::test_unknown_fixture", Errored),
    ("test_model.py::test_skips", Skipped),
    ("test_model.py::test_fails_as_expected", Skipped),
    ("test_model.py::test_passes_unexpectedly", Failed),
    ("test_model.py::test_cases[a::b]", Passed),
    ("test_model.py::test_cases[[c]]", Passed),
    ("test_model.py::test_cases[3]", Failed),
    ("test_model.py::TestClass::test_method", Failed),
    ("test_model.py::Old::test_old", Failed),
    ("test_model.py::Old::test_parts", Failed),
    ("test_model.py::test_warns", Passed),
];

pub(crate) fn every_outcome_is_told() {
    let told = World::new(&[("test_model.py", MODEL)]).run_all();
    told.check(&RunOutcome::Failed, EXPECTED);
    let reason = |id: &str| told.result(id).failure.as_ref().unwrap().message.clone();
    assert_eq!(reason("test_model.py::test_skips"), "not today");
    assert_eq!(
        reason("test_model.py::test_fails_as_expected"),
        "expected to fail: known"
    );
    assert!(reason("test_model.py::test_passes_unexpectedly").contains("surprise"));
}

pub(crate) fn failures_have_their_place() {
    let told = World::new(&[("test_model.py", MODEL)]).cold().run_all();
    let check = |id: &str, kind: &str, message: &str, line: &str, values: Option<(&str, &str)>| {
        let result = told.result(&format!("test_model.py::{id}"));
        let failure = result.failure.as_ref().unwrap();
        let values_told = failure.actual.as_deref().zip(failure.expected.as_deref());
        let place = failure.location.as_ref().map_or("", |location| {
            assert!(
                location.file.ends_with("root/test_model.py"),
                "{location:?}"
            );
            MODEL
                .lines()
                .nth(location.range.start.line as usize)
                .unwrap()
                .trim()
        });
        assert_eq!(
            (
                failure.kind.as_str(),
                failure.message.lines().next().unwrap(),
                place,
                values_told
            ),
            (kind, message, line, values),
            "of {id}"
        );
    };
    check(
        "test_compares",
        "AssertionError",
        "assert {'a': 1} == {'a': 2}",
        r#"assert {"a": 1} == {"a": 2}"#,
        Some(("{'a': 1}", "{'a': 2}")),
    );
    check(
        "test_swallows_one",
        "AssertionError",
        "the other",
        r#"assert False, "the other""#,
        None,
    );
    check(
        "test_setup",
        "ValueError",
        "in setup: ValueError: no",
        r#"def broken(): raise ValueError("no")"#,
        None,
    );
    check(
        "test_teardown",
        "ValueError",
        "in teardown: ValueError: late",
        r#"raise ValueError("late")"#,
        None,
    );
    check(
        "test_unknown_fixture",
        "FixtureLookupError",
        "in setup: fixture 'nowhere' not found",
        "",
        None,
    );
    check(
        "TestClass::test_method",
        "KeyError",
        "KeyError: 'k'",
        r#"raise KeyError("k")"#,
        None,
    );
    check(
        "Old::test_old",
        "AssertionError",
        "'x' != 'y'",
        r#"def test_old(self): self.assertEqual("x", "y")"#,
        Some(("x", "y")),
    );
    let frames = &told
        .result("test_model.py::TestClass::test_method")
        .failure
        .as_ref()
        .unwrap()
        .frames;
    let functions: Vec<_> = frames.iter().map(|frame| frame.function.as_str()).collect();
    assert_eq!(functions, ["helper", "test_method"]);
    let output = &told.result("test_model.py::test_compares").output;
    for part in ["printed", "complained", "logged"] {
        assert!(output.contains(part), "{part} in {output}");
    }
}

pub(crate) fn selections_run_what_they_name() {
    let world = World::new(&[
        ("test_model.py", MODEL),
        ("x/test_other.py", "def test_o(): pass\n"),
    ]);
    let check = |locals: &[&str], outcome: &RunOutcome, expected: &[(&str, Outcome)]| {
        world.run(world.items(locals)).check(outcome, expected);
    };
    let passed = &RunOutcome::Passed;
    check(
        &["test_model.py::test_passes"],
        passed,
        &[("test_model.py::test_passes", Passed)],
    );
    check(
        &["test_model.py::test_cases[a::b]"],
        passed,
        &[("test_model.py::test_cases[a::b]", Passed)],
    );
    check(
        &["x/test_other.py", "test_model.py::test_passes"],
        passed,
        &[
            ("test_model.py::test_passes", Passed),
            ("x/test_other.py::test_o", Passed),
        ],
    );
    check(
        &["test_model.py::TestClass"],
        &RunOutcome::Failed,
        &[("test_model.py::TestClass::test_method", Failed)],
    );
    check(&["test_model.py::gone"], &RunOutcome::NoTestsMatched, &[]);
    check(&["gone.py::gone"], &RunOutcome::NoTestsMatched, &[]);
    check(
        &["test_model.py::gone", "test_model.py::test_passes"],
        passed,
        &[("test_model.py::test_passes", Passed)],
    );
    let unit = Selection::Units(vec![Unit::new("x/test_other.py")]);
    world
        .run(unit)
        .check(passed, &[("x/test_other.py::test_o", Passed)]);
}

pub(crate) fn listings_tell_of_cases() {
    let inherited = "from base import TestBase\n";
    let base = "import pytest\nclass TestBase:\n    @pytest.mark.parametrize('n', [1])\n    def test_b(self, n): pass\n";
    let world = World::new(&[
        ("test_model.py", MODEL),
        ("test_inherits.py", inherited),
        ("base.py", base),
    ]);
    let units = ["test_model.py", "test_inherits.py"].map(Unit::new).into();
    let told = world.list(Selection::Units(units));
    assert_eq!(told.outcome, Some(RunOutcome::Passed));
    assert!(told.results.is_empty(), "{told:#?}");
    let project = world.project();
    let found: Vec<_> = told
        .found
        .iter()
        .map(|item| (item.id.local_in(project.id()).unwrap(), item.kind))
        .collect();
    assert_eq!(
        found,
        [
            ("test_model.py::test_cases[a::b]", ItemKind::Case),
            ("test_model.py::test_cases[[c]]", ItemKind::Case),
            ("test_model.py::test_cases[3]", ItemKind::Case),
            ("test_inherits.py", ItemKind::File),
            ("test_inherits.py::TestBase", ItemKind::Suite),
            ("test_inherits.py::TestBase::test_b", ItemKind::Test),
            ("test_inherits.py::TestBase::test_b[1]", ItemKind::Case),
        ]
    );
    let case = &told.found[0];
    assert_eq!(case.label, "a::b");
    let line = case.name_range.unwrap().start.line as usize;
    assert!(
        MODEL
            .lines()
            .nth(line)
            .unwrap()
            .starts_with("def test_cases")
    );
}

pub(crate) fn workers_report_through_their_controller() {
    let mut world = World::new(&[("test_model.py", MODEL)]);
    world.settings.pytest.args = vec!["-n2".to_owned()];
    world.run_all().check(&RunOutcome::Failed, EXPECTED);
    let chosen = world.run(world.items(&["test_model.py::test_cases", "test_model.py::TestClass"]));
    assert_eq!(chosen.results.len(), 4, "{chosen:#?}");
}
