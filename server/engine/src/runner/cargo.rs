//! Runs the tests of a Cargo project.
//!
//! Cargo builds; the test binaries are then run without it, one after the other as cargo would,
//! with all that cargo would have given them. While no input changes, cargo is not asked at all,
//! unless somebody asked for the run.
//! Documentation tests are run last, by cargo, since rustdoc builds them as it runs them.
//!
//! A test that ends its process, or takes too long, does not take others with it: these run once
//! more in a process of their own.

mod binary;
mod build;
mod doc;
mod plan;
mod process;
mod report;
mod sources;

use std::collections::HashMap;
use std::time::Duration;

use camino::Utf8PathBuf;
use greenward_core::{RunOutcome, Selection, TestItem};
use greenward_frameworks::Project as AnyProject;
use greenward_frameworks::cargo::command::{Options, Scope};
use greenward_frameworks::cargo::libtest::{Listed, Names};
use greenward_frameworks::cargo::{self, Project, TargetKind};
use tokio_util::sync::CancellationToken;

use self::build::{BuildError, Builder, Built};
use self::plan::Part;
use self::process::ProcessError;
use self::report::Reporter;
use self::sources::ProjectSources;
use super::{Job, Tools};

/// Runs the tests of one Cargo project, and keeps what its last build has left.
#[derive(Debug)]
pub struct Runner {
    tools: Tools,
    builder: Builder,
    warm: Option<Box<Warm>>,
}

/// The last good build.
#[derive(Debug)]
struct Warm {
    inputs: u64,
    options: Options,
    scope: Scope,
    built: Built,
    /// The tests of each binary that has been asked for them.
    lists: HashMap<Utf8PathBuf, Vec<Listed>>,
}

/// Why a run has no result of its own.
#[derive(Debug)]
enum Stop {
    Cancelled,
    DidNotBuild,
    Broken(String),
}

impl From<BuildError> for Stop {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Cancelled => Stop::Cancelled,
            BuildError::DidNotBuild => Stop::DidNotBuild,
            other => Stop::Broken(other.to_string()),
        }
    }
}

impl From<ProcessError> for Stop {
    fn from(error: ProcessError) -> Self {
        match error {
            ProcessError::Cancelled => Stop::Cancelled,
            other => Stop::Broken(other.to_string()),
        }
    }
}

impl From<Stop> for RunOutcome {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Cancelled => RunOutcome::Cancelled,
            Stop::DidNotBuild => RunOutcome::DidNotBuild,
            Stop::Broken(message) => RunOutcome::RunnerBroken { message },
        }
    }
}

/// What is the same for every process of one run.
struct Run<'a> {
    tools: &'a Tools,
    project: &'a Project,
    options: &'a Options,
    /// Every item that discovery knows.
    items: Vec<TestItem>,
    timeout: Option<Duration>,
    backtrace: bool,
    /// Whether one single test was asked for: that runs even if it is ignored.
    single: bool,
    cancel: &'a CancellationToken,
}

impl<'a> Run<'a> {
    fn new(tools: &'a Tools, project: &'a Project, options: &'a Options, job: &'a Job) -> Self {
        Self {
            tools,
            project,
            options,
            items: project.all_items().collect(),
            timeout: job.settings.run.timeout(),
            backtrace: job.settings.cargo.backtrace,
            single: matches!(&job.selection, Selection::Items(ids) if ids.len() == 1),
            cancel: &job.cancel,
        }
    }

    fn names(&self, part: &Part) -> Names {
        let (package, target) = (part.package(self.project), part.target(self.project));
        Names::new(self.project, package, target, &self.items)
    }

    fn sources<'s>(&'s self, part: &Part, built: &'s Built) -> ProjectSources<'s> {
        ProjectSources {
            project: self.project,
            workspace: &built.metadata.workspace_root,
            package: &part.package(self.project).folder,
            target_directory: &built.metadata.target_directory,
        }
    }
}

/// What is done with a test binary once it is built.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    Run,
    List,
}

impl Purpose {
    /// What the user is told meanwhile.
    fn stage(self) -> &'static str {
        match self {
            Purpose::Run => "running",
            Purpose::List => "listing",
        }
    }
}

impl Runner {
    /// A runner that has built nothing yet.
    #[must_use]
    pub fn new(tools: Tools) -> Self {
        Self {
            tools,
            builder: Builder::default(),
            warm: None,
        }
    }

