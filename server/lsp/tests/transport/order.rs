//! Handlers begin in the order of the messages, and do not wait for each other.

use serde_json::{Value, json};

use crate::harness::Server;

fn change(server: &mut Server, version: i32) {
    server.notify(
        "textDocument/didChange",
        json!({
            "textDocument": { "uri": "file:///a", "version": version },
            "contentChanges": [],
        }),
    );
}

#[test]
fn changes_arrive_in_order() {
    let mut server = Server::ready();
    let versions: Vec<i32> = (0..1000).collect();
    for &version in &versions {
        change(&mut server, version);
    }
    server.request(1, "test/changes", Value::Null);
    assert_eq!(server.next_result(1), json!(versions));
}

#[test]
fn a_request_sees_every_change_before_it_and_none_after() {
    let mut server = Server::ready();
    for round in 1..=20 {
        for version in 0..50 {
            change(&mut server, version);
        }
        server.request(round, "test/changes", Value::Null);
        change(&mut server, 50);
        let seen = server.next_result(round);
        assert_eq!(seen.as_array().map(Vec::len), Some(round * 51 - 1));
    }
}

#[test]
fn a_request_does_not_wait_for_those_before_it() {
    let mut server = Server::ready();
    for id in 1..=200 {
        server.request(id, "test/hang", Value::Null);
    }
    server.check_alive();
}

#[test]
fn handlers_may_wait_for_the_client_however_many_do() {
    let mut server = Server::ready();
    for number in 0..500 {
        server.notify("test/ask", json!({ "number": number }));
    }
    let mut asked: Vec<Value> = (0..500).map(|_| server.next()).collect();
    server.check_alive();
    for request in asked.iter_mut().rev() {
        assert_eq!(request["method"], "test/ask");
        let number = request["params"]["number"].take();
        server.reply(&request["id"], number);
    }
    let mut told: Vec<u64> = (0..500)
        .map(|_| server.next_note().as_u64().unwrap())
        .collect();
    told.sort_unstable();
    assert_eq!(told, (0..500).collect::<Vec<_>>());
}
