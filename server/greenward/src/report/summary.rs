//! The last lines: what became of each project, of all together, and what failed.

use std::fmt::Write as _;
use std::time::Duration;

use greenward_core::{RunOutcome, TestId};

use super::style::{BAD, DIM, STRONG, WARNING, paint};
use super::tally::{Bad, Ended, Tally};
use super::{Projects, fold, short_name, words};

/// The summary of all runs, which took `time` together. What failed is named first, so that the
/// sums stand where the eye is. The names are short if all tests are of one project.
pub(crate) fn render(tally: &Tally, time: Duration, projects: &Projects) -> String {
    let mut text = String::new();
    if !tally.bad().is_empty() {
        text.push_str("failed:\n");
        for alike in tally.bad().chunk_by(alike) {
            bad(&mut text, alike, projects.is_one());
        }
        text.push('\n');
    }
    let runs = tally.ended();
    let names = runs.iter().map(|run| projects.name(&run.project));
    let width = names.map(|name| name.chars().count()).max().unwrap_or(0);
    let untold = runs.iter().filter(|run| tells_more(&run.outcome)).count();
    for run in runs {
        // A single run that came to its end says no more than the last line does.
        if runs.len() > 1 || untold > 0 {
            let name = format!("{:width$}", projects.name(&run.project));
            writeln!(text, "{}  {}", paint(STRONG, name), of_run(run)).ok();
        }
    }
    let (total, time) = (words::counts(tally.counts()), words::duration(time));
    match (runs.len(), untold) {
        (1, 1) => {}
        (_, 0) => writeln!(text, "{total} in {time}").unwrap_or_default(),
        (_, untold) => {
            // Good numbers alone would look as if all were well.
            let but = words::many(untold, "run");
            let but = paint(BAD, format_args!("{but} incomplete"));
            writeln!(text, "{but}, {total} in {time}").unwrap_or_default();
        }
    }
    text
}

/// Whether two tests stand in one file and could not be tried for the same reason.
fn alike(one: &Bad, other: &Bad) -> bool {
    match (&one.error, &other.error) {
        (Some(error), Some(more)) => fold::same((&one.test, error), (&other.test, more)),
        _ => false,
    }
}

/// The names of tests that are bad; of many for one reason the file's.
fn bad(text: &mut String, alike: &[Bad], one_project: bool) {
    let Some(first) = alike.first() else {
        return;
    };
    let (name, more) = match alike.len() {
        1 => (
            short_name(&first.test, one_project).to_owned(),
            String::new(),
        ),
        many => {
            let file = TestId::parse(fold::file(&first.test));
            let name = short_name(&file, one_project).to_owned();
            (name, paint(DIM, format_args!("  {many} tests errored")))
        }
    };
    writeln!(text, "  {}{more}", paint(BAD, name)).ok();
}

/// Whether an outcome says what the counts do not.
fn tells_more(outcome: &RunOutcome) -> bool {
    !matches!(outcome, RunOutcome::Passed | RunOutcome::Failed)
}

