//! Processes: started, waited for with a limit, and looked for when they should be gone.
#![expect(
    clippy::disallowed_methods,
    reason = "the one home of processes and of the clock in the test ground"
)]

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use camino::Utf8Path;
use serde_json::Value;

use crate::repository;
use crate::traffic::Collected;

/// How long a test waits for a state before it fails. Not a measure of speed: long enough for two
/// busy cores that build something.
pub const LIMIT: Duration = Duration::from_secs(120);

/// How long to let others work between two looks at a state.
const TICK: Duration = Duration::from_millis(20);

/// A point in time after which a wait is given up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    pub(crate) fn after(limit: Duration) -> Self {
        Self(Instant::now() + limit)
    }

    pub(crate) fn has_passed(self) -> bool {
        Instant::now() >= self.0
    }
}

/// Looks at a state until it is there.
///
/// # Panics
///
/// If it is not there within [`LIMIT`].
pub fn wait_until<T>(what: &str, mut state: impl FnMut() -> Option<T>) -> T {
    let deadline = Deadline::after(LIMIT);
    loop {
        if let Some(found) = state() {
            return found;
        }
        assert!(!deadline.has_passed(), "waited in vain for {what}");
        std::thread::sleep(TICK);
    }
}

/// A program that has come to its end.
#[derive(Debug, Clone)]
pub struct Finished {
    /// Its exit code; nothing if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

/// A command in a folder, its stdin empty.
pub(crate) fn command(program: &str, folder: &Utf8Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    command
}

/// `cargo metadata --no-deps` of this repository.
///
/// # Panics
///
/// If cargo cannot say it.
#[must_use]
pub fn cargo_metadata() -> Value {
    let mut cargo = command("cargo", repository());
    cargo.args(["metadata", "--no-deps", "--format-version=1"]);
    let metadata = finish(&mut cargo, LIMIT).expect("cargo can be started");
    serde_json::from_str(&metadata.stdout).expect("`cargo metadata` writes JSON")
}

/// Runs a command to its end, or to the limit; then it is killed and the test fails.
pub(crate) fn finish(command: &mut Command, limit: Duration) -> std::io::Result<Finished> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let stdout = child.stdout.take().map(Collected::start);
    let stderr = child.stderr.take().map(Collected::start);
    let text = |collected: &Option<Collected>| collected.as_ref().map(Collected::text);
    let Some(status) = wait(&mut child, limit)? else {
        child.kill()?;
        child.wait()?;
        panic!(
            "{command:?} did not end within {limit:?}\nstdout: {}\nstderr: {}",
            text(&stdout).unwrap_or_default(),
            text(&stderr).unwrap_or_default(),
        );
    };
    Ok(Finished {
        code: status.code(),
        stdout: stdout.map(Collected::finish).unwrap_or_default(),
        stderr: stderr.map(Collected::finish).unwrap_or_default(),
    })
}

/// Waits for a child's end, up to a limit.
pub(crate) fn wait(child: &mut Child, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    let deadline = Deadline::after(limit);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if deadline.has_passed() {
            return Ok(None);
        }
        std::thread::sleep(TICK);
    }
}

/// A process that carries a test's marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marked {
    pub(crate) pid: i32,
    pub(crate) command: String,
}

/// The living processes with `name=value` in the environment that they were started with.
pub(crate) fn marked(name: &str, value: &str) -> Vec<Marked> {
    let needle = format!("{name}={value}");
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let environ = std::fs::read(entry.path().join("environ")).ok()?;
            environ
                .split(|byte| *byte == 0)
                .any(|variable| variable == needle.as_bytes())
                .then(|| {
                    let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
                    Marked {
                        pid,
                        command: String::from_utf8_lossy(&command).replace('\0', " "),
                    }
                })
        })
        .collect()
}

/// Ends a process at once.
pub(crate) fn kill(pid: i32) {
    // It may have ended by itself meanwhile.
    let _ = nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(pid),
        nix::sys::signal::Signal::SIGKILL,
    );
}
