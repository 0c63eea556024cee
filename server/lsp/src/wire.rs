//! What goes over the wire, made from what the domain and the engine say: the one place where the
//! types of `greenward-core` and `greenward-engine` become those of `greenward-protocol`.
//!
//! The command line prints the same events (`greenward test --json`): [`run_event`] and
//! [`last_line`] make its lines.

use std::time::Duration;

use camino::Utf8Path;
use greenward_core as core;
use greenward_engine as engine;
use greenward_protocol::{item, method, place, run};
use tower_lsp::lsp_types::Url;

mod cycle;
mod plan;

pub use cycle::{check, cycle_event, cycle_state};
pub use plan::plan_task;

/// How places in files are written for whoever reads them.
pub trait Places {
    /// A range of a file.
    fn range(&self, file: &Utf8Path, range: core::Range) -> place::Range;
}

/// Columns as they are, in UTF-8 bytes. Nothing is read.
#[derive(Debug, Clone, Copy)]
pub struct Bytes;

impl Places for Bytes {
    fn range(&self, _file: &Utf8Path, range: core::Range) -> place::Range {
        // The largest number that LSP knows. It means the end of the line, as `u32::MAX` does.
        const END_OF_LINE: u32 = i32::MAX.cast_unsigned();
        let position = |position: core::Position| place::Position {
            line: position.line,
            character: position.column.min(END_OF_LINE),
        };
        place::Range {
            start: position(range.start),
            end: position(range.end),
        }
    }
}

/// The URI of a file. Nothing for a path that is not absolute.
#[must_use]
pub fn uri(file: &Utf8Path) -> Option<Url> {
    Url::from_file_path(file).ok()
}

/// A place in a file. Nothing for a path that is not absolute.
#[must_use]
pub fn location(location: &core::Location, places: &impl Places) -> Option<place::Location> {
    Some(place::Location {
        uri: uri(&location.file)?.into(),
        range: places.range(&location.file, location.range),
    })
}

/// A time in milliseconds, to the microsecond.
#[must_use]
pub fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// What became of a test.
#[must_use]
pub fn outcome(outcome: core::Outcome) -> item::Outcome {
    match outcome {
        core::Outcome::Passed => item::Outcome::Passed,
        core::Outcome::Skipped => item::Outcome::Skipped,
        core::Outcome::Flaky => item::Outcome::Flaky,
        core::Outcome::Failed => item::Outcome::Failed,
        core::Outcome::Errored => item::Outcome::Errored,
    }
}

/// Whether a result still holds.
#[must_use]
pub fn freshness(freshness: core::Freshness) -> item::Freshness {
    match freshness {
        core::Freshness::Current => item::Freshness::Current,
        core::Freshness::Stale => item::Freshness::Stale,
        core::Freshness::Unknown => item::Freshness::Unknown,
    }
}

/// How many tests came to which outcome.
#[must_use]
pub fn counts(counts: core::Counts) -> item::Counts {
    item::Counts {
        passed: counts.passed,
        failed: counts.failed,
        errored: counts.errored,
        skipped: counts.skipped,
        flaky: counts.flaky,
    }
}

/// What became of a run.
#[must_use]
pub fn run_outcome(outcome: &core::RunOutcome) -> run::RunOutcome {
    match outcome {
        core::RunOutcome::Passed => run::RunOutcome::Passed,
        core::RunOutcome::Failed => run::RunOutcome::Failed,
        core::RunOutcome::Cancelled => run::RunOutcome::Cancelled,
        core::RunOutcome::DidNotBuild => run::RunOutcome::DidNotBuild,
        core::RunOutcome::NoTestsMatched => run::RunOutcome::NoTestsMatched,
        core::RunOutcome::RunnerBroken { .. } => run::RunOutcome::RunnerBroken,
    }
}

