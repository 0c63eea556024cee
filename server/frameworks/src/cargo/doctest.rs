//! Documentation tests: code blocks in documentation comments, found as rustdoc finds them.
//!
//! The rules: <https://doc.rust-lang.org/rustdoc/write-documentation/documentation-tests.html>.
//! Blocks in `#[doc = "..."]` and `#[doc = include_str!("...")]` are not seen here; rustdoc itself
//! names them when it runs.

use greenward_core::{Position, Range};

/// The lines of a documentation comment, each with its line in the file.
#[derive(Debug, Default)]
pub(super) struct Docs {
    lines: Vec<(u32, String)>,
}

impl Docs {
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Takes a comment that documents what follows it. Returns whether it is one.
    pub(super) fn push_outer(&mut self, comment: &str, row: usize) -> bool {
        if let Some(line) = comment.strip_prefix("///") {
            if !line.starts_with('/') {
                self.push(row, line);
                return true;
            }
        } else if let Some(block) = comment.strip_prefix("/**")
            && !block.starts_with('*')
            && block != "/"
        {
            self.push_block(row, block);
            return true;
        }
        false
    }

    /// Takes a comment that documents what it stands in. Returns whether it is one.
    pub(super) fn push_inner(&mut self, comment: &str, row: usize) -> bool {
        if let Some(line) = comment.strip_prefix("//!") {
            self.push(row, line);
        } else if let Some(block) = comment.strip_prefix("/*!") {
            self.push_block(row, block);
        } else {
            return false;
        }
        true
    }

    fn push(&mut self, row: usize, line: &str) {
        let row = u32::try_from(row).unwrap_or(u32::MAX);
        self.lines
            .push((row, line.trim_end_matches(['\n', '\r']).to_owned()));
    }

    fn push_block(&mut self, row: usize, block: &str) {
        let lines: Vec<&str> = block.trim_end_matches("*/").lines().collect();
        // A column of stars is no text, if every line has one.
        let starred = lines
            .iter()
            .skip(1)
            .filter(|line| !line.trim().is_empty())
            .all(|line| line.trim_start().starts_with('*'));
        for (offset, line) in lines.into_iter().enumerate() {
            let text = match line.trim_start().strip_prefix('*') {
                Some(rest) if starred && offset > 0 => rest,
                _ => line,
            };
            self.push(row + offset, text);
        }
    }

    /// The indentation that all lines share. It is the comment's, not the text's.
    fn indentation(&self) -> usize {
        self.lines
            .iter()
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(_, line)| indentation(line))
            .min()
            .unwrap_or(0)
    }
}

/// What the lines so far have opened.
enum State {
    /// Running text.
    Text(Before),
    /// A fenced block.
    Fence {
        mark: char,
        length: usize,
        start: u32,
        is_test: bool,
    },
    /// An indented block.
    Indented { start: u32, end: u32 },
}

/// What stands before a line of running text. It decides whether an indented line is code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing, a blank line or a heading: an indented line is code.
    Blank,
    /// A paragraph: an indented line goes on with it.
    Paragraph,
    /// A list: what is indented belongs to it, after blank lines too.
    List,
}

/// The places of the code blocks that rustdoc tests.
pub(super) fn blocks(docs: &Docs) -> Vec<Range> {
    let shared = docs.indentation();
    let mut found = Vec::new();
    let mut state = State::Text(Before::Blank);
    for (row, line) in &docs.lines {
        let line = line.get(shared..).unwrap_or_default();
        state = step(state, *row, line, &mut found);
    }
    match state {
        // A fence that nobody closes ends with the comment.
        State::Fence {
            start,
            is_test: true,
            ..
        } => {
            let last = docs.lines.last().map_or(start, |(row, _)| *row);
            found.push(lines(start, last));
        }
        State::Indented { start, end } => found.push(lines(start, end)),
        _ => {}
    }
    found
}

fn step(state: State, row: u32, line: &str, found: &mut Vec<Range>) -> State {
    let text = line.trim();
    match state {
        State::Fence {
            mark,
            length,
            start,
            is_test,
        } => {
            let closes = text.len() >= length && text.chars().all(|c| c == mark);
            if !closes {
                return State::Fence {
                    mark,
                    length,
                    start,
                    is_test,
                };
            }
            if is_test {
                found.push(lines(start, row));
            }
            State::Text(Before::Blank)
        }
        State::Indented { start, end } => {
            if text.is_empty() {
                return State::Indented { start, end };
            }
            if indentation(line) >= 4 {
                return State::Indented { start, end: row };
            }
            found.push(lines(start, end));
            step(State::Text(Before::Blank), row, line, found)
        }
        State::Text(before) => {
            let indented = indentation(line) >= 4 && !text.is_empty();
            if indented && before == Before::Blank {
                return State::Indented {
                    start: row,
                    end: row,
                };
            }
            if let Some((mark, length, info)) = fence(text) {
                return State::Fence {
                    mark,
                    length,
                    start: row,
                    is_test: is_rust(info),
                };
            }
            State::Text(match before {
                Before::List if text.is_empty() || line.starts_with(' ') => Before::List,
                _ if text.is_empty() || text.starts_with('#') => Before::Blank,
                _ if is_list_item(text) => Before::List,
                _ => Before::Paragraph,
            })
        }
    }
}

