//! The result of a cycle as one edit that the editor can undo in one step.

use greenward_engine::AppliedFile;
use greenward_workspace::document::{LineIndex, PositionEncoding};
use similar::{DiffOp, TextDiff};
use std::collections::HashMap;
use tower_lsp::lsp_types::{
    AnnotatedTextEdit, ChangeAnnotation, CreateFile, CreateFileOptions, DeleteFile,
    DeleteFileOptions, DocumentChangeOperation, DocumentChanges, OneOf,
    OptionalVersionedTextDocumentIdentifier, Position, Range, ResourceOp, TextDocumentEdit,
    TextEdit, Url, WorkspaceEdit,
};

use crate::abilities::EditAbilities;
use crate::wire;

/// The name of the one annotation that all edits of a result have.
const ANNOTATION: &str = "greenward";

/// Files for which no edit can be made: they are no text, or have no URI.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoText(pub camino::Utf8PathBuf);

/// What makes of the user's files what the result of a cycle makes of them.
///
/// With a `label` every edit is annotated, and the client asks the user before it takes it over.
///
/// # Errors
///
/// [`NoText`] for a file that an editor cannot edit.
pub(crate) fn workspace_edit(
    files: &[AppliedFile],
    label: Option<&str>,
    abilities: EditAbilities,
    encoding: PositionEncoding,
) -> Result<WorkspaceEdit, NoText> {
    let label = label.filter(|_| abilities.annotations);
    let mut plan = Plan::default();
    for file in files {
        let no_text = || NoText(file.path.clone());
        let uri = wire::uri(&file.path).ok_or_else(no_text)?;
        let (before, after) = (file.before.as_deref(), file.after.as_deref());
        match (before, after) {
            (None, None) => return Err(no_text()),
            (Some(_), None) if abilities.delete => plan.delete(uri, label),
            (None, Some(after)) => {
                if abilities.create {
                    plan.create(uri.clone(), label);
                }
                plan.edit(uri, None, edits("", after, encoding), label);
            }
            (Some(before), after) => {
                let edits = edits(before, after.unwrap_or_default(), encoding);
                plan.edit(uri, file.version, edits, label);
            }
        }
    }
    Ok(plan.finish(label, abilities))
}

/// The changed lines, each stretch of them as one edit.
fn edits(before: &str, after: &str, encoding: PositionEncoding) -> Vec<TextEdit> {
    let lines = LineIndex::new(before);
    let position = |offset| {
        let place = lines.position(before, offset);
        let place = lines.to_client(before, place, encoding);
        Position::new(place.line, place.character)
    };
    let diff = TextDiff::from_lines(before, after);
    let old = starts((0..).map_while(|line| diff.old_slice(line)));
    let new = starts((0..).map_while(|line| diff.new_slice(line)));
    diff.ops()
        .iter()
        .filter(|op| !matches!(op, DiffOp::Equal { .. }))
        .map(|op| {
            let (from, to) = (op.old_range(), op.new_range());
            let range = Range::new(position(old[from.start]), position(old[from.end]));
            TextEdit::new(range, after[new[to.start]..new[to.end]].to_owned())
        })
        .collect()
}

/// Where each line starts, and where the last one ends.
fn starts<'text>(lines: impl Iterator<Item = &'text str>) -> Vec<usize> {
    let mut starts = vec![0];
    let mut at = 0;
    starts.extend(lines.map(|line| {
        at += line.len();
        at
    }));
    starts
}

/// An edit while it is made.
#[derive(Debug, Default)]
struct Plan {
    operations: Vec<DocumentChangeOperation>,
}

impl Plan {
    fn edit(&mut self, uri: Url, version: Option<i32>, edits: Vec<TextEdit>, label: Option<&str>) {
        let edits = edits.into_iter().map(|edit| match label {
            None => OneOf::Left(edit),
            Some(_) => OneOf::Right(AnnotatedTextEdit {
                text_edit: edit,
                annotation_id: ANNOTATION.to_owned(),
            }),
        });
        self.operations
            .push(DocumentChangeOperation::Edit(TextDocumentEdit {
                text_document: OptionalVersionedTextDocumentIdentifier { uri, version },
                edits: edits.collect(),
            }));
    }

    fn create(&mut self, uri: Url, label: Option<&str>) {
        let create = CreateFile {
            uri,
            options: Some(CreateFileOptions {
                overwrite: Some(false),
                ignore_if_exists: Some(false),
            }),
            annotation_id: label.map(|_| ANNOTATION.to_owned()),
        };
        self.operations
            .push(DocumentChangeOperation::Op(ResourceOp::Create(create)));
    }

    fn delete(&mut self, uri: Url, label: Option<&str>) {
        let delete = DeleteFile {
            uri,
            options: Some(DeleteFileOptions {
                recursive: Some(false),
                ignore_if_not_exists: Some(false),
                annotation_id: label.map(|_| ANNOTATION.to_owned()),
            }),
        };
        self.operations
            .push(DocumentChangeOperation::Op(ResourceOp::Delete(delete)));
    }

    fn finish(self, label: Option<&str>, abilities: EditAbilities) -> WorkspaceEdit {
        if !abilities.versioned {
            return self.plain();
        }
        let annotation = |label: &str| ChangeAnnotation {
            label: label.to_owned(),
            needs_confirmation: Some(true),
            description: None,
        };
        WorkspaceEdit {
            changes: None,
            document_changes: Some(DocumentChanges::Operations(self.operations)),
            change_annotations: label
                .map(|label| HashMap::from([(ANNOTATION.to_owned(), annotation(label))])),
        }
    }

