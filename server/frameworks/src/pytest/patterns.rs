//! pytest's patterns, compiled: which files, classes and functions are collected.

use camino::Utf8Path;
use globset::{GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};

use super::config::Options;

/// The compiled patterns of one project.
#[derive(Debug)]
pub(super) struct Patterns {
    /// None stand for the whole rootdir.
    testpaths: Vec<GlobMatcher>,
    files: GlobSet,
    skipped_folders: GlobSet,
    ignored: Vec<String>,
    ignored_globs: GlobSet,
    classes: Names,
    functions: Names,
}

impl Patterns {
    pub(super) fn new(options: &Options) -> Self {
        let ignored = options.added("--ignore");
        Self {
            testpaths: options
                .testpaths
                .iter()
                .filter_map(|path| glob(trimmed(path)))
                .collect(),
            // As in `_pytest.pathlib.fnmatch_ex`: a pattern with a slash is for the whole path.
            files: globs(options.python_files.iter().map(|pattern| {
                if pattern.contains('/') {
                    format!("**/{pattern}")
                } else {
                    pattern.clone()
                }
            })),
            skipped_folders: globs(options.norecursedirs.iter().cloned()),
            ignored: ignored.map(|path| trimmed(path).to_owned()).collect(),
            ignored_globs: globs(options.added("--ignore-glob").map(str::to_owned)),
            classes: Names::new(&options.python_classes),
            functions: Names::new(&options.python_functions),
        }
    }

    /// Whether pytest looks for tests in a file, by its path in the rootdir.
    pub(super) fn collects(&self, file: &Utf8Path) -> bool {
        let Some(name) = file.file_name() else {
            return false;
        };
        if !self.files.is_match(name) && !self.files.is_match(file.as_str()) {
            return false;
        }
        let folders = || {
            file.ancestors()
                .skip(1)
                .filter(|folder| !folder.as_str().is_empty())
        };
        let in_testpaths = self.testpaths.is_empty()
            || self
                .testpaths
                .iter()
                .any(|glob| file.ancestors().any(|part| glob.is_match(part.as_str())));
        in_testpaths
            && !folders().any(|folder| {
                folder
                    .file_name()
                    .is_some_and(|name| self.skipped_folders.is_match(name))
            })
            && !self.ignored.iter().any(|ignored| file.starts_with(ignored))
            && !self.ignored_globs.is_match(file.as_str())
    }

    /// Whether a class by this name is collected.
    pub(super) fn is_class(&self, name: &str) -> bool {
        self.classes.matches(name)
    }

    /// Whether a function or method by this name is collected.
    pub(super) fn is_function(&self, name: &str) -> bool {
        self.functions.matches(name)
    }
}

/// Names by prefix or by pattern, as `python_classes` and `python_functions` have them.
#[derive(Debug)]
struct Names {
    prefixes: Vec<String>,
    globs: GlobSet,
}

impl Names {
    fn new(options: &[String]) -> Self {
        let patterns = options
            .iter()
            .filter(|option| option.contains(['*', '?', '[']));
        Self {
            prefixes: options.to_vec(),
            globs: globs(patterns.cloned()),
        }
    }

    fn matches(&self, name: &str) -> bool {
        self.prefixes.iter().any(|prefix| name.starts_with(prefix)) || self.globs.is_match(name)
    }
}

fn trimmed(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    path.strip_prefix("./").unwrap_or(path)
}

/// A pattern as Python's `fnmatch` has it; nothing if it is none.
fn glob(pattern: &str) -> Option<GlobMatcher> {
    // Braces mean nothing to fnmatch.
    let escaped = pattern.replace('{', "[{]").replace('}', "[}]");
    let glob = GlobBuilder::new(&escaped).literal_separator(false).build();
    glob.map(|glob| glob.compile_matcher()).ok()
}

fn globs(patterns: impl Iterator<Item = String>) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        if let Some(matcher) = glob(&pattern) {
            set.add(matcher.glob().clone());
        }
    }
    set.build().unwrap_or_else(|_| GlobSet::empty())
}
