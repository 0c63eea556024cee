//! What went over the wire in one test, to be shown when it fails and checked when it ends.

use std::fmt;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use serde_json::Value;

use crate::Side;

/// The longest message that a failed test shows in full, in bytes.
const SHOWN: usize = 2_000;

/// All messages in the order in which the client sent or took them.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    messages: Vec<(Side, Value)>,
}

impl Traffic {
    pub(crate) fn record(&mut self, from: Side, message: &Value) {
        self.messages.push((from, message.clone()));
    }

    pub(crate) fn messages(&self) -> impl Iterator<Item = (Side, &Value)> {
        self.messages.iter().map(|(side, message)| (*side, message))
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (from, message) in &self.messages {
            let arrow = match from {
                Side::Client => "-->",
                Side::Server => "<--",
            };
            let text = message.to_string();
            if let Some((cut, _)) = text.char_indices().nth(SHOWN) {
                writeln!(f, "{arrow} {}... ({} bytes)", &text[..cut], text.len())?;
            } else {
                writeln!(f, "{arrow} {text}")?;
            }
        }
        Ok(())
    }
}

/// What a process has written so far, filled by a thread of its own.
#[derive(Debug)]
pub(crate) struct Collected {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Collected {
    /// Reads a stream to its end in the background.
    pub(crate) fn start(mut stream: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let sink = bytes.clone();
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(read @ 1..) = stream.read(&mut buffer) {
                sink.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend_from_slice(&buffer[..read]);
            }
        });
        Self { bytes, reader }
    }

    /// What has come so far.
    pub(crate) fn text(&self) -> String {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// All of it, when the stream has ended: when the process and all that inherited the stream
    /// from it are gone.
    pub(crate) fn finish(self) -> String {
        let Self { bytes, reader } = self;
        // The reader cannot panic, and there would be nothing to do if it had.
        let _ = reader.join();
        let bytes = bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
