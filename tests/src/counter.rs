//! A server of the user's that tests can reach.

use std::io::Write;
use std::net::TcpListener;

/// A server that says how often it was asked before. No run of a clean room leaves anything for a
/// later one, but tests reach what the user has started.
///
/// # Panics
///
/// If there is no port to be had.
#[must_use]
pub fn count_on_loopback() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for (count, stream) in listener.incoming().enumerate() {
            // Whoever has gone without waiting needs no answer.
            let _ = stream.and_then(|mut stream| write!(stream, "{count}"));
        }
    });
    port
}
