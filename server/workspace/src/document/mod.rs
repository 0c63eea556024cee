//! Open documents: what the editor shows, which wins over what is on disk.
//!
//! Text arrives in order, one [`Edit`] after the other, in the editor's own units; what comes out
//! are cheap snapshots that anybody may keep. Nothing here can fail on what an editor sends:
//! places that do not exist are moved to the nearest that do.

mod lines;

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

pub use lines::{ClientPosition, LineIndex, PositionEncoding};

/// One change of a document, in the editor's own units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// The whole text is now this.
    Full(String),
    /// What stood between two places is replaced. Places count in the text as the edits before
    /// this one have left it.
    Range {
        /// Where the replaced text starts.
        start: ClientPosition,
        /// Where it ends.
        end: ClientPosition,
        /// What stands there now.
        text: String,
    },
}

/// A document as the editor shows it. A clone is cheap, and does not change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    version: i32,
    text: Arc<str>,
    lines: Arc<LineIndex>,
}

impl Document {
    /// A document with this text.
    #[must_use]
    pub fn new(version: i32, text: &str) -> Self {
        Self {
            version,
            text: text.into(),
            lines: Arc::new(LineIndex::new(text)),
        }
    }

    /// The version that the editor gave to this text.
    #[must_use]
    pub fn version(&self) -> i32 {
        self.version
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Where its lines are.
    #[must_use]
    pub fn lines(&self) -> &LineIndex {
        &self.lines
    }

    /// Whether it says anything else than `disk`. A byte order mark is no difference: most editors
    /// keep it out of the text.
    #[must_use]
    pub fn differs_from(&self, disk: &str) -> bool {
        without_bom(&self.text) != without_bom(disk)
    }

    fn apply(&mut self, version: i32, edits: &[Edit], encoding: PositionEncoding) {
        let mut text = String::from(&*self.text);
        let lines = Arc::make_mut(&mut self.lines);
        for edit in edits {
            match edit {
                Edit::Full(new) => {
                    text.clone_from(new);
                    *lines = LineIndex::new(&text);
                }
                Edit::Range {
                    start,
                    end,
                    text: new,
                } => {
                    let place =
                        |place| lines.offset(&text, lines.from_client(&text, place, encoding));
                    let (start, end) = (place(*start), place(*end));
                    let replaced = start.min(end)..start.max(end);
                    text.replace_range(replaced.clone(), new);
                    lines.replaced(&text, replaced, new.len());
                }
            }
        }
        self.version = version;
        self.text = text.into();
    }
}

/// The documents that are open in the editor, by absolute path.
#[derive(Debug, Clone)]
pub struct Documents {
    encoding: PositionEncoding,
    open: BTreeMap<Utf8PathBuf, Document>,
}

impl Documents {
    /// None open yet; the editor counts columns in `encoding`.
    #[must_use]
    pub fn new(encoding: PositionEncoding) -> Self {
        Self {
            encoding,
            open: BTreeMap::new(),
        }
    }

    /// The unit in which the editor counts columns.
    #[must_use]
    pub fn encoding(&self) -> PositionEncoding {
        self.encoding
    }

    /// The editor opened a document. One that is open already is replaced.
    pub fn open(&mut self, path: impl Into<Utf8PathBuf>, version: i32, text: &str) {
        self.open.insert(path.into(), Document::new(version, text));
    }

    /// The editor changed a document.
    ///
    /// # Errors
    /// [`NotOpen`] if it never opened it; there is nothing then that the edits could apply to.
    pub fn change(
        &mut self,
        path: &Utf8Path,
        version: i32,
        edits: &[Edit],
    ) -> Result<&Document, NotOpen> {
        let encoding = self.encoding;
        let document = self.get_mut(path)?;
        if version <= document.version {
            tracing::warn!(%path, version, had = document.version, "version does not grow");
        }
        document.apply(version, edits, encoding);
        Ok(document)
    }

    /// The editor saved a document, and may say with which text: that one is the truth then.
    ///
    /// # Errors
    /// [`NotOpen`] if the document is not open.
    pub fn save(&mut self, path: &Utf8Path, text: Option<&str>) -> Result<&Document, NotOpen> {
        let document = self.get_mut(path)?;
        if let Some(text) = text
            && *text != *document.text
        {
            tracing::warn!(%path, "saved text is not what the edits add up to");
            *document = Document::new(document.version, text);
        }
        Ok(document)
    }

    /// The editor closed a document: what is on disk counts again. Says what was open.
    pub fn close(&mut self, path: &Utf8Path) -> Option<Document> {
        self.open.remove(path)
    }

    /// An open document.
    #[must_use]
    pub fn get(&self, path: &Utf8Path) -> Option<&Document> {
        self.open.get(path)
    }

    /// The text of an open document.
    #[must_use]
    pub fn text(&self, path: &Utf8Path) -> Option<Arc<str>> {
        self.get(path).map(|document| document.text.clone())
    }

    /// All open documents, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&Utf8Path, &Document)> {
        self.open
            .iter()
            .map(|(path, document)| (path.as_path(), document))
    }

    fn get_mut(&mut self, path: &Utf8Path) -> Result<&mut Document, NotOpen> {
        self.open
            .get_mut(path)
            .ok_or_else(|| NotOpen { path: path.into() })
    }
}

/// The editor spoke of a document that it never opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} is not open in the editor")]
pub struct NotOpen {
    /// The file that it named.
    pub path: Utf8PathBuf,
}

/// The text without a byte order mark at its start.
pub(crate) fn without_bom(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

#[cfg(test)]
mod tests;
