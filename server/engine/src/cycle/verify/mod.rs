//! The verdict: what the daemon finds out by itself about a change.
//!
//! Everything runs in a clean room, and every run begins from a saved state that the room is
//! brought to first: whatever an earlier run did to its files is undone. A check that fails ends
//! the gathering; those after it are skipped.

mod checks;
mod replay;
mod worlds;

use std::ops::RangeInclusive;
use std::time::Duration;

use greenward_core::{
    Check, CheckKind, CheckOutcome, Goal, RunOutcome, Selection, TestId, Verdict,
};
use greenward_frameworks::Files;
use greenward_workspace::objects::CommitId;
use tokio_util::sync::CancellationToken;

use super::clean_room::{CleanRoom, CleanRoomError};
use super::composition::Composition;
use super::report::{Report, covers};
use checks::Before;

/// How many slips are tried at most.
const MUTANTS: usize = 24;
/// How long the targets may take on one slip, its build included.
const SLIP_LIMIT: Duration = Duration::from_secs(10);

/// How the tests stand on the base.
#[derive(Debug, Clone)]
pub(crate) struct Baseline {
    /// The run of everything.
    pub(crate) report: Report,
    before: Before,
}

impl Baseline {
    /// Runs everything on the base. Where it does not build, because a target names what is not
    /// there yet, everything but the targets; where that does not build either, everything but
    /// their files.
    ///
    /// # Errors
    /// If the room fails, or the run is cancelled.
    pub(crate) async fn take(
        room: &mut CleanRoom,
        goal: &Goal,
        base: CommitId,
        cancel: &CancellationToken,
    ) -> Result<Self, CleanRoomError> {
        room.stand(base).await?;
        let report = room.run(Selection::All, cancel).await?;
        let goals: Vec<TestId> = goal.targets.iter().chain(&goal.held_out).cloned().collect();
        let mut partial = false;
        let mut rest = report.clone();
        if report.trouble().is_some() {
            partial = true;
            let without = room.without(base, &goals).await?;
            room.stand(without).await?;
            rest = room.run(Selection::All, cancel).await?;
            if rest.trouble().is_some() {
                let others = room.other_units(&goals);
                if others.is_empty() {
                    rest = Report::begun();
                } else {
                    rest = room.run(Selection::Units(others), cancel).await?;
                }
            }
        }
        let outcomes = rest
            .results
            .iter()
            .filter(|(test, _)| !goals.iter().any(|goal| covers(goal, test)))
            .map(|(test, result)| (test.clone(), result.outcome))
            .collect();
        Ok(Self {
            report,
            before: Before {
                targets: goals,
                outcomes,
                partial,
            },
        })
    }
}

/// What is to be judged.
pub(crate) struct Question<'a> {
    pub(crate) goal: &'a Goal,
    pub(crate) baseline: &'a Baseline,
    pub(crate) composition: &'a Composition,
    /// How often the targets must pass.
    pub(crate) repeat: u32,
    /// How long slips are tried.
    pub(crate) mutation: Duration,
    /// The time since the Unix epoch.
    pub(crate) clock: fn() -> Duration,
}

/// Gathers the evidence. `tell` is told of each check when it has been made.
///
/// # Errors
/// If the room fails, or it is cancelled: then there is no verdict.
pub(crate) async fn verify(
    room: &mut CleanRoom,
    question: &Question<'_>,
    cancel: &CancellationToken,
    tell: &mut (dyn FnMut(&Check) + Send),
) -> Result<Verdict, CleanRoomError> {
    let mut gathering = Gathering {
        room,
        question,
        cancel,
        verdict: Verdict::default(),
        tell,
    };
    gathering.gather().await?;
    Ok(gathering.verdict)
}

struct Gathering<'a> {
    room: &'a mut CleanRoom,
    question: &'a Question<'a>,
    cancel: &'a CancellationToken,
    verdict: Verdict,
    tell: &'a mut (dyn FnMut(&Check) + Send),
}

