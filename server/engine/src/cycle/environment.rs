//! What must be different in a room, so that the code under test comes from the room and not from
//! the user's folder.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::Invocation;
use greenward_exec::{Limits, OutputError};
use greenward_frameworks::Project;
use greenward_frameworks::cargo::config::Config;
use greenward_protocol::settings::Settings;
use greenward_workspace::files::read_text;
use greenward_workspace::lane::Lane;
use greenward_workspace::objects::{ObjectStore, StoreError};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::confinement::{self, Secrets};
use super::network;
use crate::runner::{Tools, pytest};

/// The settings and the tools for a room.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    settings: Arc<Settings>,
    tools: Tools,
    /// Folders that the interpreter imports from, absolute, the user's.
    imports: Vec<Utf8PathBuf>,
    /// Where the interpreter and what is installed for it lie, absolute.
    installed: Vec<Utf8PathBuf>,
    /// Where compilers leave what they make of the user's own work, absolute.
    compiled: Vec<Utf8PathBuf>,
    /// The user's workspace folder.
    folder: Utf8PathBuf,
}

/// Why it is not known how to run the project apart from the user's folder.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnvironmentError {
    /// There is no usable interpreter.
    #[error("{0}")]
    Python(String),
    /// The interpreter did not say what it imports from.
    #[error("{python} did not say where it imports from")]
    Imports {
        python: Utf8PathBuf,
        source: Option<OutputError>,
    },
}

/// Prints the folders that modules are imported from, and those in which Python is installed.
/// Editable installs of setuptools keep theirs in a finder's `MAPPING`.
const QUESTION: &str = "\
import json, os, sys
paths = list(sys.path)
for finder in sys.meta_path:
    module = sys.modules.get(getattr(finder, '__module__', None))
    mapping = getattr(module, 'MAPPING', None)
    if isinstance(mapping, dict):
        paths.extend(os.path.dirname(path) for path in mapping.values() if isinstance(path, str))
installed = [sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix]
print(json.dumps({'imports': paths, 'installed': installed}))
";

/// What an interpreter says of itself.
#[derive(Debug, Default, Deserialize)]
struct Python {
    imports: Vec<Utf8PathBuf>,
    installed: Vec<Utf8PathBuf>,
}

/// What stands of an environment in its folder.
const PARTS: [&str; 6] = ["bin", "lib", "lib64", "include", "share", "pyvenv.cfg"];

impl Environment {
    /// Finds out what a room for a project of the user's needs.
    ///
    /// # Errors
    /// If the project has no usable interpreter.
    pub(crate) async fn find(
        project: &Project,
        folder: &Utf8Path,
        settings: &Settings,
        tools: &Tools,
        cancel: &CancellationToken,
    ) -> Result<Self, EnvironmentError> {
        let mut settings = settings.clone();
        let mut said = Python::default();
        let mut compiled = Vec::new();
        if let Project::Cargo(_) = project {
            compiled = target_folders(project.root(), &tools.env);
        }
        if let Project::Pytest(project) = project {
            let setting = settings.pytest.python.as_deref();
            let python = pytest::interpreter(tools, project, setting, cancel)
                .await
                .map_err(EnvironmentError::Python)?;
            let python = without_link(python);
            said = ask(&python, project.root(), tools, cancel).await?;
            settings.pytest.python = Some(python.into_string());
            // Each run begins with a process that knows nothing of an earlier one.
            settings.pytest.warm = false;
        }
        Ok(Self {
            settings: Arc::new(settings),
            tools: tools.clone(),
            imports: said.imports,
            installed: said
                .installed
                .into_iter()
                .flat_map(|place| without_project(place, project.root()))
                .collect(),
            compiled,
            folder: folder.to_owned(),
        })
    }

