//! One pytest process, from a fork or of its own, from its start to its end.

use std::io::Write;
use std::pin::pin;
use std::time::Duration;

use camino::Utf8Path;
use greenward_core::{Access, RunEvent, Selection};
use greenward_exec::{
    Capped, Channel, ChannelError, DEFAULT_GRACE, Exit, Line, LineLimits, Lines, Process,
    StartError, Stdin, lines,
};
use greenward_frameworks::pytest::{Decoder, Ending, Finished, Plan, Project, Purpose};
use thiserror::Error;
use tokio::io::AsyncRead;
use tokio::time::{sleep, timeout};

use super::server::{Run, Server, ServerError};
use crate::runner::printed::Printed;
use crate::runner::{Job, Tools};

/// Bytes of the standard error that are kept for a message, at its beginning and at its end.
const SAID: usize = 4 * 1024;
/// How long what a process has left in its pipes may take.
const LEFT_IN_PIPES: Duration = Duration::from_secs(2);
/// How long pytest may say nothing while no test runs, if that is more than a test has: imports,
/// collection and the fixtures of a session take their time, above all on a busy machine.
const BETWEEN_TESTS: Duration = Duration::from_secs(300);
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
    printed: &mut Printed,
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
    let invocation = invocation.access(report.folder(), Access::Kept);
    let mut process = tools.executor.start(&invocation, Stdin::Null).await?;
    let streams = Streams {
        report,
        stdout: Stream::pipe(process.stdout.take()),
        stderr: Stream::pipe(process.stderr.take()),
    };
    follow(task, streams, Running::Cold(&mut process), printed)
        .await
        .map(|(ended, _)| ended)
}

/// Runs pytest in a fork. Gives what the run had loaded too.
pub(super) async fn warm(
    tools: &Tools,
    task: Task<'_>,
    server: &mut Server,
    printed: &mut Printed,
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
    follow(task, streams, Running::Warm(server), printed).await
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

    /// The next lines. After the last one it waits for ever. Cancel safe.
    async fn next(&mut self) -> String {
        let text = match self {
            Stream::Pipe(lines) => lines.next_text().await.ok().flatten(),
            Stream::Fifo(channel) => channel.next_text().await.ok(),
            Stream::Ended => None,
        };
        match text {
            Some(text) => text,
            None => {
                *self = Stream::Ended;
                std::future::pending().await
            }
        }
    }

    /// Gives what is left when the process has ended.
    async fn rest(&mut self, mut take: impl FnMut(&str)) {
        match self {
            Stream::Pipe(lines) => {
                // No more than a pipe holds: it was read all the time.
                let reading = async {
                    while let Ok(Some(text)) = lines.next_text().await {
                        take(&text);
                    }
                };
                // Whatever else holds the pipe is not of this run.
                let _ = timeout(LEFT_IN_PIPES, reading).await;
            }
            Stream::Fifo(channel) => {
                for line in channel.drain().unwrap_or_default() {
                    take(&(line.text + "\n"));
                }
            }
            Stream::Ended => {}
        }
    }
}

/// Passes on what a process says until it has ended.
async fn follow(
    task: Task<'_>,
    mut streams: Streams,
    mut running: Running<'_>,
    printed: &mut Printed,
) -> Result<(Ended, Option<Vec<String>>), SessionError> {
    let mut teller = Teller::new(task, printed);
    let mut silence = pin!(sleep(teller.patience()));
    let (ending, learned) = loop {
        // What is asked comes before what is said, or else a flood would keep it from being heard.
        tokio::select! {
            biased;
            () = task.job.cancel.cancelled() => {
                running.stop().await?;
                return Ok((Ended::Cancelled, None));
            }
            () = &mut silence => {
                // It may have said in time what nobody has read yet.
                if let Ok(Ok(lines)) = timeout(Duration::ZERO, streams.report.next_batch()).await
                    && teller.report(&lines)
                {
                    silence.set(sleep(teller.patience()));
                    continue;
                }
                running.stop().await?;
                break (Ending::TimedOut(teller.patience()), None);
            }
            () = teller.printed.due() => teller.flush(),
            lines = streams.report.next_batch() => if let Ok(lines) = lines
                && teller.report(&lines)
            {
                silence.set(sleep(teller.patience()));
            },
            ended = running.ended() => {
                let (exit, learned) = ended?;
                break (ending(exit), learned);
            }
            text = streams.stdout.next() => teller.output(&text),
            text = streams.stderr.next() => teller.error(&text),
        }
    };
    teller.report(&streams.report.drain().unwrap_or_default());
    streams.stdout.rest(|text| teller.output(text)).await;
    streams.stderr.rest(|text| teller.error(text)).await;
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
    printed: &'t mut Printed,
}

impl<'t> Teller<'t> {
    fn new(task: Task<'t>, printed: &'t mut Printed) -> Self {
        Self {
            decoder: Decoder::new(task.project, task.selection, task.purpose),
            said: Capped::new(SAID, SAID),
            printed,
            task,
        }
    }

    /// How long the process may go on as it is.
    fn patience(&self) -> Duration {
        match self.task.job.settings.run.timeout() {
            None => FOREVER,
            Some(limit) if self.decoder.is_running() => limit,
            Some(limit) => limit.max(BETWEEN_TESTS),
        }
    }

    /// Takes what came through the channel. Says whether the run has got on by it.
    fn report(&mut self, lines: &[Line]) -> bool {
        let mut got_on = false;
        for line in lines {
            for event in self.decoder.line(&line.text) {
                match event {
                    // Anybody can write into the channel.
                    RunEvent::Output(text) => self.output(&text),
                    event => {
                        got_on = true;
                        self.flush();
                        self.send(event);
                    }
                }
            }
        }
        got_on
    }

    fn error(&mut self, text: &str) {
        self.said.push(text);
        self.output(text);
    }

    fn output(&mut self, text: &str) {
        self.printed.push(text);
        if let Some(event) = self.printed.full() {
            self.send(event);
        }
    }

    /// Passes on what was printed and waits for more.
    fn flush(&mut self) {
        if let Some(event) = self.printed.take() {
            self.send(event);
        }
    }

    fn send(&self, event: RunEvent) {
        // Nobody listens any more when the daemon ends.
        let _ = self.task.job.events.send(event);
    }

    fn finish(mut self, ending: &Ending) -> Finished {
        self.flush();
        let mut finished = self.decoder.finish(ending, &self.said.to_string());
        for event in std::mem::take(&mut finished.events) {
            let _ = self.task.job.events.send(event);
        }
        finished
    }
}
