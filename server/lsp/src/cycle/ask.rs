//! What is asked of the user about cycles, and what becomes of the answer.

use std::sync::Arc;

use greenward_core::{CycleId, EndingKind, Review, TestId};
use greenward_engine::{CycleCommand, CycleRefusal, CycleRequest, CycleSummary, Refusal};
use serde_json::{Value, json};
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::lsp_types::MessageType;

use super::apply::NotApplied;
use super::document::{self, Document};
use super::progress::HUMAN;
use super::words;
use crate::command::CycleVerb;
use crate::session::Session;

const REVIEW: &str = "Review";
const APPLY: &str = "Apply";
const DISCARD: &str = "Discard";
const RESUME: &str = "Resume";
const DETAILS: &str = "Show details";
const CONFLICTS: &str = "Show conflicts";
const BY_HAND: &str = "Go by hand";

impl Session {
    /// `greenward.green`: begins a cycle. Its number is the result.
    ///
    /// # Errors
    ///
    /// An internal error if the engine has ended. That no cycle begins is shown to the user.
    pub(crate) async fn green(
        self: &Arc<Self>,
        tests: Vec<TestId>,
        worker: Option<String>,
    ) -> Result<Option<Value>> {
        match self.start_cycle(tests.clone(), worker).await? {
            Ok(cycle) => Ok(Some(json!({ "cycle": cycle }))),
            Err(refusal) => {
                let session = self.clone();
                tokio::spawn(async move { session.no_cycle(tests, refusal).await });
                Ok(None)
            }
        }
    }

    async fn start_cycle(
        &self,
        targets: Vec<TestId>,
        worker: Option<String>,
    ) -> Result<std::result::Result<CycleId, CycleRefusal>> {
        let request = CycleRequest {
            targets,
            held_out: Vec::new(),
            worker,
        };
        self.ask_cycles(|reply| CycleCommand::Start { request, reply })
            .await
    }

    /// Says why no cycle has begun, and offers what would begin one.
    async fn no_cycle(&self, tests: Vec<TestId>, refusal: CycleRefusal) {
        let worker = match &refusal {
            CycleRefusal::NoWorker => {
                let answer = self
                    .question(MessageType::WARNING, refusal.to_string(), &[BY_HAND])
                    .await;
                answer.map(|_| HUMAN.to_owned())
            }
            CycleRefusal::SeveralWorkers(names) => {
                let mut choices: Vec<&str> = names.iter().map(String::as_str).collect();
                choices.push(BY_HAND);
                let answer = self
                    .question(MessageType::INFO, refusal.to_string(), &choices)
                    .await;
                answer.map(|name| match name.as_str() {
                    BY_HAND => HUMAN.to_owned(),
                    _ => name,
                })
            }
            _ => {
                self.refused(&refusal);
                return;
            }
        };
        if worker.is_none() {
            return;
        }
        match self.start_cycle(tests, worker).await {
            Ok(Ok(_)) => {}
            Ok(Err(refusal)) => self.refused(&refusal),
            Err(error) => tracing::warn!(%error, "no cycle begins"),
        }
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
        let fits = |cycle: &&CycleSummary| match verb {
            CycleVerb::Cancel => cycle.ending.is_none(),
            CycleVerb::Show => true,
            CycleVerb::Review | CycleVerb::Apply => {
                cycle.review.is_none() && cycle.ending == Some(EndingKind::Complete)
            }
            CycleVerb::Discard => cycle.review.is_none() && cycle.ending.is_some(),
            CycleVerb::Resume => words::can_resume(cycle),
        };
        Ok(cycles.iter().find(fits).map(|cycle| cycle.id))
    }

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
    async fn review(self: &Arc<Self>, cycle: CycleId) {
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
    async fn apply_and_say(self: &Arc<Self>, cycle: CycleId) -> bool {
        let applied = self.apply(cycle, false).await;
        let is_applied = applied.is_ok();
        self.told(cycle, applied).await;
        is_applied
    }

    /// Tells the user what became of a wish to apply a result.
    async fn told(
        self: &Arc<Self>,
        cycle: CycleId,
        applied: std::result::Result<super::apply::Applied, NotApplied>,
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

    async fn discard(&self, cycle: CycleId) {
        let discarded = self.ask_cycles(|reply| CycleCommand::Discard { cycle, reply });
        match discarded.await {
            Ok(Ok(())) => {
                self.cycles.forget(cycle);
                let kept = format!(
                    "Cycle {cycle} is discarded; what it made is kept under refs/greenward/cycles/{cycle}"
                );
                self.show(MessageType::INFO, kept);
            }
            Ok(Err(refusal)) => self.refused(&refusal),
            Err(error) => tracing::warn!(%error, "a cycle is not discarded"),
        }
    }

    async fn resume(&self, cycle: CycleId) {
        match self
            .ask_cycles(|reply| CycleCommand::Resume { cycle, reply })
            .await
        {
            Ok(Ok(())) => {}
            Ok(Err(refusal)) => self.refused(&refusal),
            Err(error) => tracing::warn!(%error, "a cycle does not go on"),
        }
    }

    /// Takes in the cycles of earlier sessions, and of the command line, that wait for a decision.
    pub(crate) async fn recall_cycles(&self) {
        let all = self.ask_cycles(|reply| CycleCommand::List { reply });
        match all.await {
            Ok(Ok(all)) => self.cycles.recall(all),
            Ok(Err(refusal)) => tracing::warn!(%refusal, "earlier cycles are not known"),
            Err(_) => {}
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
fn log<T>(result: Result<T>) {
    if let Err(error) = result {
        tracing::warn!(%error, "a document is not shown");
    }
}
