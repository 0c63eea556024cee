//! Keys of models in the system's keyring: put there, used, told of, forgotten, and never shown.

use std::io::{Read, Write};
use std::net::TcpListener;

use greenward_tests::{World, binary, skip, venv_python, wait_until};

const KEY: &str = "sk-keyring-0123456789abcdef";

/// A name that nobody else uses: the keyring is that of the whole machine.
struct Name(String);

impl Name {
    fn new(of: &str) -> Self {
        Self(format!("greenward-test-{}-{of}", std::process::id()))
    }

    /// Puts a key there, as a pipe does. Nothing if this machine has no keyring.
    fn set(&self, world: &World, key: &str) -> Option<String> {
        let mut running = world.start(&["key", "set", &self.0]);
        running.write(key.as_bytes());
        running.close_stdin();
        let code = running.ended();
        let said = running.stdout() + &running.stderr();
        if is_forbidden(&said) {
            assert_eq!(code, Some(2), "{said}");
            assert!(said.contains("key_env"), "{said}");
            return None;
        }
        assert_eq!(code, Some(0), "{said}");
        assert!(!said.contains(KEY), "{said}");
        Some(said)
    }
}

/// Whether the machine forbids the kernel's calls, as some containers do: then the test is skipped.
fn is_forbidden(said: &str) -> bool {
    let reasons = ["PermissionDenied", "OperationNotSupported", "Unknown(38)"];
    let forbidden = reasons.iter().any(|reason| said.contains(reason));
    if forbidden {
        skip("this machine has no keyring");
    }
    forbidden
}

fn hire(world: &World, name: &Name, url: &str) {
    let worker = format!(
        "kind = \"openai\"\nmodel = \"m\"\nbase_url = \"{url}\"\nkey_keyring = \"{}\"\n",
        name.0
    );
    world.hire(&worker, "mutation_seconds = 0\nmax_attempts = 1");
}

#[test]
fn a_key_is_kept_told_of_and_forgotten() {
    let world = World::new("//- pytest.ini\n[pytest]\n");
    let name = Name::new("kept");
    hire(&world, &name, "http://127.0.0.1:9/v1");
    let put = format!("greenward key set {}", name.0);
    let missing = world.greenward(&["doctor"]);
    if is_forbidden(&missing.stdout) {
        return;
    }
    missing.check(0, &[&put, "workers.one.key_env", "is not there"]);
    if name.set(&world, &format!("{KEY}\n")).is_none() {
        return;
    }
    let there = world.greenward(&["doctor"]);
    there.check(0, &["its key in the system's keyring", &name.0]);
    assert!(!there.stdout.contains(&put), "{}", there.stdout);
    assert!(!there.stdout.contains(KEY), "{}", there.stdout);
    let forget = ["key", "forget", &name.0];
    world.greenward(&forget).check(0, &["is forgotten"]);
    world.greenward(&forget).check(2, &["holds no"]);
    world.greenward(&["doctor"]).check(0, &[&put]);
}

/// Runs a program in a session of the kernel's keyrings that has nothing in it: another login.
const ELSEWHERE: &str = "
import ctypes, os, platform, sys
keyctl, join = {'x86_64': 250, 'aarch64': 219}[platform.machine()], 1
assert ctypes.CDLL(None).syscall(keyctl, join, None) > 0
os.execv(sys.argv[1], sys.argv[1:])
";

#[test]
fn all_sessions_of_the_user_share_a_key() {
    let Some(python) = venv_python().filter(|_| cfg!(target_os = "linux")) else {
        skip("no Python to leave the session with");
        return;
    };
    let world = World::new("//- pytest.ini\n[pytest]\n");
    let name = Name::new("shared");
    if name.set(&world, KEY).is_none() {
        return;
    }
    hire(&world, &name, "http://127.0.0.1:9/v1");
    let elsewhere = |args: &[&str]| {
        let mut all = vec!["-c", ELSEWHERE];
        let binary = binary();
        all.push(binary.as_str());
        all.extend(args);
        world.tool(python.as_str(), &all)
    };
    let there = elsewhere(&["doctor"]);
    there.check(0, &["its key in the system's keyring"]);
    assert!(!there.stdout.contains("workers.one"), "{}", there.stdout);
    elsewhere(&["key", "forget", &name.0]).check(0, &["is forgotten"]);
    world
        .greenward(&["key", "forget", &name.0])
        .check(2, &["holds no"]);
}

#[test]
fn what_is_no_key_is_not_kept() {
    let world = World::new("//- pytest.ini\n[pytest]\n");
    let name = Name::new("refused");
    for (text, said) in [("", "is empty"), ("a\nb", "characters that no key has")] {
        let mut running = world.start(&["key", "set", &name.0]);
        running.write(text.as_bytes());
        running.close_stdin();
        assert_eq!(running.ended(), Some(2), "{text:?}");
        wait_until("it to say why", || {
            running.stderr().contains(said).then_some(())
        });
    }
}

#[test]
fn a_worker_sends_its_key_to_its_server() {
    let project = "
//- pytest.ini
[pytest]
//- test_four.py
def test_four():
    assert 4 == 5
";
    let Some(world) = World::new(project).with_python() else {
        return;
    };
    let name = Name::new("sent");
    if name.set(&world, KEY).is_none() {
        return;
    }
    let server = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
    let port = server.local_addr().map_or(0, |address| address.port());
    hire(&world, &name, &format!("http://127.0.0.1:{port}/v1"));
    let asked = std::thread::spawn(move || -> std::io::Result<String> {
        let (mut stream, _) = server.accept()?;
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let body = "{\"error\": {\"message\": \"that is enough\"}}";
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )?;
        Ok(String::from_utf8_lossy(&head).into_owned())
    });
    let green = world.greenward(&["green", "test_four", "--trust"]);
    green.check(1, &["that is enough"]);
    let head = asked.join().map(|head| head.unwrap_or_default());
    let head = head.unwrap_or_default().to_lowercase();
    let sent = format!("authorization: bearer {}\r\n", KEY.to_lowercase());
    assert!(head.contains(&sent), "{head}");
    world
        .greenward(&["key", "forget", &name.0])
        .check(0, &["is forgotten"]);
}
