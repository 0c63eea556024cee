//! The checks of a verdict, each from what runs have said. Pure: running is [`super`]'s.

use std::collections::BTreeMap;

use greenward_core::{Check, CheckKind, CheckOutcome, Outcome, TestId, TestResult};
use greenward_exec::Isolation;
use greenward_frameworks::verify::{Finding, Must, Twin, TwinKind};

use crate::cycle::report::{Report, covers};

/// How many lines of evidence of one sort are kept; a line says how many more there are.
const LINES: usize = 20;

/// A check that holds, or does not: with what speaks for it, and what against it.
fn check(kind: CheckKind, seen: Vec<String>, against: Vec<String>) -> Check {
    let (outcome, evidence) = if against.is_empty() {
        (CheckOutcome::Passed, seen)
    } else {
        (CheckOutcome::Failed, against)
    };
    Check {
        kind,
        outcome,
        evidence: capped(evidence),
    }
}

/// A check that was not made.
pub(super) fn skipped(kind: CheckKind, why: impl Into<String>) -> Check {
    Check {
        kind,
        outcome: CheckOutcome::Skipped { why: why.into() },
        evidence: Vec::new(),
    }
}

/// A check that only tells something.
pub(super) fn noted(kind: CheckKind, evidence: Vec<String>) -> Check {
    let outcome = if evidence.is_empty() {
        CheckOutcome::Passed
    } else {
        CheckOutcome::Noted
    };
    Check {
        kind,
        outcome,
        evidence: capped(evidence),
    }
}

/// What a verdict must say where runs could leave something behind, as by a network that the user
/// lets them share. Nothing where they could not.
pub(super) fn openness(isolation: Isolation, network: bool) -> Option<String> {
    let what = match isolation {
        Isolation::Private if network => {
            "runs of the change share a network, by which one can leave word for later ones: \
             `cycle.network`"
        }
        Isolation::Private => return None,
        Isolation::Porous => {
            "this system lets runs of the change leave word for later ones in the network, or in \
             attributes of files: `greenward doctor` says why"
        }
        Isolation::Refusing => {
            "this system lets runs of the change leave word for later ones in shared memory, in \
             the network, or in attributes of files: `greenward doctor` says why"
        }
        Isolation::None => {
            "this system lets runs of the change write wherever you can: `greenward doctor` says why"
        }
    };
    Some(what.to_owned())
}

fn capped(mut lines: Vec<String>) -> Vec<String> {
    if lines.len() > LINES {
        let more = lines.len() - LINES;
        lines.truncate(LINES);
        lines.push(format!("and {more} more"));
    }
    lines
}

/// Nothing that was sealed has changed.
pub(super) fn sealed(changed: usize, breaches: &[String]) -> Check {
    let files = if changed == 1 { "file" } else { "files" };
    let seen = vec![format!(
        "{changed} source {files} changed; tests, fixtures and configuration are the base's"
    )];
    check(CheckKind::Sealed, seen, breaches.to_vec())
}

/// Every target reports its own pass in every run.
pub(super) fn targets(targets: &[TestId], runs: &[&Report]) -> Check {
    let against = targets
        .iter()
        .flat_map(|target| {
            let missing = runs
                .iter()
                .enumerate()
                .filter(|(_, run)| !run.passed(target));
            missing.map(move |(at, run)| {
                format!(
                    "{target} in run {} of {}: {}",
                    at + 1,
                    runs.len(),
                    run.word(target)
                )
            })
        })
        .collect();
    let seen = targets
        .iter()
        .map(|target| format!("{target} passed in {} runs", runs.len()))
        .collect();
    check(CheckKind::Targets, seen, against)
}

/// What passed before passes now; nothing is newly skipped or gone. `again` is a further run of
/// those that did not pass: what passes there is flaky, and no fault of the change.
pub(super) fn nothing_else(before: &Before, after: &Report, again: Option<&Report>) -> Check {
    let mut against = Vec::new();
    let mut flaky = Vec::new();
    let mut held = 0_usize;
    if let Some(trouble) = after.trouble() {
        against.push(format!("the run of all tests: {trouble}"));
    }
    for (test, was) in &before.outcomes {
        let now = after.results.get(test).map(|result| result.outcome);
        match (was, now) {
            (_, None) => against.push(format!("{test} is gone: it was {}", was.name())),
            (Outcome::Passed, Some(Outcome::Passed)) => held += 1,
            (Outcome::Passed, Some(Outcome::Skipped)) => {
                against.push(format!("{test} is newly skipped"));
            }
            (Outcome::Passed, Some(_)) if again.is_some_and(|again| again.passed(test)) => {
                flaky.push(format!(
                    "{test} failed once and passed when run again: flaky"
                ));
            }
            (Outcome::Passed, Some(_)) => {
                against.push(format!("{test} passed before; now {}", after.word(test)));
            }
            _ => {}
        }
    }
    for (test, result) in unknown_before(before, after) {
        if result.outcome.is_bad() && !again.is_some_and(|again| again.passed(test)) {
            against.push(format!(
                "{test} could not run before; now {}",
                after.word(test)
            ));
        }
    }
    let tests = if held == 1 { "test" } else { "tests" };
    let mut seen = vec![format!("{held} {tests} that passed before still pass")];
    seen.extend(flaky);
    check(CheckKind::NothingElse, seen, against)
}

