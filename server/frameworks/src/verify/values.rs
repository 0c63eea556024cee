//! Other values in the likeness of one: nobody can tell by its looks which of the two is right.

use super::random::Random;
use super::syntax::Edit;

/// Another whole number of the same size, at most `most`.
pub(crate) fn integer(value: u128, most: u128, random: &mut Random<'_>) -> Option<u128> {
    // What is compared as roughly equal must differ by more than a little.
    let (near, far) = (value / 8 + 1, value / 2 + 6);
    let lowest = value.saturating_sub(far).max(1);
    let below = (value.saturating_sub(near) + 1).saturating_sub(lowest);
    let first = value.saturating_add(near);
    let highest = value.saturating_add(far).min(most);
    let above = if first > highest || first == value {
        0
    } else {
        (highest - first).saturating_add(1)
    };
    if below + above == 0 {
        return None;
    }
    let drawn = random.below(below + above);
    Some(if drawn < below {
        lowest + drawn
    } else {
        first + (drawn - below)
    })
}

/// A whole number that no tolerance anybody would write takes for the first.
pub(crate) fn far_integer(value: u128, random: &mut Random<'_>) -> u128 {
    let more = random.below(2000);
    value.saturating_mul(3).saturating_add(1000 + more)
}

/// Writes a whole number as another is written, which has no suffix: `0xff`, `1_000`.
pub(crate) fn written_like(own: &str, value: u128) -> String {
    match own.get(..2) {
        Some(start @ ("0x" | "0X")) if own.chars().skip(2).any(|c| c.is_ascii_uppercase()) => {
            format!("{start}{value:X}")
        }
        Some(start @ ("0x" | "0X")) => format!("{start}{value:x}"),
        Some(start @ ("0o" | "0O")) => format!("{start}{value:o}"),
        Some(start @ ("0b" | "0B")) => format!("{start}{value:b}"),
        _ if own.contains('_') => {
            let digits = value.to_string();
            let mut grouped = String::new();
            for (at, digit) in digits.chars().enumerate() {
                if at > 0 && (digits.len() - at).is_multiple_of(3) {
                    grouped.push('_');
                }
                grouped.push(digit);
            }
            grouped
        }
        _ => value.to_string(),
    }
}

/// Another number with a point or an exponent: one of its leading digits becomes another one.
/// Nothing for one so small that a usual tolerance would take both for equal.
pub(crate) fn float(own: &str, random: &mut Random<'_>) -> Option<String> {
    let value: f64 = own.parse().ok()?;
    let mantissa = own.find(['e', 'E']).unwrap_or(own.len());
    let digits: Vec<usize> = own[..mantissa]
        .char_indices()
        .filter(|(_, c)| c.is_ascii_digit())
        .map(|(at, _)| at)
        .collect();
    let zero = |at: &usize| own.as_bytes().get(*at) == Some(&b'0');
    let leading: Vec<usize> = digits.iter().copied().skip_while(zero).take(2).collect();
    for _ in 0..20 {
        let at = match random.pick(&leading) {
            Some(at) => at,
            None => digits.last().copied()?,
        };
        let old = own[at..].chars().next()?;
        let new = random.alike(old);
        if new == '0' && leading.first() == Some(&at) {
            continue;
        }
        let other = format!("{}{new}{}", &own[..at], &own[at + 1..]);
        let differs = other
            .parse()
            .is_ok_and(|other: f64| other.is_finite() && (other - value).abs() > 1e-5);
        if differs {
            return Some(other);
        }
    }
    None
}

/// A number with a point that no tolerance anybody would write takes for the first.
pub(crate) fn far_float(own: &str, random: &mut Random<'_>) -> Option<String> {
    let value: f64 = own.parse().ok()?;
    let more = u16::try_from(random.below(2000)).unwrap_or_default();
    let other = value * 3.0 + 1000.5 + f64::from(more);
    other.is_finite().then(|| format!("{other:?}"))
}

/// A text in the source, between its quotes.
pub(crate) struct Quoted<'t> {
    pub(crate) text: &'t str,
    /// Where it begins in the source.
    pub(crate) start: usize,
    /// The bytes, by the source, in which nothing may change: escapes.
    pub(crate) escapes: Vec<std::ops::Range<usize>>,
    /// Whether another one must be as long: the length of bytes may be part of their type.
    pub(crate) keeps_length: bool,
}

