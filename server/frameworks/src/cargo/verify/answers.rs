//! Answers in Rust: which the tests hold, and the cases of code that may know them.

use std::collections::HashSet;

use tree_sitter::Node;

use super::regions::regions;
use super::tree::{Arguments, parse};
use super::warnings::{is_literal, value};
use crate::verify::syntax::{all, any, around, lines, named, text_of, visit};
use crate::verify::{Answers, Case, number};

/// Macros within macros are looked into this deep.
const DEEPEST: usize = 4;

/// Takes in which literals of a file's tests stand together.
pub(super) fn take_in(text: &str, answers: &mut Answers) {
    let Some(tree) = parse(text) else {
        return;
    };
    let root = tree.root_node();
    let tests = regions(root, text);
    visit(root, &mut |node| {
        // The code may stand in the same file.
        let is_in_tests = tests.iter().any(|region| {
            region.range.start <= node.start_byte() && node.end_byte() <= region.range.end
        });
        if is_in_tests {
            take_in_node(node, text, answers, DEEPEST);
        }
        !is_in_tests
    });
}

fn take_in_node(node: Node<'_>, text: &str, answers: &mut Answers, depth: usize) {
    visit(node, &mut |node| {
        inputs(node, text, answers);
        match node.kind() {
            "binary_expression" => {
                if let Some((one, other)) = fields(node, "left", "right") {
                    answers.add(&literals(one, text), &literals(other, text));
                }
            }
            "match_arm" => {
                if let Some((one, other)) = fields(node, "pattern", "value") {
                    answers.add(&literals(one, text), &literals(other, text));
                }
            }
            "tuple_expression" => row(&named(node), text, answers),
            "arguments" if is_row_of_arguments(node) => row(&named(node), text, answers),
            "array_expression" if !is_table(node) && node.parent().is_some_and(is_table) => {
                row(&named(node), text, answers);
            }
            "macro_invocation" if depth > 0 => {
                let Some(arguments) = Arguments::of(node, text) else {
                    return true;
                };
                let (nodes, text_inside) = (arguments.nodes(), arguments.text());
                if text_of(node, text).starts_with("assert") {
                    row(&nodes[..nodes.len().min(2)], text_inside, answers);
                }
                for node in nodes {
                    take_in_node(node, text_inside, answers, depth - 1);
                }
                return false;
            }
            // `#[case(1, 2)]`
            "attribute_item" => {
                if let Some(case) = text_of(node, text).strip_prefix("#[case") {
                    let call = format!("const _: () = case!{};", case.trim_end_matches(']'));
                    if let Some(tree) = parse(&call) {
                        let calls = all(tree.root_node(), |it| it.kind() == "macro_invocation");
                        if let Some(arguments) =
                            calls.first().and_then(|it| Arguments::of(*it, &call))
                        {
                            row(&arguments.nodes(), arguments.text(), answers);
                        }
                    }
                }
            }
            _ => {}
        }
        true
    });
}

/// `check(&f(1), 2)`, but no call of what is tested.
fn is_row_of_arguments(arguments: Node<'_>) -> bool {
    named(arguments)
        .into_iter()
        .any(|argument| any(argument, |node| node.kind() == "call_expression"))
}

fn inputs(call: Node<'_>, text: &str, answers: &mut Answers) {
    if let Some((_, arguments)) = fields(call, "function", "arguments") {
        for argument in named(arguments) {
            if is_literal(argument) {
                answers.add_input(literal(argument, text));
            }
        }
    }
}

/// Whether a number is what a function asks its parameter to be, and what a test gives it.
pub(super) fn is_singled_out(node: Node<'_>, text: &str, answers: &Answers) -> bool {
    let Some(comparison) = node.parent() else {
        return false;
    };
    let parameters = function(node).child_by_field_name("parameters");
    let is_parameter = |operand: Node<'_>| {
        let name = |node: Node<'_>| {
            node.kind() == "identifier" && text_of(node, text) == text_of(operand, text)
        };
        operand.kind() == "identifier" && parameters.is_some_and(|all| any(all, name))
    };
    node.kind() == "integer_literal"
        && is_equality(comparison)
        && named(comparison).into_iter().any(is_parameter)
        && answers.is_singled_out(&number(text_of(node, text)))
}

