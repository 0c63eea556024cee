//! Runners: how the tests of one project are run, one module for each framework.
//!
//! A runner turns a [`Selection`] into processes (started by `greenward-exec`), feeds what they
//! print to the adapter's decoders (`greenward-frameworks`), and passes the events on. It owns what
//! is kept warm between runs. One run at a time: the run queue sees to that.

pub mod cargo;
mod printed;
pub mod pytest;

use std::sync::Arc;

use greenward_core::{RunEvent, RunOutcome, Selection};
use greenward_exec::Executor;
use greenward_frameworks::Project;
use greenward_protocol::settings::Settings;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// What one run needs to know.
#[derive(Debug)]
pub struct Job {
    /// The project as it was when the run began.
    pub project: Arc<Project>,
    /// What to run.
    pub selection: Selection,
    /// The settings in force.
    pub settings: Arc<Settings>,
    /// A number that has grown if any input of the project has changed since it was last seen:
    /// with the same number as at the last good build, nothing needs to be built.
    pub inputs: u64,
    /// Somebody asked for the run: what the daemon knows about changes is then not enough to skip
    /// the build.
    pub asked: bool,
    /// Tripped when the run is to stop. The runner then ends every process of it and returns
    /// [`RunOutcome::Cancelled`].
    pub cancel: CancellationToken,
    /// Where the run says what happens.
    pub events: mpsc::UnboundedSender<RunEvent>,
}

/// What every runner is given once.
#[derive(Debug, Clone)]
pub struct Tools {
    /// Starts processes.
    pub executor: Executor,
    /// A folder of our own in the user's cache, for plugins that are handed to a framework.
    pub cache: camino::Utf8PathBuf,
    /// The environment that the daemon was started with, as far as runners decide by it.
    pub env: Arc<std::collections::BTreeMap<String, String>>,
}

impl Tools {
    /// The same, with another environment: a value sets a variable, nothing removes it.
    #[must_use]
    pub fn with_env(&self, changes: &[(String, Option<String>)]) -> Self {
        let mut env = std::collections::BTreeMap::clone(&self.env);
        for (name, value) in changes {
            match value {
                Some(value) => env.insert(name.clone(), value.clone()),
                None => env.remove(name),
            };
        }
        let changes = changes
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_deref()));
        Self {
            executor: self.executor.with_env(changes),
            cache: self.cache.clone(),
            env: Arc::new(env),
        }
    }
}

/// A runner of any framework.
#[derive(Debug)]
pub enum Runner {
    /// For a Cargo project.
    Cargo(cargo::Runner),
    /// For a pytest project.
    Pytest(pytest::Runner),
}

impl Runner {
    /// The runner for a project.
    #[must_use]
    pub fn new(project: &Project, tools: Tools) -> Self {
        match project {
            Project::Cargo(_) => Runner::Cargo(cargo::Runner::new(tools)),
            Project::Pytest(_) => Runner::Pytest(pytest::Runner::new(tools)),
        }
    }

    /// Runs a job to its end. All events of the run have been sent when it returns.
    pub async fn run(&mut self, job: Job) -> RunOutcome {
        match self {
            Runner::Cargo(runner) => runner.run(job).await,
            Runner::Pytest(runner) => runner.run(job).await,
        }
    }

    /// Asks the framework itself which tests there are, and sends them as
    /// [`RunEvent::Found`]: what only running can tell. Runs no test.
    pub async fn list(&mut self, job: Job) -> RunOutcome {
        match self {
            Runner::Cargo(runner) => runner.list(job).await,
            Runner::Pytest(runner) => runner.list(job).await,
        }
    }

    /// Ends what is kept warm.
    pub async fn close(&mut self) {
        match self {
            Runner::Cargo(_) => {}
            Runner::Pytest(runner) => runner.close().await,
        }
    }
}
