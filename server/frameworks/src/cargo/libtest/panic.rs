//! Why a test failed: what Rust prints when it panics, and what libtest and rustdoc add.
//!
//! The first line of a panic has had three forms:
//!
//! | since | |
//! | --- | --- |
//! | 1.0 | `thread 'tests::four' panicked at 'the message', src/lib.rs:8:5` |
//! | 1.73 | `thread 'tests::four' panicked at src/lib.rs:8:5:`, the message below it |
//! | 1.91 | `thread 'tests::four' (1234) panicked at src/lib.rs:8:5:` |
//!
//! Of `assert_eq!(left, right)` libtest does not say which side was expected. Here `left` is what
//! came and `right` is what was expected.

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{Failure, Frame, Location, Position, Range};

use super::Ended;

/// The [kind](Failure::kind) of a documentation test that could not be compiled.
pub(super) const DID_NOT_COMPILE: &str = "compile";

/// What is known of the source files that failures name.
pub trait Sources {
    /// The user's own file that a path means, if it is one: paths in panics are as the compiler
    /// was given them, from the workspace's folder, or absolute.
    fn find(&self, written: &str) -> Option<Utf8PathBuf>;

    /// A line of a file, from 1, to turn a column in characters into one in bytes.
    fn line(&self, file: &Utf8Path, line: u32) -> Option<String>;
}

/// A place as Rust prints it: `src/lib.rs:8:5`, line and column from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place<'a> {
    file: &'a str,
    line: u32,
    column: u32,
}

impl<'a> Place<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (rest, column) = text.rsplit_once(':')?;
        let (file, line) = rest.rsplit_once(':')?;
        Some(Self {
            file,
            line: line.parse().ok()?,
            column: column.parse().ok()?,
        })
    }

    /// From there to the end of the line, if the file is the user's own.
    fn find(self, sources: &dyn Sources) -> Option<Location> {
        let file = sources.find(self.file)?;
        let line = self.line.saturating_sub(1);
        let characters = usize::try_from(self.column.saturating_sub(1)).unwrap_or(0);
        let column = sources.line(&file, self.line).map_or(0, |text| {
            text.char_indices()
                .nth(characters)
                .map_or(0, |(at, _)| u32::try_from(at).unwrap_or(0))
        });
        Some(Location {
            file,
            range: Range::new(Position::new(line, column), Position::new(line, u32::MAX)),
        })
    }
}

/// One panic in what a test printed.
#[derive(Debug, PartialEq, Eq)]
struct Panic<'a> {
    thread: &'a str,
    place: Option<Place<'a>>,
    message: String,
    /// What stands below the message: remarks and the backtrace.
    rest: &'a str,
}

/// Why a test failed. `fallback` is the place of a test that is no function.
pub(super) fn failure(ended: &Ended, fallback: Option<Location>, sources: &dyn Sources) -> Failure {
    let stdout = without_escapes(&ended.stdout);
    let mut failure = match (panic_of(&stdout, &ended.name), &ended.message) {
        (Some(panic), None) => of_panic(&panic, sources),
        (panic, Some(message)) => Failure {
            message: message.clone(),
            kind: "should_panic".to_owned(),
            location: panic
                .and_then(|panic| panic.place)
                .or_else(|| Place::parse(message.split(" at ").last()?.lines().next()?))
                .and_then(|place| place.find(sources)),
            ..Failure::default()
        },
        (None, None) => without_panic(&stdout, sources),
    };
    failure.location = failure.location.or(fallback);
    failure
}

/// The panic that failed a test: the last one of its own thread, or else the last one.
fn panic_of<'a>(stdout: &'a str, name: &str) -> Option<Panic<'a>> {
    let mut best: Option<Panic<'a>> = None;
    let starts: Vec<usize> = stdout
        .match_indices("thread '")
        .map(|(at, _)| at)
        .filter(|at| *at == 0 || stdout.as_bytes()[at - 1] == b'\n')
        .filter(|at| header(&stdout[*at..]).is_some())
        .collect();
    for (index, start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).copied().unwrap_or(stdout.len());
        let Some(panic) = header(&stdout[*start..end]) else {
            continue;
        };
        let replaces = best
            .as_ref()
            .is_none_or(|best| best.thread != name || panic.thread == name);
        if replaces {
            best = Some(panic);
        }
    }
    best
}

