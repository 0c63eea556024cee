use camino::Utf8Path;

use super::super::super::testing::Fixture;
use super::super::tree::parse;
use crate::verify::{Content, Sealed};

const BASE: &str = r#"pub fn f(n: u32) -> u32 {
    todo!()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(n: u32) {
        assert_eq!(f(n), n);
    }

    #[test]
    fn one() {
        check(1);
    }

    mod deep {
        #[test]
        fn two() {
            assert_eq!(super::f(2), 2);
        }
    }
}
"#;

#[track_caller]
fn sealed(base: Option<&str>, changed: Option<&str>) -> Sealed {
    let project = Fixture::new(
        "//- Cargo.toml\n[package]\nname='a'\nedition='2024'\n//- src/lib.rs\nfn f() {}\n",
    )
    .project();
    let sealed = project.seal(Utf8Path::new("/w/src/lib.rs"), base, changed);
    if let Content::Text(text) = &sealed.content {
        assert!(!parse(text).unwrap().root_node().has_error(), "{text}");
    }
    sealed
}

/// Applies changes to the base; says what breaches, warnings and added tests there are, and whether
/// the clean room has the base's tests.
#[track_caller]
fn check(base: &str, changes: &[(&str, &str)], expected: &[&str]) -> String {
    let mut changed = base.to_owned();
    for (from, to) in changes {
        assert!(changed.contains(from), "{from}");
        changed = changed.replace(from, to);
    }
    let sealed = sealed(Some(base), Some(&changed));
    let mut found: Vec<String> = Vec::new();
    found.extend(
        sealed
            .breaches
            .iter()
            .map(|it| format!("breach {}: {}", it.lines.start(), it.what)),
    );
    found.extend(
        sealed
            .warnings
            .iter()
            .map(|it| format!("warning {}: {}", it.lines.start(), it.what)),
    );
    found.extend(
        sealed
            .added_tests
            .iter()
            .map(|it| format!("added {}: {}", it.lines.start(), it.name)),
    );
    assert_eq!(found, expected, "{changed}");
    match sealed.content {
        Content::Text(text) => text,
        other => panic!("no text: {other:?}"),
    }
}

const SOLVED: (&str, &str) = ("todo!()", "n");

#[test]
fn an_honest_change_is_taken_as_it_is() {
    let text = check(BASE, &[SOLVED], &[]);
    assert_eq!(text, BASE.replace("todo!()", "n"));
    let other_layout = (
        "fn one() {\n        check(1);\n    }",
        "fn one() { // a remark\n        check(1);\n    }",
    );
    let text = check(BASE, &[SOLVED, other_layout], &[]);
    assert_eq!(text, BASE.replace("todo!()", "n"));
}

#[test]
fn added_tests_are_told_and_left_out() {
    let more = (
        "    #[test]\n    fn one",
        "    fn helper() {}\n\n    #[test]\n    fn three() { helper(); }\n\n    #[test]\n    fn one",
    );
    let text = check(BASE, &[SOLVED, more], &["added 14: tests::three"]);
    assert_eq!(text, BASE.replace("todo!()", "n"));
    let module = "\n#[cfg(test)]\nmod more {\n    #[test]\n    fn four() {}\n}\n";
    let text = check(
        BASE,
        &[
            SOLVED,
            ("\n#[cfg(test)]", &format!("{module}\n#[cfg(test)]")),
        ],
        &["added 6: more::four"],
    );
    assert!(!text.contains("mod more") && text.contains("fn one"));
    let imports = ("use super::*;", "use super::{f, g};");
    let text = check(
        BASE,
        &[SOLVED, imports],
        &["warning 5: imports of the tests changed"],
    );
    assert!(text.contains("use super::*;"));
}

#[test]
fn changed_tests_are_breaches_and_put_back() {
    for (change, found) in [
        (
            ("check(1)", "check(0)"),
            "breach 12: test changed: tests::one",
        ),
        (
            ("assert_eq!(f(n), n);", ""),
            "breach 8: part of the tests changed: tests::check",
        ),
        (
            ("super::f(2), 2", "2, 2"),
            "breach 18: test changed: tests::deep::two",
        ),
        (
            (
                "    #[test]\n    fn one() {\n        check(1);\n    }\n",
                "",
            ),
            "breach 12: test removed: tests::one",
        ),
        (
            (
                "    #[test]\n    fn one",
                "    #[test]\n    #[ignore]\n    fn one",
            ),
            "breach 12: attributes of a test changed: tests::one",
        ),
        (
            (
                "#[cfg(test)]\nmod tests",
                "#[cfg(all(test, windows))]\nmod tests",
            ),
            "breach 4: attributes of a test changed: tests",
        ),
    ] {
        let text = check(BASE, &[SOLVED, change], &[found]);
        assert_eq!(text, BASE.replace("todo!()", "n"), "{found}");
    }
    let renamed = check(
        BASE,
        &[SOLVED, ("mod tests", "mod checks")],
        &[
            "breach 4: part of the tests removed: tests",
            "added 12: checks::one",
            "added 18: checks::deep::two",
        ],
    );
    assert!(renamed.contains("mod tests") && !renamed.contains("mod checks"));
}

#[test]
fn documentation_tests_are_sealed() {
    let base = "/// Doubles.\n///\n/// ```\n/// assert_eq!(a::f(1), 2);\n/// ```\npub fn f(n: u32) -> u32 { todo!() }\n";
    let solved = base.replace("todo!()", "n + n");
    assert_eq!(check(base, &[("todo!()", "n + n")], &[]), solved);
    let text = check(
        base,
        &[("todo!()", "n + n"), ("(1), 2", "(1), 1")],
        &["breach 2: documentation test changed: f"],
    );
    assert_eq!(text, solved);
    check(
        base,
        &[("```", "")],
        &["breach 2: documentation test removed: f"],
    );
    let more = (
        "/// Doubles.\n",
        "/// Doubles.\n/// ```\n/// more();\n/// ```\n",
    );
    check(base, &[more], &["added 1: f"]);
}

