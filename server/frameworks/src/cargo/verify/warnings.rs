//! What a person may want to look at in changed Rust code.

use std::collections::HashSet;

use camino::Utf8Path;
use tree_sitter::Node;

use super::answers::{cases, is_singled_out, take_in};
use super::regions::regions;
use super::tree::parse;
use crate::verify::syntax::{all, around, lines, text_of, visit};
use crate::verify::{Answers, Finding, Mark, is_telling, known_by_heart, unseen_before};

/// See [`crate::Project::warnings`].
#[must_use]
pub fn warnings(
    path: &Utf8Path,
    base: Option<&str>,
    changed: &str,
    tests: &[&str],
) -> Vec<Finding> {
    let literals: HashSet<String> = tests.iter().flat_map(|test| literals(test)).collect();
    let mut answers = Answers::default();
    for test in tests {
        take_in(test, &mut answers);
    }
    let marks = |text: &str| marks(text, &literals, &answers);
    let old = base.map_or_else(Vec::new, marks);
    unseen_before(&old, marks(changed))
        .into_iter()
        .map(|mark| mark.into_finding(path))
        .collect()
}

/// The telling literals of a text, without their quotes.
fn literals(text: &str) -> HashSet<String> {
    let Some(tree) = parse(text) else {
        return HashSet::new();
    };
    all(tree.root_node(), is_literal)
        .into_iter()
        .map(|node| value(node, text))
        .filter(|value| is_telling(value))
        .map(str::to_owned)
        .collect()
}

pub(super) fn is_literal(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "integer_literal" | "float_literal" | "string_literal" | "raw_string_literal"
    )
}

pub(super) fn value<'t>(node: Node<'_>, text: &'t str) -> &'t str {
    let own = text_of(node, text);
    if node.kind().contains("string") {
        own.trim_start_matches(['b', 'c', 'r', '#'])
            .trim_matches(['"', '#'])
    } else {
        own
    }
}

/// What a call of a function whose path ends so says.
const CALLS: [(&str, &str); 14] = [
    ("thread::sleep", "waits for a time"),
    ("time::sleep", "waits for a time"),
    ("process::exit", "ends the process"),
    ("process::abort", "ends the process"),
    ("panic::set_hook", "handles panics"),
    ("catch_unwind", "catches everything"),
    ("thread::current", "asks for the name of the test's thread"),
    ("env::args", "asks how it was started"),
    ("env::args_os", "asks how it was started"),
    ("env::current_exe", "asks how it was started"),
    ("Location::caller", "asks who calls it"),
    ("fs::read_dir", "looks through folders"),
    ("Backtrace::capture", "asks who calls it"),
    ("Backtrace::force_capture", "asks who calls it"),
];

fn marks(text: &str, literals: &HashSet<String>, answers: &Answers) -> Vec<Mark> {
    let mut found = Vec::new();
    let Some(tree) = parse(text) else {
        return found;
    };
    let root = tree.root_node();
    let tests = regions(root, text);
    let is_in_tests = |node: Node<'_>| {
        node != root
            && tests.iter().any(|region| {
                region.range.start <= node.start_byte() && node.end_byte() <= region.range.end
            })
    };
    let mut known = Vec::new();
    visit(root, &mut |node| {
        if is_in_tests(node) {
            return false;
        }
        if let Some(what) = what(node, text, literals, answers) {
            found.push(Mark::warning(lines(node), what));
        }
        known.extend(cases(node, text));
        true
    });
    Mark::add_new(&mut found, known_by_heart(&known, answers));
    found
}

fn what(
    node: Node<'_>,
    text: &str,
    literals: &HashSet<String>,
    answers: &Answers,
) -> Option<String> {
    if is_literal(node) {
        let own = text_of(node, text);
        let value = value(node, text);
        if literals.contains(value) && decides(node) || is_singled_out(node, text, answers) {
            return Some(format!("decides by a literal of the tests: {own}"));
        }
        let is_text = node.kind().contains("string");
        let asks = ["RUST_TEST", "NEXTEST", "RUST_BACKTRACE", "CARGO_BIN_EXE"];
        if is_text && asks.iter().any(|name| value.starts_with(name)) {
            return Some(format!("asks whether a test runs: {own}"));
        }
        if is_text && value == "CARGO_MANIFEST_DIR" {
            return Some(format!("asks where its sources are: {own}"));
        }
        if is_text && value.contains("tests/") {
            return Some(format!("names test files: {own}"));
        }
        let is_source = is_text && value.ends_with(".rs") && !declares(node);
        return is_source.then(|| format!("names source files: {own}"));
    }
    if node.kind() == "macro_invocation" {
        let name = text_of(node.child_by_field_name("macro")?, text);
        return (name.rsplit("::").next() == Some("file"))
            .then(|| format!("asks where its sources are: {name}!"));
    }
    let function = (node.kind() == "call_expression")
        .then(|| node.child_by_field_name("function"))
        .flatten()?;
    let function = text_of(function, text);
    let is_called = |name: &str| {
        function
            .strip_suffix(name)
            .is_some_and(|before| before.is_empty() || before.ends_with("::"))
    };
    let (_, what) = CALLS.iter().find(|(name, _)| is_called(name))?;
    Some(format!("{what}: {function}"))
}

/// Whether a text stands in an attribute: `#[path = "a.rs"]`.
fn declares(literal: Node<'_>) -> bool {
    around(literal).any(|node| node.kind().contains("attribute"))
}

