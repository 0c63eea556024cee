//! `greenward doctor`: what is found, what is missing, and how to get it.

mod cycles;
mod finding;
mod lanes;
mod look;
mod sandbox;
mod toolchain;
mod workers;

use serde_json::json;

use crate::cli::DoctorArgs;
use crate::edge::World;
use crate::exit::{Exit, Trouble};
use crate::launch::{self, Session};
use crate::screen::Screen;
use crate::{folder, trusting};
use finding::State;
use greenward_engine::TrustWord;

/// Runs `greenward doctor`. Nothing that a folder chose is run unless it is trusted.
///
/// # Errors
/// If the folder is not there.
pub(crate) async fn run(world: &World, args: &DoctorArgs) -> Result<Exit, Trouble> {
    let dirs = launch::dirs(world)?;
    let named = args.folder.as_deref().unwrap_or(&world.folder);
    let named = folder::canonical(named, &world.folder)
        .map_err(|error| Trouble::new(format!("{named} cannot be found")).from(error))?;
    let folder = folder::around(&named, |path| path.exists(), |path| path.is_dir());
    if let Some(whose) = args.clean_lanes {
        lanes::clean(&dirs, whose, &folder, &mut Screen::stdout());
        return Ok(Exit::Holds);
    }
    let trust = trusting::recorded(&dirs, &folder);

    let mut findings = look::own_files(world, &dirs);
    findings.extend(look::workspace(&folder, &trust));
    let session = Session::start(world, &folder, TrustWord::Record, false).await?;
    let trusted = trust.is_ok_and(|trust| trust.is_trusted());
    findings.extend(look::projects(&session, &folder).await?);
    let keeps = match session.status().await?.projects.is_empty() {
        true => Some("there is no project here"),
        false => (!trusted).then_some("the folder is not trusted"),
    };
    findings.extend(toolchain::all(world, &session, &folder, trusted).await?);
    findings.extend(look::watching());
    findings.extend(workers::all(world, &session, &folder).await?);
    findings.extend(sandbox::all(world).await);
    findings.extend(cycles::half_applied(&session).await?);
    findings.extend(lanes::all(&dirs));
    session.stop().await;

    let mut screen = Screen::stdout();
    let worst = finding::worst(&findings);
    if args.json {
        let report = json!({ "folder": folder, "state": worst, "findings": findings });
        screen.line(&report.to_string());
    } else {
        screen.print(&finding::render(&findings));
        screen.line("");
        screen.line(&finding::conclusion(&findings, keeps));
    }
    Ok(match worst {
        State::Ok | State::Warning => Exit::Holds,
        State::Failure => Exit::Fails,
    })
}
