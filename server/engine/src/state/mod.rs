//! The state of the workspace, and what each event means for it.
//!
//! Pure: [`State::handle`] takes an event and the time, changes the state, and returns what is to
//! be done. One module for each kind of event: [`documents`], [`folders`], [`runs`], [`reports`];
//! [`selection`] finds what a run is about; [`specs`] follows open specs;
//! [`show`] and [`answers`] make what is seen.

mod answers;
mod cycles;
mod documents;
mod folders;
mod reports;
mod runs;
mod selection;
mod show;
mod specs;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{
    Counts, Outcome, Problem, ProjectId, Results, RunId, RunQueue, Selection, TestId, TestTree,
};
use greenward_frameworks::Project;
use greenward_protocol::settings::Settings;
use greenward_specs::Patterns;
use greenward_workspace::document::{Documents, PositionEncoding};
use indexmap::IndexMap;
use serde_json::Value;
use tokio::sync::oneshot;

use crate::effect::Effect;
use crate::event::{Event, Now};
use crate::notice::{Diagnostic, Notice};
use crate::view::TrustState;

pub(crate) use folders::Loaded;

/// All that the daemon knows.
#[derive(Debug)]
pub(crate) struct State {
    now: Now,
    folders: IndexMap<Utf8PathBuf, Folder>,
    /// The editor's settings, as it wrote them.
    editor: Value,
    /// What was wrong with them.
    editor_mistakes: Vec<String>,
    documents: Documents,
    /// What stands on disk for each open document, as far as it is known.
    saved: HashMap<Utf8PathBuf, Arc<str>>,
    /// When each document was last saved by its editor.
    saved_at: HashMap<Utf8PathBuf, Now>,
    /// Open documents whose newest text is not parsed yet: the version that is being parsed.
    parsing: HashMap<Utf8PathBuf, i32>,
    projects: IndexMap<ProjectId, ProjectState>,
    tree: TestTree,
    results: Results,
    /// Why each test was run the last time.
    why: HashMap<TestId, Arc<str>>,
    /// When the latest run of each test was cancelled, where that is why it has no later result.
    cancelled: HashMap<TestId, Now>,
    last_run: u64,
    /// The settings files of the user and of all folders.
    settings_files: BTreeSet<Utf8PathBuf>,
    /// Mistakes in settings files, by file.
    mistakes: HashMap<Utf8PathBuf, Vec<Diagnostic>>,
    /// Open documents whose text is not what stands on disk.
    unsaved: Vec<Utf8PathBuf>,
    /// Where bad results are shown, and the other way round.
    placed: HashMap<TestId, show::Placed>,
    bad_in: HashMap<Utf8PathBuf, BTreeSet<TestId>>,
    /// The diagnostics that the front end has, where there are any.
    shown: HashMap<Utf8PathBuf, Vec<Diagnostic>>,
    /// Files whose diagnostics or items may have changed since the last notice.
    touched: BTreeSet<Utf8PathBuf>,
    settled: Vec<oneshot::Sender<()>>,
    specs: specs::Specs,
    /// The cycles that a person works on.
    by_hand: Vec<cycles::ByHand>,
    log_level: Option<String>,
    effects: Vec<Effect>,
}

/// A folder of the workspace.
#[derive(Debug)]
struct Folder {
    /// What stands before its projects' folders in their ids; empty for the first folder.
    name: String,
    /// The settings in force. The last good ones stay in force while a file has a mistake.
    settings: Arc<Settings>,
    /// Which of its files are specs; nothing before the settings have been read.
    specs: Option<Patterns>,
    trust: TrustState,
    /// The latest reading of the folder.
    generation: u64,
    /// Whether that reading has come to its end.
    loaded: bool,
    /// Whether the settings have been read at least once.
    configured: bool,
    /// Whether the user has been offered to trust it.
    offered: bool,
    /// Files that changed while the folder was being read, and those that were saved in an editor.
    missed: BTreeSet<Utf8PathBuf>,
    missed_saves: BTreeSet<Utf8PathBuf>,
    /// Files that had items before the reading that goes on, and that it has not come to yet.
    unseen: HashMap<ProjectId, HashSet<Utf8PathBuf>>,
    /// Broken manifests and configuration files.
    problems: Vec<Problem>,
    /// Asked for before the folder was read.
    waiting: Vec<runs::Asked>,
}

/// A project and its runs.
#[derive(Debug)]
struct ProjectState {
    folder: Utf8PathBuf,
    project: Arc<Project>,
    queue: RunQueue,
    running: Option<Running>,
    /// Files whose change waits for its run, and whether one of them was saved in an editor.
    pending: BTreeSet<Utf8PathBuf>,
    pending_saved: bool,
    /// When a file of it changed last.
    changed_at: Option<Now>,
    /// Which waiting for more changes goes on.
    waiting: u64,
    /// Why the run that waits was asked for.
    why: String,
    /// Whether the framework is to be asked which tests there are.
    wants_listing: bool,
    /// The state of the inputs when it was last asked.
    listed: Option<u64>,
    problems: Vec<FoundProblem>,
    /// Why the framework could not be run the last time.
    broken: Option<String>,
    ended_at: Option<Now>,
    /// The state of the inputs when all tests passed the last time and that was kept.
    checkpoint: Option<u64>,
    /// Files that are no source and changed during a run, and the first such run: one that does so
    /// again in a later run is what the tests write.
    written: HashMap<Utf8PathBuf, RunId>,
    last_run: Option<RunId>,
}

