//! One entry to all workers: made from settings, asked for a turn.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::Access;
use greenward_exec::Executor;
use greenward_protocol::settings::{self, OpenAiApi, WorkerKind};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::acp::Agent;
use crate::api::Api;
use crate::command::Command;
use crate::model::Model;
use crate::program::Program;
use crate::recording::Replay;
use crate::{Prompt, SettingsError, Usage, WayOut, WorkerError};

/// Who writes in a cycle.
#[derive(Debug)]
pub enum Worker {
    /// A model behind an API.
    Model(Box<Model>),
    /// An agent program in the lane.
    Command(Command),
    /// An agent in the lane that speaks the Agent Client Protocol.
    Acp(Agent),
    /// A recording.
    Replay(Replay),
    /// The person at the editor. Takes no turns: whoever drives the cycle waits for saves.
    Human,
}

/// A phase in which a worker writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The tests are written.
    Red,
    /// The code that makes them pass.
    Green,
    /// The code is tidied.
    Refactor,
}

/// What is asked of a worker.
#[derive(Debug, Clone)]
pub struct Turn {
    /// The phase.
    pub phase: Phase,
    /// Which attempt in this phase, from 1.
    pub attempt: u32,
    /// The task, for the environment of a program.
    pub task: String,
    /// The ids of the tests that are to pass.
    pub targets: Vec<String>,
    /// What to do. A program should be given one that was made for
    /// [`Manner::Lane`](crate::Manner::Lane), a model one for
    /// [`Manner::Blocks`](crate::Manner::Blocks): see [`Worker::manner`].
    pub prompt: Prompt,
    /// The working copy, absolute. A program runs in it.
    pub lane: Utf8PathBuf,
    /// An absolute folder outside of the lane, for the prompt's file. It must exist.
    pub scratch: Utf8PathBuf,
    /// Where a program may write, besides what its settings name, and what becomes of that.
    pub access: Vec<(Utf8PathBuf, Access)>,
}

/// What a worker gives back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnReply {
    /// What it says. For a model, its edits are in there.
    pub text: String,
    /// Where its edits are.
    pub kind: ReplyKind,
    /// What the turn has used.
    pub usage: Usage,
    /// Why it does not do what it was asked to, if so.
    pub way_out: Option<WayOut>,
    /// Whether the model had to stop at its limit of tokens, so that the text lacks its end.
    pub cut_short: bool,
}

/// Where the edits of a reply are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplyKind {
    /// In the text: see [`parse`](crate::edits::parse).
    ModelText,
    /// In the lane: the program has written there.
    AgentDone,
    /// Here: whole files by their paths beneath the lane. One without text is to be removed.
    Files(BTreeMap<String, Option<String>>),
}

/// What a worker does at the moment, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A model has written this much more, as it came: whoever shows it cleans it first.
    Text(String),
    /// The newest line that a program has printed.
    Line(String),
    /// What people should still see afterwards.
    Note(String),
    /// A request failed and will be made again. What was written so far is void.
    Retry {
        /// Which try comes next, from 2.
        next_try: u32,
        /// After what time.
        wait: Duration,
        /// Why.
        reason: String,
    },
}

impl Worker {
    /// Makes the worker `name`.
    ///
    /// Its key comes from `env` or the system's keyring; proxies (`HTTPS_PROXY`, `HTTP_PROXY`,
    /// `ALL_PROXY`, `NO_PROXY`) come from `env`. Relative paths start at the workspace folder `folder`.
    ///
    /// # Errors
    /// If a setting that its kind needs is missing or cannot be used.
    pub fn from_settings(
        name: &str,
        settings: &settings::Worker,
        env: &BTreeMap<String, String>,
        executor: &Executor,
        folder: &Utf8Path,
    ) -> Result<Worker, SettingsError> {
        let model =
            |api| Model::new(name, api, settings, env).map(|model| Worker::Model(model.into()));
        let program = || Program::new(name, settings, env, executor, folder);
        match settings.kind {
            WorkerKind::OpenAi => model(match settings.api {
                OpenAiApi::Chat => Api::Chat,
                OpenAiApi::Responses => Api::Responses,
            }),
            WorkerKind::Anthropic => model(Api::Messages),
            WorkerKind::Command => program().map(Command::new).map(Worker::Command),
            WorkerKind::Acp => {
                let agent = program().map(|program| Agent::new(program, settings.permissions));
                agent.map(Worker::Acp)
            }
            WorkerKind::Replay => Replay::new(name, settings, folder).map(Worker::Replay),
            WorkerKind::Human => Ok(Worker::Human),
        }
    }

    /// How this worker is to hand in its edits, for the prompt.
    #[must_use]
    pub fn manner(&self) -> crate::Manner {
        match self {
            Worker::Command(_) | Worker::Acp(_) | Worker::Human => crate::Manner::Lane,
            Worker::Model(_) | Worker::Replay(_) => crate::Manner::Blocks,
        }
    }

    /// How many tokens of prompt it may be given; nothing if it has no limit of its own.
    #[must_use]
    pub fn context_tokens(&self) -> Option<u64> {
        match self {
            Worker::Model(model) => Some(model.context_tokens()),
            Worker::Command(_) | Worker::Acp(_) | Worker::Replay(_) | Worker::Human => None,
        }
    }

    /// Has the worker take a turn. What goes on meanwhile is sent to `progress`; nobody needs to
    /// listen.
    ///
    /// Dropping the future ends the turn, as cancelling does: a connection is closed, a program
    /// ended with its whole tree.
    ///
    /// # Errors
    /// If there is no reply. What can pass by itself has been tried again before.
    pub async fn turn(
        &mut self,
        turn: &Turn,
        cancel: &CancellationToken,
        progress: &UnboundedSender<Progress>,
    ) -> Result<TurnReply, WorkerError> {
        if cancel.is_cancelled() {
            return Err(WorkerError::Cancelled);
        }
        match self {
            Worker::Model(model) => model.turn(turn, cancel, progress).await,
            Worker::Command(command) => command.turn(turn, cancel, progress).await,
            Worker::Acp(agent) => agent.turn(turn, cancel, progress).await,
            Worker::Replay(replay) => replay.turn(turn),
            Worker::Human => Err(WorkerError::Human),
        }
    }
}

impl Phase {
    /// Its name, as in the protocol.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Red => "red",
            Phase::Green => "green",
            Phase::Refactor => "refactor",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
