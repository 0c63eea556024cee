//! One process that runs tests, from its start to its end.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use greenward_core::{Invocation, RunEvent};
use greenward_exec::{Capped, Executor, Exit, Line, LineLimits, Process, StartError, Stdin, lines};
use greenward_frameworks::cargo::libtest::{self, Decoder, End, Finish};
use thiserror::Error;
use tokio::time::{Sleep, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::report::Reporter;
use super::sources::ProjectSources;

/// How long a process that is stopped has to end before it is killed.
const GRACE: Duration = Duration::from_secs(1);

/// How long a line may be: libtest reports all that a failed test has printed on one.
const LINE_LIMITS: LineLimits = LineLimits { bytes: 16 << 20 };

/// Why a process gave no result.
#[derive(Debug, Error)]
pub(super) enum ProcessError {
    #[error("it was stopped")]
    Cancelled,
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("its output could not be read: {0}")]
    Read(#[from] io::Error),
    #[error(
        "the tests were ended, because somebody has killed the process that watches over them \
         (`greenward supervise`). Run them again"
    )]
    Lost,
}

/// What became of a process.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) finish: Finish,
    pub(super) end: End,
    /// What it printed to its standard error.
    pub(super) stderr: String,
    /// The tests that ran for too long, for which it was stopped.
    pub(super) late: Vec<String>,
    /// Whether it was stopped for saying nothing for too long.
    pub(super) silent: bool,
    /// Whether it would not report as JSON.
    pub(super) refused: bool,
}

/// What to watch over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// How long one test may take.
    pub(super) test: Option<Duration>,
    /// Whether the process announces its tests. If not, the limit is on its silence.
    pub(super) announces: bool,
}

/// What happened next.
enum Said {
    Out(Vec<Line>),
    Err(String),
    Cancelled,
    Lost,
    Late,
}

/// A process to run.
pub(super) struct Task<'a> {
    pub(super) executor: &'a Executor,
    pub(super) invocation: &'a Invocation,
    pub(super) sources: &'a ProjectSources<'a>,
    pub(super) limits: Limits,
    pub(super) cancel: &'a CancellationToken,
}

/// Runs a process to its end and passes on what `keep` lets through. What its end says is left to
/// the caller.
pub(super) async fn run(
    task: &Task<'_>,
    mut decoder: Decoder,
    reporter: &mut Reporter,
    keep: impl Fn(&RunEvent) -> bool,
) -> Result<Ended, ProcessError> {
    let limits = task.limits;
    let mut process = task.executor.start(task.invocation, Stdin::Null).await?;
    let mut watch = Watch::new(limits);
    let mut stderr_text = Capped::new(16 * 1024, 16 * 1024);
    let mut refused = false;
    let mut stopped = None;
    let (Some(stdout), Some(stderr)) = (process.stdout.take(), process.stderr.take()) else {
        return Err(io::Error::from(io::ErrorKind::BrokenPipe).into());
    };
    let mut stdout = lines(stdout, LINE_LIMITS);
    let mut stderr = lines(stderr, LineLimits::default());
    let (mut out_open, mut err_open) = (true, true);
    while out_open || err_open {
        // What is asked comes before what is said, or else a flood would keep it from being heard.
        let said = tokio::select! {
            biased;
            () = task.cancel.cancelled() => Said::Cancelled,
            () = process.lost() => Said::Lost,
            () = watch.late() => Said::Late,
            () = reporter.due() => { reporter.flush(); continue }
            lines = stdout.next_batch(), if out_open => match lines? {
                Some(lines) => Said::Out(lines),
                None => { out_open = false; continue }
            },
            text = stderr.next_text(), if err_open => match text? {
                Some(text) => Said::Err(text),
                None => { err_open = false; continue }
            },
        };
        match said {
            Said::Out(lines) => {
                take(&lines, &mut decoder, task, reporter, &keep);
                watch.heard(&decoder);
            }
            Said::Err(text) => {
                refused |= text.lines().any(libtest::is_refusal);
                stderr_text.push(&text);
                if limits.announces && !refused {
                    reporter.print(&text);
                }
            }
            Said::Cancelled => {
                process.stop(GRACE).await;
                return Err(ProcessError::Cancelled);
            }
            Said::Lost => return Err(ProcessError::Lost),
            Said::Late => {
                // It may have said in time what nobody has read yet.
                if let Ok(Ok(Some(lines))) = timeout(Duration::ZERO, stdout.next_batch()).await {
                    take(&lines, &mut decoder, task, reporter, &keep);
                    watch.heard(&decoder);
                }
                if watch.is_late(&decoder) {
                    stopped = Some(watch.running_late(&decoder));
                    break;
                }
            }
        }
    }
    let end = end(&mut process, stopped.is_some()).await?;
    let finish = decoder.finish(&end, task.sources);
    let silent = stopped.is_some() && !limits.announces;
    Ok(Ended {
        finish,
        end,
        stderr: stderr_text.to_string(),
        late: stopped.unwrap_or_default(),
        silent,
        refused,
    })
}

