//! A worker that is an agent program, run in the lane.
//!
//! It gets the prompt on its standard input and in the file that `GREENWARD_PROMPT` names, and
//! `GREENWARD_PHASE`, `GREENWARD_TASK` and `GREENWARD_TARGETS` (ids, one a line) in its
//! environment. Exit code 0 says "look at the lane"; a last line such as
//! `greenward: test_wrong: REASON` is a lawful way out. What else it prints is for people.
//!
//! It is confined, as far as the system can: it writes in the lane and where its settings say, and
//! has a network only if they say so.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::clean;
use greenward_exec::{Capped, Exit, LineLimits, Process, Stdin, lines};
use tokio::io::{AsyncRead, AsyncWriteExt};
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio_util::sync::CancellationToken;

use crate::program::{GRACE, Program};
use crate::{Progress, ReplyKind, Turn, TurnReply, Usage, WayOut, WorkerError};

/// How much of what it prints is kept, in bytes: at the beginning, and at the end.
const KEPT: (usize, usize) = (16 * 1024, 48 * 1024);

/// How many lines are taken in at once, if so many are there.
const BATCH: usize = 256;

/// How much of the end a failure shows, in bytes.
const SHOWN: usize = 4000;

/// An agent program.
#[derive(Debug, Clone)]
pub struct Command {
    program: Program,
}

impl Command {
    pub(crate) fn new(program: Program) -> Self {
        Self { program }
    }

    pub(crate) async fn turn(
        &self,
        turn: &Turn,
        cancel: &CancellationToken,
        progress: &UnboundedSender<Progress>,
    ) -> Result<TurnReply, WorkerError> {
        let text = turn.prompt.text();
        let file = PromptFile::write(&turn.scratch, &text)?;
        let program = &self.program;
        let invocation = program.invocation(turn);
        let invocation = invocation.env("GREENWARD_PROMPT", file.path.as_str());
        let executor = program.confined(turn);
        let mut process = executor.start(&invocation, Stdin::Piped).await?;
        let mut printed = Printed::new(progress);
        let run = converse(&mut process, &text, &mut printed);
        tokio::select! {
            exit = run => return self.reply(exit, &printed),
            () = tokio::time::sleep(program.timeout) => {
                process.stop(GRACE).await;
                return Err(WorkerError::Overran {
                    program: program.path.clone(),
                    limit: program.timeout,
                    output: printed.end(),
                });
            }
            () = cancel.cancelled() => {}
        };
        process.stop(GRACE).await;
        Err(WorkerError::Cancelled)
    }

    fn reply(&self, exit: Exit, printed: &Printed<'_>) -> Result<TurnReply, WorkerError> {
        if !exit.is_success() {
            return Err(WorkerError::Program {
                program: self.program.path.clone(),
                exit,
                output: printed.end(),
                network: self.program.network,
            });
        }
        Ok(TurnReply {
            text: printed.out.to_string(),
            kind: ReplyKind::AgentDone,
            usage: Usage::default(),
            way_out: WayOut::in_last_line(&printed.last),
            cut_short: false,
        })
    }
}

/// Gives the program its input and takes its output until it has ended.
async fn converse(process: &mut Process, input: &str, printed: &mut Printed<'_>) -> Exit {
    let stdin = process.stdin.take();
    let writing = async {
        if let Some(mut stdin) = stdin {
            // A program need not read what it also has as a file.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
    };
    let (stdout, stderr) = (process.stdout.take(), process.stderr.take());
    let (sender, mut lines) = mpsc::channel(BATCH);
    let talking = async {
        tokio::join!(
            writing,
            forward(stdout, Stream::Out, sender.clone()),
            forward(stderr, Stream::Err, sender),
            async {
                let mut batch = Vec::new();
                while lines.recv_many(&mut batch, BATCH).await > 0 {
                    printed.take(&mut batch);
                }
            }
        );
    };
    tokio::pin!(talking);
    let exit = tokio::select! {
        () = &mut talking => return process.wait().await,
        exit = process.wait() => exit,
    };
    // A process outside of the tree may hold a pipe open; it is not waited for.
    let _ = tokio::time::timeout(Duration::from_secs(1), talking).await;
    exit
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stream {
    Out,
    Err,
}

async fn forward(
    reader: Option<impl AsyncRead + Unpin>,
    stream: Stream,
    sender: mpsc::Sender<(Stream, String)>,
) {
    let Some(reader) = reader else { return };
    let mut lines = lines(reader, LineLimits { bytes: 64 * 1024 });
    while let Ok(Some(line)) = lines.next().await {
        if sender.send((stream, line.text)).await.is_err() {
            return;
        }
    }
}

/// What a program has printed.
struct Printed<'a> {
    out: Capped,
    err: Capped,
    /// The last line of stdout that is not empty.
    last: String,
    progress: &'a UnboundedSender<Progress>,
}

impl<'a> Printed<'a> {
    fn new(progress: &'a UnboundedSender<Progress>) -> Self {
        Self {
            out: Capped::new(KEPT.0, KEPT.1),
            err: Capped::new(0, SHOWN),
            last: String::new(),
            progress,
        }
    }

    /// Takes lines that came at once. Of these, only the newest is told, so that a flood does not
    /// fill the memory of whoever listens slowly.
    fn take(&mut self, lines: &mut Vec<(Stream, String)>) {
        let mut newest = None;
        for (stream, line) in lines.drain(..) {
            let line = clean(&line);
            let blank = line.trim().is_empty();
            let kept = match stream {
                Stream::Out => &mut self.out,
                Stream::Err => &mut self.err,
            };
            kept.push(&line);
            kept.push("\n");
            if stream == Stream::Out && !blank {
                self.last.clone_from(&line);
            }
            newest = Some(line);
        }
        if let Some(line) = newest {
            // Nobody needs to listen.
            let _ = self.progress.send(Progress::Line(line));
        }
    }

    /// The end of what it printed to stderr; of stdout, if that is empty.
    fn end(&self) -> String {
        let (out, err) = (self.out.to_string(), self.err.to_string());
        let text = if err.trim().is_empty() { out } else { err };
        let text = text.trim();
        text[text.ceil_char_boundary(text.len().saturating_sub(SHOWN))..].to_owned()
    }
}

/// The prompt as a file, which is removed with this value.
struct PromptFile {
    path: Utf8PathBuf,
    _folder: tempfile::TempDir,
}

impl PromptFile {
    fn write(scratch: &Utf8Path, text: &str) -> Result<Self, WorkerError> {
        let failed = |source| WorkerError::Prompt {
            path: scratch.to_owned(),
            source,
        };
        let folder = tempfile::Builder::new()
            .prefix("prompt-")
            .tempdir_in(scratch)
            .map_err(failed)?;
        let path = Utf8PathBuf::try_from(folder.path().join("prompt.md"))
            .map_err(|error| failed(error.into_io_error()))?;
        std::fs::write(&path, text).map_err(failed)?;
        Ok(Self {
            path,
            _folder: folder,
        })
    }
}
