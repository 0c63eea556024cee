//! One turn's conversation with an agent: what is sent, and what its messages mean. Pure.

use agent_client_protocol_schema::ProtocolVersion;
use agent_client_protocol_schema::v1::{
    self as acp, AGENT_METHOD_NAMES, CLIENT_METHOD_NAMES, ContentBlock, ErrorCode,
    PermissionOption, PermissionOptionKind, RequestId, RequestPermissionOutcome,
    SelectedPermissionOutcome, SessionId, SessionUpdate, StopReason,
};
use camino::Utf8Path;
use greenward_core::clean;
use greenward_exec::Capped;
use greenward_protocol::settings::Permissions;
use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

use super::message::{self, Incoming};
use crate::{Progress, Usage};

/// How much of what an agent says is kept, in bytes: at the beginning, and at the end.
const KEPT: (usize, usize) = (16 * 1024, 48 * 1024);

/// How much of one message of an agent is shown, in bytes.
const SHOWN: usize = 1000;

/// Why an agent's turn came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AgentError {
    /// It speaks a version that Greenward does not.
    #[error("speaks version {0} of the Agent Client Protocol, and Greenward version 1")]
    Version(String),
    /// It wants its user to log in.
    #[error("wants you to log in first: {0}")]
    LogIn(String),
    /// It has refused a request of ours, in its own words.
    #[error("has refused `{method}`: {message}")]
    Refused {
        /// What was asked.
        method: &'static str,
        /// What it said, without control characters and capped.
        message: String,
    },
    /// It answers in another form than its protocol has.
    #[error("does not answer `{method}` as the Agent Client Protocol says: {what}")]
    Format {
        /// What was asked.
        method: &'static str,
        /// What is wrong.
        what: String,
    },
    /// It declines to go on.
    #[error("declines to do this")]
    Declined,
    /// It has stopped before it was done.
    #[error("has stopped: {0}")]
    Stopped(&'static str),
    /// It has ended before its turn was over.
    #[error("ended before its turn was over: {0}. Does it speak the Agent Client Protocol?")]
    Ended(String),
}

impl AgentError {
    /// Whether the next attempt may go better.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            AgentError::Refused { .. } | AgentError::Stopped(_) | AgentError::Ended(_) => true,
            AgentError::Version(_)
            | AgentError::LogIn(_)
            | AgentError::Format { .. }
            | AgentError::Declined => false,
        }
    }
}

/// What is to be done about a message of the agent.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// This is to be sent.
    Send(String),
    /// This is for people.
    Tell(Progress),
    /// The turn is over.
    Over(Result<Said, AgentError>),
}

/// What an agent has said in its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) usage: Usage,
    /// Whether it had to stop at a limit of its own.
    pub(super) cut_short: bool,
}

/// A conversation, from the first word to the end of one turn.
#[derive(Debug)]
pub(super) struct Conversation<'a> {
    prompt: &'a str,
    lane: &'a Utf8Path,
    permissions: Permissions,
    stage: Stage,
    said: Capped,
    /// Whether what it says next goes on where it stopped.
    in_sentence: bool,
    usage: Usage,
}

/// What has been asked last.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    Initialize,
    NewSession,
    Prompt(SessionId),
    Over,
}

impl Stage {
    /// The request's number, and its method.
    fn asked(&self) -> (u64, &'static str) {
        match self {
            Stage::Initialize => (1, AGENT_METHOD_NAMES.initialize),
            Stage::NewSession => (2, AGENT_METHOD_NAMES.session_new),
            Stage::Prompt(_) => (3, AGENT_METHOD_NAMES.session_prompt),
            Stage::Over => (u64::MAX, "nothing"),
        }
    }
}

impl<'a> Conversation<'a> {
    /// A conversation about `prompt` with an agent that works in `lane`, and what is sent first.
    pub(super) fn begin(
        prompt: &'a str,
        lane: &'a Utf8Path,
        permissions: Permissions,
    ) -> (Self, String) {
        let conversation = Self {
            prompt,
            lane,
            permissions,
            stage: Stage::Initialize,
            said: Capped::new(KEPT.0, KEPT.1),
            in_sentence: false,
            usage: Usage::default(),
        };
        // It has files and terminals of its own, in the lane: none of ours are offered.
        let us = acp::Implementation::new("greenward", env!("CARGO_PKG_VERSION"));
        let hello = acp::InitializeRequest::new(ProtocolVersion::V1).client_info(us);
        let first = conversation.asks(&hello);
        (conversation, first)
    }

