//! The folders of the workspace: their settings, their trust, and what is found in them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{Extent, Problem, ProjectId, RunQueue, Severity, TestId, TestItem};
use greenward_frameworks::Project;
use greenward_protocol::settings::Settings;
use greenward_workspace::trust::Trust;

use super::{Folder, ProjectState, State};
use crate::effect::Effect;
use crate::folder_settings::FolderSettings;
use crate::load::Detected;
use crate::notice::{Notice, Offer};
use crate::survive::is_left_out;
use crate::view::TrustState;

/// A folder, read to its end.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// Its projects, with the facts of all their files.
    pub(crate) projects: Vec<Project>,
    /// What had to be left out.
    pub(crate) problems: Vec<Problem>,
}

impl State {
    pub(super) fn add_folder(&mut self, path: Utf8PathBuf) {
        if self.folders.contains_key(&path) {
            return;
        }
        let name = self.folder_name(&path);
        self.folders.insert(
            path.clone(),
            Folder {
                name,
                settings: Arc::new(Settings::default()),
                specs: None,
                trust: TrustState::Untrusted("its trust has not been looked up yet".to_owned()),
                generation: 0,
                loaded: false,
                configured: false,
                offered: false,
                missed: BTreeSet::new(),
                missed_saves: BTreeSet::new(),
                unseen: HashMap::new(),
                problems: Vec::new(),
                waiting: Vec::new(),
            },
        );
        self.effects.push(Effect::Watch {
            folder: path.clone(),
            watched: true,
        });
        self.read_settings(&path);
        // What lies in it is no spec of a folder around it.
        self.weigh_specs();
        self.read_around(&path);
    }

    /// Reads the folders again that this one lies in: what is in it is theirs no longer, or again.
    fn read_around(&mut self, path: &Utf8Path) {
        let around: Vec<Utf8PathBuf> = self
            .folders
            .iter()
            .filter(|(outer, folder)| {
                path.starts_with(outer) && *outer != path && folder.generation > 0
            })
            .map(|(outer, _)| outer.clone())
            .collect();
        for outer in around {
            self.load(&outer);
        }
    }

    /// A folder is read for the first time once no change can be missed any more.
    pub(super) fn watching(&mut self, path: &Utf8Path) {
        if self
            .folders
            .get(path)
            .is_some_and(|folder| folder.generation == 0)
        {
            self.load(path);
        }
    }

    /// What tells the ids of a folder's projects from those of the folders before it: nothing for
    /// the first folder, else its own name, with a number if need be.
    fn folder_name(&self, path: &Utf8Path) -> String {
        if self.folders.is_empty() {
            return String::new();
        }
        let name = path.file_name().unwrap_or("folder");
        let taken = |name: &str| self.folders.values().any(|folder| folder.name == name);
        std::iter::once(name.to_owned())
            .chain((2..).map(|number| format!("{name}-{number}")))
            .find(|name| !taken(name))
            .unwrap_or_default()
    }

    pub(super) fn remove_folder(&mut self, path: &Utf8Path) {
        let Some(folder) = self.folders.shift_remove(path) else {
            return;
        };
        for asked in folder.waiting {
            asked.refuse_gone();
        }
        self.effects.push(Effect::Watch {
            folder: path.to_owned(),
            watched: false,
        });
        for id in self.projects_of(path) {
            self.remove_project(&id);
        }
        for problem in folder.problems {
            if let Some(location) = problem.location {
                self.touched.insert(location.file);
            }
        }
        self.mistakes.retain(|file, _| !file.starts_with(path));
        self.read_around(path);
        self.weigh_specs();
        self.touch_visible();
        self.tell_settled();
    }

    pub(super) fn read_settings(&mut self, folder: &Utf8Path) {
        self.effects.push(Effect::ReadSettings {
            folder: folder.to_owned(),
            editor: self.editor.clone(),
        });
    }

    pub(super) fn editor_settings(&mut self, value: serde_json::Value) {
        self.editor = value;
        for folder in self.folders.keys().cloned().collect::<Vec<_>>() {
            self.read_settings(&folder);
        }
    }

