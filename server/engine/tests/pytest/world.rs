//! A project on disk, and its tests run by the runner.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{
    Invocation, Outcome, Problem, RunEvent, RunOutcome, Selection, TestId, TestItem, TestResult,
};
use greenward_engine::runner::pytest::Runner;
use greenward_engine::runner::{Job, Tools};
use greenward_exec::{Executor, Limits};
use greenward_frameworks::{Files, Project, detect, parse};
use greenward_protocol::settings::Settings;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How long anything here may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);

/// A project on disk and its runner.
pub(crate) struct World {
    folder: tempfile::TempDir,
    runner: RefCell<Option<Runner>>,
    pub(crate) settings: Settings,
    pub(crate) env: BTreeMap<String, String>,
    /// How long a fork-server is kept that nobody uses, if not as usual.
    pub(crate) idle_time: Option<Duration>,
}

/// What a run has said.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) results: BTreeMap<String, TestResult>,
    pub(crate) found: Vec<TestItem>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) output: String,
    /// In how many events the output came.
    pub(crate) outputs: usize,
    pub(crate) outcome: Option<RunOutcome>,
}

impl Told {
    /// The outcomes by node id.
    pub(crate) fn outcomes(&self) -> BTreeMap<&str, Outcome> {
        self.results
            .iter()
            .map(|(id, result)| (id.as_str(), result.outcome))
            .collect()
    }

    /// The result of a test.
    #[track_caller]
    pub(crate) fn result(&self, id: &str) -> &TestResult {
        self.results
            .get(id)
            .unwrap_or_else(|| panic!("no result of {id} in {self:#?}"))
    }

    /// The message of a runner that is broken.
    #[track_caller]
    pub(crate) fn broken(&self) -> &str {
        match &self.outcome {
            Some(RunOutcome::RunnerBroken { message }) => message,
            _ => panic!("not broken: {self:#?}"),
        }
    }

    #[track_caller]
    pub(crate) fn check(&self, outcome: &RunOutcome, expected: &[(&str, Outcome)]) {
        assert_eq!(
            self.outcomes(),
            expected.iter().copied().collect(),
            "{self:#?}"
        );
        assert_eq!(self.outcome.as_ref(), Some(outcome), "{self:#?}");
    }
}

/// The Python that has pytest; nothing if there is none.
pub(crate) fn python() -> Option<String> {
    let named = std::env::var("GREENWARD_TEST_PYTHON").ok();
    let python = named.unwrap_or_else(|| "python3".to_owned());
    has(&python, "pytest").then_some(python)
}

/// Whether a Python has a module.
pub(crate) fn has(python: &str, module: &str) -> bool {
    let question = format!("import {module}, sys; print(sys.executable)");
    let question = Invocation::new(python, "/").args(["-c", &question]);
    let answer = block_on(async {
        executor(&environment())
            .output(&question, Limits::default(), &CancellationToken::new())
            .await
    });
    answer.is_ok_and(|answer| answer.exit.is_success())
}

/// What a Python prints.
pub(crate) fn ask(python: &str, args: &[&str]) -> String {
    let question = Invocation::new(python, "/").args(args.iter().copied());
    let answer = block_on(async {
        let cancel = CancellationToken::new();
        executor(&environment())
            .output(&question, Limits::default(), &cancel)
            .await
    });
    let answer = answer.expect("an answer");
    assert!(answer.exit.is_success(), "{answer:?}");
    answer.stdout.trim().to_owned()
}

fn environment() -> BTreeMap<String, String> {
    std::env::vars()
        .filter(|(name, _)| name != "VIRTUAL_ENV" && !name.starts_with("PYTEST"))
        .collect()
}

fn executor(env: &BTreeMap<String, String>) -> Executor {
    let this = std::env::current_exe().expect("our own path");
    Executor::new(
        Utf8PathBuf::try_from(this).expect("a UTF-8 path"),
        env.clone(),
    )
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(future)
}