impl Quoted<'_> {
    /// The ASCII letters and digits that stand for themselves, each with its place.
    fn plain(&self) -> Vec<(usize, char)> {
        let mut plain = Vec::new();
        let mut last = ' ';
        for (at, c) in self.text.char_indices() {
            let place = self.start + at;
            // What follows an escape may belong to it.
            let near = |range: &std::ops::Range<usize>| (range.start..=range.end).contains(&place);
            if c.is_ascii_alphanumeric() && last != '\\' && !self.escapes.iter().any(near) {
                plain.push((place, c));
            }
            last = c;
        }
        plain
    }

    /// An edit that makes another text of it, of the same characters or such as are alike, and one
    /// longer or shorter at most. Where it has none, something stands before what it has.
    pub(crate) fn other(&self, random: &mut Random<'_>) -> Option<Edit> {
        let plain = self.plain();
        if plain.is_empty() {
            let word = random.word();
            return (!self.keeps_length).then(|| Edit::insert(self.start, word));
        }
        let mut drawn = None;
        for _ in 0..20 {
            let edit = self.drawn(&plain, random)?;
            let start = edit.range.start - self.start;
            let end = edit.range.end - self.start;
            let after = [&self.text[..start], &edit.text, &self.text[end..]].concat();
            // One that is expected elsewhere may be right here as well.
            let is_new = !random.is_quoted(&after) && after != self.text;
            drawn = Some(edit);
            if is_new {
                break;
            }
        }
        drawn
    }

    fn drawn(&self, plain: &[(usize, char)], random: &mut Random<'_>) -> Option<Edit> {
        let swaps: Vec<(usize, char, char)> = plain
            .windows(2)
            .filter_map(|pair| match *pair {
                [(at, first), (next, second)] if next == at + 1 && first != second => {
                    Some((at, first, second))
                }
                _ => None,
            })
            .collect();
        let (at, own) = random.pick(plain)?;
        let kinds = if self.keeps_length { 5 } else { 7 };
        Some(match random.place(kinds) {
            3 | 4 if !swaps.is_empty() => {
                let (at, first, second) = random.pick(&swaps)?;
                Edit::new(at..at + 2, format!("{second}{first}"))
            }
            5 => {
                let more = random.alike(own);
                let more = random.pick(&[own, more])?;
                Edit::insert(at + 1, more.to_string())
            }
            6 if plain.len() > 1 => Edit::new(at..at + 1, ""),
            _ => Edit::new(at..at + 1, random.alike(own).to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::seeded;
    use super::super::syntax::apply;
    use super::*;

    #[track_caller]
    fn each(mut check: impl FnMut(&mut Random<'_>)) {
        for seed in 0..300 {
            let mut source = seeded(seed);
            check(&mut Random::new(&mut source));
        }
    }

    #[test]
    fn whole_numbers_are_as_large() {
        for (value, most, among) in [
            (0, u128::MAX, 1..=6),
            (1, u128::MAX, 2..=7),
            (4, 127, 1..=12),
            (127, 127, 58..=111),
            (200, 200, 94..=174),
            (1994, u128::MAX, 991..=2997),
            (u128::from(u64::MAX), u128::MAX, 1 << 62..=1 << 65),
        ] {
            each(|random| {
                let other = integer(value, most, random).unwrap();
                assert!(other != value && other <= most, "{value} became {other}");
                assert!(among.contains(&other), "{value} became {other}");
            });
        }
    }

    #[test]
    fn whole_numbers_are_written_alike() {
        for (own, value, expected) in [
            ("4", 15, "15"),
            ("0xff", 171, "0xab"),
            ("0xFF", 171, "0xAB"),
            ("0b1", 2, "0b10"),
            ("0o7", 8, "0o10"),
            ("1_994", 1_234_567, "1_234_567"),
            ("1_994", 99, "99"),
        ] {
            assert_eq!(written_like(own, value), expected);
        }
    }

    #[test]
    fn fractions_are_as_long_and_differ_by_enough() {
        for own in [
            "0.5",
            "19.99",
            "0.0",
            "1e300",
            "3.141592653589793",
            "0.05",
            "5.",
        ] {
            each(|random| {
                let other = float(own, random).unwrap();
                let (was, is): (f64, f64) = (own.parse().unwrap(), other.parse().unwrap());
                assert_eq!(other.len(), own.len(), "{own} became {other}");
                assert!(is.is_finite(), "{own} became {other}");
                let least = was.abs() / 110.0;
                assert!((was - is).abs() > least, "{own} became {other}");
            });
        }
        each(|random| assert_eq!(float("1e-9", random), None));
    }

    fn other(text: &str, keeps_length: bool, random: &mut Random<'_>) -> Option<String> {
        let escape = text.find('\\').map(|at| at + 3..at + 5);
        let quoted = Quoted {
            text,
            start: 3,
            escapes: escape.into_iter().collect(),
            keeps_length,
        };
        let source = format!("...{text}");
        let edit = quoted.other(random)?;
        Some(apply(&source, &[edit]).split_off(3))
    }

    #[test]
    fn texts_are_alike() {
        for text in ["IV", "hello-world", "a", "2024-01-31", "x\\n1b"] {
            each(|random| {
                random.learn("f() == 'MCMXCIV' and g() == 'abc'");
                let other = other(text, false, random).unwrap();
                assert_ne!(other, text);
                assert!(other.len().abs_diff(text.len()) <= 1, "{other:?}");
                let class = |c: char| match c {
                    'a'..='z' => 'a',
                    'A'..='Z' => 'A',
                    '0'..='9' => '0',
                    c => c,
                };
                for c in other.chars() {
                    let known = text.chars().any(|own| class(own) == class(c));
                    assert!(known, "{text:?} became {other:?}");
                }
                assert_eq!(text.contains("\\n1"), other.contains("\\n1"), "{other:?}");
            });
        }
        each(|random| {
            let other = other("IV", true, random).unwrap();
            assert!(other.len() == 2 && other != "IV", "{other:?}");
        });
        each(|random| {
            assert_eq!(other("\\n", true, random), None);
            assert!(other("", false, random).is_some_and(|it| it.len() > 1));
        });
    }

    #[test]
    fn what_is_expected_elsewhere_is_no_other_value() {
        each(|random| {
            random.learn("f(6) == 'VI' and f(1) == 'I' and f(5) == 'V'");
            let other = other("IV", false, random).unwrap();
            assert!(!["VI", "I", "V"].contains(&other.as_str()), "{other}");
        });
    }
}
