//! What runs say of the targets of a cycle.

use camino::Utf8Path;
use greenward_core::{Failure, Location, Outcome, RunOutcome, Severity, TargetResult, TestId};

use super::report::Report;

/// What became of targets in a run. One that could not be built is errored. Places in messages are
/// told relative to `folder`.
pub(super) fn results(targets: &[TestId], report: &Report, folder: &Utf8Path) -> Vec<TargetResult> {
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
                failure: Some(unbuilt(report, folder)),
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

/// Why nothing was built: each error with its place, an empty line between them.
fn unbuilt(report: &Report, folder: &Utf8Path) -> Failure {
    let errors = report.problems.iter();
    let errors = errors.filter(|problem| problem.severity == Severity::Error);
    let errors: Vec<String> = errors
        .map(|problem| match &problem.location {
            Some(Location { file, range }) => {
                let file = file.strip_prefix(folder).unwrap_or(file);
                format!("{file}:{}: {}", range.start.line + 1, problem.message)
            }
            None => problem.message.clone(),
        })
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

#[cfg(test)]
mod tests {
    use super::*;
    use greenward_core::{Position, Problem, Range};

    #[test]
    fn every_error_of_a_build_is_told_with_its_place() {
        let problem = |severity, line: Option<u32>, message: &str| Problem {
            severity,
            message: message.to_owned(),
            code: None,
            location: line.map(|line| Location {
                file: "/room/top/src/lib.rs".into(),
                range: Range::new(Position::new(line, 4), Position::new(line, 9)),
            }),
            related: Vec::new(),
        };
        let report = Report {
            outcome: RunOutcome::DidNotBuild,
            problems: vec![
                problem(Severity::Warning, Some(1), "unused variable"),
                problem(Severity::Error, Some(11), "mismatched types\nhelp: call it"),
                problem(Severity::Error, None, "linking failed"),
            ],
            ..Report::begun()
        };
        let target = TestId::parse("cargo:.#roman/lib::four");
        let results = results(&[target], &report, Utf8Path::new("/room/top"));
        let failure = results[0].failure.as_ref().unwrap();
        assert_eq!(failure.kind, "build");
        assert_eq!(
            failure.message,
            "src/lib.rs:12: mismatched types\nhelp: call it\n\nlinking failed"
        );
    }
}
