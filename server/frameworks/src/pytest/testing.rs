//! A workspace folder in memory, for tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::{Project, detect, parse};
use crate::Files;

/// The folder `/w` and its files.
pub(super) struct Tree {
    texts: BTreeMap<Utf8PathBuf, Arc<str>>,
    paths: Vec<Utf8PathBuf>,
}

impl Tree {
    /// Files by their path in the folder.
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let text = |&(path, text): &(&str, &str)| (Utf8Path::new("/w").join(path), Arc::from(text));
        let texts: BTreeMap<_, _> = files.iter().map(text).collect();
        let paths = texts.keys().cloned().collect();
        Self { texts, paths }
    }
}

impl Files for Tree {
    fn all(&self) -> &[Utf8PathBuf] {
        &self.paths
    }

    fn read(&self, path: &Utf8Path) -> Option<Arc<str>> {
        self.texts.get(path).cloned()
    }

    fn exists(&self, path: &Utf8Path) -> bool {
        self.paths.iter().any(|file| file.starts_with(path))
    }
}

/// The projects of a folder, with the facts of every file that they want.
pub(super) fn projects(files: &[(&str, &str)]) -> Vec<Project> {
    let tree = Tree::new(files);
    let (mut projects, _) = detect(Utf8Path::new("/w"), &tree);
    for project in &mut projects {
        for (path, text) in &tree.texts {
            if project.wants(path) {
                project.update(path, Some(Arc::new(parse(text))));
            }
        }
    }
    projects
}

/// The one project of a folder.
#[track_caller]
pub(super) fn project(files: &[(&str, &str)]) -> Project {
    let mut projects = projects(files);
    assert_eq!(projects.len(), 1, "one project");
    projects.remove(0)
}
