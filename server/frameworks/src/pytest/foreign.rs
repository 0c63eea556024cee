//! Which files of a rootdir belong to another ecosystem: to a Cargo package, a Node package, a Go
//! module. Tests in Python are not taken to read them.
//!
//! Whoever is nearer has a file: the folder of the other ecosystem's manifest, or a folder with
//! Python in it. In a folder that is both, and in the rootdir itself, only the files that the other
//! ecosystem alone reads are its own.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::detect::in_environment;
use super::project::Project;
use crate::Files;

/// An ecosystem besides Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ecosystem {
    Cargo,
    Node,
    Go,
}

impl Ecosystem {
    /// The ecosystem whose packages have a manifest of this name.
    fn of_manifest(name: &str) -> Option<Self> {
        match name {
            "Cargo.toml" => Some(Ecosystem::Cargo),
            "package.json" => Some(Ecosystem::Node),
            "go.mod" => Some(Ecosystem::Go),
            _ => None,
        }
    }

    /// Whether nobody else reads a file, by its name.
    fn reads_alone(self, path: &Utf8Path) -> bool {
        let name = path.file_name().unwrap_or_default();
        let extension = path.extension().unwrap_or_default();
        match self {
            Ecosystem::Cargo => {
                extension == "rs"
                    || matches!(
                        name,
                        "Cargo.toml" | "Cargo.lock" | "rust-toolchain" | "rust-toolchain.toml"
                    )
                    || matches!(
                        name,
                        "rustfmt.toml" | "clippy.toml" | "deny.toml" | "cbindgen.toml"
                    )
            }
            Ecosystem::Node => {
                matches!(
                    extension,
                    "ts" | "tsx" | "jsx" | "mts" | "cts" | "mjs" | "cjs"
                ) || matches!(
                    name,
                    "package.json" | "package-lock.json" | "yarn.lock" | "pnpm-lock.yaml"
                ) || matches!(name, "pnpm-workspace.yaml" | "bun.lock" | "tsconfig.json")
            }
            Ecosystem::Go => {
                extension == "go" || matches!(name, "go.mod" | "go.sum" | "go.work" | "go.work.sum")
            }
        }
    }

    /// The folder beside the manifest that builds write.
    fn products(self) -> Option<&'static str> {
        match self {
            Ecosystem::Cargo => Some("target"),
            Ecosystem::Node => Some("node_modules"),
            Ecosystem::Go => None,
        }
    }
}

/// Whether this is the manifest of another ecosystem's package.
pub(super) fn is_manifest(name: &str) -> bool {
    Ecosystem::of_manifest(name).is_some()
}

/// The folders of a workspace folder that other ecosystems have a manifest in. Where a Cargo
/// package is a module of Python, or could be loaded as one, none of Cargo's are.
pub(super) fn packages(files: &dyn Files) -> BTreeMap<Utf8PathBuf, Ecosystem> {
    let mut packages = BTreeMap::new();
    let mut is_module = false;
    for path in files.all() {
        let ecosystem = path.file_name().and_then(Ecosystem::of_manifest);
        let (Some(ecosystem), Some(folder)) = (ecosystem, path.parent()) else {
            continue;
        };
        if in_environment(path) {
            continue;
        }
        if ecosystem == Ecosystem::Cargo {
            let text = files.read(path).unwrap_or_default();
            is_module |= text.contains("pyo3") || text.contains("cdylib");
        }
        packages.insert(folder.to_owned(), ecosystem);
    }
    packages.retain(|_, ecosystem| !(is_module && *ecosystem == Ecosystem::Cargo));
    packages
}

impl Project {
    /// Whether a file that is no Python belongs to another ecosystem.
    pub(super) fn is_foreign(&self, path: &Utf8Path) -> bool {
        let inside = |folder: &&Utf8Path| folder.starts_with(self.root());
        for folder in path.ancestors().skip(1).take_while(inside) {
            let ours = folder == self.root() || self.has_python(folder);
            let Some(ecosystem) = self.layout().packages.get(folder) else {
                if ours {
                    return false;
                }
                continue;
            };
            let product = ecosystem.products().is_some_and(|products| {
                let relative = path.strip_prefix(folder).ok();
                relative.is_some_and(|relative| relative.starts_with(products))
            });
            return !ours || product || ecosystem.reads_alone(path);
        }
        false
    }

    /// Whether Python files stand right in a folder.
    fn has_python(&self, folder: &Utf8Path) -> bool {
        self.files()
            .range(folder.to_owned()..)
            .map(|(file, _)| file)
            .take_while(|file| file.starts_with(folder))
            .any(|file| file.parent() == Some(folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Affected;
    use crate::pytest::testing::project;

    #[track_caller]
    fn check(files: &[(&str, &str)], ours: &[&str], foreign: &[&str]) {
        let project = project(files);
        let affects = |path: &&&str| {
            let path = Utf8Path::new("/w").join(path);
            project.affected(&path) != Affected::Nothing
        };
        let all = || ours.iter().chain(foreign);
        let found: Vec<&&str> = all().filter(affects).collect();
        assert_eq!(found, ours.iter().collect::<Vec<_>>());
    }

    #[test]
    fn packages_of_other_ecosystems_are_theirs() {
        check(
            &[
                ("pytest.ini", ""),
                ("tests/test_a.py", "def test_a(): pass"),
                ("crates/one/Cargo.toml", "[package]"),
                ("crates/one/scripts/check.py", ""),
                ("web/package.json", "{}"),
                ("tool/go.mod", "module tool"),
            ],
            &[
                "data.json",
                "crates/notes.json",
                "crates/one/scripts/cases.json",
                "tests/data/lib.rs",
                "tests/data/main.go",
            ],
            &[
                "crates/one/Cargo.toml",
                "crates/one/src/lib.rs",
                "crates/one/tests/data/cases.json",
                "crates/one/target/debug/one.d",
                "web/package.json",
                "web/src/app.css",
                "tool/go.sum",
            ],
        );
    }

    #[test]
    fn in_a_folder_of_both_only_what_python_never_reads_is_theirs() {
        check(
            &[
                ("pytest.ini", ""),
                ("Cargo.toml", "[package]"),
                ("setup.py", ""),
                ("tests/test_a.py", "def test_a(): pass"),
            ],
            &["schema.sql", "static/app.js", "tests/cases.rs"],
            &[
                "Cargo.lock",
                "Cargo.toml",
                "src/main.rs",
                "rust-toolchain.toml",
                "target/debug/app.json",
            ],
        );
        check(
            &[
                ("pytest.ini", ""),
                ("package.json", "{}"),
                ("test_a.py", "def test_a(): pass"),
            ],
            &["static/app.js", "templates/page.html"],
            &["package-lock.json", "src/app.tsx", "package.json"],
        );
    }

    #[test]
    fn rust_that_python_loads_is_no_stranger() {
        for manifest in [
            "[dependencies]\npyo3 = '0.27'",
            "[lib]\ncrate-type = ['cdylib']",
        ] {
            check(
                &[
                    ("pytest.ini", ""),
                    ("tests/test_a.py", "def test_a(): pass"),
                    ("native/Cargo.toml", manifest),
                    ("core/Cargo.toml", "[package]"),
                ],
                &["native/src/lib.rs", "core/src/lib.rs", "core/Cargo.toml"],
                &[],
            );
        }
    }
}
