//! `greenward test`: find tests and run them.

mod follow;
mod narrow;
mod output;
mod plan;

use std::io::IsTerminal;

use camino::Utf8Path;
use greenward_core::{ItemKind, NoMatch, TestId, resolve};
use greenward_engine::{ItemView, Query, Refusal, TrustWord, Which};
use greenward_workspace::changes::changed_since_head;

use crate::cli::TestArgs;
use crate::edge::World;
use crate::exit::{Exit, Trouble};
use crate::launch::{self, Session};
use crate::logging::Level;
use crate::report::{Look, words};
use crate::screen::Screen;
use crate::signals::Signals;
use crate::trusting;
use follow::{Ending, Follow};
use narrow::Narrow;
use output::Output;
use plan::Plan;

/// Runs `greenward test`.
///
/// # Errors
/// If tests could not be tried at all.
pub(crate) async fn run(world: &World, level: &Level, args: &TestArgs) -> Result<Exit, Trouble> {
    let plan = Plan::of(&args.wanted, &world.folder)?;
    if args.changed && !args.wanted.is_empty() {
        return Err(Trouble::new("--changed selects by itself")
            .hint("leave out the files and names, or leave out --changed"));
    }
    let trust = trust(world, args, &plan.folder)?;
    let mut signals = Signals::catch()
        .map_err(|error| Trouble::new("interrupts cannot be caught").from(error))?;
    let mut session = Session::start(world, &plan.folder, trust, args.watch).await?;
    let mut output = Output::new(args.json, look(world, args));
    output
        .people()
        .set_projects(&session.status().await?.projects);
    let exit = try_tests(
        world,
        level,
        args,
        &plan,
        &mut session,
        &mut output,
        &mut signals,
    )
    .await;
    output.end(world.clock.elapsed());
    session.stop().await;
    exit
}

async fn try_tests(
    world: &World,
    level: &Level,
    args: &TestArgs,
    plan: &Plan,
    session: &mut Session,
    output: &mut Output,
    signals: &mut Signals,
) -> Result<Exit, Trouble> {
    let requests = requests(args, plan, session, output).await?;
    output.people().begin(world.clock.elapsed());
    let mut follow = Follow {
        session,
        output,
        signals,
        level,
        clock: world.clock,
        explains: args.changed,
    };
    for which in requests {
        let affected_only = matches!(which, Which::Changed(_));
        match follow.session.run(which).await? {
            Ok(started) => {
                if follow.until_ended(&started).await? == Ending::Interrupted {
                    return Ok(Exit::Cancelled);
                }
            }
            // Nothing is affected: whatever held before the change still does.
            Err(Refusal::NothingToRun(why)) if affected_only => {
                follow.output.remark(&format!("No tests to run: {why}."));
                if !args.watch {
                    return Ok(Exit::Holds);
                }
            }
            Err(refusal) => return Err(refused(refusal)),
        }
    }
    let narrow = follow.output.narrow(Narrow::default());
    if narrow.left_out() > 0 {
        let others = words::many(narrow.left_out(), "other case");
        follow.output.remark(&format!("{others} ran too."));
    }
    if let Some((pattern, ran)) = narrow.missed()
        && follow.output.tally().came_to_an_end()
    {
        return Err(no_match(NoMatch {
            pattern: pattern.to_owned(),
            nearest: ran,
        }));
    }
    if args.watch {
        follow.until_interrupted(&plan.folder).await?;
        return Ok(Exit::Cancelled);
    }
    Ok(follow.output.tally().verdict().into())
}

