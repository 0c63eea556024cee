//! Bytes into lines, with bounded memory whatever the bytes are.

use std::io;

use memchr::{memchr, memrchr};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// How much is read at once, in bytes: what a pipe holds on Linux.
pub(crate) const CHUNK: usize = 64 * 1024;

/// How long a line may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineLimits {
    /// Bytes of one line that are kept; what is beyond is read and dropped.
    pub bytes: usize,
}

impl Default for LineLimits {
    /// One MiB.
    fn default() -> Self {
        Self { bytes: 1024 * 1024 }
    }
}

/// One line of output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The line without its end. What was no UTF-8 is replaced by U+FFFD.
    pub text: String,
    /// Whether the line was longer than allowed, and its rest dropped.
    pub cut: bool,
}

/// Splits what `reader` gives into lines, which end with `\n` or `\r\n`.
///
/// Holds one chunk and one line, never more; [`Lines::next_batch`] and [`Lines::next_text`] give
/// what is in one chunk.
pub fn lines<R: AsyncRead + Unpin>(reader: R, limits: LineLimits) -> Lines<R> {
    Lines {
        reader: BufReader::with_capacity(CHUNK, reader),
        splitter: Splitter::new(limits),
    }
}

/// The lines of a reader; made by [`lines`].
#[derive(Debug)]
pub struct Lines<R> {
    reader: BufReader<R>,
    splitter: Splitter,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    /// The next line, or nothing at the end. A last line without an end is a line too.
    ///
    /// Cancel safe: dropping the future loses nothing.
    ///
    /// # Errors
    /// What reading gives.
    pub async fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let chunk = self.reader.fill_buf().await?;
            if chunk.is_empty() {
                return Ok(self.splitter.finish());
            }
            let mut rest = chunk;
            let line = self.splitter.next(&mut rest);
            let used = chunk.len() - rest.len();
            self.reader.consume(used);
            if line.is_some() {
                return Ok(line);
            }
        }
    }

    /// All lines that end in what is there now; waits for one. Nothing at the end. It costs a
    /// fraction of [`next`](Self::next) where many lines come.
    ///
    /// Cancel safe: dropping the future loses nothing.
    ///
    /// # Errors
    /// What reading gives.
    pub async fn next_batch(&mut self) -> io::Result<Option<Vec<Line>>> {
        let first = self.next().await?;
        Ok(first.map(|line| {
            let mut found = vec![line];
            self.take_buffered(&mut found);
            found
        }))
    }

    /// The same as one text, in which each line is ended by `\n`: for output that nobody reads line
    /// by line.
    ///
    /// Cancel safe: dropping the future loses nothing.
    ///
    /// # Errors
    /// What reading gives.
    pub async fn next_text(&mut self) -> io::Result<Option<String>> {
        let Some(Line { mut text, .. }) = self.next().await? else {
            return Ok(None);
        };
        text.push('\n');
        let buffered = self.reader.buffer();
        if let Some(end) = memrchr(b'\n', buffered) {
            text.push_str(&String::from_utf8_lossy(&buffered[..=end]));
            self.reader.consume(end + 1);
        }
        Ok(Some(text))
    }

    /// What it reads from.
    pub(crate) fn reader(&self) -> &R {
        self.reader.get_ref()
    }

    /// Adds the lines in what has been read ahead to `found`.
    pub(crate) fn take_buffered(&mut self, found: &mut Vec<Line>) {
        let buffered = self.reader.buffer();
        let used = buffered.len();
        self.splitter.split(buffered, found);
        self.reader.consume(used);
    }

    /// The splitter, for bytes that were read past the reader's own buffer.
    pub(crate) fn splitter(&mut self) -> &mut Splitter {
        &mut self.splitter
    }
}

/// The pure part: takes bytes in any portions, gives lines.
#[derive(Debug)]
pub(crate) struct Splitter {
    limits: LineLimits,
    /// The line so far: at most one byte more than the limit, which may turn out to be the `\r` of
    /// the line's end.
    line: Vec<u8>,
    dropped: bool,
}

impl Splitter {
    pub(crate) fn new(limits: LineLimits) -> Self {
        Self {
            limits,
            line: Vec::new(),
            dropped: false,
        }
    }

