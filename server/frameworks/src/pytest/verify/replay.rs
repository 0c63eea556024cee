//! Replaying a Python test's expressions in a process that never sees what they must give.
//!
//! Whatever the code under test does in that process (patches, equal-to-everything objects, an
//! early exit), it can only write values; whether they are right is said outside.

use std::collections::HashMap;

use camino::Utf8Path;
use greenward_core::TestId;
use tree_sitter::Node;

use super::super::plan::file_of;
use super::super::project::Project;
use super::expected;
use super::tree::{called, decorators, find, parse, whole};
use crate::Files;
use crate::verify::syntax::{any, named, text_of};
use crate::verify::{Replay, mentions};

/// Writes a value of exactly a built-in type, as [`written`] does a literal; of any other its
/// type's name.
const WRITE: &str = r#"
def _greenward_write(value):
    kind = type(value)
    if value is None or kind is bool or kind is int:
        return str(value)
    if kind is str:
        return "s" + value.encode("utf-8", "surrogatepass").hex()
    if kind is list:
        return "[" + ",".join(map(_greenward_write, value)) + "]"
    if kind is tuple:
        return "(" + ",".join(map(_greenward_write, value)) + ")"
    return "?" + kind.__name__
"#;

impl Project {
    /// See [`crate::Project::replay`].
    ///
    /// # Errors
    ///
    /// Why there is none for this target.
    pub fn replay(&self, target: &TestId, files: &dyn Files) -> Result<Replay, String> {
        let local = target.local_in(self.id()).unwrap_or_default();
        let file = file_of(local);
        let path = self.root().join(file);
        let text = files.read(&path);
        let text = text.ok_or("its file cannot be read")?;
        let tree = parse(&text).ok_or("its file cannot be read")?;
        let root = tree.root_node();
        let own_name = local.strip_prefix(file).unwrap_or_default();
        let own_name = own_name.trim_start_matches("::");
        // Cases are replayed together.
        let own_name = own_name.split('[').next().unwrap_or(own_name);
        let function = find(root, &text, own_name).ok_or("it was not found in its file")?;
        let is_table = |decorator: &Node<'_>| text_of(*decorator, &text).contains("parametrize(");
        if !decorators(function).iter().all(is_table) || own_name.contains("::") {
            return Err("it has decorators or stands in a class".to_owned());
        }
        if is_prepared(&path, &text, files) {
            return Err("something is prepared for every test".to_owned());
        }
        let test = Test::read(function, &text)?;
        let mut script = String::from("import sys\n");
        for import in named(root).into_iter().filter(|node| is_import(*node)) {
            let own = text_of(import, &text);
            if !own.contains("pytest") {
                script.push_str(own);
                script.push('\n');
            }
        }
        script.push_str(WRITE);
        script.push_str("_greenward_lines = []\n");
        let mut expected = Vec::new();
        for case in 0..test.cases {
            test.replay(case, &mut script, &mut expected)?;
        }
        if expected.is_empty() {
            return Err("it asserts nothing".to_owned());
        }
        script.push_str(
            "with open(sys.argv[1], \"w\", encoding=\"ascii\") as _greenward_file:\n    \
             _greenward_file.writelines(line + \"\\n\" for line in _greenward_lines)\n",
        );
        Ok(Replay { script, expected })
    }
}

/// Whether something is done before each test of a file that the script would not do.
fn is_prepared(path: &Utf8Path, text: &str, files: &dyn Files) -> bool {
    let conftests = path
        .ancestors()
        .skip(1)
        .filter_map(|folder| files.read(&folder.join("conftest.py")));
    let autouse = |text: &str| text.contains("autouse") || text.contains("pytest_runtest");
    let sets_up = ["setup_function", "setup_module", "setUpModule"];
    autouse(text)
        || sets_up.iter().any(|name| text.contains(name))
        || conftests.into_iter().any(|text| autouse(&text))
}

/// A test that can be replayed.
struct Test<'n, 't> {
    text: &'t str,
    statements: Vec<Node<'n>>,
    /// How often it runs.
    cases: usize,
    /// Its parameters, each with its value in each case.
    parameters: Vec<(&'t str, Vec<Node<'n>>)>,
    /// The names that only stand for what is expected, each with what is written in each case.
    secrets: HashMap<&'t str, Vec<String>>,
}

impl<'n, 't> Test<'n, 't> {
    fn read(function: Node<'n>, text: &'t str) -> Result<Self, String> {
        let parameters = function.child_by_field_name("parameters");
        let parameters = parameters.map_or_else(Vec::new, named);
        let mut given = Vec::new();
        for parameter in parameters {
            let name = text_of(parameter, text);
            let values = expected::parametrized(function, name, text).ok_or("it takes fixtures")?;
            given.push((name, values));
        }
        let cases = given.first().map_or(1, |(_, values)| values.len());
        if given.iter().any(|(_, values)| values.len() != cases) {
            return Err("its cases are combined".to_owned());
        }
        let body = function.child_by_field_name("body");
        let mut test = Self {
            text,
            statements: body.map_or_else(Vec::new, named),
            cases,
            parameters: given,
            secrets: HashMap::new(),
        };
        test.find_secrets(function);
        Ok(test)
    }

