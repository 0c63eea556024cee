//! From the facts of a file to its test items: what pytest would collect, as far as the text tells.
//!
//! What only running tells (parameter cases, tests that are made by calls, classes from other
//! files) comes later, from pytest's own listing.

use std::collections::BTreeMap;

use camino::Utf8Path;
use greenward_core::{ItemKind, Range, TestId, TestItem, Unit};

use super::facts::{Class, Definition, FileFacts};
use super::patterns::Patterns;
use super::project::Project;

/// The items of a file, parents before children; none if it has no tests.
pub(super) fn items(
    project: &Project,
    patterns: &Patterns,
    path: &Utf8Path,
    unit: &Unit,
    facts: &FileFacts,
) -> Vec<TestItem> {
    let classes = facts
        .definitions
        .iter()
        .filter_map(|definition| Some((definition.name.as_str(), definition.class.as_ref()?)))
        .collect();
    let mut collector = Collector {
        project,
        patterns,
        path,
        unit,
        classes,
        items: Vec::new(),
    };
    let file = collector.push(None, ItemKind::File, unit.as_str(), unit.as_str(), None);
    let members = facts.definitions.iter().collect();
    collector.members(&file, unit.as_str(), members, Style::Pytest, 0);
    if collector.items.len() == 1 {
        collector.items.clear();
    }
    collector.items
}

/// By whose rules a class is collected.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Pytest,
    Unittest,
}

struct Collector<'f> {
    project: &'f Project,
    patterns: &'f Patterns,
    path: &'f Utf8Path,
    unit: &'f Unit,
    /// The classes at module level, by name, for bases that stand in the same file.
    classes: BTreeMap<&'f str, &'f Class>,
    items: Vec<TestItem>,
}

/// Deeper nesting, of classes or of bases, is a loop or a joke.
const MAX_DEPTH: usize = 30;

impl<'f> Collector<'f> {
    fn members(
        &mut self,
        parent: &TestId,
        local: &str,
        members: Vec<&'f Definition>,
        style: Style,
        depth: usize,
    ) {
        for definition in without_redefined(members) {
            let local = format!("{local}::{}", definition.name);
            match &definition.class {
                None if self.is_test(&definition.name, style) => {
                    let ranges = Some((definition.range, definition.name_range));
                    self.push(
                        Some(parent),
                        ItemKind::Test,
                        &local,
                        &definition.name,
                        ranges,
                    );
                }
                Some(class) if style == Style::Pytest && depth < MAX_DEPTH => {
                    self.class(parent, &local, definition, class, depth);
                }
                _ => {}
            }
        }
    }

    fn class(
        &mut self,
        parent: &TestId,
        local: &str,
        definition: &'f Definition,
        class: &'f Class,
        depth: usize,
    ) {
        let lineage = self.lineage(class);
        let unittest = lineage
            .iter()
            .any(|class| class.bases.iter().any(|base| base.ends_with("TestCase")));
        let flag = lineage.iter().find_map(|class| class.test_flag);
        let collected = match (flag, unittest) {
            (Some(flag), _) => flag,
            (None, true) => true,
            (None, false) => {
                self.patterns.is_class(&definition.name)
                    && !lineage.iter().any(|class| class.has_constructor)
            }
        };
        if !collected {
            return;
        }
        let style = if unittest {
            Style::Unittest
        } else {
            Style::Pytest
        };
        let ranges = Some((definition.range, definition.name_range));
        let before = self.items.len();
        let suite = self.push(
            Some(parent),
            ItemKind::Suite,
            local,
            &definition.name,
            ranges,
        );
        // Bases first, so that what a class defines itself takes their place.
        let members = lineage
            .iter()
            .rev()
            .flat_map(|class| &class.members)
            .collect();
        self.members(&suite, local, members, style, depth + 1);
        if self.items.len() == before + 1 {
            self.items.truncate(before);
        }
    }

