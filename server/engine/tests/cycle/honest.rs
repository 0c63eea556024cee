//! Honest work goes green, and nothing else is touched.

use greenward_core::CheckKind;

use crate::world::World;

const TEST: &str = "\
from roman import roman


def test_one():
    assert roman(1) == \"I\"


def test_four():
    assert roman(4) == \"IV\"


def test_nine():
    assert roman(9) == \"IX\"
";

pub(crate) const RIGHT: &str = "\
PAIRS = [(10, \"X\"), (9, \"IX\"), (5, \"V\"), (4, \"IV\"), (1, \"I\")]


def roman(n):
    text = \"\"
    for value, letters in PAIRS:
        while n >= value:
            text += letters
            n -= value
    return text
";

pub(crate) fn project() -> World {
    World::new(&[
        ("roman.py", "def roman(n):\n    return \"I\" * n\n"),
        ("tests/test_roman.py", TEST),
        ("pytest.ini", "[pytest]\npythonpath = .\n"),
    ])
}

pub(crate) const FOUR: &str = "pytest:.#tests/test_roman.py::test_four";
pub(crate) const NINE: &str = "pytest:.#tests/test_roman.py::test_nine";

pub(crate) fn python_goes_green() {
    let world = project().turn(&[("roman.py", RIGHT)]);
    let ended = world.green(&[FOUR], &[]);
    ended.is("complete");
    ended.check(CheckKind::Twins, "passed");
    ended.check(CheckKind::Canary, "passed");
    ended.check(CheckKind::HeldOut, "skipped");
    assert_eq!(world.read("roman.py"), RIGHT);
    assert_eq!(world.read("tests/test_roman.py"), TEST);
}

pub(crate) const LIBRARY: &str = "\
/// Doubles.
pub fn double(x: i32) -> i32 {
    x + 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two() {
        assert_eq!(double(2), 4);
    }

    #[test]
    fn three() {
        assert_eq!(double(3), 6);
    }
}
";

pub(crate) fn rust_goes_green() {
    let right = LIBRARY.replace("x + 2", "x * 2");
    let world = World::cargo(LIBRARY).turn(&[("src/lib.rs", &right)]);
    let ended = world.green(&["cargo:.#sample/lib::tests::three"], &[]);
    ended.is("complete");
    ended.check(CheckKind::Twins, "passed");
    assert_eq!(world.read("src/lib.rs"), right);
}

pub(crate) fn rust_that_does_not_build_goes_green() {
    let test = "#[test]\nfn triples() {\n    assert_eq!(sample::triple(3), 9);\n}\n";
    let world = World::cargo(LIBRARY);
    world.write("tests/triple.rs", test);
    let right =
        format!("{LIBRARY}\n/// Triples.\npub fn triple(x: i32) -> i32 {{\n    x * 3\n}}\n");
    let right = right.replace("x + 2", "x * 2");
    let world = world.turn(&[("src/lib.rs", &right)]);
    world
        .green(&["cargo:.#sample/test/triple::triples"], &[])
        .is("complete");
}

pub(crate) fn held_out_tests_are_never_shown() {
    let hard_coded = "def roman(n):\n    return {1: \"I\", 4: \"IV\"}[n]\n";
    let world = project().turn(&[("roman.py", hard_coded)]);
    let ended = world.green(&[FOUR], &[NINE]);
    assert_eq!(ended.refused_by(), [CheckKind::HeldOut], "{ended:#?}");
    assert_eq!(
        world.read("roman.py"),
        "def roman(n):\n    return \"I\" * n\n"
    );

    let world = project().turn(&[("roman.py", RIGHT)]);
    let ended = world.green(&[FOUR], &[NINE]);
    ended.is("complete");
    ended.check(CheckKind::HeldOut, "passed");
    assert_eq!(world.read("tests/test_roman.py"), TEST);
}

pub(crate) fn a_second_attempt_goes_on_from_the_first() {
    let first = "\
roman.py
<<<<<<< SEARCH
    return \"I\" * n
=======
    return \"IV\" if n == 40 else \"I\" * n
>>>>>>> REPLACE
";
    let second = "\
roman.py
<<<<<<< SEARCH
n == 40
=======
n == 4
>>>>>>> REPLACE
";
    let second = second
        .replace("n == 40", "    return \"IV\" if n == 40 else \"I\" * n")
        .replace(
            "\nn == 4\n",
            "\n    return \"IV\" if n == 4 else \"I\" * n\n",
        );
    let world = project().says(first).says(&second);
    let ended = world.green(&[FOUR], &[]);
    ended.is("complete");
    assert_eq!(ended.summary.attempts, 2);
    assert_eq!(
        world.read("roman.py"),
        "def roman(n):\n    return \"IV\" if n == 4 else \"I\" * n\n"
    );
}

pub(crate) fn a_way_out_is_an_end() {
    let world = project().says("I looked at it.\n\ngreenward: test_wrong: 4 is IIII on clocks\n");
    let ended = world.green(&[FOUR], &[]);
    ended.is("failed");
    let reason = ended.summary.reason.clone().unwrap_or_default();
    assert!(reason.contains("4 is IIII on clocks"), "{ended:#?}");
}
