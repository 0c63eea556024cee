use serde_json::json;

use super::*;

const LANE: &str = "/lanes/1/tree";

fn begin(permissions: Permissions) -> (Conversation<'static>, Value) {
    let (conversation, first) = Conversation::begin("Do it.", LANE.into(), permissions);
    (conversation, serde_json::from_str(&first).unwrap())
}

/// A conversation in which the agent has the prompt.
fn prompted(permissions: Permissions) -> Conversation<'static> {
    let (mut conversation, _) = begin(permissions);
    for answer in [json!({"protocolVersion": 1}), json!({"sessionId": "s1"})] {
        let id = conversation.stage.asked().0;
        conversation.take(&json!({"jsonrpc": "2.0", "id": id, "result": answer}).to_string());
    }
    conversation
}

fn update(update: Value) -> String {
    let params = json!({"sessionId": "s1", "update": update});
    json!({"jsonrpc": "2.0", "method": "session/update", "params": params}).to_string()
}

fn says(text: &str) -> String {
    let content = json!({"type": "text", "text": text});
    update(json!({"sessionUpdate": "agent_message_chunk", "content": content}))
}

fn stops(reason: &str) -> String {
    json!({"jsonrpc": "2.0", "id": 3, "result": {"stopReason": reason}}).to_string()
}

/// What is sent and told, as it is.
fn named(steps: Vec<Step>) -> Vec<String> {
    let names = steps.into_iter().map(|step| match step {
        Step::Send(message) => message.trim_end().to_owned(),
        Step::Tell(Progress::Line(line)) => format!("line {line}"),
        Step::Tell(Progress::Text(text)) => format!("text {text}"),
        Step::Tell(progress) => format!("{progress:?}"),
        Step::Over(Ok(said)) => format!("over {:?}, cut short: {}", said.text, said.cut_short),
        Step::Over(Err(error)) => format!("failed: it {error}; may pass: {}", error.may_pass()),
    });
    names.collect()
}

#[test]
fn an_agent_is_met_given_a_session_in_the_lane_and_the_prompt() {
    let (mut conversation, hello) = begin(Permissions::Allow);
    assert_eq!(hello["method"], "initialize");
    assert_eq!(hello["params"]["protocolVersion"], 1);
    assert_eq!(hello["params"]["clientInfo"]["name"], "greenward");
    let files = json!({"readTextFile": false, "writeTextFile": false});
    assert_eq!(hello["params"]["clientCapabilities"]["fs"], files);
    let mut sent = |line: Value| -> Value {
        let steps = conversation.take(&line.to_string());
        let [Step::Send(message)] = steps.as_slice() else {
            panic!("{steps:?}")
        };
        serde_json::from_str(message).unwrap()
    };
    let session = sent(json!({"jsonrpc": "2.0", "id": 1, "result": {"protocolVersion": 1}}));
    assert_eq!(session["method"], "session/new");
    assert_eq!(session["params"], json!({"cwd": LANE, "mcpServers": []}));
    let prompt = sent(json!({"jsonrpc": "2.0", "id": 2, "result": {"sessionId": "s1"}}));
    assert_eq!(prompt["method"], "session/prompt");
    let text = json!([{"type": "text", "text": "Do it."}]);
    assert_eq!(prompt["params"], json!({"sessionId": "s1", "prompt": text}));
}

