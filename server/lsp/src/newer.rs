//! What LSP 3.18 has and the typed messages here, which are those of 3.17, leave out: documents of
//! the server's own, `workspace/textDocumentContent`.
//!
//! A layer around the service reads it from `initialize` before that is typed, and writes it into
//! the answer after.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tower::Service;
use tower_lsp::jsonrpc::{Request, Response};

use crate::output::SCHEME;

/// The request for the text of a document of ours.
pub(crate) const TEXT_DOCUMENT_CONTENT: &str = "workspace/textDocumentContent";

/// Whether the client asks for [`TEXT_DOCUMENT_CONTENT`]; known once `initialize` has come.
#[derive(Debug, Clone, Default)]
pub(crate) struct AsksForContent(Arc<AtomicBool>);

impl AsksForContent {
    /// Whether it does.
    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn read(&self, params: Option<&Value>) {
        let pointer = "/capabilities/workspace/textDocumentContent";
        let offered = params.and_then(|params| params.pointer(pointer));
        let offers = offered.is_some_and(Value::is_object);
        self.0.store(offers, Ordering::Relaxed);
    }
}

/// The layer.
#[derive(Debug)]
pub(crate) struct Newer<S> {
    service: S,
    content: AsksForContent,
}

impl<S> Newer<S> {
    /// Around a service, which reads `content`.
    pub(crate) fn new(service: S, content: AsksForContent) -> Self {
        Self { service, content }
    }
}

impl<S> Service<Request> for Newer<S>
where
    S: Service<Request, Response = Option<Response>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Option<Response>, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let initializes = request.method() == "initialize";
        if initializes {
            self.content.read(request.params());
        }
        let tells = initializes && self.content.get();
        let answer = self.service.call(request);
        answer
            .map(move |answer| match (answer, tells) {
                (Ok(Some(response)), true) => Ok(Some(with_content(response))),
                (answer, _) => answer,
            })
            .boxed()
    }
}

/// The answer to `initialize`, with the scheme of our documents among the capabilities.
fn with_content(response: Response) -> Response {
    let (id, result) = response.into_parts();
    let told = result.map(|mut result| {
        if let Some(Value::Object(workspace)) = result.pointer_mut("/capabilities/workspace") {
            let options = json!({ "schemes": [SCHEME] });
            workspace.insert("textDocumentContent".to_owned(), options);
        }
        result
    });
    Response::from_parts(id, told)
}
