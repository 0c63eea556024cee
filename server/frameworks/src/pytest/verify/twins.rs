//! Twins of Python tests, and files without some of their tests.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::TestId;
use tree_sitter::Node;

use super::super::plan::file_of;
use super::super::project::Project;
use super::assertions::Assertions;
use super::tree::{decorators, find, parse, place, whole};
use crate::Files;
use crate::verify::syntax::{Edit, apply, around, indentation, named, text_of, whole_lines};
use crate::verify::{Copy, Planting, Random, Rejected, Twin, TwinKind, Twins};

impl Project {
    /// See [`crate::Project::twins`].
    #[must_use]
    pub fn twins(
        &self,
        targets: &[TestId],
        files: &dyn Files,
        random: &mut dyn FnMut() -> u64,
    ) -> Twins {
        let mut random = Random::new(random);
        let mut twins = Twins::default();
        let mut by_file: Vec<(Utf8PathBuf, Vec<&TestId>)> = Vec::new();
        for target in targets {
            let path = self.root().join(file_of(local(self, target)));
            match by_file.iter_mut().find(|(file, _)| *file == path) {
                Some((_, ids)) => ids.push(target),
                None => by_file.push((path, vec![target])),
            }
        }
        for (path, ids) in by_file {
            let text = files.read(&path);
            let tree = text.as_deref().and_then(parse);
            let (Some(text), Some(tree)) = (text, tree) else {
                let reason = "its file cannot be read".to_owned();
                let without = ids.into_iter().map(|id| (id.clone(), reason.clone()));
                twins.without.extend(without);
                continue;
            };
            random.learn(&text);
            let mut file = File {
                project: self,
                root: tree.root_node(),
                text: &text,
                random: &mut random,
                planting: Planting::new(&text),
                twins: &mut twins,
            };
            file.plant(&ids);
            let planted = file.planting.finish(&path);
            twins.files.push(planted);
        }
        twins
    }

    /// See [`crate::Project::without`].
    #[must_use]
    pub fn without(&self, _path: &Utf8Path, text: &str, tests: &[TestId]) -> Option<String> {
        let tree = parse(text)?;
        let root = tree.root_node();
        let mut removed: Vec<Node<'_>> = Vec::new();
        for test in tests {
            let local = local(self, test);
            // A case is no text of its own.
            let path = function_path(local).filter(|path| local.ends_with(path))?;
            let definition = whole(find(root, text, path)?);
            let shares_line = indentation(definition.start_byte(), text).is_none();
            if shares_line {
                return None;
            }
            if !removed.contains(&definition) {
                removed.push(definition);
            }
        }
        let mut edits = Vec::new();
        let mut filled = BTreeSet::new();
        for definition in &removed {
            let range = definition.byte_range();
            let lines = whole_lines(&range, text);
            // Something must be left of a block.
            let keeps = definition.parent().is_some_and(|parent| {
                parent.kind() == "module"
                    || named(parent)
                        .iter()
                        .any(|other| other.kind() != "comment" && !removed.contains(other))
            });
            let parent = definition.parent().map(|parent| parent.id());
            if keeps || !filled.insert(parent) {
                edits.push(Edit::new(lines, ""));
            } else {
                edits.push(Edit::new(range, "pass"));
            }
        }
        Some(apply(text, &edits))
    }
}

/// One file on its way to having twins.
struct File<'a, 'n, 'r> {
    project: &'a Project,
    root: Node<'n>,
    text: &'a str,
    random: &'a mut Random<'r>,
    planting: Planting<'a>,
    twins: &'a mut Twins,
}

impl<'n> File<'_, 'n, '_> {
    fn plant(&mut self, targets: &[&TestId]) {
        let mut seen = BTreeSet::new();
        for &target in targets {
            // Cases of one test have their twins in common.
            let path = function_path(local(self.project, target)).unwrap_or_default();
            if !seen.insert(path) {
                continue;
            }
            if let Err(rejected) = self.target(target, path) {
                let reason = rejected.reason().to_owned();
                self.twins.without.push((target.clone(), reason));
            }
        }
        if let Some(&first) = targets.first() {
            self.canary(first);
        }
    }

    fn target(&mut self, target: &TestId, path: &str) -> Result<(), Rejected> {
        let function = find(self.root, self.text, path).ok_or(Rejected::NotFound)?;
        if function.kind() != "function_definition" {
            return Err(Rejected::NotATest);
        }
        let place = place(function, self.text).ok_or(Rejected::SharesItsLine)?;
        if self.is_skipped(function) {
            return Err(Rejected::Skipped);
        }
        if self.knows_its_name(function) {
            return Err(Rejected::KnowsItsName);
        }
        let own_name = path.rsplit("::").next().unwrap_or(path);
        let mut assertions = Assertions {
            root: self.root,
            text: self.text,
            random: &mut *self.random,
        };
        let alterations = assertions.of(function);
        let is_empty = alterations.is_empty();
        let mut copies = Vec::new();
        let faithful = (Vec::new(), TwinKind::Faithful, "a copy of it".to_owned());
        let mut helpers = Vec::new();
        let mut kinds = vec![faithful];
        for alteration in alterations {
            helpers.extend(alteration.helper);
            kinds.push((alteration.edits, TwinKind::Altered, alteration.what));
        }
        for (edits, kind, what) in kinds {
            let Some(name) = self.test_name(own_name) else {
                return Err(Rejected::NotATest);
            };
            self.twins.twins.push(Twin {
                id: self.beside(target, &name),
                of: target.clone(),
                kind,
                what,
            });
            copies.push(Copy {
                place: place.clone(),
                name,
                edits,
            });
        }
        self.planting.copies(helpers);
        self.planting.copies(copies);
        if is_empty {
            return Err(Rejected::NoAssertion);
        }
        Ok(())
    }

