//! Models over real connections, to a server that plays what real ones say, and what they should
//! not.

mod server;
mod setup;

use greenward_protocol::settings::{OpenAiApi, Worker as Settings, WorkerKind};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::Phase;
use crate::prompt::{Manner, PromptInput, green};
use server::{Answer, Server, Then};

const KEY: &str = "key-0123456789";

const CHAT: &str = include_str!("tests/chat.sse");

const RESPONSES: &str = include_str!("tests/responses.sse");

const MESSAGES: &str = include_str!("tests/messages.sse");

const APIS: [(Api, &str); 3] = [
    (Api::Chat, CHAT),
    (Api::Responses, RESPONSES),
    (Api::Messages, MESSAGES),
];

fn settings(url: &str) -> Settings {
    Settings {
        kind: WorkerKind::OpenAi,
        api: OpenAiApi::Chat,
        base_url: Some(url.to_owned()),
        model: Some("m".into()),
        key_env: Some("KEY".into()),
        max_tokens: 100,
        price_per_million_input: Some(0.5),
        price_per_million_output: Some(2.0),
        ..Settings::default()
    }
}

fn env() -> BTreeMap<String, String> {
    BTreeMap::from([("KEY".into(), KEY.into())])
}

/// A model at `url` that waits little.
fn model(api: Api, url: &str) -> Model {
    let mut model = Model::new("w", api, &settings(&format!("{url}/v1")), &env()).unwrap();
    model.limits.patience.first = Duration::from_millis(1);
    model.limits.total = Duration::from_secs(30);
    model
}

fn turn() -> Turn {
    Turn {
        phase: Phase::Green,
        attempt: 1,
        task: String::new(),
        targets: vec!["a::b".into()],
        prompt: green(&PromptInput::default(), Manner::Blocks),
        lane: "/nowhere".into(),
        scratch: "/nowhere".into(),
        access: Vec::new(),
    }
}

struct Done {
    reply: Result<TurnReply, WorkerError>,
    progress: Vec<Progress>,
    server: Server,
}

async fn done_with(
    api: Api,
    answers: impl IntoIterator<Item = Answer>,
    adjust: impl FnOnce(&mut Model),
) -> Done {
    let server = Server::start(answers).await;
    let mut model = model(api, &server.url);
    adjust(&mut model);
    let (sender, receiver) = unbounded_channel();
    let reply = model
        .turn(&turn(), &CancellationToken::new(), &sender)
        .await;
    Done {
        reply,
        progress: all(receiver),
        server,
    }
}

async fn done(api: Api, answers: impl IntoIterator<Item = Answer>) -> Done {
    done_with(api, answers, |_| {}).await
}

fn all(mut receiver: UnboundedReceiver<Progress>) -> Vec<Progress> {
    let mut all = Vec::new();
    while let Ok(progress) = receiver.try_recv() {
        all.push(progress);
    }
    all
}

/// The events of a reply before the one with `part` in it.
fn before(part: &str) -> &'static str {
    let at = CHAT.find(part).unwrap();
    &CHAT[..CHAT[..at].rfind("data: ").unwrap()]
}

/// The error with all its causes.
fn chain(error: &WorkerError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}

#[tokio::test]
async fn a_reply_is_heard_however_it_is_cut() {
    for (api, body) in APIS {
        for portion in [1, 7, 64, 100_000] {
            let done = done(api, [Answer::stream(body).portion(portion)]).await;
            let reply = done.reply.unwrap();
            assert_eq!(
                reply.text, "Grüß dich\n",
                "{api:?} in portions of {portion}"
            );
            let usage = Usage {
                input_tokens: 110,
                output_tokens: 7,
                cost_microdollars: Some(69),
                estimated: false,
            };
            assert_eq!(reply.usage, usage, "{api:?}");
            assert!(!reply.cut_short);
            let texts = done.progress.iter().map(|progress| match progress {
                Progress::Text(text) => text.as_str(),
                other => panic!("{other:?}"),
            });
            assert_eq!(texts.collect::<String>(), reply.text);
        }
    }
}

