use camino::Utf8Path;
use expect_test::{Expect, expect};
use greenward_core::TestId;

use super::super::super::testing::Fixture;
use super::super::tree::parse;
use crate::verify::{TwinKind, seeded};

const PACKAGE: &str = "//- Cargo.toml\n[package]\nname='a'\nedition='2024'\n";

/// The planted file, then what was planted, then what could not be.
fn planted(text: &str, targets: &[&str]) -> String {
    let fixture = Fixture::new(&format!("{PACKAGE}//- src/lib.rs\n{text}"));
    let project = fixture.project();
    let targets: Vec<TestId> = targets
        .iter()
        .map(|target| TestId::new(project.id(), &format!("a/lib::{target}")))
        .collect();
    let twins = project.twins(&targets, &fixture, &mut seeded(1));
    let mut shown = String::new();
    for (path, text) in &twins.files {
        let tree = parse(text).unwrap();
        assert!(!tree.root_node().has_error(), "{path}:\n{text}");
        shown.push_str(text);
    }
    shown.push_str("---\n");
    for twin in &twins.twins {
        if twin.kind != TwinKind::Canary {
            let id = twin.id.local_in(project.id()).unwrap_or_default();
            shown.push_str(&format!("{id} {:?}: {}\n", twin.must(), twin.what));
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

/// What altered twins there are for one test, in their own words.
#[track_caller]
fn check_altered(attributes: &str, body: &str, expected: &[&str]) {
    let text = format!("#[test]\n{attributes}\nfn a() {{\n    {body}\n}}\n");
    let shown = planted(&text, &["a"]);
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
        let is_open = expected.ends_with(" to") || expected.ends_with(" from");
        let fits = altered == expected || is_open && altered.starts_with(expected);
        assert!(fits, "{altered} instead of {expected} of\n{body}");
    }
}

#[test]
fn twins_stand_behind_what_they_are_copies_of() {
    check(
        r#"
pub fn roman(n: u32) -> String { todo!() }

#[cfg(test)]
mod tests {
    use super::*;

    fn check(n: u32, numeral: &str) {
        assert_eq!(roman(n), numeral);
    }

    /// Four.
    #[test]
    fn four() {
        assert_eq!(roman(4), "IV"); // a remark
        check(5, "V");
    }

    #[test]
    #[should_panic(expected = "range")]
    fn zero() {
        roman(0);
    }
}
"#,
        &["tests::four", "tests::zero"],
        expect![[r##"
            #![allow(unused)]

            pub fn roman(n: u32) -> String { todo!() }

            #[cfg(test)]
            mod tests {
                use super::*;

                fn check(n: u32, numeral: &str) {
                    assert_eq!(roman(n), numeral);
                }

                /// Four.
                #[test]
                fn four() {
                    assert_eq!(roman(4), "IV"); // a remark
                    check(5, "V");
                }

                #[test]
                fn both_again_copies() {
                    assert_eq!(roman(4), "IV"); // a remark
                    check(5, "I");
                }

                #[test]
                fn changed_removed_large() {
                    assert_eq!(roman(4), "IV"); // a remark
                    check(5, "V");
                }

                #[test]
                fn iv_exact_next() {
                    assert_eq!(roman(4), "II"); // a remark
                    check(5, "V");
                }

                #[test]
                fn gives_created_not() {
                    panic!();
                }

                #[test]
                #[should_panic(expected = "range")]
                fn zero() {
                    roman(0);
                }

                #[test]
                #[should_panic(expected = "ragne")]
                fn exact_eq_many() {
                    roman(0);
                }

                #[test]
                #[should_panic(expected = "range")]
                fn strict_marks_part() {
                    roman(0);
                }
            }
            ---
            a/lib::tests::changed_removed_large Pass: a copy of it
            a/lib::tests::iv_exact_next Fail: expects "IV" changed to "II"
            a/lib::tests::both_again_copies Fail: expects "V" changed to "I"
            a/lib::tests::strict_marks_part Pass: a copy of it
            a/lib::tests::exact_eq_many Fail: expects a panic with "range" changed to "ragne"
        "##]],
    );
}

#[test]
fn every_kind_of_assertion() {
    for (body, expected) in [
        (
            "assert_eq!(f(4), \"IV\");",
            &["expects \"IV\" changed to"][..],
        ),
        ("assert_eq!(\"IV\", f(4))", &["expects \"IV\" changed to"]),
        (
            "assert_eq!(f::<A, B>(4), 4, \"why {}\", 1);",
            &["expects 4 changed to"],
        ),
        (
            "std::assert_eq!(f(4), g(4));",
            &["std::assert_eq!(f(4), g(4)) changed to assert_ne!"],
        ),
        (
            "assert_ne!(f(4), 5);",
            &["assert_ne!(f(4), 5) changed to assert_eq!"],
        ),
        ("assert!(f(4));", &["f(4) changed to !(f(4))"]),
        ("assert!(!f(4), \"why\");", &["!f(4) changed to !(!f(4))"]),
        ("assert!(f(4) == 5);", &["expects 5 changed to"]),
        (
            "assert!(matches!(f(4), Some(A | B)));",
            &["matches!(f(4), Some(A | B)) changed to !(matches!(f(4), Some(A | B)))"],
        ),
        (
            "assert!(f(4).is_err());",
            &["f(4).is_err() changed to !(f(4).is_err())"],
        ),
        (
            "for (n, m) in [(1, 2)] { assert_eq!(f(n), m); }",
            &["m changed from"],
        ),
        (
            "for n in 1..=3 { assert!(f(n)); }",
            &["f(n) changed to !(f(n))"],
        ),
        (
            "let cases = vec![1]; for n in cases.iter().enumerate() { assert!(f(n)); }",
            &["f(n) changed to !(f(n))"],
        ),
        ("let x = f()?; assert!(x);", &["x changed to !(x)"]),
        (
            "for (n, m) in &vec![(1, \"a\")] { assert!(f(n).as_bytes() == m.as_bytes(), \"why\"); }",
            &["m changed from"],
        ),
        ("let m = \"a\"; assert_eq!(f(4), m);", &["m changed from"]),
        (
            "let m = \"a\"; assert_eq!(f(m), m);",
            &["assert_eq!(f(m), m) changed to assert_ne!"],
        ),
        ("for (n, m) in CASES { assert_eq!(f(n), m); }", &[]),
    ] {
        check_altered("", body, expected);
    }
    let panics = "#[should_panic]";
    check_altered(panics, "assert!(f(4));", &["expects no panic"]);
    check_altered(
        "#[should_panic(expected = \"range\")]",
        "f(4);",
        &["expects a panic with \"range\" changed to"],
    );
}

#[test]
fn what_honest_code_may_never_reach_is_not_altered() {
    for body in [
        "if f(4) { assert!(g(4)); }",
        "if let Some(x) = f(4) { assert!(x); }",
        "match f(4) { Some(x) => assert!(x), None => {} }",
        "while f(4) { assert!(g(4)); }",
        "for n in f(4) { assert!(n); }",
        "for n in 1..1 { assert!(n); }",
        "for n in [0; 0] { assert!(n); }",
        "for n in [1] { if n == 1 { continue; } assert!(n); }",
        "let mut cases = vec![1]; cases.clear(); for n in cases { assert!(n); }",
        "let Some(x) = f(4) else { return }; assert!(x);",
        "let c = || assert!(f(4));",
        "fn inner() { assert!(f(4)); }",
        "debug_assert!(f(4));",
        "assert_eq!(f(4), => 5);",
    ] {
        check_altered("", body, &[]);
    }
}

#[test]
fn some_tests_have_no_twins() {
    for (text, why) in [
        (
            "#[test]\nfn a() { assert_eq!(f(), \"x::a\"); }",
            "it depends on its own name",
        ),
        (
            "#[test]\n#[ignore]\nfn a() { assert!(f()); }",
            "it is skipped or expected to fail",
        ),
        (
            "#[test]\nfn a() { insta::assert_snapshot!(f()); }",
            "it depends on its own name",
        ),
        (
            "#[test]\nfn a() { f(); }",
            "no assertion in it is sure to be reached",
        ),
        (
            "proptest! {\n#[test]\nfn a(x in 0..1) { f(x); }\n}",
            "a macro makes it",
        ),
        ("#[test]\nfn b() {}", "it was not found in its file"),
    ] {
        let shown = planted(text, &["a"]);
        let shown = shown.lines().last().unwrap_or_default();
        assert_eq!(shown, format!("cargo:.#a/lib::a: {why}"), "{text}");
    }
}

#[test]
fn files_without_some_tests() {
    let text = "use x;\n\n/// Doc.\n#[test]\nfn a() {\n    assert!(f());\n}\n\n#[test] fn b() {} // b\n\nmod m {\n    #[test]\n    fn c() {}\n\n    proptest! {\n        #[test]\n        fn d(x in 0..1) {}\n    }\n}\n";
    let fixture = Fixture::new(&format!("{PACKAGE}//- src/lib.rs\n{text}"));
    let project = fixture.project();
    let check = |tests: &[&str], gone: &[&str]| {
        let ids: Vec<TestId> = tests
            .iter()
            .map(|test| TestId::new(project.id(), &format!("a/lib::{test}")))
            .collect();
        let actual = project.without(Utf8Path::new("/w/src/lib.rs"), text, &ids);
        let mut expected = text.to_owned();
        for part in gone {
            assert!(expected.contains(part), "{part}");
            expected = expected.replace(part, "");
        }
        let expected = (!gone.is_empty()).then_some(expected);
        assert_eq!(actual, expected, "{tests:?}");
        if let Some(text) = actual {
            assert!(!parse(&text).unwrap().root_node().has_error());
        }
    };
    let a = "/// Doc.\n#[test]\nfn a() {\n    assert!(f());\n}\n";
    check(&["a"], &[a]);
    check(&["a", "m::c"], &[a, "    #[test]\n    fn c() {}\n"]);
    check(&["b"], &["#[test] fn b() {}"]);
    check(
        &["m::d"],
        &["        #[test]\n        fn d(x in 0..1) {}\n"],
    );
    check(&["z"], &[]);
    check(&["a::case_1"], &[]);
}

#[test]
fn twins_can_stand_without_what_they_were_made_from() {
    for (path, module) in [("src/lib.rs", "a/lib"), ("tests/b.rs", "a/test/b")] {
        let text = "#[test]\nfn four() {\n    assert_eq!(a::f(4), 5);\n}\n";
        let fixture = Fixture::new(&format!("{PACKAGE}//- src/lib.rs\n//- {path}\n{text}"));
        let project = fixture.project();
        let target = TestId::new(project.id(), &format!("{module}::four"));
        let twins = project.twins(std::slice::from_ref(&target), &fixture, &mut seeded(1));
        let [(file, planted)] = &twins.files[..] else {
            unreachable!("one file has twins: {twins:?}");
        };
        let mut others: Vec<TestId> = twins.twins.iter().map(|twin| twin.id.clone()).collect();
        let kept = others.pop().unwrap();
        others.push(target);
        let alone = project.without(file, planted, &others).unwrap();
        assert_eq!(alone.matches("#[test]").count(), 1, "{alone}");
        let name = kept.as_str().rsplit("::").next().unwrap_or_default();
        assert!(alone.contains(&format!("fn {name}()")), "{alone}");
    }
}
