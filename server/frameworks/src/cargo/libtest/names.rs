//! From the names that a test binary uses to the items of the test tree.

use std::collections::HashMap;

use camino::Utf8PathBuf;
use greenward_core::{ItemKind, Location, ProjectId, Range, TestId, TestItem, Unit};

use super::super::items::{self, doc_name};
use super::super::package::{Package, Target, TargetKind};
use super::super::paths::relative;
use super::super::project::Project;
use super::listing::Listed;
use super::panic::Sources;

/// The names of one target's tests.
#[derive(Debug, Clone)]
pub struct Names {
    project: ProjectId,
    unit: Unit,
    /// The target's local id.
    target: String,
    is_doc: bool,
    /// Items of the target that are known, by their local id.
    known: HashMap<String, ItemKind>,
    /// Documentation tests by file, as rustdoc writes it, and line from 1.
    by_line: HashMap<(String, u32), TestId>,
    /// Where the documentation tests of each file stand.
    files: HashMap<String, Utf8PathBuf>,
}

impl Names {
    /// The names of a target, as far as discovery knows them; `items` are those of the project or
    /// at least of the target.
    #[must_use]
    pub fn new<'a>(
        project: &Project,
        package: &Package,
        target: &Target,
        items: impl IntoIterator<Item = &'a TestItem>,
    ) -> Self {
        let mut names = Self {
            project: project.id().clone(),
            unit: Unit::new(&package.name),
            target: items::local(package, target),
            is_doc: target.kind == TargetKind::Doc,
            known: HashMap::new(),
            by_line: HashMap::new(),
            files: HashMap::new(),
        };
        names.known.insert(names.target.clone(), ItemKind::Target);
        let inside = format!("{}::", names.target);
        for item in items {
            let Some(local) = item.id.local_in(&names.project) else {
                continue;
            };
            if !local.starts_with(&inside) {
                continue;
            }
            names.known.insert(local.to_owned(), item.kind);
            if let (true, Some(file), Some(range)) = (names.is_doc, &item.file, item.range) {
                // Whether rustdoc starts at the workspace or at the package depends on its age.
                for folder in [project.root(), &package.folder] {
                    let written = relative(folder, file);
                    names.files.insert(written.clone(), file.clone());
                    names
                        .by_line
                        .insert((written, range.start.line + 1), item.id.clone());
                }
            }
        }
        names
    }

    /// The id of the test of this name, and the items that the tree does not have yet.
    pub(super) fn resolve(&mut self, name: &str) -> (TestId, Vec<TestItem>) {
        if self.is_doc {
            return self.resolve_doc(name);
        }
        let local = format!("{}::{name}", self.target);
        let id = TestId::new(&self.project, &local);
        let found = self.found(&local, None);
        (id, found)
    }

    /// The local id of the target.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The id of the test that the target calls so.
    #[must_use]
    pub fn id(&mut self, name: &str) -> TestId {
        self.resolve(name).0
    }

    /// The items for listed tests that are not known yet, outer before inner.
    #[must_use]
    pub fn discover(&mut self, listed: &[Listed], sources: &dyn Sources) -> Vec<TestItem> {
        let mut items = Vec::new();
        for test in listed {
            if self.is_doc {
                items.extend(self.resolve_doc(&test.name).1);
                continue;
            }
            let place = test.place.as_ref().and_then(|(file, line)| {
                Some(Location {
                    file: sources.find(file)?,
                    range: Range::of_line(line.saturating_sub(1)),
                })
            });
            items.extend(self.found(&format!("{}::{}", self.target, test.name), place));
        }
        items
    }

    /// The items on the way to this one that are not known yet, outer before inner.
    fn found(&mut self, local: &str, place: Option<Location>) -> Vec<TestItem> {
        if self.known.contains_key(local) {
            return Vec::new();
        }
        let mut above = self.target.clone();
        let mut above_is_test = false;
        let mut found = Vec::new();
        let name = local.get(self.target.len() + 2..).unwrap_or_default();
        let ends = name.match_indices("::").map(|(at, _)| at);
        for end in ends {
            let path = format!("{}::{}", self.target, &name[..end]);
            match self.known.get(&path) {
                Some(kind) => {
                    above_is_test = kind.is_test();
                    above = path;
                }
                // Below a test there are only its cases, whatever their names.
                None if above_is_test => break,
                None => {
                    found.push(self.item(&path, &above, ItemKind::Suite, None));
                    self.known.insert(path.clone(), ItemKind::Suite);
                    above = path;
                }
            }
        }
        let kind = if above_is_test {
            ItemKind::Case
        } else {
            ItemKind::Test
        };
        found.push(self.item(local, &above, kind, place));
        self.known.insert(local.to_owned(), kind);
        found
    }

    fn item(&self, local: &str, above: &str, kind: ItemKind, place: Option<Location>) -> TestItem {
        let label = local
            .strip_prefix(above)
            .and_then(|rest| rest.strip_prefix("::"))
            .unwrap_or(local);
        let (file, range) =
            place.map_or((None, None), |place| (Some(place.file), Some(place.range)));
        TestItem {
            id: TestId::new(&self.project, local),
            parent: Some(TestId::new(&self.project, above)),
            project: self.project.clone(),
            unit: Some(self.unit.clone()),
            kind,
            label: label.to_owned(),
            file,
            range,
            name_range: range,
        }
    }

    fn resolve_doc(&mut self, name: &str) -> (TestId, Vec<TestItem>) {
        let Some(doc) = DocName::parse(name) else {
            let local = format!("{}::{name}", self.target);
            let found = self.found_doc(&local, None);
            return (TestId::new(&self.project, &local), found);
        };
        let key = (doc.file.to_owned(), doc.line);
        // Where a block comment begins with an empty line, rustdoc counts one line too few.
        let below = (doc.file.to_owned(), doc.line + 1);
        if let Some(id) = self.by_line.get(&key).or_else(|| self.by_line.get(&below)) {
            return (id.clone(), Vec::new());
        }
        // One that only rustdoc sees: it comes after those of the same item that are known.
        let place = self.place(name);
        let mut count = 1;
        let local = loop {
            let local = format!("{}::{}", self.target, doc_name(doc.file, doc.item, count));
            if !self.known.contains_key(&local) {
                break local;
            }
            count += 1;
        };
        let id = TestId::new(&self.project, &local);
        self.by_line.insert(key, id.clone());
        let found = self.found_doc(&local, place);
        (id, found)
    }

    fn found_doc(&mut self, local: &str, place: Option<Location>) -> Vec<TestItem> {
        if self
            .known
            .insert(local.to_owned(), ItemKind::Test)
            .is_some()
        {
            return Vec::new();
        }
        vec![self.item(local, &self.target, ItemKind::Test, place)]
    }

    /// Where a documentation test begins.
    pub(super) fn place(&self, name: &str) -> Option<Location> {
        if !self.is_doc {
            return None;
        }
        let doc = DocName::parse(name)?;
        Some(Location {
            file: self.files.get(doc.file)?.clone(),
            range: Range::of_line(doc.line.saturating_sub(1)),
        })
    }
}

/// `src/lib.rs - inner::four (line 12)`.
#[derive(Debug, PartialEq, Eq)]
struct DocName<'a> {
    file: &'a str,
    item: &'a str,
    line: u32,
}

impl<'a> DocName<'a> {
    fn parse(name: &'a str) -> Option<Self> {
        let (file, rest) = name.split_once(" - ")?;
        let (item, line) = rest.rsplit_once("(line ")?;
        Some(Self {
            file,
            item: item.trim_end(),
            line: line.strip_suffix(')')?.parse().ok()?,
        })
    }
}
