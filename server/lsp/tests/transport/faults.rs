//! What clients get wrong, and what handlers do.

use greenward_lsp::transport::{Ended, FrameError};
use serde_json::{Value, json};

use crate::harness::Server;

#[test]
fn what_is_no_message_is_answered_and_the_server_lives_on() {
    for (body, id, code) in [
        (
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":",
            Value::Null,
            -32700,
        ),
        ("", Value::Null, -32700),
        (
            "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"test/echo\",\"params\":[]}]",
            Value::Null,
            -32600,
        ),
        ("42", Value::Null, -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":1}", json!(1), -32600),
        (
            "{\"id\":1,\"method\":\"test/echo\",\"params\":[]}",
            json!(1),
            -32600,
        ),
        (
            "{\"jsonrpc\":\"2.0\",\"id\":[],\"method\":\"test/echo\"}",
            Value::Null,
            -32600,
        ),
    ] {
        let mut server = Server::ready();
        server.send_body(body);
        assert_eq!(server.next_error(id), code, "{body}");
        server.check_alive();
    }
}

#[test]
fn a_bad_length_is_answered_and_the_server_lives_on() {
    for bytes in [
        "Content-Length: abc\r\n\r\n{}",
        "Content-Length: -5\r\n\r\n{}",
        "Content-Length\r\n\r\n{}",
        "X-Odd: 1\r\n\r\n{}",
    ] {
        let mut server = Server::ready();
        server.send_bytes(bytes.as_bytes());
        assert_eq!(server.next_error(Value::Null), -32700, "{bytes}");
        server.check_alive();
    }
}

#[test]
fn a_length_that_is_too_short_is_answered_and_the_server_lives_on() {
    let mut server = Server::ready();
    server.send_bytes(b"Content-Length: 5\r\n\r\n{\"jsonrpc\":\"2.0\"}");
    assert_eq!(server.next_error(Value::Null), -32700);
    server.request(1, "test/echo", json!([1]));
    assert_eq!(server.next_error(Value::Null), -32700);
    assert_eq!(server.next_result(1), json!([1]));
}

#[test]
fn half_a_surrogate_pair_is_mended() {
    let mut server = Server::ready();
    server.send_body(r#"{"jsonrpc":"2.0","id":1,"method":"test/echo","params":["a\ud800b"]}"#);
    assert_eq!(server.next_result(1), json!(["a\u{fffd}b"]));
}

#[test]
fn a_length_that_cannot_be_meant_ends_the_server() {
    let mut server = Server::ready();
    server.send_bytes(b"Content-Length: 5000000000000\r\n\r\n{");
    let ended = server.ended();
    assert!(
        matches!(
            ended,
            Ended::InputBroken(FrameError::AbsurdLength {
                length: 5_000_000_000_000
            })
        ),
        "{ended:?}"
    );
    assert_eq!(ended.code(), 1);
}

#[test]
fn an_end_in_the_middle_of_a_frame_ends_the_server() {
    for bytes in ["Content-Len", "Content-Length: 100\r\n\r\n{\"jsonrpc\""] {
        let mut server = Server::ready();
        server.send_bytes(bytes.as_bytes());
        server.close_input();
        let ended = server.ended();
        assert!(
            matches!(ended, Ended::InputBroken(FrameError::Truncated)),
            "{ended:?}"
        );
        assert_eq!(ended.code(), 1);
    }
}

#[test]
fn a_message_that_comes_in_single_bytes_is_understood() {
    let mut server = Server::ready();
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"test/echo","params":["é"]}"#;
    for byte in format!("Content-Length: {}\r\n\r\n{body}", body.len()).bytes() {
        server.send_bytes(&[byte]);
    }
    assert_eq!(server.next_result(1), json!(["é"]));
}

#[test]
fn a_panic_is_an_error_of_its_request_alone() {
    let mut server = Server::ready();
    for (id, at_once) in [(1, true), (2, false)] {
        server.request(id, "test/panic", at_once);
        let answer = server.next();
        assert_eq!(answer["id"], id);
        assert_eq!(answer["error"]["code"], -32603);
        let message = answer["error"]["message"].as_str().unwrap();
        assert_eq!(
            message,
            "test/panic: the handler panicked: as the test wants it"
        );
    }
    server.check_alive();
}

#[test]
fn a_panic_in_a_notification_does_not_make_the_server_deaf() {
    let mut server = Server::ready();
    for round in 0..10 {
        server.notify("test/panicNote", round % 2 == 0);
    }
    server.check_alive();
}

#[test]
fn calls_that_nobody_handles_are_answered() {
    let mut server = Server::ready();
    for (method, params, code) in [
        ("no/such", Value::Null, -32601),
        ("$/no/such", Value::Null, -32601),
        ("$/no/such", json!({}), -32601),
        ("test/panic", json!("no boolean"), -32602),
        ("test/hang", json!({ "unwanted": 1 }), -32602),
        ("test/panicNote", json!(true), -32600),
    ] {
        server.request(1, method, params);
        assert_eq!(server.next_error(1), code, "{method}");
    }
    server.notify("no/such", Value::Null);
    server.notify("$/no/such", json!({}));
    server.notify("test/echo", json!([]));
    server.notify("textDocument/didChange", json!("no object"));
    server.check_alive();
}

#[test]
fn replies_that_nobody_waits_for_are_passed_over() {
    let mut server = Server::ready();
    server.reply(&json!(77), json!(1));
    server.reply(&Value::Null, json!(1));
    server.send(&json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32700, "message": "x"}}));
    server.check_alive();
}