/// A test item with its state.
#[must_use]
pub fn item(view: &engine::ItemView, places: &impl Places) -> item::TestItem {
    let engine::ItemView {
        item,
        place,
        state,
        has_children,
    } = view;
    // An item without a text of its own stands where the nearest one above it does.
    let own = item.file.as_deref().zip(item.range);
    let (file, range) = match (own, place) {
        (Some((file, range)), _) => (Some(file), Some(range)),
        (None, Some((file, range))) => (Some(file.as_path()), Some(*range)),
        (None, None) => (item.file.as_deref(), None),
    };
    let place = |range| file.map(|file| places.range(file, range));
    item::TestItem {
        id: item.id.to_string(),
        parent: item.parent.as_ref().map(ToString::to_string),
        project: item.project.to_string(),
        kind: match item.kind {
            core::ItemKind::Project => item::ItemKind::Project,
            core::ItemKind::Target => item::ItemKind::Target,
            core::ItemKind::File => item::ItemKind::File,
            core::ItemKind::Suite => item::ItemKind::Suite,
            core::ItemKind::Test => item::ItemKind::Test,
            core::ItemKind::Case => item::ItemKind::Case,
        },
        label: item.label.clone(),
        uri: file.and_then(uri).map(String::from),
        range: range.and_then(place),
        name_range: own.and(item.name_range).and_then(place),
        outcome: state.outcome.map(outcome),
        freshness: freshness(state.freshness),
        running: state.running,
        duration: state.duration.map(milliseconds),
        counts: counts(state.counts),
        tests: state.tests,
        has_children: *has_children,
    }
}

/// Why a test failed.
#[must_use]
pub fn failure(failure: &core::Failure, places: &impl Places) -> run::Failure {
    run::Failure {
        message: failure.message.clone(),
        kind: failure.kind.clone(),
        expected: failure.expected.clone(),
        actual: failure.actual.clone(),
        location: failure
            .location
            .as_ref()
            .and_then(|at| location(at, places)),
        frames: failure
            .frames
            .iter()
            .filter_map(|frame| {
                Some(run::Frame {
                    function: frame.function.clone(),
                    location: location(&frame.location, places)?,
                })
            })
            .collect(),
    }
}

/// Something that keeps tests from running.
#[must_use]
pub fn problem(problem: &core::Problem, places: &impl Places) -> run::Problem {
    run::Problem {
        severity: match problem.severity {
            core::Severity::Error => run::Severity::Error,
            core::Severity::Warning => run::Severity::Warning,
        },
        message: problem.message.clone(),
        code: problem.code.clone(),
        location: problem
            .location
            .as_ref()
            .and_then(|at| location(at, places)),
        related: problem
            .related
            .iter()
            .filter_map(|(at, message)| {
                Some(run::Related {
                    location: location(at, places)?,
                    message: message.clone(),
                })
            })
            .collect(),
    }
}

/// An event of a run.
#[must_use]
pub fn run_event(notice: &engine::RunNotice, places: &impl Places) -> run::RunEvent {
    run::RunEvent {
        run: notice.run.0,
        sequence: notice.sequence,
        project: notice.project.to_string(),
        what: run_what(&notice.what, places),
    }
}

fn run_what(what: &engine::RunWhat, places: &impl Places) -> run::RunWhat {
    match what {
        engine::RunWhat::Started { cause, why } => run::RunWhat::RunStarted {
            cause: match cause {
                core::Cause::Asked => run::Cause::Asked,
                core::Cause::Saved => run::Cause::Saved,
                core::Cause::Changed => run::Cause::Changed,
                core::Cause::Opened => run::Cause::Opened,
            },
            why: why.clone(),
        },
        engine::RunWhat::Stage(stage) => run::RunWhat::Stage {
            stage: stage.clone(),
        },
        engine::RunWhat::Planned(tests) => run::RunWhat::Planned { tests: *tests },
        engine::RunWhat::TestStarted(test) => run::RunWhat::Started {
            test: test.to_string(),
        },
        engine::RunWhat::TestFinished {
            test,
            outcome: shown,
            result,
        } => run::RunWhat::Finished {
            test: test.to_string(),
            outcome: outcome(*shown),
            duration: result.duration.map(milliseconds),
            failure: result.failure.as_deref().map(|why| failure(why, places)),
            output: (!result.output.is_empty()).then(|| result.output.to_string()),
        },
        engine::RunWhat::Output(text) => run::RunWhat::Output { text: text.clone() },
        engine::RunWhat::Problem(what) => run::RunWhat::Problem(problem(what, places)),
        engine::RunWhat::Finished {
            outcome,
            counts: reported,
            duration,
        } => run::RunWhat::RunFinished {
            outcome: run_outcome(outcome),
            message: match outcome {
                core::RunOutcome::RunnerBroken { message } => Some(message.clone()),
                _ => None,
            },
            counts: counts(*reported),
            duration: milliseconds(*duration),
        },
    }
}

