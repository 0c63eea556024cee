//! One attempt of a worker: its lane, what it is told, its turn, and what it left.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{CycleEvent, Feedback, Phase, TargetResult, Usage, WayOut};
use greenward_workers::{Entry, Recorder, Turn, Worker, WorkerError};
use greenward_workspace::lane::{Lane, Purpose};
use greenward_workspace::objects::CommitId as Version;
use tokio::sync::mpsc;

use super::bench::Bench;
use super::briefing::Briefing;
use super::confinement;
use super::drive::{Drive, Trouble};
use super::leavings::without_leavings;
use super::means::commit;
use super::steps::wait_for_person;
use super::targets::results;
use super::teller::Teller;
use super::turn::{self, LeftOut};
use crate::error::chain;

/// How many files a change may have. Each is held against the tests, parsed and merged.
const MOST: usize = 2000;

/// Tokens of code in a prompt for a worker whose settings do not say.
const CONTEXT: u64 = 32_000;

/// What a worker is asked for.
pub(super) struct Task {
    pub(super) phase: Phase,
    /// The attempt's number.
    pub(super) number: u32,
    /// What came of the last attempt.
    pub(super) feedback: Option<Feedback>,
    /// What is to be tidied, in the phase refactor.
    pub(super) from: Option<Version>,
}

pub(super) async fn attempt(
    drive: &mut Drive,
    bench: &mut Bench,
    teller: &mut Teller,
    task: &Task,
) -> Result<CycleEvent, Trouble> {
    let given = bench.given(drive).await?;
    let start = match task.from {
        Some(passing) => bench.composition(drive, passing).await?.kept,
        None => bench.kept.unwrap_or(given),
    };
    // Recorded before the worker has the task.
    let (phase, number) = (task.phase, task.number);
    drive
        .record(CycleEvent::AttemptStarted { phase, number })
        .await?;
    if matches!(drive.worker, Worker::Human) {
        return wait_for_person(drive).await;
    }
    let lane = stand_lane(drive, bench, start).await?;
    let turn = brief(drive, bench, &lane, start, task).await?;
    bench.left = LeftOut::default();
    teller.stage(&format!("waiting for {}", drive.cycle.worker()));
    let time = drive.cycle.time_left((drive.means.clock)());
    let replied = take_turn(drive, teller, &turn, time).await;
    let (lane, event) = finish_turn(drive, bench, lane, &turn, given, start, task, replied).await?;
    bench.lane = Some(lane);
    Ok(event)
}

/// The worker's lane, at a state.
async fn stand_lane(drive: &Drive, bench: &mut Bench, state: Version) -> Result<Lane, Trouble> {
    let lanes = drive.means.lanes.clone();
    let name = format!("cycle-{}", drive.id());
    let at = drive.means.now();
    let held = bench.lane.take();
    tracing::debug!(%name, "a lane is wanted");
    let taken = tokio::task::spawn_blocking(move || match held {
        Some(mut lane) => match lane.stand(state) {
            Ok(_) => Ok(lane),
            // It was removed: another takes its place.
            Err(error) => {
                tracing::warn!(%error, "a lane is given up");
                drop(lane);
                lanes.take(Purpose::Work, &name, state, at)
            }
        },
        None => lanes.take(Purpose::Work, &name, state, at),
    });
    let lane = taken.await??;
    tracing::debug!(place = %lane.top(), "a lane is there");
    Ok(lane)
}