/// Whether what is done depends on a literal: it is compared with, or a pattern.
fn decides(literal: Node<'_>) -> bool {
    for node in around(literal).take(5) {
        match node.kind() {
            "match_pattern" | "let_condition" => return true,
            "binary_expression" => {
                return node
                    .child_by_field_name("operator")
                    .is_some_and(|operator| matches!(operator.kind(), "==" | "!="));
            }
            "or_pattern"
            | "tuple_pattern"
            | "tuple_struct_pattern"
            | "reference_pattern"
            | "range_pattern"
            | "negative_literal"
            | "tuple_expression"
            | "call_expression"
            | "arguments" => {}
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: &str, expected: &[&str]) {
        let tests = "#[test] fn a() { assert_eq!(roman(1994), \"MCMXCIV\"); }";
        let code = format!("fn f() {{ {code} }}");
        let found = warnings(Utf8Path::new("/w/a.rs"), Some("fn f() {}"), &code, &[tests]);
        let found: Vec<&str> = found.iter().map(|it| it.what.as_str()).collect();
        assert_eq!(found, expected, "{code}");
        assert_eq!(
            warnings(Utf8Path::new("/w/a.rs"), Some(&code), &code, &[tests]),
            []
        );
    }

    #[test]
    fn everything_that_is_worth_a_look() {
        for (code, expected) in [
            (
                "if n == 1994 { x() }",
                &["decides by a literal of the tests: 1994"][..],
            ),
            (
                "match n { 1994 => x(), _ => y() }",
                &["decides by a literal of the tests: 1994"],
            ),
            (
                "match n { Some(1 | 1994) => x(), _ => y() }",
                &["decides by a literal of the tests: 1994"],
            ),
            (
                "if s == \"MCMXCIV\" { x() }",
                &["decides by a literal of the tests: \"MCMXCIV\""],
            ),
            ("let n = 1994; n + 4", &[]),
            ("if n == 4 { x() }", &[]),
            (
                "std::thread::sleep(d);",
                &["waits for a time: std::thread::sleep"],
            ),
            (
                "std::process::exit(0);",
                &["ends the process: std::process::exit"],
            ),
            (
                "env::var(\"RUST_TEST_THREADS\")",
                &["asks whether a test runs: \"RUST_TEST_THREADS\""],
            ),
            (
                "thread::current().name()",
                &["asks for the name of the test's thread: thread::current"],
            ),
            (
                "fs::read(\"tests/a.rs\")",
                &["names test files: \"tests/a.rs\""],
            ),
            (
                "Path::new(env!(\"CARGO_MANIFEST_DIR\"))",
                &["asks where its sources are: \"CARGO_MANIFEST_DIR\""],
            ),
            ("f(file!())", &["asks where its sources are: file!"]),
            (
                "std::fs::read_dir(here)",
                &["looks through folders: std::fs::read_dir"],
            ),
            ("here.join(\"lib.rs\")", &["names source files: \"lib.rs\""]),
            ("#[path = \"a.rs\"] mod a;", &[]),
            ("my_sleep(1)", &[]),
        ] {
            check(code, expected);
        }
    }

    #[test]
    fn tables_of_answers() {
        let code = |body: &str| format!("fn vat(net: u32) -> u32 {{ {body} }}");
        let check = |tests: &str, body: &str, expected: &[&str]| {
            let code = code(body);
            let found = warnings(Utf8Path::new("/w/a.rs"), Some(""), &code, &[tests]);
            let found: Vec<&str> = found.iter().map(|it| it.what.as_str()).collect();
            assert_eq!(found, expected, "{body}, tested by {tests}");
        };
        let both = [
            "knows an answer of the tests: 1000 gives 200",
            "knows an answer of the tests: 13 gives 3",
        ];
        let vat = "#[test] fn a() { assert_eq!(vat(1_000), 200); assert_eq!(3, vat(13)); }";
        for body in [
            "match net { 1000 => 200, 13 => 3, _ => 0 }",
            "match net { 1000 => return 200, 13u32 => return 3, _ => {} }",
            "if net / 1 == 1000 { 200 } else if net / 1 == 13 { 3 } else { 0 }",
            "for (n, v) in [(1000, 200), (13, 3)] { if n == net { return v } } 0",
            "let all = vec![(1000, 200), (13, 3)]; all[0].1",
            "let mut all = HashMap::new(); all.insert(1000, 200); all.insert(13, 3); all[&net]",
        ] {
            check(vat, body, &both);
        }
        // A number that a parameter is asked for tells enough.
        check(
            vat,
            "if net == 13 { net += 1 } net",
            &["decides by a literal of the tests: 13"],
        );
        let table = "match net { 1000 => 200, 13 => 3, _ => 0 }";
        for tests in [
            "#[test] fn a() { for (n, v) in [(1000, 200), (13, 3)] { assert_eq!(vat(n), v); } }",
            "#[test] fn a() { for (n, v) in vec![(1000, 200), (13, 3)] { assert_eq!(vat(n), v); } }",
            "#[test] fn a() { assert!(vat(1000) == 200 && vat(13) == 3); }",
            "#[test] fn a() { check(vat(1000), 200); check(vat(13), 3); }",
            "#[rstest]\n#[case(1000, 200)]\n#[case(13, 3)]\nfn a(#[case] n: u32, #[case] v: u32) {}",
        ] {
            check(tests, table, &both);
        }
        for body in [
            "match net { 1000 => 200, 2000 => 300, 13 => 4, _ => 0 }",
            "match net { 1000 => net * 200, 13 => net + 3, _ => 0 }",
            "if net > 1000 { 200 } else { 3 }",
            "match net { 0 => 0, 1 => 1, _ => net / 5 }",
        ] {
            check(vat, body, &[]);
        }
        // The table itself is no test.
        check(&code(table), table, &[]);
    }
}
