//! From a selection to packages, targets and names.

use std::collections::BTreeSet;

use greenward_core::{ProjectId, Selection, TestId};
use greenward_frameworks::cargo::command::Scope;
use greenward_frameworks::cargo::{Package, Project, Target, TargetKind};

/// What to run of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// The package, by its place in the project.
    package: usize,
    /// The target, by its place in the package.
    target: usize,
    pub(super) paths: Paths,
}

impl Part {
    pub(super) fn package<'a>(&self, project: &'a Project) -> &'a Package {
        &project.packages()[self.package]
    }

    pub(super) fn target<'a>(&self, project: &'a Project) -> &'a Target {
        &self.package(project).targets[self.target]
    }
}

/// Which tests of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Paths {
    All,
    /// These tests, and those in these modules: `tests::four`, `tests`.
    Below(BTreeSet<String>),
}

/// What to run of a project, in cargo's order: documentation tests after all else.
pub(super) fn parts(project: &Project, selection: &Selection, doc_tests: bool) -> Vec<Part> {
    let mut parts = Vec::new();
    for (at, package) in project.packages().iter().enumerate() {
        for (target_at, target) in package.targets.iter().enumerate() {
            let Some((paths, asked)) = wanted(project.id(), package, target, selection) else {
                continue;
            };
            if target.kind == TargetKind::Doc && !doc_tests && !asked {
                continue;
            }
            parts.push(Part {
                package: at,
                target: target_at,
                paths,
            });
        }
    }
    parts.sort_by_key(|part| part.target(project).kind == TargetKind::Doc);
    parts
}

/// What is wanted of a target, and whether it was asked for by itself.
fn wanted(
    project: &ProjectId,
    package: &Package,
    target: &Target,
    selection: &Selection,
) -> Option<(Paths, bool)> {
    let ids = match selection {
        Selection::All => return Some((Paths::All, false)),
        Selection::Units(units) => {
            let all = units.iter().any(|unit| unit.as_str() == package.name);
            return all.then_some((Paths::All, false));
        }
        Selection::Items(ids) => ids,
    };
    let label = greenward_frameworks::cargo::local(package, target);
    let mut below = BTreeSet::new();
    let mut all = false;
    for id in ids {
        let Some(local) = id.local_in(project) else {
            all |= *id == TestId::of_project(project);
            continue;
        };
        if local == label {
            return Some((Paths::All, true));
        }
        all |= local == package.name;
        if let Some(path) = local
            .strip_prefix(&label)
            .and_then(|rest| rest.strip_prefix("::"))
        {
            below.insert(path.to_owned());
        }
    }
    if all {
        Some((Paths::All, false))
    } else {
        (!below.is_empty()).then_some((Paths::Below(below), true))
    }
}

/// The least that cargo must build for these parts.
pub(super) fn scope(project: &Project, selection: &Selection, parts: &[Part]) -> Scope {
    if *selection == Selection::All {
        return Scope::Everything;
    }
    if let [part] = parts {
        let target = part.target(project);
        // What documentation tests need, cargo builds for itself.
        if target.kind != TargetKind::Doc {
            return Scope::Target {
                package: part.package(project).name.clone(),
                kind: target.kind,
                name: target.name.clone(),
            };
        }
    }
    let names: BTreeSet<&str> = parts
        .iter()
        .map(|part| part.package(project).name.as_str())
        .collect();
    if names.len() == project.packages().len() {
        return Scope::Everything;
    }
    Scope::Packages(names.into_iter().map(str::to_owned).collect())
}

