//! `greenward diff`, `greenward apply` and `greenward discard`: look at a result and decide.

use greenward_core::CycleId;
use greenward_engine::{ApplyTo, CycleCommand, CycleRefusal};

use super::ask::{Cycles, ask, going_on, trouble};
use crate::cli::CycleArg;
use crate::edge::World;
use crate::exit::{Exit, Trouble};
use crate::launch::Session;
use crate::report::style::{BAD, GOOD, PLACE, paint};
use crate::report::{change, cycle, words};
use crate::screen::Screen;

/// Runs `greenward diff`: shows what a cycle has changed. Piped, it is a patch that `git apply`
/// takes.
///
/// # Errors
/// If there is no such cycle.
pub(crate) async fn diff(world: &World, arg: &CycleArg) -> Result<Exit, Trouble> {
    let cycles = Cycles::look(world).await?;
    let diff = cycles.diff(arg.id()).await;
    let going_on = going_on(&cycles.session).await;
    cycles.session.stop().await;
    let (diff, going_on) = (diff?, going_on?);
    let mut screen = Screen::stdout();
    if !screen.is_live() {
        let patch: String = diff.files.iter().map(|file| file.unified()).collect();
        screen.print(&patch);
        if diff.files.is_empty() {
            // No patch is all right for programs, and odd for people.
            Screen::stderr().line(&format!("Cycle {} has changed nothing.", arg.id()));
        }
        return Ok(Exit::Holds);
    }
    screen.print(&change::render(&diff.files, &diff.left_out));
    if diff.files.is_empty() {
        screen.line("It has changed nothing.");
    }
    screen.print(&match going_on.contains(&arg.id()) {
        true => cycle::goes_on(arg.id()),
        false => cycle::next_steps(&diff.summary),
    });
    Ok(Exit::Holds)
}

/// Runs `greenward apply`: brings a result into the user's files.
///
/// # Errors
/// If there is no such cycle, or it has no result.
pub(crate) async fn run_apply(world: &World, arg: &CycleArg) -> Result<Exit, Trouble> {
    let cycles = Cycles::look(world).await?;
    let exit = apply(&cycles.session, arg.id(), &mut Screen::stdout()).await;
    cycles.session.stop().await;
    exit
}

/// Brings a result into the user's files, and says so. Where they have changed meanwhile in the
/// same lines, both sides are shown and nothing is changed.
///
/// # Errors
/// If the cycle has no result, or it cannot be written.
pub(in crate::commands) async fn apply(
    session: &Session,
    id: CycleId,
    screen: &mut Screen,
) -> Result<Exit, Trouble> {
    let to = ApplyTo::Disk;
    let applied = ask(session, |reply| CycleCommand::Apply {
        cycle: id,
        to,
        reply,
    });
    match applied.await? {
        Ok(application) => {
            let files = words::many(application.files.len(), "file");
            screen.line(&paint(GOOD, format_args!("Applied: {files} changed.")));
            for file in &application.files {
                screen.line(&format!("  {}", paint(PLACE, &file.path)));
            }
            Ok(Exit::Holds)
        }
        Err(CycleRefusal::Conflicts { id, conflicts }) => {
            let (count, one) = (conflicts.len(), "file");
            screen.line(&paint(
                BAD,
                format_args!(
                    "Not applied: in {} you have changed the same lines as the result.",
                    words::many(count, one)
                ),
            ));
            screen.print(&change::conflicts(&conflicts));
            screen.line(&format!(
                "Nothing was changed. The result is kept: `greenward diff {id}` shows it, and \
                 `git show refs/greenward/cycles/{id}/result:FILE` a file of it."
            ));
            Ok(Exit::Fails)
        }
        Err(refusal) => Err(trouble(refusal)),
    }
}

/// Runs `greenward discard`: a result is not wanted.
///
/// # Errors
/// If there is no such cycle, or it goes on.
pub(crate) async fn discard(world: &World, arg: &CycleArg) -> Result<Exit, Trouble> {
    let cycles = Cycles::look(world).await?;
    let cycle = arg.id();
    let discarded = ask(&cycles.session, |reply| CycleCommand::Discard {
        cycle,
        reply,
    })
    .await;
    cycles.session.stop().await;
    discarded?.map_err(trouble)?;
    Screen::stdout().line(&format!(
        "Cycle {cycle} is discarded. Its attempts are kept under refs/greenward/cycles/{cycle}."
    ));
    Ok(Exit::Holds)
}