/// What to ask the engine for, one after the other.
async fn requests(
    args: &TestArgs,
    plan: &Plan,
    session: &Session,
    output: &mut Output,
) -> Result<Vec<Which>, Trouble> {
    if args.changed {
        let changed = changed_since_head(&plan.folder)
            .map_err(|error| Trouble::new("the changes could not be read").from(error))?;
        return match changed {
            Some(files) => Ok(vec![Which::Changed(files)]),
            None => Err(
                Trouble::new(format!("{} is in no git repository", plan.folder))
                    .hint("--changed compares with the last commit: run it without"),
            ),
        };
    }
    let mut requests = Vec::new();
    if !plan.paths.is_empty() {
        requests.push(Which::Paths(plan.paths.clone()));
    }
    if !plan.patterns.is_empty() {
        let names = session.ask(|reply| Query::Names { reply }).await?;
        let selected = resolve(&plan.patterns, &names).map_err(no_match)?;
        output.narrow(Narrow::to(selected.widened));
        requests.push(Which::Items(selected.tests));
    }
    let mut at_lines = Vec::new();
    for (file, line) in &plan.lines {
        at_lines.extend(at_line(session, file, *line).await?);
    }
    if !at_lines.is_empty() {
        requests.push(Which::Items(at_lines));
    }
    if requests.is_empty() {
        requests.push(Which::All);
    }
    Ok(requests)
}

/// The innermost tests at a line, from 0, of a file: of each target that the file belongs to.
async fn at_line(session: &Session, file: &Utf8Path, line: u32) -> Result<Vec<TestId>, Trouble> {
    let path = file.to_owned();
    let view = session.ask(|reply| Query::File { path, reply }).await?;
    let tests = || {
        view.items
            .iter()
            .filter(|view| view.item.kind == ItemKind::Test)
    };
    let here = |view: &&ItemView| view.item.range.is_some_and(|range| range.has_line(line));
    // They are in the order of their places, what is within another after it.
    let innermost = tests().rfind(here).and_then(|view| view.item.range);
    let Some(innermost) = innermost else {
        let what = format!("no test stands at {file}:{}", line + 1);
        let found = words::many(tests().count(), "test");
        return Err(Trouble::new(what).hint(format!("the file has {found}: greenward test {file}")));
    };
    let there = tests().filter(|view| view.item.range == Some(innermost));
    Ok(there.map(|view| view.item.id.clone()).collect())
}

fn no_match(miss: NoMatch) -> Trouble {
    let nearest: Vec<String> = miss
        .nearest
        .iter()
        .map(|id| format!("\n    {id}"))
        .collect();
    let hint = match nearest.is_empty() {
        true => "`greenward doctor` counts what is found here".to_owned(),
        false => format!("the nearest names are:{}", nearest.concat()),
    };
    Trouble::new(format!("no test and no file is called {}", miss.pattern)).hint(hint)
}

fn refused(refusal: Refusal) -> Trouble {
    match refusal {
        Refusal::Untrusted { folder, why } => {
            Trouble::new(format!("{folder}: {why}")).hint("or --trust, for this one run")
        }
        Refusal::UnknownTest(_) | Refusal::NothingToRun(_) => {
            Trouble::new(refusal.to_string()).hint("`greenward doctor` says what is found here")
        }
    }
}

/// What counts as the user's word, who is asked where one can ask.
fn trust(world: &World, args: &TestArgs, folder: &Utf8Path) -> Result<TrustWord, Trouble> {
    if args.trust {
        return Ok(TrustWord::ThisTime);
    }
    let dirs = launch::dirs(world)?;
    let recorded = trusting::recorded(&dirs, folder)
        .map_err(|error| Trouble::new("it is not known whether you trust this").from(error))?;
    let can_ask = std::io::stdin().is_terminal() && std::io::stderr().is_terminal() && !args.json;
    if can_ask && !recorded.is_trusted() {
        let mut screen = Screen::stderr();
        trusting::ask(
            &dirs,
            folder,
            recorded,
            &mut screen,
            &mut std::io::stdin().lock(),
        )?;
    }
    Ok(TrustWord::Record)
}

fn look(world: &World, args: &TestArgs) -> Look {
    Look {
        // Paths are shown as the file system writes them, so they are compared so, too.
        base: world
            .folder
            .canonicalize_utf8()
            .unwrap_or_else(|_| world.folder.clone()),
        full: args.full,
        ..Look::default()
    }
}
