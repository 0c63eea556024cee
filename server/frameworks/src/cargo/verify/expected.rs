//! Where a Rust test has a value from that it compares by a name: a loop over a table of cases, a
//! binding. What is altered there looks like any other case.

use tree_sitter::Node;

use super::literals;
use super::tree::{Arguments, has_token, macro_name};
use crate::verify::syntax::{Edit, all, around, named, text_of};
use crate::verify::{Random, mentions};

/// The name in an expression that only converts what the name stands for.
pub(super) fn name<'t>(side: Node<'_>, text: &'t str) -> Option<&'t str> {
    match side.kind() {
        "identifier" => Some(text_of(side, text)),
        "reference_expression" => name(side.child_by_field_name("value")?, text),
        "parenthesized_expression" => name(side.named_child(0)?, text),
        "unary_expression" if text_of(side, text).starts_with('*') => {
            name(side.named_child(0)?, text)
        }
        "call_expression" => {
            let function = side.child_by_field_name("function")?;
            let field = function.child_by_field_name("field")?;
            literals::CONVERSIONS
                .contains(&text_of(field, text))
                .then(|| name(function.child_by_field_name("value")?, text))
                .flatten()
        }
        _ => None,
    }
}

/// An edit that gives another value to a name, so that honest code fails where it is compared.
/// Nothing, if the name stands for anything but a value to be compared with, or nothing is sure.
pub(super) fn altered(
    assertion: Node<'_>,
    wanted: &str,
    text: &str,
    random: &mut Random<'_>,
) -> Option<Edit> {
    let function = around(assertion).find(|node| node.kind() == "function_item")?;
    // Where it is bound, and where it is compared.
    if mentions(text_of(function, text), wanted) != 2 {
        return None;
    }
    looped(assertion, wanted, text, random).or_else(|| bound(function, wanted, text, random))
}

/// In one turn of the loop that binds it.
fn looped(assertion: Node<'_>, wanted: &str, text: &str, random: &mut Random<'_>) -> Option<Edit> {
    let loops = around(assertion)
        .take_while(|node| node.kind() != "function_item")
        .filter(|node| node.kind() == "for_expression");
    for turns in loops {
        let pattern = turns.child_by_field_name("pattern")?;
        let bound = match pattern.kind() {
            "tuple_pattern" => named(pattern),
            _ => vec![pattern],
        };
        let alone = pattern.kind() != "tuple_pattern";
        let Some(place) = bound
            .iter()
            .position(|one| one.kind() == "identifier" && text_of(*one, text) == wanted)
        else {
            continue;
        };
        // A loop that may end early has a first turn all the same.
        let ends_early = !all(turns, |node| {
            matches!(
                node.kind(),
                "break_expression" | "return_expression" | "continue_expression" | "try_expression"
            )
        })
        .is_empty();
        let value = turns.child_by_field_name("value")?;
        return match table(value, text)? {
            Table::Plain(array) => {
                let case = chosen(elements(array), ends_early, random)?;
                literals::altered(in_case(case, place, alone)?, text, random)
            }
            Table::Macro(arguments) => {
                let case = chosen(arguments.nodes(), ends_early, random)?;
                let value = in_case(case, place, alone)?;
                let edit = literals::altered(value, arguments.text(), random)?;
                Some(arguments.in_file(edit))
            }
        };
    }
    None
}

/// Cases that stand in the text.
enum Table<'n> {
    Plain(Node<'n>),
    /// Of a `vec!`.
    Macro(Arguments),
}

fn table<'n>(value: Node<'n>, text: &str) -> Option<Table<'n>> {
    match value.kind() {
        "array_expression" if !has_token(value, ";") => Some(Table::Plain(value)),
        "reference_expression" => table(value.child_by_field_name("value")?, text),
        "macro_invocation" if text_of(macro_name(value)?, text) == "vec" => {
            Arguments::of(value, text).map(Table::Macro)
        }
        "call_expression" => {
            let function = value.child_by_field_name("function")?;
            let field = text_of(function.child_by_field_name("field")?, text);
            matches!(field, "iter" | "into_iter" | "copied" | "cloned" | "rev")
                .then(|| table(function.child_by_field_name("value")?, text))
                .flatten()
        }
        _ => None,
    }
}

fn elements(node: Node<'_>) -> Vec<Node<'_>> {
    let mut inside = named(node);
    inside.retain(|element| !element.kind().contains("comment"));
    inside
}

fn chosen<'n>(cases: Vec<Node<'n>>, first: bool, random: &mut Random<'_>) -> Option<Node<'n>> {
    match first {
        // Of `rev` it would be the last, but then the order is not sure: one case is.
        true if cases.len() > 1 => None,
        true => cases.first().copied(),
        false => random.pick(&cases),
    }
}

fn in_case(case: Node<'_>, place: usize, alone: bool) -> Option<Node<'_>> {
    match case.kind() {
        _ if alone => Some(case),
        "tuple_expression" => elements(case).get(place).copied(),
        "reference_expression" => in_case(case.child_by_field_name("value")?, place, alone),
        _ => None,
    }
}

/// Where a `let` of the function binds it.
fn bound(function: Node<'_>, wanted: &str, text: &str, random: &mut Random<'_>) -> Option<Edit> {
    let body = function.child_by_field_name("body")?;
    let binding = named(body).into_iter().find(|statement| {
        statement.kind() == "let_declaration"
            && statement
                .child_by_field_name("pattern")
                .is_some_and(|pattern| text_of(pattern, text) == wanted)
    })?;
    literals::altered(binding.child_by_field_name("value")?, text, random)
}
