//! What runs say of the targets of a cycle.

use greenward_core::{Failure, Outcome, RunOutcome, TargetResult, TestId};

use super::report::Report;

/// What became of targets in a run. One that could not be built is errored.
pub(super) fn results(targets: &[TestId], report: &Report) -> Vec<TargetResult> {
    let of = |test: &TestId| {
        let worst = report
            .of(test)
            .max_by_key(|(_, result)| (result.outcome != Outcome::Passed, result.outcome));
        match worst {
            Some((_, result)) => TargetResult {
                test: test.clone(),
                outcome: Some(result.outcome),
                failure: result.failure.as_deref().cloned(),
            },
            None if report.outcome == RunOutcome::DidNotBuild => TargetResult {
                test: test.clone(),
                outcome: Some(Outcome::Errored),
                failure: Some(unbuilt(report)),
            },
            None => TargetResult {
                test: test.clone(),
                outcome: None,
                failure: report.trouble().map(|message| Failure {
                    message,
                    kind: "run".to_owned(),
                    ..Failure::default()
                }),
            },
        }
    };
    targets.iter().map(of).collect()
}

fn unbuilt(report: &Report) -> Failure {
    let errors: Vec<&str> = report
        .problems
        .iter()
        .filter(|problem| problem.severity == greenward_core::Severity::Error)
        .map(|problem| problem.message.as_str())
        .collect();
    let location = report
        .problems
        .iter()
        .find_map(|problem| problem.location.clone());
    Failure {
        message: match errors.is_empty() {
            true => "it could not be built".to_owned(),
            false => errors.join("\n\n"),
        },
        kind: "build".to_owned(),
        location,
        ..Failure::default()
    }
}
