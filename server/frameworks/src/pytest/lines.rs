//! Python's logical lines, without a parser.
//!
//! A logical line ends at a line break that is in no bracket and no string and is not escaped
//! (Python language reference, "Lexical analysis"). That, indentation and the first word are all
//! that is needed to find definitions and imports, at a small part of the cost of a syntax tree.

use greenward_core::Position;

/// One logical line that holds code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LogicalLine<'t> {
    /// The width of its indentation: a tab leads to the next multiple of eight.
    pub(super) indent: usize,
    /// Its text from the first word to the last, comments within it included.
    pub(super) code: &'t str,
    /// Where `code` starts.
    pub(super) start: Position,
    /// Where `code` ends.
    pub(super) end: Position,
}

/// The logical lines of a text, in order. Blank lines and lines of comment are left out.
pub(super) struct LogicalLines<'t> {
    text: &'t str,
    at: usize,
    line: u32,
    line_start: usize,
}

impl<'t> LogicalLines<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let at = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Self {
            text,
            at,
            line: 0,
            line_start: 0,
        }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn place(&self, at: usize) -> Position {
        Position::new(self.line, clamped(at - self.line_start))
    }

    /// Goes past a line break, if one is here.
    fn line_break(&mut self) -> bool {
        let length = match self.byte() {
            Some(b'\r') if self.text.as_bytes().get(self.at + 1) == Some(&b'\n') => 2,
            Some(b'\n' | b'\r') => 1,
            _ => return false,
        };
        self.at += length;
        self.line += 1;
        self.line_start = self.at;
        true
    }

    /// Goes past the indentation of a physical line and measures it.
    fn indentation(&mut self) -> usize {
        let mut width = 0;
        while let Some(byte) = self.byte() {
            match byte {
                b' ' => width += 1,
                b'\t' => width = (width / 8 + 1) * 8,
                b'\x0c' => width = 0,
                _ => break,
            }
            self.at += 1;
        }
        width
    }

    fn comment(&mut self) {
        while self
            .byte()
            .is_some_and(|byte| !matches!(byte, b'\n' | b'\r'))
        {
            self.at += 1;
        }
    }

    /// Goes past a string, its quotes and what is between them. One that is not closed ends with
    /// its line; if it is in triple quotes, with the text.
    fn string(&mut self, quote: u8) {
        let bytes = self.text.as_bytes();
        let triple = [quote; 3];
        let is_triple = bytes[self.at..].starts_with(&triple);
        self.at += if is_triple { 3 } else { 1 };
        while let Some(byte) = self.byte() {
            match byte {
                b'\\' => {
                    self.at += 1;
                    if !self.line_break() {
                        self.at = (self.at + 1).min(bytes.len());
                    }
                }
                b'\n' | b'\r' if is_triple => {
                    self.line_break();
                }
                b'\n' | b'\r' => return,
                _ if byte == quote && !is_triple => {
                    self.at += 1;
                    return;
                }
                _ if byte == quote && bytes[self.at..].starts_with(&triple) => {
                    self.at += 3;
                    return;
                }
                _ => self.at += 1,
            }
        }
    }

    /// Whether a line that begins here, inside brackets, can only be a statement: then a bracket
    /// before it was never closed.
    fn is_statement(&self) -> bool {
        let rest = self.text[self.at..].trim_start_matches([' ', '\t']);
        let decorates = |rest: &str| rest.starts_with(|c: char| c.is_alphabetic() || c == '_');
        rest.starts_with("def ")
            || rest.starts_with("class ")
            || rest.starts_with("async def ")
            || rest.strip_prefix('@').is_some_and(decorates)
    }
}

impl<'t> Iterator for LogicalLines<'t> {
    type Item = LogicalLine<'t>;

