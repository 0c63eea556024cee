//! Surroundings that misbehave: killed supervisors, a second daemon, a held lock, links in circles,
//! folders that come and go, an editor that does not listen.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::os::unix::fs::symlink;

use greenward_tests::{Client, Options, Profile, World, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

fn options() -> Options {
    Options::new(Profile::VsCode)
        .trusted()
        .events()
        .allow("$/progress")
        .allow("greenward/runEvent")
        .allow("greenward/testsChanged")
        .allow("window/logMessage")
        .allow("window/showMessage")
}

/// A package with a build script and two tests, of which one does something.
fn package(build: &str, test: &str) -> World {
    let world = World::new(
        r#"
        //- Cargo.toml
        [package]
        name = "bad"
        version = "0.1.0"
        edition = "2021"
        "#,
    );
    world.write("build.rs", format!("fn main() {{ {build} }}"));
    world.write(
        "src/lib.rs",
        format!("#[test]\nfn good() {{}}\n#[test]\nfn waits() {{ {test} }}\n"),
    );
    world
}

/// Rust that says that it has begun, and goes on when the file `wait` is gone.
const WAITS: &str = r#"
    let folder = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    if folder.join("wait").exists() {
        std::fs::write(folder.join("begun"), "").unwrap();
        while folder.join("wait").exists() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
"#;

/// The same in a build script, which finds its folder elsewhere.
fn build_waits() -> String {
    WAITS.replace(
        "env!(\"CARGO_MANIFEST_DIR\")",
        "std::env::var(\"CARGO_MANIFEST_DIR\").unwrap()",
    )
}

fn begin(client: &mut Client<'_>, world: &World) {
    client.execute("greenward.runAll", json!([]));
    client.wait_for("it to begin", |_| {
        world.path("begun").exists().then_some(())
    });
}

/// Waits for an event of a run.
fn event(client: &mut Client<'_>, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    client.wait_for(what, |client| {
        let events = client.take("greenward/runEvent");
        events.into_iter().find(|event| wanted(event))
    })
}

fn ended(client: &mut Client<'_>) -> Value {
    event(client, "the end of a run", |event| {
        event["event"] == "runFinished"
    })
}

/// The process id at the front of a line of [`World::processes`].
fn pid(process: &str) -> Pid {
    let number = process.split(':').next().and_then(|pid| pid.parse().ok());
    Pid::from_raw(number.expect("a process id"))
}

/// Somebody kills the supervisors while something waits: the run is broken and says why, nothing
/// goes on, and the next run is sound.
#[track_caller]
fn check_killed_supervisors(world: &World, passed: u64) {
    world.write("wait", "");
    let mut client = Client::start(world, options());
    client.wait_until_loaded();
    begin(&mut client, world);
    let mut before = world.processes();
    before.retain(|process| !process.contains("greenward lsp"));
    for process in &before {
        if process.contains("greenward supervise") {
            kill(pid(process), Signal::SIGKILL).expect("a supervisor can be killed");
        }
    }
    let end = ended(&mut client);
    assert_eq!(end["outcome"], "runnerBroken", "{end}");
    let message = end["message"].as_str().unwrap_or("");
    assert!(message.contains("killed"), "{message}");
    // Others may have begun: the tests are listed in the background.
    wait_until("the processes of the run to end", || {
        let now: Vec<Pid> = world
            .processes()
            .iter()
            .map(|process| pid(process))
            .collect();
        let left = before.iter().any(|process| now.contains(&pid(process)));
        (!left).then_some(())
    });
    std::fs::remove_file(world.path("wait")).expect("it is there");
    client.execute("greenward.runAll", json!([]));
    ended(&mut client);
    let status = client.wait_until_idle();
    assert_eq!(status["counts"]["passed"], passed, "{status}");
}

#[test]
fn the_supervisor_of_a_test_binary_is_killed() {
    check_killed_supervisors(&package("", WAITS), 2);
}

#[test]
fn the_supervisor_of_a_build_is_killed() {
    check_killed_supervisors(&package(&build_waits(), ""), 2);
}

