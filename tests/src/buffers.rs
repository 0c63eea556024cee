//! The documents of the test's editor, and what becomes of them by the server's edits.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// An open document.
#[derive(Debug)]
struct Buffer {
    version: i32,
    text: String,
}

/// The open documents, by URI.
#[derive(Debug, Default)]
pub(crate) struct Buffers(BTreeMap<String, Buffer>);

/// What the editor does because of an edit.
#[derive(Debug, PartialEq)]
pub(crate) enum Deed {
    /// It tells the server something.
    Notify(&'static str, Value),
    /// It makes an empty file.
    Create(String),
    /// It removes a file.
    Delete(String),
}

impl Buffers {
    /// A document was opened.
    pub(crate) fn open(&mut self, uri: &str, text: &str) {
        let text = text.to_owned();
        self.0.insert(uri.to_owned(), Buffer { version: 1, text });
    }

    /// A document was closed.
    pub(crate) fn close(&mut self, uri: &str) {
        self.0.remove(uri);
    }

    /// A document has a new text. Its new version.
    pub(crate) fn change(&mut self, uri: &str, text: &str) -> i32 {
        let buffer = self.0.entry(uri.to_owned()).or_insert_with(|| Buffer {
            version: 1,
            text: String::new(),
        });
        buffer.version += 1;
        text.clone_into(&mut buffer.text);
        buffer.version
    }

    /// The text of an open document.
    pub(crate) fn text(&self, uri: &str) -> Option<&str> {
        self.0.get(uri).map(|buffer| buffer.text.as_str())
    }

    /// Makes an edit, as one step. `read` gives the text of a file that is not open, which is
    /// opened for it.
    ///
    /// # Errors
    ///
    /// Why it is not made: then nothing is.
    pub(crate) fn apply(
        &mut self,
        edit: &Value,
        utf8: bool,
        read: impl Fn(&str) -> Option<String>,
    ) -> Result<Vec<Deed>, String> {
        let plain = edit["changes"].as_object();
        let plain = plain.into_iter().flatten().map(|(uri, edits)| {
            json!({ "textDocument": { "uri": uri, "version": null }, "edits": edits })
        });
        let documents = edit["documentChanges"].as_array().cloned();
        let operations: Vec<Value> = documents
            .unwrap_or_default()
            .into_iter()
            .chain(plain)
            .collect();
        for operation in &operations {
            let (uri, version) = identifier(operation);
            let own = self.0.get(uri).map(|buffer| buffer.version);
            if version.is_some() && own.map(i64::from) != version {
                return Err(format!("{uri} is at version {own:?}, not {version:?}"));
            }
        }
        let mut deeds = Vec::new();
        for operation in &operations {
            match operation["kind"].as_str() {
                Some("create") => deeds.push(Deed::Create(target(operation))),
                Some("delete") => deeds.push(Deed::Delete(target(operation))),
                Some(kind) => return Err(format!("no operation {kind}")),
                None => self.edit(operation, utf8, &read, &mut deeds),
            }
        }
        Ok(deeds)
    }

    fn edit(
        &mut self,
        operation: &Value,
        utf8: bool,
        read: impl Fn(&str) -> Option<String>,
        deeds: &mut Vec<Deed>,
    ) {
        let (uri, _) = identifier(operation);
        if !self.0.contains_key(uri) {
            let text = read(uri).unwrap_or_default();
            self.open(uri, &text);
            let document = json!({ "uri": uri, "languageId": "x", "version": 1, "text": text });
            deeds.push(Deed::Notify(
                "textDocument/didOpen",
                json!({ "textDocument": document }),
            ));
        }
        let before = self.text(uri).unwrap_or_default();
        let text = edited(
            before,
            operation["edits"].as_array().map_or(&[], Vec::as_slice),
            utf8,
        );
        let version = self.change(uri, &text);
        deeds.push(Deed::Notify(
            "textDocument/didChange",
            json!({
                "textDocument": { "uri": uri, "version": version },
                "contentChanges": [{ "text": text }],
            }),
        ));
    }
}

fn identifier(operation: &Value) -> (&str, Option<i64>) {
    let document = &operation["textDocument"];
    (
        document["uri"].as_str().unwrap_or_default(),
        document["version"].as_i64(),
    )
}

fn target(operation: &Value) -> String {
    operation["uri"].as_str().unwrap_or_default().to_owned()
}

/// A text with edits that all mean the text as it was.
fn edited(text: &str, edits: &[Value], utf8: bool) -> String {
    let mut edits: Vec<(usize, usize, &str)> = edits
        .iter()
        .map(|edit| {
            let at = |end: &str| offset(text, &edit["range"][end], utf8);
            let new = edit["newText"].as_str().unwrap_or_default();
            (at("start"), at("end"), new)
        })
        .collect();
    edits.sort_by_key(|(start, end, _)| (*start, *end));
    let mut text = text.to_owned();
    for (start, end, new) in edits.into_iter().rev() {
        text.replace_range(start..end, new);
    }
    text
}

fn offset(text: &str, position: &Value, utf8: bool) -> usize {
    let number = |name: &str| usize::try_from(position[name].as_u64().unwrap_or(0)).unwrap_or(0);
    let mut start = 0;
    for _ in 0..number("line") {
        match text[start..].find('\n') {
            Some(end) => start += end + 1,
            None => return text.len(),
        }
    }
    let mut left = number("character");
    let line = text[start..].split('\n').next().unwrap_or_default();
    for (at, character) in line.char_indices() {
        if left == 0 {
            return start + at;
        }
        let width = if utf8 {
            character.len_utf8()
        } else {
            character.len_utf16()
        };
        left = left.saturating_sub(width);
    }
    start + line.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_mean_the_text_as_it_was() {
        let edit = |line: u32, from: u32, to: u32, new: &str| {
            json!({
                "range": {
                    "start": { "line": line, "character": from },
                    "end": { "line": line, "character": to },
                },
                "newText": new,
            })
        };
        let edits = [edit(0, 0, 1, "A"), edit(1, 2, 3, "x")];
        assert_eq!(edited("a\n𝄞b\n", &edits, false), "A\n𝄞x\n");
        let edits = [edit(1, 4, 5, "x")];
        assert_eq!(edited("a\n𝄞b\n", &edits, true), "a\n𝄞x\n");
    }

    #[test]
    fn an_edit_of_another_version_is_not_made() {
        let mut buffers = Buffers::default();
        buffers.open("file:///a", "a\n");
        let document = json!({ "uri": "file:///a", "version": 7 });
        let edit = json!({ "documentChanges": [{ "textDocument": document, "edits": [] }] });
        assert!(buffers.apply(&edit, true, |_| None).is_err());
        assert_eq!(buffers.text("file:///a"), Some("a\n"));
    }
}
