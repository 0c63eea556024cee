//! From `initialize` to the end.

use std::sync::atomic::Ordering;

use greenward_lsp::transport::Ended;
use serde_json::{Value, json};

use crate::harness::Server;

/// Sends everything at once, keeps the input open, and looks at how the server ends.
fn check_end(methods: &[&str], close_input: bool, expected: &str, code: u8) {
    let mut server = Server::start();
    for (id, method) in methods.iter().enumerate() {
        match *method {
            "initialize" => server.request(id, method, json!({ "capabilities": {} })),
            "shutdown" | "test/hang" => server.request(id, method, Value::Null),
            _ => server.notify(method, Value::Null),
        }
    }
    if close_input {
        server.close_input();
    }
    let ended = server.ended();
    assert_eq!(format!("{ended:?}"), expected, "{methods:?}");
    assert_eq!(ended.code(), code, "{methods:?}");
}

#[test]
fn exit_ends_the_server_while_its_input_stays_open() {
    const PROPER: &str = "Exit { after_shutdown: true }";
    const SUDDEN: &str = "Exit { after_shutdown: false }";
    check_end(
        &["initialize", "initialized", "shutdown", "exit"],
        false,
        PROPER,
        0,
    );
    check_end(
        &["initialize", "initialized", "test/hang", "shutdown", "exit"],
        false,
        PROPER,
        0,
    );
    check_end(&["initialize", "shutdown", "exit"], false, PROPER, 0);
    check_end(&["initialize", "initialized", "exit"], false, SUDDEN, 1);
    check_end(
        &["initialize", "initialized", "test/hang", "exit"],
        false,
        SUDDEN,
        1,
    );
    check_end(&["exit"], false, SUDDEN, 1);
    check_end(&["shutdown", "exit"], false, SUDDEN, 1);
}

#[test]
fn the_end_of_the_input_ends_the_server() {
    check_end(&[], true, "InputClosed", 1);
    check_end(
        &["initialize", "initialized", "test/hang"],
        true,
        "InputClosed",
        1,
    );
    check_end(
        &["initialize", "initialized", "shutdown"],
        true,
        "InputClosed",
        1,
    );
}

#[test]
fn everything_said_at_once_is_answered() {
    let mut server = Server::start();
    server.request(
        1,
        "initialize",
        json!({ "capabilities": {}, "initializationOptions": "wait" }),
    );
    server.notify("initialized", json!({}));
    server.request(2, "test/echo", json!(["early bird"]));
    server.request(3, "shutdown", Value::Null);
    server.notify("exit", Value::Null);
    assert_eq!(server.next()["method"], "window/logMessage");
    server.probe.gate.notify_one();
    assert_eq!(server.next_result(1), json!({"capabilities": {}}));
    assert_eq!(server.next_note(), "early");
    assert_eq!(server.next_note(), "initialized");
    assert_eq!(server.next_result(2), json!(["early bird"]));
    assert_eq!(server.next_result(3), Value::Null);
    assert_eq!(server.try_next(), None);
    assert_eq!(server.ended().code(), 0);
}

#[test]
fn exit_does_not_wait_for_an_initialize_that_hangs() {
    let mut server = Server::start();
    server.request(
        1,
        "initialize",
        json!({ "capabilities": {}, "initializationOptions": "wait" }),
    );
    server.notify("exit", Value::Null);
    assert_eq!(server.ended().code(), 1);
}

#[test]
fn handlers_are_dropped_at_the_end() {
    let mut server = Server::ready();
    for id in 1..=3 {
        server.request(id, "test/hang", Value::Null);
    }
    server.check_alive();
    server.notify("exit", Value::Null);
    server.ended();
    assert_eq!(server.probe.dropped.load(Ordering::SeqCst), 3);
}

