//! Plain runs of a framework, read as a person would read them: the other opinion that Greenward's
//! results are held against.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::World;

/// How long a plain run may take, its build included.
const LIMIT: Duration = Duration::from_secs(400);

/// The outcome of each test, by Greenward's id for it: `passed`, `failed`, `skipped`, `errored`.
pub type Outcomes = BTreeMap<String, &'static str>;

/// Runs `cargo test --no-fail-fast` in a world with a single package.
///
/// # Panics
///
/// If the output does not add up, or a test is named twice.
#[must_use]
pub fn plain_cargo(world: &World) -> Outcomes {
    let metadata = world.run_tool(
        "cargo",
        &["metadata", "--no-deps", "--format-version=1"],
        LIMIT,
    );
    let metadata: Value =
        serde_json::from_str(&metadata.stdout).expect("`cargo metadata` writes JSON");
    // Through one pipe, so that the names of the targets (stderr) stand before their tests (stdout).
    let run = world.run_tool("sh", &["-c", "exec cargo test --no-fail-fast 2>&1"], LIMIT);
    cargo_outcomes(&metadata["packages"][0], &run.stdout)
}

/// Reads what `cargo test` printed for one package (of `cargo metadata`).
fn cargo_outcomes(package: &Value, output: &str) -> Outcomes {
    let name = package["name"].as_str().unwrap_or("");
    let mut outcomes = Outcomes::new();
    let mut examples = Vec::new();
    let mut target = String::new();
    let mut in_target = 0;
    for line in output.lines() {
        let words = line.trim_start();
        if let Some(running) = words.strip_prefix("Running ") {
            let source = running.strip_prefix("unittests ").unwrap_or(running);
            let source = source.split(" (").next().unwrap_or("");
            target = format!("{name}/{}", target_of(package, source));
            in_target = 0;
        } else if words.starts_with("Doc-tests ") {
            target = format!("{name}/doc");
            in_target = 0;
        } else if let Some(result) = words.strip_prefix("test result: ") {
            let count = |word| number_before(result, word);
            let sum = count(" passed") + count(" failed") + count(" ignored");
            assert_eq!(sum, in_target, "{target}: read {in_target} tests of {line}");
        } else if let Some((test, outcome)) = words
            .strip_prefix("test ")
            .and_then(|test| test.rsplit_once(" ... "))
        {
            let outcome = match outcome.split(',').next().unwrap_or("") {
                "ok" => "passed",
                "FAILED" => "failed",
                "ignored" => "skipped",
                other => panic!("{test}: an outcome unknown to the test ground: {other}"),
            };
            let test = [" - should panic", " - compile fail", " - compile"]
                .iter()
                .find_map(|mode| test.strip_suffix(mode))
                .unwrap_or(test);
            in_target += 1;
            let id = format!("cargo:.#{target}::{test}");
            match line_of_example(&id) {
                Some((item, line)) => examples.push((item.to_owned(), line, outcome)),
                None => assert!(outcomes.insert(id, outcome).is_none(), "{test} came twice"),
            }
        }
    }
    outcomes.extend(numbered(examples));
    outcomes
}

/// The item that a documentation test belongs to, and its line: `src/lib.rs - f (line 3)`.
fn line_of_example(id: &str) -> Option<(&str, u32)> {
    let (item, line) = id.strip_suffix(')')?.rsplit_once(" (line ")?;
    Some((item, line.parse().ok()?))
}

