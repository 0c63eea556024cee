//! What a person may want to look at in changed Rust code.

use std::collections::HashSet;

use camino::Utf8Path;
use tree_sitter::Node;

use super::regions::regions;
use super::tree::parse;
use crate::verify::syntax::{all, around, lines, text_of, visit};
use crate::verify::{Finding, Mark, is_telling, unseen_before};

/// See [`crate::Project::warnings`].
#[must_use]
pub fn warnings(
    path: &Utf8Path,
    base: Option<&str>,
    changed: &str,
    tests: &[&str],
) -> Vec<Finding> {
    let literals: HashSet<String> = tests.iter().flat_map(|test| literals(test)).collect();
    let old = base.map_or_else(Vec::new, |base| marks(base, &literals));
    unseen_before(&old, marks(changed, &literals))
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

fn is_literal(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "integer_literal" | "float_literal" | "string_literal" | "raw_string_literal"
    )
}

fn value<'t>(node: Node<'_>, text: &'t str) -> &'t str {
    let own = text_of(node, text);
    if node.kind().contains("string") {
        own.trim_start_matches(['b', 'c', 'r', '#'])
            .trim_matches(['"', '#'])
    } else {
        own
    }
}

/// What a call of a function whose path ends so says.
const CALLS: [(&str, &str); 12] = [
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
    ("Backtrace::capture", "asks who calls it"),
    ("Backtrace::force_capture", "asks who calls it"),
];

fn marks(text: &str, literals: &HashSet<String>) -> Vec<Mark> {
    let mut found = Vec::new();
    let Some(tree) = parse(text) else {
        return found;
    };
    let root = tree.root_node();
    let tests = regions(root, text);
    visit(root, &mut |node| {
        let is_in_tests = node != root
            && tests.iter().any(|region| {
                region.range.start <= node.start_byte() && node.end_byte() <= region.range.end
            });
        if !is_in_tests && let Some(what) = what(node, text, literals) {
            found.push(Mark::warning(lines(node), what));
        }
        !is_in_tests
    });
    found
}

fn what(node: Node<'_>, text: &str, literals: &HashSet<String>) -> Option<String> {
    if is_literal(node) {
        let own = text_of(node, text);
        let value = value(node, text);
        if literals.contains(value) && decides(node) {
            return Some(format!("decides by a literal of the tests: {own}"));
        }
        let is_text = node.kind().contains("string");
        let asks = ["RUST_TEST", "NEXTEST", "RUST_BACKTRACE", "CARGO_BIN_EXE"];
        if is_text && asks.iter().any(|name| value.starts_with(name)) {
            return Some(format!("asks whether a test runs: {own}"));
        }
        return (is_text && value.contains("tests/")).then(|| format!("names test files: {own}"));
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
            ("my_sleep(1)", &[]),
        ] {
            check(code, expected);
        }
    }
}
