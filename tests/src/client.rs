//! An editor, as far as a language server can tell: it speaks LSP over real pipes with the real
//! binary.
//!
//! It cannot be ignored. When it is dropped it shuts the server down in order and fails the test if
//! the exit code is not 0, if a message breaks the protocol, if a request was left without an
//! answer, or if the server said something that the test neither looked at nor allowed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::BufReader;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use camino::Utf8PathBuf;
use serde_json::{Value, json};

use crate::buffers::{Buffers, Deed};
use crate::process::{Deadline, LIMIT};
use crate::script::Script;
use crate::traffic::Traffic;
use crate::{MetaModel, Profile, Running, Session, Side, World, wire};

/// How long to listen before a state is looked at again.
const TICK: Duration = Duration::from_millis(20);

/// How the editor is set and what its user will answer.
#[derive(Debug, Clone)]
pub struct Options {
    profile: Profile,
    trusted: bool,
    events: bool,
    documents: bool,
    refuses_edits: bool,
    settings: Value,
    folders: Vec<String>,
    process: u32,
    allowed: BTreeSet<&'static str>,
    choices: Vec<(String, Option<String>)>,
    always: Vec<(String, Option<String>)>,
}

impl Options {
    /// An editor that trusts nothing, with no settings, on the whole workspace.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self {
            profile,
            trusted: false,
            events: false,
            documents: false,
            refuses_edits: false,
            settings: json!({}),
            folders: vec![String::new()],
            process: std::process::id(),
            allowed: BTreeSet::new(),
            choices: Vec::new(),
            always: Vec::new(),
        }
    }

    /// The user trusts the workspace.
    #[must_use]
    pub fn trusted(mut self) -> Self {
        self.trusted = true;
        self
    }

    /// The client wants `greenward/runEvent`, `greenward/cycle/event` and `greenward/testsChanged`.
    #[must_use]
    pub fn events(mut self) -> Self {
        self.events = true;
        self
    }

    /// The client opens documents of the scheme `greenward`.
    #[must_use]
    pub fn documents(mut self) -> Self {
        self.documents = true;
        self
    }

    /// The user takes over no edit.
    #[must_use]
    pub fn refuse_edits(mut self) -> Self {
        self.refuses_edits = true;
        self
    }

    /// What the user has set under `greenward`.
    #[must_use]
    pub fn settings(mut self, settings: Value) -> Self {
        self.settings = settings;
        self
    }

    /// The workspace folders, relative to the world's workspace.
    #[must_use]
    pub fn folders(mut self, folders: &[&str]) -> Self {
        self.folders = folders.iter().map(|&folder| folder.to_owned()).collect();
        self
    }

    /// The process that the server is to outlive by nothing. The test's own, if it is not set.
    #[must_use]
    pub fn process(mut self, id: u32) -> Self {
        self.process = id;
        self
    }

    /// The server may send notifications of this method that the test does not look at.
    #[must_use]
    pub fn allow(mut self, method: &'static str) -> Self {
        self.allowed.insert(method);
        self
    }

    /// When the server next asks something with this text in it, the user chooses the action of
    /// this title, or none.
    #[must_use]
    pub fn choose(mut self, text: &str, title: Option<&str>) -> Self {
        self.choices
            .push((text.to_owned(), title.map(str::to_owned)));
        self
    }

    /// Whenever the server asks something with this text in it, and nothing else is chosen, the
    /// user chooses the action of this title, or none. It may be asked any number of times.
    #[must_use]
    pub fn always(mut self, text: &str, title: Option<&str>) -> Self {
        self.always
            .push((text.to_owned(), title.map(str::to_owned)));
        self
    }
}

/// What the server last said of one document.
#[derive(Debug)]
struct Published {
    diagnostics: Vec<Value>,
    looked_at: bool,
}

/// A notification that came.
#[derive(Debug)]
struct Notice {
    method: String,
    params: Value,
}

/// An editor on a running server.
#[derive(Debug)]
pub struct Client<'w> {
    world: &'w World,
    running: Running,
    incoming: Receiver<std::io::Result<Value>>,
    options: Options,
    script: Script,
    traffic: Traffic,
    initialized: Value,
    next_id: i64,
    answers: BTreeMap<i64, Result<Value, Value>>,
    published: BTreeMap<String, Published>,
    notices: Vec<Notice>,
    buffers: Buffers,
    /// The edits that the server asked for.
    edits: Vec<Value>,
    faults: Vec<String>,
    /// The server's output has come to its end.
    closed: bool,
    /// The test has seen the server's end itself.
    ended: bool,
}

