//! What a front end can tell and ask about cycles.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use camino::Utf8PathBuf;
use greenward_core::{BreakerKey, CycleId, Recorded, TestId};
use greenward_store::CycleSummary;
use greenward_workspace::objects::FileChange;
use greenward_workspace::objects::references::RefName;
use tokio::sync::oneshot;

use super::refusal::CycleRefusal;

/// Something told, or asked, about cycles.
#[derive(Debug)]
pub enum CycleCommand {
    /// A failing test is to be implemented to green.
    Start {
        /// Which, and by whom.
        request: CycleRequest,
        /// The cycle, once it is on the disk.
        reply: oneshot::Sender<Result<CycleId, CycleRefusal>>,
    },
    /// A cycle that was interrupted, stopped or has failed is to go on. One that has used up its
    /// limits gets a new allowance.
    Resume {
        /// The cycle.
        cycle: CycleId,
        /// Told when it goes on.
        reply: oneshot::Sender<Result<(), CycleRefusal>>,
    },
    /// A cycle that goes on, or every one, is to be stopped.
    Cancel {
        /// The cycle; nothing for all.
        cycle: Option<CycleId>,
    },
    /// The result of a complete cycle is to come to the user's files.
    Apply {
        /// The cycle.
        cycle: CycleId,
        /// How.
        to: ApplyTo,
        /// What becomes of the files.
        reply: oneshot::Sender<Result<Application, CycleRefusal>>,
    },
    /// The editor has taken over the result of a cycle.
    Applied {
        /// The cycle.
        cycle: CycleId,
        /// The files that it changed, absolute.
        files: Vec<Utf8PathBuf>,
        /// Told when this is on the disk.
        reply: oneshot::Sender<Result<(), CycleRefusal>>,
    },
    /// The result of a cycle, or what there is of it, is not wanted. It is kept all the same.
    Discard {
        /// The cycle.
        cycle: CycleId,
        /// Told when this is on the disk.
        reply: oneshot::Sender<Result<(), CycleRefusal>>,
    },
    /// The cycles of the workspace, the newest first.
    List {
        /// The answer.
        reply: oneshot::Sender<Result<Vec<CycleStanding>, CycleRefusal>>,
    },
    /// The cycles of the folder that a file lies in, the newest first, that the user has not
    /// decided about. This may be asked often: it costs little while nothing happens, and what
    /// other processes do shows at once.
    Undecided {
        /// The file.
        path: Utf8PathBuf,
        /// The answer.
        reply: oneshot::Sender<Result<Vec<CycleStanding>, CycleRefusal>>,
    },
    /// What keeps workers from working, as far as that is known before they try: of the workers
    /// that the settings for a file name, those that cannot.
    Workers {
        /// The file.
        path: Utf8PathBuf,
        /// Their names, each with why and what can be done.
        reply: oneshot::Sender<BTreeMap<String, String>>,
    },
    /// What a cycle has changed.
    Diff {
        /// The cycle.
        cycle: CycleId,
        /// The answer.
        reply: oneshot::Sender<Result<CycleDiff, CycleRefusal>>,
    },
    /// All that is known of a cycle.
    Show {
        /// The cycle.
        cycle: CycleId,
        /// The answer.
        reply: oneshot::Sender<Result<CycleRecord, CycleRefusal>>,
    },
    /// What has failed too often and is left alone for a while.
    Resting {
        /// The answer.
        reply: oneshot::Sender<Result<Vec<Resting>, CycleRefusal>>,
    },
    /// The results of which the user's files have a part, since whoever brought them was killed.
    /// What was left beside the files by that is cleared up.
    HalfApplied {
        /// The answer.
        reply: oneshot::Sender<Result<Vec<HalfApplied>, CycleRefusal>>,
    },
    /// The files of a project are to be as they were when all its tests passed the last time. The
    /// front end makes the edit; what the user has now is kept first.
    BackToGreen {
        /// A file of the project; nothing where there is only one project.
        file: Option<Utf8PathBuf>,
        /// What becomes of the files.
        reply: oneshot::Sender<Result<Application, CycleRefusal>>,
    },
    /// Every circuit breaker is to be closed.
    ResetBreakers {
        /// Told when this is on the disk.
        reply: oneshot::Sender<Result<(), CycleRefusal>>,
    },
}

/// A wish for a cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CycleRequest {
    /// Failing tests of one project; of a file or suite, all tests below it.
    pub targets: Vec<TestId>,
    /// Tests that are to pass too, and that the worker never sees.
    pub held_out: Vec<TestId>,
    /// The worker's name in the settings; nothing for the settings' own choice.
    pub worker: Option<String>,
}

/// How a result comes to the user's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApplyTo {
    /// By the engine, on the disk.
    Disk,
    /// By the front end, which then says [`CycleCommand::Applied`].
    Editor,
}

/// What becomes of the user's files.
#[derive(Debug, Clone)]
pub struct Application {
    /// The files. `before` is what the user has, unsaved text included.
    pub files: Vec<AppliedFile>,
}

