//! The tables `[workers.NAME]` and `[cycle]`: who writes in a cycle, and how much that may take.

use std::num::NonZeroU32;
use std::time::Duration;

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Who can write in a cycle. Which of the settings count depends on `kind`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Worker {
    /// What it is: `openai` and `anthropic` are models behind an API of that shape, whoever serves
    /// it; `command` is an agent program, `acp` one that speaks the Agent Client Protocol; `replay` a recording; `human` you in your editor.
    pub kind: WorkerKind,
    /// Where the API is, for `openai` and `anthropic`, where it is not the vendor's own.
    #[schemars(example = &"http://127.0.0.1:11434/v1")]
    pub base_url: Option<String>,
    /// The model's name, as its server knows it.
    #[schemars(example = &"qwen3-coder")]
    pub model: Option<String>,
    /// Which of the two APIs a worker of kind `openai` speaks: chat completions or Responses.
    pub api: OpenAiApi,
    /// The environment variable that holds the key. The key itself never stands in a file.
    #[schemars(example = &"OPENAI_API_KEY")]
    pub key_env: Option<String>,
    /// The name of the key in the system's keyring: `greenward key set NAME` puts it there. If
    /// `key_env` is given too, its variable wins where it is set.
    #[schemars(example = &"openai")]
    pub key_keyring: Option<String>,
    /// The program of a worker of kind `command` or `acp` with its arguments. No shell reads them.
    #[schemars(extend("examples" = [["my-agent", "--headless"]]))]
    pub argv: Vec<String>,
    /// What an agent of kind `acp` that asks for permission is answered. Allowed or not, it writes
    /// where a program may write and nowhere else.
    pub permissions: Permissions,
    /// Whether a worker of kind `command` or `acp` has a network, where the system can take it away. Most
    /// agent programs need one to reach their model.
    pub network: bool,
    /// Where a worker of kind `command` or `acp` may write besides its lane: paths, absolute or beginning
    /// with `~/`. What it writes anywhere else is refused or thrown away, where the system can do
    /// that.
    #[schemars(extend("examples" = [["~/.my-agent"]]))]
    pub writable: Vec<String>,
    /// The recording of a worker of kind `replay`: a path, which starts at the workspace folder if
    /// it is relative.
    #[schemars(example = &".tdd/recordings/roman.jsonl")]
    pub recording: Option<String>,
    /// How long, in seconds, one turn may take.
    #[schemars(range(min = 1, max = 86400))]
    pub timeout_seconds: u32,
    /// How many tokens a model may write in one turn.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_tokens: u32,
    /// How many tokens of prompt a model is given at most.
    #[schemars(range(min = 1000, max = 10_000_000))]
    pub context_tokens: u32,
    /// What a million tokens of prompt cost, in US dollars. Without both prices, cost is unknown.
    #[schemars(range(min = 0, max = 100_000), example = 0.25)]
    pub price_per_million_input: Option<f64>,
    /// What a million tokens that the model writes cost, in US dollars.
    #[schemars(range(min = 0, max = 100_000), example = 1.25)]
    pub price_per_million_output: Option<f64>,
}

impl Default for Worker {
    fn default() -> Self {
        Self {
            kind: WorkerKind::Human,
            base_url: None,
            model: None,
            api: OpenAiApi::Chat,
            key_env: None,
            key_keyring: None,
            argv: Vec::new(),
            permissions: Permissions::Allow,
            network: false,
            writable: Vec::new(),
            recording: None,
            timeout_seconds: 600,
            max_tokens: 16_384,
            context_tokens: 32_000,
            price_per_million_input: None,
            price_per_million_output: None,
        }
    }
}

impl Worker {
    /// How long one turn may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.into())
    }
}

/// What a worker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(transform = plain_choice)]
pub enum WorkerKind {
    /// A model behind chat completions or Responses.
    #[serde(rename = "openai")]
    OpenAi,
    /// A model behind Messages.
    Anthropic,
    /// An agent program.
    Command,
    /// An agent program that speaks the Agent Client Protocol.
    Acp,
    /// A recording.
    Replay,
    /// The person at the editor.
    Human,
}

/// The two APIs of OpenAI's that others serve too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(transform = plain_choice)]
pub enum OpenAiApi {
    /// `POST /chat/completions`, which nearly every server speaks.
    Chat,
    /// `POST /responses`.
    Responses,
}

/// What an agent that asks for permission is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(transform = plain_choice)]
pub enum Permissions {
    /// Yes, this once.
    Allow,
    /// No.
    Reject,
}

/// How a cycle goes, and how much it may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cycle {
    /// The worker of every phase: a NAME of `[workers.NAME]`, or `human`.
    #[schemars(example = &"local")]
    pub worker: Option<String>,
    /// How many turns a worker has in one phase before the cycle is stuck.
    #[schemars(range(min = 1, max = 100))]
    pub max_attempts: u32,
    /// How long, in minutes, a cycle may take.
    #[schemars(range(min = 1, max = 1440))]
    pub max_minutes: u32,
    /// How many tokens, read and written, a cycle may use, where there is a limit.
    #[schemars(range(min = 1, max = 1_000_000_000), example = 500_000)]
    pub max_tokens: Option<NonZeroU32>,
    /// How much a cycle may cost, in US dollars, as far as the worker's prices are known.
    #[schemars(range(min = 0, max = 100_000))]
    pub max_cost_usd: f64,
    /// The share of a spec's examples that the implementer is not shown.
    #[schemars(range(min = 0, max = 1))]
    pub held_out: f64,
    /// How long, in seconds, the change is mutated to see whether the tests notice. 0 is not at
    /// all.
    #[schemars(range(max = 86400))]
    pub mutation_seconds: u32,
    /// Let what runs in the clean room reach your network: for tests that need a database or the
    /// internet. Its runs share it, so code under test could tell a later run what it has seen; the
    /// verdict says so. Without, each run has a loopback of its own and nobody else in it, where
    /// the system can do that, and cargo works offline.
    pub network: bool,
    /// Let the worker tidy what passes before it is judged. Where that breaks anything, what
    /// passed before is judged.
    pub refactor: bool,
    /// How often the target tests must pass, one run after the other, before they count.
    #[schemars(range(min = 1, max = 100))]
    pub repeat: u32,
}

impl Default for Cycle {
    fn default() -> Self {
        Self {
            worker: None,
            max_attempts: 4,
            max_minutes: 20,
            max_tokens: None,
            max_cost_usd: 1.0,
            held_out: 0.25,
            mutation_seconds: 30,
            network: false,
            refactor: false,
            repeat: 3,
        }
    }
}

/// The schema of an enum whose variants are documented, as the plain list of their names: so much
/// is checked and shown.
fn plain_choice(schema: &mut Schema) {
    let names: Vec<Value> = schema
        .get("oneOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|variant| variant.get("const").cloned())
        .collect();
    if !names.is_empty() {
        schema.remove("oneOf");
        schema.insert("type".to_owned(), json!("string"));
        schema.insert("enum".to_owned(), Value::Array(names));
    }
}
