//! Where the bodies of functions are, found by their braces alone.
//!
//! Most of a test file is bodies, and nothing in them is of interest: a parser that leaves them
//! out is several times as fast. A body that has no end, that documents something or that seems to
//! have swallowed a test (both happen while somebody types) is not left out.

use tree_sitter::{Point, Range};

/// The stretches of a text that are in no function's body.
pub(super) fn outside(text: &str) -> Vec<Range> {
    let mut ranges = Vec::new();
    let mut places = Places::new(text);
    let mut start = (0, Point::default());
    for (open, close) in bodies(text) {
        let end = places.of(open);
        ranges.push(range(start, (open, end)));
        start = (close, places.of(close));
    }
    let end = places.of(text.len());
    ranges.push(range(start, (text.len(), end)));
    ranges
}

fn range(start: (usize, Point), end: (usize, Point)) -> Range {
    Range {
        start_byte: start.0,
        end_byte: end.0,
        start_point: start.1,
        end_point: end.1,
    }
}

/// What is between the braces of each function, outermost functions only.
fn bodies(text: &str) -> Vec<(usize, usize)> {
    let mut lexer = Lexer {
        bytes: text.as_bytes(),
        at: 0,
    };
    let mut found = Vec::new();
    while let Some(token) = lexer.next() {
        if token != Token::Fn {
            continue;
        }
        let Some(open) = lexer.body_start() else {
            continue;
        };
        let Some(close) = lexer.body_end() else {
            break;
        };
        let body = &text[open..close];
        let is_kept = ["///", "/**", "#[test]", "::test"]
            .iter()
            .any(|mark| body.contains(mark));
        if !is_kept && close > open {
            found.push((open, close));
        }
    }
    found
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Fn,
    /// A byte that is no part of a word, literal or comment.
    Byte(u8),
    /// Any other word, or a literal.
    Other,
}

