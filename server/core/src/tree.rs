//! The test tree: every test item of the workspace, by id, by file and by place.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use camino::{Utf8Path, Utf8PathBuf};
use indexmap::{IndexMap, IndexSet};

use crate::{ProjectId, Range, TestId, TestItem};

/// Who knows of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// Discovery, from the text of its file.
    Text,
    /// The framework itself, by a listing or a result.
    Framework,
}

#[derive(Debug, Clone)]
struct Node {
    item: TestItem,
    source: Source,
    /// In the order in which discovery named them.
    children: IndexSet<TestId>,
}

impl Node {
    /// Whether it reports an outcome of its own.
    fn is_leaf(&self) -> bool {
        self.item.kind.is_test() && self.children.is_empty()
    }
}

/// Every test item of the workspace.
///
/// Items come from two sources. Discovery owns the items of a file and replaces them as a whole
/// whenever the file's text changes. The framework adds what only running can tell, such as
/// parameter cases; these live as long as the item above them.
#[derive(Debug, Clone, Default)]
pub struct TestTree {
    /// This kind of map keeps the hashes of its keys, and so grows without long pauses.
    nodes: IndexMap<TestId, Node>,
    roots: Vec<TestId>,
    by_file: HashMap<(ProjectId, Utf8PathBuf), IndexSet<TestId>>,
    files: BTreeMap<Utf8PathBuf, BTreeSet<ProjectId>>,
    /// How many items report an outcome of their own.
    tests: usize,
}

impl TestTree {
    /// Adds or renews the items of a project that stand in no source file, parents before
    /// children. The first is the project's own node.
    pub fn set_project(&mut self, items: Vec<TestItem>) {
        for item in items {
            self.put(item, Source::Text);
        }
    }

    /// Removes a project and everything in it. Returns the ids that are gone.
    pub fn remove_project(&mut self, project: &ProjectId) -> Vec<TestId> {
        let mut gone = Vec::new();
        self.remove(&TestId::of_project(project), &mut gone);
        gone
    }

    /// Replaces what discovery found in a file, parents before children. Returns the ids that are
    /// gone.
    pub fn replace_file(
        &mut self,
        project: &ProjectId,
        file: &Utf8Path,
        items: Vec<TestItem>,
    ) -> Vec<TestId> {
        let key = (project.clone(), file.to_owned());
        let before = self.by_file.remove(&key).unwrap_or_default();
        let now: BTreeSet<&TestId> = items.iter().map(|item| &item.id).collect();
        let mut gone = Vec::new();
        for id in &before {
            let discovered = self
                .nodes
                .get(id)
                .is_some_and(|node| node.source == Source::Text);
            if discovered && !now.contains(id) {
                self.remove(id, &mut gone);
            }
        }
        // Cases that the framework named stay with their test, and in the file's index.
        for id in before {
            if self
                .nodes
                .get(&id)
                .is_some_and(|node| node.source == Source::Framework)
            {
                self.index(&id);
            }
        }
        for item in items {
            self.put(item, Source::Text);
        }
        gone
    }

    /// Adds what the framework named and discovery did not find. Items whose parent is unknown
    /// hang below their project; known items are left as they are. Returns whether anything is new.
    pub fn add_found(&mut self, items: Vec<TestItem>) -> bool {
        let mut new = false;
        for mut item in items {
            if self.nodes.contains_key(&item.id) {
                continue;
            }
            let project = TestId::of_project(&item.project);
            if !self.nodes.contains_key(&project) {
                continue;
            }
            if let Some(parent) = &item.parent
                && let Some(node) = self.nodes.get(parent)
            {
                // Without a place of its own a case stands where its test stands: see `place`.
                item.file = item.file.or_else(|| node.item.file.clone());
            } else {
                item.parent = Some(project);
            }
            self.put(item, Source::Framework);
            new = true;
        }
        new
    }

