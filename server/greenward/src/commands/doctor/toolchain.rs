//! The tools that run tests: cargo, and each pytest project's Python.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::Invocation;
use greenward_engine::Query;
use greenward_exec::Executor;
use greenward_frameworks::pytest::{self, Disk, EnvironmentKind, choose, without_pytest};
use greenward_frameworks::{Files, Project, detect};
use greenward_protocol::settings::Settings;
use greenward_workspace::files::{Ignore, list, read_text};

use super::finding::Finding;
use crate::edge::World;
use crate::exit::Trouble;
use crate::launch::{self, Session};
use crate::tools;

const TOOLS: &str = "Tools";

/// All tools that a folder's projects need, and cargo, which others would.
///
/// # Errors
/// If the engine ends.
pub(super) async fn all(
    world: &World,
    session: &Session,
    folder: &Utf8Path,
    trusted: bool,
) -> Result<Vec<Finding>, Trouble> {
    let path = folder.to_owned();
    let settings = session.ask(|reply| Query::Settings { path, reply }).await?;
    let settings = settings.unwrap_or_default();
    let tools = Tools {
        executor: launch::executor(world),
        env: &world.env,
        settings: &settings,
        folder,
        trusted,
    };
    let projects = detect(folder, "", &OnDisk::read(folder)).projects;
    let has_cargo = |project: &Project| matches!(project, Project::Cargo(_));
    let mut findings = tools.rust(projects.iter().any(has_cargo)).await;
    for project in &projects {
        if let Project::Pytest(project) = project {
            findings.push(tools.python(project).await);
        }
    }
    Ok(findings)
}

struct Tools<'a> {
    executor: Executor,
    env: &'a BTreeMap<String, String>,
    settings: &'a Settings,
    folder: &'a Utf8Path,
    trusted: bool,
}

impl Tools<'_> {
    /// Where a tool is asked what it is. A folder can choose what `cargo` means (by a toolchain
    /// file, say), so that is asked there only if it is trusted.
    fn asked_in(&self, folder: &Utf8Path) -> Utf8PathBuf {
        match self.trusted {
            true => folder.to_owned(),
            false => Utf8PathBuf::from("/"),
        }
    }

    /// Cargo and rustc. Missing, they matter where there is a Cargo project.
    async fn rust(&self, needed: bool) -> Vec<Finding> {
        let cargo = match &self.settings.cargo.program {
            Some(program) if program.contains('/') => self.folder.join(program).into_string(),
            Some(program) => program.clone(),
            None => "cargo".to_owned(),
        };
        let mut findings = Vec::new();
        for (name, program) in [("cargo", cargo), ("rustc", "rustc".to_owned())] {
            let invocation =
                Invocation::new(program, self.asked_in(self.folder)).args(["--version"]);
            let advice = "install Rust from https://rustup.rs, or set cargo.program";
            findings.push(match tools::answer(&self.executor, &invocation).await {
                Ok(version) => Finding::ok(TOOLS, name, version),
                Err(error) if needed => Finding::failure(TOOLS, name, error.to_string(), advice),
                Err(error) => Finding::warning(
                    TOOLS,
                    name,
                    error.to_string(),
                    format!("no project here needs it; for Rust projects: {advice}"),
                ),
            });
        }
        findings
    }

    /// The Python that runs the tests of a project, and its pytest.
    async fn python(&self, project: &pytest::Project) -> Finding {
        const ASK: &str = "import sys, importlib.util as util\n\
            print('Python %d.%d.%d' % sys.version_info[:3])\n\
            if util.find_spec('pytest'): import pytest; print('pytest', pytest.__version__)";
        let name = project.id().as_str();
        let setting = self.settings.pytest.python.as_deref();
        let interpreter = match choose(project, setting, self.env, &OnDisk::default()) {
            Ok(interpreter) => interpreter,
            Err(broken) => {
                let advice = "`python3 -m venv .venv` makes an environment, and \
                              `.venv/bin/pip install pytest` gets pytest";
                return Finding::failure(TOOLS, name, broken.to_string(), advice);
            }
        };
        let python = &interpreter.python;
        if !self.trusted && interpreter.kind != EnvironmentKind::System {
            let found = format!("{python}, not asked for its version");
            let advice = "it may belong to the folder, and that is not trusted";
            return Finding::warning(TOOLS, name, found, advice);
        }
        let invocation =
            Invocation::new(python.as_str(), self.asked_in(project.root())).args(["-c", ASK]);
        match tools::answer(&self.executor, &invocation).await {
            Ok(answer) => match answer.split_once('\n') {
                Some((version, pytest)) => {
                    Finding::ok(TOOLS, name, format!("{version}, {pytest}, {python}"))
                }
                None => {
                    let found = format!("{answer} without pytest, {python}");
                    Finding::failure(TOOLS, name, found, without_pytest(&interpreter))
                }
            },
            Err(error) => Finding::failure(
                TOOLS,
                name,
                error.to_string(),
                "mend it, or name another one in the setting pytest.python",
            ),
        }
    }
}

/// The files as they are on disk.
#[derive(Default)]
struct OnDisk {
    all: Vec<Utf8PathBuf>,
}

impl OnDisk {
    fn read(folder: &Utf8Path) -> Self {
        Self {
            all: list(&Arc::new(Ignore::new(folder))),
        }
    }
}

impl Files for OnDisk {
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

impl Disk for OnDisk {
    fn exists(&self, path: &Utf8Path) -> bool {
        path.exists()
    }

    fn names_in(&self, folder: &Utf8Path) -> Vec<String> {
        let entries = folder.read_dir_utf8().into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_owned()).collect()
    }
}
