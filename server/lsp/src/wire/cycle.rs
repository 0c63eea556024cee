//! Cycles over the wire. `greenward green --json` prints the same.

use greenward_core as core;
use greenward_engine as engine;
use greenward_protocol::cycle;

use super::{Places, failure, milliseconds, outcome};

/// An event of a cycle.
#[must_use]
pub fn cycle_event(notice: &engine::CycleNotice, places: &impl Places) -> cycle::CycleEvent {
    cycle::CycleEvent {
        cycle: notice.cycle.0,
        sequence: notice.sequence,
        what: cycle_what(&notice.what, places),
    }
}

fn cycle_what(what: &engine::CycleWhat, places: &impl Places) -> cycle::CycleWhat {
    use engine::CycleWhat;
    match what {
        CycleWhat::Began(summary) => cycle::CycleWhat::CycleBegan(cycle_state(summary)),
        CycleWhat::Phase { phase, attempt, of } => cycle::CycleWhat::Phase {
            phase: self::phase(*phase),
            attempt: *attempt,
            of: *of,
        },
        CycleWhat::Stage(stage) => cycle::CycleWhat::Stage {
            stage: stage.clone(),
        },
        CycleWhat::Said(text) => cycle::CycleWhat::Said { text: text.clone() },
        CycleWhat::Replied {
            usage,
            files,
            summary,
        } => cycle::CycleWhat::Replied {
            usage: self::usage(*usage),
            files: files.iter().map(ToString::to_string).collect(),
            summary: summary.clone(),
        },
        CycleWhat::WorkerFailed(message) => cycle::CycleWhat::WorkerFailed {
            message: message.clone(),
        },
        CycleWhat::WayOut(way, reason) => cycle::CycleWhat::WayOut {
            way: match way {
                core::WayOut::SpecConflict => cycle::WayOut::SpecConflict,
                core::WayOut::TestWrong => cycle::WayOut::TestWrong,
                core::WayOut::Blocked => cycle::WayOut::Blocked,
            },
            reason: reason.clone(),
        },
        CycleWhat::Tested(targets) => cycle::CycleWhat::Tested {
            targets: targets
                .iter()
                .map(|target| self::target(target, places))
                .collect(),
        },
        CycleWhat::Checked(check) => cycle::CycleWhat::Checked(self::check(check)),
        CycleWhat::Ended(summary) => cycle::CycleWhat::CycleEnded(cycle_state(summary)),
    }
}

/// How a cycle stands.
#[must_use]
pub fn cycle_state(summary: &engine::CycleSummary) -> cycle::CycleState {
    cycle::CycleState {
        id: summary.id.0,
        project: summary.project.to_string(),
        worker: summary.worker.clone(),
        targets: summary.targets.iter().map(ToString::to_string).collect(),
        phase: phase(summary.phase),
        ending: summary.ending.map(|ending| match ending {
            core::EndingKind::Complete => cycle::Ending::Complete,
            core::EndingKind::Failed => cycle::Ending::Failed,
            core::EndingKind::Stuck => cycle::Ending::Stuck,
            core::EndingKind::Cancelled => cycle::Ending::Cancelled,
        }),
        reason: summary.reason.clone(),
        review: summary.review.map(|review| match review {
            core::Review::Applied => cycle::Review::Applied,
            core::Review::Discarded => cycle::Review::Discarded,
        }),
        opened_at: milliseconds(summary.opened_at),
        last_at: milliseconds(summary.last_at),
        files: summary.files.iter().map(ToString::to_string).collect(),
        attempts: summary.attempts,
        usage: usage(summary.usage),
        checks: summary
            .verdict
            .iter()
            .flat_map(|verdict| &verdict.checks)
            .map(check)
            .collect(),
    }
}

pub(super) fn phase(phase: core::Phase) -> cycle::Phase {
    match phase {
        core::Phase::Pending => cycle::Phase::Pending,
        core::Phase::Red => cycle::Phase::Red,
        core::Phase::Green => cycle::Phase::Green,
        core::Phase::Refactor => cycle::Phase::Refactor,
        core::Phase::Verify => cycle::Phase::Verify,
        core::Phase::Complete => cycle::Phase::Complete,
        core::Phase::Failed => cycle::Phase::Failed,
        core::Phase::Stuck => cycle::Phase::Stuck,
    }
}

