//! Reading edits out of a reply.

use thiserror::Error;

use super::line::{Fence, Mark, bare, mark, path_in};
use super::{FileEdit, PathError, check_path};
use crate::WayOut;

/// What a reply says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// Its edits, in their order.
    pub edits: Vec<FileEdit>,
    /// Why it does not do what was asked, if so.
    pub way_out: Option<WayOut>,
    /// What stands around the edits, for people.
    pub prose: String,
}

/// Why a reply holds no edits that can be used. Its text is made for the worker to read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EditError {
    /// A block has no path before it.
    #[error(
        "line {line}: the block has no path; put the file's path on a line of its own before it"
    )]
    NoPath {
        /// Where, counted from 1.
        line: usize,
    },
    /// A path cannot be used.
    #[error("line {line}: `{path}` cannot be a path: {source}")]
    BadPath {
        /// Where.
        line: usize,
        /// The path.
        path: String,
        /// Why.
        source: PathError,
    },
    /// A block does not end.
    #[error("line {line}: the block has no `{missing}` line; send it whole")]
    Unfinished {
        /// Where it begins.
        line: usize,
        /// What it lacks.
        missing: &'static str,
    },
    /// Two blocks want different things of one file.
    #[error("`{path}` is written as a whole or removed, and changed by another block too")]
    Contradiction {
        /// The file.
        path: String,
    },
    /// A text is no text.
    #[error("`{path}` holds a NUL character; only text files can be written")]
    Binary {
        /// The file.
        path: String,
    },
}

/// Reads the edits of a reply.
///
/// Tolerant where models vary: fences or none, of backticks or tildes, with a language or a path
/// behind them; the path before or within the fence, bare or in marks of emphasis; five or more
/// characters in a mark; `\r\n`.
///
/// # Errors
/// If a block cannot be understood. None of the reply should be used then.
pub fn parse(text: &str) -> Result<Reply, EditError> {
    let text = without_thoughts(text).replace("\r\n", "\n");
    let mut parser = Parser {
        lines: text.lines().collect(),
        at: 0,
        edits: Vec::new(),
        prose: String::new(),
        named: None,
        used: false,
    };
    parser.run()?;
    check_contradictions(&parser.edits)?;
    Ok(Reply {
        edits: parser.edits,
        way_out: WayOut::in_last_line(&parser.prose),
        prose: parser.prose.trim().to_owned(),
    })
}

/// `text` without the thoughts that some local servers leave in front of a reply. What is tried out
/// there is no edit.
fn without_thoughts(text: &str) -> &str {
    match text.trim_start().strip_prefix("<think>") {
        Some(thoughts) => thoughts
            .split_once("</think>")
            .map_or("", |(_, reply)| reply),
        None => text,
    }
}

struct Parser<'a> {
    lines: Vec<&'a str>,
    /// The next line.
    at: usize,
    edits: Vec<FileEdit>,
    prose: String,
    /// The path that the last line of text names, if it does.
    named: Option<&'a str>,
    /// Whether a block has used that path. More blocks may, but a fence without one is then an
    /// example, such as a command to run.
    used: bool,
}

impl<'a> Parser<'a> {
    fn run(&mut self) -> Result<(), EditError> {
        while let Some(&line) = self.lines.get(self.at) {
            if mark(line) == Some(Mark::Search) {
                self.search_replace(None)?;
            } else if let Some(fence) = Fence::of(line) {
                self.fenced(fence)?;
            } else {
                self.at += 1;
                self.prose_line(line)?;
            }
        }
        Ok(())
    }

    fn prose_line(&mut self, line: &'a str) -> Result<(), EditError> {
        if let Some(path) = line.trim().strip_prefix("DELETE ") {
            let path = self.path(Some(bare(path)))?;
            self.edits.push(FileEdit::Delete { path });
            self.named = None;
            return Ok(());
        }
        // An empty line between a path and its block says nothing.
        if !line.trim().is_empty() {
            self.named = path_in(line);
            self.used = false;
        }
        self.prose.push_str(line);
        self.prose.push('\n');
        Ok(())
    }

