//! What an editor is told while a cycle goes on, and what its user is asked at the end.

use std::collections::HashMap;
use std::sync::Arc;

use camino::Utf8Path;
use greenward_core::{CycleId, Range};
use greenward_engine::{CycleNotice, CycleSummary, CycleWhat};
use tokio::sync::watch;
use tower_lsp::lsp_types::MessageType;

use super::progress::{self, HUMAN, Progress};
use crate::method::CycleEvents;
use crate::reporting;
use crate::session::Session;
use crate::texts::Texts;
use crate::wire;

/// The bars of the cycles that go on.
pub(crate) type Bars = HashMap<CycleId, watch::Sender<Progress>>;

/// Tells the editor what has happened in a cycle.
pub(crate) async fn follow(session: &Arc<Session>, bars: &mut Bars, notice: &CycleNotice) {
    if session.abilities.events {
        send_event(session, notice).await;
    }
    match &notice.what {
        CycleWhat::Began(summary) => began(session, bars, summary),
        CycleWhat::Ended(summary) => {
            let (session, summary) = (session.clone(), (**summary).clone());
            tokio::spawn(async move { session.decide(&summary).await });
        }
        _ => {}
    }
    if let Some(bar) = bars.get(&notice.cycle) {
        bar.send_if_modified(|progress| progress.apply(&notice.what));
    }
    if let CycleWhat::Ended(_) = notice.what {
        bars.remove(&notice.cycle);
    }
}

fn began(session: &Arc<Session>, bars: &mut Bars, summary: &CycleSummary) {
    let progress = Progress::new(summary);
    if session.abilities.progress {
        let (sender, receiver) = watch::channel(progress);
        bars.insert(summary.id, sender);
        tokio::spawn(show(session.clone(), summary.id, receiver));
    } else if summary.worker == HUMAN {
        let line = progress.line();
        session.show(MessageType::INFO, format!("Cycle {}: {line}", summary.id));
    }
}

async fn show(session: Arc<Session>, cycle: CycleId, progress: watch::Receiver<Progress>) {
    let token = progress::token(cycle);
    if reporting::create(&session.client, &token).await {
        let begin = progress.borrow().begin();
        reporting::show(&session.client, &token, begin, progress).await;
    }
}

async fn send_event(session: &Session, notice: &CycleNotice) {
    let mut texts = Texts::new(session.abilities.encoding);
    texts
        .load_for(&session.engine, places_of(&notice.what))
        .await;
    // Workers can talk faster than an editor reads.
    session.client.room().await;
    session
        .client
        .notify::<CycleEvents>(wire::cycle_event(notice, &texts));
}

/// The places that an event names.
fn places_of(what: &CycleWhat) -> Vec<(&Utf8Path, Range)> {
    let CycleWhat::Tested(targets) = what else {
        return Vec::new();
    };
    targets
        .iter()
        .filter_map(|target| target.failure.as_ref())
        .flat_map(|failure| {
            let frames = failure.frames.iter().map(|frame| &frame.location);
            failure.location.iter().chain(frames)
        })
        .map(|location| (location.file.as_path(), location.range))
        .collect()
}