/// The ids of documentation tests. Lines change with every edit, so Greenward counts the examples
/// of an item instead: `src/lib.rs - f`, `src/lib.rs - f #2`.
fn numbered(mut examples: Vec<(String, u32, &'static str)>) -> Outcomes {
    examples.sort();
    let mut count = 0;
    let mut last = String::new();
    examples
        .into_iter()
        .map(|(item, _, outcome)| {
            count = if item == last { count + 1 } else { 1 };
            last.clone_from(&item);
            let id = if count == 1 {
                item
            } else {
                format!("{item} #{count}")
            };
            (id, outcome)
        })
        .collect()
}

/// `lib`, `bin/NAME` or `test/NAME`: the target whose root is this file of the package.
fn target_of(package: &Value, source: &str) -> String {
    let targets = package["targets"].as_array().map_or(&[][..], Vec::as_slice);
    let target = targets
        .iter()
        .find(|target| {
            target["src_path"]
                .as_str()
                .is_some_and(|path| path.ends_with(&format!("/{source}")))
        })
        .unwrap_or_else(|| panic!("no target of the package has the root {source}"));
    match target["kind"][0].as_str() {
        Some(kind @ ("bin" | "test" | "example" | "bench")) => {
            format!("{kind}/{}", target["name"].as_str().unwrap_or(""))
        }
        _ => "lib".to_owned(),
    }
}

/// Runs `pytest -v` in a world with one rootdir.
///
/// # Panics
///
/// If the output does not add up.
#[must_use]
pub fn plain_pytest(world: &World) -> Outcomes {
    // Wide, so that no line is cut.
    let run = world.run_tool(
        "env",
        &[
            "COLUMNS=400",
            "python",
            "-m",
            "pytest",
            "-v",
            "-p",
            "no:cacheprovider",
        ],
        LIMIT,
    );
    pytest_outcomes(&run.stdout)
}

/// The words of `pytest -v`, with what they mean here. An expected failure counts as skipped.
const PYTEST_WORDS: &[(&str, &str)] = &[
    ("PASSED", "passed"),
    ("FAILED", "failed"),
    ("SKIPPED", "skipped"),
    ("XFAIL", "skipped"),
    ("XPASS", "passed"),
    ("ERROR", "errored"),
];

/// Reads what `pytest -v` printed.
fn pytest_outcomes(output: &str) -> Outcomes {
    let mut outcomes = Outcomes::new();
    let mut reports = 0;
    for line in output.lines() {
        // Each line of progress ends with a percentage; sections and summaries do not.
        let Some(line) = line
            .trim_end()
            .strip_suffix("%]")
            .and_then(|line| line.rsplit_once('['))
            .map(|(line, _)| line.trim_end())
        else {
            continue;
        };
        let Some((at, word, outcome)) = PYTEST_WORDS
            .iter()
            .filter_map(|(word, outcome)| Some((outcome_at(line, word)?, *word, *outcome)))
            .min_by_key(|(at, _, _)| *at)
        else {
            panic!("a line of progress without an outcome: {line}");
        };
        reports += 1;
        let test = line[..at].trim_end();
        let id = format!("pytest:.#{test}");
        // An error while a fixture is taken down comes as a second line.
        let before = outcomes.insert(id, outcome);
        assert!(before.is_none() || word == "ERROR", "{test} came twice");
    }
    let summary = output.lines().rev().find(|line| line.contains(" in "));
    let summary = summary.unwrap_or_else(|| panic!("pytest wrote no summary: {output}"));
    let sum: usize = [
        " passed", " failed", " skipped", " xfailed", " xpassed", " error",
    ]
    .iter()
    .map(|word| number_before(summary, word))
    .sum();
    assert_eq!(sum, reports, "read {reports} reports of: {summary}");
    outcomes
}

/// Where a word of pytest stands in a line: after the test's id, before a reason in parentheses or
/// the end.
fn outcome_at(line: &str, word: &str) -> Option<usize> {
    let spaced = format!(" {word}");
    line.match_indices(&spaced)
        .map(|(at, _)| at + 1)
        .find(|at| {
            let rest = &line[at + word.len()..];
            rest.is_empty() || rest.starts_with(" (")
        })
}

/// The number that stands before a word: 3 for ` passed` in `ok. 3 passed; 0 failed`.
fn number_before(text: &str, word: &str) -> usize {
    text.find(word)
        .and_then(|at| {
            text[..at]
                .rsplit(|c: char| !c.is_ascii_digit())
                .next()?
                .parse()
                .ok()
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Outcomes, cargo_outcomes, pytest_outcomes};

    fn check(outcomes: &Outcomes, expected: &[(&str, &str)]) {
        let found: Vec<(&str, &str)> = outcomes.iter().map(|(id, o)| (id.as_str(), *o)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn text_of_cargo() {
        let package = json!({"name": "a-b", "targets": [
            {"name": "a_b", "kind": ["lib"], "src_path": "/x/src/lib.rs"},
            {"name": "cli", "kind": ["bin"], "src_path": "/x/src/main.rs"},
            {"name": "c-d", "kind": ["test"], "src_path": "/x/tests/c-d.rs"},
        ]});
        let output = "   Compiling a-b v0.1.0
     Running unittests src/lib.rs (target/debug/deps/a_b-1f)
running 2 tests
test t::one ... ok
test t::two - should panic ... FAILED
test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out
     Running unittests src/main.rs (target/debug/deps/cli-1f)
test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out
     Running tests/c-d.rs (target/debug/deps/c_d-1f)
test three ... ignored, for a reason
test result: ok. 0 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out
   Doc-tests a_b
test src/lib.rs - f (line 13) ... FAILED
test src/lib.rs - f (line 3) - compile fail ... ok
test result: ok. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out
";
        check(
            &cargo_outcomes(&package, output),
            &[
                ("cargo:.#a-b/doc::src/lib.rs - f", "passed"),
                ("cargo:.#a-b/doc::src/lib.rs - f #2", "failed"),
                ("cargo:.#a-b/lib::t::one", "passed"),
                ("cargo:.#a-b/lib::t::two", "failed"),
                ("cargo:.#a-b/test/c-d::three", "skipped"),
            ],
        );
    }

    #[test]
    #[should_panic(expected = "read 0 tests of test result: ok. 1 passed")]
    fn a_test_that_was_not_read_is_noticed() {
        let output = "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        let _ = cargo_outcomes(&json!({}), output);
    }

    #[test]
    fn text_of_pytest() {
        let output = "collected 4 items

test_a.py::test_b[ PASSED] PASSED                 [ 25%]
test_a.py::test_b[x y] SKIPPED (no [good] reason) [ 50%]
test_a.py::T::test_c PASSED                       [ 75%]
test_a.py::T::test_c ERROR                        [ 75%]
test_a.py::test_d FAILED                          [100%]
=== 1 failed, 2 passed, 1 skipped, 1 error in 0.10s ===
";
        check(
            &pytest_outcomes(output),
            &[
                ("pytest:.#test_a.py::T::test_c", "errored"),
                ("pytest:.#test_a.py::test_b[ PASSED]", "passed"),
                ("pytest:.#test_a.py::test_b[x y]", "skipped"),
                ("pytest:.#test_a.py::test_d", "failed"),
            ],
        );
    }

    #[test]
    #[should_panic(expected = "read 0 reports")]
    fn a_report_that_was_not_read_is_noticed() {
        let _ = pytest_outcomes("=== 1 passed in 0.10s ===");
    }
}