#[tokio::test]
async fn requests_have_the_shape_of_their_api() {
    let mut shapes = String::new();
    for (api, body) in APIS {
        let done = done(api, [Answer::stream(body)]).await;
        let [asked] = &done.server.asked()[..] else {
            panic!("one request");
        };
        let first = asked.head.lines().next().unwrap().to_owned();
        let known = [
            "authorization",
            "x-api-key",
            "anthropic-version",
            "content-type",
        ];
        let headers = asked
            .head
            .lines()
            .filter(|line| known.iter().any(|name| line.starts_with(name)));
        let headers: Vec<&str> = headers.collect();
        shapes.push_str(&format!("{first}\n{}\n\n", headers.join("\n")));
        recorded(api, &asked.body).assert_eq(&shape(&asked.body));
    }
    expect_test::expect![[r#"
        post /v1/chat/completions http/1.1
        content-type: application/json
        authorization: bearer key-0123456789

        post /v1/responses http/1.1
        content-type: application/json
        authorization: bearer key-0123456789

        post /v1/messages http/1.1
        content-type: application/json
        anthropic-version: 2023-06-01
        x-api-key: key-0123456789

    "#]]
    .assert_eq(&shapes);
}

#[test]
fn openai_itself_is_told_the_limit_by_its_new_name() {
    let prompt = turn().prompt;
    let body = Api::Chat.body(&Request {
        model: "m",
        system: prompt.system(),
        user: prompt.user(),
        max_tokens: 100,
        openai_itself: true,
    });
    recorded(Api::Chat, &body).assert_eq(&shape(&body));
}

/// The recorded request of this shape. `tests/wire` holds it against the vendor's schema.
fn recorded(api: Api, body: &Value) -> expect_test::ExpectFile {
    match api {
        Api::Chat if body["max_tokens"].is_null() => {
            expect_test::expect_file!["tests/chat_openai.request.json"]
        }
        Api::Chat => expect_test::expect_file!["tests/chat.request.json"],
        Api::Responses => expect_test::expect_file!["tests/responses.request.json"],
        Api::Messages => expect_test::expect_file!["tests/messages.request.json"],
    }
}

/// A request without the words of its prompt.
fn shape(body: &Value) -> String {
    let prompt = turn().prompt;
    let told = |text: &str| serde_json::to_string(text).unwrap();
    let shape = serde_json::to_string_pretty(body).unwrap() + "\n";
    shape
        .replace(&told(prompt.system()), "\"SYSTEM\"")
        .replace(&told(prompt.user()), "\"USER\"")
}

#[tokio::test]
async fn what_can_pass_is_tried_again() {
    let start = before(r#""delta":{},"finish_reason":"stop""#);
    let overloaded =
        "event: error\ndata: {\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n";
    for (bad, reason) in [
        (
            Answer::of(
                429,
                "retry-after-ms: 1\r\n",
                "{\"error\":{\"message\":\"slow down\"}}",
            ),
            "slow down",
        ),
        (Answer::of(429, "retry-after: 0\r\n", ""), "429"),
        (Answer::of(500, "", "oops"), "oops"),
        (
            Answer::of(503, "content-type: text/html\r\n", "<h1>down</h1>"),
            "503",
        ),
        (Answer::of(408, "", ""), "408"),
        (
            Answer {
                head: String::new(),
                ..Answer::of(200, "", "")
            },
            "cannot reach",
        ),
        (Answer::stream(start), "closed before the reply was whole"),
        (Answer::stream(""), "closed before the reply was whole"),
        (
            Answer::stream("data: {\"choices\":[{\n\n"),
            "does not answer as its API says",
        ),
        (Answer::stream(overloaded), "busy"),
        (
            Answer::stream(start).then(Then::Stall),
            "sends nothing more",
        ),
        (
            Answer::of(
                200,
                "content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n",
                "5\r\ndata:",
            ),
            "lost",
        ),
    ] {
        let name = format!("{bad:?}");
        // In one piece, for here a pause counts as a fault.
        let good = Answer::stream(CHAT).portion(100_000);
        let done = done_with(Api::Chat, [bad, good], |model| {
            model.limits.idle = Duration::from_secs(1);
        })
        .await;
        let reply = done
            .reply
            .unwrap_or_else(|error| panic!("{name}: {}", chain(&error)));
        assert_eq!(reply.text, "Grüß dich\n", "{name}");
        assert_eq!(done.server.asked().len(), 2, "{name}");
        let retry = done.progress.iter().find_map(|progress| match progress {
            Progress::Retry {
                next_try: 2,
                reason,
                ..
            } => Some(reason.as_str()),
            _ => None,
        });
        let said = retry.unwrap_or_else(|| panic!("{name}: no retry"));
        assert!(said.contains(reason), "{name}: {said}");
    }
}

#[tokio::test]
async fn a_reply_that_broke_off_is_paid_for() {
    let half = &CHAT[..CHAT.find("data: [DONE]").unwrap()].replace("\"stop\"", "null");
    let done = done(Api::Chat, [Answer::stream(half), Answer::stream(CHAT)]).await;
    assert_eq!(done.reply.unwrap().usage.input_tokens, 220);
}

#[tokio::test]
async fn what_cannot_pass_is_told_in_the_servers_words() {
    let said =
        "{\"error\":{\"message\":\"no \\u001b[31mway\\u202e, key-0123456789\",\"type\":\"x\"}}";
    let quota = "{\"error\":{\"message\":\"no money\",\"code\":\"insufficient_quota\"}}";
    let json = "content-type: application/json\r\n";
    let filtered = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\ndata: [DONE]\n\n";
    let broken =
        "data: {\"error\":{\"type\":\"invalid_request_error\",\"message\":\"too long\"}}\n\n";
    for (answer, expected) in [
        (
            Answer::of(400, json, said),
            "refused with status 400: no way, (key)",
        ),
        (Answer::of(401, json, said), "status 401: no way"),
        (
            Answer::of(403, json, "{\"message\":\"m\"}"),
            "status 403: m",
        ),
        (
            Answer::of(404, "", "page not found"),
            "status 404: page not found",
        ),
        (Answer::of(422, json, "{\"detail\":\"d\"}"), "status 422: d"),
        (
            Answer::of(404, json, "{\"error\":\"model 'm' not found\"}"),
            "model 'm' not found",
        ),
        (Answer::of(429, json, quota), "status 429: no money"),
        (
            Answer::of(429, "retry-after: 100000\r\n", "later"),
            "asks to wait 100000s",
        ),
        (
            Answer::of(307, "location: http://127.0.0.1:1/x\r\n", ""),
            "redirects elsewhere",
        ),
        (
            Answer::of(200, "content-type: text/html\r\n", "<p>hi"),
            "content type text/html, and says: <p>hi",
        ),
        (Answer::of(200, json, said), "says: no way"),
        (Answer::of(200, "", ""), "content type none"),
        (
            Answer::stream(filtered),
            "declines to answer: a content filter",
        ),
        (Answer::stream(broken), "the server failed: too long"),
    ] {
        let name = format!("{answer:?}");
        let done = done(Api::Chat, [answer]).await;
        let error = chain(&done.reply.unwrap_err());
        assert!(error.contains(expected), "{name}: {error}");
        assert!(!error.contains(KEY), "{error}");
        assert_eq!(done.server.asked().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn trying_comes_to_an_end() {
    let answers = vec![Answer::of(500, "", "oops"); 10];
    let done = done(Api::Messages, answers).await;
    let error = chain(&done.reply.unwrap_err());
    assert_eq!(
        error,
        "given up after 5 tries: the server refused with status 500: oops"
    );
    assert_eq!(done.server.asked().len(), 5);
}

#[tokio::test]
async fn endless_output_is_not_read() {
    let text = "data: {\"choices\":[{\"delta\":{\"content\":\"again and again\"}}]}\n\n";
    for body in [text, "data: no end of line ", ": comment\n"] {
        let answer = Answer::stream(body).then(Then::Repeat);
        let done = done_with(Api::Chat, [answer], |model| model.limits.bytes = 100_000).await;
        let error = done.reply.unwrap_err();
        assert!(
            matches!(error, WorkerError::TooLong { limit: 100_000 }),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_end_without_the_last_event_will_do() {
    let whole = before(r#""choices":[],"usage""#);
    for then in [Then::Close, Then::Stall] {
        let answer = Answer::stream(whole).portion(100_000).then(then);
        let done = done_with(Api::Chat, [answer], |model| {
            model.limits.idle = Duration::from_millis(100);
        })
        .await;
        let usage = done.reply.unwrap().usage;
        assert!(usage.estimated);
        assert_eq!(usage.output_tokens, 3);
        assert!(usage.input_tokens > 100, "{usage:?}");
    }
}

#[tokio::test]
async fn a_reply_at_its_limit_is_cut_short() {
    for (api, body) in [
        (Api::Chat, CHAT.replace("\"stop\"", "\"length\"")),
        (Api::Messages, MESSAGES.replace("end_turn", "max_tokens")),
        (
            Api::Responses,
            RESPONSES
                .replace("response.completed", "response.incomplete")
                .replace(
                    "\"incomplete_details\":null",
                    "\"incomplete_details\":{\"reason\":\"max_output_tokens\"}",
                ),
        ),
    ] {
        let reply = done(api, [Answer::stream(&body)]).await.reply.unwrap();
        assert!(reply.cut_short, "{api:?}");
        assert_eq!(reply.usage.output_tokens, 7);
    }
}

#[tokio::test]
async fn failures_within_a_stream_are_known_in_each_api() {
    for (api, event) in [
        (
            Api::Responses,
            r#"{"type":"response.failed","response":{"error":{"code":"invalid_prompt","message":"no"}}}"#,
        ),
        (
            Api::Responses,
            r#"{"type":"error","code":"invalid_prompt","message":"no","param":null}"#,
        ),
        (
            Api::Messages,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"no"}}"#,
        ),
        (Api::Chat, r#"{"error":{"code":400,"message":"no"}}"#),
        (Api::Chat, r#"{"error":"no"}"#),
    ] {
        let done = done(api, [Answer::stream(&format!("data: {event}\n\n"))]).await;
        let error = done.reply.unwrap_err().to_string();
        assert_eq!(error, "the server failed: no", "{event}");
    }
}

#[tokio::test]
async fn time_is_limited_and_the_connection_closed() {
    let silent = Answer {
        head: String::new(),
        ..Answer::of(200, "", "")
    }
    .then(Then::Stall);
    for answer in [silent, Answer::stream("").then(Then::Stall)] {
        let done = done_with(Api::Chat, [answer], |model| {
            model.limits.total = Duration::from_millis(500);
        })
        .await;
        let error = done.reply.unwrap_err();
        assert!(matches!(error, WorkerError::TimedOut { .. }), "{error}");
        done.server.is_left().await;
    }
}

#[tokio::test]
async fn cancelling_ends_a_turn_and_its_connection() {
    let start = &CHAT[..CHAT.len() / 2];
    let server = Server::start([Answer::stream(start).then(Then::Stall)]).await;
    let model = model(Api::Chat, &server.url);
    let cancel = CancellationToken::new();
    let (sender, mut receiver) = unbounded_channel();
    let turn = turn();
    let (reply, ()) = tokio::join!(model.turn(&turn, &cancel, &sender), async {
        receiver.recv().await;
        cancel.cancel();
    });
    assert!(matches!(reply, Err(WorkerError::Cancelled)), "{reply:?}");
    server.is_left().await;
}

#[tokio::test]
async fn only_proxies_of_the_given_environment_are_asked() {
    let proxy = Server::start([Answer::stream(CHAT)]).await;
    let mut env = env();
    env.insert("HTTP_PROXY".into(), proxy.url.clone());
    let (sender, _receiver) = unbounded_channel();
    let far = Model::new("w", Api::Chat, &settings("http://model.invalid/v1"), &env).unwrap();
    far.turn(&turn(), &CancellationToken::new(), &sender)
        .await
        .unwrap();
    let asked = &proxy.asked()[0];
    assert!(
        asked
            .head
            .starts_with("post http://model.invalid/v1/chat/completions "),
        "{asked:?}"
    );

    let server = Server::start([Answer::stream(CHAT)]).await;
    let near = Model::new("w", Api::Chat, &settings(&server.url), &env).unwrap();
    near.turn(&turn(), &CancellationToken::new(), &sender)
        .await
        .unwrap();
    assert_eq!((server.asked().len(), proxy.asked().len()), (1, 1));
}
