//! What must be different in a room, so that the code under test comes from the room and not from
//! the user's folder.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::Invocation;
use greenward_exec::{Limits, OutputError};
use greenward_frameworks::Project;
use greenward_protocol::settings::Settings;
use tokio_util::sync::CancellationToken;

use super::confinement::{self, Secrets};
use crate::runner::{Tools, pytest};

/// The settings and the tools for a room.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    settings: Arc<Settings>,
    tools: Tools,
    /// Folders that the interpreter imports from, absolute, the user's.
    imports: Vec<Utf8PathBuf>,
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

/// Prints the folders that modules are imported from. Editable installs of setuptools keep theirs
/// in a finder's `MAPPING`.
const QUESTION: &str = "\
import json, os, sys
paths = list(sys.path)
for finder in sys.meta_path:
    module = sys.modules.get(getattr(finder, '__module__', None))
    mapping = getattr(module, 'MAPPING', None)
    if isinstance(mapping, dict):
        paths.extend(os.path.dirname(path) for path in mapping.values() if isinstance(path, str))
print(json.dumps(paths))
";

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
        let mut imports = Vec::new();
        if let Project::Pytest(project) = project {
            let setting = settings.pytest.python.as_deref();
            let python = pytest::interpreter(tools, project, setting, cancel)
                .await
                .map_err(EnvironmentError::Python)?;
            imports = imports_of(&python, project.root(), tools, cancel).await?;
            settings.pytest.python = Some(python.into_string());
            // Each run begins with a process that knows nothing of an earlier one.
            settings.pytest.warm = false;
        }
        Ok(Self {
            settings: Arc::new(settings),
            tools: tools.clone(),
            imports,
            folder: folder.to_owned(),
        })
    }

    /// The settings in a room.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.settings.clone()
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
        let tools = self.tools.with_env(&[
            set("PYTHONPATH", path),
            // What was compiled from an earlier text could be taken for that of a later one: its
            // time is kept in seconds.
            set("PYTHONDONTWRITEBYTECODE", Some("1".to_owned())),
            set("CARGO_TARGET_DIR", Some(build.to_string())),
            set("CARGO_BUILD_TARGET_DIR", None),
        ]);
        let confinement = confinement::of_clean_room(top, build, &self.folder, secrets, &tools.env);
        Tools {
            executor: tools.executor.confined(confinement),
            ..tools
        }
    }
}

async fn imports_of(
    python: &Utf8Path,
    root: &Utf8Path,
    tools: &Tools,
    cancel: &CancellationToken,
) -> Result<Vec<Utf8PathBuf>, EnvironmentError> {
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
    let paths: Option<Vec<Utf8PathBuf>> = output
        .stdout
        .lines()
        .last()
        .and_then(|line| serde_json::from_str(line).ok());
    let paths = paths.ok_or_else(|| failed(None))?;
    Ok(paths
        .into_iter()
        .filter(|path| path.is_absolute())
        .collect())
}
