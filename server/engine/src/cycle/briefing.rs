//! What a worker is told: the prompt of a turn, from what the daemon knows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{Feedback, Outcome, Phase, TargetResult, TestId};
use greenward_frameworks::verify::Role;
use greenward_frameworks::{Affected, Files, Project};
use greenward_workers::context::{Candidate, Clues, select};
use greenward_workers::prompt::{Manner, Prompt, PromptInput, Target, green, refactor};

use super::turn::LeftOut;

/// How many of the tests that cover the code are named.
const COVERING: usize = 40;
/// How many sealed files are named.
const SEALED: usize = 40;

/// What is known when a worker is given its turn.
pub(crate) struct Briefing<'a> {
    /// The project, as it stands where it can be read.
    pub(crate) project: &'a Project,
    /// Its files there.
    pub(crate) files: &'a dyn Files,
    /// The top of these files, which paths are told relative to.
    pub(crate) top: &'a Utf8Path,
    /// The top of the worker's lane, which has the same files. Failures tell of it.
    pub(crate) lane: &'a Utf8Path,
    /// The file of each target.
    pub(crate) file_of: &'a BTreeMap<TestId, Utf8PathBuf>,
    /// Every other test's file, and what became of it on the base.
    pub(crate) others: &'a [(TestId, Utf8PathBuf, Outcome)],
    pub(crate) targets: &'a [TestId],
    /// What the worker is asked for.
    pub(crate) phase: Phase,
    /// The files that were changed to make the targets pass, where that is to be tidied. Relative
    /// to the top.
    pub(crate) changed: &'a [Utf8PathBuf],
    /// How the targets failed on the base.
    pub(crate) base: &'a [TargetResult],
    /// What came of the last attempt; nothing at the first.
    pub(crate) feedback: Option<&'a Feedback>,
    /// What of the last attempt came to nothing.
    pub(crate) left: &'a LeftOut,
    /// How many tokens the code may take.
    pub(crate) budget: u64,
    /// How edits are handed in.
    pub(crate) manner: Manner,
}

