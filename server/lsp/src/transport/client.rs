//! The client as the server sees it: where notifications and requests go.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tower_lsp::jsonrpc::{Error, ErrorCode, Id};
use tower_lsp::lsp_types::notification::Notification;
use tower_lsp::lsp_types::request::Request;

use super::outbox::Outbox;
use super::outgoing::Outgoing;

/// How long a request waits for its reply unless told otherwise. Counts from the call, so from
/// before `initialized` if it is made before.
pub const REPLY_LIMIT: Duration = Duration::from_secs(30);

/// Why a request to the client has no result.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The client does not know the method. With many requests that is no error.
    #[error("the client does not support {method}")]
    NotSupported {
        /// The method asked for.
        method: &'static str,
    },
    /// The client answered with an error.
    #[error("the client refused {method}: {message} ({code})")]
    Refused {
        /// The method asked for.
        method: &'static str,
        /// The JSON-RPC error code.
        code: i64,
        /// What the client said.
        message: String,
    },
    /// The client did not answer in time. It has been told that no answer is awaited any more.
    #[error("the client did not answer {method} within {limit:?}")]
    NoReply {
        /// The method asked for.
        method: &'static str,
        /// How long it had.
        limit: Duration,
    },
    /// The parameters or the result do not have the form that the method asks for.
    #[error("the message for {method} does not have its form")]
    Malformed {
        /// The method asked for.
        method: &'static str,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// The connection has ended.
    #[error("the connection to the client has ended")]
    Closed,
}

/// Handle to the client. Clones are cheap and mean the same client.
///
/// Whatever is sent before the client has said `initialized` waits for that, except what LSP
/// allows before (`window/showMessage`, `window/logMessage`, `telemetry/event`) and progress
/// reports, which are dropped. So a request made by the `initialize` handler, and awaited there,
/// can only time out.
#[derive(Debug, Clone)]
pub struct Client {
    outbox: Outbox,
    pending: Arc<Mutex<Pending>>,
}

/// Who waits for which reply.
#[derive(Debug, Default)]
struct Pending {
    last_id: i64,
    /// Nothing once the connection has ended.
    closed: bool,
    waiters: HashMap<Id, oneshot::Sender<Result<Value, Error>>>,
}

impl Client {
    pub(super) fn new(outbox: Outbox) -> Self {
        Client {
            outbox,
            pending: Arc::default(),
        }
    }

    /// Sends a notification. Never waits; once the connection has ended it does nothing.
    ///
    /// `$/progress` reports are coalesced to ten a second for each token, and an old one gives way
    /// to a new one while the client is slow to read. Nothing else is ever left out.
    pub fn notify<N: Notification>(&self, params: N::Params) {
        let message = to_value(N::METHOD, params).and_then(|params| {
            Outgoing::notification(N::METHOD, &params).map_err(malformed(N::METHOD))
        });
        match message {
            Ok(message) => self.outbox.send(message),
            Err(error) => tracing::error!(method = N::METHOD, ?error, "unsendable notification"),
        }
    }

    /// Waits until less than a mebibyte waits to be written. For those who send in bulk, such as
    /// the output of tests: a client that lets 64 MiB pile up counts as gone.
    pub async fn room(&self) {
        self.outbox.room().await;
    }

    /// Sends a request and waits for its reply, but no longer than [`REPLY_LIMIT`].
    ///
    /// # Errors
    ///
    /// See [`ClientError`].
    pub async fn request<R: Request>(&self, params: R::Params) -> Result<R::Result, ClientError> {
        self.request_within::<R>(params, REPLY_LIMIT).await
    }

    /// Sends a request and waits for its reply, but no longer than `limit`: long for what a person
    /// has to decide. Who stops waiting before, by dropping the future, takes the request back.
    ///
    /// # Errors
    ///
    /// See [`ClientError`].
    pub async fn request_within<R: Request>(
        &self,
        params: R::Params,
        limit: Duration,
    ) -> Result<R::Result, ClientError> {
        let method = R::METHOD;
        let params = to_value(method, params)?;
        let mut waiter = self.register()?;
        let message = Outgoing::request(&waiter.id, method, &params).map_err(malformed(method))?;
        self.outbox.send(message);
        match tokio::time::timeout(limit, &mut waiter.reply).await {
            Err(_) => Err(ClientError::NoReply { method, limit }),
            Ok(Err(_)) => Err(ClientError::Closed),
            Ok(Ok(Ok(result))) => serde_json::from_value(result).map_err(malformed(method)),
            Ok(Ok(Err(error))) if error.code == ErrorCode::MethodNotFound => {
                Err(ClientError::NotSupported { method })
            }
            Ok(Ok(Err(error))) => Err(ClientError::Refused {
                method,
                code: error.code.code(),
                message: error.message.into_owned(),
            }),
        }
    }

    /// Hands a reply to who waits for it.
    pub(super) fn resolve(&self, id: &Id, result: Result<Value, Error>) {
        let waiter = self.lock().waiters.remove(id);
        match (waiter, result) {
            // Whoever waited may just have gone.
            (Some(waiter), result) => drop(waiter.send(result)),
            (None, Ok(_)) => tracing::debug!(%id, "a reply that nobody waits for"),
            (None, Err(error)) => tracing::warn!(%id, %error, "the client reports an error"),
        }
    }

    /// Ends all waiting: no reply will come.
    pub(super) fn close(&self) {
        let mut pending = self.lock();
        pending.closed = true;
        pending.waiters.clear();
    }

    fn register(&self) -> Result<Waiter<'_>, ClientError> {
        let mut pending = self.lock();
        if pending.closed {
            return Err(ClientError::Closed);
        }
        pending.last_id += 1;
        let id = Id::Number(pending.last_id);
        let (sender, reply) = oneshot::channel();
        pending.waiters.insert(id.clone(), sender);
        Ok(Waiter {
            client: self,
            id,
            reply,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for one reply. Dropped before it has come, it takes the request back.
struct Waiter<'a> {
    client: &'a Client,
    id: Id,
    reply: oneshot::Receiver<Result<Value, Error>>,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let unanswered = self.client.lock().waiters.remove(&self.id).is_some();
        if unanswered
            && let Ok(cancel) = Outgoing::notification("$/cancelRequest", &json!({ "id": self.id }))
        {
            self.client.outbox.send(cancel);
        }
    }
}

fn to_value(method: &'static str, params: impl Serialize) -> Result<Value, ClientError> {
    serde_json::to_value(params).map_err(malformed(method))
}

fn malformed(method: &'static str) -> impl FnOnce(serde_json::Error) -> ClientError {
    move |source| ClientError::Malformed { method, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tower_lsp::lsp_types::request::WorkspaceFoldersRequest;

    #[tokio::test]
    async fn nobody_waits_for_a_connection_that_has_ended() {
        let client = Client::new(Outbox::start(std::io::sink()).unwrap());
        let ask = || client.request::<WorkspaceFoldersRequest>(());
        let (waiting, ()) = tokio::join!(ask(), async { client.close() });
        assert!(matches!(waiting, Err(ClientError::Closed)), "{waiting:?}");
        let late = ask().await;
        assert!(matches!(late, Err(ClientError::Closed)), "{late:?}");
    }
}
