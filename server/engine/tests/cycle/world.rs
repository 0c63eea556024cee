//! A project on disk, an engine on it, and cycles in it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use camino::Utf8PathBuf;
use greenward_core::{CheckKind, CheckOutcome, Invocation, TestId};
use greenward_engine::{
    ApplyTo, Command, Config, CycleCommand, CycleRequest, CycleSummary, CycleWhat, Handle, Notice,
    Query, TrustWord, start,
};
use greenward_exec::{Confinement, Executor, Isolation, Network, Stdin};
use greenward_workspace::dirs::Dirs;
use greenward_workspace::document::PositionEncoding;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

/// How long anything here may take.
const LIMIT: Duration = Duration::from_secs(300);

/// A project on disk.
pub(crate) struct World {
    folder: tempfile::TempDir,
    /// What the worker of the cycle gives back, turn by turn.
    turns: Vec<Value>,
    /// Whether the clean room has the user's network.
    network: bool,
}

/// What became of a cycle.
pub(crate) struct Ended {
    pub(crate) summary: CycleSummary,
    said: Vec<String>,
}

impl fmt::Debug for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.said {
            writeln!(f, "{line}")?;
        }
        write!(f, "{:#?}", self.summary)
    }
}

impl Ended {
    /// What became of a check; the text of it otherwise.
    #[track_caller]
    pub(crate) fn check(&self, kind: CheckKind, expected: &str) {
        let verdict = self.summary.verdict.as_ref();
        let check =
            verdict.and_then(|verdict| verdict.checks.iter().find(|check| check.kind == kind));
        let outcome = check.map(|check| check.outcome.name());
        assert_eq!(outcome, Some(expected), "{kind}: {self:#?}");
    }

    /// The checks that failed.
    pub(crate) fn refused_by(&self) -> Vec<CheckKind> {
        let verdict = self.summary.verdict.iter();
        verdict
            .flat_map(|verdict| &verdict.checks)
            .filter(|check| check.outcome == CheckOutcome::Failed)
            .map(|check| check.kind)
            .collect()
    }

    #[track_caller]
    pub(crate) fn is(&self, phase: &str) {
        assert_eq!(self.summary.phase.name(), phase, "{self:#?}");
    }
}

/// The Python that has pytest; nothing if there is none.
pub(crate) fn python() -> Option<Utf8PathBuf> {
    std::env::var("GREENWARD_TEST_PYTHON").ok().map(Into::into)
}

