//! The dispatch: gives each call to the service, in order, and each request exactly one answer.
//!
//! It owns the lifecycle and the list of what runs. It never waits for a handler, with one
//! exception that LSP makes: nothing is dispatched until `initialize` is answered.

use std::collections::{HashMap, VecDeque};
use std::fmt::{self, Debug, Display, Formatter};
use std::future::Future;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tokio::time::MissedTickBehavior;
use tower::Service;
use tower_lsp::jsonrpc::{Error, ErrorCode, Id, Request, Response};

use super::Ended;
use super::guard::{CallId, Guard, Outcome, Progress, run};
use super::message::{explain, read_id};
use super::outbox::Outbox;
use super::reader::Input;

/// How often we look whether the client's process is still there.
const WATCH: Duration = Duration::from_secs(1);

/// How long `initialize` and `shutdown` may still take once nothing more will be read.
const GRACE: Duration = Duration::from_secs(2);

/// How long dropped handlers may take to come to their next await.
const DROP_LIMIT: Duration = Duration::from_secs(1);

/// Tells whether the process with this id is there.
pub(super) type Alive = Box<dyn Fn(u32) -> bool + Send>;

/// Where the connection stands in the lifecycle that LSP lays down.
#[derive(Debug)]
enum Phase {
    /// Nothing but `initialize` is taken.
    Created,
    /// `initialize` runs, and nothing else. What the client sent too early waits.
    Initializing { early: VecDeque<Request> },
    /// Everything is taken.
    Ready,
    /// After `shutdown`, while it runs and later. Only `exit` is taken.
    ShutDown { call: CallId },
}

/// A call that runs.
#[derive(Debug)]
struct Running {
    origin: Origin,
    task: AbortHandle,
}

/// What the client called, as it needs to be known for the answer.
#[derive(Debug)]
struct Origin {
    /// The client's id, if it was a request.
    id: Option<Id>,
    method: String,
}

/// The dispatch over a service.
pub(super) struct Dispatch<T> {
    guard: Guard<T>,
    outbox: Outbox,
    phase: Phase,
    /// The handlers that did not come to their end when they were first polled.
    tasks: JoinSet<(CallId, Outcome)>,
    running: HashMap<CallId, Running>,
    /// The running requests by the client's id.
    requests: HashMap<Id, CallId>,
    /// The client's process, while it is watched.
    process: Option<u32>,
    alive: Alive,
}

