//! Completions in specs: keys of front matter, and requirements after `depends on:`.

use camino::Utf8Path;
use greenward_engine::{Completion, CompletionKind, Query, complete_spec};
use greenward_workspace::document::{ClientPosition, LineIndex, PositionEncoding};
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::lsp_types::{
    CompletionItem, CompletionItemKind, CompletionTextEdit, Position, TextEdit,
};

use crate::convert;
use crate::session::Session;
use crate::texts::Texts;
use crate::wire::Places;

/// The characters after which editors ask by themselves.
pub(crate) const TRIGGERS: [&str; 2] = [":", ","];

impl Session {
    /// What could stand at a place of a file. Nothing if it is no spec that is open.
    ///
    /// # Errors
    ///
    /// An internal error if the engine has ended.
    pub(crate) async fn complete(
        &self,
        path: &Utf8Path,
        place: Position,
    ) -> Result<Option<Vec<CompletionItem>>> {
        let asked = path.to_owned();
        let is_spec = self.ask(|reply| Query::IsSpec { path: asked, reply });
        if !is_spec.await? {
            return Ok(None);
        }
        // All that the editor said before has been taken in.
        let Some(text) = self.engine.text(path) else {
            return Ok(None);
        };
        let (path, encoding) = (path.to_owned(), self.abilities.encoding);
        let items = move || items(&path, &text, place, encoding);
        match tokio::task::spawn_blocking(items).await {
            Ok(items) => Ok(Some(items)),
            Err(error) => {
                tracing::error!(%error, "completing failed");
                Err(Error::internal_error())
            }
        }
    }
}

/// What could stand at a place of a text.
fn items(
    path: &Utf8Path,
    text: &str,
    place: Position,
    encoding: PositionEncoding,
) -> Vec<CompletionItem> {
    let place = ClientPosition::new(place.line, place.character);
    let place = LineIndex::new(text).from_client(text, place, encoding);
    let found = complete_spec(path, text, place);
    if found.is_empty() {
        return Vec::new();
    }
    let mut texts = Texts::new(encoding);
    texts.insert(path, text.into());
    found
        .into_iter()
        .enumerate()
        .map(|(number, one)| item(one, number, path, &texts))
        .collect()
}

fn item(found: Completion, number: usize, path: &Utf8Path, texts: &Texts) -> CompletionItem {
    let range = convert::range(texts.range(path, found.range));
    let (label, kind) = match found.kind {
        CompletionKind::Key => (
            found.text.trim_end_matches([' ', ':']).to_owned(),
            CompletionItemKind::PROPERTY,
        ),
        CompletionKind::Requirement => (found.text.clone(), CompletionItemKind::REFERENCE),
    };
    CompletionItem {
        label,
        kind: Some(kind),
        detail: (!found.about.is_empty()).then_some(found.about),
        // In the order of the spec, where editors would sort by name.
        sort_text: Some(format!("{number:04}")),
        text_edit: Some(CompletionTextEdit::Edit(TextEdit::new(range, found.text))),
        ..CompletionItem::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Label, kind, range and new text of each, where `¦` stands in the text.
    fn check(marked: &str, encoding: PositionEncoding, expected: &[&str]) {
        let at = marked.find('¦').expect("a place");
        let text = marked.replace('¦', "");
        let lines = LineIndex::new(&text);
        let place = lines.to_client(&text, lines.position(&text, at), encoding);
        let place = Position::new(place.line, place.character);
        let items = items("a.md".into(), &text, place, encoding);
        let said: Vec<String> = items
            .into_iter()
            .map(|item| {
                let Some(CompletionTextEdit::Edit(edit)) = item.text_edit else {
                    panic!("{item:?}");
                };
                let (start, end) = (edit.range.start, edit.range.end);
                let kind = match item.kind {
                    Some(CompletionItemKind::PROPERTY) => "key",
                    Some(CompletionItemKind::REFERENCE) => "requirement",
                    other => panic!("{other:?}"),
                };
                format!(
                    "{kind} {} {}:{}-{}:{} {:?}",
                    item.label, start.line, start.character, end.line, end.character, edit.new_text
                )
            })
            .collect();
        assert_eq!(said, expected, "{marked:?}");
    }

    #[test]
    fn each_takes_the_place_of_what_was_typed() {
        let (utf8, utf16) = (PositionEncoding::Utf8, PositionEncoding::Utf16);
        check(
            "---\nta¦\ntests: a\n---\n",
            utf16,
            &[r#"key target 1:0-1:2 "target: ""#],
        );
        let names = "## 🏛 A\n- [ ] x\n\n## B\ndepends on: 🏛¦ A\n- [ ] y\n";
        check(names, utf16, &[r#"requirement 🏛 A 4:12-4:16 "🏛 A""#]);
        check(names, utf8, &[r#"requirement 🏛 A 4:12-4:18 "🏛 A""#]);
        check(
            &names.replace('\n', "\r\n"),
            utf16,
            &[r#"requirement 🏛 A 4:12-4:16 "🏛 A""#],
        );
        check("## A\nsome ¦prose\n", utf16, &[]);
        check("¦", utf16, &[]);
    }
}