/// Tells words, literals and comments apart, no more.
struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn next(&mut self) -> Option<Token> {
        loop {
            let byte = self.peek(0)?;
            match (byte, self.peek(1)) {
                (b'/', Some(b'/')) => self.skip_past(b"\n"),
                (b'/', Some(b'*')) => self.skip_block_comment(),
                (b'"', _) => {
                    self.at += 1;
                    self.skip_quoted(b'"');
                    return Some(Token::Other);
                }
                (b'\'', _) => {
                    self.skip_char_or_lifetime();
                    return Some(Token::Other);
                }
                _ if is_word(byte) => return Some(self.word()),
                _ => {
                    self.at += 1;
                    return Some(Token::Byte(byte));
                }
            }
        }
    }

    /// After `fn`: goes past the opening brace of the body and says where that was. Nothing, if
    /// this is a type or a declaration.
    fn body_start(&mut self) -> Option<usize> {
        let mut depth = 0_usize;
        let mut has_name = false;
        while let Some(token) = self.next() {
            match token {
                Token::Byte(b'(' | b'[') if !has_name => return None,
                Token::Byte(b'(' | b'[') => depth += 1,
                Token::Byte(b')' | b']') => depth = depth.checked_sub(1)?,
                Token::Byte(b'{') if depth == 0 => return has_name.then_some(self.at),
                Token::Byte(b';' | b'}') if depth == 0 => return None,
                Token::Other => has_name = true,
                _ => {}
            }
        }
        None
    }

    /// Goes past the closing brace of a body and says where that is.
    fn body_end(&mut self) -> Option<usize> {
        let mut depth = 1_usize;
        while let Some(token) = self.next() {
            match token {
                Token::Byte(b'{') => depth += 1,
                Token::Byte(b'}') => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(self.at - 1);
            }
        }
        None
    }

    fn word(&mut self) -> Token {
        let start = self.at;
        while self.peek(0).is_some_and(is_word) {
            self.at += 1;
        }
        match &self.bytes[start..self.at] {
            b"fn" => return Token::Fn,
            // `r"..."`, `br#"..."#`; `r#name` is a word.
            b"r" | b"br" | b"cr" => {
                let hashes = self.bytes[self.at..]
                    .iter()
                    .take_while(|byte| **byte == b'#')
                    .count();
                if self.peek(hashes) == Some(b'"') {
                    self.at += hashes + 1;
                    let mut end = vec![b'"'];
                    end.resize(hashes + 1, b'#');
                    self.skip_past(&end);
                }
            }
            _ => {}
        }
        Token::Other
    }

    fn skip_past(&mut self, end: &[u8]) {
        let found = self.bytes[self.at..]
            .windows(end.len())
            .position(|window| window == end);
        self.at = found.map_or(self.bytes.len(), |offset| self.at + offset + end.len());
    }

    fn skip_block_comment(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek(0) {
            match (byte, self.peek(1)) {
                (b'/', Some(b'*')) => {
                    depth += 1;
                    self.at += 2;
                }
                (b'*', Some(b'/')) => {
                    depth -= 1;
                    self.at += 2;
                }
                _ => self.at += 1,
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn skip_quoted(&mut self, end: u8) {
        while let Some(byte) = self.peek(0) {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == end {
                return;
            }
        }
    }

    /// `'a'`, `'\n'` or `'a`.
    fn skip_char_or_lifetime(&mut self) {
        self.at += 1;
        let Some(first) = self.peek(0) else {
            return;
        };
        let width = match first {
            b'\\' => return self.skip_quoted(b'\''),
            0xf0.. => 4,
            0xe0.. => 3,
            0xc0.. => 2,
            _ => 1,
        };
        if self.peek(width) == Some(b'\'') {
            self.at += width + 1;
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Lines and columns of growing offsets.
struct Places<'a> {
    bytes: &'a [u8],
    at: usize,
    point: Point,
}

impl<'a> Places<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            bytes: text.as_bytes(),
            at: 0,
            point: Point::default(),
        }
    }

    fn of(&mut self, offset: usize) -> Point {
        for byte in &self.bytes[self.at..offset] {
            if *byte == b'\n' {
                self.point.row += 1;
                self.point.column = 0;
            } else {
                self.point.column += 1;
            }
        }
        self.at = offset;
        self.point
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = bodies(text)
            .into_iter()
            .map(|(open, close)| &text[open..close])
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn bodies_are_between_their_braces() {
        check("fn a() { {} } fn b() {1}", &[" {} ", "1"]);
        check(
            "impl X { fn m(&self) -> [u8; { 3 }] { x } fn d(); }",
            &[" x "],
        );
        check("type F = fn(u8); struct S { f: fn() } fn a() {x}", &["x"]);
        check("mod m { fn f<T>() where T: Fn() -> X {x} }", &["x"]);
        check("fn a() {}", &[]);
    }

    #[test]
    fn braces_in_literals_and_comments_are_none() {
        for body in [
            "\"}\"",
            "\"\\\"}\"",
            "r\"}\"",
            "br##\"}\"#\"##",
            "'}'",
            "b'}'",
            "'\\''; '}'",
            "'\\u{7d}'",
            "'é'; '}'",
            "x::<'a>(y)",
            "// }\n",
            "/* } /* } */ } */",
            "r#fn()",
        ] {
            check(&format!("fn a() {{{body}}}\nfn b() {{y}}"), &[body, "y"]);
        }
    }

    #[test]
    fn odd_bodies_are_kept() {
        check("fn a() {x}\nfn b() {", &["x"]);
        check("fn a() { /// d\n fn c() {} }", &[]);
        check("mod m { fn a() { if x { \n #[test]\n fn b() {} }", &[]);
        check("fn", &[]);
        check("fn a(", &[]);
        check("fn a() { \"", &[]);
    }

    #[test]
    fn what_is_outside_keeps_its_places() {
        let ranges = outside("fn é() {\n x\n}\nfn b() {y}");
        let shown: Vec<(usize, usize, usize, usize)> = ranges
            .iter()
            .map(|r| {
                (
                    r.start_byte,
                    r.end_byte,
                    r.start_point.row,
                    r.end_point.column,
                )
            })
            .collect();
        assert_eq!(shown, [(0, 9, 0, 9), (13, 23, 2, 8), (24, 25, 3, 10)]);
    }
}