    /// Runs a job to its end.
    pub async fn run(&mut self, job: Job) -> RunOutcome {
        let AnyProject::Cargo(project) = &*job.project else {
            return not_ours();
        };
        // Cargo sees more than the daemon watches: path dependencies elsewhere, included files that
        // git ignores, configuration in the folders above.
        if job.asked {
            self.warm = None;
        }
        let mut reporter = Reporter::new(job.events.clone());
        let ran = self
            .each_part(project, &job, Purpose::Run, &mut reporter)
            .await;
        reporter.end();
        match ran {
            Ok(()) => reporter.outcome(),
            Err(stop) => stop.into(),
        }
    }

    /// Asks every test binary and rustdoc which tests there are.
    pub async fn list(&mut self, job: Job) -> RunOutcome {
        let AnyProject::Cargo(project) = &*job.project else {
            return not_ours();
        };
        let mut reporter = Reporter::new(job.events.clone());
        match self
            .each_part(project, &job, Purpose::List, &mut reporter)
            .await
        {
            Ok(()) => RunOutcome::Passed,
            Err(stop) => stop.into(),
        }
    }

    /// Goes through the parts of a project that a job is about, with all that they need built.
    async fn each_part(
        &mut self,
        project: &Project,
        job: &Job,
        purpose: Purpose,
        reporter: &mut Reporter,
    ) -> Result<(), Stop> {
        let parts = plan::parts(project, &job.selection, job.settings.cargo.doc_tests);
        if parts.is_empty() {
            return Ok(());
        }
        let options = options(project, &job.settings.cargo);
        let (tools, warm) = self.warm(project, job, &options, &parts, reporter).await?;
        let run = Run::new(tools, project, &options, job);
        let Warm { built, lists, .. } = warm;
        reporter.stage(purpose.stage());
        for part in &parts {
            let documentation = part.target(project).kind == TargetKind::Doc;
            match (purpose, documentation) {
                (Purpose::Run, true) => doc::run(&run, part, built, reporter).await?,
                (Purpose::Run, false) => binary::run(&run, part, built, lists, reporter).await?,
                (Purpose::List, true) => doc::list(&run, part, built, reporter).await?,
                (Purpose::List, false) => binary::list(&run, part, built, lists, reporter).await?,
            }
        }
        Ok(())
    }

    /// What the last build has left, if it still holds; or else a new build.
    async fn warm(
        &mut self,
        project: &Project,
        job: &Job,
        options: &Options,
        parts: &[Part],
        reporter: &mut Reporter,
    ) -> Result<(&Tools, &mut Warm), Stop> {
        let scope = plan::scope(project, &job.selection, parts);
        let holds = |warm: &Warm| {
            warm.inputs == job.inputs
                && warm.options == *options
                && plan::covers(&warm.scope, &scope)
                && warm
                    .built
                    .binaries
                    .iter()
                    .all(|binary| binary.path.is_file())
        };
        let warm = match self.warm.take().filter(|warm| holds(warm)) {
            Some(warm) => warm,
            None => {
                let request = build::Request {
                    executor: &self.tools.executor,
                    environment: &self.tools.env,
                    project,
                    options,
                    scope: &scope,
                    cancel: &job.cancel,
                };
                let built = self.builder.build(&request, reporter).await?;
                Box::new(Warm {
                    inputs: job.inputs,
                    options: options.clone(),
                    scope,
                    built,
                    lists: HashMap::new(),
                })
            }
        };
        Ok((&self.tools, self.warm.insert(warm)))
    }
}

fn not_ours() -> RunOutcome {
    RunOutcome::RunnerBroken {
        message: "this is no Cargo project".to_owned(),
    }
}

/// The settings as the adapter wants them.
fn options(project: &Project, settings: &greenward_protocol::settings::Cargo) -> Options {
    Options {
        program: settings.program.as_deref().map(|program| {
            if program.contains('/') {
                project.workspace_folder().join(program).into_string()
            } else {
                program.to_owned()
            }
        }),
        features: settings.features.clone(),
        all_features: settings.all_features,
        no_default_features: settings.no_default_features,
        profile: settings.profile.clone(),
        args: settings.args.clone(),
        test_threads: settings.test_threads,
        test_args: settings.test_args.clone(),
    }
}

/// The local id of a part's target.
fn label(run: &Run<'_>, part: &Part) -> String {
    cargo::local(part.package(run.project), part.target(run.project))
}
