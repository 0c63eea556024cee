//! The test ground itself: it fails a test that leaves something behind or overlooks something.

use std::panic::{AssertUnwindSafe, catch_unwind};

use greenward_tests::{Client, MetaModel, Options, Profile, World, skip};
use serde_json::json;

/// The test must fail with this message.
#[track_caller]
fn check(message: &str, test: impl FnOnce()) {
    let failure = match catch_unwind(AssertUnwindSafe(test)) {
        Ok(()) => panic!("it did not fail with {message:?}"),
        Err(failure) => failure,
    };
    let said = failure
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| failure.downcast_ref::<&str>().copied())
        .unwrap_or_default();
    assert!(said.contains(message), "it failed with {said}");
}

fn options() -> Options {
    Options::new(Profile::Bare).trusted()
}

fn world() -> World {
    World::new("//- test_a.py\ndef test_a():\n    assert 0\n")
}

#[test]
fn a_process_left_behind() {
    check("processes were left behind", || {
        let world = world();
        let started = world.tool("sh", &["-c", "sleep 600 >/dev/null 2>&1 &"]);
        assert_eq!(started.code, Some(0));
    });
}

#[test]
fn traffic_that_breaks_the_protocol() {
    if MetaModel::find().is_none() {
        return skip("no LSP meta model on this machine");
    }
    check("the model has no such method", || {
        let world = world();
        let mut client = Client::start(&world, options());
        client.notify("textDocument/didNothing", json!({}));
    });
}

#[test]
fn diagnostics_that_nobody_looked_at() {
    let Some(world) = world().with_python() else {
        return;
    };
    check("nobody looked at", || {
        let mut client = Client::start(&world, options());
        client.execute("greenward.runAll", json!([]));
        client.wait_for("a failed test", |client| {
            (client.status()["counts"]["failed"] == 1).then_some(())
        });
        client.wait_until_idle();
    });
}

#[test]
fn a_question_that_was_never_asked() {
    check("the server never asked", || {
        let world = world();
        drop(Client::start(&world, options().choose("anything", None)));
    });
}

#[test]
fn a_server_that_dies() {
    check("the server", || {
        let world = world();
        let mut client = Client::start(&world, options());
        client.server().signal(nix::sys::signal::Signal::SIGKILL);
        client.status();
    });
}