/// Passes on what lines of the standard output mean.
fn take(
    lines: &[Line],
    decoder: &mut Decoder,
    task: &Task<'_>,
    reporter: &mut Reporter,
    keep: impl Fn(&RunEvent) -> bool,
) {
    for line in lines {
        for event in decoder.line(&line.text, task.sources) {
            if keep(&event) {
                reporter.send(event);
            }
        }
    }
}

/// What became of a process that is one test as a whole.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) end: End,
    /// What it printed, to either stream, as far as it is kept.
    pub(super) output: String,
    /// Whether it was stopped for taking too long.
    pub(super) late: bool,
}

/// Runs a process that is one test as a whole.
pub(super) async fn whole(
    executor: &Executor,
    invocation: &Invocation,
    limit: Option<Duration>,
    cancel: &CancellationToken,
) -> Result<Whole, ProcessError> {
    let mut process = executor.start(invocation, Stdin::Null).await?;
    let (Some(stdout), Some(stderr)) = (process.stdout.take(), process.stderr.take()) else {
        return Err(io::Error::from(io::ErrorKind::BrokenPipe).into());
    };
    let mut stdout = lines(stdout, LineLimits::default());
    let mut stderr = lines(stderr, LineLimits::default());
    let mut output = Capped::new(128 * 1024, 128 * 1024);
    let (mut out_open, mut err_open) = (true, true);
    let time = async {
        match limit {
            Some(limit) => sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(time);
    let mut late = false;
    while out_open || err_open {
        let text = tokio::select! {
            biased;
            () = cancel.cancelled() => {
                process.stop(GRACE).await;
                return Err(ProcessError::Cancelled);
            }
            () = process.lost() => return Err(ProcessError::Lost),
            () = &mut time => { late = true; break }
            text = stdout.next_text(), if out_open => { let text = text?; out_open = text.is_some(); text }
            text = stderr.next_text(), if err_open => { let text = text?; err_open = text.is_some(); text }
        };
        if let Some(text) = text {
            output.push(&text);
        }
    }
    let end = end(&mut process, late).await?;
    Ok(Whole {
        end,
        output: output.to_string(),
        late,
    })
}

async fn end(process: &mut Process, stop: bool) -> Result<End, ProcessError> {
    let exit = if stop {
        process.stop(GRACE).await
    } else {
        process.wait().await
    };
    match exit {
        _ if process.is_lost() => Err(ProcessError::Lost),
        Exit::Code(code) => Ok(End::Exited(code)),
        Exit::Signal(_) => Ok(End::Otherwise(format!("was {exit}"))),
    }
}

/// Watches for tests that take too long. All have the same time, so the one that started first is
/// late first.
struct Watch {
    limits: Limits,
    running: VecDeque<(String, Pin<Box<Sleep>>)>,
    silence: Option<Pin<Box<Sleep>>>,
}

impl Watch {
    fn new(limits: Limits) -> Self {
        let mut watch = Self {
            limits,
            running: VecDeque::new(),
            silence: None,
        };
        watch.reset_silence();
        watch
    }

    fn reset_silence(&mut self) {
        let limit = self.limits.test.filter(|_| !self.limits.announces);
        self.silence = limit.map(|limit| Box::pin(sleep(limit)));
    }

    /// Takes in what a line has changed.
    fn heard(&mut self, decoder: &Decoder) {
        self.reset_silence();
        let (Some(limit), true) = (self.limits.test, self.limits.announces) else {
            return;
        };
        let running: Vec<&str> = decoder.running().collect();
        self.running
            .retain(|(name, _)| running.contains(&name.as_str()));
        for name in running {
            if !self.running.iter().any(|(known, _)| known == name) {
                self.running
                    .push_back((name.to_owned(), Box::pin(sleep(limit))));
            }
        }
    }

    /// Ends when the first test is late, or the process silent for too long.
    async fn late(&mut self) {
        let first = self.running.front_mut().map(|(_, sleep)| sleep);
        match first.or(self.silence.as_mut()) {
            Some(sleep) => sleep.as_mut().await,
            None => std::future::pending().await,
        }
    }

    /// Whether the time of a running test, or of the silence, is over.
    fn is_late(&self, decoder: &Decoder) -> bool {
        self.silence
            .as_ref()
            .is_some_and(|sleep| sleep.is_elapsed())
            || !self.running_late(decoder).is_empty()
    }

    /// The running tests whose time is over.
    fn running_late(&self, decoder: &Decoder) -> Vec<String> {
        let running: Vec<&str> = decoder.running().collect();
        self.running
            .iter()
            .filter(|(name, sleep)| sleep.is_elapsed() && running.contains(&name.as_str()))
            .map(|(name, _)| name.clone())
            .collect()
    }
}
