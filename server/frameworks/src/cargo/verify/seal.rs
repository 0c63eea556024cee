//! The clean room's text of a changed Rust file: the worker's code, the base's tests.

use std::ops::Range;

use camino::Utf8Path;
use tree_sitter::Node;

use super::super::facts;
use super::super::project::Project;
use super::regions::{Item, items, regions};
use super::structure;
use super::tree::parse;
use crate::verify::syntax::{Edit, all, apply, lines, lines_of, whole_lines};
use crate::verify::{AddedTest, Content, Mark, Role, Sealed, unseen_before};

impl Project {
    /// See [`crate::Project::seal`].
    #[must_use]
    pub fn seal(&self, path: &Utf8Path, base: Option<&str>, changed: Option<&str>) -> Sealed {
        match self.role(path) {
            Role::Source | Role::Mixed => source(path, base, changed),
            role => crate::verify::sealed_whole(role, path, base, changed),
        }
    }
}

fn source(path: &Utf8Path, base: Option<&str>, changed: Option<&str>) -> Sealed {
    let Some(changed) = changed else {
        return removed(path, base.unwrap_or_default());
    };
    let base_text = base.unwrap_or_default();
    let (Some(old), Some(new)) = (parse(base_text), parse(changed)) else {
        return Sealed::new(Content::AsBase);
    };
    let mut sealer = Sealer {
        path,
        base: base_text,
        changed,
        edits: Vec::new(),
        sealed: Sealed::new(Content::AsBase),
    };
    sealer.regions(old.root_node(), new.root_node());
    sealer.documentation();
    sealer.structure(old.root_node(), new.root_node());
    let text = apply(changed, &sealer.edits);
    Sealed {
        content: Content::Text(text),
        ..sealer.sealed
    }
}

fn removed(path: &Utf8Path, base: &str) -> Sealed {
    let mut sealed = Sealed::new(Content::Removed);
    let facts = facts::parse(base);
    if let Some(test) = facts.tests.first() {
        let lines = test.range.start.line..=test.range.end.line;
        let what = format!("file with tests removed: {}", test.path);
        sealed.add(path, Mark::breach(lines, what));
    }
    sealed
}

struct Sealer<'a> {
    path: &'a Utf8Path,
    base: &'a str,
    changed: &'a str,
    /// Of the changed text.
    edits: Vec<Edit>,
    sealed: Sealed,
}

