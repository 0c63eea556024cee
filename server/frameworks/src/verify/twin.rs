//! Twins: copies of a test under random names, planted beside it.

use std::ops::Range;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::TestId;

use super::syntax::{Edit, apply};

/// How a twin must end with honest code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Must {
    /// It must pass, and so must each of its cases.
    Pass,
    /// It must fail, and so must each of its cases.
    Fail,
}

/// What kind of twin it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TwinKind {
    /// As the test is, but for its name.
    Faithful,
    /// With one assertion altered.
    Altered,
    /// A test that asserts what is false, whatever the code does. One for each file.
    Canary,
}

/// A planted test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twin {
    /// Its id. Its parameter cases, if it has any, stand below.
    pub id: TestId,
    /// The test that it is a copy of; for a canary a test of the same file.
    pub of: TestId,
    /// What kind it is.
    pub kind: TwinKind,
    /// For people: "expects `IV` changed to `VI`".
    pub what: String,
}

impl Twin {
    /// How it must end.
    #[must_use]
    pub fn must(&self) -> Must {
        match self.kind {
            TwinKind::Faithful => Must::Pass,
            TwinKind::Altered | TwinKind::Canary => Must::Fail,
        }
    }
}

/// Files with twins in them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Twins {
    /// The files that hold twins, absolute, each with its whole new text.
    pub files: Vec<(Utf8PathBuf, String)>,
    /// The twins, in the order of the targets.
    pub twins: Vec<Twin>,
    /// The targets that have no altered twin, each with the reason.
    pub without: Vec<(TestId, String)>,
}

/// The most altered twins that one test gets.
pub(crate) const MOST_ALTERED: usize = 4;

/// Where in a file a function stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// All of it, with its attributes or decorators.
    pub(crate) range: Range<usize>,
    /// Its name.
    pub(crate) name: Range<usize>,
    /// The blanks that its first line begins with.
    pub(crate) indent: String,
}

/// A copy of a function under another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Copy {
    pub(crate) place: Place,
    pub(crate) name: String,
    /// By the bytes of the file.
    pub(crate) edits: Vec<Edit>,
}

/// What makes a test one that honest code must fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alteration {
    /// By the bytes of the file.
    pub(crate) edits: Vec<Edit>,
    /// The function with the assertion, where that is not the test itself.
    pub(crate) helper: Option<Copy>,
    pub(crate) what: String,
}

/// Why a test cannot be copied, or has no assertion that could be altered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rejected {
    NotFound,
    Skipped,
    KnowsItsName,
    SharesItsLine,
    NoAssertion,
    InMacro,
    NotATest,
}

impl Rejected {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Rejected::NotFound => "it was not found in its file",
            Rejected::Skipped => "it is skipped or expected to fail",
            Rejected::KnowsItsName => "it depends on its own name",
            Rejected::SharesItsLine => "something else stands on its first line",
            Rejected::NoAssertion => "no assertion in it is sure to be reached",
            Rejected::InMacro => "a macro makes it",
            Rejected::NotATest => "it is no test function",
        }
    }
}

/// Twins on their way into one file.
pub(crate) struct Planting<'a> {
    text: &'a str,
    edits: Vec<Edit>,
}

impl<'a> Planting<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            text,
            edits: Vec::new(),
        }
    }

    /// Plants copies right after what they are copies of. They stand in the order of their names,
    /// which are random: the order tells nothing.
    pub(crate) fn copies(&mut self, mut copies: Vec<Copy>) {
        copies.sort_by(|a, b| a.name.cmp(&b.name));
        for copy in copies {
            let text = self.copied(&copy);
            self.behind(&copy.place, &text);
        }
    }

    /// Plants a function behind another.
    pub(crate) fn behind(&mut self, place: &Place, text: &str) {
        let at = place.range.end;
        let rest = &self.text[at..];
        // What else stands on its last line is a comment, which stays there.
        let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
        let after = at + line.trim_end_matches('\r').len();
        let newline = if line.ends_with('\r') { "\r\n" } else { "\n" };
        let planted = format!("{newline}{newline}{}{text}", place.indent);
        self.edits.push(Edit::insert(after, planted));
    }

    fn copied(&self, copy: &Copy) -> String {
        let Range { start, end } = copy.place.range;
        let shifted = |edit: &Edit| {
            Edit::new(
                edit.range.start.saturating_sub(start)..edit.range.end.saturating_sub(start),
                edit.text.clone(),
            )
        };
        let mut edits: Vec<Edit> = copy.edits.iter().map(shifted).collect();
        edits.push(shifted(&Edit::new(copy.place.name.clone(), &*copy.name)));
        apply(self.text.get(start..end).unwrap_or_default(), &edits)
    }

    /// Writes something at the file's start.
    pub(crate) fn at_start(&mut self, text: &str) {
        self.edits.push(Edit::insert(0, text));
    }

    /// Writes something at the file's end.
    pub(crate) fn at_end(&mut self, text: &str) {
        let end = self.text.len();
        let newline = if self.text.is_empty() || self.text.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        self.edits
            .push(Edit::insert(end, format!("{newline}{text}")));
    }

    /// The file with everything planted.
    pub(crate) fn finish(self, path: &Utf8Path) -> (Utf8PathBuf, String) {
        (path.to_owned(), apply(self.text, &self.edits))
    }
}
