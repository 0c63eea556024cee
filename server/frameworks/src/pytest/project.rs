//! A pytest rootdir: its options, its files and the tests in them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{Framework, ItemKind, ProjectId, TestId, TestItem, Unit};

use super::affected;
use super::config::Options;
use super::detect::in_environment;
use super::facts::FileFacts;
use super::foreign::Ecosystem;
use super::graph::Graph;
use super::items;
use super::patterns::Patterns;
use crate::TreeChange;

/// What detection finds out about a rootdir.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// The workspace folder that it is in.
    pub(super) folder: Utf8PathBuf,
    /// The rootdir, absolute.
    pub(super) root: Utf8PathBuf,
    /// Rootdirs within this one, whose tests are not of this one.
    pub(super) inner: Vec<Utf8PathBuf>,
    /// What the file that configures pytest says.
    pub(super) options: Options,
    /// The folders of other ecosystems' packages in the workspace folder.
    pub(super) packages: Arc<BTreeMap<Utf8PathBuf, Ecosystem>>,
    /// The project's name, if Poetry manages its environment.
    pub(super) poetry_name: Option<String>,
}

/// A pytest rootdir. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Project {
    id: ProjectId,
    layout: Arc<Layout>,
    patterns: Arc<Patterns>,
    /// All Python files of the workspace folder, since tests may import from outside the rootdir.
    files: Arc<BTreeMap<Utf8PathBuf, Arc<FileFacts>>>,
    /// Made when it is first asked for, and again when an import has changed.
    graph: OnceLock<Arc<Graph>>,
    /// The units that may run code which no import shows; kept as long as the graph.
    unseen: OnceLock<Arc<BTreeSet<Unit>>>,
}

impl Project {
    pub(super) fn new(layout: Layout) -> Self {
        let folder = layout.root.strip_prefix(&layout.folder);
        Self {
            id: ProjectId::new(Framework::Pytest, folder.map_or("", Utf8Path::as_str)),
            patterns: Arc::new(Patterns::new(&layout.options)),
            layout: Arc::new(layout),
            files: Arc::default(),
            graph: OnceLock::new(),
            unseen: OnceLock::new(),
        }
    }