impl<T> Dispatch<T>
where
    T: Service<Request, Response = Option<Response>>,
    T::Error: Display + Send + 'static,
    T::Future: Future<Output = Result<Option<Response>, T::Error>> + Unpin + Send + 'static,
{
    pub(super) fn new(service: T, outbox: Outbox, alive: Alive) -> Self {
        Dispatch {
            guard: Guard::new(service),
            outbox,
            phase: Phase::Created,
            tasks: JoinSet::new(),
            running: HashMap::new(),
            requests: HashMap::new(),
            process: None,
            alive,
        }
    }

    /// Dispatches until there is nothing more to dispatch, then drops every handler that still
    /// runs.
    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Input>) -> Ended {
        let ended = self.dispatch(&mut inbox).await;
        // A handler that never comes back to an await cannot be dropped, and is not waited for.
        drop(tokio::time::timeout(DROP_LIMIT, self.tasks.shutdown()).await);
        ended
    }

    async fn dispatch(&mut self, inbox: &mut mpsc::Receiver<Input>) -> Ended {
        let outbox = self.outbox.clone();
        let mut watch = tokio::time::interval(WATCH);
        watch.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                input = inbox.recv() => match input {
                    Some(Input::Call(call)) => self.take(call),
                    Some(Input::Exit) => {
                        self.settle_lifecycle().await;
                        let after_shutdown = matches!(self.phase, Phase::ShutDown { .. });
                        return Ended::Exit { after_shutdown };
                    }
                    Some(Input::End(Some(error))) => return Ended::InputBroken(error),
                    Some(Input::End(None)) | None => {
                        self.settle_lifecycle().await;
                        return Ended::InputClosed;
                    }
                },
                Some(done) = self.tasks.join_next() => self.note(done),
                // After `shutdown` a client may close its end before it says `exit`.
                error = outbox.broken(), if !matches!(self.phase, Phase::ShutDown { .. }) => {
                    return Ended::OutputBroken(error);
                }
                _ = watch.tick(), if self.process.is_some() => {
                    if self.process.is_some_and(|process| !(self.alive)(process)) {
                        return Ended::ClientGone;
                    }
                }
            }
        }
    }

    /// Takes a call of the client.
    fn take(&mut self, call: Request) {
        let is_request = call.id().is_some();
        match (&mut self.phase, call.method()) {
            (Phase::Initializing { early }, _) => early.push_back(call),
            (_, "$/cancelRequest") => self.cancel(&call),
            (Phase::Created, "initialize") if is_request => self.initialize(call),
            (Phase::Created, _) => self.refuse(
                &call,
                explain(ErrorCode::ServerError(-32002), "not initialized".to_owned()),
            ),
            (Phase::ShutDown { .. }, _) => self.refuse(&call, invalid("after `shutdown`")),
            (Phase::Ready, "initialize") => self.refuse(&call, invalid("a second `initialize`")),
            (Phase::Ready, "shutdown") if is_request => self.shutdown(call),
            (Phase::Ready, "shutdown") => self.refuse(&call, invalid("`shutdown` without an id")),
            (Phase::Ready, "initialized") => {
                self.outbox.open();
                // tower-lsp drops it if the client left out the parameters, which are empty.
                self.start(with_params(call, Some(json!({}))));
            }
            (Phase::Ready, _) => {
                self.start(call);
            }
        }
    }

    fn initialize(&mut self, call: Request) {
        let process = call
            .params()
            .and_then(|params| params["processId"].as_u64());
        self.watch(process.and_then(|process| u32::try_from(process).ok()));
        self.phase = Phase::Initializing {
            early: VecDeque::new(),
        };
        self.start(call);
    }

    fn shutdown(&mut self, call: Request) {
        // tower-lsp takes no parameters there, while some clients send empty ones.
        if let Some(call) = self.start(with_params(call, None)) {
            self.phase = Phase::ShutDown { call };
        }
    }

    /// Watches the client's process, unless it cannot be seen from here even now: a client in
    /// another container has an id that means nothing to us.
    fn watch(&mut self, process: Option<u32>) {
        self.process = process.filter(|process| (self.alive)(*process));
        if let (Some(process), None) = (process, self.process) {
            tracing::info!(
                process,
                "the client's process cannot be seen, so it is not watched"
            );
        }
    }

    fn refuse(&self, call: &Request, error: Error) {
        match call.id() {
            Some(id) => self
                .outbox
                .respond(&Response::from_error(id.clone(), error)),
            None => tracing::debug!(method = call.method(), %error, "ignored"),
        }
    }

    /// Starts the handler of a call. Nothing if the call was refused.
    fn start(&mut self, call: Request) -> Option<CallId> {
        let origin = Origin {
            id: call.id().cloned(),
            method: call.method().to_owned(),
        };
        if let Some(id) = &origin.id
            && self.requests.contains_key(id)
        {
            self.refuse(&call, invalid("a request with this id is running"));
            return None;
        }
        let (call, progress) = self.guard.start(call);
        match progress {
            Progress::Done(outcome) => self.conclude(call, origin, outcome),
            Progress::Running(handler) => {
                if let Some(id) = &origin.id {
                    self.requests.insert(id.clone(), call);
                }
                let task = self.tasks.spawn(async move { (call, run(handler).await) });
                self.running.insert(call, Running { origin, task });
            }
        }
        Some(call)
    }

    /// Notes what came of a task.
    fn note(&mut self, done: Result<(CallId, Outcome), JoinError>) {
        // An aborted task was answered when it was cancelled.
        if let Ok((call, outcome)) = done
            && let Some(origin) = self.remove(call)
        {
            self.conclude(call, origin, outcome);
        }
    }

    /// Takes a call off the list of what runs.
    fn remove(&mut self, call: CallId) -> Option<Origin> {
        let Running { origin, .. } = self.running.remove(&call)?;
        if let Some(id) = &origin.id {
            self.requests.remove(id);
        }
        Some(origin)
    }

    /// Answers a call that has come to its end.
    fn conclude(&mut self, call: CallId, origin: Origin, outcome: Outcome) {
        if let Err(error) = &outcome {
            tracing::error!(method = origin.method, %error, "a handler failed");
            self.guard.forget(call);
        }
        let response = origin.answer(outcome);
        if let Some(response) = &response {
            self.outbox.respond(response);
        }
        if let Phase::Initializing { early } = &mut self.phase {
            let early = std::mem::take(early);
            self.phase = match response {
                Some(response) if response.is_ok() => Phase::Ready,
                _ => Phase::Created,
            };
            for call in early {
                self.take(call);
            }
        }
    }

    /// Drops the handler of the request that a `$/cancelRequest` names, and answers that request.
    fn cancel(&mut self, cancel: &Request) {
        if cancel.id().is_some() {
            return self.refuse(cancel, invalid("`$/cancelRequest` is a notification"));
        }
        let Some(call) = cancel
            .params()
            .and_then(|params| read_id(&params["id"]))
            .and_then(|id| self.requests.get(&id).copied())
        else {
            // Answered already, most likely.
            return;
        };
        if let Some(Running { task, .. }) = self.running.get(&call) {
            task.abort();
        }
        self.guard.forget(call);
        if let Some(Origin { id: Some(id), .. }) = self.remove(call) {
            self.outbox
                .respond(&Response::from_error(id, Error::request_cancelled()));
        }
    }

    /// Waits a while for `initialize` and `shutdown`, now that nothing more will be read: a client
    /// may have sent all it had to say at once, and still wants its answers.
    async fn settle_lifecycle(&mut self) {
        let settled = async {
            while self.is_lifecycle_running() {
                match self.tasks.join_next().await {
                    Some(done) => self.note(done),
                    None => return,
                }
            }
        };
        if tokio::time::timeout(GRACE, settled).await.is_err() {
            tracing::warn!(phase = ?self.phase, "ended while this was still running");
        }
    }

    fn is_lifecycle_running(&self) -> bool {
        match &self.phase {
            Phase::Created | Phase::Ready => false,
            Phase::Initializing { .. } => true,
            Phase::ShutDown { call } => self.running.contains_key(call),
        }
    }
}

impl Origin {
    /// The answer to a request; nothing if it was a notification.
    fn answer(self, outcome: Outcome) -> Option<Response> {
        let id = self.id?;
        let result = match outcome {
            Ok(Some(response)) => response.into_parts().1,
            // tower-lsp gives unknown requests that begin with `$/` no answer.
            Ok(None) => Err(Error::method_not_found()),
            Err(error) => Err(explain(
                ErrorCode::InternalError,
                format!("{}: {error}", self.method),
            )),
        };
        Some(Response::from_parts(id, result))
    }
}

impl<T: Debug> Debug for Dispatch<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatch")
            .field("phase", &self.phase)
            .field("running", &self.running)
            .finish_non_exhaustive()
    }
}

fn invalid(why: &str) -> Error {
    explain(ErrorCode::InvalidRequest, format!("invalid request: {why}"))
}

/// The same call with other parameters.
fn with_params(call: Request, params: Option<Value>) -> Request {
    let (method, id, _) = call.into_parts();
    let mut changed = Request::build(method);
    if let Some(params) = params {
        changed = changed.params(params);
    }
    if let Some(id) = id {
        changed = changed.id(id);
    }
    changed.finish()
}
