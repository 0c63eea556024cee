//! Replaying a Python test's expressions in a process that never sees what they must give.
//!
//! Whatever the code under test does in that process (patches, equal-to-everything objects, an
//! early exit), it can only write values; whether they are right is said outside.

use greenward_core::TestId;
use tree_sitter::Node;

use super::super::plan::file_of;
use super::super::project::Project;
use super::tree::{find, parse, whole};
use crate::Files;
use crate::verify::Replay;
use crate::verify::syntax::{named, text_of};

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
        let text = files.read(&self.root().join(file));
        let text = text.ok_or("its file cannot be read")?;
        let tree = parse(&text).ok_or("its file cannot be read")?;
        let root = tree.root_node();
        let path = local.strip_prefix(file).unwrap_or_default();
        let path = path.trim_start_matches("::");
        let function = find(root, &text, path).ok_or("it was not found in its file")?;
        if whole(function) != function || path.contains("::") {
            return Err("it has decorators or stands in a class".to_owned());
        }
        let parameters = function.child_by_field_name("parameters");
        if parameters.is_none_or(|parameters| parameters.named_child_count() > 0) {
            return Err("it takes fixtures".to_owned());
        }
        let body = function.child_by_field_name("body");
        let statements = body.map_or_else(Vec::new, named);
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
        for statement in statements {
            match statement.kind() {
                "comment" => {}
                _ if is_import(statement) => {
                    script.push_str(text_of(statement, &text));
                    script.push('\n');
                }
                "assert_statement" => {
                    let (actual, value) = equality(statement, &text)
                        .ok_or("it is not only assertions that something equals a literal")?;
                    let actual = text_of(actual, &text);
                    script.push_str(&format!(
                        "_greenward_lines.append(_greenward_write((\n{actual}\n)))\n"
                    ));
                    expected.push(value);
                }
                _ => return Err("it is not only assertions".to_owned()),
            }
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

fn is_import(node: Node<'_>) -> bool {
    matches!(node.kind(), "import_statement" | "import_from_statement")
}

/// What `assert ACTUAL == LITERAL` compares, the literal as it must be written.
fn equality<'n>(statement: Node<'n>, text: &str) -> Option<(Node<'n>, String)> {
    let comparison = statement.named_child(0)?;
    let operator = comparison.child_by_field_name("operators")?;
    if comparison.kind() != "comparison_operator"
        || comparison.named_child_count() != 2
        || text_of(operator, text) != "=="
    {
        return None;
    }
    let (left, right) = (comparison.named_child(0)?, comparison.named_child(1)?);
    match (written(right, text), written(left, text)) {
        (Some(value), None) => Some((left, value)),
        (None, Some(value)) => Some((right, value)),
        _ => None,
    }
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
                "def test_a():\n    x = 1\n    assert f() == 1",
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
        ] {
            assert_eq!(replay(text), Err(why.to_owned()), "{text}");
        }
    }
}
