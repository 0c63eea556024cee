//! Which test files a changed file affects. Where nothing better is known: all of them.
//!
//! A Python file affects what imports it, and what may run it out of sight. A document, written for
//! people, affects the files that mention it and those beneath its folder; a file of another
//! ecosystem's package none; any other file, all.

use std::collections::BTreeSet;

use camino::Utf8Path;
use greenward_core::Unit;

use super::config::CONFIG_FILES;
use super::detect::in_environment;
use super::graph::{self, Reached};
use super::project::Project;
use super::unseen::is_document;
use crate::Affected;

impl Project {
    /// Which units a change to this file affects, and why.
    #[must_use]
    pub fn affected(&self, path: &Utf8Path) -> Affected {
        if in_environment(path) {
            return Affected::Nothing;
        }
        let name = path.file_name().unwrap_or_default();
        if path
            .parent()
            .is_some_and(|parent| self.root().starts_with(parent))
            && is_setup(name)
        {
            return Affected::All(format!("{name} changed"));
        }
        if path.extension() != Some("py") {
            return self.affected_by_data(path, name);
        }
        match self.affected_by_python(path) {
            Affected::All(reason) => Affected::All(reason),
            seen if !path.starts_with(self.folder()) => seen,
            Affected::Nothing if self.unseen().is_empty() => Affected::Nothing,
            Affected::Nothing => Affected::Units(
                self.unseen().clone(),
                format!("{} changed, and they may run it unseen", self.shown(path)),
            ),
            Affected::Units(units, reason) if self.unseen().is_subset(&units) => {
                Affected::Units(units, reason)
            }
            Affected::Units(units, reason) => Affected::Units(
                &units | self.unseen(),
                format!("{reason}, or may run it unseen"),
            ),
        }
    }

    fn affected_by_python(&self, path: &Utf8Path) -> Affected {
        let shown = self.shown(path);
        let reached = self.reach(path);
        let changed = reached.iter().map(|reached| reached.file).chain([path]);
        for file in changed {
            let names = graph::names(self.folder(), file);
            if self
                .options()
                .added("-p")
                .any(|plugin| names.iter().any(|name| name == plugin))
            {
                return Affected::All(format!("the plugin {} changed", self.shown(file)));
            }
        }
        let mut units = self.units_of(&reached);
        if let Some(unit) = self.unit_of(path) {
            units.insert(unit);
            return Affected::Units(units, format!("{shown} changed"));
        }
        let is_ours = self.relative(path).is_some() && !self.is_inner(path);
        match path.file_name() {
            _ if !units.is_empty() => Affected::Units(units, self.reason(path, &reached)),
            Some("conftest.py") => Affected::Nothing,
            _ if is_ours => Affected::All(format!(
                "{shown} changed, and nothing is known to import it"
            )),
            _ => Affected::Nothing,
        }
    }