#[test]
fn what_it_says_is_gathered_and_what_it_does_is_told() {
    let mut conversation = prompted(Permissions::Allow);
    let call =
        json!({"sessionUpdate": "tool_call", "toolCallId": "1", "title": "Edit \u{1b}[1ma.rs"});
    let renamed =
        json!({"sessionUpdate": "tool_call_update", "toolCallId": "1", "title": "Edited"});
    let quiet =
        json!({"sessionUpdate": "tool_call_update", "toolCallId": "1", "status": "completed"});
    let entry = |content: &str, status: &str| json!({"content": content, "priority": "low", "status": status});
    let plan = json!({
        "sessionUpdate": "plan",
        "entries": [entry("look", "completed"), entry("write", "in_progress")],
    });
    for (line, expected) in [
        (says("I will "), &["text I will "][..]),
        (says("look."), &["text look."]),
        (update(call), &["line Edit a.rs"]),
        (update(renamed), &["line Edited"]),
        (update(quiet), &[]),
        (update(plan), &["line write"]),
        (says("Done."), &["text Done."]),
        (update(json!({"sessionUpdate": "what_comes_later"})), &[]),
        (
            "Loading the model...".to_owned(),
            &["line Loading the model..."],
        ),
        (String::new(), &[]),
        (
            stops("end_turn"),
            &["over \"I will look.\\nDone.\", cut short: false"],
        ),
    ] {
        assert_eq!(named(conversation.take(&line)), expected, "{line}");
    }
    // Nothing is over twice.
    assert_eq!(named(conversation.take(&stops("end_turn"))), [""; 0]);
}

#[track_caller]
fn check_end(line: String, expected: &str) {
    let mut conversation = prompted(Permissions::Allow);
    assert_eq!(named(conversation.take(&line)), [expected], "{line}");
}

#[test]
fn each_way_to_stop_has_its_meaning() {
    check_end(stops("max_tokens"), "over \"\", cut short: true");
    check_end(stops("max_turn_requests"), "over \"\", cut short: true");
    check_end(
        stops("refusal"),
        "failed: it declines to do this; may pass: false",
    );
    check_end(
        stops("cancelled"),
        "failed: it has stopped: its turn was cancelled; may pass: true",
    );
    let error = json!({"code": -32603, "message": "Internal error", "data": {"model": "none"}});
    check_end(
        json!({"jsonrpc": "2.0", "id": 3, "error": error}).to_string(),
        "failed: it has refused `session/prompt`: Internal error: {\"model\":\"none\"}; may pass: true",
    );
}

/// The agent answers the first request with this.
#[track_caller]
fn check_hello(answer: Value, expected: &str) {
    let (mut conversation, _) = begin(Permissions::Allow);
    let mut line = json!({"jsonrpc": "2.0", "id": 1});
    line.as_object_mut()
        .unwrap()
        .extend(answer.as_object().unwrap().clone());
    let said = named(conversation.take(&line.to_string())).concat();
    assert!(said.starts_with(expected), "{said}");
}

#[test]
fn an_agent_that_cannot_be_talked_to_says_why() {
    check_hello(
        json!({"result": {"protocolVersion": 7}}),
        "failed: it speaks version 7 of the Agent Client Protocol, and Greenward version 1; \
         may pass: false",
    );
    check_hello(
        json!({"error": {"code": -32000, "message": "Authentication required"}}),
        "failed: it wants you to log in first: Authentication required; may pass: false",
    );
    check_hello(
        json!({"result": {"name": "another server"}}),
        "failed: it does not answer `initialize` as the Agent Client Protocol says: ",
    );
    check_hello(
        json!({"error": {"code": -32601, "message": "Method not found"}}),
        "failed: it has refused `initialize`: Method not found",
    );
}

/// What an agent that asks for permission is answered, with these options.
#[track_caller]
fn check_permission(permissions: Permissions, options: &[&str], told: &str, chosen: Option<&str>) {
    let mut conversation = prompted(permissions);
    let options: Vec<Value> = options
        .iter()
        .map(|kind| json!({"optionId": format!("o-{kind}"), "name": kind, "kind": kind}))
        .collect();
    let call = json!({"toolCallId": "1", "title": "Run rm"});
    let params = json!({"sessionId": "s1", "toolCall": call, "options": options});
    let line = json!({
        "jsonrpc": "2.0", "id": "p", "method": "session/request_permission", "params": params,
    });
    let steps = conversation.take(&line.to_string());
    let [Step::Tell(said), Step::Send(answer)] = steps.as_slice() else {
        panic!("{steps:?}")
    };
    let (Progress::Line(line) | Progress::Note(line)) = said else {
        panic!("{said:?}")
    };
    assert_eq!(line, told);
    // What was not allowed is still to be seen afterwards.
    assert_eq!(matches!(said, Progress::Note(_)), told.starts_with("not"));
    let answer: Value = serde_json::from_str(answer).unwrap();
    assert_eq!(answer["id"], "p");
    let outcome = match chosen {
        Some(kind) => json!({"outcome": "selected", "optionId": format!("o-{kind}")}),
        None => json!({"outcome": "cancelled"}),
    };
    assert_eq!(answer["result"]["outcome"], outcome);
}

