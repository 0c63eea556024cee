//! Which Python runs the tests of a project.
//!
//! The first of these that is there: the setting; in the rootdir and then in each folder above it,
//! up to the workspace folder, an activated virtual environment, uv's, or one by a usual name;
//! Poetry's; an environment that was activated before the daemon was started; `python3` and
//! `python` in `PATH`. One that is there and broken is told, never passed over.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::project::Project;

/// What must be seen of the disk to choose an interpreter.
pub trait Disk {
    /// Whether a file or folder is there, links followed.
    fn exists(&self, path: &Utf8Path) -> bool;

    /// The names in a folder; none if it cannot be read.
    fn names_in(&self, folder: &Utf8Path) -> Vec<String>;
}

/// What an interpreter belongs to, which decides how packages are added to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvironmentKind {
    /// A virtual environment, or one that the settings name.
    Venv,
    /// One that uv manages.
    Uv,
    /// One that Poetry manages.
    Poetry,
    /// A conda environment.
    Conda,
    /// The system's own Python.
    System,
}

/// A Python to run tests with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreter {
    /// The program: an absolute path.
    pub python: Utf8PathBuf,
    /// What it belongs to.
    pub kind: EnvironmentKind,
}

/// Why there is no Python to run tests with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The setting names a program that is not there.
    #[error("the setting pytest.python names {0}, which is not there")]
    Setting(Utf8PathBuf),
    /// An environment is there, and its Python is not.
    #[error(
        "the Python environment {folder} is broken: its {python} is missing or leads nowhere. Make it anew: {remedy}"
    )]
    Environment {
        /// The environment.
        folder: Utf8PathBuf,
        /// The interpreter in it.
        python: &'static str,
        /// A command that makes it anew.
        remedy: String,
    },
    /// There is none at all.
    #[error(
        "no Python was found: neither a virtual environment in {0} nor python3 in PATH. Install Python, or name one in the setting pytest.python"
    )]
    Nothing(Utf8PathBuf),
}

const PYTHON: &str = "bin/python";

/// Chooses the interpreter for a project. `setting` is the user's choice, `env` the environment
/// that the daemon was started with.
///
/// # Errors
/// If there is none, or the one to use is broken.
pub fn choose(
    project: &Project,
    setting: Option<&str>,
    env: &BTreeMap<String, String>,
    disk: &dyn Disk,
) -> Result<Interpreter, Broken> {
    if let Some(setting) = setting {
        let python = project.folder().join(setting);
        return match disk.exists(&python) {
            true => Ok(Interpreter {
                python,
                kind: EnvironmentKind::Venv,
            }),
            false => Err(Broken::Setting(python)),
        };
    }
    let chooser = Chooser { project, env, disk };
    let candidates = chooser
        .local()
        .chain(chooser.poetry())
        .chain(chooser.activated());
    for (folder, kind) in candidates {
        let python = folder.join(PYTHON);
        if disk.exists(&python) {
            return Ok(Interpreter { python, kind });
        }
        if disk.exists(&folder.join("pyvenv.cfg")) {
            let remedy = remedy(kind, &folder);
            return Err(Broken::Environment {
                folder,
                python: PYTHON,
                remedy,
            });
        }
    }
    let system = chooser.in_path().next();
    system.ok_or_else(|| Broken::Nothing(project.root().to_owned()))
}

/// What to tell when an interpreter has no pytest.
#[must_use]
pub fn without_pytest(interpreter: &Interpreter) -> String {
    let python = &interpreter.python;
    let install = match interpreter.kind {
        EnvironmentKind::Uv => "uv add --dev pytest".to_owned(),
        EnvironmentKind::Poetry => "poetry add --group dev pytest".to_owned(),
        EnvironmentKind::Conda => "conda install pytest".to_owned(),
        EnvironmentKind::Venv | EnvironmentKind::System => {
            format!("{python} -m pip install pytest")
        }
    };
    format!("{python} has no pytest. Install it: {install}")
}

fn remedy(kind: EnvironmentKind, folder: &Utf8Path) -> String {
    match kind {
        EnvironmentKind::Uv => "uv sync".to_owned(),
        EnvironmentKind::Poetry => "poetry env remove --all && poetry install".to_owned(),
        _ => format!("python3 -m venv --clear {folder}"),
    }
}

struct Chooser<'c> {
    project: &'c Project,
    env: &'c BTreeMap<String, String>,
    disk: &'c dyn Disk,
}

