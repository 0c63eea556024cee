//! Slips in Python code.

use std::ops::RangeInclusive;

use camino::Utf8Path;
use tree_sitter::Node;

use super::tree::parse;
use crate::verify::syntax::{all, line, short, text_of, visit};
use crate::verify::{Mutant, spread};

/// See [`crate::Project::mutants`].
#[must_use]
pub fn mutants(
    _path: &Utf8Path,
    text: &str,
    lines: &[RangeInclusive<u32>],
    cap: usize,
) -> Vec<Mutant> {
    let Some(tree) = parse(text) else {
        return Vec::new();
    };
    let mut finder = Finder {
        text,
        found: Vec::new(),
    };
    visit(tree.root_node(), &mut |node| {
        let at = line(node.start_position().row);
        if lines.iter().any(|lines| lines.contains(&at)) {
            finder.node(node);
        }
        !matches!(
            node.kind(),
            "decorator"
                | "type"
                | "import_statement"
                | "import_from_statement"
                | "assert_statement"
        )
    });
    spread(finder.found, cap)
}

struct Finder<'a> {
    text: &'a str,
    found: Vec<Mutant>,
}

impl Finder<'_> {
    fn node(&mut self, node: Node<'_>) {
        let own = text_of(node, self.text);
        match node.kind() {
            "comparison_operator" => {
                for operator in node.children_by_field_name("operators", &mut node.walk()) {
                    self.swap(operator);
                }
            }
            "binary_operator" | "boolean_operator" | "augmented_assignment" => {
                if let Some(operator) = node.child_by_field_name("operator") {
                    self.swap(operator);
                }
            }
            "not_operator" => {
                if let Some(argument) = node.child_by_field_name("argument") {
                    let inside = format!("({})", text_of(argument, self.text));
                    self.push(node, &inside, "`not` removed".to_owned());
                }
            }
            "true" => self.become_(node, "False"),
            "false" => self.become_(node, "True"),
            "integer" => {
                if let Ok(value) = own.replace('_', "").parse::<u64>() {
                    self.become_(node, &value.saturating_add(1).to_string());
                }
            }
            "string" if !is_documentation(node) => self.string(node),
            "break_statement" => self.become_(node, "continue"),
            "continue_statement" => self.become_(node, "break"),
            "if_statement" | "elif_clause" | "conditional_expression" => self.condition(node),
            "return_statement" => {
                if let Some(value) = node.named_child(0).filter(|value| value.kind() != "none") {
                    let what = format!("`{}` returned as `None`", short(text_of(value, self.text)));
                    self.push(value, "None", what);
                }
            }
            "expression_statement" => self.statement(node),
            _ => {}
        }
    }

    fn swap(&mut self, operator: Node<'_>) {
        let other = match text_of(operator, self.text) {
            "<" => "<=",
            "<=" => "<",
            ">" => ">=",
            ">=" => ">",
            "==" => "!=",
            "!=" => "==",
            "in" => "not in",
            "not in" => "in",
            "is" => "is not",
            "is not" => "is",
            "+" => "-",
            "-" | "*" | "//" => "+",
            "/" => "*",
            "%" => "+",
            "**" => "*",
            "&" => "|",
            "|" => "&",
            "<<" => ">>",
            ">>" => "<<",
            "and" => "or",
            "or" => "and",
            "+=" => "-=",
            "-=" | "*=" | "//=" => "+=",
            "/=" => "*=",
            _ => return,
        };
        self.become_(operator, other);
    }

    fn condition(&mut self, node: Node<'_>) {
        let condition = if node.kind() == "conditional_expression" {
            node.named_child(1)
        } else {
            node.child_by_field_name("condition")
        };
        // A comparison has slips of its own that say as much.
        if let Some(condition) = condition
            && !matches!(condition.kind(), "comparison_operator" | "not_operator")
        {
            let own = text_of(condition, self.text);
            let what = format!("condition `{}` negated", short(own));
            self.push(condition, &format!("not ({own})"), what);
        }
    }

    fn string(&mut self, node: Node<'_>) {
        let (Some(start), Some(end)) = (
            node.child(0).filter(|it| it.kind() == "string_start"),
            all(node, |it| it.kind() == "string_end").into_iter().last(),
        ) else {
            return;
        };
        let inside = start.end_byte()..end.start_byte();
        if inside.is_empty() {
            return;
        }
        self.found.push(Mutant {
            line: line(node.start_position().row),
            description: format!("`{}` emptied", short(text_of(node, self.text))),
            range: inside,
            replacement: String::new(),
        });
    }

    fn statement(&mut self, node: Node<'_>) {
        let Some(inside) = node.named_child(0) else {
            return;
        };
        let deletable = match inside.kind() {
            "call" | "augmented_assignment" | "await" => true,
            "assignment" => inside
                .child_by_field_name("left")
                .is_some_and(|left| matches!(left.kind(), "attribute" | "subscript")),
            _ => false,
        };
        if deletable {
            let what = format!("`{}` removed", short(text_of(node, self.text)));
            self.push(node, "pass", what);
        }
    }

    fn become_(&mut self, node: Node<'_>, other: &str) {
        let what = format!("`{}` becomes `{other}`", short(text_of(node, self.text)));
        self.push(node, other, what);
    }

    fn push(&mut self, node: Node<'_>, replacement: &str, description: String) {
        self.found.push(Mutant {
            line: line(node.start_position().row),
            description,
            range: node.byte_range(),
            replacement: replacement.to_owned(),
        });
    }
}

