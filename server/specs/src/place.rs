//! Places in a text: offsets in bytes, made lines and columns.

use greenward_core::{Position, Range};

/// A stretch of text, in bytes.
pub(crate) type Span = std::ops::Range<usize>;

/// The lines of a text. Lines end with `\n`, `\r\n` or `\r`.
#[derive(Debug)]
pub(crate) struct Lines<'t> {
    text: &'t str,
    /// Where each line begins, ascending. The first is 0.
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let ends = bytes.iter().enumerate().filter(|(at, byte)| match byte {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        });
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1));
        Self {
            text,
            starts: starts.collect(),
        }
    }

    /// How many there are: one more than line ends.
    pub(crate) fn count(&self) -> usize {
        self.starts.len()
    }

    /// The line that an offset is in.
    pub(crate) fn line_at(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset) - 1
    }

    /// A line without its end. An empty stretch at the end for a line that is not there.
    pub(crate) fn span(&self, line: usize) -> Span {
        let end = self.text.len();
        let Some(&start) = self.starts.get(line) else {
            return end..end;
        };
        let next = self.starts.get(line + 1).copied().unwrap_or(end);
        let with_end = &self.text[start..next];
        start..start + with_end.trim_end_matches(['\n', '\r']).len()
    }

    /// The text of a line without its end.
    pub(crate) fn line(&self, line: usize) -> &'t str {
        &self.text[self.span(line)]
    }

    /// The place at an offset.
    pub(crate) fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        let line = self.line_at(offset);
        Position::new(narrow(line), narrow(offset - self.starts[line]))
    }

    /// The places of a stretch.
    pub(crate) fn range(&self, span: Span) -> Range {
        Range::new(self.position(span.start), self.position(span.end))
    }

    /// The offset of a column that counts characters, in a line in which the offset of another
    /// column is known. A column behind the end of the line is its end.
    pub(crate) fn offset_of_chars(
        &self,
        line: usize,
        (known, offset): (usize, usize),
        column: usize,
    ) -> usize {
        let span = self.span(line);
        let offset = offset.clamp(span.start, span.end);
        match column.checked_sub(known) {
            Some(further) => {
                let mut chars = self.text[offset..span.end].char_indices();
                chars.nth(further).map_or(span.end, |(at, _)| offset + at)
            }
            None => {
                let chars = self.text[span.start..offset].char_indices();
                let back = chars.rev().nth(known - column - 1);
                back.map_or(span.start, |(at, _)| span.start + at)
            }
        }
    }

    /// The offset of a place; of one that is not there, of the nearest before it.
    pub(crate) fn offset(&self, place: Position) -> usize {
        let span = self.span(place.line as usize);
        let line = &self.text[span.clone()];
        span.start + line.floor_char_boundary(place.column as usize)
    }

    /// The stretch without the blanks at its ends.
    pub(crate) fn trimmed(&self, span: Span) -> Span {
        let text = &self.text[span.clone()];
        let start = span.start + (text.len() - text.trim_start().len());
        start..start + text.trim().len()
    }
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns() {
        let text = "a\r\nβ é\rc\n";
        let lines = Lines::of(text);
        assert_eq!(lines.count(), 4);
        let all: Vec<&str> = (0..5).map(|line| lines.line(line)).collect();
        assert_eq!(all, ["a", "β é", "c", "", ""]);
        for (offset, line, column) in [(0, 0, 0), (3, 1, 0), (6, 1, 3), (9, 2, 0), (99, 3, 0)] {
            let place = Position::new(line, column);
            assert_eq!(lines.position(offset), place);
            assert_eq!(lines.offset(place), offset.min(text.len()));
        }
        for (known, column, offset) in [
            ((0, 3), 2, 6),
            ((2, 6), 3, 8),
            ((2, 6), 1, 5),
            ((3, 8), 0, 3),
            ((0, 3), 9, 8),
        ] {
            assert_eq!(lines.offset_of_chars(1, known, column), offset);
        }
        assert_eq!(lines.trimmed(1..3), 3..3);
        assert_eq!(lines.trimmed(5..9), 6..8);
    }
}
