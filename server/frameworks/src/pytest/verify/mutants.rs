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
