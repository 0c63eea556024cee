//! A room: a project in a folder of our own, where its tests run apart from the user's work.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{ProjectId, Selection, TestItem};
use greenward_frameworks::{Files, Project, detect, parse};
use greenward_protocol::settings::Settings;
use greenward_workspace::files::read_text;
use greenward_workspace::objects::StoreError;
use tokio::sync::mpsc;
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

use super::report::Report;
use crate::runner::{Job, Runner, Tools};

/// Which project, and where it lies.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The folder that stands for the workspace folder, absolute.
    pub(crate) folder: Utf8PathBuf,
    /// What stands before its projects' folders in their ids.
    pub(crate) name: String,
    /// The project.
    pub(crate) project: ProjectId,
    /// Every file in the folder, absolute, sorted.
    pub(crate) files: Vec<Utf8PathBuf>,
}

/// Why a project cannot be used in a room.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RoomError {
    /// It is not found where it should be.
    #[error(
        "the project {0} is not found in its copy: its manifest or configuration is not part of the snapshot"
    )]
    NoProject(ProjectId),
    /// Reading the files failed altogether.
    #[error("the copy of the project could not be read")]
    Read(#[from] JoinError),
    /// It is not known where the user's versions lie.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A project in a folder of our own.
#[derive(Debug)]
pub(crate) struct Room {
    files: Arc<RoomFiles>,
    project: Arc<Project>,
    items: Items,
    runner: Runner,
    settings: Arc<Settings>,
    tools: Tools,
    /// Grows with each change: see [`Job::inputs`].
    inputs: u64,
}

impl Room {
    /// Reads the project that lies in a place. Which tools it is given can depend on its items.
    ///
    /// # Errors
    /// If the project is not there.
    pub(crate) async fn enter(
        place: Place,
        settings: Arc<Settings>,
        tools: impl FnOnce(&Items) -> Result<Tools, StoreError>,
    ) -> Result<Self, RoomError> {
        let Survey {
            project,
            files,
            items,
        } = tokio::task::spawn_blocking(move || survey(place)).await??;
        let tools = tools(&items)?;
        Ok(Self {
            runner: Runner::new(&project, tools.clone()),
            tools,
            files: Arc::new(files),
            project: Arc::new(project),
            items,
            settings,
            inputs: 0,
        })
    }

    /// The items in its files.
    pub(crate) fn items(&self) -> impl Iterator<Item = &TestItem> {
        self.items.values().flatten()
    }

    /// The project.
    pub(crate) fn project(&self) -> &Arc<Project> {
        &self.project
    }

    /// Its files, as they are now.
    pub(crate) fn files(&self) -> &Arc<RoomFiles> {
        &self.files
    }

    /// Takes in that files of it have been written or removed.
    ///
    /// # Errors
    /// If they could not be read.
    pub(crate) async fn changed(&mut self, paths: Vec<Utf8PathBuf>) -> Result<(), RoomError> {
        self.inputs += 1;
        let mut project = Project::clone(&self.project);
        let mut files = RoomFiles::clone(&self.files);
        let mut items = std::mem::take(&mut self.items);
        let (project, files, items) = tokio::task::spawn_blocking(move || {
            for path in paths {
                let text = read_text(&path).ok();
                files.note(&path, text.is_some());
                if project.wants(&path) {
                    let facts = text.and_then(|text| parse(&path, &text));
                    items.extend(project.update(&path, facts.as_ref()).files);
                }
            }
            (project, files, items)
        })
        .await?;
        self.project = Arc::new(project);
        self.files = Arc::new(files);
        self.items = items;
        Ok(())
    }

    /// The settings in it.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What starts processes in it.
    pub(crate) fn tools(&self) -> &Tools {
        &self.tools
    }

    /// Runs tests to their end.
    pub(crate) async fn run(&mut self, selection: Selection, cancel: &CancellationToken) -> Report {
        let (events, mut said) = mpsc::unbounded_channel();
        let job = Job {
            project: self.project.clone(),
            selection,
            settings: self.settings.clone(),
            inputs: self.inputs,
            // Tests may have changed files that nobody told us of.
            asked: true,
            cancel: cancel.clone(),
            events,
        };
        let mut report = Report::begun();
        // The job holds the sender, so listening ends when the run does.
        let listening = async {
            while let Some(event) = said.recv().await {
                report.take(event);
            }
        };
        let (outcome, ()) = tokio::join!(self.runner.run(job), listening);
        report.outcome = outcome;
        report
    }

    /// Ends what is kept warm.
    pub(crate) async fn leave(mut self) {
        self.runner.close().await;
    }
}

/// The items of each file.
pub(super) type Items = BTreeMap<Utf8PathBuf, Vec<TestItem>>;

/// A project as it lies in a place.
#[derive(Debug)]
struct Survey {
    /// The project, with the facts of all its files.
    project: Project,
    /// Its files.
    files: RoomFiles,
    /// The items in them.
    items: Items,
}

/// Reads a project. Blocks.
///
/// # Errors
/// If it is not there.
fn survey(place: Place) -> Result<Survey, RoomError> {
    let files = RoomFiles { all: place.files };
    let mut project = detect(&place.folder, &place.name, &files)
        .projects
        .into_iter()
        .find(|project| *project.id() == place.project)
        .ok_or(RoomError::NoProject(place.project))?;
    let mut items = Items::new();
    for path in files.all() {
        if project.wants(path) {
            let facts = files.read(path).and_then(|text| parse(path, &text));
            items.extend(project.update(path, facts.as_ref()).files);
        }
    }
    Ok(Survey {
        project,
        files,
        items,
    })
}

/// The files of a room: those of the commit that it is at, and those written since.
#[derive(Debug, Clone)]
pub(crate) struct RoomFiles {
    all: Vec<Utf8PathBuf>,
}

impl RoomFiles {
    fn note(&mut self, path: &Utf8Path, exists: bool) {
        match (
            self.all.binary_search_by(|one| one.as_path().cmp(path)),
            exists,
        ) {
            (Ok(at), false) => {
                self.all.remove(at);
            }
            (Err(at), true) => self.all.insert(at, path.to_owned()),
            (Ok(_), true) | (Err(_), false) => {}
        }
    }
}

impl Files for RoomFiles {
    fn all(&self) -> &[Utf8PathBuf] {
        &self.all
    }

    fn read(&self, path: &Utf8Path) -> Option<Arc<str>> {
        read_text(path).ok()
    }

    fn exists(&self, path: &Utf8Path) -> bool {
        path.exists()
    }
}
