//! Who imports whom.
//!
//! Where Python finds a module depends on `sys.path`, which configuration, conftests and installed
//! packages all change. So a file answers to every name that some entry of `sys.path` could give
//! it: `src/app/models.py` to `src.app.models`, `app.models` and `models`. That selects a test too
//! many now and then, and misses none.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::facts::{FileFacts, Import};

/// The importers of every module, by the module's name.
#[derive(Debug)]
pub(super) struct Graph {
    folder: Utf8PathBuf,
    files: Vec<Utf8PathBuf>,
    importers: HashMap<String, Vec<usize>>,
}

/// A file that a change reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reached<'g> {
    /// The file.
    pub(super) file: &'g Utf8Path,
    /// The first file on the way to it; nothing if it imports the changed file itself.
    pub(super) through: Option<&'g Utf8Path>,
}

impl Graph {
    /// The graph of the Python files of a workspace folder.
    pub(super) fn new(folder: &Utf8Path, files: &BTreeMap<Utf8PathBuf, Arc<FileFacts>>) -> Self {
        let mut importers: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, (path, facts)) in files.iter().enumerate() {
            let mut names = HashSet::new();
            for import in facts.imports.iter() {
                names.extend(imported_names(folder, path, import));
            }
            for name in names {
                importers.entry(name).or_default().push(index);
            }
        }
        Self {
            folder: folder.to_owned(),
            files: files.keys().cloned().collect(),
            importers,
        }
    }

    /// Every file that imports this one, itself or through others. The file need not exist.
    ///
    /// `beneath` names the files that depend on a file without importing it.
    pub(super) fn reach<'g>(
        &'g self,
        changed: &Utf8Path,
        beneath: impl Fn(&Utf8Path) -> Vec<&'g Utf8Path>,
    ) -> Vec<Reached<'g>> {
        let mut seen: HashSet<&Utf8Path> = HashSet::new();
        let mut reached: Vec<Reached<'g>> = Vec::new();
        let mut next: VecDeque<(Utf8PathBuf, Option<&'g Utf8Path>)> =
            VecDeque::from([(changed.to_owned(), None)]);
        let mut first = true;
        while let Some((path, through)) = next.pop_front() {
            let names = names(&self.folder, &path);
            let importers = names
                .iter()
                .filter_map(|name| self.importers.get(name))
                .flatten();
            let direct = importers.map(|&index| self.files[index].as_path());
            for file in direct.chain(beneath(&path)) {
                if file != changed && seen.insert(file) {
                    reached.push(Reached { file, through });
                    let through = if first { Some(file) } else { through };
                    next.push_back((file.to_owned(), through));
                }
            }
            first = false;
        }
        reached
    }
}

/// Every name that a file can be imported by, the longest first.
pub(super) fn names(folder: &Utf8Path, path: &Utf8Path) -> Vec<String> {
    let relative = path.strip_prefix(folder).unwrap_or(path).with_extension("");
    let mut parts: Vec<&str> = relative.components().map(|part| part.as_str()).collect();
    if parts.last() == Some(&"__init__") {
        parts.pop();
    }
    (0..parts.len())
        .map(|from| parts[from..].join("."))
        .collect()
}

/// The modules that an import statement runs: `from a.b import c` runs `a`, `a.b` and perhaps
/// `a.b.c`.
fn imported_names(folder: &Utf8Path, importer: &Utf8Path, import: &Import) -> Vec<String> {
    let mut base = String::new();
    if import.level > 0 {
        let package = importer.ancestors().nth(import.level);
        let package = package.and_then(|package| package.strip_prefix(folder).ok());
        base = package
            .map(|package| package.as_str().replace('/', "."))
            .unwrap_or_default();
    }
    let joined = |base: &str, part: &str| match base {
        "" => part.to_owned(),
        _ => format!("{base}.{part}"),
    };
    let mut names = Vec::new();
    if !base.is_empty() {
        names.push(base.clone());
    }
    for part in import.module.split('.').filter(|part| !part.is_empty()) {
        base = joined(&base, part);
        names.push(base.clone());
    }
    names.extend(import.names.iter().map(|name| joined(&base, name)));
    names
}

#[cfg(test)]
mod tests {
    use super::super::facts::parse;
    use super::*;

    #[track_caller]
    fn check(files: &[(&str, &str)], changed: &str, expected: &[(&str, &str)]) {
        let folder = Utf8Path::new("/w");
        let files = files
            .iter()
            .map(|&(path, text)| (folder.join(path), Arc::new(parse(text))))
            .collect();
        let graph = Graph::new(folder, &files);
        let shown = |path: &Utf8Path| {
            path.strip_prefix(folder)
                .map(Utf8Path::to_string)
                .unwrap_or_default()
        };
        let mut reached: Vec<_> = graph
            .reach(&folder.join(changed), |_| Vec::new())
            .into_iter()
            .map(|reached| {
                (
                    shown(reached.file),
                    reached.through.map(shown).unwrap_or_default(),
                )
            })
            .collect();
        reached.sort();
        let expected: Vec<_> = expected
            .iter()
            .map(|&(a, b)| (a.to_owned(), b.to_owned()))
            .collect();
        assert_eq!(reached, expected, "of {changed}");
    }

    #[test]
    fn imports_are_followed() {
        let files = [
            ("src/app/__init__.py", ""),
            ("src/app/models.py", "from . import db"),
            ("src/app/db.py", ""),
            ("src/app/views.py", "from .models import User"),
            ("tests/test_views.py", "import app.views"),
            ("tests/test_db.py", "from app import db"),
            ("tests/test_other.py", "import json"),
        ];
        check(&files, "src/app/views.py", &[("tests/test_views.py", "")]);
        check(
            &files,
            "src/app/db.py",
            &[
                ("src/app/models.py", ""),
                ("src/app/views.py", "src/app/models.py"),
                ("tests/test_db.py", ""),
                ("tests/test_views.py", "src/app/models.py"),
            ],
        );
        check(&files, "src/app/new.py", &[]);
    }

    #[test]
    fn a_package_is_run_before_what_is_in_it() {
        let files = [
            ("a/__init__.py", ""),
            ("a/b/c.py", ""),
            ("test_x.py", "import a.b.c"),
        ];
        check(&files, "a/__init__.py", &[("test_x.py", "")]);
    }

    #[test]
    fn relative_imports_climb() {
        let files = [
            ("a/b/c.py", "from ..d import e"),
            ("a/d/e.py", ""),
            ("a/d/__init__.py", ""),
        ];
        check(&files, "a/d/e.py", &[("a/b/c.py", "")]);
        check(&files, "a/d/__init__.py", &[("a/b/c.py", "")]);
    }

    #[test]
    fn loops_end() {
        let files = [("a.py", "import b"), ("b.py", "import a")];
        check(&files, "a.py", &[("b.py", "")]);
    }

    #[test]
    fn a_file_that_is_gone_still_has_importers() {
        check(
            &[("test_a.py", "import gone")],
            "gone.py",
            &[("test_a.py", "")],
        );
    }
}
