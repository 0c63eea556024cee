//! What clients say that they can do.

use serde_json::{Value, json};

/// A client, as far as a server can tell one from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Nothing but the base protocol: positions in UTF-16, pushed diagnostics.
    Bare,
    /// As Visual Studio Code: everything, positions in UTF-16.
    VsCode,
    /// As Neovim on Linux: positions in UTF-8, no dynamic file watching.
    Neovim,
}

impl Profile {
    /// `clientInfo` of `initialize`.
    #[must_use]
    pub fn info(self) -> Value {
        match self {
            Profile::Bare => json!({"name": "bare"}),
            Profile::VsCode => json!({"name": "Visual Studio Code", "version": "1.105.0"}),
            Profile::Neovim => json!({"name": "Neovim", "version": "0.11.4"}),
        }
    }

    /// `capabilities` of `initialize`.
    #[must_use]
    pub fn capabilities(self) -> Value {
        match self {
            Profile::Bare => json!({}),
            Profile::VsCode => json!({
                "general": {
                    "positionEncodings": ["utf-16"],
                    "staleRequestSupport": {"cancel": true, "retryOnContentModified": []},
                },
                "workspace": {
                    "applyEdit": true,
                    "workspaceEdit": {
                        "documentChanges": true,
                        "resourceOperations": ["create", "rename", "delete"],
                        "failureHandling": "textOnlyTransactional",
                        "normalizesLineEndings": true,
                        "changeAnnotationSupport": {"groupsOnLabel": true},
                    },
                    "configuration": true,
                    "didChangeConfiguration": {"dynamicRegistration": true},
                    "didChangeWatchedFiles": {
                        "dynamicRegistration": true,
                        "relativePatternSupport": true,
                    },
                    "executeCommand": {"dynamicRegistration": true},
                    "workspaceFolders": true,
                    "codeLens": {"refreshSupport": true},
                    "inlayHint": {"refreshSupport": true},
                    "diagnostics": {"refreshSupport": true},
                },
                "textDocument": {
                    "synchronization": {
                        "dynamicRegistration": true,
                        "willSave": true,
                        "willSaveWaitUntil": true,
                        "didSave": true,
                    },
                    "publishDiagnostics": {
                        "relatedInformation": true,
                        "versionSupport": false,
                        "tagSupport": {"valueSet": [1, 2]},
                        "codeDescriptionSupport": true,
                        "dataSupport": true,
                    },
                    "hover": {
                        "dynamicRegistration": true,
                        "contentFormat": ["markdown", "plaintext"],
                    },
                    "codeLens": {"dynamicRegistration": true},
                    "codeAction": {
                        "dynamicRegistration": true,
                        "isPreferredSupport": true,
                        "disabledSupport": true,
                        "dataSupport": true,
                        "resolveSupport": {"properties": ["edit"]},
                        "codeActionLiteralSupport": {
                            "codeActionKind": {"valueSet": ["", "quickfix", "refactor", "source"]},
                        },
                        "honorsChangeAnnotations": true,
                    },
                    "inlayHint": {
                        "dynamicRegistration": true,
                        "resolveSupport": {"properties": ["tooltip", "label.command"]},
                    },
                },
                "window": {
                    "workDoneProgress": true,
                    "showMessage": {"messageActionItem": {"additionalPropertiesSupport": true}},
                    "showDocument": {"support": true},
                },
            }),
            Profile::Neovim => json!({
                "general": {"positionEncodings": ["utf-8", "utf-16", "utf-32"]},
                "workspace": {
                    "applyEdit": true,
                    "workspaceEdit": {"resourceOperations": ["rename", "create", "delete"]},
                    "configuration": true,
                    "didChangeConfiguration": {"dynamicRegistration": false},
                    "didChangeWatchedFiles": {
                        "dynamicRegistration": false,
                        "relativePatternSupport": true,
                    },
                    "workspaceFolders": true,
                    "inlayHint": {"refreshSupport": true},
                },
                "textDocument": {
                    "synchronization": {
                        "dynamicRegistration": false,
                        "willSave": true,
                        "willSaveWaitUntil": true,
                        "didSave": true,
                    },
                    "publishDiagnostics": {
                        "relatedInformation": true,
                        "tagSupport": {"valueSet": [1, 2]},
                        "dataSupport": true,
                    },
                    "hover": {
                        "dynamicRegistration": true,
                        "contentFormat": ["markdown", "plaintext"],
                    },
                    "codeLens": {"dynamicRegistration": false},
                    "codeAction": {
                        "dynamicRegistration": true,
                        "isPreferredSupport": true,
                        "dataSupport": true,
                        "resolveSupport": {"properties": ["edit", "command"]},
                        "codeActionLiteralSupport": {
                            "codeActionKind": {"valueSet": ["", "quickfix", "refactor", "source"]},
                        },
                    },
                },
                "window": {
                    "workDoneProgress": true,
                    "showMessage": {"messageActionItem": {"additionalPropertiesSupport": true}},
                    "showDocument": {"support": true},
                },
            }),
        }
    }
}
