//! The items of tests that pytest has collected and the text did not show.

use std::collections::{HashMap, HashSet};

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{ItemKind, Range, TestId, TestItem, Unit};

use super::plan::file_of;
use super::project::Project;
use super::wire::Collected;

/// Makes items for collected tests, each once.
#[derive(Debug)]
pub(super) struct Finder {
    project: Project,
    /// The ranges of every item that is known, by node id; a file's are read when it first appears.
    known: HashMap<String, Option<(Range, Range)>>,
    files: HashSet<String>,
}

impl Finder {
    pub(super) fn new(project: Project) -> Self {
        Self {
            project,
            known: HashMap::new(),
            files: HashSet::new(),
        }
    }

    /// The items that are new with these tests, parents before children. Parameter cases are
    /// always new: only a listing tells of them.
    pub(super) fn find(&mut self, tests: &[Collected]) -> Vec<TestItem> {
        let mut found = Vec::new();
        for test in tests {
            self.read(file_of(&test.id));
            if !self.known.contains_key(&test.id) {
                self.add(test, &mut found);
            }
        }
        found
    }

    /// The file that a node stands in.
    pub(super) fn path_of(&self, local: &str) -> Utf8PathBuf {
        self.project.root().join(file_of(local))
    }

    /// Learns the items of a file that its text shows.
    fn read(&mut self, file: &str) {
        if self.files.contains(file) {
            return;
        }
        self.files.insert(file.to_owned());
        for item in self.project.items_of(&self.path_of(file)) {
            if let Some(local) = item.id.local_in(self.project.id()) {
                let ranges = item.range.zip(item.name_range);
                self.known.insert(local.to_owned(), ranges);
            }
        }
    }

    fn add(&mut self, test: &Collected, found: &mut Vec<TestItem>) {
        let base = self.base(test);
        let path = test
            .file
            .as_ref()
            .map_or_else(|| self.path_of(&test.id), Utf8PathBuf::from);
        let line = test.line.map(Range::of_line);
        let line = line.map(|range| (range, range));
        let mut parent = TestId::of_project(self.project.id());
        let mut end = 0;
        for (depth, name) in base.split("::").enumerate() {
            end += name.len() + if depth == 0 { 0 } else { 2 };
            let local = &base[..end];
            let (kind, ranges) = match depth {
                0 => (ItemKind::File, None),
                _ if end == base.len() => (ItemKind::Test, line),
                _ => (ItemKind::Suite, None),
            };
            parent = self.item(local, kind, name, &parent, &path, ranges, found);
        }
        if base != test.id {
            let ranges = self.known.get(&base).copied().flatten().or(line);
            let label = &test.id[base.len()..];
            let label = label
                .strip_prefix('[')
                .and_then(|label| label.strip_suffix(']'))
                .unwrap_or(label);
            self.item(
                &test.id,
                ItemKind::Case,
                label,
                &parent,
                &path,
                ranges,
                found,
            );
        }
    }

    /// The node id without the case. With pytest-xdist nobody tells it: then it is the part before
    /// the bracket.
    fn base(&self, test: &Collected) -> String {
        let guess = || {
            let at = file_of(&test.id).len();
            let bracket = test.id[at..].find('[').filter(|_| test.id.ends_with(']'))?;
            (test.file.is_none()).then(|| test.id[..at + bracket].to_owned())
        };
        test.base
            .clone()
            .or_else(guess)
            .unwrap_or_else(|| test.id.clone())
    }

    #[expect(clippy::too_many_arguments, reason = "they are the fields of an item")]
    fn item(
        &mut self,
        local: &str,
        kind: ItemKind,
        label: &str,
        parent: &TestId,
        path: &Utf8Path,
        ranges: Option<(Range, Range)>,
        found: &mut Vec<TestItem>,
    ) -> TestId {
        let id = TestId::new(self.project.id(), local);
        if self.known.contains_key(local) {
            return id;
        }
        self.known.insert(local.to_owned(), ranges);
        found.push(TestItem {
            id: id.clone(),
            parent: Some(parent.clone()),
            project: self.project.id().clone(),
            unit: Some(Unit::new(file_of(local))),
            kind,
            label: label.to_owned(),
            file: Some(path.to_owned()),
            range: ranges.map(|(range, _)| range),
            name_range: ranges.map(|(_, name)| name),
        });
        id
    }
}
