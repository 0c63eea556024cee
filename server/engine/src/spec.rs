//! Specs as front ends see them: values made once for each text, and what could stand at a place.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{Position, Range, Severity, SoundPlan};
use greenward_protocol::settings::Settings;
use greenward_specs::{
    Code, Completion, Examined, Form, Patterns, Spec, SpecProblem, TooLarge, Workspace, complete,
    examine, template,
};

use crate::notice::Diagnostic;

/// A byte order mark. It is no part of a spec, and stands in the text of some documents.
const MARK: &str = "\u{feff}";

/// A spec, as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpecView {
    /// Its file, relative to its workspace folder.
    pub path: Utf8PathBuf,
    /// Where its title stands.
    pub title: Option<Range>,
    /// What is wrong with it, in the order of its text.
    pub problems: Vec<SpecProblem>,
    /// What it asks for, in the order of its text.
    pub requirements: Vec<RequirementView>,
    /// Its plan. Nothing if any problem is an error.
    pub plan: Option<SoundPlan>,
}

/// A requirement of a spec.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequirementView {
    /// What it is called.
    pub title: String,
    /// Where its heading stands.
    pub range: Range,
    /// The wordings of its criteria.
    pub criteria: Vec<String>,
    /// How many examples it has.
    pub examples: usize,
    /// The titles of those that it builds on.
    pub depends_on: Vec<String>,
    /// The titles of those that build on it.
    pub needed_by: Vec<String>,
}

/// Why there is no spec to be seen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSpec {
    /// The file is none.
    #[error("{0} is no spec: the setting `specs.files` says which files are")]
    NotASpec(Utf8PathBuf),
    /// The file is to be one, and cannot be read.
    #[error("{path} cannot be read: {why}")]
    Unreadable {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        why: String,
    },
}

/// A spec or why there is none.
pub type SpecAnswer = Result<Arc<SpecView>, NoSpec>;

impl SpecView {
    /// Reads a spec at a path, relative to its workspace folder.
    pub(crate) fn read(path: &Utf8Path, text: &str, workspace: &Workspace) -> Self {
        let mut view = match Spec::read(text, Form::of(path)) {
            Ok(spec) => Self::of(&spec, examine(&spec, path, workspace)),
            Err(too_large) => Self::too_large(too_large),
        };
        view.path = path.to_owned();
        if text.starts_with(MARK) {
            view.shift();
        }
        view
    }

    /// What is seen of a spec over which there was a fault of ours.
    pub(crate) fn with_fault(path: &Utf8Path, message: String) -> Self {
        Self {
            path: path.to_owned(),
            problems: vec![whole(Code::Unsound, message)],
            ..Self::default()
        }
    }

    fn too_large(error: TooLarge) -> Self {
        let message = format!("this spec is not read: {error}");
        Self {
            problems: vec![whole(Code::TooMany, message)],
            ..Self::default()
        }
    }

    fn of(spec: &Spec, examined: Examined) -> Self {
        let dependencies = spec.dependencies();
        let mut requirements: Vec<RequirementView> = spec
            .requirements
            .iter()
            .map(|requirement| RequirementView {
                title: requirement.title.text.clone(),
                range: requirement.title.range,
                criteria: requirement.wordings(),
                examples: requirement
                    .tables
                    .iter()
                    .map(|table| table.rows.len())
                    .sum(),
                ..RequirementView::default()
            })
            .collect();
        for later in 0..requirements.len() {
            for &earlier in dependencies.before(later) {
                let title = requirements[earlier].title.clone();
                requirements[later].depends_on.push(title);
                let title = requirements[later].title.clone();
                requirements[earlier].needed_by.push(title);
            }
        }
        Self {
            path: Utf8PathBuf::new(),
            title: spec.title.as_ref().map(|title| title.range),
            problems: examined.problems,
            requirements,
            plan: examined.plan,
        }
    }

    /// How many of its problems keep it from having a plan.
    #[must_use]
    pub fn errors(&self) -> usize {
        let errors = self.problems.iter();
        errors
            .filter(|problem| problem.severity == Severity::Error)
            .count()
    }

    /// The byte order mark before the text counts in the columns of documents.
    fn shift(&mut self) {
        let titles = self.title.iter_mut();
        let problems = self.problems.iter_mut().map(|problem| &mut problem.range);
        let requirements = self.requirements.iter_mut().map(|one| &mut one.range);
        for range in titles.chain(problems).chain(requirements) {
            *range = behind_mark(*range);
        }
    }

    /// Its problems, as diagnostics.
    pub(crate) fn diagnostics(&self) -> impl Iterator<Item = Diagnostic> {
        self.problems.iter().map(|problem| Diagnostic {
            range: problem.range,
            severity: problem.severity,
            message: problem.message.clone(),
            code: Some(problem.code.name().to_owned()),
            related: Vec::new(),
            test: None,
            stale: false,
        })
    }
}

