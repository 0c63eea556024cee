//! Which packages belong together, found as cargo finds them.
//!
//! The rules: <https://doc.rust-lang.org/cargo/reference/workspaces.html>. A package that lies in a
//! workspace's folder and is neither its member nor excluded is no project: cargo refuses it. So is
//! one below a manifest that cannot be read.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use globset::GlobBuilder;
use greenward_core::{Framework, Problem, ProjectId};

use super::manifest::{Manifest, PathDependency, Workspace};
use super::package::{Package, targets};
use super::paths::{normalized, relative};
use super::project::Project;
use crate::Files;

/// Finds the Cargo projects of a workspace folder, outer before inner, and the manifests that
/// cannot be read.
#[must_use]
pub fn detect(folder: &Utf8Path, files: &dyn Files) -> (Vec<Project>, Vec<Problem>) {
    let (manifests, problems) = Manifests::read(files);
    let projects = manifests
        .roots()
        .map(|root| {
            let id = ProjectId::new(Framework::Cargo, &relative(folder, root));
            Project::new(id, folder, root, manifests.packages(root, files))
        })
        .filter(|project| !project.packages().is_empty())
        .collect();
    (projects, problems)
}

/// Every manifest of the workspace folder, by its folder.
struct Manifests {
    good: BTreeMap<Utf8PathBuf, Manifest>,
    bad: BTreeSet<Utf8PathBuf>,
}

impl Manifests {
    fn read(files: &dyn Files) -> (Self, Vec<Problem>) {
        let mut manifests = Manifests {
            good: BTreeMap::new(),
            bad: BTreeSet::new(),
        };
        let mut problems = Vec::new();
        for file in files.all() {
            if file.file_name() != Some("Cargo.toml") {
                continue;
            }
            let (Some(folder), Some(text)) = (file.parent(), files.read(file)) else {
                continue;
            };
            match Manifest::parse(file, &text) {
                Ok(manifest) => {
                    manifests.good.insert(folder.to_owned(), manifest);
                }
                Err(problem) => {
                    manifests.bad.insert(folder.to_owned());
                    problems.push(problem);
                }
            }
        }
        (manifests, problems)
    }

    fn workspace(&self, folder: &Utf8Path) -> Option<&Workspace> {
        self.good.get(folder)?.workspace.as_ref()
    }

    /// The folders of workspaces and of packages that are in none.
    fn roots(&self) -> impl Iterator<Item = &Utf8Path> {
        self.good.keys().map(Utf8PathBuf::as_path).filter(|folder| {
            self.workspace(folder).is_some() || self.governor(folder) == Governor::Nobody
        })
    }

    /// Who decides about a package that is no workspace itself.
    fn governor(&self, folder: &Utf8Path) -> Governor {
        let named = self
            .good
            .get(folder)
            .and_then(|manifest| manifest.package.as_ref()?.workspace.as_ref());
        if let Some(named) = named {
            return Governor::Workspace(normalized(&folder.join(named)));
        }
        for above in folder.ancestors().skip(1) {
            if self.bad.contains(above) {
                return Governor::Unreadable;
            }
            if let Some(workspace) = self.workspace(above)
                && !is_excluded(workspace, above, folder)
            {
                return Governor::Workspace(above.to_owned());
            }
        }
        Governor::Nobody
    }

    /// The packages of the project at `root`, in the order of their folders.
    fn packages(&self, root: &Utf8Path, files: &dyn Files) -> Vec<Package> {
        let folders: Vec<Utf8PathBuf> = self
            .members(root)
            .into_iter()
            .filter(|folder| {
                self.good
                    .get(folder)
                    .is_some_and(|manifest| manifest.package.is_some())
            })
            .collect();
        let mut packages = Vec::new();
        for folder in &folders {
            let Some(manifest) = self.good.get(folder) else {
                continue;
            };
            let Some(package) = &manifest.package else {
                continue;
            };
            let (depends_on, outside) = self.needs(root, folder, &folders);
            packages.push(Package {
                name: package.name.clone(),
                folder: folder.clone(),
                targets: targets(folder, manifest, files),
                depends_on,
                outside,
            });
        }
        packages
    }

