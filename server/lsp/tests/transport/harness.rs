//! A client, and the server it talks to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use greenward_lsp::transport::{Client, ClientError, Ended, serve};
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc as channel, oneshot};
use tower_lsp::jsonrpc::Result;
use tower_lsp::lsp_types::notification::{LogMessage, Notification, Progress};
use tower_lsp::lsp_types::request::{Request, WorkspaceFoldersRequest};
use tower_lsp::lsp_types::{
    DidChangeTextDocumentParams, InitializeParams, InitializeResult, InitializedParams,
    LogMessageParams, MessageType, ProgressParams,
};
use tower_lsp::{LanguageServer, LspService, async_trait};

/// How long to wait for something that must come.
const LIMIT: Duration = Duration::from_secs(60);

/// What tests may look at and turn from outside.
#[derive(Debug, Default)]
pub(crate) struct Probe {
    /// Handlers of `test/hang` that have been dropped.
    pub(crate) dropped: AtomicUsize,
    /// `initialize` and `shutdown` wait for this if they are told to.
    pub(crate) gate: Notify,
    /// What the client's process is taken for; see [`Server::start`].
    pub(crate) client_gone: AtomicBool,
}

impl Probe {
    /// Waits until so many handlers of `test/hang` have been dropped.
    pub(crate) fn wait_for_dropped(&self, count: usize) {
        wait_until(|| self.dropped.load(Ordering::SeqCst) == count);
    }
}

/// Waits for a state.
pub(crate) fn wait_until(mut state: impl FnMut() -> bool) {
    let started = std::time::Instant::now();
    while !state() {
        assert!(started.elapsed() < LIMIT, "waited too long");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A message to the loop that owns the state of the server.
enum Event {
    Change(i32),
    Changes(oneshot::Sender<Vec<i32>>),
}

/// A notification of the server's own.
pub(crate) enum Note {}

impl Notification for Note {
    type Params = Value;
    const METHOD: &'static str = "test/note";
}

/// A request of the server to the client.
enum Ask {}

impl Request for Ask {
    type Params = Value;
    type Result = u32;
    const METHOD: &'static str = "test/ask";
}

struct Backend {
    client: Client,
    /// Not connected to anything.
    inner_client: tower_lsp::Client,
    events: channel::UnboundedSender<Event>,
    probe: Arc<Probe>,
}

#[async_trait]
impl LanguageServer for Backend {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        self.client.notify::<Note>(json!("early"));
        self.client.notify::<LogMessage>(LogMessageParams {
            typ: MessageType::INFO,
            message: "early".to_owned(),
        });
        match params
            .initialization_options
            .as_ref()
            .and_then(Value::as_str)
        {
            Some("wait") => self.probe.gate.notified().await,
            Some("fail") => return Err(tower_lsp::jsonrpc::Error::internal_error()),
            _ => {}
        }
        Ok(InitializeResult::default())
    }

    async fn initialized(&self, _: InitializedParams) {
        self.client.notify::<Note>(json!("initialized"));
    }

    async fn shutdown(&self) -> Result<()> {
        // An await, as a real server has one there.
        tokio::task::yield_now().await;
        Ok(())
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        let version = params.text_document.version;
        drop(self.events.send(Event::Change(version)));
        tokio::task::yield_now().await;
    }
}

impl Backend {
    fn new(client: Client, inner_client: tower_lsp::Client, probe: Arc<Probe>) -> Self {
        let (events, mut inbox) = channel::unbounded_channel();
        tokio::spawn(async move {
            let mut changes = Vec::new();
            while let Some(event) = inbox.recv().await {
                match event {
                    Event::Change(version) => changes.push(version),
                    Event::Changes(reply) => drop(reply.send(changes.clone())),
                }
            }
        });
        Backend {
            client,
            inner_client,
            events,
            probe,
        }
    }

    async fn echo(&self, params: Value) -> Result<Value> {
        Ok(params)
    }

    /// The versions of the document so far, in the order in which they came.
    async fn changes(&self) -> Result<Vec<i32>> {
        let (reply, changes) = oneshot::channel();
        drop(self.events.send(Event::Changes(reply)));
        Ok(changes.await.unwrap())
    }

    async fn hang(&self) -> Result<()> {
        struct Dropped<'a>(&'a AtomicUsize);
        impl Drop for Dropped<'_> {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let _dropped = Dropped(&self.probe.dropped);
        std::future::pending().await
    }

    async fn panic(&self, at_once: bool) -> Result<()> {
        self.panic_note(at_once).await;
        Ok(())
    }

    async fn panic_note(&self, at_once: bool) {
        if !at_once {
            tokio::task::yield_now().await;
        }
        panic!("as the test wants it");
    }

    /// Asks the client something, and tells it what came of that.
    async fn ask(&self, params: Value) {
        let limit = params["limitMs"].as_u64().map(Duration::from_millis);
        let result = self
            .client
            .request_within::<Ask>(params, limit.unwrap_or(LIMIT))
            .await;
        let result = match result {
            Ok(number) => json!(number),
            Err(ClientError::NotSupported { method }) => json!(format!("no {method}")),
            Err(ClientError::Refused { code, .. }) => json!(code),
            Err(ClientError::NoReply { .. }) => json!("no reply"),
            Err(ClientError::Malformed { .. }) => json!("malformed"),
            Err(ClientError::Closed) => json!("closed"),
        };
        self.client.notify::<Note>(result);
    }

    /// Asks for the workspace's folders: a request without parameters.
    async fn ask_folders(&self) {
        drop(self.client.request::<WorkspaceFoldersRequest>(()).await);
    }

    /// Sends `count` notifications of `size` bytes, with or without waiting for room.
    async fn flood(&self, params: Value) -> Result<()> {
        let text = "x".repeat(usize::try_from(params["size"].as_u64().unwrap()).unwrap());
        for number in 0..params["count"].as_u64().unwrap() {
            if params["polite"] == true {
                self.client.room().await;
            }
            self.client.notify::<Note>(json!([number, text]));
        }
        Ok(())
    }

    /// Begin, `count` reports, end.
    async fn progress(&self, count: u32) -> Result<()> {
        let send = |value: Value| {
            let params = json!({ "token": "t", "value": value });
            let params: ProgressParams = serde_json::from_value(params).unwrap();
            self.client.notify::<Progress>(params);
        };
        send(json!({ "kind": "begin", "title": "t" }));
        for number in 0..count {
            send(json!({ "kind": "report", "message": number.to_string() }));
        }
        send(json!({ "kind": "end" }));
        Ok(())
    }

    /// Sends through tower-lsp's own client, which leads nowhere.
    async fn use_inner_client(&self) -> Result<()> {
        for _ in 0..10 {
            self.inner_client
                .log_message(MessageType::INFO, "lost")
                .await;
        }
        drop(self.inner_client.workspace_folders().await);
        Ok(())
    }
}

