//! What the server says it can do.

use greenward_protocol::cycle::CycleEventNotification;
use greenward_protocol::cycle_method;
use greenward_protocol::method::{
    self, Notification as _, Request as _, RunEventNotification, TestsChanged,
};
use serde_json::{Value, json};
use tower_lsp::lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability, CodeLensOptions,
    CompletionOptions, ExecuteCommandOptions, HoverProviderCapability, InitializeResult, OneOf,
    SaveOptions, ServerCapabilities, ServerInfo, TextDocumentSyncCapability, TextDocumentSyncKind,
    TextDocumentSyncOptions, TextDocumentSyncSaveOptions, WorkDoneProgressOptions,
    WorkspaceFoldersServerCapabilities, WorkspaceServerCapabilities,
};

use crate::abilities::Abilities;
use crate::action::RUN_KIND;
use crate::command::Command;
use crate::convert;
use crate::spec::completion::TRIGGERS;

/// The answer to `initialize`.
pub(crate) fn initialize_result(abilities: &Abilities) -> InitializeResult {
    InitializeResult {
        capabilities: capabilities(abilities),
        server_info: Some(ServerInfo {
            name: "greenward".to_owned(),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        }),
    }
}

fn capabilities(abilities: &Abilities) -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(convert::encoding_kind(abilities.encoding)),
        text_document_sync: Some(TextDocumentSyncCapability::Options(
            TextDocumentSyncOptions {
                open_close: Some(true),
                change: Some(TextDocumentSyncKind::INCREMENTAL),
                will_save: None,
                will_save_wait_until: None,
                save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions {
                    include_text: Some(false),
                })),
            },
        )),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(TRIGGERS.map(str::to_owned).to_vec()),
            resolve_provider: Some(false),
            ..CompletionOptions::default()
        }),
        code_lens_provider: Some(CodeLensOptions {
            resolve_provider: Some(false),
        }),
        code_action_provider: Some(if abilities.actions {
            CodeActionProviderCapability::Options(CodeActionOptions {
                code_action_kinds: Some(vec![
                    CodeActionKind::EMPTY,
                    CodeActionKind::QUICKFIX,
                    RUN_KIND,
                ]),
                work_done_progress_options: WorkDoneProgressOptions::default(),
                resolve_provider: Some(false),
            })
        } else {
            CodeActionProviderCapability::Simple(true)
        }),
        inlay_hint_provider: Some(OneOf::Left(true)),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: Command::NAMES.map(str::to_owned).to_vec(),
            work_done_progress_options: WorkDoneProgressOptions::default(),
        }),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            file_operations: None,
        }),
        experimental: Some(own_methods()),
        ..ServerCapabilities::default()
    }
}

fn own_methods() -> Value {
    json!({
        "greenward": {
            "version": method::VERSION,
            "requests": [
                method::Discover::METHOD,
                method::Run::METHOD,
                method::Cancel::METHOD,
                method::Status::METHOD,
                method::Document::METHOD,
                cycle_method::StartCycle::METHOD,
                cycle_method::ResumeCycle::METHOD,
                cycle_method::CancelCycle::METHOD,
                cycle_method::ApplyCycle::METHOD,
                cycle_method::DiscardCycle::METHOD,
                cycle_method::DiffCycle::METHOD,
                cycle_method::ListCycles::METHOD,
            ],
            "notifications": [
                RunEventNotification::METHOD,
                TestsChanged::METHOD,
                CycleEventNotification::METHOD,
            ],
        }
    })
}