    /// A fence: around blocks, a whole file, or an example in the prose.
    fn fenced(&mut self, fence: Fence<'a>) -> Result<(), EditError> {
        let start = self.at;
        let said = fence.path().or(self.named);
        let inside = &self.lines[start + 1..];
        // The path may be the first line within the fence, before a block.
        let mut skipped = 0;
        let mut within = None;
        if let [first, second, ..] = inside
            && mark(second) == Some(Mark::Search)
            && path_in(first).is_some()
        {
            within = path_in(first);
            skipped = 1;
        }
        if inside.get(skipped).and_then(|line| mark(line)) == Some(Mark::Search) {
            self.at += 1 + skipped;
            let path = within.or(said);
            while let Some(&line) = self.lines.get(self.at) {
                if mark(line) == Some(Mark::Search) {
                    self.search_replace(path)?;
                } else if fence.is_closed_by(line) {
                    self.at += 1;
                    break;
                } else if line.trim().is_empty() {
                    self.at += 1;
                } else {
                    break;
                }
            }
            return Ok(());
        }
        let said = fence.path().or(self.named.filter(|_| !self.used));
        let Some(length) = inside.iter().position(|line| fence.is_closed_by(line)) else {
            return match said {
                Some(_) => Err(EditError::Unfinished {
                    line: start + 1,
                    missing: "```",
                }),
                None => {
                    self.at = self.lines.len();
                    self.push_prose(start);
                    Ok(())
                }
            };
        };
        self.at = start + length + 2;
        match said {
            Some(path) => {
                let path = self.path_at(Some(path), start)?;
                let text = joined(&inside[..length]);
                if text.contains('\0') {
                    return Err(EditError::Binary { path });
                }
                self.edits.push(FileEdit::WholeFile { path, text });
                self.named = None;
            }
            None => self.push_prose(start),
        }
        Ok(())
    }

    /// One block, whose first mark is the next line. Several blocks may follow one path.
    fn search_replace(&mut self, said: Option<&'a str>) -> Result<(), EditError> {
        let start = self.at;
        let path = self.path_at(said.or(self.named), start)?;
        let unfinished = |missing| EditError::Unfinished {
            line: start + 1,
            missing,
        };
        let find = |from: usize, wanted: Mark| {
            let rest = &self.lines[from..];
            let found = rest.iter().position(|line| {
                let mark = mark(line);
                mark == Some(wanted) || mark == Some(Mark::Search)
            })?;
            (mark(rest[found]) == Some(wanted)).then_some(from + found)
        };
        let middle = find(start + 1, Mark::Middle).ok_or_else(|| unfinished("======="))?;
        let end = find(middle + 1, Mark::Replace).ok_or_else(|| unfinished(">>>>>>> REPLACE"))?;
        let search = joined(&self.lines[start + 1..middle]);
        let replace = joined(&self.lines[middle + 1..end]);
        if replace.contains('\0') {
            return Err(EditError::Binary { path });
        }
        self.edits.push(FileEdit::SearchReplace {
            path,
            search,
            replace,
        });
        self.at = end + 1;
        self.used = true;
        Ok(())
    }

    fn path(&self, said: Option<&str>) -> Result<String, EditError> {
        self.path_at(said, self.at.saturating_sub(1))
    }

    fn path_at(&self, said: Option<&str>, line: usize) -> Result<String, EditError> {
        let said = said.ok_or(EditError::NoPath { line: line + 1 })?;
        let path = said.strip_prefix("./").unwrap_or(said);
        check_path(path).map_err(|source| EditError::BadPath {
            line: line + 1,
            path: path.to_owned(),
            source,
        })?;
        Ok(path.to_owned())
    }

    /// Keeps the lines from `start` up to the next one as prose.
    fn push_prose(&mut self, start: usize) {
        self.prose.push_str(&joined(&self.lines[start..self.at]));
        self.named = None;
    }
}

