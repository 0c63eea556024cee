//! Edits in the text of a reply: reading them out, and applying them to texts.
//!
//! A reply holds blocks, each after a line with the file's path:
//!
//! ````text
//! src/roman.rs
//! ```rust
//! <<<<<<< SEARCH
//! old lines
//! =======
//! new lines
//! >>>>>>> REPLACE
//! ```
//! ````
//!
//! A fenced block after a path without these marks is a whole file. A line `DELETE path` removes
//! one. The format is that of many coding tools; models know it well.
//!
//! Paths are only looked at as text here: whoever writes files holds them beneath the lane.

mod apply;
mod block;
mod line;
mod nearest;
mod path;

pub use apply::{Applied, Miss, MissReason, apply};
pub use block::{EditError, Reply, parse};
pub use path::{PathError, check_path};

/// One change that a reply asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileEdit {
    /// Replaces some lines of a file. An empty search makes a new file.
    SearchReplace {
        /// The file, beneath the lane, with `/` between names.
        path: String,
        /// The lines to find, each with its end.
        search: String,
        /// The lines to put there.
        replace: String,
    },
    /// Writes a whole file.
    WholeFile {
        /// The file.
        path: String,
        /// Its new text.
        text: String,
    },
    /// Removes a file.
    Delete {
        /// The file.
        path: String,
    },
}

impl FileEdit {
    /// The file that it changes.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            FileEdit::SearchReplace { path, .. }
            | FileEdit::WholeFile { path, .. }
            | FileEdit::Delete { path } => path,
        }
    }
}
