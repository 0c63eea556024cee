//! `greenward trust`: say whether a folder is trusted.

use camino::{Utf8Path, Utf8PathBuf};
use greenward_workspace::dirs::Dirs;
use greenward_workspace::trust::TrustFile;

use crate::cli::TrustArgs;
use crate::edge::World;
use crate::exit::{Exit, Trouble};
use crate::report::style::{DIM, GOOD, PLACE, WARNING, paint};
use crate::screen::Screen;
use crate::{folder, launch, trusting};

/// Runs `greenward trust`.
///
/// # Errors
/// If the folder is not there, or the record cannot be read or written.
pub(crate) fn run(world: &World, args: &TrustArgs) -> Result<Exit, Trouble> {
    let dirs = launch::dirs(world)?;
    let mut screen = Screen::stdout();
    if args.list {
        return list(&dirs, &mut screen);
    }
    let folder = subject(world, args.folder.as_deref())?;
    let trusted = !args.revoke;
    trusting::record(&dirs, &folder, trusted)
        .map_err(|error| Trouble::new("what you say could not be recorded").from(error))?;
    let place = paint(PLACE, &folder);
    let on_trust = trusting::on_trust(&folder);
    match (trusted, on_trust.is_empty()) {
        (false, _) => screen.line(&format!("{place} is not trusted: nothing is run in it.")),
        (true, true) => screen.line(&format!("{place} is trusted, with what lies beneath it.")),
        (true, false) => screen.print(&format!(
            "{place} is trusted, and with it what its .tdd/config.toml says is run:\n  {}\n",
            paint(WARNING, on_trust.to_json())
        )),
    }
    Ok(Exit::Holds)
}

/// The folder that is meant: as it was named, or the project around the working directory.
fn subject(world: &World, named: Option<&Utf8Path>) -> Result<Utf8PathBuf, Trouble> {
    let canonical = |path: &Utf8Path| {
        folder::canonical(path, &world.folder)
            .map_err(|error| Trouble::new(format!("{path} cannot be found")).from(error))
    };
    let Some(named) = named else {
        let here = canonical(&world.folder)?;
        return Ok(folder::around(
            &here,
            |path| path.exists(),
            |path| path.is_dir(),
        ));
    };
    let folder = canonical(named)?;
    if !folder.is_dir() {
        return Err(Trouble::new(format!("{named} is no folder")).hint("trust goes by folder"));
    }
    Ok(folder)
}

fn list(dirs: &Dirs, screen: &mut Screen) -> Result<Exit, Trouble> {
    let records = TrustFile::new(dirs.trust_file())
        .all()
        .map_err(|error| Trouble::new("the record could not be read").from(error))?;
    if records.is_empty() {
        screen.line(&paint(DIM, "Nothing is recorded: no folder is trusted."));
    }
    for (folder, trusted) in records {
        let word = match trusted {
            true => paint(GOOD, "trusted    "),
            false => paint(WARNING, "not trusted"),
        };
        screen.line(&format!("{word}  {folder}"));
    }
    Ok(Exit::Holds)
}
