//! What is done with a cycle by a command, and which cycles and workers there are for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::Utf8Path;
use greenward_core::{CycleId, EndingKind};
use greenward_engine::{CycleCommand, CycleStanding, Hands};
use serde_json::{Value, json};
use tower_lsp::jsonrpc::Result;
use tower_lsp::lsp_types::MessageType;

use super::document::Document;
use crate::command::CycleVerb;
use crate::session::Session;

impl Session {
    /// The cycles that the user has not decided about, of the folder that a file lies in. Where they
    /// cannot be read there are none: whoever begins one is told why.
    ///
    /// # Errors
    ///
    /// An internal error if the engine has ended.
    pub(crate) fn undecided(
        &self,
        path: &Utf8Path,
    ) -> impl Future<Output = Result<Vec<CycleStanding>>> + use<'_> {
        let path = path.to_owned();
        let cycles = self.ask_cycles(|reply| CycleCommand::Undecided { path, reply });
        async move {
            Ok(cycles.await?.unwrap_or_else(|refusal| {
                tracing::debug!(%refusal, "cycles are not known");
                Vec::new()
            }))
        }
    }

    /// The workers for a file that cannot work, each with why.
    ///
    /// # Errors
    ///
    /// An internal error if the engine has ended.
    pub(crate) async fn troubled_workers(
        &self,
        path: &Utf8Path,
    ) -> Result<BTreeMap<String, String>> {
        let path = path.to_owned();
        self.ask_cycles(|reply| CycleCommand::Workers { path, reply })
            .await
    }

    /// Does something with a cycle, or with the newest that it can be done with.
    ///
    /// # Errors
    ///
    /// An internal error if the engine has ended. Whatever else is in the way is shown to the user.
    pub(crate) async fn with_cycle(
        self: &Arc<Self>,
        verb: CycleVerb,
        cycle: Option<CycleId>,
    ) -> Result<Option<Value>> {
        if verb == CycleVerb::Cancel {
            let command = CycleCommand::Cancel { cycle };
            self.engine.send(greenward_engine::Command::Cycle(command));
            return Ok(None);
        }
        let cycle = match cycle {
            Some(cycle) => Some(cycle),
            None => self.newest(verb).await?,
        };
        let Some(cycle) = cycle else {
            self.show(MessageType::INFO, "There is no cycle to do that with");
            return Ok(None);
        };
        match verb {
            CycleVerb::Cancel | CycleVerb::Show => {
                self.show_cycle_document(Document::Cycle(cycle)).await
            }
            CycleVerb::Review => {
                let session = self.clone();
                tokio::spawn(async move { session.review(cycle).await });
                Ok(None)
            }
            CycleVerb::Apply => {
                // Goes on when the editor waits for the command no more.
                let session = self.clone();
                let applied = tokio::spawn(async move { session.apply_and_say(cycle).await }).await;
                Ok(Some(json!({ "applied": applied.unwrap_or(false) })))
            }
            CycleVerb::Discard => {
                self.discard(cycle).await;
                Ok(None)
            }
            CycleVerb::Resume => {
                self.resume(cycle).await;
                Ok(None)
            }
        }
    }

    /// The newest cycle that something can be done with.
    async fn newest(&self, verb: CycleVerb) -> Result<Option<CycleId>> {
        let cycles = match self
            .ask_cycles(|reply| CycleCommand::List { reply })
            .await?
        {
            Ok(cycles) => cycles,
            Err(refusal) => {
                self.refused(&refusal);
                return Ok(None);
            }
        };
        let newest = cycles.iter().find(|cycle| fits(verb, cycle));
        Ok(newest.map(|cycle| cycle.summary.id))
    }
}

/// Whether something can be done with a cycle.
fn fits(verb: CycleVerb, CycleStanding { summary, hands, .. }: &CycleStanding) -> bool {
    let is_complete = summary.ending == Some(EndingKind::Complete);
    let waits = summary.review.is_none() && *hands == Hands::Nobodys;
    match verb {
        CycleVerb::Cancel => *hands == Hands::Ours,
        CycleVerb::Show => true,
        CycleVerb::Review | CycleVerb::Apply => waits && is_complete,
        CycleVerb::Discard => waits,
        CycleVerb::Resume => waits && !is_complete,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cycle::samples::{complete, failed, in_hands, running};
    use greenward_core::Review;

    #[test]
    fn what_can_be_done_with_a_cycle_is_what_it_waits_for() {
        use CycleVerb::{Apply, Cancel, Discard, Resume, Review as Look, Show};
        let mut applied = complete();
        applied.review = Some(Review::Applied);
        for (cycle, expected) in [
            (in_hands(running(), Hands::Ours), vec![Cancel, Show]),
            (in_hands(running(), Hands::Others), vec![Show]),
            (
                in_hands(running(), Hands::Nobodys),
                vec![Show, Discard, Resume],
            ),
            (
                in_hands(complete(), Hands::Nobodys),
                vec![Show, Look, Apply, Discard],
            ),
            (
                in_hands(failed(), Hands::Nobodys),
                vec![Show, Discard, Resume],
            ),
            (in_hands(applied, Hands::Nobodys), vec![Show]),
        ] {
            let all = [Cancel, Show, Look, Apply, Discard, Resume];
            let fitting: Vec<_> = all.into_iter().filter(|verb| fits(*verb, &cycle)).collect();
            assert_eq!(fitting, expected, "{cycle:?}");
        }
    }
}
