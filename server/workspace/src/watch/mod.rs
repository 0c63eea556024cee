//! Notices what changes on disk, on a thread of its own.
//!
//! What the system reports is taken as a hint where to look, and no more: files are compared with
//! what they were when last looked at, so a report that is doubled, late, or about a file that has
//! long become another one does no harm. Where reports got lost, everything is looked at, and what
//! changed is told as usual. Folders that do not count (see [`Ignore`]) are never watched, nor is a
//! link followed. Where the system cannot watch, or its limit is reached, the folder is looked
//! through every few seconds instead.

mod backend;
mod stamp;
mod tree;
mod worker;

use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;
use std::{io, thread};

use camino::Utf8PathBuf;

use crate::files::Ignore;
use backend::Watches;
use worker::{Message, Worker};

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// It was not there.
    Created,
    /// It is not as it was.
    Changed,
    /// It is not there any more, or does not count any more.
    Removed,
}

/// A change of a file. A file that moves is removed in one place and created in another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The file, absolute.
    pub path: Utf8PathBuf,
    /// What became of it.
    pub kind: ChangeKind,
}

/// What a [`Watcher`] says.
#[derive(Debug, Clone)]
pub enum Notice {
    /// From here on, every change in the folder is told. Whoever reads a file after this will not
    /// miss a change of it.
    Watching {
        /// The workspace folder.
        folder: Utf8PathBuf,
    },
    /// These files changed, each named once, in the order of their paths.
    Changes(Vec<Change>),
    /// The folder cannot be watched. Changes are told a few seconds late.
    Polling {
        /// The workspace folder.
        folder: Utf8PathBuf,
        /// Why, and what the user can do.
        problem: Arc<WatchProblem>,
    },
}

/// Why a folder cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum WatchProblem {
    /// The system's limit is reached.
    #[error(
        "the system's limit on watched folders is reached, so changes are noticed a few seconds \
         late; `sysctl fs.inotify.max_user_watches=1048576` raises it"
    )]
    LimitReached,
    /// The system cannot watch at all.
    #[error("the system cannot watch folders, so changes are noticed a few seconds late")]
    Unavailable(#[source] notify::Error),
}

/// How long a watcher waits, and for what.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// A burst of changes is over after this long without any.
    pub quiet: Duration,
    /// A burst is told after this long, over or not.
    pub longest: Duration,
    /// Time between two looks through a folder that cannot be watched. A large folder is given
    /// more.
    pub poll: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            quiet: Duration::from_millis(20),
            longest: Duration::from_millis(100),
            poll: Duration::from_secs(2),
        }
    }
}

/// Watches workspace folders. Ends when dropped.
#[derive(Debug)]
pub struct Watcher {
    messages: Sender<Message>,
}

impl Watcher {
    /// Starts to watch: no folder yet. `tell` is called on the watcher's own thread, which waits
    /// for it.
    ///
    /// # Errors
    /// What the system says, if it has no thread for us.
    pub fn start(pace: Pace, tell: impl FnMut(Notice) + Send + 'static) -> io::Result<Self> {
        Self::start_on(backend::of_system, pace, tell)
    }

    /// Watches one more workspace folder, which need not exist yet. [`Notice::Watching`] follows.
    pub fn add(&self, ignore: Arc<Ignore>) {
        self.send(Message::Add(ignore));
    }

    /// Watches a workspace folder no longer.
    pub fn remove(&self, folder: impl Into<Utf8PathBuf>) {
        self.send(Message::Remove(folder.into()));
    }

    fn start_on(
        watches: impl FnOnce(Sender<Message>) -> Box<dyn Watches>,
        pace: Pace,
        tell: impl FnMut(Notice) + Send + 'static,
    ) -> io::Result<Self> {
        let (messages, received) = mpsc::channel();
        let watches = watches(messages.clone());
        thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || Worker::new(watches, pace, tell).work(&received))?;
        Ok(Self { messages })
    }

    fn send(&self, message: Message) {
        // The thread ends before we do only if it was made to panic by the one it tells.
        if self.messages.send(message).is_err() {
            tracing::error!("the watcher is gone");
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.send(Message::Stop);
    }
}

#[cfg(test)]
mod tests;
