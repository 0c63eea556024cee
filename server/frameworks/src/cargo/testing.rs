//! Files in memory, for tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::{Project, detect, parse};
use crate::Files;

/// Files written in one string: a line `//- path` starts each.
pub(super) struct Fixture {
    files: BTreeMap<Utf8PathBuf, Arc<str>>,
    all: Vec<Utf8PathBuf>,
}

impl Fixture {
    /// Below the folder `/w`.
    pub(super) fn new(text: &str) -> Self {
        let mut files: BTreeMap<Utf8PathBuf, String> = BTreeMap::new();
        let mut current = None;
        for line in text.lines() {
            if let Some(path) = line.trim_start().strip_prefix("//- ") {
                let path = Utf8Path::new("/w").join(path.trim());
                files.insert(path.clone(), String::new());
                current = Some(path);
            } else if let Some(file) = current.as_ref().and_then(|path| files.get_mut(path)) {
                file.push_str(line);
                file.push('\n');
            }
        }
        Self {
            all: files.keys().cloned().collect(),
            files: files
                .into_iter()
                .map(|(path, text)| (path, text.into()))
                .collect(),
        }
    }

    /// The only project, with the facts of every file.
    pub(super) fn project(&self) -> Project {
        let (mut projects, problems) = detect(Utf8Path::new("/w"), self);
        assert_eq!(problems, []);
        assert_eq!(projects.len(), 1);
        let mut project = projects.remove(0);
        for file in &self.all {
            if project.wants(file) {
                project.update(file, Some(Arc::new(parse(&self.files[file]))));
            }
        }
        project
    }
}

impl Files for Fixture {
    fn all(&self) -> &[Utf8PathBuf] {
        &self.all
    }

    fn read(&self, path: &Utf8Path) -> Option<Arc<str>> {
        self.files.get(path).cloned()
    }

    fn exists(&self, path: &Utf8Path) -> bool {
        self.files.keys().any(|file| file.starts_with(path))
    }
}
