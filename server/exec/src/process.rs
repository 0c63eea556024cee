//! A running process and the tree below it.

use std::collections::HashSet;
use std::io;
use std::os::unix::net;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf, pipe};
use tokio::process::{Child, ChildStderr, ChildStdout};

use crate::control::{Report, Stop};
use crate::{Exit, LineLimits, Lines, lines, table};

/// How long processes that are asked to end are usually given before they are killed.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(10);

/// How often a tree without its supervisor is looked for, at the most: what was just being made at
/// one look is found at the next.
const LOOKS: usize = 10;

/// A process that was started, with all that it starts itself.
///
/// Somebody must read `stdout` and `stderr` to their ends, or drop them: a process that writes into
/// a full pipe waits. Both end when the tree does.
///
/// Dropping it ends the whole tree in the background: TERM, and KILL a second later.
#[derive(Debug)]
pub struct Process {
    /// Writes to the process, if it was started with [`Stdin::Piped`](crate::Stdin::Piped).
    /// Dropping it is the end of input.
    pub stdin: Option<pipe::Sender>,
    /// What the process and those below it write to their standard output. To be taken.
    pub stdout: Option<ChildStdout>,
    /// What they write to their standard error. To be taken.
    pub stderr: Option<ChildStderr>,
    child: Pid,
    supervisor: Supervisor,
    exit: Option<Exit>,
    lost: bool,
    /// Its temporary folder, if it has one of its own: removed on drop.
    _temporary: Option<TempDir>,
}

impl Process {
    pub(crate) fn new(child: Pid, mut supervisor: Supervisor, temporary: Option<TempDir>) -> Self {
        Self {
            stdin: supervisor.stdin.take(),
            stdout: supervisor.process.stdout.take(),
            stderr: supervisor.process.stderr.take(),
            child,
            supervisor,
            exit: None,
            lost: false,
            _temporary: temporary,
        }
    }

    /// The number that the system knows the process by.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.child.as_raw_pid()
    }

    /// Waits until the process has ended and nothing is left of its tree; says how the process
    /// itself ended. What it leaves running is ended: TERM, and KILL half a second later.
    ///
    /// Cancel safe, and gives the same answer as often as it is called.
    pub async fn wait(&mut self) -> Exit {
        let exit = match self.exit {
            Some(exit) => exit,
            None => match self.supervisor.report().await {
                Some(Report::Ended(exit)) => exit,
                _ => self.kill_unsupervised(),
            },
        };
        if self.exit.is_none() {
            tracing::debug!(pid = self.pid(), %exit, "a process has ended");
        }
        // Kept before the next await, so that a dropped future takes nothing with it.
        self.exit = Some(exit);
        self.supervisor.reap().await;
        exit
    }

    /// Ends the whole tree: TERM to every process, KILL to those left after `grace`. Waits until
    /// nothing is left, and says how the process itself ended.
    ///
    /// A process that has ended already is no error; a shorter grace than before holds. Dropping
    /// the future does not take back what was asked.
    pub async fn stop(&mut self, grace: Duration) -> Exit {
        if self.exit.is_none() {
            self.supervisor.ask(Stop { grace }).await;
        }
        self.wait().await
    }

    /// Waits until somebody kills the supervisor, and kills what can be found of the tree. As long
    /// as all is in order it waits for ever.
    ///
    /// Cancel safe. Whoever follows a process for long waits for this too: nobody watches over a
    /// process that is lost, and how it ends nobody can tell.
    pub async fn lost(&mut self) {
        self.wait().await;
        if !self.lost {
            std::future::pending::<()>().await;
        }
    }

    /// Whether the supervisor was killed. What [`wait`](Self::wait) has said is then of our making.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// The supervisor is gone without a word, so somebody has killed it.
    ///
    /// It was the first process of a session, in which the tree still is. What had left both the
    /// session and its own parent cannot be told from the rest of the system any more. So all are
    /// stopped before any is killed: what is stopped neither forks nor loses a parent.
    fn kill_unsupervised(&mut self) -> Exit {
        tracing::warn!(
            pid = self.pid(),
            "a supervisor was killed: killing its processes"
        );
        self.lost = true;
        // Until it is reaped, nobody else gets its number.
        let session = self.supervisor.pid();
        let mut stopped = HashSet::new();
        for _ in 0..LOOKS {
            let tree = session.and_then(|id| table::tree(|process| process.session == Some(id)));
            let mut tree = tree.unwrap_or_default();
            tree.retain(|pid| stopped.insert(*pid));
            if tree.is_empty() {
                break;
            }
            for pid in tree {
                // Signals fail for what has just ended, which is as well.
                let _ = kill_process(pid, Signal::STOP);
            }
        }
        for pid in stopped {
            let _ = kill_process(pid, Signal::KILL);
        }
        // Last: what has left the session is found through a parent that still lives.
        let _ = kill_process_group(self.child, Signal::KILL);
        Exit::Signal(Signal::KILL.as_raw())
    }
}

/// The daemon's side of a supervisor.
///
/// Dropping it closes the socket, which the supervisor takes as the daemon's end; tokio then reaps
/// it in the background.
#[derive(Debug)]
pub(crate) struct Supervisor {
    process: Child,
    reports: Lines<OwnedReadHalf>,
    requests: OwnedWriteHalf,
    stdin: Option<pipe::Sender>,
}

impl Supervisor {
    pub(crate) fn new(
        process: Child,
        socket: net::UnixStream,
        stdin: Option<pipe::Sender>,
    ) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let (reports, requests) = UnixStream::from_std(socket)?.into_split();
        Ok(Self {
            process,
            reports: lines(reports, LineLimits { bytes: 64 }),
            requests,
            stdin,
        })
    }

    /// What it reports next; nothing if it is gone.
    pub(crate) async fn report(&mut self) -> Option<Report> {
        let line = self.reports.next().await.ok()??;
        Report::parse(&line.text)
    }

    /// Its number, until it is reaped.
    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.process.id()?).ok()?)
    }

    async fn ask(&mut self, stop: Stop) {
        // It fails if the supervisor is gone, which `report` notices.
        let _ = self
            .requests
            .write_all(format!("{stop}\n").as_bytes())
            .await;
    }

    /// Takes the ended supervisor out of the system's process table.
    pub(crate) async fn reap(&mut self) {
        if let Err(error) = self.process.wait().await {
            tracing::warn!(%error, "a supervisor could not be waited for");
        }
    }
}
