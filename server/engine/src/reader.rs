//! Reads and parses files, one after the other, in a thread of its own: what is asked later is
//! answered later, and the loop never waits for a disk.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use camino::Utf8PathBuf;
use greenward_workspace::files::read_text;
use tokio::sync::mpsc::UnboundedSender;

use crate::event::Event;
use crate::survive;

/// The reading thread. It ends when this is dropped and its work is done.
pub(crate) struct Reader {
    work: Sender<Work>,
}

enum Work {
    Parse(Utf8PathBuf, Arc<str>, i32),
    Read(Vec<Utf8PathBuf>),
    Compare(Utf8PathBuf, bool),
}

impl Reader {
    pub(crate) fn new(events: UnboundedSender<Event>) -> Self {
        let (work, works) = channel();
        let spawned = std::thread::Builder::new()
            .name("greenward-reader".to_owned())
            .spawn(move || {
                for work in works {
                    do_work(work, &events);
                }
            });
        if let Err(error) = spawned {
            tracing::error!(%error, "files cannot be read: no thread could be started");
        }
        Self { work }
    }

    pub(crate) fn parse(&self, path: Utf8PathBuf, text: Arc<str>, version: i32) {
        self.send(Work::Parse(path, text, version));
    }

    pub(crate) fn read(&self, paths: Vec<Utf8PathBuf>) {
        self.send(Work::Read(paths));
    }

    pub(crate) fn compare(&self, path: Utf8PathBuf, watched: bool) {
        self.send(Work::Compare(path, watched));
    }

    fn send(&self, work: Work) {
        if self.work.send(work).is_err() {
            tracing::error!("the reading thread has ended");
        }
    }
}

fn do_work(work: Work, events: &UnboundedSender<Event>) {
    let parsed = |path: Utf8PathBuf, text: Option<Arc<str>>, version| {
        let parse = || text.and_then(|text| greenward_frameworks::parse(&path, &text));
        let (facts, problem) = match survive::file(&path, parse) {
            Ok(facts) => (facts, None),
            Err(problem) => (None, Some(problem)),
        };
        // The loop may have ended meanwhile.
        let _ = events.send(Event::Parsed {
            path,
            facts,
            problem,
            version,
        });
    };
    match work {
        Work::Parse(path, text, version) => parsed(path, Some(text), Some(version)),
        Work::Read(paths) => {
            for path in paths {
                let text = read_text(&path).ok();
                parsed(path, text, None);
            }
        }
        Work::Compare(path, watched) => {
            let text = read_text(&path).ok();
            // The loop may have ended meanwhile.
            let _ = events.send(Event::OnDisk {
                path,
                text,
                watched,
            });
        }
    }
}
