//! What the server does with each message: it tells or asks the engine before it waits for
//! anything, so that what the editor says takes effect in the order in which it is said.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use camino::Utf8PathBuf;
use greenward_engine::{Command as Told, CycleCommand, Handle, Notice, Query};
use greenward_protocol::cycle_method::{
    ApplyCycle, ApplyCycleParams, ApplyCycleResult, CancelCycle, CancelCycleParams, CycleParams,
    DiffCycle, DiffCycleResult, DiscardCycle, ListCycles, ListCyclesParams, ListCyclesResult,
    ResumeCycle, StartCycle, StartCycleParams, StartCycleResult,
};
use greenward_protocol::method::{
    self, CancelParams, DiscoverParams, DiscoverResult, DocumentParams, DocumentResult,
    InitializationOptions, Request as _, RunParams, RunResult, StatusParams, StatusResult,
};
use greenward_workspace::document::PositionEncoding;
use serde_json::Value;
use tokio::sync::mpsc;
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::lsp_types::notification::{DidChangeConfiguration, Notification as _};
use tower_lsp::lsp_types::request::RegisterCapability;
use tower_lsp::lsp_types::{
    CodeActionParams, CodeActionResponse, CodeLens, CodeLensParams, CompletionParams,
    CompletionResponse, DidChangeConfigurationParams, DidChangeTextDocumentParams,
    DidChangeWatchedFilesParams, DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DidSaveTextDocumentParams, ExecuteCommandParams, Hover, HoverParams,
    InitializeParams, InitializeResult, InitializedParams, InlayHint, InlayHintParams,
    Registration, RegistrationParams, WorkDoneProgressCancelParams,
};
use tower_lsp::{LanguageServer, LspService, async_trait};

use crate::abilities::Abilities;
use crate::action::{self, Question};
use crate::command::Command;
use crate::cycle::offer::Workers;
use crate::newer::{AsksForContent, TEXT_DOCUMENT_CONTENT};
use crate::notices::{self, LogLevel};
use crate::session::{SECTION, Session};
use crate::texts::Texts;
use crate::transport::Client;
use crate::{capabilities, convert, cycle, hint, hover, lens, progress, spec};

/// What the editor says in `initialize` that an engine must be started with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wishes {
    /// The unit in which columns are counted from now on.
    pub encoding: PositionEncoding,
    /// Whether the editor's user trusts the workspace, where the editor knows.
    pub trust: Option<bool>,
}

/// A running engine: a hold on it, and what it tells.
pub type Engine = (Handle, mpsc::UnboundedReceiver<Notice>);

/// What the front end is given by the program that it is part of.
pub struct Setup {
    /// Starts the engine, once the editor has said how.
    pub start: Box<dyn FnOnce(Wishes) -> Engine + Send>,
    /// Told about the level of the log, whenever the settings change it.
    pub log_level: LogLevel,
    /// A folder of our own in the user's cache.
    pub cache: Utf8PathBuf,
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup")
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

/// Where the session is once there is one: from the reply to `initialize` on.
pub(crate) type Slot = Arc<OnceLock<Arc<Session>>>;

/// The server, as tower-lsp calls it.
#[derive(Debug)]
pub(crate) struct Backend {
    client: Client,
    setup: Mutex<Option<Setup>>,
    session: Slot,
    content: AsksForContent,
}

impl Backend {
    /// The service, with our own methods. The session will be found in `session`.
    pub(crate) fn service(
        client: Client,
        setup: Setup,
        session: Slot,
        content: AsksForContent,
    ) -> LspService<Self> {
        let (service, _) = LspService::build(|_| Self {
            client,
            setup: Mutex::new(Some(setup)),
            session,
            content,
        })
        .custom_method(method::Discover::METHOD, Self::discover)
        .custom_method(method::Run::METHOD, Self::run)
        .custom_method(method::Cancel::METHOD, Self::cancel)
        .custom_method(method::Status::METHOD, Self::status)
        .custom_method(method::Document::METHOD, Self::document)
        .custom_method(StartCycle::METHOD, Self::start_cycle)
        .custom_method(ResumeCycle::METHOD, Self::resume_cycle)
        .custom_method(CancelCycle::METHOD, Self::cancel_cycle)
        .custom_method(ApplyCycle::METHOD, Self::apply_cycle)
        .custom_method(DiscardCycle::METHOD, Self::discard_cycle)
        .custom_method(DiffCycle::METHOD, Self::diff_cycle)
        .custom_method(ListCycles::METHOD, Self::list_cycles)
        .custom_method(TEXT_DOCUMENT_CONTENT, Self::document)
        .custom_method("window/workDoneProgress/cancel", Self::cancel_progress)
        .finish();
        service
    }

