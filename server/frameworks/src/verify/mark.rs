//! Suspicious places in a text. Only those count that a change brought in: what the base has is the
//! user's own.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use camino::Utf8Path;

use super::{Finding, Sealed};

/// How heavy a mark weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// No honest solution needs it.
    Breach,
    /// Doubtful.
    Warning,
}

/// A suspicious place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Its lines, from 0.
    pub(crate) lines: RangeInclusive<u32>,
    pub(crate) weight: Weight,
    /// What it is. Two marks that say the same are alike.
    pub(crate) what: String,
}

impl Mark {
    pub(crate) fn warning(lines: RangeInclusive<u32>, what: impl Into<String>) -> Self {
        Self {
            lines,
            weight: Weight::Warning,
            what: what.into(),
        }
    }

    pub(crate) fn breach(lines: RangeInclusive<u32>, what: impl Into<String>) -> Self {
        Self {
            lines,
            weight: Weight::Breach,
            what: what.into(),
        }
    }

    /// Adds marks, each if none stands in its first line: one word about a line is enough.
    pub(crate) fn add_new(marks: &mut Vec<Self>, more: Vec<Self>) {
        let is_new = |mark: &Self| {
            let starts_there = |known: &Self| known.lines.start() == mark.lines.start();
            !marks.iter().any(starts_there)
        };
        let more: Vec<Self> = more.into_iter().filter(is_new).collect();
        marks.extend(more);
        marks.sort_by_key(|mark| *mark.lines.start());
    }

    pub(crate) fn into_finding(self, file: &Utf8Path) -> Finding {
        Finding {
            file: file.to_owned(),
            lines: self.lines,
            what: self.what,
        }
    }
}

impl Sealed {
    pub(crate) fn add(&mut self, file: &Utf8Path, mark: Mark) {
        let list = match mark.weight {
            Weight::Breach => &mut self.breaches,
            Weight::Warning => &mut self.warnings,
        };
        list.push(mark.into_finding(file));
    }
}

/// The marks of a changed text beyond those alike that its base has.
pub(crate) fn unseen_before(base: &[Mark], changed: Vec<Mark>) -> Vec<Mark> {
    let mut known: HashMap<&str, usize> = HashMap::new();
    for mark in base {
        *known.entry(&mark.what).or_default() += 1;
    }
    let is_new = |mark: &Mark| match known.get_mut(mark.what.as_str()) {
        Some(left) if *left > 0 => {
            *left -= 1;
            false
        }
        _ => true,
    };
    changed.into_iter().filter(is_new).collect::<Vec<Mark>>()
}

/// Whether a literal of a test says so much that the code can hardly have it by chance: no small
/// number, no short word.
pub(crate) fn is_telling(literal: &str) -> bool {
    let inside = literal.trim_matches(['"', '\'']);
    let is_number = inside
        .chars()
        .all(|c| c.is_ascii_digit() || c == '_' || c == '.');
    let least = if is_number { 3 } else { 4 };
    inside.chars().count() >= least
        && !matches!(
            inside,
            "100" | "1000" | "10000" | "utf-8" | "utf8" | "True" | "False" | "None"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_new_counts() {
        let mark = |line, what: &str| Mark::warning(line..=line, what);
        let base = [mark(0, "a"), mark(1, "b")];
        let changed = vec![mark(5, "a"), mark(6, "a"), mark(7, "b"), mark(8, "c")];
        let lines: Vec<u32> = unseen_before(&base, changed)
            .iter()
            .map(|mark| *mark.lines.start())
            .collect();
        assert_eq!(lines, [6, 8]);
    }

    #[test]
    fn telling_literals() {
        for (literal, expected) in [
            ("\"MCMXCIV\"", true),
            ("1994", true),
            ("4", false),
            ("100", false),
            ("'a'", false),
        ] {
            assert_eq!(is_telling(literal), expected, "{literal}");
        }
    }
}
