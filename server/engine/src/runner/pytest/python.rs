//! Finding the interpreter of a project, and making sure that it can run pytest.

use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{Invocation, clean};
use greenward_exec::{Limits, OutputError};
use greenward_frameworks::pytest::{Broken, Disk, Interpreter, Project, choose, without_pytest};
use serde::Deserialize;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::runner::Tools;

/// An interpreter that is known to have a pytest that we can drive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Python {
    /// The interpreter itself, where `chosen` is a script that leads to it.
    pub(super) program: Utf8PathBuf,
    /// What was asked for.
    chosen: Utf8PathBuf,
    /// When the files that decide what it is were last changed.
    stamp: Stamp,
}

type Stamp = [Option<SystemTime>; 4];

/// Why the tests of a project cannot be run. The message says what to do.
#[derive(Debug, Error)]
pub(super) enum Unusable {
    /// There is none, or the one to use is broken.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// It does not run.
    #[error("{python} cannot be run: {source}")]
    Dead {
        python: Utf8PathBuf,
        source: OutputError,
    },
    /// It ran and said something else than it was asked.
    #[error("{python} does not work as a Python:\n{said}")]
    Odd { python: Utf8PathBuf, said: String },
    /// It has no pytest.
    #[error("{0}")]
    WithoutPytest(String),
    /// Python or pytest is of another age.
    #[error("{python} has {what} {version}, and {least} or later is needed")]
    TooOld {
        python: Utf8PathBuf,
        what: &'static str,
        version: String,
        least: &'static str,
    },
    /// The run was cancelled meanwhile.
    #[error("cancelled")]
    Cancelled,
}

/// Prints what we need to know. `find_spec` takes a tenth of the time that an import takes.
const QUESTION: &str = "\
import importlib.util, json, sys
found = importlib.util.find_spec('pytest') is not None
version = None
if found and sys.version_info >= (3, 8):
    import importlib.metadata
    version = importlib.metadata.version('pytest')
elif found:
    import pytest
    version = pytest.__version__
print(json.dumps({'program': sys.executable, 'python': list(sys.version_info[:3]), 'pytest': version}))
";

#[derive(Deserialize)]
struct Answer {
    program: Utf8PathBuf,
    python: Vec<u32>,
    pytest: Option<String>,
}

/// The file system as it is.
struct RealDisk;

impl Disk for RealDisk {
    fn exists(&self, path: &Utf8Path) -> bool {
        path.exists()
    }

    fn names_in(&self, folder: &Utf8Path) -> Vec<String> {
        let entries = folder.read_dir_utf8().into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_owned()).collect()
    }
}

/// The interpreter for a project. It is asked only if it is not the one that is `known`.
pub(super) async fn find(
    tools: &Tools,
    project: &Project,
    setting: Option<&str>,
    known: Option<Python>,
    cancel: &CancellationToken,
) -> Result<Python, Unusable> {
    let interpreter = choose(project, setting, &tools.env, &RealDisk)?;
    let stamp = stamp(project, &interpreter.python);
    if let Some(known) =
        known.filter(|known| known.chosen == interpreter.python && known.stamp == stamp)
    {
        return Ok(known);
    }
    let program = check(tools, project, &interpreter, cancel).await?;
    Ok(Python {
        program,
        chosen: interpreter.python,
        stamp,
    })
}

/// Asks an interpreter what it is and has. Gives its own path.
async fn check(
    tools: &Tools,
    project: &Project,
    interpreter: &Interpreter,
    cancel: &CancellationToken,
) -> Result<Utf8PathBuf, Unusable> {
    let python = interpreter.python.clone();
    let question = Invocation::new(python.as_str(), project.root()).args(["-c", QUESTION]);
    let output = tools
        .executor
        .output(&question, Limits::default(), cancel)
        .await;
    let output = match output {
        Ok(output) => output,
        Err(OutputError::Cancelled { .. }) => return Err(Unusable::Cancelled),
        Err(source) => return Err(Unusable::Dead { python, source }),
    };
    let answer = output
        .stdout
        .lines()
        .last()
        .and_then(|line| serde_json::from_str::<Answer>(line).ok());
    let Some(answer) = answer else {
        let said = clean(&format!("{}{}", output.stdout, output.stderr));
        return Err(Unusable::Odd {
            python,
            said: said.trim().to_owned(),
        });
    };
    if answer.python < vec![3, 7] {
        let version = answer
            .python
            .iter()
            .map(u32::to_string)
            .collect::<Vec<_>>()
            .join(".");
        return Err(Unusable::TooOld {
            python,
            what: "Python",
            version,
            least: "3.7",
        });
    }
    let Some(version) = answer.pytest else {
        return Err(Unusable::WithoutPytest(without_pytest(interpreter)));
    };
    let numbers: Vec<u32> = version
        .split('.')
        .map_while(|part| part.parse().ok())
        .collect();
    if numbers < vec![6, 2] {
        return Err(Unusable::TooOld {
            python,
            what: "pytest",
            version,
            least: "6.2",
        });
    }
    // It is empty where Python cannot tell.
    Ok(if answer.program.is_absolute() {
        answer.program
    } else {
        python
    })
}

/// `.python-version` is what pyenv goes by.
fn stamp(project: &Project, python: &Utf8Path) -> Stamp {
    let changed = |path: &Utf8Path| path.metadata().and_then(|data| data.modified()).ok();
    let config = python
        .parent()
        .and_then(Utf8Path::parent)
        .map(|folder| folder.join("pyvenv.cfg"));
    [
        changed(python),
        config.and_then(|config| changed(&config)),
        changed(&project.root().join(".python-version")),
        changed(&project.folder().join(".python-version")),
    ]
}
