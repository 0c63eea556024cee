//! What is kept warm between runs, and when it is used.
//!
//! The first run starts a server and takes the time that a cold run would take. What it has loaded
//! from outside the project, the server loads too, while nobody waits; from then on a run is a
//! fork. A server that is not ready, or out of date, is no reason to wait: then a run goes cold.
//! One that nobody uses for long is ended; the next run is then like the first, but for what has
//! been learned.

use std::collections::BTreeSet;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_exec::Executor;
use tokio::task::JoinHandle;

use super::idle::Idle;
use super::server::{Loaded, Server, ServerError};
use super::session::{self, Ended, SessionError, Task};
use crate::runner::Tools;
use crate::runner::printed::Printed;

/// How many servers may turn out unfit in a row before this is given up for the time being.
const MAX_UNFIT: usize = 5;

/// How long a server is kept that nobody uses. It holds a Python with all that the tests import,
/// hundreds of megabytes for some; who comes back after a longer break waits as for a first run.
pub(super) const IDLE_TIME: Duration = Duration::from_secs(10 * 60);

/// The server of one project, and what has been learned about the project.
#[derive(Debug)]
pub(super) struct Warm {
    state: State,
    lessons: Lessons,
    /// How long a server is kept that nobody uses.
    idle_time: Duration,
}

#[derive(Debug, Default)]
enum State {
    /// There is none yet.
    #[default]
    Cold,
    /// One is being made ready.
    Preparing(JoinHandle<Prepared>),
    /// One waits for a run.
    Ready(Idle),
    /// None can be had with this interpreter.
    Impossible,
}

/// What runs have taught.
#[derive(Debug, Clone, Default)]
struct Lessons {
    /// The modules to load, in the order in which they were imported.
    modules: Vec<String>,
    /// The packages that a server cannot hold.
    unfit: BTreeSet<String>,
}

/// What came of making a server ready.
#[derive(Debug)]
struct Prepared {
    server: Option<Idle>,
    /// The packages that turned out to be what a server cannot hold.
    unfit: BTreeSet<String>,
}

impl Warm {
    /// Keeps a server that nobody uses for this long.
    pub(super) fn new(idle_time: Duration) -> Self {
        Self {
            state: State::default(),
            lessons: Lessons::default(),
            idle_time,
        }
    }

    /// Runs a session in a fork. Nothing, if there is no server for it now: then nothing has been
    /// run yet.
    pub(super) async fn session(
        &mut self,
        tools: &Tools,
        task: Task<'_>,
        python: &Utf8Path,
        files: &Utf8Path,
        printed: &mut Printed,
    ) -> Result<Option<Ended>, SessionError> {
        let place = Place {
            executor: tools.executor.clone(),
            python: python.to_owned(),
            root: task.project.root().to_owned(),
            files: files.to_owned(),
        };
        let own = task.project.module_names();
        let taken = tokio::select! {
            biased;
            () = task.job.cancel.cancelled() => return Ok(Some(Ended::Cancelled)),
            taken = self.take(&place, &own) => taken,
        };
        let Some(mut server) = taken else {
            return Ok(None);
        };
        match session::warm(tools, task, &mut server, printed).await {
            Ok((ended, learned)) => {
                self.learn(place, server, learned, own);
                Ok(Some(ended))
            }
            Err(SessionError::NotForked(reason)) => {
                tracing::debug!(%reason, "a new fork-server is needed");
                server.close().await;
                self.prepare(place, None, own);
                Ok(None)
            }
            Err(error) => {
                server.close().await;
                Err(error)
            }
        }
    }

    /// Waits until the server that is being made ready is ready.
    pub(super) async fn ready(&mut self) {
        if let State::Preparing(task) = &mut self.state {
            let prepared = task.await.ok();
            self.state = self.prepared(prepared).map_or(State::Cold, State::Ready);
        }
    }

    /// Ends the server. What was learned about this interpreter is forgotten.
    pub(super) async fn close(&mut self) {
        self.lessons = Lessons::default();
        match std::mem::take(&mut self.state) {
            State::Ready(idle) => idle.close().await,
            State::Preparing(task) => {
                task.abort();
                // It was dropped with its server, or had one ready.
                if let Ok(Prepared {
                    server: Some(idle), ..
                }) = task.await
                {
                    idle.close().await;
                }
            }
            State::Cold | State::Impossible => {}
        }
    }

