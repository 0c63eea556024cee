//! The three APIs that models are reached by: what is sent, and what the events that come back
//! mean. Pure: requests and events are values.

mod chat;
mod messages;
mod responses;

use serde_json::Value;

use crate::sse::Event;

/// An API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    /// Chat completions, as OpenAI and nearly all others have them.
    Chat,
    /// OpenAI's Responses.
    Responses,
    /// Anthropic's Messages.
    Messages,
}

/// What is asked of a model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) model: &'a str,
    pub(crate) system: &'a str,
    pub(crate) user: &'a str,
    pub(crate) max_tokens: u32,
    /// Whether the server is OpenAI's own, which has left a name behind that others still need.
    pub(crate) openai_itself: bool,
}

/// What an event says. One may say several things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// More text.
    Text(String),
    /// So many tokens were read, all in all.
    Input(u64),
    /// So many tokens were written, all in all.
    Output(u64),
    /// The reply is at its end. Counts may follow. Of several ends, the first holds.
    End(End),
    /// The server has failed, in its own words.
    Failed {
        message: String,
        /// Whether another try may do better.
        passing: bool,
    },
    /// Nothing follows.
    Last,
}

/// How a reply came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// It is whole.
    Whole,
    /// The limit of tokens was reached.
    Limit,
    /// The model or a filter declined.
    Declined(String),
}

impl Api {
    /// Where the vendor's own server is.
    pub(crate) fn home(self) -> &'static str {
        match self {
            Api::Chat | Api::Responses => "https://api.openai.com/v1",
            Api::Messages => "https://api.anthropic.com/v1",
        }
    }

    /// The path of requests, after that of the base URL `base`.
    pub(crate) fn path(self, base: &str) -> &'static str {
        match self {
            Api::Chat => "/chat/completions",
            Api::Responses => "/responses",
            // Base URLs of this API are customarily given without the version.
            Api::Messages if base.trim_end_matches('/').ends_with("/v1") => "/messages",
            Api::Messages => "/v1/messages",
        }
    }

    /// The headers that bear the key, and others that the API wants.
    pub(crate) fn headers(self, key: Option<&str>) -> Vec<(&'static str, String)> {
        let mut headers = Vec::new();
        match self {
            Api::Chat | Api::Responses => {
                headers.extend(key.map(|key| ("authorization", format!("Bearer {key}"))));
            }
            Api::Messages => {
                headers.push(("anthropic-version", "2023-06-01".to_owned()));
                headers.extend(key.map(|key| ("x-api-key", key.to_owned())));
            }
        }
        headers
    }

    /// The body of a request.
    pub(crate) fn body(self, request: &Request<'_>) -> Value {
        match self {
            Api::Chat => chat::body(request),
            Api::Responses => responses::body(request),
            Api::Messages => messages::body(request),
        }
    }

    /// What an event says; an error if it is none of this API.
    pub(crate) fn read(self, event: &Event) -> Result<Vec<Said>, serde_json::Error> {
        // The last event of chat completions, which some servers send in the other APIs too.
        if event.data.trim() == "[DONE]" {
            return Ok(match self {
                Api::Chat => vec![Said::End(End::Whole), Said::Last],
                Api::Responses | Api::Messages => Vec::new(),
            });
        }
        let data: Value = serde_json::from_str(&event.data)?;
        Ok(match self {
            Api::Chat => chat::read(&data),
            Api::Responses => responses::read(&data),
            Api::Messages => messages::read(&data),
        })
    }
}

/// What a server says in an error's body, whatever of the common shapes it has.
pub(crate) fn error_message(body: &Value) -> Option<String> {
    let error = &body["error"];
    let said = [&error["message"], error, &body["message"], &body["detail"]];
    said.iter()
        .find_map(|said| said.as_str())
        .map(str::to_owned)
}

/// Whether an error of this type can pass by itself.
fn is_passing(kind: &str) -> bool {
    matches!(
        kind,
        "overloaded_error"
            | "api_error"
            | "timeout_error"
            | "rate_limit_error"
            | "server_error"
            | "rate_limit_exceeded"
            | "server_is_overloaded"
            | "internal_server_error"
    )
}

/// A failure in the middle of a stream: an `error` object.
fn failure(error: &Value) -> Said {
    let kind = |name: &str| error[name].as_str().unwrap_or_default();
    let message = error["message"].as_str().or_else(|| error.as_str());
    Said::Failed {
        message: message.unwrap_or("it does not say why").to_owned(),
        passing: is_passing(kind("type")) || is_passing(kind("code")),
    }
}