    /// Every file that depends on this one by its imports, or by lying beneath a conftest.
    fn reach(&self, path: &Utf8Path) -> Vec<Reached<'_>> {
        // What is run before everything beneath its folder, whether that imports it or not.
        let beneath = |file: &Utf8Path| match (file.file_name(), file.parent()) {
            (Some("conftest.py" | "__init__.py"), Some(folder)) => self.test_files_beneath(folder),
            _ => Vec::new(),
        };
        self.graph().reach(path, beneath)
    }

    /// The units that a change to this file reaches, its own included.
    fn units_with(&self, file: &Utf8Path) -> BTreeSet<Unit> {
        let mut units = self.units_of(&self.reach(file));
        units.extend(self.unit_of(file));
        units
    }

    fn units_of(&self, reached: &[Reached<'_>]) -> BTreeSet<Unit> {
        reached
            .iter()
            .filter_map(|reached| self.unit_of(reached.file))
            .collect()
    }

    /// How test files come to depend on `path`: `imports app.models through app.views`.
    fn reason(&self, path: &Utf8Path, reached: &[Reached<'_>]) -> String {
        let shown = self.shown(path);
        if path.file_name() == Some("conftest.py") {
            return format!("{shown} changed");
        }
        let module = self.module(path);
        let mut tests = reached
            .iter()
            .filter(|reached| self.is_test_file(reached.file));
        let first = tests.next().and_then(|test| test.through);
        let same = tests.all(|test| test.through == first);
        match first {
            None if same => format!("imports {module}"),
            Some(through) if same => format!("imports {module} through {}", self.module(through)),
            _ => format!("imports {module}, directly or through others"),
        }
    }

    fn affected_by_data(&self, path: &Utf8Path, name: &str) -> Affected {
        let Some(relative) = self.relative(path).filter(|_| !self.is_inner(path)) else {
            return Affected::Nothing;
        };
        let hidden = |part: &str| part.starts_with('.') && !part.starts_with(".env");
        if relative.components().any(|part| hidden(part.as_str())) || name.ends_with('~') {
            return Affected::Nothing;
        }
        if self.is_foreign(path) {
            return Affected::Nothing;
        }
        let shown = self.shown(path);
        if !is_document(name) || self.options().added("--doctest-glob").next().is_some() {
            return Affected::All(format!("{shown} changed, and it is not known who reads it"));
        }
        let units: BTreeSet<Unit> = self
            .mentioning(name)
            .chain(self.beside(path))
            .flat_map(|file| self.units_with(file))
            .collect();
        if units.is_empty() {
            Affected::Nothing
        } else {
            Affected::Units(units, format!("{shown} changed"))
        }
    }

    /// The files whose strings mention a document.
    fn mentioning<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p Utf8Path> {
        self.files()
            .iter()
            .filter(move |(_, facts)| {
                let mut documents = facts.documents.iter();
                documents.any(|end| name.ends_with(end.as_str()))
            })
            .map(|(file, _)| file.as_path())
    }

    /// The test files beneath the nearest folder of a file that has any, the rootdir left out.
    fn beside(&self, path: &Utf8Path) -> Vec<&Utf8Path> {
        path.ancestors()
            .skip(1)
            .take_while(|folder| *folder != self.root())
            .map(|folder| self.test_files_beneath(folder))
            .find(|files| !files.is_empty())
            .unwrap_or_default()
    }

    fn test_files_beneath(&self, folder: &Utf8Path) -> Vec<&Utf8Path> {
        self.files()
            .range(folder.to_owned()..)
            .map(|(file, _)| file.as_path())
            .take_while(|file| file.starts_with(folder))
            .filter(|file| self.is_test_file(file))
            .collect()
    }

    /// A path as people write it: relative to the rootdir, else to the workspace folder.
    fn shown<'p>(&self, path: &'p Utf8Path) -> &'p Utf8Path {
        self.relative(path)
            .unwrap_or_else(|| path.strip_prefix(self.folder()).unwrap_or(path))
    }

    /// A file's module as people write it: from the first folder on that is a package. There are
    /// many conftests, so these are told by their paths.
    fn module(&self, path: &Utf8Path) -> String {
        if path.file_name() == Some("conftest.py") {
            return self.shown(path).to_string();
        }
        let is_package =
            |folder: &&Utf8Path| self.files().contains_key(&folder.join("__init__.py"));
        let packages = path.ancestors().skip(1).take_while(is_package).count();
        let own = usize::from(path.file_name() != Some("__init__.py"));
        let names = graph::names(self.folder(), path);
        let at = names.len().saturating_sub(packages + own);
        names.into_iter().nth(at).unwrap_or_default()
    }
}

/// The units that may run any Python file of the workspace folder, whatever their imports say:
/// those whose own text tells so, and those whose conftests or helpers do.
pub(super) fn unseen(project: &Project) -> BTreeSet<Unit> {
    let test_folders: BTreeSet<&Utf8Path> = project
        .files()
        .keys()
        .filter(|file| project.is_test_file(file))
        .filter_map(|file| file.parent())
        .collect();
    // A program that starts processes is not why its tests would run code that they do not import.
    let is_of_tests = |file: &Utf8Path| {
        file.file_name() == Some("conftest.py")
            || file
                .parent()
                .is_some_and(|folder| test_folders.contains(folder))
    };
    let runners = project
        .files()
        .iter()
        .filter(|(_, facts)| facts.runs_unseen);
    runners
        .map(|(file, _)| file.as_path())
        .filter(|file| is_of_tests(file))
        .flat_map(|file| project.units_with(file))
        .collect()
}

