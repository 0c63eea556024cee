//! Small slips in changed lines, which the tests ought to catch.

use std::collections::BTreeMap;
use std::ops::Range;

/// One slip in a file: some bytes of its text replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutant {
    /// The line, from 0.
    pub line: u32,
    /// For people: "`<` becomes `<=`".
    pub description: String,
    /// The bytes that are replaced.
    pub range: Range<usize>,
    /// What stands there instead.
    pub replacement: String,
}

impl Mutant {
    /// The whole text with the slip in it; as it is, if this is not the text it was made from.
    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        let (Some(before), Some(after)) =
            (text.get(..self.range.start), text.get(self.range.end..))
        else {
            return text.to_owned();
        };
        [before, &self.replacement, after].concat()
    }
}

/// At most `cap` mutants, in the order of the text: one of each line, then a second of each, and so
/// on, so that no line takes all.
pub(crate) fn spread(mutants: Vec<Mutant>, cap: usize) -> Vec<Mutant> {
    let mut seen: BTreeMap<u32, usize> = BTreeMap::new();
    let mut ranked: Vec<(usize, Mutant)> = mutants
        .into_iter()
        .map(|mutant| {
            let round = seen.entry(mutant.line).or_default();
            *round += 1;
            (*round, mutant)
        })
        .collect();
    // Stable: within a round the order is the text's.
    ranked.sort_by_key(|(round, _)| *round);
    // Where even the first round is too many, every n-th line is as good a sample as any.
    let first = ranked.iter().filter(|(round, _)| *round == 1).count();
    let step = if cap == 0 {
        1
    } else {
        first.div_ceil(cap).max(1)
    };
    if step > 1 {
        ranked.truncate(first);
        ranked = ranked.into_iter().step_by(step).collect();
    }
    ranked.truncate(cap);
    let mut chosen: Vec<Mutant> = ranked.into_iter().map(|(_, mutant)| mutant).collect();
    chosen.sort_by_key(|mutant| (mutant.range.start, mutant.range.end));
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutant(line: u32, at: usize) -> Mutant {
        Mutant {
            line,
            description: String::new(),
            range: at..at + 1,
            replacement: "x".to_owned(),
        }
    }

    #[track_caller]
    fn check(lines: &[u32], cap: usize, expected: &[u32]) {
        let mutants = lines.iter().enumerate();
        let mutants = mutants.map(|(at, &line)| mutant(line, at)).collect();
        let chosen: Vec<u32> = spread(mutants, cap).iter().map(|m| m.line).collect();
        assert_eq!(chosen, expected);
    }

    #[test]
    fn every_line_has_its_turn() {
        check(&[1, 1, 1, 2, 3], 3, &[1, 2, 3]);
        check(&[1, 1, 1, 2, 3], 4, &[1, 1, 2, 3]);
        check(&[1, 2, 3, 4], 2, &[1, 3]);
        check(&[1, 2], 0, &[]);
        check(&[], 4, &[]);
    }

    #[test]
    fn applying_replaces_those_bytes_alone() {
        assert_eq!(mutant(0, 1).apply("abc"), "axc");
        assert_eq!(mutant(0, 9).apply("abc"), "abc");
    }
}
