//! Hovers: what is known of a test, where its name stands.

use std::fmt::Write as _;

use camino::Utf8Path;
use greenward_core::{Freshness, Outcome, Past};
use greenward_engine::{FileView, ItemView, TestView};
use tower_lsp::lsp_types::{Hover, HoverContents, MarkupContent, MarkupKind};

use crate::rows::{Row, rows};
use crate::{diff, words};

/// How many parameter cases are listed.
const MOST_CASES: usize = 20;

/// The row that is meant by a line: the one whose items are named there or begin there, a test
/// rather than a group. Every line of a test that does not hold means that test.
pub(crate) fn row_at<'a>(file: &Utf8Path, view: &'a FileView, line: u32) -> Option<Row<'a>> {
    let begins = |view: &&ItemView| {
        let range = view.item.range.filter(|_| view.item.kind.is_test());
        range.is_some_and(|range| range.start.line == line)
    };
    let fails_around = |view: &&ItemView| {
        let range = view.item.range.filter(|_| view.item.kind.is_test());
        let fails = view.state.outcome.is_some_and(Outcome::is_bad);
        fails && range.is_some_and(|range| range.has_line(line))
    };
    let mut rows = rows(file, view);
    let meant = rows
        .iter()
        .rposition(|row| row.line == line || row.items.iter().any(begins))
        .or_else(|| {
            rows.iter()
                .rposition(|row| row.items.iter().any(fails_around))
        })?;
    Some(rows.swap_remove(meant))
}

/// What is known of the items of a row, one after the other.
pub(crate) fn hover(file: &FileView, tests: &[TestView], markdown: bool) -> Hover {
    let said: Vec<String> = tests
        .iter()
        .map(|test| about(test, file, Writer { markdown }))
        .collect();
    let separator = if markdown { "\n\n---\n\n" } else { "\n\n" };
    Hover {
        contents: HoverContents::Markup(MarkupContent {
            kind: match markdown {
                true => MarkupKind::Markdown,
                false => MarkupKind::PlainText,
            },
            value: said.join(separator),
        }),
        range: None,
    }
}

fn about(test: &TestView, file: &FileView, writer: Writer) -> String {
    let TestView { view, past, .. } = test;
    let mut parts = vec![headline(test, writer)];
    if let (Some(ago), Some(_)) = (test.cancelled, view.state.outcome) {
        let ago = words::ago(ago);
        parts.push(writer.text(&format!("A later run was cancelled {ago}.")));
    }
    if let Some(failure) = test
        .result
        .as_ref()
        .and_then(|result| result.failure.as_deref())
    {
        let in_one_line = diff::in_one_line(failure);
        parts.extend(in_one_line.as_deref().map(|line| writer.text(line)));
        parts.push(writer.block("", failure.message.trim_end()));
        if let Some(diff) = diff::of(failure).filter(|_| in_one_line.is_none()) {
            parts.push(writer.block("diff", diff.trim_end()));
        }
    }
    let cases: Vec<&ItemView> = file
        .items
        .iter()
        .filter(|other| other.item.parent.as_ref() == Some(&view.item.id))
        .filter(|other| other.item.kind.is_test() && view.item.kind.is_test())
        .collect();
    if !cases.is_empty() {
        parts.push(writer.block("", &list(&cases)));
    }
    if past.len() > 1 {
        parts.push(writer.text(&last_runs(past)));
    }
    if view.state.outcome == Some(Outcome::Flaky) {
        parts.push(writer.text("Flaky: it failed and passed on the same inputs."));
    }
    if let Some(why) = &test.why {
        parts.push(writer.text(&format!("Run because: {why}")));
    }
    parts.join("\n\n")
}

/// Name, outcome, time and whether that still holds.
fn headline(test: &TestView, writer: Writer) -> String {
    let view = &test.view;
    let state = &view.state;
    let name = writer.strong(&view.item.label);
    let said = match state.outcome {
        _ if state.running => "running now".to_owned(),
        None => match test.cancelled {
            Some(ago) => format!("not run, cancelled {}", words::ago(ago)),
            None => "not run yet".to_owned(),
        },
        Some(_) if !view.item.kind.is_test() || state.tests > 1 => words::group(state),
        Some(outcome) => words::outcome(outcome, state.duration),
    };
    let doubt = match (state.outcome, state.freshness) {
        (Some(_), Freshness::Stale) => ", stale: something that it depends on has changed since",
        (Some(_), Freshness::Current) => ", current",
        _ => "",
    };
    format!("{name}: {said}{doubt}")
}