impl<'c> Chooser<'c> {
    fn variable(&self, name: &str) -> Option<&'c str> {
        self.env
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The rootdir and the folders above it, up to the workspace folder.
    fn folders(&self) -> impl Iterator<Item = &'c Utf8Path> {
        let top = self.project.folder();
        self.project
            .root()
            .ancestors()
            .take_while(move |folder| folder.starts_with(top))
    }

    fn uses_uv(&self) -> bool {
        self.folders()
            .any(|folder| self.disk.exists(&folder.join("uv.lock")))
    }

    fn local(&self) -> impl Iterator<Item = (Utf8PathBuf, EnvironmentKind)> {
        let active = self.variable("VIRTUAL_ENV").map(Utf8Path::new);
        let uv = self
            .variable("UV_PROJECT_ENVIRONMENT")
            .filter(|_| self.uses_uv());
        let kind = if self.uses_uv() {
            EnvironmentKind::Uv
        } else {
            EnvironmentKind::Venv
        };
        self.folders().flat_map(move |folder| {
            let active = active
                .filter(|active| active.parent() == Some(folder))
                .map(Utf8Path::to_owned);
            let uv = uv.map(|environment| folder.join(environment));
            let usual = [".venv", "venv", "env"].map(|name| folder.join(name));
            let usual = usual.into_iter().map(move |folder| (folder, kind));
            let active = active.into_iter().map(move |folder| (folder, kind));
            active
                .chain(uv.into_iter().map(|folder| (folder, EnvironmentKind::Uv)))
                .chain(usual)
        })
    }

    /// Poetry's environments for this project's name, newest Python first.
    fn poetry(&self) -> impl Iterator<Item = (Utf8PathBuf, EnvironmentKind)> {
        let cache = self
            .variable("POETRY_VIRTUALENVS_PATH")
            .map(Utf8PathBuf::from)
            .or_else(|| {
                let cache = self.variable("POETRY_CACHE_DIR").map(Utf8PathBuf::from);
                let home = || Some(Utf8Path::new(self.variable("HOME")?).join(".cache/pypoetry"));
                cache.or_else(home).map(|cache| cache.join("virtualenvs"))
            });
        let name = self.project.layout().poetry_name.as_deref();
        let mut found = match (cache, name) {
            (Some(cache), Some(name)) => {
                let names = self.disk.names_in(&cache);
                let ours = names
                    .into_iter()
                    .filter(|folder| is_poetry_folder(folder, name));
                ours.map(|folder| cache.join(folder)).collect()
            }
            _ => Vec::new(),
        };
        found.sort_by_key(|folder| std::cmp::Reverse(minor_version(folder)));
        found
            .into_iter()
            .map(|folder| (folder, EnvironmentKind::Poetry))
    }

    fn activated(&self) -> impl Iterator<Item = (Utf8PathBuf, EnvironmentKind)> {
        let active = self
            .variable("VIRTUAL_ENV")
            .map(|folder| (folder.into(), EnvironmentKind::Venv));
        let conda = self
            .variable("CONDA_PREFIX")
            .map(|folder| (folder.into(), EnvironmentKind::Conda));
        active.into_iter().chain(conda)
    }

    fn in_path(&self) -> impl Iterator<Item = Interpreter> {
        let path = self.variable("PATH").unwrap_or_default();
        ["python3", "python"]
            .into_iter()
            .flat_map(move |name| {
                path.split(':')
                    .map(move |folder| Utf8Path::new(folder).join(name))
            })
            .filter(|python| python.is_absolute() && self.disk.exists(python))
            .map(|python| Interpreter {
                python,
                kind: EnvironmentKind::System,
            })
    }
}

/// Whether a folder is named as Poetry names an environment: `NAME-HASH-py3.12`, the name in lower
/// case and without odd characters, the hash eight characters long.
fn is_poetry_folder(folder: &str, project: &str) -> bool {
    let odd = |c: char| " $`!*@\"\\\r\n\t".contains(c);
    let name: String = project
        .to_lowercase()
        .replace(odd, "_")
        .chars()
        .take(42)
        .collect();
    let rest = folder
        .strip_prefix(&name)
        .and_then(|rest| rest.strip_prefix('-'));
    rest.and_then(|rest| rest.get(8..))
        .is_some_and(|rest| rest.starts_with("-py"))
}

