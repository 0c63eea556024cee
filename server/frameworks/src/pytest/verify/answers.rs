//! Answers in Python: which the tests hold, and the cases of code that may know them.

use std::collections::HashSet;

use tree_sitter::Node;

use super::tree::parse;
use super::warnings::value;
use crate::verify::syntax::{all, any, around, children, lines, named, text_of, visit};
use crate::verify::{Answers, Case, number};

/// Takes in which literals of a test file stand together.
pub(super) fn take_in(text: &str, answers: &mut Answers) {
    let Some(tree) = parse(text) else {
        return;
    };
    visit(tree.root_node(), &mut |node| {
        inputs(node, text, answers);
        match node.kind() {
            "comparison_operator" => {
                if let [one, other] = named(node)[..] {
                    answers.add(&literals(one, text), &literals(other, text));
                }
            }
            "pair" => {
                if let Some((key, value)) = fields(node, "key", "value") {
                    answers.add(&literals(key, text), &literals(value, text));
                }
            }
            "argument_list" if is_row_of_arguments(node, text) => row(node, text, answers),
            "tuple" if !is_table(node) => row(node, text, answers),
            "list" if !is_table(node) && node.parent().is_some_and(is_table) => {
                row(node, text, answers);
            }
            _ => {}
        }
        true
    });
}

/// `assertEqual(f(1), 2)` and `pytest.param(1, 2)`, but no call of what is tested.
fn is_row_of_arguments(arguments: Node<'_>, text: &str) -> bool {
    let function = arguments
        .parent()
        .and_then(|call| call.child_by_field_name("function"));
    let is_param = function.is_some_and(|function| text_of(function, text).ends_with("param"));
    is_param
        || named(arguments)
            .into_iter()
            .any(|argument| any(argument, |node| node.kind() == "call"))
}

fn inputs(call: Node<'_>, text: &str, answers: &mut Answers) {
    let Some((function, arguments)) = fields(call, "function", "arguments") else {
        return;
    };
    if !text_of(function, text).contains("assert") {
        for argument in named(arguments) {
            if let Some(literal) = literal(argument, text) {
                answers.add_input(literal);
            }
        }
    }
}

/// Whether a number is what a function asks its parameter to be, and what a test gives it.
pub(super) fn is_singled_out(node: Node<'_>, text: &str, answers: &Answers) -> bool {
    let Some(comparison) = node.parent() else {
        return false;
    };
    let is_equality = comparison.kind() == "comparison_operator"
        && children(comparison).iter().any(|it| it.kind() == "==");
    let parameters = function(node).child_by_field_name("parameters");
    let is_parameter = |operand: Node<'_>| {
        let name = |node: Node<'_>| {
            node.kind() == "identifier" && text_of(node, text) == text_of(operand, text)
        };
        operand.kind() == "identifier" && parameters.is_some_and(|all| any(all, name))
    };
    node.kind() == "integer"
        && is_equality
        && named(comparison).into_iter().any(is_parameter)
        && answers.is_singled_out(&number(text_of(node, text)))
}

fn row(node: Node<'_>, text: &str, answers: &mut Answers) {
    let columns: Vec<_> = named(node)
        .into_iter()
        .map(|column| literals(column, text))
        .collect();
    answers.add_row(&columns);
}

/// The cases of a text.
pub(super) fn cases(root: Node<'_>, text: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    visit(root, &mut |node| {
        cases.extend(case(node, text));
        true
    });
    cases
}

