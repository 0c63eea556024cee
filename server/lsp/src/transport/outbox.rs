//! The one way out: a queue and the thread that writes what is in it.
//!
//! Sending never waits and never blocks. A client that stops reading fills the queue up to its
//! limit, then counts as gone; whoever sends in bulk can wait for [`room`](Outbox::room).

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tower_lsp::jsonrpc::Response;

use super::outgoing::Outgoing;
use super::queue::{Next, Overflow, Queue};

/// Above this, in bytes, senders of bulk had better wait.
const ROOM: usize = 1 << 20;

/// Why nothing can be sent any more.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OutputError {
    /// The output could not be written.
    #[error("the output cannot be written")]
    Write(#[source] Arc<io::Error>),
    /// The client has stopped reading.
    #[error("the client has stopped reading")]
    Stalled,
}

/// Handle to the queue. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Outbox {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    /// The queue has something new for the writer.
    changed: Condvar,
    status: watch::Sender<Status>,
}

/// How the writing stands, for those who wait.
#[derive(Debug, Clone)]
enum Status {
    /// Up to [`ROOM`] waits to be written.
    Room,
    /// More than that does.
    Full,
    /// The writer has written everything and is gone.
    Finished,
    /// Nothing can be written.
    Broken(OutputError),
}

impl Outbox {
    /// Starts the thread that writes to `output`.
    pub(super) fn start(output: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            queue: Mutex::new(Queue::new()),
            changed: Condvar::new(),
            status: watch::Sender::new(Status::Room),
        });
        let writer = shared.clone();
        std::thread::Builder::new()
            .name("lsp-writer".to_owned())
            .spawn(move || writer.write(output))?;
        Ok(Outbox { shared })
    }

    /// Queues a message. Once nothing can be sent any more it is dropped.
    pub(super) fn send(&self, message: Outgoing) {
        let mut queue = self.shared.lock();
        match queue.push(message) {
            Ok(()) => self.shared.note_room(&queue),
            Err(Overflow) => self.shared.fail(OutputError::Stalled),
        }
        drop(queue);
        self.shared.changed.notify_one();
    }

    /// Queues a response.
    pub(super) fn respond(&self, response: &Response) {
        match Outgoing::response(response) {
            Ok(message) => self.send(message),
            Err(error) => tracing::error!(%error, id = %response.id(), "unsendable response"),
        }
    }

    /// Lets everything leave: the client has said `initialized`.
    pub(super) fn open(&self) {
        self.shared.lock().open();
        self.shared.changed.notify_one();
    }

    /// Waits until little enough waits to be written, or nothing can be sent any more.
    pub(super) async fn room(&self) {
        self.shared
            .wait_for(|status| !matches!(status, Status::Full))
            .await;
    }

    /// Waits until nothing can be sent any more, and says why.
    pub(super) async fn broken(&self) -> OutputError {
        let broken = |status: &Status| matches!(status, Status::Broken(_));
        match self.shared.wait_for(broken).await {
            Status::Broken(error) => error,
            _ => std::future::pending().await,
        }
    }

    /// Takes no more messages, and waits until everything is written, but no longer than `limit`:
    /// a client that does not read must not keep us.
    pub(super) async fn finish(&self, limit: Duration) {
        self.shared.lock().close();
        self.shared.changed.notify_one();
        let gone = |status: &Status| matches!(status, Status::Finished | Status::Broken(_));
        if tokio::time::timeout(limit, self.shared.wait_for(gone))
            .await
            .is_err()
        {
            self.shared.lock().abandon();
            tracing::warn!("the client does not read: some messages were not written");
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The status, as soon as it is one of those wanted.
    async fn wait_for(&self, wanted: impl FnMut(&Status) -> bool) -> Status {
        let mut status = self.status.subscribe();
        let found = status.wait_for(wanted).await.map(|status| status.clone());
        // The sender lives as long as `self`.
        found.unwrap_or(Status::Finished)
    }

    /// Tells those who wait whether there is room. Called under the lock, so that the status
    /// follows the queue.
    fn note_room(&self, queue: &Queue) {
        let full = queue.bytes() > ROOM;
        self.status.send_if_modified(|status| {
            let changed = match status {
                Status::Room if full => Status::Full,
                Status::Full if !full => Status::Room,
                _ => return false,
            };
            *status = changed;
            true
        });
    }

    /// Ends the writing, for the first reason that is given.
    fn fail(&self, error: OutputError) {
        self.status.send_if_modified(|status| {
            let first = !matches!(status, Status::Broken(_) | Status::Finished);
            if first {
                *status = Status::Broken(error);
            }
            first
        });
    }

    /// The writer's thread.
    fn write(&self, mut output: impl Write) {
        #[expect(
            clippy::disallowed_methods,
            reason = "the writer is where progress is timed: everything behind it is told the time"
        )]
        let start = Instant::now();
        while let Some(frame) = self.next_frame(start) {
            if let Err(error) = output.write_all(&frame).and_then(|()| output.flush()) {
                self.lock().abandon();
                self.fail(OutputError::Write(Arc::new(error)));
                return;
            }
        }
        self.status.send_if_modified(|status| {
            let unbroken = !matches!(status, Status::Broken(_));
            if unbroken {
                *status = Status::Finished;
            }
            unbroken
        });
    }

    /// Waits for the next frame to write; nothing when there will be none.
    fn next_frame(&self, start: Instant) -> Option<Vec<u8>> {
        let mut queue = self.lock();
        loop {
            queue = match queue.next(start.elapsed()) {
                Next::Write(frame) => {
                    self.note_room(&queue);
                    return Some(frame);
                }
                Next::Finished => return None,
                Next::Idle => self
                    .changed
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner),
                Next::Wait(pause) => {
                    self.changed
                        .wait_timeout(queue, pause)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn there_is_room_only_while_the_client_reads() {
        let (mut client, output) = io::pipe().unwrap();
        let outbox = Outbox::start(output).unwrap();
        assert!(outbox.room().now_or_never().is_some());
        let text = serde_json::Value::from("x".repeat(ROOM));
        for _ in 0..3 {
            outbox.send(Outgoing::notification("telemetry/event", &text).unwrap());
        }
        assert!(outbox.room().now_or_never().is_none());
        let reader = std::thread::spawn(move || io::copy(&mut client, &mut io::sink()));
        outbox.room().await;
        outbox.finish(Duration::from_secs(20)).await;
        drop(outbox);
        let read = reader.join().unwrap().unwrap();
        assert!(read > 3 * ROOM as u64, "{read} bytes");
    }
}