/// What the worker is asked. The clean room has been read already, so it stands in for the lane: it
/// is brought to the state that the lane has.
async fn brief(
    drive: &Drive,
    bench: &mut Bench,
    lane: &Lane,
    state: Version,
    task: &Task,
) -> Result<Turn, Trouble> {
    let baseline = bench.baseline(drive).await?;
    let goal = drive.goal().clone();
    let left = bench.left.clone();
    let manner = drive.worker.manner();
    let budget = match &drive.worker {
        Worker::Model(model) => model.context_tokens(),
        _ => CONTEXT,
    };
    let room = bench.room(drive).await?;
    room.stand(state).await?;
    let (project, files) = (room.project().clone(), room.files().clone());
    let (top, lane_top) = (room.top().to_owned(), lane.top().to_owned());
    let outcomes = baseline.report.results.clone();
    let mut file_of = std::collections::BTreeMap::new();
    let mut others = Vec::new();
    for item in room.room().items() {
        let Some(file) = item.file.clone() else {
            continue;
        };
        if goal.targets.contains(&item.id) {
            file_of.insert(item.id.clone(), file);
        } else if let Some(result) = outcomes.get(&item.id) {
            others.push((item.id.clone(), file, result.outcome));
        }
    }
    let folder = top.join(drive.means.objects.prefix());
    let mut base = results(&goal.targets, &baseline.report, &folder);
    let mut feedback = task.feedback.clone();
    let changed = match task.phase {
        Phase::Refactor => {
            let prefix = drive.means.objects.prefix();
            let files = drive.cycle.files().iter();
            files.map(|file| prefix.join(file)).collect()
        }
        _ => Vec::new(),
    };
    let phase = task.phase;
    relocate(&mut base, &top, &lane_top);
    if let Some(feedback) = &mut feedback {
        relocate_feedback(feedback, &top, &lane_top);
    }
    let prompt = tokio::task::spawn_blocking(move || {
        Briefing {
            project: &project,
            files: &*files,
            top: &top,
            lane: &lane_top,
            file_of: &file_of,
            others: &others,
            targets: &goal.targets,
            base: &base,
            phase,
            changed: &changed,
            feedback: feedback.as_ref(),
            left: &left,
            budget,
            manner,
        }
        .prompt()
    })
    .await?;
    let scratch = drive
        .means
        .tools
        .cache
        .join("prompts")
        .join(format!("cycle-{}", drive.id()));
    tokio::fs::create_dir_all(&scratch).await?;
    let targets = drive.goal().targets.iter();
    let targets: Vec<String> = targets.map(ToString::to_string).collect();
    Ok(Turn {
        phase: match task.phase {
            Phase::Refactor => greenward_workers::Phase::Refactor,
            _ => greenward_workers::Phase::Green,
        },
        attempt: task.number,
        task: greenward_workers::prompt::task(&targets),
        targets,
        prompt,
        lane: lane.workspace(),
        scratch,
        access: confinement::of_lane(
            lane.top(),
            &drive.goal().folder,
            bench.room(drive).await?.secrets(),
            &drive.means.tools.env,
        ),
    })
}

/// Failures come from the clean room; the worker is told of its own lane.
fn relocate(results: &mut [TargetResult], from: &Utf8Path, to: &Utf8Path) {
    let moved = |path: &Utf8PathBuf| match path.strip_prefix(from) {
        Ok(inside) => to.join(inside),
        Err(_) => path.clone(),
    };
    for failure in results
        .iter_mut()
        .filter_map(|result| result.failure.as_mut())
    {
        let frames = failure.frames.iter_mut().map(|frame| &mut frame.location);
        for location in frames.chain(&mut failure.location) {
            location.file = moved(&location.file);
        }
        failure.message = failure.message.replace(from.as_str(), to.as_str());
    }
}

fn relocate_feedback(feedback: &mut Feedback, from: &Utf8Path, to: &Utf8Path) {
    match feedback {
        Feedback::Tests(results) => relocate(results, from, to),
        Feedback::WorkerFailed {
            before: Some(before),
            ..
        } => relocate_feedback(before, from, to),
        Feedback::WorkerFailed { before: None, .. } | Feedback::Verdict(_) => {}
    }
}

async fn take_turn(
    drive: &mut Drive,
    teller: &mut Teller,
    turn: &Turn,
    time: Duration,
) -> Result<greenward_workers::TurnReply, WorkerError> {
    let (progress, mut said) = mpsc::unbounded_channel();
    let cancel = drive.stop.token.clone();
    let worker = &mut drive.worker;
    let working = async {
        let reply = tokio::time::timeout(time, worker.turn(turn, &cancel, &progress)).await;
        drop(progress);
        reply.unwrap_or(Err(WorkerError::TimedOut { limit: time }))
    };
    let listening = async {
        while let Some(progress) = said.recv().await {
            teller.progress(progress);
        }
    };
    tokio::join!(working, listening).0
}