/// Reads a panic at the beginning of a text.
fn header(text: &str) -> Option<Panic<'_>> {
    const PANICKED: &str = " panicked at ";
    let line_end = text.find('\n').unwrap_or(text.len());
    let first = &text[..line_end];
    let at = first.find(PANICKED)?;
    let thread = first[..at]
        .strip_prefix("thread '")?
        .rsplit_once('\'')
        .map(|(thread, _)| thread)?;
    let after = at + PANICKED.len();
    if text[after..].starts_with('\'') {
        return old_header(thread, &text[after + 1..]);
    }
    let place = Place::parse(first[after..].strip_suffix(':')?);
    let below = text.get(line_end + 1..).unwrap_or_default();
    let (message, rest) = message_and_rest(below);
    Some(Panic {
        thread,
        place,
        message,
        rest,
    })
}

/// `the message', src/lib.rs:8:5`, where the message may have several lines.
fn old_header<'a>(thread: &'a str, text: &'a str) -> Option<Panic<'a>> {
    let (end, place) = text.match_indices("', ").find_map(|(at, mark)| {
        let after = &text[at + mark.len()..];
        let line = after.lines().next()?;
        Some((at, Place::parse(line)?))
    })?;
    let rest = text[end..]
        .find('\n')
        .map_or("", |at| &text[end + at + 1..]);
    Some(Panic {
        thread,
        place: Some(place),
        message: text[..end].to_owned(),
        rest,
    })
}

/// Parts a panic's message from the remarks and the backtrace below it.
fn message_and_rest(text: &str) -> (String, &str) {
    let end = ["stack backtrace:", "note: run with `RUST_BACKTRACE"]
        .iter()
        .filter_map(|mark| {
            if text.starts_with(mark) {
                Some(0)
            } else {
                text.find(&format!("\n{mark}")).map(|at| at + 1)
            }
        })
        .min()
        .unwrap_or(text.len());
    (text[..end].trim_end().to_owned(), &text[end..])
}

fn of_panic(panic: &Panic<'_>, sources: &dyn Sources) -> Failure {
    let (expected, actual) = sides(&panic.message);
    let frames = frames(panic.rest, sources);
    let is_assertion = panic.message.starts_with("assertion ");
    Failure {
        kind: if is_assertion { "assertion" } else { "panic" }.to_owned(),
        expected,
        actual,
        location: panic
            .place
            .and_then(|place| place.find(sources))
            .or_else(|| frames.first().map(|frame| frame.location.clone())),
        frames,
        message: panic.message.clone(),
    }
}

/// What was expected and what came, where a message tells.
fn sides(message: &str) -> (Option<String>, Option<String>) {
    if let Some(diff) = message.split_once("Diff < left / right > :\n") {
        return diff_sides(diff.1);
    }
    let Some((head, values)) = message.split_once("\n  left: ") else {
        return (None, None);
    };
    let Some((left, right)) = values.split_once("\n right: ") else {
        return (None, None);
    };
    // Until 1.72: `(left == right)` in quotes, the values in quotes, the user's words at the end.
    let is_old = head.starts_with("assertion failed: `(left ");
    let unquoted = |value: &str| {
        let value = value.strip_prefix('`').unwrap_or(value);
        value
            .rsplit_once('`')
            .map_or(value, |(value, _)| value)
            .to_owned()
    };
    let (left, right) = if is_old {
        (unquoted(left), unquoted(right))
    } else {
        (left.to_owned(), right.to_owned())
    };
    if head.contains("left != right") {
        return (Some(format!("anything but {right}")), Some(left));
    }
    (Some(right), Some(left))
}

/// The sides of the diff that the crate `pretty_assertions` prints: `<` marks the left one.
fn diff_sides(diff: &str) -> (Option<String>, Option<String>) {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for line in diff.trim_end().lines() {
        match (line.get(..1), line.get(1..)) {
            (Some("<"), Some(text)) => left.push(text),
            (Some(">"), Some(text)) => right.push(text),
            (Some(" "), Some(text)) => {
                left.push(text);
                right.push(text);
            }
            _ => {
                left.push(line);
                right.push(line);
            }
        }
    }
    (Some(right.join("\n")), Some(left.join("\n")))
}

