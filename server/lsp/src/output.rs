//! All that is known of a test item, as a document of its own.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};

use greenward_core::{Freshness, TestId};
use greenward_engine::{ItemView, TestView};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::{diff, words};

/// The scheme of our own documents.
pub(crate) const SCHEME: &str = "greenward";

/// All but what RFC 3986 calls unreserved.
pub(crate) const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The URI of an item's document: `greenward:/output/ID.txt`, the id percent-encoded.
pub(crate) fn uri(id: &TestId) -> String {
    let id = utf8_percent_encode(id.as_str(), ENCODED);
    format!("{SCHEME}:/output/{id}.txt")
}

/// The item of a document. Editors decode and encode URIs on their way, so that any character of
/// the id may or may not be encoded.
pub(crate) fn item_of(uri: &str) -> Option<TestId> {
    let path = uri.strip_prefix(SCHEME)?.strip_prefix(':')?;
    // Some editors write an empty authority.
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = percent_decode_str(path).decode_utf8().ok()?;
    let id = path.strip_prefix("/output/")?.strip_suffix(".txt")?;
    Some(TestId::parse(id))
}

/// The name of a file for an item's document, for editors that cannot open ours: readable, and
/// another one for each item.
pub(crate) fn file_name(id: &TestId) -> String {
    const LONGEST: usize = 80;
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    let readable: Vec<char> = id
        .as_str()
        .chars()
        .map(|character| match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' => character,
            _ => '-',
        })
        .collect();
    let end: String = readable[readable.len().saturating_sub(LONGEST)..]
        .iter()
        .collect();
    format!(
        "{}-{:016x}.txt",
        end.trim_start_matches('-'),
        hasher.finish()
    )
}

/// The document of an item; `below` are the items directly below it.
pub(crate) fn text(test: &TestView, below: &[ItemView]) -> String {
    let view = &test.view;
    let mut text = format!("{}\n{}\n", view.item.id, state(view));
    if let Some(ago) = test.cancelled {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "the latest run was cancelled {}", words::ago(ago));
    }
    if let Some(why) = &test.why {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "run because: {why}");
    }
    if let Some(result) = &test.result {
        if let Some(failure) = &result.failure {
            if let Some(at) = &failure.location {
                let line = at.range.start.line.saturating_add(1);
                let _ = writeln!(text, "at {}:{line}", at.file);
            }
            section(&mut text, &failure.kind, &failure.message);
            if let Some(diff) = diff::of(failure) {
                section(&mut text, "expected and actual", &diff);
            }
            section(&mut text, "frames", &frames(failure));
        }
        section(&mut text, "output", &result.output);
    }
    let below: String = below
        .iter()
        .map(|view| format!("{}: {}\n", view.item.label, state(view)))
        .collect();
    section(&mut text, "tests", &below);
    text
}

/// The outcome of a test or the counts of a group, and whether that still holds.
fn state(view: &ItemView) -> String {
    let state = &view.state;
    let said = match state.outcome {
        _ if state.running => "… running".to_owned(),
        None => "not run yet".to_owned(),
        Some(_) if view.has_children => words::group(state),
        Some(outcome) => words::outcome(outcome, state.duration),
    };
    match (state.outcome, state.freshness) {
        (Some(_), Freshness::Stale) => {
            format!("{said}, stale: something that it depends on has changed since")
        }
        _ => said,
    }
}

fn frames(failure: &greenward_core::Failure) -> String {
    failure
        .frames
        .iter()
        .map(|frame| {
            let line = frame.location.range.start.line.saturating_add(1);
            format!("{}:{line} {}", frame.location.file, frame.function)
                .trim_end()
                .to_owned()
                + "\n"
        })
        .collect()
}

/// Adds a section, unless there is nothing in it.
fn section(text: &mut String, title: &str, content: &str) {
    if content.is_empty() {
        return;
    }
    let title = if title.is_empty() { "failure" } else { title };
    let _ = write!(text, "\n── {title} ──\n{content}");
    if !content.ends_with('\n') {
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;
    use expect_test::expect;

    #[test]
    fn a_failing_test_with_all_that_it_said() {
        expect![[r#"
            pytest:.#a.py::four
            ✗ failed 3 ms
            run because: roman.py changed
            at /w/a.py:5

            ── AssertionError ──
            assert 'IIII' == 'IV'
            while converting `4`

            ── expected and actual ──
            --- expected
            +++ actual
            @@ -1,2 +1,2 @@
             one
            -four
            +five

            ── frames ──
            /w/roman.py:7 to_roman
            /w/a.py:5

            ── output ──
            converting 4
        "#]]
        .assert_eq(&text(&samples::failing_test(), &[]));
    }

    #[test]
    fn a_group_lists_what_is_below_it() {
        let file = samples::file(
            "a.py        file 0
             a.py::one   test 1 passed 3
             a.py::two   test 2 failed 1200 stale
             a.py::three test 3",
        );
        let group = TestView {
            view: file.items[0].clone(),
            result: None,
            run: None,
            past: Vec::new(),
            why: None,
            cancelled: None,
        };
        expect![[r#"
            pytest:.#a.py
            1 passed, 1 failed, 1 not run

            ── tests ──
            one: ✓ passed 3 ms
            two: ✗ failed 1.2 s, stale: something that it depends on has changed since
            three: not run yet
        "#]]
        .assert_eq(&text(&group, &file.items[1..]));
    }

    #[test]
    fn a_documents_uri_leads_back_to_its_item() {
        for id in [
            "pytest:.#tests/a.py::Test::test[a b-%41]",
            "cargo:.#roman/doc::src/lib.rs - four (line 3)",
            "pytest:.#é",
        ] {
            let id = TestId::parse(id);
            assert_eq!(item_of(&uri(&id)), Some(id.clone()), "{id}");
        }
        // As VS Code writes it.
        let id = Some(TestId::parse("pytest:.#tests/a.py::one"));
        assert_eq!(
            item_of("greenward:/output/pytest%3A.%23tests/a.py%3A%3Aone.txt"),
            id
        );
        assert_eq!(
            item_of("greenward:///output/pytest:.%23tests/a.py::one.txt"),
            id
        );
        for other in [
            "file:///output/a.txt",
            "greenward:/a.txt",
            "greenward:/output/a",
        ] {
            assert_eq!(item_of(other), None, "{other}");
        }
    }

    #[test]
    fn file_names_are_short_plain_and_different() {
        let name = |id: &str| file_name(&TestId::parse(id));
        let long = name(&"é/..".repeat(1000));
        assert!(long.len() < 120, "{long}");
        assert!(!long.contains(['/', '.']) || long.ends_with(".txt"));
        assert_ne!(name("a::b"), name("a--b"));
        assert!(name("pytest:.#a.py::four").starts_with("pytest---a-py--four-"));
    }
}
