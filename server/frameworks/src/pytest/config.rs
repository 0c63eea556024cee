//! pytest's own configuration: where it stands and what of it matters here.
//!
//! The files and their order are those of `_pytest/config/findpaths.py`.

use std::collections::BTreeMap;

use camino::Utf8Path;
use greenward_core::{Location, Position, Problem, Range, Severity};
use toml::{Table, Value};

use super::ini;

/// The files that can hold pytest's configuration, the first that does wins.
pub(super) const CONFIG_FILES: [&str; 7] = [
    "pytest.toml",
    ".pytest.toml",
    "pytest.ini",
    ".pytest.ini",
    "pyproject.toml",
    "tox.ini",
    "setup.cfg",
];

/// The options that decide what is collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where to look when nothing is named; everywhere if empty.
    pub testpaths: Vec<String>,
    /// Patterns of the names of test files.
    pub python_files: Vec<String>,
    /// Prefixes or patterns of the names of test classes.
    pub python_classes: Vec<String>,
    /// Prefixes or patterns of the names of test functions.
    pub python_functions: Vec<String>,
    /// Patterns of the names of folders that are not looked into.
    pub norecursedirs: Vec<String>,
    /// Folders that are put on `sys.path`.
    pub pythonpath: Vec<String>,
    /// Arguments that are added to every command line.
    pub addopts: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        let list = |items: &[&str]| items.iter().map(|&item| item.to_owned()).collect();
        Self {
            testpaths: Vec::new(),
            python_files: list(&["test_*.py", "*_test.py"]),
            python_classes: list(&["Test"]),
            python_functions: list(&["test"]),
            norecursedirs: list(&[
                "*.egg",
                ".*",
                "_darcs",
                "build",
                "CVS",
                "dist",
                "node_modules",
                "venv",
                "{arch}",
            ]),
            pythonpath: Vec::new(),
            addopts: Vec::new(),
        }
    }
}

impl Options {
    /// The values of `--name VALUE` and `--name=VALUE` in `addopts`.
    pub(super) fn added<'o>(&'o self, name: &'o str) -> impl Iterator<Item = &'o str> {
        self.addopts
            .iter()
            .enumerate()
            .filter_map(move |(at, arg)| {
                let rest = arg.strip_prefix(name)?;
                match rest.strip_prefix('=') {
                    Some(value) => Some(value),
                    None if rest.is_empty() => self.addopts.get(at + 1).map(String::as_str),
                    None => None,
                }
            })
    }
}

/// What a file says of pytest: nothing if it does not configure it.
pub(super) fn read(path: &Utf8Path, text: &str) -> Result<Option<Options>, Box<Problem>> {
    match path.file_name().unwrap_or_default() {
        "pytest.toml" | ".pytest.toml" => {
            let table = toml(path, text)?;
            let values = table.get("pytest").and_then(Value::as_table);
            Ok(Some(values.map_or_else(Options::default, from_toml)))
        }
        "pyproject.toml" => {
            let table = toml(path, text)?;
            let tool = table.get("tool").and_then(Value::as_table);
            let pytest = tool.and_then(|tool| tool.get("pytest")?.as_table());
            Ok(pytest.and_then(|native| {
                match native.get("ini_options").and_then(Value::as_table) {
                    Some(options) => Some(from_toml(options)),
                    None => (!native.is_empty()).then(|| from_toml(native)),
                }
            }))
        }
        "pytest.ini" | ".pytest.ini" => {
            let values = ini_section(path, text, "pytest")?.unwrap_or_default();
            Ok(Some(from_ini(&values)))
        }
        "tox.ini" => Ok(ini_section(path, text, "pytest")?.as_ref().map(from_ini)),
        "setup.cfg" => Ok(ini_section(path, text, "tool:pytest")?
            .as_ref()
            .map(from_ini)),
        _ => Ok(None),
    }
}

/// The project's name in a `pyproject.toml`, as Poetry derives a virtual environment's name from
/// it. Nothing if the file does not say that Poetry is used.
pub(super) fn poetry_name(text: &str) -> Option<String> {
    let table: Table = text.parse().ok()?;
    let poetry = table.get("tool")?.as_table()?.get("poetry")?.as_table()?;
    let project = table.get("project").and_then(Value::as_table);
    let name = poetry.get("name").or_else(|| project?.get("name"))?;
    Some(name.as_str()?.to_owned())
}

fn toml(path: &Utf8Path, text: &str) -> Result<Table, Box<Problem>> {
    text.parse().map_err(|error: toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start);
        let lines = text.get(..at).unwrap_or_default().matches('\n').count();
        let line = u32::try_from(lines).unwrap_or(u32::MAX);
        problem(path, line, error.message())
    })
}

fn ini_section(
    path: &Utf8Path,
    text: &str,
    section: &str,
) -> Result<Option<BTreeMap<String, String>>, Box<Problem>> {
    ini::section(text, section).map_err(|error| problem(path, error.line, error.message))
}

