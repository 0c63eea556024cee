//! `greenward init`: write a settings file for a project, or a new spec.

use std::fs::{self, File};
use std::io::{self, Write};

use camino::{Utf8Path, Utf8PathBuf};
use greenward_engine::TrustWord;
use greenward_specs::template;
use greenward_workspace::init::{config_text, gitignore_text};
use greenward_workspace::settings::repository_file;

use crate::cli::InitArgs;
use crate::edge::World;
use crate::exit::{Exit, Trouble};
use crate::folder;
use crate::launch::Session;
use crate::report::style::{PLACE, STRONG, paint};
use crate::report::words;
use crate::screen::Screen;
use crate::specs;

/// Runs `greenward init`. Runs nothing of the folder, and overwrites nothing.
///
/// # Errors
/// If the folder is not there, or cannot be written to.
pub(crate) async fn run(world: &World, args: &InitArgs) -> Result<Exit, Trouble> {
    let named = args.folder.as_deref().unwrap_or(&world.folder);
    let named = folder::canonical(named, &world.folder)
        .map_err(|error| Trouble::new(format!("{named} cannot be found")).from(error))?;
    let folder = match &args.folder {
        Some(_) => named,
        None => folder::around(&named, |path| path.exists(), |path| path.is_dir()),
    };
    let mut screen = Screen::stdout();
    if let Some(title) = &args.spec {
        let path = write_spec(world, &folder, title)?;
        screen.line(&format!("{} is a new spec.", paint(PLACE, &path)));
        screen.line("Write over what is in it; `greenward plan` then says what is to be done.");
        return Ok(Exit::Holds);
    }
    let written = write(&folder)
        .map_err(|error| Trouble::new(format!("{folder}/.tdd cannot be written")).from(error))?;
    let place = paint(PLACE, repository_file(&folder));
    screen.line(&match written {
        true => format!("{place} is new: every setting is in it, each as it is without."),
        false => format!("{place} was there already and stays as it is."),
    });
    say_what_is_here(world, &folder, &mut screen).await?;
    Ok(Exit::Holds)
}

/// Writes the settings file, unless there is one, and keeps our database out of git. Returns
/// whether the settings are new.
fn write(folder: &Utf8Path) -> io::Result<bool> {
    let settings = repository_file(folder);
    let own: Utf8PathBuf = folder.join(".tdd");
    fs::create_dir_all(&own)?;
    let ignore = own.join(".gitignore");
    let ignored = match fs::read_to_string(&ignore) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        ignored => ignored?,
    };
    if let Some(text) = gitignore_text(&ignored) {
        fs::write(&ignore, text)?;
    }
    match File::create_new(&settings) {
        Ok(mut file) => file.write_all(config_text().as_bytes()).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes a new spec where the settings say that specs are. Returns its path in the folder.
///
/// # Errors
/// If no pattern of the settings leads to such a file, one is there already, or it cannot be
/// written.
fn write_spec(world: &World, folder: &Utf8Path, title: &str) -> Result<Utf8PathBuf, Trouble> {
    let patterns = specs::patterns(world, folder)?;
    let Some(path) = patterns.place_for(title) else {
        return Err(Trouble::new(
            "no pattern of the setting `specs.files` leads to a Markdown file",
        )
        .hint("add one such as \"specs/**/*.md\""));
    };
    let file = folder.join(&path);
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => Trouble::new(format!("{path} is there already"))
            .hint("it stays as it is; give the new spec another name"),
        _ => Trouble::new(format!("{path} cannot be written")).from(error),
    };
    if let Some(parent) = file.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    let mut new = File::create_new(&file).map_err(failed)?;
    new.write_all(template(title).as_bytes()).map_err(failed)?;
    Ok(path)
}

async fn say_what_is_here(
    world: &World,
    folder: &Utf8Path,
    screen: &mut Screen,
) -> Result<(), Trouble> {
    let session = Session::start(world, folder, TrustWord::Editor(false), false).await?;
    let status = session.status().await?;
    session.stop().await;
    if status.projects.is_empty() {
        screen.line("There is neither a Cargo package nor a pytest test here yet.");
        return Ok(());
    }
    let tests = words::many(status.tests, "test");
    screen.line(&format!("Found {tests} in:"));
    for project in &status.projects {
        let root = words::path(&project.root, folder);
        screen.line(&format!("  {}  {root}", paint(STRONG, &project.id)));
    }
    screen.line("Run them with `greenward test`.");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        assert!(write(folder).unwrap());
        let settings = repository_file(folder);
        assert_eq!(fs::read_to_string(&settings).unwrap(), config_text());
        fs::write(&settings, "[run]\n").unwrap();
        fs::write(folder.join(".tdd/.gitignore"), "mine\n").unwrap();
        assert!(!write(folder).unwrap());
        assert_eq!(fs::read_to_string(&settings).unwrap(), "[run]\n");
        let ignored = fs::read_to_string(folder.join(".tdd/.gitignore")).unwrap();
        assert_eq!(ignored, "mine\nstate.db*\n");
    }

    #[test]
    fn a_folder_that_cannot_be_written_to_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        fs::write(folder.join(".tdd"), "in the way").unwrap();
        assert!(write(folder).is_err());
    }
}
