//! What keeps tests from running, as compilers show it.

use std::fmt::Write as _;

use camino::Utf8Path;
use greenward_core::{Location, Problem, Severity};
use unicode_width::UnicodeWidthStr;

use super::style::{BAD, DIM, PLACE, STRONG, WARNING, paint};
use super::words;

/// Reads the text of a file; nothing if it cannot be read.
pub(crate) type Source<'a> = &'a dyn Fn(&Utf8Path) -> Option<String>;

/// A problem with its place, the line it is about, and what belongs to it. Ends with an empty
/// line.
pub(crate) fn render(problem: &Problem, base: &Utf8Path, source: Source<'_>) -> String {
    let (word, style) = match problem.severity {
        Severity::Error => ("error", BAD),
        Severity::Warning => ("warning", WARNING),
    };
    let word = match &problem.code {
        Some(code) => format!("{word}[{code}]"),
        None => word.to_owned(),
    };
    let (summary, rest) = problem
        .message
        .trim_end()
        .split_once('\n')
        .unwrap_or((problem.message.trim_end(), ""));
    let mut text = format!(
        "{}{}\n",
        paint(style, word),
        paint(STRONG, format_args!(": {summary}"))
    );
    if let Some(location) = &problem.location {
        excerpt(&mut text, location, None, base, source);
    }
    for (location, remark) in &problem.related {
        excerpt(&mut text, location, Some(remark), base, source);
    }
    text.push_str(&words::indent(rest, "  "));
    if let Some(module) = own_module(problem, base, source) {
        let hint = format!("hint: {module} is this project's own: `pip install -e .` installs it");
        text.push_str(&words::indent(&hint, "  "));
    }
    text.push('\n');
    text
}

/// The module that Python does not find though it is the project's own: it is called so, or has
/// such a package in its `src` folder.
fn own_module<'a>(problem: &'a Problem, base: &Utf8Path, source: Source<'_>) -> Option<&'a str> {
    let said = problem.message.split_once("No module named '")?.1;
    let module = said.split(['.', '\'']).next()?;
    let place = problem.location.as_ref();
    let start = place.map_or(base, |location| &location.file);
    let is_own = |folder: &Utf8Path| {
        let is_there = |path: String| source(&folder.join(path)).is_some();
        let declared = source(&folder.join("pyproject.toml"));
        is_there(format!("src/{module}/__init__.py"))
            || is_there(format!("src/{module}.py"))
            || declared.is_some_and(|text| names(&text, module))
    };
    start.ancestors().any(is_own).then_some(module)
}

/// Whether a `pyproject.toml` calls its project like a module, in which `_` stands for `-`.
fn names(pyproject: &str, module: &str) -> bool {
    let name = |line: &str| {
        let (key, value) = line.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        (key.trim() == "name").then(|| value.replace(['-', '.'], "_").to_lowercase())
    };
    let module = module.to_lowercase();
    pyproject
        .lines()
        .filter_map(name)
        .any(|name| name == module)
}

/// A place, and the line it is about with the place underlined.
fn excerpt(
    text: &mut String,
    location: &Location,
    remark: Option<&str>,
    base: &Utf8Path,
    source: Source<'_>,
) {
    let place = paint(PLACE, words::place(location, base));
    let (arrow, bar) = (paint(DIM, "-->"), paint(DIM, "|"));
    match remark.map(str::trim).filter(|remark| !remark.is_empty()) {
        Some(remark) => writeln!(text, "  {arrow} {place}: {remark}").ok(),
        None => writeln!(text, "  {arrow} {place}").ok(),
    };
    let start = location.range.start;
    let Some(file) = source(&location.file) else {
        return;
    };
    let Some(line) = file.lines().nth(start.line as usize) else {
        return;
    };
    let number = (start.line + 1).to_string();
    let margin = " ".repeat(number.len());
    // Tabs have no width of their own: the line is shown without.
    let shown = line.replace('\t', "    ");
    writeln!(text, "  {} {bar} {shown}", paint(DIM, &number)).ok();
    if let Some(underline) = underline(line, location) {
        writeln!(text, "  {margin} {bar} {underline}").ok();
    }
}