/// The last line of `greenward test --json`: each run's project and outcome, and the tests of all
/// of them.
#[must_use]
pub fn last_line<'a>(
    total: core::Counts,
    runs: impl IntoIterator<Item = (&'a core::ProjectId, &'a core::RunOutcome)>,
) -> run::LastLine {
    run::LastLine::Result {
        counts: counts(total),
        runs: runs
            .into_iter()
            .map(|(project, outcome)| run::EndedRun {
                project: project.to_string(),
                outcome: run_outcome(outcome),
            })
            .collect(),
    }
}

/// The runs that a request became.
#[must_use]
pub fn started(runs: &[engine::StartedRun]) -> method::RunResult {
    method::RunResult {
        runs: runs
            .iter()
            .map(|started| method::StartedRun {
                run: started.run.map(|run| run.0),
                project: started.project.to_string(),
            })
            .collect(),
    }
}

/// How things stand.
#[must_use]
pub fn status(status: &engine::Status, places: &impl Places) -> method::StatusResult {
    let folders: Vec<method::Folder> = status
        .folders
        .iter()
        .filter_map(|(folder, trust)| {
            let why = match trust {
                engine::TrustState::Trusted => None,
                engine::TrustState::Untrusted(why) => Some(why.clone()),
            };
            Some(method::Folder {
                uri: uri(folder)?.into(),
                trusted: why.is_none(),
                why,
            })
        })
        .collect();
    method::StatusResult {
        trusted: folders.iter().all(|folder| folder.trusted),
        folders,
        projects: status
            .projects
            .iter()
            .filter_map(|project| self::project(project, places))
            .collect(),
        counts: counts(status.counts),
        tests: status.tests as u64,
        loading: status.loading,
    }
}