    /// The server, if one is or can be had at once.
    async fn take(&mut self, place: &Place, own: &BTreeSet<String>) -> Option<Server> {
        let idle = match std::mem::take(&mut self.state) {
            State::Ready(idle) => Some(idle),
            State::Preparing(task) if task.is_finished() => {
                let prepared = task.await.ok();
                Some(self.prepared(prepared)?)
            }
            State::Cold => None,
            state @ (State::Preparing(_) | State::Impossible) => {
                self.state = state;
                return None;
            }
        };
        let kept = match idle {
            Some(idle) => idle.take().await,
            None => None,
        };
        let server = match kept {
            Some(server) => server,
            None => self.start(place).await?,
        };
        // The user has a module now by the name of a package that the server holds.
        if server.loaded().is_disjoint(own) {
            return Some(server);
        }
        server.close().await;
        self.prepare(place.clone(), None, own.clone());
        None
    }

    /// A new server, which has loaded nothing yet.
    async fn start(&mut self, place: &Place) -> Option<Server> {
        match place.start().await {
            Ok(server) => Some(server),
            Err(error) => {
                tracing::warn!(%error, "pytest runs without a fork-server");
                self.state = State::Impossible;
                None
            }
        }
    }

    fn prepared(&mut self, prepared: Option<Prepared>) -> Option<Idle> {
        let prepared = prepared?;
        self.lessons.unfit.extend(prepared.unfit);
        prepared.server
    }

    /// Takes what a run has loaded, and has the server load what it was not told to yet.
    fn learn(
        &mut self,
        place: Place,
        server: Server,
        learned: Option<Vec<String>>,
        own: BTreeSet<String>,
    ) {
        let known: BTreeSet<&String> = self.lessons.modules.iter().collect();
        let new: Vec<String> = learned
            .into_iter()
            .flatten()
            .filter(|module| !known.contains(module))
            .collect();
        self.lessons.modules.extend(new);
        if server.told() == self.lessons.modules.len() {
            self.state = State::Ready(Idle::new(server, self.idle_time));
            return;
        }
        self.prepare(place, Some(server), own);
    }

    /// Makes a server ready while nobody waits. None of the project's `own` names is loaded.
    fn prepare(&mut self, place: Place, server: Option<Server>, own: BTreeSet<String>) {
        let lessons = self.lessons.clone();
        let idle_time = self.idle_time;
        self.state = State::Preparing(tokio::spawn(async move {
            let (server, unfit) = prepare(place, server, lessons, own).await;
            Prepared {
                server: server.map(|server| Idle::new(server, idle_time)),
                unfit,
            }
        }));
    }
}

/// Where a server is started.
#[derive(Debug, Clone)]
struct Place {
    executor: Executor,
    python: Utf8PathBuf,
    root: Utf8PathBuf,
    files: Utf8PathBuf,
}

impl Place {
    async fn start(&self) -> Result<Server, ServerError> {
        Server::start(&self.executor, &self.python, &self.root, &self.files).await
    }
}

/// Makes a server that has loaded what it can. One that has touched what it cannot hold is given
/// up for a new one that knows better. Gives the packages that no server can hold, too.
async fn prepare(
    place: Place,
    server: Option<Server>,
    lessons: Lessons,
    own: BTreeSet<String>,
) -> (Option<Server>, BTreeSet<String>) {
    let mut unfit = lessons.unfit;
    let mut server = server;
    for _ in 0..MAX_UNFIT {
        let mut candidate = match server.take() {
            Some(server) => server,
            None => match place.start().await {
                Ok(server) => server,
                Err(error) => {
                    tracing::warn!(%error, "a fork-server could not be started");
                    break;
                }
            },
        };
        let deny = own.union(&unfit).cloned().collect();
        match candidate.preload(&lessons.modules, &deny).await {
            Ok(Loaded::Fit) => {
                server = Some(candidate);
                break;
            }
            Ok(Loaded::Unfit(packages)) => unfit.extend(packages),
            Err(error) => tracing::warn!(%error, "a fork-server could not load its modules"),
        }
        candidate.close().await;
    }
    (server, unfit)
}
