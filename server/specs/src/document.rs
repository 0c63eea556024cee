//! Specs that are JSON or YAML documents. [`schema`](crate::schema) says what they hold.

use serde::de::IgnoredAny;

use crate::front_matter::{TARGET, TESTS, checked, one, one_or_more};
use crate::place::Lines;
use crate::problem::{Code, SpecProblem, quoted};
use crate::spec::{Criterion, ExampleRow, ExampleTable, Requirement, Spec, Text};
use crate::wording::as_markdown;
use crate::yaml::{self, Node, Value};

/// The keys of a document.
pub(crate) const DOCUMENT: &[&str] = &[
    "$schema",
    "title",
    "introduction",
    TARGET,
    TESTS,
    "requirements",
];
/// The keys of a requirement.
pub(crate) const REQUIREMENT: &[&str] =
    &["title", "description", "depends_on", "criteria", "examples"];
/// The keys of a criterion that is not just a text.
pub(crate) const CRITERION: &[&str] = &["text", "done", "details"];

/// Reads a JSON document.
pub(crate) fn read_json(text: &str) -> Spec {
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text)
        && !text.trim().is_empty()
    {
        let lines = Lines::of(text);
        let line = error.line().saturating_sub(1);
        let start = lines.span(line).start + error.column().saturating_sub(1);
        let message = format!("this is no JSON: {error}");
        let problem = SpecProblem::new(Code::Syntax, lines.range(start..start), message);
        return Spec {
            noted: vec![problem],
            ..Spec::default()
        };
    }
    read(&without_pairs(text), "JSON")
}

/// Reads a YAML document.
pub(crate) fn read_yaml(text: &str) -> Spec {
    read(text, "YAML")
}

/// JSON is YAML but for one thing: JSON writes a character above U+FFFF as two.
fn without_pairs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let half = |text: &str| {
            let digits = text.strip_prefix("\\u")?.get(..4)?;
            u16::from_str_radix(digits, 16).ok()
        };
        let pair = half(escape).zip(escape.get(6..).and_then(half));
        let char = pair.and_then(|(high, low)| {
            char::decode_utf16([high, low])
                .next()?
                .ok()
                .filter(|char| *char > '\u{ffff}')
        });
        let (said, length) = match char {
            Some(char) => (char.to_string(), 12),
            None if half(escape).is_some_and(|half| (0xd800..0xe000).contains(&half)) => {
                ("\u{fffd}".to_owned(), 6)
            }
            // A backslash and what it escapes, which may be a backslash.
            None => {
                let end = escape
                    .char_indices()
                    .nth(2)
                    .map_or(escape.len(), |(end, _)| end);
                (escape[..end].to_owned(), end)
            }
        };
        out.push_str(&said);
        rest = &escape[length..];
    }
    out + rest
}

fn read(text: &str, language: &str) -> Spec {
    let lines = Lines::of(text);
    let mut reader = Reader::default();
    match yaml::read(text, &lines, 0) {
        Ok(None) => {}
        Ok(Some(Node {
            value: Value::Null, ..
        })) => {}
        Ok(Some(Node {
            value: Value::Map(members),
            ..
        })) => reader.document(members),
        Ok(Some(node)) => {
            let message = "a spec is made of keys: title, target, tests, requirements";
            reader.note(Code::WrongValue, &node, message);
        }
        Err(error) => {
            let message = format!("this is no {language}: {}", error.message);
            let problem = SpecProblem::new(Code::Syntax, error.range, message);
            reader.spec.noted.push(problem);
        }
    }
    reader.spec
}

#[derive(Default)]
struct Reader {
    spec: Spec,
}

impl Reader {
    fn note(&mut self, code: Code, node: &Node, message: &str) {
        self.spec
            .noted
            .push(SpecProblem::new(code, node.range, message));
    }

    fn document(&mut self, members: Vec<(Text, Node)>) {
        for (name, node) in checked(members, DOCUMENT, &mut self.spec.noted) {
            match name.text.as_str() {
                "title" => self.spec.title = self.line(&name, &node),
                "introduction" => self.spec.introduction = self.prose(&name, &node),
                "requirements" => {
                    for node in self.items(&name, node) {
                        self.requirement(node);
                    }
                }
                _ => self
                    .spec
                    .front_matter
                    .take(&name, &node, &mut self.spec.noted),
            }
        }
    }

