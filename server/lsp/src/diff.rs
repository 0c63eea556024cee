//! Expected and actual, side by side.

use greenward_core::Failure;
use similar::TextDiff;

/// What a failure says of expected and actual, if there is more to it than its message says.
pub(crate) fn of(failure: &Failure) -> Option<String> {
    let (expected, actual) = (failure.expected.as_ref()?, failure.actual.as_ref()?);
    let is_said = |value: &str| !is_long(value) && failure.message.contains(value.trim());
    (!is_said(expected) || !is_said(actual)).then(|| diff(expected, actual))
}

/// The values of a failure in one line, where both are short: `expected 4, got 0`.
pub(crate) fn in_one_line(failure: &Failure) -> Option<String> {
    const SHORT: usize = 60;
    let is_short = |value: &&str| value.len() <= SHORT && !is_long(value);
    let expected = failure.expected.as_deref().map(str::trim);
    let actual = failure.actual.as_deref().map(str::trim);
    let (expected, actual) = (expected.filter(is_short)?, actual.filter(is_short)?);
    Some(format!("expected {expected}, got {actual}"))
}

/// Values of one line each stand below each other; longer ones are a unified diff.
fn diff(expected: &str, actual: &str) -> String {
    if !is_long(expected) && !is_long(actual) {
        return format!(
            "expected: {}\n  actual: {}\n",
            expected.trim_end_matches('\n'),
            actual.trim_end_matches('\n')
        );
    }
    // So that a missing line end is no difference of its own.
    let ended = |value: &str| format!("{}\n", value.trim_end_matches('\n'));
    TextDiff::from_lines(ended(expected), ended(actual))
        .unified_diff()
        .context_radius(3)
        .header("expected", "actual")
        .to_string()
}

fn is_long(value: &str) -> bool {
    value.trim_end_matches('\n').contains('\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(expected: &str, actual: &str, shown: &Expect) {
        shown.assert_eq(&diff(expected, actual));
    }

    #[test]
    fn short_values_stand_below_each_other() {
        check(
            "IV",
            "IIII\n",
            &expect![[r#"
            expected: IV
              actual: IIII
        "#]],
        );
    }

    #[test]
    fn what_the_message_says_is_not_said_again() {
        let failure = |message: &str, actual: &str| Failure {
            message: message.to_owned(),
            expected: Some("IV".to_owned()),
            actual: Some(actual.to_owned()),
            ..Failure::default()
        };
        assert_eq!(of(&failure("left: IIII, right: IV", "IIII")), None);
        assert!(of(&failure("IIII is not right", "IIII")).is_some());
        assert!(of(&failure("IV, not a\nb", "a\nb")).is_some());
        assert_eq!(of(&Failure::default()), None);
    }

    #[test]
    fn long_values_are_a_unified_diff() {
        check(
            "a\nb\nc\nd\ne\nf",
            "a\nb\nc\nd\ne\ng\n",
            &expect![[r#"
            --- expected
            +++ actual
            @@ -3,4 +3,4 @@
             c
             d
             e
            -f
            +g
        "#]],
        );
        check(
            "one",
            "one\ntwo",
            &expect![[r#"
            --- expected
            +++ actual
            @@ -1 +1,2 @@
             one
            +two
        "#]],
        );
    }
}
