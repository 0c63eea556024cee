//! Running a package's documentation tests, which cargo and rustdoc build as they run them.

use std::collections::BTreeSet;
use std::time::Duration;

use greenward_core::{Access, Invocation, RunEvent, TestId};
use greenward_exec::Limits as OutputLimits;
use greenward_frameworks::cargo::Package;
use greenward_frameworks::cargo::command::doc_filter;
use greenward_frameworks::cargo::libtest::{Decoder, Planned, listed_text};

use super::build::{Built, complaint, target_folder};
use super::plan::{Part, Paths};
use super::process::{self, Limits, Task};
use super::report::Reporter;
use super::{Run, Stop, label};

/// How long rustdoc may take to list.
const LIST_LIMITS: OutputLimits = OutputLimits {
    time: Duration::from_secs(600),
    bytes: 64 << 20,
};

/// Runs what is wanted of a package's documentation tests.
pub(super) async fn run(
    run: &Run<'_>,
    part: &Part,
    built: &Built,
    reporter: &mut Reporter,
) -> Result<(), Stop> {
    let wanted: Option<BTreeSet<TestId>> = match &part.paths {
        Paths::All => None,
        Paths::Below(names) => Some(
            names
                .iter()
                .map(|name| {
                    let local = format!("{}::{name}", label(run, part));
                    TestId::new(run.project.id(), &local)
                })
                .collect(),
        ),
    };
    let words: BTreeSet<&str> = match &part.paths {
        Paths::All => BTreeSet::new(),
        Paths::Below(names) => names.iter().map(|name| doc_filter(name)).collect(),
    };
    let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
    let package = part.package(run.project);
    let invocation = invocation(run, package, &words);
    if let Some(wanted) = &wanted {
        reporter.send(RunEvent::Planned {
            tests: u32::try_from(wanted.len()).unwrap_or(u32::MAX),
        });
    }
    // A filter matches more than it means.
    let keep = |event: &RunEvent| match (event, &wanted) {
        (RunEvent::Planned { .. }, Some(_)) => false,
        (RunEvent::Finished(id, _), Some(wanted)) => wanted.contains(id),
        _ => true,
    };
    let sources = run.sources(part, built);
    let task = Task {
        executor: &run.tools.executor,
        invocation: &invocation,
        sources: &sources,
        limits: Limits {
            test: run.timeout,
            announces: false,
        },
        cancel: run.cancel,
    };
    let decoder = Decoder::text(run.names(part), Planned::All);
    let ended = process::run(&task, decoder, reporter, keep).await?;
    for event in ended.finish.events {
        if keep(&event) {
            reporter.send(event);
        }
    }
    if ended.silent {
        reporter.broken(format!(
            "the documentation tests of {} said nothing for too long and were stopped",
            package.name
        ));
    } else if let Some(message) = ended.finish.broken {
        let said = complaint(&ended.stderr, &ended.end.describe());
        reporter.broken(format!(
            "the documentation tests of {}: {message}\n{said}",
            package.name
        ));
    }
    for id in wanted.into_iter().flatten() {
        if !reporter.has(&id) {
            reporter.errored(id, "missing", "rustdoc has no such test");
        }
    }
    Ok(())
}

/// Says which documentation tests a package has.
pub(super) async fn list(
    run: &Run<'_>,
    part: &Part,
    built: &Built,
    reporter: &mut Reporter,
) -> Result<(), Stop> {
    let package = part.package(run.project);
    let invocation = invocation(run, package, &["--list".to_owned()]);
    let output = run
        .tools
        .executor
        .output(&invocation, LIST_LIMITS, run.cancel)
        .await;
    let output = match output {
        Ok(output) => output,
        Err(_) if run.cancel.is_cancelled() => return Err(Stop::Cancelled),
        Err(error) => return Err(Stop::Broken(error.to_string())),
    };
    let listed = listed_text(&output.stdout).filter(|_| output.exit.is_success());
    let Some(listed) = listed else {
        let said = complaint(&output.stderr, &output.exit.to_string());
        return Err(Stop::Broken(format!(
            "rustdoc gave no list of the documentation tests of {}: {said}",
            package.name
        )));
    };
    let mut names = run.names(part);
    let found = names.discover(&listed, &run.sources(part, built));
    if !found.is_empty() {
        reporter.send(RunEvent::Found(found));
    }
    Ok(())
}

/// Runs documentation tests by cargo, which opens its own files for writing though all is built.
fn invocation(run: &Run<'_>, package: &Package, words: &[String]) -> Invocation {
    let invocation = run.options.doc_tests(run.project.root(), package, words);
    match target_folder(&run.tools.env) {
        Some(target) => invocation.access(target, Access::Passing),
        None => invocation,
    }
}