    fn requirement(&mut self, node: Node) {
        let Value::Map(members) = node.value else {
            let message = "a requirement is made of keys: title, criteria, examples";
            return self.note(Code::WrongValue, &node, message);
        };
        let mut requirement = Requirement {
            range: node.range,
            ..Requirement::default()
        };
        for (name, node) in checked(members, REQUIREMENT, &mut self.spec.noted) {
            match name.text.as_str() {
                "title" => requirement.title = self.line(&name, &node).unwrap_or_default(),
                "description" => requirement.prose = self.prose(&name, &node),
                "depends_on" => {
                    requirement.depends_on = one_or_more(&name, &node, &mut self.spec.noted);
                }
                "criteria" => {
                    let items = self.items(&name, node);
                    requirement.criteria =
                        items.into_iter().map(|one| self.criterion(one)).collect();
                }
                _ => {
                    for item in self.items(&name, node) {
                        self.example(item, &mut requirement.tables);
                    }
                }
            }
        }
        if requirement.title.text.is_empty() {
            let start = node.range.start;
            requirement.title.range = greenward_core::Range::new(start, start);
            let message = "this requirement has no title: give it one";
            let range = requirement.title.range;
            self.spec
                .noted
                .push(SpecProblem::new(Code::WrongValue, range, message));
        }
        self.spec.requirements.push(requirement);
    }

    fn criterion(&mut self, node: Node) -> Criterion {
        let mut criterion = Criterion {
            wording: Text {
                text: String::new(),
                range: node.range,
            },
            ..Criterion::default()
        };
        match node.value {
            Value::Null => {}
            Value::Scalar(text) => criterion.wording.text = as_markdown(&text),
            Value::Map(members) => {
                for (name, node) in checked(members, CRITERION, &mut self.spec.noted) {
                    match name.text.as_str() {
                        "text" => {
                            let line = self.line(&name, &node);
                            criterion.wording = line.unwrap_or(criterion.wording);
                        }
                        "details" => criterion.details = self.prose(&name, &node),
                        _ => {
                            let done = one(&name, &node, &mut self.spec.noted);
                            criterion.is_checked = done.is_some_and(|done| done.text == "true");
                        }
                    }
                }
            }
            Value::List(_) => {
                self.note(
                    Code::WrongValue,
                    &node,
                    "a criterion is a text, or `text` and `done`",
                );
            }
        }
        criterion
    }

    /// Adds an example to the table that has its columns.
    fn example(&mut self, node: Node, tables: &mut Vec<ExampleTable>) {
        let Value::Map(members) = node.value else {
            let message = "an example is made of columns and values, such as `n: 9`";
            return self.note(Code::WrongValue, &node, message);
        };
        let mut columns = Vec::new();
        let mut cells = Vec::new();
        for (name, value) in members {
            let text = match &value.value {
                Value::Null => String::new(),
                Value::Scalar(text) if text.trim().is_empty() => format!("\"{text}\""),
                Value::Scalar(text) => text.clone(),
                Value::List(_) | Value::Map(_) => {
                    let message =
                        format!("{} must be a text: put it in quotes", quoted(&name.text));
                    self.note(Code::WrongValue, &value, &message);
                    String::from("?")
                }
            };
            let text = text.replace(char::is_control, " ").trim().to_owned();
            cells.push(Text {
                text,
                range: value.range,
            });
            columns.push(name);
        }
        let row = ExampleRow {
            range: node.range,
            cells,
        };
        let same = |table: &&mut ExampleTable| {
            table.columns.len() == columns.len()
                && table
                    .columns
                    .iter()
                    .zip(&columns)
                    .all(|(one, other)| one.text == other.text)
        };
        match tables.iter_mut().find(same) {
            Some(table) => {
                table.range.end = row.range.end;
                table.rows.push(row);
            }
            None => tables.push(ExampleTable {
                range: row.range,
                columns,
                rows: vec![row],
            }),
        }
    }

    /// The items of a list.
    fn items(&mut self, name: &Text, node: Node) -> Vec<Node> {
        match node.value {
            Value::List(items) => items,
            Value::Null => Vec::new(),
            Value::Scalar(_) | Value::Map(_) => {
                let message = format!("{} must be a list", quoted(&name.text));
                self.note(Code::WrongValue, &node, &message);
                Vec::new()
            }
        }
    }

    /// A text of one line.
    fn line(&mut self, name: &Text, node: &Node) -> Option<Text> {
        let Text { text, range } = one(name, node, &mut self.spec.noted)?;
        let text = as_markdown(&text);
        Some(Text { text, range })
    }

    /// A text of any length.
    fn prose(&mut self, name: &Text, node: &Node) -> String {
        let text = one(name, node, &mut self.spec.noted);
        text.map_or_else(String::new, |text| text.text.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_become_characters() {
        for (json, expected) in [
            (r#""a\u00e9""#, r#""a\u00e9""#),
            (r#""\ud83d\ude00!""#, r#""😀!""#),
            (r#""\\ud83d\\""#, r#""\\ud83d\\""#),
            (r#""\ud83d""#, "\"\u{fffd}\""),
            ("\"\\", "\"\\"),
        ] {
            assert_eq!(without_pairs(json), expected);
        }
    }
}
