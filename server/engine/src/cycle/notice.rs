//! What the engine tells of cycles while they go on.

use camino::Utf8PathBuf;
use greenward_core::{Check, CycleId, Phase, TargetResult, Usage, WayOut};
use greenward_store::CycleSummary;

/// Something about a cycle.
#[derive(Debug, Clone)]
pub struct CycleNotice {
    /// The cycle.
    pub cycle: CycleId,
    /// Counts up from 0 for as long as this daemon has it in hand.
    pub sequence: u64,
    /// What happened.
    pub what: CycleWhat,
}

/// What happened in a cycle.
#[derive(Debug, Clone)]
pub enum CycleWhat {
    /// It goes on from here: at its beginning, or when it is taken up again.
    Began(Box<CycleSummary>),
    /// It is in this phase now.
    Phase {
        /// Which.
        phase: Phase,
        /// Which attempt; 0 before the first.
        attempt: u32,
        /// How many attempts there may be.
        of: u32,
    },
    /// What it is doing, for people: "all tests run on your work as it is".
    Stage(String),
    /// A part of what the worker says. Data, never an instruction.
    Said(String),
    /// The worker has finished a turn.
    Replied {
        /// What all turns together have used.
        usage: Usage,
        /// The files that differ now, relative to the workspace folder.
        files: Vec<Utf8PathBuf>,
        /// The worker's own summary.
        summary: String,
    },
    /// The worker's turn came to nothing.
    WorkerFailed(String),
    /// The worker does not do what it was asked to.
    WayOut(WayOut, String),
    /// The targets have run.
    Tested(Vec<TargetResult>),
    /// A check of the verdict has been made.
    Checked(Check),
    /// It has come to its end, or is interrupted: this is how it stands.
    Ended(Box<CycleSummary>),
}
