//! What the client can do, read once from `initialize`.

use greenward_protocol::method::InitializationOptions;
use greenward_workspace::document::PositionEncoding;
use tower_lsp::lsp_types::{
    InitializeParams, MarkupKind, ResourceOperationKind, WorkspaceEditClientCapabilities,
};

use crate::convert;

/// What the client can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Abilities {
    /// The unit in which it counts columns.
    pub encoding: PositionEncoding,
    /// It shows further places of a diagnostic.
    pub related_information: bool,
    /// It asks for code lenses again when told to.
    pub lens_refresh: bool,
    /// It asks for inlay hints again when told to.
    pub hint_refresh: bool,
    /// It takes code actions, not only commands.
    pub actions: bool,
    /// It shows why an action cannot be taken now.
    pub disabled_actions: bool,
    /// It shows Markdown in hovers.
    pub markdown: bool,
    /// It shows progress that we begin.
    pub progress: bool,
    /// It shows a document when asked to.
    pub show_document: bool,
    /// It answers `workspace/configuration`.
    pub configuration: bool,
    /// It lets us ask for `workspace/didChangeConfiguration`.
    pub register_configuration: bool,
    /// It wants our own notifications.
    pub events: bool,
    /// It opens documents of our own scheme.
    pub documents: bool,
    /// It shows which action to prefer.
    pub preferred_actions: bool,
    /// What it can do with edits.
    pub edit: EditAbilities,
}

/// What the client can do with an edit of the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EditAbilities {
    /// It takes one from us.
    pub apply: bool,
    /// It takes edits with the version of each document.
    pub versioned: bool,
    /// It creates files.
    pub create: bool,
    /// It deletes files.
    pub delete: bool,
    /// It lets the user confirm edits that are annotated so.
    pub annotations: bool,
}

impl EditAbilities {
    fn new(apply: bool, edit: Option<WorkspaceEditClientCapabilities>) -> Self {
        let edit = edit.unwrap_or_default();
        let operations = edit.resource_operations.unwrap_or_default();
        Self {
            apply,
            // Resource operations stand among document changes, so who knows these knows those.
            versioned: edit.document_changes == Some(true) || !operations.is_empty(),
            create: operations.contains(&ResourceOperationKind::Create),
            delete: operations.contains(&ResourceOperationKind::Delete),
            annotations: edit.change_annotation_support.is_some(),
        }
    }
}

impl Abilities {
    /// Reads them. What a client does not mention it cannot do.
    pub(crate) fn new(params: &InitializeParams, options: &InitializationOptions) -> Self {
        let capabilities = &params.capabilities;
        let workspace = capabilities.workspace.clone().unwrap_or_default();
        let text = capabilities.text_document.clone().unwrap_or_default();
        let window = capabilities.window.clone().unwrap_or_default();
        let diagnostics = text.publish_diagnostics.unwrap_or_default();
        let actions = text.code_action.unwrap_or_default();
        Self {
            encoding: convert::encoding(params),
            related_information: diagnostics.related_information == Some(true),
            lens_refresh: workspace
                .code_lens
                .is_some_and(|lens| lens.refresh_support == Some(true)),
            hint_refresh: workspace
                .inlay_hint
                .is_some_and(|hint| hint.refresh_support == Some(true)),
            actions: actions.code_action_literal_support.is_some(),
            disabled_actions: actions.disabled_support == Some(true),
            markdown: text
                .hover
                .and_then(|hover| hover.content_format)
                .is_some_and(|formats| formats.first() == Some(&MarkupKind::Markdown)),
            progress: window.work_done_progress == Some(true),
            show_document: window.show_document.is_some_and(|show| show.support),
            configuration: workspace.configuration == Some(true),
            register_configuration: workspace
                .did_change_configuration
                .is_some_and(|change| change.dynamic_registration == Some(true)),
            events: options.greenward_events,
            documents: options.greenward_documents,
            preferred_actions: actions.is_preferred_support == Some(true),
            edit: EditAbilities::new(workspace.apply_edit == Some(true), workspace.workspace_edit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn abilities(capabilities: &Value) -> Abilities {
        let params = serde_json::from_value(json!({ "capabilities": capabilities })).unwrap();
        Abilities::new(&params, &InitializationOptions::default())
    }

    #[test]
    fn what_a_client_does_not_mention_it_cannot_do() {
        let bare = abilities(&json!({}));
        assert_eq!(
            bare,
            Abilities {
                encoding: PositionEncoding::Utf16,
                related_information: false,
                lens_refresh: false,
                hint_refresh: false,
                actions: false,
                disabled_actions: false,
                markdown: false,
                progress: false,
                show_document: false,
                configuration: false,
                register_configuration: false,
                events: false,
                documents: false,
                preferred_actions: false,
                edit: EditAbilities {
                    apply: false,
                    versioned: false,
                    create: false,
                    delete: false,
                    annotations: false,
                },
            }
        );
    }

    #[test]
    fn who_creates_files_takes_versions_too() {
        let edit = json!({ "workspace": {
            "applyEdit": true,
            "workspaceEdit": { "resourceOperations": ["create"] },
        } });
        assert_eq!(
            abilities(&edit).edit,
            EditAbilities {
                apply: true,
                versioned: true,
                create: true,
                delete: false,
                annotations: false,
            }
        );
    }

    #[test]
    fn the_first_format_of_hovers_is_the_one_that_is_wanted() {
        let check = |formats: Value, markdown: bool| {
            let hover = json!({"textDocument": {"hover": {"contentFormat": formats}}});
            assert_eq!(abilities(&hover).markdown, markdown);
        };
        check(json!(["markdown", "plaintext"]), true);
        check(json!(["plaintext", "markdown"]), false);
        check(json!([]), false);
    }
}