#[test]
fn code_that_no_honest_solution_needs() {
    for (code, found) in [
        (
            "if cfg!(test) { 1 } else { 2 }",
            "breach 1: code is other under test: cfg!(test)",
        ),
        (
            "#[cfg(test)]\nreturn 1;\n2",
            "breach 1: code is other under test: #[cfg(test)]",
        ),
        (
            "println!(\"{}\", cfg!(test)); 1",
            "breach 1: code is other under test: cfg!(test)",
        ),
        (
            "m! { #[cfg(test)] 1 }",
            "breach 1: code is other under test: #[cfg(test)]",
        ),
        (
            "n }\n#[cfg(not(test))]\nfn g() {",
            "breach 2: code is other under test: #[cfg(not(test))]",
        ),
        (
            "n }\n#[cfg_attr(test, path = \"x.rs\")]\nmod g; fn h() {",
            "breach 2: code is other under test: #[cfg_attr(test,path=\"x.rs\")]",
        ),
        (
            "n }\nmacro_rules! assert_eq { ($($t:tt)*) => {}; }\nfn g() {",
            "breach 2: another assert_eq! takes the place of the standard one",
        ),
        (
            "n }\nuse crate::nothing as assert_eq;\nfn g() {",
            "breach 2: another assert_eq! takes the place of the standard one",
        ),
        (
            "n }\npub use crate::{assert, x};\nfn g() {",
            "breach 2: another assert! takes the place of the standard one",
        ),
        (
            "n }\n#[unsafe(link_section = \".init_array\")]\nstatic A: u8 = 0; fn g() {",
            "breach 2: code runs before any test: #[unsafe(link_section=\".init_array\")]",
        ),
        (
            "n }\n#[path = \"../tests/a.rs\"]\nmod g; fn h() {",
            "breach 2: takes tests for code: #[path=\"../tests/a.rs\"]",
        ),
        (
            "include_str!(\"../tests/a.rs\").len()",
            "breach 1: reads tests: include_str!(\"../tests/a.rs\")",
        ),
        (
            "n }\n#[unsafe(no_mangle)]\nfn g() {",
            "warning 2: reaches beyond its module: #[unsafe(no_mangle)]",
        ),
        (
            "n }\n#[cfg_attr(test, derive(Debug))]\nstruct G; fn h() {",
            "warning 2: code is other under test: #[cfg_attr(test,derive(Debug))]",
        ),
        (
            "n }\nimpl PartialEq<u8> for G { fn eq(&self, _: &u8) -> bool { true } } fn h() {",
            "warning 2: an equality that looks at nothing",
        ),
    ] {
        check(BASE, &[("todo!()", code)], &[found]);
    }
    let first = ("pub fn f", "#![feature(x)]\npub fn f");
    check(
        BASE,
        &[first],
        &["breach 0: how everything is built changed: #![feature(x)]"],
    );
    // What the base has is the user's own.
    let base = BASE.replace("todo!()", "if cfg!(test) { 1 } else { 2 }");
    check(&base, &[("{ 2 }", "{ 3 }")], &[]);
}

#[test]
fn honest_code_is_no_breach() {
    for code in [
        "test(n)",
        "let test = \"cfg(test)\"; n",
        "n }\n#[cfg(feature = \"test\")]\nfn g() {",
        "n }\n#[derive(Debug)]\nstruct G; fn h() {",
        "n }\nuse std::panic;\nfn g() {",
        "assert!(n > 0); n",
        "include_str!(\"table.txt\").len()",
    ] {
        check(BASE, &[("todo!()", code)], &[]);
    }
}

#[test]
fn whole_files() {
    let gone = sealed(Some(BASE), None);
    assert_eq!(gone.breaches[0].what, "file with tests removed: tests::one");
    assert_eq!(sealed(Some("fn f() {}"), None).content, Content::Removed);
    let new = sealed(None, Some("fn f() {}\n#[test]\nfn a() {}\n"));
    assert_eq!(new.content, Content::Text("fn f() {}\n".to_owned()));
    assert_eq!((new.breaches.len(), new.added_tests.len()), (0, 1));
    let project = Fixture::new("//- Cargo.toml\n[package]\nname='a'\n//- src/lib.rs\n").project();
    let seal = |path: &str, base, changed| {
        let sealed = project.seal(&Utf8Path::new("/w").join(path), base, changed);
        assert_eq!(sealed.content, Content::AsBase);
        let all = sealed.breaches.iter().chain(&sealed.warnings);
        let mut found: Vec<String> = all.map(|it| it.what.clone()).collect();
        found.extend(sealed.added_tests.iter().map(|it| it.file.to_string()));
        found.join(", ")
    };
    for (path, base, changed, expected) in [
        ("Cargo.toml", Some("a"), Some("b"), "configuration changed"),
        ("build.rs", None, Some("b"), "configuration added"),
        ("tests/a.rs", Some("a"), Some("b"), "test file changed"),
        ("tests/a.rs", Some("a"), None, "test file removed"),
        ("tests/b.rs", None, Some("b"), "/w/tests/b.rs"),
        ("tests/a.rs", Some("a"), Some("a"), ""),
        (
            "README.md",
            Some("a"),
            Some("b"),
            "left out, since it is no source code",
        ),
    ] {
        assert_eq!(seal(path, base, changed), expected, "{path}");
    }
}
