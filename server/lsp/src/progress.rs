//! Progress of a run, as the one line that an editor shows.

use camino::Utf8Path;
use greenward_core::{Counts, ProjectId, RunId};
use greenward_engine::RunWhat;
use tower_lsp::lsp_types::{
    NumberOrString, WorkDoneProgress, WorkDoneProgressBegin, WorkDoneProgressEnd,
    WorkDoneProgressReport,
};

use crate::reporting::Bar;
use crate::words;

const TOKEN: &str = "greenward/run/";

/// The token under which the progress of a run is shown.
pub(crate) fn token(run: RunId) -> NumberOrString {
    NumberOrString::String(format!("{TOKEN}{run}"))
}

/// The run of a token.
pub(crate) fn run_of(token: &NumberOrString) -> Option<RunId> {
    match token {
        NumberOrString::String(token) => token.strip_prefix(TOKEN)?.parse().ok().map(RunId),
        NumberOrString::Number(_) => None,
    }
}

/// What has been heard of a run.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    project: ProjectId,
    stage: String,
    planned: u32,
    counts: Counts,
    /// What became of it, once it has ended.
    ended: Option<String>,
}

impl Progress {
    /// A run that has just begun.
    pub(crate) fn new(project: ProjectId) -> Self {
        Self {
            project,
            stage: String::new(),
            planned: 0,
            counts: Counts::default(),
            ended: None,
        }
    }

    /// Takes in what happened. Returns whether that shows.
    pub(crate) fn apply(&mut self, what: &RunWhat) -> bool {
        match what {
            RunWhat::Stage(stage) => self.stage.clone_from(stage),
            RunWhat::Planned(tests) => self.planned += tests,
            RunWhat::TestFinished { outcome, .. } => self.counts.add(*outcome),
            RunWhat::Finished {
                outcome,
                counts,
                duration,
            } => {
                let counts = words::counts(*counts);
                let time = words::time(*duration);
                self.ended = Some(match outcome {
                    greenward_core::RunOutcome::Passed | greenward_core::RunOutcome::Failed => {
                        format!("{counts} in {time}")
                    }
                    other if counts.is_empty() => format!("{} after {time}", other.name()),
                    other => format!("{} after {time}: {counts}", other.name()),
                });
            }
            RunWhat::Started { .. }
            | RunWhat::TestStarted(_)
            | RunWhat::Output(_)
            | RunWhat::Problem(_) => return false,
        }
        true
    }

    /// The project it runs in.
    pub(crate) fn project(&self) -> &ProjectId {
        &self.project
    }

    /// What is to be said first. `root` is the folder of the project.
    ///
    /// No percentage is ever said: one test binary after the other tells how many tests it has, so
    /// a share of those known so far would stand still, or be wrong. The line has the numbers.
    pub(crate) fn begin(&self, root: Option<&Utf8Path>) -> WorkDoneProgress {
        WorkDoneProgress::Begin(WorkDoneProgressBegin {
            title: format!("Tests: {}", words::project(&self.project, root)),
            cancellable: Some(true),
            message: self.line(),
            percentage: None,
        })
    }

    /// `12/40, 1 failed, running…`
    fn line(&self) -> Option<String> {
        let done = self.counts.total();
        let so_far = match (done, self.planned) {
            (0, 0) => None,
            (done, 0) => Some(format!("{done}")),
            (done, planned) => Some(format!("{done}/{planned}")),
        };
        let bad = self.counts.bad();
        let failed = (bad > 0).then(|| format!("{bad} failed"));
        let stage = (!self.stage.is_empty()).then(|| format!("{}…", self.stage));
        let parts: Vec<String> = [so_far, failed, stage].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

impl Bar for Progress {
    fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    fn report(&self) -> WorkDoneProgress {
        WorkDoneProgress::Report(WorkDoneProgressReport {
            cancellable: Some(true),
            message: self.line(),
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
    use crate::samples;
    use expect_test::{Expect, expect};
    use greenward_core::{Outcome, RunOutcome, TestResult};
    use std::sync::Arc;
    use std::time::Duration;

    fn done(outcome: Outcome) -> RunWhat {
        RunWhat::TestFinished {
            test: samples::id("a.py::one"),
            outcome,
            result: Arc::new(TestResult::bare(outcome)),
        }
    }

    fn ended(outcome: RunOutcome, outcomes: &[Outcome]) -> RunWhat {
        RunWhat::Finished {
            outcome,
            counts: outcomes.iter().copied().collect(),
            duration: Duration::from_millis(1234),
        }
    }

    /// What is said after each of these.
    fn check(happened: &[RunWhat], expected: &Expect) {
        let mut progress = Progress::new(samples::project());
        let mut said =
            serde_json::to_string(&progress.begin(Some("/w/roman".into()))).unwrap() + "\n";
        for what in happened {
            if progress.apply(what) {
                let now = match progress.has_ended() {
                    true => progress.end(),
                    false => progress.report(),
                };
                said += &(serde_json::to_string(&now).unwrap() + "\n");
            }
        }
        expected.assert_eq(&said);
    }

    #[test]
    fn one_line_says_how_it_goes() {
        check(
            &[
                RunWhat::Stage("building".to_owned()),
                RunWhat::Stage("running".to_owned()),
                RunWhat::Planned(2),
                RunWhat::TestStarted(samples::id("a.py::one")),
                done(Outcome::Passed),
                RunWhat::Planned(2),
                done(Outcome::Failed),
                ended(RunOutcome::Failed, &[Outcome::Passed, Outcome::Failed]),
            ],
            &expect![[r#"
                {"kind":"begin","title":"Tests: roman (pytest)","cancellable":true}
                {"kind":"report","cancellable":true,"message":"building…"}
                {"kind":"report","cancellable":true,"message":"running…"}
                {"kind":"report","cancellable":true,"message":"0/2, running…"}
                {"kind":"report","cancellable":true,"message":"1/2, running…"}
                {"kind":"report","cancellable":true,"message":"1/4, running…"}
                {"kind":"report","cancellable":true,"message":"2/4, 1 failed, running…"}
                {"kind":"end","message":"1 passed, 1 failed in 1.2 s"}
            "#]],
        );
    }

    #[test]
    fn more_tests_than_planned_and_a_runner_that_broke() {
        check(
            &[
                done(Outcome::Passed),
                RunWhat::Planned(1),
                done(Outcome::Passed),
                ended(
                    RunOutcome::RunnerBroken {
                        message: "pytest is gone".to_owned(),
                    },
                    &[Outcome::Passed, Outcome::Passed],
                ),
            ],
            &expect![[r#"
                {"kind":"begin","title":"Tests: roman (pytest)","cancellable":true}
                {"kind":"report","cancellable":true,"message":"1"}
                {"kind":"report","cancellable":true,"message":"1/1"}
                {"kind":"report","cancellable":true,"message":"2/1"}
                {"kind":"end","message":"runner broken after 1.2 s: 2 passed"}
            "#]],
        );
        check(
            &[ended(RunOutcome::DidNotBuild, &[])],
            &expect![[r#"
            {"kind":"begin","title":"Tests: roman (pytest)","cancellable":true}
            {"kind":"end","message":"did not build after 1.2 s"}
        "#]],
        );
    }

    #[test]
    fn a_token_names_its_run() {
        assert_eq!(run_of(&token(RunId(12))), Some(RunId(12)));
        for other in [
            NumberOrString::Number(12),
            NumberOrString::String("12".to_owned()),
            NumberOrString::String("greenward/run/x".to_owned()),
        ] {
            assert_eq!(run_of(&other), None);
        }
    }
}
