//! Answers of the tests that a text knows by heart: an input of a test beside what the same test
//! expects for it.
//!
//! Honest tables hold such pairs too: that of Roman numerals has 4 beside IV. So a table, or a
//! function's chain of cases, is told of only if hardly anything else stands in it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::RangeInclusive;

use super::Mark;

/// A case with more literals than this is no answer, but something of its own.
const MOST_LITERALS: usize = 8;

/// Which literals stand together in one assertion, or one row of cases, of the tests.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    together: HashSet<(String, String)>,
    inputs: HashSet<String>,
}

impl Answers {
    /// What stands on one side of an assertion, and on the other.
    pub(crate) fn add(&mut self, one: &[String], other: &[String]) {
        for one in one {
            for other in other {
                self.together.insert((one.clone(), other.clone()));
                self.together.insert((other.clone(), one.clone()));
            }
        }
    }

    /// Each column of a row may be an input of each other one.
    pub(crate) fn add_row(&mut self, columns: &[Vec<String>]) {
        for (at, column) in columns.iter().enumerate() {
            for other in &columns[at + 1..] {
                self.add(column, other);
            }
        }
    }

    /// What the tests give to a function, as it stands.
    pub(crate) fn add_input(&mut self, literal: String) {
        self.inputs.insert(literal);
    }

    /// Whether a function that asks whether its parameter is just this number asks for what a test
    /// gives. Recursion begins with smaller ones.
    pub(crate) fn is_singled_out(&self, number: &str) -> bool {
        !matches!(number, "0" | "1" | "2") && self.inputs.contains(number)
    }

    fn known<'c>(&self, case: &'c Case) -> Option<(&'c str, &'c str)> {
        let pairs = case
            .keys
            .iter()
            .flat_map(|key| case.values.iter().map(move |value| (key, value)));
        pairs
            .filter(|(key, value)| !(is_trivial(key) && is_trivial(value)))
            .find(|(key, value)| {
                let pair = ((*key).clone(), (*value).clone());
                self.together.contains(&pair)
            })
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

/// An entry of a table, or a branch that one value leads to.
#[derive(Debug)]
pub(crate) struct Case {
    /// The table, or the function that the branch is in.
    pub(crate) table: usize,
    /// What leads to it.
    pub(crate) keys: Vec<String>,
    /// What comes of it.
    pub(crate) values: Vec<String>,
    /// Its lines, from 0.
    pub(crate) lines: RangeInclusive<u32>,
}

impl Case {
    fn is_plain(&self) -> bool {
        let is_few = |literals: &[String]| (1..=MOST_LITERALS).contains(&literals.len());
        is_few(&self.keys) && is_few(&self.values)
    }

    /// The start of many an honest recursion.
    fn is_trivial(&self) -> bool {
        self.keys
            .iter()
            .chain(&self.values)
            .all(|it| is_trivial(it))
    }
}

/// The cases of tables that hold little but answers of the tests.
pub(crate) fn known_by_heart(cases: &[Case], answers: &Answers) -> Vec<Mark> {
    let mut tables: BTreeMap<usize, Vec<&Case>> = BTreeMap::new();
    for case in cases {
        if case.is_plain() && !case.is_trivial() {
            tables.entry(case.table).or_default().push(case);
        }
    }
    let mut marks = Vec::new();
    for cases in tables.values() {
        let known: Vec<_> = cases
            .iter()
            .filter_map(|case| Some((*case, answers.known(case)?)))
            .collect();
        let different: BTreeSet<_> = known.iter().map(|(_, pair)| *pair).collect();
        let says_much = |(key, value): &(&str, &str)| is_long(key) || is_long(value);
        let is_enough = different.len() >= 2 || different.iter().any(says_much);
        let is_most = known.len() * 4 >= cases.len() * 3;
        if is_enough && is_most {
            marks.extend(known.into_iter().map(|(case, (key, value))| {
                let what = format!("knows an answer of the tests: {key} gives {value}");
                Mark::warning(case.lines.clone(), what)
            }));
        }
    }
    marks
}

/// A number that stands for itself in all code, or nothing.
fn is_trivial(literal: &str) -> bool {
    matches!(literal, "" | "0" | "1")
}

/// A number of two or more digits.
fn is_long(literal: &str) -> bool {
    literal.len() >= 2 && literal.chars().all(|c| c.is_ascii_digit() || c == '.')
}

/// A number as it is compared: `1_000u32` is 1000.
pub(crate) fn number(literal: &str) -> String {
    let bare = literal.replace('_', "");
    if bare.starts_with("0x") || bare.starts_with("0b") || bare.starts_with("0o") {
        return bare;
    }
    let end = bare
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(bare.len());
    bare[..end].to_owned()
}
