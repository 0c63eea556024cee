//! Open documents that are specs: what is wrong with them, and what is asked about them.

use std::collections::HashMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_specs::Patterns;
use greenward_workspace::watch::{Change, ChangeKind};
use tokio::sync::oneshot;

use super::State;
use crate::effect::Effect;
use crate::notice::Diagnostic;
use crate::spec::{NoSpec, SpecAnswer, SpecView};
use crate::spec_reader::{SpecPlace, SpecWork};

/// The specs that the editor has open, and who waits to be told about one.
#[derive(Debug, Default)]
pub(super) struct Specs {
    open: HashMap<Utf8PathBuf, OpenSpec>,
    waiting: Vec<(Utf8PathBuf, oneshot::Sender<SpecAnswer>)>,
    last_reading: u64,
}

/// An open document that is a spec.
#[derive(Debug)]
struct OpenSpec {
    place: SpecPlace,
    /// The reading that goes on.
    reading: Option<u64>,
    /// Whether it must be read once more after that.
    again: bool,
    /// As it was read last.
    view: Option<Arc<SpecView>>,
    /// Its file has been deleted.
    gone: bool,
}

impl State {
    /// Where a file is a spec by the settings. Nothing if it is none.
    ///
    /// # Errors
    /// If that is not known yet.
    fn place_of_spec(&self, path: &Utf8Path) -> Result<Option<SpecPlace>, NotKnownYet> {
        let Some(folder) = self.folder_of(path) else {
            return Ok(None);
        };
        let known = self.folders.get(folder);
        let known = known.and_then(|folder| folder.specs.as_ref());
        let place = SpecPlace {
            folder: folder.clone(),
            file: path.to_owned(),
        };
        let is_spec = known.ok_or(NotKnownYet)?.matches(place.path());
        Ok(is_spec.then_some(place))
    }

    /// Whether a file is a spec, as far as that is known.
    pub(super) fn is_spec(&self, path: &Utf8Path) -> bool {
        matches!(self.place_of_spec(path), Ok(Some(_)))
    }

    /// Takes in which files of a folder are specs.
    pub(super) fn set_patterns(&mut self, folder: &Utf8Path, patterns: &[String]) {
        let (patterns, bad) = Patterns::new(patterns);
        if let Some(folder) = self.folders.get_mut(folder) {
            folder.specs = Some(patterns);
        }
        for bad in bad {
            self.message_warning(format!("In the setting `specs.files` of {folder}: {bad}"));
        }
        self.weigh_specs();
    }

    /// Looks again which open documents are specs.
    pub(super) fn weigh_specs(&mut self) {
        let open: Vec<Utf8PathBuf> = self
            .documents
            .iter()
            .map(|(path, _)| path.to_owned())
            .collect();
        for path in open {
            self.weigh_spec(&path);
        }
        self.tell_specs();
    }

    /// Looks whether a document is a spec, and reads one that was none before.
    fn weigh_spec(&mut self, path: &Utf8Path) {
        let place = match self.documents.get(path) {
            Some(_) => self.place_of_spec(path).unwrap_or_default(),
            None => None,
        };
        let known = self.specs.open.get(path).map(|open| &open.place);
        if known == place.as_ref() {
            return;
        }
        self.forget_spec(path);
        if let Some(place) = place {
            let open = OpenSpec {
                place,
                reading: None,
                again: false,
                view: None,
                gone: false,
            };
            self.specs.open.insert(path.to_owned(), open);
            self.read_spec(path);
        }
    }

    /// A document was opened.
    pub(super) fn spec_opened(&mut self, path: &Utf8Path) {
        // The text may be quite another one, if it was open before.
        self.forget_spec(path);
        self.weigh_spec(path);
    }

    /// A document is not open any more.
    pub(super) fn spec_closed(&mut self, path: &Utf8Path) {
        self.forget_spec(path);
        self.tell_specs();
    }

    fn forget_spec(&mut self, path: &Utf8Path) {
        let Some(gone) = self.specs.open.remove(path) else {
            return;
        };
        self.touched.insert(path.to_owned());
        let folder = gone.place.folder;
        let mut others = self.specs.open.values();
        if !others.any(|other| other.place.folder == folder) {
            self.effects.push(Effect::Spec(SpecWork::Forget(folder)));
        }
    }

    /// The file of a document was written by the editor.
    pub(super) fn spec_saved(&mut self, path: &Utf8Path) {
        if let Some(spec) = self.specs.open.get_mut(path) {
            spec.gone = false;
            let folder = spec.place.folder.clone();
            self.read_specs_of(&folder);
        }
    }