    fn next(&mut self) -> Option<LogicalLine<'t>> {
        let indent = loop {
            let indent = self.indentation();
            match self.byte()? {
                b'#' => self.comment(),
                b'\n' | b'\r' => {}
                _ => break indent,
            }
            self.line_break();
        };
        let (from, start) = (self.at, self.place(self.at));
        let (mut to, mut end) = (from, start);
        let mut depth = 0usize;
        while let Some(byte) = self.byte() {
            match byte {
                b'\n' | b'\r' => {
                    self.line_break();
                    if depth == 0 || self.is_statement() {
                        break;
                    }
                    continue;
                }
                b'#' => {
                    self.comment();
                    continue;
                }
                b'\\' => {
                    self.at += 1;
                    if !self.line_break() {
                        to = self.at;
                        end = self.place(to);
                    }
                    continue;
                }
                b' ' | b'\t' | b'\x0c' => {
                    self.at += 1;
                    continue;
                }
                b'"' | b'\'' => self.string(byte),
                b'(' | b'[' | b'{' => {
                    depth += 1;
                    self.at += 1;
                }
                b')' | b']' | b'}' => {
                    depth = depth.saturating_sub(1);
                    self.at += 1;
                }
                _ => self.at += 1,
            }
            to = self.at;
            end = self.place(to);
        }
        Some(LogicalLine {
            indent,
            code: self.text.get(from..to).unwrap_or_default(),
            start,
            end,
        })
    }
}

/// Splits code where `separator` stands outside of brackets and strings. Comments are left out.
pub(super) fn split_outside(code: &str, separator: u8) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut scan = LogicalLines::new(code);
    let (mut from, mut depth) = (0, 0usize);
    while let Some(byte) = scan.byte() {
        match byte {
            b'"' | b'\'' => {
                scan.string(byte);
                continue;
            }
            b'#' => {
                scan.comment();
                continue;
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ if byte == separator && depth == 0 => {
                parts.extend(code.get(from..scan.at));
                from = scan.at + 1;
            }
            _ => {}
        }
        scan.at += 1;
    }
    parts.extend(code.get(from..));
    parts
}

fn clamped(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(usize, u32, &str)]) {
        let lines: Vec<_> = LogicalLines::new(text)
            .map(|line| (line.indent, line.start.line, line.code))
            .collect();
        assert_eq!(lines, expected, "of {text:?}");
    }

    #[test]
    fn lines_end_outside_of_brackets_strings_and_escapes() {
        check("a\n\n  # no\n  b # c\n", &[(0, 0, "a"), (2, 3, "b")]);
        check("f(1,\n  2)\ng", &[(0, 0, "f(1,\n  2)"), (0, 2, "g")]);
        check(
            "a = '''\nx\n'''\nb",
            &[(0, 0, "a = '''\nx\n'''"), (0, 3, "b")],
        );
        check("a \\\n  b\nc", &[(0, 0, "a \\\n  b"), (0, 2, "c")]);
        check("a = '#('\nb", &[(0, 0, "a = '#('"), (0, 1, "b")]);
        check(
            r#"a = "\"("
b"#,
            &[(0, 0, r#"a = "\"(""#), (0, 1, "b")],
        );
        check("a\r\nb\rc", &[(0, 0, "a"), (0, 1, "b"), (0, 2, "c")]);
        check("\tx\n        y", &[(8, 0, "x"), (8, 1, "y")]);
        check("\u{feff}x", &[(0, 0, "x")]);
        check(
            "f(a, # (\n  b)\n\"é\"",
            &[(0, 0, "f(a, # (\n  b)"), (0, 2, "\"é\"")],
        );
    }

    #[test]
    fn broken_text_loses_no_more_than_it_must() {
        check("f(1,\ndef g():", &[(0, 0, "f(1,"), (0, 1, "def g():")]);
        check(
            "f([\n  @mark\n  class A:",
            &[(0, 0, "f(["), (2, 1, "@mark"), (2, 2, "class A:")],
        );
        check("a = 'x\nb", &[(0, 0, "a = 'x"), (0, 1, "b")]);
        check("a = '''x\nb", &[(0, 0, "a = '''x\nb")]);
        check(")\nb\\", &[(0, 0, ")"), (0, 1, "b\\")]);
        check("'\\", &[(0, 0, "'\\")]);
        check("'\\é", &[(0, 0, "'\\é")]);
        check("", &[]);
    }

    #[test]
    fn code_is_split_outside_of_brackets_and_strings() {
        assert_eq!(
            split_outside("a, f(b, c), 'd,e'", b','),
            ["a", " f(b, c)", " 'd,e'"]
        );
        assert_eq!(split_outside("", b','), [""]);
    }
}
