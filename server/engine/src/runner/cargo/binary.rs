//! Running one test binary, in as many processes as it takes.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use camino::Utf8PathBuf;
use greenward_core::{Failure, Invocation, ItemKind, Outcome, RunEvent, TestId, TestResult};
use greenward_exec::Limits as OutputLimits;
use greenward_frameworks::cargo::libtest::{
    self, Decoder, End, Listed, Names, Planned, listed_json, listed_text,
};
use greenward_frameworks::cargo::messages::Binary;

use super::build::Built;
use super::plan::{Part, Paths};
use super::process::{self, Ended, Limits, ProcessError, Task};
use super::report::Reporter;
use super::sources::ProjectSources;
use super::{Run, Stop, label};

/// How many processes one binary gets for what others have left.
const MOST_ROUNDS: usize = 8;

/// How many tests are run alone to find the one that ends its process.
const MOST_SUSPECTS: usize = 64;

/// How many bytes of names one process is given; systems allow more.
const NAMES_LIMIT: usize = 96 * 1024;

type Lists = HashMap<Utf8PathBuf, Vec<Listed>>;

/// Runs what is wanted of a binary.
pub(super) async fn run(
    run: &Run<'_>,
    part: &Part,
    built: &Built,
    lists: &mut Lists,
    reporter: &mut Reporter,
) -> Result<(), Stop> {
    let Some(binary) = built.binary(part.package(run.project), part.target(run.project)) else {
        // Its `required-features` are off, or it is no test after all.
        return Ok(());
    };
    let target = Target {
        run,
        binary,
        base: built.invocation(binary, &run.tools.env, run.backtrace),
        names: run.names(part),
        sources: run.sources(part, built),
        label: label(run, part),
    };
    if !part.target(run.project).harness {
        return target.run_whole(reporter).await;
    }
    match &part.paths {
        Paths::All => target.run_tests(Planned::All, false, lists, reporter).await,
        Paths::Below(paths) => target.run_paths(paths, lists, reporter).await,
    }
}

/// Says which tests a binary has.
pub(super) async fn list(
    run: &Run<'_>,
    part: &Part,
    built: &Built,
    lists: &mut Lists,
    reporter: &mut Reporter,
) -> Result<(), Stop> {
    let Some(binary) = built.binary(part.package(run.project), part.target(run.project)) else {
        return Ok(());
    };
    if !part.target(run.project).harness {
        return Ok(());
    }
    let mut target = Target {
        run,
        binary,
        base: built.invocation(binary, &run.tools.env, run.backtrace),
        names: run.names(part),
        sources: run.sources(part, built),
        label: label(run, part),
    };
    let listed = target.list(lists).await?.to_vec();
    let found = target.names.discover(&listed, &target.sources);
    if !found.is_empty() {
        reporter.send(RunEvent::Found(found));
    }
    Ok(())
}

/// A binary, and all that is needed to run it.
struct Target<'a> {
    run: &'a Run<'a>,
    binary: &'a Binary,
    base: Invocation,
    names: Names,
    sources: ProjectSources<'a>,
    /// The target's local id.
    label: String,
}

