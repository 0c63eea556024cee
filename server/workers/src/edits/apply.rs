//! Applying edits to texts: one by one, each on what the ones before it made.

use std::collections::BTreeMap;
use std::fmt;

use super::FileEdit;
use super::nearest::{nearest, numbered};
use crate::context::is_gap;
use crate::redact::PLACEHOLDER;

/// What became of edits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// The files that are different now. One without text is to be removed.
    pub files: BTreeMap<String, Option<String>>,
    /// The edits that found no place. The others are applied all the same.
    pub misses: Vec<Miss>,
}

/// An edit that could not be applied. Shown, it says to the worker what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// The file.
    pub path: String,
    /// What was searched for.
    pub search: String,
    /// Why.
    pub reason: MissReason,
    /// The lines of the file that are most like what was searched for, each with its number. Empty
    /// if nothing is like it.
    pub nearest: String,
}

/// Why an edit could not be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissReason {
    /// There is no such file, or it is no text.
    NoFile,
    /// The lines are not in the file.
    NotFound,
    /// The lines are in the file several times.
    Several {
        /// How often.
        times: usize,
    },
    /// Nothing to search for, in a file that exists and is not empty.
    EmptySearch,
    /// The new text holds a mark that stands for what the worker was not shown: a secret, or lines
    /// that were left out. They would be lost.
    NotShown,
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match self.reason {
            MissReason::NoFile => write!(f, "{path}: there is no such text file")?,
            MissReason::NotFound => write!(
                f,
                "{path}: the SEARCH lines are not in the file; copy them from it exactly"
            )?,
            MissReason::Several { times } => write!(
                f,
                "{path}: the SEARCH lines are in the file {times} times; add lines around them \
                 until they are there once"
            )?,
            MissReason::EmptySearch => write!(
                f,
                "{path}: SEARCH is empty, but the file exists; search for lines of it"
            )?,
            MissReason::NotShown => write!(
                f,
                "{path}: the new text holds a mark such as `{PLACEHOLDER}`, which stands for \
                 something you were not shown; change only lines without it"
            )?,
        }
        if !self.nearest.is_empty() {
            write!(f, ". The nearest lines are:\n{}", self.nearest)?;
        }
        Ok(())
    }
}

/// Applies `edits`, one by one. `read` gives a file's text as it is before all of them; nothing if
/// there is none, or it is no UTF-8.
///
/// Lines are searched for as they are first, then with all white space left out of the comparison;
/// the new lines are then indented as far as the old ones were. The ends of a file's lines stay as
/// they are in the file.
pub fn apply(edits: &[FileEdit], read: impl Fn(&str) -> Option<String>) -> Applied {
    let mut applied = Applied::default();
    for edit in edits {
        let path = edit.path().to_owned();
        let before = match applied.files.get(&path) {
            Some(text) => text.clone(),
            None => read(&path),
        };
        match change(edit, before.as_deref()) {
            Ok(after) => {
                applied.files.insert(path, after);
            }
            Err((reason, nearest)) => applied.misses.push(Miss {
                path,
                search: match edit {
                    FileEdit::SearchReplace { search, .. } => search.clone(),
                    _ => String::new(),
                },
                reason,
                nearest,
            }),
        }
    }
    applied.files.retain(|path, after| *after != read(path));
    applied
}

type Missed = (MissReason, String);

fn change(edit: &FileEdit, before: Option<&str>) -> Result<Option<String>, Missed> {
    let miss = |reason| (reason, String::new());
    match edit {
        FileEdit::Delete { .. } if before.is_none() => Err(miss(MissReason::NoFile)),
        FileEdit::Delete { .. } => Ok(None),
        FileEdit::WholeFile { text, .. } | FileEdit::SearchReplace { replace: text, .. }
            if text.contains(PLACEHOLDER) || text.lines().any(is_gap) =>
        {
            Err(miss(MissReason::NotShown))
        }
        FileEdit::WholeFile { text, .. } => Ok(Some(with_ends_of(text, before.unwrap_or("")))),
        FileEdit::SearchReplace {
            search, replace, ..
        } => {
            let blank = search.trim().is_empty();
            match before {
                None if blank => Ok(Some(replace.clone())),
                Some(before) if blank && before.trim().is_empty() => Ok(Some(replace.clone())),
                None => Err(miss(MissReason::NoFile)),
                Some(_) if blank => Err(miss(MissReason::EmptySearch)),
                Some(before) => search_replace(before, search, replace).map(Some),
            }
        }
    }
}

