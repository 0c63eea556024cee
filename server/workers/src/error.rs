//! What can go wrong with a worker, each with what its user can do.

use std::time::Duration;

use camino::Utf8PathBuf;
use greenward_exec::{Exit, StartError};
use greenward_protocol::settings::WorkerKind;
use thiserror::Error;

use crate::Phase;
use crate::acp::AgentError;
use crate::keyring::KeyringError;

/// What the user of a program that failed without a network may want to know.
const NO_NETWORK: &str = "; it had no network: `network = true` among its settings gives it one";

/// Why the settings of a worker do not make a worker.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// A setting that its kind needs is not there.
    #[error("worker `{worker}` of kind {} needs `{setting}`: set `workers.{worker}.{setting}`", kind_name(*kind))]
    Missing {
        /// The worker.
        worker: String,
        /// Its kind.
        kind: WorkerKind,
        /// What is missing.
        setting: &'static str,
    },
    /// Its base URL is none.
    #[error("`workers.{worker}.base_url` must be a URL with http or https, not `{url}`")]
    BadUrl {
        /// The worker.
        worker: String,
        /// What was given.
        url: String,
    },
    /// The environment does not hold its key, or holds what cannot be one.
    #[error(
        "worker `{worker}` takes its key from the environment variable {variable}, which {what}: \
         set it where Greenward is started, or take `workers.{worker}.key_env` away"
    )]
    NoKey {
        /// The worker.
        worker: String,
        /// The variable.
        variable: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The system's keyring does not hold its key, or holds what cannot be one.
    #[error(
        "worker `{worker}` takes its key from the system's keyring, where `{key}` {what}: \
         `greenward key set {key}` puts it there, or name an environment variable in \
         `workers.{worker}.key_env`"
    )]
    NotInKeyring {
        /// The worker.
        worker: String,
        /// The key's name.
        key: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The system's keyring cannot be asked for its key.
    #[error(
        "worker `{worker}` takes its key from the system's keyring: unlock it, or name an \
         environment variable in `workers.{worker}.key_env`"
    )]
    Keyring {
        /// The worker.
        worker: String,
        /// Why.
        source: KeyringError,
    },
    /// A proxy that the environment names is no URL.
    #[error("the environment variable {variable} must be a proxy's URL")]
    BadProxy {
        /// The variable.
        variable: &'static str,
        /// What is wrong with it.
        source: reqwest::Error,
    },
    /// No HTTP client could be made.
    #[error("cannot prepare connections")]
    Client(#[source] reqwest::Error),
    /// No TLS could be made.
    #[error("cannot prepare encrypted connections")]
    Tls(#[source] rustls::Error),
    /// A place where it may write is none.
    #[error(
        "`workers.{worker}.writable` names `{place}`: a path must be absolute or begin with `~/`"
    )]
    NotAPlace {
        /// The worker.
        worker: String,
        /// What was given.
        place: String,
    },
    /// Its recording cannot be read.
    #[error("cannot use the recording that `workers.{worker}.recording` names")]
    Recording {
        /// The worker.
        worker: String,
        /// Why.
        source: RecordingError,
    },
}

