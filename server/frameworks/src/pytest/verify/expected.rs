//! Where a Python test has a value from that it compares by a name: a table of cases, a loop over
//! one, an assignment. What is altered there looks like any other case.

use tree_sitter::Node;

use super::literals::{self, Off};
use super::tree::{arguments, called, decorators, whole};
use crate::verify::syntax::{Edit, all, around, named, text_of};
use crate::verify::{Random, mentions};

/// Edits that give other values to a name in a test, so that honest code fails each of its cases.
/// Nothing, if the name stands for anything but values to be compared with, or nothing is sure.
pub(super) fn altered(
    name: Node<'_>,
    text: &str,
    off: Off,
    random: &mut Random<'_>,
) -> Option<Vec<Edit>> {
    let function = around(name).find(|node| node.kind() == "function_definition")?;
    let wanted = text_of(name, text);
    let mentioned = mentions(text_of(whole(function), text), wanted);
    let mut at = Vec::new();
    if mentioned == 3 {
        // Its name in the decorator, in the parameters, and here.
        at = parametrized(function, wanted, text)?;
    } else if mentioned == 2 {
        let found = looped(name, wanted, text, random).or_else(|| assigned(function, wanted, text));
        at.push(found?);
    }
    let edits: Option<Vec<Edit>> = at
        .into_iter()
        .map(|value| literals::altered(value, text, off, random))
        .collect();
    edits.filter(|edits| !edits.is_empty())
}

/// The values of a parameter in each case, if all of them stand in the test's own decorator.
pub(super) fn parametrized<'n>(
    function: Node<'n>,
    wanted: &str,
    text: &str,
) -> Option<Vec<Node<'n>>> {
    for decorator in decorators(function) {
        let call = decorator.named_child(0)?;
        if call.kind() != "call" || called(call, text) != Some("parametrize") {
            continue;
        }
        let given = arguments(call)?;
        let (names, cases) = (*given.first()?, *given.get(1)?);
        let names: Vec<&str> = text_of(names, text)
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .filter(|word| !word.is_empty())
            .collect();
        let Some(place) = names.iter().position(|name| *name == wanted) else {
            continue;
        };
        let is_indirect = call
            .child_by_field_name("arguments")
            .is_some_and(|list| text_of(list, text).contains("indirect"));
        if is_indirect || !matches!(cases.kind(), "list" | "tuple") {
            return None;
        }
        let alone = names.len() == 1;
        return elements(cases)
            .into_iter()
            .map(|case| in_case(case, place, alone, text))
            .collect();
    }
    None
}

/// A parameter's value in a case.
fn in_case<'n>(case: Node<'n>, place: usize, alone: bool, text: &str) -> Option<Node<'n>> {
    match case.kind() {
        "call" if called(case, text) == Some("param") => {
            // A mark may keep the case from failing.
            let has_marks = text_of(case, text).contains("marks");
            let values = arguments(case).filter(|_| !has_marks)?;
            values.get(place).copied()
        }
        _ if alone => Some(case),
        "tuple" | "list" => elements(case).get(place).copied(),
        _ => None,
    }
}

fn elements(node: Node<'_>) -> Vec<Node<'_>> {
    let mut inside = named(node);
    inside.retain(|element| element.kind() != "comment");
    inside
}

/// The name's value in one turn of the loop that binds it.
fn looped<'n>(
    name: Node<'n>,
    wanted: &str,
    text: &str,
    random: &mut Random<'_>,
) -> Option<Node<'n>> {
    let binding = around(name)
        .take_while(|node| node.kind() != "function_definition")
        .filter(|node| node.kind() == "for_statement");
    for turns in binding {
        let left = turns.child_by_field_name("left")?;
        let alone = left.kind() == "identifier";
        let bound = if alone { vec![left] } else { named(left) };
        let place = bound
            .iter()
            .position(|one| one.kind() == "identifier" && text_of(*one, text) == wanted);
        let Some(place) = place else { continue };
        let right = turns.child_by_field_name("right")?;
        if !matches!(right.kind(), "list" | "tuple") {
            return None;
        }
        let cases = elements(right);
        // A loop that may end early has a first turn all the same.
        let ends_early = !all(turns, |node| {
            matches!(
                node.kind(),
                "break_statement" | "return_statement" | "continue_statement"
            )
        })
        .is_empty();
        let case = match ends_early {
            true => *cases.first()?,
            false => random.pick(&cases)?,
        };
        return in_case(case, place, alone, text);
    }
    None
}

/// What the name is assigned, once.
pub(super) fn assigned<'n>(function: Node<'n>, wanted: &str, text: &str) -> Option<Node<'n>> {
    let body = function.child_by_field_name("body")?;
    let mut assignments = named(body).into_iter().filter_map(|statement| {
        let assignment = statement.named_child(0)?;
        let left = assignment.child_by_field_name("left")?;
        (assignment.kind() == "assignment" && text_of(left, text) == wanted)
            .then(|| assignment.child_by_field_name("right"))
            .flatten()
    });
    assignments.next()
}
