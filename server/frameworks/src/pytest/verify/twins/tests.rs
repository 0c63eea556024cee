use camino::Utf8Path;
use expect_test::{Expect, expect};
use greenward_core::TestId;

use super::super::tree::parse;
use crate::pytest::testing::{Tree, project};
use crate::verify::{TwinKind, seeded};

const FILE: &str = "test_a.py";

/// The planted file, then what was planted, then what could not be.
fn planted(text: &str, targets: &[&str]) -> String {
    let files = [("pytest.ini", ""), (FILE, text)];
    let project = project(&files);
    let targets: Vec<TestId> = targets
        .iter()
        .map(|target| TestId::new(project.id(), &format!("{FILE}::{target}")))
        .collect();
    let twins = project.twins(&targets, &Tree::new(&files), &mut seeded(1));
    let mut shown = String::new();
    for (path, text) in &twins.files {
        let tree = parse(text).unwrap();
        assert!(!tree.root_node().has_error(), "{path}:\n{text}");
        shown.push_str(text);
    }
    shown.push_str("---\n");
    for twin in &twins.twins {
        let name = twin.id.as_str().rsplit("::").next().unwrap_or_default();
        if twin.kind != TwinKind::Canary {
            shown.push_str(&format!("{name} {:?}: {}\n", twin.must(), twin.what));
        }
    }
    for (id, why) in &twins.without {
        shown.push_str(&format!("{id}: {why}\n"));
    }
    shown
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "as expect! gives it")]
fn check(text: &str, targets: &[&str], expected: Expect) {
    expected.assert_eq(&planted(text, targets));
}

/// What altered twins there are for the body of one test, in their own words.
#[track_caller]
fn check_altered(body: &str, expected: &[&str]) {
    let body = body.replace('\n', "\n    ");
    let shown = planted(&format!("def test_a():\n    {body}\n"), &["test_a"]);
    let altered: Vec<&str> = shown
        .split_once("---\n")
        .map(|(_, list)| list)
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.split_once(" Fail: ").map(|(_, what)| what))
        .collect();
    assert_eq!(altered.len(), expected.len(), "{altered:?} of\n{body}");
    for (altered, expected) in altered.iter().zip(expected) {
        // What is drawn is looked at where it is drawn.
        let is_open = expected.ends_with(" changed to");
        let fits = altered == expected || is_open && altered.starts_with(expected);
        assert!(fits, "{altered} instead of {expected} of\n{body}");
    }
}