#[test]
fn nothing_is_taken_before_initialize() {
    let mut server = Server::start();
    for (id, method) in ["test/echo", "shutdown", "no/such", "$/no"]
        .into_iter()
        .enumerate()
    {
        server.request(id, method, json!({}));
        assert_eq!(server.next_error(id), -32002, "{method}");
    }
    server.notify("initialized", json!({}));
    server.notify("initialize", json!({ "capabilities": {} }));
    server.notify("test/panicNote", json!(true));
    server.initialize(Value::Null);
}

#[test]
fn initialize_can_be_tried_again_only_if_it_failed() {
    let mut server = Server::start();
    let failing = json!({ "capabilities": {}, "initializationOptions": "fail" });
    for (id, params) in [(1, json!("no object")), (2, failing)] {
        server.request(id, "initialize", params);
        let answer = loop {
            let message = server.next();
            if message["id"] == id {
                break message;
            }
        };
        assert!(answer["error"].is_object(), "{answer}");
    }
    server.request(3, "initialize", json!({ "capabilities": {} }));
    assert_eq!(server.next()["method"], "window/logMessage");
    server.next_result(3);
    server.request(4, "initialize", json!({ "capabilities": {} }));
    assert_eq!(server.next_error(4), -32600);
}

#[test]
fn nothing_is_taken_after_shutdown() {
    let mut server = Server::ready();
    server.request(1, "test/hang", Value::Null);
    server.request(2, "shutdown", Value::Null);
    assert_eq!(server.next_result(2), Value::Null);
    for (id, method) in ["test/echo", "shutdown", "initialize", "no/such"]
        .into_iter()
        .enumerate()
    {
        server.request(id, method, Value::Null);
        assert_eq!(server.next_error(id), -32600, "{method}");
    }
    server.notify("test/panicNote", json!(true));
    // What runs can still be cancelled.
    server.notify("$/cancelRequest", json!({ "id": 1 }));
    assert_eq!(server.next_error(1), -32800);
}

#[test]
fn shutdown_takes_any_parameters_but_needs_an_id() {
    for params in [Value::Null, json!({}), json!([])] {
        let mut server = Server::ready();
        server.notify("shutdown", params.clone());
        server.check_alive();
        server.request(1, "shutdown", params);
        assert_eq!(server.next_result(1), Value::Null);
    }
}

#[test]
fn initialized_needs_no_parameters() {
    let mut server = Server::start();
    server.request(0, "initialize", json!({ "capabilities": {} }));
    server.next();
    server.next();
    server.send(&json!({ "jsonrpc": "2.0", "method": "initialized" }));
    assert_eq!(server.next_note(), "early");
    assert_eq!(server.next_note(), "initialized");
}

#[test]
fn the_server_goes_when_the_clients_process_goes() {
    let mut server = Server::start();
    server.initialize(json!(1));
    server.check_alive();
    server.probe.client_gone.store(true, Ordering::SeqCst);
    let ended = server.ended();
    assert!(matches!(ended, Ended::ClientGone), "{ended:?}");
    assert_eq!(ended.code(), 1);
}

#[test]
fn a_process_that_was_never_seen_is_not_watched() {
    for process in [json!(2), json!(0), json!(null)] {
        let mut server = Server::start();
        server.initialize(process);
        // The first look would be at once, in one of these turns.
        for _ in 0..50 {
            server.check_alive();
        }
    }
}

#[test]
fn the_server_goes_when_its_output_is_closed() {
    let mut server = Server::ready();
    server.close_output();
    server.request(1, "test/echo", json!([]));
    let ended = server.ended();
    assert!(matches!(ended, Ended::OutputBroken(_)), "{ended:?}");
    assert_eq!(ended.code(), 1);
}

#[test]
fn a_client_may_close_its_end_between_shutdown_and_exit() {
    let mut server = Server::ready();
    server.request(1, "shutdown", Value::Null);
    server.next_result(1);
    server.close_output();
    server.request(2, "test/echo", json!([]));
    server.wait_for_abandoned_output();
    for id in 3..50 {
        server.request(id, "test/echo", json!([]));
    }
    server.notify("exit", Value::Null);
    assert_eq!(server.ended().code(), 0);
}
