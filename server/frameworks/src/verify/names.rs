//! Names for what is planted: nobody can guess one, and it looks like any other name of its file.
//!
//! A name of random letters is as hard to guess, but says at first sight that it was planted. Code
//! under test that reads its caller's name would be honest with everybody else.

use super::random::Random;

/// Words that stand in names of tests everywhere. The file's own are added to them.
pub(super) const COMMON: &str = "\
    accepts adds again all always any basic before both builds calls case changed checks combined \
    complete copies corner correct counts created default done double each early edge empty end \
    ends equal every exact example expected extra fast few filled finds first fits full given \
    gives good group handles has high holds ignores input inside into invalid keeps kept known \
    large last late leaves left less like limit list long longer lower makes many maps marks \
    matches middle missing mixed more moves multiple name new next none normal not of one only \
    open order other output over parses part parts passes path plain possible quick raises range \
    reads regular rejects removed returns reverse right round row same sample second several \
    short simple single size skips small some sorted special splits start stays step still strict \
    takes third through turns twice two types under uses valid value values when whole wide with \
    without works writes";

/// Fewer words could be guessed.
const LEAST_WORDS: usize = 3;
const MOST_WORDS: usize = 6;

/// What could be an identifier in a text.
pub(super) fn identifiers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| word.starts_with(|c: char| c.is_alphabetic() || c == '_'))
}

/// How often a text mentions an identifier, in whatever way.
pub(crate) fn mentions(text: &str, identifier: &str) -> usize {
    identifiers(text).filter(|own| *own == identifier).count()
}

/// The words of an identifier, in lower case: `test_two`, `testTwo`.
pub(super) fn words(identifier: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_small = false;
    for c in identifier.chars() {
        if c == '_' || c.is_uppercase() && after_small {
            words.push(String::new());
        }
        after_small = c.is_lowercase() || c.is_numeric();
        if let Some(word) = words.last_mut().filter(|_| c != '_') {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

impl Random<'_> {
    /// A new name of the same kind as another one: a test's begins with `test` if that does.
    pub(crate) fn name(&mut self, like: &str) -> String {
        let own = words(like);
        let is_camel = !like.contains('_') && own.len() > 1;
        let is_test = own.first().is_some_and(|word| word == "test");
        let counted = own.len() - usize::from(is_test);
        for _ in 0..100 {
            let count = (counted + self.place(3)).saturating_sub(1);
            let mut chosen = Vec::new();
            while chosen.len() < count.clamp(LEAST_WORDS, MOST_WORDS) {
                chosen.push(self.word());
            }
            chosen.dedup();
            if chosen.len() < LEAST_WORDS {
                continue;
            }
            if is_test {
                chosen.insert(0, "test".to_owned());
            }
            let name = if is_camel {
                camel(&chosen)
            } else {
                chosen.join("_")
            };
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
        // Only a broken source comes to this.
        let name = format!("{like}_{}", self.taken.len());
        self.taken.insert(name.clone());
        name
    }

    /// A new name of a class.
    pub(crate) fn class(&mut self, last: &str) -> String {
        let name = self.name("");
        let capital: Vec<String> = name.split('_').map(capitalized).collect();
        format!("{}{last}", capital.concat())
    }
}

fn camel(words: &[String]) -> String {
    let mut name = String::new();
    for word in words {
        if name.is_empty() {
            name.push_str(word);
        } else {
            name.push_str(&capitalized(word));
        }
    }
    name
}

fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use regex::Regex;

    use super::super::random::seeded;
    use super::*;

    #[test]
    fn identifiers_consist_of_words() {
        for (identifier, expected) in [
            ("test_two_parts", &["test", "two", "parts"][..]),
            ("testTwoParts", &["test", "two", "parts"]),
            ("__HTTP2__", &["http2"]),
            ("_", &[]),
        ] {
            assert_eq!(words(identifier), expected);
        }
    }

    #[test]
    fn names_are_alike_and_all_different() {
        for (like, shape) in [
            ("test_four", "^test(_[a-z]+){3,6}$"),
            ("testFour", "^test([A-Z][a-z]+){3,6}$"),
            ("four", "^[a-z]+(_[a-z]+){2,5}$"),
            ("", "^[a-z]+(_[a-z]+){2,5}$"),
            ("test_a_very_long_one_with_words", "^test(_[a-z]+){3,6}$"),
        ] {
            let shape = Regex::new(shape).unwrap();
            let mut source = seeded(1);
            let mut random = Random::new(&mut source);
            random.learn("def test_roman_four(): pass");
            assert!(random.words.iter().any(|word| word == "roman"));
            let mut seen = HashSet::new();
            for _ in 0..500 {
                let name = random.name(like);
                assert!(shape.is_match(&name), "{name}, like {like}");
                assert!(seen.insert(name), "given twice");
            }
        }
    }

    #[test]
    fn a_broken_source_still_gives_each_name_once() {
        let mut source = || 0;
        let mut random = Random::new(&mut source);
        assert_ne!(random.name("four"), random.name("four"));
    }
}
