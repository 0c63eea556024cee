//! `$/cancelRequest`, and ids in general.

use serde_json::{Value, json};

use crate::harness::Server;

#[test]
fn one_of_four_requests_is_cancelled_and_nothing_else() {
    let mut server = Server::ready();
    for id in 1..=4 {
        server.request(id, "test/hang", Value::Null);
    }
    server.notify("$/cancelRequest", json!({ "id": 2 }));
    assert_eq!(server.next_error(2), -32800);
    server.probe.wait_for_dropped(1);
    // A second time there is nothing to cancel, and nothing to answer.
    server.notify("$/cancelRequest", json!({ "id": 2 }));
    server.check_alive();
    server.notify("$/cancelRequest", json!({ "id": 4 }));
    assert_eq!(server.next_error(4), -32800);
    server.probe.wait_for_dropped(2);
}

#[test]
fn an_id_can_be_used_again_after_its_answer() {
    let mut server = Server::ready();
    server.request(1, "test/hang", Value::Null);
    server.notify("$/cancelRequest", json!({ "id": 1 }));
    assert_eq!(server.next_error(1), -32800);
    server.request(1, "test/panic", json!(false));
    assert_eq!(server.next_error(1), -32603);
    server.request(1, "test/echo", json!([1]));
    assert_eq!(server.next_result(1), json!([1]));
    server.request(1, "test/hang", Value::Null);
    server.notify("$/cancelRequest", json!({ "id": 1 }));
    assert_eq!(server.next_error(1), -32800);
    server.probe.wait_for_dropped(2);
}

#[test]
fn every_kind_of_id_can_be_cancelled() {
    let mut server = Server::ready();
    for id in [json!("text"), json!(""), json!(-1), json!(i64::MAX)] {
        server.request(id.clone(), "test/hang", Value::Null);
        server.notify("$/cancelRequest", json!({ "id": id }));
        assert_eq!(server.next_error(id), -32800);
    }
}

#[test]
fn a_number_and_the_same_digits_as_text_are_two_ids() {
    let mut server = Server::ready();
    server.request(1, "test/hang", Value::Null);
    server.request("1", "test/hang", Value::Null);
    server.notify("$/cancelRequest", json!({ "id": "1" }));
    assert_eq!(server.next_error("1"), -32800);
    server.check_alive();
}

#[test]
fn cancelling_what_does_not_run_does_nothing() {
    let mut server = Server::ready();
    server.request(1, "test/echo", json!([]));
    server.next_result(1);
    for params in [
        json!({ "id": 1 }),
        json!({ "id": 99 }),
        json!({ "id": null }),
        json!({}),
        json!([1]),
    ] {
        server.notify("$/cancelRequest", params);
    }
    server.check_alive();
    server.request(2, "$/cancelRequest", json!({ "id": 1 }));
    assert_eq!(server.next_error(2), -32600);
}

#[test]
fn an_id_that_is_in_use_is_refused_and_the_first_request_goes_on() {
    let mut server = Server::ready();
    server.request(1, "test/hang", Value::Null);
    server.request(1, "test/echo", json!([]));
    assert_eq!(server.next_error(1), -32600);
    server.check_alive();
    server.notify("$/cancelRequest", json!({ "id": 1 }));
    assert_eq!(server.next_error(1), -32800);
}
