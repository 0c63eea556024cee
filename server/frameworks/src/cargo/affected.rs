//! Which packages a changed file affects.
//!
//! The grain is the package: a file belongs to the package whose folder it lies in, and affects
//! that and all that depend on it. Everything in a package's folder counts, not Rust files alone:
//! tests read fixtures, and `include_str!` reads anything. A package outside of the project counts
//! where a package of the project depends on it by its path. A file that the code of a package
//! includes, or names by `#[path]`, is that package's too, wherever it lies. Besides, in the project's folder
//! whatever is neither prose nor a file of an editor or of version control affects everything, and
//! so does, there and in the folders above, what cargo and rustup themselves read.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::Unit;

use super::paths::relative;
use super::project::Project;
use crate::Affected;

/// Whether this file can change what packages and targets there are: a manifest by any change, a
/// Rust file where cargo looks for targets by itself, when it comes or goes.
#[must_use]
pub fn is_structure(path: &Utf8Path) -> bool {
    if path.file_name() == Some("Cargo.toml") {
        return true;
    }
    let folder = |path: &Utf8Path| {
        path.parent()
            .and_then(Utf8Path::file_name)
            .map(str::to_owned)
    };
    let is_target_home = |name: &str| matches!(name, "tests" | "bin" | "examples");
    match (path.file_name(), path.extension()) {
        (Some("lib.rs" | "main.rs"), _) => true,
        (_, Some("rs")) => folder(path).as_deref().is_some_and(is_target_home),
        _ => false,
    }
}

/// Whether cargo writes this file of its own accord when it builds.
#[must_use]
pub fn is_made_by_runs(path: &Utf8Path) -> bool {
    path.file_name() == Some("Cargo.lock")
}

pub(super) fn of(project: &Project, path: &Utf8Path) -> Affected {
    if is_build_input(project, path) {
        let name = relative(project.root(), path);
        return Affected::All(format!("{name} changed"));
    }
    let package = project.package_of(path);
    let foreign = foreign_package(project, path)
        .filter(|folder| package.is_none_or(|package| folder.starts_with(&package.folder)));
    let mut open: Vec<&str> = package.iter().map(|package| &*package.name).collect();
    if let Some(folder) = foreign {
        let dependents = project.packages().iter();
        let dependents = dependents.filter(|package| package.outside.iter().any(|at| at == folder));
        open.extend(dependents.map(|package| &*package.name));
    }
    let readers = project.readers(path);
    open.extend(&readers);
    let changed = match (foreign, package, readers.first()) {
        (Some(folder), _, _) => folder.file_name().unwrap_or(folder.as_str()).to_owned(),
        (None, Some(package), _) => package.name.clone(),
        (None, None, Some(reader)) => match outside(project, path) {
            Affected::All(reason) => return Affected::All(reason),
            _ => (*reader).to_owned(),
        },
        (None, None, None) => return outside(project, path),
    };
    let mut units = BTreeSet::new();
    while let Some(name) = open.pop() {
        if !units.insert(Unit::new(name)) {
            continue;
        }
        let depends = |index: &usize| {
            project
                .packages()
                .get(*index)
                .is_some_and(|package| package.name == name)
        };
        open.extend(
            project
                .packages()
                .iter()
                .filter(|candidate| candidate.depends_on.iter().any(depends))
                .map(|candidate| candidate.name.as_str()),
        );
    }
    let mut reason = match (foreign, package) {
        (Some(_), _) => format!("depends on {changed}"),
        (None, None) => {
            let name = relative(project.root(), path);
            return Affected::Units(units, format!("{name} changed, which {changed} reads"));
        }
        (None, Some(_)) if units.len() == 1 => format!("part of {changed}"),
        (None, Some(_)) => format!("part of or depends on {changed}"),
    };
    if !readers.is_empty() {
        reason.push_str(", or reads this file");
    }
    Affected::Units(units, reason)
}

/// The folder of the package outside of the project that a file lies in, if one of the project
/// depends on it.
fn foreign_package<'p>(project: &'p Project, path: &Utf8Path) -> Option<&'p Utf8Path> {
    project
        .packages()
        .iter()
        .flat_map(|package| &package.outside)
        .filter(|folder| path.starts_with(folder))
        .max_by_key(|folder| folder.as_str().len())
        .map(Utf8PathBuf::as_path)
}

