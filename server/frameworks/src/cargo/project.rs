//! A Cargo project: its packages, its files' facts, and the test items that follow.

use std::collections::BTreeSet;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{ProjectId, TestId, TestItem};

use super::affected;
use super::facts::FileFacts;
use super::items;
use super::modules::{KnownFacts, Modules, TargetRef};
use super::package::{Package, Target, TargetKind};
use crate::{Affected, TreeChange};

/// A Cargo workspace, or a package that is in none: one target folder, one lock, one build.
#[derive(Debug, Clone)]
pub struct Project {
    id: ProjectId,
    workspace: Utf8PathBuf,
    root: Utf8PathBuf,
    packages: Vec<Package>,
    facts: KnownFacts,
    modules: Modules,
}

/// Where a test stands.
pub(super) struct TestPlace<'p> {
    pub(super) file: &'p Utf8Path,
    /// The path of its function in the file: `tests::four`.
    pub(super) function: String,
    /// The local id of its function.
    pub(super) local: String,
}

impl Project {
    pub(super) fn new(
        id: ProjectId,
        workspace: &Utf8Path,
        root: &Utf8Path,
        packages: Vec<Package>,
    ) -> Self {
        let mut modules = Modules::default();
        for (package, of) in packages.iter().enumerate() {
            for (target, built) in of.targets.iter().enumerate() {
                let is_doc = built.kind == TargetKind::Doc;
                modules.add_root(TargetRef { package, target }, is_doc, &built.root);
            }
        }
        Self {
            id,
            workspace: workspace.to_owned(),
            root: root.to_owned(),
            packages,
            facts: KnownFacts::new(),
            modules,
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

    /// Its folder, absolute.
    #[must_use]
    pub fn root(&self) -> &Utf8Path {
        &self.root
    }

    /// The workspace folder that it was found in, absolute.
    #[must_use]
    pub fn workspace_folder(&self) -> &Utf8Path {
        &self.workspace
    }

    /// Its packages, in the order of their folders.
    #[must_use]
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// The items that stand in no source file: the project, its packages, their targets.
    #[must_use]
    pub fn fixed_items(&self) -> Vec<TestItem> {
        items::fixed(self)
    }

    /// Whether [`update`](Self::update) wants the facts of this file.
    #[must_use]
    pub fn wants(&self, path: &Utf8Path) -> bool {
        path.extension() == Some("rs")
            && (path.starts_with(&self.root) || self.package_of(path).is_some())
    }

    /// Takes the facts of a file, or that it is gone, and says what that does to the test tree.
    pub fn update(&mut self, path: &Utf8Path, facts: Option<Arc<FileFacts>>) -> TreeChange {
        match facts {
            Some(facts) => self.facts.insert(path.to_owned(), facts),
            None => self.facts.remove(path),
        };
        let touched = self.modules.update(path, &self.facts);
        let files = touched
            .into_iter()
            .map(|file| {
                let items = self.items_of(&file);
                (file, items)
            })
            .collect();
        TreeChange { files }
    }

    /// The items of a file, as far as it is known.
    #[must_use]
    pub fn items_of(&self, file: &Utf8Path) -> Vec<TestItem> {
        let nothing = FileFacts::default();
        let facts = self.facts.get(file).map_or(&nothing, |facts| facts);
        self.modules
            .mounts(file)
            .iter()
            .flat_map(|mount| items::of_file(self, file, facts, mount))
            .collect()
    }

    /// Every item of the project that stands in a file.
    pub fn all_items(&self) -> impl Iterator<Item = TestItem> {
        self.facts.keys().flat_map(|file| self.items_of(file))
    }

    /// Whether a file holds tests of any kind, as far as it is known.
    pub(super) fn has_tests(&self, file: &Utf8Path) -> bool {
        self.facts
            .get(file)
            .is_some_and(|facts| !facts.tests.is_empty() || !facts.docs.is_empty())
    }

    /// Whether a file is a module, but only of tests.
    pub(super) fn is_module_of_tests(&self, file: &Utf8Path) -> bool {
        self.modules.is_tests_only(file, &self.facts)
    }

    /// Where a test stands. Of a case (`four::case_1`) it is where its function does.
    pub(super) fn place_of(&self, id: &TestId) -> Option<TestPlace<'_>> {
        let local = id.local_in(&self.id)?;
        let mut found = None;
        for (file, facts) in &self.facts {
            for mount in self.modules.mounts(file) {
                let Some((package, target)) = self.target(mount.target) else {
                    continue;
                };
                let root = items::local(package, target);
                for test in &facts.tests {
                    let path = items::join(mount.path, &test.path);
                    let rest = local
                        .strip_prefix(root.as_str())
                        .and_then(|rest| rest.strip_prefix("::"))
                        .and_then(|rest| rest.strip_prefix(path.as_str()));
                    let place = || TestPlace {
                        file,
                        function: test.path.clone(),
                        local: format!("{root}::{path}"),
                    };
                    match rest {
                        Some("") => return Some(place()),
                        Some(case) if case.starts_with("::") => found = Some(place()),
                        _ => {}
                    }
                }
            }
        }
        found
    }

    /// The path of a test's function in a text of this file, which may be another than the project
    /// knows. A case is no text of its own.
    pub(super) fn function_in(
        &self,
        path: &Utf8Path,
        facts: &FileFacts,
        id: &TestId,
    ) -> Option<String> {
        let local = id.local_in(&self.id)?;
        for mount in self.modules.mounts(path) {
            let Some((package, target)) = self.target(mount.target) else {
                continue;
            };
            let root = items::local(package, target);
            let known = facts.tests.iter().find(|test| {
                let path = items::join(mount.path, &test.path);
                local
                    .strip_prefix(root.as_str())
                    .and_then(|rest| rest.strip_prefix("::"))
                    .is_some_and(|rest| rest == path)
            });
            if let Some(test) = known {
                return Some(test.path.clone());
            }
        }
        None
    }

    /// Which units a change to this file affects.
    #[must_use]
    pub fn affected(&self, path: &Utf8Path) -> Affected {
        affected::of(self, path)
    }

    /// The package that a file lies in.
    #[must_use]
    pub fn package_of(&self, path: &Utf8Path) -> Option<&Package> {
        self.packages
            .iter()
            .filter(|package| path.starts_with(&package.folder))
            .max_by_key(|package| package.folder.as_str().len())
    }

    /// The packages whose code a file is part of from outside their folders: as a module that
    /// `#[path]` names, or as what a file of theirs includes.
    pub(super) fn readers(&self, path: &Utf8Path) -> BTreeSet<&str> {
        let mut readers = BTreeSet::new();
        let mut seen = BTreeSet::new();
        // What is included may include more.
        let mut open = vec![path.to_owned()];
        while let Some(file) = open.pop() {
            let mounts = self.modules.mounts(&file).into_iter();
            let mounted = mounts.filter_map(|mount| self.packages.get(mount.target.package));
            let own = self.package_of(&file).filter(|_| file != path);
            readers.extend(mounted.chain(own).map(|package| package.name.as_str()));
            open.extend(self.includers(&file).map(Utf8Path::to_owned));
            seen.insert(file);
            open.retain(|file| !seen.contains(file));
        }
        if let Some(package) = self.package_of(path) {
            readers.remove(package.name.as_str());
        }
        readers
    }

    /// The files that include a file when they are compiled.
    fn includers(&self, file: &Utf8Path) -> impl Iterator<Item = &Utf8Path> {
        let includes = move |(includer, facts): &(&Utf8PathBuf, &Arc<FileFacts>)| {
            let package = self.package_of(includer).map(|package| &*package.folder);
            let package = package.unwrap_or(&self.root);
            let mut included = facts.included.iter();
            included.any(|included| included.path(includer, package) == file)
        };
        self.facts
            .iter()
            .filter(|(_, facts)| !facts.included.is_empty())
            .filter(includes)
            .map(|(includer, _)| includer.as_path())
    }

    pub(super) fn target(&self, at: TargetRef) -> Option<(&Package, &Target)> {
        let package = self.packages.get(at.package)?;
        Some((package, package.targets.get(at.target)?))
    }

    /// A target by its package's name and its [label](Target::label).
    #[must_use]
    pub fn find_target(&self, package: &str, label: &str) -> Option<(&Package, &Target)> {
        let package = self
            .packages
            .iter()
            .find(|candidate| candidate.name == package)?;
        let target = package
            .targets
            .iter()
            .find(|target| target.label() == label)?;
        Some((package, target))
    }
}

#[cfg(test)]
mod tests {
    use super::super::facts::parse;
    use super::super::testing::Fixture;
    use super::*;

