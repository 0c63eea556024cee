//! The texts of files, as far as they are needed to say where something is in the editor's units.

use std::collections::HashMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::Range;
use greenward_engine::Handle;
use greenward_protocol::place;
use greenward_workspace::document::{LineIndex, PositionEncoding};
use greenward_workspace::files::read_text;

use crate::wire::{Bytes, Places};

/// Some files and their lines. A place in any other file is written as it is, which is wrong only
/// on lines with more than ASCII.
#[derive(Debug)]
pub(crate) struct Texts {
    encoding: PositionEncoding,
    files: HashMap<Utf8PathBuf, (Arc<str>, LineIndex)>,
}

impl Texts {
    /// No file yet.
    pub(crate) fn new(encoding: PositionEncoding) -> Self {
        Self {
            encoding,
            files: HashMap::new(),
        }
    }

    /// Adds a file.
    pub(crate) fn insert(&mut self, file: &Utf8Path, text: Arc<str>) {
        let lines = LineIndex::new(&text);
        self.files.insert(file.to_owned(), (text, lines));
    }

    /// Adds a file as the editor shows it, or as it is on disk. One that cannot be read is left
    /// out.
    pub(crate) async fn load(&mut self, engine: &Handle, file: &Utf8Path) {
        if self.files.contains_key(file) {
            return;
        }
        if let Some(text) = engine.text(file) {
            self.insert(file, text);
            return;
        }
        let path = file.to_owned();
        match tokio::task::spawn_blocking(move || read_text(&path)).await {
            Ok(Ok(text)) => self.insert(file, text),
            Ok(Err(error)) => tracing::debug!(%error, "places in it are not exact"),
            Err(error) => tracing::error!(%error, "reading a file failed"),
        }
    }

    /// Adds the files of those places that cannot be written without their text.
    pub(crate) async fn load_for(&mut self, engine: &Handle, places: Vec<(&Utf8Path, Range)>) {
        for (file, range) in places {
            if self.needs_text(range) {
                self.load(engine, file).await;
            }
        }
    }

    fn needs_text(&self, range: Range) -> bool {
        self.encoding != PositionEncoding::Utf8
            && [range.start, range.end]
                .iter()
                .any(|position| !matches!(position.column, 0 | u32::MAX))
    }

    /// The range to underline: of a whole line only what is written on it.
    pub(crate) fn underlined(&self, file: &Utf8Path, mut range: Range) -> place::Range {
        let whole_line = range.start.column == 0
            && range.end.column == u32::MAX
            && range.start.line == range.end.line;
        if whole_line && let Some((text, lines)) = self.files.get(file) {
            let line = lines.line(text, range.start.line).unwrap_or_default();
            let written = line.trim();
            let start = line.len() - line.trim_start().len();
            let column = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
            range.start.column = column(start);
            range.end.column = column(start + written.len());
        }
        self.range(file, range)
    }
}

impl Places for Texts {
    fn range(&self, file: &Utf8Path, range: Range) -> place::Range {
        let Some((text, lines)) = self.files.get(file) else {
            return Bytes.range(file, range);
        };
        let position = |position| {
            let place = lines.to_client(text, position, self.encoding);
            place::Position {
                line: place.line,
                character: place.character,
            }
        };
        place::Range {
            start: position(range.start),
            end: position(range.end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use greenward_core::Position;

    const FILE: &str = "/w/a.py";
    const TEXT: &str = "def f():\n    assert 'é𝄞' == 1  \n\n";

    fn texts(encoding: PositionEncoding) -> Texts {
        let mut texts = Texts::new(encoding);
        texts.insert(Utf8Path::new(FILE), TEXT.into());
        texts
    }

    fn said(range: place::Range) -> String {
        let place::Range { start, end } = range;
        format!(
            "{}:{}-{}:{}",
            start.line, start.character, end.line, end.character
        )
    }

    fn span(line: u32, from: u32, to: u32) -> Range {
        Range::new(Position::new(line, from), Position::new(line, to))
    }

    #[test]
    fn columns_are_counted_in_the_units_of_the_editor() {
        let check = |encoding, expected: &str| {
            let range = texts(encoding).range(Utf8Path::new(FILE), span(1, 11, 20));
            assert_eq!(said(range), expected);
        };
        check(PositionEncoding::Utf8, "1:11-1:20");
        check(PositionEncoding::Utf16, "1:11-1:17");
        check(PositionEncoding::Utf32, "1:11-1:16");
    }

    #[test]
    fn of_a_whole_line_what_is_written_is_underlined() {
        let check = |range, expected: &str| {
            let texts = texts(PositionEncoding::Utf16);
            assert_eq!(said(texts.underlined(Utf8Path::new(FILE), range)), expected);
        };
        check(Range::of_line(1), "1:4-1:21");
        check(Range::of_line(2), "2:0-2:0");
        check(span(1, 4, 10), "1:4-1:10");
        // Past the end of a text that has become shorter.
        check(Range::of_line(40), "3:0-3:0");
    }

    #[test]
    fn without_its_text_a_place_is_written_as_it_is() {
        let range = Texts::new(PositionEncoding::Utf16)
            .range(Utf8Path::new("/w/gone.py"), Range::of_line(3));
        assert_eq!(said(range), "3:0-3:2147483647");
    }
}