    fn canary(&mut self, first: &TestId) {
        let path = function_path(local(self.project, first)).unwrap_or_default();
        let own_name = path.rsplit("::").next().unwrap_or(path);
        // Pytest itself must collect it, which may not do so by the names of a unittest.
        let by_pytest = self.project.patterns().is_function(own_name);
        let like = if by_pytest { own_name } else { "test_it" };
        let Some(name) = self.test_name(like) else {
            return;
        };
        self.planting
            .at_end(&format!("\n\ndef {name}():\n    assert False\n"));
        let file = file_of(local(self.project, first));
        self.twins.twins.push(Twin {
            id: TestId::new(self.project.id(), &format!("{file}::{name}")),
            of: first.clone(),
            kind: TwinKind::Canary,
            what: "fails whatever the code does".to_owned(),
        });
    }

    /// The id of a copy by this name.
    fn beside(&self, target: &TestId, name: &str) -> TestId {
        let local = local(self.project, target);
        let file = file_of(local);
        let path = function_path(local).unwrap_or_default();
        let path = match path.rsplit_once("::") {
            Some((class, _)) => format!("{file}::{class}::{name}"),
            None => format!("{file}::{name}"),
        };
        TestId::new(self.project.id(), &path)
    }

    /// A new name that is collected where a test by the name `like` is.
    fn test_name(&mut self, like: &str) -> Option<String> {
        let name = self.random.name(like);
        let patterns = self.project.patterns();
        // Otherwise it is unittest that collects it.
        let by_pytest = patterns.is_function(like);
        if patterns.is_function(&name) || !by_pytest && name.starts_with("test") {
            return Some(name);
        }
        let options = self.project.options().python_functions.iter();
        options
            .flat_map(|option| {
                let parted = option.trim_end_matches('_');
                [option.replace('*', &name), format!("{parted}_{name}")]
            })
            .find(|name| patterns.is_function(name) && is_identifier(name))
    }

    /// Whether a decorator of the function or of a class around it keeps it from failing.
    fn is_skipped(&self, function: Node<'n>) -> bool {
        let definitions = std::iter::once(function)
            .chain(around(function).filter(|node| node.kind() == "class_definition"));
        let by_decorator = definitions.flat_map(decorators).any(|decorator| {
            let text = text_of(decorator, self.text);
            let name = text.split('(').next().unwrap_or(text).trim_end();
            ["skip", "xfail", "expectedFailure"]
                .contains(&name.rsplit(['.', '@']).next().unwrap_or(name).trim())
        });
        by_decorator
            || named(self.root).iter().any(|statement| {
                let text = text_of(*statement, self.text);
                text.starts_with("pytestmark")
                    && (text.contains("mark.skip(") || text.contains("xfail"))
            })
    }

    /// Whether it would do something else under another name: snapshots are kept by the name.
    fn knows_its_name(&self, function: Node<'n>) -> bool {
        let by_parameter = function
            .child_by_field_name("parameters")
            .is_some_and(|parameters| {
                named(parameters).iter().any(|parameter| {
                    let name = text_of(*parameter, self.text);
                    let name = name.split([':', '=']).next().unwrap_or(name).trim();
                    name.contains("snapshot")
                        || name.ends_with("_regression")
                        || matches!(name, "golden" | "benchmark")
                })
            });
        let text = text_of(function, self.text);
        let own_name = function
            .child_by_field_name("name")
            .map_or("", |name| text_of(name, self.text));
        let body = function
            .child_by_field_name("body")
            .map_or("", |body| text_of(body, self.text));
        by_parameter
            || body
                .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                .any(|word| word == own_name)
            || [
                "request.node",
                "request.function",
                "_testMethodName",
                "self.id()",
                "PYTEST_CURRENT_TEST",
            ]
            .iter()
            .any(|word| text.contains(word))
    }
}

fn local<'i>(project: &Project, id: &'i TestId) -> &'i str {
    id.local_in(project.id()).unwrap_or_default()
}

/// The path of a test in its file, without its case: `TestX::test_y`.
fn function_path(local: &str) -> Option<&str> {
    let path = local.strip_prefix(file_of(local))?.strip_prefix("::")?;
    Some(path.split('[').next().unwrap_or(path))
}

fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests;
