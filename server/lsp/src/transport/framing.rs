//! Frames: the `Content-Length` header and the body after it, as the LSP base protocol has them.
//!
//! A header that cannot be read is reported once, then passed over: the reader goes on at the next
//! thing that looks like a header, because one bad frame of a client is no reason to go deaf. What
//! cannot be passed over (the end of the input in the middle of a frame, a length that nobody
//! would wait for) ends the input.

use std::io::{self, BufRead, BufReader, Read};

/// The longest body that is read, in bytes.
pub const MAX_BODY: u64 = 64 << 20;

/// The longest body that is passed over, in bytes: a client may well open a huge file, but past
/// this the header is taken for damage, and waiting for the body would look like a hang.
pub const MAX_SKIPPED: u64 = 1 << 30;

/// The longest header line that is read, in bytes.
const MAX_LINE: u64 = 4 << 10;

/// The header that matters, in lower case.
const LENGTH: &str = "content-length:";

/// What came in.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// The body of a frame: JSON, one hopes.
    Body(Vec<u8>),
    /// Something that was passed over; the next frame can be read.
    Skipped(Skipped),
}

/// Why something was passed over.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Skipped {
    /// The header says no length, or not as a number.
    #[error("a frame header without a usable Content-Length")]
    BadHeader,
    /// The body is longer than [`MAX_BODY`].
    #[error("a message of {length} bytes, more than the {MAX_BODY} that are read")]
    TooLong {
        /// What the header says, in bytes.
        length: u64,
    },
}

/// Why no further frame can be read.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The input ended within a frame.
    #[error("the input ended in the middle of a frame")]
    Truncated,
    /// The header says a length past [`MAX_SKIPPED`].
    #[error("a frame header says {length} bytes, which cannot be meant")]
    AbsurdLength {
        /// What the header says, in bytes.
        length: u64,
    },
    /// The input could not be read.
    #[error("the input cannot be read")]
    Io(#[from] io::Error),
}

/// Reads frames from bytes.
#[derive(Debug)]
pub struct FrameReader<R> {
    input: BufReader<R>,
    state: State,
}

/// Whether the reader knows where it is.
#[derive(Debug)]
enum State {
    /// Between two frames.
    Aligned,
    /// After something that was no header: the next header must be searched for, in the line that
    /// was read last to begin with.
    Lost { line: Vec<u8> },
}

/// What a header section came to.
enum Header {
    /// A frame with a body of this many bytes.
    Length(u64),
    /// Not a header. The line that showed it is still to be searched for one.
    Bad { line: Vec<u8> },
    /// The end of the input.
    End,
}

impl<R: Read> FrameReader<R> {
    /// A reader of frames from `input`.
    pub fn new(input: R) -> Self {
        FrameReader {
            input: BufReader::with_capacity(64 << 10, input),
            state: State::Aligned,
        }
    }

