//! A connection from its beginning to its end.

use std::fmt::Display;
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use tower::Service;
use tower_lsp::jsonrpc::{Request, Response};

use super::client::Client;
use super::dispatch::Dispatch;
use super::framing::FrameError;
use super::outbox::{Outbox, OutputError};
use super::reader;

/// How long the last messages may take to be written.
const FLUSH_LIMIT: Duration = Duration::from_secs(2);

/// How a connection ended.
#[derive(Debug)]
pub enum Ended {
    /// The client said `exit`.
    Exit {
        /// Whether it had asked for `shutdown` before, as it should.
        after_shutdown: bool,
    },
    /// The input ended.
    InputClosed,
    /// The input could not be read on.
    InputBroken(FrameError),
    /// The output could not be written.
    OutputBroken(OutputError),
    /// The client's process is gone.
    ClientGone,
}

impl Ended {
    /// The exit code that LSP asks for: 0 for `exit` after `shutdown`, else 1.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Ended::Exit {
                after_shutdown: true,
            } => 0,
            _ => 1,
        }
    }
}

/// Serves one client until the connection ends: at `exit`, at the end of the input, when input or
/// output break, or when the client's process is gone, which is looked up with `alive` once a
/// second (see [`process_exists`](super::process_exists)).
///
/// Every handler is polled once before the next message is looked at, so what a handler does before
/// its first await is done in the order of the messages. It must not block there. Handlers then run
/// on at the same time, as many as there are; those that still run at the end are dropped.
///
/// The service's own way to the client is not connected: what `build` is given is. When this
/// returns everything that could be written is written. A read that blocks keeps its thread: end
/// the process, do not wait for threads.
pub async fn serve<S>(
    build: impl FnOnce(Client) -> S,
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
    alive: impl Fn(u32) -> bool + Send + 'static,
) -> Ended
where
    S: Service<Request, Response = Option<Response>>,
    S::Error: Display + Send + 'static,
    S::Future: Future<Output = Result<Option<Response>, S::Error>> + Unpin + Send + 'static,
{
    let outbox = match Outbox::start(output) {
        Ok(outbox) => outbox,
        Err(error) => return Ended::OutputBroken(OutputError::Write(Arc::new(error))),
    };
    let client = Client::new(outbox.clone());
    let dispatch = Dispatch::new(build(client.clone()), outbox.clone(), Box::new(alive));
    let ended = match reader::start(input, client.clone(), outbox.clone()) {
        Ok(inbox) => dispatch.run(inbox).await,
        Err(error) => Ended::InputBroken(FrameError::Io(error)),
    };
    client.close();
    outbox.finish(FLUSH_LIMIT).await;
    match &ended {
        Ended::Exit { .. } | Ended::InputClosed => tracing::info!(?ended, "the connection ended"),
        _ => tracing::error!(?ended, "the connection ended"),
    }
    ended
}