fn is_list_item(text: &str) -> bool {
    let (mark, rest) = text.split_once(' ').unwrap_or((text, ""));
    matches!(mark, "-" | "*" | "+")
        || mark
            .strip_suffix(['.', ')'])
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
            && !rest.is_empty()
}

/// The mark, length and info string of an opening fence.
fn fence(text: &str) -> Option<(char, usize, &str)> {
    let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = text.trim_start_matches(mark);
    let length = text.len() - info.len();
    (length >= 3 && !(mark == '`' && info.contains('`'))).then_some((mark, length, info))
}

/// Whether rustdoc takes a block with this info string for Rust: a word that it does not know
/// makes it another language, unless a word of its own stands before, or `rust` anywhere.
fn is_rust(info: &str) -> bool {
    let mut own = false;
    let mut other = false;
    for word in info.split([',', ' ', '\t']).filter(|word| !word.is_empty()) {
        match word {
            "rust" => own = true,
            "should_panic" | "no_run" | "ignore" | "compile_fail" | "test_harness"
            | "standalone_crate" => own |= !other,
            _ if word.starts_with("ignore-") || is_error_code(word) => own |= !other,
            _ if word.starts_with("edition") => {}
            _ => other = true,
        }
    }
    own || !other
}

/// `E0308`.
fn is_error_code(word: &str) -> bool {
    word.strip_prefix('E')
        .is_some_and(|digits| digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()))
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn lines(first: u32, last: u32) -> Range {
    Range::new(Position::new(first, 0), Position::new(last, u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of the tests, from 1, in a comment that starts at line 1.
    fn check(text: &str, starts: &[u32]) {
        let mut docs = Docs::default();
        for (row, line) in text.lines().enumerate() {
            docs.push_outer(&format!("///{line}"), row);
        }
        let found: Vec<u32> = blocks(&docs)
            .iter()
            .map(|range| range.start.line + 1)
            .collect();
        assert_eq!(found, starts, "{text}");
    }

    #[test]
    fn fences_of_rust_are_tests() {
        check(" a\n ```\n x\n ```\n ~~~\n y\n ~~~\n", &[2, 5]);
        for (info, is_test) in [
            ("", true),
            ("rust", true),
            ("should_panic", true),
            ("no_run,edition2021", true),
            ("compile_fail,E0308", true),
            ("ignore-windows", true),
            ("text", false),
            ("toml", false),
            ("console,ignore", false),
            ("ignore,text", true),
            ("rust,other", true),
        ] {
            check(
                &format!(" ```{info}\n x\n ```\n"),
                if is_test { &[1] } else { &[] },
            );
        }
    }

    #[test]
    fn a_longer_fence_holds_a_shorter_one() {
        check(" ````text\n ```\n x\n ```\n ````\n ```\n y\n ```\n", &[6]);
    }

    #[test]
    fn an_open_fence_ends_with_the_comment() {
        check(" ```\n x\n", &[1]);
    }

    #[test]
    fn indented_code_is_a_test_where_markdown_takes_it_for_code() {
        check(" a\n\n     let x = 1;\n\n     let y = x;\n b\n", &[3]);
        check(" a\n     goes on\n", &[]);
        check(" - a\n\n       goes on\n b\n", &[]);
    }

    #[test]
    fn block_comments_lose_their_stars() {
        let mut docs = Docs::default();
        docs.push_outer("/**\n * a\n * ```\n * x\n * ```\n */", 4);
        assert_eq!(blocks(&docs)[0].start.line, 6);
        let mut plain = Docs::default();
        plain.push_inner("/*! a\n ```\n x\n ```\n*/", 0);
        assert_eq!(blocks(&plain)[0].start.line, 1);
    }

    #[test]
    fn other_comments_document_nothing() {
        let mut docs = Docs::default();
        assert!(!docs.push_outer("//// ```", 0));
        assert!(!docs.push_outer("// ```", 0));
        assert!(!docs.push_outer("/***  ```*/", 0));
        assert!(!docs.push_outer("/**/", 0));
        assert!(docs.is_empty());
    }
}