    /// Calls it otherwise. Only before it has any items.
    pub(crate) fn set_id(&mut self, id: ProjectId) {
        self.id = id;
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &ProjectId {
        &self.id
    }

    /// The rootdir, absolute: the folder that pytest is started in.
    #[must_use]
    pub fn root(&self) -> &Utf8Path {
        &self.layout.root
    }

    /// The workspace folder that it is in.
    #[must_use]
    pub fn folder(&self) -> &Utf8Path {
        &self.layout.folder
    }

    /// What the project's configuration says.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.layout.options
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(super) fn patterns(&self) -> &Patterns {
        &self.patterns
    }

    pub(super) fn files(&self) -> &BTreeMap<Utf8PathBuf, Arc<FileFacts>> {
        &self.files
    }

    pub(crate) fn prepare(&self) {
        self.graph();
        self.unseen();
    }

    pub(super) fn graph(&self) -> &Graph {
        self.graph
            .get_or_init(|| Arc::new(Graph::new(self.folder(), &self.files)))
    }

    pub(super) fn unseen(&self) -> &BTreeSet<Unit> {
        self.unseen.get_or_init(|| Arc::new(affected::unseen(self)))
    }

    /// The project's own node.
    #[must_use]
    pub fn fixed_items(&self) -> Vec<TestItem> {
        let root = self.root();
        let label = match root.strip_prefix(self.folder()) {
            Ok(inner) if !inner.as_str().is_empty() => inner.as_str(),
            _ => root.file_name().unwrap_or(root.as_str()),
        };
        vec![TestItem {
            id: TestId::of_project(&self.id),
            parent: None,
            project: self.id.clone(),
            unit: None,
            kind: ItemKind::Project,
            label: label.to_owned(),
            file: None,
            range: None,
            name_range: None,
        }]
    }

    /// Whether [`update`](Self::update) wants the facts of this file: any Python file of the
    /// workspace folder, as tests may import it.
    #[must_use]
    pub fn wants(&self, path: &Utf8Path) -> bool {
        path.extension() == Some("py") && path.starts_with(self.folder()) && !in_environment(path)
    }

    /// Takes the facts of a file, or that it is gone, and says what that does to the test tree.
    pub fn update(&mut self, path: &Utf8Path, facts: Option<Arc<FileFacts>>) -> TreeChange {
        let is_test_file = self.is_test_file(path);
        let facts = match facts {
            // Of a file without tests only what it depends on is ever asked for.
            Some(facts) if !is_test_file => Some(Arc::new(FileFacts {
                definitions: Vec::new(),
                imports: facts.imports.clone(),
                runs_unseen: facts.runs_unseen,
                documents: facts.documents.clone(),
            })),
            facts => facts,
        };
        let uses = |facts: Option<&Arc<FileFacts>>| {
            facts.map(|facts| (facts.imports.clone(), facts.runs_unseen))
        };
        if uses(self.files.get(path)) != uses(facts.as_ref()) {
            self.graph = OnceLock::new();
            self.unseen = OnceLock::new();
        }
        let files = Arc::make_mut(&mut self.files);
        match facts {
            Some(facts) => files.insert(path.to_owned(), facts),
            None => files.remove(path),
        };
        let mut change = TreeChange::default();
        if is_test_file {
            change.files.push((path.to_owned(), self.items_of(path)));
        }
        change
    }

    /// The items of a file, parents before children.
    #[must_use]
    pub fn items_of(&self, path: &Utf8Path) -> Vec<TestItem> {
        match (self.unit_of(path), self.files.get(path)) {
            (Some(unit), Some(facts)) => items::items(self, &self.patterns, path, &unit, facts),
            _ => Vec::new(),
        }
    }

    /// Whether pytest, started without arguments, would look for tests in this file.
    #[must_use]
    pub fn is_test_file(&self, path: &Utf8Path) -> bool {
        self.relative(path).is_some_and(|relative| {
            !self.is_inner(path) && !in_environment(path) && self.patterns.collects(relative)
        })
    }

    /// The unit of a test file; nothing if it is none.
    #[must_use]
    pub fn unit_of(&self, path: &Utf8Path) -> Option<Unit> {
        let relative = self.relative(path)?;
        self.is_test_file(path)
            .then(|| Unit::new(relative.as_str()))
    }

    /// The units, sorted by path.
    pub fn units(&self) -> impl Iterator<Item = Unit> {
        self.files.keys().filter_map(|path| self.unit_of(path))
    }

    /// Every name that a module or package of the workspace folder could be imported by, as far as
    /// its first part goes: what is installed under such a name may be hidden by it.
    #[must_use]
    pub fn module_names(&self) -> BTreeSet<String> {
        let parts = self.files.keys().flat_map(|path| {
            let relative = path.strip_prefix(self.folder()).unwrap_or(path);
            relative
                .components()
                .map(|part| part.as_str().trim_end_matches(".py"))
        });
        parts
            .collect::<BTreeSet<&str>>()
            .into_iter()
            .map(str::to_owned)
            .collect()
    }

    /// Whether a file belongs to a rootdir within this one.
    pub(super) fn is_inner(&self, path: &Utf8Path) -> bool {
        self.layout
            .inner
            .iter()
            .any(|inner| path.starts_with(inner))
    }

    /// The path within the rootdir; nothing for one outside.
    pub(super) fn relative<'p>(&self, path: &'p Utf8Path) -> Option<&'p Utf8Path> {
        path.strip_prefix(self.root()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pytest::testing::{project, projects};

    const TEST: &str = "def test_a(): pass";

    #[track_caller]
    fn check_units(project: &Project, expected: &[&str]) {
        let units: Vec<_> = project.units().map(|unit| unit.to_string()).collect();
        assert_eq!(units, expected);
    }

    #[test]
    fn units_are_what_pytest_would_collect() {
        let files = [
            ("pytest.ini", ""),
            ("test_a.py", TEST),
            ("b_test.py", TEST),
            ("c.py", TEST),
            ("build/test_d.py", TEST),
            (".hidden/test_e.py", TEST),
            ("x/test_f.py", TEST),
        ];
        check_units(&project(&files), &["b_test.py", "test_a.py", "x/test_f.py"]);
        let with = |ini| project(&[&files[1..], &[("pytest.ini", ini)]].concat());
        check_units(&with("[pytest]\ntestpaths = x"), &["x/test_f.py"]);
        check_units(&with("[pytest]\ntestpaths = ?"), &["x/test_f.py"]);
        check_units(&with("[pytest]\npython_files = c.py"), &["c.py"]);
        check_units(&with("[pytest]\npython_files = x/*.py"), &["x/test_f.py"]);
        check_units(
            &with("[pytest]\nnorecursedirs = x"),
            &[
                ".hidden/test_e.py",
                "b_test.py",
                "build/test_d.py",
                "test_a.py",
            ],
        );
        check_units(
            &with("[pytest]\naddopts = --ignore=x --ignore test_a.py"),
            &["b_test.py"],
        );
    }

    #[test]
    fn an_inner_rootdir_has_its_files_to_itself() {
        let projects = projects(&[
            ("pytest.ini", ""),
            ("test_a.py", TEST),
            ("inner/pytest.ini", ""),
            ("inner/test_b.py", TEST),
        ]);
        check_units(&projects[0], &["test_a.py"]);
        check_units(&projects[1], &["test_b.py"]);
    }

    #[test]
    fn a_file_that_is_gone_leaves_no_items() {
        let mut project = project(&[("pytest.ini", ""), ("test_a.py", TEST)]);
        let path = Utf8Path::new("/w/test_a.py");
        assert_eq!(project.items_of(path).len(), 2);
        assert_eq!(
            project.update(path, None).files,
            [(path.to_owned(), Vec::new())]
        );
        check_units(&project, &[]);
    }
}
