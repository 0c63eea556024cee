//! Output made safe to show.

use std::iter::Peekable;
use std::str::Chars;

/// `text` as plain lines: what a test or tool prints may hold sequences that move a cursor, write
/// to a clipboard or turn the order of letters around, and whoever shows it must not obey.
///
/// Left out are ANSI escape sequences (ECMA-48, with or without 8-bit introducers), control
/// characters except `\n` and `\t`, and Unicode's bidirectional controls. A carriage return, by
/// which a progress bar is drawn over itself, becomes an end of line; `\r\n` becomes `\n`.
#[must_use]
pub fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\n' | '\t' => clean.push(char),
            '\r' => {
                while chars.next_if_eq(&'\r').is_some() {}
                if chars.peek().is_some_and(|&next| next != '\n') {
                    clean.push('\n');
                }
            }
            ESCAPE => skip_escape(&mut chars),
            CSI => skip_control_sequence(&mut chars),
            DCS | SOS | OSC | PM | APC => skip_string(&mut chars),
            _ if char.is_control() || is_bidi_control(char) => {}
            _ => clean.push(char),
        }
    }
    clean
}

const ESCAPE: char = '\u{1b}';
const BELL: char = '\u{7}';

/// The 8-bit forms of what `ESC` and a letter introduce.
const DCS: char = '\u{90}';
const SOS: char = '\u{98}';
const CSI: char = '\u{9b}';
const STRING_END: char = '\u{9c}';
const OSC: char = '\u{9d}';
const PM: char = '\u{9e}';
const APC: char = '\u{9f}';

/// Skips what belongs to an `ESC`. Whatever is no part of a sequence is left.
fn skip_escape(chars: &mut Peekable<Chars<'_>>) {
    match chars.peek() {
        Some('[') => {
            chars.next();
            skip_control_sequence(chars);
        }
        Some('P' | 'X' | ']' | '^' | '_') => {
            chars.next();
            skip_string(chars);
        }
        _ => {
            while chars.next_if(|c| (' '..='/').contains(c)).is_some() {}
            chars.next_if(|c| ('0'..='~').contains(c));
        }
    }
}

/// Skips parameters, intermediates and the final character.
fn skip_control_sequence(chars: &mut Peekable<Chars<'_>>) {
    while chars.next_if(|c| (' '..='?').contains(c)).is_some() {}
    chars.next_if(|c| ('@'..='~').contains(c));
}

/// Skips a string up to its end, such as a window's title. One that is not ended hides the rest of
/// its line and no more.
fn skip_string(chars: &mut Peekable<Chars<'_>>) {
    while let Some(char) = chars.next_if(|&c| c != '\n') {
        match char {
            BELL | STRING_END => return,
            ESCAPE => {
                skip_escape(chars);
                return;
            }
            _ => {}
        }
    }
}

fn is_bidi_control(char: char) -> bool {
    matches!(
        char,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(clean(text), expected, "{text:?}");
    }

    #[test]
    fn keeps_text() {
        check("", "");
        check("a\tb\nc\n", "a\tb\nc\n");
        check("naïve €5 日本 👩‍👩‍👧 שלום", "naïve €5 日本 👩‍👩‍👧 שלום");
        check("[31m is no sequence", "[31m is no sequence");
    }

    #[test]
    fn strips_escape_sequences() {
        check("\u{1b}[1;31mred\u{1b}[0m", "red");
        check("\u{1b}[38;2;1;2;3mx\u{1b}[?25l\u{1b}[2K\u{1b}[10;1Hy", "xy");
        check(
            "\u{1b}]0;title\u{7}a\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\",
            "alink",
        );
        check("\u{1b}P1$q\u{1b}\\a\u{1b}(Bb\u{1b}7c\u{1b}=d", "abcd");
        check("\u{9b}31ma\u{9d}0;t\u{9c}b\u{90}x\u{9c}c", "abc");
    }

    #[test]
    fn a_broken_sequence_hides_little() {
        check("a\u{1b}", "a");
        check("a\u{1b}\nb", "a\nb");
        check("a\u{1b}[31\nb", "a\nb");
        check("a\u{1b}[31é", "aé");
        check("a\u{1b}]0;no end\nb", "a\nb");
        check("a\u{1b}]0;x\u{1b}[1mb", "ab");
    }

    #[test]
    fn strips_controls() {
        check("a\u{0}b\u{8}c\u{7}d\u{7f}e\u{85}f", "abcdef");
        check(
            "\u{202e}evil\u{202c} \u{2066}x\u{2069}\u{200f}\u{200e}\u{61c}",
            "evil x",
        );
    }

    #[test]
    fn ends_lines() {
        check("a\r\nb\r\n", "a\nb\n");
        check("10%\r20%\rdone\n", "10%\n20%\ndone\n");
        check("a\r\r\nb\r", "a\nb");
    }

    proptest! {
        #[test]
        fn nothing_is_left_to_strip(text in "[\\x1b\\x07\\x9b\\x9c\\x9d\r\n\\[\\]\\\\0-9;mHé\u{202e}]*|\\PC*|.*") {
            let once = clean(&text);
            prop_assert!(!once.chars().any(|c| c != '\n' && c != '\t' && c.is_control()));
            prop_assert!(!once.chars().any(is_bidi_control));
            prop_assert_eq!(clean(&once), once);
        }
    }
}