impl World {
    /// A rootdir with these files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let world = Self {
            folder: tempfile::tempdir().expect("a folder"),
            runner: RefCell::new(None),
            settings: Settings::default(),
            env: environment(),
            idle_time: None,
        };
        std::fs::create_dir(world.root()).expect("a rootdir");
        world.write("pytest.ini", "[pytest]\naddopts = -p no:cacheprovider\n");
        for (path, text) in files {
            world.write(path, text);
        }
        world
    }

    /// Runs without a fork-server.
    pub(crate) fn cold(mut self) -> Self {
        self.settings.pytest.warm = false;
        self
    }

    pub(crate) fn root(&self) -> Utf8PathBuf {
        let folder = Utf8Path::from_path(self.folder.path()).expect("a UTF-8 path");
        folder.canonicalize_utf8().expect("a folder").join("root")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.root().join(path)).unwrap_or_default()
    }

    /// The project as it is now.
    pub(crate) fn project(&self) -> Project {
        let disk = Disk::new(&self.root());
        let mut projects = detect(&self.root(), "", &disk).projects;
        assert_eq!(projects.len(), 1, "one project");
        let mut project = projects.remove(0);
        for path in disk.all() {
            if let Some(text) = disk.read(path).filter(|_| project.wants(path)) {
                project.update(path, parse(path, &text).as_ref());
            }
        }
        project
    }

    /// These items by their node ids.
    pub(crate) fn items(&self, locals: &[&str]) -> Selection {
        let project = self.project();
        Selection::Items(
            locals
                .iter()
                .map(|local| TestId::new(project.id(), local))
                .collect(),
        )
    }

    pub(crate) fn run_all(&self) -> Told {
        self.run(Selection::All)
    }

    pub(crate) fn run(&self, selection: Selection) -> Told {
        block_on(self.running(selection, |_| false))
    }

    /// Runs, and cancels as soon as an event is the one that is waited for.
    pub(crate) fn run_until(
        &self,
        selection: Selection,
        until: impl Fn(&RunEvent) -> bool,
    ) -> Told {
        block_on(self.running(selection, until))
    }

    /// Runs with one runner, changes something, and runs again: at once, and when everything is
    /// warm, which must come to the same.
    pub(crate) fn run_twice(&self, between: impl FnOnce(&World)) -> (Told, Told) {
        block_on(async {
            let first = self.running_open(Selection::All, |_| false).await;
            self.warmed_up().await;
            between(self);
            let second = self.running_open(Selection::All, |_| false).await;
            self.warmed_up().await;
            let third = self.running_open(Selection::All, |_| false).await;
            self.close().await;
            assert_eq!(second.outcomes(), third.outcomes(), "{second:#?}{third:#?}");
            (first, third)
        })
    }

    pub(crate) fn list(&self, selection: Selection) -> Told {
        block_on(async {
            let (job, received) = self.job(selection, CancellationToken::new());
            let mut runner = Runner::new(self.tools());
            let outcome = runner.list(job).await;
            runner.close().await;
            let mut told = told(&self.project(), received, |_| {}).await;
            told.outcome = Some(outcome);
            told
        })
    }

    async fn running(&self, selection: Selection, until: impl Fn(&RunEvent) -> bool) -> Told {
        let told = self.running_open(selection, until).await;
        self.close().await;
        told
    }

    fn new_runner(&self) -> Runner {
        let runner = Runner::new(self.tools());
        match self.idle_time {
            Some(idle_time) => runner.with_idle_time(idle_time),
            None => runner,
        }
    }

    /// Runs and keeps the runner for the next run.
    pub(crate) async fn running_open(
        &self,
        selection: Selection,
        until: impl Fn(&RunEvent) -> bool,
    ) -> Told {
        let cancel = CancellationToken::new();
        let (job, received) = self.job(selection, cancel.clone());
        let mut runner = self
            .runner
            .borrow_mut()
            .take()
            .unwrap_or_else(|| self.new_runner());
        let project = self.project();
        let hear = told(&project, received, |event| {
            if until(event) {
                cancel.cancel();
            }
        });
        let both = async { tokio::join!(runner.run(job), hear) };
        let (outcome, mut told) = tokio::time::timeout(LIMIT, both).await.expect("an end");
        told.outcome = Some(outcome);
        *self.runner.borrow_mut() = Some(runner);
        told
    }

    /// Waits until the runner has made its server ready.
    pub(crate) async fn warmed_up(&self) {
        let runner = self.runner.borrow_mut().take();
        if let Some(mut runner) = runner {
            tokio::time::timeout(LIMIT, runner.warmed_up())
                .await
                .expect("ready");
            *self.runner.borrow_mut() = Some(runner);
        }
    }

    pub(crate) async fn close(&self) {
        let runner = self.runner.borrow_mut().take();
        if let Some(mut runner) = runner {
            runner.close().await;
        }
    }

    fn tools(&self) -> Tools {
        let cache = self.root().with_file_name("cache");
        std::fs::create_dir_all(&cache).expect("a folder");
        Tools {
            executor: executor(&self.env),
            cache,
            env: Arc::new(self.env.clone()),
        }
    }

    fn job(
        &self,
        selection: Selection,
        cancel: CancellationToken,
    ) -> (Job, mpsc::UnboundedReceiver<RunEvent>) {
        let (events, received) = mpsc::unbounded_channel();
        let mut settings = self.settings.clone();
        if settings.pytest.python.is_none() {
            settings.pytest.python = std::env::var("GREENWARD_TEST_PYTHON").ok();
        }
        let job = Job {
            project: Arc::new(self.project()),
            selection,
            settings: Arc::new(settings),
            inputs: 0,
            asked: false,
            cancel,
            events,
        };
        (job, received)
    }
}

