//! `greenward demo`: what there is, on a bundled sample and without an editor or a network.
//!
//! All of it is real: the engine that serves editors finds the tests, runs them, and watches the
//! files. If anything does not go as told, that is said, and the command fails.

mod cycle;
mod sample;
mod tools;

use std::collections::BTreeMap;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{Framework, ItemKind, ProjectId, RunOutcome, TestId};
use greenward_engine::{ItemView, Notice, Query, RunWhat, TrustWord, Which};

use crate::cli::DemoArgs;
use crate::edge::World;
use crate::exit::{Exit, Trouble};
use crate::launch::{self, Session};
use crate::report::style::{DIM, PLACE, STRONG, paint};
use crate::report::{Ended, Look, Projects, Report, diff, words};
use crate::screen::Screen;
use crate::signals::Signals;
use sample::{PYTHON, Part, RUST};

/// How long nothing may happen while something is waited for.
const LIMIT: Duration = Duration::from_secs(60);

/// After how long in which nothing happens it is said what is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often the live line is renewed.
const TICK: Duration = Duration::from_millis(100);

/// Runs `greenward demo`.
///
/// # Errors
/// If neither half of the sample can be run here, or its files cannot be written.
pub(crate) async fn run(world: &World, args: &DemoArgs) -> Result<Exit, Trouble> {
    let mut screen = Screen::stdout();
    let parts = runnable(world, &mut screen).await?;
    let folder = tempfile::Builder::new()
        .prefix("greenward-demo-")
        .disable_cleanup(args.keep)
        .tempdir_in(&world.temporary)
        .map_err(|error| Trouble::new("no folder can be made for the sample").from(error))?;
    let sample = Utf8PathBuf::try_from(folder.path().to_owned())
        .map_err(std::io::Error::other)
        .and_then(|path| path.canonicalize_utf8())
        .map_err(|error| Trouble::new("the sample's folder cannot be used").from(error))?;
    for part in &parts {
        part.write(&sample)
            .map_err(|error| Trouble::new("the sample cannot be written").from(error))?;
    }
    let mut signals = Signals::catch()
        .map_err(|error| Trouble::new("interrupts cannot be caught").from(error))?;
    let began = world.clock.elapsed();
    let session = Session::start(world, &sample, TrustWord::ThisTime, true).await?;
    let look = Look {
        base: sample.clone(),
        full: false,
        projects: Projects::of(&session.status().await?.projects),
    };
    let mut demo = Demo {
        world,
        session,
        report: Report::new(screen, look),
        sample,
        parts,
    };
    let known_after = world.clock.elapsed().saturating_sub(began);
    let told = tokio::select! {
        told = demo.tell(known_after) => told,
        () = signals.next() => Ok(Exit::Cancelled),
    };
    let has_cargo = demo.has_cargo();
    let sample = demo.end().await;
    let exit = match told? {
        Exit::Holds if has_cargo => whole_cycle(world, &sample, &mut signals).await?,
        exit => exit,
    };
    let mut screen = Screen::stdout();
    match exit {
        Exit::Holds => screen.line(CLOSING),
        Exit::Cancelled => {}
        _ => screen.line("\nThis did not go as told. `greenward doctor` may know why."),
    }
    if args.keep {
        let sample = paint(PLACE, &sample);
        screen.line(&format!("The sample is still in {sample}"));
    }
    Ok(exit)
}

/// The last part: a cycle, with what is else the user's in a folder that is gone afterwards.
async fn whole_cycle(
    world: &World,
    sample: &Utf8Path,
    signals: &mut Signals,
) -> Result<Exit, Trouble> {
    let mut screen = Screen::stdout();
    screen.line("");
    screen.line(&paint(
        STRONG,
        "5. A worker makes a failing test pass. A recording plays it: at first, it cheats.",
    ));
    let home = tempfile::Builder::new()
        .prefix("greenward-demo-home-")
        .tempdir_in(&world.temporary)
        .map_err(|error| Trouble::new("no folder can be made for the sample").from(error))?;
    let path = Utf8PathBuf::try_from(home.path().to_owned())
        .map_err(|error| Trouble::new("the sample's folder cannot be used").from(error))?;
    cycle::tell(world, sample, &path, signals).await
}

