//! Which pytest rootdirs a workspace folder has.
//!
//! A folder whose files configure pytest is a rootdir. Test files that are in none belong to the
//! nearest folder that looks like a Python project, else to the outermost folder with a
//! `conftest.py`, else to the workspace folder.
//!
//! Where one rootdir lies in another, the inner one has its files to itself. That is what
//! `pytest` started in the inner folder does; started in the outer one it would collect them under
//! the outer configuration too, and each test would be there twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::Problem;

use super::config::{self, CONFIG_FILES, Options};
use super::foreign;
use super::project::{Layout, Project};
use crate::Files;

/// Finds the pytest rootdirs of a workspace folder, outer before inner, and what is wrong with
/// their configuration.
#[must_use]
pub fn detect(folder: &Utf8Path, files: &dyn Files) -> (Vec<Project>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut roots = configured(files, &mut problems);
    for root in unconfigured(folder, files, &roots) {
        roots.insert(root, Options::default());
    }
    let packages = Arc::new(foreign::packages(files));
    let all: Vec<Utf8PathBuf> = roots.keys().cloned().collect();
    let projects = roots.into_iter().map(|(root, options)| {
        let inner = all
            .iter()
            .filter(|other| other.starts_with(&root) && **other != root);
        let pyproject = files.read(&root.join("pyproject.toml"));
        Project::new(Layout {
            folder: folder.to_owned(),
            inner: inner.cloned().collect(),
            packages: packages.clone(),
            poetry_name: pyproject.and_then(|text| config::poetry_name(&text)),
            options,
            root,
        })
    });
    (projects.collect(), problems)
}

/// Whether a change to this file can change which rootdirs there are, or their options.
#[must_use]
pub fn is_structure(path: &Utf8Path) -> bool {
    path.file_name().is_some_and(|name| {
        CONFIG_FILES.contains(&name)
            || is_marker(name)
            || foreign::is_manifest(name)
            || name == "conftest.py"
    })
}

/// The folders whose files configure pytest.
fn configured(files: &dyn Files, problems: &mut Vec<Problem>) -> BTreeMap<Utf8PathBuf, Options> {
    let rank = |path: &Utf8Path| {
        CONFIG_FILES
            .iter()
            .position(|&name| Some(name) == path.file_name())
    };
    let mut candidates: Vec<(&Utf8Path, usize, &Utf8Path)> = files
        .all()
        .iter()
        .filter(|path| !in_environment(path))
        .filter_map(|path| Some((path.parent()?, rank(path)?, path.as_path())))
        .collect();
    candidates.sort_unstable();
    let mut roots: BTreeMap<Utf8PathBuf, Options> = BTreeMap::new();
    for (root, _, path) in candidates {
        if roots.contains_key(root) {
            continue;
        }
        let Some(text) = files.read(path) else {
            continue;
        };
        match config::read(path, &text) {
            Ok(Some(options)) => {
                roots.insert(root.to_owned(), options);
            }
            Ok(None) => {}
            // A broken file is pytest's business where the file can only be meant for it, or says so.
            Err(problem) if rank(path) < Some(4) || text.contains("pytest") => {
                problems.push(*problem);
                roots.entry(root.to_owned()).or_default();
            }
            Err(_) => {}
        }
    }
    roots
}

/// The rootdirs of test files that no configuration claims.
fn unconfigured(
    folder: &Utf8Path,
    files: &dyn Files,
    configured: &BTreeMap<Utf8PathBuf, Options>,
) -> BTreeSet<Utf8PathBuf> {
    let beside = |wanted: fn(&str) -> bool| -> BTreeSet<&Utf8Path> {
        let named = |path: &&Utf8PathBuf| path.file_name().is_some_and(wanted);
        files
            .all()
            .iter()
            .filter(named)
            .filter_map(|path| path.parent())
            .collect()
    };
    let packages = beside(is_package_marker);
    let markers = beside(is_marker);
    let conftests = beside(|name| name == "conftest.py");
    let mut roots = BTreeSet::new();
    let looks_like_tests = |path: &&Utf8PathBuf| {
        path.file_name().is_some_and(is_test_name)
            && !in_environment(path)
            && !path
                .ancestors()
                .skip(1)
                .any(|above| configured.contains_key(above))
    };
    for path in files.all().iter().filter(looks_like_tests) {
        let above = || {
            path.ancestors()
                .skip(1)
                .take_while(|above| above.starts_with(folder))
        };
        let root = above()
            .find(|above| packages.contains(above))
            .or_else(|| above().find(|above| markers.contains(above) && !is_tests_folder(above)))
            .or_else(|| above().filter(|above| conftests.contains(above)).last())
            .unwrap_or(folder);
        if !roots.contains(root) && files.read(path).is_some_and(|text| defines_tests(&text)) {
            roots.insert(root.to_owned());
        }
    }
    roots
}