/// What cargo and rustup read besides sources.
fn is_build_input(project: &Project, path: &Utf8Path) -> bool {
    let inside = path.starts_with(project.root());
    let in_cargo_folder = path
        .parent()
        .and_then(Utf8Path::file_name)
        .is_some_and(|name| name == ".cargo");
    match path.file_name().unwrap_or_default() {
        "Cargo.toml" => inside || project.package_of(path).is_some(),
        "Cargo.lock" => path.parent() == Some(project.root()),
        "rust-toolchain" | "rust-toolchain.toml" => {
            // Those of the folders above count as well.
            path.parent()
                .is_some_and(|folder| project.root().starts_with(folder))
        }
        "config.toml" | "config" if in_cargo_folder => path
            .parent()
            .and_then(Utf8Path::parent)
            .is_some_and(|folder| project.root().starts_with(folder) || inside),
        _ => false,
    }
}

fn outside(project: &Project, path: &Utf8Path) -> Affected {
    let Ok(inside) = path.strip_prefix(project.root()) else {
        return Affected::Nothing;
    };
    let hidden = inside
        .components()
        .any(|part| part.as_str().starts_with('.'));
    let prose = matches!(
        path.extension(),
        Some("md" | "markdown" | "rst" | "adoc" | "txt")
    );
    let license = path
        .file_name()
        .is_some_and(|name| name.starts_with("LICENSE") || name.starts_with("COPYING"));
    if hidden || prose || license {
        Affected::Nothing
    } else {
        Affected::All(format!("{inside} changed, which lies in no package"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::detect;
    use super::super::testing::Fixture;
    use super::*;

    fn show(affected: Affected) -> String {
        match affected {
            Affected::Nothing => "nothing".to_owned(),
            Affected::All(reason) => format!("all: {reason}"),
            Affected::Units(units, reason) => {
                let units: Vec<&str> = units.iter().map(Unit::as_str).collect();
                format!("{}: {reason}", units.join(" "))
            }
        }
    }

    fn check(path: &str, expected: &str) {
        let project = Fixture::new(
            "//- Cargo.toml\n[workspace]\nmembers=['a','b','c','d']\n[workspace.dependencies]\na={path='a'}\n//- a/Cargo.toml\n[package]\nname='a'\n//- a/src/lib.rs\n//- b/Cargo.toml\n[package]\nname='b'\n[dependencies]\na.workspace=true\n//- b/src/lib.rs\n//- c/Cargo.toml\n[package]\nname='c'\n[dev-dependencies]\nb={path='../b'}\n//- c/src/lib.rs\n//- d/Cargo.toml\n[package]\nname='d'\n[build-dependencies]\nc={path='../c'}\n//- d/src/lib.rs\n",
        )
        .project();
        let affected = project.affected(&Utf8Path::new("/w").join(path));
        assert_eq!(show(affected), expected, "{path}");
    }

    #[test]
    fn a_package_and_all_that_depend_on_it() {
        check("a/src/lib.rs", "a b c d: part of or depends on a");
        check("b/src/new.rs", "b c d: part of or depends on b");
        check("d/src/lib.rs", "d: part of d");
        check("c/tests/data.json", "c d: part of or depends on c");
    }

    #[test]
    fn what_cargo_reads_affects_everything() {
        for path in [
            "Cargo.toml",
            "b/Cargo.toml",
            "Cargo.lock",
            "rust-toolchain.toml",
            ".cargo/config.toml",
        ] {
            check(path, &format!("all: {path} changed"));
        }
        for path in [
            "/rust-toolchain",
            "/rust-toolchain.toml",
            "/.cargo/config",
            "/.cargo/config.toml",
        ] {
            check(path, &format!("all: {path} changed"));
        }
        check("/Cargo.lock", "nothing");
        check("/config.toml", "nothing");
        check("/elsewhere/.cargo/config.toml", "nothing");
        check("/elsewhere/rust-toolchain", "nothing");
    }

    #[test]
    fn what_cargo_writes_itself() {
        assert!(is_made_by_runs(Utf8Path::new("/w/Cargo.lock")));
        assert!(!is_made_by_runs(Utf8Path::new("/w/Cargo.toml")));
    }

    #[test]
    fn outside_of_the_packages() {
        check("README.md", "nothing");
        check(".github/workflows/ci.yml", "nothing");
        check("LICENSE-MIT", "nothing");
        check(
            "shared/schema.sql",
            "all: shared/schema.sql changed, which lies in no package",
        );
        check("/elsewhere/x.rs", "nothing");
    }

    #[test]
    fn files_that_code_includes_from_elsewhere() {
        let project = Fixture::new(
            "//- Cargo.toml\n[workspace]\nmembers=['a','b','c']\n//- a/Cargo.toml\n[package]\nname='a'\n//- a/src/lib.rs\n#![doc = include_str!(\"../../README.md\")]\ninclude!(\"../../b/src/more.rs\");\n//- b/Cargo.toml\n[package]\nname='b'\n//- b/src/lib.rs\n#[path = \"../../shared/x.rs\"]\nmod x;\n//- b/src/more.rs\nconst T: &str = include_str!(\"deep.txt\");\n//- c/Cargo.toml\n[package]\nname='c'\n[dependencies]\na={path='../a'}\n//- c/src/lib.rs\n//- shared/x.rs\nconst X: &[u8] = include_bytes!(\"../notes.md\");\n",
        )
        .project();
        for (path, expected) in [
            ("README.md", "a c: README.md changed, which a reads"),
            ("notes.md", "b: notes.md changed, which b reads"),
            (
                "b/src/deep.txt",
                "a b c: part of or depends on b, or reads this file",
            ),
            (
                "shared/x.rs",
                "all: shared/x.rs changed, which lies in no package",
            ),
            ("CHANGELOG.md", "nothing"),
        ] {
            let affected = project.affected(&Utf8Path::new("/w").join(path));
            assert_eq!(show(affected), expected, "{path}");
        }
    }

    /// Of the project in `/w/p`, with other packages around it.
    #[test]
    fn path_dependencies_outside_of_the_project() {
        let (projects, _) = detect(
            Utf8Path::new("/w"),
            &Fixture::new(
                "//- p/Cargo.toml\n[workspace]\nmembers=['a','b','c']\nexclude=['out']\n[workspace.dependencies]\nlib={path='../lib'}\n[patch.crates-io]\npatched={path='../patched'}\n//- p/a/Cargo.toml\n[package]\nname='a'\n[dependencies]\nlib.workspace=true\n//- p/a/src/lib.rs\n//- p/b/Cargo.toml\n[package]\nname='b'\n[dependencies]\na={path='../a'}\n//- p/b/src/lib.rs\n//- p/c/Cargo.toml\n[package]\nname='c'\n[dev-dependencies]\nout={path='../out'}\n//- p/c/src/lib.rs\n//- p/out/Cargo.toml\n[package]\nname='out'\n//- p/out/src/lib.rs\n//- lib/Cargo.toml\n[workspace]\n[package]\nname='lib'\n[dependencies]\ndeep.workspace=true\n[workspace.dependencies]\ndeep={path='../deep'}\n//- lib/src/lib.rs\n//- deep/Cargo.toml\n[package]\nname='deep'\n[build-dependencies]\nback={path='../p/c'}\n//- deep/src/lib.rs\n//- patched/Cargo.toml\n[package]\nname='patched'\n//- patched/src/lib.rs\n//- other/Cargo.toml\n[package]\nname='other'\n//- other/src/lib.rs\n",
            ),
        );
        let project = projects
            .iter()
            .find(|project| project.root() == "/w/p")
            .unwrap();
        for (path, expected) in [
            ("lib/src/lib.rs", "a b: depends on lib"),
            ("lib/Cargo.toml", "a b: depends on lib"),
            ("deep/data.txt", "a b: depends on deep"),
            ("patched/src/lib.rs", "a b c: depends on patched"),
            ("p/out/src/lib.rs", "a b c: depends on out"),
            ("p/c/src/lib.rs", "a b c: part of or depends on c"),
            ("other/src/lib.rs", "nothing"),
            ("schema.sql", "nothing"),
            ("Cargo.toml", "nothing"),
        ] {
            let affected = project.affected(&Utf8Path::new("/w").join(path));
            assert_eq!(show(affected), expected, "{path}");
        }
    }
}
