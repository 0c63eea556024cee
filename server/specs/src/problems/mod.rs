//! What is wrong with a spec, and what to do about it.

mod files;
mod tables;
mod wanted;

use camino::Utf8PathBuf;
use greenward_core::{Position, Range};

use crate::problem::{Code, SpecProblem};
use crate::read::Form;
use crate::spec::{Requirement, Spec};

/// How many problems are told at once. Whoever has more begins with these.
const MOST: usize = 100;

/// How many requirements a spec may have.
pub(crate) const MOST_REQUIREMENTS: usize = 1_000;

/// How many criteria and examples a spec may have.
pub(crate) const MOST_CHECKS: usize = 10_000;

/// What is known of the workspace that a spec is in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workspace {
    /// All files that count, relative to the workspace folder. Nothing: they are not known, and
    /// nothing is said of files that may not be there.
    pub files: Option<Vec<Utf8PathBuf>>,
}

/// What is wrong with a spec, in the order of its text; at most a hundred things.
///
/// An error keeps a plan from being made. Where there is doubt, nothing is said.
#[must_use]
pub fn problems(spec: &Spec, workspace: &Workspace) -> Vec<SpecProblem> {
    let mut found = Found(spec.noted.iter().take(MOST).cloned().collect());
    whole(spec, &mut found);
    files::check(&spec.front_matter, workspace, &mut found);
    wanted::check(spec, &mut found);
    for requirement in &spec.requirements {
        tables::check(requirement, &mut found);
    }
    let mut problems = found.0;
    problems.sort_by_key(|problem| problem.range.start);
    problems
}

/// What is wrong with the tables of a requirement, or of a task.
pub(crate) fn faults_of_tables(requirement: &Requirement) -> Vec<SpecProblem> {
    let mut found = Found(Vec::new());
    tables::check(requirement, &mut found);
    found.0
}

/// The problems that were found so far.
struct Found(Vec<SpecProblem>);

impl Found {
    /// Whether no more are wanted, so that looking for names that come near can be left.
    fn is_full(&self) -> bool {
        self.0.len() >= MOST
    }

    fn add(&mut self, code: Code, range: Range, message: impl AsRef<str>) {
        if !self.is_full() {
            self.0.push(SpecProblem::new(code, range, message));
        }
    }
}

/// What concerns the spec as a whole.
fn whole(spec: &Spec, found: &mut Found) {
    let top = Range::new(Position::new(0, 0), Position::new(0, 0));
    let is_readable = !spec
        .noted
        .iter()
        .any(|problem| problem.code == Code::Syntax);
    let requirements = spec.requirements.len();
    if requirements == 0 && is_readable {
        let message = match spec.form {
            Form::Markdown => {
                "this spec asks for nothing: write a heading `## WHAT IS WANTED`, and below it \
                 what must hold, as `- [ ] CRITERION`"
            }
            Form::Json | Form::Yaml => {
                "this spec asks for nothing: add `requirements`, each with a `title` and `criteria`"
            }
        };
        let title = spec.title.as_ref().map_or(top, |title| title.range);
        found.add(Code::Empty, title, message);
    } else if spec.title.is_none() && is_readable {
        let message = match spec.form {
            Form::Markdown => "this spec has no title: begin it with `# TITLE`",
            Form::Json | Form::Yaml => "this spec has no title: add `title`",
        };
        found.add(Code::NoTitle, top, message);
    }
    let checks: usize = spec
        .requirements
        .iter()
        .map(|one| {
            one.criteria.len()
                + one
                    .tables
                    .iter()
                    .map(|table| table.rows.len())
                    .sum::<usize>()
        })
        .sum();
    if requirements > MOST_REQUIREMENTS || checks > MOST_CHECKS {
        let message = format!(
            "{requirements} requirements with {checks} criteria and examples are too many for one \
             spec: split it; {MOST_REQUIREMENTS} and {MOST_CHECKS} are the most"
        );
        found.add(Code::TooMany, top, message);
    }
    for outside in &spec.outside {
        let message = "this belongs to no requirement: put it below a heading `## WHAT IS WANTED`";
        found.add(Code::Outside, *outside, message);
    }
}

#[cfg(test)]
mod tests;
