//! Lines as the plugin writes them, whole and broken, and what they come to.

use greenward_core::{Selection, TestId};
use serde_json::{Value, json};

use super::*;
use crate::pytest::testing::project;

const TEST: &str =
    "def test_a(): pass\ndef test_b(): pass\nclass TestC:\n  def test_d(self): pass\n";

fn sample() -> Project {
    project(&[
        ("pytest.ini", ""),
        ("test_x.py", TEST),
        ("sub/test_y.py", TEST),
        ("app.py", ""),
    ])
}

/// An event in one line.
fn shown(event: &RunEvent) -> String {
    let local = |id: &TestId| id.as_str().trim_start_matches("pytest:.#").to_owned();
    match event {
        RunEvent::Planned { tests } => format!("planned {tests}"),
        RunEvent::Stage(stage) => format!("stage {stage}"),
        RunEvent::Started(id) => format!("started {}", local(id)),
        RunEvent::Finished(id, result) => {
            let failure = result.failure.as_ref();
            let failure = failure
                .map(|f| format!(" {}: {}", f.kind, f.message))
                .unwrap_or_default();
            format!("{} {}{failure}", local(id), result.outcome.name())
        }
        RunEvent::Output(text) => format!("output {text}"),
        RunEvent::Problem(problem) => {
            let place = problem.location.as_ref().expect("a place");
            format!(
                "problem {}:{} {}",
                place.file, place.range.start.line, problem.message
            )
        }
        RunEvent::Found(items) => {
            let items: Vec<_> = items
                .iter()
                .map(|item| format!("{:?} {}", item.kind, local(&item.id)))
                .collect();
            format!("found {}", items.join(", "))
        }
    }
}

struct Case<'c> {
    lines: Vec<Value>,
    ending: Ending,
    said: &'c str,
    events: &'c [&'c str],
    outcome: RunOutcome,
    rest: &'c [&'c str],
}

impl<'c> Case<'c> {
    /// A run that ended with a code.
    fn new(lines: Vec<Value>, code: i32, events: &'c [&'c str], outcome: RunOutcome) -> Self {
        Self {
            lines,
            ending: Ending::Exited(code),
            said: "",
            events,
            outcome,
            rest: &[],
        }
    }

    #[track_caller]
    fn check(self) {
        let project = sample();
        let mut decoder = Decoder::new(&project, &Selection::All, Purpose::Run);
        let mut events: Vec<_> = self
            .lines
            .iter()
            .flat_map(|line| decoder.line(&line.to_string()))
            .collect();
        let finished = decoder.finish(&self.ending, self.said);
        events.extend(finished.events);
        let events: Vec<_> = events.iter().map(shown).collect();
        assert_eq!(events, self.events);
        assert_eq!(finished.outcome, self.outcome);
        let rest: Vec<_> = finished
            .rest
            .iter()
            .map(|id| id.as_str().trim_start_matches("pytest:.#").to_owned())
            .collect();
        assert_eq!(rest, self.rest);
    }
}

fn collected(ids: &[&str]) -> Vec<Value> {
    let tests: Vec<_> = ids
        .iter()
        .map(|id| json!({"id": id, "file": "/w/test_x.py", "line": 0}))
        .collect();
    vec![
        json!({"event": "session", "pytest": "9.2.0", "python": "3.13.0", "rootdir": "/w"}),
        json!({"event": "collected", "tests": tests}),
        json!({"event": "selected", "count": ids.len()}),
    ]
}

fn started(id: &str) -> Value {
    json!({"event": "started", "id": id})
}

fn passed(id: &str) -> Value {
    json!({"event": "finished", "id": id, "outcome": "passed", "duration": 0.5, "output": ""})
}

fn failed(id: &str) -> Value {
    json!({"event": "finished", "id": id, "outcome": "failed", "duration": 0.5, "output": "o", "failure": {"type": "E", "message": "m", "trace": []}})
}

fn end(code: i32) -> Value {
    json!({"event": "end", "exit": code, "stopped": ""})
}

fn broken(message: &str) -> RunOutcome {
    RunOutcome::RunnerBroken {
        message: message.to_owned(),
    }
}

const OPENING: [&str; 3] = ["stage collecting", "planned 2", "stage running"];
const A: &str = "test_x.py::test_a";
const B: &str = "test_x.py::test_b";