    /// The next frame; nothing at the end of the input.
    ///
    /// # Errors
    ///
    /// See [`FrameError`]. After an error there is nothing more to read.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let header = match std::mem::replace(&mut self.state, State::Aligned) {
            State::Aligned => self.read_header(None)?,
            State::Lost { line } => match self.find_header(line)? {
                Some(length) => self.read_header(Some(length))?,
                None => Header::End,
            },
        };
        match header {
            Header::End => Ok(None),
            Header::Bad { line } => {
                self.state = State::Lost { line };
                Ok(Some(Frame::Skipped(Skipped::BadHeader)))
            }
            Header::Length(length) => self.read_body(length).map(Some),
        }
    }

    /// Reads header lines up to the empty one. `length` is what lines before have said.
    fn read_header(&mut self, mut length: Option<u64>) -> Result<Header, FrameError> {
        let mut started = length.is_some();
        loop {
            let mut line = Vec::new();
            self.read_line(&mut line)?;
            let field = match line.strip_suffix(b"\n") {
                Some(field) => field.trim_ascii(),
                None if line.is_empty() && !started => return Ok(Header::End),
                None if line.len() as u64 == MAX_LINE => return Ok(Header::Bad { line }),
                None => return Err(FrameError::Truncated),
            };
            match (field.is_empty(), length) {
                // Empty lines before a header do no harm.
                (true, _) if !started => continue,
                (true, Some(length)) => return Ok(Header::Length(length)),
                (true, None) => return Ok(Header::Bad { line }),
                (false, _) => started = true,
            }
            match strip_length(field).map(parse_length) {
                Some(Some(value)) => length = Some(value),
                None if is_field(field) => {}
                Some(None) | None => return Ok(Header::Bad { line }),
            }
        }
    }

    /// Passes over everything up to the next usable `Content-Length` line, wherever on a line it
    /// begins (the rest of a body and the header after it share one), and returns its value.
    /// Begins with the line that was read last.
    fn find_header(&mut self, mut line: Vec<u8>) -> Result<Option<u64>, FrameError> {
        loop {
            if line.ends_with(b"\n") {
                let found = (0..line.len())
                    .rev()
                    .find_map(|at| strip_length(&line[at..]))
                    .and_then(parse_length);
                if found.is_some() {
                    return Ok(found);
                }
                line.clear();
            } else {
                // A longer line: keep as much of it as the start of a header can need.
                let kept = line.len().min(LENGTH.len() + 24);
                line.drain(..line.len() - kept);
            }
            if self.read_line(&mut line)? == 0 {
                return Ok(None);
            }
        }
    }

    /// Appends up to and including the next line feed, but no more than [`MAX_LINE`] bytes.
    fn read_line(&mut self, line: &mut Vec<u8>) -> io::Result<usize> {
        self.input.by_ref().take(MAX_LINE).read_until(b'\n', line)
    }

    fn read_body(&mut self, length: u64) -> Result<Frame, FrameError> {
        if length > MAX_SKIPPED {
            return Err(FrameError::AbsurdLength { length });
        }
        let mut rest = self.input.by_ref().take(length);
        let (frame, read) = if length > MAX_BODY {
            let read = io::copy(&mut rest, &mut io::sink())?;
            (Frame::Skipped(Skipped::TooLong { length }), read)
        } else {
            // Grows with what arrives, not with what the header promises.
            let mut body = Vec::new();
            let read = rest.read_to_end(&mut body)?;
            (Frame::Body(body), read as u64)
        };
        if read == length {
            Ok(frame)
        } else {
            Err(FrameError::Truncated)
        }
    }
}

/// What stands after `Content-Length:` if the line begins with it, in any case.
fn strip_length(line: &[u8]) -> Option<&[u8]> {
    let (name, value) = line.split_at_checked(LENGTH.len())?;
    name.eq_ignore_ascii_case(LENGTH.as_bytes())
        .then_some(value)
}

/// Whether the line has the shape of a header field: a name, a colon, a value.
fn is_field(line: &[u8]) -> bool {
    line.split(|&byte| byte == b':')
        .next()
        .is_some_and(|name| name.len() < line.len() && name.iter().all(is_name))
}

