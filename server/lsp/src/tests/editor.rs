//! An editor for the tests: the real server and the real engine behind pipes, in a world of their
//! own. No test is ever run in it: there is no program that could.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_engine::{Config, Handle, Query, TrustWord};
use greenward_exec::Executor;
use greenward_workspace::dirs::Dirs;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::transport::Ended;
use crate::{Setup, Wishes, serve, wire};

/// How long anything may take before a test gives up.
const LIMIT: Duration = Duration::from_secs(20);

/// What the user and the editor answer when the server asks.
type Answers = fn(&str, &Value) -> Value;

pub(super) struct Editor {
    runtime: Runtime,
    server: JoinHandle<Ended>,
    output: UnixStream,
    incoming: Receiver<Value>,
    /// What the server said that nobody has asked for yet.
    heard: Vec<Value>,
    answers: Answers,
    last_id: i64,
    /// Set once the engine has been started.
    engine: Arc<OnceLock<Handle>>,
    world: TempDir,
}

/// A workspace of `files`, each with its text, in an editor with these capabilities and options
/// that has said `initialized`.
pub(super) fn open(
    files: &[(&str, &str)],
    capabilities: &Value,
    options: &Value,
    answers: Answers,
) -> Editor {
    let mut editor = start(files, answers);
    let folder = editor.uri("");
    let initialized = editor.request(
        "initialize",
        &json!({
            "processId": null,
            "capabilities": capabilities,
            "initializationOptions": options,
            "workspaceFolders": [{ "uri": folder, "name": "w" }],
        }),
    );
    assert_eq!(initialized["serverInfo"]["name"], "greenward");
    editor.notify("initialized", &json!({}));
    editor
}

/// The same before `initialize`.
pub(super) fn start(files: &[(&str, &str)], answers: Answers) -> Editor {
    let world = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(world.path()).unwrap();
    for (file, text) in files {
        let path = root.join("w").join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let env = BTreeMap::from([("HOME".to_owned(), root.join("home").into_string())]);
    let dirs = Dirs::from_env(&env).unwrap();
    let cache = dirs.cache().to_owned();
    let engine = Arc::new(OnceLock::new());
    let started = Arc::clone(&engine);
    let setup = Setup {
        start: Box::new(move |wishes: Wishes| {
            let engine = greenward_engine::start(Config {
                executor: Executor::new("/nowhere/greenward", env.clone()),
                env: env.into(),
                dirs,
                flags: json!({}),
                encoding: wishes.encoding,
                watch: false,
                trust: wishes.trust.map_or(TrustWord::Record, TrustWord::Editor),
                clock: || Duration::ZERO,
            });
            started.set(engine.0.clone()).unwrap();
            engine
        }),
        log_level: Box::new(|_| {}),
        cache,
    };
    let runtime = Runtime::new().unwrap();
    let (ours, theirs) = UnixStream::pair().unwrap();
    let input = theirs.try_clone().unwrap();
    let server = runtime.spawn(serve(setup, input, theirs, |_| true));
    let (sender, incoming) = channel();
    let mut reader = BufReader::new(ours.try_clone().unwrap());
    thread::spawn(move || {
        while let Some(message) = read(&mut reader) {
            if sender.send(message).is_err() {
                return;
            }
        }
    });
    Editor {
        runtime,
        server,
        output: ours,
        incoming,
        heard: Vec::new(),
        answers,
        last_id: 0,
        engine,
        world,
    }
}

fn read(reader: &mut impl BufRead) -> Option<Value> {
    let mut header = String::new();
    reader.read_line(&mut header).ok()?;
    let length = header.trim().strip_prefix("Content-Length: ")?;
    let mut body = vec![0; length.parse().ok()?];
    reader.read_line(&mut String::new()).ok()?;
    reader.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

impl Editor {
    /// The path of a file of the workspace.
    pub(super) fn path(&self, file: &str) -> Utf8PathBuf {
        let folder = Utf8Path::from_path(self.world.path()).unwrap().join("w");
        match file {
            "" => folder,
            file => folder.join(file),
        }
    }

    /// The URI of a file of the workspace.
    pub(super) fn uri(&self, file: &str) -> String {
        wire::uri(&self.path(file)).unwrap().into()
    }

    /// A document identifier, as most parameters have it.
    pub(super) fn document(&self, file: &str) -> Value {
        json!({ "uri": self.uri(file) })
    }

    /// The user's folder of what can be lost.
    pub(super) fn cache(&self) -> Utf8PathBuf {
        let root = Utf8Path::from_path(self.world.path()).unwrap();
        root.join("home/.cache/greenward")
    }

    pub(super) fn notify(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Asks, and returns the result, or the error.
    pub(super) fn request(&mut self, method: &str, params: &Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        let reply =
            self.wait_for(|message| message["id"] == json!(id) && message.get("method").is_none());
        match reply.get("error") {
            Some(error) => error.clone(),
            None => reply["result"].clone(),
        }
    }

    /// The first message like this, now or to come, and no longer among those that were heard.
    pub(super) fn wait_for(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            if let Some(at) = self.heard.iter().position(&wanted) {
                return self.heard.remove(at);
            }
            let message = self.incoming.recv_timeout(LIMIT).unwrap_or_else(|error| {
                panic!("{error}; heard so far: {:#?}", self.heard);
            });
            if let (Some(id), Some(method)) = (message.get("id"), message["method"].as_str()) {
                let result = (self.answers)(method, &message["params"]);
                self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": result }));
            }
            self.heard.push(message);
        }
    }

    /// The parameters of the first message with this method.
    pub(super) fn wait_for_method(&mut self, method: &str) -> Value {
        self.wait_for(|message| message["method"] == method)["params"].take()
    }

    /// Asks until the answer is like this.
    pub(super) fn ask_until(
        &mut self,
        method: &str,
        params: &Value,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        // Each answer is about all that the engine knows by then, and it soon knows all.
        for _ in 0..2_000 {
            let answer = self.request(method, params);
            if wanted(&answer) {
                return answer;
            }
            thread::yield_now();
        }
        panic!("{method} never came to that");
    }

    /// Waits until every folder has been read.
    pub(super) fn settle(&mut self) {
        let nothing = json!({});
        self.ask_until("greenward/status", &nothing, |status| {
            status["loading"] == json!(false)
        });
    }

    /// Says goodbye in order. Returns the exit code.
    pub(super) fn close(mut self) -> u8 {
        assert_eq!(self.request("shutdown", &Value::Null), Value::Null);
        self.notify("exit", &Value::Null);
        self.ended()
    }

    /// Is gone at once. Returns the exit code.
    pub(super) fn hang_up(self) -> u8 {
        self.output.shutdown(Shutdown::Both).unwrap();
        self.ended()
    }

    /// Waits until the server has ended, and sees that the engine has.
    fn ended(self) -> u8 {
        let ended = async { tokio::time::timeout(LIMIT, self.server).await };
        let ended = self.runtime.block_on(ended).unwrap().unwrap();
        let status = self
            .engine
            .get()
            .unwrap()
            .ask(|reply| Query::Status { reply });
        assert!(self.runtime.block_on(status).is_none());
        ended.code()
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        write!(self.output, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    }
}