    /// For clients that know nothing but text edits.
    fn plain(self) -> WorkspaceEdit {
        let changes = self.operations.into_iter().filter_map(|operation| {
            let DocumentChangeOperation::Edit(edit) = operation else {
                return None;
            };
            let edits = edit.edits.into_iter().map(|edit| match edit {
                OneOf::Left(edit) => edit,
                OneOf::Right(annotated) => annotated.text_edit,
            });
            Some((edit.text_document.uri, edits.collect()))
        });
        WorkspaceEdit {
            changes: Some(changes.collect()),
            ..WorkspaceEdit::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    const FULL: EditAbilities = EditAbilities {
        apply: true,
        versioned: true,
        create: true,
        delete: true,
        annotations: true,
    };
    const PLAIN: EditAbilities = EditAbilities {
        versioned: false,
        create: false,
        delete: false,
        annotations: false,
        ..FULL
    };

    fn file(
        path: &str,
        version: Option<i32>,
        before: Option<&str>,
        after: Option<&str>,
    ) -> AppliedFile {
        AppliedFile {
            path: path.into(),
            version,
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        }
    }

    fn three() -> [AppliedFile; 3] {
        [
            file("/w/a.py", Some(7), Some("one\ntwo\n"), Some("one\n2\n")),
            file("/w/new.py", None, None, Some("new\n")),
            file("/w/old.py", None, Some("old\n"), None),
        ]
    }

    #[track_caller]
    fn check(label: Option<&str>, abilities: EditAbilities, expected: &Expect) {
        let edit = workspace_edit(&three(), label, abilities, PositionEncoding::Utf16);
        expected.assert_eq(&serde_json::to_string(&edit.unwrap()).unwrap());
    }

    #[test]
    fn an_open_file_has_its_version_and_files_come_and_go() {
        check(
            None,
            FULL,
            &expect![[
                r#"{"documentChanges":[{"textDocument":{"uri":"file:///w/a.py","version":7},"edits":[{"range":{"start":{"line":1,"character":0},"end":{"line":2,"character":0}},"newText":"2\n"}]},{"kind":"create","uri":"file:///w/new.py","options":{"overwrite":false,"ignoreIfExists":false}},{"textDocument":{"uri":"file:///w/new.py","version":null},"edits":[{"range":{"start":{"line":0,"character":0},"end":{"line":0,"character":0}},"newText":"new\n"}]},{"kind":"delete","uri":"file:///w/old.py","options":{"recursive":false,"ignoreIfNotExists":false}}]}"#
            ]],
        );
    }

    #[test]
    fn with_a_label_all_of_it_is_confirmed_by_the_user() {
        check(
            Some("Greenward: cycle 7"),
            FULL,
            &expect![[
                r#"{"documentChanges":[{"textDocument":{"uri":"file:///w/a.py","version":7},"edits":[{"range":{"start":{"line":1,"character":0},"end":{"line":2,"character":0}},"newText":"2\n","annotationId":"greenward"}]},{"kind":"create","uri":"file:///w/new.py","options":{"overwrite":false,"ignoreIfExists":false},"annotationId":"greenward"},{"textDocument":{"uri":"file:///w/new.py","version":null},"edits":[{"range":{"start":{"line":0,"character":0},"end":{"line":0,"character":0}},"newText":"new\n","annotationId":"greenward"}]},{"kind":"delete","uri":"file:///w/old.py","options":{"recursive":false,"ignoreIfNotExists":false,"annotationId":"greenward"}}],"changeAnnotations":{"greenward":{"label":"Greenward: cycle 7","needsConfirmation":true}}}"#
            ]],
        );
    }

    #[test]
    fn a_client_that_knows_text_edits_only_gets_these() {
        let plain = serde_json::to_value(
            workspace_edit(&three(), Some("x"), PLAIN, PositionEncoding::Utf16).unwrap(),
        )
        .unwrap();
        assert_eq!(plain["changes"].as_object().unwrap().len(), 3);
        assert_eq!(plain["changes"]["file:///w/old.py"][0]["newText"], "");
        assert_eq!(plain.get("documentChanges"), None);
    }

    #[test]
    fn what_is_no_text_is_not_edited() {
        let binary = [file("/w/a.bin", None, None, None)];
        assert_eq!(
            workspace_edit(&binary, None, FULL, PositionEncoding::Utf8),
            Err(NoText("/w/a.bin".into()))
        );
    }

    /// What an editor that counts in UTF-16 makes of the edits, the last first.
    fn applied(before: &str, edits: &[TextEdit]) -> String {
        let lines = LineIndex::new(before);
        let offset = |position: Position| {
            let place = greenward_workspace::document::ClientPosition::new(
                position.line,
                position.character,
            );
            let place = lines.from_client(before, place, PositionEncoding::Utf16);
            lines.offset(before, place)
        };
        let mut text = before.to_owned();
        for edit in edits.iter().rev() {
            let range = offset(edit.range.start)..offset(edit.range.end);
            text.replace_range(range, &edit.new_text);
        }
        text
    }

    #[test]
    fn edits_make_one_text_of_the_other() {
        for (before, after) in [
            ("", "a\n"),
            ("a\n", ""),
            ("a\nb\nc\n", "a\nB\nc\nd\n"),
            ("no end", "no end\nat all"),
            ("é𝄞", "é𝄞x"),
            ("a\r\nb\r\n", "a\r\nc\r\n"),
            ("x\ny\nz", "y\nz\nx"),
        ] {
            let edits = edits(before, after, PositionEncoding::Utf16);
            assert_eq!(applied(before, &edits), after, "{before:?} to {after:?}");
        }
    }
}
