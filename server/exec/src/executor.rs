//! Starting processes, each under a supervisor of its own.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::Invocation;
use rustix::io::Errno;
use tempfile::TempDir;
use thiserror::Error;
use tokio::net::unix::pipe;
use tokio::process::Command;

use crate::confine::{Confinement, Isolation, Order};
use crate::control::{self, Report};
use crate::process::{Process, Supervisor};

/// Starts processes. Cheap to clone.
///
/// Every process runs under a supervisor:
/// `SUPERVISOR supervise [CONFINEMENT…] FOLDER VARIABLES… -- PROGRAM ARGS…`, which ends the whole tree of processes as soon as it is asked to, the process itself has ended, or
/// the daemon is gone. See [`supervise`](crate::supervise).
#[derive(Debug, Clone)]
pub struct Executor {
    supervisor: Arc<Utf8Path>,
    env: Arc<BTreeMap<OsString, OsString>>,
    confined: Option<Arc<Confined>>,
}

/// How processes are confined, and how far that went.
#[derive(Debug)]
struct Confined {
    confinement: Confinement,
    /// The least of all that were started.
    least: Mutex<Option<Isolation>>,
}

/// What a process reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stdin {
    /// Nothing: the null device.
    Null,
    /// What is written to [`Process::stdin`].
    Piped,
}

impl Executor {
    /// An executor whose processes have the environment `env`, as far as their invocations do not
    /// change it.
    ///
    /// `supervisor` is an absolute path to a program that calls
    /// [`supervise::main`](crate::supervise::main) when its first argument is `supervise`. On Linux
    /// the daemon best gives `/proc/self/exe`, as it is: that stays the daemon's own program when
    /// the file has been replaced by a newer one.
    pub fn new<K, V>(
        supervisor: impl Into<Utf8PathBuf>,
        env: impl IntoIterator<Item = (K, V)>,
    ) -> Self
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let env = env.into_iter().map(|(k, v)| (k.into(), v.into()));
        Self {
            supervisor: supervisor.into().into(),
            env: Arc::new(env.collect()),
            confined: None,
        }
    }

    /// The same, but whose processes are confined as far as the system can.
    #[must_use]
    pub fn confined(&self, confinement: Confinement) -> Self {
        Self {
            confined: Some(Arc::new(Confined {
                confinement,
                least: Mutex::new(None),
            })),
            ..self.clone()
        }
    }

    /// How far the processes that were started so far were confined, at the least. Nothing where
    /// none was, or none is to be.
    #[must_use]
    pub fn isolation(&self) -> Option<Isolation> {
        let confined = self.confined.as_ref()?;
        *confined
            .least
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, with another environment: a value sets a variable, nothing removes it.
    #[must_use]
    pub fn with_env<'e>(
        &self,
        changes: impl IntoIterator<Item = (&'e str, Option<&'e str>)>,
    ) -> Self {
        let mut env = BTreeMap::clone(&self.env);
        for (name, value) in changes {
            match value {
                Some(value) => env.insert(name.into(), value.into()),
                None => env.remove(std::ffi::OsStr::new(name)),
            };
        }
        Self {
            supervisor: self.supervisor.clone(),
            env: Arc::new(env),
            confined: self.confined.clone(),
        }
    }

    /// Starts a process. It runs when this returns: a program that cannot be started is an error
    /// here, never an exit code.
    ///
    /// Needs a tokio runtime. Dropping the future ends what it has started.
    ///
    /// # Errors
    /// If the folder or the program is not what it should be, or the system refuses.
    pub async fn start(
        &self,
        invocation: &Invocation,
        stdin: Stdin,
    ) -> Result<Process, StartError> {
        let failed = |kind, source| StartError {
            program: invocation.program.clone(),
            folder: invocation.folder.clone(),
            kind,
            source,
        };
        let unsupervised = |source| failed(StartErrorKind::Unsupervised, source);
        let temporary = self.temporary().map_err(unsupervised)?;
        let mut supervisor = self
            .supervisor(invocation, stdin, temporary.as_ref())
            .map_err(unsupervised)?;
        let mut report = supervisor.report().await;
        if let Some(Report::Confined(isolation)) = report {
            self.note(isolation);
            report = supervisor.report().await;
        }
        let (kind, source) = match report {
            Some(Report::Started(child)) => {
                let process = Process::new(child, supervisor, temporary);
                let (program, folder) = (&invocation.program, &invocation.folder);
                tracing::debug!(pid = process.pid(), program, %folder, "a process has started");
                return Ok(process);
            }
            Some(Report::BadFolder(errno)) => {
                let source = io::Error::from_raw_os_error(errno);
                (StartErrorKind::of_folder(&source), source)
            }
            Some(Report::BadProgram(errno)) => {
                let source = io::Error::from_raw_os_error(errno);
                (
                    StartErrorKind::of_program(&invocation.program, &source),
                    source,
                )
            }
            Some(Report::Confined(_) | Report::Ended(_)) | None => (
                StartErrorKind::Unsupervised,
                io::Error::other("it ended before it had started anything"),
            ),
        };
        supervisor.reap().await;
        Err(failed(kind, source))
    }

    /// The temporary folder of a process that is confined.
    fn temporary(&self) -> io::Result<Option<TempDir>> {
        if self.confined.is_none() {
            return Ok(None);
        }
        let theirs = self.env.get(OsStr::new("TMPDIR"));
        let theirs = theirs.filter(|path| Path::new(path).is_absolute());
        let under = theirs.map_or(Path::new("/tmp"), Path::new);
        // Short: the name of a socket has room for about a hundred bytes.
        let folder = tempfile::Builder::new()
            .prefix("greenward-")
            .tempdir_in(under);
        folder.map(Some)
    }

    fn note(&self, isolation: Isolation) {
        let Some(confined) = &self.confined else {
            return;
        };
        let mut least = confined
            .least
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *least = Some(least.map_or(isolation, |least| least.min(isolation)));
    }

    /// What a supervisor is told of a process' confinement.
    fn order(&self, invocation: &Invocation, temporary: &TempDir) -> Option<Order> {
        let confinement = &self.confined.as_ref()?.confinement;
        // What stands later counts.
        let writes = confinement.access.iter().chain(&invocation.access);
        Some(Order {
            temporary: temporary.path().to_owned(),
            access: writes
                .map(|(path, writes)| (path.into(), *writes))
                .collect(),
            network: confinement.network,
        })
    }

    /// Starts a supervisor and tells it to begin.
    fn supervisor(
        &self,
        invocation: &Invocation,
        stdin: Stdin,
        temporary: Option<&TempDir>,
    ) -> io::Result<Supervisor> {
        let (ours, theirs) = UnixStream::pair()?;
        let (reader, writer) = match stdin {
            Stdin::Null => (None, None),
            Stdin::Piped => {
                let (reader, writer) = io::pipe()?;
                let writer = pipe::Sender::from_owned_fd(writer.into())?;
                (Some(reader), Some(writer))
            }
        };
        control::send_begin(&ours, reader.as_ref().map(AsFd::as_fd))?;

        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place where processes are started"
        )]
        let mut command = Command::new(self.supervisor.as_std_path());
        command
            .arg0("greenward")
            .arg("supervise")
            .env_clear()
            .envs(self.env.iter());
        if let Some(temporary) = temporary {
            let order = self.order(invocation, temporary);
            command.args(order.iter().flat_map(Order::args));
            command.env("TMPDIR", temporary.path());
        }
        command
            .arg(&invocation.folder)
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (name, value) in &invocation.env {
            match value {
                // The supervisor's own libraries are none of the program's.
                Some(value) if is_of_the_loader(name) => command.arg(format!("{name}={value}")),
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
            .arg("--")
            .arg(&invocation.program)
            .args(&invocation.args);
        Supervisor::new(command.spawn()?, ours, writer)
    }
}

