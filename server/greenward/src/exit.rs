//! How a command ends.

use std::process::ExitCode;

use crate::report::Verdict;

/// How a command ends, as its exit code tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// What was asked holds: 0.
    Holds,
    /// It does not, though it could be tried: 1.
    Fails,
    /// It could not be tried: 2.
    NotTried,
    /// Cancelled: 130, as shells report an interrupt.
    Cancelled,
}

impl Exit {
    /// The exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Holds => 0,
            Exit::Fails => 1,
            Exit::NotTried => 2,
            Exit::Cancelled => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Holds => Exit::Holds,
            Verdict::Fails => Exit::Fails,
            Verdict::NotTried => Exit::NotTried,
            Verdict::Cancelled => Exit::Cancelled,
        }
    }
}

/// Why a command cannot do what was asked, with advice where there is some. Ends it with
/// [`Exit::NotTried`].
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub(crate) struct Trouble {
    what: String,
    hint: Option<String>,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Trouble {
    /// Trouble, in a sentence without a full stop.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            hint: None,
            source: None,
        }
    }

    /// Says what the user can do.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says what it came from.
    pub(crate) fn from(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What, each of the errors that it came from, and the advice.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.what.clone()];
        let mut source = std::error::Error::source(self);
        while let Some(error) = source {
            lines.push(format!("  because: {error}"));
            source = error.source();
        }
        lines.extend(self.hint.iter().map(|hint| format!("  {hint}")));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_says_what_why_and_what_to_do() {
        let trouble = Trouble::new("the settings cannot be written")
            .from(std::io::Error::other("disk full"))
            .hint("make room on the disk");
        assert_eq!(
            trouble.lines(),
            [
                "the settings cannot be written",
                "  because: disk full",
                "  make room on the disk"
            ]
        );
    }
}
