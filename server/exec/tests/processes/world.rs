//! What the tests share: an executor, a folder, and a way to find what is left of a process.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::Invocation;
use greenward_exec::{
    Executor, Limits, Line, LineLimits, Lines, Output, OutputError, Process, Stdin, lines,
};
use tempfile::TempDir;
use tokio::io::AsyncRead;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// The variable by which processes of a test are known, whatever they call themselves.
const MARK: &str = "GREENWARD_TEST_MARK";

/// This program, even if its file is replaced in the meantime.
pub(crate) const OWN: &str = "/proc/self/exe";

/// How long a test waits for something that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A test's own folder and mark, and an executor whose processes bear the mark.
pub(crate) struct World {
    pub(crate) executor: Executor,
    mark: String,
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().to_str().unwrap().to_owned();
        Self {
            executor: executor(&mark),
            mark,
            folder,
        }
    }

    /// Runs a test that needs the world and a runtime. Fails if it leaves a process.
    pub(crate) fn run(test: impl AsyncFnOnce(&World)) {
        let world = World::new();
        runtime().block_on(async {
            test(&world).await;
            world.goes().await;
        });
    }

    pub(crate) fn folder(&self) -> &Utf8Path {
        Utf8Path::from_path(self.folder.path()).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> Utf8PathBuf {
        self.folder().join(name)
    }

    pub(crate) fn sh(&self, script: &str) -> Invocation {
        sh(self.folder(), script)
    }

    /// Starts a shell script without input.
    pub(crate) async fn start(&self, script: &str) -> Process {
        let started = self.executor.start(&self.sh(script), Stdin::Null).await;
        started.unwrap()
    }

    /// Starts a shell script and waits until it prints `ready`.
    pub(crate) async fn start_ready(&self, script: &str) -> Process {
        let mut process = self.start(script).await;
        let stdout = process.stdout.take().unwrap();
        let mut lines = lines(stdout, LineLimits::default());
        while next(&mut lines).await.expect("ready").text != "ready" {}
        process
    }

    /// Runs a shell script to its end.
    pub(crate) async fn output(&self, script: &str, limits: Limits) -> Result<Output, OutputError> {
        let cancel = CancellationToken::new();
        in_time(self.executor.output(&self.sh(script), limits, &cancel)).await
    }

    /// The processes that bear the mark, as `PID COMMAND`.
    pub(crate) fn left(&self) -> Vec<String> {
        let mark = format!("{MARK}={}", self.mark);
        let mut left = Vec::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let bears = |environ: Vec<u8>| environ.split(|&b| b == 0).any(|v| v == mark.as_bytes());
            if fs::read(entry.path().join("environ")).is_ok_and(bears) {
                let pid = entry.file_name().into_string().unwrap();
                let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
                let command = String::from_utf8_lossy(&command).replace('\0', " ");
                left.push(format!("{pid} {command}"));
            }
        }
        left
    }

    /// Fails if a process is left now.
    pub(crate) fn is_gone(&self) {
        assert_eq!(self.left(), Vec::<String>::new());
    }

    /// Waits until no process is left.
    pub(crate) async fn goes(&self) {
        until(
            || self.left().is_empty(),
            || format!("left: {:?}", self.left()),
        )
        .await;
    }

    /// Starts a daemon of its own that runs a script, and waits until the script prints `ready`.
    pub(crate) fn start_daemon(&self, script: &str) -> std::process::Child {
        let mut daemon = Command::new(OWN)
            .args(["daemon", &self.mark, self.folder().as_str(), script])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = std::io::BufReader::new(daemon.stdout.take().unwrap());
        std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
        assert_eq!(line, "ready\n");
        daemon
    }
}

/// The daemon of [`World::start_daemon`]: `MARK FOLDER SCRIPT`.
pub(crate) fn daemon(args: impl Iterator<Item = OsString>) -> ExitCode {
    let args: Vec<String> = args.map(|arg| arg.into_string().unwrap()).collect();
    runtime().block_on(async {
        let invocation = sh(Utf8Path::new(&args[1]), &args[2]);
        let started = executor(&args[0]).start(&invocation, Stdin::Null).await;
        let mut process = started.unwrap();
        let mut lines = lines(process.stdout.take().unwrap(), LineLimits::default());
        while let Some(line) = lines.next().await.unwrap() {
            println!("{}", line.text);
        }
        process.wait().await;
    });
    ExitCode::SUCCESS
}

fn executor(mark: &str) -> Executor {
    let path = env::var("PATH").unwrap();
    Executor::new(OWN, [("PATH", path.as_str()), (MARK, mark)])
}

fn sh(folder: &Utf8Path, script: &str) -> Invocation {
    Invocation::new("sh", folder).args(["-c", script])
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

/// Runs a test of this binary in a process of its own, since it counts what a process holds.
pub(crate) fn alone(test: &str, body: fn()) {
    if env::args().nth(1).as_deref() == Some("alone") {
        return body();
    }
    let output = Command::new(OWN)
        .args(["alone", test])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {text}", output.status);
}

/// The next line, which must come in time.
pub(crate) async fn next<R: AsyncRead + Unpin>(lines: &mut Lines<R>) -> Option<Line> {
    in_time(lines.next()).await.unwrap()
}

/// What a future gives, which must come in time.
pub(crate) async fn in_time<F: Future>(future: F) -> F::Output {
    let given = tokio::time::timeout(PATIENCE, future).await;
    given.expect("it did not happen in time")
}

/// Waits until something holds, which must come in time.
pub(crate) async fn until(holds: impl Fn() -> bool, why_not: impl Fn() -> String) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "{}", why_not());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
