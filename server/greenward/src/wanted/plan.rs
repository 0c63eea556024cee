//! Paths, lines and names told apart.

use camino::{Utf8Path, Utf8PathBuf};

use crate::exit::Trouble;
use crate::folder;

/// Where to look for tests, and which of them to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The folder that is the workspace.
    pub(crate) folder: Utf8PathBuf,
    /// Files and folders in it whose tests are wanted.
    pub(crate) paths: Vec<Utf8PathBuf>,
    /// Lines of files in it, from 0, whose tests are wanted.
    pub(crate) lines: Vec<(Utf8PathBuf, u32)>,
    /// What is no path: test ids and patterns.
    pub(crate) patterns: Vec<String>,
}

impl Plan {
    /// The plan of what was typed in a working directory. What exists is a path, with a line
    /// number after it perhaps, and anything else names tests. The workspace is around the first path; named itself, it says where to look
    /// and nothing else.
    ///
    /// # Errors
    /// If the paths belong to different workspaces, or the working directory is gone.
    pub(crate) fn of(wanted: &[String], working: &Utf8Path) -> Result<Self, Trouble> {
        let mut paths = Vec::new();
        let mut lines = Vec::new();
        let mut patterns = Vec::new();
        let there = |typed: &str| folder::canonical(Utf8Path::new(typed), working);
        for typed in wanted {
            if let Ok(path) = there(typed) {
                paths.push(path);
            } else if let Some((file, line)) = line_of_file(typed)
                && let Ok(file) = there(file)
            {
                lines.push((file, line));
            } else {
                patterns.push(typed.clone());
            }
        }
        let mut files = paths.iter().chain(lines.iter().map(|(file, _)| file));
        let start = match files.clone().next() {
            Some(first) => first.clone(),
            None => folder::canonical(working, working)
                .map_err(|error| Trouble::new(format!("{working} cannot be read")).from(error))?,
        };
        let folder = folder::around(&start, |path| path.exists(), |path| path.is_dir());
        if let Some(outside) = files.find(|path| !path.starts_with(&folder)) {
            return Err(Trouble::new(format!("{outside} is not in {folder}"))
                .hint("test each project by itself, or name a folder that holds both"));
        }
        if paths.contains(&folder) {
            paths.clear();
        }
        Ok(Self {
            folder,
            paths,
            lines,
            patterns,
        })
    }
}

/// The file and the line, from 0, of a place as failures show it: `src/lib.rs:19`, and perhaps
/// the column after it.
fn line_of_file(typed: &str) -> Option<(&str, u32)> {
    let (before, number) = number_at_end(typed)?;
    let (file, line) = number_at_end(before).unwrap_or((before, number));
    Some((file, line.checked_sub(1)?))
}

fn number_at_end(text: &str) -> Option<(&str, u32)> {
    let (before, number) = text.trim_end_matches(':').rsplit_once(':')?;
    Some((before, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(wanted: &[&str], working: &str, outcome: Expect) {
        let world = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(world.path()).unwrap();
        let root = root.canonicalize_utf8().unwrap();
        for file in [
            "a/pyproject.toml",
            "a/tests/test_x.py",
            "a/tests/test_y.py",
            "b/Cargo.toml",
        ] {
            let file = root.join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "").unwrap();
        }
        let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
        let text = match Plan::of(&wanted, &root.join(working)) {
            Ok(Plan {
                folder,
                paths,
                lines,
                patterns,
            }) => match lines.is_empty() {
                true => format!("{folder} {paths:?} {patterns:?}"),
                false => format!("{folder} {paths:?} {lines:?} {patterns:?}"),
            },
            Err(trouble) => trouble.to_string(),
        };
        outcome.assert_eq(&text.replace(root.as_str(), "ROOT"));
    }

    #[test]
    fn nothing_typed_means_the_project_around() {
        check(&[], "a/tests", expect!["ROOT/a [] []"]);
        check(&[], "b", expect!["ROOT/b [] []"]);
    }

    #[test]
    fn what_exists_is_a_path_and_the_rest_names_tests() {
        check(
            &["test_x.py", "test_z.py", "test_x"],
            "a/tests",
            expect![[r#"ROOT/a ["ROOT/a/tests/test_x.py"] ["test_z.py", "test_x"]"#]],
        );
        check(
            &["tests/../tests"],
            "a",
            expect![[r#"ROOT/a ["ROOT/a/tests"] []"#]],
        );
    }

    #[test]
    fn the_project_itself_says_where_to_look() {
        check(&["../a"], "b", expect!["ROOT/a [] []"]);
        check(
            &["a", "a/tests", "four"],
            "",
            expect![[r#"ROOT/a [] ["four"]"#]],
        );
    }

    #[test]
    fn a_place_is_a_line_of_a_file() {
        check(
            &[
                "tests/test_x.py:19",
                "tests/test_y.py:1:5",
                "tests/test_x.py:3:",
            ],
            "a",
            expect![[
                r#"ROOT/a [] [("ROOT/a/tests/test_x.py", 18), ("ROOT/a/tests/test_y.py", 0), ("ROOT/a/tests/test_x.py", 2)] []"#
            ]],
        );
        check(
            &[
                "test_z.py:19",
                "test_x.py:0",
                "test_x.py::test_x",
                "test_x.py:x",
            ],
            "a/tests",
            expect![[
                r#"ROOT/a [] ["test_z.py:19", "test_x.py:0", "test_x.py::test_x", "test_x.py:x"]"#
            ]],
        );
        check(
            &["a/tests/test_x.py:1", "b"],
            "",
            expect!["ROOT/a/tests/test_x.py is not in ROOT/b"],
        );
    }

    #[test]
    fn paths_of_two_projects_are_refused() {
        check(&["a", "b"], "", expect!["ROOT/b is not in ROOT/a"]);
    }

    #[test]
    fn a_working_directory_that_is_gone_is_named() {
        check(&[], "gone", expect!["ROOT/gone cannot be read"]);
    }
}
