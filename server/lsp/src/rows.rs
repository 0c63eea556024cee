//! The items of a file by the lines they stand on: what lenses, hints and hovers show.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use camino::Utf8Path;
use greenward_core::{Counts, Freshness, TestId};
use greenward_engine::{FileView, ItemState, ItemView};

/// Items that stand on one line and are shown as one: a test that two targets have, say.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    /// The line, from 0.
    pub line: u32,
    /// Whether these are groups of tests, not tests.
    pub group: bool,
    /// The items. Never empty. What is below one of them is not listed again.
    pub items: Vec<&'a ItemView>,
    /// The state of all of them together.
    pub state: ItemState,
}

impl Row<'_> {
    /// The ids of its items.
    pub(crate) fn ids(&self) -> Vec<TestId> {
        self.items.iter().map(|view| view.item.id.clone()).collect()
    }
}

/// The rows of a file, by line; on one line groups stand before tests. Groups without any test are
/// left out.
pub(crate) fn rows<'a>(file: &Utf8Path, view: &'a FileView) -> Vec<Row<'a>> {
    let parents: HashMap<&TestId, &TestId> = view
        .items
        .iter()
        .filter_map(|view| Some((&view.item.id, view.item.parent.as_ref()?)))
        .collect();
    let mut by_line: BTreeMap<(u32, bool), Vec<&ItemView>> = BTreeMap::new();
    for view in view.items.iter().filter(|view| view.state.tests > 0) {
        if let Some(line) = line_of(file, view) {
            let key = (line, view.item.kind.is_test());
            by_line.entry(key).or_default().push(view);
        }
    }
    by_line
        .into_iter()
        .map(|((line, is_test), all)| {
            let items: Vec<&ItemView> = all
                .iter()
                .filter(|view| !has_ancestor_among(view, &all, &parents))
                .copied()
                .collect();
            Row {
                line,
                group: !is_test,
                state: together(&items),
                items,
            }
        })
        .collect()
}

/// The line of an item in the file: of its name, or the first one for what is a whole file.
fn line_of(file: &Utf8Path, view: &ItemView) -> Option<u32> {
    match &view.place {
        Some((place, range)) if place == file => Some(range.start.line),
        _ => (view.item.file.as_deref() == Some(file)).then_some(0),
    }
}

/// All of a file's tests as one row, where they stand at several places below no item of the file
/// itself: of a file that has such an item [`rows`] has that row.
pub(crate) fn whole<'a>(file: &Utf8Path, view: &'a FileView) -> Option<Row<'a>> {
    let known: HashSet<&TestId> = view.items.iter().map(|view| &view.item.id).collect();
    let is_below_one = |view: &ItemView| {
        let parent = view.item.parent.as_ref();
        parent.is_some_and(|parent| known.contains(parent))
    };
    let outermost: Vec<&ItemView> = view
        .items
        .iter()
        .filter(|view| view.state.tests > 0 && !is_below_one(view))
        .collect();
    let lines: BTreeSet<u32> = outermost
        .iter()
        .filter_map(|view| line_of(file, view))
        .collect();
    (lines.len() > 1).then(|| Row {
        line: 0,
        group: true,
        state: together(&outermost),
        items: outermost,
    })
}

fn has_ancestor_among(
    view: &ItemView,
    others: &[&ItemView],
    parents: &HashMap<&TestId, &TestId>,
) -> bool {
    let mut above = view.item.parent.as_ref();
    while let Some(id) = above {
        if others.iter().any(|other| other.item.id == *id) {
            return true;
        }
        above = parents.get(id).copied();
    }
    false
}

/// The state of several items: the worst outcome, the longest time, the greatest doubt.
fn together(items: &[&ItemView]) -> ItemState {
    let mut states = items.iter().map(|view| &view.state);
    let mut all = states.next().cloned().unwrap_or(ItemState {
        outcome: None,
        freshness: Freshness::Unknown,
        running: false,
        duration: None,
        counts: Counts::default(),
        tests: 0,
    });
    for state in states {
        all.outcome = all.outcome.max(state.outcome);
        all.freshness = doubted(all.freshness, state.freshness);
        all.running |= state.running;
        all.duration = all.duration.max(state.duration);
        all.counts.passed += state.counts.passed;
        all.counts.failed += state.counts.failed;
        all.counts.errored += state.counts.errored;
        all.counts.skipped += state.counts.skipped;
        all.counts.flaky += state.counts.flaky;
        all.tests += state.tests;
    }
    all
}

/// Whether two results still hold: not if either does not.
fn doubted(one: Freshness, other: Freshness) -> Freshness {
    match (one, other) {
        (Freshness::Stale, _) | (_, Freshness::Stale) => Freshness::Stale,
        (Freshness::Unknown, _) | (_, Freshness::Unknown) => Freshness::Unknown,
        (Freshness::Current, Freshness::Current) => Freshness::Current,
    }
}