fn search_replace(before: &str, search: &str, replace: &str) -> Result<String, Missed> {
    let lines: Vec<&str> = before.lines().collect();
    let wanted: Vec<&str> = search.lines().collect();
    let exact = places(&lines, &wanted, |one, other| one == other);
    let (found, wanted) = if exact.is_empty() {
        // Empty lines around a block are often lost or added on the way.
        let trimmed = trim_blank(&wanted);
        (places(&lines, trimmed, same_but_space), trimmed)
    } else {
        (exact, wanted.as_slice())
    };
    match found.as_slice() {
        [place] => {
            let old = &lines[*place..place + wanted.len()];
            let new: Vec<String> = if old == wanted {
                replace.lines().map(str::to_owned).collect()
            } else {
                let new: Vec<&str> = replace.lines().collect();
                indented_as(old, wanted, trim_blank(&new))
            };
            Ok(spliced(before, *place, wanted.len(), &new))
        }
        [] => Err((MissReason::NotFound, nearest(&lines, trim_blank(wanted)))),
        several => {
            let times = several.len();
            let shown: Vec<String> = several
                .iter()
                .take(3)
                .map(|&place| numbered(&lines, place, wanted.len()))
                .collect();
            Err((MissReason::Several { times }, shown.join("...\n")))
        }
    }
}

/// Where `wanted` stands in `lines`, without overlaps.
fn places(lines: &[&str], wanted: &[&str], same: impl Fn(&str, &str) -> bool) -> Vec<usize> {
    let mut found = Vec::new();
    let mut at = 0;
    while !wanted.is_empty() && at + wanted.len() <= lines.len() {
        let here = &lines[at..at + wanted.len()];
        if here.iter().zip(wanted).all(|(one, other)| same(one, other)) {
            found.push(at);
            at += wanted.len();
        } else {
            at += 1;
        }
    }
    found
}

fn same_but_space(one: &str, other: &str) -> bool {
    one.split_whitespace()
        .flat_map(str::chars)
        .eq(other.split_whitespace().flat_map(str::chars))
}

fn trim_blank<'a, 'b>(lines: &'b [&'a str]) -> &'b [&'a str] {
    let is_text = |line: &&str| !line.trim().is_empty();
    let Some(first) = lines.iter().position(is_text) else {
        return &[];
    };
    let last = lines.iter().rposition(is_text).unwrap_or(first);
    &lines[first..=last]
}

/// `new`, moved by as much as `old` in the file stands to the right or left of `wanted`.
fn indented_as(old: &[&str], wanted: &[&str], new: &[&str]) -> Vec<String> {
    let indent = |line: &str| line[..line.len() - line.trim_start().len()].to_owned();
    let (old, wanted) = (
        old.first().map(|line| indent(line)).unwrap_or_default(),
        wanted.first().map(|line| indent(line)).unwrap_or_default(),
    );
    new.iter()
        .map(|line| match line.strip_prefix(wanted.as_str()) {
            _ if line.trim().is_empty() => String::new(),
            Some(rest) => format!("{old}{rest}"),
            None => (*line).to_owned(),
        })
        .collect()
}

/// `before` with `count` lines from the line `place` on replaced by `new`.
fn spliced(before: &str, place: usize, count: usize, new: &[String]) -> String {
    let end = line_end(before);
    let kept: Vec<&str> = before.split_inclusive('\n').collect();
    let mut after: String = kept[..place].concat();
    for line in new {
        after.push_str(line);
        after.push_str(end);
    }
    let rest = kept[place + count..].concat();
    // A file whose last line has no end keeps that.
    if rest.is_empty() && !before.ends_with('\n') && after.ends_with(end) {
        after.truncate(after.len() - end.len());
    }
    after + &rest
}

/// `text` with its lines ended as those of `before` are.
fn with_ends_of(text: &str, before: &str) -> String {
    match line_end(before) {
        "\n" => text.to_owned(),
        end => text.replace('\n', end),
    }
}