#[test]
fn the_supervisor_of_pytest_is_killed() {
    for warm in [true, false] {
        let world = World::new(
            "
            //- pytest.ini
            [pytest]
            //- test_bad.py
            import os, time
            def test_good(): pass
            def test_waits():
                if os.path.exists('wait'): open('begun', 'w').close()
                while os.path.exists('wait'): time.sleep(0.005)
            ",
        );
        world.write(".tdd/config.toml", format!("[pytest]\nwarm = {warm}\n"));
        let Some(world) = world.with_python() else {
            return;
        };
        check_killed_supervisors(&world, 2);
    }
}

/// Two daemons on one folder get in each other's way as little as two cargos do.
#[test]
fn two_daemons_on_one_folder() {
    let world = package("", "");
    world.write("tests/bad.rs", "#[test]\nfn bad() { panic!() }\n");
    world.write("py/pytest.ini", "[pytest]\n");
    world.write(
        "py/test_a.py",
        "def test_a(): pass\ndef test_b(): assert 0\n",
    );
    let Some(world) = world.with_python() else {
        return;
    };
    let mut clients = [(); 2].map(|()| Client::start(&world, options()));
    for _ in 0..3 {
        for client in &mut clients {
            client.execute("greenward.runAll", json!([]));
        }
        for client in &mut clients {
            let status = client.wait_until_idle();
            assert_eq!(status["counts"]["passed"], 3, "{status}");
            assert_eq!(status["counts"]["failed"], 2, "{status}");
        }
    }
    for client in &mut clients {
        assert_eq!(client.diagnostics("tests/bad.rs").len(), 1);
        assert_eq!(client.diagnostics("py/test_a.py").len(), 1);
        client.execute("greenward.trust", json!([]));
    }
}

/// Cargo waits for another cargo: the user sees that, and need not wait.
#[test]
fn another_cargo_holds_the_lock() {
    let world = package(&build_waits(), "");
    world.write("wait", "");
    let mut first = Client::start(&world, options());
    first.wait_until_loaded();
    begin(&mut first, &world);

    let mut second = Client::start(&world, options());
    second.wait_until_loaded();
    second.execute("greenward.runAll", json!([]));
    event(&mut second, "word that it waits", |event| {
        event["event"] == "stage" && event["stage"] == "waiting for another cargo"
    });
    second.execute("greenward.cancel", json!([]));
    let end = ended(&mut second);
    assert_eq!(end["outcome"], "cancelled", "{end}");
    second.wait_until_idle();

    std::fs::remove_file(world.path("wait")).expect("it is there");
    let status = first.wait_until_idle();
    assert_eq!(status["counts"]["passed"], 2, "{status}");
}

/// With cargo: pytest itself follows such links, for hours.
#[test]
fn links_in_circles() {
    let world = package("", "");
    for (link, to) in [
        ("self", "self"),
        ("here", "."),
        ("src/up", ".."),
        ("tests/deep/top", "../.."),
        ("one", "two"),
        ("two", "one"),
        ("gone", "nowhere"),
    ] {
        world.write("tests/deep/empty.txt", "");
        symlink(to, world.path(link)).expect("a link can be made");
    }
    let outcomes = world.test(&[]).outcomes();
    assert_eq!(outcomes.len(), 2, "{outcomes:?}");
    assert_eq!(outcomes["cargo:.#bad/lib::good"], "passed");

    let mut client = Client::start(&world, options());
    let status = client.wait_until_loaded();
    assert_eq!(status["tests"], 2, "{status}");
    world.write("tests/new.rs", "#[test]\nfn new() {}\n");
    client.wait_for("a new file to be seen", |client| {
        (client.status()["tests"] == 3).then_some(())
    });
    client.wait_until_idle();
}

