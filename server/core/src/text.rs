//! Places in text files.

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

/// A place between two characters.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct Position {
    /// Line, from 0. Lines end with `\n`, `\r\n` or `\r`.
    pub line: u32,
    /// Offset in the line, in UTF-8 bytes, from 0.
    pub column: u32,
}

impl Position {
    /// The place at `line` and `column`, both from 0, the column in UTF-8 bytes.
    #[must_use]
    pub fn new(line: u32, column: u32) -> Self {
        Self { line, column }
    }
}

/// A stretch of text, its end not included.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct Range {
    /// Where it starts.
    pub start: Position,
    /// Where it ends.
    pub end: Position,
}

impl Range {
    /// From `start` to `end`.
    #[must_use]
    pub fn new(start: Position, end: Position) -> Self {
        Self { start, end }
    }

    /// The whole of `line`: to a column that no line reaches, which every reader clamps.
    #[must_use]
    pub fn of_line(line: u32) -> Self {
        Self::new(Position::new(line, 0), Position::new(line, u32::MAX))
    }

    /// Whether `line` is one of the range's lines.
    #[must_use]
    pub fn has_line(&self, line: u32) -> bool {
        self.start.line <= line && line <= self.end.line
    }
}

/// A stretch of text in a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Location {
    /// The file, absolute.
    pub file: Utf8PathBuf,
    /// Where in it.
    pub range: Range,
}
