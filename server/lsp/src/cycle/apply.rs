//! The result of a cycle comes to the user's files: as an edit of the editor's where it takes one.

use camino::Utf8PathBuf;
use greenward_core::CycleId;
use greenward_engine::{Application, ApplyTo, CycleCommand, CycleDiff, CycleRefusal};
use tower_lsp::jsonrpc::Result;
use tower_lsp::lsp_types::ApplyWorkspaceEditParams;
use tower_lsp::lsp_types::request::ApplyWorkspaceEdit;

use super::edit::{NoText, workspace_edit};
use super::words;
use crate::session::{Session, THINKING};

/// What was brought to the user's files.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Applied {
    /// The files, absolute.
    pub files: Vec<Utf8PathBuf>,
    /// Whether the editor did it.
    by_editor: bool,
    /// Those that the editor has not saved.
    unsaved: Vec<Utf8PathBuf>,
}

impl Applied {
    /// What the user is told.
    pub(crate) fn say(&self, cycle: CycleId) -> String {
        match (self.files.len(), self.by_editor) {
            (0, _) => format!("Cycle {cycle} changes nothing any more: you have all of it already"),
            (_, true) => format!(
                "Cycle {cycle} is applied: one undo takes it back{}",
                words::not_saved(&self.unsaved)
            ),
            (_, false) => format!("Cycle {cycle} is applied to the files on disk"),
        }
    }
}

/// Why the user's files are as they were.
#[derive(Debug)]
pub(crate) enum NotApplied {
    /// The engine says no.
    Refused(CycleRefusal),
    /// A file is no text, and an editor can edit nothing else.
    NoText(Utf8PathBuf),
    /// The editor, or its user, says no.
    Editor(String),
    /// The engine has ended.
    Ended,
}

impl NotApplied {
    /// Whether the user has changed the same lines.
    pub(crate) fn has_conflicts(&self) -> bool {
        matches!(self, NotApplied::Refused(CycleRefusal::Conflicts { .. }))
    }

    /// What the user is told.
    pub(crate) fn say(&self, cycle: CycleId) -> String {
        match self {
            NotApplied::Refused(refusal) => refusal.to_string(),
            NotApplied::NoText(file) => format!(
                "Cycle {cycle} is not applied: {file} is no text that an editor could edit. \
                 `greenward apply {cycle}` writes it"
            ),
            NotApplied::Editor(why) => format!(
                "Cycle {cycle} is not applied: {why}. Its result is kept; \
                 greenward.cycle.apply tries again"
            ),
            NotApplied::Ended => "the engine has ended: restart the server".to_owned(),
        }
    }
}

impl Session {
    /// Brings the result of a cycle to the user's files. With `confirm` the user is asked about
    /// each edit, by editors that can do so.
    pub(crate) async fn apply(
        &self,
        cycle: CycleId,
        confirm: bool,
    ) -> std::result::Result<Applied, NotApplied> {
        if !self.abilities.edit.apply {
            return self.apply_to_disk(cycle).await;
        }
        let application = self.application(cycle).await;
        let application = application
            .map_err(|_| NotApplied::Ended)?
            .map_err(NotApplied::Refused)?;
        let files: Vec<Utf8PathBuf> = paths(&application);
        if !files.is_empty() {
            let label = format!("Greenward: cycle {cycle}");
            self.edit(label, &application, confirm).await?;
        }
        let unsaved = unsaved(&application).await;
        let changed = files.clone();
        let applied = self.ask_cycles(|reply| CycleCommand::Applied {
            cycle,
            files: changed,
            reply,
        });
        match applied.await {
            Ok(Ok(())) => {}
            // The files are as they should be: only the cycle's history is not.
            Ok(Err(error)) => tracing::error!(%error, "that a result was applied is not kept"),
            Err(error) => tracing::error!(%error, "that a result was applied is not kept"),
        }
        Ok(Applied {
            files,
            by_editor: true,
            unsaved,
        })
    }

    /// For editors that take no edit.
    async fn apply_to_disk(&self, cycle: CycleId) -> std::result::Result<Applied, NotApplied> {
        let applied = self.ask_cycles(|reply| CycleCommand::Apply {
            cycle,
            to: ApplyTo::Disk,
            reply,
        });
        let application = applied
            .await
            .map_err(|_| NotApplied::Ended)?
            .map_err(NotApplied::Refused)?;
        Ok(Applied {
            files: paths(&application),
            by_editor: false,
            unsaved: Vec::new(),
        })
    }

    /// Has the editor make an edit.
    pub(super) async fn edit(
        &self,
        label: String,
        application: &Application,
        confirm: bool,
    ) -> std::result::Result<(), NotApplied> {
        let abilities = &self.abilities;
        let edit = workspace_edit(
            &application.files,
            confirm.then_some(label.as_str()),
            abilities.edit,
            abilities.encoding,
        )
        .map_err(|NoText(file)| NotApplied::NoText(file))?;
        let params = ApplyWorkspaceEditParams {
            label: Some(label),
            edit,
        };
        let answer = self
            .client
            .request_within::<ApplyWorkspaceEdit>(params, THINKING)
            .await;
        match answer {
            Ok(answer) if answer.applied => Ok(()),
            Ok(answer) => {
                let why = answer.failure_reason.filter(|why| !why.is_empty());
                let why = why.unwrap_or_else(|| "the editor has not made the edit".to_owned());
                Err(NotApplied::Editor(why.trim_end_matches('.').to_owned()))
            }
            Err(error) => Err(NotApplied::Editor(error.to_string())),
        }
    }

    /// What would become of the user's files. Nothing is changed.
    ///
    /// # Errors
    ///
    /// An internal error if the engine has ended.
    pub(crate) async fn application(
        &self,
        cycle: CycleId,
    ) -> Result<std::result::Result<Application, CycleRefusal>> {
        self.ask_cycles(|reply| CycleCommand::Apply {
            cycle,
            to: ApplyTo::Editor,
            reply,
        })
        .await
    }

    /// What a cycle changes.
    ///
    /// # Errors
    ///
    /// An internal error if the engine has ended.
    pub(crate) async fn diff_of(
        &self,
        cycle: CycleId,
    ) -> Result<std::result::Result<CycleDiff, CycleRefusal>> {
        self.ask_cycles(|reply| CycleCommand::Diff { cycle, reply })
            .await
    }
}

/// The files that are not on the disk what they have become in the editor. Many editors open a file
/// for an edit and leave it to the user to save it, who may not even see it.
pub(super) async fn unsaved(application: &Application) -> Vec<Utf8PathBuf> {
    let mut unsaved = Vec::new();
    for file in &application.files {
        let on_disk = tokio::fs::read_to_string(&file.path).await.ok();
        if on_disk != file.after {
            unsaved.push(file.path.clone());
        }
    }
    unsaved
}

fn paths(application: &Application) -> Vec<Utf8PathBuf> {
    let files = application.files.iter();
    files.map(|file| file.path.clone()).collect()
}