fn opened<'e>(events: &[&'e str]) -> Vec<&'e str> {
    [&OPENING[..], events].concat()
}

#[test]
fn a_run_that_goes_well() {
    let lines = [
        collected(&[A, B]),
        vec![started(A), passed(A), started(B), passed(B), end(0)],
    ]
    .concat();
    let events = opened(&[
        "started test_x.py::test_a",
        "test_x.py::test_a passed",
        "started test_x.py::test_b",
        "test_x.py::test_b passed",
    ]);
    Case::new(lines, 0, &events, RunOutcome::Passed).check();
}

#[test]
fn a_run_with_a_failure() {
    let lines = [collected(&[A, B]), vec![passed(A), failed(B), end(1)]].concat();
    let events = opened(&["test_x.py::test_a passed", "test_x.py::test_b failed E: m"]);
    Case::new(lines, 1, &events, RunOutcome::Failed).check();
}

#[test]
fn a_failure_has_its_place_and_values() {
    let mut decoder = Decoder::new(&sample(), &Selection::All, Purpose::Run);
    let events = decoder.line(&json!({
        "event": "finished", "id": A, "outcome": "failed", "duration": 0.25, "output": "\u{1b}[1mbold\u{1b}[0m",
        "failure": {"type": "AssertionError", "message": "assert 1 == 2", "actual": "1", "expected": "2", "trace": [
            ["/w/.venv/lib/python3/site-packages/x.py", 9, "outer"],
            ["/w/test_x.py", 3, "test_a"],
            ["/w/app.py", 7, "helper"],
            ["/usr/lib/python3/json.py", 1, "loads"],
        ]},
    }).to_string());
    let [RunEvent::Finished(_, result)] = &events[..] else {
        panic!("{events:?}")
    };
    let failure = result.failure.as_ref().expect("a failure");
    let location = failure.location.as_ref().expect("a place");
    assert_eq!(
        (location.file.as_str(), location.range.start.line),
        ("/w/test_x.py", 2)
    );
    let frames: Vec<_> = failure
        .frames
        .iter()
        .map(|frame| (frame.function.as_str(), frame.location.range.start.line))
        .collect();
    assert_eq!(frames, [("helper", 6), ("test_a", 2)]);
    assert_eq!(
        (failure.actual.as_deref(), failure.expected.as_deref()),
        (Some("1"), Some("2"))
    );
    assert_eq!(
        (&*result.output, result.duration),
        ("bold", Some(Duration::from_millis(250)))
    );
}

#[test]
fn a_process_that_dies_leaves_a_rest() {
    let lines = || [collected(&[A, B]), vec![started(A)]].concat();
    let check = |ending, last: &str| {
        let events = opened(&["started test_x.py::test_a", last]);
        let rest = &[B];
        Case {
            ending,
            rest,
            ..Case::new(lines(), 0, &events, RunOutcome::Failed)
        }
        .check();
    };
    check(
        Ending::Exited(0),
        "test_x.py::test_a errored crashed: the process ended with exit code 0 while this test ran",
    );
    check(
        Ending::Killed("killed by signal 11 (SIGSEGV)".to_owned()),
        "test_x.py::test_a errored crashed: the process was killed by signal 11 (SIGSEGV) while this test ran",
    );
    check(
        Ending::TimedOut(Duration::from_secs(300)),
        "test_x.py::test_a errored timeout: it took more than 300 seconds",
    );
}

#[test]
fn results_must_add_up() {
    let missing = [collected(&[A, B]), vec![passed(A), end(0)]].concat();
    let events = opened(&["test_x.py::test_a passed"]);
    Case::new(
        missing,
        0,
        &events,
        broken("of 2 tests that pytest selected, 1 have no result"),
    )
    .check();

    let odd = [collected(&[A, B]), vec![passed(A), passed(B), end(1)]].concat();
    let events = opened(&["test_x.py::test_a passed", "test_x.py::test_b passed"]);
    Case::new(
        odd,
        1,
        &events,
        broken("no test failed, and yet pytest ended with exit code 1"),
    )
    .check();

    let cut = [collected(&[A, B]), vec![passed(A)]].concat();
    let events = opened(&["test_x.py::test_a passed"]);
    Case::new(
        cut,
        0,
        &events,
        broken("pytest ended with exit code 0 and without its results"),
    )
    .check();

    Case::new(
        vec![],
        0,
        &[],
        broken("pytest ended with exit code 0 and without its results"),
    )
    .check();
}