    /// A class and its bases in the same file, the class itself first.
    fn lineage(&self, class: &'f Class) -> Vec<&'f Class> {
        let mut lineage = vec![class];
        let mut next = 0;
        while let Some(class) = lineage.get(next).copied().filter(|_| next < MAX_DEPTH) {
            let bases = class
                .bases
                .iter()
                .filter_map(|base| self.classes.get(base.as_str()));
            lineage.extend(bases.filter(|base| !std::ptr::eq(**base, class)));
            next += 1;
        }
        lineage
    }

    fn is_test(&self, name: &str, style: Style) -> bool {
        match style {
            Style::Pytest => self.patterns.is_function(name),
            Style::Unittest => name.starts_with("test"),
        }
    }

    fn push(
        &mut self,
        parent: Option<&TestId>,
        kind: ItemKind,
        local: &str,
        label: &str,
        ranges: Option<(Range, Range)>,
    ) -> TestId {
        let project = self.project.id();
        let id = TestId::new(project, local);
        self.items.push(TestItem {
            id: id.clone(),
            parent: Some(
                parent
                    .cloned()
                    .unwrap_or_else(|| TestId::of_project(project)),
            ),
            project: project.clone(),
            unit: Some(self.unit.clone()),
            kind,
            label: label.to_owned(),
            file: Some(self.path.to_owned()),
            range: ranges.map(|(range, _)| range),
            name_range: ranges.map(|(_, name)| name),
        });
        id
    }
}

/// The definitions that are left when a later one has taken the place of an earlier one by the
/// same name.
fn without_redefined(definitions: Vec<&Definition>) -> Vec<&Definition> {
    let last: BTreeMap<&str, usize> = definitions
        .iter()
        .enumerate()
        .map(|(at, d)| (d.name.as_str(), at))
        .collect();
    definitions
        .iter()
        .enumerate()
        .filter(|(at, definition)| last.get(definition.name.as_str()) == Some(at))
        .map(|(_, definition)| *definition)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pytest::testing::project;

    #[track_caller]
    fn check(ini: &str, text: &str, expected: &[&str]) {
        let project = project(&[("pytest.ini", ini), ("test_a.py", text)]);
        let items = project.items_of(Utf8Path::new("/w/test_a.py"));
        let shown: Vec<_> = items
            .iter()
            .skip(1)
            .map(|item| {
                item.id
                    .local_in(project.id())
                    .unwrap_or_default()
                    .trim_start_matches("test_a.py::")
            })
            .collect();
        assert_eq!(shown, expected, "of\n{text}");
        for item in &items[..] {
            let parent = item.parent.as_ref().expect("a parent");
            let known = items.iter().any(|other| other.id == *parent);
            assert!(
                known || *parent == TestId::of_project(project.id()),
                "parent of {}",
                item.id
            );
        }
    }

    #[test]
    fn names_decide() {
        check(
            "",
            "def test_a(): pass\ndef helper(): pass\nclass TestB:\n  def test_c(self): pass\n  def x(self): pass\nclass B:\n  def test_d(self): pass",
            &["test_a", "TestB", "TestB::test_c"],
        );
        check(
            "[pytest]\npython_functions = check_* *_spec\npython_classes = *Suite",
            "def check_a(): pass\ndef b_spec(): pass\ndef test_c(): pass\nclass ASuite:\n  def check_d(self): pass",
            &["check_a", "b_spec", "ASuite", "ASuite::check_d"],
        );
        check("", "class TestEmpty: pass\nx = 1", &[]);
    }

    #[test]
    fn classes_that_pytest_leaves_out() {
        check(
            "",
            "class TestA:\n  def __init__(self): pass\n  def test_x(self): pass",
            &[],
        );
        check(
            "",
            "class TestA:\n  __test__ = False\n  def test_x(self): pass\nclass Odd:\n  __test__ = True\n  def test_x(self): pass",
            &["Odd", "Odd::test_x"],
        );
    }

    #[test]
    fn unittest_has_its_own_rules() {
        check(
            "",
            "class A(unittest.TestCase):\n  def testX(self): pass\n  def check(self): pass\n  class TestInner:\n    def test_no(self): pass",
            &["A", "A::testX"],
        );
        check(
            "[pytest]\npython_functions = check",
            "class A(DjangoTestCase):\n  def test_x(self): pass",
            &["A", "A::test_x"],
        );
    }

    #[test]
    fn bases_in_the_same_file_are_followed() {
        check(
            "",
            "class Base(TestCase):\n  def test_a(self): pass\nclass B(Base):\n  def test_b(self): pass\n  def test_a(self): pass",
            &["Base", "Base::test_a", "B", "B::test_b", "B::test_a"],
        );
        check(
            "",
            "class Mixin:\n  def test_a(self): pass\nclass TestB(Mixin): pass",
            &["TestB", "TestB::test_a"],
        );
        check(
            "",
            "class TestA(TestB): pass\nclass TestB(TestA):\n  def test_x(self): pass",
            &["TestA", "TestA::test_x", "TestB", "TestB::test_x"],
        );
    }

    #[test]
    fn the_last_definition_of_a_name_stands() {
        check(
            "",
            "def test_a(): pass\ndef test_b(): pass\ndef test_a(): pass",
            &["test_b", "test_a"],
        );
    }
}
