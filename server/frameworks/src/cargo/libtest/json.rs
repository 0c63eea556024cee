//! libtest's JSON: one event a line.
//!
//! The format is unstable; it is written by `library/test/src/formatters/json.rs` of the Rust
//! repository. A test that writes to standard output without libtest's knowing can leave its text
//! before an event on the same line.

use std::time::Duration;

use greenward_core::Outcome;
use serde::Deserialize;

use super::{Ended, Report};

/// How every event begins.
const BEGINNING: &str = "{ \"type\": \"";

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Event {
    Suite(Suite),
    Test(Test),
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Suite {
    Started {
        test_count: u64,
    },
    #[serde(alias = "failed")]
    Ok {
        passed: u64,
        failed: u64,
        ignored: u64,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Test {
    event: String,
    name: String,
    exec_time: Option<f64>,
    #[serde(default)]
    stdout: String,
    message: Option<String>,
    reason: Option<String>,
}

/// The reports of a line.
pub(super) fn read(line: &str) -> Vec<Report> {
    let mut reports = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find(BEGINNING) {
        let (before, from) = rest.split_at(at);
        let mut events = serde_json::Deserializer::from_str(from).into_iter::<Event>();
        match events.next() {
            Some(Ok(event)) => {
                if !before.is_empty() {
                    reports.push(Report::Output(before.to_owned()));
                }
                reports.extend(report(event));
                rest = from.get(events.byte_offset()..).unwrap_or_default();
            }
            _ => {
                if let Some(event) = repaired(from) {
                    reports.extend(report(event));
                    rest = "";
                }
                break;
            }
        }
    }
    if !rest.is_empty() || line.is_empty() {
        reports.push(Report::Output(rest.to_owned()));
    }
    reports
}

/// An event that was cut off in what its test printed, because the line was too long.
fn repaired(cut: &str) -> Option<Event> {
    const LONG: usize = 64 * 1024;
    if cut.len() < LONG || cut.ends_with('}') {
        return None;
    }
    // The cut may lie in the midst of an escape sequence such as `\u001b`.
    (0..=6).find_map(|dropped| {
        let kept = cut.get(..cut.len() - dropped)?;
        serde_json::from_str(&format!("{kept}\" }}")).ok()
    })
}

fn report(event: Event) -> Option<Report> {
    match event {
        Event::Suite(Suite::Started { test_count }) => Some(Report::Suite(test_count)),
        Event::Suite(Suite::Ok {
            passed,
            failed,
            ignored,
        }) => Some(Report::SuiteEnd {
            passed,
            failed,
            ignored,
        }),
        Event::Test(test) => {
            let outcome = match test.event.as_str() {
                "started" => return Some(Report::Started(test.name)),
                "ok" => Outcome::Passed,
                "failed" => Outcome::Failed,
                "ignored" => Outcome::Skipped,
                _ => return None,
            };
            Some(Report::Finished(Ended {
                name: test.name,
                outcome,
                stdout: test.stdout,
                message: test.message.or(test.reason),
                duration: test
                    .exec_time
                    .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
            }))
        }
        Event::Suite(Suite::Other) | Event::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_around_an_event_is_output() {
        let event = r#"{ "type": "test", "event": "started", "name": "a::b" }"#;
        let started = Report::Started("a::b".to_owned());
        let output = |text: &str| Report::Output(text.to_owned());
        for (line, expected) in [
            (event.to_owned(), vec![started.clone()]),
            (
                format!("no newline{event}"),
                vec![output("no newline"), started.clone()],
            ),
            (
                format!("{event}{event}tail"),
                vec![started.clone(), started, output("tail")],
            ),
            (
                "{ \"type\": \"test\", broken".to_owned(),
                vec![output("{ \"type\": \"test\", broken")],
            ),
            (String::new(), vec![output("")]),
        ] {
            assert_eq!(read(&line), expected, "{line}");
        }
    }

    #[test]
    fn an_event_that_was_cut_off_still_counts() {
        let long = "\\u001b".repeat(20_000);
        for end in ["", "\\", "\\u00"] {
            let line = format!(
                r#"{{ "type": "test", "name": "a", "event": "failed", "stdout": "{long}{end}"#
            );
            let reports = read(&line);
            assert!(
                matches!(&reports[..], [Report::Finished(ended)] if ended.outcome == Outcome::Failed),
                "{end}"
            );
        }
    }

    #[test]
    fn events_of_no_meaning_are_dropped() {
        for line in [
            r#"{ "type": "test", "event": "timeout", "name": "a" }"#,
            r#"{ "type": "report", "total_time": 0.1, "compilation_time": 0.1 }"#,
        ] {
            assert_eq!(read(line), []);
        }
    }
}
