//! Documents about cycles, as the editor is shown them.

use greenward_engine::{CycleCommand, CycleRefusal};
use serde_json::Value;
use tower_lsp::jsonrpc::{Error, Result};

use super::document::{self, Document};
use crate::session::Session;

impl Session {
    /// The text of a document about cycles.
    ///
    /// # Errors
    ///
    /// Invalid params if there is no such cycle, an internal error if the engine has ended.
    pub(crate) async fn cycle_document(&self, document: Document) -> Result<String> {
        let refused = |refusal: CycleRefusal| Error::invalid_params(refusal.to_string());
        match document {
            Document::List => {
                let cycles = self
                    .ask_cycles(|reply| CycleCommand::List { reply })
                    .await?;
                Ok(document::list(&cycles.map_err(refused)?))
            }
            Document::Cycle(cycle) => {
                let diff = self.diff_of(cycle).await?.map_err(refused)?;
                Ok(document::cycle(&diff))
            }
            Document::Diff(cycle) => {
                let diff = self.diff_of(cycle).await?.map_err(refused)?;
                Ok(document::diff(&diff))
            }
            Document::Conflicts(cycle) => match self.application(cycle).await? {
                Err(CycleRefusal::Conflicts { id, conflicts }) => {
                    Ok(document::conflicts(id, &conflicts))
                }
                Ok(_) => Ok(format!(
                    "Cycle {cycle} and your own changes fit together now: apply it again.\n"
                )),
                Err(refusal) => Err(refused(refusal)),
            },
        }
    }

    /// Shows a document about cycles in the best way that the editor knows.
    ///
    /// # Errors
    ///
    /// As [`cycle_document`](Self::cycle_document).
    pub(crate) async fn show_cycle_document(&self, document: Document) -> Result<Option<Value>> {
        let text = self.cycle_document(document).await?;
        self.show_text(&document.uri(), &document.file_name(), text)
            .await
    }
}

/// What nobody waits for is for the log.
pub(super) fn log<T>(result: Result<T>) {
    if let Err(error) = result {
        tracing::warn!(%error, "a document is not shown");
    }
}