fn row(columns: &[Node<'_>], text: &str, answers: &mut Answers) {
    let columns: Vec<_> = columns.iter().map(|it| literals(*it, text)).collect();
    answers.add_row(&columns);
}

/// The cases that a node is.
pub(super) fn cases(node: Node<'_>, text: &str) -> Vec<Case> {
    if node.kind() == "macro_invocation" {
        return cases_of_macro(node, text);
    }
    case(node, text).into_iter().collect()
}

/// The rows of `vec![(1, 2), (3, 4)]`.
fn cases_of_macro(call: Node<'_>, text: &str) -> Vec<Case> {
    let Some(arguments) = Arguments::of(call, text) else {
        return Vec::new();
    };
    let nodes = arguments.nodes();
    if !nodes.iter().all(|node| is_row(*node)) {
        return Vec::new();
    }
    let case = |row: &Node<'_>| {
        let (keys, values) = columns(*row, arguments.text())?;
        Some(Case {
            table: call.start_byte(),
            keys,
            values,
            lines: lines(call),
        })
    };
    nodes.iter().filter_map(case).collect()
}

fn case(node: Node<'_>, text: &str) -> Option<Case> {
    let parent = node.parent();
    let (table, keys, values) = match node.kind() {
        "match_arm" => {
            let (pattern, value) = fields(node, "pattern", "value")?;
            (
                function(node),
                literals(pattern, text),
                outcome(value, text),
            )
        }
        "if_expression" => {
            let (condition, consequence) = fields(node, "condition", "consequence")?;
            (
                function(node),
                condition_on(condition, text),
                outcome(only(consequence)?, text),
            )
        }
        "tuple_expression" | "array_expression" if parent.is_some_and(is_table) => {
            let (keys, values) = columns(node, text)?;
            (parent?, keys, values)
        }
        "call_expression" => {
            let (called, arguments) = fields(node, "function", "arguments")?;
            if !text_of(called, text).ends_with(".insert") {
                return None;
            }
            let (keys, values) = columns(arguments, text)?;
            (function(node), keys, values)
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

fn columns(row: Node<'_>, text: &str) -> Option<(Vec<String>, Vec<String>)> {
    let columns = named(row);
    let (key, values) = columns.split_first()?;
    let values = values.iter().flat_map(|value| outcome(*value, text));
    Some((literals(*key, text), values.collect()))
}

fn fields<'n>(node: Node<'n>, one: &str, other: &str) -> Option<(Node<'n>, Node<'n>)> {
    Some((
        node.child_by_field_name(one)?,
        node.child_by_field_name(other)?,
    ))
}

fn is_row(node: Node<'_>) -> bool {
    matches!(node.kind(), "tuple_expression" | "array_expression") && named(node).len() >= 2
}

/// An array of nothing but rows.
fn is_table(node: Node<'_>) -> bool {
    let inside = named(node);
    node.kind() == "array_expression"
        && !inside.is_empty()
        && inside.iter().all(|node| is_row(*node))
}

/// The function that a node is in, or the file.
fn function(node: Node<'_>) -> Node<'_> {
    around(node)
        .find(|around| matches!(around.kind(), "function_item" | "source_file"))
        .unwrap_or(node)
}

/// What alone a block does.
fn only(block: Node<'_>) -> Option<Node<'_>> {
    let mut inside = named(block);
    inside.retain(|node| !node.kind().contains("comment"));
    match inside[..] {
        [only] => Some(only),
        _ => None,
    }
}

fn literals(node: Node<'_>, text: &str) -> Vec<String> {
    let found: HashSet<String> = all(node, is_literal)
        .into_iter()
        .map(|node| literal(node, text))
        .collect();
    let mut found: Vec<String> = found.into_iter().collect();
    found.sort();
    found
}

fn literal(node: Node<'_>, text: &str) -> String {
    let value = value(node, text);
    if node.kind().contains("string") {
        value.to_owned()
    } else {
        number(value)
    }
}

/// The literals of what a case comes to, if it is made of them alone.
fn outcome(node: Node<'_>, text: &str) -> Vec<String> {
    let is_worked_out = any(node, |node| {
        matches!(
            node.kind(),
            "binary_expression"
                | "if_expression"
                | "match_expression"
                | "for_expression"
                | "while_expression"
                | "closure_expression"
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
    let comparisons = all(condition, is_equality);
    let operands = comparisons.into_iter().flat_map(named);
    operands
        .flat_map(|operand| compared_with(operand, text))
        .collect()
}

fn is_equality(node: Node<'_>) -> bool {
    node.kind() == "binary_expression"
        && node
            .child_by_field_name("operator")
            .is_some_and(|operator| operator.kind() == "==")
}

/// The literals of an operand that is made of them alone.
fn compared_with(operand: Node<'_>, text: &str) -> Vec<String> {
    let is_made_otherwise = any(operand, |node| {
        matches!(
            node.kind(),
            "identifier" | "binary_expression" | "call_expression"
        )
    });
    if is_made_otherwise {
        Vec::new()
    } else {
        literals(operand, text)
    }
}
