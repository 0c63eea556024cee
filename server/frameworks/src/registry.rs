//! The closed list of frameworks, and what the rest of Greenward may ask of any project.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{Framework, Problem, ProjectId, TestId, TestItem, Unit};

use crate::verify::{Finding, Mutant, Replay, Role, Sealed, Twins};
use crate::{cargo, pytest};

/// The files of one workspace folder, as they are for the user: unsaved text where there is some.
pub trait Files {
    /// Every file that git does not ignore, absolute, sorted.
    fn all(&self) -> &[Utf8PathBuf];

    /// A file's text; nothing if it is not there or is no UTF-8.
    fn read(&self, path: &Utf8Path) -> Option<Arc<str>>;

    /// Whether a file or folder exists, ignored by git or not (a `.venv`, say).
    fn exists(&self, path: &Utf8Path) -> bool;
}

/// What is in a workspace folder.
#[derive(Debug, Default)]
pub struct Detection {
    /// The projects, outer before inner.
    pub projects: Vec<Project>,
    /// Manifests and configuration files that could not be read, each with its place.
    pub problems: Vec<Problem>,
}

/// Finds the projects of a workspace folder.
///
/// `name` stands before their folders in their ids: it tells apart the projects of several
/// workspace folders. It is empty where there is but one.
#[must_use]
pub fn detect(folder: &Utf8Path, name: &str, files: &dyn Files) -> Detection {
    let mut detection = Detection::default();
    let (projects, problems) = cargo::detect(folder, files);
    detection
        .projects
        .extend(projects.into_iter().map(Project::Cargo));
    detection.problems.extend(problems);
    let (projects, problems) = pytest::detect(folder, files);
    detection
        .projects
        .extend(projects.into_iter().map(Project::Pytest));
    detection.problems.extend(problems);
    if !name.is_empty() {
        for project in &mut detection.projects {
            let inside = project.root().strip_prefix(folder);
            let place = Utf8Path::new(name).join(inside.unwrap_or(Utf8Path::new("")));
            let id = ProjectId::new(project.framework(), place.as_str().trim_end_matches('/'));
            project.set_id(id);
        }
    }
    detection
}

/// What one file says, as far as tests are concerned. Costs a parse; depends on nothing but the
/// file, so it can be made anywhere, in any order.
#[derive(Debug, Clone)]
pub enum Facts {
    /// Of a Rust file.
    Rust(Arc<cargo::FileFacts>),
    /// Of a Python file.
    Python(Arc<pytest::FileFacts>),
}

/// Reads the facts of a file. Nothing for a file of no language known here.
#[must_use]
pub fn parse(path: &Utf8Path, text: &str) -> Option<Facts> {
    match path.extension()? {
        "rs" => Some(Facts::Rust(Arc::new(cargo::parse(text)))),
        "py" => Some(Facts::Python(Arc::new(pytest::parse(text)))),
        _ => None,
    }
}

/// What a change of a file's facts did to the test tree.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct TreeChange {
    /// For each file whose items may have changed, all of its items, parents before children:
    /// they replace whatever stood there. The file is the one that the items point into.
    pub files: Vec<(Utf8PathBuf, Vec<TestItem>)>,
}

/// Which units a changed file affects. Leans to too many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Affected {
    /// The file is no input of this project.
    Nothing,
    /// These units, with the reason that a user is shown ("imports app.models").
    Units(BTreeSet<Unit>, String),
    /// Every unit, with the reason ("conftest.py changed").
    All(String),
}

/// A project of any framework.
#[derive(Debug, Clone)]
pub enum Project {
    /// A Cargo workspace, or a package that is in none.
    Cargo(cargo::Project),
    /// A pytest rootdir.
    Pytest(pytest::Project),
}

impl Project {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &ProjectId {
        match self {
            Project::Cargo(project) => project.id(),
            Project::Pytest(project) => project.id(),
        }
    }

    fn set_id(&mut self, id: ProjectId) {
        match self {
            Project::Cargo(project) => project.set_id(id),
            Project::Pytest(project) => project.set_id(id),
        }
    }

    /// Its framework.
    #[must_use]
    pub fn framework(&self) -> Framework {
        match self {
            Project::Cargo(_) => Framework::Cargo,
            Project::Pytest(_) => Framework::Pytest,
        }
    }

    /// Its folder, absolute.
    #[must_use]
    pub fn root(&self) -> &Utf8Path {
        match self {
            Project::Cargo(project) => project.root(),
            Project::Pytest(project) => project.root(),
        }
    }

    /// The items that stand in no source file: the project's own node, packages, targets.
    #[must_use]
    pub fn fixed_items(&self) -> Vec<TestItem> {
        match self {
            Project::Cargo(project) => project.fixed_items(),
            Project::Pytest(project) => project.fixed_items(),
        }
    }

    /// Whether [`update`](Self::update) wants the facts of this file.
    #[must_use]
    pub fn wants(&self, path: &Utf8Path) -> bool {
        match self {
            Project::Cargo(project) => project.wants(path),
            Project::Pytest(project) => project.wants(path),
        }
    }

