//! Small tool calls: run to the end, take what was printed.

use std::time::Duration;

use greenward_core::Invocation;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::sync::CancellationToken;

use crate::lines::CHUNK;
use crate::{Executor, Exit, StartError, Stdin};

/// How long the tree of a call that is given up has before it is killed.
const GRACE: Duration = Duration::from_secs(1);

/// How long the pipes of an ended tree may stay open. Only a process outside of the tree that was
/// handed one can hold it so long.
const PIPE_PATIENCE: Duration = Duration::from_secs(1);

/// How much a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until the call is given up.
    pub time: Duration,
    /// Bytes that are kept, of stdout and of stderr each; what is beyond is read and dropped.
    pub bytes: usize,
}

impl Default for Limits {
    /// Ten seconds and one MiB.
    fn default() -> Self {
        Self {
            time: Duration::from_secs(10),
            bytes: 1024 * 1024,
        }
    }
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// How the process ended.
    pub exit: Exit,
    /// What it printed. What was no UTF-8 is replaced by U+FFFD.
    pub stdout: String,
    /// What it printed to its standard error, likewise.
    pub stderr: String,
    /// Whether it printed more than was allowed, or not all could be read.
    pub truncated: bool,
}

/// Why a call has no output.
#[derive(Debug, Error)]
pub enum OutputError {
    /// It could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It took too long, and was ended.
    #[error("{program} was ended: it took more than {limit:?}")]
    TimedOut {
        /// The program.
        program: String,
        /// How long it was given.
        limit: Duration,
    },
    /// It was cancelled, and ended.
    #[error("{program} was cancelled")]
    Cancelled {
        /// The program.
        program: String,
    },
}

impl Executor {
    /// Runs a process to its end, without input, and gives what it printed. An exit code other
    /// than 0 is no error. Nothing of the process is left when this returns; dropping the future
    /// ends it in the background.
    ///
    /// # Errors
    /// If it cannot be started, takes too long or is cancelled.
    pub async fn output(
        &self,
        invocation: &Invocation,
        limits: Limits,
        cancel: &CancellationToken,
    ) -> Result<Output, OutputError> {
        let program = || invocation.program.clone();
        if cancel.is_cancelled() {
            return Err(OutputError::Cancelled { program: program() });
        }
        let mut process = self.start(invocation, Stdin::Null).await?;
        tracing::debug!(pid = process.pid(), "it is asked for what it prints");
        let mut stdout = Collected::new(process.stdout.take(), limits.bytes);
        let mut stderr = Collected::new(process.stderr.take(), limits.bytes);

        let run = async {
            let reading = async { tokio::join!(stdout.fill(), stderr.fill()) };
            tokio::pin!(reading);
            let exit = tokio::select! {
                _ = &mut reading => return process.wait().await,
                exit = process.wait() => exit,
            };
            // What is not read by then shows as truncated.
            let _ = tokio::time::timeout(PIPE_PATIENCE, reading).await;
            exit
        };
        let given_up = tokio::select! {
            exit = run => {
                return Ok(Output {
                    exit,
                    truncated: stdout.truncated || stderr.truncated,
                    stdout: stdout.text(),
                    stderr: stderr.text(),
                });
            }
            () = cancel.cancelled() => OutputError::Cancelled { program: program() },
            () = tokio::time::sleep(limits.time) => OutputError::TimedOut {
                program: program(),
                limit: limits.time,
            },
        };
        process.stop(GRACE).await;
        Err(given_up)
    }
}

/// The first bytes of a stream.
struct Collected<R> {
    reader: Option<R>,
    bytes: Vec<u8>,
    limit: usize,
    /// Until the end was seen: yes.
    truncated: bool,
}

impl<R: AsyncRead + Unpin> Collected<R> {
    fn new(reader: Option<R>, limit: usize) -> Self {
        Self {
            reader,
            bytes: Vec::new(),
            limit,
            truncated: true,
        }
    }

    /// Reads to the end, whatever is kept of it.
    async fn fill(&mut self) {
        let Some(reader) = &mut self.reader else {
            return;
        };
        let mut chunk = vec![0; CHUNK];
        let mut dropped = false;
        while let Ok(count) = reader.read(&mut chunk).await {
            if count == 0 {
                self.truncated = dropped;
                return;
            }
            let room = count.min(self.limit - self.bytes.len());
            self.bytes.extend_from_slice(&chunk[..room]);
            dropped |= room < count;
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}
