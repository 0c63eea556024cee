//! From what somebody typed to the tests that are meant: a test's id, a part of one, or a part with
//! `*` in it.

use std::collections::HashSet;

use crate::TestId;

/// How many names a miss suggests.
const SUGGESTIONS: usize = 5;

/// The share of a pattern's pairs of letters that a suggested name must have.
const ALIKE: f64 = 0.5;

/// Nothing has such a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no test is called {pattern}")]
pub struct NoMatch {
    /// What was typed.
    pub pattern: String,
    /// The names that come nearest, best first.
    pub nearest: Vec<TestId>,
}

/// The tests that patterns mean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selected {
    /// The tests, each once.
    pub tests: Vec<TestId>,
    /// Patterns that name one parameter case which is not known: the cases of a test may be known
    /// only once it has run.
    pub widened: Vec<Widened>,
}

/// Tests that are run whole for the sake of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Widened {
    /// What was typed: a case's name, or a part of one.
    pub pattern: String,
    /// The tests that may have such a case. No other pattern means them.
    pub tests: Vec<TestId>,
}

impl Widened {
    /// Whether this is one of the tests, or a case of one.
    pub fn holds(&self, id: &TestId) -> bool {
        let inner = |test: &TestId| id.as_str().strip_prefix(test.as_str());
        let is_below = |rest: &str| rest.is_empty() || rest.starts_with('[');
        self.tests.iter().filter_map(inner).any(is_below)
    }

    /// Whether this is a case that was asked for.
    pub fn means(&self, id: &TestId) -> bool {
        self.holds(id) && Rule::of(&self.pattern, &[]).matches(id)
    }
}