    const PACKAGE: &str = "//- Cargo.toml\n[package]\nname='a'\nedition='2024'\n";

    fn ids(project: &Project, items: impl IntoIterator<Item = TestItem>) -> Vec<String> {
        items
            .into_iter()
            .map(|item| {
                item.id
                    .local_in(project.id())
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    }

    fn check(files: &str, expected: &[&str]) {
        let project = Fixture::new(&format!("{PACKAGE}{files}")).project();
        let found: BTreeSet<String> = ids(&project, project.all_items()).into_iter().collect();
        let expected: BTreeSet<String> = expected.iter().map(|&id| id.to_owned()).collect();
        assert_eq!(found, expected);
        // Every parent is there.
        let mut known: BTreeSet<_> = project.all_items().map(|item| item.id).collect();
        known.extend(project.fixed_items().into_iter().map(|item| item.id));
        for item in project.all_items().chain(project.fixed_items()) {
            assert!(
                item.parent.is_none_or(|parent| known.contains(&parent)),
                "{}",
                item.id
            );
        }
    }

    #[test]
    fn modules_in_files_of_their_own() {
        check(
            "//- src/lib.rs\nmod a;\nmod b;\nmod empty;\n//- src/a.rs\nmod deep;\n#[cfg(test)] mod tests;\n//- src/a/deep.rs\n#[test] fn t() {}\n//- src/a/tests.rs\n#[test] fn u() {}\n//- src/b/mod.rs\nmod c;\n//- src/b/c.rs\nmod tests { #[test] fn v() {} }\n//- src/empty.rs\nfn f() {}\n//- src/unseen.rs\n#[test] fn no() {}\n",
            &[
                "a/lib::a",
                "a/lib::a::deep",
                "a/lib::a::deep::t",
                "a/lib::a::tests",
                "a/lib::a::tests::u",
                "a/lib::b",
                "a/lib::b::c",
                "a/lib::b::c::tests",
                "a/lib::b::c::tests::v",
            ],
        );
    }

    #[test]
    fn modules_at_other_paths() {
        check(
            "//- src/lib.rs\n#[path = \"../odd/x.rs\"]\nmod a;\nmod inline {\n mod y;\n #[path=\"p.rs\"] mod z;\n}\n//- odd/x.rs\nmod below;\n//- odd/below.rs\n#[test] fn t() {}\n//- src/inline/y.rs\n#[test] fn u() {}\n//- src/inline/p.rs\n#[test] fn v() {}\n",
            &[
                "a/lib::a",
                "a/lib::a::below",
                "a/lib::a::below::t",
                "a/lib::inline",
                "a/lib::inline::y",
                "a/lib::inline::y::u",
                "a/lib::inline::z",
                "a/lib::inline::z::v",
            ],
        );
    }

    #[test]
    fn one_file_in_several_targets() {
        check(
            "//- src/lib.rs\nmod shared;\n//- src/main.rs\nmod shared;\n//- src/shared.rs\n#[test] fn s() {}\n//- tests/one.rs\nmod common;\n#[test] fn t() {}\n//- tests/two.rs\nmod common;\n//- tests/common/mod.rs\n#[test] fn c() {}\n",
            &[
                "a/bin/a::shared",
                "a/bin/a::shared::s",
                "a/lib::shared",
                "a/lib::shared::s",
                "a/test/one::common",
                "a/test/one::common::c",
                "a/test/one::t",
                "a/test/two::common",
                "a/test/two::common::c",
            ],
        );
    }

    #[test]
    fn a_module_that_holds_itself_comes_to_an_end() {
        check(
            "//- src/lib.rs\n#[path = \"lib.rs\"]\nmod me;\nmod a;\n//- src/a.rs\n#[path = \"a.rs\"]\nmod a;\n#[path = \"lib.rs\"]\nmod up;\n#[test] fn t() {}\n",
            &["a/lib::a", "a/lib::a::t"],
        );
    }

    #[test]
    fn documentation_tests_keep_their_names() {
        check(
            "//- src/lib.rs\n//! ```\n//! ```\n/// ```\n/// ```\n/// ```\n/// ```\npub fn f() {}\nmod inner;\n#[cfg(test)]\nmod tests;\n//- src/inner.rs\n//! ```\n//! ```\n\n/// ```\n/// ```\npub fn g() {}\n//- src/tests.rs\n/// ```\n/// ```\nfn no() {}\n",
            &[
                "a/doc::src/inner.rs - inner",
                "a/doc::src/inner.rs - inner::g",
                "a/doc::src/lib.rs -",
                "a/doc::src/lib.rs - f",
                "a/doc::src/lib.rs - f #2",
            ],
        );
    }

    #[test]
    fn a_target_without_harness_is_one_test() {
        let project = Fixture::new(&format!(
            "{PACKAGE}[[test]]\nname='own'\nharness=false\n//- tests/own.rs\n#[test] fn no() {{}}\n"
        ))
        .project();
        let fixed = project.fixed_items();
        assert_eq!(ids(&project, fixed.clone()), ["", "a", "a/test/own"]);
        assert_eq!(fixed[2].kind, greenward_core::ItemKind::Test);
        assert_eq!(project.all_items().count(), 0);
    }

    /// The files of a change, each with the ids of its items.
    fn change(project: &mut Project, file: &str, text: Option<&str>) -> Vec<(String, Vec<String>)> {
        let facts = text.map(|text| Arc::new(parse(text)));
        let change = project.update(Utf8Path::new(file), facts);
        change
            .files
            .into_iter()
            .map(|(file, items)| (file.into_string(), ids(project, items)))
            .collect()
    }

    #[test]
    fn a_change_tells_of_every_file_that_it_changes() {
        let mut project = Fixture::new(&format!(
            "{PACKAGE}//- src/lib.rs\nmod a;\n//- src/a.rs\nmod b;\n//- src/a/b.rs\n#[test] fn t() {{}}\n"
        ))
        .project();
        let b = |ids: &[&str]| {
            let ids = ids.iter().map(|&id| id.to_owned()).collect::<Vec<_>>();
            ("/w/src/a/b.rs".to_owned(), ids)
        };
        let a = |ids: &[&str]| {
            let ids = ids.iter().map(|&id| id.to_owned()).collect::<Vec<_>>();
            ("/w/src/a.rs".to_owned(), ids)
        };
        let lib = ("/w/src/lib.rs".to_owned(), Vec::new());
        // Nothing above changes while there are tests below.
        assert_eq!(
            change(&mut project, "/w/src/a/b.rs", Some("#[test] fn u() {}")),
            [b(&["a/lib::a::b", "a/lib::a::b::u"])]
        );
        // The last test goes, and with it the modules above; the first one brings them back.
        assert_eq!(
            change(&mut project, "/w/src/a/b.rs", None),
            [lib.clone(), a(&[]), b(&[])]
        );
        assert_eq!(
            change(&mut project, "/w/src/a/b.rs", Some("#[test] fn t() {}")),
            [
                lib.clone(),
                a(&["a/lib::a"]),
                b(&["a/lib::a::b", "a/lib::a::b::t"])
            ]
        );
        // A declaration goes and comes, and with it the file that it names.
        assert_eq!(
            change(&mut project, "/w/src/a.rs", Some("")),
            [lib.clone(), a(&[]), b(&[])]
        );
        assert_eq!(
            change(&mut project, "/w/src/a.rs", Some("mod b;")),
            [lib, a(&["a/lib::a"]), b(&["a/lib::a::b", "a/lib::a::b::t"])]
        );
    }
}