#[test]
fn pytest_may_stop_early() {
    let stopped = json!({"event": "end", "exit": 1, "stopped": "stopping after 1 failures"});
    let lines = [collected(&[A, B]), vec![failed(A), stopped]].concat();
    let events = opened(&["test_x.py::test_a failed E: m"]);
    Case::new(lines, 1, &events, RunOutcome::Failed).check();

    let interrupted = json!({"event": "interrupted", "message": "enough"});
    let lines = [collected(&[A, B]), vec![started(A), interrupted, end(2)]].concat();
    let events = opened(&[
        "started test_x.py::test_a",
        "output pytest was interrupted: enough\n",
        "test_x.py::test_a errored interrupted: pytest was interrupted: enough",
    ]);
    Case::new(lines, 2, &events, RunOutcome::Failed).check();
}

#[test]
fn a_run_that_was_stopped_is_no_pass() {
    let interrupted = || json!({"event": "interrupted", "message": "enough"});
    let early = || broken("pytest stopped early: enough");
    // `pytest.exit` can be told any exit code.
    for code in [0, 2, 5] {
        Case::new(
            vec![interrupted(), end(code)],
            code,
            &["output pytest was interrupted: enough\n"],
            early(),
        )
        .check();
        let lines = [
            collected(&[A, B]),
            vec![started(A), passed(A), interrupted(), end(code)],
        ]
        .concat();
        let events = opened(&[
            "started test_x.py::test_a",
            "test_x.py::test_a passed",
            "output pytest was interrupted: enough\n",
        ]);
        Case::new(lines, code, &events, early()).check();
    }
    let stopped = json!({"event": "end", "exit": 0, "stopped": "enough"});
    let lines = [collected(&[A, B]), vec![started(A), passed(A), stopped]].concat();
    let events = opened(&["started test_x.py::test_a", "test_x.py::test_a passed"]);
    Case::new(lines, 0, &events, early()).check();
}

#[test]
fn the_worst_report_stays() {
    let twice = |first: Value, second: Value| {
        let lines = [collected(&[A]), vec![started(A), started(A), first]].concat();
        [lines, vec![started(A), second, end(1)]].concat()
    };
    let opening = [
        "stage collecting",
        "planned 1",
        "stage running",
        "started test_x.py::test_a",
        "started test_x.py::test_a",
    ];
    let (again, pass, fail) = (
        "started test_x.py::test_a",
        "test_x.py::test_a passed",
        "test_x.py::test_a failed E: m",
    );
    let events = [&opening[..], &[fail, again]].concat();
    Case::new(twice(failed(A), passed(A)), 1, &events, RunOutcome::Failed).check();
    let events = [&opening[..], &[pass, again, fail]].concat();
    Case::new(twice(passed(A), failed(A)), 1, &events, RunOutcome::Failed).check();
}

#[test]
fn a_report_out_of_turn_breaks_the_run() {
    let check = |lines: Vec<Value>, events: &[&str], id: &str| {
        let outcome = broken(&format!(
            "the results do not add up: {id} reported a result while it was not running"
        ));
        let lines = [collected(&[A, B]), lines, vec![end(0)]].concat();
        Case::new(lines, 0, &opened(events), outcome).check();
    };
    let doubted = "test_x.py::test_b errored runner: test_x.py::test_b reported a result while it was not running";
    let (start, pass) = ("started test_x.py::test_a", "test_x.py::test_a passed");
    // Never started, told while another runs, or before any.
    check(
        vec![started(A), passed(B), passed(A)],
        &[start, doubted, pass],
        B,
    );
    check(
        vec![passed(B), started(A), passed(A)],
        &["test_x.py::test_b passed", doubted, start, pass],
        B,
    );
    // After its end: no better for it, and told where it is worse.
    let (start_b, fail_b) = ("started test_x.py::test_b", "test_x.py::test_b failed E: m");
    check(
        vec![started(A), passed(A), started(B), failed(B), passed(B)],
        &[start, pass, start_b, fail_b, doubted],
        B,
    );
    check(
        vec![started(B), passed(B), failed(B), started(A), passed(A)],
        &[start_b, "test_x.py::test_b passed", fail_b, start, pass],
        B,
    );
}

