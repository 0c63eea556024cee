//! What is typed about cycles.

use camino::Utf8PathBuf;
use clap::Args;
use greenward_core::CycleId;

pub(super) const GREEN_HELP: &str = "\
Examples:
  greenward green tests/test_api.py::test_four   by the worker of your settings
  greenward green test_four --worker local       by this one
  greenward green test_four --worker human       by you: edit and save, the same checks judge
  greenward green test_four --apply              and bring the result into your files

The worker works in a copy of your files. What it says counts for nothing: the tests are run in a
clean room, and the checks of the verdict are shown one by one. Your files stay as they are until
you apply.

Exit codes: 0 green, also where the tests pass already; 1 not green, 2 it could not be tried,
130 cancelled.";

/// Arguments of `greenward green`.
#[derive(Debug, Args)]
pub(crate) struct GreenArgs {
    /// A test id or a part of one, with * for anything; FILE:LINE; or a file. Of several tests,
    /// those that fail
    #[arg(value_name = "TEST", required = true)]
    pub(crate) tests: Vec<String>,
    /// Who is to write: a name of your settings, or human
    #[arg(long, value_name = "WORKER")]
    pub(crate) worker: Option<String>,
    /// A test that is to pass too and that the worker does not see. May be given several times
    #[arg(long, value_name = "TEST")]
    pub(crate) held_out: Vec<String>,
    /// Bring the result into your files at once
    #[arg(long)]
    pub(crate) apply: bool,
    /// One JSON object a line instead of text: what happens as it happens, the result last
    #[arg(long)]
    pub(crate) json: bool,
    /// Trust the folder for this one run
    #[arg(long)]
    pub(crate) trust: bool,
}

/// Arguments of `greenward cycles`.
#[derive(Debug, Args)]
pub(crate) struct CyclesArgs {
    /// The number of one cycle, to see all of it
    #[arg(value_name = "CYCLE")]
    pub(crate) cycle: Option<u64>,
    /// One JSON object a line instead of text
    #[arg(long)]
    pub(crate) json: bool,
    /// Write what the cycle's worker said to a file, which a worker of kind replay says again
    #[arg(long, value_name = "FILE", requires = "cycle")]
    pub(crate) recording: Option<Utf8PathBuf>,
    /// Try at once what has failed too often and rests
    #[arg(long, conflicts_with_all = ["cycle", "json", "recording"])]
    pub(crate) reset_breakers: bool,
}

/// Arguments of `greenward resume`.
#[derive(Debug, Args)]
pub(crate) struct ResumeArgs {
    /// The cycle.
    #[command(flatten)]
    pub(crate) cycle: CycleArg,
    /// Bring the result into your files at once
    #[arg(long)]
    pub(crate) apply: bool,
    /// One JSON object a line instead of text: what happens as it happens, the result last
    #[arg(long)]
    pub(crate) json: bool,
    /// Trust the folder for this one run
    #[arg(long)]
    pub(crate) trust: bool,
}

/// Which cycle is meant.
#[derive(Debug, Args)]
pub(crate) struct CycleArg {
    /// The number of the cycle, as `greenward cycles` shows it
    #[arg(value_name = "CYCLE")]
    cycle: u64,
}

impl CycleArg {
    /// The cycle.
    pub(crate) fn id(&self) -> CycleId {
        CycleId(self.cycle)
    }
}