/// Whether the byte may stand in a field's name.
fn is_name(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// A length in decimal digits. One that is too large for the type is as absurd as its greatest.
fn parse_length(value: &[u8]) -> Option<u64> {
    let digits = value.trim_ascii();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let text = std::str::from_utf8(digits).ok()?;
    Some(text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Hands out its bytes in pieces of the given sizes, to be met again and again.
    struct Pieces<'a> {
        bytes: &'a [u8],
        sizes: std::iter::Cycle<std::slice::Iter<'a, usize>>,
    }

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let size = *self.sizes.next().unwrap_or(&1);
            let size = size.min(buffer.len()).min(self.bytes.len());
            let (now, later) = self.bytes.split_at(size);
            buffer[..size].copy_from_slice(now);
            self.bytes = later;
            Ok(size)
        }
    }

    /// Every frame of the input, and the error at its end if there is one.
    fn read_all(input: impl Read) -> (Vec<Frame>, Option<String>) {
        let mut reader = FrameReader::new(input);
        let mut frames = Vec::new();
        loop {
            match reader.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => return (frames, None),
                Err(error) => return (frames, Some(error.to_string())),
            }
        }
    }

    /// The frames as text: a body as it is, something passed over as its message in brackets.
    fn check(input: &str, frames: &[&str], error: Option<&str>) {
        let (read, ended) = read_all(input.as_bytes());
        let read: Vec<String> = read
            .into_iter()
            .map(|frame| match frame {
                Frame::Body(body) => String::from_utf8(body).unwrap(),
                Frame::Skipped(why) => format!("[{why}]"),
            })
            .collect();
        assert_eq!(read, frames, "{input:?}");
        match (&ended, error) {
            (None, None) => {}
            (Some(ended), Some(error)) if ended.contains(error) => {}
            _ => panic!("{input:?} ended with {ended:?}, not {error:?}"),
        }
    }

    const BAD: &str = "[a frame header without a usable Content-Length]";

    #[test]
    fn frames_are_read_as_the_base_protocol_has_them() {
        check("", &[], None);
        check("Content-Length: 2\r\n\r\n{}", &["{}"], None);
        check(
            "Content-Length: 1\r\n\r\n1Content-Length: 1\r\n\r\n2",
            &["1", "2"],
            None,
        );
        check("Content-Length: 0\r\n\r\n", &[""], None);
    }

    #[test]
    fn odd_but_harmless_headers_are_understood() {
        check("content-length:2\r\n\r\n{}", &["{}"], None);
        check(
            "Content-Type: application/vscode-jsonrpc; charset=utf8\r\nX-Odd: 1\r\nCONTENT-LENGTH:  2 \r\n\r\n{}",
            &["{}"],
            None,
        );
        check("Content-Length: 2\n\n{}", &["{}"], None);
        check("\r\n\r\nContent-Length: 2\r\n\r\n{}\r\n", &["{}"], None);
    }

    #[test]
    fn a_bad_header_is_reported_once_and_passed_over() {
        let good = "Content-Length: 2\r\n\r\n{}";
        for bad in [
            "Content-Length: abc\r\n\r\n{\"a\": 1}",
            "Content-Length: -1\r\n\r\n{}",
            "Content-Length: \r\n\r\n{}",
            "Content-Type: x\r\n\r\n{}",
            "no header at all\r\nnor here\r\n",
            "{}{}{}",
            &"x".repeat(20_000),
            &"x".repeat(4_090),
        ] {
            check(&format!("{bad}{good}{good}"), &[BAD, "{}", "{}"], None);
        }
    }

    #[test]
    fn the_rest_of_a_body_that_was_longer_than_said_is_passed_over() {
        check(
            "Content-Length: 2\r\n\r\n{}{}{}Content-Length: 2\r\nX: y\r\n\r\n[]",
            &["{}", BAD, "[]"],
            None,
        );
    }

    #[test]
    fn an_end_within_a_frame_is_an_error() {
        let middle = Some("middle of a frame");
        check("Content-Len", &[], middle);
        check("Content-Length: 2\r\n", &[], middle);
        check("Content-Length: 2\r\n\r\n{", &[], middle);
        check("Content-Length: 2\r\n\r\n", &[], middle);
    }

    #[test]
    fn a_length_that_cannot_be_meant_is_an_error() {
        for length in ["5000000000000", "99999999999999999999999999"] {
            check(
                &format!("Content-Length: {length}\r\n\r\n"),
                &[],
                Some("cannot be meant"),
            );
        }
    }

    #[test]
    fn a_body_over_the_cap_is_passed_over_without_being_kept() {
        let length = MAX_BODY + 1;
        let input = format!("Content-Length: {length}\r\n\r\n");
        let input = input
            .as_bytes()
            .chain(io::repeat(b' ').take(length))
            .chain("Content-Length: 2\r\n\r\n{}".as_bytes());
        let (frames, error) = read_all(input);
        assert_eq!(
            frames,
            [
                Frame::Skipped(Skipped::TooLong { length }),
                Frame::Body(b"{}".to_vec())
            ]
        );
        assert_eq!(error, None);
    }

    /// Bytes that are near to frames: pieces of headers, good and bad, and anything.
    fn near_frames() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            4 => (0usize..40).prop_map(|length| format!(
                "Content-Length: {length}\r\n\r\n{}", "x".repeat(length)
            ).into_bytes()),
            1 => Just(b"Content-Length: ".to_vec()),
            1 => Just(b"\r\n".to_vec()),
            1 => Just(b"Content-Type: x\r\n".to_vec()),
            1 => (0u64..100_000).prop_map(|length| format!("content-length:{length}\n\n").into_bytes()),
            1 => proptest::collection::vec(any::<u8>(), 0..40),
            1 => (0usize..6_000).prop_map(|length| vec![b'y'; length]),
        ];
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
            read_all(bytes.as_slice());
        }

        #[test]
        fn where_the_input_is_split_makes_no_difference(
            bytes in near_frames(),
            sizes in proptest::collection::vec(1usize..50, 1..8),
        ) {
            let pieces = Pieces { bytes: &bytes, sizes: sizes.iter().cycle() };
            prop_assert_eq!(read_all(pieces), read_all(bytes.as_slice()));
        }

        #[test]
        fn good_frames_come_out_as_they_went_in(
            bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..10),
        ) {
            let mut bytes = Vec::new();
            for body in &bodies {
                bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
                bytes.extend_from_slice(body);
            }
            let (frames, error) = read_all(bytes.as_slice());
            prop_assert_eq!(frames, bodies.into_iter().map(Frame::Body).collect::<Vec<_>>());
            prop_assert_eq!(error, None);
        }
    }
}