impl Briefing<'_> {
    /// The prompt.
    pub(crate) fn prompt(&self) -> Prompt {
        let latest = match self.feedback.and_then(Feedback::of_work) {
            Some(Feedback::Tests(results)) => results.as_slice(),
            // They pass.
            Some(Feedback::Verdict(_)) => &[],
            _ if self.phase == Phase::Refactor => &[],
            _ => self.base,
        };
        let targets: Vec<Target> = self
            .targets
            .iter()
            .map(|id| self.target(id, latest))
            .collect();
        let clues = self.clues(&targets);
        let candidates: Vec<Candidate> = self
            .files
            .all()
            .iter()
            .filter(|path| matches!(self.project.role(path), Role::Source | Role::Mixed))
            .filter_map(|path| {
                Some(Candidate {
                    path: self.told(path),
                    text: self.files.read(path)?.to_string(),
                })
            })
            .collect();
        let sources = select(&candidates, &clues, self.budget);
        let shown: BTreeSet<&str> = sources.iter().map(|source| source.path.as_str()).collect();
        let input = PromptInput {
            covering: self.covering(&shown),
            sealed: self.sealed(),
            feedback: self.said(),
            malformed: self.left.malformed.clone(),
            misses: self.left.misses.clone(),
            others_made: !self.came_to_nothing(),
            task: String::new(),
            writable: Vec::new(),
            changed: self.changed.iter().map(ToString::to_string).collect(),
            targets,
            sources,
        };
        match self.phase {
            Phase::Refactor => refactor(&input, self.manner),
            _ => green(&input, self.manner),
        }
    }

    fn told(&self, path: &Utf8Path) -> String {
        path.strip_prefix(self.top).unwrap_or(path).to_string()
    }

    fn target(&self, id: &TestId, latest: &[TargetResult]) -> Target {
        let file = self.file_of.get(id);
        let failure = latest
            .iter()
            .find(|result| result.test == *id)
            .and_then(|result| result.failure.clone());
        Target {
            id: id.to_string(),
            path: file.map(|file| self.told(file)).unwrap_or_default(),
            source: file
                .and_then(|file| self.files.read(file))
                .map(|text| text.to_string())
                .unwrap_or_default(),
            failure,
        }
    }

    fn clues(&self, targets: &[Target]) -> Clues {
        let mut clues = Clues::default();
        for target in targets {
            clues.tests.push(target.path.clone());
            clues.text.push_str(&target.source);
            if let Some(failure) = &target.failure {
                clues.text.push_str(&failure.message);
                let places = failure.frames.iter().map(|frame| &frame.location);
                for place in places.chain(&failure.location) {
                    let line = usize::try_from(place.range.start.line).unwrap_or(0) + 1;
                    let file = place.file.strip_prefix(self.lane).unwrap_or(&place.file);
                    clues.frames.push((file.to_string(), line));
                }
            }
        }
        // What is to be tidied comes first.
        clues
            .frames
            .extend(self.changed.iter().map(|path| (path.to_string(), 1)));
        clues.tests.dedup();
        clues
    }

    /// The tests that the shown files affect, and that pass.
    fn covering(&self, shown: &BTreeSet<&str>) -> Vec<String> {
        let mut affected = Vec::new();
        for path in shown {
            affected.push(self.project.affected(&self.top.join(path)));
        }
        let reached = |file: &Utf8Path| {
            affected.iter().any(|affected| match affected {
                Affected::Nothing => false,
                Affected::All(_) => true,
                Affected::Units(units, _) => {
                    let inside = file.strip_prefix(self.project.root()).unwrap_or(file);
                    units.iter().any(|unit| inside.as_str() == unit.as_str())
                        || matches!(self.project, Project::Cargo(_))
                }
            })
        };
        self.others
            .iter()
            .filter(|(_, file, outcome)| *outcome == Outcome::Passed && reached(file))
            .map(|(test, _, _)| test.to_string())
            .take(COVERING)
            .collect()
    }

    fn sealed(&self) -> Vec<String> {
        let of_targets = self.file_of.values().cloned();
        let is_sealed = |path: &&Utf8PathBuf| {
            matches!(self.project.role(path), Role::Test | Role::Configuration)
        };
        let others = self.files.all().iter().filter(is_sealed).cloned();
        let mut sealed = Vec::new();
        for path in of_targets.chain(others) {
            let told = self.told(&path);
            if !sealed.contains(&told) && self.project.role(&path) != Role::Mixed {
                sealed.push(told);
            }
        }
        sealed.truncate(SEALED);
        sealed
    }

    /// What came of the last attempt, in words.
    fn said(&self) -> String {
        let mut text = String::new();
        for note in &self.left.notes {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "- {note}");
        }
        if let Some(Feedback::WorkerFailed { error, .. }) = self.feedback
            && self.left.is_empty()
        {
            let _ = writeln!(text, "- the last turn came to nothing: {error}");
        }
        match self.feedback.and_then(Feedback::of_work) {
            // The failures themselves stand with the targets.
            Some(Feedback::Tests(results)) if results.as_slice() != self.base => {
                for result in results {
                    let outcome = result.outcome.map_or("did not report", Outcome::name);
                    let _ = writeln!(text, "- `{}` still {outcome}", result.test);
                }
            }
            Some(Feedback::Verdict(checks)) => {
                let _ = writeln!(text, "The targets passed, and the change was refused:");
                for check in checks {
                    let _ = writeln!(text, "- {}", check.kind.question());
                    for line in &check.evidence {
                        let _ = writeln!(text, "  - {line}");
                    }
                }
            }
            _ => {}
        }
        text
    }

    fn came_to_nothing(&self) -> bool {
        matches!(self.feedback, Some(Feedback::WorkerFailed { .. }))
    }
}
