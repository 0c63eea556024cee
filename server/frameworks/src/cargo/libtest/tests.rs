//! The decoder, with recordings of Rust 1.95 and with forgeries.

use std::collections::BTreeMap;
use std::fmt::Write;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{Outcome, RunEvent, TestResult};

use super::super::testing::Fixture;
use super::*;

struct Everything;

impl Sources for Everything {
    fn find(&self, written: &str) -> Option<Utf8PathBuf> {
        let path = written.trim_start_matches("./");
        (!path.starts_with('/')).then(|| Utf8Path::new("/w").join(path))
    }

    fn line(&self, _file: &Utf8Path, _line: u32) -> Option<String> {
        None
    }
}

/// The names of the target `a/lib` or `a/doc`, where discovery knows `tests::known`.
fn names(target: &str) -> Names {
    let project = Fixture::new(
        "//- Cargo.toml\n[package]\nname='a'\nedition='2024'\n//- src/lib.rs\n//! ```\n//! ```\n\n/// ```\n/// ```\n/// ```\n/// ```\npub fn add() {}\nmod tests {\n    #[test]\n    fn known() {}\n}\n",
    )
    .project();
    let items: Vec<_> = project.all_items().collect();
    let (package, target) = project.find_target("a", target).unwrap();
    Names::new(&project, package, target, &items)
}

fn planned(tests: &[&str]) -> Planned {
    Planned::Names(tests.iter().map(|&test| test.to_owned()).collect())
}

/// The last result of each test, and what the process comes to.
fn decode(mut decoder: Decoder, output: &str, end: End) -> (BTreeMap<String, TestResult>, Finish) {
    let mut events = Vec::new();
    for line in output.lines() {
        events.extend(decoder.line(line, &Everything));
    }
    let finish = decoder.finish(&end, &Everything);
    events.extend(finish.events.clone());
    let mut results = BTreeMap::new();
    for event in events {
        if let RunEvent::Finished(id, result) = event {
            let name = id.as_str().replace("cargo:.#a/", "");
            results.insert(name, result);
        }
    }
    (results, finish)
}

fn shown(results: &BTreeMap<String, TestResult>) -> String {
    let mut text = String::new();
    for (name, result) in results {
        let _ = write!(text, "{} {name}", result.outcome.name());
        if let Some(failure) = &result.failure {
            let first = failure.message.lines().next().unwrap_or_default();
            let _ = write!(text, " [{}] {first}", failure.kind);
            if let Some(place) = &failure.location {
                let line = place.range.start.line + 1;
                let _ = write!(text, " at {}:{line}", place.file);
            }
        }
        text.push('\n');
    }
    text
}

const EXPECTED: &str = "\
failed lib::tests::boxed [error] Error: ParseIntError { kind: InvalidDigit }
passed lib::tests::direct
failed lib::tests::equal [assertion] assertion `left == right` failed at /w/src/lib.rs:104
failed lib::tests::equal_msg [assertion] assertion `left == right` failed: the sum of 3 at /w/src/lib.rs:105
failed lib::tests::helped [panic] from helper at /w/src/lib.rs:122
skipped lib::tests::ignored
skipped lib::tests::ignored_why [ignored] too slow
failed lib::tests::multi [panic] boom at /w/src/lib.rs:110
failed lib::tests::nonstring [panic] Box<dyn Any> at /w/src/lib.rs:120
failed lib::tests::not_equal [assertion] assertion `left != right` failed at /w/src/lib.rs:106
failed lib::tests::option [panic] called `Option::unwrap()` on a `None` value at /w/src/lib.rs:111
failed lib::tests::panics [panic] boom at /w/src/lib.rs:109
passed lib::tests::passes
failed lib::tests::plain [assertion] assertion failed: 1 > 2 at /w/src/lib.rs:107
failed lib::tests::plain_msg [panic] one is really not greater at /w/src/lib.rs:108
failed lib::tests::result [error] Error: \"bad thing\"
failed lib::tests::should_panic_not [should_panic] test did not panic as expected at src/lib.rs:114:32 at /w/src/lib.rs:114
passed lib::tests::should_panic_ok
failed lib::tests::should_panic_other [should_panic] panic did not contain expected string at /w/src/lib.rs:115
failed lib::tests::thread [panic] called `Result::unwrap()` on an `Err` value: Any { .. } at /w/src/lib.rs:121
";

#[test]
fn both_formats_say_the_same() {
    let json = Decoder::json(names("lib"), Planned::All);
    let (results, finish) = decode(
        json,
        include_str!("../recordings/all.jsonl"),
        End::Exited(101),
    );
    assert_eq!(finish.broken, None);
    assert_eq!(shown(&results), EXPECTED);
    assert_eq!(
        &*results["lib::tests::passes"].output,
        "hello from passes\n"
    );
    assert!(results["lib::tests::passes"].duration.is_some());

    let text = Decoder::text(names("lib"), Planned::All);
    let (results, finish) = decode(
        text,
        include_str!("../recordings/all.txt"),
        End::Exited(101),
    );
    assert_eq!(finish.broken, None);
    assert_eq!(shown(&results), EXPECTED);
}

