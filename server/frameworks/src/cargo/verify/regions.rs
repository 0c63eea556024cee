//! The parts of a Rust source file that are there for tests alone.

use std::collections::HashMap;
use std::ops::Range;

use tree_sitter::Node;

use super::tree::{attribute_text, attributes, is_test};
use crate::verify::syntax::{named, text_of, tokens};

/// An item with its attributes.
#[derive(Debug, Clone)]
pub(super) struct Item<'n> {
    pub(super) node: Node<'n>,
    /// From its first attribute on.
    pub(super) range: Range<usize>,
    /// What tells it apart in its scope: equal in two versions of a file.
    pub(super) key: String,
    /// Its path in the file, for people and for the names of tests.
    pub(super) path: String,
    /// Its attributes without blanks, sorted.
    pub(super) attributes: Vec<String>,
    /// Whether the test harness collects it.
    pub(super) is_test: bool,
}

impl<'n> Item<'n> {
    /// What it consists of, its attributes apart.
    pub(super) fn tokens<'t>(&self, text: &'t str) -> Vec<&'t str> {
        tokens(self.node, text)
    }

    /// The scope of a module that is in this file.
    pub(super) fn module(&self) -> Option<Node<'n>> {
        (self.node.kind() == "mod_item")
            .then(|| self.node.child_by_field_name("body"))
            .flatten()
    }

    /// Whether it is there under `cfg(test)` only, or holds what the harness collects.
    fn is_region(&self, text: &str) -> bool {
        self.is_test
            || self
                .attributes
                .iter()
                .any(|attribute| is_tests_only(attribute))
            || is_macro(self.node) && text_of(self.node, text).contains("#[test]")
    }
}

/// The outermost items of a file that are there for tests alone, in the order of the text.
pub(super) fn regions<'n>(root: Node<'n>, text: &str) -> Vec<Item<'n>> {
    let mut found = Vec::new();
    let mut open = vec![(root, String::new())];
    while let Some((scope, path)) = open.pop() {
        for item in items(scope, &path, text) {
            if item.is_region(text) {
                found.push(item);
            } else if let Some(body) = item
                .node
                .child_by_field_name("body")
                .filter(|body| body.kind() == "declaration_list")
            {
                open.push((body, item.path));
            }
        }
    }
    found.sort_by_key(|item| item.range.start);
    found
}

/// The items of a scope.
pub(super) fn items<'n>(scope: Node<'n>, path: &str, text: &str) -> Vec<Item<'n>> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    named(scope)
        .into_iter()
        .filter(|node| {
            !node.kind().contains("comment")
                && !matches!(node.kind(), "attribute_item" | "inner_attribute_item")
        })
        .map(|node| {
            let own_attributes = attributes(node);
            let start = own_attributes
                .first()
                .map_or(node.start_byte(), Node::start_byte);
            let mut texts: Vec<String> = own_attributes
                .iter()
                .map(|attribute| attribute_text(*attribute, text))
                .collect();
            texts.sort();
            let name = name(node, text);
            let path = match path {
                "" => name.clone(),
                above => format!("{above}::{name}"),
            };
            let count = counts.entry(format!("{} {name}", node.kind())).or_default();
            *count += 1;
            Item {
                key: format!("{} {path} {count}", node.kind()),
                range: start..node.end_byte(),
                path,
                is_test: node.kind() == "function_item" && is_test(node, text),
                attributes: texts,
                node,
            }
        })
        .collect()
}

/// What an item is called; of one without a name, its head.
fn name(node: Node<'_>, text: &str) -> String {
    if let Some(name) = node.child_by_field_name("name") {
        let own = text_of(name, text);
        return own.strip_prefix("r#").unwrap_or(own).to_owned();
    }
    if is_macro(node) {
        let head = text_of(node, text).split('{').next().unwrap_or_default();
        return head.trim().to_owned();
    }
    let end = node
        .child_by_field_name("body")
        .map_or(node.end_byte(), |body| body.start_byte());
    let head = text.get(node.start_byte()..end).unwrap_or_default();
    head.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_macro(node: Node<'_>) -> bool {
    match node.kind() {
        "macro_invocation" => true,
        "expression_statement" => node
            .named_child(0)
            .is_some_and(|inside| inside.kind() == "macro_invocation"),
        _ => false,
    }
}

/// Whether what this attribute stands on is there for tests alone.
fn is_tests_only(attribute: &str) -> bool {
    attribute == "cfg(test)"
        || attribute.starts_with("cfg(all(")
            && !attribute.contains("not(test)")
            && asks_for_test(attribute)
            && !attribute.contains("any(")
}

/// Whether a condition has the word `test` in it, other than as a text.
pub(super) fn asks_for_test(condition: &str) -> bool {
    let mut outside = condition.split('"').step_by(2);
    outside.any(|part| {
        part.split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .any(|word| word == "test")
    })
}