impl Sealer<'_> {
    /// Puts the base's own tests in the place of the worker's.
    fn regions(&mut self, base: Node<'_>, changed: Node<'_>) {
        let old = regions(base, self.base);
        let new = regions(changed, self.changed);
        for region in &old {
            let own = &self.base[region.range.clone()];
            match new.iter().find(|other| other.key == region.key) {
                Some(other) => {
                    self.compare(region, other);
                    self.edits.push(Edit::new(other.range.clone(), own));
                }
                None => {
                    self.gone(region);
                    if !region.path.contains("::") {
                        let end = self.changed.len();
                        self.edits.push(Edit::insert(end, format!("\n{own}\n")));
                    }
                }
            }
        }
        for region in &new {
            if !old.iter().any(|other| other.key == region.key) {
                self.added(region);
                let lines = whole_lines(&region.range, self.changed);
                self.edits.push(Edit::new(lines, ""));
            }
        }
    }

    /// Compares a thing for tests with what the worker made of it.
    fn compare(&mut self, base: &Item<'_>, changed: &Item<'_>) {
        if base.attributes != changed.attributes {
            self.breach(changed, "attributes of a test changed");
        }
        if base.tokens(self.base) == changed.tokens(self.changed) {
            return;
        }
        let (Some(old), Some(new)) = (base.module(), changed.module()) else {
            if base.node.kind() == "use_declaration" {
                self.import(changed.node);
            } else if base.is_test {
                self.breach(changed, "test changed");
            } else {
                self.breach(changed, "part of the tests changed");
            }
            return;
        };
        let old = items(old, &base.path, self.base);
        let new = items(new, &changed.path, self.changed);
        for item in &old {
            match new.iter().find(|other| other.key == item.key) {
                Some(other) => self.compare(item, other),
                // New tests need new imports, so these may change.
                None if item.node.kind() == "use_declaration" => self.import(changed.node),
                None => self.gone(item),
            }
        }
        for item in &new {
            if !old.iter().any(|other| other.key == item.key) {
                self.added(item);
            }
        }
    }

    fn breach(&mut self, item: &Item<'_>, what: &str) {
        let lines = lines_of(&item.range, self.changed);
        let what = format!("{what}: {}", item.path);
        self.sealed.add(self.path, Mark::breach(lines, what));
    }

    fn gone(&mut self, item: &Item<'_>) {
        let what = if item.is_test {
            format!("test removed: {}", item.path)
        } else {
            format!("part of the tests removed: {}", item.path)
        };
        let lines = lines_of(&item.range, self.base);
        self.sealed.add(self.path, Mark::breach(lines, what));
    }

    fn import(&mut self, near: Node<'_>) {
        let what = "imports of the tests changed";
        self.sealed.add(self.path, Mark::warning(lines(near), what));
    }

    fn added(&mut self, item: &Item<'_>) {
        let mut open = vec![item.clone()];
        while let Some(item) = open.pop() {
            if item.is_test {
                self.sealed.added_tests.push(AddedTest {
                    file: self.path.to_owned(),
                    name: item.path.clone(),
                    lines: lines_of(&item.range, self.changed),
                });
            } else if let Some(module) = item.module() {
                open.extend(items(module, &item.path, self.changed).into_iter().rev());
            }
        }
    }

    /// Puts the base's documentation tests in the place of those that changed. New ones stay: they
    /// are no targets.
    fn documentation(&mut self) {
        let (old, new) = (Blocks::new(self.base), Blocks::new(self.changed));
        let mut taken = vec![false; new.blocks.len()];
        let mut changed = Vec::new();
        for block in &old.blocks {
            let same = (0..new.blocks.len()).find(|&at| !taken[at] && new.blocks[at].is(block));
            match same {
                Some(at) => taken[at] = true,
                None => changed.push(block),
            }
        }
        for block in changed {
            let other =
                (0..new.blocks.len()).find(|&at| !taken[at] && new.blocks[at].item == block.item);
            let name = if block.item.is_empty() {
                "the file"
            } else {
                &block.item
            };
            if let Some(at) = other {
                taken[at] = true;
                let other = &new.blocks[at];
                let own = &self.base[block.range.clone()];
                self.edits.push(Edit::new(other.range.clone(), own));
                let lines = lines_of(&other.range, self.changed);
                let what = format!("documentation test changed: {name}");
                self.sealed.add(self.path, Mark::breach(lines, what));
            } else {
                let lines = lines_of(&block.range, self.base);
                let what = format!("documentation test removed: {name}");
                self.sealed.add(self.path, Mark::breach(lines, what));
            }
        }
        for (block, taken) in new.blocks.iter().zip(taken) {
            if !taken {
                self.sealed.added_tests.push(AddedTest {
                    file: self.path.to_owned(),
                    name: block.item.clone(),
                    lines: lines_of(&block.range, self.changed),
                });
            }
        }
    }

    fn structure(&mut self, base: Node<'_>, changed: Node<'_>) {
        let old = structure::marks(base, self.base);
        let new = structure::marks(changed, self.changed);
        for mark in unseen_before(&old, new) {
            self.sealed.add(self.path, mark);
        }
        let broken = all(changed, |node| node.is_error() || node.is_missing());
        if let Some(node) = broken.first()
            && !base.has_error()
        {
            let what = "the text does not parse, so what is in it cannot be told apart";
            self.sealed
                .add(self.path, Mark::warning(lines(*node), what));
        }
    }
}

/// The documentation tests of a file.
struct Blocks {
    blocks: Vec<Block>,
}

struct Block {
    item: String,
    /// Whole lines.
    range: Range<usize>,
    /// Its code, without what makes a comment of it.
    code: Vec<String>,
}

impl Block {
    fn is(&self, other: &Block) -> bool {
        self.item == other.item && self.code == other.code
    }
}

impl Blocks {
    fn new(text: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        let start = |line: u32| {
            let line = usize::try_from(line).unwrap_or(usize::MAX);
            starts.get(line).copied().unwrap_or(text.len())
        };
        let blocks = facts::parse(text)
            .docs
            .into_iter()
            .map(|doc| {
                let range = start(doc.range.start.line)..start(doc.range.end.line + 1);
                let plain = |line: &str| {
                    let line = line.trim();
                    let marks = ["///", "//!", "*"];
                    let inside = marks.iter().find_map(|mark| line.strip_prefix(mark));
                    inside.unwrap_or(line).trim().to_owned()
                };
                Block {
                    code: text[range.clone()].lines().map(plain).collect(),
                    item: doc.item,
                    range,
                }
            })
            .collect();
        Self { blocks }
    }
}

#[cfg(test)]
mod tests;
