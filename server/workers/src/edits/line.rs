//! What single lines of a reply can be: marks of a block, fences, paths.

/// What parts a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Search,
    Middle,
    Replace,
}

/// The mark that a line is: five or more of one character, and the word behind it.
pub(super) fn mark(line: &str) -> Option<Mark> {
    let line = line.trim_end();
    let (char, mark, word) = match line.as_bytes().first()? {
        b'<' => ('<', Mark::Search, "SEARCH"),
        b'=' => ('=', Mark::Middle, ""),
        b'>' => ('>', Mark::Replace, "REPLACE"),
        _ => return None,
    };
    let rest = line.trim_start_matches(char);
    (line.len() - rest.len() >= 5 && rest.trim().eq_ignore_ascii_case(word)).then_some(mark)
}

/// The first line of fenced text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fence<'a> {
    char: char,
    length: usize,
    info: &'a str,
}

impl<'a> Fence<'a> {
    pub(super) fn of(line: &'a str) -> Option<Self> {
        let line = line.trim();
        let char = line.chars().next().filter(|char| "`~".contains(*char))?;
        let info = line.trim_start_matches(char);
        let length = line.len() - info.len();
        (length >= 3 && !info.contains('`')).then_some(Self {
            char,
            length,
            info: info.trim(),
        })
    }

    pub(super) fn is_closed_by(self, line: &str) -> bool {
        let line = line.trim();
        line.len() >= self.length && line.chars().all(|char| char == self.char)
    }

    /// A path behind the fence: alone, after the language, as `rust:src/lib.rs`, or as
    /// `rust title="src/lib.rs"`.
    pub(super) fn path(self) -> Option<&'a str> {
        let last = self.info.split_whitespace().last()?;
        let last = last.rsplit_once(':').map_or(last, |(_, path)| path);
        let last = last.rsplit_once('=').map_or(last, |(_, path)| path);
        path_in(last).filter(|path| path.contains(['/', '.']))
    }
}

/// The path that a line consists of, if it can be one: bare, in marks of emphasis, as a heading, or
/// after a word such as `File:`.
pub(super) fn path_in(line: &str) -> Option<&str> {
    let line = line.trim().trim_start_matches('#').trim();
    let line = match line.split_once(": ") {
        Some((word, rest)) if word.eq_ignore_ascii_case("file") => rest,
        Some((word, rest)) if word.eq_ignore_ascii_case("path") => rest,
        _ => line,
    };
    let path = bare(line);
    let is_path = !path.is_empty()
        && !path.contains(char::is_whitespace)
        && (path.contains('/') || path.contains('.') || path.contains('\\') || line != path)
        && !path.ends_with(['.', '/']);
    is_path.then_some(path)
}

/// `path` without marks around it.
pub(super) fn bare(path: &str) -> &str {
    path.trim()
        .trim_end_matches(':')
        .trim_matches(|char| matches!(char, '`' | '*' | '"' | '\''))
        .trim_end_matches(':')
}