    fn session(&self) -> Result<&Arc<Session>> {
        self.session.get().ok_or_else(Error::internal_error)
    }

    /// Tells the engine something, if there is one.
    fn tell(&self, told: Told) {
        match self.session.get() {
            Some(session) => session.engine.send(told),
            None => tracing::error!(?told, "before `initialize`"),
        }
    }

    async fn discover(&self, params: DiscoverParams) -> Result<DiscoverResult> {
        self.session()?.discover(params).await
    }

    async fn run(&self, params: RunParams) -> Result<RunResult> {
        self.session()?.run_request(params).await
    }

    async fn cancel(&self, params: CancelParams) -> Result<()> {
        self.session()?.cancel(&params);
        Ok(())
    }

    async fn status(&self, params: StatusParams) -> Result<StatusResult> {
        self.session()?.status(params).await
    }

    async fn document(&self, params: DocumentParams) -> Result<DocumentResult> {
        self.session()?.document(params).await
    }

    async fn start_cycle(&self, params: StartCycleParams) -> Result<StartCycleResult> {
        self.session()?.start_cycle_request(params).await
    }

    async fn resume_cycle(&self, params: CycleParams) -> Result<()> {
        self.session()?.resume_cycle_request(&params).await
    }

    async fn cancel_cycle(&self, params: CancelCycleParams) -> Result<()> {
        self.session()?.cancel_cycle_request(&params);
        Ok(())
    }

    async fn apply_cycle(&self, params: ApplyCycleParams) -> Result<ApplyCycleResult> {
        self.session()?.apply_cycle_request(&params).await
    }

    async fn discard_cycle(&self, params: CycleParams) -> Result<()> {
        self.session()?.discard_cycle_request(&params).await
    }

    async fn diff_cycle(&self, params: CycleParams) -> Result<DiffCycleResult> {
        self.session()?.diff_cycle_request(&params).await
    }

    async fn list_cycles(&self, params: ListCyclesParams) -> Result<ListCyclesResult> {
        self.session()?.list_cycles_request(params).await
    }

    async fn cancel_progress(&self, params: WorkDoneProgressCancelParams) {
        if let Some(run) = progress::run_of(&params.token) {
            self.tell(Told::Cancel { run: Some(run) });
        }
        if let Some(cycle) = cycle::progress::cycle_of(&params.token) {
            let cycle = Some(cycle);
            self.tell(Told::Cycle(CycleCommand::Cancel { cycle }));
        }
    }
}

#[async_trait]
impl LanguageServer for Backend {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        let options = options(params.initialization_options.as_ref());
        let mut abilities = Abilities::new(&params, &options);
        abilities.documents |= self.content.get();
        let setup = self
            .setup
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // tower-lsp lets no second `initialize` through.
        let Setup {
            start,
            log_level,
            cache,
        } = setup.ok_or_else(Error::invalid_request)?;
        let (engine, notices) = start(Wishes {
            encoding: abilities.encoding,
            trust: options.workspace_trust,
        });
        if let Some(settings) = options.settings.filter(Value::is_object) {
            engine.send(Told::EditorSettings(settings));
        }
        let folders = convert::folders(&params);
        if folders.is_empty() {
            tracing::info!("no folder is open, so there are no tests");
        }
        for folder in folders {
            engine.send(Told::AddFolder(folder));
        }
        let session = Session::new(self.client.clone(), abilities, engine, cache);
        let session = self.session.get_or_init(|| Arc::new(session));
        tokio::spawn(notices::tell(session.clone(), notices, log_level));
        Ok(capabilities::initialize_result(&abilities))
    }

