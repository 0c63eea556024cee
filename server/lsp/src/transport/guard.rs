//! The service, made safe to call.
//!
//! tower-lsp does the routing and the typed parameters. Three things are done around it: a handler
//! is polled once as soon as it is called, so that handlers begin in the order of their messages;
//! a panic becomes a value; and requests bear ids of our own inside, because tower-lsp keeps the
//! id of a request whose handler was dropped, and refuses it from then on.

use std::any::Any;
use std::fmt::{self, Display, Formatter};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, Waker};

use futures::FutureExt;
use serde_json::json;
use tower::Service;
use tower_lsp::jsonrpc::{Id, Request, Response};

/// A call of the service. No two have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct CallId(u64);

impl Display for CallId {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a call came to. A request that got no response was for no method that there is.
pub(super) type Outcome = Result<Option<Response>, CallError>;

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// The handler panicked.
    #[error("the handler panicked: {message}")]
    Panicked { message: String },
    /// The service is out of order.
    #[error("the service failed: {message}")]
    Failed { message: String },
}

/// How far a handler came when it was first polled.
pub(super) enum Progress<F> {
    Done(Outcome),
    /// Goes on with [`run`].
    Running(F),
}

/// A service that is called through.
#[derive(Debug)]
pub(super) struct Guard<T> {
    service: T,
    calls: u64,
}

impl<T> Guard<T>
where
    T: Service<Request, Response = Option<Response>>,
    T::Error: Display,
    T::Future: Unpin,
{
    pub(super) fn new(service: T) -> Self {
        Guard { service, calls: 0 }
    }

    /// Calls the service and polls the handler once.
    pub(super) fn start(&mut self, request: Request) -> (CallId, Progress<T::Future>) {
        self.calls += 1;
        let call = CallId(self.calls);
        let request = with_id(request, call);
        let service = &mut self.service;
        // The service is not asked whether it is ready: tower-lsp's is, until it is told `exit`.
        let begun = catch_unwind(AssertUnwindSafe(|| {
            let mut handler = service.call(request);
            match handler.poll_unpin(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(result) => Progress::Done(result.map_err(failed)),
                Poll::Pending => Progress::Running(handler),
            }
        }));
        let progress = begun.unwrap_or_else(|panic| Progress::Done(Err(panicked(&*panic))));
        (call, progress)
    }

    /// Lets the service forget a call whose handler was dropped or has panicked.
    pub(super) fn forget(&mut self, call: CallId) {
        let cancel = Request::build("$/cancelRequest")
            .params(json!({ "id": call.to_string() }))
            .finish();
        // Done at once, and whatever comes of it: it is a notification.
        drop(self.service.call(cancel).now_or_never());
    }
}

/// Runs a handler on to its end.
pub(super) async fn run<F, E>(handler: F) -> Outcome
where
    F: Future<Output = Result<Option<Response>, E>>,
    E: Display,
{
    match AssertUnwindSafe(handler).catch_unwind().await {
        Ok(result) => result.map_err(failed),
        Err(panic) => Err(panicked(&*panic)),
    }
}

/// The same call under an id of our own, if it has one. A string, because tower-lsp cancels no
/// number that is longer than 32 bits.
fn with_id(request: Request, call: CallId) -> Request {
    let (method, id, params) = request.into_parts();
    let mut inner = Request::build(method);
    if let Some(params) = params {
        inner = inner.params(params);
    }
    if id.is_some() {
        inner = inner.id(Id::String(call.to_string()));
    }
    inner.finish()
}

fn failed(error: impl Display) -> CallError {
    CallError::Failed {
        message: error.to_string(),
    }
}

fn panicked(panic: &(dyn Any + Send)) -> CallError {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned());
    CallError::Panicked { message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tower_lsp::jsonrpc::{ErrorCode, Result};
    use tower_lsp::lsp_types::{InitializeParams, InitializeResult};
    use tower_lsp::{LanguageServer, LspService, async_trait};

    struct Backend;

    #[async_trait]
    impl LanguageServer for Backend {
        async fn initialize(&self, _: InitializeParams) -> Result<InitializeResult> {
            Ok(InitializeResult::default())
        }

        async fn shutdown(&self) -> Result<()> {
            std::future::pending().await
        }
    }

    fn request(method: &'static str) -> Request {
        Request::build(method).id(1).finish()
    }

    #[test]
    fn tower_lsp_keeps_nothing_of_a_call_that_is_forgotten() {
        let (service, _) = LspService::new(|_| Backend);
        let mut guard = Guard::new(service);
        let initialize = Request::build("initialize")
            .params(json!({ "capabilities": {} }))
            .id(1)
            .finish();
        let (_, begun) = guard.start(initialize);
        assert!(matches!(begun, Progress::Done(Ok(Some(_)))));
        let (call, Progress::Running(handler)) = guard.start(request("shutdown")) else {
            panic!("`shutdown` should hang");
        };
        guard.forget(call);
        let response = handler.now_or_never().unwrap().unwrap().unwrap();
        assert_eq!(
            response.error().map(|error| error.code),
            Some(ErrorCode::RequestCancelled)
        );
    }
}
