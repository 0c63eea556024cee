//! A cycle begins by a command, and what the user is asked where it is not clear by whom.

use std::sync::Arc;

use greenward_core::{CycleId, TestId};
use greenward_engine::{CycleCommand, CycleRefusal, CycleRequest};
use serde_json::{Value, json};
use tower_lsp::jsonrpc::Result;
use tower_lsp::lsp_types::MessageType;

use super::progress::HUMAN;
use crate::session::Session;

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
            CycleRefusal::NoWorker | CycleRefusal::Worker { .. } => {
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
}
