//! The lines that `greenward_pytest.py` writes.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Line {
    /// pytest has started.
    Session {},
    /// Tests that pytest will run, some at a time, in the order in which it will.
    Collected {
        tests: Vec<Collected>,
    },
    /// That was all of them.
    Selected {
        count: u32,
    },
    /// A file, class or folder could not be collected.
    CollectError {
        id: String,
        failure: Failure,
    },
    /// A file or class says that it is not to be run.
    CollectSkipped {
        id: String,
        reason: String,
    },
    /// A conftest that is read before anything is collected raised.
    ConftestError {
        file: String,
        failure: Failure,
    },
    Started {
        id: String,
    },
    Finished(Finished),
    /// Somebody has stopped the session: Ctrl-C, or `pytest.exit`.
    Interrupted {
        message: String,
    },
    InternalError {
        message: String,
    },
    /// Something went wrong in our plugin.
    PluginError {
        message: String,
    },
    /// pytest has come to its end.
    End {
        exit: i32,
        stopped: String,
    },
}

#[derive(Debug, Deserialize)]
pub(super) struct Collected {
    /// The node id.
    pub(super) id: String,
    /// The node id without the parameter case, where there is one.
    pub(super) base: Option<String>,
    /// The file it was collected from, absolute.
    pub(super) file: Option<String>,
    /// The line in that file, from 0.
    pub(super) line: Option<u32>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Finished {
    pub(super) id: String,
    pub(super) outcome: Outcome,
    /// Seconds, of all phases together.
    pub(super) duration: f64,
    pub(super) output: String,
    pub(super) failure: Option<Failure>,
    /// Why it was skipped.
    pub(super) reason: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    Passed,
    Failed,
    Errored,
    Skipped,
    Flaky,
}

#[derive(Debug, Deserialize)]
pub(super) struct Failure {
    /// The name of the exception's class; may be empty.
    pub(super) r#type: String,
    pub(super) message: String,
    /// `setup` or `teardown`, if it was there.
    pub(super) phase: Option<String>,
    pub(super) expected: Option<String>,
    pub(super) actual: Option<String>,
    /// File, line from 1 and function, outermost first.
    pub(super) trace: Vec<(String, u32, String)>,
}
