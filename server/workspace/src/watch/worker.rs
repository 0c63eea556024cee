//! The watcher's thread: gathers hints until a burst is over, looks, and tells.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Instant;

use camino::{Utf8Path, Utf8PathBuf};

use super::backend::Watches;
use super::tree::{Changes, Mode, Part, Tree};
use super::{Change, Notice, Pace};
use crate::files::Ignore;

/// After a look at everything took this long, the next one waits this many times as long.
const POLL_REST: u32 = 20;

/// What wakes the watcher's thread.
#[derive(Debug)]
pub(super) enum Message {
    /// Something happened at these paths.
    Hints(Vec<PathBuf>),
    /// Something happened, and the system does not know where.
    Overflow,
    /// A folder is to be watched.
    Add(Arc<Ignore>),
    /// A folder is to be watched no longer.
    Remove(Utf8PathBuf),
    /// Nothing is to be watched any more.
    Stop,
}

pub(super) struct Worker<T> {
    watches: Box<dyn Watches>,
    pace: Pace,
    tell: T,
    /// By folder, so an outer one comes before an inner one.
    trees: BTreeMap<Utf8PathBuf, Tree>,
    /// When to look at everything that no event speaks of; nothing if there is nothing.
    next_poll: Option<Instant>,
    /// Not before this, so that looking does not become all that we do.
    rested: Option<Instant>,
    /// Whether events got lost, so that they speak of nothing until everything was looked at.
    overflow: bool,
}

impl<T: FnMut(Notice)> Worker<T> {
    pub(super) fn new(watches: Box<dyn Watches>, pace: Pace, tell: T) -> Self {
        Self {
            watches,
            pace,
            tell,
            trees: BTreeMap::new(),
            next_poll: None,
            rested: None,
            overflow: false,
        }
    }

    /// Works until told to stop.
    pub(super) fn work(mut self, messages: &Receiver<Message>) {
        let mut left_over = None;
        while let Some(message) = left_over.take().or_else(|| self.wait(messages)) {
            match message {
                Message::Stop => return,
                Message::Add(ignore) => self.add(ignore),
                Message::Remove(folder) => self.remove(&folder),
                Message::Hints(paths) => {
                    let (hints, other) = gather(paths, self.pace, messages);
                    self.look(&hints);
                    left_over = other;
                }
                Message::Overflow => {
                    self.overflow = true;
                    self.next_poll = Some(self.rested.unwrap_or_else(now));
                }
            }
        }
    }

