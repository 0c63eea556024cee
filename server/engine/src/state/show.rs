//! What is seen: the diagnostics of each file, and when they must be shown again.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{
    Failure, Freshness, ItemKind, Location, Position, Problem, Range, Severity, TestId, TestResult,
};

use super::State;
use crate::effect::Effect;
use crate::notice::{Diagnostic, Notice};

/// A diagnostic's message is cut after so many lines; the output has all.
const MESSAGE_LINES: usize = 24;

/// So many files are shown at once, so that requests need not wait for more.
const FILES_AT_ONCE: usize = 64;

/// Where a bad result is shown.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    location: Location,
    /// Where the test's name stood when the result came, if it is in the same file: what was
    /// marked below it moves with it.
    name: Option<Position>,
}

impl State {
    /// Notices for what has changed since the last call. Where many files have, the rest of them is
    /// left for the next one.
    pub(crate) fn flush(&mut self) -> Vec<Effect> {
        let touched: Vec<Utf8PathBuf> = (0..FILES_AT_ONCE)
            .map_while(|_| self.touched.pop_first())
            .collect();
        for file in &touched {
            let diagnostics = self.diagnostics(file);
            let before = self.shown.get(file);
            if before.map_or(diagnostics.is_empty(), |before| *before == diagnostics) {
                continue;
            }
            if diagnostics.is_empty() {
                self.shown.remove(file);
            } else {
                self.shown.insert(file.clone(), diagnostics.clone());
            }
            self.effects.push(Effect::Notify(Notice::Diagnostics {
                file: file.clone(),
                version: self.documents.get(file).map(|document| document.version()),
                diagnostics,
            }));
        }
        if !touched.is_empty() {
            self.effects
                .push(Effect::Notify(Notice::ItemsChanged { files: touched }));
        }
        std::mem::take(&mut self.effects)
    }

    /// Whatever is in view may look different now.
    pub(super) fn touch_visible(&mut self) {
        self.touched.extend(self.shown.keys().cloned());
        let open: Vec<Utf8PathBuf> = self
            .documents
            .iter()
            .map(|(path, _)| path.to_owned())
            .collect();
        self.touched.extend(open);
    }

    /// The state of this item, and so of all above it, has changed.
    pub(super) fn touch_item(&mut self, id: &TestId) {
        if let Some((file, _)) = self.tree.place(id) {
            self.touched.insert(file.to_owned());
        }
    }

    /// Finds the place where the result of a test is shown, if it is bad.
    pub(super) fn place(&mut self, id: &TestId) {
        self.unplace(id);
        let Some(shown) = self.results.get(id) else {
            return;
        };
        if !shown.result.outcome.is_bad() {
            return;
        }
        let test = self
            .tree
            .place(id)
            .map(|(file, range)| (file.to_owned(), range));
        let failed_at = shown
            .result
            .failure
            .as_ref()
            .and_then(|failure| failure.location.clone());
        let location = match (failed_at, &test) {
            (Some(location), _) => location,
            (None, Some((file, range))) => Location {
                file: file.clone(),
                range: *range,
            },
            (None, None) => return,
        };
        let name = test
            .filter(|(file, range)| *file == location.file && *range <= location.range)
            .map(|(_, range)| range.start);
        self.touched.insert(location.file.clone());
        self.bad_in
            .entry(location.file.clone())
            .or_default()
            .insert(id.clone());
        self.placed.insert(id.clone(), Placed { location, name });
    }

    pub(super) fn unplace(&mut self, id: &TestId) {
        let Some(placed) = self.placed.remove(id) else {
            return;
        };
        let file = placed.location.file;
        if let Some(tests) = self.bad_in.get_mut(&file) {
            tests.remove(id);
            if tests.is_empty() {
                self.bad_in.remove(&file);
            }
        }
        self.touched.insert(file);
    }

    fn diagnostics(&self, file: &Utf8Path) -> Vec<Diagnostic> {
        let mut diagnostics = self.mistakes.get(file).cloned().unwrap_or_default();
        for folder in self.folders.values() {
            let here = folder
                .problems
                .iter()
                .filter(|problem| is_in(problem, file));
            diagnostics.extend(here.filter_map(|problem| of_problem(problem, false)));
        }
        for (id, state) in &self.projects {
            let stale = |stamp| self.results.inputs(id) > stamp || self.is_unsaved(file);
            let found = state.problems.iter().chain(
                state
                    .running
                    .iter()
                    .flat_map(|running| running.problems.iter()),
            );
            for found in found.filter(|found| is_in(&found.problem, file)) {
                diagnostics.extend(of_problem(&found.problem, stale(found.stamp)));
            }
            diagnostics.extend(self.of_broken_runner(id, file));
        }
        for id in self.bad_in.get(file).into_iter().flatten() {
            diagnostics.extend(self.of_test(id));
        }
        diagnostics.extend(self.of_spec(file));
        diagnostics.sort_by_key(|diagnostic| diagnostic.range);
        diagnostics.dedup();
        diagnostics
    }

    fn is_unsaved(&self, file: &Utf8Path) -> bool {
        self.unsaved.iter().any(|unsaved| unsaved == file)
    }

    /// A runner that does not work is shown where its project is declared.
    fn of_broken_runner(
        &self,
        id: &greenward_core::ProjectId,
        file: &Utf8Path,
    ) -> Option<Diagnostic> {
        let message = self.projects.get(id)?.broken.clone()?;
        let item = self.tree.get(&TestId::of_project(id))?;
        (item.file.as_deref() == Some(file)).then(|| Diagnostic {
            range: item.name_range.or(item.range).unwrap_or_default(),
            severity: Severity::Error,
            message,
            code: Some("runner broken".to_owned()),
            related: Vec::new(),
            test: None,
            stale: false,
        })
    }

