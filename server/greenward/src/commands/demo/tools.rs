//! Whether the tools that the sample needs are here.

use greenward_core::Invocation;
use greenward_exec::Executor;

use crate::tools;

/// Whether there is a cargo. An error says in a few words what is missing.
pub(super) async fn cargo(executor: &Executor) -> Result<(), &'static str> {
    let works = works(executor, "cargo", &["--version"]).await;
    works.then_some(()).ok_or("there is no cargo here")
}

/// Whether there is a Python with pytest. An error says in a few words what is missing.
pub(super) async fn pytest(executor: &Executor) -> Result<(), &'static str> {
    for python in ["python3", "python"] {
        if works(executor, python, &["-c", "import pytest"]).await {
            return Ok(());
        }
    }
    Err("there is no Python with pytest here")
}

/// Whether a program is there and does this.
async fn works(executor: &Executor, program: &str, args: &[&str]) -> bool {
    // In the root folder nothing lies around that could change what the program does.
    let invocation = Invocation::new(program, "/").args(args.iter().copied());
    match tools::answer(executor, &invocation).await {
        Ok(_) => true,
        Err(error) => {
            tracing::debug!(%error, program, "a tool is not to be had");
            false
        }
    }
}
