//! YAML, and JSON with it, as values that know where they stand.

use std::cell::Cell;

use greenward_core::{Position, Range};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use crate::place::Lines;
use crate::spec::Text;

/// How deep values may be nested. A spec needs four levels.
const DEPTH: usize = 32;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) range: Range,
}

/// A value. Numbers and truth values are texts, as they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Scalar(String),
    List(Vec<Node>),
    /// The members in their order; a name may be there twice.
    Map(Vec<(Text, Node)>),
}

/// Why a text is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) range: Range,
    pub(crate) message: String,
}

/// Reads the one document in `part`, which begins at a line of `lines`. Nothing if it is empty.
///
/// Anchors and aliases are refused: no spec needs them, and with them a short text can be a very
/// long one.
pub(crate) fn read(part: &str, lines: &Lines<'_>, first: usize) -> Result<Option<Node>, Malformed> {
    let mut tree = Tree {
        place: Place::new(lines, first),
        open: Vec::new(),
        root: None,
    };
    let mut parser = Parser::new_from_str(part);
    let mut documents = 0;
    while let Some(next) = parser.next_event() {
        let (event, span) = next.map_err(|error| Malformed {
            range: tree.place.range(*error.marker(), *error.marker()),
            message: error.info().to_owned(),
        })?;
        let range = tree.place.range(span.start, span.end);
        let malformed = |message: &str| Malformed {
            range,
            message: message.to_owned(),
        };
        match event {
            Event::DocumentStart(_) if documents == 1 => {
                return Err(malformed("only one document is expected here"));
            }
            Event::DocumentStart(_) => documents += 1,
            Event::Alias(_) => return Err(malformed("aliases (`*name`) are not read here")),
            Event::Scalar(text, style, _, _) => {
                let is_null = style == ScalarStyle::Plain
                    && matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL");
                let value = match is_null {
                    true => Value::Null,
                    false => Value::Scalar(text.into_owned()),
                };
                tree.put(Node { value, range })?;
            }
            Event::SequenceStart(..) | Event::MappingStart(..) if tree.open.len() == DEPTH => {
                return Err(malformed("this is nested too deep"));
            }
            Event::SequenceStart(..) => tree.open.push(Open::list(range)),
            Event::MappingStart(..) => tree.open.push(Open::map(range)),
            Event::SequenceEnd | Event::MappingEnd => tree.close(range)?,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
    }
    Ok(tree.root)
}

/// What is being put together.
struct Tree<'l, 't> {
    place: Place<'l, 't>,
    open: Vec<Open>,
    root: Option<Node>,
}

/// A list or a map whose end has not come yet.
struct Open {
    range: Range,
    value: Value,
    /// The name whose value comes next.
    name: Option<Text>,
}

impl Open {
    fn list(range: Range) -> Self {
        let value = Value::List(Vec::new());
        Self {
            range,
            value,
            name: None,
        }
    }

    fn map(range: Range) -> Self {
        let value = Value::Map(Vec::new());
        Self {
            range,
            value,
            name: None,
        }
    }
}

impl Tree<'_, '_> {
    fn close(&mut self, end: Range) -> Result<(), Malformed> {
        let Some(Open {
            mut range, value, ..
        }) = self.open.pop()
        else {
            return Ok(());
        };
        // A block ends where its last part does; the parser says where the next thing begins.
        let last = match &value {
            Value::List(items) => items.last().map(|item| item.range.end),
            Value::Map(members) => members.last().map(|(_, member)| member.range.end),
            Value::Null | Value::Scalar(_) => None,
        };
        let is_flow = end.start < end.end;
        range.end = match (last, is_flow) {
            (Some(last), false) => last,
            _ => end.end,
        };
        self.put(Node { value, range })
    }

    fn put(&mut self, node: Node) -> Result<(), Malformed> {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open {
                value: Value::List(items),
                ..
            }) => items.push(node),
            Some(Open {
                value: Value::Map(members),
                name,
                ..
            }) => match (name.take(), node) {
                (Some(name), node) => members.push((name, node)),
                (
                    None,
                    Node {
                        value: Value::Scalar(text),
                        range,
                    },
                ) => {
                    *name = Some(Text { text, range });
                }
                (None, Node { range, .. }) => {
                    let message = "a key must be a text".to_owned();
                    return Err(Malformed { range, message });
                }
            },
            Some(_) => {}
        }
        Ok(())
    }
}

/// Where the part that is read begins in the whole text.
struct Place<'l, 't> {
    lines: &'l Lines<'t>,
    first: usize,
    /// Where the last place was: its line, its column in characters, its offset. The next is near,
    /// and a document may be all in one line.
    last: Cell<(usize, usize, usize)>,
}

