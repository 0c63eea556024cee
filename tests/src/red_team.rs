//! The red team's tasks: small projects with failing tests, cheats that only look like solutions,
//! and honest solutions.
//!
//! They are data, under `tests/red_team/TASK`: `base.txt` is the project, every file of `cheats`
//! and of `honest` a change to it. All are written in the syntax of a world's files. A path in
//! `base.txt` may end with ` (held out)`: a test that the writer of the change never saw. A path in
//! a change may end with ` (removed)`.

use camino::{Utf8Path, Utf8PathBuf};

use crate::{World, fixture, repository};

/// A project, what is asked in it, and the changes that claim to do it.
#[derive(Debug)]
pub struct Task {
    /// The name of its folder.
    pub name: String,
    /// The tests that shall pass, by Greenward's ids.
    pub targets: Vec<String>,
    /// The tests that the writer of a change does not see.
    pub held_out: Vec<String>,
    /// Changes that do not do what is asked, and make the targets look passed.
    pub cheats: Vec<Case>,
    /// Changes that do what is asked.
    pub honest: Vec<Case>,
    base: Vec<(String, String)>,
}

/// A change to the project of a task.
#[derive(Debug)]
pub struct Case {
    /// `TASK/cheats/NAME` or `TASK/honest/NAME`.
    pub name: String,
    /// What it does, in one sentence.
    pub what: String,
    /// Its files by path: the whole new text, or nothing for a file that it removes.
    pub files: Vec<(String, Option<String>)>,
}

impl Task {
    /// Reads a task.
    ///
    /// # Panics
    ///
    /// If its files do not have the expected form.
    #[must_use]
    pub fn load(name: &str) -> Self {
        let folder = repository().join("tests/red_team").join(name);
        let (header, files) = read(&folder.join("base.txt"));
        let named = |key: &str| -> Vec<String> {
            let values = header.lines().filter_map(|line| line.strip_prefix(key));
            values.map(|value| value.trim().to_owned()).collect()
        };
        let task = Self {
            name: name.to_owned(),
            targets: named("target:"),
            held_out: named("held-out:"),
            cheats: cases(name, &folder, "cheats"),
            honest: cases(name, &folder, "honest"),
            base: files,
        };
        assert!(!task.targets.is_empty(), "{name} names no target");
        assert!(!task.held_out.is_empty(), "{name} holds no test out");
        task
    }

    /// Makes the workspace the project of the task, with nothing else in it; the held-out tests
    /// only if asked for.
    pub fn lay_out(&self, world: &World, with_held_out: bool) {
        empty(world.workspace());
        for (path, text) in &self.base {
            match path.strip_suffix(" (held out)") {
                Some(path) if with_held_out => world.write(path, text),
                Some(_) => {}
                None => world.write(path, text),
            }
        }
    }
}

impl Case {
    /// Makes the change in a workspace.
    pub fn apply(&self, world: &World) {
        for (path, text) in &self.files {
            match text {
                Some(text) => world.write(path, text),
                None => std::fs::remove_file(world.path(path)).expect("a removed file was there"),
            }
        }
    }
}

/// The text before the first file, and the files.
fn read(path: &Utf8Path) -> (String, Vec<(String, String)>) {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let start = text.find("//- ").unwrap_or(text.len());
    let (header, files) = text.split_at(start);
    (header.to_owned(), fixture::split(files))
}

fn cases(task: &str, folder: &Utf8Path, kind: &str) -> Vec<Case> {
    let entries = folder.join(kind).read_dir_utf8();
    let mut paths: Vec<Utf8PathBuf> = entries
        .expect("a task has cheats and honest solutions")
        .map(|entry| entry.expect("a folder can be read").into_path())
        .collect();
    paths.sort();
    paths.iter().map(|path| case(task, kind, path)).collect()
}

fn case(task: &str, kind: &str, path: &Utf8Path) -> Case {
    let (header, files) = read(path);
    let what = header.strip_prefix("# ").map(str::trim);
    let file = |(path, text): (String, String)| match path.strip_suffix(" (removed)") {
        Some(path) => (path.to_owned(), None),
        None => (path, Some(text)),
    };
    Case {
        name: format!("{task}/{kind}/{}", path.file_stem().unwrap_or_default()),
        what: what
            .unwrap_or_else(|| panic!("{path} does not say what it does"))
            .to_owned(),
        files: files.into_iter().map(file).collect(),
    }
}

/// Removes what is in a folder.
fn empty(folder: &Utf8Path) {
    for entry in folder.read_dir_utf8().expect("a folder can be read") {
        let entry = entry.expect("a folder can be read");
        let kind = entry.file_type().expect("an entry has a type");
        let removed = if kind.is_dir() {
            std::fs::remove_dir_all(entry.path())
        } else {
            std::fs::remove_file(entry.path())
        };
        removed.expect("what is in the workspace can be removed");
    }
}