#[expect(
    clippy::too_many_arguments,
    reason = "these are what a turn consists of"
)]
async fn finish_turn(
    drive: &Drive,
    bench: &mut Bench,
    mut lane: Lane,
    turn: &Turn,
    given: Version,
    start: Version,
    task: &Task,
    replied: Result<greenward_workers::TurnReply, WorkerError>,
) -> Result<(Lane, CycleEvent), Trouble> {
    let reply = match replied {
        Ok(reply) => reply,
        Err(error) => {
            let event = CycleEvent::WorkerFailed {
                retryable: error.may_pass(),
                error: chain(&error),
                usage: Usage::default(),
            };
            return Ok((lane, event));
        }
    };
    let usage = Usage {
        input_tokens: reply.usage.input_tokens,
        output_tokens: reply.usage.output_tokens,
        cost_microdollars: reply.usage.cost_microdollars,
        estimated: reply.usage.estimated,
    };
    let name = greenward_workspace::objects::references::RefName::new(format!(
        "cycles/{}/attempt-{}",
        drive.id(),
        task.number
    ))?;
    let (objects, at) = (drive.means.objects.clone(), drive.means.now());
    let id = drive.id();
    let prefix = objects.prefix().to_owned();
    let recording = drive.means.recording(id);
    let (number, turn) = (task.number, turn.clone());
    // Where something is to be tidied, to leave it as it is is an answer.
    let passing = task
        .from
        .map(|from| (commit(from), drive.cycle.files().to_vec()));
    type Done = (Lane, CycleEvent, LeftOut);
    let done =
        tokio::task::spawn_blocking(move || -> Result<Done, Trouble> {
            let failed = |error: String| CycleEvent::WorkerFailed {
                error,
                retryable: true,
                usage,
            };
            let nothing = |summary: String, mut left: LeftOut| match passing {
                Some((commit, files)) => {
                    left.malformed.clear();
                    let event = CycleEvent::WorkerReplied {
                        usage,
                        files,
                        commit,
                        summary,
                    };
                    (event, left)
                }
                None => (failed(left.words()), left),
            };
            let outcome = turn::carry_out(&lane, &reply)?;
            let (summary, mut left) = match outcome {
                turn::Outcome::Written { summary, left } => (summary, left),
                turn::Outcome::Untouched { summary, left } => {
                    keep(&recording, &Entry::of(&turn, &reply, &Default::default()));
                    let (event, left) = nothing(summary, left);
                    return Ok((lane, event, left));
                }
                turn::Outcome::Useless(left) => {
                    keep(&recording, &Entry::of(&turn, &reply, &Default::default()));
                    return Ok((lane, failed(left.words()), left));
                }
                turn::Outcome::WayOut(way) => {
                    keep(&recording, &Entry::of(&turn, &reply, &Default::default()));
                    let event = CycleEvent::WayOut {
                        way: way_of(way.kind),
                        reason: way.reason,
                        usage,
                    };
                    return Ok((lane, event, LeftOut::default()));
                }
            };
            let saved = match lane.save(&name, &format!("Cycle {id}, attempt {number}"), at) {
                Ok(saved) => saved,
                Err(error) => {
                    left.notes.push(chain(&error));
                    return Ok((lane, failed(left.words()), left));
                }
            };
            left.notes.extend(saved.refused.iter().map(|refused| {
                format!("{} was left out: {}", refused.path, refused.why.explain())
            }));
            let left_by_worker = without_leavings(&objects, given, saved.commit, at)?;
            objects.set_reference(&name, left_by_worker)?;
            let changes = objects.changes(start, left_by_worker)?;
            if changes.len() > MOST {
                left.notes.push(format!(
                    "{} files were changed: a change of more than {MOST} is not judged",
                    changes.len()
                ));
                return Ok((lane, failed(left.words()), left));
            }
            let files = changes
                .iter()
                .map(|change| {
                    let text = change.after.as_ref().and_then(|after| after.text());
                    (change.path.to_string(), text.map(str::to_owned))
                })
                .collect();
            keep(&recording, &Entry::of(&turn, &reply, &files));
            if changes.is_empty() {
                left.notes.push("nothing was changed".to_owned());
                let (event, left) = nothing(summary, left);
                return Ok((lane, event, left));
            }
            let differing = objects.changes(given, left_by_worker)?;
            let event = CycleEvent::WorkerReplied {
                usage,
                files: differing
                    .iter()
                    .map(|change| {
                        change
                            .path
                            .strip_prefix(&prefix)
                            .unwrap_or(&change.path)
                            .to_owned()
                    })
                    .collect(),
                commit: commit(left_by_worker),
                summary,
            };
            Ok((lane, event, left))
        });
    let (lane, event, left) = done.await??;
    bench.left = left;
    Ok((lane, event))
}

/// Adds a turn to the cycle's recording. One that cannot be kept is no reason to stop.
fn keep(recording: &Utf8Path, entry: &Entry) {
    let kept = Recorder::open(recording).and_then(|mut recorder| recorder.record(entry));
    if let Err(error) = kept {
        tracing::warn!(%error, "a turn could not be recorded");
    }
}

fn way_of(kind: greenward_workers::WayOutKind) -> WayOut {
    match kind {
        greenward_workers::WayOutKind::SpecConflict => WayOut::SpecConflict,
        greenward_workers::WayOutKind::TestWrong => WayOut::TestWrong,
        greenward_workers::WayOutKind::Blocked => WayOut::Blocked,
    }
}
