//! The lawful ways out of a phase: what a worker says instead of making the tests pass.
//!
//! A worker that may say that a test is wrong has less reason to cheat. What it says is shown to
//! the user, and proves nothing.

use std::fmt;

use greenward_core::clean;
use serde::{Deserialize, Serialize};

/// How much of a reason is kept, in bytes.
const REASON_LIMIT: usize = 2000;

/// Why a worker does not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WayOut {
    /// Which way.
    pub kind: WayOutKind,
    /// The worker's own words, on one line and capped.
    pub reason: String,
}

/// The ways out that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WayOutKind {
    /// The spec contradicts itself, or what exists.
    SpecConflict,
    /// A test asks for something wrong.
    TestWrong,
    /// Something that the worker cannot provide is missing.
    Blocked,
}

impl WayOutKind {
    /// Its name, as workers write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            WayOutKind::SpecConflict => "spec_conflict",
            WayOutKind::TestWrong => "test_wrong",
            WayOutKind::Blocked => "blocked",
        }
    }
}

impl fmt::Display for WayOutKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl WayOut {
    /// The way out in the last line of `text` that is not empty, such as
    /// `greenward: test_wrong: 2 + 2 is 4`. Quotes and emphasis around the line are passed over.
    #[must_use]
    pub fn in_last_line(text: &str) -> Option<WayOut> {
        let is_line = |line: &&str| !line.is_empty() && !line.starts_with("```");
        let last = text.lines().map(str::trim).rfind(is_line)?;
        WayOut::in_line(last)
    }

    fn in_line(line: &str) -> Option<WayOut> {
        let line = line.trim_matches(|char| matches!(char, '`' | '*' | ' '));
        let (kind, reason) = match line.strip_prefix("greenward:")?.split_once(':') {
            Some((kind, reason)) => (kind, reason),
            None => (line.strip_prefix("greenward:")?, ""),
        };
        let kind = match kind.trim() {
            "spec_conflict" => WayOutKind::SpecConflict,
            "test_wrong" => WayOutKind::TestWrong,
            "blocked" => WayOutKind::Blocked,
            _ => return None,
        };
        let mut reason = clean(reason).trim().to_owned();
        reason.truncate(reason.floor_char_boundary(REASON_LIMIT));
        Some(WayOut { kind, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(WayOutKind, &str)>) {
        let found = WayOut::in_last_line(text);
        let found = found.as_ref().map(|way| (way.kind, way.reason.as_str()));
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn the_last_line_may_be_a_way_out() {
        use WayOutKind::{Blocked, SpecConflict, TestWrong};
        check(
            "I looked.\n\ngreenward: test_wrong: 2 + 2: not 5\n\n",
            Some((TestWrong, "2 + 2: not 5")),
        );
        check(
            "`greenward: spec_conflict: a b`",
            Some((SpecConflict, "a b")),
        );
        check("```\ngreenward: blocked: x\n```\n", Some((Blocked, "x")));
        check("greenward:blocked", Some((Blocked, "")));
        check(
            "**greenward: blocked: no \u{1b}[31mnet**",
            Some((Blocked, "no net")),
        );
    }

    #[test]
    fn nothing_else_is_one() {
        for text in [
            "",
            "greenward: test_wrong: x\nbut then I did it",
            "greenward: done: x",
            "say greenward: blocked: x",
            "greenward:",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn a_reason_is_capped() {
        let way = WayOut::in_last_line(&format!("greenward: blocked: {}", "é".repeat(5000)));
        assert_eq!(way.unwrap().reason.len(), REASON_LIMIT);
    }
}
