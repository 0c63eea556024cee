//! Words as they stand in one line.

/// Words that say nothing by which anybody could tell whether it holds.
const VAGUE: &[&str] = &[
    "appropriate",
    "appropriately",
    "bugfree",
    "clean",
    "correct",
    "correctly",
    "easily",
    "easy",
    "elegant",
    "etc",
    "expected",
    "fast",
    "fine",
    "good",
    "great",
    "intuitive",
    "nice",
    "nicely",
    "ok",
    "okay",
    "performant",
    "proper",
    "properly",
    "quick",
    "quickly",
    "reasonable",
    "reasonably",
    "reliable",
    "reliably",
    "robust",
    "robustly",
    "simple",
    "supposed",
    "tba",
    "tbd",
    "todo",
    "friendly",
    "well",
    "work",
    "works",
    "working",
    "xxx",
];

/// Words that may stand beside them.
const FILLERS: &[&str] = &[
    "a",
    "all",
    "always",
    "an",
    "and",
    "are",
    "as",
    "be",
    "code",
    "does",
    "everything",
    "feature",
    "function",
    "has",
    "in",
    "is",
    "it",
    "just",
    "must",
    "of",
    "program",
    "result",
    "results",
    "shall",
    "should",
    "so",
    "that",
    "the",
    "them",
    "they",
    "thing",
    "things",
    "this",
    "to",
    "user",
    "very",
    "what",
    "will",
    "with",
];

/// A text in one line, with single blanks between its words.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a wording holds nothing but words that say nothing: `works as expected`, `TODO`. A
/// number, a name or a word that is not known is something.
pub(crate) fn is_vague(wording: &str) -> bool {
    let lower = wording.to_lowercase();
    let mut words = lower
        .split(|char: char| char.is_whitespace() || char == '-' || char == '/')
        .map(|word| word.trim_matches(|char: char| char.is_ascii_punctuation() || char == '…'))
        .filter(|word| !word.is_empty())
        .peekable();
    if words.peek().is_none() {
        return true;
    }
    let (mut all, mut any) = (true, false);
    for word in words {
        let vague = VAGUE.contains(&word);
        any |= vague;
        all &= vague || FILLERS.contains(&word);
    }
    all && any
}

/// A text that is no Markdown, as the Markdown of one line that says the same at the beginning of
/// a list item or a heading: what would begin another block is escaped.
pub(crate) fn as_markdown(text: &str) -> String {
    let mut line = one_line(text);
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let first = line.as_bytes().first().copied().unwrap_or(b' ');
    let second = line.as_bytes().get(1).copied().unwrap_or(b' ');
    let hashes = line.bytes().take_while(|byte| *byte == b'#').count();
    let begins_a_block = match first {
        b'#' => hashes <= 6 && line.as_bytes().get(hashes).is_none_or(|byte| *byte == b' '),
        b'>' | b'<' => true,
        b'-' | b'+' | b'*' | b'_' => second == b' ' || second == first,
        b'`' | b'~' => line.starts_with("```") || line.starts_with("~~~"),
        b'[' => line.contains("]:"),
        _ => false,
    };
    if begins_a_block {
        line.insert(0, '\\');
    } else if digits > 0 && matches!(line.as_bytes().get(digits), Some(b'.' | b')')) {
        line.insert(digits, '\\');
    }
    // A heading's own end.
    let before_end = line.trim_end_matches('#');
    if before_end.len() < line.len() && before_end.ends_with(' ') {
        line.insert(before_end.len(), '\\');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_say_nothing() {
        for (wording, vague) in [
            ("works", true),
            ("It should work as expected.", true),
            ("is fast, robust and user-friendly", true),
            ("TODO", true),
            ("...", true),
            ("works with 3", false),
            ("4 is IV", false),
            ("is empty", false),
            ("is", false),
            ("round-trips every integer from 1 to 3999", false),
            ("returns the correct numeral", false),
            ("funktioniert gut", false),
            ("`fast` is a keyword", false),
            ("正しく動作する", false),
        ] {
            assert_eq!(is_vague(wording), vague, "{wording}");
        }
    }

    #[test]
    fn what_would_begin_a_block_is_escaped() {
        for (text, expected) in [
            ("a\n  b\tc", "a b c"),
            ("# not a heading", "\\# not a heading"),
            ("- not an item", "\\- not an item"),
            ("-1 is refused", "-1 is refused"),
            ("1. not an item", "1\\. not an item"),
            ("1 is I", "1 is I"),
            ("*bold* it is", "*bold* it is"),
            ("***", "\\***"),
            ("```", "\\```"),
            ("`x` is code", "`x` is code"),
            ("C #", "C \\#"),
            ("C#", "C#"),
            ("#5 is shown", "#5 is shown"),
            ("[1, 2] is a list", "[1, 2] is a list"),
            ("", ""),
        ] {
            assert_eq!(as_markdown(text), expected, "{text:?}");
        }
    }
}