    /// Names that an assertion compares with, and that nothing else is done with.
    fn find_secrets(&mut self, function: Node<'n>) {
        let whole = text_of(whole(function), self.text);
        for statement in &self.statements {
            let sides = sides(*statement, self.text).into_iter().flatten();
            for side in sides.filter(|side| side.kind() == "identifier") {
                let name = text_of(side, self.text);
                let parameter = self.parameters.iter().find(|(own, _)| *own == name);
                let (values, mentioned) = match parameter {
                    Some((_, values)) => (values.clone(), 3),
                    None => match expected::assigned(function, name, self.text) {
                        Some(value) => (vec![value; self.cases], 2),
                        None => continue,
                    },
                };
                let values: Option<Vec<String>> = values
                    .into_iter()
                    .map(|value| written(value, self.text))
                    .collect();
                if let Some(values) = values.filter(|_| mentions(whole, name) == mentioned) {
                    self.secrets.insert(name, values);
                }
            }
        }
    }

    /// Adds what one case does.
    fn replay(
        &self,
        case: usize,
        script: &mut String,
        expected: &mut Vec<String>,
    ) -> Result<(), String> {
        let text = |node| text_of(node, self.text);
        for (name, values) in &self.parameters {
            if let Some(value) = values
                .get(case)
                .filter(|_| !self.secrets.contains_key(name))
            {
                script.push_str(&format!("{name} = (\n{}\n)\n", text(*value)));
            }
        }
        for statement in &self.statements {
            let inside = statement.named_child(0);
            let inside_kind = inside.map_or("", |inside| inside.kind());
            match (statement.kind(), inside_kind) {
                ("comment", _) | ("expression_statement", "string") => {}
                _ if is_import(*statement) => {
                    script.push_str(text(*statement));
                    script.push('\n');
                }
                ("assert_statement", _) => {
                    let Some((actual, value)) = self.equality(*statement, case) else {
                        if asks_the_code(*statement, self.text) {
                            return Err(
                                "it is not only assertions that something equals a literal"
                                    .to_owned(),
                            );
                        }
                        continue;
                    };
                    script.push_str(&format!(
                        "_greenward_lines.append(_greenward_write((\n{}\n)))\n",
                        text(actual)
                    ));
                    expected.push(value);
                }
                ("expression_statement", "assignment") => {
                    let left = inside.and_then(|inside| inside.child_by_field_name("left"));
                    let left = left.filter(|left| left.kind() == "identifier");
                    let name = left.map(text).ok_or("it is not only assertions")?;
                    if !self.secrets.contains_key(name) {
                        script.push_str(text(*statement));
                        script.push('\n');
                    }
                }
                _ => return Err("it is not only assertions".to_owned()),
            }
        }
        Ok(())
    }

    /// What `assert ACTUAL == EXPECTED` compares, the latter as it must be written.
    fn equality(&self, statement: Node<'n>, case: usize) -> Option<(Node<'n>, String)> {
        let [left, right] = sides(statement, self.text)?;
        let value = |side: Node<'_>| {
            let secret = self.secrets.get(text_of(side, self.text));
            let secret = secret.and_then(|values| values.get(case)).cloned();
            secret.or_else(|| written(side, self.text))
        };
        match (value(right), value(left)) {
            (Some(value), None) => Some((left, value)),
            (None, Some(value)) => Some((right, value)),
            _ => None,
        }
    }
}

/// Whether an assertion calls anything but what only looks at a value: that could change what
/// comes after it.
fn asks_the_code(statement: Node<'_>, text: &str) -> bool {
    any(statement, |node| {
        let looks = ["isinstance", "issubclass", "len", "type", "callable"];
        node.kind() == "call" && !called(node, text).is_some_and(|name| looks.contains(&name))
    })
}

fn is_import(node: Node<'_>) -> bool {
    matches!(node.kind(), "import_statement" | "import_from_statement")
}

/// The sides of an equality that is asserted.
fn sides<'n>(statement: Node<'n>, text: &str) -> Option<[Node<'n>; 2]> {
    let comparison = statement.named_child(0)?;
    let operator = comparison.child_by_field_name("operators")?;
    (statement.kind() == "assert_statement"
        && comparison.kind() == "comparison_operator"
        && comparison.named_child_count() == 2
        && text_of(operator, text) == "==")
        .then(|| Some([comparison.named_child(0)?, comparison.named_child(1)?]))
        .flatten()
}

