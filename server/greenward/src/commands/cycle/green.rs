//! `greenward green`: implement failing tests to green.

use greenward_core::already_green;
use greenward_engine::{CycleCommand, CycleRefusal, CycleRequest, Query};

use super::ask::trouble;
use super::follow::{Ended, Follow, exit_of};
use super::review::apply;
use super::targets::{count, failing, named};
use super::tell::Teller;
use super::who::{chosen, is_by_hand};
use crate::cli::GreenArgs;
use crate::edge::World;
use crate::exit::{Exit, Trouble};
use crate::launch::Session;
use crate::report::words;
use crate::signals::Signals;
use crate::trusting;
use crate::wanted::Plan;

/// Runs `greenward green`.
///
/// # Errors
/// If it could not be tried at all.
pub(crate) async fn run(world: &World, args: &GreenArgs) -> Result<Exit, Trouble> {
    let plan = Plan::of(&args.tests, &world.folder)?;
    if plan.paths.is_empty() && plan.patterns.is_empty() && plan.lines.is_empty() {
        return Err(Trouble::new("a folder is more than one cycle is for")
            .hint("name the failing tests, or their file"));
    }
    let held_out = Plan::of(&args.held_out, &world.folder)?;
    if !args.held_out.is_empty() && held_out.folder != plan.folder {
        return Err(Trouble::new(format!(
            "the tests held out are in {}, not in {}",
            held_out.folder, plan.folder
        )));
    }
    let trust = trusting::word(world, &plan.folder, args.trust, !args.json)?;
    let mut signals = Signals::catch()
        .map_err(|error| Trouble::new("interrupts cannot be caught").from(error))?;
    let mut session = Session::start(world, &plan.folder, trust, false).await?;
    let path = plan.folder.clone();
    let settings = session.ask(|reply| Query::Settings { path, reply }).await?;
    let settings = settings.unwrap_or_default();
    let worker = chosen(args.worker.as_deref(), &settings, !args.json);
    if is_by_hand(worker.as_deref(), &settings) {
        // A person's files are tested as they save them.
        session.stop().await;
        session = Session::start(world, &plan.folder, trust, true).await?;
    }
    let plans = (&plan, &held_out);
    let exit = cycle(world, args, plans, worker, &mut session, &mut signals).await;
    session.stop().await;
    exit
}

async fn cycle(
    world: &World,
    args: &GreenArgs,
    (plan, held_out): (&Plan, &Plan),
    worker: Option<String>,
    session: &mut Session,
    signals: &mut Signals,
) -> Result<Exit, Trouble> {
    let mut teller = Teller::new(args.json);
    let wanted = named(session, plan).await?;
    let held_out = named(session, held_out).await?.tests;
    let mut targets = wanted.tests;
    targets.retain(|test| !held_out.contains(test));
    if targets.is_empty() {
        return Err(trouble(CycleRefusal::AllHeldOut));
    }
    if wanted.may_pass {
        let all = words::many(targets.len(), "test");
        teller
            .people()
            .line(&format!("Running {all} to see which fail"));
        let Some(failing) = failing(session, signals, &targets).await? else {
            return Ok(Exit::Cancelled);
        };
        if failing.is_empty() {
            teller.people().line(&already_green(&targets));
            return Ok(Exit::Holds);
        }
        teller.people().line(&count(&targets, &failing));
        targets = failing;
    }
    let request = CycleRequest {
        targets,
        held_out,
        worker,
    };
    let mut follow = Follow {
        session,
        teller: &mut teller,
        signals,
        clock: world.clock,
        asks_for_decision: !args.apply,
    };
    let begun = follow.begun(|reply| CycleCommand::Start { request, reply });
    let Some(id) = begun.await? else {
        return Ok(Exit::Cancelled);
    };
    let summary = match follow.until_ended(id).await? {
        Ended::AsItStands(summary) => summary,
        Ended::AlreadyGreen => return Ok(Exit::Holds),
        Ended::LeftAlone => return Ok(Exit::Cancelled),
    };
    let exit = exit_of(&summary);
    if args.apply && exit == Exit::Holds && summary.review.is_none() {
        return apply(session, id, teller.people()).await;
    }
    Ok(exit)
}
