//! Cycles for the tests of this module.

use std::time::Duration;

use greenward_core::{
    Check, CheckKind, CheckOutcome, CycleId, EndingKind, Framework, Phase, Usage, Verdict,
};
use greenward_engine::{CycleStanding, CycleSummary, Hands};

use crate::samples::{id, project};

fn check(kind: CheckKind, outcome: CheckOutcome, evidence: &str) -> Check {
    Check {
        kind,
        outcome,
        evidence: vec![evidence.to_owned()],
    }
}

/// A cycle of the folder `/w`.
pub(crate) fn in_hands(summary: CycleSummary, hands: Hands) -> CycleStanding {
    CycleStanding {
        folder: "/w".into(),
        summary,
        hands,
    }
}

/// Cycle 7, which goes on.
pub(crate) fn running() -> CycleSummary {
    CycleSummary {
        id: CycleId(7),
        project: project(),
        framework: Framework::Pytest,
        worker: "local".to_owned(),
        targets: vec![id("a.py::test_four")],
        phase: Phase::Green,
        ending: None,
        reason: None,
        review: None,
        opened_at: Duration::ZERO,
        last_at: Duration::from_secs(9),
        run_time: Duration::from_secs(9),
        files: Vec::new(),
        attempts: 1,
        usage: Usage::default(),
        verdict: None,
    }
}

/// Cycle 7, green.
pub(crate) fn complete() -> CycleSummary {
    let why = "no test is held out".to_owned();
    CycleSummary {
        phase: Phase::Complete,
        ending: Some(EndingKind::Complete),
        files: vec!["roman.py".into()],
        usage: Usage {
            input_tokens: 1000,
            output_tokens: 200,
            cost_microdollars: Some(30_000),
            estimated: false,
        },
        verdict: Some(Verdict {
            checks: vec![
                check(
                    CheckKind::Targets,
                    CheckOutcome::Passed,
                    "test_four: passed, passed",
                ),
                check(
                    CheckKind::HeldOut,
                    CheckOutcome::Skipped { why },
                    "there is none",
                ),
            ],
        }),
        ..running()
    }
}

/// Cycle 8, not green.
pub(crate) fn failed() -> CycleSummary {
    CycleSummary {
        id: CycleId(8),
        phase: Phase::Failed,
        ending: Some(EndingKind::Failed),
        reason: Some("the limit of attempts is reached".to_owned()),
        attempts: 4,
        verdict: Some(Verdict {
            checks: vec![check(
                CheckKind::Sealed,
                CheckOutcome::Failed,
                "test_roman.py is not as it was",
            )],
        }),
        ..running()
    }
}
