//! Finding functions in the syntax tree of a Rust file.

use tree_sitter::{Node, Tree};

use crate::verify::Place;
use crate::verify::syntax::{self, Edit, children, indentation, named, text_of};

/// Parses Rust.
pub(super) fn parse(text: &str) -> Option<Tree> {
    syntax::parse(&tree_sitter_rust::LANGUAGE.into(), text)
}

/// What stands around the arguments of a macro so that they parse as those of a call.
const CALL: (&str, &str) = ("fn f(){g(", ")}");

/// The arguments of a macro call, parsed as if it were a function's.
pub(super) struct Arguments {
    tree: Tree,
    text: String,
    /// Where the arguments start in the file.
    start: usize,
}

impl Arguments {
    /// Nothing, if the macro's tokens are no list of expressions.
    pub(super) fn of(call: Node<'_>, text: &str) -> Option<Self> {
        let tokens = named(call)
            .into_iter()
            .find(|child| child.kind() == "token_tree")?;
        let range = tokens.start_byte() + 1..tokens.end_byte().checked_sub(1)?;
        let wrapped = [CALL.0, text.get(range.clone())?, CALL.1].concat();
        let tree = parse(&wrapped)?;
        (!tree.root_node().has_error()).then_some(Self {
            tree,
            text: wrapped,
            start: range.start,
        })
    }

    pub(super) fn nodes(&self) -> Vec<Node<'_>> {
        let lists = syntax::all(self.tree.root_node(), |node| node.kind() == "arguments");
        let Some(list) = lists.first() else {
            return Vec::new();
        };
        let mut nodes = named(*list);
        nodes.retain(|node| !node.kind().contains("comment"));
        nodes
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// An edit of these arguments as one of the file.
    pub(super) fn in_file(&self, edit: Edit) -> Edit {
        let shift = |at: usize| (at + self.start).saturating_sub(CALL.0.len());
        Edit::new(shift(edit.range.start)..shift(edit.range.end), edit.text)
    }
}

/// The name of the macro that a call calls, without its path, as a node.
pub(super) fn macro_name(call: Node<'_>) -> Option<Node<'_>> {
    let name = call.child_by_field_name("macro")?;
    match name.kind() {
        "scoped_identifier" => name.child_by_field_name("name"),
        _ => Some(name),
    }
}

/// The functions by a path such as `tests::four`: more than one only under different `cfg`s.
pub(super) fn functions<'n>(root: Node<'n>, text: &str, path: &str) -> Vec<Node<'n>> {
    let Some((modules, name)) = path.rsplit_once("::").or(Some(("", path))) else {
        return Vec::new();
    };
    let mut scopes = vec![root];
    for module in modules.split("::").filter(|module| !module.is_empty()) {
        scopes = scopes
            .into_iter()
            .flat_map(|scope| named_items(scope, "mod_item", module, text))
            .filter_map(|module| module.child_by_field_name("body"))
            .collect();
    }
    scopes
        .into_iter()
        .flat_map(|scope| named_items(scope, "function_item", name, text))
        .collect()
}

/// The items of a scope of one kind by one name.
pub(super) fn named_items<'n>(
    scope: Node<'n>,
    kind: &str,
    name: &str,
    text: &str,
) -> Vec<Node<'n>> {
    let mut items = named(scope);
    items.retain(|item| {
        item.kind() == kind
            && item.child_by_field_name("name").is_some_and(|node| {
                let own = text_of(node, text);
                own.strip_prefix("r#").unwrap_or(own) == name
            })
    });
    items
}

/// The attributes of an item, in order.
pub(super) fn attributes(item: Node<'_>) -> Vec<Node<'_>> {
    let mut found = Vec::new();
    let mut before = item.prev_named_sibling();
    while let Some(node) = before {
        match node.kind() {
            "attribute_item" => found.push(node),
            "line_comment" | "block_comment" => {}
            _ => break,
        }
        before = node.prev_named_sibling();
    }
    found.reverse();
    found
}

/// What an attribute says, without blanks: `cfg(test)`, `tokio::test`.
pub(super) fn attribute_text(attribute: Node<'_>, text: &str) -> String {
    attribute.named_child(0).map_or_else(String::new, |inside| {
        text_of(inside, text)
            .chars()
            .filter(|c| !c.is_whitespace())
            .collect()
    })
}

/// The last part of an attribute's path: `test` for `#[tokio::test(flavor = "...")]`.
pub(super) fn attribute_name(attribute: Node<'_>, text: &str) -> String {
    let all = attribute_text(attribute, text);
    let path = all.split(['(', '=', '[']).next().unwrap_or_default();
    path.rsplit("::").next().unwrap_or(path).to_owned()
}

/// Whether an attribute by this name makes a test of a function.
pub(super) fn makes_test(name: &str) -> bool {
    matches!(
        name,
        "test" | "rstest" | "test_case" | "test_matrix" | "quickcheck" | "gtest"
    )
}

/// Whether the test harness collects this function.
pub(super) fn is_test(function: Node<'_>, text: &str) -> bool {
    attributes(function)
        .into_iter()
        .any(|attribute| makes_test(&attribute_name(attribute, text)))
}

/// Where a function stands, with its attributes; nothing if something else stands on its first
/// line.
pub(super) fn place(function: Node<'_>, text: &str) -> Option<Place> {
    let start = attributes(function)
        .first()
        .map_or(function.start_byte(), Node::start_byte);
    Some(Place {
        range: start..function.end_byte(),
        name: function.child_by_field_name("name")?.byte_range(),
        indent: indentation(start, text)?.to_owned(),
    })
}

/// Whether a node has a token of this kind among its children.
pub(super) fn has_token(node: Node<'_>, kind: &str) -> bool {
    children(node).iter().any(|child| child.kind() == kind)
}
