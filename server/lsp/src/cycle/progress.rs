//! Progress of a cycle, as the one line that an editor shows.

use greenward_core::{CheckKind, CycleId, Phase, TestId, Usage};
use greenward_engine::{CycleSummary, CycleWhat};
use tower_lsp::lsp_types::{
    NumberOrString, WorkDoneProgress, WorkDoneProgressBegin, WorkDoneProgressEnd,
    WorkDoneProgressReport,
};

use super::words;
use crate::reporting::Bar;

const TOKEN: &str = "greenward/cycle/";
/// The worker that is a person.
pub(crate) const HUMAN: &str = "human";

/// The token under which the progress of a cycle is shown.
pub(crate) fn token(cycle: CycleId) -> NumberOrString {
    NumberOrString::String(format!("{TOKEN}{cycle}"))
}

/// The cycle of a token.
pub(crate) fn cycle_of(token: &NumberOrString) -> Option<CycleId> {
    match token {
        NumberOrString::String(token) => token.strip_prefix(TOKEN)?.parse().ok().map(CycleId),
        NumberOrString::Number(_) => None,
    }
}

/// What has been heard of a cycle.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    cycle: CycleId,
    worker: String,
    targets: Vec<TestId>,
    phase: Phase,
    attempt: u32,
    of: u32,
    stage: String,
    checks: Vec<CheckKind>,
    usage: Usage,
    /// What became of it, once it has ended.
    ended: Option<String>,
}

impl Progress {
    /// A cycle that has just begun, or goes on.
    pub(crate) fn new(summary: &CycleSummary) -> Self {
        Self {
            cycle: summary.id,
            worker: summary.worker.clone(),
            targets: summary.targets.clone(),
            phase: summary.phase,
            attempt: 0,
            of: 0,
            stage: String::new(),
            checks: Vec::new(),
            usage: summary.usage,
            ended: None,
        }
    }

    /// Takes in what happened. Returns whether that shows.
    pub(crate) fn apply(&mut self, what: &CycleWhat) -> bool {
        match what {
            CycleWhat::Phase { phase, attempt, of } => {
                (self.phase, self.attempt, self.of) = (*phase, *attempt, *of);
                self.checks.clear();
            }
            CycleWhat::Stage(stage) => self.stage.clone_from(stage),
            CycleWhat::Replied { usage, .. } => self.usage = *usage,
            CycleWhat::WorkerFailed(error) => {
                let line = error.lines().next().unwrap_or_default();
                self.stage = format!("the worker's turn came to nothing: {line}");
            }
            CycleWhat::Checked(check) => {
                self.checks.push(check.kind);
                self.stage = format!(
                    "{} {} {}",
                    words::mark(&check.outcome),
                    check.kind,
                    check.outcome.name()
                );
            }
            CycleWhat::Ended(summary) => self.ended = Some(words::state(summary).to_owned()),
            CycleWhat::Began(_)
            | CycleWhat::Said(_)
            | CycleWhat::WayOut(..)
            | CycleWhat::Tested(_) => return false,
        }
        true
    }

    /// What is to be said first.
    pub(crate) fn begin(&self) -> WorkDoneProgress {
        WorkDoneProgress::Begin(WorkDoneProgressBegin {
            title: format!("Cycle {}: {}", self.cycle, words::targets(&self.targets)),
            cancellable: Some(true),
            message: Some(self.line()),
            percentage: None,
        })
    }

    /// `green 2/4 · waiting for local · $0.03`, `verify · 3 checks · ✓ canary passed`
    pub(crate) fn line(&self) -> String {
        if self.worker == HUMAN && self.phase != Phase::Verify {
            return format!(
                "red → make {} pass; the checks run when it does",
                words::targets(&self.targets)
            );
        }
        let phase = match (self.phase, self.attempt, self.of) {
            (Phase::Verify, ..) | (_, 0, _) | (.., u32::MAX) => self.phase.name().to_owned(),
            (phase, attempt, of) => format!("{phase} {attempt}/{of}"),
        };
        let checks = match self.checks.len() {
            0 => None,
            1 => Some("1 check".to_owned()),
            checks => Some(format!("{checks} checks")),
        };
        let stage = (!self.stage.is_empty()).then(|| self.stage.clone());
        let parts = [Some(phase), checks, stage, words::cost(&self.usage)];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        parts.join(" · ")
    }
}

impl Bar for Progress {
    fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    fn report(&self) -> WorkDoneProgress {
        WorkDoneProgress::Report(WorkDoneProgressReport {
            cancellable: Some(true),
            message: Some(self.line()),
            percentage: None,
        })
    }

    fn end(&self) -> WorkDoneProgress {
        WorkDoneProgress::End(WorkDoneProgressEnd {
            message: self.ended.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cycle::samples;
    use greenward_core::{Check, CheckOutcome};

    #[test]
    fn a_token_leads_back_to_its_cycle() {
        assert_eq!(cycle_of(&token(CycleId(7))), Some(CycleId(7)));
        let other = NumberOrString::String("greenward/run/7".to_owned());
        assert_eq!(cycle_of(&other), None);
    }

    #[test]
    fn the_line_says_phase_attempt_stage_and_cost() {
        let mut progress = Progress::new(&samples::running());
        let mut check = |what: CycleWhat, said: &str| {
            progress.apply(&what);
            assert_eq!(progress.line(), said);
        };
        let phase = |phase, attempt| CycleWhat::Phase {
            phase,
            attempt,
            of: 4,
        };
        check(
            CycleWhat::Stage("all tests run on your work as it is".to_owned()),
            "green · all tests run on your work as it is",
        );
        check(
            phase(Phase::Green, 2),
            "green 2/4 · all tests run on your work as it is",
        );
        check(
            CycleWhat::Stage("waiting for local".to_owned()),
            "green 2/4 · waiting for local",
        );
        check(
            CycleWhat::Replied {
                usage: samples::complete().usage,
                files: Vec::new(),
                summary: String::new(),
            },
            "green 2/4 · waiting for local · $0.03",
        );
        check(
            phase(Phase::Verify, 2),
            "verify · waiting for local · $0.03",
        );
        check(
            CycleWhat::Checked(Check {
                kind: CheckKind::Canary,
                outcome: CheckOutcome::Passed,
                evidence: Vec::new(),
            }),
            "verify · 1 check · ✓ canary passed · $0.03",
        );
    }

    #[test]
    fn a_person_is_told_what_to_do() {
        let mut summary = samples::running();
        summary.worker = HUMAN.to_owned();
        let progress = Progress::new(&summary);
        assert_eq!(
            progress.line(),
            "red → make test_four pass; the checks run when it does"
        );
    }
}
