//! What the user decides about a cycle that has ended, and what becomes of the answer.

use std::sync::Arc;

use greenward_core::{CycleId, EndingKind, Review};
use greenward_engine::{CycleCommand, CycleRefusal, CycleSummary, Refusal};
use tower_lsp::lsp_types::MessageType;

use super::apply::{Applied, NotApplied};
use super::document::Document;
use super::show::log;
use super::words;
use crate::session::Session;

const REVIEW: &str = "Review";
const APPLY: &str = "Apply";
const DISCARD: &str = "Discard";
const RESUME: &str = "Resume";
const DETAILS: &str = "Show details";
const CONFLICTS: &str = "Show conflicts";

impl Session {
    /// A cycle has come to its end: asks what is to become of it.
    pub(crate) async fn decide(self: &Arc<Self>, summary: &CycleSummary) {
        match (summary.ending, summary.review) {
            // The daemon ends, or the cycle was put aside already.
            (None, _) | (_, Some(Review::Discarded)) => {}
            (Some(EndingKind::Complete), Some(Review::Applied)) => {
                let said = words::complete(summary);
                self.show(
                    MessageType::INFO,
                    format!("{said}. It is your own work already"),
                );
            }
            (Some(EndingKind::Complete), None) => {
                self.ask_about(summary, &[REVIEW, APPLY, DISCARD]).await;
            }
            (Some(EndingKind::Cancelled), _) => {
                self.show(MessageType::INFO, words::not_green(summary));
            }
            (Some(EndingKind::Failed | EndingKind::Stuck), _) => {
                let said = words::not_green(summary);
                let answer = self
                    .question(MessageType::WARNING, said, &[DETAILS, RESUME])
                    .await;
                match answer.as_deref() {
                    Some(DETAILS) => {
                        let shown = self.show_cycle_document(Document::Cycle(summary.id)).await;
                        log(shown);
                    }
                    Some(RESUME) => self.resume(summary.id).await,
                    _ => {}
                }
            }
        }
    }

    async fn ask_about(self: &Arc<Self>, summary: &CycleSummary, choices: &[&str]) {
        let said = words::complete(summary);
        let answer = self.question(MessageType::INFO, said, choices).await;
        match answer.as_deref() {
            Some(REVIEW) => Box::pin(self.review(summary.id)).await,
            Some(APPLY) => {
                self.apply_and_say(summary.id).await;
            }
            Some(DISCARD) => self.discard(summary.id).await,
            _ => {}
        }
    }

    /// Shows what a cycle changes, and asks whether that is to be applied: in the editor's own
    /// preview where it has one.
    pub(super) async fn review(self: &Arc<Self>, cycle: CycleId) {
        let diff = match self.diff_of(cycle).await {
            Ok(Ok(diff)) => diff,
            Ok(Err(refusal)) => return self.refused(&refusal),
            Err(error) => return tracing::warn!(%error, "a cycle is not shown"),
        };
        let is_open = diff.summary.review.is_none();
        let is_complete = diff.summary.ending == Some(EndingKind::Complete);
        if !is_complete || !is_open {
            return log(self.show_cycle_document(Document::Cycle(cycle)).await);
        }
        let edit = self.abilities.edit;
        if edit.apply && edit.annotations {
            return self.told(cycle, self.apply(cycle, true).await).await;
        }
        log(self.show_cycle_document(Document::Diff(cycle)).await);
        self.ask_about(&diff.summary, &[APPLY, DISCARD]).await;
    }

    /// Returns whether the result is in the user's files.
    pub(super) async fn apply_and_say(self: &Arc<Self>, cycle: CycleId) -> bool {
        let applied = self.apply(cycle, false).await;
        let is_applied = applied.is_ok();
        self.told(cycle, applied).await;
        is_applied
    }

    /// Tells the user what became of a wish to apply a result.
    async fn told(
        self: &Arc<Self>,
        cycle: CycleId,
        applied: std::result::Result<Applied, NotApplied>,
    ) {
        match applied {
            Ok(applied) => self.show(MessageType::INFO, applied.say(cycle)),
            Err(NotApplied::Refused(CycleRefusal::Run(Refusal::Untrusted { .. }))) => {}
            Err(not_applied) => {
                let conflicts = not_applied.has_conflicts();
                let said = not_applied.say(cycle);
                if !conflicts {
                    return self.show(MessageType::WARNING, said);
                }
                // Nobody is to wait for the answer.
                let session = self.clone();
                tokio::spawn(async move {
                    let answer = session
                        .question(MessageType::WARNING, said, &[CONFLICTS])
                        .await;
                    if answer.is_some() {
                        log(session
                            .show_cycle_document(Document::Conflicts(cycle))
                            .await);
                    }
                });
            }
        }
    }

    pub(super) async fn discard(&self, cycle: CycleId) {
        let discarded = self.ask_cycles(|reply| CycleCommand::Discard { cycle, reply });
        match discarded.await {
            Ok(Ok(())) => {
                let kept = format!(
                    "Cycle {cycle} is discarded; what it made is kept under refs/greenward/cycles/{cycle}"
                );
                self.show(MessageType::INFO, kept);
            }
            Ok(Err(refusal)) => self.refused(&refusal),
            Err(error) => tracing::warn!(%error, "a cycle is not discarded"),
        }
    }

    pub(super) async fn resume(&self, cycle: CycleId) {
        match self
            .ask_cycles(|reply| CycleCommand::Resume { cycle, reply })
            .await
        {
            Ok(Ok(())) => {}
            Ok(Err(refusal)) => self.refused(&refusal),
            Err(error) => tracing::warn!(%error, "a cycle does not go on"),
        }
    }

    /// Tells of results that came to the user's files in part, since a daemon was killed over it,
    /// and offers to bring the rest.
    pub(crate) async fn tell_half_applied(self: &Arc<Self>) {
        let half = self.ask_cycles(|reply| CycleCommand::HalfApplied { reply });
        let half = match half.await {
            Ok(Ok(half)) => half,
            Ok(Err(refusal)) => return tracing::warn!(%refusal, "half-applied results"),
            Err(_) => return,
        };
        for half in half {
            let said = format!("Greenward was stopped while it applied a result: {half}");
            let answer = self.question(MessageType::WARNING, said, &[APPLY]).await;
            if answer.is_some() {
                self.apply_and_say(half.cycle).await;
            }
        }
    }

    /// Says why something about a cycle is not done.
    pub(super) fn refused(&self, refusal: &CycleRefusal) {
        // The engine offers to trust the folder.
        if !matches!(refusal, CycleRefusal::Run(Refusal::Untrusted { .. })) {
            self.show(MessageType::WARNING, refusal.to_string());
        }
    }
}
