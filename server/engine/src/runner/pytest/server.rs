//! The fork-server: a Python that has imported pytest and forks for each run.

use std::collections::BTreeSet;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::Invocation;
use greenward_exec::{Executor, Exit, LineLimits, Lines, Process, StartError, Stdin, lines};
use greenward_frameworks::pytest::FORKSERVER;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdout;

/// How long an answer may take that needs no more than imports.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much longer than a run's own grace its end may take.
const MARGIN: Duration = Duration::from_secs(5);

/// A fork-server that waits for a run, or has one going on.
#[derive(Debug)]
pub(super) struct Server {
    process: Process,
    answers: Lines<ChildStdout>,
    /// The packages that it has loaded because runs were seen to use them.
    loaded: BTreeSet<String>,
    /// How many modules it has been told to load.
    told: usize,
}

/// Why a server is of no use any more.
#[derive(Debug, Error)]
pub(super) enum ServerError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("the fork-server could not be talked to")]
    Pipe(#[from] std::io::Error),
    #[error("the fork-server has ended: {0}")]
    Ended(Exit),
    #[error(
        "the tests were ended, because somebody has killed the process that watches over them \
         (`greenward supervise`). Run them again"
    )]
    Lost,
    #[error("the fork-server did not answer in {0:?}")]
    Silent(Duration),
    #[error("the fork-server said something odd: {0}")]
    Odd(String),
    /// Something that it holds has changed on disk.
    #[error("the fork-server is out of date: {0}")]
    Stale(String),
}

