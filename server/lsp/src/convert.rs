//! Conversions between LSP's types and ours that need nothing but the value itself.

use camino::Utf8PathBuf;
use greenward_engine::Edit;
use greenward_protocol::place;
use greenward_workspace::document::{ClientPosition, PositionEncoding};
use tower_lsp::lsp_types::{
    InitializeParams, Position, PositionEncodingKind, Range, TextDocumentContentChangeEvent, Url,
};

/// The file that a URI names. Nothing for other schemes, other hosts, and paths that are no UTF-8.
pub(crate) fn path(uri: &Url) -> Option<Utf8PathBuf> {
    if uri.scheme() != "file" {
        return None;
    }
    let path = uri.to_file_path().ok()?;
    Utf8PathBuf::from_path_buf(path).ok()
}

/// The folders that the editor has open: none in single-file mode.
pub(crate) fn folders(params: &InitializeParams) -> Vec<Utf8PathBuf> {
    if let Some(folders) = params
        .workspace_folders
        .as_ref()
        .filter(|all| !all.is_empty())
    {
        return folders
            .iter()
            .filter_map(|folder| path(&folder.uri))
            .collect();
    }
    #[expect(deprecated, reason = "older clients name their folder by nothing else")]
    let root = match (&params.root_uri, &params.root_path) {
        (Some(uri), _) => path(uri),
        (None, Some(root)) => Some(Utf8PathBuf::from(root)).filter(|root| root.is_absolute()),
        (None, None) => None,
    };
    root.into_iter().collect()
}

/// The unit for columns: UTF-8 where the client can do it, since that is our own.
pub(crate) fn encoding(params: &InitializeParams) -> PositionEncoding {
    let offered = params
        .capabilities
        .general
        .as_ref()
        .and_then(|general| general.position_encodings.as_deref())
        .unwrap_or_default();
    if offered.contains(&PositionEncodingKind::UTF8) {
        PositionEncoding::Utf8
    } else {
        PositionEncoding::Utf16
    }
}

/// What LSP calls the unit.
pub(crate) fn encoding_kind(encoding: PositionEncoding) -> PositionEncodingKind {
    match encoding {
        PositionEncoding::Utf8 => PositionEncodingKind::UTF8,
        PositionEncoding::Utf16 => PositionEncodingKind::UTF16,
        PositionEncoding::Utf32 => PositionEncodingKind::UTF32,
    }
}

/// A change of a document, still in the editor's units.
pub(crate) fn edit(change: TextDocumentContentChangeEvent) -> Edit {
    match change.range {
        None => Edit::Full(change.text),
        Some(range) => Edit::Range {
            start: client_position(range.start),
            end: client_position(range.end),
            text: change.text,
        },
    }
}

fn client_position(position: Position) -> ClientPosition {
    ClientPosition::new(position.line, position.character)
}

/// A range that is already in the editor's units.
pub(crate) fn range(range: place::Range) -> Range {
    let position = |position: place::Position| Position::new(position.line, position.character);
    Range::new(position(range.start), position(range.end))
}

/// The very beginning of a line, where no column needs to be counted.
pub(crate) fn line_start(line: u32) -> Range {
    Range::new(Position::new(line, 0), Position::new(line, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_files_have_paths() {
        let check = |uri: &str, expected: Option<&str>| {
            let found = path(&Url::parse(uri).unwrap());
            assert_eq!(found.as_deref().map(camino::Utf8Path::as_str), expected);
        };
        check("file:///w/a.rs", Some("/w/a.rs"));
        check("file:///w/a%20b/%C3%A9%5B1%5D.py", Some("/w/a b/é[1].py"));
        check("file://localhost/w/a.rs", Some("/w/a.rs"));
        check("file://elsewhere/w/a.rs", None);
        check("file:///w/%FF.rs", None);
        check("untitled:Untitled-1", None);
        check("git:/w/a.rs", None);
    }

    #[test]
    fn folders_are_taken_from_the_newest_field_that_names_any() {
        let check = |params: serde_json::Value, expected: &[&str]| {
            let mut all = json!({"capabilities": {}});
            all.as_object_mut()
                .unwrap()
                .extend(params.as_object().unwrap().clone());
            let params = serde_json::from_value(all).unwrap();
            assert_eq!(folders(&params), expected);
        };
        let one = json!([{"uri": "file:///w/one", "name": "one"}, {"uri": "x:/two", "name": ""}]);
        check(
            json!({"workspaceFolders": one, "rootUri": "file:///w/old"}),
            &["/w/one"],
        );
        check(
            json!({"workspaceFolders": [], "rootUri": "file:///w/old"}),
            &["/w/old"],
        );
        check(
            json!({"workspaceFolders": null, "rootPath": "/w/older"}),
            &["/w/older"],
        );
        check(json!({"rootUri": null, "rootPath": "relative"}), &[]);
        check(json!({}), &[]);
    }

    #[test]
    fn utf_8_is_chosen_where_it_is_offered() {
        let check = |offered: serde_json::Value, expected| {
            let params = json!({"capabilities": {"general": {"positionEncodings": offered}}});
            let params = serde_json::from_value(params).unwrap();
            assert_eq!(encoding(&params), expected);
        };
        check(json!(["utf-32", "utf-8", "utf-16"]), PositionEncoding::Utf8);
        check(json!(["utf-16"]), PositionEncoding::Utf16);
        check(json!(["utf-32"]), PositionEncoding::Utf16);
        check(json!(null), PositionEncoding::Utf16);
    }
}
