//! The graph of our own crates. It is written down here so that a new edge is a decision, made in
//! the commit that adds it.

use std::collections::{BTreeMap, BTreeSet};

use greenward_tests::cargo_metadata;

/// Every crate of the workspace with those of ours that it depends on, for whatever purpose: the
/// product, its build and its tests. `docs/architecture.md` says why each wall stands.
const EDGES: &[(&str, &[&str])] = &[
    (
        "greenward",
        &[
            "greenward-core",
            "greenward-engine",
            "greenward-exec",
            "greenward-frameworks",
            "greenward-lsp",
            "greenward-protocol",
            "greenward-specs",
            "greenward-workspace",
        ],
    ),
    ("greenward-core", &[]),
    (
        "greenward-engine",
        &[
            "greenward-core",
            "greenward-exec",
            "greenward-frameworks",
            "greenward-protocol",
            "greenward-specs",
            "greenward-store",
            "greenward-workers",
            "greenward-workspace",
        ],
    ),
    ("greenward-exec", &["greenward-core"]),
    ("greenward-frameworks", &["greenward-core"]),
    (
        "greenward-lsp",
        &[
            "greenward-core",
            "greenward-engine",
            // Its tests start an engine of their own.
            "greenward-exec",
            "greenward-protocol",
            "greenward-workspace",
        ],
    ),
    ("greenward-protocol", &[]),
    ("greenward-specs", &["greenward-core"]),
    ("greenward-store", &["greenward-core"]),
    ("greenward-tests", &[]),
    (
        "greenward-workers",
        &["greenward-core", "greenward-exec", "greenward-protocol"],
    ),
    (
        "greenward-workspace",
        &["greenward-core", "greenward-protocol"],
    ),
];

#[test]
fn our_own_crates_depend_on_each_other_as_written() {
    let metadata = cargo_metadata();
    let packages = metadata["packages"].as_array().expect("it has packages");
    let ours: BTreeSet<&str> = packages
        .iter()
        .filter_map(|package| package["name"].as_str())
        .collect();
    let found: BTreeMap<&str, BTreeSet<&str>> = packages
        .iter()
        .filter_map(|package| {
            let dependencies = package["dependencies"].as_array()?;
            let edges = dependencies
                .iter()
                .filter_map(|dependency| dependency["name"].as_str())
                .filter(|name| ours.contains(name))
                .collect();
            Some((package["name"].as_str()?, edges))
        })
        .collect();
    let expected: BTreeMap<&str, BTreeSet<&str>> = EDGES
        .iter()
        .map(|(name, edges)| (*name, edges.iter().copied().collect()))
        .collect();
    assert_eq!(found, expected);
}