    /// The settings in a room.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.settings.clone()
    }

    /// What is kept from those who write in a cycle whose tests stand in these `files` of a `lane`.
    ///
    /// # Errors
    /// If the user's repository cannot be read.
    pub(super) fn secrets(
        &self,
        lane: &Lane,
        store: &ObjectStore,
        files: impl IntoIterator<Item = Utf8PathBuf>,
    ) -> Result<Secrets, StoreError> {
        let (compiled, installed) = (&self.compiled, &self.installed);
        Secrets::of(lane, store, files, compiled, installed, &self.tools.env)
    }

    /// The tools in the clean room at `folder`, in a lane with its files at `top`, with `build` for
    /// what compilers leave.
    pub(super) fn tools(
        &self,
        top: &Utf8Path,
        folder: &Utf8Path,
        build: &Utf8Path,
        secrets: &Secrets,
    ) -> Tools {
        let imports: Vec<String> = self
            .imports
            .iter()
            .filter_map(|path| path.strip_prefix(&self.folder).ok())
            .map(|inside| folder.join(inside).into_string())
            .collect();
        let others = self.tools.env.get("PYTHONPATH").map(String::as_str);
        let others = others.into_iter().flat_map(|paths| paths.split(':'));
        let others = others.filter(|path| !Utf8Path::new(path).starts_with(&self.folder));
        let path: Vec<&str> = imports
            .iter()
            .map(String::as_str)
            .chain(others)
            .filter(|path| !path.is_empty())
            .collect();
        let path = (!path.is_empty()).then(|| path.join(":"));
        let set = |name: &str, value: Option<String>| (name.to_owned(), value);
        let network = self.settings.cycle.network;
        // So cargo makes do with what was fetched, and says what was not.
        let offline = (!network).then(|| ("CARGO_NET_OFFLINE".to_owned(), Some("true".to_owned())));
        let mut changes = vec![
            set("PYTHONPATH", path),
            // What was compiled from an earlier text could be taken for that of a later one: its
            // time is kept in seconds.
            set("PYTHONDONTWRITEBYTECODE", Some("1".to_owned())),
            set("CARGO_TARGET_DIR", Some(build.to_string())),
            set("CARGO_BUILD_TARGET_DIR", None),
        ];
        changes.extend(offline);
        let tools = self.tools.with_env(&changes);
        let confinement = confinement::of_clean_room(
            top,
            build,
            &self.folder,
            secrets,
            network::of_clean_room(network),
            &tools.env,
        );
        Tools {
            executor: tools.executor.confined(confinement),
            ..tools
        }
    }
}

/// The same interpreter, where its environment is a link to one that stands elsewhere: the link is
/// not there where the user's folder is hidden. Its own name stays, for by that it knows what is
/// installed for it.
fn without_link(python: Utf8PathBuf) -> Utf8PathBuf {
    let folder = python.parent().and_then(|bin| bin.canonicalize_utf8().ok());
    match (folder, python.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => python,
    }
}

/// Where an environment stands. In the folder of a project, only what belongs to it.
fn without_project(place: Utf8PathBuf, root: &Utf8Path) -> Vec<Utf8PathBuf> {
    if root.starts_with(&place) {
        return PARTS.map(|part| place.join(part)).to_vec();
    }
    vec![place]
}

/// Where cargo leaves what it makes of a project, if not in the project.
fn target_folders(root: &Utf8Path, env: &BTreeMap<String, String>) -> Vec<Utf8PathBuf> {
    let named = ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"];
    let mut folders: Vec<Utf8PathBuf> = named
        .into_iter()
        .filter_map(|name| env.get(name).filter(|place| !place.is_empty()))
        .map(|place| root.join(place))
        .collect();
    let home = env.get("CARGO_HOME").map(Utf8PathBuf::from);
    let home = home.or_else(|| Some(Utf8Path::new(env.get("HOME")?).join(".cargo")));
    for file in Config::candidates(root, home.as_deref()) {
        if let Ok(text) = read_text(&file) {
            folders.extend(Config::target_folder(&file, &text));
        }
    }
    folders
}

async fn ask(
    python: &Utf8Path,
    root: &Utf8Path,
    tools: &Tools,
    cancel: &CancellationToken,
) -> Result<Python, EnvironmentError> {
    let question = Invocation::new(python.as_str(), root).args(["-c", QUESTION]);
    let failed = |source| EnvironmentError::Imports {
        python: python.to_owned(),
        source,
    };
    let output = tools
        .executor
        .output(&question, Limits::default(), cancel)
        .await
        .map_err(|source| failed(Some(source)))?;
    let last = output.stdout.lines().last();
    let said: Option<Python> = last.and_then(|line| serde_json::from_str(line).ok());
    let mut said = said.ok_or_else(|| failed(None))?;
    said.imports.retain(|path| path.is_absolute());
    said.installed.retain(|path| path.is_absolute());
    Ok(said)
}