    /// The next message; looks at what must be polled while there is none. Nothing if nobody is
    /// left to send any.
    fn wait(&mut self, messages: &Receiver<Message>) -> Option<Message> {
        loop {
            let Some(due) = self.next_poll else {
                return messages.recv().ok();
            };
            let rest = due.saturating_duration_since(now());
            if rest.is_zero() {
                self.poll();
                continue;
            }
            match messages.recv_timeout(rest) {
                Ok(message) => return Some(message),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    fn add(&mut self, ignore: Arc<Ignore>) {
        let folder = ignore.folder().to_path_buf();
        self.remove(&folder);
        self.trees.insert(folder.clone(), Tree::new(ignore));
        // What is there now is no change.
        self.refresh(
            |tree| Part::everything_if(tree.folder() == folder),
            &mut Changes::new(),
        );
        (self.tell)(Notice::Watching { folder });
    }

    fn remove(&mut self, folder: &Utf8Path) {
        let Some(mut tree) = self.trees.remove(folder) else {
            return;
        };
        tree.stop_watching(&Part::Everything, &mut *self.watches);
        // Folders that lie in each other share what is watched.
        let shares =
            |tree: &Tree| tree.folder().starts_with(folder) || folder.starts_with(tree.folder());
        let mut changes = Changes::new();
        self.refresh(|tree| Part::everything_if(shares(tree)), &mut changes);
        self.tell(changes);
    }

    fn look(&mut self, hints: &BTreeSet<Utf8PathBuf>) {
        let mut changes = Changes::new();
        self.refresh(|tree| Part::of_hints(hints, tree), &mut changes);
        self.tell(changes);
    }

    fn poll(&mut self) {
        let mut changes = Changes::new();
        let overflow = std::mem::take(&mut self.overflow);
        let is_due = |tree: &Tree| tree.mode() != Mode::Events;
        let begin = now();
        self.refresh(
            |tree| Part::everything_if(overflow || is_due(tree)),
            &mut changes,
        );
        let end = now();
        let rested = end + (end - begin) * POLL_REST;
        self.rested = Some(rested);
        self.next_poll = self
            .trees
            .values()
            .any(is_due)
            .then(|| rested.max(end + self.pace.poll));
        self.tell(changes);
    }

    /// Looks at a part of each tree.
    fn refresh(&mut self, part: impl Fn(&Tree) -> Part, changes: &mut Changes) {
        let parts: Vec<_> = self.trees.values().map(part).collect();
        // All of them first: a folder that has moved is the same to the system under both names.
        for (tree, part) in self.trees.values_mut().zip(&parts) {
            tree.stop_watching(part, &mut *self.watches);
        }
        for (tree, part) in self.trees.values_mut().zip(&parts) {
            if let Err(problem) = tree.look(part, &mut *self.watches, changes) {
                (self.tell)(Notice::Polling {
                    folder: tree.folder().to_path_buf(),
                    problem: Arc::new(problem),
                });
            }
            if tree.mode() != Mode::Events && self.next_poll.is_none() {
                self.next_poll = Some(now() + self.pace.poll);
            }
        }
    }

    fn tell(&mut self, changes: Changes) {
        if !changes.is_empty() {
            let changes = changes.into_iter();
            (self.tell)(Notice::Changes(
                changes.map(|(path, kind)| Change { path, kind }).collect(),
            ));
        }
    }
}

impl Part {
    fn everything_if(condition: bool) -> Self {
        if condition {
            Part::Everything
        } else {
            Part::Paths(Vec::new())
        }
    }

    /// What hints mean to a tree.
    fn of_hints(hints: &BTreeSet<Utf8PathBuf>, tree: &Tree) -> Self {
        let mut paths: Vec<Utf8PathBuf> = Vec::new();
        for hint in hints {
            let is_in_it = hint.starts_with(tree.folder());
            let is_above_it = || {
                let ruled = hint.parent();
                ruled.is_some_and(|ruled| tree.folder().starts_with(ruled))
            };
            if Ignore::is_rule(hint) && (is_in_it || is_above_it()) {
                return Part::Everything;
            }
            // A folder comes right before what is beneath it.
            if is_in_it && paths.last().is_none_or(|last| !hint.starts_with(last)) {
                paths.push(hint.clone());
            }
        }
        Part::Paths(paths)
    }
}

/// Waits until a burst of hints is over, or has lasted long enough. Returns all of them, and a
/// message that is none, if one came.
fn gather(
    first: Vec<PathBuf>,
    pace: Pace,
    messages: &Receiver<Message>,
) -> (BTreeSet<Utf8PathBuf>, Option<Message>) {
    // A name that is no UTF-8 is no file of ours.
    let ours = |paths: Vec<PathBuf>| {
        paths
            .into_iter()
            .filter_map(|path| Utf8PathBuf::from_path_buf(path).ok())
    };
    let mut hints: BTreeSet<_> = ours(first).collect();
    let end = now() + pace.longest;
    loop {
        let wait = pace.quiet.min(end.saturating_duration_since(now()));
        match messages.recv_timeout(wait) {
            Ok(Message::Hints(paths)) if !wait.is_zero() => hints.extend(ours(paths)),
            Ok(other) => return (hints, Some(other)),
            Err(_) => return (hints, None),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "bursts and polls are measured in real time, and nothing else depends on it"
)]
fn now() -> Instant {
    Instant::now()
}