impl Gathering<'_> {
    /// Adds a check. Whether to go on.
    fn add(&mut self, check: Check) -> bool {
        (self.tell)(&check);
        let goes_on = check.outcome != CheckOutcome::Failed;
        self.verdict.checks.push(check);
        goes_on
    }

    async fn gather(&mut self) -> Result<(), CleanRoomError> {
        if !self.all().await? {
            let made: Vec<CheckKind> = self.verdict.checks.iter().map(|check| check.kind).collect();
            for kind in CheckKind::ALL {
                if !made.contains(&kind) {
                    let why = "a check before it has failed";
                    self.verdict.checks.push(checks::skipped(kind, why));
                }
            }
        }
        Ok(())
    }

    /// Makes every check until one fails. Whether none has.
    async fn all(&mut self) -> Result<bool, CleanRoomError> {
        let question = self.question;
        let (goal, composition) = (question.goal, question.composition);
        let breaches: Vec<String> = composition
            .breaches
            .iter()
            .map(|finding| checks::line(finding, &composition.folder))
            .collect();
        if !self.add(checks::sealed(composition.changed.len(), &breaches)) {
            return Ok(false);
        }

        let all = self.run_on(Selection::All).await?;
        let mut runs = vec![all];
        let goals: Vec<TestId> = goal.targets.iter().chain(&goal.held_out).cloned().collect();
        for _ in 1..question.repeat.max(2) {
            if goal.targets.iter().all(|target| runs[0].passed(target)) {
                runs.push(self.run_on(Selection::Items(goals.clone())).await?);
            }
        }
        let each: Vec<&Report> = runs.iter().collect();
        if !self.add(checks::targets(&goal.targets, &each)) {
            return Ok(false);
        }

        let before = &question.baseline.before;
        let suspects = checks::suspects(before, &runs[0]);
        let again = if suspects.is_empty() {
            None
        } else {
            Some(self.run_on(Selection::Items(suspects)).await?)
        };
        if !self.add(checks::nothing_else(before, &runs[0], again.as_ref())) {
            return Ok(false);
        }
        if !self.add(checks::held_out(&goal.held_out, &runs[0])) {
            return Ok(false);
        }
        if !self.add(checks::revert(&goal.targets, &question.baseline.report)) {
            return Ok(false);
        }
        if !self.twins(&goals).await? {
            return Ok(false);
        }
        let state = question.composition.state;
        let replayed = replay::check(self.room, state, &goals, self.cancel).await?;
        if !self.add(replayed) {
            return Ok(false);
        }
        self.mutation(&goals).await?;
        self.warnings().await?;
        Ok(true)
    }

    /// Runs tests on the composed state, as it is.
    async fn run_on(&mut self, selection: Selection) -> Result<Report, CleanRoomError> {
        self.room.stand(self.question.composition.state).await?;
        self.room.run(selection, self.cancel).await
    }

    async fn twins(&mut self, goals: &[TestId]) -> Result<bool, CleanRoomError> {
        let state = self.question.composition.state;
        self.room.stand(state).await?;
        let planted = self.room.twins(goals).await?;
        let file_of = self.room.files_of(goals);
        let worlds = worlds::worlds(self.room.project(), &planted, &file_of);
        let mut judged = Vec::new();
        for world in worlds {
            let files: Vec<_> = world
                .files
                .into_iter()
                .map(|(path, text)| (path, Some(text)))
                .collect();
            let standing = self.room.with(state, &files).await?;
            self.room.stand(standing).await?;
            let ids = world.twins.iter().map(|twin| twin.id.clone()).collect();
            let report = self.room.run(Selection::Items(ids), self.cancel).await?;
            judged.push((world.twins, report));
        }
        Ok(self.add(checks::canary(&judged)) && self.add(checks::twins(&judged, &planted.without)))
    }

    /// Small slips in the changed lines, as long as there is time.
    async fn mutation(&mut self, goals: &[TestId]) -> Result<(), CleanRoomError> {
        let question = self.question;
        if question.mutation.is_zero() {
            self.add(checks::skipped(
                CheckKind::Mutation,
                "switched off in the settings",
            ));
            return Ok(());
        }
        let began = (question.clock)();
        let mut slips = Vec::new();
        let files = &question.composition.changed;
        for file in files {
            let lines: Vec<RangeInclusive<u32>> = file.lines.clone();
            let share = MUTANTS.div_ceil(files.len().max(1));
            let project = self.room.project();
            for mutant in project.mutants(&file.path, &file.text, &lines, share) {
                slips.push((file, mutant));
            }
        }
        let (mut tried, mut unbuilt) = (0, 0);
        let mut survivors = Vec::new();
        let total = slips.len();
        for (file, slip) in slips {
            let spent = (question.clock)().saturating_sub(began);
            if spent >= question.mutation {
                break;
            }
            let text = slip.apply(&file.text);
            let state = question.composition.state;
            let slipped = self
                .room
                .with(state, &[(file.path.clone(), Some(text))])
                .await?;
            self.room.stand(slipped).await?;
            // A slip can make a loop endless, which is one way to notice it.
            let limit = SLIP_LIMIT.min(question.mutation.saturating_sub(spent));
            let selection = Selection::Items(goals.to_vec());
            let ended = self.room.run_within(selection, limit, self.cancel).await?;
            let Some(report) = ended else {
                tried += usize::from(limit == SLIP_LIMIT);
                continue;
            };
            if report.outcome == RunOutcome::DidNotBuild {
                unbuilt += 1;
                continue;
            }
            tried += 1;
            if goals.iter().all(|goal| report.passed(goal)) {
                let path = file.path.strip_prefix(&question.composition.folder);
                let path = path.unwrap_or(&file.path);
                survivors.push(format!(
                    "no target notices {path}:{}: {}",
                    slip.line + 1,
                    slip.description
                ));
            }
        }
        let killed = tried - survivors.len();
        let summary =
            format!("{killed} of {tried} slips in the changed lines were noticed by the targets");
        let check = if tried == 0 && total == 0 {
            checks::skipped(
                CheckKind::Mutation,
                "nothing in the changed lines can be varied",
            )
        } else if tried == 0 {
            let why = if unbuilt > 0 {
                "no slip compiled"
            } else {
                "there was no time"
            };
            checks::skipped(CheckKind::Mutation, why)
        } else if survivors.is_empty() {
            Check {
                kind: CheckKind::Mutation,
                outcome: CheckOutcome::Passed,
                evidence: vec![summary],
            }
        } else {
            survivors.insert(0, summary);
            checks::noted(CheckKind::Mutation, survivors)
        };
        self.add(check);
        Ok(())
    }

    async fn warnings(&mut self) -> Result<(), CleanRoomError> {
        let composition = self.question.composition;
        let mut lines: Vec<String> = composition
            .warnings
            .iter()
            .map(|finding| checks::line(finding, &composition.folder))
            .collect();
        let files = self.room.files_of(&self.question.goal.targets);
        let tests: Vec<_> = files
            .values()
            .filter_map(|path| self.room.files().read(path))
            .collect();
        let tests: Vec<&str> = tests.iter().map(|text| &**text).collect();
        for file in &composition.changed {
            let project = self.room.project();
            let found = project.warnings(&file.path, file.base.as_deref(), &file.text, &tests);
            lines.extend(
                found
                    .iter()
                    .map(|finding| checks::line(finding, &composition.folder)),
            );
        }
        lines.dedup();
        let want = self.room.want();
        let openness = |isolation| checks::openness(isolation, want.setting);
        lines.extend(want.isolation.and_then(openness));
        self.add(checks::noted(CheckKind::Warnings, lines));
        Ok(())
    }
}
