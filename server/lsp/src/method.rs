//! Our own methods, as the server answers them.

use camino::Utf8Path;
use greenward_core::{Range, RunId, TestId};
use greenward_engine::{Command, ItemView, Query, Refusal, Which};
use greenward_protocol::cycle::{CycleEvent, CycleEventNotification};
use greenward_protocol::method::{
    self, CancelParams, DiscoverParams, DiscoverResult, DocumentParams, DocumentResult,
    RunEventNotification, RunParams, RunResult, StatusParams, StatusResult, TestsChangedParams,
};
use greenward_protocol::run::RunEvent;
use serde_json::json;
use tower_lsp::jsonrpc::{Error, ErrorCode, Result};
use tower_lsp::lsp_types::Url;
use tower_lsp::lsp_types::notification::Notification;

use crate::cycle::document::Document;
use crate::session::Session;
use crate::spec::plan;
use crate::texts::Texts;
use crate::{convert, output, wire};

/// LSP's code for a request that is right and cannot be fulfilled.
pub(crate) const REQUEST_FAILED: ErrorCode = ErrorCode::ServerError(-32803);

/// `greenward/runEvent`, as the transport sends it.
#[derive(Debug)]
pub(crate) enum RunEvents {}

impl Notification for RunEvents {
    type Params = RunEvent;
    const METHOD: &'static str = <RunEventNotification as method::Notification>::METHOD;
}

/// `greenward/testsChanged`, as the transport sends it.
#[derive(Debug)]
pub(crate) enum TestsChanged {}

impl Notification for TestsChanged {
    type Params = TestsChangedParams;
    const METHOD: &'static str = <method::TestsChanged as method::Notification>::METHOD;
}

/// `greenward/cycle/event`, as the transport sends it.
#[derive(Debug)]
pub(crate) enum CycleEvents {}

impl Notification for CycleEvents {
    type Params = CycleEvent;
    const METHOD: &'static str = <CycleEventNotification as method::Notification>::METHOD;
}

impl Session {
    /// `greenward/discover`
    pub(crate) async fn discover(&self, params: DiscoverParams) -> Result<DiscoverResult> {
        let parent = params.parent.as_deref().map(TestId::parse);
        let items = self.ask(|reply| Query::Children { parent, reply }).await?;
        let mut texts = Texts::new(self.abilities.encoding);
        let places = items.iter().filter_map(place).collect();
        texts.load_for(&self.engine, places).await;
        Ok(DiscoverResult {
            tests: items.iter().map(|view| wire::item(view, &texts)).collect(),
        })
    }

    /// `greenward/run`
    pub(crate) async fn run_request(&self, params: RunParams) -> Result<RunResult> {
        let which = which(params)?;
        match self.run(which).await? {
            Ok(runs) => Ok(wire::started(&runs)),
            Err(refusal) => Err(refused(&refusal)),
        }
    }

    /// `greenward/cancel`
    pub(crate) fn cancel(&self, params: &CancelParams) {
        let run = params.run.map(RunId);
        self.engine.send(Command::Cancel { run });
    }

    /// `greenward/status`
    pub(crate) async fn status(&self, _: StatusParams) -> Result<StatusResult> {
        let status = self.ask(|reply| Query::Status { reply }).await?;
        let mut texts = Texts::new(self.abilities.encoding);
        let problems = status.projects.iter().flat_map(|project| &project.problems);
        let places = problems.filter_map(|problem| {
            let location = problem.location.as_ref()?;
            Some((location.file.as_path(), location.range))
        });
        texts.load_for(&self.engine, places.collect()).await;
        Ok(wire::status(&status, &texts))
    }

    /// `greenward/document`
    pub(crate) async fn document(&self, params: DocumentParams) -> Result<DocumentResult> {
        let text = if let Some(id) = output::item_of(&params.uri) {
            self.output(&id).await?
        } else if let Some(spec) = plan::spec_of(&params.uri) {
            self.plan_document(&spec).await?
        } else if let Some(document) = Document::parse(&params.uri) {
            self.cycle_document(document).await?
        } else {
            return Err(Error::invalid_params(format!(
                "{} is no document of ours: they are greenward:/output/ID.txt, \
                 greenward:/plan/FILE.plan.md, greenward:/cycles.md, greenward:/cycle/ID.md, greenward:/cycle/ID.diff and \
                 greenward:/cycle/ID.conflicts",
                params.uri
            )));
        };
        Ok(DocumentResult { text })
    }
}

/// Where an item is, if anywhere.
fn place(view: &ItemView) -> Option<(&Utf8Path, Range)> {
    let own = view.item.file.as_deref().zip(view.item.range);
    own.or_else(|| {
        let (file, range) = view.place.as_ref()?;
        Some((file, *range))
    })
}

fn which(params: RunParams) -> Result<Which> {
    match params {
        RunParams {
            tests: Some(tests),
            uri: None,
            failed: false,
        } => Ok(Which::Items(
            tests.iter().map(|test| TestId::parse(test)).collect(),
        )),
        RunParams {
            tests: None,
            uri: Some(uri),
            failed: false,
        } => {
            let path = Url::parse(&uri).ok().and_then(|uri| convert::path(&uri));
            path.map(|path| Which::Paths(vec![path]))
                .ok_or_else(|| Error::invalid_params(format!("{uri} is no file: URI")))
        }
        RunParams {
            tests: None,
            uri: None,
            failed: true,
        } => Ok(Which::Failed),
        RunParams {
            tests: None,
            uri: None,
            failed: false,
        } => Ok(Which::All),
        _ => Err(Error::invalid_params(
            "tests, uri and failed exclude each other",
        )),
    }
}

pub(crate) fn refused(refusal: &Refusal) -> Error {
    let reason = match refusal {
        Refusal::Untrusted { .. } => "untrusted",
        Refusal::UnknownTest(_) => "unknownTest",
        Refusal::NothingToRun(_) => "nothingToRun",
    };
    Error {
        code: REQUEST_FAILED,
        message: refusal.to_string().into(),
        data: Some(json!({ "reason": reason })),
    }
}
