//! What a person may want to look at in changed Python code.

use std::collections::HashSet;

use camino::Utf8Path;
use tree_sitter::Node;

use super::tree::parse;
use crate::verify::syntax::{all, around, lines, named, text_of, visit};
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
    all(tree.root_node(), |node| value(node, text).is_some())
        .into_iter()
        .filter_map(|node| value(node, text))
        .filter(|value| is_telling(value))
        .map(str::to_owned)
        .collect()
}

fn value<'t>(node: Node<'_>, text: &'t str) -> Option<&'t str> {
    let own = text_of(node, text);
    match node.kind() {
        "integer" | "float" => Some(own),
        "string" => Some(
            own.trim_start_matches(|c: char| c.is_alphabetic())
                .trim_matches(['"', '\'']),
        ),
        _ => None,
    }
}

/// What a call of each says.
const CALLS: [(&str, &str); 22] = [
    ("time.sleep", "waits for a time"),
    ("asyncio.sleep", "waits for a time"),
    ("os._exit", "ends the process"),
    ("sys.exit", "ends the process"),
    ("atexit.register", "does something when the process ends"),
    ("inspect.stack", "asks who calls it"),
    ("inspect.currentframe", "asks who calls it"),
    ("inspect.getsource", "reads source code"),
    ("inspect.getsourcelines", "reads source code"),
    ("linecache.getline", "reads source code"),
    ("linecache.getlines", "reads source code"),
    ("sys._getframe", "asks who calls it"),
    ("sys._current_frames", "asks who calls it"),
    ("traceback.extract_stack", "asks who calls it"),
    ("gc.get_objects", "looks through everything in memory"),
    ("gc.get_referrers", "looks through everything in memory"),
    ("sys.settrace", "watches what runs"),
    ("sys.setprofile", "watches what runs"),
    ("sys.addaudithook", "watches what runs"),
    ("exec", "runs text as code"),
    ("eval", "runs text as code"),
    ("signal.signal", "handles signals"),
];

fn marks(text: &str, literals: &HashSet<String>) -> Vec<Mark> {
    let mut found = Vec::new();
    let Some(tree) = parse(text) else {
        return found;
    };
    visit(tree.root_node(), &mut |node| {
        if let Some(what) = what(node, text, literals) {
            found.push(Mark::warning(lines(node), what));
        }
        true
    });
    found
}

fn what(node: Node<'_>, text: &str, literals: &HashSet<String>) -> Option<String> {
    let own = text_of(node, text);
    match node.kind() {
        "call" => {
            let function = text_of(node.child_by_field_name("function")?, text);
            let (_, what) = CALLS.iter().find(|(name, _)| *name == function)?;
            Some(format!("{what}: {function}"))
        }
        "string" | "integer" | "float" => {
            let value = value(node, text)?;
            if literals.contains(value) && decides(node) {
                return Some(format!("decides by a literal of the tests: {own}"));
            }
            let is_text = node.kind() == "string";
            if is_text && value.contains("PYTEST_") {
                return Some(format!("asks whether a test runs: {own}"));
            }
            let is_path = value.contains("tests/")
                || value.contains("conftest")
                || value.starts_with("test_") && value.ends_with(".py");
            (is_text && is_path).then(|| format!("names test files: {own}"))
        }
        "except_clause" => {
            let caught = named(node);
            let all_of_them = match caught.first() {
                Some(first) if first.kind() != "block" => {
                    let name = text_of(*first, text);
                    let name = name.split(" as ").next().unwrap_or(name);
                    matches!(name, "BaseException" | "Exception" | "AssertionError")
                }
                _ => true,
            };
            all_of_them.then(|| "catches everything".to_owned())
        }
        "import_statement" | "import_from_statement" => {
            let words = || own.split(|c: char| !(c.is_alphanumeric() || c == '_'));
            let name =
                words().find(|word| matches!(*word, "pytest" | "_pytest" | "greenward_pytest"))?;
            Some(format!("imports the test framework: {name}"))
        }
        "assignment" => {
            let left = text_of(node.child_by_field_name("left")?, text);
            let replaced = ["sys.modules", "builtins.", "__builtins__"];
            replaced
                .iter()
                .any(|start| left.starts_with(start))
                .then(|| format!("replaces what others use: {left}"))
        }
        "function_definition" => {
            let name = text_of(node.child_by_field_name("name")?, text);
            let body = named(node.child_by_field_name("body")?);
            let [only] = body[..] else {
                return None;
            };
            let is_constant = only
                .named_child(0)
                .is_some_and(|value| matches!(value.kind(), "true" | "false"));
            (matches!(name, "__eq__" | "__ne__")
                && only.kind() == "return_statement"
                && is_constant)
                .then(|| "an equality that looks at nothing".to_owned())
        }
        _ => None,
    }
}

/// Whether what is done depends on a literal: it is compared with, or a key of a table.
fn decides(literal: Node<'_>) -> bool {
    let mut inner = literal;
    for node in around(literal).take(3) {
        match node.kind() {
            "comparison_operator" | "case_pattern" => return true,
            "pair" => return node.child_by_field_name("key") == Some(inner),
            "list" | "tuple" | "set" | "unary_operator" | "union_pattern" => inner = node,
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
        let tests =
            "def test_a():\n    assert roman(1994) == \"MCMXCIV\"\n    assert roman(4) == \"IV\"\n";
        let found = warnings(
            Utf8Path::new("/w/a.py"),
            Some("import time\n"),
            code,
            &[tests],
        );
        let found: Vec<&str> = found.iter().map(|it| it.what.as_str()).collect();
        assert_eq!(found, expected, "{code}");
        assert_eq!(
            warnings(Utf8Path::new("/w/a.py"), Some(code), code, &[tests]),
            []
        );
    }

    #[test]
    fn everything_that_is_worth_a_look() {
        for (code, expected) in [
            (
                "if n == 1994: x()",
                &["decides by a literal of the tests: 1994"][..],
            ),
            (
                "if n in (5, 1994): x()",
                &["decides by a literal of the tests: 1994"],
            ),
            (
                "a = {1994: 'MCMXCIV'}",
                &["decides by a literal of the tests: 1994"],
            ),
            (
                "match n:\n    case 1994: x()",
                &["decides by a literal of the tests: 1994"],
            ),
            ("x = [(1000, 'M'), (4, 'IV')]", &[]),
            ("if n == 4: x()", &[]),
            ("time.sleep(1)", &["waits for a time: time.sleep"]),
            (
                "os.environ.get('PYTEST_CURRENT_TEST')",
                &["asks whether a test runs: 'PYTEST_CURRENT_TEST'"],
            ),
            (
                "open('tests/test_a.py')",
                &["names test files: 'tests/test_a.py'"],
            ),
            ("try:\n    f()\nexcept:\n    pass", &["catches everything"]),
            (
                "try:\n    f()\nexcept Exception as e:\n    pass",
                &["catches everything"],
            ),
            ("try:\n    f()\nexcept KeyError:\n    pass", &[]),
            ("import pytest", &["imports the test framework: pytest"]),
            (
                "sys.modules['x'] = y",
                &["replaces what others use: sys.modules['x']"],
            ),
            (
                "class A:\n    def __eq__(self, other):\n        return True",
                &["an equality that looks at nothing"],
            ),
        ] {
            check(code, expected);
        }
    }
}
