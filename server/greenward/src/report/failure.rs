//! A test that failed, for a person to read.

use std::fmt::Write as _;

use camino::Utf8Path;
use greenward_core::{Failure, Frame, TestResult};

use super::style::{self, DIM, PLACE, paint};
use super::{diff, echo, words};

/// How much of a long value, message or output is shown, in lines.
const LINES: usize = 40;

/// How a failure is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    /// The folder that paths are relative to.
    pub(crate) base: &'a Utf8Path,
    /// Whether nothing is left out.
    pub(crate) full: bool,
}

impl View<'_> {
    fn limit(self) -> usize {
        if self.full { usize::MAX } else { LINES }
    }
}

/// A test and why it did not hold: where, what was expected and what came, the user's own frames,
/// and what it printed. Ends with an empty line.
pub(crate) fn render(name: &str, result: &TestResult, view: View<'_>) -> String {
    let (colour, mark) = style::of_outcome(result.outcome);
    let mut text = paint(
        colour,
        format_args!("{mark} {} {name}", result.outcome.name()),
    );
    if let Some(time) = result.duration {
        write!(text, "  {}", paint(DIM, words::duration(time))).ok();
    }
    text.push('\n');
    if let Some(failure) = &result.failure {
        reason(&mut text, failure, view);
    }
    match &result.failure {
        Some(failure) if !view.full => {
            output(&mut text, &echo::without(&result.output, failure), view);
        }
        _ => output(&mut text, &result.output, view),
    }
    text.push('\n');
    text
}

fn reason(text: &mut String, failure: &Failure, view: View<'_>) {
    if let Some(location) = &failure.location {
        writeln!(
            text,
            "  at {}",
            paint(PLACE, words::place(location, view.base))
        )
        .ok();
    }
    match (&failure.expected, &failure.actual) {
        (Some(expected), Some(actual)) => {
            // The rest of the message is the two values once more.
            let summary = failure.message.lines().next().unwrap_or_default();
            let shown = if view.full {
                failure.message.as_str()
            } else {
                summary
            };
            text.push_str(&words::indent(shown, "  "));
            text.push_str(&words::indent(
                &diff::render(expected, actual, view.limit()),
                "    ",
            ));
        }
        _ => {
            let message = first_lines(failure.message.trim_end(), view);
            text.push_str(&words::indent(&message, "  "));
        }
    }
    for frame in frames(failure) {
        let place = paint(PLACE, words::place(&frame.location, view.base));
        match frame.function.as_str() {
            "" => writeln!(text, "  from {place}").ok(),
            function => writeln!(text, "  from {function}, {place}").ok(),
        };
    }
}

/// The frames that say more than the place of the failure does.
fn frames(failure: &Failure) -> impl Iterator<Item = &Frame> {
    failure.frames.iter().filter(|frame| {
        failure.location.as_ref().is_none_or(|place| {
            place.file != frame.location.file
                || place.range.start.line != frame.location.range.start.line
        })
    })
}

fn first_lines(text: &str, view: View<'_>) -> String {
    let more = text.lines().count().saturating_sub(view.limit());
    let mut short: String = text.lines().take(view.limit()).fold(String::new(), joined);
    if more > 0 {
        let more = words::many(more, "more line");
        writeln!(
            short,
            "{}",
            paint(DIM, format_args!("… {more} (--full shows all)"))
        )
        .ok();
    }
    short
}

/// What the test printed, its end if it is long: what was printed last is nearest to the failure.
fn output(text: &mut String, output: &str, view: View<'_>) {
    let output = output.trim_end().trim_start_matches('\n');
    if output.is_empty() {
        return;
    }
    let all = output.lines().count();
    let left_out = all.saturating_sub(view.limit());
    let title = match left_out {
        0 => "output".to_owned(),
        _ => format!("output, the last {LINES} of {all} lines (--full shows all)"),
    };
    writeln!(text, "  {}", paint(DIM, title)).ok();
    for line in output.lines().skip(left_out) {
        let line = format!("  {} {line}", paint(DIM, "│"));
        writeln!(text, "{}", line.trim_end()).ok();
    }
}