/// A literal as the script writes an equal value; nothing for one that is not plain enough.
fn written(node: Node<'_>, text: &str) -> Option<String> {
    let own = text_of(node, text);
    let all = |node| -> Option<String> {
        let parts: Option<Vec<String>> = named(node)
            .into_iter()
            .map(|it| written(it, text))
            .collect();
        Some(parts?.join(","))
    };
    match node.kind() {
        "none" | "true" | "false" => Some(own.to_owned()),
        "integer" => Some(own.parse::<u64>().ok()?.to_string()),
        "unary_operator" => {
            let digits = own.strip_prefix('-')?;
            Some(format!(
                "-{}",
                digits.parse::<u64>().ok().filter(|it| *it > 0)?
            ))
        }
        "string" => {
            let quote = own.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let inside = own.strip_prefix(quote)?.strip_suffix(quote)?;
            let is_plain = !inside.contains(['\\', '\n', quote]);
            let hex = inside.bytes().map(|byte| format!("{byte:02x}"));
            is_plain.then(|| format!("s{}", hex.collect::<String>()))
        }
        "list" => Some(format!("[{}]", all(node)?)),
        "tuple" => Some(format!("({})", all(node)?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pytest::testing::{Tree, project};

    fn replay(text: &str) -> Result<Replay, String> {
        let files = [("pytest.ini", ""), ("test_a.py", text)];
        let project = project(&files);
        let target = TestId::new(project.id(), "test_a.py::test_a");
        project.replay(&target, &Tree::new(&files))
    }

    #[test]
    fn the_script_knows_no_expected_value() {
        let replayed = replay(
            "import pytest\nfrom roman import roman\n\ndef test_a():\n    assert roman(4) == 'IV'\n    assert [1, (-2, None)] == g(\n        5)\n",
        )
        .unwrap();
        assert_eq!(replayed.expected, ["s4956", "[1,(-2,None)]"]);
        assert!(replayed.script.contains("from roman import roman\n"));
        assert!(replayed.script.contains("_greenward_write((\nroman(4)\n))"));
        assert!(!replayed.script.contains("IV") && !replayed.script.contains("pytest"));
        assert!(!parse(&replayed.script).unwrap().root_node().has_error());
    }

    #[test]
    fn cases_and_names_are_replayed_without_what_they_must_give() {
        for (text, expected, known, secret) in [
            (
                "@pytest.mark.parametrize(('n', 'numeral'), [(4, 'IV'), (9, 'IX')])\ndef test_a(n, numeral):\n    assert roman(n) == numeral\n",
                &["s4956", "s4958"][..],
                "n = (\n9\n)\n",
                "IX",
            ),
            (
                "def test_a():\n    numeral = 'IV'\n    assert roman(4) == numeral\n",
                &["s4956"],
                "roman(4)",
                "IV",
            ),
            (
                "def test_a():\n    numeral = roman(4)\n    assert isinstance(numeral, str)\n    assert numeral != 'I'\n    assert len(numeral) == 27\n",
                &["27"],
                "numeral = roman(4)\n",
                "27",
            ),
        ] {
            let replayed = replay(text).unwrap();
            assert_eq!(replayed.expected, expected, "{text}");
            assert!(replayed.script.contains(known), "{}", replayed.script);
            assert!(!replayed.script.contains(secret), "{}", replayed.script);
            assert!(!parse(&replayed.script).unwrap().root_node().has_error());
        }
    }

    #[test]
    fn other_tests_are_not_replayed() {
        for (text, why) in [
            (
                "def test_a(tmp_path):\n    assert f() == 1",
                "it takes fixtures",
            ),
            (
                "@mark\ndef test_a():\n    assert f() == 1",
                "it has decorators or stands in a class",
            ),
            (
                "def test_a():\n    x.y = 1\n    assert f() == 1",
                "it is not only assertions",
            ),
            (
                "def test_a():\n    assert f()",
                "it is not only assertions that something equals a literal",
            ),
            (
                "def test_a():\n    assert f() == 0.5",
                "it is not only assertions that something equals a literal",
            ),
            (
                "def test_a():\n    assert f() == 'a\\\\n'",
                "it is not only assertions that something equals a literal",
            ),
            (
                "def test_a():\n    # nothing\n    import x",
                "it asserts nothing",
            ),
            ("def test_b(): pass", "it was not found in its file"),
            (
                "@pytest.fixture(autouse=True)\ndef ready(): go()\n\ndef test_a():\n    assert f() == 1",
                "something is prepared for every test",
            ),
            (
                "@pytest.mark.parametrize('n', [1])\n@pytest.mark.parametrize('m', [1, 2])\ndef test_a(n, m):\n    assert f(n) == m",
                "its cases are combined",
            ),
        ] {
            assert_eq!(replay(text), Err(why.to_owned()), "{text}");
        }
    }
}
