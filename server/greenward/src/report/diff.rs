//! What was expected beside what came, with the difference marked.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use anstyle::{Effects, Style};
use similar::{ChangeTag, DiffOp, InlineChange, TextDiff};

use super::style::{ACTUAL, DIM, EXPECTED, paint};

/// How long a difference may be looked for: past it, it is coarser, never late.
const PATIENCE: Duration = Duration::from_millis(200);

/// Unchanged lines around a difference.
const CONTEXT: usize = 3;

/// The difference between two values, in at most `limit` lines, each ended by a line break.
///
/// Values of one line stand below each other; longer ones line by line, unchanged stretches left
/// out. Words that differ are emphasised.
pub(crate) fn render(expected: &str, actual: &str, limit: usize) -> String {
    let (expected, actual) = unfolded(expected, actual);
    if expected == actual {
        let mut text = one_line_each(&expected, &actual);
        let remark = "(both are written alike)";
        writeln!(text, "{}", paint(DIM, remark)).ok();
        return text;
    }
    if expected.contains('\n') || actual.contains('\n') {
        capped(line_by_line(&expected, &actual), limit)
    } else {
        one_line_each(&expected, &actual)
    }
}

/// What an edit of a file changed, line by line.
pub(crate) fn of_edit(before: &str, after: &str) -> String {
    changes(before, after, [ACTUAL, EXPECTED])
}

/// Two values on two lines.
fn one_line_each(expected: &str, actual: &str) -> String {
    let diff = TextDiff::configure()
        .timeout(PATIENCE)
        .diff_words(expected, actual);
    let mut sides = [String::new(), String::new()];
    for change in diff.iter_all_changes() {
        match change.tag() {
            ChangeTag::Equal => {
                sides[0].push_str(&paint(EXPECTED, change.value()));
                sides[1].push_str(&paint(ACTUAL, change.value()));
            }
            ChangeTag::Delete => sides[0].push_str(&paint(emphasis(EXPECTED), change.value())),
            ChangeTag::Insert => sides[1].push_str(&paint(emphasis(ACTUAL), change.value())),
        }
    }
    let [expected, actual] = sides;
    format!("expected  {expected}\n  actual  {actual}\n")
}

fn line_by_line(expected: &str, actual: &str) -> String {
    format!(
        "{}  {}\n{}",
        paint(EXPECTED, "- expected"),
        paint(ACTUAL, "+ actual"),
        changes(expected, actual, [EXPECTED, ACTUAL])
    )
}

/// The changed lines with some unchanged ones around them, the lines of each side in its style.
fn changes(before: &str, after: &str, styles: [Style; 2]) -> String {
    let diff = TextDiff::configure()
        .timeout(PATIENCE)
        .diff_lines(before, after);
    let mut text = String::new();
    let mut shown_to = 0;
    for group in diff.grouped_ops(CONTEXT) {
        let starts_at = group.first().map_or(0, |op| op.old_range().start);
        omitted(&mut text, starts_at.saturating_sub(shown_to));
        for op in &group {
            each_line(&mut text, &diff, op, styles);
            shown_to = op.old_range().end;
        }
    }
    omitted(&mut text, diff.old_len().saturating_sub(shown_to));
    text
}

/// Says that unchanged lines are left out.
fn omitted(text: &mut String, lines: usize) {
    if lines > 0 {
        let lines = super::words::many(lines, "equal line");
        writeln!(text, "{}", paint(DIM, format_args!("  … {lines}"))).ok();
    }
}

fn each_line(text: &mut String, diff: &TextDiff<'_, '_, str>, op: &DiffOp, styles: [Style; 2]) {
    for change in diff.iter_inline_changes(op) {
        let (sign, style) = match change.tag() {
            ChangeTag::Equal => (' ', Style::new()),
            ChangeTag::Delete => ('-', styles[0]),
            ChangeTag::Insert => ('+', styles[1]),
        };
        writeln!(
            text,
            "{}{}",
            paint(style, format_args!("{sign} ")),
            words(&change, style)
        )
        .ok();
    }
}

/// One line with its changed words emphasised.
fn words(change: &InlineChange<'_, str>, style: Style) -> String {
    change
        .iter_strings_lossy()
        .map(|(emphasised, words)| {
            let words = words.trim_end_matches(['\n', '\r']);
            match (emphasised, words) {
                (_, "") => String::new(),
                (true, words) => paint(emphasis(style), words),
                (false, words) => paint(style, words),
            }
        })
        .collect()
}

fn emphasis(style: Style) -> Style {
    style.effects(Effects::BOLD | Effects::INVERT)
}

/// The first `limit` lines, and how many more there are.
fn capped(text: String, limit: usize) -> String {
    let lines = text.lines().count();
    if lines <= limit {
        return text;
    }
    let mut short: String = text.split_inclusive('\n').take(limit).collect();
    let more = super::words::many(lines - limit, "more line");
    writeln!(
        short,
        "{}",
        paint(DIM, format_args!("… {more} (--full shows all)"))
    )
    .ok();
    short
}

