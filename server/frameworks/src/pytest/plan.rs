//! What a selection means on pytest's command line.

use std::collections::BTreeSet;

use camino::Utf8Path;
use greenward_core::{Invocation, Selection, TestId};

use super::project::Project;
use super::python::PLUGIN;

/// Bytes of file names on one command line. Linux takes two million of everything, macOS one.
const MAX_FILE_ARGS: usize = 200_000;

/// How pytest is to be called for a selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The arguments after `python -m pytest`.
    pub args: Vec<String>,
    /// What is selected of that, as the text of a list file for the plugin: node ids, one a line.
    /// Nothing if the arguments say it all.
    pub select: Option<String>,
}

/// What pytest is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Run the tests.
    Run,
    /// Only say which there are.
    List,
}

impl Plan {
    /// The plan for a selection, with the user's further arguments; nothing if no file of the
    /// selection is there any more.
    ///
    /// Tests are selected by our plugin, not as arguments: pytest refuses to run anything if one
    /// argument names a test that is gone.
    #[must_use]
    pub fn new(
        project: &Project,
        selection: &Selection,
        purpose: Purpose,
        further: &[String],
    ) -> Option<Self> {
        let mut args: Vec<String> = ["-p", PLUGIN, "--rootdir", project.root().as_str()]
            .map(str::to_owned)
            .into();
        // A file that is broken is no reason to run nothing else.
        args.push("--continue-on-collection-errors".to_owned());
        if purpose == Purpose::List {
            args.push("--collect-only".to_owned());
        }
        let inner = project.layout().inner.iter();
        args.extend(inner.map(|inner| format!("--ignore={inner}")));
        args.extend_from_slice(further);
        let wanted = Wanted::new(project, selection);
        let Wanted::Some(locals) = wanted else {
            return Some(Self { args, select: None });
        };
        let is_there = |file: &&str| {
            let path = Utf8Path::new(file);
            // What is no Python file may hold doctests, of which we know nothing.
            path.extension() != Some("py")
                || project.files().contains_key(&project.root().join(path))
        };
        let files: BTreeSet<&str> = locals
            .iter()
            .map(|local| file_of(local))
            .filter(is_there)
            .collect();
        if files.is_empty() {
            return None;
        }
        let mut select = None;
        if files.iter().map(|file| file.len() + 1).sum::<usize>() > MAX_FILE_ARGS
            || locals.iter().any(|local| file_of(local) != local)
        {
            select = Some(locals.iter().map(|local| format!("{local}\n")).collect());
        }
        if files.iter().map(|file| file.len() + 1).sum::<usize>() <= MAX_FILE_ARGS {
            args.extend(files.into_iter().map(str::to_owned));
        }
        Some(Self { args, select })
    }

    /// How to start pytest for this plan in a process of its own.
    ///
    /// `plugins` is the folder that the plugin lies in, `python_path` the `PYTHONPATH` that the
    /// process would have otherwise, `report` the channel for results and `select` the list file.
    #[must_use]
    pub fn invocation(
        &self,
        python: &str,
        project: &Project,
        plugins: &Utf8Path,
        python_path: Option<&str>,
        report: &Utf8Path,
        select: Option<&Utf8Path>,
    ) -> Invocation {
        let python_path = match python_path {
            Some(others) if !others.is_empty() => format!("{plugins}:{others}"),
            _ => plugins.to_string(),
        };
        let invocation = Invocation::new(python, project.root())
            .args(["-m", "pytest"])
            .args(self.args.iter().cloned())
            .env("PYTHONPATH", python_path)
            .env("GREENWARD_REPORT", report.as_str());
        match select {
            Some(select) => invocation.env("GREENWARD_SELECT", select.as_str()),
            None => invocation,
        }
    }
}

/// The node ids that a selection names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    All,
    Some(BTreeSet<String>),
}

impl Wanted {
    pub(super) fn new(project: &Project, selection: &Selection) -> Self {
        let id = project.id();
        match selection {
            Selection::All => Wanted::All,
            Selection::Units(units) => {
                Wanted::Some(units.iter().map(|unit| unit.as_str().to_owned()).collect())
            }
            Selection::Items(items) if items.contains(&TestId::of_project(id)) => Wanted::All,
            Selection::Items(items) => {
                let locals = items.iter().filter_map(|item| item.local_in(id));
                Wanted::Some(locals.map(str::to_owned).collect())
            }
        }
    }

    /// Whether a node, by its id, is or lies below something that is wanted.
    pub(super) fn has(&self, local: &str) -> bool {
        match self {
            Wanted::All => true,
            Wanted::Some(locals) => locals.iter().any(|wanted| lies_in(local, wanted)),
        }
    }
}

