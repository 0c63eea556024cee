//! Which tests a cycle is for.

use std::collections::BTreeSet;

use greenward_core::{ItemKind, RunId, RunOutcome, TestId, resolve};
use greenward_engine::{Notice, Query, RunWhat, Which};

use crate::exit::Trouble;
use crate::launch::{self, Session, refused};
use crate::report::words;
use crate::signals::Signals;
use crate::wanted::{Plan, at_line, no_match};

/// The tests that were typed.
pub(super) struct Named {
    /// The tests, each once.
    pub(super) tests: Vec<TestId>,
    /// Whether some of them may pass: more was named than one test.
    pub(super) may_pass: bool,
}

/// The tests that a plan names.
///
/// # Errors
/// If something names none, or the engine ends.
pub(super) async fn named(session: &Session, plan: &Plan) -> Result<Named, Trouble> {
    let mut tests: Vec<TestId> = Vec::new();
    for path in &plan.paths {
        let path = path.clone();
        let file = path.clone();
        let view = session.ask(|reply| Query::File { path, reply }).await?;
        let found = view.items.into_iter().map(|view| view.item);
        let found = found.filter(|item| item.kind == ItemKind::Test);
        let before = tests.len();
        tests.extend(found.map(|item| item.id));
        if tests.len() == before {
            return Err(Trouble::new(format!("{file} has no tests"))
                .hint("name a test, or a file that has tests"));
        }
    }
    if !plan.patterns.is_empty() {
        let names = session.ask(|reply| Query::Names { reply }).await?;
        let selected = resolve(&plan.patterns, &names).map_err(no_match)?;
        tests.extend(selected.tests);
    }
    for (file, line) in &plan.lines {
        tests.extend(at_line(session, file, *line).await?);
    }
    let mut seen = BTreeSet::new();
    tests.retain(|test| seen.insert(test.clone()));
    Ok(Named {
        may_pass: tests.len() > 1,
        tests,
    })
}

/// Those of the tests that fail, by a run of them. Nothing if it was interrupted.
///
/// # Errors
/// If they cannot be run, or the engine ends.
pub(super) async fn failing(
    session: &mut Session,
    signals: &mut Signals,
    tests: &[TestId],
) -> Result<Option<Vec<TestId>>, Trouble> {
    let started = session.run(Which::Items(tests.to_vec())).await?;
    let started = started.map_err(refused)?;
    // Nothing else runs, so that every one of them has begun.
    let mut running: BTreeSet<RunId> = started.iter().filter_map(|run| run.run).collect();
    let mut failing = Vec::new();
    while !running.is_empty() {
        let notice = tokio::select! {
            notice = session.notices.recv() => notice.ok_or_else(launch::ended)?,
            () = signals.next() => return Ok(None),
        };
        let Notice::Run(run) = notice else {
            continue;
        };
        match run.what {
            RunWhat::TestFinished { test, outcome, .. } if outcome.is_bad() => failing.push(test),
            RunWhat::Finished { outcome, .. } => {
                running.remove(&run.run);
                match outcome {
                    // What does not build fails as a whole.
                    RunOutcome::DidNotBuild => return Ok(Some(tests.to_vec())),
                    RunOutcome::RunnerBroken { message } => {
                        return Err(Trouble::new(format!("the tests cannot be run: {message}")));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    // As they were named, whatever the order in which they ran.
    failing.sort_by_cached_key(|failed| {
        let of = tests.iter().position(|test| is_of(test, failed));
        (of, failed.clone())
    });
    Ok(Some(failing))
}

/// How many of the tests that ran fail, and in how many cases: a test with parameters fails once
/// for each of them.
pub(super) fn count(tests: &[TestId], failing: &[TestId]) -> String {
    let fails = |test: &&TestId| failing.iter().any(|failed| is_of(test, failed));
    let failed = tests.iter().filter(fails).count();
    let all = words::many(tests.len(), "test");
    let said = match failed {
        1 => format!("1 of {all} fails"),
        failed => format!("{failed} of {all} fail"),
    };
    match failing.len() {
        cases if cases > failed => format!("{said}, in {cases} parameter cases"),
        _ => said,
    }
}

/// Whether what failed is a test or one of its parameter cases.
fn is_of(test: &TestId, failed: &TestId) -> bool {
    let rest = failed.as_str().strip_prefix(test.as_str());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_is_counted_in_the_tests_that_were_run() {
        let ids = |names: &[&str]| -> Vec<TestId> {
            let ids = names.iter().map(|name| format!("pytest:.#a.py::{name}"));
            ids.map(|id| TestId::parse(&id)).collect()
        };
        let check = |failing: &[&str], expected: &str| {
            let said = count(&ids(&["four", "forty"]), &ids(failing));
            assert_eq!(said, expected);
        };
        check(&["four", "forty"], "2 of 2 tests fail");
        check(&["forty"], "1 of 2 tests fails");
        check(
            &["four[1]", "four[2]", "forty"],
            "2 of 2 tests fail, in 3 parameter cases",
        );
        check(&["four[1]"], "1 of 2 tests fails");
    }
}