    /// What is sent when the turn is given up.
    pub(super) fn cancel(&self) -> Option<String> {
        let Stage::Prompt(session) = &self.stage else {
            return None;
        };
        let cancel = acp::CancelNotification::new(session.clone());
        Some(message::told(AGENT_METHOD_NAMES.session_cancel, &cancel))
    }

    /// What a line of the agent means.
    pub(super) fn take(&mut self, line: &str) -> Vec<Step> {
        match message::read(line) {
            Some(Incoming::Answer { id, result }) if id == self.stage.asked().0 => {
                vec![self.answered(result)]
            }
            Some(Incoming::Answer { .. }) => Vec::new(),
            Some(Incoming::Request { id, method, params }) => self.request(&id, &method, params),
            Some(Incoming::Told { method, params })
                if method == CLIENT_METHOD_NAMES.session_update =>
            {
                self.update(params)
            }
            Some(Incoming::Told { .. }) => Vec::new(),
            None if line.trim().is_empty() => Vec::new(),
            None => vec![Step::Tell(Progress::Line(shown(line)))],
        }
    }

    fn asks(&self, params: &impl serde::Serialize) -> String {
        let (id, method) = self.stage.asked();
        message::request(id, method, params)
    }

    /// The agent has answered what was asked last.
    fn answered(&mut self, result: Result<Value, acp::Error>) -> Step {
        match self.next(result) {
            Ok(Some(sent)) => Step::Send(sent),
            Ok(None) => {
                self.stage = Stage::Over;
                Step::Over(Ok(Said {
                    text: self.said.to_string(),
                    usage: self.usage,
                    cut_short: false,
                }))
            }
            Err(Stop::Cut) => {
                self.stage = Stage::Over;
                Step::Over(Ok(Said {
                    text: self.said.to_string(),
                    usage: self.usage,
                    cut_short: true,
                }))
            }
            Err(Stop::For(error)) => {
                self.stage = Stage::Over;
                Step::Over(Err(error))
            }
        }
    }

    /// What is sent next. Nothing if the turn is over.
    fn next(&mut self, result: Result<Value, acp::Error>) -> Result<Option<String>, Stop> {
        let method = self.stage.asked().1;
        let result = result.map_err(|error| self.refused(method, &error))?;
        match &self.stage {
            Stage::Initialize => {
                let hello: acp::InitializeResponse = parsed(method, result)?;
                if hello.protocol_version != ProtocolVersion::V1 {
                    let version = hello.protocol_version.to_string();
                    return Err(Stop::For(AgentError::Version(version)));
                }
                self.stage = Stage::NewSession;
                let session = acp::NewSessionRequest::new(self.lane.as_std_path());
                Ok(Some(self.asks(&session)))
            }
            Stage::NewSession => {
                let session: acp::NewSessionResponse = parsed(method, result)?;
                let id = session.session_id;
                self.stage = Stage::Prompt(id.clone());
                let text = vec![ContentBlock::from(self.prompt)];
                Ok(Some(self.asks(&acp::PromptRequest::new(id, text))))
            }
            Stage::Prompt(_) => {
                let turn: acp::PromptResponse = parsed(method, result)?;
                match turn.stop_reason {
                    StopReason::EndTurn => Ok(None),
                    StopReason::MaxTokens | StopReason::MaxTurnRequests => Err(Stop::Cut),
                    StopReason::Refusal => Err(Stop::For(AgentError::Declined)),
                    StopReason::Cancelled => {
                        Err(Stop::For(AgentError::Stopped("its turn was cancelled")))
                    }
                    _ => Err(Stop::For(AgentError::Stopped("it says no more"))),
                }
            }
            Stage::Over => Ok(None),
        }
    }

    fn refused(&self, method: &'static str, error: &acp::Error) -> Stop {
        let details = error.data.as_ref().map(|data| match data {
            Value::String(text) => format!(": {text}"),
            data => format!(": {data}"),
        });
        let message = shown(&format!("{}{}", error.message, details.unwrap_or_default()));
        Stop::For(match error.code {
            ErrorCode::AuthRequired => AgentError::LogIn(message),
            _ => AgentError::Refused { method, message },
        })
    }

