//! Test items out of facts.
//!
//! A Cargo project is a tree of project, package (`roman`), target (`roman/lib`), modules
//! (`roman/lib::tests`) and tests (`roman/lib::tests::four`). Documentation tests stand directly
//! below their target (`roman/doc::src/lib.rs - four`), under the name that rustdoc gives them less
//! the line, so that they are the same after an edit above them; a second one of the same item ends
//! with ` #2`.

use std::collections::{BTreeSet, HashMap};

use camino::Utf8Path;
use greenward_core::{ItemKind, Position, Range, TestId, TestItem, Unit};

use super::facts::FileFacts;
use super::modules::Mount;
use super::package::{Package, Target, TargetKind};
use super::paths::relative;
use super::project::Project;

/// The items that stand in no source file, parents before children.
pub(super) fn fixed(project: &Project) -> Vec<TestItem> {
    let root = TestId::of_project(project.id());
    let label = project.root().file_name().unwrap_or("cargo");
    let mut items = vec![TestItem {
        id: root.clone(),
        parent: None,
        project: project.id().clone(),
        unit: None,
        kind: ItemKind::Project,
        label: label.to_owned(),
        file: None,
        range: None,
        name_range: None,
    }];
    for package in project.packages() {
        if package.targets.is_empty() {
            continue;
        }
        let id = TestId::new(project.id(), &package.name);
        let node = |id: TestId, parent: TestId, kind, label: String| TestItem {
            id,
            parent: Some(parent),
            project: project.id().clone(),
            unit: Some(Unit::new(&package.name)),
            kind,
            label,
            file: None,
            range: None,
            name_range: None,
        };
        items.push(node(
            id.clone(),
            root.clone(),
            ItemKind::Target,
            package.name.clone(),
        ));
        for target in &package.targets {
            let kind = if target.harness {
                ItemKind::Target
            } else {
                ItemKind::Test
            };
            items.push(node(
                TestId::new(project.id(), &local(package, target)),
                id.clone(),
                kind,
                target.label(),
            ));
        }
    }
    items
}

/// The local id of a target.
#[must_use]
pub fn local(package: &Package, target: &Target) -> String {
    format!("{}/{}", package.name, target.label())
}

/// The items of a file as one module of one target, parents before children.
pub(super) fn of_file(
    project: &Project,
    file: &Utf8Path,
    facts: &FileFacts,
    mount: &Mount<'_>,
) -> Vec<TestItem> {
    let Some((package, target)) = project.target(mount.target) else {
        return Vec::new();
    };
    let maker = Maker {
        project,
        unit: Unit::new(&package.name),
        target: local(package, target),
        file,
    };
    match target.kind {
        TargetKind::Doc => maker.docs(facts, mount.path),
        _ if !target.harness => Vec::new(),
        _ => maker.tests(facts, mount),
    }
}

struct Maker<'a> {
    project: &'a Project,
    unit: Unit,
    /// The target's local id.
    target: String,
    file: &'a Utf8Path,
}

impl Maker<'_> {
    /// The file's own module, its inline modules, its tests.
    fn tests(&self, facts: &FileFacts, mount: &Mount<'_>) -> Vec<TestItem> {
        let inside: Vec<(String, &super::facts::TestFn)> = facts
            .tests
            .iter()
            .map(|test| (join(mount.path, &test.path), test))
            .collect();
        // Modules that hold no test are not shown.
        let mut bearing = BTreeSet::new();
        for path in inside
            .iter()
            .map(|(path, _)| path.as_str())
            .chain(mount.bearing.iter().copied())
        {
            bearing.extend(modules_around(path));
        }
        let mut items = Vec::new();
        if !mount.path.is_empty() && (bearing.contains(mount.path)) {
            // The module is the file: a lens over all of it stands over its first line.
            let top = Range::of_line(0);
            let all = Range::new(Position::default(), Position::new(u32::MAX, 0));
            items.push(self.item(mount.path, ItemKind::Suite, all, top));
        }
        for module in &facts.modules {
            let path = join(mount.path, &module.path);
            if bearing.contains(path.as_str()) {
                items.push(self.item(&path, ItemKind::Suite, module.range, module.name_range));
            }
        }
        // A test under two `cfg`s is there once.
        let mut seen = BTreeSet::new();
        for (path, test) in &inside {
            if seen.insert(path.as_str()) {
                items.push(self.item(path, ItemKind::Test, test.range, test.name_range));
            }
        }
        items
    }

    fn item(&self, path: &str, kind: ItemKind, range: Range, name_range: Range) -> TestItem {
        let (above, label) = match path.rsplit_once("::") {
            Some((above, label)) => (format!("{}::{above}", self.target), label),
            None => (self.target.clone(), path),
        };
        TestItem {
            id: TestId::new(self.project.id(), &format!("{}::{path}", self.target)),
            parent: Some(TestId::new(self.project.id(), &above)),
            project: self.project.id().clone(),
            unit: Some(self.unit.clone()),
            kind,
            label: label.to_owned(),
            file: Some(self.file.to_owned()),
            range: Some(range),
            name_range: Some(name_range),
        }
    }

    fn docs(&self, facts: &FileFacts, module: &str) -> Vec<TestItem> {
        let file = relative(self.project.root(), self.file);
        let mut counts: HashMap<&str, usize> = HashMap::new();
        facts
            .docs
            .iter()
            .map(|doc| {
                let count = counts.entry(doc.item.as_str()).or_default();
                *count += 1;
                let name = doc_name(&file, &join(module, &doc.item), *count);
                TestItem {
                    id: TestId::new(self.project.id(), &format!("{}::{name}", self.target)),
                    parent: Some(TestId::new(self.project.id(), &self.target)),
                    project: self.project.id().clone(),
                    unit: Some(self.unit.clone()),
                    kind: ItemKind::Test,
                    label: name,
                    file: Some(self.file.to_owned()),
                    range: Some(doc.range),
                    name_range: Some(Range::of_line(doc.range.start.line)),
                }
            })
            .collect()
    }
}

/// What a documentation test is called: rustdoc's name for it, less the line.
#[must_use]
pub(super) fn doc_name(file: &str, item: &str, count: usize) -> String {
    let name = if item.is_empty() {
        format!("{file} -")
    } else {
        format!("{file} - {item}")
    };
    if count > 1 {
        format!("{name} #{count}")
    } else {
        name
    }
}

/// The modules that a path stands in, and itself: `a::b::c` gives `a`, `a::b`, `a::b::c`.
fn modules_around(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices("::")
        .map(|(at, _)| &path[..at])
        .chain(std::iter::once(path))
}

pub(super) fn join(above: &str, path: &str) -> String {
    match (above, path) {
        ("", path) => path.to_owned(),
        (above, "") => above.to_owned(),
        (above, path) => format!("{above}::{path}"),
    }
}
