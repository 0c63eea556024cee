//! `greenward resume`: go on with a cycle.

use greenward_engine::CycleCommand;

use super::ask::Cycles;
use super::follow::{Ended, Follow, exit_of};
use super::review::apply;
use super::tell::Teller;
use crate::cli::ResumeArgs;
use crate::edge::World;
use crate::exit::{Exit, Trouble};
use crate::signals::Signals;

/// Runs `greenward resume`.
///
/// # Errors
/// If it could not be tried at all.
pub(crate) async fn run(world: &World, args: &ResumeArgs) -> Result<Exit, Trouble> {
    let cycle = args.cycle.id();
    let mut signals = Signals::catch()
        .map_err(|error| Trouble::new("interrupts cannot be caught").from(error))?;
    let mut cycles = Cycles::work(world, args.trust, !args.json).await?;
    let mut teller = Teller::new(args.json);
    let mut follow = Follow {
        session: &mut cycles.session,
        teller: &mut teller,
        signals: &mut signals,
        clock: world.clock,
        asks_for_decision: !args.apply,
    };
    let exit = async {
        let begun = follow.begun(|reply| CycleCommand::Resume { cycle, reply });
        let Some(()) = begun.await? else {
            return Ok(Exit::Cancelled);
        };
        let summary = match follow.until_ended(cycle).await? {
            Ended::AsItStands(summary) => summary,
            Ended::AlreadyGreen => return Ok(Exit::Holds),
            Ended::LeftAlone => return Ok(Exit::Cancelled),
        };
        let exit = exit_of(&summary);
        if args.apply && exit == Exit::Holds && summary.review.is_none() {
            return apply(follow.session, cycle, follow.teller.people()).await;
        }
        Ok(exit)
    }
    .await;
    cycles.session.stop().await;
    exit
}
