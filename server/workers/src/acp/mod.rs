//! A worker that is an agent which speaks the [Agent Client Protocol] over stdio.
//!
//! It is started in the lane for each turn, in a session of its own, and ended with its whole tree
//! when the turn is over. It gets the prompt, and writes in the lane by itself: no files and no
//! terminals of ours are offered to it. What it asks permission for is answered as the settings
//! say; where it may write is held by its sandbox, whatever it was answered. `GREENWARD_PHASE`,
//! `GREENWARD_TASK` and `GREENWARD_TARGETS` are in its environment.
//!
//! [Agent Client Protocol]: https://agentclientprotocol.com

mod conversation;
mod message;

use std::io;
use std::time::Duration;

use greenward_core::clean;
use greenward_exec::{Capped, LineLimits, Process, Stdin, lines};
use greenward_protocol::settings::Permissions;
use tokio::io::{AsyncRead, AsyncWriteExt};
use tokio::net::unix::pipe::Sender;
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio_util::sync::CancellationToken;

pub use conversation::AgentError;
use conversation::{Conversation, Said, Step};

use crate::program::{GRACE, Program};
use crate::{Progress, ReplyKind, Turn, TurnReply, WayOut, WorkerError};

/// How long a message may be, in bytes: what is longer is no message.
const LINE: LineLimits = LineLimits {
    bytes: 16 * 1024 * 1024,
};

/// How much of what it prints besides is kept, in bytes.
const PRINTED: usize = 4000;

/// How many messages may wait until the agent reads them.
const OUTGOING: usize = 64;

/// How long is waited for what an agent said before it ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// An agent.
#[derive(Debug, Clone)]
pub struct Agent {
    program: Program,
    permissions: Permissions,
}

impl Agent {
    pub(crate) fn new(program: Program, permissions: Permissions) -> Self {
        Self {
            program,
            permissions,
        }
    }

    pub(crate) async fn turn(
        &self,
        turn: &Turn,
        cancel: &CancellationToken,
        progress: &UnboundedSender<Progress>,
    ) -> Result<TurnReply, WorkerError> {
        let prompt = turn.prompt.text();
        let executor = self.program.confined(turn);
        let invocation = self.program.invocation(turn);
        let mut process = executor.start(&invocation, Stdin::Piped).await?;
        let (mut conversation, first) = Conversation::begin(&prompt, &turn.lane, self.permissions);
        let mut stdin = process.stdin.take();
        let mut printed = Capped::new(0, PRINTED);
        let over = tokio::select! {
            over = converse(
                &mut process,
                &mut stdin,
                &mut conversation,
                first,
                cancel,
                &mut printed,
                progress,
            ) => Some(over),
            () = tokio::time::sleep(self.program.timeout) => {
                process.stop(GRACE).await;
                return Err(WorkerError::Overran {
                    program: self.program.path.clone(),
                    limit: self.program.timeout,
                    output: printed.to_string(),
                });
            }
            // It has been told, and has a moment to end in its own way.
            () = async { cancel.cancelled().await; tokio::time::sleep(LAST_WORDS).await } => None,
        };
        drop(stdin);
        process.stop(GRACE).await;
        let Some(over) = over.filter(|_| !cancel.is_cancelled()) else {
            return Err(WorkerError::Cancelled);
        };
        let said = over.map_err(|source| WorkerError::Agent {
            program: self.program.path.clone(),
            source: Box::new(source),
            output: printed.to_string(),
            network: self.program.network,
        })?;
        Ok(TurnReply {
            way_out: WayOut::in_last_line(&said.text),
            text: said.text,
            kind: ReplyKind::AgentDone,
            usage: said.usage,
            cut_short: said.cut_short,
        })
    }
}

/// Talks to the agent until its turn is over.
async fn converse(
    process: &mut Process,
    stdin: &mut Option<Sender>,
    conversation: &mut Conversation<'_>,
    first: String,
    cancel: &CancellationToken,
    printed: &mut Capped,
    progress: &UnboundedSender<Progress>,
) -> Result<Said, AgentError> {
    let (stdout, stderr) = (process.stdout.take(), process.stderr.take());
    let (outbox, mut outgoing) = mpsc::channel::<String>(OUTGOING);
    // An agent may be writing itself when it is written to, so that neither waits for the other.
    let writing = async {
        let Some(stdin) = stdin else { return };
        while let Some(message) = outgoing.recv().await {
            if send(stdin, &message).await.is_err() {
                return;
            }
        }
    };
    let listening = async {
        let Some(stderr) = stderr else { return };
        let mut lines = lines(stderr, LineLimits { bytes: PRINTED });
        while let Ok(Some(line)) = lines.next().await {
            printed.push(&clean(&line.text));
            printed.push("\n");
        }
    };
    let talking = talk(stdout, &outbox, conversation, first, cancel, progress);
    let beside = async {
        tokio::join!(writing, listening);
        std::future::pending::<()>().await;
    };
    tokio::pin!(talking, beside);
    let over = tokio::select! {
        over = &mut talking => over,
        () = &mut beside => None,
        _ = process.wait() => {
            // What it said at last may still be read; a pipe that another process holds is not
            // waited for.
            tokio::select! {
                over = &mut talking => over,
                () = &mut beside => None,
                () = tokio::time::sleep(LAST_WORDS) => None,
            }
        }
    };
    match over {
        Some(over) => over,
        None => {
            let ended = tokio::select! {
                ended = tokio::time::timeout(LAST_WORDS, process.wait()) => ended.ok(),
                () = &mut beside => None,
            };
            let how = match ended {
                Some(exit) => exit.to_string(),
                None => "it has closed its output".to_owned(),
            };
            Err(AgentError::Ended(how))
        }
    }
}

/// Talks until the turn is over. Nothing if the agent ends before.
async fn talk(
    stdout: Option<impl AsyncRead + Unpin>,
    outbox: &mpsc::Sender<String>,
    conversation: &mut Conversation<'_>,
    first: String,
    cancel: &CancellationToken,
    progress: &UnboundedSender<Progress>,
) -> Option<Result<Said, AgentError>> {
    outbox.send(first).await.ok()?;
    let mut lines = lines(stdout?, LINE);
    let mut is_cancelled = false;
    loop {
        let batch = tokio::select! {
            batch = lines.next_batch() => batch.ok()??,
            () = cancel.cancelled(), if !is_cancelled => {
                is_cancelled = true;
                outbox.send(conversation.cancel()?).await.ok()?;
                continue;
            }
        };
        let mut told: Option<Progress> = None;
        for line in batch {
            for step in conversation.take(&line.text) {
                match step {
                    Step::Send(message) => outbox.send(message).await.ok()?,
                    // Nobody needs to listen.
                    Step::Tell(note @ Progress::Note(_)) => drop(progress.send(note)),
                    Step::Tell(more) => told = Some(newest(told, more)),
                    Step::Over(over) => return Some(over),
                }
            }
        }
        if let Some(told) = told {
            let _ = progress.send(told);
        }
    }
}

/// Of what came at once only the newest is told, so that a flood does not fill the memory of
/// whoever listens slowly.
fn newest(before: Option<Progress>, more: Progress) -> Progress {
    match (before, more) {
        (Some(Progress::Text(before)), Progress::Text(more)) => Progress::Text(before + &more),
        (_, more) => more,
    }
}

async fn send(stdin: &mut Sender, message: &str) -> io::Result<()> {
    stdin.write_all(message.as_bytes()).await?;
    stdin.flush().await
}
