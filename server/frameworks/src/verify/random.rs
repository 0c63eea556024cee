//! What nobody may guess: numbers that are given from outside, and choices that are made by them.

use std::collections::{BTreeSet, HashSet};

use super::names::{COMMON, identifiers, words};

/// Draws names and values, in the likeness of the texts that it has learned.
pub(crate) struct Random<'r> {
    source: &'r mut dyn FnMut() -> u64,
    /// Words that names are made of.
    pub(super) words: Vec<String>,
    /// Names that cannot be given any more.
    pub(super) taken: HashSet<String>,
    /// What stands between quotes in the texts.
    quoted: HashSet<String>,
    /// The characters of that.
    letters: BTreeSet<char>,
}

impl<'r> Random<'r> {
    pub(crate) fn new(source: &'r mut dyn FnMut() -> u64) -> Self {
        Self {
            source,
            words: COMMON.split_whitespace().map(str::to_owned).collect(),
            taken: HashSet::new(),
            quoted: HashSet::new(),
            letters: BTreeSet::new(),
        }
    }

    /// Takes in a text: what is drawn looks as if it had come from there, and is not in it.
    pub(crate) fn learn(&mut self, text: &str) {
        for identifier in identifiers(text) {
            if self.taken.insert(identifier.to_owned()) {
                for word in words(identifier) {
                    let fits = (2..=10).contains(&word.len())
                        && word.bytes().all(|byte| byte.is_ascii_lowercase())
                        && !word.starts_with("test");
                    if fits && !self.words.contains(&word) {
                        self.words.push(word);
                    }
                }
            }
        }
        for line in text.lines() {
            for quote in ['"', '\''] {
                // Only a likeness is wanted: a quote in a comment does no harm.
                for inside in line.split(quote).skip(1).step_by(2) {
                    self.letters.extend(inside.chars());
                    self.quoted.insert(inside.to_owned());
                }
            }
        }
    }

    /// A number from 0, less than `end`, which is more than 0.
    pub(crate) fn below(&mut self, end: u128) -> u128 {
        // Far more bits than a range has: what is left over weighs nothing.
        let wide = u128::from((self.source)()) << 64 | u128::from((self.source)());
        wide % end.max(1)
    }

    /// The place of one of `count` things.
    pub(crate) fn place(&mut self, count: usize) -> usize {
        let place = self.below(u128::try_from(count).unwrap_or(1));
        usize::try_from(place).unwrap_or_default()
    }

    /// One of several.
    pub(crate) fn pick<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let place = self.place(all.len());
        all.get(place).copied()
    }

    /// All of them, in any order.
    pub(crate) fn shuffled<T>(&mut self, mut all: Vec<T>) -> Vec<T> {
        for at in (1..all.len()).rev() {
            let other = self.place(at + 1);
            all.swap(at, other);
        }
        all
    }

    /// A word.
    pub(crate) fn word(&mut self) -> String {
        let place = self.place(self.words.len());
        self.words.get(place).cloned().unwrap_or_default()
    }

    /// Whether a text stands between quotes somewhere.
    pub(crate) fn is_quoted(&self, text: &str) -> bool {
        self.quoted.contains(text)
    }

    /// Another ASCII letter of the same case, or another digit: where the texts have such, one of
    /// those.
    pub(crate) fn alike(&mut self, own: char) -> char {
        let class = match own {
            '0'..='9' => '0'..='9',
            'A'..='Z' => 'A'..='Z',
            _ => 'a'..='z',
        };
        let others = class.filter(|other| *other != own);
        let mut fitting: Vec<char> = others.clone().collect();
        if !own.is_ascii_digit() {
            let known: Vec<char> = others.filter(|it| self.letters.contains(it)).collect();
            if !known.is_empty() {
                fitting = known;
            }
        }
        self.pick(&fitting).unwrap_or(own)
    }
}

/// Numbers for tests that are the same every time.
#[cfg(test)]
pub(crate) fn seeded(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_of_the_same_class_and_from_the_text_where_it_has_some() {
        let mut source = seeded(1);
        let mut random = Random::new(&mut source);
        random.learn("assert f(4) == 'IXV'");
        for (own, among) in [
            ('I', "XV"),
            ('q', "abcdefghijklmnoprstuvwxyz"),
            ('7', "012345689"),
        ] {
            for _ in 0..100 {
                let other = random.alike(own);
                assert!(among.contains(other), "{own} became {other}");
            }
        }
    }
}
