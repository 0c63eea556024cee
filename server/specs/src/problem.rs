//! What can be wrong with a spec or a plan, as values.

use greenward_core::{Range, Severity, clean};

/// How many characters of a name a message repeats.
const QUOTED: usize = 60;

/// Something wrong with a spec or a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecProblem {
    /// Where.
    pub range: Range,
    /// An error keeps a plan from being made; a warning is worth a look.
    pub severity: Severity,
    /// Which of the things that can be wrong.
    pub code: Code,
    /// What is wrong and what to do about it, in one line that is safe to show.
    pub message: String,
}

impl SpecProblem {
    /// A problem at a place.
    pub(crate) fn new(code: Code, range: Range, message: impl AsRef<str>) -> Self {
        let message = clean(message.as_ref());
        Self {
            range,
            severity: code.severity(),
            code,
            message: message.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }
}

/// A name as a message repeats it: in quotes, safe to show, and not too long.
pub(crate) fn quoted(name: &str) -> String {
    let name = clean(name).replace('`', "'");
    match name.char_indices().nth(QUOTED) {
        None => format!("`{name}`"),
        Some((end, _)) => format!("`{}…`", &name[..end]),
    }
}

/// The names that somebody may have meant, to be added to a message; nothing if there are none.
pub(crate) fn or_rather(nearest: &[&str]) -> String {
    let names: Vec<String> = nearest.iter().map(|name| quoted(name)).collect();
    match names.as_slice() {
        [] => String::new(),
        [only] => format!("; did you mean {only}?"),
        [some @ .., last] => format!("; did you mean {} or {last}?", some.join(", ")),
    }
}

/// Declares the codes with their names and severities in one table.
macro_rules! codes {
    ($($(#[$doc:meta])+ $code:ident = $name:literal, $severity:ident;)+) => {
        /// What can be wrong. The names are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($(#[$doc])+ $code,)+
        }

        impl Code {
            /// All of them.
            pub const ALL: &[Code] = &[$(Code::$code,)+];

            /// The name: lower case, with `-` between words.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Code::$code => $name,)+
                }
            }

            /// How bad it is.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self {
                    $(Code::$code => Severity::$severity,)+
                }
            }
        }
    };
}

codes! {
    /// There is no requirement.
    Empty = "empty", Error;
    /// There is no title.
    NoTitle = "no-title", Warning;
    /// There is more than a spec can hold.
    TooMany = "too-many", Error;
    /// What should be YAML or JSON is not.
    Syntax = "syntax", Error;
    /// The front matter has no end.
    OpenFrontMatter = "open-front-matter", Error;
    /// A key that means nothing.
    UnknownKey = "unknown-key", Warning;
    /// A key that is there twice.
    KeyTwice = "key-twice", Error;
    /// A value that is something else than its key wants.
    WrongValue = "wrong-value", Error;
    /// A path that does not stay in the workspace folder, or is no file's.
    BadPath = "bad-path", Error;
    /// A file that is not there.
    NoSuchFile = "no-such-file", Warning;
    /// Two requirements have the same title.
    SameTitle = "same-title", Error;
    /// A requirement without a criterion and without an example.
    Unchecked = "unchecked", Error;
    /// A criterion or an example that belongs to no requirement.
    Outside = "outside", Error;
    /// A criterion without words.
    EmptyCriterion = "empty-criterion", Error;
    /// A criterion that nothing could show to hold.
    VagueCriterion = "vague-criterion", Warning;
    /// A criterion that its requirement has twice.
    SameCriterion = "same-criterion", Warning;
    /// A requirement depends on one that is not there.
    UnknownDependency = "unknown-dependency", Error;
    /// Requirements or tasks depend on each other in a circle.
    Circle = "circle", Error;
    /// A table whose lines do not fit each other, so that it is none.
    BrokenTable = "broken-table", Error;
    /// A column without a name, or with that of another.
    BadColumn = "bad-column", Error;
    /// A table without an example.
    NoRows = "no-rows", Warning;
    /// A row with more or fewer cells than the table has columns.
    RaggedRow = "ragged-row", Error;
    /// An example in which something is left open.
    Hole = "hole", Error;
    /// An example that is there twice.
    SameExample = "same-example", Warning;
    /// Two examples that cannot both hold.
    Contradiction = "contradiction", Error;
    /// A task without what every task needs.
    BadTask = "bad-task", Error;
    /// A plan that does not fit its spec, or in which tasks are in each other's way.
    Unsound = "unsound", Error;
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_code_has_a_name_of_its_own() {
        let names: HashSet<&str> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        let plain = |name: &&str| {
            name.chars()
                .all(|char| char.is_ascii_lowercase() || char == '-')
        };
        assert!(names.iter().all(plain), "{names:?}");
    }

    #[test]
    fn what_is_shown_is_safe_and_short() {
        let problem = SpecProblem::new(
            Code::Empty,
            Range::default(),
            format!("no {}\n  here", quoted("a`b\u{1b}[31m\u{202e}c")),
        );
        assert_eq!(problem.message, "no `a'bc` here");
        assert_eq!(quoted(&"é".repeat(61)), format!("`{}…`", "é".repeat(60)));
        assert_eq!(
            or_rather(&["a", "b", "c"]),
            "; did you mean `a`, `b` or `c`?"
        );
    }
}
