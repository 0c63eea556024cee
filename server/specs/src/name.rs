//! Names compared as people do: without regard to case, blanks and emphasis.

use std::collections::HashMap;

use crate::spec::Requirement;

/// How long a name may be to be compared with others letter by letter, in bytes.
const COMPARED: usize = 200;

/// What of a name counts when it is compared.
pub(crate) fn key(name: &str) -> String {
    let name = link_text(name.trim());
    let plain: String = name
        .chars()
        .filter(|char| !matches!(char, '`' | '*' | '\\'))
        .collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    words
        .join(" ")
        .trim_end_matches(['.', ':', ','])
        .to_lowercase()
}

/// The text of a name that is a link as a whole.
fn link_text(name: &str) -> &str {
    let inner = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(')'));
    inner
        .and_then(|inner| inner.split_once("]("))
        .map_or(name, |(text, _)| text)
}

/// The requirements of a spec by their names.
pub(crate) struct Names<'s> {
    requirements: &'s [Requirement],
    places: HashMap<String, usize>,
}

impl<'s> Names<'s> {
    pub(crate) fn of(requirements: &'s [Requirement]) -> Self {
        let named = requirements.iter().enumerate().rev();
        Self {
            requirements,
            places: named
                .map(|(place, one)| (key(&one.title.text), place))
                .collect(),
        }
    }

    /// Where the first requirement with this name is.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.places.get(&key(name)).copied()
    }

    /// The titles that come nearest, best first.
    pub(crate) fn nearest(&self, name: &str) -> Vec<&'s str> {
        let titles = self.requirements.iter().map(|one| one.title.text.as_str());
        nearest(name, titles, 3)
    }
}

/// Those of `names` that come nearest to `wanted`, best first, at most so many.
#[must_use]
pub fn nearest<'a>(
    wanted: &str,
    names: impl Iterator<Item = &'a str>,
    count: usize,
) -> Vec<&'a str> {
    let wanted = key(wanted);
    if wanted.is_empty() || wanted.len() > COMPARED {
        return Vec::new();
    }
    let mut ranked: Vec<(f64, &str)> = names
        .filter(|name| name.len() <= COMPARED)
        .filter_map(|name| {
            let other = key(name);
            // Whoever leaves a part out has it right as far as it goes.
            let is_part = wanted.len() > 2 && (other.contains(&wanted) || wanted.contains(&other));
            let likeness = strsim::normalized_damerau_levenshtein(&wanted, &other);
            let rank = likeness
                + if is_part && !other.is_empty() {
                    0.5
                } else {
                    0.0
                };
            (rank >= 0.6).then_some((rank, name))
        })
        .collect();
    ranked.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    ranked.dedup_by_key(|(_, name)| *name);
    ranked
        .into_iter()
        .take(count)
        .map(|(_, name)| name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_of_a_name() {
        for (name, counts) in [
            ("  Convert \t to  Numerals. ", "convert to numerals"),
            ("**Convert** `to` numerals", "convert to numerals"),
            ("[Convert to numerals](#convert)", "convert to numerals"),
            ("Größe [m²]", "größe [m²]"),
            ("ÜBERPRÜFEN", "überprüfen"),
        ] {
            assert_eq!(key(name), counts, "{name}");
        }
    }

    #[test]
    fn the_nearest_come_first() {
        let names = ["Convert to numerals", "Convert from numerals", "Print"];
        for (wanted, expected) in [
            (
                "convert to numeral",
                &["Convert to numerals", "Convert from numerals"][..],
            ),
            (
                "numerals",
                &["Convert to numerals", "Convert from numerals"],
            ),
            ("prnit", &["Print"]),
            ("something else", &[]),
            ("", &[]),
        ] {
            assert_eq!(nearest(wanted, names.into_iter(), 3), expected, "{wanted}");
        }
    }
}