/// What becomes of one file.
#[derive(Debug, Clone)]
pub struct AppliedFile {
    /// The file, absolute.
    pub path: Utf8PathBuf,
    /// The version of the open document; nothing if it is not open.
    pub version: Option<i32>,
    /// Its text now; nothing if it is not there.
    pub before: Option<String>,
    /// Its text then; nothing if it goes.
    pub after: Option<String>,
}

/// A cycle as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CycleStanding {
    /// The workspace folder that it is of.
    pub folder: Utf8PathBuf,
    /// What is known of it.
    pub summary: CycleSummary,
    /// Who is at it.
    pub hands: Hands,
}

/// Whose hands a cycle is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hands {
    /// Nobody's: it has ended, or was interrupted.
    Nobodys,
    /// This process's: it goes on.
    Ours,
    /// Another process's: it goes on there.
    Others,
}

/// What a cycle has changed.
#[derive(Debug, Clone)]
pub struct CycleDiff {
    /// The cycle.
    pub summary: CycleSummary,
    /// The top that paths are relative to, absolute.
    pub top: Utf8PathBuf,
    /// File by file.
    pub files: Vec<FileChange>,
    /// Those of them that have no part in what is judged, and do not come to the user's files: they
    /// are sealed, or tests that the worker added.
    pub left_out: Vec<Utf8PathBuf>,
}

/// All that is known of a cycle.
#[derive(Debug, Clone)]
pub struct CycleRecord {
    /// How it stands.
    pub summary: CycleSummary,
    /// What happened in it, from its beginning.
    pub events: Vec<Recorded>,
    /// Where what its worker said is kept, for a worker of kind `replay`. The file is there once
    /// the worker has taken a turn.
    pub recording: Utf8PathBuf,
}

/// Something that has failed too often and is left alone for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resting {
    /// What.
    pub what: BreakerKey,
    /// How often in a row it has failed.
    pub failures: u32,
    /// When it may be tried again, since the Unix epoch.
    pub until: Duration,
}

impl Resting {
    /// What failed, how long nothing is tried, and what can be done, `now` since the Unix epoch.
    #[must_use]
    pub fn say(&self, now: Duration) -> String {
        let (what, failures) = (&self.what, self.failures);
        let wait = self.until.saturating_sub(now).as_secs() + 1;
        let why = match what {
            BreakerKey::Worker(_) => {
                format!("{what} has failed {failures} times in a row and rests for {wait} s more")
            }
            BreakerKey::Phase(_) => format!(
                "the last {failures} cycles were all given up without their tests passing, so none \
                 begins for {wait} s more"
            ),
            BreakerKey::System => format!(
                "cycles could not be carried out {failures} times in a row, whoever worked, so none \
                 begins for {wait} s more"
            ),
        };
        format!("{why}; `greenward cycles --reset-breakers` lets it be tried at once")
    }
}

/// A result that has come to the user's files in part. Paths are relative to the top of the
/// repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HalfApplied {
    /// The cycle.
    pub cycle: CycleId,
    /// The files that have it.
    pub written: Vec<Utf8PathBuf>,
    /// The files that do not.
    pub missing: Vec<Utf8PathBuf>,
    /// What the user saved at the very moment, and what could not stay in its place.
    pub kept: Vec<RefName>,
}

impl fmt::Display for HalfApplied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cycle,
            written,
            missing,
            kept,
        } = self;
        write!(
            f,
            "the result of cycle {cycle} came to your files in part: "
        )?;
        match (written.as_slice(), missing.as_slice()) {
            ([], _) => write!(f, "no file has it")?,
            (written, []) => write!(f, "{} have it", list(written))?,
            (written, missing) => write!(f, "{} have it, {} do not", list(written), list(missing))?,
        }
        for name in kept {
            write!(f, "; what you saved meanwhile is kept at {name}")?;
        }
        write!(
            f,
            ". `greenward apply {cycle}` brings the rest; what you had before is kept at \
             refs/greenward/cycles/{cycle}/before-apply"
        )
    }
}

pub(super) fn list<T: ToString>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    items.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use greenward_core::Phase;

    #[test]
    fn what_rests_says_what_failed_for_how_long_and_what_to_do() {
        for (what, said) in [
            (
                BreakerKey::Worker("local".to_owned()),
                "worker local has failed 3 times in a row and rests for 61 s more",
            ),
            (
                BreakerKey::Phase(Phase::Green),
                "the last 3 cycles were all given up without their tests passing, so none begins \
                 for 61 s more",
            ),
            (
                BreakerKey::System,
                "cycles could not be carried out 3 times in a row, whoever worked, so none begins \
                 for 61 s more",
            ),
        ] {
            let resting = Resting {
                what,
                failures: 3,
                until: Duration::from_secs(160),
            };
            let advice = "`greenward cycles --reset-breakers` lets it be tried at once";
            assert_eq!(
                resting.say(Duration::from_secs(100)),
                format!("{said}; {advice}")
            );
        }
    }
}
