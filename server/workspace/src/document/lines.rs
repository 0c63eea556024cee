//! Where the lines of a text are, and what a place in it is called by whom.

use std::ops::Range;

use greenward_core::Position;

/// The unit in which an editor counts columns, agreed on in `initialize`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PositionEncoding {
    /// Bytes of UTF-8, as we count ourselves.
    Utf8,
    /// Code units of UTF-16: what every editor can do.
    Utf16,
    /// Unicode scalar values.
    Utf32,
}

impl PositionEncoding {
    /// How many units a character takes.
    fn width(self, character: char) -> usize {
        match self {
            PositionEncoding::Utf8 => character.len_utf8(),
            PositionEncoding::Utf16 => character.len_utf16(),
            PositionEncoding::Utf32 => 1,
        }
    }
}

/// A place as an editor names it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientPosition {
    /// Line, from 0.
    pub line: u32,
    /// Offset in the line, from 0, in units of the agreed [`PositionEncoding`].
    pub character: u32,
}

impl ClientPosition {
    /// The place at `line` and `character`, both from 0.
    #[must_use]
    pub fn new(line: u32, character: u32) -> Self {
        Self { line, character }
    }
}

/// Where the lines of a text begin. Lines end with `\n`, `\r\n` or `\r`.
///
/// It must be used with the text that it was made for. A place that is not in the text is taken
/// for the nearest before it: a column past the end of its line for the line's end, a line past
/// the last for the end of the text, a place inside a character for the character's start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineIndex {
    /// The offset of the first byte of each line, ascending. The first is 0.
    starts: Vec<usize>,
}

impl LineIndex {
    /// The lines of `text`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(line_starts(text, 0..text.len()));
        Self { starts }
    }

    /// How many lines there are: one more than line ends.
    #[must_use]
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// The text of a line without its end. Nothing if there is no such line.
    #[must_use]
    pub fn line<'text>(&self, text: &'text str, line: u32) -> Option<&'text str> {
        let line = usize::try_from(line).ok()?;
        let start = *self.starts.get(line)?;
        let end = self.starts.get(line + 1).copied().unwrap_or(text.len());
        let with_end = text.get(start..end)?;
        let without_lf = with_end.strip_suffix('\n').unwrap_or(with_end);
        Some(without_lf.strip_suffix('\r').unwrap_or(without_lf))
    }

    /// The offset of a place, in bytes from the start of the text.
    #[must_use]
    pub fn offset(&self, text: &str, place: Position) -> usize {
        match (self.line(text, place.line), self.start(place.line)) {
            (Some(line), Some(start)) => start + floor(line, place.column),
            _ => text.len(),
        }
    }

    /// The place at an offset in bytes.
    #[must_use]
    pub fn position(&self, text: &str, offset: usize) -> Position {
        let line = self.line_at(offset.min(text.len()));
        let column = offset.saturating_sub(self.starts[line]);
        let line = saturate(line);
        let content = self.line(text, line).unwrap_or_default();
        Position::new(line, saturate(floor(content, saturate(column))))
    }

    /// What an editor calls a place.
    #[must_use]
    pub fn to_client(
        &self,
        text: &str,
        place: Position,
        encoding: PositionEncoding,
    ) -> ClientPosition {
        let place = self.position(text, self.offset(text, place));
        let line = self.line(text, place.line).unwrap_or_default();
        let before = &line[..floor(line, place.column)];
        let character = match encoding {
            PositionEncoding::Utf8 => before.len(),
            PositionEncoding::Utf16 | PositionEncoding::Utf32 if before.is_ascii() => before.len(),
            _ => before.chars().map(|one| encoding.width(one)).sum(),
        };
        ClientPosition::new(place.line, saturate(character))
    }

    /// Which place an editor means.
    #[must_use]
    pub fn from_client(
        &self,
        text: &str,
        place: ClientPosition,
        encoding: PositionEncoding,
    ) -> Position {
        let Some(line) = self.line(text, place.line) else {
            return self.position(text, text.len());
        };
        let column = if encoding == PositionEncoding::Utf8 {
            floor(line, place.character)
        } else {
            let mut left = place.character as usize;
            line.char_indices()
                .find(|(_, character)| {
                    let width = encoding.width(*character);
                    let inside = left < width;
                    left = left.saturating_sub(width);
                    inside
                })
                .map_or(line.len(), |(column, _)| column)
        };
        Position::new(place.line, saturate(column))
    }

    /// Follows a replacement: `text` is what the text is now, `old` was replaced by `new` bytes.
    /// Costs a look at the lines touched, and an addition for each line after them.
    pub(super) fn replaced(&mut self, text: &str, old: Range<usize>, new: usize) {
        // One byte before, since a `\r` there and a new `\n` are one line end.
        let first = self.line_at(old.start.saturating_sub(1));
        let last = self.line_at(old.end);
        let from = self.starts[first];
        let to = self
            .starts
            .get(last + 1)
            .map_or(text.len(), |next| next - old.len() + new);
        let touched: Vec<usize> = line_starts(text, from..to).collect();
        let after = (last + 2).min(self.starts.len());
        for start in &mut self.starts[after..] {
            *start = *start - old.len() + new;
        }
        self.starts.splice(first + 1..after, touched);
    }

    /// The line that the byte at `offset` is in.
    fn line_at(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset) - 1
    }

    fn start(&self, line: u32) -> Option<usize> {
        self.starts.get(usize::try_from(line).ok()?).copied()
    }
}

/// The offsets behind the line ends that are in `part` of `text`, which does not begin between
/// `\r` and `\n`.
fn line_starts(text: &str, part: Range<usize>) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    memchr::memchr2_iter(b'\n', b'\r', &bytes[part.clone()])
        .map(move |at| part.start + at)
        .filter(|at| bytes[*at] == b'\n' || bytes.get(at + 1) != Some(&b'\n'))
        .map(|at| at + 1)
}

/// The nearest character boundary of `line` that is not after `column`.
fn floor(line: &str, column: u32) -> usize {
    line.floor_char_boundary(column as usize)
}

fn saturate(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