/// The parts of the sample whose tools are here. Says which are left out.
async fn runnable(world: &World, screen: &mut Screen) -> Result<Vec<Part>, Trouble> {
    let executor = launch::executor(world);
    let mut parts = Vec::new();
    for (part, tool) in [
        (RUST, tools::cargo(&executor).await),
        (PYTHON, tools::pytest(&executor).await),
    ] {
        match tool {
            Ok(()) => parts.push(part),
            Err(missing) => screen.line(&paint(
                DIM,
                format_args!(
                    "({missing}: the half of the demo for {} is left out)",
                    part.framework
                ),
            )),
        }
    }
    if parts.is_empty() {
        return Err(
            Trouble::new("there is neither cargo nor a Python with pytest here")
                .hint("install Rust from https://rustup.rs, or pytest with `pip install pytest`"),
        );
    }
    Ok(parts)
}

struct Demo<'a> {
    world: &'a World,
    session: Session,
    report: Report,
    sample: Utf8PathBuf,
    parts: Vec<Part>,
}

impl Demo<'_> {
    /// The whole story. It fails where something does not go as told.
    async fn tell(&mut self, known_after: Duration) -> Result<Exit, Trouble> {
        let sample = paint(PLACE, &self.sample);
        self.say(&format!(
            "A small sample with a mistake or two is in {sample}"
        ));
        self.step("1. Which tests there are is read from their text. Nothing runs for it.");
        let found = self.discover(known_after).await?;
        self.step("2. Run them all.");
        let failing = self.run_all().await?;
        self.step("3. Mend the mistakes, and save, as you would in your editor.");
        self.mend()?;
        self.step("4. The files are watched: what the change affects runs again, and only that.");
        let mended = self.watch().await?;
        Ok(match found && failing && mended {
            true => Exit::Holds,
            false => Exit::Fails,
        })
    }

    /// Shows the tests with their places. Returns whether every project has some.
    async fn discover(&mut self, known_after: Duration) -> Result<bool, Trouble> {
        let projects = self.children(None).await?;
        let (mut all, mut each_has_some) = (0, projects.len() == self.parts.len());
        for project in projects {
            let name = self.report.project(&project.item.project);
            self.say(&paint(STRONG, name));
            let tests = self.tests_below(project.item.id).await?;
            let labels = tests.iter().map(|view| view.item.label.chars().count());
            let width = labels.max().unwrap_or(0);
            for view in &tests {
                let (label, place) = (&view.item.label, place(view, &self.sample));
                self.say(&format!("  {label:width$}  {}", paint(DIM, place)));
            }
            each_has_some &= !tests.is_empty();
            all += tests.len();
        }
        let found = words::many(all, "test");
        self.say(&format!(
            "{found}, known after {}",
            words::duration(known_after)
        ));
        Ok(each_has_some)
    }

    /// The tests below an item, in the order of their places; parameter cases are theirs.
    async fn tests_below(&self, id: TestId) -> Result<Vec<ItemView>, Trouble> {
        let mut tests = Vec::new();
        let mut waiting = vec![id];
        while let Some(id) = waiting.pop() {
            let below = self.children(Some(id)).await?;
            let (found, groups): (Vec<_>, Vec<_>) = below
                .into_iter()
                .partition(|view| view.item.kind == ItemKind::Test);
            tests.extend(found);
            waiting.extend(groups.into_iter().rev().map(|view| view.item.id));
        }
        Ok(tests)
    }

    async fn children(&self, parent: Option<TestId>) -> Result<Vec<ItemView>, Trouble> {
        self.session
            .ask(|reply| Query::Children { parent, reply })
            .await
    }

    /// Runs everything. Returns whether exactly the tests fail that find the mistakes.
    async fn run_all(&mut self) -> Result<bool, Trouble> {
        let began = self.world.clock.elapsed();
        self.report.begin(began);
        let started = self.session.run(Which::All).await?;
        started.map_err(|refusal| Trouble::new(refusal.to_string()))?;
        let runs = self.follow(false).await?;
        self.report.summary(self.world.clock.elapsed());
        let bad = self.report.tally().bad();
        Ok(bad.len() == self.parts.len()
            && self.parts.iter().all(|part| {
                let found = bad
                    .iter()
                    .any(|bad| bad.test.as_str().ends_with(part.mistake.test));
                let run = runs.get(&part.project());
                found && run.is_some_and(|run| run.counts.total() == part.tests)
            }))
    }

    /// Mends each mistake and shows how.
    fn mend(&mut self) -> Result<(), Trouble> {
        for part in self.parts.clone() {
            let file = part.mistaken_file(&self.sample);
            let failed = |error: std::io::Error| {
                Trouble::new(format!("{file} cannot be changed")).from(error)
            };
            let text = std::fs::read_to_string(&file).map_err(failed)?;
            let mended = part.mistake.mended(&text);
            std::fs::write(&file, &mended).map_err(failed)?;
            self.say(&paint(PLACE, words::path(&file, &self.sample)));
            let change = diff::of_edit(&text, &mended);
            self.report.screen().print(&words::indent(&change, "  "));
        }
        Ok(())
    }

    /// Follows what the change sets off. Returns whether it is what it can affect, and holds.
    async fn watch(&mut self) -> Result<bool, Trouble> {
        self.report.begin(self.world.clock.elapsed());
        let runs = self.follow(true).await?;
        self.report.summary(self.world.clock.elapsed());
        let ran = self.report.tally().counts().total();
        let all: u32 = self.parts.iter().map(|part| part.tests).sum();
        self.say(&format!("That was {ran} of {all} tests."));
        Ok(self.parts.iter().all(|part| {
            runs.get(&part.project()).is_some_and(|run| {
                run.outcome == RunOutcome::Passed && run.counts.passed == part.affected
            })
        }))
    }

    /// Follows runs until each project has come to the end of one that was not cancelled, saying
    /// why they begin if that is not known. Returns these.
    async fn follow(&mut self, say_why: bool) -> Result<BTreeMap<ProjectId, Ended>, Trouble> {
        let mut ticks = tokio::time::interval(TICK);
        let mut heard = self.world.clock.elapsed();
        let mut told = false;
        loop {
            tokio::select! {
                notice = self.session.notices.recv() => {
                    let notice = notice.ok_or_else(launch::ended)?;
                    (heard, told) = (self.world.clock.elapsed(), false);
                    if let Notice::Run(run) = &notice {
                        if let (RunWhat::Started { why, .. }, true) = (&run.what, say_why) {
                            let name = self.report.project(&run.project);
                            self.say(&format!("{name}: {why}"));
                        }
                        self.report.run(run);
                    }
                }
                _ = ticks.tick() => {
                    let now = self.world.clock.elapsed();
                    self.report.tick(now, "");
                    let silence = now.saturating_sub(heard);
                    if silence >= LIMIT {
                        let (awaited, limit) = (self.awaited(), words::duration(LIMIT));
                        return Err(Trouble::new(format!("{awaited}: nothing came for {limit}"))
                            .hint("`greenward doctor` may know why"));
                    }
                    if silence >= PATIENCE && !std::mem::replace(&mut told, true) {
                        let awaited = format!("({})", self.awaited());
                        self.say(&paint(DIM, awaited));
                    }
                }
            }
            let ended = self.ended();
            if ended.len() == self.parts.len() {
                return Ok(ended);
            }
        }
    }

    /// What is waited for.
    fn awaited(&self) -> String {
        let ended = self.ended();
        let ids = self.parts.iter().map(Part::project);
        let missing: Vec<String> = ids
            .filter(|id| !ended.contains_key(id))
            .map(|id| self.report.project(&id))
            .collect();
        format!("waiting for the tests of {} to run", missing.join(" and "))
    }

    fn ended(&self) -> BTreeMap<ProjectId, Ended> {
        let ended = self.report.tally().ended().iter();
        ended
            .filter(|run| run.outcome != RunOutcome::Cancelled)
            .map(|run| (run.project.clone(), run.clone()))
            .collect()
    }

    fn say(&mut self, line: &str) {
        self.report.screen().line(line);
    }

    fn step(&mut self, title: &str) {
        self.say("");
        self.report.heading(title);
    }

    fn has_cargo(&self) -> bool {
        let mut parts = self.parts.iter();
        parts.any(|part| part.framework == Framework::Cargo)
    }

    /// Ends the engine. Returns the sample's folder.
    async fn end(self) -> Utf8PathBuf {
        let mut report = self.report;
        report.tick(Duration::ZERO, "");
        self.session.stop().await;
        self.sample
    }
}

impl Part {
    /// The id of its project.
    fn project(&self) -> ProjectId {
        ProjectId::new(self.framework, self.folder)
    }
}

/// Where a test stands.
fn place(view: &ItemView, base: &Utf8Path) -> String {
    match &view.place {
        Some((file, range)) => {
            format!("{}:{}", words::path(file, base), range.start.line + 1)
        }
        None => String::new(),
    }
}

const CLOSING: &str = "
All green. In your editor the same happens as you type and save, at the lines of your tests.

In a project of yours:
  greenward test           run its tests here
  greenward test --watch   and again whenever a file is saved
  greenward green TEST     make a failing test pass, by a worker of yours or by hand
  greenward lsp            what your editor starts; `greenward lsp --help` says how";
