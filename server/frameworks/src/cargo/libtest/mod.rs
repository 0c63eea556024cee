//! What a test binary says of its tests.
//!
//! libtest reports as JSON (`--format json`, see [`ARGS`]) or as text for people; rustdoc's
//! documentation tests report as text only. Either is read line by line into the same reports, and
//! one ledger makes run events of them. What a test prints can look like a report: so a result
//! counts only if it was announced, the worst one counts if there are several, and what does not
//! add up at the end makes the run broken.

mod json;
mod ledger;
mod listing;
mod names;
mod panic;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeSet;
use std::time::Duration;

use greenward_core::{Outcome, RunEvent};

pub use ledger::{End, Finish};
pub use listing::{Listed, listed_json, listed_text};
pub use names::Names;
pub use panic::Sources;

/// What makes a test binary report as JSON. It must be allowed by [`ALLOW`].
pub const ARGS: [&str; 5] = [
    "--format=json",
    "-Zunstable-options",
    "--report-time",
    "--show-output",
    "--color=never",
];

/// A variable that lets the libtest of a stable toolchain report as JSON.
///
/// Any value does for libtest. This one allows nothing to a compiler that a test may start: `1`
/// would, any other value names the crates that are allowed.
pub const ALLOW: (&str, &str) = ("RUSTC_BOOTSTRAP", "0");

/// The beginning of what a libtest says that has no JSON or will not use it.
#[must_use]
pub fn is_refusal(line: &str) -> bool {
    line.starts_with("error: the option `Z` is only accepted")
        || line.starts_with("error: The \"json\" format is only accepted")
        || line.starts_with("error: Unrecognized option: ")
        || line.starts_with("error: argument for --format must be")
}

/// One thing that a test binary says.
#[derive(Debug, Clone, PartialEq)]
enum Report {
    /// A suite with this many tests begins.
    Suite(u64),
    Started(String),
    Finished(Ended),
    /// A suite ends and counts its tests.
    SuiteEnd {
        passed: u64,
        failed: u64,
        ignored: u64,
    },
    Output(String),
}

/// The end of one test.
#[derive(Debug, Clone, PartialEq)]
struct Ended {
    name: String,
    outcome: Outcome,
    /// What it printed.
    stdout: String,
    /// What libtest has to add: why it was ignored, that it should have panicked.
    message: Option<String>,
    duration: Option<Duration>,
}

#[derive(Debug)]
enum Format {
    Json,
    Text(text::Reader),
}

/// Which tests may report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Planned {
    /// All that the binary has.
    All,
    /// Those of these names, and no others.
    Names(BTreeSet<String>),
}

/// Reads what one process says, line by line.
#[derive(Debug)]
pub struct Decoder {
    format: Format,
    ledger: ledger::Ledger,
}

impl Decoder {
    /// For a test binary that was started with [`ARGS`].
    #[must_use]
    pub fn json(names: Names, planned: Planned) -> Self {
        Self {
            format: Format::Json,
            ledger: ledger::Ledger::new(names, planned, true),
        }
    }

    /// For a test binary without JSON, or for documentation tests.
    #[must_use]
    pub fn text(names: Names, planned: Planned) -> Self {
        Self {
            format: Format::Text(text::Reader::default()),
            ledger: ledger::Ledger::new(names, planned, false),
        }
    }

    /// Takes a line of its standard output.
    pub fn line(&mut self, line: &str, sources: &dyn Sources) -> Vec<RunEvent> {
        let reports = match &mut self.format {
            Format::Json => json::read(line),
            Format::Text(reader) => reader.line(line),
        };
        reports
            .into_iter()
            .flat_map(|report| self.ledger.take(report, sources))
            .collect()
    }

    /// The names of the tests that have started and not ended.
    pub fn running(&self) -> impl Iterator<Item = &str> {
        self.ledger.running()
    }

    /// Takes the process's end.
    #[must_use]
    pub fn finish(mut self, end: &End, sources: &dyn Sources) -> Finish {
        let mut events = Vec::new();
        if let Format::Text(reader) = &mut self.format {
            for report in reader.finish() {
                events.extend(self.ledger.take(report, sources));
            }
        }
        let mut finish = self.ledger.finish(end);
        events.append(&mut finish.events);
        finish.events = events;
        finish
    }
}
