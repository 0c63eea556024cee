//! What the results of the targets mean.

use super::{Failed, Goal, TargetResult};
use crate::TestId;

/// Why the cycle cannot begin: there is no target, or one does not fail on the base, or all pass.
pub(super) fn unfit(goal: &Goal, targets: &[TargetResult]) -> Option<Failed> {
    // What is said of all of none always holds.
    if goal.targets.is_empty() {
        return Some(Failed::NoTarget);
    }
    if not_passed(goal, targets).is_empty() {
        return Some(Failed::AlreadyGreen(goal.targets.clone()));
    }
    goal.targets.iter().find_map(|test| {
        let outcome = targets
            .iter()
            .find(|target| target.test == *test)
            .and_then(|target| target.outcome);
        match outcome {
            None => Some(Failed::NotFound(test.clone())),
            Some(outcome) if !outcome.is_bad() => Some(Failed::NotFailing(test.clone())),
            Some(_) => None,
        }
    })
}

/// The targets of the goal that did not report a pass; one of which nothing is said did not.
pub(super) fn not_passed(goal: &Goal, results: &[TargetResult]) -> Vec<TargetResult> {
    let of = |test: &TestId| {
        let test = test.clone();
        let mut found = results.iter().filter(move |result| result.test == test);
        let bad = found.clone().find(|result| !result.is_passed());
        bad.or_else(|| found.next())
    };
    goal.targets
        .iter()
        .map(|test| {
            of(test).cloned().unwrap_or_else(|| TargetResult {
                test: test.clone(),
                outcome: None,
                failure: None,
            })
        })
        .filter(|result| !result.is_passed())
        .collect()
}