fn case(node: Node<'_>, text: &str) -> Option<Case> {
    let parent = node.parent();
    let (table, keys, values) = match node.kind() {
        "pair" => {
            let (key, value) = fields(node, "key", "value")?;
            (parent?, literals(key, text), outcome(value, text))
        }
        "tuple" | "list" if parent.is_some_and(is_table) => {
            let columns = named(node);
            let (key, values) = columns.split_first()?;
            let values = values.iter().flat_map(|value| outcome(*value, text));
            (parent?, literals(*key, text), values.collect())
        }
        "assignment" => {
            let (left, right) = fields(node, "left", "right")?;
            let key = (left.kind() == "subscript")
                .then(|| left.child_by_field_name("subscript"))
                .flatten()?;
            (
                function(node),
                compared_with(key, text),
                outcome(right, text),
            )
        }
        "if_statement" | "elif_clause" => {
            let (condition, consequence) = fields(node, "condition", "consequence")?;
            (
                function(node),
                condition_on(condition, text),
                outcome(only(consequence)?, text),
            )
        }
        "conditional_expression" => {
            let [value, condition, _] = named(node)[..] else {
                return None;
            };
            (
                function(node),
                condition_on(condition, text),
                outcome(value, text),
            )
        }
        "case_clause" => {
            let pattern = named(node)
                .into_iter()
                .find(|child| child.kind() == "case_pattern")?;
            let consequence = node.child_by_field_name("consequence")?;
            (
                function(node),
                literals(pattern, text),
                outcome(only(consequence)?, text),
            )
        }
        _ => return None,
    };
    Some(Case {
        table: table.start_byte(),
        keys,
        values,
        lines: lines(node),
    })
}

fn fields<'n>(node: Node<'n>, one: &str, other: &str) -> Option<(Node<'n>, Node<'n>)> {
    Some((
        node.child_by_field_name(one)?,
        node.child_by_field_name(other)?,
    ))
}

/// A sequence of nothing but rows.
fn is_table(node: Node<'_>) -> bool {
    let is_sequence = |node: &Node<'_>| matches!(node.kind(), "list" | "tuple");
    let inside = named(node);
    is_sequence(&node)
        && !inside.is_empty()
        && inside
            .iter()
            .all(|row| is_sequence(row) && named(*row).len() >= 2)
}

/// The function that a node is in, or the file.
fn function(node: Node<'_>) -> Node<'_> {
    around(node)
        .find(|around| matches!(around.kind(), "function_definition" | "module"))
        .unwrap_or(node)
}

/// What alone a block does.
fn only(block: Node<'_>) -> Option<Node<'_>> {
    let mut inside = named(block);
    inside.retain(|node| node.kind() != "comment");
    match inside[..] {
        [only] => Some(only),
        _ => None,
    }
}

fn literals(node: Node<'_>, text: &str) -> Vec<String> {
    let found: HashSet<String> = all(node, |node| value(node, text).is_some())
        .into_iter()
        .filter_map(|node| literal(node, text))
        .collect();
    let mut found: Vec<String> = found.into_iter().collect();
    found.sort();
    found
}

fn literal(node: Node<'_>, text: &str) -> Option<String> {
    let value = value(node, text)?;
    Some(if node.kind() == "string" {
        value.to_owned()
    } else {
        number(value)
    })
}

/// The literals of what a case comes to, if it is made of them alone.
fn outcome(node: Node<'_>, text: &str) -> Vec<String> {
    let is_worked_out = any(node, |node| {
        matches!(
            node.kind(),
            "binary_operator"
                | "comparison_operator"
                | "for_in_clause"
                | "block"
                | "lambda"
                | "interpolation"
        )
    });
    if is_worked_out {
        Vec::new()
    } else {
        literals(node, text)
    }
}

/// The literals that a condition compares something with.
fn condition_on(condition: Node<'_>, text: &str) -> Vec<String> {
    let comparisons = all(condition, |node| {
        let is_equality = |child: &Node<'_>| matches!(child.kind(), "==" | "in");
        node.kind() == "comparison_operator" && children(node).iter().any(is_equality)
    });
    let operands = comparisons.into_iter().flat_map(named);
    operands
        .flat_map(|operand| compared_with(operand, text))
        .collect()
}

/// The literals of an operand that is made of them alone.
fn compared_with(operand: Node<'_>, text: &str) -> Vec<String> {
    let is_made_otherwise = any(operand, |node| {
        matches!(node.kind(), "identifier" | "binary_operator" | "call")
    });
    if is_made_otherwise {
        Vec::new()
    } else {
        literals(operand, text)
    }
}