/// The user's own frames of a backtrace, innermost first.
///
/// ```text
///    2: probe::tests::helper
///              at ./src/lib.rs:122:19
/// ```
fn frames(text: &str, sources: &dyn Sources) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut function = "";
    for line in text.lines().map(str::trim_start) {
        if let Some(place) = line.strip_prefix("at ") {
            if let Some(location) = Place::parse(place).and_then(|place| place.find(sources)) {
                frames.push(Frame {
                    function: function.to_owned(),
                    location,
                });
            }
        } else if let Some((number, name)) = line.split_once(": ")
            && number.bytes().all(|byte| byte.is_ascii_digit())
        {
            // A closure is told by the function that it stands in, and by its place.
            function = name.trim_end_matches("::{{closure}}");
        }
    }
    frames
}

/// A test that returned an error, or documentation that could not be compiled.
fn without_panic(stdout: &str, sources: &dyn Sources) -> Failure {
    if stdout.contains("Couldn't compile the test.") {
        let message = stdout
            .lines()
            .find(|line| line.starts_with("error"))
            .unwrap_or("the documentation test could not be compiled");
        let place = stdout
            .lines()
            .find_map(|line| line.trim_start().strip_prefix("--> "))
            .and_then(Place::parse);
        return Failure {
            message: message.to_owned(),
            kind: DID_NOT_COMPILE.to_owned(),
            location: place.and_then(|place| place.find(sources)),
            ..Failure::default()
        };
    }
    let (kind, message) = match stdout.lines().rfind(|line| line.starts_with("Error: ")) {
        Some(line) => {
            let at = stdout.rfind(line).unwrap_or(0);
            ("error", &stdout[at..])
        }
        None => ("failed", stdout),
    };
    let message = message.trim();
    Failure {
        message: if message.is_empty() {
            "the test failed and printed nothing".to_owned()
        } else {
            message.to_owned()
        },
        kind: kind.to_owned(),
        ..Failure::default()
    }
}