/// A folder that is taken away takes along its run, its processes and what was shown of it.
#[test]
fn folders_come_and_go_while_tests_run() {
    let Some(world) = World::new(
        "
        //- a/pytest.ini
        [pytest]
        //- a/test_a.py
        def test_a(): assert 0
        //- b/pytest.ini
        [pytest]
        //- b/test_b.py
        import os, time
        def test_bad(): assert 0
        def test_waits():
            open('../begun', 'w').close()
            while True: time.sleep(0.005)
        ",
    )
    .with_python() else {
        return;
    };
    let mut client = Client::start(&world, options().folders(&["a"]));
    client.wait_until_loaded();
    let change = |client: &mut Client<'_>, added: &[&str], removed: &[&str]| {
        let folder = |name: &&str| json!({"uri": world.uri(name), "name": name});
        let named = |names: &[&str]| names.iter().map(folder).collect::<Vec<_>>();
        client.notify(
            "workspace/didChangeWorkspaceFolders",
            json!({"event": {"added": named(added), "removed": named(removed)}}),
        );
    };
    for _ in 0..3 {
        // What an earlier round has left.
        let _ = std::fs::remove_file(world.path("begun"));
        change(&mut client, &["b"], &[]);
        client.wait_until_loaded();
        begin(&mut client, &world);
        client.wait_for("the failing tests to be shown", |client| {
            let shown = |file: &str| !client.diagnostics(file).is_empty();
            ["a/test_a.py", "b/test_b.py"]
                .map(shown)
                .eq(&[true; 2])
                .then_some(())
        });
        change(&mut client, &[], &["b"]);
        client.wait_for("nothing to be shown of what is gone", |client| {
            client.diagnostics("b/test_b.py").is_empty().then_some(())
        });
        let status = client.wait_until_idle();
        assert_eq!(status["tests"], 1, "{status}");
        assert_eq!(status["counts"]["failed"], 1, "{status}");
        wait_until("the hanging test to end", || {
            let left = world.processes();
            let hangs = |process: &String| {
                process.contains("/b ") || process.contains("/b/") || process.contains("/b --")
            };
            (!left.iter().any(hangs)).then_some(())
        });
    }
    assert_eq!(client.diagnostics("a/test_a.py").len(), 1);
    assert!(client.diagnostics("b/test_b.py").is_empty());
}

/// An editor that never reads: the memory stays, and the daemon ends when the editor does.
#[test]
fn a_client_that_never_reads() {
    let Some(world) = World::new("//- pytest.ini\n[pytest]\naddopts = -s\n").with_python() else {
        return;
    };
    world.write(
        "test_bad.py",
        "import pytest\n\
         @pytest.mark.parametrize('n', range(3000))\n\
         def test_bad(n):\n    print('x' * 1000)\n    assert 'y' * 3000 == n\n\
         def test_waits():\n    open('begun', 'w').close()\n    \
             while True: print('x' * 99)\n",
    );
    let mut server = world.start(&["lsp"]);
    let send = |server: &mut greenward_tests::Running, message: Value| {
        let body = message.to_string();
        server.write(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    };
    send(
        &mut server,
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "processId": std::process::id(),
            "capabilities": {"window": {"workDoneProgress": true}},
            "rootUri": world.uri(""),
            "workspaceFolders": [{"uri": world.uri(""), "name": "workspace"}],
            "initializationOptions": {"workspaceTrust": true, "greenwardEvents": true},
        }}),
    );
    send(
        &mut server,
        json!({"jsonrpc": "2.0", "method": "initialized", "params": {}}),
    );
    send(
        &mut server,
        json!({"jsonrpc": "2.0", "id": 2, "method": "workspace/executeCommand", "params": {
            "command": "greenward.runAll", "arguments": [],
        }}),
    );
    wait_until("the last test to begin, or the daemon to give up", || {
        (world.path("begun").exists() || world.processes().is_empty()).then_some(())
    });
    for id in 3..3000 {
        send(
            &mut server,
            json!({"jsonrpc": "2.0", "id": id, "method": "greenward/status", "params": {}}),
        );
    }
    let memory = resident(server.id());
    assert!(memory < 500, "{memory} MiB");
    server.close_stdin();
    server.ended();
    wait_until("everything to end", || {
        world.processes().is_empty().then_some(())
    });
}

/// The memory of a process, in MiB. A process that has ended has none.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let size = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    size.unwrap_or(0) / 1024
}
