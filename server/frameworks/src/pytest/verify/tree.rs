//! Finding tests in the syntax tree of a Python file.

use tree_sitter::{Node, Tree};

use crate::verify::Place;
use crate::verify::syntax::{self, named, text_of};

/// Parses Python.
pub(super) fn parse(text: &str) -> Option<Tree> {
    syntax::parse(&tree_sitter_python::LANGUAGE.into(), text)
}

/// The function or class by a path such as `TestX::test_y`: of several by one name the last, which
/// is the one that Python keeps.
pub(super) fn find<'n>(root: Node<'n>, text: &str, path: &str) -> Option<Node<'n>> {
    let mut scope = root;
    let mut found = None;
    for name in path.split("::") {
        let mut definitions = Vec::new();
        collect(scope, &mut definitions);
        let definition = definitions.into_iter().rfind(|definition| {
            definition
                .child_by_field_name("name")
                .is_some_and(|node| text_of(node, text) == name)
        })?;
        scope = definition.child_by_field_name("body")?;
        found = Some(definition);
    }
    found
}

/// The functions and classes that stand in a scope itself, also under an `if`, `try` or `with`.
fn collect<'n>(scope: Node<'n>, found: &mut Vec<Node<'n>>) {
    for node in named(scope) {
        match node.kind() {
            "function_definition" | "class_definition" => found.push(node),
            "decorated_definition" => found.extend(node.child_by_field_name("definition")),
            "if_statement" | "elif_clause" | "else_clause" | "try_statement" | "except_clause"
            | "finally_clause" | "with_statement" | "block" => collect(node, found),
            _ => {}
        }
    }
}

/// A function or class with its decorators.
pub(super) fn whole(definition: Node<'_>) -> Node<'_> {
    definition
        .parent()
        .filter(|parent| parent.kind() == "decorated_definition")
        .unwrap_or(definition)
}

/// The decorators of a function or class.
pub(super) fn decorators(definition: Node<'_>) -> Vec<Node<'_>> {
    let mut all = named(whole(definition));
    all.retain(|node| node.kind() == "decorator");
    all
}

/// Where a function stands; nothing if something else stands on its first line.
pub(super) fn place(definition: Node<'_>, text: &str) -> Option<Place> {
    let range = whole(definition).byte_range();
    Some(Place {
        indent: syntax::indentation(range.start, text)?.to_owned(),
        name: definition.child_by_field_name("name")?.byte_range(),
        range,
    })
}

/// The last part of what a call calls: `raises` for `pytest.raises(...)`.
pub(super) fn called<'t>(call: Node<'_>, text: &'t str) -> Option<&'t str> {
    let function = call.child_by_field_name("function")?;
    match function.kind() {
        "identifier" => Some(text_of(function, text)),
        "attribute" => Some(text_of(function.child_by_field_name("attribute")?, text)),
        _ => None,
    }
}

/// The arguments of a call by position; nothing if they are unpacked from something.
pub(super) fn arguments(call: Node<'_>) -> Option<Vec<Node<'_>>> {
    let list = call.child_by_field_name("arguments")?;
    if list.kind() != "argument_list" {
        return None;
    }
    let mut arguments = named(list);
    arguments.retain(|node| !matches!(node.kind(), "comment" | "keyword_argument"));
    let unpacked = |node: &Node<'_>| matches!(node.kind(), "list_splat" | "dictionary_splat");
    (!arguments.iter().any(unpacked)).then_some(arguments)
}
