//! Views for the tests of this crate, written as tables.

use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use greenward_core::{
    Counts, Failure, Frame, Framework, Freshness, ItemKind, Location, Outcome, Past, Position,
    ProjectId, Range, RunId, TestId, TestItem, TestResult,
};
use greenward_engine::{FileView, ItemState, ItemView, TestView};
use greenward_protocol::method::InitializationOptions;
use greenward_workspace::document::PositionEncoding;

use crate::abilities::{Abilities, EditAbilities};

/// The file that the items of [`file`] stand in.
pub(crate) const FILE: &str = "/w/a.py";

pub(crate) fn project() -> ProjectId {
    ProjectId::new(Framework::Pytest, "")
}

pub(crate) fn id(local: &str) -> TestId {
    TestId::new(&project(), local)
}

/// What a trusted file shows. Each line is an item: local id, kind, line, then in any order its
/// outcome, its time in milliseconds, `running` and `stale`. What stands before the last `::` is
/// its parent. Groups sum up the tests below them.
pub(crate) fn file(table: &str) -> FileView {
    let mut items: Vec<ItemView> = table.lines().map(|line| item(line.trim())).collect();
    for at in 0..items.len() {
        let state = items[at].state.clone();
        if state.tests == 0 {
            continue;
        }
        let mut above = items[at].item.parent.clone();
        while let Some(found) = items
            .iter_mut()
            .find(|view| Some(&view.item.id) == above.as_ref())
        {
            above = found.item.parent.clone();
            add(&mut found.state, &state);
            found.has_children = true;
        }
    }
    FileView {
        version: Some(1),
        items,
        trusted: true,
    }
}

fn add(group: &mut ItemState, test: &ItemState) {
    // A test with cases stands for these.
    group.tests += test.tests;
    group.running |= test.running;
    group.outcome = group.outcome.max(test.outcome);
    group.freshness = group.freshness.max(test.freshness);
    if let Some(outcome) = test.outcome {
        group.counts.add(outcome);
    }
    group.duration = match (group.duration, test.duration) {
        (Some(some), Some(more)) => Some(some + more),
        (some, more) => some.or(more),
    };
}

/// One item: see [`file`].
pub(crate) fn item(line: &str) -> ItemView {
    let mut words = line.split_whitespace();
    let (local, kind, at) = (
        words.next().unwrap(),
        words.next().unwrap(),
        words.next().unwrap().parse().unwrap(),
    );
    let kind = match kind {
        "file" => ItemKind::File,
        "suite" => ItemKind::Suite,
        "test" => ItemKind::Test,
        "case" => ItemKind::Case,
        other => panic!("no kind {other}"),
    };
    let mut state = ItemState {
        outcome: None,
        freshness: Freshness::Current,
        running: false,
        duration: None,
        counts: Counts::default(),
        tests: 0,
    };
    let with_cases = kind == ItemKind::Test && words.clone().next() == Some("cases");
    for word in words {
        match word {
            "cases" => {}
            "running" => state.running = true,
            "stale" => state.freshness = Freshness::Stale,
            "passed" => state.outcome = Some(Outcome::Passed),
            "skipped" => state.outcome = Some(Outcome::Skipped),
            "flaky" => state.outcome = Some(Outcome::Flaky),
            "failed" => state.outcome = Some(Outcome::Failed),
            "errored" => state.outcome = Some(Outcome::Errored),
            time => state.duration = Some(Duration::from_millis(time.parse().unwrap())),
        }
    }
    if kind.is_test() && !with_cases {
        state.tests = 1;
        match state.outcome {
            Some(outcome) => state.counts.add(outcome),
            None => state.freshness = Freshness::Unknown,
        }
    }
    let range = Range::new(Position::new(at, 0), Position::new(at + 2, 0));
    let name_range = Range::new(Position::new(at, 4), Position::new(at, 9));
    // `a.py::two[1]` is a case of `a.py::two`.
    let case = local
        .split_once('[')
        .filter(|(test, _)| !test.ends_with(':'));
    let above = case.or_else(|| local.rsplit_once("::"));
    let parent = above.map(|(parent, _)| id(parent));
    let label = above.map_or(local, |(_, label)| label);
    let label = if case.is_some() {
        label.trim_end_matches(']')
    } else {
        label
    }
    .to_owned();
    let item = TestItem {
        id: id(local),
        parent: Some(parent.unwrap_or_else(|| TestId::of_project(&project()))),
        project: project(),
        unit: None,
        kind,
        label,
        file: Some(Utf8PathBuf::from(FILE)),
        range: Some(range),
        name_range: Some(name_range),
    };
    ItemView {
        place: Some((Utf8PathBuf::from(FILE), name_range)),
        item,
        state,
        has_children: false,
    }
}

/// A client that can do everything.
pub(crate) fn able() -> Abilities {
    Abilities {
        encoding: PositionEncoding::Utf16,
        related_information: true,
        lens_refresh: true,
        hint_refresh: true,
        actions: true,
        disabled_actions: true,
        markdown: true,
        progress: true,
        show_document: true,
        configuration: true,
        register_configuration: true,
        events: true,
        documents: true,
        preferred_actions: true,
        edit: EditAbilities {
            apply: true,
            versioned: true,
            create: true,
            delete: true,
            annotations: true,
        },
    }
}

/// A client that can do nothing that LSP leaves open.
pub(crate) fn bare() -> Abilities {
    let params = serde_json::from_value(serde_json::json!({ "capabilities": {} })).unwrap();
    Abilities::new(&params, &InitializationOptions::default())
}

/// All that is known of a test that ran twice, with a failure that says all that one can say.
pub(crate) fn failing_test() -> TestView {
    let past = |outcome, time| Past {
        outcome,
        duration: Some(Duration::from_millis(time)),
        at: Duration::ZERO,
    };
    let frame = |function: &str, file: &str, line| Frame {
        function: function.to_owned(),
        location: Location {
            file: file.into(),
            range: Range::of_line(line),
        },
    };
    TestView {
        view: item("a.py::four test 3 failed 3"),
        result: Some(TestResult {
            outcome: Outcome::Failed,
            duration: Some(Duration::from_millis(3)),
            failure: Some(Arc::new(Failure {
                message: "assert 'IIII' == 'IV'\nwhile converting `4`".to_owned(),
                kind: "AssertionError".to_owned(),
                expected: Some("one\nfour".to_owned()),
                actual: Some("one\nfive".to_owned()),
                location: Some(frame("", FILE, 4).location),
                frames: vec![frame("to_roman", "/w/roman.py", 6), frame("", FILE, 4)],
            })),
            output: "converting 4\n".into(),
        }),
        run: Some(RunId(2)),
        past: vec![past(Outcome::Passed, 2), past(Outcome::Failed, 3)],
        why: Some("roman.py changed".into()),
        cancelled: None,
    }
}
