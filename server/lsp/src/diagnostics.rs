//! Diagnostics as LSP has them, made from the engine's.

use std::fmt::Write as _;

use camino::Utf8Path;
use greenward_core::{Location, Severity, TestId};
use greenward_engine as engine;
use serde_json::json;
use tower_lsp::lsp_types::{
    self as lsp, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, NumberOrString,
};

use crate::abilities::Abilities;
use crate::texts::Texts;
use crate::wire::Places;
use crate::{convert, wire};

/// Who says so, in every diagnostic of ours.
pub(crate) const SOURCE: &str = "greenward";

/// A diagnostic of `file` for the client.
pub(crate) fn diagnostic(
    file: &Utf8Path,
    diagnostic: &engine::Diagnostic,
    texts: &Texts,
    abilities: &Abilities,
) -> Diagnostic {
    let severity = match (diagnostic.severity, diagnostic.stale) {
        (Severity::Error, false) => DiagnosticSeverity::ERROR,
        (Severity::Error, true) | (Severity::Warning, _) => DiagnosticSeverity::WARNING,
    };
    let mut message = diagnostic.message.clone();
    if diagnostic.stale {
        message.insert_str(0, "stale: ");
    }
    let related = if abilities.related_information {
        related_information(&diagnostic.related, texts)
    } else {
        message.push_str(&related_lines(&diagnostic.related));
        Vec::new()
    };
    Diagnostic {
        range: convert::range(texts.underlined(file, diagnostic.range)),
        severity: Some(severity),
        code: diagnostic.code.clone().map(NumberOrString::String),
        code_description: None,
        source: Some(SOURCE.to_owned()),
        message,
        related_information: (!related.is_empty()).then_some(related),
        tags: None,
        data: diagnostic.test.as_ref().map(|test| json!({ "test": test })),
    }
}

/// The test that a diagnostic is about, as the client gives it back.
pub(crate) fn test_of(diagnostic: &Diagnostic) -> Option<TestId> {
    if diagnostic.source.as_deref() != Some(SOURCE) {
        return None;
    }
    let test = diagnostic.data.as_ref()?.get("test")?.as_str()?;
    Some(TestId::parse(test))
}

fn related_information(
    related: &[(Location, String)],
    texts: &Texts,
) -> Vec<DiagnosticRelatedInformation> {
    related
        .iter()
        .filter_map(|(location, message)| {
            Some(DiagnosticRelatedInformation {
                location: lsp::Location {
                    uri: wire::uri(&location.file)?,
                    range: convert::range(texts.range(&location.file, location.range)),
                },
                // Editors show the message and nothing else of it.
                message: match message.as_str() {
                    "" => "stack frame".to_owned(),
                    said => said.to_owned(),
                },
            })
        })
        .collect()
}