/// Quoted strings with line breaks in them, as `assert_eq!` and `repr` write them, taken apart:
/// `"a\nb"` is easier to compare in two lines. Other values are left as they are.
fn unfolded<'a>(expected: &'a str, actual: &'a str) -> (Cow<'a, str>, Cow<'a, str>) {
    match (unquoted(expected), unquoted(actual)) {
        (Some(one), Some(other)) if one.contains('\n') || other.contains('\n') => {
            (one.into(), other.into())
        }
        _ => (expected.into(), actual.into()),
    }
}

/// The text of a string literal, if that is what `value` is, all of it.
fn unquoted(value: &str) -> Option<String> {
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inner = value.strip_prefix(quote)?.strip_suffix(quote)?;
    let mut text = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next()? {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                'r' => text.push('\r'),
                same @ ('\\' | '"' | '\'') => text.push(same),
                other => text.extend(['\\', other]),
            },
            character if character == quote => return None,
            character => text.push(character),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::style::{plain, visible};
    use expect_test::{Expect, expect};

    fn check(expected: &str, actual: &str, rendered: Expect) {
        rendered.assert_eq(&plain(&render(expected, actual, 20)));
    }

    #[test]
    fn short_values_stand_below_each_other() {
        check(
            "4",
            "5",
            expect![[r#"
            expected  4
              actual  5
        "#]],
        );
        check(
            "[1, 2, 3]",
            "[1, 3]",
            expect![[r#"
            expected  [1, 2, 3]
              actual  [1, 3]
        "#]],
        );
        check(
            "\"one\\ttwo\"",
            "\"one\"",
            expect![[r#"
            expected  "one\ttwo"
              actual  "one"
        "#]],
        );
    }

    #[test]
    fn what_differs_is_emphasised_word_by_word() {
        expect![[r#"
            expected  ESC[32mthe</>ESC[32m </>ESC[1mESC[7mESC[32mred</>ESC[32m </>ESC[32mfox</>
              actual  ESC[31mthe</>ESC[31m </>ESC[1mESC[7mESC[31mblue</>ESC[31m </>ESC[31mfox</>
        "#]]
        .assert_eq(&visible(&render("the red fox", "the blue fox", 20)));
        expect![[r#"
            ESC[32m- expected</>  ESC[31m+ actual</>
              a
            ESC[32m- </>ESC[32mthe </>ESC[1mESC[7mESC[32mred</>ESC[32m fox</>
            ESC[31m+ </>ESC[31mthe </>ESC[1mESC[7mESC[31mblue</>ESC[31m fox</>
        "#]]
        .assert_eq(&visible(&render(
            "a\nthe red fox\n",
            "a\nthe blue fox\n",
            20,
        )));
    }

    #[test]
    fn long_values_are_compared_line_by_line() {
        let lines = |marked: &str| -> String {
            (1..=20)
                .map(|n| match n {
                    10 => format!("{marked}\n"),
                    n => format!("line {n}\n"),
                })
                .collect()
        };
        check(
            &lines("ten"),
            &lines("TEN"),
            expect![[r#"
            - expected  + actual
              … 6 equal lines
              line 7
              line 8
              line 9
            - ten
            + TEN
              line 11
              line 12
              line 13
              … 7 equal lines
        "#]],
        );
    }

    #[test]
    fn quoted_strings_with_line_breaks_are_taken_apart() {
        check(
            r#""a\nb \"c\"""#,
            r#""a\nb""#,
            expect![[r#"
            - expected  + actual
              a
            - b "c"
            + b
        "#]],
        );
        check(
            r"'a\nb'",
            r"'a\nc'",
            expect![[r#"
            - expected  + actual
              a
            - b
            + c
        "#]],
        );
        // Two strings in one value are no string.
        check(
            r#""a\n", "b""#,
            r#""a\n", "c""#,
            expect![[r#"
            expected  "a\n", "b"
              actual  "a\n", "c"
        "#]],
        );
    }

    #[test]
    fn values_that_are_written_alike_are_said_to_be() {
        check(
            "NaN",
            "NaN",
            expect![[r#"
            expected  NaN
              actual  NaN
            (both are written alike)
        "#]],
        );
    }

    #[test]
    fn a_very_long_difference_is_cut_and_says_so() {
        let many: String = (0..100).map(|n| format!("{n}\n")).collect();
        let rendered = plain(&render(&many, "none\n", 10));
        assert_eq!(rendered.lines().count(), 11);
        assert!(
            rendered.ends_with("… 92 more lines (--full shows all)\n"),
            "{rendered}"
        );
    }

    #[test]
    fn odd_values_are_rendered_somehow() {
        for (one, other) in [
            ("", "x"),
            ("\"", "'"),
            ("\\", "\"\\\""),
            ("\n", ""),
            ("a\r\nb", "a\nb"),
        ] {
            render(one, other, 5);
        }
    }
}