fn project(project: &engine::ProjectStatus, places: &impl Places) -> Option<method::Project> {
    let id = project.id.to_string();
    let framework = id.split_once(':').map_or("", |(framework, _)| framework);
    Some(method::Project {
        framework: framework.to_owned(),
        id,
        root: uri(&project.root)?.into(),
        running: project.running.as_ref().map(|running| method::Running {
            run: running.run.0,
            stage: running.stage.clone(),
            counts: counts(running.counts),
            planned: running.planned,
        }),
        problems: project
            .problems
            .iter()
            .map(|what| problem(what, places))
            .collect(),
        broken: project.broken.clone(),
        phase: project.phase.map(cycle::phase),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{self, FILE};
    use expect_test::{Expect, expect};
    use serde::Serialize;
    use std::sync::Arc;

    fn check(value: &impl Serialize, expected: &Expect) {
        expected.assert_eq(&serde_json::to_string(value).unwrap());
    }

    fn event(what: engine::RunWhat) -> run::RunEvent {
        let notice = engine::RunNotice {
            run: core::RunId(7),
            sequence: 3,
            project: samples::project(),
            what,
        };
        run_event(&notice, &Bytes)
    }

    #[test]
    fn events_bear_their_run_and_number() {
        use engine::RunWhat;
        let test = samples::id("a.py::four");
        let said = |what| serde_json::to_string(&event(what)).unwrap() + "\n";
        let lines: String = [
            said(RunWhat::Started {
                cause: core::Cause::Saved,
                why: "roman.py changed".to_owned(),
            }),
            said(RunWhat::Stage("building".to_owned())),
            said(RunWhat::Planned(2)),
            said(RunWhat::TestStarted(test.clone())),
            said(RunWhat::TestFinished {
                test,
                outcome: core::Outcome::Flaky,
                result: Arc::new(core::TestResult::bare(core::Outcome::Passed)),
            }),
            said(RunWhat::Output("odd\n".to_owned())),
            said(RunWhat::Finished {
                outcome: core::RunOutcome::Passed,
                counts: [core::Outcome::Passed].into_iter().collect(),
                duration: Duration::from_micros(1_500),
            }),
            said(RunWhat::Finished {
                outcome: core::RunOutcome::RunnerBroken {
                    message: "no pytest".to_owned(),
                },
                counts: core::Counts::default(),
                duration: Duration::ZERO,
            }),
        ]
        .concat();
        expect![[r#"
            {"run":7,"sequence":3,"project":"pytest:.","event":"runStarted","cause":"saved","why":"roman.py changed"}
            {"run":7,"sequence":3,"project":"pytest:.","event":"stage","stage":"building"}
            {"run":7,"sequence":3,"project":"pytest:.","event":"planned","tests":2}
            {"run":7,"sequence":3,"project":"pytest:.","event":"started","test":"pytest:.#a.py::four"}
            {"run":7,"sequence":3,"project":"pytest:.","event":"finished","test":"pytest:.#a.py::four","outcome":"flaky"}
            {"run":7,"sequence":3,"project":"pytest:.","event":"output","text":"odd\n"}
            {"run":7,"sequence":3,"project":"pytest:.","event":"runFinished","outcome":"passed","counts":{"passed":1,"failed":0,"errored":0,"skipped":0,"flaky":0},"duration":1.5}
            {"run":7,"sequence":3,"project":"pytest:.","event":"runFinished","outcome":"runnerBroken","message":"no pytest","counts":{"passed":0,"failed":0,"errored":0,"skipped":0,"flaky":0},"duration":0.0}
        "#]].assert_eq(&lines);
    }

    #[test]
    fn a_failure_is_told_with_all_that_is_known() {
        let test = samples::failing_test();
        let result = Arc::new(test.result.unwrap());
        let finished = event(engine::RunWhat::TestFinished {
            test: test.view.item.id,
            outcome: result.outcome,
            result,
        });
        check(
            &finished,
            &expect![[
                r#"{"run":7,"sequence":3,"project":"pytest:.","event":"finished","test":"pytest:.#a.py::four","outcome":"failed","duration":3.0,"failure":{"message":"assert 'IIII' == 'IV'\nwhile converting `4`","kind":"AssertionError","expected":"one\nfour","actual":"one\nfive","location":{"uri":"file:///w/a.py","range":{"start":{"line":4,"character":0},"end":{"line":4,"character":2147483647}}},"frames":[{"function":"to_roman","location":{"uri":"file:///w/roman.py","range":{"start":{"line":6,"character":0},"end":{"line":6,"character":2147483647}}}},{"function":"","location":{"uri":"file:///w/a.py","range":{"start":{"line":4,"character":0},"end":{"line":4,"character":2147483647}}}}]},"output":"converting 4\n"}"#
            ]],
        );
    }

    #[test]
    fn a_problem_without_a_place_has_none() {
        let problem = event(engine::RunWhat::Problem(core::Problem {
            severity: core::Severity::Warning,
            message: "unused".to_owned(),
            code: None,
            location: None,
            related: vec![(
                core::Location {
                    file: "relative.py".into(),
                    range: core::Range::of_line(1),
                },
                "a place that nobody could find".to_owned(),
            )],
        }));
        check(
            &problem,
            &expect![[
                r#"{"run":7,"sequence":3,"project":"pytest:.","event":"problem","severity":"warning","message":"unused","related":[]}"#
            ]],
        );
    }

    #[test]
    fn an_item_without_a_text_of_its_own_stands_where_its_test_does() {
        let own = samples::item("a.py::one test 3 failed 3 stale");
        check(
            &item(&own, &Bytes),
            &expect![[
                r#"{"id":"pytest:.#a.py::one","parent":"pytest:.#a.py","project":"pytest:.","kind":"test","label":"one","uri":"file:///w/a.py","range":{"start":{"line":3,"character":0},"end":{"line":5,"character":0}},"nameRange":{"start":{"line":3,"character":4},"end":{"line":3,"character":9}},"outcome":"failed","freshness":"stale","running":false,"duration":3.0,"counts":{"passed":0,"failed":1,"errored":0,"skipped":0,"flaky":0},"tests":1,"hasChildren":false}"#
            ]],
        );
        let mut case = samples::item("a.py::one::[1] case 3");
        case.item.range = None;
        case.item.name_range = None;
        check(
            &item(&case, &Bytes),
            &expect![[
                r#"{"id":"pytest:.#a.py::one::[1]","parent":"pytest:.#a.py::one","project":"pytest:.","kind":"case","label":"[1]","uri":"file:///w/a.py","range":{"start":{"line":3,"character":4},"end":{"line":3,"character":9}},"freshness":"unknown","running":false,"counts":{"passed":0,"failed":0,"errored":0,"skipped":0,"flaky":0},"tests":1,"hasChildren":false}"#
            ]],
        );
        let mut nowhere = samples::item("b.py file 0");
        nowhere.item.parent = None;
        nowhere.item.range = None;
        nowhere.place = None;
        let sent = item(&nowhere, &Bytes);
        assert_eq!(
            (sent.parent, sent.range, sent.name_range),
            (None, None, None)
        );
        assert_eq!(sent.uri, uri(Utf8Path::new(FILE)).map(String::from));
    }

    #[test]
    fn how_things_stand() {
        let counts: core::Counts = [core::Outcome::Failed].into_iter().collect();
        let status = engine::Status {
            folders: vec![
                ("/w".into(), engine::TrustState::Trusted),
                (
                    "/v".into(),
                    engine::TrustState::Untrusted("nobody said so".to_owned()),
                ),
            ],
            projects: vec![engine::ProjectStatus {
                id: core::ProjectId::new(core::Framework::Cargo, "a:b"),
                root: "/w/a:b".into(),
                running: Some(engine::RunningStatus {
                    run: core::RunId(7),
                    stage: "building".to_owned(),
                    counts,
                    planned: 2,
                }),
                problems: Vec::new(),
                broken: None,
                phase: Some(core::Phase::Red),
            }],
            counts,
            tests: 2,
            loading: true,
        };
        check(
            &self::status(&status, &Bytes),
            &expect![[
                r#"{"trusted":false,"folders":[{"uri":"file:///w","trusted":true},{"uri":"file:///v","trusted":false,"why":"nobody said so"}],"projects":[{"id":"cargo:a:b","framework":"cargo","root":"file:///w/a:b","running":{"run":7,"stage":"building","counts":{"passed":0,"failed":1,"errored":0,"skipped":0,"flaky":0},"planned":2},"problems":[],"phase":"red"}],"counts":{"passed":0,"failed":1,"errored":0,"skipped":0,"flaky":0},"tests":2,"loading":true}"#
            ]],
        );
    }

    #[test]
    fn the_last_line_names_every_run() {
        let project = samples::project();
        let line = last_line(
            core::Counts::default(),
            [(&project, &core::RunOutcome::DidNotBuild)],
        );
        check(
            &line,
            &expect![[
                r#"{"event":"result","counts":{"passed":0,"failed":0,"errored":0,"skipped":0,"flaky":0},"runs":[{"project":"pytest:.","outcome":"didNotBuild"}]}"#
            ]],
        );
    }
}
