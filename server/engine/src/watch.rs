//! The engine's side of the watcher.

use std::sync::Arc;

use camino::Utf8Path;
use greenward_workspace::files::Ignore;
use greenward_workspace::watch::{Notice, Pace, Watcher};
use tokio::sync::mpsc::UnboundedSender;

use crate::event::Event;

/// Watches the folders of the workspace, if anything is to be watched.
pub(crate) struct Watch {
    watcher: Option<Watcher>,
    events: UnboundedSender<Event>,
}

impl Watch {
    /// Watches folders if `wanted`; else every folder counts as watched, and no change is told.
    pub(crate) fn new(wanted: bool, events: UnboundedSender<Event>) -> Self {
        let tell = events.clone();
        let watcher = wanted.then(|| {
            Watcher::start(Pace::default(), move |notice| {
                // The loop may have ended meanwhile.
                let _ = tell.send(event(notice));
            })
        });
        let watcher = watcher.and_then(|started| {
            started
                .inspect_err(|error| {
                    let message = format!(
                        "changes made outside the editor are not noticed: the watcher could not be started: {error}"
                    );
                    // As above.
                    let _ = events.send(Event::Unwatched { folder: None, message });
                })
                .ok()
        });
        Self { watcher, events }
    }

    /// Watches a folder, or no longer.
    pub(crate) fn set(&self, folder: &Utf8Path, watched: bool) {
        match (&self.watcher, watched) {
            (Some(watcher), true) => watcher.add(Arc::new(Ignore::new(folder))),
            (Some(watcher), false) => watcher.remove(folder),
            (None, true) => {
                // The loop may have ended meanwhile.
                let _ = self.events.send(Event::Watching(folder.to_owned()));
            }
            (None, false) => {}
        }
    }
}

fn event(notice: Notice) -> Event {
    match notice {
        Notice::Watching { folder } => Event::Watching(folder),
        Notice::Changes(changes) => Event::Changed(changes),
        Notice::Polling { folder, problem } => Event::Unwatched {
            message: format!("{folder}: {problem}"),
            folder: Some(folder),
        },
    }
}
