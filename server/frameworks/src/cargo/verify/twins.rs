//! Twins of Rust tests, and files without some of their tests.

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{Position, TestId};
use tree_sitter::Node;

use super::super::facts;
use super::super::project::Project;
use super::assertions::Assertions;
use super::tree::{attribute_name, attributes, functions, is_test, parse, place};
use crate::Files;
use crate::verify::syntax::{Edit, apply, text_of, whole_lines};
use crate::verify::{Copy, Place, Planting, Random, Rejected, Twin, TwinKind, Twins};

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
        let mut by_file: Vec<(Utf8PathBuf, Vec<Target<'_>>)> = Vec::new();
        for id in targets {
            let Some(place) = self.place_of(id) else {
                let reason = Rejected::NotFound.reason().to_owned();
                twins.without.push((id.clone(), reason));
                continue;
            };
            let target = Target {
                id,
                function: place.function,
                local: place.local,
            };
            match by_file.iter_mut().find(|(file, _)| file == place.file) {
                Some((_, targets)) => targets.push(target),
                None => by_file.push((place.file.to_owned(), vec![target])),
            }
        }
        for (path, targets) in by_file {
            let text = files.read(&path);
            let tree = text.as_deref().and_then(parse);
            let (Some(text), Some(tree)) = (text, tree) else {
                let reason = "its file cannot be read".to_owned();
                let without = targets.iter().map(|it| (it.id.clone(), reason.clone()));
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
                planted: Vec::new(),
            };
            file.plant(&targets);
            // Where tests are left out, what only they use is not.
            file.planting.at_start("#![allow(unused)]\n");
            if !file.planted.is_empty() {
                let planted = file.planting.finish(&path);
                twins.files.push(planted);
            }
        }
        twins
    }

    /// See [`crate::Project::without`].
    #[must_use]
    pub fn without(&self, path: &Utf8Path, text: &str, tests: &[TestId]) -> Option<String> {
        let facts = facts::parse(text);
        let mut edits: Vec<Edit> = Vec::new();
        for test in tests {
            let function = self.function_in(path, &facts, test)?;
            let range = facts.range_of(&function)?;
            let range = byte(text, range.start)?..byte(text, range.end)?;
            let lines = whole_lines(&range, text);
            let is_alone = text[lines.start..range.start].trim().is_empty()
                && text[range.end..lines.end].trim().is_empty();
            let edit = Edit::new(if is_alone { lines } else { range }, "");
            if !edits.contains(&edit) {
                edits.push(edit);
            }
        }
        Some(apply(text, &edits))
    }
}

fn byte(text: &str, position: Position) -> Option<usize> {
    let line = usize::try_from(position.line).ok()?;
    let column = usize::try_from(position.column).ok()?;
    let start = match line.checked_sub(1) {
        None => 0,
        Some(before) => text.match_indices('\n').nth(before)?.0 + 1,
    };
    Some(start + column).filter(|&at| text.is_char_boundary(at))
}

/// A test that gets twins.
struct Target<'i> {
    id: &'i TestId,
    /// The path of its function in its file.
    function: String,
    /// The local id of its function.
    local: String,
}

/// The twins of one function.
struct Planted {
    function: String,
    /// The ids of the modules that they stand in: a file may be more than one.
    modules: Vec<String>,
    twins: Vec<(String, TwinKind, String)>,
}

/// One file on its way to having twins.
struct File<'a, 'n, 'r> {
    project: &'a Project,
    root: Node<'n>,
    text: &'a str,
    random: &'a mut Random<'r>,
    planting: Planting<'a>,
    twins: &'a mut Twins,
    planted: Vec<Planted>,
}