fn problem(path: &Utf8Path, line: u32, message: &str) -> Box<Problem> {
    let name = path.file_name().unwrap_or_default();
    Box::new(Problem {
        severity: Severity::Error,
        message: format!("{name} cannot be read: {message}"),
        code: Some("configuration".to_owned()),
        location: Some(Location {
            file: path.to_owned(),
            range: Range::new(Position::new(line, 0), Position::new(line, u32::MAX)),
        }),
        related: Vec::new(),
    })
}

fn from_ini(values: &BTreeMap<String, String>) -> Options {
    options(|name| values.get(name).map(|value| words(value)))
}

fn from_toml(values: &Table) -> Options {
    options(|name| match values.get(name)? {
        Value::String(value) => Some(words(value)),
        Value::Array(items) => {
            let text = |item: &Value| item.as_str().map(str::to_owned);
            Some(items.iter().filter_map(text).collect())
        }
        _ => None,
    })
}

fn options(value: impl Fn(&str) -> Option<Vec<String>>) -> Options {
    let default = Options::default();
    Options {
        testpaths: value("testpaths").unwrap_or(default.testpaths),
        python_files: value("python_files").unwrap_or(default.python_files),
        python_classes: value("python_classes").unwrap_or(default.python_classes),
        python_functions: value("python_functions").unwrap_or(default.python_functions),
        norecursedirs: value("norecursedirs").unwrap_or(default.norecursedirs),
        pythonpath: value("pythonpath").unwrap_or(default.pythonpath),
        addopts: value("addopts").unwrap_or(default.addopts),
    }
}

/// Splits as a shell does; where the quotes do not match, at white space.
fn words(value: &str) -> Vec<String> {
    shlex::split(value).unwrap_or_else(|| value.split_whitespace().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, text: &str, expected: Option<(&[&str], &[&str])>) {
        let options = read(Utf8Path::new(name), text).expect("readable");
        let actual = options.map(|options| (options.python_files, options.addopts));
        let list = |items: &[&str]| {
            items
                .iter()
                .map(|&item| item.to_owned())
                .collect::<Vec<_>>()
        };
        let expected = expected.map(|(files, addopts)| (list(files), list(addopts)));
        assert_eq!(actual, expected, "of {name}: {text:?}");
    }

    const DEFAULT: &[&str] = &["test_*.py", "*_test.py"];

    #[test]
    fn every_kind_of_file() {
        check("/p/pytest.ini", "", Some((DEFAULT, &[])));
        check(
            "/p/pytest.ini",
            "[pytest]\npython_files = a.py b.py\naddopts = -n 2 -k 'a b'",
            Some((&["a.py", "b.py"], &["-n", "2", "-k", "a b"])),
        );
        check(
            "/p/pyproject.toml",
            "[tool.pytest.ini_options]\npython_files = 'a.py'\naddopts = ['-x']",
            Some((&["a.py"], &["-x"])),
        );
        check(
            "/p/pyproject.toml",
            "[tool.pytest]\naddopts = ['-x']",
            Some((DEFAULT, &["-x"])),
        );
        check("/p/pyproject.toml", "[project]\nname = 'x'", None);
        check(
            "/p/pytest.toml",
            "[pytest]\naddopts = ['-x']",
            Some((DEFAULT, &["-x"])),
        );
        check("/p/pytest.toml", "", Some((DEFAULT, &[])));
        check("/p/tox.ini", "[tox]\nx = 1", None);
        check("/p/tox.ini", "[pytest]\n", Some((DEFAULT, &[])));
        check(
            "/p/setup.cfg",
            "[tool:pytest]\naddopts = -q",
            Some((DEFAULT, &["-q"])),
        );
        check("/p/setup.cfg", "[metadata]\nname = x", None);
    }

    #[test]
    fn a_broken_file_is_a_problem_at_its_line() {
        for (name, text, line) in [
            ("/p/pyproject.toml", "[project]\nname =\n", 1),
            ("/p/pytest.ini", "[pytest]\naddopts = -q\nwhat\n", 2),
        ] {
            let problem = read(Utf8Path::new(name), text).expect_err("broken");
            let location = problem.location.expect("a place");
            assert_eq!(
                (location.file.as_str(), location.range.start.line),
                (name, line)
            );
        }
    }

    #[test]
    fn options_within_addopts() {
        let options = Options {
            addopts: words("--ignore=a --ignore b --ignored=c -v"),
            ..Options::default()
        };
        assert_eq!(options.added("--ignore").collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn poetry_says_its_name() {
        assert_eq!(
            poetry_name("[tool.poetry]\nname = 'x'"),
            Some("x".to_owned())
        );
        assert_eq!(
            poetry_name("[project]\nname = 'y'\n[tool.poetry]\n"),
            Some("y".to_owned())
        );
        assert_eq!(poetry_name("[project]\nname = 'y'"), None);
    }
}
