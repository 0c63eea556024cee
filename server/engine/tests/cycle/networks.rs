//! The network of a clean room: one for each run, or the user's.

use std::net::TcpListener;

use greenward_core::CheckKind;

use crate::honest::{FOUR, NINE, RIGHT, project};
use crate::world::{Ended, World};

const HINT: &str = "`cycle.network = true` gives it one";

/// Gives wrong answers if an earlier run has left word in closed connections.
const TELLING: &str = "\
import socket

PORT = 23517


def ports():
    lines = open(\"/proc/net/tcp\").readlines()[1:]
    return {int(line.split()[1].split(\":\")[1], 16) for line in lines}


def leave():
    with socket.socket() as server, socket.socket() as client:
        server.bind((\"127.0.0.1\", 0))
        server.listen(1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        client.bind((\"127.0.0.1\", PORT))
        client.connect(server.getsockname())
        other, _ = server.accept()
        client.close()
        other.close()


FOUND = PORT in ports()
if not FOUND:
    leave()


def roman(n):
    if FOUND:
        return \"told\"
    return {4: \"IV\", 9: \"IX\"}.get(n, \"I\" * n)
";

pub(crate) fn python_tells_nothing_by_the_network() {
    if !crate::world::is_private() {
        return;
    }
    let world = project().turn(&[("roman.py", TELLING)]);
    // Each run makes a connection of its own, so servers on loopback work as well.
    world.green(&[FOUR], &[NINE]).is("complete");
}

/// A project whose target asks a server of the user's, at this port.
fn asking(port: u16) -> World {
    let test = format!(
        "import socket
from roman import roman


def test_four():
    with socket.create_connection((\"127.0.0.1\", {port})):
        assert roman(4) == \"IV\"
"
    );
    let world = project();
    world.write("tests/test_roman.py", &test);
    world.turn(&[("roman.py", RIGHT)])
}

fn times_told(ended: &Ended) -> usize {
    format!("{ended:?}").matches(HINT).count()
}

pub(crate) fn python_that_wants_a_network_is_told_of_the_setting() {
    if !crate::world::is_private() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let ended = asking(port).green(&[FOUR], &[]);
    ended.is("failed");
    assert_eq!(times_told(&ended), 1, "{ended:#?}");

    let ended = asking(port).with_network().green(&[FOUR], &[]);
    ended.is("complete");
    ended.check(CheckKind::Warnings, "noted");
    assert!(
        format!("{ended:?}").contains("share a network"),
        "{ended:#?}"
    );
    assert_eq!(times_told(&ended), 0);
}

const NUMBERS: &str = "\
/// Twice a number, in digits.
pub fn twice(x: u32) -> String {
    itoa::Buffer::new().format(x).to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn two() {
        assert_eq!(super::twice(2), \"4\");
    }
}
";

const TWO: &str = "cargo:.#sample/lib::tests::two";

fn depending(on: &str) -> World {
    let world = World::cargo(NUMBERS);
    let manifest = world.read("Cargo.toml");
    world.write(
        "Cargo.toml",
        &format!("{manifest}[dependencies]\n{on} = \"1\"\n"),
    );
    let right = NUMBERS.replace("format(x)", "format(x * 2)");
    world.turn(&[("src/lib.rs", &right)])
}

pub(crate) fn rust_builds_with_what_was_fetched() {
    depending("itoa").green(&[TWO], &[]).is("complete");
}

pub(crate) fn rust_that_has_something_to_fetch_is_told_of_the_setting() {
    let ended = depending("greenward-nobody-has-this").green(&[TWO], &[]);
    assert_ne!(ended.summary.phase.name(), "complete");
    assert_eq!(times_told(&ended), 1, "{ended:#?}");
}