#[test]
fn a_backtrace_gives_the_users_frames() {
    let decoder = Decoder::json(names("lib"), planned(&["tests::helped"]));
    let (results, finish) = decode(
        decoder,
        include_str!("../recordings/backtrace.jsonl"),
        End::Exited(101),
    );
    assert_eq!(finish.broken, None);
    let frames = &results["lib::tests::helped"]
        .failure
        .as_ref()
        .unwrap()
        .frames;
    let functions: Vec<&str> = frames.iter().map(|frame| frame.function.as_str()).collect();
    assert_eq!(
        functions,
        [
            "probe::tests::helper",
            "probe::tests::helped",
            // The closure that the harness calls.
            "probe::tests::helped",
        ]
    );
}

#[test]
fn documentation_tests_of_several_suites() {
    let decoder = Decoder::text(names("doc"), Planned::All);
    let (results, finish) = decode(
        decoder,
        include_str!("../recordings/doc.txt"),
        End::Exited(101),
    );
    assert_eq!(finish.broken, None);
    assert_eq!(results.len(), 19);
    let failed: Vec<&String> = results
        .iter()
        .filter(|(_, result)| result.outcome.is_bad())
        .map(|(name, _)| name)
        .collect();
    assert_eq!(failed.len(), 1);
    let failure = results[failed[0]].failure.as_ref().unwrap();
    assert_eq!(failure.expected.as_deref(), Some("4"));
    // The panic is in a file that rustdoc has made: the place is that of the documentation.
    assert_eq!(failure.location.as_ref().unwrap().range.start.line, 25);
}

#[test]
fn documentation_that_does_not_compile_is_errored() {
    let decoder = Decoder::text(names("doc"), Planned::All);
    let (results, finish) = decode(
        decoder,
        include_str!("../recordings/doc-2021.txt"),
        End::Exited(101),
    );
    assert_eq!(finish.broken, None);
    let text = shown(&results);
    assert!(
        text.contains("errored doc::crates/a/src/lib.rs - one [compile] error[E0425]: cannot find value `undefined` in this scope at /w/crates/a/src/lib.rs:7"),
        "{text}"
    );
}

#[test]
fn documentation_tests_are_known_by_their_line() {
    let mut names = names("doc");
    for (name, id) in [
        ("src/lib.rs - (line 1)", "src/lib.rs -"),
        ("src/lib.rs - add (line 4)", "src/lib.rs - add"),
        ("src/lib.rs - add (line 6)", "src/lib.rs - add #2"),
        ("src/lib.rs - add (line 99)", "src/lib.rs - add #3"),
        ("src/lib.rs - add (line 99)", "src/lib.rs - add #3"),
        ("odd name", "odd name"),
    ] {
        assert_eq!(names.id(name).as_str(), format!("cargo:.#a/doc::{id}"));
    }
}

#[test]
fn unknown_tests_are_found_below_what_is_known() {
    let mut names = names("lib");
    let mut found = |name: &str| -> Vec<String> {
        let (_, items) = names.resolve(name);
        items
            .iter()
            .map(|item| {
                let parent = item.parent.as_ref().unwrap().as_str();
                format!("{:?} {} below {parent}", item.kind, item.label)
            })
            .collect()
    };
    assert_eq!(found("tests::known"), [""; 0]);
    assert_eq!(
        found("tests::known::case_1::_2"),
        ["Case case_1::_2 below cargo:.#a/lib::tests::known"]
    );
    assert_eq!(
        found("made::by::macro_"),
        [
            "Suite made below cargo:.#a/lib",
            "Suite by below cargo:.#a/lib::made",
            "Test macro_ below cargo:.#a/lib::made::by",
        ]
    );
    assert_eq!(found("made::by::macro_"), [""; 0]);
}

#[test]
fn a_process_that_dies_leaves_its_tests_unfinished() {
    for (recording, end) in [
        (
            include_str!("../recordings/crash.jsonl"),
            End::Otherwise("was killed".to_owned()),
        ),
        (include_str!("../recordings/leaves.jsonl"), End::Exited(0)),
    ] {
        let decoder = Decoder::json(names("lib"), Planned::All);
        let (results, finish) = decode(decoder, recording, end);
        assert_eq!(results.len(), 0);
        assert_eq!(finish.unfinished.len(), 1, "{recording}");
    }
}

const BEGIN: &str = "{ \"type\": \"suite\", \"event\": \"started\", \"test_count\": 2 }\n";

fn started(name: &str) -> String {
    format!("{{ \"type\": \"test\", \"event\": \"started\", \"name\": \"{name}\" }}\n")
}

