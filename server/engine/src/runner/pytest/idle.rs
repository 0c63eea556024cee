//! A fork-server between two runs: watched, and ended when nobody has wanted it for long.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::server::Server;

/// A fork-server that waits for a run. Dropping this ends it in the background.
#[derive(Debug)]
pub(super) struct Idle {
    wanted: oneshot::Sender<()>,
    keeper: JoinHandle<Option<Server>>,
}

impl Idle {
    /// Keeps a server for this long at most.
    pub(super) fn new(server: Server, patience: Duration) -> Self {
        let (wanted, want) = oneshot::channel();
        let keeper = tokio::spawn(keep(server, patience, want));
        Self { wanted, keeper }
    }

    /// The server, if it is still there.
    pub(super) async fn take(self) -> Option<Server> {
        // It fails if the keeper has ended, which has no server then.
        let _ = self.wanted.send(());
        self.keeper.await.ok().flatten()
    }

    /// Ends the server, and waits for its end.
    pub(super) async fn close(self) {
        if let Some(server) = self.take().await {
            server.close().await;
        }
    }
}

async fn keep(
    mut server: Server,
    patience: Duration,
    want: oneshot::Receiver<()>,
) -> Option<Server> {
    tokio::select! {
        biased;
        why = server.gone() => {
            tracing::warn!(error = %why, "a fork-server ended while it had nothing to do");
            None
        }
        // Wanted, or dropped: then the server is dropped with this task's result.
        _ = want => Some(server),
        () = sleep(patience) => {
            tracing::debug!(?patience, "a fork-server is ended: nobody has wanted it for long");
            server.close().await;
            None
        }
    }
}