fn of_run(run: &Ended) -> String {
    let counts = words::counts(run.counts);
    let time = paint(DIM, format_args!("in {}", words::duration(run.duration)));
    let style = match run.outcome {
        RunOutcome::Passed | RunOutcome::Failed => return format!("{counts} {time}"),
        RunOutcome::Cancelled | RunOutcome::NoTestsMatched => WARNING,
        RunOutcome::DidNotBuild | RunOutcome::RunnerBroken { .. } => BAD,
    };
    let name = paint(style, run.outcome.name());
    let mut text = match run.counts.total() {
        0 => format!("{name} {time}"),
        _ => format!("{name}, {counts} {time}"),
    };
    if let RunOutcome::RunnerBroken { message } = &run.outcome {
        text.push('\n');
        text.push_str(words::indent(message, "  ").trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::report::style::{plain, visible};
    use camino::Utf8Path;
    use expect_test::{Expect, expect};
    use greenward_core::{Counts, Framework, Outcome, ProjectId, RunId, TestResult};
    use greenward_engine::{ProjectStatus, RunNotice, RunWhat};

    /// A run of the project in a folder, its bad tests, and what became of it.
    type Run<'a> = (&'a str, &'a [&'a str], RunOutcome, u32);

    fn tally(runs: &[Run<'_>]) -> Tally {
        let mut tally = Tally::default();
        for (number, (folder, bad, outcome, passed)) in (1..).zip(runs) {
            let project = ProjectId::new(Framework::Cargo, folder);
            let mut take = |what| {
                tally.take(&RunNotice {
                    run: RunId(number),
                    sequence: 0,
                    project: project.clone(),
                    what,
                });
            };
            for name in *bad {
                take(RunWhat::TestFinished {
                    test: TestId::new(&project, name),
                    outcome: Outcome::Failed,
                    result: Arc::new(TestResult::bare(Outcome::Failed)),
                });
            }
            take(RunWhat::Finished {
                outcome: outcome.clone(),
                counts: Counts {
                    failed: u32::try_from(bad.len()).unwrap(),
                    passed: *passed,
                    skipped: 2,
                    ..Counts::default()
                },
                duration: Duration::from_millis(320),
            });
        }
        tally
    }

    fn projects(runs: &[Run<'_>]) -> Projects {
        let status = |run: &Run<'_>| ProjectStatus {
            id: ProjectId::new(Framework::Cargo, run.0),
            root: Utf8Path::new("/w/calc").join(run.0),
            running: None,
            problems: Vec::new(),
            broken: None,
            phase: None,
        };
        Projects::of(&runs.iter().map(status).collect::<Vec<_>>())
    }

    fn check(runs: &[Run<'_>], summary: Expect) {
        let time = Duration::from_millis(1320);
        summary.assert_eq(&plain(&render(&tally(runs), time, &projects(runs))));
    }

    #[test]
    fn one_project_is_one_line_and_the_names_of_what_failed() {
        check(
            &[("", &[], RunOutcome::Passed, 120)],
            expect![[r#"
            120 passed, 2 skipped in 1.32 s
        "#]],
        );
        check(
            &[("", &["a::one", "a::two"], RunOutcome::Failed, 120)],
            expect![[r#"
                failed:
                  a::one
                  a::two

                2 failed, 120 passed, 2 skipped in 1.32 s
            "#]],
        );
    }

    #[test]
    fn several_projects_stand_below_each_other_and_add_up() {
        check(
            &[
                ("", &["a::one"], RunOutcome::Failed, 100),
                ("services/api", &[], RunOutcome::Passed, 20),
            ],
            expect![[r#"
                failed:
                  cargo:.#a::one

                calc (cargo)          1 failed, 100 passed, 2 skipped in 320 ms
                services/api (cargo)  20 passed, 2 skipped in 320 ms
                1 failed, 120 passed, 4 skipped in 1.32 s
            "#]],
        );
    }

    #[test]
    fn many_tests_of_a_file_that_errored_alike_are_one_line() {
        let mut tally = Tally::default();
        let names = ["a.py::one", "a.py::two", "a.py::three", "b.py::one"];
        let reasons = ["no module", "no module", "crashed", "crashed"];
        for (name, reason) in names.iter().zip(reasons) {
            let project = ProjectId::new(Framework::Pytest, "");
            tally.take(&RunNotice {
                run: RunId(1),
                sequence: 0,
                what: RunWhat::TestFinished {
                    test: TestId::new(&project, name),
                    outcome: Outcome::Errored,
                    result: Arc::new(TestResult::errored("collection", reason)),
                },
                project,
            });
        }
        let text = plain(&render(&tally, Duration::ZERO, &Projects::default()));
        expect![[r#"
            failed:
              a.py  2 tests errored
              a.py::three
              b.py::one

            no tests in 0 ms
        "#]]
        .assert_eq(&text);
    }

    #[test]
    fn what_could_not_be_run_says_why() {
        let broken = RunOutcome::RunnerBroken {
            message: "cargo is not there\ninstall Rust".into(),
        };
        check(
            &[("", &[], broken.clone(), 0)],
            expect![[r#"
                calc (cargo)  runner broken, 2 skipped in 320 ms
                  cargo is not there
                  install Rust
            "#]],
        );
        check(
            &[("", &[], RunOutcome::DidNotBuild, 3), ("b", &[], broken, 1)],
            expect![[r#"
                calc (cargo)  did not build, 3 passed, 2 skipped in 320 ms
                b (cargo)     runner broken, 1 passed, 2 skipped in 320 ms
                  cargo is not there
                  install Rust
                2 runs incomplete, 4 passed, 4 skipped in 1.32 s
            "#]],
        );
        check(
            &[("", &[], RunOutcome::Cancelled, 3)],
            expect![[r#"
                calc (cargo)  cancelled, 3 passed, 2 skipped in 320 ms
            "#]],
        );
        check(
            &[],
            expect![[r#"
            no tests in 1.32 s
        "#]],
        );
    }

    #[test]
    fn colours_tell_good_from_bad() {
        let tally = tally(&[("", &["one"], RunOutcome::Failed, 3)]);
        expect![[r#"
            failed:
              ESC[1mESC[31mone</>

            ESC[1mESC[31m1 failed</>, ESC[32m3 passed</>, ESC[2m2 skipped</> in 1.00 s
        "#]]
        .assert_eq(&visible(&render(
            &tally,
            Duration::from_secs(1),
            &Projects::default(),
        )));
    }
}
