//! The colours of what is printed, one name for each meaning.
//!
//! Everything is rendered with escape sequences; the [`Screen`](crate::screen::Screen) takes them
//! out where the output is not to have them.

use std::fmt::Display;

use anstyle::{AnsiColor, Effects, Style};
use greenward_core::Outcome;

/// What holds.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What does not hold.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().effects(Effects::BOLD);
/// What is worth a look.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default();
/// What can be passed over.
pub(crate) const DIM: Style = Style::new().effects(Effects::DIMMED);
/// What is to be found again at a glance: names, headings.
pub(crate) const STRONG: Style = Style::new().effects(Effects::BOLD);
/// A place in a file.
pub(crate) const PLACE: Style = AnsiColor::Cyan.on_default();
/// What was expected and did not come.
pub(crate) const EXPECTED: Style = AnsiColor::Green.on_default();
/// What came instead.
pub(crate) const ACTUAL: Style = AnsiColor::Red.on_default();

/// `text` in a style.
pub(crate) fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// The style and the mark of an outcome.
pub(crate) fn of_outcome(outcome: Outcome) -> (Style, char) {
    match outcome {
        Outcome::Passed => (GOOD, '✓'),
        Outcome::Skipped => (DIM, '-'),
        Outcome::Flaky => (WARNING, '~'),
        Outcome::Failed => (BAD, '✗'),
        Outcome::Errored => (BAD, '!'),
    }
}

/// Escape sequences made visible, so that a test can hold them in a plain string.
#[cfg(test)]
pub(crate) fn visible(text: &str) -> String {
    text.replace("\x1b[0m", "</>").replace('\x1b', "ESC")
}

/// Without escape sequences.
#[cfg(test)]
pub(crate) fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