/// Marks below `line` that underline a place in it; nothing for one that is not in it, or that is
/// all of it and ends in a column that no line has.
fn underline(line: &str, location: &Location) -> Option<String> {
    let (start, end) = (location.range.start, location.range.end);
    let width = |text: &str| text.replace('\t', "    ").width();
    let before = line.get(..start.column as usize)?;
    let marked = match end.line == start.line {
        true => line.get(start.column as usize..end.column as usize)?,
        false => line.get(start.column as usize..)?,
    };
    let marks = "^".repeat(width(marked).max(1));
    Some(format!(
        "{}{}",
        " ".repeat(width(before)),
        paint(BAD, marks)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::style::plain;
    use expect_test::{Expect, expect};
    use greenward_core::{Position, Range};

    const SOURCE: &str = "fn one() -> u8 {\n\tlet größe = \"x\";\n    größe\n}\n";

    fn at(from: (u32, u32), to: (u32, u32)) -> Location {
        Location {
            file: "/w/src/lib.rs".into(),
            range: Range::new(Position::new(from.0, from.1), Position::new(to.0, to.1)),
        }
    }

    fn problem(location: Option<Location>) -> Problem {
        Problem {
            severity: Severity::Error,
            message: "mismatched types".into(),
            code: Some("E0308".into()),
            location,
            related: Vec::new(),
        }
    }

    fn check(problem: &Problem, rendered: Expect) {
        let source = |file: &Utf8Path| (file == "/w/src/lib.rs").then(|| SOURCE.to_owned());
        rendered.assert_eq(&plain(&render(problem, "/w".into(), &source)));
    }

    #[test]
    fn the_place_is_shown_and_underlined() {
        check(
            &problem(Some(at((2, 4), (2, 11)))),
            expect![[r#"
            error[E0308]: mismatched types
              --> src/lib.rs:3:5
              3 |     größe
                |     ^^^^^

        "#]],
        );
        check(
            &problem(Some(at((1, 5), (1, 12)))),
            expect![[r#"
            error[E0308]: mismatched types
              --> src/lib.rs:2:6
              2 |     let größe = "x";
                |         ^^^^^

        "#]],
        );
        check(
            &problem(Some(at((1, 15), (2, 4)))),
            expect![[r#"
            error[E0308]: mismatched types
              --> src/lib.rs:2:16
              2 |     let größe = "x";
                |                 ^^^^

        "#]],
        );
    }

    #[test]
    fn further_places_and_lines_follow() {
        let with_more = Problem {
            message: "mismatched types\nexpected `u8`, found `&str`".into(),
            related: vec![(at((0, 12), (0, 14)), "expected because of this".into())],
            ..problem(Some(at((2, 4), (2, 11))))
        };
        check(
            &with_more,
            expect![[r#"
            error[E0308]: mismatched types
              --> src/lib.rs:3:5
              3 |     größe
                |     ^^^^^
              --> src/lib.rs:1:13: expected because of this
              1 | fn one() -> u8 {
                |             ^^
              expected `u8`, found `&str`

        "#]],
        );
    }

    #[test]
    fn a_module_of_the_project_itself_wants_to_be_installed() {
        let check = |message: &str, file: &str, text: &str, module: Option<&str>| {
            let problem = Problem {
                message: message.to_owned(),
                ..problem(Some(at((0, 0), (0, 1))))
            };
            let source = |path: &Utf8Path| (path == file).then(|| text.to_owned());
            assert_eq!(
                own_module(&problem, "/w".into(), &source),
                module,
                "{file} {text}"
            );
            let rendered = plain(&render(&problem, "/w".into(), &source));
            assert_eq!(rendered.contains("pip install -e ."), module.is_some());
        };
        const MISSING: &str = "ModuleNotFoundError: No module named 'my_pkg.api'";
        let own = Some("my_pkg");
        check(MISSING, "/w/src/my_pkg/__init__.py", "", own);
        check(MISSING, "/w/src/my_pkg.py", "", own);
        check(MISSING, "/w/pyproject.toml", "name = \"My-Pkg\"\n", own);
        check(MISSING, "/w/pyproject.toml", "name = \"other\"\n", None);
        check(
            MISSING,
            "/w/pyproject.toml",
            "description = \"my_pkg\"\n",
            None,
        );
        check(MISSING, "/w/src/other.py", "", None);
        check("no such name", "/w/src/my_pkg.py", "", None);
    }

    #[test]
    fn a_place_that_does_not_fit_the_text_is_named_only() {
        check(
            &problem(Some(at((90, 4), (90, 11)))),
            expect![[r#"
            error[E0308]: mismatched types
              --> src/lib.rs:91:5

        "#]],
        );
        check(
            &problem(Some(at((2, 7), (2, 99)))),
            expect![[r#"
            error[E0308]: mismatched types
              --> src/lib.rs:3:8
              3 |     größe

        "#]],
        );
        check(
            &problem(None),
            expect![[r#"
            error[E0308]: mismatched types

        "#]],
        );
        let whole_line = |file: &str| Location {
            file: file.into(),
            range: Range::of_line(2),
        };
        check(
            &problem(Some(whole_line("/w/src/lib.rs"))),
            expect![[r#"
            error[E0308]: mismatched types
              --> src/lib.rs:3
              3 |     größe

        "#]],
        );
        check(
            &problem(Some(whole_line("/w/gone.rs"))),
            expect![[r#"
            error[E0308]: mismatched types
              --> gone.rs:3

        "#]],
        );
    }
}