/// The tests that are to be run again, because they did not pass though they did before, or could
/// not run before.
pub(super) fn suspects(before: &Before, after: &Report) -> Vec<TestId> {
    let bad = |test: &TestId| {
        after
            .results
            .get(test)
            .is_some_and(|result| result.outcome.is_bad())
    };
    let passed = before
        .outcomes
        .iter()
        .filter(|(_, was)| **was == Outcome::Passed)
        .map(|(test, _)| test)
        .filter(|test| bad(test));
    let unknown = unknown_before(before, after)
        .map(|(test, _)| test)
        .filter(|test| bad(test));
    passed.chain(unknown).cloned().collect()
}

/// What reported now and did not before, where not everything could run before.
fn unknown_before<'a>(
    before: &'a Before,
    after: &'a Report,
) -> impl Iterator<Item = (&'a TestId, &'a TestResult)> {
    let new = after
        .results
        .iter()
        .filter(|(test, _)| !before.outcomes.contains_key(test))
        .filter(|(test, _)| !before.targets.iter().any(|target| covers(target, test)));
    new.filter(|_| before.partial)
}

/// How the tests stood on the base, the targets left out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Before {
    /// The targets.
    pub(crate) targets: Vec<TestId>,
    /// What became of each other test.
    pub(crate) outcomes: BTreeMap<TestId, Outcome>,
    /// Whether not all tests could run: the base, or its tests, did not build.
    pub(crate) partial: bool,
}

/// The planted canaries fail.
pub(super) fn canary(worlds: &[(Vec<Twin>, Report)]) -> Check {
    let (seen, against) = judge(worlds, |twin| twin.kind == TwinKind::Canary);
    if seen.is_empty() && against.is_empty() {
        let against = vec!["no test that must fail could be planted beside the targets".to_owned()];
        return check(CheckKind::Canary, seen, against);
    }
    check(CheckKind::Canary, seen, against)
}

/// The targets' twins end as they must.
pub(super) fn twins(worlds: &[(Vec<Twin>, Report)], without: &[(TestId, String)]) -> Check {
    let (mut seen, against) = judge(worlds, |twin| twin.kind != TwinKind::Canary);
    let none = without
        .iter()
        .map(|(test, why)| format!("{test} has no altered twin: {why}"));
    if seen.is_empty() && against.is_empty() {
        let why: Vec<String> = none.collect();
        return skipped(CheckKind::Twins, why.join("; "));
    }
    seen.extend(none);
    check(CheckKind::Twins, seen, against)
}

fn judge(
    worlds: &[(Vec<Twin>, Report)],
    wanted: impl Fn(&Twin) -> bool,
) -> (Vec<String>, Vec<String>) {
    let (mut seen, mut against) = (Vec::new(), Vec::new());
    for (twins, report) in worlds {
        for twin in twins.iter().filter(|twin| wanted(twin)) {
            let holds = match twin.must() {
                Must::Pass => report.passed(&twin.id),
                Must::Fail => report.failed(&twin.id),
            };
            let (what, of) = (&twin.what, &twin.of);
            let line = match twin.kind {
                TwinKind::Faithful => format!("{of} under another name: {}", report.word(&twin.id)),
                TwinKind::Altered => format!("{of}, {what}: {}", report.word(&twin.id)),
                TwinKind::Canary => {
                    format!(
                        "a test beside {of} that fails always: {}",
                        report.word(&twin.id)
                    )
                }
            };
            if holds {
                seen.push(line);
            } else {
                against.push(line);
            }
        }
    }
    (seen, against)
}

/// What the worker never saw passes.
pub(super) fn held_out(tests: &[TestId], run: &Report) -> Check {
    if tests.is_empty() {
        return skipped(CheckKind::HeldOut, "no tests were held out");
    }
    let against = tests
        .iter()
        .filter(|test| !run.passed(test))
        .map(|test| format!("{test}: {}", run.word(test)))
        .collect();
    let seen = tests.iter().map(|test| format!("{test} passed")).collect();
    check(CheckKind::HeldOut, seen, against)
}

/// Without the change, the targets do not pass.
pub(super) fn revert(targets: &[TestId], base: &Report) -> Check {
    let against = targets
        .iter()
        .filter(|target| {
            base.said(target)
                .is_some_and(|counts| counts.passed == counts.total())
        })
        .map(|target| format!("{target} passes without the change"))
        .collect();
    let seen = targets
        .iter()
        .map(|target| format!("without the change {target}: {}", base.word(target)))
        .collect();
    check(CheckKind::Revert, seen, against)
}

/// A finding as a line.
pub(super) fn line(finding: &Finding, folder: &camino::Utf8Path) -> String {
    let file = finding.file.strip_prefix(folder).unwrap_or(&finding.file);
    format!("{file}:{}: {}", finding.lines.start() + 1, finding.what)
}