/// Whether a variable tells the system which libraries to load into a process.
fn is_of_the_loader(variable: &str) -> bool {
    variable.starts_with("LD_") || variable.starts_with("DYLD_")
}

/// Why a process could not be started.
#[derive(Debug, Error)]
#[error("cannot start {program} in {folder}: {kind}")]
pub struct StartError {
    /// The program.
    pub program: String,
    /// The folder that it was to run in.
    pub folder: Utf8PathBuf,
    /// What is wrong.
    pub kind: StartErrorKind,
    /// What the system said.
    pub source: io::Error,
}

/// What can be wrong at a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartErrorKind {
    /// No such program, in `PATH` or at its path.
    NotFound,
    /// The program is a script, and the interpreter that its first line names is not there: a
    /// virtual environment that was moved, for example.
    NoInterpreter,
    /// The program is a file that may not be executed, or that the system cannot execute.
    NotExecutable,
    /// The folder is not there, or is none.
    FolderGone,
    /// The system refused for another reason.
    Refused,
    /// Our own supervisor could not be started.
    Unsupervised,
}

impl StartErrorKind {
    fn of_folder(error: &io::Error) -> Self {
        match Errno::from_io_error(error) {
            Some(Errno::NOENT | Errno::NOTDIR) => StartErrorKind::FolderGone,
            _ => StartErrorKind::Refused,
        }
    }

    fn of_program(program: &str, error: &io::Error) -> Self {
        match Errno::from_io_error(error) {
            Some(Errno::NOENT) if program.contains('/') && Utf8Path::new(program).exists() => {
                StartErrorKind::NoInterpreter
            }
            Some(Errno::NOENT | Errno::NOTDIR) => StartErrorKind::NotFound,
            Some(Errno::ACCESS | Errno::NOEXEC) => StartErrorKind::NotExecutable,
            _ => StartErrorKind::Refused,
        }
    }
}

impl fmt::Display for StartErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StartErrorKind::NotFound => "there is no such program",
            StartErrorKind::NoInterpreter => "the interpreter its first line names is not there",
            StartErrorKind::NotExecutable => "it cannot be executed",
            StartErrorKind::FolderGone => "there is no such folder",
            StartErrorKind::Refused => "the system refused",
            StartErrorKind::Unsupervised => "its supervisor could not be started",
        })
    }
}