/// A problem that a run has found.
#[derive(Debug, Clone)]
struct FoundProblem {
    problem: Problem,
    /// The state of the inputs that it is about.
    stamp: u64,
}

/// A run that goes on.
#[derive(Debug)]
struct Running {
    run: RunId,
    stamp: u64,
    sequence: u64,
    selection: Selection,
    why: Arc<str>,
    started_at: Now,
    stage: String,
    planned: u32,
    counts: Counts,
    /// The tests that have come to their end in it.
    reported: BTreeMap<TestId, Outcome>,
    /// Tests that were there when it began and are not any more.
    gone: BTreeSet<TestId>,
    problems: Vec<FoundProblem>,
}

impl State {
    /// The state of an empty workspace. Positions come from the front end in `encoding`.
    pub(crate) fn new(encoding: PositionEncoding) -> Self {
        Self {
            now: Duration::ZERO,
            folders: IndexMap::new(),
            editor: Value::Null,
            editor_mistakes: Vec::new(),
            documents: Documents::new(encoding),
            saved: HashMap::new(),
            saved_at: HashMap::new(),
            parsing: HashMap::new(),
            projects: IndexMap::new(),
            tree: TestTree::default(),
            results: Results::default(),
            why: HashMap::new(),
            cancelled: HashMap::new(),
            last_run: 0,
            settings_files: BTreeSet::new(),
            mistakes: HashMap::new(),
            unsaved: Vec::new(),
            placed: HashMap::new(),
            bad_in: HashMap::new(),
            shown: HashMap::new(),
            touched: BTreeSet::new(),
            settled: Vec::new(),
            specs: specs::Specs::default(),
            by_hand: Vec::new(),
            log_level: None,
            effects: Vec::new(),
        }
    }

    /// Takes in an event that came at `now`, and says what is to be done.
    #[must_use]
    pub(crate) fn handle(&mut self, event: Event, now: Now) -> Vec<Effect> {
        self.now = now;
        match event {
            Event::Command(command) => self.command(command),
            Event::Settings { folder, settings } => self.settings(&folder, *settings),
            Event::Detected {
                folder,
                generation,
                detected,
            } => self.detected(&folder, generation, detected),
            Event::Items {
                folder,
                generation,
                project,
                files,
            } => self.items(&folder, generation, &project, files),
            Event::Loaded {
                folder,
                generation,
                loaded,
            } => self.loaded(&folder, generation, loaded),
            Event::Parsed {
                path,
                facts,
                problem,
                version,
            } => {
                self.left_out(&path, problem);
                self.parsed(&path, facts.as_ref(), version);
            }
            Event::OnDisk {
                path,
                text,
                watched,
            } => self.on_disk(path, text, watched),
            Event::SpecRead {
                path,
                reading,
                view,
            } => self.spec_read(&path, reading, view),
            Event::Changed(changes) => self.watched(changes),
            Event::Watching(folder) => self.watching(&folder),
            Event::Unwatched { folder, message } => {
                self.message_warning(message);
                if let Some(folder) = folder {
                    self.watching(&folder);
                }
            }
            Event::Due {
                project,
                generation,
            } => self.due(&project, generation),
            Event::Run {
                project,
                run,
                event,
            } => self.run_event(&project, run, event),
            Event::RunEnded {
                project,
                run,
                outcome,
            } => self.run_ended(&project, run, outcome),
            Event::Cycle(notice) => self.cycle_notice(notice),
            Event::Listed { project, items } => self.listed(&project, items),
        }
        std::mem::take(&mut self.effects)
    }

    fn command(&mut self, command: crate::Command) {
        use crate::Command;
        match command {
            Command::AddFolder(folder) => self.add_folder(folder),
            Command::RemoveFolder(folder) => self.remove_folder(&folder),
            Command::Open {
                path,
                version,
                text,
            } => self.open(path, version, text),
            Command::Change {
                path,
                version,
                edits,
            } => self.change(&path, version, edits),
            Command::Save { path } => self.save(&path),
            Command::Close { path } => self.close(&path),
            Command::FilesChanged(paths) => {
                self.files_came_or_went(paths.iter().map(Utf8PathBuf::as_path));
                self.files_changed(paths);
            }
            Command::EditorSettings(value) => self.editor_settings(value),
            Command::Trust { folder, trusted } => self.trust(folder.as_deref(), trusted),
            Command::Run { request, reply } => self.asked(request, reply),
            Command::Cancel { run } => self.cancel(run),
            Command::Cycle(command) => self.cycle_command(command),
            Command::Query(query) => self.answer(query),
            Command::Stop { reply } => self.effects.push(Effect::Stop(reply)),
        }
    }

    fn notify(&mut self, notice: Notice) {
        self.effects.push(Effect::Notify(notice));
    }

    fn message_warning(&mut self, text: String) {
        self.notify(Notice::Message {
            severity: greenward_core::Severity::Warning,
            text,
            offer: None,
        });
    }

    /// The folder of the workspace that a file lies in: the innermost.
    fn folder_of(&self, path: &Utf8Path) -> Option<&Utf8PathBuf> {
        self.folders
            .keys()
            .filter(|folder| path.starts_with(folder))
            .max_by_key(|folder| folder.as_str().len())
    }

    /// The projects of the folder that a file lies in. They say for themselves whether it matters
    /// to them: it need not lie in their own folder for that.
    fn projects_near(&self, path: &Utf8Path) -> Vec<ProjectId> {
        self.folder_of(path)
            .map(|folder| self.projects_of(folder))
            .unwrap_or_default()
    }
}