/// Text without terminal escape sequences (`ESC [ ... letter`).
fn without_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\u{1b}' {
            plain.push(c);
            continue;
        }
        if rest.as_str().starts_with('[') {
            rest.find(|c| c.is_ascii_alphabetic());
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use greenward_core::Outcome;

    use super::*;

    /// Every relative path lies below `/w`.
    struct Below;

    impl Sources for Below {
        fn find(&self, written: &str) -> Option<Utf8PathBuf> {
            let path = written.trim_start_matches("./");
            (!path.starts_with('/')).then(|| Utf8Path::new("/w").join(path))
        }

        fn line(&self, _file: &Utf8Path, _line: u32) -> Option<String> {
            Some("é = 12345678901234567890".to_owned())
        }
    }

    fn check(stdout: &str) -> Failure {
        let ended = Ended {
            name: "tests::t".to_owned(),
            outcome: Outcome::Failed,
            stdout: stdout.to_owned(),
            message: None,
            duration: None,
        };
        failure(&ended, None, &Below)
    }

    fn place(failure: &Failure) -> (String, u32, u32) {
        let place = failure.location.clone().unwrap();
        (
            place.file.into_string(),
            place.range.start.line,
            place.range.start.column,
        )
    }

    // The older forms are written after what the standard library of those versions printed.
    #[test]
    fn every_form_of_the_first_line() {
        for stdout in [
            "\nthread 'tests::t' (77) panicked at src/lib.rs:8:5:\nboom\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n",
            "\nthread 'tests::t' panicked at src/lib.rs:8:5:\nboom\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n",
            "thread 'tests::t' panicked at 'boom', src/lib.rs:8:5\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n",
        ] {
            let failure = check(stdout);
            assert_eq!(failure.message, "boom", "{stdout}");
            assert_eq!(failure.kind, "panic");
            // The column is in characters; the line begins with one of two bytes.
            assert_eq!(place(&failure), ("/w/src/lib.rs".to_owned(), 7, 5));
        }
    }

    #[test]
    fn what_was_expected_and_what_came() {
        for (message, expected, actual) in [
            (
                "assertion `left == right` failed\n  left: 2\n right: 3",
                "3",
                "2",
            ),
            (
                "assertion `left == right` failed: why\nso\n  left: \"a\\nb\"\n right: \"c\"",
                "\"c\"",
                "\"a\\nb\"",
            ),
            (
                "assertion `left == right` failed\n  left: {\n  1\n}\n right: {\n  2\n}",
                "{\n  2\n}",
                "{\n  1\n}",
            ),
            (
                "assertion `left != right` failed\n  left: 2\n right: 2",
                "anything but 2",
                "2",
            ),
            (
                "assertion failed: `(left == right)`\n\n\u{1b}[1mDiff\u{1b}[0m \u{1b}[31m< left\u{1b}[0m / \u{1b}[32mright >\u{1b}[0m :\n S {\n\u{1b}[31m<    a: 1,\u{1b}[0m\n\u{1b}[32m>    a: 2,\u{1b}[0m\n }\n\n",
                "S {\n    a: 2,\n}",
                "S {\n    a: 1,\n}",
            ),
        ] {
            let failure = check(&format!(
                "thread 'tests::t' panicked at src/lib.rs:1:1:\n{message}\n"
            ));
            assert_eq!(failure.expected.as_deref(), Some(expected), "{message}");
            assert_eq!(failure.actual.as_deref(), Some(actual), "{message}");
            assert_eq!(failure.kind, "assertion");
        }
        let old = check(
            "thread 'tests::t' panicked at 'assertion failed: `(left == right)`\n  left: `2`,\n right: `3`: it's so', src/lib.rs:8:5\n",
        );
        assert_eq!(old.expected.as_deref(), Some("3"));
        assert_eq!(old.actual.as_deref(), Some("2"));
        assert_eq!(place(&old).1, 7);
        let plain = check(
            "thread 'tests::t' panicked at src/lib.rs:1:1:\nassertion failed: matches!(x, Some(_))\n",
        );
        assert_eq!((plain.kind.as_str(), plain.expected), ("assertion", None));
    }

    #[test]
    fn the_tests_own_thread_is_believed() {
        let own = "thread 'tests::t' (1) panicked at src/a.rs:1:1:\nown\n";
        let other = "thread '<unnamed>' (2) panicked at src/b.rs:1:1:\nother\n";
        assert_eq!(check(&format!("{other}\n{own}")).message, "own");
        assert_eq!(check(&format!("{own}\n{other}")).message, "own");
        assert_eq!(check(&format!("{other}\n{other}")).message, "other");
    }

    #[test]
    fn a_message_of_several_lines_is_whole() {
        let failure = check(
            "out\n\nthread 'tests::t' (9) panicked at src/lib.rs:1:1:\nboom\nline two\n\nline four\nstack backtrace:\n   0: x\n",
        );
        assert_eq!(failure.message, "boom\nline two\n\nline four");
    }

    #[test]
    fn only_the_users_own_frames_are_kept() {
        let failure = check(
            "thread 'tests::t' (9) panicked at /rustc/1/library/core/src/option.rs:1:2:\nnone\nstack backtrace:\n   0: std::panicking\n             at /rustc/1/library/std/src/panicking.rs:689:5\n   1: probe::helper\n             at ./src/lib.rs:122:19\n   2: probe::tests::t\n             at ./tests/it.rs:4:2\n",
        );
        let frames: Vec<(&str, &str, u32)> = failure
            .frames
            .iter()
            .map(|f| {
                (
                    f.function.as_str(),
                    f.location.file.as_str(),
                    f.location.range.start.line,
                )
            })
            .collect();
        assert_eq!(
            frames,
            [
                ("probe::helper", "/w/src/lib.rs", 121),
                ("probe::tests::t", "/w/tests/it.rs", 3)
            ]
        );
        assert_eq!(place(&failure).0, "/w/src/lib.rs");
    }

    #[test]
    fn failures_without_a_panic() {
        let error = check("printed\nError: ParseIntError { kind: InvalidDigit }\n");
        assert_eq!(
            (error.kind.as_str(), error.message.as_str()),
            ("error", "Error: ParseIntError { kind: InvalidDigit }")
        );
        let compile = check(
            "error[E0425]: cannot find value `x` in this scope\n --> src/lib.rs:7:9\n  |\nCouldn't compile the test.\n",
        );
        assert_eq!(compile.kind, DID_NOT_COMPILE);
        assert_eq!(place(&compile).1, 6);
        assert_eq!(check("").message, "the test failed and printed nothing");
    }

    #[test]
    fn odd_text_is_no_panic_and_breaks_nothing() {
        for text in [
            "thread '",
            "thread 'x' panicked at ",
            "thread 'x' panicked at '",
            "thread 'é' panicked at é:1:\n",
            "\u{1b}",
            "\u{1b}[",
        ] {
            assert_eq!(check(text).location, None, "{text}");
        }
    }
}
