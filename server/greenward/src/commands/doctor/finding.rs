//! What was looked at, and how it is.

use std::fmt::Write as _;

use serde::Serialize;

use crate::report::style::{BAD, GOOD, STRONG, WARNING, paint};
use crate::report::words;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum State {
    /// As it should be.
    Ok,
    /// Worth knowing; tests can run.
    Warning,
    /// Something is missing that is needed.
    Failure,
}

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// What it belongs to.
    pub(super) section: &'static str,
    /// What was looked at.
    pub(super) name: String,
    /// What people call it, where that is something else.
    #[serde(skip)]
    pub(super) label: Option<String>,
    /// How it is.
    pub(super) state: State,
    /// What was found.
    pub(super) found: String,
    /// What can be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) advice: Option<String>,
}

impl Finding {
    fn new(section: &'static str, name: impl Into<String>, state: State, found: String) -> Self {
        Self {
            section,
            name: name.into(),
            label: None,
            state,
            found,
            advice: None,
        }
    }

    /// Something as it should be.
    pub(super) fn ok(
        section: &'static str,
        name: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self::new(section, name, State::Ok, found.into())
    }

    /// The same, under the name that people know it by.
    pub(super) fn called(self, label: impl Into<String>) -> Self {
        Self {
            label: Some(label.into()),
            ..self
        }
    }

    /// What stands before it.
    fn title(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.name)
    }

    /// Something worth knowing, with what can be done.
    pub(super) fn warning(
        section: &'static str,
        name: impl Into<String>,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            advice: Some(advice.into()),
            ..Self::new(section, name, State::Warning, found.into())
        }
    }

    /// Something that is missing, with how to get it.
    pub(super) fn failure(
        section: &'static str,
        name: impl Into<String>,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            advice: Some(advice.into()),
            ..Self::new(section, name, State::Failure, found.into())
        }
    }
}

/// All findings, section by section, for people.
pub(super) fn render(findings: &[Finding]) -> String {
    let mut text = String::new();
    for section in findings.chunk_by(|one, next| one.section == next.section) {
        let gap = if text.is_empty() { "" } else { "\n" };
        let title = section.first().map_or("", |finding| finding.section);
        writeln!(text, "{gap}{}", paint(STRONG, title)).ok();
        render_section(&mut text, section);
    }
    text
}

fn render_section(text: &mut String, findings: &[Finding]) {
    let names = findings
        .iter()
        .map(|finding| finding.title().chars().count());
    let width = names.max().unwrap_or(0);
    for finding in findings {
        let mark = match finding.state {
            State::Ok => paint(GOOD, '✓'),
            State::Warning => paint(WARNING, '!'),
            State::Failure => paint(BAD, '✗'),
        };
        let (name, found) = (finding.title(), &finding.found);
        writeln!(text, "  {mark} {name:width$}  {found}").ok();
        if let Some(advice) = &finding.advice {
            let margin = " ".repeat(width + 6);
            text.push_str(&words::indent(advice, &margin));
        }
    }
}

/// The last line: whether all is well. `keeps` says what keeps tests from running, if anything
/// does though no tool is missing.
pub(super) fn conclusion(findings: &[Finding], keeps: Option<&str>) -> String {
    let count = |state| {
        findings
            .iter()
            .filter(|finding| finding.state == state)
            .count()
    };
    match (count(State::Failure), count(State::Warning), keeps) {
        (0, _, Some(keeps)) => paint(WARNING, format_args!("No tests can run: {keeps}.")),
        (0, 0, None) => paint(GOOD, "All is well."),
        (0, warnings, None) => paint(
            WARNING,
            format_args!("Tests can run; {warnings} to look at."),
        ),
        (failures, ..) => paint(BAD, format_args!("{failures} missing.")),
    }
}

/// The worst of all findings.
pub(super) fn worst(findings: &[Finding]) -> State {
    let states = findings.iter().map(|finding| finding.state);
    states.max().unwrap_or(State::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::style::plain;
    use expect_test::expect;

    fn findings() -> Vec<Finding> {
        vec![
            Finding::ok(
                "Your files",
                "settings",
                "/home/u/.config/greenward/config.toml",
            ),
            Finding::warning("This folder", "trust", "not trusted", "greenward trust"),
            Finding::ok("Projects", "cargo:.", "2 tests").called("roman (cargo)"),
            Finding::failure(
                "Tools",
                "cargo",
                "not found",
                "install Rust from https://rustup.rs\nor set cargo.program",
            ),
        ]
    }

    #[test]
    fn findings_stand_by_section_with_their_advice() {
        expect![[r#"
            Your files
              ✓ settings  /home/u/.config/greenward/config.toml

            This folder
              ! trust  not trusted
                       greenward trust

            Projects
              ✓ roman (cargo)  2 tests

            Tools
              ✗ cargo  not found
                       install Rust from https://rustup.rs
                       or set cargo.program
        "#]]
        .assert_eq(&plain(&render(&findings())));
        assert_eq!(render(&[]), "");
    }

    #[test]
    fn the_worst_finding_decides() {
        for (number, state, expected) in [
            (0, State::Ok, "All is well."),
            (1, State::Ok, "All is well."),
            (2, State::Warning, "Tests can run; 1 to look at."),
            (4, State::Failure, "1 missing."),
        ] {
            let some = &findings()[..number];
            assert_eq!(worst(some), state);
            assert_eq!(plain(&conclusion(some, None)), expected);
        }
        for (number, expected) in [(0, "No tests can run: why."), (4, "1 missing.")] {
            let said = conclusion(&findings()[..number], Some("why"));
            assert_eq!(plain(&said), expected);
        }
    }
}