/// The latest runs and their times, oldest first: `✓ 2 ms, ✗ 3 ms`.
fn last_runs(past: &[Past]) -> String {
    let runs: Vec<String> = past
        .iter()
        .map(|run| match run.duration {
            Some(duration) => format!("{} {}", words::mark(run.outcome), words::time(duration)),
            None => words::mark(run.outcome).to_string(),
        })
        .collect();
    format!("Last runs: {}", runs.join(", "))
}

fn list(cases: &[&ItemView]) -> String {
    let mut lines = String::new();
    for case in cases.iter().take(MOST_CASES) {
        let said = match case.state.outcome {
            Some(outcome) => words::outcome(outcome, case.state.duration),
            None => "not run yet".to_owned(),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{}: {said}", case.item.label);
    }
    if let Some(more) = cases.len().checked_sub(MOST_CASES).filter(|more| *more > 0) {
        let _ = writeln!(lines, "and {more} more");
    }
    lines.trim_end().to_owned()
}

/// Writes text so that it is shown as it is, in Markdown or without.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writer {
    /// Whether in Markdown.
    pub markdown: bool,
}

impl Writer {
    pub(crate) fn text(self, text: &str) -> String {
        if !self.markdown {
            return text.to_owned();
        }
        let mut escaped = String::new();
        for character in text.chars() {
            if character.is_ascii_punctuation() && !matches!(character, '.' | ',' | ':' | '/') {
                escaped.push('\\');
            }
            escaped.push(character);
        }
        escaped
    }

    pub(crate) fn strong(self, text: &str) -> String {
        match self.markdown {
            true => format!("**{}**", self.text(text)),
            false => text.to_owned(),
        }
    }