#[test]
fn nothing_to_run() {
    Case::new(vec![end(5)], 5, &[], RunOutcome::NoTestsMatched).check();
    let usage = Case {
        said: "\u{1b}[31mERROR: unknown option --x\u{1b}[0m\n",
        ..Case::new(
            vec![],
            4,
            &[],
            broken("pytest could not be started as asked:\nERROR: unknown option --x"),
        )
    };
    usage.check();
    let internal = json!({"event": "internal_error", "message": "boom"});
    Case::new(
        vec![internal, end(3)],
        3,
        &[],
        broken("pytest had an internal error:\nboom"),
    )
    .check();
}

#[test]
fn what_cannot_be_collected() {
    let error = json!({"event": "collect_error", "id": "sub/test_y.py", "failure": {"type": "SyntaxError", "message": "SyntaxError: no", "trace": [["/usr/lib/ast.py", 5, "parse"], ["/w/sub/test_y.py", 4, ""]]}});
    // pytest-xdist tells it once for each worker.
    let lines = [
        vec![error.clone(), error],
        collected(&[A]),
        vec![passed(A), end(1)],
    ]
    .concat();
    let broken = "errored collection: could not be collected: SyntaxError: no";
    let results =
        ["test_a", "test_b", "TestC::test_d"].map(|name| format!("sub/test_y.py::{name} {broken}"));
    let mut events = vec!["problem /w/sub/test_y.py:3 SyntaxError: no"];
    events.extend(results.iter().map(String::as_str));
    events.extend([
        "stage collecting",
        "planned 1",
        "stage running",
        "test_x.py::test_a passed",
    ]);
    Case::new(lines, 1, &events, RunOutcome::DidNotBuild).check();

    let conftest = json!({"event": "conftest_error", "file": "/w/conftest.py", "failure": {"type": "E", "message": "E: no", "trace": []}});
    Case::new(
        vec![conftest],
        4,
        &["problem /w/conftest.py:0 E: no"],
        RunOutcome::DidNotBuild,
    )
    .check();
}

#[test]
fn a_module_that_skips_itself() {
    let skip =
        json!({"event": "collect_skipped", "id": "sub/test_y.py::TestC", "reason": "no server"});
    let events = ["sub/test_y.py::TestC::test_d skipped skipped: no server"];
    Case::new(vec![skip, end(5)], 5, &events, RunOutcome::Passed).check();
}

#[test]
fn tests_that_the_text_does_not_show() {
    let tests = json!([
        {"id": "test_x.py::test_a[x::y]", "base": "test_x.py::test_a", "file": "/w/test_x.py", "line": 0},
        {"id": "test_x.py::test_b", "file": "/w/test_x.py", "line": 1},
        {"id": "test_x.py::TestNew::test_n", "file": "/w/test_x.py", "line": 9},
        {"id": "test_x.py::test_b[1]"},
        {"id": "README.rst::README.rst", "file": "/w/README.rst", "line": 0},
    ]);
    let found = "found Case test_x.py::test_a[x::y], Suite test_x.py::TestNew, Test test_x.py::TestNew::test_n, Case test_x.py::test_b[1], File README.rst, Test README.rst::README.rst";
    let line = json!({"event": "collected", "tests": tests});
    let mut decoder = Decoder::new(&sample(), &Selection::All, Purpose::List);
    let events: Vec<_> = decoder.line(&line.to_string()).iter().map(shown).collect();
    assert_eq!(events, [found]);
    assert_eq!(decoder.line(&line.to_string()), [], "each is told once");
    let finished = decoder.finish(&Ending::Exited(0), "");
    assert_eq!(finished.rest, []);
}

#[test]
fn lines_that_are_none() {
    let mut decoder = Decoder::new(&sample(), &Selection::All, Purpose::Run);
    for (line, expected) in [
        ("what", "output what"),
        ("{}", "output {}"),
        (r#"{"event":"new"}"#, r#"output {"event":"new"}"#),
    ] {
        let events: Vec<_> = decoder.line(line).iter().map(shown).collect();
        assert_eq!(events, [expected]);
    }
}
