//! `greenward cycles`: what cycles there are, and all of one.

use std::time::Duration;

use greenward_core::CycleId;
use greenward_engine::{CycleCommand, CycleRecord};
use greenward_lsp::wire;

use super::ask::{Cycles, ask, going_on, resting, trouble};
use crate::cli::CyclesArgs;
use crate::edge::{self, World};
use crate::exit::{Exit, Trouble};
use crate::report::style::{DIM, WARNING, paint};
use crate::report::{cycle, cycles};
use crate::screen::Screen;

/// Runs `greenward cycles`.
///
/// # Errors
/// If there are no cycles, or not this one.
pub(crate) async fn run(world: &World, args: &CyclesArgs) -> Result<Exit, Trouble> {
    let cycles = Cycles::look(world).await?;
    let shown = show(world, args, &cycles).await;
    cycles.session.stop().await;
    shown.map(|()| Exit::Holds)
}

async fn show(world: &World, args: &CyclesArgs, cycles: &Cycles) -> Result<(), Trouble> {
    if args.reset_breakers {
        return reset_breakers(cycles).await;
    }
    match args.cycle {
        Some(id) => one(world, args, cycles, CycleId(id)).await,
        None => all(args, cycles).await,
    }
}

async fn all(args: &CyclesArgs, cycles: &Cycles) -> Result<(), Trouble> {
    let session = &cycles.session;
    let all = ask(session, |reply| CycleCommand::List { reply }).await?;
    let all = all.map_err(trouble)?;
    let mut screen = Screen::stdout();
    if args.json {
        let mut screen = Screen::for_programs();
        for cycle in &all {
            let line = serde_json::to_string(&wire::cycle_state(&cycle.summary));
            screen.line(&line.unwrap_or_default());
        }
        return Ok(());
    }
    let now = edge::since_epoch();
    screen.print(&cycles::table(&all, now));
    let half = ask(session, |reply| CycleCommand::HalfApplied { reply }).await?;
    for half in half.map_err(trouble)? {
        screen.line(&paint(WARNING, half));
    }
    screen.print(&cycles::resting(&resting(session).await?, now));
    Ok(())
}

async fn one(
    world: &World,
    args: &CyclesArgs,
    cycles: &Cycles,
    cycle: CycleId,
) -> Result<(), Trouble> {
    let session = &cycles.session;
    let record = ask(session, |reply| CycleCommand::Show { cycle, reply }).await?;
    let record = record.map_err(trouble)?;
    let mut screen = Screen::stdout();
    if let Some(to) = &args.recording {
        let to = world.folder.join(to);
        std::fs::copy(&record.recording, &to).map_err(|error| match record.recording.exists() {
            true => Trouble::new(format!("{to} cannot be written")).from(error),
            false => Trouble::new(format!("cycle {cycle} has no recording"))
                .hint("a worker that has taken no turn has said nothing, nor has a person"),
        })?;
        screen.line(&format!("The recording of cycle {cycle} is in {to}"));
        return Ok(());
    }
    if args.json {
        let line = serde_json::to_string(&wire::cycle_state(&record.summary));
        Screen::for_programs().line(&line.unwrap_or_default());
        return Ok(());
    }
    let goes_on = going_on(session).await?.contains(&cycle);
    screen.print(&story(&record, goes_on));
    Ok(())
}

/// All of a cycle.
fn story(record: &CycleRecord, goes_on: bool) -> String {
    let CycleRecord {
        summary, events, ..
    } = record;
    let began = events.first().map_or(Duration::ZERO, |first| first.at);
    let mut text = cycles::title(summary, goes_on);
    for recorded in events {
        let at = recorded.at.saturating_sub(began);
        text += &cycles::event(at, &recorded.event);
    }
    text.push('\n');
    if let Some(verdict) = &summary.verdict {
        text += &paint(DIM, "The last verdict\n");
        text += &cycle::verdict(verdict);
        text.push('\n');
    }
    if goes_on {
        return text + &cycle::goes_on(summary.id);
    }
    text += &cycle::ending(summary);
    text += &cycle::next_steps(summary);
    text
}

async fn reset_breakers(cycles: &Cycles) -> Result<(), Trouble> {
    let reset = ask(&cycles.session, |reply| CycleCommand::ResetBreakers {
        reply,
    });
    reset.await?.map_err(trouble)?;
    Screen::stdout().line("Every worker may be tried again.");
    Ok(())
}