impl<'w> Client<'w> {
    /// Starts `greenward lsp` in a world and brings it to `initialized`.
    ///
    /// # Panics
    ///
    /// If the server does not get there within [`LIMIT`].
    #[must_use]
    pub fn start(world: &'w World, options: Options) -> Self {
        let mut client = Self::connect(world, options);
        let folders: Vec<Value> = client
            .options
            .folders
            .iter()
            .map(|folder| {
                let name = if folder.is_empty() {
                    "workspace"
                } else {
                    folder
                };
                json!({"uri": world.uri(folder), "name": name})
            })
            .collect();
        let params = json!({
            "processId": client.options.process,
            "clientInfo": client.options.profile.info(),
            "capabilities": client.options.profile.capabilities(),
            "rootUri": folders.first().map_or(&Value::Null, |folder| &folder["uri"]),
            "workspaceFolders": folders,
            "initializationOptions": {
                "workspaceTrust": client.options.trusted,
                "greenwardEvents": client.options.events,
                "greenwardDocuments": client.options.documents,
                "settings": client.options.settings,
            },
        });
        client.initialized = client.request("initialize", params);
        client.notify("initialized", json!({}));
        client
    }

    fn connect(world: &'w World, options: Options) -> Self {
        let mut running = world.start(&["lsp"]);
        let stdout = running
            .child
            .stdout
            .take()
            .expect("the server's stdout is a pipe");
        let (sender, incoming) = channel();
        std::thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            // Ends with the stream, with its first fault, or when nobody listens any more.
            while let Some(message) = wire::read(&mut stdout).transpose() {
                let fault = message.is_err();
                if sender.send(message).is_err() || fault {
                    break;
                }
            }
        });
        Self {
            world,
            running,
            incoming,
            script: Script::new(
                options.profile.capabilities(),
                options.settings.clone(),
                options.choices.clone(),
                options.always.clone(),
            ),
            options,
            traffic: Traffic::default(),
            initialized: Value::Null,
            next_id: 0,
            answers: BTreeMap::new(),
            published: BTreeMap::new(),
            notices: Vec::new(),
            buffers: Buffers::default(),
            edits: Vec::new(),
            faults: Vec::new(),
            closed: false,
            ended: false,
        }
    }

    /// What the server answered to `initialize`.
    #[must_use]
    pub fn initialized(&self) -> &Value {
        &self.initialized
    }

    /// The server's process: its stdin and its end.
    pub fn server(&mut self) -> &mut Running {
        &mut self.running
    }

    /// Sends a notification.
    pub fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Sends a request without waiting for the answer: its id, for [`answer`](Self::answer).
    pub fn ask(&mut self, method: &str, params: Value) -> i64 {
        self.next_id += 1;
        let id = self.next_id;
        let mut message = json!({"jsonrpc": "2.0", "id": id, "method": method});
        if !params.is_null() {
            message["params"] = params;
        }
        self.send(&message);
        id
    }

    /// Cancels a request.
    pub fn cancel(&mut self, id: i64) {
        self.notify("$/cancelRequest", json!({ "id": id }));
    }

    /// Waits for the answer to a request: its result, or the error object.
    ///
    /// # Errors
    ///
    /// The error that the server answered.
    pub fn answer(&mut self, id: i64) -> Result<Value, Value> {
        self.wait_for("an answer", |client| client.answers.remove(&id))
    }

    /// Sends a request and waits for its result.
    ///
    /// # Panics
    ///
    /// If the server answers with an error.
    pub fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.ask(method, params);
        match self.answer(id) {
            Ok(result) => result,
            Err(error) => self.fail(&format!("{method} was answered with {error}")),
        }
    }

    /// Runs one of the server's commands.
    pub fn execute(&mut self, command: &str, arguments: Value) -> Value {
        self.request(
            "workspace/executeCommand",
            json!({"command": command, "arguments": arguments}),
        )
    }

    /// Opens a file of the workspace as it is on disk.
    pub fn open(&mut self, path: &str) {
        let language = match path.rsplit('.').next() {
            Some("rs") => "rust",
            Some("py") => "python",
            Some("toml") => "toml",
            _ => "plaintext",
        };
        let uri = self.world.uri(path);
        let text = self.world.read(path);
        self.buffers.open(&uri, &text);
        self.notify(
            "textDocument/didOpen",
            json!({"textDocument": {
                "uri": uri, "languageId": language, "version": 1, "text": text,
            }}),
        );
    }

    /// Replaces all the text of an open document, without saving it.
    pub fn change(&mut self, path: &str, text: &str) {
        let uri = self.world.uri(path);
        let version = self.buffers.change(&uri, text);
        self.notify(
            "textDocument/didChange",
            json!({
                "textDocument": {"uri": uri, "version": version},
                "contentChanges": [{"text": text}],
            }),
        );
    }

    /// Gives an open document a new text, writes it to disk, and says that it was saved.
    pub fn save(&mut self, path: &str, text: &str) {
        self.change(path, text);
        self.world.write(path, text);
        let uri = self.world.uri(path);
        self.notify(
            "textDocument/didSave",
            json!({"textDocument": {"uri": uri}}),
        );
    }

    /// Closes a document.
    pub fn close(&mut self, path: &str) {
        let uri = self.world.uri(path);
        self.buffers.close(&uri);
        self.notify(
            "textDocument/didClose",
            json!({"textDocument": {"uri": uri}}),
        );
    }

    /// The text of an open document, as the user sees it.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.buffers.text(&self.world.uri(path))
    }

    /// Takes the edits that the server has asked for, made or not.
    pub fn take_edits(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.edits)
    }

    /// The diagnostics that the server last published for a file. The test has looked at them then.
    pub fn diagnostics(&mut self, path: &str) -> Vec<Value> {
        let uri = self.world.uri(path);
        self.published
            .get_mut(&uri)
            .map(|published| {
                published.looked_at = true;
                published.diagnostics.clone()
            })
            .unwrap_or_default()
    }

    /// The messages of a file's diagnostics.
    pub fn messages(&mut self, path: &str) -> Vec<String> {
        self.diagnostics(path)
            .iter()
            .map(|diagnostic| diagnostic["message"].as_str().unwrap_or("").to_owned())
            .collect()
    }

    /// Takes the parameters of all notifications of a method that have come.
    pub fn take(&mut self, method: &str) -> Vec<Value> {
        let (taken, kept) = std::mem::take(&mut self.notices)
            .into_iter()
            .partition(|notice| notice.method == method);
        self.notices = kept;
        let taken: Vec<Notice> = taken;
        taken.into_iter().map(|notice| notice.params).collect()
    }

    /// What the daemon says of itself.
    pub fn status(&mut self) -> Value {
        self.request("greenward/status", json!({}))
    }

    /// Looks at a state, again after each message and every few milliseconds, until it is there.
    ///
    /// # Panics
    ///
    /// If it is not there within [`LIMIT`]: with all the traffic and all that the server wrote to
    /// stderr.
    pub fn wait_for<T>(&mut self, what: &str, mut state: impl FnMut(&mut Self) -> Option<T>) -> T {
        let deadline = Deadline::after(LIMIT);
        loop {
            if let Some(found) = state(self) {
                return found;
            }
            if deadline.has_passed() {
                self.fail(&format!("waited in vain for {what}"));
            }
            if !self.listen() && self.closed {
                // What came last may have made the state true.
                match state(self) {
                    Some(found) => return found,
                    None => self.fail(&format!("the server ended before {what}")),
                }
            }
        }
    }

    /// Waits until the workspace has been read: until all tests are known that text can tell.
    pub fn wait_until_loaded(&mut self) -> Value {
        self.wait_for("the workspace to be read", |client| {
            let status = client.status();
            (status["loading"] == false).then_some(status)
        })
    }

    /// Waits until no project has anything running or waiting.
    pub fn wait_until_idle(&mut self) -> Value {
        self.wait_for("all projects to be idle", |client| {
            let status = client.status();
            let busy =
                |project: &Value| !matches!(project["running"], Value::Null | Value::Bool(false));
            let idle = !status["projects"].as_array()?.iter().any(busy);
            idle.then_some(status)
        })
    }

    /// Waits for the server's end, which the test has brought about by other means than
    /// `shutdown` and `exit`: its exit code, or nothing if a signal ended it.
    pub fn wait_for_end(&mut self) -> Option<i32> {
        self.ended = true;
        let deadline = Deadline::after(LIMIT);
        while !self.closed {
            if deadline.has_passed() {
                self.fail("the server did not end");
            }
            self.listen();
        }
        self.running.ended()
    }

    fn send(&mut self, message: &Value) {
        self.traffic.record(Side::Client, message);
        let sent = match &mut self.running.child.stdin {
            Some(stdin) => wire::write(stdin, message),
            None => Ok(()),
        };
        if let Err(error) = sent
            && !self.ended
        {
            self.fail(&format!("the server does not read any more: {error}"));
        }
    }

    /// Takes the next message, if one comes soon. Says whether one came.
    fn listen(&mut self) -> bool {
        match self.incoming.recv_timeout(TICK) {
            Ok(Ok(message)) => {
                self.traffic.record(Side::Server, &message);
                self.receive(&message);
                true
            }
            Ok(Err(error)) => {
                self.faults.push(format!("the server's output: {error}"));
                self.closed = true;
                false
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => {
                self.closed = true;
                false
            }
        }
    }

    fn receive(&mut self, message: &Value) {
        let params = &message["params"];
        match (message["method"].as_str(), message.get("id")) {
            (Some(method), Some(id)) => {
                let (mut answer, fault) = self.script.answer(method, params);
                self.faults.extend(fault);
                if method == "workspace/applyEdit" && answer.get("result").is_some() {
                    answer = json!({ "result": self.apply_edit(params) });
                }
                answer["jsonrpc"] = "2.0".into();
                answer["id"] = id.clone();
                self.send(&answer);
            }
            (Some("textDocument/publishDiagnostics"), None) => {
                let uri = params["uri"].as_str().unwrap_or("").to_owned();
                let diagnostics = params["diagnostics"].as_array().cloned();
                self.published.insert(
                    uri,
                    Published {
                        diagnostics: diagnostics.unwrap_or_default(),
                        looked_at: false,
                    },
                );
            }
            // Its own question, taken back: it has been answered already.
            (Some("$/cancelRequest"), None) => {}
            (Some(method), None) => self.notices.push(Notice {
                method: method.to_owned(),
                params: params.clone(),
            }),
            (None, id) => {
                let answer = match message.get("error") {
                    Some(error) => Err(error.clone()),
                    None => Ok(message["result"].clone()),
                };
                match id.and_then(Value::as_i64) {
                    Some(id) => {
                        self.answers.insert(id, answer);
                    }
                    None => self.notices.push(Notice {
                        method: "error".to_owned(),
                        params: message["error"].clone(),
                    }),
                }
            }
        }
    }

    /// Makes an edit, as editors do: in the documents, which it opens, and not on disk.
    fn apply_edit(&mut self, params: &Value) -> Value {
        self.edits.push(params.clone());
        if self.options.refuses_edits {
            return json!({ "applied": false, "failureReason": "the user said no" });
        }
        let utf8 = self.initialized["capabilities"]["positionEncoding"] == "utf-8";
        let world = self.world;
        let read = |uri: &str| std::fs::read_to_string(path_of(world, uri)?).ok();
        let deeds = match self.buffers.apply(&params["edit"], utf8, read) {
            Ok(deeds) => deeds,
            Err(why) => return json!({ "applied": false, "failureReason": why }),
        };
        for deed in deeds {
            match deed {
                Deed::Notify(method, params) => self.notify(method, params),
                Deed::Create(uri) => {
                    if let Some(path) = uri.strip_prefix(&world.uri("")) {
                        world.write(path.trim_start_matches('/'), "");
                    }
                }
                Deed::Delete(uri) => {
                    if let Some(path) = path_of(world, &uri) {
                        std::fs::remove_file(path).expect("a file can be removed");
                    }
                }
            }
        }
        json!({ "applied": true })
    }

    /// Ends the conversation in order and says all that was wrong with it.
    fn finish(&mut self) -> Vec<String> {
        if !self.ended {
            self.request("shutdown", Value::Null);
            self.send(&json!({"jsonrpc": "2.0", "method": "exit"}));
            let code = self.wait_for_end();
            if code != Some(0) {
                self.faults
                    .push(format!("the exit code is {code:?}, not 0"));
            }
            if let Some(model) = model() {
                let mut session = Session::new(model);
                for (side, message) in self.traffic.messages() {
                    session.feed(side, message);
                }
                self.faults.extend(session.finish());
            }
        }
        let mut faults = std::mem::take(&mut self.faults);
        faults.extend(
            self.script
                .unasked()
                .iter()
                .map(|text| format!("the server never asked {text:?}")),
        );
        faults.extend(
            self.notices
                .iter()
                .filter(|notice| !self.options.allowed.contains(notice.method.as_str()))
                .map(|notice| format!("nobody looked at {} {}", notice.method, notice.params)),
        );
        faults.extend(
            self.published
                .iter()
                .filter(|(_, published)| !published.looked_at && !published.diagnostics.is_empty())
                .map(|(uri, published)| {
                    format!("nobody looked at {uri}: {:?}", published.diagnostics)
                }),
        );
        faults
    }

    /// Fails the test with all that is known.
    fn fail(&self, message: &str) -> ! {
        let mut text = message.to_owned();
        for fault in &self.faults {
            let _ = write!(text, "\nalso: {fault}");
        }
        let stderr = self.running.stderr();
        panic!(
            "{text}\n\ntraffic:\n{}\nstderr of the server:\n{stderr}",
            self.traffic
        );
    }
}

impl Drop for Client<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // The server is killed with `running`.
            return;
        }
        let faults = self.finish();
        if !faults.is_empty() {
            self.fail(&faults.join("\n"));
        }
    }
}

/// The file of a URI. The names that tests use need no decoding.
fn path_of(world: &World, uri: &str) -> Option<Utf8PathBuf> {
    let path = uri.strip_prefix(&world.uri(""))?.strip_prefix('/')?;
    Some(world.path(path))
}

fn model() -> Option<&'static MetaModel> {
    static MODEL: OnceLock<Option<MetaModel>> = OnceLock::new();
    MODEL.get_or_init(MetaModel::find).as_ref()
}
