//! `greenward test`: find tests and run them.

mod follow;
mod narrow;
mod output;

use greenward_core::{NoMatch, resolve};
use greenward_engine::{Query, Refusal, Which};
use greenward_workspace::changes::changed_since_head;

use crate::cli::TestArgs;
use crate::edge::World;
use crate::exit::{Exit, Trouble};
use crate::launch::{Session, refused};
use crate::logging::Level;
use crate::report::{Look, words};
use crate::signals::Signals;
use crate::trusting;
use crate::wanted::{Plan, at_line, no_match};
use follow::{Ending, Follow};
use narrow::Narrow;
use output::Output;

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
    let trust = trusting::word(world, &plan.folder, args.trust, !args.json)?;
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
