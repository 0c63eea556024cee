//! The task that turns what the engine tells into messages to the editor, in the same order.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{ProjectId, Range, RunId, Severity};
use greenward_engine::{Diagnostic, Notice, Offer, Query, RunNotice, RunWhat};
use greenward_protocol::method::TestsChangedParams;
use tokio::sync::{mpsc, watch};
use tower_lsp::lsp_types::notification::PublishDiagnostics;
use tower_lsp::lsp_types::request::{CodeLensRefresh, InlayHintRefreshRequest};
use tower_lsp::lsp_types::{MessageType, PublishDiagnosticsParams};

use crate::cycle::follow;
use crate::method::{RunEvents, TestsChanged};
use crate::progress::{self, Progress};
use crate::reporting::{self, Bar};
use crate::session::Session;
use crate::texts::Texts;
use crate::transport::ClientError;
use crate::{diagnostics, wire};

/// A run that is over before this is not worth a progress bar.
const SHORT_RUN: Duration = Duration::from_millis(150);
/// How often an editor is told to ask for lenses and hints again.
const REFRESH_EVERY: Duration = Duration::from_millis(500);

/// Told about the level of the log that the settings ask for.
pub(crate) type LogLevel = Box<dyn Fn(&str) + Send + Sync>;

/// Tells the editor what the engine tells, until the engine ends.
pub(crate) async fn tell(
    session: Arc<Session>,
    mut notices: mpsc::UnboundedReceiver<Notice>,
    log_level: LogLevel,
) {
    let refreshing = tokio::spawn(refresh(session.clone()));
    let mut runs = HashMap::new();
    let mut bars = follow::Bars::new();
    while let Some(notice) = notices.recv().await {
        match notice {
            Notice::Diagnostics {
                file,
                version,
                diagnostics,
            } => publish(&session, &file, version, &diagnostics).await,
            Notice::ItemsChanged { files } => items_changed(&session, &files),
            Notice::Run(notice) => {
                follow(&session, &mut runs, &notice);
                if session.abilities.events {
                    send_event(&session, &notice).await;
                }
            }
            Notice::Message {
                severity,
                text,
                offer,
            } => message(&session, severity, text, offer),
            Notice::Cycle(notice) => follow::follow(&session, &mut bars, &notice).await,
            Notice::LogLevel(level) => log_level(&level),
        }
    }
    refreshing.abort();
}

async fn publish(session: &Session, file: &Utf8Path, version: Option<i32>, found: &[Diagnostic]) {
    let Some(uri) = wire::uri(file) else {
        tracing::warn!(%file, "diagnostics for a path that is not absolute");
        return;
    };
    let mut texts = Texts::new(session.abilities.encoding);
    if found.iter().any(|one| one.range.end.column == u32::MAX) {
        texts.load(&session.engine, file).await;
    }
    let places = found.iter().flat_map(|one| {
        let related = one
            .related
            .iter()
            .map(|(at, _)| (at.file.as_path(), at.range));
        related.chain([(file, one.range)])
    });
    texts.load_for(&session.engine, places.collect()).await;
    let diagnostics = found
        .iter()
        .map(|one| diagnostics::diagnostic(file, one, &texts, &session.abilities))
        .collect();
    session
        .client
        .notify::<PublishDiagnostics>(PublishDiagnosticsParams {
            uri,
            diagnostics,
            version,
        });
}

fn items_changed(session: &Session, files: &[Utf8PathBuf]) {
    session.outdated.notify_one();
    if session.abilities.events {
        let uris = files.iter().filter_map(|file| wire::uri(file));
        session.client.notify::<TestsChanged>(TestsChangedParams {
            uris: uris.map(String::from).collect(),
        });
    }
}

async fn send_event(session: &Session, notice: &RunNotice) {
    let mut texts = Texts::new(session.abilities.encoding);
    let places = places_of(&notice.what);
    texts.load_for(&session.engine, places).await;
    // Tests can print faster than an editor reads.
    session.client.room().await;
    session
        .client
        .notify::<RunEvents>(wire::run_event(notice, &texts));
}