    async fn initialized(&self, _: InitializedParams) {
        let Some(session) = self.session.get() else {
            return;
        };
        if session.abilities.configuration {
            session.pull_settings().await;
        }
        // The user may take their time.
        let told = session.clone();
        tokio::spawn(async move {
            told.tell_half_applied().await;
        });
        if session.abilities.register_configuration {
            let method = DidChangeConfiguration::METHOD.to_owned();
            let registration = Registration {
                id: method.clone(),
                method,
                register_options: Some(serde_json::json!({ "section": SECTION })),
            };
            let registrations = vec![registration];
            let params = RegistrationParams { registrations };
            if let Err(error) = session.client.request::<RegisterCapability>(params).await {
                tracing::warn!(%error, "changes of the editor's settings will not be noticed");
            }
        }
    }

    async fn shutdown(&self) -> Result<()> {
        self.session()?.end().await;
        Ok(())
    }

    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        let document = params.text_document;
        if let Some(path) = convert::path(&document.uri) {
            self.tell(Told::Open {
                path,
                version: document.version,
                text: document.text,
            });
        }
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        if let Some(path) = convert::path(&params.text_document.uri) {
            self.tell(Told::Change {
                path,
                version: params.text_document.version,
                edits: params
                    .content_changes
                    .into_iter()
                    .map(convert::edit)
                    .collect(),
            });
        }
    }

    async fn did_save(&self, params: DidSaveTextDocumentParams) {
        if let Some(path) = convert::path(&params.text_document.uri) {
            self.tell(Told::Save { path });
        }
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        if let Some(path) = convert::path(&params.text_document.uri) {
            self.tell(Told::Close { path });
        }
    }

    async fn did_change_workspace_folders(&self, params: DidChangeWorkspaceFoldersParams) {
        for removed in &params.event.removed {
            if let Some(folder) = convert::path(&removed.uri) {
                self.tell(Told::RemoveFolder(folder));
            }
        }
        for added in &params.event.added {
            if let Some(folder) = convert::path(&added.uri) {
                self.tell(Told::AddFolder(folder));
            }
        }
    }

    async fn did_change_watched_files(&self, params: DidChangeWatchedFilesParams) {
        let changed = params.changes.iter();
        let paths = changed.filter_map(|change| convert::path(&change.uri));
        self.tell(Told::FilesChanged(paths.collect()));
    }

    async fn did_change_configuration(&self, params: DidChangeConfigurationParams) {
        let Some(session) = self.session.get() else {
            return;
        };
        if session.abilities.configuration {
            session.pull_settings().await;
        } else if let Some(settings) = params.settings.get(SECTION).filter(|all| all.is_object()) {
            self.tell(Told::EditorSettings(settings.clone()));
        }
    }

    async fn code_lens(&self, params: CodeLensParams) -> Result<Option<Vec<CodeLens>>> {
        let Some(path) = convert::path(&params.text_document.uri) else {
            return Ok(None);
        };
        let session = self.session()?;
        let settings = session.ask(|reply| Query::Settings {
            path: path.clone(),
            reply,
        });
        let view = session.ask(|reply| Query::File {
            path: path.clone(),
            reply,
        });
        let spec = session.spec(&path);
        match settings.await? {
            Some(settings) if settings.show.lenses => {
                let mut lenses = lens::lenses(&path, &view.await?);
                if let Ok(spec) = spec.await? {
                    lenses.extend(spec::lens::lenses(&path, &spec));
                }
                Ok(Some(lenses))
            }
            _ => Ok(None),
        }
    }

    async fn inlay_hint(&self, params: InlayHintParams) -> Result<Option<Vec<InlayHint>>> {
        let Some(path) = convert::path(&params.text_document.uri) else {
            return Ok(None);
        };
        let session = self.session()?;
        let settings = session.ask(|reply| Query::Settings {
            path: path.clone(),
            reply,
        });
        let view = session.ask(|reply| Query::File {
            path: path.clone(),
            reply,
        });
        match settings.await? {
            Some(settings) if settings.show.inlay_hints => {
                let mut texts = Texts::new(session.abilities.encoding);
                texts.load(&session.engine, &path).await;
                let view = view.await?;
                Ok(Some(hint::hints(&path, &view, params.range, &texts)))
            }
            _ => Ok(None),
        }
    }

    async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
        let at = params.text_document_position_params;
        let Some(path) = convert::path(&at.text_document.uri) else {
            return Ok(None);
        };
        let session = self.session()?;
        let view = session.ask(|reply| Query::File {
            path: path.clone(),
            reply,
        });
        let spec = session.spec(&path);
        let view = view.await?;
        if let Ok(spec) = spec.await? {
            let markdown = session.abilities.markdown;
            return Ok(spec::hover::hover(&spec, at.position.line, markdown));
        }
        let Some(row) = hover::row_at(&path, &view, at.position.line) else {
            return Ok(None);
        };
        let mut tests = Vec::new();
        for id in row.ids() {
            tests.extend(session.ask(|reply| Query::Test { id, reply }).await?);
        }
        let markdown = session.abilities.markdown;
        Ok((!tests.is_empty()).then(|| hover::hover(&view, &tests, markdown)))
    }

    async fn code_action(&self, params: CodeActionParams) -> Result<Option<CodeActionResponse>> {
        let Some(path) = convert::path(&params.text_document.uri) else {
            return Ok(None);
        };
        let session = self.session()?;
        let view = session.ask(|reply| Query::File {
            path: path.clone(),
            reply,
        });
        let status = session.ask(|reply| Query::Status { reply });
        let settings = session.ask(|reply| Query::Settings {
            path: path.clone(),
            reply,
        });
        let spec = session.spec(&path);
        let cycles = session.undecided(&path);
        let (view, status, settings) = (view.await?, status.await?, settings.await?);
        let lines = (params.range.start.line, params.range.end.line);
        let edits = session.abilities.edit;
        let can_write = settings.is_some() && edits.apply && edits.create;
        let spec = spec.await?.ok();
        let workers = match settings {
            Some(settings) if action::asks_for_failing(&view, lines, &params.context) => {
                Workers::of(&settings, &session.troubled_workers(&path).await?)
            }
            _ => Workers::default(),
        };
        let question = Question {
            file: &path,
            view: &view,
            lines,
            context: &params.context,
            running: status
                .projects
                .iter()
                .any(|project| project.running.is_some()),
            any_bad: status.counts.bad() > 0,
            workers: &workers,
            specs: spec::offer::Here {
                view: spec.as_deref(),
                can_write,
            },
            cycles: &cycles.await?,
        };
        Ok(Some(action::actions(&question, &session.abilities)))
    }

    async fn completion(&self, params: CompletionParams) -> Result<Option<CompletionResponse>> {
        let at = params.text_document_position;
        let Some(path) = convert::path(&at.text_document.uri) else {
            return Ok(None);
        };
        let items = self.session()?.complete(&path, at.position).await?;
        Ok(items.map(CompletionResponse::Array))
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> Result<Option<Value>> {
        let command = Command::parse(&params.command, params.arguments)?;
        self.session()?.perform(command).await
    }
}

/// What the editor says in `initializationOptions`. What cannot be read is as if it were not said.
fn options(options: Option<&Value>) -> InitializationOptions {
    match options {
        None | Some(Value::Null) => InitializationOptions::default(),
        Some(options) => serde_json::from_value(options.clone()).unwrap_or_else(|error| {
            tracing::warn!(%error, "initializationOptions are not used");
            InitializationOptions::default()
        }),
    }
}
