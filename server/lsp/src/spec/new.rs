//! Writing a new spec: the editor creates the file, so that it is its user's to keep or undo.

use camino::{Utf8Path, Utf8PathBuf};
use greenward_engine::{AppliedFile, Query, new_spec};
use greenward_protocol::settings::Settings;
use serde_json::{Value, json};
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::lsp_types::request::ApplyWorkspaceEdit;
use tower_lsp::lsp_types::{ApplyWorkspaceEditParams, MessageType};

use crate::cycle::edit::workspace_edit;
use crate::session::Session;
use crate::wire;

/// What a new spec is called.
const TITLE: &str = "New spec";

/// So many new specs may stand beside each other.
const MOST: u32 = 100;

impl Session {
    /// Has the editor create a spec in the workspace folder of a file, or in the first.
    ///
    /// # Errors
    ///
    /// Invalid params if the file lies in no folder of the workspace, an internal error if the
    /// engine has ended. That nothing is written is shown to the user, and no error.
    pub(crate) async fn write_new_spec(&self, file: Option<&Utf8Path>) -> Result<Option<Value>> {
        match self.try_new_spec(file).await? {
            Ok(file) => {
                let uri = wire::uri(&file);
                if let Some(uri) = uri.as_ref().filter(|_| self.abilities.show_document) {
                    self.show_document(uri.as_str()).await;
                }
                Ok(uri.map(|uri| json!({ "uri": uri })))
            }
            Err(why) => {
                self.show(MessageType::WARNING, format!("No spec is written: {why}"));
                Ok(None)
            }
        }
    }

    async fn try_new_spec(
        &self,
        file: Option<&Utf8Path>,
    ) -> Result<std::result::Result<Utf8PathBuf, String>> {
        let abilities = self.abilities.edit;
        if !abilities.apply || !abilities.create {
            let why = "this editor creates no files for others. `greenward init --spec NAME` \
                       writes one";
            return Ok(Err(why.to_owned()));
        }
        let folder = match file {
            Some(file) => self.folder_of(file).await?.ok_or_else(|| {
                Error::invalid_params(format!("{file} lies in no folder of the workspace"))
            })?,
            None => {
                let status = self.ask(|reply| Query::Status { reply }).await?;
                match status.folders.into_iter().next() {
                    Some((folder, _)) => folder,
                    None => return Ok(Err("no folder is open".to_owned())),
                }
            }
        };
        let path = folder.clone();
        let settings = self.ask(|reply| Query::Settings { path, reply }).await?;
        let settings = settings.unwrap_or_default();
        let Some((path, text)) = self.free_place(&folder, &settings).await else {
            let why = "none of the patterns in the setting `specs.files` leads to a free name \
                       for a Markdown file";
            return Ok(Err(why.to_owned()));
        };
        let new = AppliedFile {
            path: path.clone(),
            version: None,
            before: None,
            after: Some(text),
        };
        let edit = workspace_edit(&[new], None, abilities, self.abilities.encoding);
        let Ok(edit) = edit else {
            return Ok(Err(format!("{path} is no path that an editor could open")));
        };
        let params = ApplyWorkspaceEditParams {
            label: Some("Greenward: a new spec".to_owned()),
            edit,
        };
        Ok(
            match self.client.request::<ApplyWorkspaceEdit>(params).await {
                Ok(answer) if answer.applied => Ok(path),
                Ok(answer) => {
                    let why = answer.failure_reason.filter(|why| !why.is_empty());
                    Err(why.unwrap_or_else(|| "the editor has not made the edit".to_owned()))
                }
                Err(error) => Err(error.to_string()),
            },
        )
    }

    /// Where nothing is yet, on disk or in the editor, and the text for it.
    async fn free_place(
        &self,
        folder: &Utf8Path,
        settings: &Settings,
    ) -> Option<(Utf8PathBuf, String)> {
        for number in 1..=MOST {
            let title = match number {
                1 => TITLE.to_owned(),
                _ => format!("{TITLE} {number}"),
            };
            let (path, text) = new_spec(settings, &title)?;
            let path = folder.join(path);
            // A link that leads nowhere is something, too.
            let is_there = tokio::fs::symlink_metadata(&path).await.is_ok();
            if !is_there && self.engine.text(&path).is_none() {
                return Some((path, text));
            }
        }
        None
    }
}
