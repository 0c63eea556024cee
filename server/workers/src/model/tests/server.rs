//! A server that plays a script: for each connection in turn, what it sends and how that ends.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// How a connection ends, after all has been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    Close,
    /// Stays open and silent until the client goes.
    Stall,
    /// Sends the body again and again until the client goes.
    Repeat,
}

/// What one connection is answered with.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) head: String,
    pub(super) body: String,
    /// Bytes that are written at once.
    pub(super) portion: usize,
    pub(super) then: Then,
}

/// A request, as it came.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// The first line and the headers, in small letters.
    pub(super) head: String,
    pub(super) body: Value,
}

pub(super) struct Server {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    /// Notified when a client has gone from a connection that was still open.
    gone: Arc<Notify>,
}

impl Answer {
    /// A stream of events.
    pub(super) fn stream(body: &str) -> Self {
        Self::of(
            200,
            "content-type: text/event-stream; charset=utf-8\r\n",
            body,
        )
    }

    /// A refusal, or whatever else has no stream.
    pub(super) fn of(status: u16, headers: &str, body: &str) -> Self {
        Self {
            head: format!("HTTP/1.1 {status} X\r\n{headers}connection: close\r\n\r\n"),
            body: body.to_owned(),
            portion: 1024,
            then: Then::Close,
        }
    }

    pub(super) fn portion(mut self, portion: usize) -> Self {
        self.portion = portion;
        self
    }

    pub(super) fn then(mut self, then: Then) -> Self {
        self.then = then;
        self
    }
}

impl Server {
    /// Starts a server that answers its connections with `answers`, and refuses more.
    pub(super) async fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            asked: Arc::default(),
            gone: Arc::default(),
        };
        let (asked, gone) = (Arc::clone(&server.asked), Arc::clone(&server.gone));
        let answers: Vec<Answer> = answers.into_iter().collect();
        tokio::spawn(async move {
            for answer in answers {
                let (stream, _) = listener.accept().await.unwrap();
                if play(stream, answer, &asked).await.is_none() {
                    gone.notify_one();
                }
            }
        });
        server
    }

    /// Waits until a client has gone from a connection that was still open.
    pub(super) async fn is_left(&self) {
        let left = tokio::time::timeout(Duration::from_secs(60), self.gone.notified());
        left.await.unwrap();
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// Nothing if the client has gone before the answer was at its end.
async fn play(mut stream: TcpStream, answer: Answer, asked: &Mutex<Vec<Asked>>) -> Option<()> {
    let request = read_request(&mut stream).await?;
    asked.lock().unwrap().push(request);
    stream.write_all(answer.head.as_bytes()).await.ok()?;
    loop {
        for bytes in answer.body.as_bytes().chunks(answer.portion) {
            stream.write_all(bytes).await.ok()?;
            stream.flush().await.ok()?;
            tokio::task::yield_now().await;
        }
        match answer.then {
            Then::Close => return stream.shutdown().await.ok(),
            Then::Repeat => {}
            Then::Stall => {
                let mut rest = Vec::new();
                let _ = stream.read_to_end(&mut rest).await;
                return None;
            }
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = stream
            .read(&mut chunk)
            .await
            .ok()
            .filter(|&count| count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let head = head.to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |length| length.trim().parse().unwrap()) {
            let body = serde_json::from_str(body).unwrap_or_default();
            return Some(Asked { head, body });
        }
    }
}
