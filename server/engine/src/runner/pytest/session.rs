//! One pytest process, from a fork or of its own, from its start to its end.

use std::io::Write;
use std::pin::pin;
use std::time::Duration;

use camino::Utf8Path;
use greenward_core::{RunEvent, Selection, clean};
use greenward_exec::{
    Capped, Channel, ChannelError, DEFAULT_GRACE, Exit, Line, LineLimits, Lines, Process,
    StartError, Stdin, lines,
};
use greenward_frameworks::pytest::{Decoder, Ending, Finished, Plan, Project, Purpose};
use thiserror::Error;
use tokio::io::AsyncRead;
use tokio::time::sleep;

use super::server::{Run, Server, ServerError};
use crate::runner::{Job, Tools};

/// Bytes of what a run prints outside of tests that are passed on.
const OUTPUT_LIMIT: usize = 256 * 1024;
/// Bytes of the standard error that are kept for a message, at its beginning and at its end.
const SAID: usize = 4 * 1024;
/// How long what a process has left in its pipes may take.
const LEFT_IN_PIPES: Duration = Duration::from_secs(2);
/// What stands for no limit.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// What a session is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Task<'t> {
    pub(super) job: &'t Job,
    pub(super) project: &'t Project,
    pub(super) selection: &'t Selection,
    pub(super) purpose: Purpose,
    pub(super) plan: &'t Plan,
}

/// How a session came to its end.
#[derive(Debug)]
pub(super) enum Ended {
    /// By itself, or because a test took too long.
    Finished(Finished),
    /// Because the run was cancelled.
    Cancelled,
}