    /// What the package in `folder` depends on, through packages outside of the project too: the
    /// project's own by their place in `members`, which is sorted, and the folders of the others.
    fn needs(
        &self,
        root: &Utf8Path,
        folder: &Utf8Path,
        members: &[Utf8PathBuf],
    ) -> (Vec<usize>, Vec<Utf8PathBuf>) {
        let (mut own, mut others) = (BTreeSet::new(), BTreeSet::new());
        let mut open = self.dependencies(root, folder);
        // Which package a patch reaches, only cargo can tell.
        open.extend(self.good.get(root).into_iter().flat_map(|manifest| {
            let paths = manifest.patch_paths();
            paths.map(|path| normalized(&root.join(path)))
        }));
        while let Some(dependency) = open.pop() {
            if let Ok(place) = members.binary_search(&dependency) {
                own.insert(place);
            } else if others.insert(dependency.clone()) {
                let root = match self.governor(&dependency) {
                    Governor::Workspace(root) if self.workspace(&dependency).is_none() => root,
                    _ => dependency.clone(),
                };
                open.extend(self.dependencies(&root, &dependency));
            }
        }
        (own.into_iter().collect(), others.into_iter().collect())
    }

    /// The folders of a workspace's members: those that it names, its own package, and whatever
    /// of its folder these depend on.
    fn members(&self, root: &Utf8Path) -> BTreeSet<Utf8PathBuf> {
        let mut open = vec![root.to_owned()];
        if let Some(workspace) = self.workspace(root) {
            open.extend(
                self.good
                    .keys()
                    .filter(|folder| is_named(workspace, root, folder))
                    .cloned(),
            );
        }
        let mut members = BTreeSet::new();
        while let Some(folder) = open.pop() {
            if !members.insert(folder.clone()) || self.workspace(root).is_none() {
                continue;
            }
            let dependencies = self.dependencies(root, &folder);
            open.extend(dependencies.into_iter().filter(|dependency| {
                self.workspace(dependency).is_none()
                    && self.governor(dependency) == Governor::Workspace(root.to_owned())
            }));
        }
        members
    }