async fn told(
    project: &Project,
    mut received: mpsc::UnboundedReceiver<RunEvent>,
    mut heard: impl FnMut(&RunEvent),
) -> Told {
    let mut told = Told::default();
    while let Some(event) = received.recv().await {
        heard(&event);
        match event {
            RunEvent::Finished(id, result) => {
                let local = id
                    .local_in(project.id())
                    .expect("a test of the project")
                    .to_owned();
                let before = told.results.insert(local, result);
                assert!(before.is_none(), "{id} has two results");
            }
            RunEvent::Found(items) => told.found.extend(items),
            RunEvent::Problem(problem) => told.problems.push(problem),
            RunEvent::Output(text) => {
                told.output.push_str(&text);
                told.outputs += 1;
            }
            RunEvent::Planned { .. } | RunEvent::Stage(_) | RunEvent::Started(_) => {}
        }
    }
    told
}

/// The files of a folder.
struct Disk(Vec<Utf8PathBuf>);

impl Disk {
    fn new(root: &Utf8Path) -> Self {
        let mut files = Vec::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in folder.read_dir_utf8().expect("a folder").flatten() {
                match entry.path().is_dir() {
                    true => folders.push(entry.into_path()),
                    false => files.push(entry.into_path()),
                }
            }
        }
        files.sort();
        Self(files)
    }
}

impl Files for Disk {
    fn all(&self) -> &[Utf8PathBuf] {
        &self.0
    }

    fn read(&self, path: &Utf8Path) -> Option<Arc<str>> {
        std::fs::read_to_string(path).ok().map(Arc::from)
    }

    fn exists(&self, path: &Utf8Path) -> bool {
        path.exists()
    }
}

/// The parent of a process.
pub(crate) fn parent_of(pid: &str) -> String {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.trim()));
    let status = status.expect("a process");
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
    parent.expect("a parent").trim().to_owned()
}

/// Kills a process, as a user would who does not know what it is.
#[track_caller]
pub(crate) fn kill(pid: &str) {
    let status = std::process::Command::new("kill")
        .args(["-KILL", pid.trim()])
        .status();
    assert!(status.is_ok_and(|status| status.success()), "{pid}");
}

/// Waits until a process has gone.
pub(crate) async fn gone(pid: &str) {
    let look = async {
        while is_alive(pid) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let gone = tokio::time::timeout(LIMIT, look).await;
    assert!(gone.is_ok(), "{pid} is still there");
}

/// Whether a process is there and no zombie.
pub(crate) fn is_alive(pid: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    status.is_ok_and(|status| !status.contains(") Z"))
}
