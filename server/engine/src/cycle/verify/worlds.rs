//! Worlds: texts of test files in which twins stand alone.
//!
//! Code that reads the tests could tell an altered twin from the test that it was made from, were
//! both in one file. So a world holds altered twins only, or faithful ones only, and never the
//! test itself: nothing in it says what is true.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use greenward_core::TestId;
use greenward_frameworks::Project;
use greenward_frameworks::verify::{Twin, TwinKind, Twins};

/// Texts of test files, and the twins that are in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct World {
    /// The twins that are in the files.
    pub(super) twins: Vec<Twin>,
    /// The files, absolute, each with its whole text.
    pub(super) files: Vec<(Utf8PathBuf, String)>,
}

/// The worlds that twins make: one of faithful ones, and as many of altered ones as some test has
/// of them. `file_of` tells the file of each test that twins were made from.
pub(super) fn worlds(
    project: &Project,
    planted: &Twins,
    file_of: &BTreeMap<TestId, Utf8PathBuf>,
) -> Vec<World> {
    let mut altered: BTreeMap<&TestId, Vec<&Twin>> = BTreeMap::new();
    for twin in &planted.twins {
        if twin.kind == TwinKind::Altered {
            altered.entry(&twin.of).or_default().push(twin);
        }
    }
    let most = altered.values().map(Vec::len).max().unwrap_or(0);
    let of_kind = |kind: TwinKind| planted.twins.iter().filter(move |twin| twin.kind == kind);
    let faithful = of_kind(TwinKind::Faithful).collect();
    let rounds = (0..most).map(|round| {
        altered
            .values()
            .filter_map(|twins| twins.get(round).copied())
            .collect()
    });
    std::iter::once(faithful)
        .chain(rounds)
        .map(|mut twins: Vec<&Twin>| {
            twins.extend(of_kind(TwinKind::Canary));
            world(project, planted, file_of, &twins)
        })
        .collect()
}

fn world(
    project: &Project,
    planted: &Twins,
    file_of: &BTreeMap<TestId, Utf8PathBuf>,
    twins: &[&Twin],
) -> World {
    let kept: BTreeSet<&TestId> = twins.iter().map(|twin| &twin.id).collect();
    let copied: BTreeSet<&TestId> = planted
        .twins
        .iter()
        .filter(|twin| twin.kind != TwinKind::Canary)
        .map(|twin| &twin.of)
        .collect();
    let files = planted
        .files
        .iter()
        .map(|(path, text)| {
            let here = |test: &TestId| file_of.get(test) == Some(path);
            let others = planted
                .twins
                .iter()
                .filter(|twin| here(&twin.of) && !kept.contains(&twin.id))
                .map(|twin| twin.id.clone());
            let originals = copied.iter().copied().filter(|test| here(test)).cloned();
            let removed: Vec<TestId> = others.chain(originals).collect();
            let alone = project.without(path, text, &removed);
            (path.clone(), alone.unwrap_or_else(|| text.clone()))
        })
        .collect();
    World {
        twins: twins.iter().map(|twin| (*twin).clone()).collect(),
        files,
    }
}