/// The places that an event names.
fn places_of(what: &RunWhat) -> Vec<(&Utf8Path, Range)> {
    let locations: Vec<&greenward_core::Location> = match what {
        RunWhat::TestFinished { result, .. } => result
            .failure
            .iter()
            .flat_map(|failure| {
                let frames = failure.frames.iter().map(|frame| &frame.location);
                failure.location.iter().chain(frames)
            })
            .collect(),
        RunWhat::Problem(problem) => {
            let related = problem.related.iter().map(|(location, _)| location);
            problem.location.iter().chain(related).collect()
        }
        _ => Vec::new(),
    };
    locations
        .into_iter()
        .map(|location| (location.file.as_path(), location.range))
        .collect()
}

fn message(session: &Arc<Session>, severity: Severity, text: String, offer: Option<Offer>) {
    let typ = match severity {
        Severity::Error => MessageType::ERROR,
        Severity::Warning => MessageType::WARNING,
    };
    match offer {
        None => session.show(typ, text),
        Some(Offer::Trust(folder)) => {
            let session = session.clone();
            tokio::spawn(async move { session.offer_trust(typ, text, folder).await });
        }
    }
}

/// Tells the editor to ask for lenses and hints again whenever they are out of date: at most twice
/// a second, and at least once after the last change.
async fn refresh(session: Arc<Session>) {
    let abilities = &session.abilities;
    if !abilities.lens_refresh && !abilities.hint_refresh {
        return;
    }
    loop {
        session.outdated.notified().await;
        if abilities.lens_refresh {
            refreshed(session.client.request::<CodeLensRefresh>(()).await);
        }
        if abilities.hint_refresh {
            refreshed(session.client.request::<InlayHintRefreshRequest>(()).await);
        }
        tokio::time::sleep(REFRESH_EVERY).await;
    }
}

fn refreshed(result: Result<(), ClientError>) {
    if let Err(error) = result {
        tracing::debug!(%error, "lenses or hints are not refreshed");
    }
}

/// Keeps the progress of the runs that go on.
fn follow(
    session: &Arc<Session>,
    runs: &mut HashMap<RunId, watch::Sender<Progress>>,
    notice: &RunNotice,
) {
    if !session.abilities.progress {
        return;
    }
    if let RunWhat::Started { .. } = notice.what {
        let (sender, progress) = watch::channel(Progress::new(notice.project.clone()));
        runs.insert(notice.run, sender);
        tokio::spawn(show_progress(session.clone(), notice.run, progress));
    }
    if let Some(progress) = runs.get(&notice.run) {
        progress.send_if_modified(|progress| progress.apply(&notice.what));
    }
    if let RunWhat::Finished { .. } = notice.what {
        runs.remove(&notice.run);
    }
}

/// Shows the progress of one run, unless it is over soon.
async fn show_progress(session: Arc<Session>, run: RunId, mut progress: watch::Receiver<Progress>) {
    let ended = progress.wait_for(Progress::has_ended);
    if tokio::time::timeout(SHORT_RUN, ended).await.is_ok() {
        return;
    }
    let token = progress::token(run);
    if !reporting::create(&session.client, &token).await {
        return;
    }
    let shown = progress.borrow().clone();
    let root = root_of(&session, shown.project()).await;
    let begin = shown.begin(root.as_deref());
    reporting::show(&session.client, &token, begin, progress).await;
}

/// The folder of a project, unless the project has gone.
async fn root_of(session: &Session, project: &ProjectId) -> Option<Utf8PathBuf> {
    let status = session.ask(|reply| Query::Status { reply }).await.ok()?;
    let mut projects = status.projects.into_iter();
    let found = projects.find(|status| status.id == *project)?;
    Some(found.root)
}
