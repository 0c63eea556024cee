//! What the system offers for watching.

use std::sync::mpsc::Sender;

use camino::Utf8Path;
use notify::event::{AccessKind, AccessMode};
use notify::{ErrorKind, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::worker::Message;

/// Whether each folder is watched by itself. Elsewhere the system watches whole trees, at no cost
/// for each folder.
pub(super) const EACH_FOLDER: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// Where the system is told what to watch.
pub(super) trait Watches: Send + 'static {
    /// Watches a folder.
    fn watch(&mut self, folder: &Utf8Path) -> notify::Result<()>;

    /// Watches it no longer. It may be gone already.
    fn unwatch(&mut self, folder: &Utf8Path);
}

impl Watches for RecommendedWatcher {
    fn watch(&mut self, folder: &Utf8Path) -> notify::Result<()> {
        let mode = if EACH_FOLDER {
            RecursiveMode::NonRecursive
        } else {
            RecursiveMode::Recursive
        };
        Watcher::watch(self, folder.as_std_path(), mode)
    }

    fn unwatch(&mut self, folder: &Utf8Path) {
        if let Err(error) = Watcher::unwatch(self, folder.as_std_path()) {
            tracing::trace!(%folder, %error, "was not watched");
        }
    }
}

/// A system that cannot watch, and what it said when asked.
struct Unable(String);

impl Watches for Unable {
    fn watch(&mut self, _: &Utf8Path) -> notify::Result<()> {
        Err(notify::Error::generic(&self.0))
    }

    fn unwatch(&mut self, _: &Utf8Path) {}
}

/// The system's own way of watching.
pub(super) fn of_system(messages: Sender<Message>) -> Box<dyn Watches> {
    let watcher = notify::recommended_watcher(move |event| {
        if let Some(message) = message(event) {
            // The worker is gone only when nobody listens any more.
            messages.send(message).ok();
        }
    });
    match watcher {
        Ok(watcher) => Box::new(watcher),
        Err(error) => Box::new(Unable(error.to_string())),
    }
}

/// What an event means to us. Reading a file changes nothing.
fn message(event: notify::Result<notify::Event>) -> Option<Message> {
    match event {
        Ok(event) if event.need_rescan() => Some(Message::Overflow),
        Ok(event) => match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Any
            | EventKind::Create(_)
            | EventKind::Modify(_)
            | EventKind::Remove(_) => Some(Message::Hints(event.paths)),
            EventKind::Access(_) | EventKind::Other => None,
        },
        Err(error) if matches!(error.kind, ErrorKind::WatchNotFound) => None,
        Err(error) => {
            tracing::warn!(%error, "watching");
            Some(Message::Overflow)
        }
    }
}
