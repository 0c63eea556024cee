//! What the server says of its own accord.

use greenward_lsp::transport::{Ended, OutputError};
use serde_json::{Value, json};

use crate::harness::Server;

#[test]
fn nothing_but_messages_to_the_user_leaves_before_initialized() {
    let mut server = Server::start();
    server.request(0, "initialize", json!({ "capabilities": {} }));
    assert_eq!(server.next()["method"], "window/logMessage");
    server.next_result(0);
    server.notify("test/ask", json!({}));
    server.check_alive();
    server.notify("initialized", json!({}));
    assert_eq!(server.next_note(), "early");
    let asked = server.next();
    assert_eq!(asked["method"], "test/ask");
    assert_eq!(server.next_note(), "initialized");
    server.reply(&asked["id"], json!(1));
    assert_eq!(server.next_note(), 1);
}

/// Has the server ask, answers with these fields beside the id, and looks at what it makes of it.
fn check_reply(reply: Value, expected: Value) {
    let mut server = Server::ready();
    server.notify("test/ask", json!({ "what": 1 }));
    let asked = server.next();
    assert_eq!(asked["method"], "test/ask");
    assert_eq!(asked["params"], json!({ "what": 1 }));
    let mut message = json!({ "jsonrpc": "2.0", "id": asked["id"] });
    let fields = message.as_object_mut().unwrap();
    fields.extend(reply.as_object().unwrap().clone());
    server.send(&message);
    assert_eq!(server.next_note(), expected);
    server.check_alive();
}

#[test]
fn a_reply_reaches_who_asked() {
    let error = |code: i64| json!({ "error": { "code": code, "message": "no" } });
    check_reply(json!({ "result": 7 }), json!(7));
    check_reply(json!({ "result": "seven" }), json!("malformed"));
    check_reply(error(-32601), json!("no test/ask"));
    check_reply(error(-32803), json!(-32803));
}

#[test]
fn a_request_without_parameters_has_none() {
    let mut server = Server::ready();
    server.notify("test/askFolders", Value::Null);
    let asked = server.next();
    assert_eq!(asked["method"], "workspace/workspaceFolders");
    assert_eq!(asked.get("params"), None);
}

#[test]
fn a_request_that_the_client_never_answers_is_taken_back() {
    let mut server = Server::ready();
    server.notify("test/ask", json!({ "limitMs": 20 }));
    let asked = server.next();
    let taken_back = server.next();
    assert_eq!(taken_back["method"], "$/cancelRequest");
    assert_eq!(taken_back["params"], json!({ "id": asked["id"] }));
    assert_eq!(server.next_note(), "no reply");
    // Too late.
    server.reply(&asked["id"], json!(1));
    server.check_alive();
}

#[test]
fn a_client_that_answers_nothing_does_not_keep_the_server() {
    let mut server = Server::ready();
    for _ in 0..100 {
        server.notify("test/ask", json!({}));
    }
    server.request(1, "shutdown", Value::Null);
    server.notify("exit", Value::Null);
    assert_eq!(server.ended().code(), 0);
}

#[test]
fn progress_is_coalesced_but_begin_and_end_always_come() {
    let mut server = Server::ready();
    server.request(1, "test/progress", 1000);
    let mut kinds = Vec::new();
    loop {
        let message = server.next();
        match message["params"]["value"]["kind"].as_str() {
            Some(kind) => kinds.push(kind.to_owned()),
            None => break,
        }
    }
    let reports = kinds.iter().filter(|kind| *kind == "report").count();
    assert_eq!(kinds.first().map(String::as_str), Some("begin"));
    assert_eq!(kinds.last().map(String::as_str), Some("end"));
    assert_eq!(kinds.len(), reports + 2);
    assert!(reports < 100, "{reports} reports");
}

#[test]
fn a_client_that_stops_reading_does_not_keep_the_server() {
    let mut server = Server::ready();
    server.request(1, "test/flood", json!({ "count": 100, "size": 100_000 }));
    server.request(2, "shutdown", Value::Null);
    server.notify("exit", Value::Null);
    assert_eq!(server.ended().code(), 0);
}

#[test]
fn a_client_that_stops_reading_counts_as_gone_when_too_much_waits() {
    let mut server = Server::ready();
    server.request(1, "test/flood", json!({ "count": 70, "size": 1_000_000 }));
    let ended = server.ended();
    assert!(
        matches!(ended, Ended::OutputBroken(OutputError::Stalled)),
        "{ended:?}"
    );
    assert_eq!(ended.code(), 1);
}

#[test]
fn who_sends_in_bulk_holds_up_nobody() {
    let mut server = Server::ready();
    let count = 300;
    let flood = json!({ "count": count, "size": 100_000, "polite": true });
    server.request(1, "test/flood", flood);
    server.request(2, "test/echo", json!([]));
    let mut notes = 0;
    let mut answers = Vec::new();
    while answers.len() < 2 {
        let message = server.next();
        match message["id"].as_u64() {
            Some(id) => answers.push((id, notes)),
            None => {
                assert_eq!(message["params"][0], notes);
                notes += 1;
            }
        }
    }
    assert_eq!(notes, count);
    assert_eq!(answers[0].0, 2);
    assert!(answers[0].1 < count, "answered last");
}

#[test]
fn what_tower_lsp_sends_itself_is_lost_but_holds_up_nobody() {
    let mut server = Server::ready();
    server.request(1, "test/useInnerClient", Value::Null);
    assert_eq!(server.next_result(1), Value::Null);
}