impl World {
    /// A folder with these files, in a git repository or in none.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let world = Self {
            folder: tempfile::tempdir().expect("a folder"),
            turns: Vec::new(),
            network: false,
        };
        for (path, text) in files {
            world.write(path, text);
        }
        world
    }

    /// A Cargo package `sample` with this library.
    pub(crate) fn cargo(library: &str) -> Self {
        Self::new(&[
            (
                "Cargo.toml",
                "[package]\nname = \"sample\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
            ),
            ("src/lib.rs", library),
        ])
    }

    /// The next turn of the worker: whole files.
    pub(crate) fn turn(mut self, files: &[(&str, &str)]) -> Self {
        let files: BTreeMap<&str, &str> = files.iter().copied().collect();
        let attempt = self.turns.len() + 1;
        self.turns
            .push(json!({"phase": "green", "attempt": attempt, "files": files}));
        self
    }

    /// The next turn of the worker: a model's text.
    pub(crate) fn says(mut self, text: &str) -> Self {
        let attempt = self.turns.len() + 1;
        self.turns
            .push(json!({"phase": "green", "attempt": attempt, "text": text}));
        self
    }

    /// With the user's network in the clean room.
    pub(crate) fn with_network(mut self) -> Self {
        self.network = true;
        self
    }

    pub(crate) fn path(&self) -> Utf8PathBuf {
        let folder = self.folder.path().canonicalize().expect("the folder");
        Utf8PathBuf::from_path_buf(folder)
            .expect("UTF-8")
            .join("work")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).expect("a file")
    }

    fn env(&self) -> BTreeMap<String, String> {
        let base = self.path();
        let base = base.parent().expect("a folder");
        let mut env: BTreeMap<String, String> = std::env::vars()
            .filter(|(name, _)| name != "VIRTUAL_ENV" && !name.starts_with("PYTEST"))
            .collect();
        // Cargo's own folders are the user's: there lie the toolchain and what was fetched.
        for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
            if let (false, Some(home)) = (env.contains_key(name), env.get("HOME")) {
                let folder = format!("{home}/{folder}");
                env.insert(name.to_owned(), folder);
            }
        }
        for (name, folder) in [
            ("HOME", "home"),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_CACHE_HOME", "cache"),
        ] {
            let folder = base.join(folder);
            std::fs::create_dir_all(&folder).expect("a folder");
            env.insert(name.to_owned(), folder.into_string());
        }
        env
    }

    /// Runs a cycle to its end, and applies its result if it is complete.
    pub(crate) fn green(&self, targets: &[&str], held_out: &[&str]) -> Ended {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            tokio::time::timeout(LIMIT, self.cycle(targets, held_out))
                .await
                .expect("an end")
        })
    }

    fn config(&self) -> Config {
        let env = self.env();
        let this = std::env::current_exe().expect("our own path");
        let recording = self
            .path()
            .parent()
            .expect("a folder")
            .join("recording.jsonl");
        let lines: Vec<String> = self.turns.iter().map(ToString::to_string).collect();
        std::fs::write(&recording, lines.join("\n") + "\n").expect("a recording");
        let mut flags = json!({
            "run": {"on_save": false, "on_open": false},
            "pytest": {"warm": false},
            "workers": {"recorded": {"kind": "replay", "recording": recording}},
            "cycle": {"worker": "recorded", "max_attempts": self.turns.len().max(1)},
        });
        flags["cycle"]["network"] = json!(self.network);
        if let Some(python) = python() {
            flags["pytest"]["python"] = json!(python);
        }
        Config {
            executor: Executor::new(Utf8PathBuf::try_from(this).expect("UTF-8"), env.clone()),
            dirs: Dirs::from_env(&env).expect("folders"),
            env: Arc::new(env),
            flags,
            encoding: PositionEncoding::Utf8,
            watch: false,
            trust: TrustWord::ThisTime,
            clock: || {
                SystemTime::now()
                    .duration_since(SystemTime::UNIX_EPOCH)
                    .expect("after 1970")
            },
        }
    }

    async fn cycle(&self, targets: &[&str], held_out: &[&str]) -> Ended {
        let (engine, mut notices) = start(self.config());
        engine.send(Command::AddFolder(self.path()));
        engine.ask(|reply| Query::Settled { reply }).await;
        let ids = |tests: &[&str]| tests.iter().map(|test| TestId::parse(test)).collect();
        let request = CycleRequest {
            targets: ids(targets),
            held_out: ids(held_out),
            worker: None,
        };
        let (reply, answer) = oneshot::channel();
        engine.send(Command::Cycle(CycleCommand::Start { request, reply }));
        let cycle = answer.await.expect("an answer").expect("a cycle");
        let ended = until_ended(&mut notices).await;
        if ended.summary.phase.name() == "complete" {
            let (reply, answer) = oneshot::channel();
            engine.send(Command::Cycle(CycleCommand::Apply {
                cycle,
                to: ApplyTo::Disk,
                reply,
            }));
            answer.await.expect("an answer").expect("it applies");
        }
        stop(engine).await;
        ended
    }
}

async fn stop(engine: Handle) {
    engine.stop().await;
}

async fn until_ended(notices: &mut mpsc::UnboundedReceiver<Notice>) -> Ended {
    let mut said = Vec::new();
    while let Some(notice) = notices.recv().await {
        let Notice::Cycle(notice) = notice else {
            continue;
        };
        if let CycleWhat::Ended(summary) = notice.what {
            return Ended {
                summary: *summary,
                said,
            };
        }
        said.push(format!("{:?}", notice.what));
    }
    panic!("the engine ended: {said:#?}");
}

/// Whether this system can hide a place from a process.
pub(crate) fn hides() -> bool {
    isolation() > Some(Isolation::Refusing)
}

/// Whether nothing of a process stays in this system.
pub(crate) fn is_private() -> bool {
    isolation() == Some(Isolation::Private)
}

fn isolation() -> Option<Isolation> {
    let executor = Executor::new("/proc/self/exe", std::env::vars_os()).confined(Confinement {
        access: Vec::new(),
        network: Network::Own,
    });
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let invocation = Invocation::new("true", "/");
        let started = executor.start(&invocation, Stdin::Null).await;
        started.expect("a process").wait().await;
    });
    executor.isolation()
}