    pub(super) fn trust(&mut self, folder: Option<&Utf8Path>, trusted: bool) {
        let folders: Vec<Utf8PathBuf> = self
            .folders
            .keys()
            .filter(|path| folder.is_none_or(|folder| folder == *path))
            .cloned()
            .collect();
        for folder in folders {
            if let Some(state) = self.folders.get_mut(&folder) {
                // What is asked next waits for the answer, instead of meeting the old trust.
                state.configured = false;
            }
            self.effects.push(Effect::RecordTrust {
                folder,
                trusted,
                editor: self.editor.clone(),
            });
        }
    }

    pub(super) fn settings(&mut self, path: &Utf8Path, read: FolderSettings) {
        self.settings_files.extend(read.files.iter().cloned());
        for file in &read.files {
            self.mistakes.remove(file);
            self.touched.insert(file.clone());
        }
        self.mistakes.extend(read.mistakes);
        if read.editor_mistakes != self.editor_mistakes {
            for mistake in &read.editor_mistakes {
                self.message_warning(format!("In the settings of Greenward: {mistake}"));
            }
            self.editor_mistakes = read.editor_mistakes;
        }
        let Some(folder) = self.folders.get_mut(path) else {
            return;
        };
        let became_trusted =
            folder.trust != TrustState::Trusted && read.trust == TrustState::Trusted;
        folder.trust = read.trust;
        folder.configured = true;
        let changed = *folder.settings != read.settings;
        let level = read.settings.log.level.clone();
        let program_changed = folder.settings.cargo != read.settings.cargo
            || folder.settings.pytest != read.settings.pytest;
        let patterns_changed =
            folder.specs.is_none() || folder.settings.specs != read.settings.specs;
        folder.settings = Arc::new(read.settings);
        let settings = folder.settings.clone();
        if self.log_level.as_ref() != Some(&level) {
            self.log_level = Some(level.clone());
            self.notify(Notice::LogLevel(level));
        }
        if patterns_changed {
            self.set_patterns(path, &settings.specs.files);
        }
        if program_changed {
            // Results are of a run with other options.
            for id in self.projects_of(path) {
                self.results.changed(&id, Extent::All);
            }
        }
        if let Some(folder) = self.folders.get(path)
            && folder.trust != TrustState::Trusted
        {
            self.cancel_in(path);
        }
        if changed || became_trusted {
            self.touch_visible();
        }
        self.folder_ready(path, became_trusted);
    }

    /// Reads a folder, or reads it again.
    pub(super) fn load(&mut self, path: &Utf8Path) {
        let overlay = self
            .documents
            .iter()
            .filter(|(document, _)| document.starts_with(path))
            .map(|(path, document)| (path.to_owned(), document.text().clone()))
            .collect();
        let without = self
            .folders
            .keys()
            .filter(|other| other.starts_with(path) && *other != path)
            .cloned()
            .collect();
        let unseen = self.files_in(path);
        let Some(folder) = self.folders.get_mut(path) else {
            return;
        };
        folder.generation += 1;
        folder.loaded = false;
        folder.unseen = unseen;
        let generation = folder.generation;
        self.effects.push(Effect::Load {
            folder: path.to_owned(),
            name: folder.name.clone(),
            generation,
            without,
            overlay,
        });
    }

    /// The folder, if this is its latest reading.
    fn reading(&mut self, path: &Utf8Path, generation: u64) -> Option<&mut Folder> {
        self.folders
            .get_mut(path)
            .filter(|folder| folder.generation == generation)
    }

    pub(super) fn detected(&mut self, path: &Utf8Path, generation: u64, detected: Detected) {
        let Some(folder) = self.reading(path, generation) else {
            return;
        };
        let before = std::mem::replace(&mut folder.problems, detected.problems);
        let now = folder.problems.clone();
        for problem in before.iter().chain(&now) {
            if let Some(location) = &problem.location {
                self.touched.insert(location.file.clone());
            }
        }
        for items in detected.projects {
            self.tree.set_project(items);
        }
    }

