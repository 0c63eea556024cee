//! A workspace folder with a Cargo project in it, and its runner.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{Problem, RunEvent, RunOutcome, Selection, TestId, TestItem, TestResult};
use greenward_engine::runner::{Job, Runner, Tools};
use greenward_exec::Executor;
use greenward_frameworks::{Files, Project, cargo, parse};
use greenward_protocol::settings::Settings;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How long a test waits for something that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// The beginning of a manifest.
pub(crate) const PACKAGE: &str = "//- Cargo.toml\n[package]\nname = \"a\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[profile.dev]\ndebug = 0\nincremental = false\n";

pub(crate) struct World {
    folder: TempDir,
    pub(crate) settings: Settings,
    /// What changes with the project's inputs.
    pub(crate) inputs: u64,
    /// Whether somebody asks for the runs.
    pub(crate) asked: bool,
    runner: Option<Runner>,
}

/// What a run has said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) outcome: RunOutcome,
    pub(crate) results: BTreeMap<String, TestResult>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) found: Vec<TestItem>,
    pub(crate) output: String,
}

impl Said {
    /// Each test with its outcome and, where there is one, the kind of its failure.
    pub(crate) fn shown(&self) -> String {
        let mut text = String::new();
        for (name, result) in &self.results {
            let _ = write!(text, "{name} {}", result.outcome.name());
            if let Some(failure) = &result.failure {
                let _ = write!(text, " {}", failure.kind);
            }
            text.push('\n');
        }
        text
    }
}

/// The files of a folder.
struct Disk {
    all: Vec<Utf8PathBuf>,
}

impl Disk {
    fn new(folder: &Utf8Path) -> Self {
        let mut all = Vec::new();
        let mut open = vec![folder.to_owned()];
        while let Some(folder) = open.pop() {
            for entry in folder.read_dir_utf8().unwrap().flatten() {
                if entry.file_type().unwrap().is_file() {
                    all.push(entry.path().to_owned());
                } else if entry.file_name() != "target" {
                    open.push(entry.path().to_owned());
                }
            }
        }
        all.sort();
        Self { all }
    }
}

impl Files for Disk {
    fn all(&self) -> &[Utf8PathBuf] {
        &self.all
    }

    fn read(&self, path: &Utf8Path) -> Option<Arc<str>> {
        fs::read_to_string(path).ok().map(Into::into)
    }

    fn exists(&self, path: &Utf8Path) -> bool {
        path.exists()
    }
}

impl World {
    /// With files written in one string: a line `//- path` starts each.
    pub(crate) fn new(files: &str) -> Self {
        let world = Self {
            folder: tempfile::tempdir().unwrap(),
            settings: Settings::default(),
            inputs: 1,
            asked: false,
            runner: None,
        };
        let mut parts = files.split("//- ");
        parts.next();
        for part in parts {
            let (name, text) = part.split_once('\n').unwrap();
            world.write(name.trim(), text);
        }
        world
    }

    /// The folder, by the name that the system itself gives it.
    pub(crate) fn folder(&self) -> Utf8PathBuf {
        let folder = Utf8Path::from_path(self.folder.path()).unwrap();
        folder.canonicalize_utf8().unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.folder().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn project(&self) -> Project {
        let folder = self.folder();
        let disk = Disk::new(&folder);
        let (mut projects, problems) = cargo::detect(&folder, &disk);
        assert_eq!(projects.len(), 1, "{problems:?}");
        let mut project = Project::Cargo(projects.remove(0));
        for file in &disk.all {
            if project.wants(file) {
                let facts = parse(file, &fs::read_to_string(file).unwrap());
                project.update(file, facts.as_ref());
            }
        }
        project
    }

    /// An environment as from a terminal: without what the cargo that runs this test has set.
    pub(crate) fn environment() -> BTreeMap<String, String> {
        env::vars()
            .filter(|(name, _)| {
                let is_cargos = name.starts_with("CARGO") && name != "CARGO_HOME";
                !is_cargos && !name.starts_with("RUST_") && name != "LD_LIBRARY_PATH"
            })
            .collect()
    }

    pub(crate) fn items(&self, ids: &[&str]) -> Selection {
        let project = self.project();
        let ids = ids.iter().map(|id| TestId::new(project.id(), id));
        Selection::Items(ids.collect())
    }

    fn job(&self, selection: Selection, events: mpsc::UnboundedSender<RunEvent>) -> Job {
        Job {
            project: Arc::new(self.project()),
            selection,
            settings: Arc::new(self.settings.clone()),
            inputs: self.inputs,
            asked: self.asked,
            cancel: CancellationToken::new(),
            events,
        }
    }

    fn runner(&mut self, project: &Project) -> &mut Runner {
        let env = Self::environment();
        let cache = self.folder().join("target");
        self.runner.get_or_insert_with(|| {
            let tools = Tools {
                executor: Executor::new("/proc/self/exe", env.clone()),
                cache,
                env: Arc::new(env),
            };
            Runner::new(project, tools)
        })
    }

    pub(crate) fn run(&mut self, selection: Selection) -> Said {
        self.drive(selection, false, |_, _| {})
    }

    pub(crate) fn list(&mut self) -> Said {
        self.drive(Selection::All, true, |_, _| {})
    }

    /// Runs or lists, and lets somebody see each event with the job's token.
    pub(crate) fn drive(
        &mut self,
        selection: Selection,
        list: bool,
        mut see: impl FnMut(&RunEvent, &CancellationToken),
    ) -> Said {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let job = self.job(selection, sender);
        let project = job.project.clone();
        let cancel = job.cancel.clone();
        let runner = self.runner(&project);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let mut said = Said {
            outcome: RunOutcome::Cancelled,
            results: BTreeMap::new(),
            problems: Vec::new(),
            found: Vec::new(),
            output: String::new(),
        };
        let run = async {
            if list {
                runner.list(job).await
            } else {
                runner.run(job).await
            }
        };
        let listen = async {
            while let Some(event) = receiver.recv().await {
                see(&event, &cancel);
                match event {
                    RunEvent::Finished(id, result) => {
                        let name = id.local_in(project.id()).unwrap().to_owned();
                        said.results.insert(name, result);
                    }
                    RunEvent::Problem(problem) => said.problems.push(problem),
                    RunEvent::Found(items) => said.found.extend(items),
                    RunEvent::Output(text) => {
                        said.output.push_str(&text);
                        said.output.push('\n');
                    }
                    _ => {}
                }
            }
        };
        let both = async { tokio::join!(run, listen).0 };
        let outcome = runtime.block_on(async {
            tokio::time::timeout(PATIENCE, both)
                .await
                .expect("the run came to no end")
        });
        said.outcome = outcome;
        said
    }
}
