//! Progress in the editor: one bar for each run and each cycle, from its beginning to its end.

use std::time::Duration;

use tokio::sync::watch;
use tower_lsp::lsp_types::notification::Progress as ProgressNotification;
use tower_lsp::lsp_types::request::WorkDoneProgressCreate;
use tower_lsp::lsp_types::{
    NumberOrString, ProgressParams, ProgressParamsValue, WorkDoneProgress,
    WorkDoneProgressCreateParams,
};

use crate::transport::Client;

/// How often progress is reported.
const REPORT_EVERY: Duration = Duration::from_millis(100);

/// Something that goes on, as far as a bar shows it.
pub(crate) trait Bar: Clone {
    /// Whether it has ended.
    fn has_ended(&self) -> bool;
    /// What is to be said while it goes on.
    fn report(&self) -> WorkDoneProgress;
    /// What is to be said last.
    fn end(&self) -> WorkDoneProgress;
}

/// Makes a bar. Returns whether the client shows it.
pub(crate) async fn create(client: &Client, token: &NumberOrString) -> bool {
    let create = WorkDoneProgressCreateParams {
        token: token.clone(),
    };
    match client.request::<WorkDoneProgressCreate>(create).await {
        Ok(()) => true,
        Err(error) => {
            tracing::debug!(%error, "no progress is shown");
            false
        }
    }
}

/// Shows a bar that has been made, until what it shows has ended.
pub(crate) async fn show<B: Bar>(
    client: &Client,
    token: &NumberOrString,
    begin: WorkDoneProgress,
    mut progress: watch::Receiver<B>,
) {
    let say = |value| {
        client.notify::<ProgressNotification>(ProgressParams {
            token: token.clone(),
            value: ProgressParamsValue::WorkDone(value),
        });
    };
    say(begin);
    let mut shown = progress.borrow_and_update().clone();
    while !shown.has_ended() {
        tokio::time::sleep(REPORT_EVERY).await;
        // An error says that it will never be heard of again.
        if progress.changed().await.is_err() {
            break;
        }
        shown = progress.borrow_and_update().clone();
        if !shown.has_ended() {
            say(shown.report());
        }
    }
    say(shown.end());
}