/// Why a session could not be started or followed.
#[derive(Debug, Error)]
pub(super) enum SessionError {
    #[error(transparent)]
    Channel(#[from] ChannelError),
    #[error("cannot write the list of tests to {folder}")]
    List {
        folder: camino::Utf8PathBuf,
        source: std::io::Error,
    },
    #[error(transparent)]
    Start(#[from] StartError),
    /// The run never began: the server could not fork, or would not.
    #[error("a run could not be forked")]
    NotForked(#[source] ServerError),
    #[error(transparent)]
    Server(#[from] ServerError),
}

/// Runs pytest in a process of its own.
pub(super) async fn cold(
    tools: &Tools,
    task: Task<'_>,
    python: &Utf8Path,
    files: &Utf8Path,
) -> Result<Ended, SessionError> {
    let report = Channel::new(&tools.cache)?;
    let select = list_file(tools, task.plan)?;
    let python_path = tools.env.get("PYTHONPATH").map(String::as_str);
    let select = select.as_ref().map(|file| file.path());
    let select = select.and_then(Utf8Path::from_path);
    let invocation = task.plan.invocation(
        python.as_str(),
        task.project,
        files,
        python_path,
        report.path(),
        select,
    );
    let mut process = tools.executor.start(&invocation, Stdin::Null).await?;
    let streams = Streams {
        report,
        stdout: Stream::pipe(process.stdout.take()),
        stderr: Stream::pipe(process.stderr.take()),
    };
    follow(task, streams, Running::Cold(&mut process))
        .await
        .map(|(ended, _)| ended)
}

/// Runs pytest in a fork. Gives what the run had loaded too.
pub(super) async fn warm(
    tools: &Tools,
    task: Task<'_>,
    server: &mut Server,
) -> Result<(Ended, Option<Vec<String>>), SessionError> {
    let report = Channel::new(&tools.cache)?;
    let (stdout, stderr) = (Channel::new(&tools.cache)?, Channel::new(&tools.cache)?);
    let select = list_file(tools, task.plan)?;
    let select = select.as_ref().map(|file| file.path());
    server
        .run(&Run {
            args: &task.plan.args,
            stdout: stdout.path(),
            stderr: stderr.path(),
            report: report.path(),
            select: select.and_then(Utf8Path::from_path),
        })
        .await
        .map_err(SessionError::NotForked)?;
    let streams = Streams {
        report,
        stdout: Stream::Fifo(stdout),
        stderr: Stream::Fifo(stderr),
    };
    follow(task, streams, Running::Warm(server)).await
}

/// The file that tells the plugin what is selected. Removed when it is dropped.
fn list_file(tools: &Tools, plan: &Plan) -> Result<Option<tempfile::NamedTempFile>, SessionError> {
    let Some(text) = &plan.select else {
        return Ok(None);
    };
    let write = || {
        let mut file = tempfile::Builder::new()
            .prefix("select-")
            .tempfile_in(&tools.cache)?;
        file.write_all(text.as_bytes())?;
        Ok(file)
    };
    let failed = |source| SessionError::List {
        folder: tools.cache.clone(),
        source,
    };
    write().map(Some).map_err(failed)
}

/// The process that runs.
enum Running<'r> {
    Cold(&'r mut Process),
    Warm(&'r mut Server),
}

impl Running<'_> {
    /// Waits for its end. Cancel safe.
    async fn ended(&mut self) -> Result<(Exit, Option<Vec<String>>), ServerError> {
        match self {
            Running::Cold(process) => {
                let exit = process.wait().await;
                if process.is_lost() {
                    return Err(ServerError::Lost);
                }
                Ok((exit, None))
            }
            Running::Warm(server) => server.ended().await,
        }
    }

    async fn stop(&mut self) -> Result<(), ServerError> {
        match self {
            Running::Cold(process) => {
                process.stop(DEFAULT_GRACE).await;
            }
            Running::Warm(server) => {
                server.cancel(DEFAULT_GRACE).await?;
            }
        }
        Ok(())
    }
}

/// Where the lines come from.
struct Streams {
    report: Channel,
    stdout: Stream,
    stderr: Stream,
}

/// What a process prints to one descriptor.
enum Stream {
    Pipe(Lines<Box<dyn AsyncRead + Unpin + Send>>),
    Fifo(Channel),
    Ended,
}

impl Stream {
    fn pipe(reader: Option<impl AsyncRead + Unpin + Send + 'static>) -> Self {
        match reader {
            Some(reader) => Stream::Pipe(lines(Box::new(reader), LineLimits::default())),
            None => Stream::Ended,
        }
    }

    /// The next line. After the last one it waits for ever. Cancel safe.
    async fn next(&mut self) -> Line {
        let line = match self {
            Stream::Pipe(lines) => lines.next().await.ok().flatten(),
            Stream::Fifo(channel) => channel.next().await.ok(),
            Stream::Ended => None,
        };
        match line {
            Some(line) => line,
            None => {
                *self = Stream::Ended;
                std::future::pending().await
            }
        }
    }

    /// What is left when the process has ended.
    async fn rest(&mut self) -> Vec<Line> {
        match self {
            Stream::Pipe(lines) => {
                let mut rest = Vec::new();
                // No more than a pipe holds: it was read all the time.
                let reading = async {
                    while let Ok(Some(line)) = lines.next().await {
                        rest.push(line);
                    }
                };
                // Whatever else holds the pipe is not of this run.
                let _ = tokio::time::timeout(LEFT_IN_PIPES, reading).await;
                rest
            }
            Stream::Fifo(channel) => channel.drain().unwrap_or_default(),
            Stream::Ended => Vec::new(),
        }
    }
}

/// Passes on what a process says until it has ended.
async fn follow(
    task: Task<'_>,
    mut streams: Streams,
    mut running: Running<'_>,
) -> Result<(Ended, Option<Vec<String>>), SessionError> {
    let limit = task.job.settings.run.timeout().unwrap_or(FOREVER);
    let mut teller = Teller::new(task);
    let mut silence = pin!(sleep(limit));
    let (ending, learned) = loop {
        tokio::select! {
            biased;
            () = task.job.cancel.cancelled() => {
                running.stop().await?;
                return Ok((Ended::Cancelled, None));
            }
            line = streams.report.next() => if let Ok(line) = line {
                teller.report(&line);
                silence.set(sleep(limit));
            },
            line = streams.stdout.next() => teller.output(&line),
            line = streams.stderr.next() => teller.error(&line),
            ended = running.ended() => {
                let (exit, learned) = ended?;
                break (ending(exit), learned);
            }
            () = &mut silence => {
                running.stop().await?;
                break (Ending::TimedOut(limit), None);
            }
        }
    };
    for line in streams.report.drain().unwrap_or_default() {
        teller.report(&line);
    }
    for line in streams.stdout.rest().await {
        teller.output(&line);
    }
    for line in streams.stderr.rest().await {
        teller.error(&line);
    }
    Ok((Ended::Finished(teller.finish(&ending)), learned))
}

fn ending(exit: Exit) -> Ending {
    match exit {
        Exit::Code(code) => Ending::Exited(code),
        Exit::Signal(_) => Ending::Killed(exit.to_string()),
    }
}

/// Turns lines into events and sends them.
struct Teller<'t> {
    task: Task<'t>,
    decoder: Decoder,
    said: Capped,
    printed: usize,
}

impl<'t> Teller<'t> {
    fn new(task: Task<'t>) -> Self {
        Self {
            decoder: Decoder::new(task.project, task.selection, task.purpose),
            said: Capped::new(SAID, SAID),
            printed: 0,
            task,
        }
    }

    fn report(&mut self, line: &Line) {
        for event in self.decoder.line(&line.text) {
            self.send(event);
        }
    }

    fn error(&mut self, line: &Line) {
        self.said.push(&line.text);
        self.said.push("\n");
        self.output(line);
    }

    fn output(&mut self, line: &Line) {
        if self.printed >= OUTPUT_LIMIT {
            return;
        }
        self.printed += line.text.len() + 1;
        let mut text = clean(&line.text);
        text.push('\n');
        if self.printed >= OUTPUT_LIMIT {
            text.push_str("[... the rest of the output is left out ...]\n");
        }
        self.send(RunEvent::Output(text));
    }

    fn send(&self, event: RunEvent) {
        // Nobody listens any more when the daemon ends.
        let _ = self.task.job.events.send(event);
    }

    fn finish(self, ending: &Ending) -> Finished {
        let mut finished = self.decoder.finish(ending, &self.said.to_string());
        for event in std::mem::take(&mut finished.events) {
            let _ = self.task.job.events.send(event);
        }
        finished
    }
}