/// Why a recording cannot be used.
#[derive(Debug, Error)]
pub enum RecordingError {
    /// It is not there.
    #[error("there is no file {path}")]
    Missing {
        /// The file.
        path: Utf8PathBuf,
    },
    /// It cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It cannot be written.
    #[error("cannot write {path}")]
    Write {
        /// The file.
        path: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line of it is no entry.
    #[error("line {line} of {path} is no recorded turn")]
    Malformed {
        /// The file.
        path: Utf8PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// Why a turn has no reply.
#[derive(Debug, Error)]
pub enum WorkerError {
    /// It was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// A model took longer than `timeout_seconds`, or anyone than the cycle may.
    #[error("no full reply within {limit:?}: raise `timeout_seconds`, or take a faster model")]
    TimedOut {
        /// What was allowed.
        limit: Duration,
    },
    /// The server has refused the request, in its own words.
    #[error("the server refused with status {status}: {message}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// What the server said, without control characters and capped.
        message: String,
    },
    /// The server reported a failure in the middle of its reply, in its own words.
    #[error("the server failed: {message}")]
    Failed {
        /// What the server said, without control characters and capped.
        message: String,
        /// Whether the server is likely to do better on another try.
        passing: bool,
    },
    /// The server asks to wait longer than is sensible.
    #[error("the server asks to wait {wait:?} before the next request: {message}")]
    Busy {
        /// How long.
        wait: Duration,
        /// What the server said.
        message: String,
    },
    /// No connection, or none that lasted.
    #[error("cannot reach {endpoint}: is the server running, and is `base_url` right?")]
    Unreachable {
        /// The URL, without a password.
        endpoint: String,
        /// What went wrong.
        source: reqwest::Error,
    },
    /// The reply ended in its middle, or stood still.
    #[error("the reply broke off: {why}")]
    BrokenOff {
        /// How.
        why: &'static str,
    },
    /// The server answers in another format than its API has.
    #[error("{endpoint} does not answer as its API says: {what}. Is `base_url` right?")]
    WrongFormat {
        /// The URL, without a password.
        endpoint: String,
        /// What came, capped.
        what: String,
    },
    /// The reply was longer than is read.
    #[error("the reply is longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// The model, or its server's filter, declines to answer.
    #[error("the model declines to answer: {message}")]
    Declined {
        /// What it said.
        message: String,
    },
    /// All tries failed in ways that could have passed.
    #[error("given up after {tries} tries")]
    GaveUp {
        /// How many requests were made.
        tries: u32,
        /// How the last one failed.
        source: Box<WorkerError>,
    },
    /// The prompt could not be written for the program to read.
    #[error("cannot write the prompt under {path}")]
    Prompt {
        /// The folder.
        path: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The program could not be started.
    #[error("the program does not start: is it installed, and is `argv` right?")]
    Start(#[from] StartError),
    /// The program has failed.
    #[error("{program} failed: {exit}{}\n{output}", if *network { "" } else { NO_NETWORK })]
    Program {
        /// The program.
        program: String,
        /// How it ended.
        exit: Exit,
        /// The end of what it printed, without control characters.
        output: String,
        /// Whether it had a network.
        network: bool,
    },
    /// An agent did not do what its protocol promises.
    #[error("{program}{}\n{output}", if *network { "" } else { NO_NETWORK })]
    Agent {
        /// The program.
        program: String,
        /// What is wrong.
        source: Box<AgentError>,
        /// The end of what it printed besides, without control characters.
        output: String,
        /// Whether it had a network.
        network: bool,
    },
    /// The program took longer than `timeout_seconds`, and was ended.
    #[error(
        "{program} took longer than {limit:?} and was ended: raise `timeout_seconds`?\n{output}"
    )]
    Overran {
        /// The program.
        program: String,
        /// What was allowed.
        limit: Duration,
        /// The end of what it printed, without control characters.
        output: String,
    },
    /// The recording holds no such turn.
    #[error("the recording holds no turn {attempt} of phase {phase}")]
    NotRecorded {
        /// The phase.
        phase: Phase,
        /// The attempt.
        attempt: u32,
    },
    /// A person takes no turns: what they save is what they do.
    #[error("a person edits in the editor, and is not asked for a reply")]
    Human,
}

impl WorkerError {
    /// Whether the next attempt may go better. A program that has failed can be told so; one that
    /// cannot be started, and a server that refuses, will do the same again.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            WorkerError::BrokenOff { .. }
            | WorkerError::Failed { passing: true, .. }
            | WorkerError::Program { .. }
            | WorkerError::Overran { .. }
            | WorkerError::TimedOut { .. } => true,
            WorkerError::Agent { source, .. } => source.may_pass(),
            WorkerError::Cancelled
            | WorkerError::Status { .. }
            | WorkerError::Failed { passing: false, .. }
            | WorkerError::Busy { .. }
            | WorkerError::Unreachable { .. }
            | WorkerError::WrongFormat { .. }
            | WorkerError::TooLong { .. }
            | WorkerError::Declined { .. }
            | WorkerError::GaveUp { .. }
            | WorkerError::Prompt { .. }
            | WorkerError::Start(_)
            | WorkerError::NotRecorded { .. }
            | WorkerError::Human => false,
        }
    }
}

fn kind_name(kind: WorkerKind) -> &'static str {
    match kind {
        WorkerKind::OpenAi => "openai",
        WorkerKind::Anthropic => "anthropic",
        WorkerKind::Command => "command",
        WorkerKind::Acp => "acp",
        WorkerKind::Replay => "replay",
        WorkerKind::Human => "human",
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use greenward_exec::StartErrorKind;

    use super::*;

    #[test]
    fn what_a_program_did_may_go_better_and_what_is_not_there_will_not() {
        let program = |exit| WorkerError::Program {
            program: "agent".into(),
            exit,
            output: String::new(),
            network: true,
        };
        let limit = Duration::from_secs(1);
        let start = WorkerError::Start(StartError {
            program: "agent".into(),
            folder: "/".into(),
            kind: StartErrorKind::NotFound,
            source: io::ErrorKind::NotFound.into(),
        });
        let message = String::from("no such model");
        for (error, expected) in [
            (program(Exit::Code(3)), true),
            (program(Exit::Signal(9)), true),
            (WorkerError::TimedOut { limit }, true),
            (WorkerError::BrokenOff { why: "it ended" }, true),
            (start, false),
            (WorkerError::Declined { message }, false),
            (WorkerError::Cancelled, false),
        ] {
            assert_eq!(error.may_pass(), expected, "{error}");
        }
    }
}
