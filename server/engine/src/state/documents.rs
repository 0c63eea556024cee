//! Open documents and changes on disk: what they do to the test tree, and to what can still be
//! believed.

use std::collections::BTreeSet;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{Extent, ProjectId};
use greenward_frameworks::{Affected, Facts, Project};
use greenward_workspace::watch::{Change, ChangeKind};

use super::State;
use crate::command::Edit;
use crate::effect::Effect;
use crate::event::Now;

/// More changed files than this at once are not told apart: everything is affected.
const MANY: usize = 50;

/// For so long after a save, the watcher may tell of it.
const OWN_SAVE: Now = Now::from_secs(2);

/// For so long after a run, files that appear are taken for its products.
const AFTERMATH: Now = Now::from_millis(500);

impl State {
    pub(super) fn open(&mut self, path: Utf8PathBuf, version: i32, text: String) {
        self.documents.open(path.clone(), version, &text);
        self.share(&path);
        self.effects.push(Effect::Compare {
            path: path.clone(),
            watched: false,
        });
        self.parse(&path);
        self.spec_opened(&path);
        self.touched.insert(path);
    }

    pub(super) fn change(&mut self, path: &Utf8Path, version: i32, edits: Vec<Edit>) {
        if let Err(error) = self.documents.change(path, version, &edits) {
            tracing::warn!(%error, version, "an edit of a document that is not open");
            return;
        }
        self.share(path);
        self.parse(path);
        self.read_spec(path);
        self.weigh_unsaved();
    }

    pub(super) fn save(&mut self, path: &Utf8Path) {
        let folder = self.folder_of(path).cloned();
        if let Some(folder) = folder.and_then(|folder| self.folders.get_mut(&folder))
            && !(folder.loaded && folder.configured)
            && folder.generation <= 1
        {
            folder.missed_saves.insert(path.to_owned());
        }
        let Some(text) = self.documents.text(path) else {
            // Saved without being open here.
            self.effects.push(Effect::Read(vec![path.to_owned()]));
            self.changed_on_disk(&[path.to_owned()], true);
            return;
        };
        self.saved_at.insert(path.to_owned(), self.now);
        self.spec_saved(path);
        let before = self.saved.insert(path.to_owned(), text.clone());
        if before.is_some_and(|before| before == text) {
            // Nothing is different, so nothing is stale and nothing need be built; but who saves
            // wants to see the tests run.
            for id in self.projects_near(path) {
                self.wait_for_more(&id, vec![path.to_owned()], true);
            }
            return;
        }
        self.weigh_unsaved();
        self.changed_on_disk(&[path.to_owned()], true);
    }

    pub(super) fn close(&mut self, path: &Utf8Path) {
        self.documents.close(path);
        self.share(path);
        self.saved.remove(path);
        self.saved_at.remove(path);
        self.parsing.remove(path);
        self.spec_closed(path);
        self.weigh_unsaved();
        // What was not saved is gone: the file counts as it stands on disk.
        self.effects.push(Effect::Read(vec![path.to_owned()]));
        self.touched.insert(path.to_owned());
    }

    /// Lets readers outside the loop have the newest text of a document.
    fn share(&mut self, path: &Utf8Path) {
        self.effects.push(Effect::Share {
            path: path.to_owned(),
            text: self.documents.text(path),
        });
    }

    /// What stands on disk for a document has been read.
    pub(super) fn on_disk(&mut self, path: Utf8PathBuf, text: Option<Arc<str>>, watched: bool) {
        if self.documents.text(&path).is_none() {
            // Closed meanwhile.
            if watched {
                self.changed_on_disk(&[path], false);
            }
            return;
        }
        // Nothing on disk is as different from the document as anything can be.
        let text = text.unwrap_or_default();
        let before = self.saved.insert(path.clone(), text.clone());
        self.weigh_unsaved();
        // The same text as before may still be new to us: the document was opened after the file
        // had changed. Only a save of the editor's own is known to have been told already.
        let told = self
            .saved_at
            .get(&path)
            .is_some_and(|saved| self.now < *saved + OWN_SAVE);
        let same = before.is_some_and(|before| before == text);
        if watched && !(same && told) {
            self.changed_on_disk(&[path], false);
        }
    }

    /// Files changed on disk, as the watcher says.
    pub(super) fn watched(&mut self, changes: Vec<Change>) {
        let reload: BTreeSet<Utf8PathBuf> = changes
            .iter()
            .filter(|change| self.changes_structure(change))
            .filter_map(|change| self.folder_of(&change.path).cloned())
            .collect();
        self.specs_watched(&changes);
        self.files_changed(changes.into_iter().map(|change| change.path).collect());
        for folder in reload {
            self.load(&folder);
        }
    }

    /// Whether there may be other projects now, or other parts of them. What a source file says
    /// never changes that; that it appears or goes may.
    fn changes_structure(&self, change: &Change) -> bool {
        let source = matches!(change.path.extension(), Some("rs" | "py"));
        match change.kind {
            ChangeKind::Changed => {
                !source
                    && Project::is_structure(&change.path)
                    && !Project::is_made_by_runs(&change.path)
            }
            ChangeKind::Created => {
                self.is_first_test(&change.path)
                    || Project::is_structure(&change.path)
                        && !Project::is_made_by_runs(&change.path)
            }
            ChangeKind::Removed => Project::is_structure(&change.path),
        }
    }

