//! The transport as a client meets it: bytes in, bytes out, over real streams, with a small server
//! of the tests' own behind it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, and time how long they wait"
)]

mod cancelling;
mod faults;
mod harness;
mod lifecycle;
mod order;
mod to_client;