    pub(super) fn items(
        &mut self,
        path: &Utf8Path,
        generation: u64,
        project: &ProjectId,
        files: Vec<(Utf8PathBuf, Vec<TestItem>)>,
    ) {
        let Some(folder) = self.reading(path, generation) else {
            return;
        };
        if let Some(unseen) = folder.unseen.get_mut(project) {
            for (file, _) in &files {
                unseen.remove(file);
            }
        }
        for (file, items) in files {
            self.replace_file(project, &file, items);
        }
    }

    /// A file was read again: it had to be left out, or need not be any more.
    pub(super) fn left_out(&mut self, path: &Utf8Path, problem: Option<Problem>) {
        let folder = self
            .folders
            .iter_mut()
            .filter(|(folder, _)| path.starts_with(folder))
            .max_by_key(|(folder, _)| folder.as_str().len());
        if let Some((_, folder)) = folder {
            let before = folder.problems.len();
            folder.problems.retain(|known| !is_left_out(known, path));
            if problem.is_some() || folder.problems.len() < before {
                self.touched.insert(path.to_owned());
            }
            folder.problems.extend(problem);
        }
    }

    pub(super) fn loaded(&mut self, path: &Utf8Path, generation: u64, loaded: Loaded) {
        let mut messages = Vec::new();
        let Some(folder) = self
            .folders
            .get_mut(path)
            .filter(|folder| folder.generation == generation)
        else {
            return;
        };
        folder.loaded = true;
        let mut unseen = std::mem::take(&mut folder.unseen);
        for problem in loaded.problems {
            match &problem.location {
                Some(location) => {
                    self.touched.insert(location.file.clone());
                    folder.problems.push(problem);
                }
                None => messages.push(problem.message),
            }
        }
        for message in messages {
            self.message_warning(message);
        }
        let now: BTreeSet<ProjectId> = loaded.projects.iter().map(|p| p.id().clone()).collect();
        for id in self.projects_of(path) {
            if !now.contains(&id) {
                self.remove_project(&id);
            }
        }
        for project in loaded.projects {
            let id = project.id().clone();
            for file in unseen.remove(&id).unwrap_or_default() {
                self.replace_file(&id, &file, Vec::new());
            }
            let project = Arc::new(project);
            match self.projects.get_mut(&id) {
                Some(state) => {
                    let before = std::mem::replace(&mut state.project, project);
                    self.effects.push(Effect::Drop(before));
                }
                None => {
                    self.projects.insert(id, ProjectState::new(path, project));
                }
            }
        }
        // Documents that were edited while the folder was being read.
        let open: Vec<Utf8PathBuf> = self
            .documents
            .iter()
            .filter(|(document, _)| document.starts_with(path))
            .map(|(document, _)| document.to_owned())
            .collect();
        for document in open {
            self.parse(&document);
        }
        self.unsaved.clear();
        self.weigh_unsaved();
        self.touch_visible();
        self.folder_ready(path, true);
        self.tell_settled();
    }

    /// A folder may have become ready to run tests, for the first time if `first`.
    fn folder_ready(&mut self, path: &Utf8Path, first: bool) {
        let Some(folder) = self.folders.get_mut(path) else {
            return;
        };
        if !(folder.loaded && folder.configured) {
            return;
        }
        let waiting = std::mem::take(&mut folder.waiting);
        let on_open = folder.settings.run.on_open;
        if first && folder.trust == TrustState::Trusted {
            for id in self.projects_of(path) {
                self.want_listing(&id);
                if on_open {
                    self.run_on_open(&id);
                }
            }
        }
        for asked in waiting {
            self.asked(asked.request, asked.reply);
        }
        self.offer_trust(path);
        self.catch_up(path);
        self.tell_settled();
    }