/// The 12 of `...-py3.12`.
fn minor_version(folder: &Utf8Path) -> Option<u32> {
    folder.as_str().rsplit('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pytest::testing::projects;

    struct Paths(Vec<&'static str>);

    impl Disk for Paths {
        fn exists(&self, path: &Utf8Path) -> bool {
            self.0
                .iter()
                .any(|known| Utf8Path::new(known).starts_with(path))
        }

        fn names_in(&self, folder: &Utf8Path) -> Vec<String> {
            let inside = self
                .0
                .iter()
                .filter_map(|known| Utf8Path::new(known).strip_prefix(folder).ok());
            inside
                .filter_map(|rest| Some(rest.components().next()?.as_str().to_owned()))
                .collect()
        }
    }

    #[track_caller]
    fn check(setting: Option<&str>, env: &[(&str, &str)], disk: &[&'static str], expected: &str) {
        let files = [(
            "services/a/pyproject.toml",
            "[tool.poetry]\nname = 'My App'\n[tool.pytest.ini_options]",
        )];
        let env = env
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let chosen = choose(&projects(&files)[0], setting, &env, &Paths(disk.to_vec()));
        let shown = match chosen {
            Ok(interpreter) => format!("{} {:?}", interpreter.python, interpreter.kind),
            Err(Broken::Setting(python)) => format!("no {python}"),
            Err(Broken::Environment { folder, remedy, .. }) => format!("broken {folder}: {remedy}"),
            Err(Broken::Nothing(_)) => "nothing".to_owned(),
        };
        assert_eq!(shown, expected);
    }

    const PATH: (&str, &str) = ("PATH", "/no:/usr/bin");

    #[test]
    fn the_nearest_environment_is_chosen() {
        check(
            None,
            &[PATH],
            &["/usr/bin/python3", "/usr/bin/python"],
            "/usr/bin/python3 System",
        );
        check(
            None,
            &[PATH],
            &["/w/.venv/bin/python", "/usr/bin/python3"],
            "/w/.venv/bin/python Venv",
        );
        check(
            None,
            &[PATH],
            &["/w/.venv/bin/python", "/w/services/a/env/bin/python"],
            "/w/services/a/env/bin/python Venv",
        );
        check(
            None,
            &[("VIRTUAL_ENV", "/w/other")],
            &["/w/.venv/bin/python", "/w/other/bin/python"],
            "/w/other/bin/python Venv",
        );
        check(
            None,
            &[("VIRTUAL_ENV", "/elsewhere"), PATH],
            &["/elsewhere/bin/python", "/usr/bin/python3"],
            "/elsewhere/bin/python Venv",
        );
        check(
            None,
            &[("CONDA_PREFIX", "/conda"), PATH],
            &["/conda/bin/python", "/usr/bin/python3"],
            "/conda/bin/python Conda",
        );
        check(None, &[], &[], "nothing");
    }

    #[test]
    fn managers_have_their_places() {
        check(
            None,
            &[],
            &["/w/uv.lock", "/w/.venv/bin/python"],
            "/w/.venv/bin/python Uv",
        );
        check(
            None,
            &[("UV_PROJECT_ENVIRONMENT", "/uv/x")],
            &["/w/uv.lock", "/uv/x/bin/python"],
            "/uv/x/bin/python Uv",
        );
        check(
            None,
            &[("HOME", "/h")],
            &[
                "/h/.cache/pypoetry/virtualenvs/my_app-abcdefgh-py3.9/bin/python",
                "/h/.cache/pypoetry/virtualenvs/my_app-abcdefgh-py3.12/bin/python",
                "/h/.cache/pypoetry/virtualenvs/other-abcdefgh-py3.13/bin/python",
            ],
            "/h/.cache/pypoetry/virtualenvs/my_app-abcdefgh-py3.12/bin/python Poetry",
        );
    }

    #[test]
    fn the_setting_comes_first_and_must_be_there() {
        check(
            Some("/opt/python"),
            &[],
            &["/opt/python", "/w/.venv/bin/python"],
            "/opt/python Venv",
        );
        check(
            Some("my/python"),
            &[],
            &["/w/my/python"],
            "/w/my/python Venv",
        );
        check(
            Some("/opt/python"),
            &[],
            &["/w/.venv/bin/python"],
            "no /opt/python",
        );
    }

    #[test]
    fn a_broken_environment_is_told() {
        check(
            None,
            &[PATH],
            &["/w/.venv/pyvenv.cfg", "/usr/bin/python3"],
            "broken /w/.venv: python3 -m venv --clear /w/.venv",
        );
        check(
            None,
            &[],
            &["/w/uv.lock", "/w/.venv/pyvenv.cfg"],
            "broken /w/.venv: uv sync",
        );
        check(
            None,
            &[PATH],
            &["/w/env/data.txt", "/usr/bin/python3"],
            "/usr/bin/python3 System",
        );
    }
}
