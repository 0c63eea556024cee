//! The steps of a cycle, as the state machine asks for them: each ends with the event that came of it.

use std::time::Duration;

use camino::Utf8PathBuf;
use greenward_core::{Counts, CycleEvent, RunOutcome, Selection, Step, Usage};
use greenward_workspace::objects::CommitId as Version;

use super::attempt::{Task, attempt};
use super::bench::Bench;
use super::clean_room::CleanRoomError;
use super::drive::{Drive, Trouble};
use super::leavings::without_leavings;
use super::means::{commit, version};
use super::network;
use super::notice::CycleWhat;
use super::targets::results;
use super::teller::Teller;
use super::verify::{Question, verify};

/// Carries out a step.
///
/// # Errors
/// If it cannot be: what the cycle then ends with.
pub(super) async fn carry_out(
    drive: &mut Drive,
    bench: &mut Bench,
    teller: &mut Teller,
    step: Step,
) -> Result<CycleEvent, Trouble> {
    match step {
        Step::TakeBaseline => baseline(drive, bench, teller).await,
        Step::Attempt {
            phase,
            number,
            feedback,
            from,
        } => {
            let task = Task {
                phase,
                number,
                feedback,
                from: from.as_ref().map(version).transpose()?,
            };
            let event = attempt(drive, bench, teller, &task).await?;
            // An attempt that came to nothing says so itself.
            if matches!(event, CycleEvent::WorkerReplied { .. }) {
                for note in &bench.left.notes {
                    teller.stage(note);
                }
            }
            Ok(event)
        }
        Step::AwaitWorker { .. } => wait_for_person(drive).await,
        Step::TestTargets { commit } => test_targets(drive, bench, teller, version(&commit)?).await,
        Step::Verify { commit } => judge(drive, bench, teller, version(&commit)?).await,
        Step::Record(event) => Ok(event),
        Step::AwaitResume | Step::AskUser { .. } | Step::Done(_) => {
            Err("a step that nobody carries out".into())
        }
    }
}

async fn baseline(
    drive: &mut Drive,
    bench: &mut Bench,
    teller: &mut Teller,
) -> Result<CycleEvent, Trouble> {
    teller.stage("running all tests on your work as it is");
    let taken = bench.baseline(drive).await?;
    let room = bench.room(drive).await?;
    let folder = room.top().join(drive.means.objects.prefix());
    let wants = room.want().shows(&taken.report, &[]);
    if let RunOutcome::RunnerBroken { message } = &taken.report.outcome {
        let mut error = format!("the tests cannot be run apart from your folder: {message}");
        if wants {
            error = format!("{error}\n{}", network::HINT);
        }
        return Ok(CycleEvent::Broken { error });
    }
    bench.tell_of_network(teller, wants);
    let outcomes = taken.report.results.values().map(|result| result.outcome);
    Ok(CycleEvent::BaselineTaken {
        counts: outcomes.collect::<Counts>(),
        targets: results(&drive.goal().targets, &taken.report, &folder),
    })
}

/// A person works in the editor: all targets pass there at some time.
pub(super) async fn wait_for_person(drive: &mut Drive) -> Result<CycleEvent, Trouble> {
    let stopped = drive.stop.token.clone();
    let state = tokio::select! {
        () = stopped.cancelled() => None,
        state = drive.passing.recv() => state,
    };
    let Some(state) = state else {
        return Ok(drive.stopped());
    };
    let id = drive.id();
    let means = drive.means.clone();
    let number = drive.cycle.attempts();
    let base = version(drive.cycle.base())?;
    type Left = (Version, Vec<Utf8PathBuf>);
    let left = tokio::task::spawn_blocking(move || -> Result<Left, Trouble> {
        let state = without_leavings(&means.objects, base, state, means.now())?;
        means.name(id, &format!("attempt-{number}"), state)?;
        let prefix = means.objects.prefix().to_owned();
        let changes = means.objects.changes(base, state)?;
        let files = changes
            .iter()
            .map(|change| {
                change
                    .path
                    .strip_prefix(&prefix)
                    .unwrap_or(&change.path)
                    .to_owned()
            })
            .collect();
        Ok((state, files))
    });
    let (state, files) = left.await??;
    Ok(CycleEvent::WorkerReplied {
        usage: Usage::default(),
        files,
        commit: commit(state),
        summary: String::new(),
    })
}

async fn test_targets(
    drive: &mut Drive,
    bench: &mut Bench,
    teller: &mut Teller,
    result: Version,
) -> Result<CycleEvent, Trouble> {
    teller.stage("running the targets on the change");
    let composition = bench.composition(drive, result).await?;
    for breach in &composition.breaches {
        let file = breach
            .file
            .strip_prefix(&composition.folder)
            .unwrap_or(&breach.file);
        let note = format!(
            "{file}: {}: this is sealed and was left as it was",
            breach.what
        );
        teller.stage(&note);
        bench.left.notes.push(note);
    }
    let targets = drive.goal().targets.clone();
    let cancel = drive.stop.token.clone();
    let room = bench.room(drive).await?;
    room.stand(composition.state).await?;
    let report = room.run(Selection::Items(targets.clone()), &cancel).await?;
    let wants = room.want().shows(&report, &targets);
    bench.tell_of_network(teller, wants);
    Ok(CycleEvent::Tested {
        commit: commit(result),
        targets: results(&targets, &report, &composition.folder),
    })
}

async fn judge(
    drive: &mut Drive,
    bench: &mut Bench,
    teller: &mut Teller,
    result: Version,
) -> Result<CycleEvent, Trouble> {
    teller.stage("verifying");
    let composition = bench.composition(drive, result).await?;
    let baseline = bench.baseline(drive).await?;
    let goal = drive.goal().clone();
    let settings = drive.settings.clone();
    let clock = drive.means.clock;
    let cancel = drive.stop.token.clone();
    let room = bench.room(drive).await?;
    let question = Question {
        goal: &goal,
        baseline: &baseline,
        composition: &composition,
        repeat: settings.cycle.repeat,
        mutation: Duration::from_secs(settings.cycle.mutation_seconds.into()),
        clock,
    };
    let mut tell = |check: &greenward_core::Check| teller.tell(CycleWhat::Checked(check.clone()));
    let verdict = match verify(room, &question, &cancel, &mut tell).await {
        Ok(verdict) => verdict,
        Err(CleanRoomError::Cancelled) => return Ok(drive.stopped()),
        Err(error) => return Err(error.into()),
    };
    let wants = room.want().fails(&verdict.checks);
    bench.tell_of_network(teller, wants);
    if verdict.is_passed() {
        // What comes to the user is what was verified, not all that the worker left.
        let (means, id, kept) = (drive.means.clone(), drive.id(), composition.kept);
        tokio::task::spawn_blocking(move || means.name(id, "result", kept)).await??;
    }
    Ok(CycleEvent::Verified {
        commit: commit(result),
        verdict,
    })
}