fn line_end(text: &str) -> &'static str {
    if text
        .split_inclusive('\n')
        .next()
        .is_some_and(|line| line.ends_with("\r\n"))
    {
        "\r\n"
    } else {
        "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(search: &str, replace: &str) -> FileEdit {
        FileEdit::SearchReplace {
            path: "a".into(),
            search: search.into(),
            replace: replace.into(),
        }
    }

    /// Applies edits to the one file `a`; gives its text afterwards and the misses.
    fn applied(before: Option<&str>, edits: &[FileEdit]) -> Applied {
        apply(edits, |path| {
            before.filter(|_| path == "a").map(str::to_owned)
        })
    }

    #[track_caller]
    fn check(before: &str, edit: (&str, &str), after: &str) {
        let applied = applied(Some(before), &[block(edit.0, edit.1)]);
        assert_eq!(applied.misses, []);
        assert_eq!(applied.files["a"].as_deref(), Some(after));
    }

    #[track_caller]
    fn check_miss(before: Option<&str>, edit: FileEdit, reason: MissReason, nearest: &str) {
        let applied = applied(before, &[edit]);
        assert_eq!(applied.files, BTreeMap::new());
        let [miss] = applied.misses.as_slice() else {
            panic!("{:?}", applied.misses);
        };
        assert_eq!((miss.reason, miss.nearest.as_str()), (reason, nearest));
        assert!(miss.to_string().starts_with("a: "));
    }

    #[test]
    fn lines_are_replaced() {
        check("a\nb\nc\n", ("b\n", "x\ny\n"), "a\nx\ny\nc\n");
        check("a\nb\nc", ("c\n", "d\n"), "a\nb\nd");
        check("a\nb\n", ("a\n", ""), "b\n");
        check("a\r\nb\r\n", ("b\n", "x\n"), "a\r\nx\r\n");
        check("", ("", "x\n"), "x\n");
    }

    #[test]
    fn white_space_is_forgiven_and_the_files_own_kept() {
        check(
            "fn f() {\n    if x {\n        y();\n    }\n}\n",
            ("if x {\n    y();\n}\n", "if x {\n    z();\n}\n"),
            "fn f() {\n    if x {\n        z();\n    }\n}\n",
        );
        check("a = 1  \nb\n", ("a=1\n", "a = 2\n"), "a = 2\nb\n");
        check("a\nb\n", ("\nb  \n\n", "\nc\n\n"), "a\nc\n");
    }

    #[test]
    fn an_exact_place_wins_over_alike_ones() {
        check("x\n  x\n", ("  x\n", "  y\n"), "x\n  y\n");
    }

    #[test]
    fn edits_build_on_one_another() {
        let edits = [block("a\n", "b\n"), block("b\n", "c\n")];
        let changed = applied(Some("a\n"), &edits);
        assert_eq!(changed.files["a"].as_deref(), Some("c\n"));
        let edits = [block("a\n", "b\n"), block("b\n", "a\n")];
        assert_eq!(applied(Some("a\n"), &edits).files, BTreeMap::new());
    }

    #[test]
    fn a_miss_does_not_keep_the_others() {
        let edits = [block("nothing like it\n", "x\n"), block("b\n", "c\n")];
        let changed = applied(Some("a\nb\n"), &edits);
        assert_eq!(changed.files["a"].as_deref(), Some("a\nc\n"));
        assert_eq!(changed.misses.len(), 1);
    }

    #[test]
    fn files_are_made_written_and_removed() {
        let whole = |text: &str| FileEdit::WholeFile {
            path: "a".into(),
            text: text.into(),
        };
        let delete = FileEdit::Delete { path: "a".into() };
        for (before, edit, after) in [
            (None, block("", "x\n"), Some("x\n")),
            (None, whole("x\n"), Some("x\n")),
            (Some("a\r\n"), whole("x\ny\n"), Some("x\r\ny\r\n")),
            (Some("a\n"), delete.clone(), None),
        ] {
            let changed = applied(before, &[edit]);
            assert_eq!(changed.files["a"].as_deref(), after);
        }
        check_miss(None, delete, MissReason::NoFile, "");
    }

    #[test]
    fn a_miss_names_the_nearest_lines() {
        check_miss(
            Some("one\ntwo\nlet total = sum(items);\nfour\n"),
            block("let total = sum(values);\n", "x\n"),
            MissReason::NotFound,
            "    1 | one\n    2 | two\n    3 | let total = sum(items);\n    4 | four\n",
        );
        check_miss(Some("a\n"), block("zzz\n", "x\n"), MissReason::NotFound, "");
        check_miss(Some(""), block("zzz\n", "x\n"), MissReason::NotFound, "");
        check_miss(
            Some("x\nx\n"),
            block("x\n", "y\n"),
            MissReason::Several { times: 2 },
            "    1 | x\n    2 | x\n...\n    1 | x\n    2 | x\n",
        );
        check_miss(Some("x\n"), block("\n", "y\n"), MissReason::EmptySearch, "");
        check_miss(None, block("x\n", "y\n"), MissReason::NoFile, "");
    }

    #[test]
    fn what_was_not_shown_is_not_written_over() {
        let whole = FileEdit::WholeFile {
            path: "a".into(),
            text: "x\n[lines 2 to 40 are left out]\ny\n".into(),
        };
        check_miss(Some("x\n"), whole, MissReason::NotShown, "");
        let new = format!("key = \"{PLACEHOLDER}\"\n");
        check_miss(Some("x\n"), block("x\n", &new), MissReason::NotShown, "");
    }
}
