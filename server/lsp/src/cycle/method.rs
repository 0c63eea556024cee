//! Our own methods about cycles, as the server answers them.

use std::sync::Arc;

use greenward_core::{CycleId, TestId};
use greenward_engine::{Command, CycleCommand, CycleRefusal, CycleRequest, Hands};
use greenward_protocol::cycle_method::{
    ApplyCycleParams, ApplyCycleResult, CancelCycleParams, ChangedFile, CycleParams,
    DiffCycleResult, ListCyclesParams, ListCyclesResult, StartCycleParams, StartCycleResult,
};
use serde_json::json;
use tower_lsp::jsonrpc::{Error, Result};

use super::apply::NotApplied;
use super::document;
use crate::method::{REQUEST_FAILED, refused as run_refused};
use crate::session::Session;
use crate::wire;

impl Session {
    /// `greenward/cycle/start`
    pub(crate) async fn start_cycle_request(
        &self,
        params: StartCycleParams,
    ) -> Result<StartCycleResult> {
        let ids = |ids: &[String]| ids.iter().map(|id| TestId::parse(id)).collect();
        let request = CycleRequest {
            targets: ids(&params.tests),
            held_out: ids(&params.held_out),
            worker: params.worker,
        };
        let started = self.ask_cycles(|reply| CycleCommand::Start { request, reply });
        let CycleId(cycle) = started.await?.map_err(|refusal| refused(&refusal))?;
        Ok(StartCycleResult { cycle })
    }

    /// `greenward/cycle/resume`
    pub(crate) async fn resume_cycle_request(&self, params: &CycleParams) -> Result<()> {
        let cycle = CycleId(params.cycle);
        let resumed = self.ask_cycles(|reply| CycleCommand::Resume { cycle, reply });
        resumed.await?.map_err(|refusal| refused(&refusal))
    }

    /// `greenward/cycle/cancel`
    pub(crate) fn cancel_cycle_request(&self, params: &CancelCycleParams) {
        let cycle = params.cycle.map(CycleId);
        self.engine
            .send(Command::Cycle(CycleCommand::Cancel { cycle }));
    }

    /// `greenward/cycle/apply`
    pub(crate) async fn apply_cycle_request(
        self: &Arc<Self>,
        params: &ApplyCycleParams,
    ) -> Result<ApplyCycleResult> {
        let (cycle, confirm) = (CycleId(params.cycle), params.confirm);
        // Goes on when the client waits for the answer no more.
        let session = self.clone();
        let applied = tokio::spawn(async move { session.apply(cycle, confirm).await });
        match applied.await.map_err(|_| Error::internal_error())? {
            Ok(applied) => {
                let files = applied.files.iter().filter_map(|file| wire::uri(file));
                Ok(ApplyCycleResult {
                    uris: files.map(String::from).collect(),
                })
            }
            Err(NotApplied::Refused(refusal)) => Err(refused(&refusal)),
            Err(not_applied) => Err(failed("notApplied", not_applied.say(cycle))),
        }
    }

    /// `greenward/cycle/discard`
    pub(crate) async fn discard_cycle_request(&self, params: &CycleParams) -> Result<()> {
        let cycle = CycleId(params.cycle);
        let discarded = self.ask_cycles(|reply| CycleCommand::Discard { cycle, reply });
        discarded.await?.map_err(|refusal| refused(&refusal))?;
        Ok(())
    }

    /// `greenward/cycle/diff`
    pub(crate) async fn diff_cycle_request(&self, params: &CycleParams) -> Result<DiffCycleResult> {
        let diff = self.diff_of(CycleId(params.cycle)).await?;
        let diff = diff.map_err(|refusal| refused(&refusal))?;
        let text = |version: &Option<greenward_workspace::objects::FileVersion>| {
            let text = version.as_ref().and_then(|version| version.text());
            text.map(str::to_owned)
        };
        let files = diff.files.iter().filter_map(|file| {
            Some(ChangedFile {
                uri: wire::uri(&diff.top.join(&file.path))?.into(),
                before: text(&file.before),
                after: text(&file.after),
            })
        });
        Ok(DiffCycleResult {
            cycle: wire::cycle_state(&diff.summary),
            files: files.collect(),
            diff: document::diff(&diff),
        })
    }

    /// `greenward/cycle/list`
    pub(crate) async fn list_cycles_request(
        &self,
        _: ListCyclesParams,
    ) -> Result<ListCyclesResult> {
        let listed = self.ask_cycles(|reply| CycleCommand::List { reply });
        let cycles = listed.await?.map_err(|refusal| refused(&refusal))?;
        let summaries = cycles.iter().map(|cycle| &cycle.summary);
        let going_on = cycles.iter().filter(|cycle| cycle.hands != Hands::Nobodys);
        Ok(ListCyclesResult {
            cycles: summaries.map(wire::cycle_state).collect(),
            going_on: going_on.map(|cycle| cycle.summary.id.0).collect(),
        })
    }
}

fn refused(refusal: &CycleRefusal) -> Error {
    let reason = match refusal {
        CycleRefusal::Run(refusal) => return run_refused(refusal),
        CycleRefusal::SeveralProjects(_) => "severalProjects",
        CycleRefusal::AllHeldOut => "allHeldOut",
        CycleRefusal::AlreadyGreen(_) => "alreadyGreen",
        CycleRefusal::NoWorker => "noWorker",
        CycleRefusal::SeveralWorkers(_) => "severalWorkers",
        CycleRefusal::UnknownWorker { .. } => "unknownWorker",
        CycleRefusal::Worker { .. } => "worker",
        CycleRefusal::Resting(_) => "resting",
        CycleRefusal::Unknown(_) => "unknownCycle",
        CycleRefusal::SeveralFolders { .. } => "severalFolders",
        CycleRefusal::InHand(_) => "inHand",
        CycleRefusal::NoResult { .. } => "noResult",
        CycleRefusal::NotNow { .. } | CycleRefusal::HalfApplied(_) => "notNow",
        CycleRefusal::Conflicts { .. } => "conflicts",
        CycleRefusal::WhichProject => "whichProject",
        CycleRefusal::NoCheckpoint(_) => "noCheckpoint",
        CycleRefusal::Failed(_) => "failed",
    };
    failed(reason, refusal.to_string())
}

fn failed(reason: &str, message: String) -> Error {
    Error {
        code: REQUEST_FAILED,
        message: message.into(),
        data: Some(json!({ "reason": reason })),
    }
}