/// An error about a spec as a whole.
fn whole(code: Code, message: String) -> SpecProblem {
    SpecProblem {
        range: Range::new(Position::new(0, 0), Position::new(0, 0)),
        severity: Severity::Error,
        code,
        message,
    }
}

/// A range of a text, where a byte order mark stands before that.
fn behind_mark(range: Range) -> Range {
    let length = u32::try_from(MARK.len()).unwrap_or_default();
    let behind = |place: Position| match place.line {
        0 => Position::new(0, place.column.saturating_add(length)),
        _ => place,
    };
    Range::new(behind(range.start), behind(range.end))
}

/// What could stand at a place of a spec. Takes as long as reading it.
#[must_use]
pub fn complete_spec(path: &Utf8Path, text: &str, mut place: Position) -> Vec<Completion> {
    if Form::of(path) != Form::Markdown {
        return Vec::new();
    }
    let has_mark = text.starts_with(MARK);
    if has_mark && place.line == 0 {
        let length = u32::try_from(MARK.len()).unwrap_or_default();
        place.column = place.column.saturating_sub(length);
    }
    let mut completions = complete(text, place);
    if has_mark {
        for completion in &mut completions {
            completion.range = behind_mark(completion.range);
        }
    }
    completions
}

/// Where a new spec of a title goes, relative to the workspace folder, and its text. Nothing if the
/// settings have no pattern for which a name could be found.
#[must_use]
pub fn new_spec(settings: &Settings, title: &str) -> Option<(Utf8PathBuf, String)> {
    let (patterns, _) = Patterns::new(&settings.specs.files);
    Some((patterns.place_for(title)?, template(title)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: &str = "# Roman\n\n## A\n- [ ] 1 is I\n\n## B\ndepends on: A\n- [ ] I is 1\n\n\
                        | n | r |\n| - | - |\n| 9 | IX |\n";

    fn read(text: &str) -> SpecView {
        SpecView::read("specs/a.md".into(), text, &Workspace::default())
    }

    #[test]
    fn what_builds_on_what_is_seen_from_both_ends() {
        let view = read(SPEC);
        let [a, b] = &view.requirements[..] else {
            panic!("{view:?}");
        };
        assert_eq!((a.criteria.len(), a.examples), (1, 0));
        assert_eq!((b.criteria.len(), b.examples), (1, 1));
        assert_eq!(
            (&a.needed_by, &b.depends_on),
            (&vec!["B".to_owned()], &vec!["A".to_owned()])
        );
        assert_eq!(view.problems, []);
        let plan = view.plan.expect("it is clear");
        assert_eq!(plan.order().count(), 2);
    }

    #[test]
    fn a_byte_order_mark_counts_in_the_first_line_only() {
        let check = |text: &str, expected: &[(u32, u32)]| {
            let view = read(text);
            let problems = view.problems.iter().map(|problem| problem.range.start);
            let places: Vec<_> = problems.map(|place| (place.line, place.column)).collect();
            assert_eq!(places, expected, "{text:?}");
        };
        check("## A\n## B\n- [ ] x is 1\n", &[(0, 0), (0, 3)]);
        check("\u{feff}## A\n## B\n- [ ] x is 1\n", &[(0, 3), (0, 6)]);
        check("\u{feff}# T\n## B\n", &[(1, 3)]);
        assert_eq!(
            read(&format!("{MARK}{SPEC}")).title,
            Some(Range::new(Position::new(0, 5), Position::new(0, 10)))
        );
    }

    #[test]
    fn one_that_is_too_large_says_only_that() {
        let view = read(&"- [ ] x\n".repeat(700_000));
        assert_eq!(view.errors(), 1);
        assert_eq!(view.problems[0].code, Code::TooMany);
        assert_eq!(view.requirements, []);
        assert_eq!(view.plan, None);
    }

    #[test]
    fn what_could_stand_there_takes_the_place_of_what_does() {
        let check = |path: &str, text: &str, column: u32, expected: &[(&str, u32, u32)]| {
            let line = u32::try_from(text.lines().count() - 1).unwrap();
            let found = complete_spec(path.into(), text, Position::new(line, column));
            let found: Vec<_> = found
                .iter()
                .map(|one| {
                    let range = one.range;
                    (one.text.as_str(), range.start.column, range.end.column)
                })
                .collect();
            assert_eq!(found, expected, "{text:?}");
        };
        let names = "## A\n- [ ] x\n## B\ndepends on: ";
        check("a.md", names, 12, &[("A", 12, 12)]);
        check("a.md", &format!("{MARK}{names}"), 12, &[("A", 12, 12)]);
        check("a.md", "## A\n- [ ] x\n## B\nsome prose", 10, &[]);
        check("a.yaml", names, 12, &[]);
    }
}
