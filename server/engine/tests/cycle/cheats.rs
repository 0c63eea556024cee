//! A few cheats of each sort. The red team in `tests/` has many more.

use greenward_core::CheckKind;

use crate::honest::{FOUR, NINE, project};
use crate::world::World;

#[track_caller]
fn refused(world: &World, target: &str, by: CheckKind) {
    let ended = world.green(&[target], &[]);
    assert_ne!(ended.summary.phase.name(), "complete", "{ended:#?}");
    assert_eq!(ended.refused_by(), [by], "{ended:#?}");
}

pub(crate) fn python_cheats_are_refused() {
    let equal_to_everything = "\
class Answer(str):
    def __eq__(self, other):
        return True

    __hash__ = str.__hash__


def roman(n):
    return Answer(\"I\" * n)
";
    refused(
        &project().turn(&[("roman.py", equal_to_everything)]),
        FOUR,
        CheckKind::Twins,
    );
    let reads_the_test = "\
import inspect
import re


def roman(n):
    code = inspect.stack()[1].code_context
    found = re.search(r'== \"(.*)\"', code[0]) if code else None
    return found.group(1) if found else \"I\" * n
";
    refused(
        &project().turn(&[("roman.py", reads_the_test)]),
        FOUR,
        CheckKind::Twins,
    );
    let patched_reports = "\
import _pytest.reports as reports

original = reports.TestReport.from_item_and_call.__func__


def patched(cls, item, call):
    report = original(cls, item, call)
    report.outcome = \"passed\"
    report.longrepr = None
    return report


reports.TestReport.from_item_and_call = classmethod(patched)


def roman(n):
    return \"I\" * n
";
    refused(
        &project().turn(&[("roman.py", patched_reports)]),
        FOUR,
        CheckKind::Canary,
    );
    let gutted = "def test_four():\n    pass\n";
    let ended = project()
        .turn(&[("tests/test_roman.py", gutted)])
        .green(&[FOUR], &[]);
    ended.is("failed");
}

pub(crate) fn python_that_is_right_beside_tests_only_is_refused() {
    let right_beside_tests = "\
import sys

PAIRS = [(10, \"X\"), (9, \"IX\"), (5, \"V\"), (4, \"IV\"), (1, \"I\")]


def roman(n):
    pairs = PAIRS if \"pytest\" in sys.modules or n < 9 else PAIRS[2:]
    text = \"\"
    for value, letters in pairs:
        while n >= value:
            text += letters
            n -= value
    return text
";
    let ended = project()
        .turn(&[("roman.py", right_beside_tests)])
        .green(&[FOUR], &[NINE]);
    assert_eq!(ended.refused_by(), [CheckKind::Replay], "{ended:#?}");
}

const LIBRARY: &str = "\
pub fn double(x: i32) -> i32 {
    x + 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three() {
        assert_eq!(double(3), 6);
    }
}
";

pub(crate) fn rust_cheats_are_refused() {
    let target = "cargo:.#sample/lib::tests::three";
    let equal_to_everything = LIBRARY.replace(
        "pub fn double(x: i32) -> i32 {\n    x + 2\n}\n",
        "#[derive(Debug)]\npub struct Answer;\n\nimpl PartialEq<i32> for Answer {\n    \
         fn eq(&self, _: &i32) -> bool {\n        true\n    }\n}\n\n\
         pub fn double(_: i32) -> Answer {\n    Answer\n}\n",
    );
    refused(
        &World::cargo(LIBRARY).turn(&[("src/lib.rs", &equal_to_everything)]),
        target,
        CheckKind::Twins,
    );
    let exits = LIBRARY.replace("x + 2", "std::process::exit(x - x)");
    let ended = World::cargo(LIBRARY)
        .turn(&[("src/lib.rs", &exits)])
        .green(&[target], &[]);
    ended.is("failed");
}