    /// Removes an item that the framework named and names no longer. Discovered items stay.
    pub fn remove_found(&mut self, id: &TestId) {
        let found = self
            .nodes
            .get(id)
            .is_some_and(|node| node.source == Source::Framework);
        if found {
            self.remove(id, &mut Vec::new());
        }
    }

    /// An item.
    #[must_use]
    pub fn get(&self, id: &TestId) -> Option<&TestItem> {
        self.nodes.get(id).map(|node| &node.item)
    }

    /// The projects' own nodes, in the order in which they came.
    pub fn roots(&self) -> impl Iterator<Item = &TestItem> {
        self.roots.iter().filter_map(|id| self.get(id))
    }

    /// Where an item's name stands: its own place, or that of the nearest item above it that has
    /// one.
    #[must_use]
    pub fn place(&self, id: &TestId) -> Option<(&Utf8Path, Range)> {
        let item = self.get(id)?;
        match (&item.file, item.name_range.or(item.range)) {
            (Some(file), Some(range)) => Some((file, range)),
            _ => self.place(item.parent.as_ref()?),
        }
    }

    /// The items directly below an item.
    pub fn children(&self, id: &TestId) -> impl Iterator<Item = &TestItem> {
        self.nodes
            .get(id)
            .into_iter()
            .flat_map(|node| node.children.iter())
            .filter_map(|id| self.get(id))
    }

    /// The items of a file, of every project that has the file, in the order of discovery.
    #[must_use]
    pub fn in_file(&self, file: &Utf8Path) -> Vec<&TestItem> {
        let Some(projects) = self.files.get(file) else {
            return Vec::new();
        };
        projects
            .iter()
            .filter_map(|project| self.by_file.get(&(project.clone(), file.to_owned())))
            .flatten()
            .filter_map(|id| self.get(id))
            .collect()
    }

    /// The tests at or below an item that report an outcome of their own: a test with known cases
    /// stands for these.
    #[must_use]
    pub fn tests_below(&self, id: &TestId) -> Vec<&TestItem> {
        let mut tests = Vec::new();
        self.collect_tests(id, &mut tests);
        tests
    }

