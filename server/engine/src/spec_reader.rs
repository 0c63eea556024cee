//! Reads specs, one after the other, in a thread of its own: the loop never waits for a large one,
//! nor for the list of a folder's files.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use camino::{Utf8Path, Utf8PathBuf};
use greenward_specs::Workspace;
use greenward_workspace::files::{Ignore, list, read_text};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use crate::error::chain;
use crate::event::Event;
use crate::spec::{NoSpec, SpecAnswer, SpecView};
use crate::survive;

/// Something to be done about specs.
#[derive(Debug)]
pub(crate) enum SpecWork {
    /// Read the text of an open one.
    Read {
        /// Where it is.
        place: SpecPlace,
        /// Its text.
        text: Arc<str>,
        /// Which reading this is.
        reading: u64,
    },
    /// Read one that no editor has open.
    Look {
        /// Where it is.
        place: SpecPlace,
        /// Who wants to know.
        reply: oneshot::Sender<SpecAnswer>,
    },
    /// Files have come to a folder or gone from it, or nobody needs to know which there are.
    Forget(Utf8PathBuf),
}

/// Where a spec is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SpecPlace {
    /// Its folder of the workspace.
    pub(crate) folder: Utf8PathBuf,
    /// Its file.
    pub(crate) file: Utf8PathBuf,
}

impl SpecPlace {
    /// The file, relative to the folder.
    pub(crate) fn path(&self) -> &Utf8Path {
        self.file.strip_prefix(&self.folder).unwrap_or(&self.file)
    }
}

/// The reading thread. It ends when this is dropped and its work is done.
pub(crate) struct SpecReader {
    work: Sender<SpecWork>,
}

impl SpecReader {
    pub(crate) fn new(events: UnboundedSender<Event>) -> Self {
        let (work, works) = channel();
        let spawned = std::thread::Builder::new()
            .name("greenward-specs".to_owned())
            .spawn(move || {
                let mut folders = Folders::default();
                for work in works {
                    do_work(work, &mut folders, &events);
                }
            });
        if let Err(error) = spawned {
            tracing::error!(%error, "specs cannot be read: no thread could be started");
        }
        Self { work }
    }

    pub(crate) fn work(&self, work: SpecWork) {
        if self.work.send(work).is_err() {
            tracing::error!("the thread that reads specs has ended");
        }
    }
}

/// The files of folders that specs are in, as far as they are known.
#[derive(Default)]
struct Folders(HashMap<Utf8PathBuf, Workspace>);

impl Folders {
    fn read(&mut self, place: &SpecPlace, text: &str) -> SpecView {
        let read = || {
            let folder = &place.folder;
            let known = self.0.entry(folder.clone());
            let workspace = known.or_insert_with(|| Workspace {
                files: Some(listed(folder)),
            });
            SpecView::read(place.path(), text, workspace)
        };
        survive::file(&place.file, read).unwrap_or_else(|_| {
            let message = "Greenward cannot read this spec. The fault is Greenward's own: please \
                           report it with the log.";
            SpecView::with_fault(place.path(), message.to_owned())
        })
    }
}

/// All files of a folder that count, relative to it.
fn listed(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let files = list(&Arc::new(Ignore::new(folder)));
    let inner = files
        .iter()
        .filter_map(|file| file.strip_prefix(folder).ok());
    inner.map(Utf8Path::to_path_buf).collect()
}

fn do_work(work: SpecWork, folders: &mut Folders, events: &UnboundedSender<Event>) {
    // The loop may have ended meanwhile, and whoever asked may have gone.
    match work {
        SpecWork::Read {
            place,
            text,
            reading,
        } => {
            let view = Arc::new(folders.read(&place, &text));
            let path = place.file;
            let _ = events.send(Event::SpecRead {
                path,
                reading,
                view,
            });
        }
        SpecWork::Look { place, reply } => {
            let answer = match read_text(&place.file) {
                Ok(text) => {
                    let view = folders.read(&place, &text);
                    // No editor has it open, so no change of the files around it will be told.
                    folders.0.remove(&place.folder);
                    Ok(Arc::new(view))
                }
                Err(error) => Err(NoSpec::Unreadable {
                    path: place.file,
                    why: chain(&error),
                }),
            };
            let _ = reply.send(answer);
        }
        SpecWork::Forget(folder) => {
            folders.0.remove(&folder);
        }
    }
}
