//! Places in files, as LSP writes them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A place between two characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Position {
    /// Line, from 0.
    pub line: u32,
    /// Offset in the line, from 0: in the position encoding that was agreed on in `initialize`; on
    /// the command line in UTF-8 bytes. Past the end of the line it means the end.
    pub character: u32,
}

/// A stretch of text, its end not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Range {
    /// Where it starts.
    pub start: Position,
    /// Where it ends.
    pub end: Position,
}

/// A stretch of text in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Location {
    /// The file, as a `file:` URI.
    pub uri: String,
    /// Where in it.
    pub range: Range,
}