impl File<'_, '_, '_> {
    fn plant(&mut self, targets: &[Target<'_>]) {
        for target in targets {
            let known = self
                .planted
                .iter()
                .position(|planted| planted.function == target.function);
            let at = match known {
                Some(at) => at,
                None => match self.function(target) {
                    Ok(planted) => {
                        self.planted.push(planted);
                        self.planted.len() - 1
                    }
                    Err(rejected) => {
                        let reason = rejected.reason().to_owned();
                        self.twins.without.push((target.id.clone(), reason));
                        continue;
                    }
                },
            };
            self.name(target, at);
        }
    }

    /// Says what the twins of a function are called as what the target is in.
    fn name(&mut self, target: &Target<'_>, at: usize) {
        let Some(planted) = self.planted.get_mut(at) else {
            return;
        };
        let module = target
            .local
            .rsplit_once("::")
            .map_or("", |(above, _)| above);
        let module = module.to_owned();
        // Cases of one test have their twins in common.
        if planted.modules.contains(&module) {
            return;
        }
        for (name, kind, what) in &planted.twins {
            self.twins.twins.push(Twin {
                id: TestId::new(self.project.id(), &format!("{module}::{name}")),
                of: target.id.clone(),
                kind: *kind,
                what: what.clone(),
            });
        }
        if !planted
            .twins
            .iter()
            .any(|(_, kind, _)| *kind == TwinKind::Altered)
        {
            let reason = Rejected::NoAssertion.reason().to_owned();
            self.twins.without.push((target.id.clone(), reason));
        }
        planted.modules.push(module);
    }

    fn function(&mut self, target: &Target<'_>) -> Result<Planted, Rejected> {
        let candidates = functions(self.root, self.text, &target.function);
        let function = match candidates[..] {
            [function] if is_test(function, self.text) => function,
            [_] => return Err(Rejected::NotATest),
            // The text has a test by this name all the same.
            [] if facts::parse(self.text).range_of(&target.function).is_some() => {
                return Err(Rejected::InMacro);
            }
            _ => return Err(Rejected::NotFound),
        };
        let place = place(function, self.text).ok_or(Rejected::SharesItsLine)?;
        if attributes(function)
            .into_iter()
            .any(|attribute| attribute_name(attribute, self.text) == "ignore")
        {
            return Err(Rejected::Skipped);
        }
        let body = text_of(function, self.text);
        // Snapshots are kept by the test's name.
        let own_path = format!("::{}\"", &self.text[place.name.clone()]);
        if body.contains("_snapshot!")
            || body.contains("thread::current()")
            || body.contains(&own_path)
        {
            return Err(Rejected::KnowsItsName);
        }
        let mut assertions = Assertions {
            root: self.root,
            text: self.text,
            random: &mut *self.random,
        };
        let alterations = assertions.of(function);
        let mut helpers = Vec::new();
        let mut copies = Vec::new();
        let mut twins = Vec::new();
        let mut kinds = vec![(Vec::new(), TwinKind::Faithful, "a copy of it".to_owned())];
        for alteration in alterations {
            helpers.extend(alteration.helper);
            kinds.push((alteration.edits, TwinKind::Altered, alteration.what));
        }
        for (edits, kind, what) in kinds {
            let name = self.random.name(&self.text[place.name.clone()]);
            copies.push(Copy {
                place: place.clone(),
                name: name.clone(),
                edits,
            });
            twins.push((name, kind, what));
        }
        self.planting.copies(helpers);
        self.planting.copies(copies);
        if self.planted.is_empty() {
            twins.push(self.canary(&place));
        }
        Ok(Planted {
            function: target.function.clone(),
            modules: Vec::new(),
            twins,
        })
    }

    /// A test that must fail, behind the first that gets twins.
    fn canary(&mut self, place: &Place) -> (String, TwinKind, String) {
        let name = self.random.name(&self.text[place.name.clone()]);
        // Something imported may be called `test` as well.
        let attribute = if self.text.contains("::test;") || self.text.contains("::test,") {
            "::core::prelude::v1::test"
        } else {
            "test"
        };
        let indent = &place.indent;
        self.planting.behind(
            place,
            &format!("#[{attribute}]\n{indent}fn {name}() {{\n{indent}    panic!();\n{indent}}}"),
        );
        (
            name,
            TwinKind::Canary,
            "fails whatever the code does".to_owned(),
        )
    }
}

#[cfg(test)]
mod tests;