/// A string that is a statement: it documents.
fn is_documentation(node: Node<'_>) -> bool {
    node.parent()
        .is_some_and(|parent| parent.kind() == "expression_statement")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mutants of a text, each with its line; all of them parse.
    #[track_caller]
    fn check(text: &str, lines: RangeInclusive<u32>, expected: &[&str]) {
        let found = mutants(Utf8Path::new("a.py"), text, &[lines], 100);
        for mutant in &found {
            let mutated = mutant.apply(text);
            assert!(
                !parse(&mutated).unwrap().root_node().has_error(),
                "{mutated}"
            );
            assert_ne!(mutated, text);
        }
        let found: Vec<String> = found
            .iter()
            .map(|mutant| format!("{} {}", mutant.line, mutant.description))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_kind_of_slip() {
        check(
            "def f(n):\n    if n < 5 and not g(n):\n        h(n)\n        return True\n    for i in range(n):\n        if g(i): break\n    x += 1\n    self.a = 'b'\n    return 'a' in n - 2\n",
            1..=8,
            &[
                "1 condition `n < 5 and not g(n)` negated",
                "1 `<` becomes `<=`",
                "1 `5` becomes `6`",
                "1 `and` becomes `or`",
                "1 `not` removed",
                "2 `h(n)` removed",
                "3 `True` returned as `None`",
                "3 `True` becomes `False`",
                "5 condition `g(i)` negated",
                "5 `break` becomes `continue`",
                "6 `x += 1` removed",
                "6 `+=` becomes `-=`",
                "6 `1` becomes `2`",
                "7 `self.a = 'b'` removed",
                "7 `'b'` emptied",
                "8 `'a' in n - 2` returned as `None`",
                "8 `'a'` emptied",
                "8 `in` becomes `not in`",
                "8 `-` becomes `+`",
                "8 `2` becomes `3`",
            ],
        );
    }

    #[test]
    fn nothing_else_is_touched() {
        let text = "\"\"\"Doc 1.\"\"\"\nfrom a import b  # 1 + 1\n@mark(1)\ndef f(n: \"T\"):\n    \"\"\"1 < 2\"\"\"\n    return None\n";
        check(text, 0..=20, &[]);
        check("a = 1\nb = 2\n", 1..=1, &["1 `2` becomes `3`"]);
    }
}
