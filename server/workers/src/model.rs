//! A worker that is a model behind an API: one request, its reply streamed, tried again where that
//! can help.

mod client;
mod exchange;
mod retry;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use greenward_protocol::settings;
use reqwest::Url;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::api::{Api, End, Request};
use crate::key::{self, Key};
use crate::keyring;
use crate::usage::Price;
use crate::{
    Progress, ReplyKind, SettingsError, Turn, TurnReply, Usage, WayOut, WorkerError,
    estimate_tokens,
};
use exchange::Heard;
use retry::{Decision, Patience};

/// A model behind an API.
#[derive(Debug)]
pub struct Model {
    api: Api,
    endpoint: Url,
    model: String,
    key: Option<Key>,
    price: Option<Price>,
    max_tokens: u32,
    context_tokens: u32,
    limits: Limits,
    client: reqwest::Client,
}

/// How much a turn may take.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// All requests of a turn together.
    total: Duration,
    /// From one piece of a reply to the next. The first may take all of the time, for a local
    /// model reads a long prompt slowly.
    idle: Duration,
    /// Bytes of one reply, as they come over the line.
    bytes: usize,
    patience: Patience,
}

impl Model {
    pub(crate) fn new(
        name: &str,
        api: Api,
        settings: &settings::Worker,
        env: &BTreeMap<String, String>,
    ) -> Result<Self, SettingsError> {
        let Some(model) = settings.model.clone() else {
            return Err(SettingsError::Missing {
                worker: name.to_owned(),
                kind: settings.kind,
                setting: "model",
            });
        };
        let price = |(input, output)| Price { input, output };
        let prices = settings
            .price_per_million_input
            .zip(settings.price_per_million_output);
        let endpoint = client::endpoint(name, api, settings)?;
        Ok(Self {
            api,
            model,
            key: key::key(name, settings, env, keyring::read)?,
            price: prices.map(price),
            max_tokens: settings.max_tokens,
            context_tokens: settings.context_tokens,
            limits: Limits {
                total: settings.timeout(),
                idle: Duration::from_secs(120),
                bytes: 32 * 1024 * 1024,
                patience: Patience::default(),
            },
            client: client::client(&endpoint, env)?,
            endpoint,
        })
    }

    /// How many tokens of prompt it may be given.
    #[must_use]
    pub fn context_tokens(&self) -> u64 {
        self.context_tokens.into()
    }

    pub(crate) async fn turn(
        &self,
        turn: &Turn,
        cancel: &CancellationToken,
        progress: &UnboundedSender<Progress>,
    ) -> Result<TurnReply, WorkerError> {
        let limit = self.limits.total;
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(WorkerError::Cancelled),
            reply = self.tries(turn, progress) => reply,
            () = tokio::time::sleep(limit) => Err(WorkerError::TimedOut { limit }),
        }
    }

    /// Makes the request until it succeeds, or trying again would not help.
    async fn tries(
        &self,
        turn: &Turn,
        progress: &UnboundedSender<Progress>,
    ) -> Result<TurnReply, WorkerError> {
        let mut hasher = DefaultHasher::new();
        (&turn.task, turn.phase, turn.attempt).hash(&mut hasher);
        let seed = hasher.finish();
        let mut tries = 0;
        // What a reply that broke off has used is paid for too.
        let mut spent = None;
        loop {
            tries += 1;
            let mut heard = Heard::default();
            let failure = match self.exchange(turn, &mut heard, progress).await {
                Ok(end) => return self.reply(turn, heard, &end, spent),
                Err(failure) => failure,
            };
            if !heard.text.is_empty() {
                let usage = self.usage(turn, &heard);
                spent = Some(spent.map_or(usage, |spent| spent + usage));
            }
            match self.limits.patience.decide(failure, tries, seed) {
                Decision::GiveUp(error) => return Err(error),
                Decision::Wait { wait, reason } => {
                    tracing::info!(tries, ?wait, reason, "a request to a model is made again");
                    // Nobody needs to listen.
                    let _ = progress.send(Progress::Retry {
                        next_try: tries + 1,
                        wait,
                        reason,
                    });
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    fn reply(
        &self,
        turn: &Turn,
        heard: Heard,
        end: &End,
        spent: Option<Usage>,
    ) -> Result<TurnReply, WorkerError> {
        if let End::Declined(message) = end {
            return Err(WorkerError::Declined {
                message: exchange::capped(message),
            });
        }
        let usage = self.usage(turn, &heard);
        Ok(TurnReply {
            usage: spent.map_or(usage, |spent| spent + usage),
            kind: ReplyKind::ModelText,
            way_out: WayOut::in_last_line(&heard.text),
            cut_short: *end == End::Limit,
            text: heard.text,
        })
    }

    fn usage(&self, turn: &Turn, heard: &Heard) -> Usage {
        let prompt = || estimate_tokens(turn.prompt.system()) + estimate_tokens(turn.prompt.user());
        let input_tokens = heard.input.unwrap_or_else(prompt);
        let output_tokens = heard.output.unwrap_or_else(|| estimate_tokens(&heard.text));
        Usage {
            input_tokens,
            output_tokens,
            cost_microdollars: self
                .price
                .map(|price| price.cost(input_tokens, output_tokens)),
            estimated: heard.input.is_none() || heard.output.is_none(),
        }
    }

    fn request<'a>(&'a self, turn: &'a Turn) -> Request<'a> {
        Request {
            model: &self.model,
            system: turn.prompt.system(),
            user: turn.prompt.user(),
            max_tokens: self.max_tokens,
            openai_itself: self.endpoint.host_str() == Some("api.openai.com"),
        }
    }
}