    fn of_test(&self, id: &TestId) -> Option<Diagnostic> {
        let shown = self.results.get(id)?;
        let placed = self.placed.get(id)?;
        let failure = shown.result.failure.as_deref();
        let label = self.name_of(id);
        let mut related: Vec<(Location, String)> = failure
            .iter()
            .flat_map(|failure| &failure.frames)
            .map(|frame| (frame.location.clone(), frame.function.clone()))
            .collect();
        if let Some((file, range)) = self.tree.place(id)
            && (file != placed.location.file || placed.name.is_none())
        {
            let location = Location {
                file: file.to_owned(),
                range,
            };
            related.push((location, format!("the test {label}")));
        }
        Some(Diagnostic {
            range: self.moved(id, placed),
            severity: Severity::Error,
            message: message_of(&label, shown.result, failure),
            code: failure
                .map(|failure| failure.kind.clone())
                .filter(|kind| !kind.is_empty()),
            related,
            test: Some(id.clone()),
            stale: shown.freshness != Freshness::Current,
        })
    }

    /// What people call a test. Of a parameter case that is its test's name with the parameters: by
    /// themselves they say little.
    fn name_of(&self, id: &TestId) -> String {
        let Some(item) = self.tree.get(id) else {
            return id.to_string();
        };
        let test = item.parent.as_ref().filter(|_| item.kind == ItemKind::Case);
        let named = test.and_then(|test| {
            let parameters = id.as_str().strip_prefix(test.as_str())?;
            Some(format!("{}{parameters}", self.tree.get(test)?.label))
        });
        named.unwrap_or_else(|| item.label.clone())
    }

    /// The place of a failure now: as far below the test's name as it was when it was reported.
    fn moved(&self, id: &TestId, placed: &Placed) -> Range {
        let range = placed.location.range;
        let (Some(then), Some((_, now))) = (placed.name, self.tree.place(id)) else {
            return range;
        };
        let shift = |place: Position| {
            let line = place.line.saturating_add(now.start.line);
            Position::new(line.saturating_sub(then.line), place.column)
        };
        Range::new(shift(range.start), shift(range.end))
    }
}

fn is_in(problem: &Problem, file: &Utf8Path) -> bool {
    problem
        .location
        .as_ref()
        .is_some_and(|location| location.file == file)
}

fn of_problem(problem: &Problem, stale: bool) -> Option<Diagnostic> {
    Some(Diagnostic {
        range: problem.location.as_ref()?.range,
        severity: problem.severity,
        message: problem.message.clone(),
        code: problem.code.clone(),
        related: problem.related.clone(),
        test: None,
        stale,
    })
}

/// What a diagnostic says: which test, what was expected and what came, and why. Where both values
/// are short its first line has them, for editors that show no more of it.
fn message_of(label: &str, result: &TestResult, failure: Option<&Failure>) -> String {
    const SHORT: usize = 60;
    let mut message = format!("{label} {}", result.outcome.name());
    let Some(failure) = failure else {
        return message;
    };
    let is_short = |value: &&str| value.len() <= SHORT && !value.contains('\n');
    let short = |value: &'_ Option<String>| {
        let value = value.as_deref().map(str::trim).filter(is_short);
        value.map(str::to_owned)
    };
    let in_one_line = short(&failure.expected).zip(short(&failure.actual));
    let mut lines: Vec<&str> = failure.message.lines().take(MESSAGE_LINES).collect();
    if failure.message.lines().count() > MESSAGE_LINES {
        lines.push("…");
    }
    if let Some((expected, actual)) = in_one_line {
        lines.insert(0, "");
        message = format!("{label}: expected {expected}, got {actual}");
        message.push_str(&lines.join("\n"));
        return message;
    }
    if !lines.is_empty() {
        message.push_str(": ");
        message.push_str(&lines.join("\n"));
    }
    if let (Some(expected), Some(actual)) = (&failure.expected, &failure.actual) {
        let said: BTreeSet<&str> = lines
            .iter()
            .flat_map(|line| line.split_whitespace())
            .collect();
        let new = |value: &str| !value.split_whitespace().all(|word| said.contains(word));
        if new(expected) || new(actual) {
            let cut = |value: &str| {
                value
                    .lines()
                    .take(MESSAGE_LINES)
                    .collect::<Vec<_>>()
                    .join("\n")
            };
            message.push_str(&format!(
                "\nexpected: {}\n  actual: {}",
                cut(expected),
                cut(actual)
            ));
        }
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use greenward_core::Outcome;

    #[test]
    fn short_values_stand_in_the_first_line() {
        let check = |expected: Option<&str>, actual: Option<&str>, said: &str| {
            let failure = Failure {
                message: "assert add(2, 2) == 4\nwhile adding".to_owned(),
                expected: expected.map(str::to_owned),
                actual: actual.map(str::to_owned),
                ..Failure::default()
            };
            let result = TestResult::bare(Outcome::Failed);
            assert_eq!(message_of("adds", &result, Some(&failure)), said);
        };
        let message = "assert add(2, 2) == 4\nwhile adding";
        check(
            Some("4"),
            Some("0\n"),
            &format!("adds: expected 4, got 0\n{message}"),
        );
        check(None, None, &format!("adds failed: {message}"));
        check(Some("4"), None, &format!("adds failed: {message}"));
        check(
            Some("4\n5"),
            Some("0"),
            &format!("adds failed: {message}\nexpected: 4\n5\n  actual: 0"),
        );
        let long = "x".repeat(61);
        check(
            Some(&long),
            Some("0"),
            &format!("adds failed: {message}\nexpected: {long}\n  actual: 0"),
        );
    }
}