fn ended(name: &str, event: &str) -> String {
    format!("{{ \"type\": \"test\", \"name\": \"{name}\", \"event\": \"{event}\" }}\n")
}

fn end(passed: u32, failed: u32) -> String {
    format!(
        "{{ \"type\": \"suite\", \"event\": \"ok\", \"passed\": {passed}, \"failed\": {failed}, \"ignored\": 0, \"measured\": 0, \"filtered_out\": 0, \"exec_time\": 0.1 }}\n"
    )
}

/// A run of `a` and `b`: what became of them, and whether that is believed.
fn check_forgery(output: &str, exit: i32, expected: &str, believed: bool) {
    let decoder = Decoder::json(names("lib"), planned(&["a", "b"]));
    let (results, finish) = decode(decoder, output, End::Exited(exit));
    let outcomes: Vec<String> = results
        .iter()
        .map(|(name, result)| format!("{} {}", name.replace("lib::", ""), result.outcome.name()))
        .collect();
    assert_eq!(outcomes.join(", "), expected, "{output}");
    assert_eq!(finish.broken.is_none(), believed, "{:?}", finish.broken);
}

#[test]
fn forgeries_and_contradictions_do_not_look_green() {
    let honest = [BEGIN, &started("a"), &ended("a", "ok"), &started("b")].concat();
    let all = |rest: &[&str]| format!("{honest}{}", rest.concat());
    check_forgery(
        &all(&[&ended("b", "ok"), &end(2, 0)]),
        0,
        "a passed, b passed",
        true,
    );
    check_forgery(
        &all(&[&ended("b", "failed"), &end(1, 1)]),
        101,
        "a passed, b failed",
        true,
    );
    // A forged pass before the failure, and after it.
    check_forgery(
        &all(&[&ended("b", "ok"), &ended("b", "failed"), &end(1, 1)]),
        101,
        "a errored, b failed",
        false,
    );
    check_forgery(
        &all(&[&ended("b", "failed"), &ended("b", "ok"), &end(1, 1)]),
        101,
        "a errored, b failed",
        false,
    );
    // A pass of a test that was not started, or not asked for.
    let unstarted = [
        BEGIN,
        &started("a"),
        &ended("b", "ok"),
        &ended("a", "ok"),
        &end(2, 0),
    ];
    check_forgery(&unstarted.concat(), 0, "a passed, b errored", false);
    let strange = all(&[&started("c"), &ended("c", "ok"), &end(2, 0)]);
    check_forgery(&strange, 0, "a passed, c errored", false);
    // Counts that are not those of the reports.
    check_forgery(
        &all(&[&ended("b", "ok"), &end(1, 1)]),
        101,
        "a errored, b errored",
        false,
    );
    let fewer = [BEGIN, &started("a"), &ended("a", "ok"), &end(1, 0)];
    check_forgery(&fewer.concat(), 0, "a errored", false);
    // A process that ends otherwise than its tests, or in their midst.
    check_forgery(
        &all(&[&ended("b", "ok"), &end(2, 0)]),
        3,
        "a passed, b passed",
        false,
    );
    check_forgery(
        &all(&[&ended("b", "failed"), &end(1, 1)]),
        0,
        "a passed, b failed",
        false,
    );
    check_forgery(&all(&[&ended("b", "ok")]), 0, "a errored, b errored", false);
    check_forgery("error while loading shared libraries\n", 127, "", false);
    check_forgery("", 0, "", false);
}

#[test]
fn what_was_planned_and_did_not_report_is_missing() {
    let decoder = Decoder::json(names("lib"), planned(&["a", "b"]));
    let output = [
        "{ \"type\": \"suite\", \"event\": \"started\", \"test_count\": 1 }\n",
        &started("a"),
        &ended("a", "ok"),
        &end(1, 0),
    ];
    let (results, finish) = decode(decoder, &output.concat(), End::Exited(0));
    assert_eq!(results["lib::a"].outcome, Outcome::Passed);
    assert_eq!(
        (finish.broken, finish.missing),
        (None, vec!["b".to_owned()])
    );
}

#[test]
fn what_a_failing_test_prints_does_not_end_its_text() {
    let output = "\nrunning 2 tests\ntest a ... FAILED\ntest b ... FAILED\n\nfailures:\n\n---- a stdout ----\nfailures:\n    not a name\n---- z stdout ----\nmine\n\n---- b stdout ----\nyours\n\n\nfailures:\n    a\n    b\n\ntest result: FAILED. 0 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n";
    let decoder = Decoder::text(names("lib"), Planned::All);
    let (results, finish) = decode(decoder, output, End::Exited(101));
    assert_eq!(finish.broken, None);
    assert_eq!(
        &*results["lib::a"].output,
        "failures:\n    not a name\n---- z stdout ----\nmine"
    );
    assert_eq!(&*results["lib::b"].output, "yours");
}
