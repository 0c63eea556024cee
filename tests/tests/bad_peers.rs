//! Editors that misbehave or die, and a workspace that changes under the daemon.

use std::process::Command;

use greenward_tests::{Client, Options, Profile, World, wait_until};
use nix::sys::signal::Signal;
use serde_json::json;

/// A package with a test that says that it has begun, and then never ends.
fn endless() -> World {
    World::new(
        r#"
        //- Cargo.toml
        [package]
        name = "endless"
        version = "0.1.0"
        edition = "2021"
        //- src/lib.rs
        #[test]
        fn endless() {
            std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/begun"), "").unwrap();
            loop {
                std::thread::park();
            }
        }
        "#,
    )
}

fn options() -> Options {
    Options::new(Profile::VsCode)
        .trusted()
        .allow("$/progress")
        .allow("window/logMessage")
        .allow("window/showMessage")
}

/// A client whose endless test has begun.
fn running(world: &World, options: Options) -> Client<'_> {
    let mut client = Client::start(world, options);
    client.execute("greenward.runAll", json!([]));
    client.wait_for("the endless test to begin", |_| {
        world.path("begun").exists().then_some(())
    });
    client
}

/// Everything of the world but the daemon itself is gone.
fn wait_until_alone(world: &World) {
    wait_until("the processes of the run to end", || {
        let left = world.processes();
        left.iter()
            .all(|process| process.contains("greenward lsp"))
            .then_some(())
    });
}

#[test]
fn a_cancelled_run_leaves_nothing() {
    let world = endless();
    let mut client = running(&world, options());
    client.execute("greenward.cancel", json!([]));
    client.wait_until_idle();
    let counts = client.status()["counts"].clone();
    assert_eq!(counts["passed"], 0, "{counts}");
    wait_until_alone(&world);
}

#[test]
fn shutdown_while_a_test_runs() {
    let world = endless();
    drop(running(&world, options()));
    assert_eq!(world.processes(), [""; 0]);
}

#[test]
fn stdin_is_closed() {
    let world = endless();
    let mut client = running(&world, options());
    client.server().close_stdin();
    assert_eq!(client.wait_for_end(), Some(1));
}

#[test]
fn exit_without_shutdown() {
    let world = endless();
    let mut client = running(&world, options());
    client
        .server()
        .write(&frame(br#"{"jsonrpc":"2.0","method":"exit"}"#));
    assert_eq!(client.wait_for_end(), Some(1));
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the test plays an editor's process"
)]
fn the_editor_is_killed() {
    let mut editor = Command::new("sleep")
        .arg("600")
        .spawn()
        .expect("sleep can be started");
    let world = endless();
    let mut client = running(&world, options().process(editor.id()));
    editor.kill().expect("it can be killed");
    editor.wait().expect("it can be waited for");
    client.wait_for_end();
}

#[test]
fn the_daemon_is_killed() {
    let world = endless();
    let mut client = running(&world, options());
    client.server().signal(Signal::SIGKILL);
    assert_eq!(client.wait_for_end(), None);
    // The world sees that the supervisor has ended the test.
}

#[test]
fn the_daemon_is_told_to_end() {
    let world = endless();
    let mut client = running(&world, options());
    client.server().signal(Signal::SIGTERM);
    client.wait_for_end();
}

fn frame(body: &[u8]) -> Vec<u8> {
    let mut frame = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    frame.extend_from_slice(body);
    frame
}

/// A bad frame is answered with an error, and what comes after it is served.
#[track_caller]
fn check_bad_frame(body: &[u8], code: i64) {
    let world = World::new("//- README.md\n");
    let mut client = Client::start(&world, options());
    client.server().write(&frame(body));
    let error = client.wait_for("an error", |client| client.take("error").pop());
    assert_eq!(error["code"], code, "{error}");
    client.status();
}

#[test]
fn malformed_json() {
    check_bad_frame(b"{\"jsonrpc\":", -32700);
}

#[test]
fn a_batch() {
    check_bad_frame(b"[]", -32600);
}

#[test]
fn no_object() {
    check_bad_frame(b"17", -32600);
}

/// Text that is not quite Unicode, as some editors send it, is mended.
#[test]
fn text_that_is_no_unicode() {
    for value in [&b"\\ud800"[..], b"\xff"] {
        let world = World::new("//- README.md\n");
        let mut client = Client::start(&world, options());
        let before = br#"{"jsonrpc":"2.0","method":"$/setTrace","params":{"value":""#;
        client
            .server()
            .write(&frame(&[before, value, br#""}}"#].concat()));
        client.status();
    }
}

#[test]
fn an_unknown_method_is_answered() {
    let world = World::new("//- README.md\n");
    let mut client = Client::start(&world, options());
    let id = client.ask("greenward/nothing", json!({}));
    assert!(
        client
            .answer(id)
            .is_err_and(|error| error["code"] == -32601)
    );
    let id = client.ask("greenward/run", json!({"tests": 17}));
    assert!(
        client
            .answer(id)
            .is_err_and(|error| error["code"] == -32602)
    );
    // A notification that nobody knows is passed over.
    client.notify("$/nothing", json!({}));
    client.status();
}

/// A frame that cannot be believed ends the connection, in good order.
#[track_caller]
fn check_fatal(bytes: &[u8]) {
    let world = World::new("//- README.md\n");
    let mut client = Client::start(&world, options().allow("error"));
    client.server().write(bytes);
    assert_eq!(client.wait_for_end(), Some(1));
}

#[test]
fn a_length_beyond_reason() {
    check_fatal(b"Content-Length: 5000000000000\r\n\r\n");
}

#[test]
fn the_workspace_is_deleted_while_it_runs() {
    let world = endless();
    let mut client = running(&world, options());
    let removed = std::fs::remove_dir_all(world.workspace());
    assert!(removed.is_ok(), "{removed:?}");
    client.execute("greenward.cancel", json!([]));
    client.wait_until_idle();
    // It still answers, and ends in order.
    let id = client.ask("greenward/run", json!({}));
    let _ = client.answer(id);
    client.wait_until_idle();
}

#[test]
fn fifty_thousand_files() {
    const FILES: usize = 50_000;
    let world = World::new("//- pytest.ini\n[pytest]\n");
    for index in 0..FILES {
        world.write(
            &format!("part_{}/test_{index}.py", index % 100),
            "def test_a():\n    pass\n",
        );
    }
    let mut client = Client::start(&world, options());
    // It answers while it reads.
    let status = client.status();
    assert!(status["projects"].is_array(), "{status}");
    let status = client.wait_until_loaded();
    assert_eq!(status["tests"], FILES, "{status}");
}