/// Whether a node is, or lies below, another. Below a folder lie its files, and everything below
/// the rootdir, whose id is empty or a dot.
pub(super) fn lies_in(local: &str, outer: &str) -> bool {
    matches!(outer, "" | ".")
        || local.strip_prefix(outer).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with(['[', '/']) || rest.starts_with("::")
        })
}

/// The file in a node id.
pub(super) fn file_of(local: &str) -> &str {
    local.split("::").next().unwrap_or(local)
}

#[cfg(test)]
mod tests {
    use greenward_core::Unit;

    use super::*;
    use crate::pytest::testing::projects;

    const FILES: &[(&str, &str)] = &[
        ("pytest.ini", ""),
        ("test_a.py", "def test_x(): pass"),
        ("x/test_b.py", "def test_y(): pass"),
        ("inner/pytest.ini", ""),
    ];

    /// The arguments that depend on the selection, and the list.
    #[track_caller]
    fn check(selection: &Selection, expected: Option<(&[&str], Option<&str>)>) {
        let project = &projects(FILES)[0];
        let plan = Plan::new(project, selection, Purpose::Run, &["-x".to_owned()]);
        let actual = plan.as_ref().map(|plan| {
            let at = plan
                .args
                .iter()
                .position(|arg| arg == "-x")
                .expect("further arguments");
            (plan.args[at + 1..].to_vec(), plan.select.as_deref())
        });
        let owned = |args: &[&str]| args.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>();
        assert_eq!(actual, expected.map(|(args, select)| (owned(args), select)));
    }

    fn items(locals: &[&str]) -> Selection {
        let id = projects(FILES)[0].id().clone();
        Selection::Items(locals.iter().map(|local| TestId::new(&id, local)).collect())
    }

    #[test]
    fn selections() {
        check(&Selection::All, Some((&[], None)));
        check(
            &Selection::Units(vec![Unit::new("test_a.py")]),
            Some((&["test_a.py"], None)),
        );
        check(&Selection::Units(vec![Unit::new("gone.py")]), None);
        check(
            &items(&["test_a.py", "x/test_b.py"]),
            Some((&["test_a.py", "x/test_b.py"], None)),
        );
        check(
            &items(&["test_a.py::test_x[1]", "gone.py::test_z"]),
            Some((
                &["test_a.py"],
                Some("gone.py::test_z\ntest_a.py::test_x[1]\n"),
            )),
        );
        let project = TestId::of_project(projects(FILES)[0].id());
        check(&Selection::Items(vec![project]), Some((&[], None)));
    }

    #[test]
    fn very_many_files_are_selected_by_the_plugin() {
        let names: Vec<String> = (0..20_000)
            .map(|n| format!("tests/test_number_{n}.py"))
            .collect();
        let mut files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
        files.push(("pytest.ini", ""));
        let project = &projects(&files)[0];
        let units = names.iter().map(|name| Unit::new(name)).collect();
        let plan = Plan::new(project, &Selection::Units(units), Purpose::Run, &[]).expect("a plan");
        assert!(plan.args.iter().map(String::len).sum::<usize>() < 1000);
        assert_eq!(plan.select.expect("a list").lines().count(), 20_000);
    }

    #[test]
    fn inner_rootdirs_are_left_out() {
        let plan =
            Plan::new(&projects(FILES)[0], &Selection::All, Purpose::List, &[]).expect("a plan");
        assert!(plan.args.contains(&"--ignore=/w/inner".to_owned()));
        assert!(plan.args.contains(&"--collect-only".to_owned()));
    }

    #[test]
    fn the_plugin_comes_by_python_path() {
        let project = &projects(FILES)[0];
        let plan = Plan::new(project, &Selection::All, Purpose::Run, &[]).expect("a plan");
        let path = Utf8Path::new;
        let invocation =
            plan.invocation("py", project, path("/c"), Some("/other"), path("/r"), None);
        assert_eq!(invocation.folder, "/w");
        assert_eq!(
            invocation.args[..4],
            ["-m", "pytest", "-p", "greenward_pytest"]
        );
        assert_eq!(
            invocation.env[0],
            ("PYTHONPATH".to_owned(), Some("/c:/other".to_owned()))
        );
    }

    #[test]
    fn nodes_lie_in_nodes() {
        for (local, outer, expected) in [
            ("a.py::test_x[1]", "a.py::test_x", true),
            ("a.py::test_x", "a.py", true),
            ("a.py::test_xy", "a.py::test_x", false),
            ("x/a.py::test", "x", true),
            ("xy/a.py::test", "x", false),
            ("a.py", "", true),
        ] {
            assert_eq!(lies_in(local, outer), expected, "{local} in {outer}");
        }
    }
}
