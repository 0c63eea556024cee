//! Text of which only the beginning and the end are kept.

use std::fmt;

/// Takes any amount of text and keeps its first and its last bytes: where something went wrong is
/// told at the one or the other.
///
/// Shown, it has a line that says how much is left out.
#[derive(Debug, Clone)]
pub struct Capped {
    head: String,
    head_limit: usize,
    /// At most twice the limit, so that cutting its front costs little on the whole.
    tail: String,
    tail_limit: usize,
    /// Bytes already cut off the front of the tail.
    cut: u64,
}

impl Capped {
    /// Keeps the first `head` and the last `tail` bytes.
    #[must_use]
    pub fn new(head: usize, tail: usize) -> Self {
        Self {
            head: String::new(),
            head_limit: head,
            tail: String::new(),
            tail_limit: tail,
            cut: 0,
        }
    }

    /// Adds text.
    pub fn push(&mut self, text: &str) {
        let mut text = text;
        if self.tail.is_empty() && self.cut == 0 {
            let room = text.floor_char_boundary(self.head_limit - self.head.len());
            let (fits, rest) = text.split_at(room);
            self.head.push_str(fits);
            text = rest;
        }
        if text.len() > self.tail_limit {
            self.cut += self.tail.len() as u64;
            self.tail.clear();
            let (dropped, kept) = split_tail(text, self.tail_limit);
            self.cut += dropped.len() as u64;
            self.tail.push_str(kept);
        } else {
            self.tail.push_str(text);
            if self.tail.len() > 2 * self.tail_limit {
                let dropped = split_tail(&self.tail, self.tail_limit).0.len();
                self.cut += dropped as u64;
                self.tail.drain(..dropped);
            }
        }
    }

    /// How many bytes are left out.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.cut + split_tail(&self.tail, self.tail_limit).0.len() as u64
    }

    /// Whether nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.head.is_empty() && self.tail.is_empty() && self.cut == 0
    }
}

impl fmt::Display for Capped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.head)?;
        let left_out = self.left_out();
        if left_out > 0 {
            let line_end = if self.head.is_empty() || self.head.ends_with('\n') {
                ""
            } else {
                "\n"
            };
            writeln!(f, "{line_end}[... {left_out} bytes left out ...]")?;
        }
        f.write_str(split_tail(&self.tail, self.tail_limit).1)
    }
}

/// `text` in two, the second part at most `limit` bytes.
fn split_tail(text: &str, limit: usize) -> (&str, &str) {
    text.split_at(text.ceil_char_boundary(text.len().saturating_sub(limit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(head: usize, tail: usize, texts: &[&str], expected: &str) {
        let mut capped = Capped::new(head, tail);
        for text in texts {
            capped.push(text);
        }
        assert_eq!(capped.to_string(), expected);
        let all: usize = texts.iter().map(|text| text.len()).sum();
        assert_eq!(capped.is_empty(), all == 0);
        assert_eq!(capped.left_out() > 0, expected.contains("left out"));
    }

    #[test]
    fn keeps_what_fits() {
        check(4, 4, &[], "");
        check(4, 4, &["ab", "cd", "ef", "gh"], "abcdefgh");
        check(4, 4, &["abcdefgh"], "abcdefgh");
    }

    #[test]
    fn keeps_both_ends() {
        check(
            4,
            4,
            &["abcdefghi"],
            "abcd\n[... 1 bytes left out ...]\nfghi",
        );
        check(
            4,
            4,
            &["abc\n", "de", "fg", "hi", "jk", "lm", "no"],
            "abc\n[... 8 bytes left out ...]\nlmno",
        );
        check(0, 2, &["abc"], "[... 1 bytes left out ...]\nbc");
        check(2, 0, &["abc", "d"], "ab\n[... 2 bytes left out ...]\n");
    }

    #[test]
    fn never_cuts_through_a_character() {
        check(3, 3, &["ééé", "éé"], "é\n[... 6 bytes left out ...]\né");
        check(3, 3, &["é", "€", "a"], "é\n[... 3 bytes left out ...]\na");
    }

    #[test]
    fn a_flood_does_not_grow_it() {
        let mut capped = Capped::new(1000, 1000);
        let line = "x".repeat(99) + "\n";
        for _ in 0..100_000 {
            capped.push(&line);
        }
        assert_eq!(capped.left_out(), 10_000_000 - 2000);
        assert!(capped.head.capacity() + capped.tail.capacity() < 10_000);
    }
}
