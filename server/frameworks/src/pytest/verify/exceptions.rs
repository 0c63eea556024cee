//! Other exceptions in the place of one that a test expects.

use crate::verify::Random;

/// A kind of exceptions of Python's own: which of them tests expect, and which of them hardly any
/// class of another kind has among its bases besides.
type Kind = (&'static [&'static str], &'static [&'static str]);

/// None of one kind is of another.
const KINDS: [Kind; 6] = [
    (
        &["ValueError", "UnicodeDecodeError", "UnicodeEncodeError"],
        &[],
    ),
    (&["TypeError"], &[]),
    (&["LookupError", "IndexError", "KeyError"], &["IndexError"]),
    (
        &["ArithmeticError", "ZeroDivisionError", "OverflowError"],
        &["ZeroDivisionError", "OverflowError"],
    ),
    (
        &["OSError", "FileNotFoundError", "FileExistsError"],
        &["FileExistsError", "NotADirectoryError"],
    ),
    (
        &["RuntimeError", "NotImplementedError"],
        &["NotImplementedError"],
    ),
];

/// Another exception of Python's own, which is none of those that are expected. Nothing for what
/// is not Python's own: it may be an exception of any kind.
pub(super) fn other(expected: &str, random: &mut Random<'_>) -> Option<&'static str> {
    let is_own = |kind: &&Kind| kind.0.contains(&expected);
    let own = KINDS.iter().find(is_own)?;
    let others: Vec<&'static str> = KINDS
        .iter()
        .filter(|kind| *kind != own)
        .flat_map(|kind| kind.1.iter().copied())
        .collect();
    random.pick(&others)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::seeded;

    #[test]
    fn only_an_exception_of_another_kind_will_do() {
        let mut source = seeded(1);
        let mut random = Random::new(&mut source);
        for _ in 0..100 {
            let other = other("KeyError", &mut random).unwrap();
            assert!(!["KeyError", "IndexError", "LookupError"].contains(&other));
        }
        for expected in ["Exception", "errors.Refused", "(ValueError, TypeError)"] {
            assert_eq!(other(expected, &mut random), None);
        }
    }
}