fn build(client: Client, probe: Arc<Probe>) -> LspService<Backend> {
    LspService::build(|inner_client| Backend::new(client, inner_client, probe))
        .custom_method("test/echo", Backend::echo)
        .custom_method("test/changes", Backend::changes)
        .custom_method("test/hang", Backend::hang)
        .custom_method("test/panic", Backend::panic)
        .custom_method("test/panicNote", Backend::panic_note)
        .custom_method("test/ask", Backend::ask)
        .custom_method("test/askFolders", Backend::ask_folders)
        .custom_method("test/flood", Backend::flood)
        .custom_method("test/progress", Backend::progress)
        .custom_method("test/useInnerClient", Backend::use_inner_client)
        .finish()
        .0
}

/// A running server, and the client's end of its streams.
pub(crate) struct Server {
    input: UnixStream,
    output: BufReader<UnixStream>,
    ended: mpsc::Receiver<Ended>,
    pub(crate) probe: Arc<Probe>,
}

impl Server {
    /// Starts a server. To it, the client's process is there if it has the number 1, until
    /// [`Probe::client_gone`].
    pub(crate) fn start() -> Self {
        let (input, server_input) = UnixStream::pair().unwrap();
        let (output, server_output) = UnixStream::pair().unwrap();
        output.set_read_timeout(Some(LIMIT)).unwrap();
        input.set_write_timeout(Some(LIMIT)).unwrap();
        let probe = Arc::new(Probe::default());
        let (done, ended) = mpsc::channel();
        let inner = probe.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            let seen = inner.clone();
            let ended = runtime.block_on(serve(
                |client| build(client, inner),
                server_input,
                server_output,
                move |process| process == 1 && !seen.client_gone.load(Ordering::SeqCst),
            ));
            drop(done.send(ended));
        });
        Server {
            input,
            output: BufReader::new(output),
            ended,
            probe,
        }
    }

    /// Starts a server and brings it to where everything is taken.
    pub(crate) fn ready() -> Self {
        let mut server = Server::start();
        server.initialize(Value::Null);
        server
    }

    /// Goes through `initialize` and `initialized`, and looks at all that the server says then.
    pub(crate) fn initialize(&mut self, process: Value) {
        self.request(
            0,
            "initialize",
            json!({ "capabilities": {}, "processId": process }),
        );
        assert_eq!(self.next()["method"], "window/logMessage");
        assert_eq!(
            self.next(),
            json!({"jsonrpc": "2.0", "id": 0, "result": {"capabilities": {}}})
        );
        self.notify("initialized", json!({}));
        assert_eq!(self.next_note(), "early");
        assert_eq!(self.next_note(), "initialized");
    }

    /// Sends bytes as they are.
    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.input.write_all(bytes).unwrap();
    }

    /// Sends one frame with this body.
    pub(crate) fn send_body(&mut self, body: &str) {
        let frame = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        self.send_bytes(frame.as_bytes());
    }

    /// Sends a message.
    pub(crate) fn send(&mut self, message: &Value) {
        self.send_body(&message.to_string());
    }

    pub(crate) fn request(&mut self, id: impl Into<Value>, method: &str, params: impl Into<Value>) {
        let (id, params) = (id.into(), params.into());
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
    }

    pub(crate) fn notify(&mut self, method: &str, params: impl Into<Value>) {
        let params = params.into();
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    pub(crate) fn reply(&mut self, id: &Value, result: Value) {
        self.send(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
    }

    /// The next message of the server.
    pub(crate) fn next(&mut self) -> Value {
        self.try_next()
            .expect("a message, not the end of the output")
    }

    /// The next message of the server; nothing at the end of its output.
    pub(crate) fn try_next(&mut self) -> Option<Value> {
        let mut length = None;
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("Content-Length", value)) => length = Some(value.parse().unwrap()),
                Some(other) => panic!("an odd header: {other:?}"),
                None => break,
            }
        }
        let mut body = vec![0; length.unwrap()];
        self.output.read_exact(&mut body).unwrap();
        Some(serde_json::from_slice(&body).unwrap())
    }

    /// What the next message says, which must be a `test/note`.
    pub(crate) fn next_note(&mut self) -> Value {
        let mut message = self.next();
        assert_eq!(message["method"], Note::METHOD, "{message}");
        message["params"].take()
    }

    /// The next message must be a success for this request; returns its result.
    pub(crate) fn next_result(&mut self, id: impl Into<Value>) -> Value {
        let (id, mut message) = (id.into(), self.next());
        assert_eq!(message["id"], id, "{message}");
        assert!(message.get("error").is_none(), "{message}");
        message["result"].take()
    }

    /// The next message must be a failure of this request; returns its code.
    pub(crate) fn next_error(&mut self, id: impl Into<Value>) -> i64 {
        let (id, message) = (id.into(), self.next());
        assert_eq!(message["id"], id, "{message}");
        message["error"]["code"].as_i64().unwrap()
    }

    /// Shows that the server is alive, and that it has nothing else to say.
    pub(crate) fn check_alive(&mut self) {
        self.request("alive?", "test/echo", json!(["yes"]));
        assert_eq!(self.next_result("alive?"), json!(["yes"]));
    }

    /// Ends the server's input.
    pub(crate) fn close_input(&mut self) {
        self.input.shutdown(Shutdown::Write).unwrap();
    }

    /// Stops taking the server's output: whatever it writes from now on fails.
    pub(crate) fn close_output(&mut self) {
        self.output.get_ref().shutdown(Shutdown::Read).unwrap();
    }

    /// Waits until the server has given up its output.
    pub(crate) fn wait_for_abandoned_output(&self) {
        let mut output = self.output.get_ref();
        wait_until(|| output.write(b"?").is_err());
    }

    /// Waits for the end. The input stays open until then.
    pub(crate) fn ended(&self) -> Ended {
        self.ended.recv_timeout(LIMIT).expect("an end")
    }
}
