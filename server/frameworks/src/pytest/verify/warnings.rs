//! What a person may want to look at in changed Python code.

use std::collections::HashSet;

use camino::Utf8Path;
use tree_sitter::Node;

use super::answers::{cases, is_singled_out, take_in};
use super::tree::parse;
use crate::verify::syntax::{all, around, lines, named, text_of, visit};
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
    all(tree.root_node(), |node| value(node, text).is_some())
        .into_iter()
        .filter_map(|node| value(node, text))
        .filter(|value| is_telling(value))
        .map(str::to_owned)
        .collect()
}

pub(super) fn value<'t>(node: Node<'_>, text: &'t str) -> Option<&'t str> {
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
const CALLS: [(&str, &str); 32] = [
    ("time.sleep", "waits for a time"),
    ("asyncio.sleep", "waits for a time"),
    ("os._exit", "ends the process"),
    ("sys.exit", "ends the process"),
    ("atexit.register", "does something when the process ends"),
    ("inspect.stack", "asks who calls it"),
    ("inspect.currentframe", "asks who calls it"),
    ("inspect.getouterframes", "asks who calls it"),
    ("inspect.getframeinfo", "asks who calls it"),
    ("inspect.trace", "asks who calls it"),
    ("inspect.getsource", "reads source code"),
    ("inspect.getsourcefile", "reads source code"),
    ("inspect.findsource", "reads source code"),
    ("inspect.getsourcelines", "reads source code"),
    ("linecache.getline", "reads source code"),
    ("linecache.getlines", "reads source code"),
    ("ast.parse", "reads source code"),
    ("tokenize.tokenize", "reads source code"),
    ("tokenize.generate_tokens", "reads source code"),
    ("sys._getframe", "asks who calls it"),
    ("sys._current_frames", "asks who calls it"),
    ("traceback.extract_stack", "asks who calls it"),
    ("traceback.walk_stack", "asks who calls it"),
    ("traceback.format_stack", "asks who calls it"),
    ("gc.get_objects", "looks through everything in memory"),
    ("gc.get_referrers", "looks through everything in memory"),
    ("sys.settrace", "watches what runs"),
    ("sys.setprofile", "watches what runs"),
    ("sys.addaudithook", "watches what runs"),
    ("exec", "runs text as code"),
    ("eval", "runs text as code"),
    ("signal.signal", "handles signals"),
];

/// What frames and the code of functions have, and hardly anything else.
const OF_FRAMES: [&str; 8] = [
    "f_back",
    "f_code",
    "f_globals",
    "f_locals",
    "tb_frame",
    "co_consts",
    "gi_frame",
    "cr_frame",
];

fn marks(text: &str, literals: &HashSet<String>, answers: &Answers) -> Vec<Mark> {
    let mut found = Vec::new();
    let Some(tree) = parse(text) else {
        return found;
    };
    visit(tree.root_node(), &mut |node| {
        if let Some(what) = what(node, text, literals, answers) {
            found.push(Mark::warning(lines(node), what));
        }
        true
    });
    let known = known_by_heart(&cases(tree.root_node(), text), answers);
    Mark::add_new(&mut found, known);
    found
}

fn what(
    node: Node<'_>,
    text: &str,
    literals: &HashSet<String>,
    answers: &Answers,
) -> Option<String> {
    let own = text_of(node, text);
    match node.kind() {
        "call" => {
            let function = text_of(node.child_by_field_name("function")?, text);
            let (_, what) = CALLS.iter().find(|(name, _)| *name == function)?;
            Some(format!("{what}: {function}"))
        }
        "attribute" => {
            let name = text_of(node.child_by_field_name("attribute")?, text);
            OF_FRAMES
                .contains(&name)
                .then(|| format!("looks into frames or code: {name}"))
        }
        "string" | "integer" | "float" => {
            let value = value(node, text)?;
            if literals.contains(value) && decides(node) || is_singled_out(node, text, answers) {
                return Some(format!("decides by a literal of the tests: {own}"));
            }
            let is_text = node.kind() == "string";
            if is_text && value.contains("PYTEST_") {
                return Some(format!("asks whether a test runs: {own}"));
            }
            let is_path = value.contains("tests/")
                || value.contains("conftest")
                || value.starts_with("test_") && value.ends_with(".py");
            if is_text && is_path {
                return Some(format!("names test files: {own}"));
            }
            (is_text && value.ends_with(".py") && !is_doc(node))
                .then(|| format!("names source files: {own}"))
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

/// Whether a text is a statement of its own.
fn is_doc(node: Node<'_>) -> bool {
    let parent = node.parent();
    parent.is_some_and(|parent| parent.kind() == "expression_statement")
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
            ("x = [(1000, 'M'), (5, 'V'), (4, 'IV')]", &[]),
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
            (
                "import glob\nglob.glob('*.py')",
                &["names source files: '*.py'"],
            ),
            ("'''What stands in a.py'''\n", &[]),
            (
                "traceback.walk_stack(None)",
                &["asks who calls it: traceback.walk_stack"],
            ),
            (
                "seen = caller.f_back.f_locals",
                &[
                    "looks into frames or code: f_locals",
                    "looks into frames or code: f_back",
                ],
            ),
            ("ast.parse(text)", &["reads source code: ast.parse"]),
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

    const VAT: &str = "def test_vat():\n    assert vat(1000) == 200\n    assert vat(13) == 3\n";

    #[track_caller]
    fn answers(tests: &str, code: &str, expected: &[&str]) {
        let path = Utf8Path::new("/w/a.py");
        let found = warnings(path, Some("def vat(net):\n    return 0\n"), code, &[tests]);
        let found: Vec<&str> = found.iter().map(|it| it.what.as_str()).collect();
        assert_eq!(found, expected, "{code}");
    }

    #[test]
    fn tables_of_answers() {
        let both = [
            "knows an answer of the tests: 1000 gives 200",
            "knows an answer of the tests: 13 gives 3",
        ];
        for code in [
            "def vat(net):\n    return {1000: 200, 13: 3}[net]\n",
            "def vat(net):\n    return {1_000: 200, 13: 3, 0: 0}.get(net, 0)\n",
            "def vat(net):\n    if abs(net) == 1000:\n        return 200\n    elif abs(net) == 13:\n        \
             return 3\n",
            "def vat(net):\n    if abs(net) == 1000:\n        return 200\n    if abs(net) == 13:\n        \
             return 3\n",
            "def vat(net):\n    known = {}\n    known[1000] = 200\n    known[13] = 3\n",
            "def vat(net):\n    match net:\n        case 1000: return 200\n        \
             case 13: return 3\n",
            "KNOWN = [(1000, 200), (13, 3)]\n",
            "def vat(net):\n    return dict([(1000, 200), (13, 3)])[net]\n",
        ] {
            answers(VAT, code, &both);
        }
        let one = &both[..1];
        answers(
            VAT,
            "def vat(net):\n    return 200 if net.size == 1000 else net // 5\n",
            one,
        );
        // A number that a parameter is asked for tells enough.
        let singled_out = "decides by a literal of the tests: 13";
        answers(
            VAT,
            "def vat(net):\n    if 13 == net: net += 1\n    return net\n",
            &[singled_out],
        );
        for tests in [
            "@pytest.mark.parametrize('n, v', [(1000, 200), (13, 3)])\ndef test_a(n, v): pass\n",
            "CASES = [[1000, 200], [13, 3]]\n",
            "CASES = {1000: 200, 13: 3}\n",
            "CASES = [pytest.param(1000, 200), pytest.param(13, 3)]\n",
            "class A(TestCase):\n    def test_a(self):\n        self.assertEqual(vat(1000), 200)\n        \
             self.assertEqual(3, vat(13))\n",
        ] {
            answers(tests, "TABLE = {1000: 200, 13: 3}\n", &both);
        }
    }

    #[test]
    fn what_is_no_answer() {
        for code in [
            // Rates, of which a test happens to ask for one.
            "RATES = {1000: 200, 2000: 300, 13: 4}\n",
            "def vat(net):\n    if abs(net) == 1000:\n        log(200)\n        net += 1\n    return net\n",
            "def vat(net):\n    return 200 if net > 1000 else 3\n",
            "def vat(net):\n    if net % 13 == 3: net += 1\n    return net\n",
            "def vat(net):\n    if abs(net) == 1000:\n        return net * 200\n",
            "SIZES = (1000, 200, 13, 3)\n",
            "TABLE = {1000: 3, 13: 200}\n",
        ] {
            answers(VAT, code, &[]);
        }
        let tests = "def test_a():\n    assert fib(0) == 0\n    assert fib(1) == 1\n    \
                     assert fib(10) == 55\n";
        let code = "def fib(n):\n    if n == 0:\n        return 0\n    if n == 1:\n        return 1\n    \
                    return fib(n - 1) + fib(n - 2)\n";
        answers(tests, code, &[]);
    }
}
