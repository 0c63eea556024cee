//! One request and its streamed reply.

use greenward_core::clean;
use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

use super::retry::{self, Failure};
use super::{Model, client};
use crate::api::{End, Said, error_message};
use crate::key::Key;
use crate::sse::{Event, Events};
use crate::{Progress, Turn, WorkerError};

/// How much of a server's own words is kept, in bytes.
const WORDS: usize = 2000;

/// How much of an error's body is read, in bytes.
const ERROR_BODY: usize = 64 * 1024;

/// How long counts are waited for that may follow the end of a reply.
const AFTER_END: Duration = Duration::from_secs(2);

/// What was heard of a reply so far.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) text: String,
    pub(super) input: Option<u64>,
    pub(super) output: Option<u64>,
    end: Option<End>,
}

impl Model {
    /// Makes the request and hears the reply to its end.
    pub(super) async fn exchange(
        &self,
        turn: &Turn,
        heard: &mut Heard,
        progress: &UnboundedSender<Progress>,
    ) -> Result<End, Failure> {
        let response = self.send(turn).await?;
        self.hear(response, heard, progress).await
    }

    async fn send(&self, turn: &Turn) -> Result<Response, Failure> {
        let body = self.api.body(&self.request(turn)).to_string();
        let mut request = self
            .client
            .post(self.endpoint.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("accept", "text/event-stream")
            .body(body);
        for (name, value) in self.api.headers(self.key.as_ref().map(Key::reveal)) {
            request = request.header(name, value);
        }
        let response = request.send().await.map_err(|source| {
            let error = WorkerError::Unreachable {
                endpoint: client::shown(&self.endpoint),
                source: source.without_url(),
            };
            Failure::passing(error)
        })?;
        let status = response.status();
        if status.is_success() {
            return self.checked_format(response).await;
        }
        let retry_after = asked_wait(response.headers());
        let body = start_of(response, self.limits.idle).await;
        let json: Value = serde_json::from_str(&body).unwrap_or_default();
        let message = if status.is_redirection() {
            "it redirects elsewhere, which is not followed; set `base_url` to where the API is"
                .to_owned()
        } else {
            self.without_key(&capped(&error_message(&json).unwrap_or(body)))
        };
        // Spent money does not come back by waiting.
        let kind = |name: &str| json["error"][name].as_str() == Some("insufficient_quota");
        let quota = kind("code") || kind("type");
        Err(Failure {
            error: WorkerError::Status {
                status: status.as_u16(),
                message,
            },
            passing: retry::is_passing(status.as_u16()) && !quota,
            retry_after,
        })
    }

    /// The response, if it is a stream of events.
    async fn checked_format(&self, response: Response) -> Result<Response, Failure> {
        let kind = response.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or("none");
        let media = kind.split(';').next().unwrap_or_default().trim();
        if media.eq_ignore_ascii_case("text/event-stream") {
            return Ok(response);
        }
        let kind = capped(kind);
        let body = start_of(response, self.limits.idle).await;
        let json: Value = serde_json::from_str(&body).unwrap_or_default();
        let said = error_message(&json).unwrap_or_else(|| body.chars().take(200).collect());
        let what = format!(
            "content type {kind}, and says: {}",
            self.without_key(&capped(&said))
        );
        Err(Failure::lasting(self.wrong_format(what)))
    }

    async fn hear(
        &self,
        mut response: Response,
        heard: &mut Heard,
        progress: &UnboundedSender<Progress>,
    ) -> Result<End, Failure> {
        let mut events = Events::default();
        let mut bytes = 0;
        loop {
            let wait = match (&heard.end, bytes) {
                (Some(_), _) => AFTER_END.min(self.limits.idle),
                (None, 0) => self.limits.total,
                (None, _) => self.limits.idle,
            };
            let broken = match tokio::time::timeout(wait, response.chunk()).await {
                Ok(Ok(Some(chunk))) => {
                    bytes += chunk.len();
                    if bytes > self.limits.bytes {
                        let limit = self.limits.bytes;
                        return Err(Failure::lasting(WorkerError::TooLong { limit }));
                    }
                    for event in events.push(&chunk) {
                        if self.take(&event, heard, progress)? {
                            return Ok(heard.end.clone().unwrap_or(End::Whole));
                        }
                    }
                    continue;
                }
                Ok(Ok(None)) => {
                    if let Some(event) = events.finish() {
                        self.take(&event, heard, progress)?;
                    }
                    "the connection was closed before the reply was whole"
                }
                Ok(Err(_)) => "the connection was lost",
                Err(_) => "the server sends nothing more",
            };
            return match heard.end.clone() {
                Some(end) => Ok(end),
                None => Err(Failure::passing(WorkerError::BrokenOff { why: broken })),
            };
        }
    }

    /// Takes an event in; says whether it was the last one.
    fn take(
        &self,
        event: &Event,
        heard: &mut Heard,
        progress: &UnboundedSender<Progress>,
    ) -> Result<bool, Failure> {
        let said = self.api.read(event).map_err(|error| {
            let data: String = event.data.chars().take(200).collect();
            let what = format!("{error} in {}", capped(&data));
            Failure::passing(self.wrong_format(what))
        })?;
        let mut last = false;
        for said in said {
            match said {
                Said::Text(text) => {
                    heard.text.push_str(&text);
                    // Nobody needs to listen.
                    let _ = progress.send(Progress::Text(text));
                }
                Said::Input(tokens) => heard.input = Some(tokens),
                Said::Output(tokens) => heard.output = Some(tokens),
                Said::End(end) => {
                    heard.end.get_or_insert(end);
                }
                Said::Failed { message, passing } => {
                    let message = self.without_key(&capped(&message));
                    return Err(Failure {
                        error: WorkerError::Failed { message, passing },
                        passing,
                        retry_after: None,
                    });
                }
                Said::Last => last = true,
            }
        }
        Ok(last)
    }

    fn wrong_format(&self, what: String) -> WorkerError {
        WorkerError::WrongFormat {
            endpoint: client::shown(&self.endpoint),
            what,
        }
    }

    /// A server may repeat the key in what it says.
    fn without_key(&self, message: &str) -> String {
        match &self.key {
            Some(key) => message.replace(key.reveal(), "(key)"),
            None => message.to_owned(),
        }
    }
}

/// Words of a server, fit to be shown.
pub(super) fn capped(words: &str) -> String {
    let mut words = clean(words).trim().to_owned();
    words.truncate(words.floor_char_boundary(WORDS));
    words
}

fn asked_wait(headers: &HeaderMap) -> Option<Duration> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    retry::retry_after(header("retry-after-ms"), header("retry-after"))
}

/// The first bytes of a body that should be short, as far as they come in time.
async fn start_of(mut response: Response, idle: Duration) -> String {
    let mut body = Vec::new();
    while body.len() < ERROR_BODY
        && let Ok(Ok(Some(chunk))) = tokio::time::timeout(idle, response.chunk()).await
    {
        body.extend_from_slice(&chunk);
    }
    body.truncate(ERROR_BODY);
    String::from_utf8_lossy(&body).into_owned()
}