/// Whether what was built for one scope has all that another needs.
pub(super) fn covers(built: &Scope, needed: &Scope) -> bool {
    match (built, needed) {
        (Scope::Everything, _) => true,
        (Scope::Packages(built), Scope::Packages(needed)) => {
            needed.iter().all(|package| built.contains(package))
        }
        (Scope::Packages(built), Scope::Target { package, .. }) => built.contains(package),
        (built, needed) => built == needed,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use camino::{Utf8Path, Utf8PathBuf};
    use greenward_core::Unit;
    use greenward_frameworks::Files;

    use super::*;

    /// Two packages: `a` with a library and the integration test `it`, `b` with a library.
    struct Two {
        all: Vec<Utf8PathBuf>,
    }

    impl Files for Two {
        fn all(&self) -> &[Utf8PathBuf] {
            &self.all
        }

        fn read(&self, path: &Utf8Path) -> Option<Arc<str>> {
            Some(match path.as_str() {
                "/w/Cargo.toml" => "[workspace]\nmembers=['a','b']".into(),
                "/w/a/Cargo.toml" => "[package]\nname='a'".into(),
                "/w/b/Cargo.toml" => "[package]\nname='b'".into(),
                _ => "".into(),
            })
        }

        fn exists(&self, path: &Utf8Path) -> bool {
            self.all.iter().any(|file| file == path)
        }
    }

    fn project() -> Project {
        let files = Two {
            all: [
                "/w/Cargo.toml",
                "/w/a/Cargo.toml",
                "/w/a/src/lib.rs",
                "/w/a/tests/it.rs",
                "/w/b/Cargo.toml",
                "/w/b/src/lib.rs",
            ]
            .map(Utf8PathBuf::from)
            .into(),
        };
        let (mut projects, _) = greenward_frameworks::cargo::detect(Utf8Path::new("/w"), &files);
        projects.remove(0)
    }

    fn check(selection: &Selection, doc_tests: bool, expected: &[&str], scope_expected: &Scope) {
        let project = project();
        let parts = parts(&project, selection, doc_tests);
        let shown: Vec<String> = parts
            .iter()
            .map(|part| {
                let label = greenward_frameworks::cargo::local(
                    part.package(&project),
                    part.target(&project),
                );
                match &part.paths {
                    Paths::All => label,
                    Paths::Below(paths) => {
                        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
                        format!("{label}: {}", paths.join(" "))
                    }
                }
            })
            .collect();
        assert_eq!(shown, expected, "{selection:?}");
        assert_eq!(&scope(&project, selection, &parts), scope_expected);
    }

    fn items(ids: &[&str]) -> Selection {
        Selection::Items(ids.iter().map(|id| TestId::parse(id)).collect())
    }

    fn packages(names: &[&str]) -> Scope {
        Scope::Packages(names.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn selections() {
        let everything = ["a/lib", "a/test/it", "b/lib", "a/doc", "b/doc"];
        check(&Selection::All, true, &everything, &Scope::Everything);
        check(&items(&["cargo:."]), true, &everything, &Scope::Everything);
        check(&Selection::All, false, &everything[..3], &Scope::Everything);
        check(
            &Selection::Units(vec![Unit::new("b")]),
            true,
            &["b/lib", "b/doc"],
            &packages(&["b"]),
        );
        check(
            &items(&["cargo:.#b"]),
            false,
            &["b/lib"],
            &Scope::Target {
                package: "b".to_owned(),
                kind: TargetKind::Lib,
                name: "b".to_owned(),
            },
        );
        check(
            &items(&[
                "cargo:.#a/test/it::x",
                "cargo:.#a/test/it::m",
                "cargo:.#a/test/other::x",
            ]),
            true,
            &["a/test/it: m x"],
            &Scope::Target {
                package: "a".to_owned(),
                kind: TargetKind::Test,
                name: "it".to_owned(),
            },
        );
        check(
            &items(&["cargo:.#a/doc::src/lib.rs - x"]),
            false,
            &["a/doc: src/lib.rs - x"],
            &packages(&["a"]),
        );
        check(&items(&["pytest:.#a/lib"]), true, &[], &packages(&[]));
    }

    #[test]
    fn what_a_build_covers() {
        let target = Scope::Target {
            package: "a".to_owned(),
            kind: TargetKind::Lib,
            name: "a".to_owned(),
        };
        for (built, needed, expected) in [
            (&Scope::Everything, &target, true),
            (&packages(&["a", "b"]), &packages(&["a"]), true),
            (&packages(&["a"]), &target, true),
            (&packages(&["b"]), &target, false),
            (&target, &target, true),
            (&target, &packages(&["a"]), false),
            (&packages(&["a"]), &Scope::Everything, false),
        ] {
            assert_eq!(covers(built, needed), expected, "{built:?} {needed:?}");
        }
    }
}