    /// Files changed on disk, as the watcher says: that some have come or gone may decide whether a
    /// target is there.
    pub(super) fn specs_watched(&mut self, changes: &[Change]) {
        for change in changes {
            if let Some(spec) = self.specs.open.get_mut(&change.path) {
                spec.gone = change.kind == ChangeKind::Removed;
                self.touched.insert(change.path.clone());
            }
        }
        let come_or_gone = changes
            .iter()
            .filter(|change| change.kind != ChangeKind::Changed);
        self.files_came_or_went(come_or_gone.map(|change| change.path.as_path()));
    }

    /// These files may be there now, or not any more.
    pub(super) fn files_came_or_went<'a>(&mut self, files: impl Iterator<Item = &'a Utf8Path>) {
        if self.specs.open.is_empty() {
            return;
        }
        let mut folders: Vec<Utf8PathBuf> = files
            .filter_map(|file| self.folder_of(file).cloned())
            .collect();
        folders.sort();
        folders.dedup();
        for folder in folders {
            self.read_specs_of(&folder);
        }
    }

    /// Reads all open specs of a folder again, with the files that are there now.
    fn read_specs_of(&mut self, folder: &Utf8Path) {
        let open = self.specs.open.iter();
        let here = open.filter(|(_, spec)| spec.place.folder == folder);
        let here: Vec<Utf8PathBuf> = here.map(|(path, _)| path.clone()).collect();
        if !here.is_empty() {
            let folder = folder.to_owned();
            self.effects.push(Effect::Spec(SpecWork::Forget(folder)));
        }
        for path in here {
            self.read_spec(&path);
        }
    }

    /// Reads the newest text of a document, if it is a spec; after the reading that goes on, if one
    /// does.
    pub(super) fn read_spec(&mut self, path: &Utf8Path) {
        let Some(text) = self.documents.text(path) else {
            return;
        };
        let Some(spec) = self.specs.open.get_mut(path) else {
            return;
        };
        if spec.reading.is_some() {
            spec.again = true;
            return;
        }
        self.specs.last_reading += 1;
        let reading = self.specs.last_reading;
        spec.reading = Some(reading);
        spec.again = false;
        self.effects.push(Effect::Spec(SpecWork::Read {
            place: spec.place.clone(),
            text,
            reading,
        }));
    }

    /// A spec has been read.
    pub(super) fn spec_read(&mut self, path: &Utf8Path, reading: u64, view: Arc<SpecView>) {
        let Some(spec) = self.specs.open.get_mut(path) else {
            return;
        };
        if spec.reading != Some(reading) {
            return;
        }
        spec.reading = None;
        if spec.again {
            // What was read is of no use to anybody any more.
            self.read_spec(path);
            return;
        }
        spec.view = Some(view);
        self.touched.insert(path.to_owned());
        self.tell_specs();
    }

    /// What is wrong with a document, if it is a spec.
    pub(super) fn of_spec(&self, file: &Utf8Path) -> Vec<Diagnostic> {
        let spec = self.specs.open.get(file).filter(|spec| !spec.gone);
        let view = spec.and_then(|spec| spec.view.as_ref());
        view.map_or_else(Vec::new, |view| view.diagnostics().collect())
    }

    /// Answers what is asked about a spec, now or as soon as its newest text has been read.
    pub(super) fn ask_spec(&mut self, path: Utf8PathBuf, reply: oneshot::Sender<SpecAnswer>) {
        if let Some(spec) = self.specs.open.get(&path) {
            match &spec.view {
                Some(view) if spec.reading.is_none() => {
                    // Nobody may be waiting any more.
                    let _ = reply.send(Ok(view.clone()));
                }
                _ => self.specs.waiting.push((path, reply)),
            }
            return;
        }
        match self.place_of_spec(&path) {
            Err(NotKnownYet) => self.specs.waiting.push((path, reply)),
            Ok(None) => {
                // Nobody may be waiting any more.
                let _ = reply.send(Err(NoSpec::NotASpec(path)));
            }
            Ok(Some(place)) => self
                .effects
                .push(Effect::Spec(SpecWork::Look { place, reply })),
        }
    }

    /// Answers those who wait, as far as that can be done now.
    fn tell_specs(&mut self) {
        for (path, reply) in std::mem::take(&mut self.specs.waiting) {
            self.ask_spec(path, reply);
        }
    }
}

/// Settings have not been read yet.
struct NotKnownYet;
