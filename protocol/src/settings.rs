//! The settings: what each is called, what it may be, and what it is when nobody says anything.
//!
//! A setting is declared once, as a field below. Its documentation, type, limits and default make
//! the [`schema`]; the schema checks what people write ([`Layer::check`]), and generates the
//! documentation and the editors' own settings. To add a setting, add a field; to add a table, add
//! a struct; a table of tables with names of the user's choice is a map; then regenerate `protocol/schema/settings.json` by a test run with `UPDATE_EXPECT=1`.
//! A setting by which a repository could choose what is executed also goes into [`CAN_RUN`].

mod layer;
mod workers;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};

pub use layer::{Complaint, Layer, Part};
pub use workers::{Cycle, OpenAiApi, Permissions, Worker, WorkerKind};

/// The settings that decide which program runs or with what arguments, or where code is sent, by
/// key.
///
/// What a repository says about them counts only once its user trusts it. A key may name a whole
/// table.
pub const CAN_RUN: &[&str] = &[
    "cargo.program",
    "cargo.args",
    "cargo.test_args",
    "pytest.python",
    "pytest.args",
    "workers",
    "cycle.worker",
];

/// All settings, complete.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "Greenward settings")]
pub struct Settings {
    /// When tests run.
    pub run: Run,
    /// How cargo runs tests.
    pub cargo: Cargo,
    /// How pytest runs tests.
    pub pytest: Pytest,
    /// Who can write in a cycle, each under a name of its own. They count only in the user's file,
    /// or in a repository that its user trusts.
    pub workers: BTreeMap<String, Worker>,
    /// How a cycle goes, and how much it may take.
    pub cycle: Cycle,
    /// Which files are specs.
    pub specs: Specs,
    /// What the editor shows besides diagnostics.
    pub show: Show,
    /// What the log says.
    pub log: Log,
}

/// When tests run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Run {
    /// Run what a change affects when a file is saved or changes on disk.
    pub on_save: bool,
    /// Run everything once when a workspace is opened.
    pub on_open: bool,
    /// How long, in milliseconds, to wait after a change for more changes before a run starts.
    #[schemars(range(max = 60000))]
    pub debounce_ms: u32,
    /// A single test that takes longer than this, in seconds, is ended and counts as errored.
    /// 0 is no limit.
    #[schemars(range(max = 86400))]
    pub timeout_seconds: u32,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            on_save: true,
            on_open: false,
            debounce_ms: 50,
            timeout_seconds: 300,
        }
    }
}

impl Run {
    /// How long to wait for more changes before a run starts.
    #[must_use]
    pub fn debounce(&self) -> Duration {
        Duration::from_millis(self.debounce_ms.into())
    }

    /// How long a single test may take, if there is a limit.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        (self.timeout_seconds > 0).then(|| Duration::from_secs(self.timeout_seconds.into()))
    }
}

/// How cargo runs tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cargo {
    /// Features to turn on.
    pub features: Vec<String>,
    /// Turn on all features.
    pub all_features: bool,
    /// Turn off the default features.
    pub no_default_features: bool,
    /// The profile to build with, where it is not cargo's own choice.
    #[schemars(example = &"release")]
    pub profile: Option<String>,
    /// Run documentation tests too.
    pub doc_tests: bool,
    /// Show a backtrace with every panic. Without it, RUST_BACKTRACE of the environment decides, as
    /// for `cargo test`. The time that a backtrace takes counts as the test's.
    pub backtrace: bool,
    /// How many tests of one binary run at once, where it is not libtest's own choice.
    #[schemars(range(min = 1, max = 4096), example = 4)]
    pub test_threads: Option<NonZeroU32>,
    /// The cargo to run: a name to be found in PATH, or a path, which starts at the workspace
    /// folder if it is relative.
    #[schemars(example = &"/opt/rust/bin/cargo")]
    pub program: Option<String>,
    /// Further arguments for cargo.
    pub args: Vec<String>,
    /// Further arguments for the test binaries.
    pub test_args: Vec<String>,
}

impl Default for Cargo {
    fn default() -> Self {
        Self {
            features: Vec::new(),
            all_features: false,
            no_default_features: false,
            profile: None,
            doc_tests: true,
            backtrace: false,
            test_threads: None,
            program: None,
            args: Vec::new(),
            test_args: Vec::new(),
        }
    }
}

/// How pytest runs tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Pytest {
    /// The Python to run, where it is not to be looked for: a path, which starts at the workspace
    /// folder if it is relative.
    #[schemars(example = &".venv/bin/python")]
    pub python: Option<String>,
    /// Further arguments for pytest.
    pub args: Vec<String>,
    /// Keep a pytest ready between runs. Results are the same without, and come later.
    pub warm: bool,
}

impl Default for Pytest {
    fn default() -> Self {
        Self {
            python: None,
            args: Vec::new(),
            warm: true,
        }
    }
}

/// Which files are specs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Specs {
    /// Patterns over paths, which start at the workspace folder. A `*` stays in its folder, `**`
    /// does not. `greenward init --spec` writes into the folder of the first.
    pub files: Vec<String>,
}

impl Default for Specs {
    fn default() -> Self {
        Self {
            files: vec!["specs/**/*.md".to_owned(), "**/*.spec.md".to_owned()],
        }
    }
}

/// What the editor shows besides diagnostics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Show {
    /// Code lenses over tests: run, and the last outcome.
    pub lenses: bool,
    /// Inlay hints at tests: outcome and time.
    pub inlay_hints: bool,
}

impl Default for Show {
    fn default() -> Self {
        Self {
            lenses: true,
            inlay_hints: false,
        }
    }
}

/// What the log says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// How much: error, warn, info, debug, trace, or directives such as
    /// `info,greenward_engine=debug`.
    pub level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
        }
    }
}

/// The JSON Schema (draft 7) of the settings, without references: every table in its place.
#[must_use]
pub fn schema() -> serde_json::Value {
    SchemaSettings::draft07()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<Settings>()
        .to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn committed_schema_is_the_declared_one() {
        let mut text = serde_json::to_string_pretty(&schema()).unwrap();
        text.push('\n');
        expect_test::expect_file!["../schema/settings.json"].assert_eq(&text);
    }

    #[test]
    fn zero_seconds_is_no_time_limit() {
        let run = |timeout_seconds| Run {
            timeout_seconds,
            ..Run::default()
        };
        assert_eq!(run(0).timeout(), None);
        assert_eq!(run(2).timeout(), Some(Duration::from_secs(2)));
    }
}