/// Whether running tests writes this file of its own accord: the database of coverage.
#[must_use]
pub fn is_made_by_runs(path: &Utf8Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.starts_with(".coverage") && name != ".coveragerc"
}

/// Files that say how the project is built, configured or installed.
fn is_setup(name: &str) -> bool {
    CONFIG_FILES.contains(&name)
        || matches!(
            name,
            "setup.py"
                | "Pipfile"
                | "Pipfile.lock"
                | "poetry.lock"
                | "uv.lock"
                | "pdm.lock"
                | "pylock.toml"
                | "environment.yml"
                | ".python-version"
        )
        || (name.starts_with("requirements") && name.ends_with(".txt"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pytest::testing::{project, projects};

    fn show(affected: &Affected) -> String {
        match affected {
            Affected::Nothing => "nothing".to_owned(),
            Affected::All(reason) => format!("all: {reason}"),
            Affected::Units(units, reason) => {
                let units: Vec<_> = units.iter().map(|unit| unit.as_str()).collect();
                format!("{}: {reason}", units.join(" "))
            }
        }
    }

    const FILES: &[(&str, &str)] = &[
        (
            "pyproject.toml",
            "[tool.pytest.ini_options]\naddopts = '-p tests.plugin'",
        ),
        ("src/app/__init__.py", ""),
        ("src/app/models.py", ""),
        ("src/app/views.py", "from app import models"),
        ("src/app/tool.py", ""),
        ("tests/plugin.py", ""),
        ("tests/conftest.py", "import app.settings"),
        ("tests/helpers.py", ""),
        ("tests/test_views.py", "from app.views import index"),
        ("tests/test_models.py", "import app.models"),
        ("tests/api/conftest.py", "import helpers"),
        ("tests/api/test_api.py", ""),
    ];

    #[track_caller]
    fn check(changed: &str, expected: &str) {
        let affected = project(FILES).affected(&Utf8Path::new("/w").join(changed));
        assert_eq!(show(&affected), expected, "of {changed}");
    }

    #[test]
    fn python_files_affect_who_imports_them() {
        check("src/app/views.py", "tests/test_views.py: imports app.views");
        check(
            "src/app/models.py",
            "tests/test_models.py tests/test_views.py: imports app.models, directly or through others",
        );
        check(
            "tests/helpers.py",
            "tests/api/test_api.py: imports helpers through tests/api/conftest.py",
        );
        check(
            "tests/test_views.py",
            "tests/test_views.py: tests/test_views.py changed",
        );
        check(
            "src/app/tool.py",
            "all: src/app/tool.py changed, and nothing is known to import it",
        );
        check("tests/plugin.py", "all: the plugin tests/plugin.py changed");
        check("/elsewhere/x.py", "nothing");
    }

    #[test]
    fn conftests_affect_what_lies_beneath() {
        check(
            "tests/api/conftest.py",
            "tests/api/test_api.py: tests/api/conftest.py changed",
        );
        check(
            "src/app/settings.py",
            "tests/api/test_api.py tests/test_models.py tests/test_views.py: imports app.settings through tests/conftest.py",
        );
        check("empty/conftest.py", "nothing");
    }

    #[test]
    fn other_files() {
        check("pyproject.toml", "all: pyproject.toml changed");
        check("requirements-dev.txt", "all: requirements-dev.txt changed");
        check(
            "tests/api/data/users.json",
            "all: tests/api/data/users.json changed, and it is not known who reads it",
        );
        check(
            "src/app/app.js",
            "all: src/app/app.js changed, and it is not known who reads it",
        );
        check("LICENSE", "nothing");
        check("docs/use.rst", "nothing");
        check(
            "src/app/page.html",
            "all: src/app/page.html changed, and it is not known who reads it",
        );
        check(
            ".env",
            "all: .env changed, and it is not known who reads it",
        );
        check("README.md", "nothing");
        check(
            "tests/api/cases.md",
            "tests/api/test_api.py: tests/api/cases.md changed",
        );
        check(".git/index", "nothing");
        check("src/app/models.py~", "nothing");
    }

    #[test]
    fn what_runs_write_themselves() {
        for (name, made) in [
            (".coverage", true),
            (".coverage.host.123", true),
            (".coveragerc", false),
            ("test_a.py", false),
        ] {
            assert_eq!(is_made_by_runs(Utf8Path::new(name)), made, "{name}");
        }
    }

    #[test]
    fn documents_affect_who_mentions_them() {
        let project = project(&[
            ("pytest.ini", ""),
            ("app.py", "def usage(): return open('docs/use.rst').read()"),
            ("tests/test_app.py", "import app"),
            ("tests/test_readme.py", "TEXT = open('README.md').read()"),
            ("tests/test_docs.py", "FILES = ROOT.glob('docs/*.rst')"),
            ("tests/test_other.py", ""),
        ]);
        for (changed, expected) in [
            ("README.md", "tests/test_readme.py: README.md changed"),
            (
                "docs/use.rst",
                "tests/test_app.py tests/test_docs.py: docs/use.rst changed",
            ),
            ("docs/new.rst", "tests/test_docs.py: docs/new.rst changed"),
            ("docs/new.md", "nothing"),
            ("CHANGELOG.md", "nothing"),
        ] {
            let affected = project.affected(&Utf8Path::new("/w").join(changed));
            assert_eq!(show(&affected), expected, "of {changed}");
        }
    }

    #[test]
    fn what_runs_code_unseen_depends_on_all_of_it() {
        let mut project = project(&[
            ("pytest.ini", ""),
            ("app/cli.py", ""),
            ("app/git.py", "import subprocess"),
            ("tests/unit/test_git.py", "import app.git"),
            ("tests/unit/test_cli.py", "import app.cli"),
            ("tests/test_main.py", "import subprocess"),
            ("tests/plugins/conftest.py", "pytest_plugins = 'pytester'"),
            ("tests/plugins/test_plugin.py", ""),
            ("tests/tool/helper.py", "import runpy"),
            ("tests/tool/test_tool.py", "import helper"),
        ]);
        let check = |project: &Project, changed: &str, expected: &str| {
            let affected = project.affected(&Utf8Path::new("/w").join(changed));
            assert_eq!(show(&affected), expected, "of {changed}");
        };
        let unseen = "tests/plugins/test_plugin.py tests/test_main.py tests/tool/test_tool.py";
        let imported = "tests/unit/test_cli.py: imports cli";
        check(
            &project,
            "app/cli.py",
            &format!("{unseen} {imported}, or may run it unseen"),
        );
        check(
            &project,
            "empty/conftest.py",
            &format!("{unseen}: empty/conftest.py changed, and they may run it unseen"),
        );
        check(&project, "/elsewhere/x.py", "nothing");
        check(
            &project,
            "app/other.py",
            "all: app/other.py changed, and nothing is known to import it",
        );
        // What the texts say may change.
        for (file, text) in [
            ("tests/test_main.py", ""),
            ("tests/plugins/conftest.py", ""),
            ("tests/tool/helper.py", ""),
        ] {
            let facts = std::sync::Arc::new(crate::pytest::parse(text));
            project.update(&Utf8Path::new("/w").join(file), Some(facts));
        }
        check(&project, "app/cli.py", imported);
    }

    #[test]
    fn rootdirs_see_each_other_only_through_imports() {
        let files = [
            ("a/pytest.ini", ""),
            ("a/test_a.py", "import common"),
            ("b/pytest.ini", ""),
            ("b/test_b.py", ""),
            ("libs/common.py", ""),
        ];
        let projects = projects(&files);
        let affected = |path: &str| -> Vec<String> {
            let path = Utf8Path::new("/w").join(path);
            projects
                .iter()
                .map(|project| show(&project.affected(&path)))
                .collect()
        };
        assert_eq!(
            affected("libs/common.py"),
            ["test_a.py: imports common", "nothing"]
        );
        assert_eq!(
            affected("b/data.json"),
            [
                "nothing",
                "all: data.json changed, and it is not known who reads it"
            ]
        );
        assert_eq!(
            affected("b/pytest.ini"),
            ["nothing", "all: pytest.ini changed"]
        );
    }
}