impl Target<'_> {
    fn id(&self, name: &str) -> TestId {
        TestId::new(self.run.project.id(), &format!("{}::{name}", self.label))
    }

    /// A target with a `main` of its own is one test: it passes if it ends well.
    async fn run_whole(&self, reporter: &mut Reporter) -> Result<(), Stop> {
        let id = TestId::new(self.run.project.id(), &self.label);
        reporter.send(RunEvent::Planned { tests: 1 });
        reporter.send(RunEvent::Started(id.clone()));
        let invocation = self
            .base
            .clone()
            .args(self.run.options.test_args.iter().map(String::as_str));
        let whole = process::whole(
            &self.run.tools.executor,
            &invocation,
            self.run.timeout,
            self.run.cancel,
        )
        .await?;
        let failed = |kind: &str, message: String| Failure {
            message,
            kind: kind.to_owned(),
            ..Failure::default()
        };
        let (outcome, failure) = match &whole.end {
            _ if whole.late => {
                let failure = failed("timeout", "it took too long and was stopped".to_owned());
                (Outcome::Errored, Some(failure))
            }
            End::Exited(0) => (Outcome::Passed, None),
            End::Exited(_) => {
                let message = format!("the process {}", whole.end.describe());
                (Outcome::Failed, Some(failed("exit", message)))
            }
            End::Otherwise(_) => {
                let message = format!("the process {}", whole.end.describe());
                (Outcome::Errored, Some(failed("crashed", message)))
            }
        };
        let result = TestResult {
            outcome,
            duration: None,
            failure: failure.map(Arc::new),
            output: whole.output.into(),
        };
        reporter.send(RunEvent::Finished(id, result));
        Ok(())
    }

    /// Runs the tests at or below these paths, as far as the binary has them.
    async fn run_paths(
        self,
        paths: &BTreeSet<String>,
        lists: &mut Lists,
        reporter: &mut Reporter,
    ) -> Result<(), Stop> {
        let listed = self.list(lists).await?;
        let count = listed.len();
        let below = |name: &str, path: &str| {
            name.strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        let wanted: BTreeSet<String> = listed
            .iter()
            .filter(|test| paths.iter().any(|path| below(&test.name, path)))
            .map(|test| test.name.clone())
            .collect();
        self.report_unknown(
            paths
                .iter()
                .filter(|path| !wanted.iter().any(|name| below(name, path))),
            reporter,
        );
        if wanted.is_empty() {
            return Ok(());
        }
        let alone = self.run.single && wanted.len() == 1 && paths.iter().eq(wanted.iter());
        let planned = if wanted.len() == count {
            Planned::All
        } else {
            Planned::Names(wanted)
        };
        self.run_tests(planned, alone, lists, reporter).await
    }

    /// Of a test that discovery knows and the binary has not, somebody should hear.
    fn report_unknown<'p>(&self, paths: impl Iterator<Item = &'p String>, reporter: &mut Reporter) {
        for path in paths {
            let id = self.id(path);
            let is_test = self
                .run
                .items
                .iter()
                .any(|item| item.id == id && item.kind == ItemKind::Test);
            if is_test {
                reporter.errored(
                    id,
                    "missing",
                    "the test binary has no such test: a cfg may leave it out, or a macro rename it",
                );
            }
        }
    }

    /// Runs tests until each has been given its chance.
    async fn run_tests(
        &self,
        planned: Planned,
        include_ignored: bool,
        lists: &mut Lists,
        reporter: &mut Reporter,
    ) -> Result<(), Stop> {
        let mut open = match planned {
            Planned::All => vec![Planned::All],
            Planned::Names(names) => portions(names),
        };
        let mut rounds = 0;
        while let Some(planned) = open.pop() {
            let ended = self
                .run_once(planned.clone(), include_ignored, reporter)
                .await?;
            for name in &ended.finish.missing {
                if ended.finish.unfinished.is_empty() {
                    let message = "the test binary did not report it";
                    reporter.errored(self.id(name), "missing", message);
                }
            }
            if ended.finish.unfinished.is_empty() {
                continue;
            }
            let rest = self.rest(planned, &ended, lists).await?;
            self.blame(&ended, include_ignored, reporter).await?;
            rounds += 1;
            if rounds < MOST_ROUNDS {
                open.extend(portions(rest));
                continue;
            }
            for name in rest {
                let message = "it did not run: too many tests before it ended their process";
                reporter.errored(self.id(&name), "crashed", message);
            }
        }
        Ok(())
    }

    /// The tests that a process which ended early has not come to.
    async fn rest(
        &self,
        planned: Planned,
        ended: &Ended,
        lists: &mut Lists,
    ) -> Result<BTreeSet<String>, Stop> {
        let mut names = match planned {
            Planned::Names(names) => names,
            Planned::All => self
                .list(lists)
                .await?
                .iter()
                .map(|test| test.name.clone())
                .collect(),
        };
        names.retain(|name| {
            !ended.finish.ended.contains(name) && !ended.finish.unfinished.contains(name)
        });
        Ok(names)
    }

    /// Finds which of the tests that ran at a process's end is to blame for it.
    async fn blame(
        &self,
        ended: &Ended,
        include_ignored: bool,
        reporter: &mut Reporter,
    ) -> Result<(), Stop> {
        let (late, suspects): (Vec<&String>, Vec<&String>) = ended
            .finish
            .unfinished
            .iter()
            .partition(|name| ended.late.contains(name));
        for name in &late {
            let seconds = self.run.timeout.unwrap_or_default().as_secs_f64();
            let message = format!("it took longer than {seconds} s and was stopped");
            reporter.errored(self.id(name), "timeout", message);
        }
        if late.is_empty()
            && let [only] = suspects[..]
        {
            self.crashed(only, &ended.end, reporter);
            return Ok(());
        }
        for (index, &name) in suspects.iter().enumerate() {
            if index >= MOST_SUSPECTS {
                self.crashed(name, &ended.end, reporter);
                continue;
            }
            let planned = Planned::Names([name.clone()].into());
            let alone = self.run_once(planned, include_ignored, reporter).await?;
            if alone.late.contains(name) {
                let message = "it took too long and was stopped";
                reporter.errored(self.id(name), "timeout", message);
            } else if !alone.finish.ended.contains(name) {
                self.crashed(name, &alone.end, reporter);
            }
        }
        Ok(())
    }

    fn crashed(&self, name: &str, end: &End, reporter: &mut Reporter) {
        let message = format!("the process {} while this test ran", end.describe());
        reporter.errored(self.id(name), "crashed", message);
    }

    /// Runs one process, as text if it has no JSON.
    async fn run_once(
        &self,
        planned: Planned,
        include_ignored: bool,
        reporter: &mut Reporter,
    ) -> Result<Ended, Stop> {
        let filters = match &planned {
            Planned::All => Vec::new(),
            Planned::Names(names) => names.iter().cloned().collect(),
        };
        let invocation = |format: &[&str]| {
            let mut invocation = self.base.clone().args(filters.iter().map(String::as_str));
            if !filters.is_empty() {
                invocation = invocation.args(["--exact"]);
            }
            if include_ignored {
                invocation = invocation.args(["--include-ignored"]);
            }
            invocation
                .args(self.run.options.binary_args())
                .args(format.iter().copied())
        };
        let json = Decoder::json(self.names.clone(), planned.clone());
        let ended = self
            .process(&invocation(&libtest::ARGS), json, true, reporter)
            .await?;
        let ended = if ended.refused {
            let text = Decoder::text(self.names.clone(), planned);
            self.process(&invocation(&["--color=never"]), text, false, reporter)
                .await?
        } else {
            ended
        };
        for event in &ended.finish.events {
            reporter.send(event.clone());
        }
        if let Some(message) = &ended.finish.broken {
            reporter.broken(format!("{}: {message}", self.label));
        }
        Ok(ended)
    }

    async fn process(
        &self,
        invocation: &Invocation,
        decoder: Decoder,
        announces: bool,
        reporter: &mut Reporter,
    ) -> Result<Ended, ProcessError> {
        let task = Task {
            executor: &self.run.tools.executor,
            invocation,
            sources: &self.sources,
            limits: Limits {
                test: self.run.timeout,
                announces,
            },
            cancel: self.run.cancel,
        };
        process::run(&task, decoder, reporter, |_| true).await
    }

    /// The tests that the binary has. It is asked once for each build.
    async fn list<'l>(&self, lists: &'l mut Lists) -> Result<&'l [Listed], Stop> {
        if !lists.contains_key(&self.binary.path) {
            let listed = self.ask_for_list().await?;
            lists.insert(self.binary.path.clone(), listed);
        }
        Ok(lists.get(&self.binary.path).map_or(&[], Vec::as_slice))
    }

    async fn ask_for_list(&self) -> Result<Vec<Listed>, Stop> {
        let limits = OutputLimits {
            bytes: 256 << 20,
            ..OutputLimits::default()
        };
        let ask = async |args: &[&str]| {
            let invocation = self
                .base
                .clone()
                .args(["--list"])
                .args(args.iter().copied());
            let output = self
                .run
                .tools
                .executor
                .output(&invocation, limits, self.run.cancel)
                .await;
            match output {
                Ok(output) => Ok(output),
                Err(_) if self.run.cancel.is_cancelled() => Err(Stop::Cancelled),
                Err(error) => Err(Stop::Broken(error.to_string())),
            }
        };
        let json = ask(&["--format=json", "-Zunstable-options"]).await?;
        if json.exit.is_success()
            && let Some(listed) = listed_json(&json.stdout)
        {
            return Ok(listed);
        }
        let text = ask(&[]).await?;
        listed_text(&text.stdout)
            .filter(|_| text.exit.is_success())
            .ok_or_else(|| {
                Stop::Broken(format!(
                    "{} gave no list of its tests ({}): {}",
                    self.label,
                    text.exit,
                    text.stderr.trim()
                ))
            })
    }
}

/// Names in portions that fit into one process's arguments.
fn portions(names: BTreeSet<String>) -> Vec<Planned> {
    let mut portions = Vec::new();
    let mut portion = BTreeSet::new();
    let mut bytes = 0;
    for name in names {
        bytes += name.len() + 1;
        if bytes > NAMES_LIMIT && !portion.is_empty() {
            portions.push(Planned::Names(std::mem::take(&mut portion)));
            bytes = name.len() + 1;
        }
        portion.insert(name);
    }
    if !portion.is_empty() {
        portions.push(Planned::Names(portion));
    }
    portions.reverse();
    portions
}