#[test]
fn twins_stand_behind_what_they_are_copies_of() {
    check(
        r#"import pytest
from roman import roman


@pytest.mark.parametrize("n, numeral", [(4, "IV")])
def test_four(n, numeral):
    assert roman(n) == numeral  # a remark


class TestRoman:
    def test_refuses(self):
        with pytest.raises(ValueError, match="range"):
            roman(0)
"#,
        &["test_four[4-IV]", "TestRoman::test_refuses"],
        expect![[r#"
            import pytest
            from roman import roman


            @pytest.mark.parametrize("n, numeral", [(4, "IV")])
            def test_four(n, numeral):
                assert roman(n) == numeral  # a remark

            @pytest.mark.parametrize("n, numeral", [(4, "II")])
            def test_before_any_case(n, numeral):
                assert roman(n) == numeral  # a remark

            @pytest.mark.parametrize("n, numeral", [(4, "IV")])
            def test_filled_changed_gives(n, numeral):
                assert roman(n) == numeral  # a remark


            class TestRoman:
                def test_refuses(self):
                    with pytest.raises(ValueError, match="range"):
                        roman(0)

                def test_single_few_pytest(self):
                    with pytest.raises(OverflowError, match="range"):
                        roman(0)

                def test_when_error_sorted(self):
                    with pytest.raises(ValueError, match="range"):
                        roman(0)


            def test_under_takes_invalid():
                assert False
            ---
            test_filled_changed_gives Pass: a copy of it
            test_before_any_case Fail: numeral changed from "V" to "I"
            test_when_error_sorted Pass: a copy of it
            test_single_few_pytest Fail: expects ValueError changed to OverflowError
        "#]],
    );
}

#[test]
fn a_helper_that_asserts_is_copied_too() {
    check(
        "def check(n, numeral):\n    assert roman(n) in numeral\n\ndef test_a():\n    check(4, 'IV')\n    check(5, 'V')\n",
        &["test_a"],
        expect![[r#"
            def check(n, numeral):
                assert roman(n) in numeral

            def leaves_reads_numeral(n, numeral):
                assert roman(n) not in numeral

            def matches_less_inside(n, numeral):
                assert roman(n) not in numeral

            def test_a():
                check(4, 'IV')
                check(5, 'V')

            def test_matches_calls_known():
                matches_less_inside(4, 'IV')
                check(5, 'V')

            def test_through_last_middle():
                check(4, 'IV')
                check(5, 'V')

            def test_types_start_order():
                check(4, 'IV')
                leaves_reads_numeral(5, 'V')


            def test_correct_of_normal():
                assert False
            ---
            test_through_last_middle Pass: a copy of it
            test_matches_calls_known Fail: in check: roman(n) in numeral changed to roman(n) not in numeral
            test_types_start_order Fail: in check: roman(n) in numeral changed to roman(n) not in numeral
        "#]],
    );
}

#[test]
fn every_kind_of_assertion() {
    for (body, expected) in [
        ("assert f(4) == 'IV'", &["expects 'IV' changed to"][..]),
        ("assert 'IV' == f(4)", &["expects 'IV' changed to"]),
        ("assert f(4) == expected", &["expected changed to"]),
        (
            "assert (f(4)\n    == [1, 2])",
            &["expects [1, 2] changed to"],
        ),
        ("assert f(4) != 5", &["f(4) != 5 changed to f(4) == 5"]),
        (
            "assert f(4) is not None",
            &["f(4) is not None changed to f(4) is None"],
        ),
        (
            "assert 'a' not in f(4)",
            &["'a' not in f(4) changed to 'a' in f(4)"],
        ),
        ("assert f(4) < 5, 'why'", &["f(4) < 5 changed to f(4) >= 5"]),
        (
            "assert 1 < f(4) < 5",
            &["1 < f(4) < 5 changed to not (1 < f(4) < 5)"],
        ),
        ("assert f(4)", &["f(4) changed to not (f(4))"]),
        ("assert not f(4)", &["not f(4) changed to (f(4))"]),
        (
            "assert f(4) and g(4)",
            &["f(4) and g(4) changed to not (f(4) and g(4))"],
        ),
        (
            "assert f(4) == pytest.approx(0.5)",
            &["expects pytest.approx(0.5) changed to"],
        ),
        ("self.assertEqual(f(4), 'IV')", &["expects 'IV' changed to"]),
        (
            "self.assertTrue(f(4))",
            &["assertTrue changed to assertFalse"],
        ),
        (
            "with self.assertRaises(ValueError):\n    f(4)",
            &["expects ValueError changed to"],
        ),
        (
            "pytest.raises(ValueError, f, 4)",
            &["expects ValueError changed to"],
        ),
        (
            "await f(4)\nassert await g(4) == 1",
            &["expects 1 changed to"],
        ),
        (
            "with open('x') as x:\n    assert f(x) == 1",
            &["expects 1 changed to"],
        ),
        (
            "for n in [1, 2]:\n    assert f(n) == 1",
            &["expects 1 changed to"],
        ),
        (
            "for n in range(1, 4):\n    assert f(n) == 1",
            &["expects 1 changed to"],
        ),
        (
            "CASES = {1: 2}\nfor n, m in CASES.items():\n    assert f(n) == m",
            &["m changed to"],
        ),
        (
            "assert f(1) == 1\nassert f(2) == 2\nassert f(3) == 3\nassert f(4) == 4\nassert f(5) == 5",
            &[
                "expects 1 changed to",
                "expects 2 changed to",
                "expects 3 changed to",
                "expects 4 changed to",
            ],
        ),
    ] {
        check_altered(body, expected);
    }
}

#[test]
fn a_name_gets_another_value_where_it_comes_from() {
    for (test, expected) in [
        (
            "@pytest.mark.parametrize('n, numeral', [(4, 'IV'), pytest.param(9, 'IX')])\ndef test_a(n, numeral):\n    assert f(n) == numeral\n",
            "numeral changed from ",
        ),
        (
            "@pytest.mark.parametrize('numeral', ['IV'])\ndef test_a(numeral):\n    assert f(4) == numeral\n",
            "numeral changed from ",
        ),
        (
            "def test_a():\n    for n, numeral in [(4, 'IV'), (9, 'IX')]:\n        assert f(n) == numeral\n",
            "numeral changed from ",
        ),
        (
            "def test_a():\n    numeral = 'IV'\n    assert f(4) == numeral\n",
            "numeral changed from ",
        ),
        (
            "def check(n, numeral):\n    assert f(n) == numeral\n\ndef test_a():\n    check(4, 'IV')\n",
            "expects 'IV' changed to ",
        ),
        // Both sides would change.
        (
            "def test_a():\n    numeral = 'IV'\n    assert f(numeral) == numeral\n",
            "numeral changed to (numeral, ",
        ),
        (
            "@pytest.mark.parametrize('n, m', [(4, 5), pytest.param(9, 1, marks=xfail)])\ndef test_a(n, m):\n    assert f(n) == m\n",
            "m changed to (m, ",
        ),
        (
            "@pytest.mark.parametrize('n, m', CASES)\ndef test_a(n, m):\n    assert f(n) == m\n",
            "m changed to (m, ",
        ),
    ] {
        let shown = planted(test, &["test_a"]);
        let (_, what) = shown.split_once(" Fail: ").unwrap();
        assert!(what.starts_with(expected), "{what} of\n{test}");
    }
}

#[test]
fn what_honest_code_may_never_reach_is_not_altered() {
    for body in [
        "if f(4):\n    assert g(4)",
        "for n in f(4):\n    assert g(n)",
        "for n in range(0):\n    assert g(n)",
        "for n in [1]:\n    if n: continue\n    assert g(n)",
        "while f(4):\n    assert g(4)",
        "try:\n    assert f(4)\nexcept AssertionError:\n    pass",
        "if f(4):\n    return\nassert g(4)",
        "pytest.skip('no')\nassert g(4)",
        "def inner():\n    assert f(4)",
        "with suppress(Exception):\n    assert f(4)",
        "assert (f(4), 'always')",
        "with pytest.raises(SystemExit):\n    f(4)",
        "with pytest.raises((ValueError, KeyboardInterrupt)):\n    f(4)",
        "CASES = []\nfor n in CASES:\n    assert f(n)",
        "CASES = [1]\nCASES.clear()\nfor n in CASES:\n    assert f(n)",
    ] {
        check_altered(body, &[]);
    }
    check_altered(
        "with pytest.raises(AssertionError):\n    assert f(4)",
        &["expects AssertionError changed to a class of its own"],
    );
}

#[test]
fn some_tests_have_no_twins() {
    for (text, why) in [
        (
            "def test_a(): assert f(g) == 'test_a.<locals>.g'",
            "it depends on its own name",
        ),
        (
            "@pytest.mark.xfail\ndef test_a(): assert 1",
            "it is skipped or expected to fail",
        ),
        (
            "def test_a(snapshot): assert f() == snapshot",
            "it depends on its own name",
        ),
        (
            "def test_a(): f()",
            "no assertion in it is sure to be reached",
        ),
        ("def test_b(): f()", "it was not found in its file"),
        (
            "if f(): \n  x = 1\nx = 2; y = 3\nclass test_a: pass",
            "it is no test function",
        ),
    ] {
        let shown = planted(text, &["test_a"]);
        let shown = shown.lines().last().unwrap_or_default();
        assert_eq!(
            shown,
            format!("pytest:.#test_a.py::test_a: {why}"),
            "{text}"
        );
    }
}

#[test]
fn files_without_some_tests() {
    let text = "import x\n\n@mark\ndef test_a():\n    assert 1  # a\n\nclass TestB:\n    \"\"\"Doc.\"\"\"\n    def test_c(self):\n        pass\n\n    def test_d(self):\n        pass\n\nclass TestE:\n    def test_f(self): pass\n";
    let project = project(&[("pytest.ini", ""), (FILE, text)]);
    let check = |tests: &[&str], gone: &[(&str, &str)]| {
        let ids: Vec<TestId> = tests
            .iter()
            .map(|test| TestId::new(project.id(), &format!("{FILE}::{test}")))
            .collect();
        let actual = project.without(Utf8Path::new("/w/test_a.py"), text, &ids);
        let mut expected = text.to_owned();
        for (from, to) in gone {
            assert!(expected.contains(from), "{from}");
            expected = expected.replace(from, to);
        }
        let expected = (!gone.is_empty()).then_some(expected);
        assert_eq!(actual, expected, "{tests:?}");
        if let Some(text) = actual {
            assert!(!parse(&text).unwrap().root_node().has_error());
        }
    };
    let a = ("@mark\ndef test_a():\n    assert 1  # a\n", "");
    check(&["test_a"], &[a]);
    check(
        &["test_a", "TestB::test_c"],
        &[a, ("    def test_c(self):\n        pass\n", "")],
    );
    check(&["TestE::test_f"], &[("def test_f(self): pass", "pass")]);
    check(
        &["TestE"],
        &[("class TestE:\n    def test_f(self): pass\n", "")],
    );
    check(&["test_a[1]"], &[]);
    check(&["test_z"], &[]);
}