fn related_lines(related: &[(Location, String)]) -> String {
    let mut lines = String::new();
    for (location, message) in related {
        let line = location.range.start.line.saturating_add(1);
        let separator = if message.is_empty() { "" } else { ": " };
        // Writing to a string cannot fail.
        let _ = write!(lines, "\nat {}:{line}{separator}{message}", location.file);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{self, FILE, id};
    use expect_test::{Expect, expect};
    use greenward_core::{Position, Range};

    fn failure() -> engine::Diagnostic {
        engine::Diagnostic {
            range: Range::of_line(1),
            severity: Severity::Error,
            message: "four failed: 'IIII' == 'IV'".to_owned(),
            code: Some("AssertionError".to_owned()),
            related: vec![
                (at("/w/roman.py", 7), "to_roman".to_owned()),
                (at("/w/b c.py", 0), String::new()),
            ],
            test: Some(id("a.py::four")),
            stale: false,
        }
    }

    fn at(file: &str, line: u32) -> Location {
        Location {
            file: file.into(),
            range: Range::new(Position::new(line, 4), Position::new(line, 8)),
        }
    }

    fn check(diagnostic: &engine::Diagnostic, abilities: &Abilities, expected: &Expect) {
        let mut texts = Texts::new(abilities.encoding);
        let file = Utf8Path::new(FILE);
        texts.insert(
            file,
            "def test_four():\n    assert to_roman(4) == 'IV'\n".into(),
        );
        let made = super::diagnostic(file, diagnostic, &texts, abilities);
        expected.assert_eq(&serde_json::to_string_pretty(&made).unwrap());
    }

    #[test]
    fn a_failure_with_the_frames_beside_it() {
        check(
            &failure(),
            &samples::able(),
            &expect![[r#"
            {
              "range": {
                "start": {
                  "line": 1,
                  "character": 4
                },
                "end": {
                  "line": 1,
                  "character": 30
                }
              },
              "severity": 1,
              "code": "AssertionError",
              "source": "greenward",
              "message": "four failed: 'IIII' == 'IV'",
              "relatedInformation": [
                {
                  "location": {
                    "uri": "file:///w/roman.py",
                    "range": {
                      "start": {
                        "line": 7,
                        "character": 4
                      },
                      "end": {
                        "line": 7,
                        "character": 8
                      }
                    }
                  },
                  "message": "to_roman"
                },
                {
                  "location": {
                    "uri": "file:///w/b%20c.py",
                    "range": {
                      "start": {
                        "line": 0,
                        "character": 4
                      },
                      "end": {
                        "line": 0,
                        "character": 8
                      }
                    }
                  },
                  "message": "stack frame"
                }
              ],
              "data": {
                "test": "pytest:.#a.py::four"
              }
            }"#]],
        );
    }

    #[test]
    fn without_related_information_the_frames_stand_in_the_message() {
        check(
            &failure(),
            &samples::bare(),
            &expect![[r#"
            {
              "range": {
                "start": {
                  "line": 1,
                  "character": 4
                },
                "end": {
                  "line": 1,
                  "character": 30
                }
              },
              "severity": 1,
              "code": "AssertionError",
              "source": "greenward",
              "message": "four failed: 'IIII' == 'IV'\nat /w/roman.py:8: to_roman\nat /w/b c.py:1",
              "data": {
                "test": "pytest:.#a.py::four"
              }
            }"#]],
        );
    }

    #[test]
    fn a_stale_failure_is_a_warning_that_says_so() {
        let stale = engine::Diagnostic {
            related: Vec::new(),
            stale: true,
            ..failure()
        };
        check(
            &stale,
            &samples::able(),
            &expect![[r#"
            {
              "range": {
                "start": {
                  "line": 1,
                  "character": 4
                },
                "end": {
                  "line": 1,
                  "character": 30
                }
              },
              "severity": 2,
              "code": "AssertionError",
              "source": "greenward",
              "message": "stale: four failed: 'IIII' == 'IV'",
              "data": {
                "test": "pytest:.#a.py::four"
              }
            }"#]],
        );
    }

    #[test]
    fn a_problem_that_is_no_tests_failure_has_no_data() {
        let problem = engine::Diagnostic {
            range: Range::new(Position::new(1, 11), Position::new(1, 19)),
            message: "mismatched types".to_owned(),
            code: Some("E0308".to_owned()),
            related: Vec::new(),
            test: None,
            ..failure()
        };
        check(
            &problem,
            &samples::able(),
            &expect![[r#"
            {
              "range": {
                "start": {
                  "line": 1,
                  "character": 11
                },
                "end": {
                  "line": 1,
                  "character": 19
                }
              },
              "severity": 1,
              "code": "E0308",
              "source": "greenward",
              "message": "mismatched types"
            }"#]],
        );
    }

    #[test]
    fn the_test_of_a_diagnostic_is_read_back() {
        let texts = Texts::new(samples::able().encoding);
        let mut made = diagnostic(Utf8Path::new(FILE), &failure(), &texts, &samples::able());
        assert_eq!(test_of(&made), Some(id("a.py::four")));
        made.source = Some("another".to_owned());
        assert_eq!(test_of(&made), None);
        made.source = None;
        assert_eq!(test_of(&made), None);
    }
}
