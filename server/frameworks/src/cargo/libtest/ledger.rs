//! Which tests a process has started and ended, and whether that adds up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use greenward_core::{Failure, Outcome, RunEvent, TestResult};

use super::names::Names;
use super::panic::{self, Sources};
use super::{Ended, Planned, Report};

/// How much of what a test printed is kept, in bytes.
const OUTPUT_LIMIT: usize = 256 * 1024;

/// How much of a message or a value is kept, in bytes.
const TEXT_LIMIT: usize = 64 * 1024;

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// By itself, with this exit code.
    Exited(i32),
    /// Otherwise, in words: "was ended by signal 6 (SIGABRT)".
    Otherwise(String),
}

impl End {
    /// What to tell of it: "ended with exit code 0".
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            End::Exited(code) => format!("ended with exit code {code}"),
            End::Otherwise(words) => words.clone(),
        }
    }
}

/// What is to say when a process has ended.
#[derive(Debug, Default)]
pub struct Finish {
    /// The last events.
    pub events: Vec<RunEvent>,
    /// What does not add up, if anything.
    pub broken: Option<String>,
    /// The names of tests that were running when it ended. Nothing has been said of them: one of
    /// them ended the process, the others are not to blame.
    pub unfinished: Vec<String>,
    /// The names of tests that were planned and never reported.
    pub missing: Vec<String>,
    /// The names of all tests that have ended.
    pub ended: BTreeSet<String>,
}

/// What a suite has said so far.
#[derive(Debug)]
struct Suite {
    announced: u64,
    passed: u64,
    failed: u64,
    ignored: u64,
}

/// The books of one process.
#[derive(Debug)]
pub(super) struct Ledger {
    names: Names,
    planned: Planned,
    /// Whether each test is announced before it ends, and all have names of their own.
    strict: bool,
    running: BTreeSet<String>,
    ended: BTreeMap<String, Outcome>,
    open: Option<Suite>,
    suites: usize,
    /// Tests whose results cannot be believed.
    suspects: BTreeSet<String>,
    complaints: Vec<String>,
}

