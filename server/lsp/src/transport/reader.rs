//! The one way in: a thread that reads frames and says what they are.
//!
//! It hands calls on in the order in which they came, resolves replies to our own requests right
//! here (so a handler may wait for one, whatever else waits), and answers what is no message.

use std::io::{self, Read};

use tokio::sync::mpsc;
use tower_lsp::jsonrpc::{Error, ErrorCode, Id, Request, Response};

use super::client::Client;
use super::framing::{Frame, FrameError, FrameReader, Skipped};
use super::message::{Incoming, explain, parse};
use super::outbox::Outbox;

/// How many calls wait to be dispatched before the reader waits too.
const BACKLOG: usize = 256;

/// What the dispatch is given.
#[derive(Debug)]
pub(super) enum Input {
    /// A request or a notification.
    Call(Request),
    /// The client said `exit`. Nothing is read after it.
    Exit,
    /// The input ended without `exit`, properly or not.
    End(Option<FrameError>),
}

/// Starts the thread that reads `input`. It ends with the input, after `exit`, or when nobody
/// receives any more; a read that blocks then keeps it until the process ends.
pub(super) fn start(
    input: impl Read + Send + 'static,
    client: Client,
    outbox: Outbox,
) -> io::Result<mpsc::Receiver<Input>> {
    let (calls, inbox) = mpsc::channel(BACKLOG);
    std::thread::Builder::new()
        .name("lsp-reader".to_owned())
        .spawn(move || {
            let last = read(input, &client, &outbox, &calls);
            // If nobody receives any more, nobody needs to know.
            drop(calls.blocking_send(last));
        })?;
    Ok(inbox)
}

/// Reads to the end, and says which one it was.
fn read(input: impl Read, client: &Client, outbox: &Outbox, calls: &mpsc::Sender<Input>) -> Input {
    let mut frames = FrameReader::new(input);
    loop {
        let incoming = match frames.next_frame() {
            Ok(Some(Frame::Body(body))) => parse(&body),
            Ok(Some(Frame::Skipped(skipped))) => Incoming::Refused(refuse(&skipped)),
            Ok(None) => return Input::End(None),
            Err(error) => return Input::End(Some(error)),
        };
        match incoming {
            Incoming::Call(call) if call.method() == "exit" => return Input::Exit,
            Incoming::Call(call) => {
                if calls.blocking_send(Input::Call(call)).is_err() {
                    return Input::End(None);
                }
            }
            Incoming::Reply { id, result } => client.resolve(&id, result),
            Incoming::Refused(answer) => {
                let error = answer.error().map(Error::to_string);
                tracing::warn!(error, "the client sent what is no message");
                outbox.respond(&answer);
            }
        }
    }
}

fn refuse(skipped: &Skipped) -> Response {
    let code = match skipped {
        Skipped::BadHeader => ErrorCode::ParseError,
        Skipped::TooLong { .. } => ErrorCode::InvalidRequest,
    };
    Response::from_error(Id::Null, explain(code, skipped.to_string()))
}