    fn collect_tests<'a>(&'a self, id: &TestId, tests: &mut Vec<&'a TestItem>) {
        let Some(node) = self.nodes.get(id) else {
            return;
        };
        if node.is_leaf() {
            tests.push(&node.item);
        }
        for child in &node.children {
            self.collect_tests(child, tests);
        }
    }

    /// Every item, in no order.
    pub fn all(&self) -> impl Iterator<Item = &TestItem> {
        self.nodes.values().map(|node| &node.item)
    }

    /// The files that have items.
    pub fn files(&self) -> impl Iterator<Item = &Utf8Path> {
        self.files.keys().map(Utf8PathBuf::as_path)
    }

    /// The files in a folder that have items, each with the projects that they are items of.
    pub fn files_below<'a>(
        &'a self,
        folder: &'a Utf8Path,
    ) -> impl Iterator<Item = (&'a Utf8Path, &'a BTreeSet<ProjectId>)> {
        self.files
            .range(folder.to_owned()..)
            .map(|(file, projects)| (file.as_path(), projects))
            .take_while(move |(file, _)| file.starts_with(folder))
    }

    /// How many items there are that can be run by themselves.
    #[must_use]
    pub fn test_count(&self) -> usize {
        self.tests
    }

    fn put(&mut self, item: TestItem, source: Source) {
        let id = item.id.clone();
        let mut children = IndexSet::new();
        if let Some(node) = self.nodes.get_mut(&id) {
            let stays = node.item.parent == item.parent
                && node.item.file == item.file
                && node.item.kind == item.kind;
            if stays {
                node.item = item;
                node.source = source;
                self.index(&id);
                return;
            }
            children = std::mem::take(&mut node.children);
            self.unlink(&id);
            // Without its children it counted if it is a test; so it does now, or not.
            if self
                .nodes
                .swap_remove(&id)
                .is_some_and(|node| node.item.kind.is_test())
                && children.is_empty()
            {
                self.tests -= 1;
            }
        }
        let parent = item.parent.clone();
        let node = Node {
            item,
            source,
            children,
        };
        if node.is_leaf() {
            self.tests += 1;
        }
        self.nodes.insert(id.clone(), node);
        match parent {
            Some(parent) => {
                if let Some(node) = self.nodes.get_mut(&parent) {
                    // A test that has cases reports through them.
                    if node.is_leaf() {
                        self.tests -= 1;
                    }
                    node.children.insert(id.clone());
                }
            }
            None => self.roots.push(id.clone()),
        }
        self.index(&id);
    }

    /// Puts an item into the index of its file, once.
    fn index(&mut self, id: &TestId) {
        let Some(item) = self.nodes.get(id).map(|node| &node.item) else {
            return;
        };
        let Some(file) = item.file.clone() else {
            return;
        };
        let key = (item.project.clone(), file);
        if let Some(ids) = self.by_file.get_mut(&key) {
            ids.insert(id.clone());
            return;
        }
        // Rarely: looking a path up in an ordered map is slow.
        let (project, file) = key.clone();
        self.files.entry(file).or_default().insert(project);
        self.by_file.insert(key, IndexSet::from([id.clone()]));
    }

    /// Takes an item out of its parent and its file's index.
    fn unlink(&mut self, id: &TestId) {
        let Some(item) = self.nodes.get(id).map(|node| node.item.clone()) else {
            return;
        };
        match &item.parent {
            Some(parent) => {
                if let Some(node) = self.nodes.get_mut(parent)
                    && node.children.shift_remove(id)
                    && node.is_leaf()
                {
                    self.tests += 1;
                }
            }
            None => self.roots.retain(|root| root != id),
        }
        let Some(file) = item.file else {
            return;
        };
        let key = (item.project, file);
        if let Some(ids) = self.by_file.get_mut(&key) {
            ids.shift_remove(id);
            if ids.is_empty() {
                self.by_file.remove(&key);
            }
        }
        if !self.by_file.contains_key(&key)
            && let Some(projects) = self.files.get_mut(&key.1)
        {
            projects.remove(&key.0);
            if projects.is_empty() {
                self.files.remove(&key.1);
            }
        }
    }

    fn remove(&mut self, id: &TestId, gone: &mut Vec<TestId>) {
        let Some(node) = self.nodes.get(id) else {
            return;
        };
        for child in node.children.clone() {
            self.remove(&child, gone);
        }
        self.unlink(id);
        if self
            .nodes
            .swap_remove(id)
            .is_some_and(|node| node.is_leaf())
        {
            self.tests -= 1;
        }
        gone.push(id.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Framework, ItemKind, Position};

    fn project() -> ProjectId {
        ProjectId::new(Framework::Pytest, "")
    }

    fn id(local: &str) -> TestId {
        match local {
            "" => TestId::of_project(&project()),
            local => TestId::new(&project(), local),
        }
    }

    /// An item named by its local id, one line long, below what stands before its last `::`.
    fn item(local: &str, kind: ItemKind, line: u32) -> TestItem {
        let parent = local.rsplit_once("::").map_or("", |(parent, _)| parent);
        let file = local.split("::").next().filter(|file| !file.is_empty());
        let range = Range::of_line(line);
        TestItem {
            id: id(local),
            parent: (!local.is_empty()).then(|| id(parent)),
            project: project(),
            unit: None,
            kind,
            label: local.to_owned(),
            file: file.map(|file| Utf8PathBuf::from(format!("/w/{file}"))),
            range: Some(range),
            name_range: Some(range),
        }
    }

    fn file(lines: &[(&str, u32)]) -> Vec<TestItem> {
        let mut items = vec![item("a.py", ItemKind::File, 0)];
        items.extend(
            lines
                .iter()
                .map(|(name, line)| item(&format!("a.py::{name}"), ItemKind::Test, *line)),
        );
        items
    }

    fn tree(lines: &[(&str, u32)]) -> TestTree {
        let mut tree = TestTree::default();
        tree.set_project(vec![item("", ItemKind::Project, 0)]);
        tree.replace_file(&project(), Utf8Path::new("/w/a.py"), file(lines));
        tree
    }

    fn case(local: &str) -> TestItem {
        TestItem {
            parent: Some(id("a.py::one")),
            file: None,
            range: None,
            name_range: None,
            ..item(local, ItemKind::Case, 0)
        }
    }

    /// The number that is kept is the number that there is.
    fn count(tree: &TestTree) -> usize {
        let roots: Vec<TestId> = tree.roots().map(|root| root.id.clone()).collect();
        let counted = roots.iter().map(|root| tree.tests_below(root).len()).sum();
        assert_eq!(tree.test_count(), counted);
        counted
    }

    fn names(items: &[&TestItem]) -> Vec<String> {
        items.iter().map(|item| item.label.clone()).collect()
    }

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let mut tree = tree(&[("one", 1), ("two", 4)]);
        let gone = tree.replace_file(
            &project(),
            Utf8Path::new("/w/a.py"),
            file(&[("two", 2), ("three", 5)]),
        );
        assert_eq!(gone, [id("a.py::one")]);
        assert_eq!(count(&tree), 2);
        assert_eq!(
            names(&tree.tests_below(&id(""))),
            ["a.py::two", "a.py::three"]
        );
        let (_, range) = tree.place(&id("a.py::two")).unwrap();
        assert_eq!(range.start, Position::new(2, 0));
    }

    #[test]
    fn cases_live_as_long_as_their_test_and_move_with_it() {
        let mut tree = tree(&[("one", 1)]);
        assert!(tree.add_found(vec![case("a.py::one[1]"), case("a.py::one[2]")]));
        assert!(!tree.add_found(vec![case("a.py::one[1]")]));
        assert_eq!(
            names(&tree.tests_below(&id("a.py"))),
            ["a.py::one[1]", "a.py::one[2]"]
        );
        tree.replace_file(&project(), Utf8Path::new("/w/a.py"), file(&[("one", 7)]));
        tree.remove_found(&id("a.py::one[1]"));
        tree.remove_found(&id("a.py::one"));
        assert_eq!(count(&tree), 1);
        let (_, range) = tree.place(&id("a.py::one[2]")).unwrap();
        assert_eq!(range.start.line, 7);
        let gone = tree.replace_file(&project(), Utf8Path::new("/w/a.py"), file(&[]));
        assert_eq!(gone.len(), 2);
        assert_eq!(count(&tree), 0);
        assert_eq!(tree.in_file(Utf8Path::new("/w/a.py")).len(), 1);
        assert_eq!(tree.files().count(), 1);
    }

    #[test]
    fn a_removed_file_and_a_removed_project_leave_nothing() {
        let mut with_file = tree(&[("one", 1)]);
        with_file.replace_file(&project(), Utf8Path::new("/w/a.py"), Vec::new());
        assert_eq!(with_file.files().count(), 0);
        assert_eq!(with_file.all().count(), 1);

        let mut with_project = tree(&[("one", 1)]);
        with_project.add_found(vec![case("a.py::one[1]")]);
        assert_eq!(count(&with_project), 1);
        with_project.remove_project(&project());
        assert_eq!(count(&with_project), 0);
        assert_eq!(with_project.all().count(), 0);
        assert_eq!(with_project.roots().count(), 0);
        assert_eq!(with_project.files().count(), 0);
    }

    #[test]
    fn what_the_framework_names_below_nothing_known_hangs_below_its_project() {
        let mut tree = tree(&[]);
        let mut stray = case("b.py::odd");
        stray.parent = Some(id("b.py"));
        tree.add_found(vec![stray]);
        assert_eq!(tree.get(&id("b.py::odd")).unwrap().parent, Some(id("")));
        assert!(!TestTree::default().add_found(vec![case("a.py::one[1]")]));
    }
}
