//! The declared protocol, its committed schema and its documentation agree.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs;
use std::path::Path;

use greenward_protocol::cycle::{CycleEvent, CycleLastLine};
use greenward_protocol::cycle_method::{
    ApplyCycleParams, ApplyCycleResult, CancelCycleParams, CycleParams, DiffCycleResult,
    ListCyclesParams, ListCyclesResult, StartCycleParams, StartCycleResult,
};
use greenward_protocol::method::{
    CancelParams, DiscoverParams, DiscoverResult, DocumentParams, DocumentResult,
    InitializationOptions, RunParams, RunResult, StatusParams, StatusResult, TestsChangedParams,
};
use greenward_protocol::plan::{PlanEvent, PlanLastLine};
use greenward_protocol::run::{LastLine, RunEvent};
use greenward_protocol::schema::schema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn declared_schema() -> String {
    serde_json::to_string_pretty(&schema()).unwrap() + "\n"
}

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/protocol.md");
    fs::read_to_string(path).unwrap()
}

#[test]
fn the_committed_schema_is_the_declared_one() {
    expect_test::expect_file!["../schema/protocol.json"].assert_eq(&declared_schema());
}

#[test]
fn the_document_was_read_when_the_protocol_changed() {
    let hash = blake3::hash(declared_schema().as_bytes()).to_hex();
    let expected = format!("<!-- protocol: {} -->", &hash[..16]);
    let document = document();
    assert_eq!(
        document.lines().next(),
        Some(expected.as_str()),
        "the protocol has changed: bring docs/protocol.md up to date, then its first line"
    );
}

#[test]
fn the_document_describes_each_method() {
    let schema = schema();
    let document = document();
    for kind in ["requests", "notifications"] {
        for method in schema[kind].as_object().unwrap().keys() {
            let heading = format!("\n### {method}\n");
            assert!(document.contains(&heading), "no heading for {method}");
        }
    }
}

#[test]
fn the_documents_examples_are_what_the_types_say() {
    let document = document();
    let mut examples = 0;
    for block in document.split("\n```json ").skip(1) {
        let (name, rest) = block.split_once('\n').unwrap();
        let (example, _) = rest.split_once("\n```").unwrap();
        let check = match name {
            "InitializationOptions" => check::<InitializationOptions>,
            "DiscoverParams" => check::<DiscoverParams>,
            "DiscoverResult" => check::<DiscoverResult>,
            "RunParams" => check::<RunParams>,
            "RunResult" => check::<RunResult>,
            "CancelParams" => check::<CancelParams>,
            "StatusParams" => check::<StatusParams>,
            "StatusResult" => check::<StatusResult>,
            "DocumentParams" => check::<DocumentParams>,
            "DocumentResult" => check::<DocumentResult>,
            "TestsChangedParams" => check::<TestsChangedParams>,
            "RunEvent" => check::<RunEvent>,
            "LastLine" => check::<LastLine>,
            "CycleEvent" => check::<CycleEvent>,
            "StartCycleParams" => check::<StartCycleParams>,
            "StartCycleResult" => check::<StartCycleResult>,
            "CycleParams" => check::<CycleParams>,
            "CancelCycleParams" => check::<CancelCycleParams>,
            "ApplyCycleParams" => check::<ApplyCycleParams>,
            "ApplyCycleResult" => check::<ApplyCycleResult>,
            "DiffCycleResult" => check::<DiffCycleResult>,
            "ListCyclesParams" => check::<ListCyclesParams>,
            "ListCyclesResult" => check::<ListCyclesResult>,
            "CycleLastLine" => check::<CycleLastLine>,
            "PlanEvent" => check::<PlanEvent>,
            "PlanLastLine" => check::<PlanLastLine>,
            other => panic!("no type {other}"),
        };
        check(example);
        examples += 1;
    }
    assert_eq!(examples, 41, "examples were added or lost");
}

/// An example says all that its type would write, and nothing else.
fn check<T: Serialize + DeserializeOwned>(example: &str) {
    let read: T = serde_json::from_str(example).unwrap_or_else(|error| {
        panic!("{error} in {example}");
    });
    let said: Value = serde_json::from_str(example).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), said);
}
