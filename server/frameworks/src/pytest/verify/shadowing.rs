//! Modules that would take the place of the standard library's or of pytest's own.

use std::collections::HashSet;
use std::sync::LazyLock;

use camino::{Utf8Path, Utf8PathBuf};

use super::super::project::Project;
use super::super::python::{FORKSERVER, PLUGIN};

static STANDARD: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lines = include_str!("stdlib.txt").lines();
    lines.filter(|line| !line.starts_with('#')).collect()
});

/// What pytest and its usual plugins consist of and import.
const PYTEST: [&str; 18] = [
    "pytest",
    "_pytest",
    "py",
    "pluggy",
    "iniconfig",
    "packaging",
    "pygments",
    "exceptiongroup",
    "tomli",
    "colorama",
    "typing_extensions",
    "hypothesis",
    "_hypothesis_pytestplugin",
    "coverage",
    "xdist",
    "execnet",
    "mock",
    "setuptools",
];

/// Whose module one by this name would hide, if it stood where imports are looked up.
#[must_use]
pub fn shadowing(name: &str) -> Option<&'static str> {
    let is_ours = name == PLUGIN || FORKSERVER.strip_suffix(".py") == Some(name);
    if STANDARD.contains(name) {
        Some("the standard library")
    } else if PYTEST.contains(&name) || name.starts_with("pytest_") {
        Some("pytest")
    } else if is_ours || name == "sitecustomize" || name == "usercustomize" {
        Some("the test run")
    } else {
        None
    }
}

impl Project {
    /// The name that a file would be imported by and whose module it would hide; nothing if it
    /// hides none. In a package of its own a module may have any name.
    pub(super) fn hides(&self, path: &Utf8Path) -> Option<(String, &'static str)> {
        self.import_roots().iter().find_map(|root| {
            let inside = path.strip_prefix(root).ok()?;
            let parts: Vec<&str> = inside.components().map(|part| part.as_str()).collect();
            let name = match parts[..] {
                [file] => file.strip_suffix(".py")?,
                // A folder without this file hides nothing.
                [package, "__init__.py"] => package,
                _ => return None,
            };
            Some((name.to_owned(), shadowing(name)?))
        })
    }

    /// The folders that imports are looked up in: those that pytest puts on `sys.path`, and where
    /// packages lie by custom.
    fn import_roots(&self) -> Vec<Utf8PathBuf> {
        let root = self.root();
        let mut roots = vec![
            root.to_owned(),
            self.folder().to_owned(),
            root.join("src"),
            root.join("lib"),
        ];
        roots.extend(self.options().pythonpath.iter().map(|path| root.join(path)));
        roots
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pytest::testing::project;

    #[test]
    fn names_that_hide_something() {
        for (name, expected) in [
            ("json", Some("the standard library")),
            ("annotationlib", Some("the standard library")),
            ("distutils", Some("the standard library")),
            ("_pytest", Some("pytest")),
            ("pytest_asyncio", Some("pytest")),
            ("greenward_pytest", Some("the test run")),
            ("roman", None),
        ] {
            assert_eq!(shadowing(name), expected, "{name}");
        }
    }

    #[test]
    fn only_where_imports_are_looked_up() {
        let project = project(&[
            ("pytest.ini", "[pytest]\npythonpath = app"),
            ("test_a.py", ""),
        ]);
        for (path, expected) in [
            ("json.py", true),
            ("json/__init__.py", true),
            ("json/x.py", false),
            ("src/pytest.py", true),
            ("app/types.py", true),
            ("pkg/types.py", false),
            ("roman.py", false),
        ] {
            let hidden = project.hides(&Utf8Path::new("/w").join(path));
            assert_eq!(hidden.is_some(), expected, "{path}");
        }
    }
}