    /// The agent asks something of us.
    fn request(&self, id: &RequestId, method: &str, params: Value) -> Vec<Step> {
        if method != CLIENT_METHOD_NAMES.session_request_permission {
            let error = acp::Error::method_not_found();
            return vec![Step::Send(message::refusal(id, &error))];
        }
        let asked: acp::RequestPermissionRequest = match serde_json::from_value(params) {
            Ok(asked) => asked,
            Err(error) => {
                let error = acp::Error::invalid_params().data(error.to_string());
                return vec![Step::Send(message::refusal(id, &error))];
            }
        };
        let chosen = choose(self.permissions, &asked.options);
        let what = asked.tool_call.fields.title.unwrap_or_default();
        let what = shown(&what);
        let is_allowed = chosen.is_some_and(|option| {
            use PermissionOptionKind::{AllowAlways, AllowOnce};
            matches!(option.kind, AllowOnce | AllowAlways)
        });
        let told = match is_allowed {
            true => Progress::Line(format!("allowed: {what}")),
            false => Progress::Note(format!("not allowed: {what}")),
        };
        let outcome = match chosen {
            Some(option) => {
                let outcome = SelectedPermissionOutcome::new(option.option_id.clone());
                RequestPermissionOutcome::Selected(outcome)
            }
            None => RequestPermissionOutcome::Cancelled,
        };
        let response = acp::RequestPermissionResponse::new(outcome);
        vec![Step::Tell(told), Step::Send(message::answer(id, &response))]
    }

    /// The agent tells what it does.
    fn update(&mut self, params: Value) -> Vec<Step> {
        // A later version may tell of more, which is nothing to stumble over.
        let Ok(told) = serde_json::from_value::<acp::SessionNotification>(params) else {
            return Vec::new();
        };
        let line = |text: &str| vec![Step::Tell(Progress::Line(shown(text)))];
        match told.update {
            SessionUpdate::AgentMessageChunk(chunk) => {
                let ContentBlock::Text(text) = chunk.content else {
                    return Vec::new();
                };
                let text = clean(&text.text);
                if !self.in_sentence && !self.said.is_empty() {
                    self.said.push("\n");
                }
                self.in_sentence = true;
                self.said.push(&text);
                return vec![Step::Tell(Progress::Text(text))];
            }
            SessionUpdate::ToolCall(call) => {
                self.in_sentence = false;
                return line(&call.title);
            }
            SessionUpdate::ToolCallUpdate(update) => {
                self.in_sentence = false;
                if let Some(title) = update.fields.title {
                    return line(&title);
                }
            }
            SessionUpdate::Plan(plan) => {
                let now =
                    |entry: &&acp::PlanEntry| entry.status == acp::PlanEntryStatus::InProgress;
                if let Some(entry) = plan.entries.iter().find(now) {
                    return line(&entry.content);
                }
            }
            SessionUpdate::UsageUpdate(used) => {
                // What it has read and written so far, as far as it can be told apart.
                self.usage.input_tokens = used.used;
                self.usage.estimated = true;
                let cost = used.cost.filter(|cost| cost.currency == "USD");
                if let Some(cost) = cost {
                    self.usage.cost_microdollars = microdollars(cost.amount);
                }
            }
            _ => {}
        }
        Vec::new()
    }
}

/// Why there is nothing to send next.
enum Stop {
    /// The agent came to a limit of its own.
    Cut,
    For(AgentError),
}

fn parsed<T: DeserializeOwned>(method: &'static str, result: Value) -> Result<T, Stop> {
    serde_json::from_value(result).map_err(|error| {
        Stop::For(AgentError::Format {
            method,
            what: shown(&error.to_string()),
        })
    })
}

/// The option to take: for this once rather than for ever.
fn choose(permissions: Permissions, options: &[PermissionOption]) -> Option<&PermissionOption> {
    use PermissionOptionKind::{AllowAlways, AllowOnce, RejectAlways, RejectOnce};
    let wanted = match permissions {
        Permissions::Allow => [AllowOnce, AllowAlways, RejectOnce, RejectAlways].as_slice(),
        Permissions::Reject => [RejectOnce, RejectAlways].as_slice(),
    };
    let of = |kind: &PermissionOptionKind| options.iter().find(|option| option.kind == *kind);
    wanted.iter().find_map(of)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float is brought into the range of the integer"
)]
fn microdollars(dollars: f64) -> Option<u64> {
    (dollars.is_finite() && dollars >= 0.0).then_some((dollars * 1e6) as u64)
}

fn shown(text: &str) -> String {
    let mut text = clean(text.trim());
    text.truncate(text.floor_char_boundary(SHOWN));
    text
}

#[cfg(test)]
mod tests;
