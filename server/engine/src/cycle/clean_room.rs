//! The clean room: a lane that nobody but the daemon writes in, brought to a saved state before
//! each run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{Goal, Selection, TestId, Unit};
use greenward_exec::Isolation;
use greenward_frameworks::verify::Twins;
use greenward_frameworks::{Files, Project};
use greenward_workspace::lane::{Lane, LaneError, Lanes, Purpose};
use greenward_workspace::objects::{CommitId, ObjectStore, StoreError};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

use super::confinement::Secrets;
use super::environment::Environment;
use super::network::Want;
use super::report::Report;
use super::room::{Items, Place, Room, RoomError, RoomFiles};

/// Why nothing can be found out about a change.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CleanRoomError {
    /// It was stopped.
    #[error("cancelled")]
    Cancelled,
    #[error(transparent)]
    Lane(#[from] LaneError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Room(#[from] RoomError),
    /// The system has no random numbers for names that nobody can guess.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
    /// A thread died.
    #[error("a step of the verification was given up")]
    Thread(#[from] JoinError),
}

/// A lane for verification, and the project in it.
#[derive(Debug)]
pub(crate) struct CleanRoom {
    store: ObjectStore,
    /// Away only while it is brought to another state.
    lane: Option<Lane>,
    top: Utf8PathBuf,
    room: Room,
    secrets: Secrets,
    clock: fn() -> Duration,
}

impl CleanRoom {
    /// Takes a lane at a state of the user's work, and reads the project in it.
    ///
    /// # Errors
    /// If there is no lane to be had, or the project is not in it.
    pub(crate) async fn enter(
        store: &ObjectStore,
        lanes: &Arc<Lanes>,
        name: &str,
        goal: &Goal,
        state: CommitId,
        environment: &Environment,
        clock: fn() -> Duration,
    ) -> Result<Self, CleanRoomError> {
        let (pool, taken) = (lanes.clone(), format!("{name}-verify"));
        let at = SystemTime::UNIX_EPOCH + clock();
        let lane = tokio::task::spawn_blocking(move || {
            let lane = pool.take(Purpose::Verification, &taken, state, at)?;
            // A place must be there for what is written to stay in it.
            let build = lane.build();
            std::fs::create_dir_all(&build).map_err(|source| LaneError::Io {
                what: "make",
                path: build,
                source,
            })?;
            Ok::<_, LaneError>(lane)
        })
        .await??;
        let folder = lane.workspace();
        let place = Place {
            files: files_in(store, state, lane.top())?
                .into_iter()
                .filter(|file| file.starts_with(&folder))
                .collect(),
            name: name_of(goal),
            project: goal.project.clone(),
            folder: folder.clone(),
        };
        let secrets_of = |items: &Items| {
            let tests: Vec<&TestId> = goal.targets.iter().chain(&goal.held_out).collect();
            let known = items.values().flatten();
            let files = known.filter(|item| tests.contains(&&item.id));
            let files = files.filter_map(|item| item.file.clone());
            environment.secrets(&lane, store, files)
        };
        let mut secrets = None;
        let tools = |items: &Items| {
            let secrets = secrets.insert(secrets_of(items)?);
            Ok(environment.tools(lane.top(), &folder, &lane.build(), secrets))
        };
        let room = Room::enter(place, environment.settings(), tools).await?;
        let secrets = match secrets {
            Some(secrets) => secrets,
            None => secrets_of(&Items::new())?,
        };
        Ok(Self {
            secrets,
            store: store.clone(),
            top: lane.top().to_owned(),
            lane: Some(lane),
            room,
            clock,
        })
    }

    /// The top of its files: what the top of the user's repository is.
    pub(crate) fn top(&self) -> &Utf8Path {
        &self.top
    }

    /// What is kept from whoever writes, and from what they wrote.
    pub(super) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The project, as it stands.
    pub(crate) fn project(&self) -> &Arc<Project> {
        self.room.project()
    }

    /// The files, as they stand.
    pub(crate) fn files(&self) -> &Arc<RoomFiles> {
        self.room.files()
    }

    /// The file of each of these tests that has one.
    pub(crate) fn files_of(&self, tests: &[TestId]) -> BTreeMap<TestId, Utf8PathBuf> {
        let items = self.room.items();
        let known = items.filter(|item| tests.contains(&item.id));
        known
            .filter_map(|item| Some((item.id.clone(), item.file.clone()?)))
            .collect()
    }

    /// The units that none of these tests is in.
    pub(crate) fn other_units(&self, tests: &[TestId]) -> Vec<Unit> {
        let mut others: Vec<Unit> = self
            .room
            .items()
            .filter_map(|item| item.unit.clone())
            .collect();
        others.sort();
        others.dedup();
        for item in self.room.items().filter(|item| tests.contains(&item.id)) {
            others.retain(|unit| Some(unit) != item.unit.as_ref());
        }
        others
    }

    /// Brings the room to a state. Whatever is different there is undone.
    ///
    /// # Errors
    /// If the lane is gone, or cannot be written.
    pub(crate) async fn stand(&mut self, state: CommitId) -> Result<(), CleanRoomError> {
        let Some(mut lane) = self.lane.take() else {
            return Err(CleanRoomError::Cancelled);
        };
        let (lane, stood) = tokio::task::spawn_blocking(move || {
            let stood = lane.stand(state);
            (lane, stood)
        })
        .await?;
        let top = lane.top().to_owned();
        self.lane = Some(lane);
        let changed: Vec<Utf8PathBuf> = stood?.iter().map(|path| top.join(path)).collect();
        if !changed.is_empty() {
            self.room.changed(changed).await?;
        }
        Ok(())
    }

    /// Runs tests on the state that the room stands on.
    ///
    /// # Errors
    /// If it was cancelled.
    pub(crate) async fn run(
        &mut self,
        selection: Selection,
        cancel: &CancellationToken,
    ) -> Result<Report, CleanRoomError> {
        let report = self.room.run(selection, cancel).await;
        if cancel.is_cancelled() {
            return Err(CleanRoomError::Cancelled);
        }
        Ok(report)
    }

    /// The same, for as long as `limit`. Nothing if it took longer.
    ///
    /// # Errors
    /// If it was cancelled.
    pub(crate) async fn run_within(
        &mut self,
        selection: Selection,
        limit: Duration,
        cancel: &CancellationToken,
    ) -> Result<Option<Report>, CleanRoomError> {
        let stop = cancel.child_token();
        let watch = stop.clone();
        let timer = tokio::spawn(async move {
            tokio::time::sleep(limit).await;
            watch.cancel();
        });
        let report = self.room.run(selection, &stop).await;
        timer.abort();
        if cancel.is_cancelled() {
            return Err(CleanRoomError::Cancelled);
        }
        Ok((!stop.is_cancelled()).then_some(report))
    }

    /// The room itself.
    pub(crate) fn room(&self) -> &Room {
        &self.room
    }

    /// How far what has run in it was kept from all else. Nothing if nothing has run.
    pub(crate) fn isolation(&self) -> Option<Isolation> {
        self.room.tools().executor.isolation()
    }

    /// Whether what has run in it could fail for want of a network.
    pub(super) fn want(&self) -> Want {
        Want {
            setting: self.room.settings().cycle.network,
            isolation: self.isolation(),
        }
    }

    /// A state with other texts in some files, given by their paths in the room.
    ///
    /// # Errors
    /// If it cannot be recorded.
    pub(crate) async fn with(
        &self,
        state: CommitId,
        files: &[(Utf8PathBuf, Option<String>)],
    ) -> Result<CommitId, CleanRoomError> {
        let changes: Vec<(Utf8PathBuf, Option<Vec<u8>>)> = files
            .iter()
            .filter_map(|(path, text)| {
                let inside = path.strip_prefix(&self.top).ok()?;
                Some((inside.to_owned(), text.clone().map(String::into_bytes)))
            })
            .collect();
        let store = self.store.clone();
        let at = SystemTime::UNIX_EPOCH + (self.clock)();
        let made = tokio::task::spawn_blocking(move || {
            store.with_files(state, &changes, "A state of the clean room", at)
        });
        Ok(made.await??)
    }

    /// A state without these tests. The room must stand on `state`.
    ///
    /// # Errors
    /// If it cannot be recorded.
    pub(crate) async fn without(
        &self,
        state: CommitId,
        tests: &[TestId],
    ) -> Result<CommitId, CleanRoomError> {
        let mut by_file: BTreeMap<Utf8PathBuf, Vec<TestId>> = BTreeMap::new();
        for (test, file) in self.files_of(tests) {
            by_file.entry(file).or_default().push(test);
        }
        let project = self.room.project();
        let files: Vec<(Utf8PathBuf, Option<String>)> = by_file
            .into_iter()
            .filter_map(|(file, tests)| {
                let text = self.room.files().read(&file)?;
                let text = project.without(&file, &text, &tests)?;
                Some((file, Some(text)))
            })
            .collect();
        self.with(state, &files).await
    }

    /// Twins of tests on the state that the room stands on.
    ///
    /// # Errors
    /// If there are no random numbers for them.
    pub(crate) async fn twins(&self, tests: &[TestId]) -> Result<Twins, CleanRoomError> {
        let (project, files) = (self.room.project().clone(), self.room.files().clone());
        let tests = tests.to_vec();
        let planted = tokio::task::spawn_blocking(move || {
            let mut failed = None;
            let mut random = || match getrandom::u64() {
                Ok(number) => number,
                Err(error) => {
                    failed = Some(error);
                    0
                }
            };
            let twins = project.twins(&tests, &*files, &mut random);
            match failed {
                Some(error) => Err(CleanRoomError::Random(error.to_string())),
                None => Ok(twins),
            }
        });
        planted.await?
    }

    /// Ends what runs in it, and lets go of the lane.
    pub(crate) async fn leave(self) {
        self.room.leave().await;
        let at = SystemTime::UNIX_EPOCH + (self.clock)();
        if let Some(lane) = self.lane {
            let released = tokio::task::spawn_blocking(move || lane.release(at));
            match released.await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => tracing::warn!(%error, "a lane was not released"),
                Err(error) => tracing::warn!(%error, "a lane was not released"),
            }
        }
    }
}

/// What stands before a project's folder in its id. It is not needed in a room, where the workspace
/// folder is the only one, but ids must be the same.
pub(crate) fn name_of(goal: &Goal) -> String {
    let inside = goal
        .root
        .strip_prefix(&goal.folder)
        .map_or("", Utf8Path::as_str);
    let place = goal
        .project
        .as_str()
        .split_once(':')
        .map_or("", |(_, place)| place);
    let place = if place == "." { "" } else { place };
    place
        .strip_suffix(inside)
        .unwrap_or_default()
        .trim_end_matches('/')
        .to_owned()
}

/// The files of a state, absolute beneath `top`, sorted.
pub(crate) fn files_in(
    store: &ObjectStore,
    state: CommitId,
    top: &Utf8Path,
) -> Result<Vec<Utf8PathBuf>, StoreError> {
    let mut files: Vec<Utf8PathBuf> = store
        .paths(state)?
        .iter()
        .map(|path| top.join(path))
        .collect();
    files.sort_unstable();
    Ok(files)
}
