//! Syntax trees, and edits by the bytes of their nodes.

use std::ops::{Range, RangeInclusive};

use tree_sitter::{Language, Node, Parser, Tree};

/// Parses a text; nothing, if the grammar does not fit the library.
pub(crate) fn parse(language: &Language, text: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(language).ok()?;
    parser.parse(text, None)
}

/// A node's text.
pub(crate) fn text_of<'t>(node: Node<'_>, text: &'t str) -> &'t str {
    text.get(node.byte_range()).unwrap_or_default()
}

/// A node's named children, in order.
pub(crate) fn named(node: Node<'_>) -> Vec<Node<'_>> {
    node.named_children(&mut node.walk()).collect()
}

/// All of a node's children, in order.
pub(crate) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    node.children(&mut node.walk()).collect()
}

/// Visits a node and what is in it, in the order of the text. `enter` says whether to go into a
/// node.
pub(crate) fn visit<'n>(node: Node<'n>, enter: &mut dyn FnMut(Node<'n>) -> bool) {
    // A deep expression must not end the process, so no recursion here.
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        if enter(node) {
            let mut inside = children(node);
            inside.reverse();
            open.append(&mut inside);
        }
    }
}

/// Every node in this one, itself first, that `is` wanted.
pub(crate) fn all<'n>(node: Node<'n>, is: impl Fn(Node<'n>) -> bool) -> Vec<Node<'n>> {
    let mut found = Vec::new();
    visit(node, &mut |node| {
        if is(node) {
            found.push(node);
        }
        true
    });
    found
}

/// Whether some node in this one, or itself, `is` wanted.
pub(crate) fn any<'n>(node: Node<'n>, is: impl Fn(Node<'n>) -> bool) -> bool {
    !all(node, is).is_empty()
}

/// The nodes around one, innermost first.
pub(crate) fn around(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    std::iter::successors(node.parent(), |node| node.parent())
}

/// A row as a line number.
pub(crate) fn line(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX)
}

/// The lines of a node, from 0.
pub(crate) fn lines(node: Node<'_>) -> RangeInclusive<u32> {
    let end = node.end_position();
    // What ends with its newline does not reach the next line.
    let last = if end.column == 0 && end.row > node.start_position().row {
        end.row - 1
    } else {
        end.row
    };
    line(node.start_position().row)..=line(last)
}

/// The lines of some bytes, from 0.
pub(crate) fn lines_of(range: &Range<usize>, text: &str) -> RangeInclusive<u32> {
    let row = |at: usize| {
        let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
        line(before.iter().filter(|&&byte| byte == b'\n').count())
    };
    row(range.start)..=row(range.end.saturating_sub(1).max(range.start))
}

/// The tokens of a node, without comments: equal for texts that differ in layout alone.
pub(crate) fn tokens<'t>(node: Node<'_>, text: &'t str) -> Vec<&'t str> {
    let mut found = Vec::new();
    visit(node, &mut |node| {
        // A literal's parts depend on the grammar, and blanks within it matter: it is one token.
        let whole = node.child_count() == 0 || node.kind().contains("string");
        if node.kind().contains("comment") {
            return false;
        }
        if whole {
            found.push(text_of(node, text));
        }
        !whole
    });
    found
}

/// The bytes of whole lines that a range stands on, its last newline included.
pub(crate) fn whole_lines(range: &Range<usize>, text: &str) -> Range<usize> {
    let start = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    // A range may already end with its newline.
    let end = if range.end > range.start && text[..range.end].ends_with('\n') {
        range.end
    } else {
        text[range.end..]
            .find('\n')
            .map_or(text.len(), |at| range.end + at + 1)
    };
    start..end
}

/// The blanks before a byte, if nothing else stands before it on its line.
pub(crate) fn indentation(at: usize, text: &str) -> Option<&str> {
    let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    let before = &text[start..at];
    before
        .chars()
        .all(|c| c == ' ' || c == '\t')
        .then_some(before)
}

/// A text in one line for people, cut where it gets long.
pub(crate) fn short(text: &str) -> String {
    const MOST: usize = 60;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST {
        return line;
    }
    let mut cut: String = line.chars().take(MOST - 3).collect();
    cut.push_str("...");
    cut
}

/// Some bytes of a text, and what takes their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) range: Range<usize>,
    pub(crate) text: String,
}

impl Edit {
    pub(crate) fn new(range: Range<usize>, text: impl Into<String>) -> Self {
        Self {
            range,
            text: text.into(),
        }
    }

    pub(crate) fn insert(at: usize, text: impl Into<String>) -> Self {
        Self::new(at..at, text)
    }
}

/// The text with the edits made. An edit that overlaps an earlier one is left out.
pub(crate) fn apply(text: &str, edits: &[Edit]) -> String {
    let mut ordered: Vec<&Edit> = edits.iter().collect();
    ordered.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    for edit in ordered {
        let Some(kept) = text.get(at..edit.range.start) else {
            continue;
        };
        result.push_str(kept);
        result.push_str(&edit.text);
        at = edit.range.end;
    }
    result.push_str(text.get(at..).unwrap_or_default());
    result
}