fn usage(usage: core::Usage) -> cycle::Usage {
    #[expect(
        clippy::cast_precision_loss,
        reason = "far more money than anybody has is still exact"
    )]
    let cost = usage.cost_microdollars.map(|cost| cost as f64 / 1e6);
    cycle::Usage {
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        cost,
        estimated: usage.estimated,
    }
}

fn target(target: &core::TargetResult, places: &impl Places) -> cycle::Target {
    cycle::Target {
        test: target.test.to_string(),
        outcome: target.outcome.map(outcome),
        failure: target.failure.as_ref().map(|why| failure(why, places)),
    }
}

/// A check of a verdict.
#[must_use]
pub fn check(check: &core::Check) -> cycle::Check {
    let (outcome, why) = match &check.outcome {
        core::CheckOutcome::Passed => (cycle::CheckOutcome::Passed, None),
        core::CheckOutcome::Failed => (cycle::CheckOutcome::Failed, None),
        core::CheckOutcome::Skipped { why } => (cycle::CheckOutcome::Skipped, Some(why.clone())),
        core::CheckOutcome::Noted => (cycle::CheckOutcome::Noted, None),
    };
    cycle::Check {
        check: check.kind.name().to_owned(),
        question: check.kind.question().to_owned(),
        outcome,
        why,
        evidence: check.evidence.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;
    use crate::wire::Bytes;
    use expect_test::expect;

    fn line(what: engine::CycleWhat) -> String {
        let notice = engine::CycleNotice {
            cycle: core::CycleId(7),
            sequence: 3,
            what,
        };
        serde_json::to_string(&cycle_event(&notice, &Bytes)).unwrap() + "\n"
    }

    #[test]
    fn events_bear_their_cycle_and_number() {
        use engine::CycleWhat;
        let usage = core::Usage {
            input_tokens: 900,
            output_tokens: 100,
            cost_microdollars: Some(31_000),
            estimated: false,
        };
        let test = samples::id("a.py::four");
        let lines: String = [
            CycleWhat::Phase {
                phase: core::Phase::Green,
                attempt: 2,
                of: 4,
            },
            CycleWhat::Stage("waiting for local".to_owned()),
            CycleWhat::Replied {
                usage,
                files: vec!["a.py".into()],
                summary: "four is IV".to_owned(),
            },
            CycleWhat::WayOut(core::WayOut::TestWrong, "it asks for IIII".to_owned()),
            CycleWhat::Tested(vec![core::TargetResult {
                test,
                outcome: None,
                failure: None,
            }]),
            CycleWhat::Checked(core::Check {
                kind: core::CheckKind::NothingElse,
                outcome: core::CheckOutcome::Skipped {
                    why: "nothing to compare".to_owned(),
                },
                evidence: vec!["39 of 39".to_owned()],
            }),
        ]
        .map(line)
        .concat();
        expect![[r#"
            {"cycle":7,"sequence":3,"event":"phase","phase":"green","attempt":2,"of":4}
            {"cycle":7,"sequence":3,"event":"stage","stage":"waiting for local"}
            {"cycle":7,"sequence":3,"event":"replied","usage":{"inputTokens":900,"outputTokens":100,"cost":0.031,"estimated":false},"files":["a.py"],"summary":"four is IV"}
            {"cycle":7,"sequence":3,"event":"wayOut","way":"testWrong","reason":"it asks for IIII"}
            {"cycle":7,"sequence":3,"event":"tested","targets":[{"test":"pytest:.#a.py::four"}]}
            {"cycle":7,"sequence":3,"event":"checked","check":"nothing else","question":"Does all else that passed before still pass, with no test skipped or gone?","outcome":"skipped","why":"nothing to compare","evidence":["39 of 39"]}
        "#]]
        .assert_eq(&lines);
    }
}