/// Files that a Python package has at its top.
fn is_package_marker(name: &str) -> bool {
    matches!(name, "pyproject.toml" | "setup.py" | "setup.cfg")
}

/// Files that a Python project has at its top, package or not.
fn is_marker(name: &str) -> bool {
    is_package_marker(name)
        || matches!(name, "tox.ini" | "Pipfile" | "uv.lock" | "poetry.lock")
        || (name.starts_with("requirements") && name.ends_with(".txt"))
}

fn is_tests_folder(path: &Utf8Path) -> bool {
    matches!(path.file_name(), Some("tests" | "test" | "testing"))
}

fn is_test_name(name: &str) -> bool {
    name.strip_suffix(".py")
        .is_some_and(|stem| stem.starts_with("test_") || stem.ends_with("_test"))
}

fn defines_tests(text: &str) -> bool {
    ["def test", "import pytest", "TestCase", "class Test"]
        .iter()
        .any(|sign| text.contains(sign))
}

/// Whether a path lies in what a package manager has put there.
pub(super) fn in_environment(path: &Utf8Path) -> bool {
    path.components().any(|part| {
        matches!(
            part.as_str(),
            "site-packages" | "node_modules" | "__pycache__"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pytest::testing::Tree;

    #[track_caller]
    fn check(files: &[(&str, &str)], expected: &[&str]) {
        let tree = Tree::new(files);
        let (projects, problems) = detect(Utf8Path::new("/w"), &tree);
        let ids: Vec<_> = projects
            .iter()
            .map(|project| project.id().as_str().to_owned())
            .collect();
        assert_eq!(ids, expected);
        assert_eq!(problems, []);
    }

    const TEST: &str = "def test_a(): pass";

    #[test]
    fn configured_folders_are_rootdirs() {
        check(&[("pytest.ini", "")], &["pytest:."]);
        check(
            &[("a/pyproject.toml", "[tool.pytest.ini_options]")],
            &["pytest:a"],
        );
        check(&[("pyproject.toml", "[project]\nname='x'")], &[]);
        check(
            &[
                ("services/a/pytest.ini", ""),
                ("services/b/tox.ini", "[pytest]"),
                ("pytest.ini", ""),
            ],
            &["pytest:.", "pytest:services/a", "pytest:services/b"],
        );
    }

    #[test]
    fn test_files_without_configuration_find_their_project() {
        check(
            &[
                ("a/pyproject.toml", ""),
                ("a/tests/test_x.py", TEST),
                ("b/setup.py", ""),
                ("b/x_test.py", TEST),
            ],
            &["pytest:a", "pytest:b"],
        );
        check(
            &[
                ("requirements.txt", ""),
                ("tests/requirements.txt", ""),
                ("tests/test_x.py", TEST),
            ],
            &["pytest:."],
        );
        check(
            &[
                ("a/conftest.py", ""),
                ("a/b/conftest.py", ""),
                ("a/b/test_x.py", TEST),
            ],
            &["pytest:a"],
        );
        check(&[("x/y/test_x.py", TEST)], &["pytest:."]);
        check(&[("test_x.py", "print('no test here')")], &[]);
        check(
            &[
                ("pytest.ini", ""),
                ("a/pyproject.toml", ""),
                ("a/test_x.py", TEST),
            ],
            &["pytest:."],
        );
        check(&[("venv/lib/site-packages/x/test_x.py", TEST)], &[]);
    }

    #[test]
    fn broken_configuration_is_a_problem_and_still_a_rootdir() {
        let tree = Tree::new(&[("pyproject.toml", "[tool.pytest\n"), ("test_a.py", TEST)]);
        let (projects, problems) = detect(Utf8Path::new("/w"), &tree);
        assert_eq!(projects.len(), 1);
        let location = problems[0].location.as_ref().expect("a place");
        assert_eq!(
            (location.file.as_str(), location.range.start.line),
            ("/w/pyproject.toml", 0)
        );
    }
}