    /// Takes bytes off the front of `input` up to the end of a line, and gives that line. Takes all
    /// and gives nothing if no line ends in it.
    pub(crate) fn next(&mut self, input: &mut &[u8]) -> Option<Line> {
        match memchr(b'\n', input) {
            Some(end) => {
                self.keep(&input[..end]);
                *input = &input[end + 1..];
                if self.line.last() == Some(&b'\r') {
                    self.line.pop();
                }
                Some(self.take())
            }
            None => {
                self.keep(input);
                *input = &[];
                None
            }
        }
    }

    /// Adds all lines that end in `input` to `found`.
    pub(crate) fn split(&mut self, mut input: &[u8], found: &mut Vec<Line>) {
        while let Some(line) = self.next(&mut input) {
            found.push(line);
        }
    }

    /// What stands after the last line's end, if there is something.
    pub(crate) fn finish(&mut self) -> Option<Line> {
        (!self.line.is_empty()).then(|| self.take())
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = self.limits.bytes + 1 - self.line.len();
        self.dropped |= bytes.len() > room;
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn take(&mut self) -> Line {
        let cut = self.dropped || self.line.len() > self.limits.bytes;
        if cut {
            self.line.truncate(self.limits.bytes);
            // A character that the cut goes through is left out, not replaced.
            if let Err(error) = std::str::from_utf8(&self.line)
                && error.error_len().is_none()
            {
                self.line.truncate(error.valid_up_to());
            }
        }
        let text = String::from_utf8_lossy(&self.line).into_owned();
        self.line.clear();
        self.dropped = false;
        Line { text, cut }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines at a limit of 8 bytes; `+` stands after a line that was cut.
    fn check(input: &[u8], expected: &[&str]) {
        for portion in [1, 2, 3, input.len().max(1)] {
            let mut splitter = Splitter::new(LineLimits { bytes: 8 });
            let mut found = Vec::new();
            for bytes in input.chunks(portion) {
                splitter.split(bytes, &mut found);
            }
            found.extend(splitter.finish());
            let found: Vec<String> = found
                .into_iter()
                .map(|line| line.text + if line.cut { "+" } else { "" })
                .collect();
            assert_eq!(found, expected, "in portions of {portion}");
        }
    }

    #[test]
    fn splits() {
        check(b"", &[]);
        check(b"\n", &[""]);
        check(b"a\nb", &["a", "b"]);
        check(b"a\r\nb\r\n\r\n", &["a", "b", ""]);
        check(b"10%\r20%\n", &["10%\r20%"]);
        check(b"a\r\r\n", &["a\r"]);
        check(b"a\r", &["a\r"]);
    }

    #[test]
    fn cuts_long_lines() {
        check(b"12345678\n", &["12345678"]);
        check(b"12345678\r\n", &["12345678"]);
        check(b"123456789\nnext\n", &["12345678+", "next"]);
        check(b"12345678\rand more\n", &["12345678+"]);
        check(b"1234567890123", &["12345678+"]);
    }

    #[test]
    fn is_never_stopped_by_bytes_that_are_no_utf8() {
        check(b"a\xffb\n", &["a\u{fffd}b"]);
        check("ééééé\n".as_bytes(), &["éééé+"]);
        check("1ééééé\n".as_bytes(), &["1ééé+"]);
        check(b"1234567\xe2\x82\xac\n", &["1234567+"]);
    }

    #[tokio::test]
    async fn reads_what_is_there_at_once() {
        let input = &b"one\n\xff two\n\nthree"[..];
        let mut batches = lines(input, LineLimits::default());
        let mut found = Vec::new();
        while let Some(batch) = batches.next_batch().await.unwrap() {
            found.push(batch.into_iter().map(|line| line.text).collect::<Vec<_>>());
        }
        let expected = [vec!["one", "\u{fffd} two", ""], vec!["three"]];
        assert_eq!(found, expected);

        let mut texts = lines(input, LineLimits::default());
        let mut found = Vec::new();
        while let Some(text) = texts.next_text().await.unwrap() {
            found.push(text);
        }
        assert_eq!(found, ["one\n\u{fffd} two\n\n", "three\n"]);
    }

    #[tokio::test]
    async fn reads_to_the_end() {
        let mut lines = lines(&b"one\ntwo"[..], LineLimits::default());
        let mut found = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            found.push(line.text);
        }
        assert_eq!(found, ["one", "two"]);
        assert_eq!(lines.next().await.unwrap(), None);
    }
}
