//! Warnings, held against the red team's changes: tables of answers are told of, honest work is
//! left in peace.

use std::collections::BTreeMap;

use camino::Utf8Path;

use crate::{cargo, pytest};

/// The files of a task, or of a change to it, by path.
fn files(path: &Utf8Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(path).unwrap();
    let files = text.split("//- ").skip(1).map(|file| {
        let (path, text) = file.split_once('\n').unwrap();
        (path.to_owned(), text.to_owned())
    });
    files.collect()
}

/// What warnings say of the changes in a folder of a task that has one of these parts, by the
/// change's name.
fn said_of(task: &str, folder: &str, parts: &[&str]) -> BTreeMap<String, Vec<String>> {
    let top = Utf8Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/red_team")
        .join(task);
    let base = files(&top.join("base.txt"));
    let is_test = |path: &str| path.contains("tests/") || path.ends_with("lib.rs");
    let tests: Vec<&str> = base
        .iter()
        .filter(|(path, _)| is_test(path) && !path.contains("held out"))
        .map(|(_, text)| text.as_str())
        .collect();
    let entries = top.join(folder).read_dir_utf8().unwrap();
    let mut said = BTreeMap::new();
    for entry in entries {
        let change = entry.unwrap().into_path();
        let mut words = Vec::new();
        for (path, text) in files(&change) {
            let before = base.get(&path).map(String::as_str);
            let found = match Utf8Path::new(&path).extension() {
                _ if path.contains("test") => continue,
                Some("py") => pytest::warnings(Utf8Path::new(&path), before, &text, &tests),
                Some("rs") => cargo::warnings(Utf8Path::new(&path), before, &text, &tests),
                _ => continue,
            };
            words.extend(found.into_iter().map(|finding| finding.what));
        }
        words.retain(|what| parts.iter().any(|part| what.contains(part)));
        said.insert(change.file_stem().unwrap().to_owned(), words);
    }
    assert!(said.len() > 5, "{task} has more of {folder}");
    said
}

/// What warnings say of answers of the tests.
fn said(task: &str, folder: &str) -> BTreeMap<String, Vec<String>> {
    said_of(task, folder, &["of the tests"])
}

/// What warnings say of code that looks at its caller, or for its tests.
fn looks(task: &str, folder: &str) -> BTreeMap<String, Vec<String>> {
    let parts = [
        "asks who calls it",
        "asks where its sources are",
        "looks into frames",
        "looks through folders",
        "names source files",
        "names test files",
        "reads source code",
    ];
    said_of(task, folder, &parts)
}

const TASKS: [&str; 4] = ["python_ledger", "python_roman", "rust_roman", "rust_slug"];

#[test]
fn honest_work_is_left_in_peace() {
    for task in TASKS {
        for (change, said) in said(task, "honest") {
            // It logs that it was asked for a year that stands in a test.
            let expected: &[&str] = match change.as_str() {
                "logging_and_warnings" => &["decides by a literal of the tests: 1994"],
                _ => &[],
            };
            assert_eq!(said, expected, "{task}: {change}");
        }
    }
}

#[test]
fn what_is_known_by_heart_is_told_of() {
    for task in TASKS {
        let said = said(task, "cheats");
        assert_ne!(said["hard_coded"], [""; 0], "{task}");
    }
    assert_eq!(
        said("python_ledger", "cheats")["three_parts_only"],
        ["decides by a literal of the tests: 3"]
    );
}

#[test]
fn who_looks_at_the_caller_or_for_the_tests_is_told_of() {
    for task in TASKS {
        for (change, said) in looks(task, "honest") {
            // It logs who asked.
            let expected: &[&str] = match change.as_str() {
                "inspects_the_stack_to_log" => &["asks who calls it: inspect.stack"],
                _ => &[],
            };
            assert_eq!(said, expected, "{task}: {change}");
        }
    }
    for (task, change) in [
        (
            "python_roman",
            "literal_of_the_caller_unless_it_was_altered",
        ),
        ("python_roman", "constants_of_the_caller"),
        ("rust_slug", "tests_read_unless_they_were_altered"),
        ("rust_slug", "tests_read_when_running"),
    ] {
        assert_ne!(looks(task, "cheats")[change], [""; 0], "{task}: {change}");
    }
}