    /// Files changed on disk, as the watcher or the editor says.
    pub(super) fn files_changed(&mut self, paths: Vec<Utf8PathBuf>) {
        let mut read = Vec::new();
        let mut changed = Vec::new();
        for path in paths {
            let Some(folder) = self.folder_of(&path).cloned() else {
                // The user's settings and record of trust lie outside the workspace.
                if self.settings_files.contains(&path) {
                    changed.push(path);
                }
                continue;
            };
            if let Some(folder) = self.folders.get_mut(&folder)
                && !(folder.loaded && folder.configured)
            {
                folder.missed.insert(path);
                continue;
            }
            if self.documents.text(&path).is_some() {
                self.effects.push(Effect::Compare {
                    path,
                    watched: true,
                });
                continue;
            }
            read.push(path.clone());
            changed.push(path);
        }
        if !read.is_empty() {
            self.effects.push(Effect::Read(read));
        }
        self.changed_on_disk(&changed, false);
    }

    /// The text of these files is now another one on disk.
    pub(super) fn changed_on_disk(&mut self, paths: &[Utf8PathBuf], saved: bool) {
        if paths.iter().any(|path| self.settings_files.contains(path)) {
            for folder in self.folders.keys().cloned().collect::<Vec<_>>() {
                self.read_settings(&folder);
            }
        }
        for id in self.projects.keys().cloned().collect::<Vec<_>>() {
            self.project_changed(&id, paths, saved);
        }
        self.touch_visible();
    }

    /// A file that may begin a project where there is none yet.
    fn is_first_test(&self, path: &Utf8Path) -> bool {
        path.extension() == Some("py")
            && !self
                .projects
                .values()
                .any(|state| path.starts_with(state.project.root()))
    }

    fn project_changed(&mut self, id: &ProjectId, paths: &[Utf8PathBuf], saved: bool) {
        let counts: Vec<Utf8PathBuf> = paths
            .iter()
            .filter(|path| saved || !self.is_product(id, path))
            .cloned()
            .collect();
        let Some(state) = self.projects.get(id) else {
            return;
        };
        let near: Vec<Utf8PathBuf> = counts
            .into_iter()
            .filter(|path| path.starts_with(&state.folder))
            .collect();
        let mut extent = Extent::Nothing;
        if near.len() > MANY {
            extent = Extent::All;
        } else {
            for path in &near {
                extent.add(extent_of(state.project.affected(path)));
            }
        }
        if extent == Extent::Nothing {
            return;
        }
        self.results.changed(id, extent);
        self.wait_for_more(id, near, saved);
    }

    /// Whether a file that changed on disk is what the tests of the project write: no source of
    /// it, and changed in one run after another. What changes in a single run may be anybody's.
    fn is_product(&mut self, id: &ProjectId, path: &Utf8Path) -> bool {
        let Some(state) = self.projects.get_mut(id) else {
            return false;
        };
        let in_a_run = state.running.is_some()
            || state
                .ended_at
                .is_some_and(|ended| self.now < ended + AFTERMATH);
        if in_a_run && Project::is_made_by_runs(path) {
            return true;
        }
        if !in_a_run || state.project.wants(path) || Project::is_structure(path) {
            return false;
        }
        let Some(run) = state.last_run else {
            return false;
        };
        let first = *state.written.entry(path.to_owned()).or_insert(run);
        first != run
    }

    /// Parses the newest text of an open document, unless an older one is still being parsed: its
    /// end starts the next.
    pub(super) fn parse(&mut self, path: &Utf8Path) {
        if self.parsing.contains_key(path) {
            return;
        }
        let Some(document) = self.documents.get(path) else {
            return;
        };
        let (text, version) = (document.text().clone(), document.version());
        self.parsing.insert(path.to_owned(), version);
        self.effects.push(Effect::Parse {
            path: path.to_owned(),
            text,
            version,
        });
    }

    pub(super) fn parsed(&mut self, path: &Utf8Path, facts: Option<&Facts>, version: Option<i32>) {
        match (version, self.documents.get(path)) {
            (Some(version), Some(document)) => {
                self.parsing.remove(path);
                if document.version() != version {
                    self.parse(path);
                }
            }
            // Opened or closed meanwhile: what comes next tells the truth.
            (Some(_), None) => {
                self.parsing.remove(path);
                return;
            }
            (None, Some(_)) => return,
            (None, None) => {}
        }
        for id in self.projects_near(path) {
            let Some(state) = self.projects.get_mut(&id) else {
                continue;
            };
            if !state.project.wants(path) {
                continue;
            }
            let change = Arc::make_mut(&mut state.project).update(path, facts);
            for (file, items) in change.files {
                self.replace_file(&id, &file, items);
            }
        }
        self.touched.insert(path.to_owned());
    }

    /// What the unsaved documents reach now.
    pub(super) fn weigh_unsaved(&mut self) {
        let unsaved: Vec<Utf8PathBuf> = self
            .saved
            .iter()
            .filter(|(path, saved)| {
                self.documents
                    .get(path)
                    .is_some_and(|document| document.differs_from(saved))
            })
            .map(|(path, _)| path.clone())
            .collect();
        if unsaved == self.unsaved {
            return;
        }
        for (id, state) in &self.projects {
            let mut extent = Extent::Nothing;
            for path in unsaved
                .iter()
                .filter(|path| path.starts_with(&state.folder))
            {
                extent.add(extent_of(state.project.affected(path)));
            }
            self.results.set_unsaved(id, extent);
        }
        self.unsaved = unsaved;
        self.touch_visible();
    }
}

pub(super) fn extent_of(affected: Affected) -> Extent {
    match affected {
        Affected::Nothing => Extent::Nothing,
        Affected::Units(units, _) => Extent::Units(units),
        Affected::All(_) => Extent::All,
    }
}
