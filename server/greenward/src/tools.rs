//! Asking a tool what it is.

use std::time::Duration;

use greenward_core::Invocation;
use greenward_exec::{Executor, Exit, Limits, OutputError};
use tokio_util::sync::CancellationToken;

/// How much a tool may take to say what it is.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(10),
    bytes: 64 * 1024,
};

/// Why a tool does not say what it is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ToolError {
    /// It cannot be started, or takes too long.
    #[error(transparent)]
    Run(#[from] OutputError),
    /// It says that something is wrong.
    #[error("{program}: {exit}{said}")]
    Failed {
        /// The tool.
        program: String,
        /// How it ended.
        exit: Exit,
        /// The last line that it printed, after a colon, or nothing.
        said: String,
    },
}

/// What a tool prints, without blanks around it.
///
/// # Errors
/// If it cannot be run, or does not end well.
pub(crate) async fn answer(
    executor: &Executor,
    invocation: &Invocation,
) -> Result<String, ToolError> {
    let output = executor
        .output(invocation, LIMITS, &CancellationToken::new())
        .await?;
    if output.exit == Exit::Code(0) {
        return Ok(output.stdout.trim().to_owned());
    }
    let said = output.stderr.trim().lines().last().unwrap_or_default();
    Err(ToolError::Failed {
        program: invocation.program.clone(),
        exit: output.exit,
        said: match said {
            "" => String::new(),
            said => format!(": {said}"),
        },
    })
}