impl Ledger {
    pub(super) fn new(names: Names, planned: Planned, strict: bool) -> Self {
        Self {
            names,
            planned,
            strict,
            running: BTreeSet::new(),
            ended: BTreeMap::new(),
            open: None,
            suites: 0,
            suspects: BTreeSet::new(),
            complaints: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, report: Report, sources: &dyn Sources) -> Vec<RunEvent> {
        match report {
            Report::Suite(announced) => self.suite(announced),
            Report::Started(name) => self.started(name),
            Report::Finished(ended) => self.finished(ended, sources),
            Report::SuiteEnd {
                passed,
                failed,
                ignored,
            } => {
                self.suite_end(passed, failed, ignored);
                Vec::new()
            }
            Report::Output(text) => vec![RunEvent::Output(text)],
        }
    }

    pub(super) fn running(&self) -> impl Iterator<Item = &str> {
        self.running.iter().map(String::as_str)
    }

    fn suite(&mut self, announced: u64) -> Vec<RunEvent> {
        if self.open.is_some() || (self.strict && self.suites > 0) {
            self.complain("a suite began inside or after another");
        }
        self.suites += 1;
        self.open = Some(Suite {
            announced,
            passed: 0,
            failed: 0,
            ignored: 0,
        });
        vec![RunEvent::Planned {
            tests: u32::try_from(announced).unwrap_or(u32::MAX),
        }]
    }

    fn started(&mut self, name: String) -> Vec<RunEvent> {
        self.check_planned(&name);
        if self.running.contains(&name) || self.ended.contains_key(&name) {
            self.suspect(&name, "was started twice");
            return Vec::new();
        }
        let (id, found) = self.names.resolve(&name);
        self.running.insert(name);
        found_first(found, RunEvent::Started(id))
    }

    fn finished(&mut self, ended: Ended, sources: &dyn Sources) -> Vec<RunEvent> {
        let name = ended.name.clone();
        self.check_planned(&name);
        if let Some(suite) = &mut self.open {
            match ended.outcome {
                Outcome::Passed => suite.passed += 1,
                Outcome::Skipped => suite.ignored += 1,
                _ => suite.failed += 1,
            }
        } else {
            self.suspect(&name, "reported outside of a suite");
        }
        let was_running = self.running.remove(&name);
        if let Some(before) = self.ended.get(&name).copied() {
            if self.strict {
                self.suspect(&name, "reported twice");
            }
            if before >= ended.outcome {
                return Vec::new();
            }
        } else if self.strict && !was_running {
            self.suspect(&name, "reported without having started");
        }
        self.ended.insert(name.clone(), ended.outcome);
        let (id, found) = self.names.resolve(&name);
        let result = self.result(ended, sources);
        found_first(found, RunEvent::Finished(id, result))
    }

    fn result(&self, ended: Ended, sources: &dyn Sources) -> TestResult {
        let failure = match ended.outcome {
            Outcome::Passed => None,
            Outcome::Skipped => ended.message.map(|message| Failure {
                message,
                kind: "ignored".to_owned(),
                ..Failure::default()
            }),
            _ => {
                let place = self.names.place(&ended.name);
                let failure = panic::failure(&ended, place, sources);
                Some(Failure {
                    message: capped(failure.message, TEXT_LIMIT),
                    expected: failure.expected.map(|text| capped(text, TEXT_LIMIT)),
                    actual: failure.actual.map(|text| capped(text, TEXT_LIMIT)),
                    ..failure
                })
            }
        };
        // What documentation cannot be compiled was not tried.
        let outcome = match &failure {
            Some(failure) if failure.kind == panic::DID_NOT_COMPILE => Outcome::Errored,
            _ => ended.outcome,
        };
        TestResult {
            outcome,
            duration: ended.duration,
            failure: failure.map(Arc::new),
            output: capped(ended.stdout, OUTPUT_LIMIT).into(),
        }
    }

    fn suite_end(&mut self, passed: u64, failed: u64, ignored: u64) {
        let Some(suite) = self.open.take() else {
            self.complain("a suite ended that had not begun");
            return;
        };
        let seen = (suite.passed, suite.failed, suite.ignored);
        if seen != (passed, failed, ignored) {
            self.distrust_passes(&format!(
                "{passed} passed, {failed} failed and {ignored} were ignored by its own count, \
                 {}, {} and {} by their reports",
                suite.passed, suite.failed, suite.ignored
            ));
        } else if suite.announced != passed + failed + ignored {
            self.distrust_passes(&format!(
                "{} tests were announced and {} reported",
                suite.announced,
                passed + failed + ignored
            ));
        }
    }

    pub(super) fn finish(mut self, end: &End) -> Finish {
        let unfinished: Vec<String> = self.running().map(str::to_owned).collect();
        let failed = self.ended.values().any(|outcome| outcome.is_bad());
        if unfinished.is_empty() {
            if self.suites == 0 {
                self.complain(&format!("it {} without running any test", end.describe()));
            } else if self.open.is_some() {
                self.distrust_passes(&format!("it {} in the midst of a suite", end.describe()));
            } else if (*end == End::Exited(0)) == failed {
                let tests = if failed {
                    "a test failed"
                } else {
                    "no test failed"
                };
                self.complain(&format!("it {} although {tests}", end.describe()));
            }
        }
        let ended: BTreeSet<String> = self.ended.keys().cloned().collect();
        let missing = match &self.planned {
            Planned::All => Vec::new(),
            Planned::Names(names) => names
                .iter()
                .filter(|name| !self.running.contains(*name) && !ended.contains(*name))
                .cloned()
                .collect(),
        };
        let broken = (!self.complaints.is_empty())
            .then(|| format!("the results do not add up: {}", self.complaints.join("; ")));
        let mut events = Vec::new();
        if let Some(message) = &broken {
            for name in std::mem::take(&mut self.suspects) {
                if self.ended.get(&name) == Some(&Outcome::Passed) {
                    let (id, _) = self.names.resolve(&name);
                    events.push(RunEvent::Finished(
                        id,
                        TestResult::errored("runner", message),
                    ));
                }
            }
        }
        Finish {
            events,
            broken,
            unfinished,
            missing,
            ended,
        }
    }

    fn check_planned(&mut self, name: &str) {
        if let Planned::Names(names) = &self.planned
            && self.strict
            && !names.contains(name)
        {
            self.suspect(name, "was not asked for");
        }
    }

    fn suspect(&mut self, name: &str, what: &str) {
        self.suspects.insert(name.to_owned());
        self.complain(&format!("{name} {what}"));
    }

    /// No pass of this process counts.
    fn distrust_passes(&mut self, why: &str) {
        let passed = self
            .ended
            .iter()
            .filter(|(_, outcome)| **outcome == Outcome::Passed)
            .map(|(name, _)| name.clone());
        self.suspects.extend(passed);
        self.complain(why);
    }

    /// Says what does not add up; the first few times are enough.
    fn complain(&mut self, what: &str) {
        const ENOUGH: usize = 5;
        if self.complaints.len() < ENOUGH && !self.complaints.iter().any(|known| known == what) {
            self.complaints.push(what.to_owned());
        }
    }
}

/// The beginning and the end of a text that is longer than `limit` bytes.
fn capped(text: String, limit: usize) -> String {
    if text.len() <= limit {
        return text;
    }
    let head = text.floor_char_boundary(limit / 2);
    let tail = text.ceil_char_boundary(text.len() - limit / 2);
    format!(
        "{}\n[... {} bytes left out ...]\n{}",
        &text[..head],
        tail - head,
        &text[tail..]
    )
}

fn found_first(found: Vec<greenward_core::TestItem>, event: RunEvent) -> Vec<RunEvent> {
    if found.is_empty() {
        vec![event]
    } else {
        vec![RunEvent::Found(found), event]
    }
}