    /// Makes what the first question about affected units would otherwise have to make, which takes
    /// long where there are many files.
    pub fn prepare(&self) {
        match self {
            Project::Cargo(_) => {}
            Project::Pytest(project) => project.prepare(),
        }
    }

    /// Takes the facts of a file, or that it is gone, and says what that does to the test tree.
    pub fn update(&mut self, path: &Utf8Path, facts: Option<&Facts>) -> TreeChange {
        match (self, facts) {
            (Project::Cargo(project), Some(Facts::Rust(facts))) => {
                project.update(path, Some(facts.clone()))
            }
            (Project::Pytest(project), Some(Facts::Python(facts))) => {
                project.update(path, Some(facts.clone()))
            }
            (Project::Cargo(project), _) => project.update(path, None),
            (Project::Pytest(project), _) => project.update(path, None),
        }
    }

    /// Whether a change to this file can change what projects there are or what they consist of,
    /// so that [`detect`] must be asked again.
    #[must_use]
    pub fn is_structure(path: &Utf8Path) -> bool {
        cargo::is_structure(path) || pytest::is_structure(path)
    }

    /// Whether running tests of any framework writes this file of its own accord, so that a change
    /// of it during a run is nobody's doing.
    #[must_use]
    pub fn is_made_by_runs(path: &Utf8Path) -> bool {
        cargo::is_made_by_runs(path) || pytest::is_made_by_runs(path)
    }

    /// Which units a change to this file affects.
    #[must_use]
    pub fn affected(&self, path: &Utf8Path) -> Affected {
        match self {
            Project::Cargo(project) => project.affected(path),
            Project::Pytest(project) => project.affected(path),
        }
    }

    /// What a file beneath the project's folder is to a change. For code that may hold tests the
    /// file's facts decide, so they must be known.
    #[must_use]
    pub fn role(&self, path: &Utf8Path) -> Role {
        match self {
            Project::Cargo(project) => project.role(path),
            Project::Pytest(project) => project.role(path),
        }
    }

    /// What of a changed file goes into the clean room, and what the change does that no honest
    /// solution needs. `base` is the file's text before the change, nothing if there was none, and
    /// `changed` after it, nothing if it was removed. The project must be that of the base.
    #[must_use]
    pub fn seal(&self, path: &Utf8Path, base: Option<&str>, changed: Option<&str>) -> Sealed {
        match self {
            Project::Cargo(project) => project.seal(path, base, changed),
            Project::Pytest(project) => project.seal(path, base, changed),
        }
    }

    /// The text without these tests, otherwise the same to the byte. Nothing if one of them is not
    /// in it, or is no more than a case of a test.
    #[must_use]
    pub fn without(&self, path: &Utf8Path, text: &str, tests: &[TestId]) -> Option<String> {
        match self {
            Project::Cargo(project) => project.without(path, text, tests),
            Project::Pytest(project) => project.without(path, text, tests),
        }
    }

    /// Copies of the targets under random names, planted right after them: for each a faithful one,
    /// which honest code must pass, and some with one assertion altered, which it must fail.
    /// Besides, in each file a canary, which must fail whatever the code does.
    ///
    /// `random` gives a number each time it is called. Nobody may be able to guess them.
    #[must_use]
    pub fn twins(
        &self,
        targets: &[TestId],
        files: &dyn Files,
        random: &mut dyn FnMut() -> u64,
    ) -> Twins {
        match self {
            Project::Cargo(project) => project.twins(targets, files, random),
            Project::Pytest(project) => project.twins(targets, files, random),
        }
    }

    /// At most `cap` small slips in the code of these lines (from 0), in the order of the text and
    /// spread over the lines. None in tests. A slip may fail to compile: that says nothing.
    #[must_use]
    pub fn mutants(
        &self,
        path: &Utf8Path,
        text: &str,
        lines: &[RangeInclusive<u32>],
        cap: usize,
    ) -> Vec<Mutant> {
        match self {
            Project::Cargo(_) => cargo::mutants(path, text, lines, cap),
            Project::Pytest(_) => pytest::mutants(path, text, lines, cap),
        }
    }

    /// What a person may want to look at in a changed source file: literals of the `tests` (their
    /// texts) in its conditions and tables, sleeps, code that asks who calls it. Never a reason to
    /// refuse the change.
    #[must_use]
    pub fn warnings(
        &self,
        path: &Utf8Path,
        base: Option<&str>,
        changed: &str,
        tests: &[&str],
    ) -> Vec<Finding> {
        match self {
            Project::Cargo(_) => cargo::warnings(path, base, changed, tests),
            Project::Pytest(_) => pytest::warnings(path, base, changed, tests),
        }
    }

    /// A way to check a target with its expected values kept out of the process that runs the code.
    ///
    /// # Errors
    ///
    /// Why there is none for this target.
    pub fn replay(&self, target: &TestId, files: &dyn Files) -> Result<Replay, String> {
        match self {
            Project::Cargo(_) => Err("Rust values do not leave their process as data".to_owned()),
            Project::Pytest(project) => project.replay(target, files),
        }
    }
}
