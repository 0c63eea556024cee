//! Reads folders in the background: the projects, and the tests in every file.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{Problem, TestItem};
use greenward_frameworks::{Facts, Files, Project, detect, parse};
use greenward_workspace::files::{Ignore, list, read_text};
use tokio::sync::mpsc::UnboundedSender;

use crate::background;
use crate::event::Event;
use crate::state::Loaded;
use crate::survive;

/// Items are sent to the loop in portions of about so many, so that each takes it well below a
/// millisecond.
const PORTION: usize = 100;

/// So many files are parsed before their items are sent.
const BATCH: usize = 512;

/// It is not worth a thread to parse fewer files than this.
const SHARE: usize = 16;

/// The projects of a folder, without the tests in their files.
#[derive(Debug)]
pub(crate) struct Detected {
    /// For each project the items that stand in no source file.
    pub(crate) projects: Vec<Vec<TestItem>>,
    /// Broken manifests and configuration files.
    pub(crate) problems: Vec<Problem>,
}

/// A reading of a folder.
pub(crate) struct Load {
    /// The folder.
    pub(crate) folder: Utf8PathBuf,
    /// What stands before its projects' folders in their ids.
    pub(crate) name: String,
    /// Which reading of the folder this is.
    pub(crate) generation: u64,
    /// Folders of the workspace beneath it, which are read by themselves.
    pub(crate) without: Vec<Utf8PathBuf>,
    /// Open documents, whose text counts more than what is on disk.
    pub(crate) overlay: HashMap<Utf8PathBuf, Arc<str>>,
}

/// Finds the projects of a folder and the tests in them, in a thread of its own.
pub(crate) fn begin(what: Load, events: UnboundedSender<Event>) {
    let folder = what.folder.clone();
    let spawned = background::spawn("greenward-loader", move || {
        let (folder, generation) = (what.folder.clone(), what.generation);
        let read = || load(what, &events, &parse);
        if let Err(problem) = survive::folder(&folder, read) {
            let loaded = Loaded {
                projects: Vec::new(),
                problems: vec![problem],
            };
            // The loop may have ended meanwhile.
            let _ = events.send(Event::Loaded {
                folder: folder.clone(),
                generation,
                loaded,
            });
        }
    });
    if let Err(error) = spawned {
        tracing::error!(%folder, %error, "a folder cannot be read: no thread could be started");
    }
}

/// The files of a folder, with the text of open documents before that on disk.
struct FolderFiles {
    all: Vec<Utf8PathBuf>,
    overlay: HashMap<Utf8PathBuf, Arc<str>>,
}

impl Files for FolderFiles {
    fn all(&self) -> &[Utf8PathBuf] {
        &self.all
    }

    fn read(&self, path: &Utf8Path) -> Option<Arc<str>> {
        match self.overlay.get(path) {
            Some(text) => Some(text.clone()),
            None => read_text(path).ok(),
        }
    }

    fn exists(&self, path: &Utf8Path) -> bool {
        path.exists()
    }
}

/// Says what facts stand in a text.
type Parse = dyn Fn(&Utf8Path, &str) -> Option<Facts> + Sync;

/// What was read of a file.
type Read = Result<Option<Facts>, Problem>;