#[test]
fn permission_is_given_for_once_as_the_settings_say() {
    use Permissions::{Allow, Reject};
    let all = ["reject_always", "reject_once", "allow_always", "allow_once"];
    check_permission(Allow, &all, "allowed: Run rm", Some("allow_once"));
    check_permission(Reject, &all, "not allowed: Run rm", Some("reject_once"));
    check_permission(
        Allow,
        &["allow_always"],
        "allowed: Run rm",
        Some("allow_always"),
    );
    check_permission(
        Allow,
        &["reject_once"],
        "not allowed: Run rm",
        Some("reject_once"),
    );
    check_permission(Reject, &["allow_once"], "not allowed: Run rm", None);
    check_permission(Allow, &[], "not allowed: Run rm", None);
}

#[test]
fn files_and_terminals_of_ours_are_not_to_be_had() {
    let mut conversation = prompted(Permissions::Allow);
    for (method, code) in [
        ("fs/write_text_file", -32601),
        ("fs/read_text_file", -32601),
        ("terminal/create", -32601),
        ("anything", -32601),
        ("session/request_permission", -32602),
    ] {
        let line = json!({"jsonrpc": "2.0", "id": 9, "method": method, "params": {}});
        let steps = conversation.take(&line.to_string());
        let [Step::Send(answer)] = steps.as_slice() else {
            panic!("{steps:?}")
        };
        let answer: Value = serde_json::from_str(answer).unwrap();
        assert_eq!(
            (&answer["id"], &answer["error"]["code"]),
            (&json!(9), &json!(code))
        );
    }
}

#[test]
fn what_it_used_is_known_as_far_as_it_tells() {
    let mut conversation = prompted(Permissions::Allow);
    for (amount, currency) in [(0.25, "USD"), (9.0, "EUR")] {
        let cost = json!({"amount": amount, "currency": currency});
        let used =
            json!({"sessionUpdate": "usage_update", "used": 1200, "size": 9000, "cost": cost});
        assert_eq!(conversation.take(&update(used)), []);
    }
    let steps = conversation.take(&stops("end_turn"));
    let [Step::Over(Ok(said))] = steps.as_slice() else {
        panic!("{steps:?}")
    };
    let usage = Usage {
        input_tokens: 1200,
        output_tokens: 0,
        cost_microdollars: Some(250_000),
        estimated: true,
    };
    assert_eq!(said.usage, usage);
}

#[test]
fn a_turn_can_be_cancelled_once_it_is_asked_for() {
    let (conversation, _) = begin(Permissions::Allow);
    assert_eq!(conversation.cancel(), None);
    let cancel: Value =
        serde_json::from_str(&prompted(Permissions::Allow).cancel().unwrap()).unwrap();
    assert_eq!(cancel["method"], "session/cancel");
    assert_eq!(cancel["params"], json!({"sessionId": "s1"}));
}

#[test]
fn answers_to_other_questions_change_nothing() {
    let mut conversation = prompted(Permissions::Allow);
    for id in [0, 1, 2, 4, u64::MAX] {
        let line = json!({"jsonrpc": "2.0", "id": id, "result": {"stopReason": "end_turn"}});
        assert_eq!(conversation.take(&line.to_string()), [], "{id}");
    }
}