/// What one run is to do.
#[derive(Debug, Serialize)]
pub(super) struct Run<'r> {
    pub(super) args: &'r [String],
    pub(super) stdout: &'r Utf8Path,
    pub(super) stderr: &'r Utf8Path,
    pub(super) report: &'r Utf8Path,
    pub(super) select: Option<&'r Utf8Path>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Request<'r> {
    Run(&'r Run<'r>),
    /// Seconds of grace.
    Cancel(f64),
    #[serde(untagged)]
    Preload {
        preload: &'r [String],
        deny: &'r BTreeSet<String>,
    },
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Ready(#[expect(dead_code, reason = "it is there for whoever reads the pipe")] String),
    Loaded(BTreeSet<String>),
    Unfit(BTreeSet<String>),
    Started(#[expect(dead_code, reason = "it is there for whoever reads the pipe")] i32),
    Stale(String),
    #[serde(untagged)]
    Ended {
        ended: i32,
        learned: Option<Vec<String>>,
    },
}

/// How loading went.
#[derive(Debug)]
pub(super) enum Loaded {
    /// The server has what it was to load.
    Fit,
    /// These packages cannot be held by a server, and this one has touched them.
    Unfit(BTreeSet<String>),
}

impl Server {
    /// Starts a server in a project's rootdir. `files` is the folder with our Python files.
    pub(super) async fn start(
        executor: &Executor,
        python: &Utf8Path,
        root: &Utf8Path,
        files: &Utf8Path,
    ) -> Result<Self, ServerError> {
        let script: Utf8PathBuf = files.join(FORKSERVER);
        let invocation = Invocation::new(python.as_str(), root).args([script.as_str()]);
        let mut process = executor.start(&invocation, Stdin::Piped).await?;
        if let Some(stderr) = process.stderr.take() {
            tokio::spawn(async move {
                let mut lines = lines(stderr, LineLimits::default());
                while let Ok(Some(line)) = lines.next().await {
                    tracing::debug!(line = line.text, "fork-server");
                }
            });
        }
        let closed = || std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        let stdout = process.stdout.take().ok_or_else(closed)?;
        // What a run has learned is one line, of the names of thousands of modules.
        let answers = lines(
            stdout,
            LineLimits {
                bytes: 16 * 1024 * 1024,
            },
        );
        let mut server = Self {
            process,
            answers,
            loaded: BTreeSet::new(),
            told: 0,
        };
        match server.answer(PATIENCE).await? {
            Answer::Ready(_) => Ok(server),
            other => Err(ServerError::Odd(format!("{other:?}"))),
        }
    }

    /// The packages that it has loaded because runs were seen to use them.
    pub(super) fn loaded(&self) -> &BTreeSet<String> {
        &self.loaded
    }

    /// How many modules it has been told to load.
    pub(super) fn told(&self) -> usize {
        self.told
    }

    /// Loads modules, none of the packages in `deny`.
    pub(super) async fn preload(
        &mut self,
        modules: &[String],
        deny: &BTreeSet<String>,
    ) -> Result<Loaded, ServerError> {
        self.told = modules.len();
        self.ask(&Request::Preload {
            preload: modules,
            deny,
        })
        .await?;
        match self.answer(PATIENCE).await? {
            Answer::Loaded(loaded) => {
                self.loaded = loaded;
                Ok(Loaded::Fit)
            }
            Answer::Unfit(packages) => Ok(Loaded::Unfit(packages)),
            other => Err(ServerError::Odd(format!("{other:?}"))),
        }
    }

    /// Starts a run.
    pub(super) async fn run(&mut self, run: &Run<'_>) -> Result<(), ServerError> {
        self.ask(&Request::Run(run)).await?;
        match self.answer(PATIENCE).await? {
            Answer::Started(_) => Ok(()),
            Answer::Stale(reason) => Err(ServerError::Stale(reason)),
            other => Err(ServerError::Odd(format!("{other:?}"))),
        }
    }

    /// Waits for the end of the run: how it ended, and the modules that it had loaded.
    ///
    /// Cancel safe: dropping the future loses nothing.
    pub(super) async fn ended(&mut self) -> Result<(Exit, Option<Vec<String>>), ServerError> {
        match self.next().await? {
            Answer::Ended { ended, learned } => Ok((exit_of(ended), learned)),
            other => Err(ServerError::Odd(format!("{other:?}"))),
        }
    }

    /// Ends the run and everything that it has started.
    pub(super) async fn cancel(&mut self, grace: Duration) -> Result<Exit, ServerError> {
        self.ask(&Request::Cancel(grace.as_secs_f64())).await?;
        let limit = grace + MARGIN;
        match tokio::time::timeout(limit, self.ended()).await {
            Ok(ended) => ended.map(|(exit, _)| exit),
            Err(_) => Err(ServerError::Silent(limit)),
        }
    }

    /// Waits until the server has ended of itself, or was killed. Cancel safe.
    pub(super) async fn gone(&mut self) -> ServerError {
        let exit = self.process.wait().await;
        if self.process.is_lost() {
            ServerError::Lost
        } else {
            ServerError::Ended(exit)
        }
    }

    /// Ends the server, and a run with it.
    pub(super) async fn close(mut self) {
        self.process.stop(Duration::from_millis(200)).await;
    }

    async fn ask(&mut self, request: &Request<'_>) -> Result<(), ServerError> {
        let mut line = serde_json::to_vec(request).map_err(std::io::Error::other)?;
        line.push(b'\n');
        match &mut self.process.stdin {
            Some(stdin) => Ok(stdin.write_all(&line).await?),
            None => Err(std::io::Error::from(std::io::ErrorKind::BrokenPipe).into()),
        }
    }

    async fn answer(&mut self, limit: Duration) -> Result<Answer, ServerError> {
        match tokio::time::timeout(limit, self.next()).await {
            Ok(answer) => answer,
            Err(_) => Err(ServerError::Silent(limit)),
        }
    }

    async fn next(&mut self) -> Result<Answer, ServerError> {
        let line = tokio::select! {
            biased;
            // A server that nobody watches over must not go on, whatever it still says.
            () = self.process.lost() => return Err(ServerError::Lost),
            line = self.answers.next() => line?,
        };
        match line {
            Some(line) => serde_json::from_str(&line.text).map_err(|_| ServerError::Odd(line.text)),
            None => Err(self.gone().await),
        }
    }
}

/// What a wait status means, as in `wait(2)`.
fn exit_of(status: i32) -> Exit {
    match status & 0x7f {
        0 => Exit::Code((status >> 8) & 0xff),
        signal => Exit::Signal(signal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_statuses() {
        for (status, exit) in [
            (0, Exit::Code(0)),
            (0x100, Exit::Code(1)),
            (0xff00, Exit::Code(255)),
            (11, Exit::Signal(11)),
            (0x80 | 6, Exit::Signal(6)),
        ] {
            assert_eq!(exit_of(status), exit);
        }
    }
}
