//! `greenward plan` as it is typed.

use camino::Utf8PathBuf;
use clap::Args;

pub(super) const PLAN_HELP: &str = "\
Examples:
  greenward plan specs/roman.md              the tasks of a spec, and what is wrong with it
  greenward plan roman                       the same, by a part of its title or path
  greenward plan specs/roman.md -o plan.md   as a file that you can change
  greenward init --spec 'Roman numerals'     write a new spec to begin with

Exit codes: 0 there is a plan, 1 the spec has errors, 2 it could not be tried.";

/// Arguments of `greenward plan`.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// The spec: a file, or a part of a spec's title or path
    #[arg(value_name = "SPEC")]
    pub(crate) spec: String,
    /// One JSON object a line instead of text: what is wrong, each task, the result last
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the plan to a new file, which you can change
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<Utf8PathBuf>,
}