/// The tests that `patterns` mean, in the order of `names`.
///
/// A pattern is a test id, or a part of one, or a part with `*` for anything in it. Somebody who
/// names a test exactly means that test, and not all others whose names contain it.
///
/// # Errors
/// If one of them means nothing.
pub fn resolve(patterns: &[String], names: &[TestId]) -> Result<Selected, NoMatch> {
    let mut selected = Selected::default();
    let mut meant = vec![false; names.len()];
    let mut widened = Vec::new();
    for pattern in patterns {
        if mark(pattern, names, &mut meant) {
            continue;
        }
        let mut whole = vec![false; names.len()];
        match without_case(pattern).filter(|test| mark(test, names, &mut whole)) {
            Some(_) => widened.push((pattern, whole)),
            None => {
                return Err(NoMatch {
                    pattern: pattern.clone(),
                    nearest: nearest(pattern, names),
                });
            }
        }
    }
    let marked = |marks: &[bool]| {
        let names = names.iter().zip(marks).filter(|(_, meant)| **meant);
        names.map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    for (pattern, whole) in &widened {
        let only: Vec<bool> = whole.iter().zip(&meant).map(|(w, m)| *w && !*m).collect();
        let (pattern, tests) = ((*pattern).clone(), marked(&only));
        if !tests.is_empty() {
            selected.widened.push(Widened { pattern, tests });
        }
    }
    for (_, whole) in widened {
        for (meant, whole) in meant.iter_mut().zip(whole) {
            *meant |= whole;
        }
    }
    selected.tests = marked(&meant);
    Ok(selected)
}

/// Marks the names that a pattern means. Returns whether there are any.
fn mark(pattern: &str, names: &[TestId], meant: &mut [bool]) -> bool {
    let rule = Rule::of(pattern, names);
    let mut any = false;
    for (name, meant) in names.iter().zip(meant) {
        let matches = rule.matches(name);
        any |= matches;
        *meant |= matches;
    }
    any
}

/// The test of a parameter case: `test_four` for `test_four[1]`.
fn without_case(pattern: &str) -> Option<&str> {
    let (test, case) = pattern.split_once('[')?;
    (!test.is_empty() && case.ends_with(']')).then_some(test)
}

/// How a pattern is compared.
enum Rule<'a> {
    /// With the id, or all of what the framework calls the test.
    Exact(&'a str),
    /// With any part of the id.
    Part(&'a str),
    /// With any part of the id, the pieces in this order with anything between them.
    Pieces(Vec<&'a str>),
}

impl<'a> Rule<'a> {
    fn of(pattern: &'a str, names: &[TestId]) -> Self {
        let exact = Rule::Exact(pattern);
        if names.iter().any(|name| exact.matches(name)) {
            exact
        } else if pattern.contains('*') {
            Rule::Pieces(pattern.split('*').collect())
        } else {
            Rule::Part(pattern)
        }
    }

    fn matches(&self, name: &TestId) -> bool {
        let id = name.as_str();
        match self {
            Rule::Exact(pattern) => id == *pattern || local(name) == *pattern,
            Rule::Part(part) => id.contains(part),
            Rule::Pieces(pieces) => in_order(pieces, id),
        }
    }
}

/// What the framework calls a test.
fn local(name: &TestId) -> &str {
    let id = name.as_str();
    id.split_once('#').map_or(id, |(_, local)| local)
}

fn in_order(pieces: &[&str], text: &str) -> bool {
    let mut rest = text;
    pieces.iter().all(|piece| match rest.find(piece) {
        Some(at) => {
            rest = &rest[at + piece.len()..];
            true
        }
        None => false,
    })
}

/// The names that come nearest to a pattern: those that have most of its pairs of letters, then
/// those whose last part, which is what people remember, is most like it.
fn nearest(pattern: &str, names: &[TestId]) -> Vec<TestId> {
    let wanted = pattern.trim_matches('*').to_lowercase();
    let pairs: HashSet<(char, char)> = pairs(&wanted).collect();
    if pairs.is_empty() {
        return Vec::new();
    }
    let mut ranked: Vec<(f64, &TestId)> = names
        .iter()
        .filter_map(|name| {
            let whole = local(name).to_lowercase();
            let there: HashSet<(char, char)> = self::pairs(&whole).collect();
            let share = pairs.intersection(&there).count() as f64 / pairs.len() as f64;
            let last = whole.rsplit("::").next().unwrap_or(&whole);
            let likeness = strsim::normalized_damerau_levenshtein(&wanted, last);
            (share >= ALIKE).then_some((share + likeness, name))
        })
        .collect();
    ranked.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let best = ranked.into_iter().take(SUGGESTIONS);
    best.map(|(_, name)| name.clone()).collect()
}

/// Each letter with the one after it.
fn pairs(text: &str) -> impl Iterator<Item = (char, char)> {
    text.chars().zip(text.chars().skip(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    const NAMES: &[&str] = &[
        "cargo:.#roman/lib::tests::four",
        "cargo:.#roman/lib::tests::fourteen",
        "cargo:.#roman/test/cli::prints_help",
        "pytest:api#tests/test_api.py::TestUsers::test_four[1]",
        "pytest:api#tests/test_api.py::TestUsers::test_four[2]",
    ];

    fn check(patterns: &[&str], outcome: Expect) {
        let names: Vec<TestId> = NAMES.iter().map(|name| TestId::parse(name)).collect();
        let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
        let lines = |ids: &[TestId]| ids.iter().map(|id| format!("{id}\n")).collect::<String>();
        outcome.assert_eq(&match resolve(&patterns, &names) {
            Ok(Selected { tests, widened }) if widened.is_empty() => lines(&tests),
            Ok(Selected { tests, widened }) => {
                let widened = widened.iter().map(|widened| {
                    format!(
                        "{} may be below:\n{}",
                        widened.pattern,
                        lines(&widened.tests)
                    )
                });
                lines(&tests) + &widened.collect::<String>()
            }
            Err(miss) => format!("{miss}; nearest:\n{}", lines(&miss.nearest)),
        });
    }

    #[test]
    fn a_whole_name_means_that_test_alone() {
        check(
            &["cargo:.#roman/lib::tests::four"],
            expect![[r#"
            cargo:.#roman/lib::tests::four
        "#]],
        );
        check(
            &["roman/lib::tests::four"],
            expect![[r#"
            cargo:.#roman/lib::tests::four
        "#]],
        );
    }

    #[test]
    fn a_part_means_all_that_contain_it() {
        check(
            &["four"],
            expect![[r#"
            cargo:.#roman/lib::tests::four
            cargo:.#roman/lib::tests::fourteen
            pytest:api#tests/test_api.py::TestUsers::test_four[1]
            pytest:api#tests/test_api.py::TestUsers::test_four[2]
        "#]],
        );
        check(
            &["tests/test_api.py::TestUsers"],
            expect![[r#"
            pytest:api#tests/test_api.py::TestUsers::test_four[1]
            pytest:api#tests/test_api.py::TestUsers::test_four[2]
        "#]],
        );
        check(
            &["cargo:"],
            expect![[r#"
            cargo:.#roman/lib::tests::four
            cargo:.#roman/lib::tests::fourteen
            cargo:.#roman/test/cli::prints_help
        "#]],
        );
        check(
            &["four[2]"],
            expect![[r#"
            pytest:api#tests/test_api.py::TestUsers::test_four[2]
        "#]],
        );
    }

    #[test]
    fn a_star_stands_for_anything() {
        check(
            &["roman*four"],
            expect![[r#"
            cargo:.#roman/lib::tests::four
            cargo:.#roman/lib::tests::fourteen
        "#]],
        );
        check(
            &["Users*[1]"],
            expect![[r#"
            pytest:api#tests/test_api.py::TestUsers::test_four[1]
        "#]],
        );
        check(
            &["*help"],
            expect![[r#"
            cargo:.#roman/test/cli::prints_help
        "#]],
        );
        check(
            &["help*roman"],
            expect![[r#"
                no test is called help*roman; nearest:
                cargo:.#roman/test/cli::prints_help
            "#]],
        );
    }

    #[test]
    fn several_patterns_add_up_and_each_must_mean_something() {
        check(
            &["help", "tests::four", "help"],
            expect![[r#"
            cargo:.#roman/lib::tests::four
            cargo:.#roman/lib::tests::fourteen
            cargo:.#roman/test/cli::prints_help
        "#]],
        );
        check(
            &["help", "nothing like it at all"],
            expect![[r#"
            no test is called nothing like it at all; nearest:
        "#]],
        );
    }

    #[test]
    fn a_case_that_is_not_known_means_its_test() {
        check(
            &["tests::fourteen[one]"],
            expect![[r#"
                cargo:.#roman/lib::tests::fourteen
                tests::fourteen[one] may be below:
                cargo:.#roman/lib::tests::fourteen
            "#]],
        );
        check(
            &["[one]"],
            expect![[r#"
            no test is called [one]; nearest:
        "#]],
        );
        check(
            &["nothing[one]"],
            expect![[r#"
            no test is called nothing[one]; nearest:
        "#]],
        );
    }

    #[test]
    fn what_is_meant_without_its_case_is_no_wider() {
        check(
            &["fourteen", "tests::fourteen[one]"],
            expect![[r#"
            cargo:.#roman/lib::tests::fourteen
        "#]],
        );
    }

    #[test]
    fn a_case_is_known_when_it_reports() {
        let widened = Widened {
            pattern: "test_g[one]".into(),
            tests: vec![TestId::parse("pytest:.#a.py::test_g")],
        };
        for (id, holds, means) in [
            ("pytest:.#a.py::test_g[one]", true, true),
            ("pytest:.#a.py::test_g[two]", true, false),
            ("pytest:.#a.py::test_g", true, false),
            ("pytest:.#a.py::test_great", false, false),
            ("pytest:.#b.py::test_g[one]", false, false),
        ] {
            let id = TestId::parse(id);
            assert_eq!(
                (widened.holds(&id), widened.means(&id)),
                (holds, means),
                "{id}"
            );
        }
    }

    #[test]
    fn a_miss_names_what_comes_nearest() {
        check(
            &["test_fuor[1]"],
            expect![[r#"
                no test is called test_fuor[1]; nearest:
                pytest:api#tests/test_api.py::TestUsers::test_four[1]
                pytest:api#tests/test_api.py::TestUsers::test_four[2]
            "#]],
        );
        check(
            &["Fourteeen"],
            expect![[r#"
                no test is called Fourteeen; nearest:
                cargo:.#roman/lib::tests::fourteen
                cargo:.#roman/lib::tests::four
                pytest:api#tests/test_api.py::TestUsers::test_four[1]
                pytest:api#tests/test_api.py::TestUsers::test_four[2]
            "#]],
        );
        check(
            &["user"],
            expect![[r#"
            no test is called user; nearest:
            pytest:api#tests/test_api.py::TestUsers::test_four[1]
            pytest:api#tests/test_api.py::TestUsers::test_four[2]
        "#]],
        );
        check(
            &["usr"],
            expect![[r#"
                no test is called usr; nearest:
                pytest:api#tests/test_api.py::TestUsers::test_four[1]
                pytest:api#tests/test_api.py::TestUsers::test_four[2]
            "#]],
        );
        check(
            &["x"],
            expect![[r#"
            no test is called x; nearest:
        "#]],
        );
        check(
            &["apu users"],
            expect![[r#"
            no test is called apu users; nearest:
            pytest:api#tests/test_api.py::TestUsers::test_four[1]
            pytest:api#tests/test_api.py::TestUsers::test_four[2]
        "#]],
        );
        check(
            &["print_help"],
            expect![[r#"
            no test is called print_help; nearest:
            cargo:.#roman/test/cli::prints_help
        "#]],
        );
    }
}