impl<'l, 't> Place<'l, 't> {
    fn new(lines: &'l Lines<'t>, first: usize) -> Self {
        let start = lines.span(first).start;
        Self {
            lines,
            first,
            last: Cell::new((first, 0, start)),
        }
    }

    fn range(&self, start: Marker, end: Marker) -> Range {
        Range::new(self.position(start), self.position(end))
    }

    fn position(&self, marker: Marker) -> Position {
        let line = self.first + marker.line().saturating_sub(1);
        let (last_line, last_column, last_offset) = self.last.get();
        let (from, offset) = match line == last_line {
            true => (last_column, last_offset),
            false => (0, self.lines.span(line).start),
        };
        let offset = self
            .lines
            .offset_of_chars(line, (from, offset), marker.col());
        self.last.set((line, marker.col(), offset));
        self.lines.position(offset)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn show(node: &Node, text: &str, lines: &Lines<'_>) -> String {
        let part = |range: Range| &text[lines.offset(range.start)..lines.offset(range.end)];
        match &node.value {
            Value::Null => "null".to_owned(),
            Value::Scalar(value) => format!("{value:?}@{:?}", part(node.range)),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(|item| show(item, text, lines)).collect();
                format!("[{}]@{}", items.join(", "), part(node.range).len())
            }
            Value::Map(members) => {
                let member = |(name, value): &(Text, Node)| {
                    assert_eq!(part(name.range).trim_matches(['"', '\'']), name.text);
                    format!("{}: {}", name.text, show(value, text, lines))
                };
                let members: Vec<String> = members.iter().map(member).collect();
                format!("{{{}}}@{}", members.join(", "), part(node.range).len())
            }
        }
    }

    #[track_caller]
    fn check(text: &str, read_as: Expect) {
        let lines = Lines::of(text);
        let shown = match read(text, &lines, 0) {
            Ok(None) => "nothing".to_owned(),
            Ok(Some(node)) => show(&node, text, &lines),
            Err(Malformed { range, message }) => {
                format!("{}:{}: {message}", range.start.line, range.start.column)
            }
        };
        read_as.assert_eq(&shown);
    }

    #[test]
    fn values_know_where_they_stand() {
        check("", expect!["nothing"]);
        check("# nothing\n", expect!["nothing"]);
        check(
            "target: src/a.rs\r\ntests: 'é b'\r\n",
            expect![[r#"{target: "src/a.rs"@"src/a.rs", tests: "é b"@"'é b'"}@31"#]],
        );
        check(
            "é: [a, \"β\", 3]\nn:\n  - x\n  - y: null\n    z: ~\nlast:\n",
            expect![[
                r#"{é: ["a"@"a", "β"@"\"β\"", "3"@"3"]@12, n: ["x"@"x", {y: null, z: null}@16]@24, last: null}@51"#
            ]],
        );
        check(
            "text: |\n  one\n  two\nmore: >-\n  a\n  b\n",
            expect![[r#"{text: "one\ntwo\n"@"one\n  two\n", more: "a b"@"a\n  b\n"}@37"#]],
        );
        check(
            "{\n\t\"a\": [1, true, null, \"\"],\n\t\"b\": {\"c\": \"d\\u00e9\\/\"}\n}\n",
            expect![[
                r#"{a: ["1"@"1", "true"@"true", null, ""@"\"\""]@19, b: {c: "dé/"@"\"d\\u00e9\\/\""}@18}@55"#
            ]],
        );
    }

    #[test]
    fn what_is_no_yaml_says_where() {
        check(
            "target: a\n  tests: b\n",
            expect!["1:7: mapping values are not allowed in this context"],
        );
        check(
            "target: [a\ntests: b\n",
            expect!["1:5: illegal placement of ':' indicator"],
        );
        check(
            "a: \"é\n",
            expect!["0:3: while scanning a quoted scalar, found unexpected end of stream"],
        );
        check(
            "a: &x [1]\nb: *x\n",
            expect!["1:3: aliases (`*name`) are not read here"],
        );
        check(
            "a: 1\n---\nb: 2\n",
            expect!["1:0: only one document is expected here"],
        );
        check("[a]: 1\n", expect!["0:0: a key must be a text"]);
        check(&"[".repeat(99), expect!["0:32: this is nested too deep"]);
        check("\ta: 1\n", expect![[r#"{a: "1"@"1"}@4"#]]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_survived(text in r#"([\[\]{}:,"'#&*!|>\n\r\t a-c0-9é😀-]|\.\.\.|---|\\u){0,60}"#) {
            let lines = Lines::of(&text);
            let _ = read(&text, &lines, 0);
        }
    }
}