    /// A block of text whose lines stay as they are.
    fn block(self, language: &str, text: &str) -> String {
        if !self.markdown {
            return text.to_owned();
        }
        // A fence must be longer than any within.
        let longest = text
            .split(|character| character != '`')
            .map(str::len)
            .max()
            .unwrap_or_default();
        let fence = "`".repeat((longest + 1).max(3));
        format!("{fence}{language}\n{text}\n{fence}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{self, FILE};
    use expect_test::{Expect, expect};

    fn check(file: &FileView, test: &TestView, markdown: bool, expected: &Expect) {
        let hover = hover(file, std::slice::from_ref(test), markdown);
        let HoverContents::Markup(content) = hover.contents else {
            panic!("{hover:?}");
        };
        expected.assert_eq(&content.value);
    }

    #[test]
    fn a_failing_test_in_markdown() {
        let test = samples::failing_test();
        check(
            &FileView::default(),
            &test,
            true,
            &expect![[r#"
                **four**: ✗ failed 3 ms, current

                ```
                assert 'IIII' == 'IV'
                while converting `4`
                ```

                ```diff
                --- expected
                +++ actual
                @@ -1,2 +1,2 @@
                 one
                -four
                +five
                ```

                Last runs: ✓ 2 ms, ✗ 3 ms

                Run because: roman.py changed"#]],
        );
    }

    #[test]
    fn a_failing_test_in_plain_text() {
        let test = samples::failing_test();
        check(
            &FileView::default(),
            &test,
            false,
            &expect![[r#"
                four: ✗ failed 3 ms, current

                assert 'IIII' == 'IV'
                while converting `4`

                --- expected
                +++ actual
                @@ -1,2 +1,2 @@
                 one
                -four
                +five

                Last runs: ✓ 2 ms, ✗ 3 ms

                Run because: roman.py changed"#]],
        );
    }

    #[test]
    fn nothing_in_a_failure_can_end_its_block_or_become_markdown() {
        let mut test = samples::failing_test();
        let result = test.result.as_mut().unwrap();
        result.failure = Some(std::sync::Arc::new(greenward_core::Failure {
            message: "```\n[click](command:evil)\n````".to_owned(),
            ..greenward_core::Failure::default()
        }));
        test.view.item.label = "test[a*b]<img>".to_owned();
        check(
            &FileView::default(),
            &test,
            true,
            &expect![[r#"
            **test\[a\*b\]\<img\>**: ✗ failed 3 ms, current

            `````
            ```
            [click](command:evil)
            ````
            `````

            Last runs: ✓ 2 ms, ✗ 3 ms

            Run because: roman.py changed"#]],
        );
    }

    #[test]
    fn a_test_lists_its_cases_and_says_that_it_is_stale() {
        let file = samples::file(
            "a.py::two      test 6 cases
             a.py::two::[1] case 6 passed 1 stale
             a.py::two::[2] case 6 failed 1",
        );
        let test = TestView {
            view: file.items[0].clone(),
            result: None,
            run: None,
            past: Vec::new(),
            why: None,
            cancelled: None,
        };
        check(
            &file,
            &test,
            false,
            &expect![[r#"
            two: 1 passed, 1 failed, stale: something that it depends on has changed since

            [1]: ✓ passed 1 ms
            [2]: ✗ failed 1 ms"#]],
        );
    }

    #[test]
    fn that_a_run_was_cancelled_is_said_until_a_later_one_ends() {
        let mut test = samples::failing_test();
        test.cancelled = Some(std::time::Duration::from_secs(12));
        test.result = None;
        test.why = None;
        test.past.clear();
        check(
            &FileView::default(),
            &test,
            false,
            &expect![[r#"
                four: ✗ failed 3 ms, current

                A later run was cancelled 12 s ago."#]],
        );
        test.view = samples::item("a.py::four test 3");
        check(
            &FileView::default(),
            &test,
            false,
            &expect!["four: not run, cancelled 12 s ago"],
        );
    }

    #[test]
    fn short_values_stand_in_one_line_before_the_message() {
        let mut test = samples::failing_test();
        let result = test.result.as_mut().unwrap();
        result.failure = Some(std::sync::Arc::new(greenward_core::Failure {
            message: "assertion `left == right` failed".to_owned(),
            expected: Some("4".to_owned()),
            actual: Some("0".to_owned()),
            ..greenward_core::Failure::default()
        }));
        test.view.state.duration = Some(std::time::Duration::ZERO);
        test.past[0].duration = Some(std::time::Duration::ZERO);
        check(
            &FileView::default(),
            &test,
            true,
            &expect![[r#"
                **four**: ✗ failed under 1 ms, current

                expected 4, got 0

                ```
                assertion `left == right` failed
                ```

                Last runs: ✓ under 1 ms, ✗ 3 ms

                Run because: roman.py changed"#]],
        );
    }

    #[test]
    fn every_line_of_a_failing_test_means_it() {
        let file = samples::file(
            "a.py      file 0
             a.py::one test 3 failed
             a.py::two test 8 passed",
        );
        let at = |line| {
            let row = row_at(Utf8Path::new(FILE), &file, line)?;
            Some(row.items[0].item.label.clone())
        };
        for line in 3..=5 {
            assert_eq!(at(line).as_deref(), Some("one"), "line {line}");
        }
        assert_eq!(at(6), None, "below it");
        assert_eq!(at(9), None, "in the body of one that holds");
    }

    #[test]
    fn a_row_is_meant_by_the_line_of_its_name_and_by_its_first_line() {
        let mut file = samples::file(
            "a.py      file 0
             a.py::one test 3
             a.py::two test 8",
        );
        // A decorator above the name.
        let range = file.items[2].item.range.as_mut().unwrap();
        range.start.line = 7;
        let at = |line| {
            let row = row_at(Utf8Path::new(FILE), &file, line)?;
            Some(row.items[0].item.label.clone())
        };
        assert_eq!(at(0).as_deref(), Some("a.py"));
        assert_eq!(at(3).as_deref(), Some("one"));
        assert_eq!(at(4), None, "in its body");
        assert_eq!(at(7).as_deref(), Some("two"));
        assert_eq!(at(8).as_deref(), Some("two"));
    }
}