/// The facts of some files, read and parsed by all cores but one: that is left to the editor.
fn read_facts<'a>(
    paths: &[&'a Utf8Path],
    files: &FolderFiles,
    parse: &Parse,
) -> Vec<(&'a Utf8Path, Read)> {
    let facts = |path: &&'a Utf8Path| {
        let read = || files.read(path).and_then(|text| parse(path, &text));
        (*path, survive::file(path, read))
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = cores.saturating_sub(1).max(1);
    let share = paths.len().div_ceil(threads).max(SHARE);
    std::thread::scope(|scope| {
        let threads: Vec<_> = paths
            .chunks(share)
            .map(|paths| scope.spawn(move || paths.iter().map(facts).collect::<Vec<_>>()))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| match thread.join() {
                Ok(facts) => facts,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    })
}

fn load(what: Load, events: &UnboundedSender<Event>, parse: &Parse) {
    let Load {
        folder,
        name,
        generation,
        without,
        overlay,
    } = what;
    // The loop may end at any time; then nobody listens.
    let mut all = list(&Arc::new(Ignore::new(&folder)));
    all.retain(|path| !without.iter().any(|inner| path.starts_with(inner)));
    let files = FolderFiles { all, overlay };
    let mut detection = detect(&folder, &name, &files);
    let _ = events.send(Event::Detected {
        folder: folder.clone(),
        generation,
        detected: Detected {
            projects: detection
                .projects
                .iter()
                .map(Project::fixed_items)
                .collect(),
            problems: detection.problems,
        },
    });
    // A file that several projects want is parsed once.
    // (By its text: paths are compared part by part, which is slow.)
    let mut facts: HashMap<&str, Option<Facts>> = HashMap::new();
    let mut problems = Vec::new();
    for project in &mut detection.projects {
        let id = project.id().clone();
        let mut found: BTreeMap<Utf8PathBuf, Vec<TestItem>> = BTreeMap::new();
        let mut size = 0;
        let send = |found: &mut BTreeMap<Utf8PathBuf, Vec<TestItem>>| {
            let _ = events.send(Event::Items {
                folder: folder.clone(),
                generation,
                project: id.clone(),
                files: std::mem::take(found).into_iter().collect(),
            });
        };
        let wanted: Vec<&Utf8Path> = files
            .all
            .iter()
            .map(Utf8PathBuf::as_path)
            .filter(|path| project.wants(path))
            .collect();
        for batch in wanted.chunks(BATCH) {
            if events.is_closed() {
                return;
            }
            let new: Vec<&Utf8Path> = batch
                .iter()
                .copied()
                .filter(|path| !facts.contains_key(path.as_str()))
                .collect();
            for (path, read) in read_facts(&new, &files, parse) {
                let read = read.unwrap_or_else(|problem| {
                    problems.push(problem);
                    None
                });
                facts.insert(path.as_str(), read);
            }
            for path in batch {
                let facts = facts.get(path.as_str()).and_then(Option::as_ref);
                let updated = survive::file(path, || project.update(path, facts));
                let Ok(change) = updated.map_err(|problem| problems.push(problem)) else {
                    continue;
                };
                for (file, items) in change.files {
                    size += 1 + items.len();
                    found.insert(file, items);
                }
                if size >= PORTION {
                    send(&mut found);
                    size = 0;
                }
            }
        }
        send(&mut found);
        project.prepare();
    }
    let _ = events.send(Event::Loaded {
        folder,
        generation,
        loaded: Loaded {
            projects: detection.projects,
            problems,
        },
    });
}

#[cfg(test)]
mod tests {
    use greenward_core::Severity;
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    /// What is told of a folder with two files of tests, when `parse` reads them.
    fn read(parse: &Parse) -> (Vec<String>, Loaded) {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = Utf8Path::from_path(folder.path()).expect("a UTF-8 path");
        for name in ["pytest.ini", "test_bad.py", "test_good.py"] {
            std::fs::write(folder.join(name), "").expect("written");
        }
        let (events, mut told) = unbounded_channel();
        let what = Load {
            folder: folder.to_owned(),
            name: String::new(),
            generation: 1,
            without: Vec::new(),
            overlay: HashMap::new(),
        };
        load(what, &events, parse);
        let mut files = Vec::new();
        loop {
            match told.try_recv().expect("a last event") {
                Event::Items { files: found, .. } => {
                    let found = found.into_iter().filter(|(_, items)| !items.is_empty());
                    files.extend(found.filter_map(|(file, _)| Some(file.file_name()?.to_owned())));
                }
                Event::Loaded { loaded, .. } => return (files, loaded),
                _ => {}
            }
        }
    }

    #[test]
    fn a_panic_over_one_file_leaves_out_that_file() {
        let parse = |path: &Utf8Path, _: &str| {
            assert!(!path.as_str().ends_with("test_bad.py"), "a fault of ours");
            parse(path, "def test_a(): pass\n")
        };
        let (files, loaded) = read(&parse);
        assert_eq!(files, ["test_good.py"]);
        assert_eq!(loaded.projects.len(), 1);
        let [problem] = &loaded.problems[..] else {
            panic!("{:?}", loaded.problems);
        };
        let place = problem.location.as_ref().expect("a place");
        assert!(survive::is_left_out(problem, &place.file));
        assert!(place.file.ends_with("test_bad.py"));
        assert_eq!(problem.severity, Severity::Warning);
    }
}