    /// The folders that the package in `folder` depends on.
    fn dependencies(&self, root: &Utf8Path, folder: &Utf8Path) -> Vec<Utf8PathBuf> {
        let Some(manifest) = self.good.get(folder) else {
            return Vec::new();
        };
        manifest
            .path_dependencies()
            .filter_map(|dependency| match dependency {
                PathDependency::Here(path) => Some(normalized(&folder.join(path))),
                PathDependency::InWorkspace(name) => {
                    let shared = self.workspace(root)?.dependencies.get(name)?;
                    Some(normalized(&root.join(shared.path()?)))
                }
            })
            .collect()
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Governor {
    /// The package stands alone.
    Nobody,
    /// The workspace at this folder.
    Workspace(Utf8PathBuf),
    /// A manifest above it cannot be read, so cargo will not build it.
    Unreadable,
}

/// An exclusion takes a folder with all below it, unless a member is named there in so many words.
fn is_excluded(workspace: &Workspace, root: &Utf8Path, folder: &Utf8Path) -> bool {
    let covers = |path: &String| folder.starts_with(normalized(&root.join(path)));
    workspace.exclude.iter().any(covers) && !workspace.members.iter().any(covers)
}

fn is_named(workspace: &Workspace, root: &Utf8Path, folder: &Utf8Path) -> bool {
    let named = workspace.members.iter().any(|member| {
        if !member.contains(['*', '?', '[']) {
            return normalized(&root.join(member)) == folder;
        }
        let Ok(inside) = folder.strip_prefix(root) else {
            return false;
        };
        GlobBuilder::new(member.trim_start_matches("./").trim_end_matches('/'))
            .literal_separator(true)
            .build()
            .is_ok_and(|glob| glob.compile_matcher().is_match(inside))
    });
    named && !is_excluded(workspace, root, folder)
}

#[cfg(test)]
mod tests {
    use super::super::testing::Fixture;
    use super::*;

    /// Each project with its packages, each package with its targets, beside what is expected.
    fn check(files: &str, expected: &[&str]) {
        let (projects, problems) = detect(Utf8Path::new("/w"), &Fixture::new(files));
        assert_eq!(problems, []);
        let mut found = Vec::new();
        for project in &projects {
            for package in project.packages() {
                let targets: Vec<String> = package
                    .targets
                    .iter()
                    .map(|target| {
                        let flag = if target.harness { "" } else { "!" };
                        format!("{}{flag}", target.label())
                    })
                    .collect();
                let targets = targets.join(" ");
                found.push(format!("{} {}: {targets}", project.id(), package.name));
            }
        }
        assert_eq!(found, expected);
    }

    #[test]
    fn a_lone_package() {
        check(
            "//- Cargo.toml\n[package]\nname='a-b'\nedition='2024'\n//- src/lib.rs\n//- src/main.rs\n//- src/bin/t.rs\n//- src/bin/u/main.rs\n//- src/bin/u/part.rs\n//- tests/it.rs\n//- tests/dir/main.rs\n//- tests/common/mod.rs\n//- examples/e.rs\n//- benches/b.rs\n",
            &["cargo:. a-b: lib bin/a-b bin/t bin/u test/dir test/it doc"],
        );
    }

    #[test]
    fn declared_targets() {
        check(
            "//- Cargo.toml\n[package]\nname='a'\nedition='2024'\nautotests=false\n[lib]\npath='lib/x.rs'\ndoctest=false\nname='other'\n[[test]]\nname='it'\n[[test]]\nname='own'\nharness=false\n[[test]]\nname='far'\npath='else/far.rs'\n[[test]]\nname='off'\ntest=false\n[[example]]\nname='e'\ntest=true\n[[bin]]\nname='t'\ntest=false\n//- lib/x.rs\n//- tests/it.rs\n//- tests/own.rs\n//- tests/unseen.rs\n//- tests/off.rs\n//- else/far.rs\n//- examples/e.rs\n//- examples/f.rs\n//- src/bin/t.rs\n",
            &["cargo:. a: lib test/it test/own! test/far example/e"],
        );
    }

    #[test]
    fn a_macro_library_is_a_library() {
        check(
            "//- Cargo.toml\n[package]\nname='m'\nedition='2024'\n[lib]\nproc-macro=true\n//- src/lib.rs\n",
            &["cargo:. m: lib doc"],
        );
    }

    #[test]
    fn the_first_edition_finds_nothing_beside_declared_targets() {
        check(
            "//- Cargo.toml\n[package]\nname='a'\n[[test]]\nname='one'\n//- tests/one.rs\n//- tests/two.rs\n//- src/lib.rs\n",
            &["cargo:. a: lib test/one doc"],
        );
    }

    #[test]
    fn a_virtual_workspace_with_globs_exclusions_and_path_dependencies() {
        check(
            "//- Cargo.toml\n[workspace]\nmembers=['crates/*']\nexclude=['crates/out']\ndefault-members=['crates/a']\n//- crates/a/Cargo.toml\n[package]\nname='a'\n[dependencies]\nhidden={path='../../hidden'}\n//- crates/a/src/lib.rs\n//- crates/b/Cargo.toml\n[package]\nname='b'\n//- crates/b/src/main.rs\n//- crates/out/Cargo.toml\n[package]\nname='out'\n//- crates/out/src/lib.rs\n//- crates/b/fixtures/odd/Cargo.toml\n[package]\nname='odd'\n//- crates/b/fixtures/odd/src/lib.rs\n//- hidden/Cargo.toml\n[package]\nname='hidden'\n//- hidden/src/lib.rs\n",
            &[
                "cargo:. a: lib doc",
                "cargo:. b: bin/b",
                "cargo:. hidden: lib doc",
                "cargo:crates/out out: lib doc",
            ],
        );
    }

    #[test]
    fn a_workspace_within_a_workspace_and_several_beside() {
        check(
            "//- x/Cargo.toml\n[workspace]\n[package]\nname='x'\n//- x/src/lib.rs\n//- x/inner/Cargo.toml\n[workspace]\nmembers=['m']\n//- x/inner/m/Cargo.toml\n[package]\nname='m'\n//- x/inner/m/src/lib.rs\n//- y/Cargo.toml\n[package]\nname='y'\n//- y/src/lib.rs\n",
            &[
                "cargo:x x: lib doc",
                "cargo:x/inner m: lib doc",
                "cargo:y y: lib doc",
            ],
        );
    }

    #[test]
    fn a_member_can_name_its_workspace() {
        check(
            "//- a/Cargo.toml\n[package]\nname='a'\nworkspace='../ws'\n//- a/src/lib.rs\n//- ws/Cargo.toml\n[workspace]\nmembers=['../a']\n",
            &["cargo:ws a: lib doc"],
        );
    }

    #[test]
    fn a_broken_manifest_is_a_problem_and_the_others_are_still_found() {
        let files = Fixture::new(
            "//- bad/Cargo.toml\n[package]\nname=\n//- bad/sub/Cargo.toml\n[package]\nname='sub'\n//- bad/sub/src/lib.rs\n//- good/Cargo.toml\n[package]\nname='good'\n//- good/src/lib.rs\n",
        );
        let (projects, problems) = detect(Utf8Path::new("/w"), &files);
        let ids: Vec<&str> = projects
            .iter()
            .map(|project| project.id().as_str())
            .collect();
        assert_eq!(ids, ["cargo:good"]);
        let place = problems[0].location.clone().unwrap();
        assert_eq!(
            (place.file.as_str(), place.range.start.line),
            ("/w/bad/Cargo.toml", 1)
        );
    }
}