fn joined(mut text: String, line: &str) -> String {
    text.push_str(line);
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::report::style::{plain, visible};
    use expect_test::{Expect, expect};
    use greenward_core::{Location, Outcome, Position, Range};

    fn at(file: &str, line: u32) -> Location {
        Location {
            file: file.into(),
            range: Range::new(Position::new(line, 4), Position::new(line, 9)),
        }
    }

    fn failed(failure: Failure, output: &str) -> TestResult {
        TestResult {
            duration: Some(Duration::from_millis(3)),
            failure: Some(Arc::new(failure)),
            output: output.into(),
            ..TestResult::bare(Outcome::Failed)
        }
    }

    fn compared() -> Failure {
        Failure {
            message: "assertion `left == right` failed: four\n  left: \"IIII\"\n right: \"IV\""
                .into(),
            kind: "assertion".into(),
            expected: Some("\"IV\"".into()),
            actual: Some("\"IIII\"".into()),
            location: Some(at("/w/src/lib.rs", 41)),
            frames: vec![
                Frame {
                    function: "roman::check".into(),
                    location: at("/w/src/lib.rs", 41),
                },
                Frame {
                    function: "roman::tests::four".into(),
                    location: at("/w/src/lib.rs", 49),
                },
            ],
        }
    }

    fn check(result: &TestResult, full: bool, rendered: Expect) {
        let view = View {
            base: "/w".into(),
            full,
        };
        rendered.assert_eq(&plain(&render("roman/lib::tests::four", result, view)));
    }

    #[test]
    fn a_comparison_shows_place_values_frames_and_output() {
        check(
            &failed(compared(), "hello\n\nworld\n"),
            false,
            expect![[r#"
            ✗ failed roman/lib::tests::four  3 ms
              at src/lib.rs:42:5
              assertion `left == right` failed: four
                expected  "IV"
                  actual  "IIII"
              from roman::tests::four, src/lib.rs:50:5
              output
              │ hello
              │
              │ world

        "#]],
        );
    }

    #[test]
    fn nothing_is_left_out_of_a_full_view() {
        let lines: String = (0..60).map(|n| format!("line {n}\n")).collect();
        let view = |full| View {
            base: "/w".into(),
            full,
        };
        let result = failed(compared(), &lines);
        let short = plain(&render("x", &result, view(false)));
        assert!(
            short.contains("the last 40 of 60 lines (--full shows all)"),
            "{short}"
        );
        assert!(
            !short.contains("line 19\n") && short.contains("line 20\n"),
            "{short}"
        );
        let full = plain(&render("x", &result, view(true)));
        assert!(
            full.contains("left: \"IIII\"") && full.contains("line 0\n"),
            "{full}"
        );
    }

    #[test]
    fn colours_tell_the_parts_apart() {
        let view = View {
            base: "/w".into(),
            full: false,
        };
        expect![[r#"
            ESC[1mESC[31m✗ failed four</>  ESC[2m3 ms</>
              at ESC[36msrc/lib.rs:42:5</>
              assertion `left == right` failed: four
                expected  ESC[1mESC[7mESC[32m"IV"</>
                  actual  ESC[1mESC[7mESC[31m"IIII"</>
              from roman::tests::four, ESC[36msrc/lib.rs:50:5</>
              ESC[2moutput</>
              ESC[2m│</> hi

        "#]]
        .assert_eq(&visible(&render("four", &failed(compared(), "hi"), view)));
    }

    #[test]
    fn a_failure_without_values_shows_its_whole_message() {
        let failure = Failure {
            message: "called `Option::unwrap()`\non a `None` value".into(),
            ..Failure::default()
        };
        check(
            &failed(failure, ""),
            false,
            expect![[r#"
            ✗ failed roman/lib::tests::four  3 ms
              called `Option::unwrap()`
              on a `None` value

        "#]],
        );
        check(
            &TestResult::bare(Outcome::Failed),
            false,
            expect![[r#"
            ✗ failed roman/lib::tests::four

        "#]],
        );
        check(
            &TestResult::errored("timeout", "longer than 300 s"),
            false,
            expect![[r#"
            ! errored roman/lib::tests::four
              longer than 300 s

        "#]],
        );
    }
}