fn joined(lines: &[&str]) -> String {
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

/// A file is either written as a whole, or removed, or changed by blocks, and the former only once.
fn check_contradictions(edits: &[FileEdit]) -> Result<(), EditError> {
    for (index, edit) in edits.iter().enumerate() {
        if matches!(edit, FileEdit::SearchReplace { .. }) {
            continue;
        }
        let mut others = edits.iter().enumerate();
        if others.any(|(other, one)| other != index && one.path() == edit.path() && one != edit) {
            return Err(EditError::Contradiction {
                path: edit.path().to_owned(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a reply is read as: each edit on a line, lines of text with `|` between.
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let reply = parse(text).unwrap();
        let lines = |text: &str| text.lines().collect::<Vec<_>>().join("|");
        let found: Vec<String> = reply
            .edits
            .iter()
            .map(|edit| match edit {
                FileEdit::SearchReplace {
                    path,
                    search,
                    replace,
                } => format!("{path}: {} -> {}", lines(search), lines(replace)),
                FileEdit::WholeFile { path, text } => format!("{path} = {}", lines(text)),
                FileEdit::Delete { path } => format!("{path} gone"),
            })
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[track_caller]
    fn check_error(text: &str, expected: &str) {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    const BLOCK: &str = "<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\n";

    #[test]
    fn blocks_are_read_as_models_write_them() {
        let edit: &[&str] = &["src/a.rs: old -> new"];
        for text in [
            format!("src/a.rs\n{BLOCK}"),
            format!("I do this.\n\nsrc/a.rs\n```rust\n{BLOCK}```\nDone."),
            format!("```rust\nsrc/a.rs\n{BLOCK}```\n"),
            format!("```src/a.rs\n{BLOCK}```\n"),
            format!("```rust:src/a.rs\n{BLOCK}```\n"),
            format!("```rust src/a.rs\n{BLOCK}```\n"),
            format!("```rust title=\"src/a.rs\"\n{BLOCK}```\n"),
            format!("~~~~\nsrc/a.rs\n{BLOCK}~~~~\n"),
            format!("**`src/a.rs`**:\n\n```\n{BLOCK}```\n"),
            format!("### File: `./src/a.rs`\n{BLOCK}"),
            format!(
                "src/a.rs\n{}",
                BLOCK
                    .replace("<<<<<<<", "<<<<<")
                    .replace("REPLACE", "replace")
            ),
            format!("src/a.rs\n{BLOCK}").replace('\n', "\r\n"),
            format!("src/a.rs\n```\n{BLOCK}"),
            format!("<think>\nb.rs\n{BLOCK}\n</think>\n\nsrc/a.rs\n{BLOCK}"),
        ] {
            check(&text, edit);
        }
    }

    #[test]
    fn one_path_serves_several_blocks() {
        check(
            &format!("a.py\n```\n{BLOCK}\n{BLOCK}```\n"),
            &["a.py: old -> new"; 2],
        );
        check(&format!("a.py\n{BLOCK}{BLOCK}"), &["a.py: old -> new"; 2]);
        check(
            &format!("a.py\n{BLOCK}\nb.py\n{BLOCK}"),
            &["a.py: old -> new", "b.py: old -> new"],
        );
    }

    #[test]
    fn a_fence_after_a_block_is_an_example() {
        let text = format!("a.py\n```\n{BLOCK}```\n\n```sh\npytest\n```\n");
        check(&text, &["a.py: old -> new"]);
    }

    #[test]
    fn whole_files_and_removals_are_read() {
        check(
            "a.py\n```python\nx = 1\n\ny = 2\n```\n",
            &["a.py = x = 1||y = 2"],
        );
        check("```python a.py\nx\n```\n", &["a.py = x"]);
        check(
            "a.md\n````md\n```\ncode\n```\n````\n",
            &["a.md = ```|code|```"],
        );
        check("DELETE src/old.rs\n", &["src/old.rs gone"]);
        check(
            "a.py\n<<<<<<< SEARCH\n=======\nx\n>>>>>>> REPLACE\n",
            &["a.py:  -> x"],
        );
    }

    #[test]
    fn prose_is_no_edit() {
        check(
            "Look at src/a.rs first.\n```rust\nlet x = 1;\n```\nThat is all.",
            &[],
        );
        check("Nothing to do.", &[]);
        check("```\nnever closed", &[]);
        let reply = parse(&format!(
            "Because.\na.py\n{BLOCK}\ngreenward: blocked: no\n"
        ))
        .unwrap();
        assert_eq!(reply.prose, "Because.\na.py\n\ngreenward: blocked: no");
        assert_eq!(reply.way_out.unwrap().reason, "no");
    }

    #[test]
    fn a_way_out_in_a_file_is_none() {
        let text = "a.py\n```\ngreenward: blocked: x\n```\n";
        assert_eq!(parse(text).unwrap().way_out, None);
    }

    #[test]
    fn what_cannot_be_understood_is_named() {
        for (text, error) in [
            (BLOCK.to_owned(), "line 1: the block has no path"),
            (
                "a.py\n<<<<<<< SEARCH\nold\n".to_owned(),
                "line 2: the block has no `=======`",
            ),
            (
                "a.py\n<<<<<<< SEARCH\nold\n=======\nnew".to_owned(),
                "no `>>>>>>> REPLACE`",
            ),
            (
                format!("a.py\n<<<<<<< SEARCH\nold\n{BLOCK}"),
                "no `=======`",
            ),
            ("a.py\n```\nx".to_owned(), "line 2: the block has no `"),
            (format!("../a.py\n{BLOCK}"), "`../a.py` cannot be a path"),
            (format!("/etc/passwd\n{BLOCK}"), "it is absolute"),
            (format!("src\\a.py\n{BLOCK}"), "control character"),
            ("DELETE .git/config".to_owned(), "git directory"),
            ("a.py\n```\nx\0\n```\n".to_owned(), "NUL"),
            (
                format!("a.py\n{BLOCK}a.py\n```\nx\n```\n"),
                "written as a whole",
            ),
            (format!("a.py\n{BLOCK}DELETE a.py\n"), "removed"),
            (
                "a.py\n```\nx\n```\na.py\n```\ny\n```\n".to_owned(),
                "another block",
            ),
        ] {
            check_error(&text, error);
        }
    }

    proptest! {
        #[test]
        fn no_reply_is_too_odd(text in "([a-c./`~<>=\n ]|SEARCH|REPLACE|<<<<<<<|=======|>>>>>>>|```|DELETE ){0,60}") {
            let _ = parse(&text);
        }
    }
}