    /// Offers to trust a folder with tests, once: a run that was asked for may have done so.
    fn offer_trust(&mut self, path: &Utf8Path) {
        if self.projects_of(path).is_empty() {
            return;
        }
        let Some(folder) = self.folders.get_mut(path) else {
            return;
        };
        let TrustState::Untrusted(why) = &folder.trust else {
            return;
        };
        if std::mem::replace(&mut folder.offered, true) {
            return;
        }
        let mut text = format!(
            "Greenward shows the tests of {path} and runs none until you trust the folder."
        );
        // The plain reason says the same again; another is news.
        if why != Trust::Untrusted.explain() {
            text.push_str(&format!(" ({why})"));
        }
        self.notify(Notice::Message {
            severity: Severity::Warning,
            text,
            offer: Some(Offer::Trust(path.to_owned())),
        });
    }

    /// Takes in what changed while the folder was being read.
    fn catch_up(&mut self, path: &Utf8Path) {
        let Some(folder) = self.folders.get_mut(path) else {
            return;
        };
        let missed = std::mem::take(&mut folder.missed);
        let saves = std::mem::take(&mut folder.missed_saves);
        if !missed.is_empty() {
            self.files_changed(missed.into_iter().collect());
        }
        if !saves.is_empty() {
            let saves: Vec<Utf8PathBuf> = saves.into_iter().collect();
            self.changed_on_disk(&saves, true);
        }
    }

    pub(super) fn projects_of(&self, folder: &Utf8Path) -> Vec<ProjectId> {
        self.projects
            .iter()
            .filter(|(_, state)| state.folder == folder)
            .map(|(id, _)| id.clone())
            .collect()
    }

    fn remove_project(&mut self, id: &ProjectId) {
        let Some(state) = self.projects.shift_remove(id) else {
            return;
        };
        if let Some(running) = &state.running {
            self.effects.push(Effect::Cancel(running.run));
            self.end_orphan(id, running);
        }
        for test in self.tree.remove_project(id) {
            self.forget(&test);
        }
        self.results.forget_project(id);
        for problem in &state.problems {
            if let Some(location) = &problem.problem.location {
                self.touched.insert(location.file.clone());
            }
        }
        self.effects.push(Effect::Close(id.clone()));
    }

    /// The files in a folder that have items, for each project.
    fn files_in(&self, folder: &Utf8Path) -> HashMap<ProjectId, HashSet<Utf8PathBuf>> {
        let mut files: HashMap<ProjectId, HashSet<Utf8PathBuf>> = HashMap::new();
        for (file, projects) in self.tree.files_below(folder) {
            for project in projects {
                let of_project = files.entry(project.clone()).or_default();
                of_project.insert(file.to_owned());
            }
        }
        files
    }

    /// Puts new items into the tree and forgets what is known of those that are gone.
    pub(super) fn replace_file(&mut self, id: &ProjectId, file: &Utf8Path, items: Vec<TestItem>) {
        let gone = self.tree.replace_file(id, file, items);
        for test in &gone {
            self.forget(test);
        }
        if let Some(running) = self
            .projects
            .get_mut(id)
            .and_then(|state| state.running.as_mut())
        {
            running.gone.extend(gone);
        }
        self.touched.insert(file.to_owned());
    }

    /// There is no such test any more.
    pub(super) fn forget(&mut self, test: &TestId) {
        self.results.forget(test);
        self.why.remove(test);
        self.cancelled.remove(test);
        self.unplace(test);
    }

    /// Answers those who wait for every folder to be read.
    pub(super) fn tell_settled(&mut self) {
        let settled = self
            .folders
            .values()
            .all(|folder| folder.loaded && folder.configured);
        if settled {
            for reply in self.settled.drain(..) {
                // Nobody may be waiting any more.
                let _ = reply.send(());
            }
        }
    }
}

impl ProjectState {
    fn new(folder: &Utf8Path, project: Arc<Project>) -> Self {
        Self {
            folder: folder.to_owned(),
            project,
            queue: RunQueue::default(),
            running: None,
            pending: BTreeSet::new(),
            pending_saved: false,
            changed_at: None,
            waiting: 0,
            why: String::new(),
            wants_listing: false,
            listed: None,
            problems: Vec::new(),
            broken: None,
            ended_at: None,
            checkpoint: None,
            written: HashMap::new(),
            last_run: None,
        }
    }
}
