//! Whether the user trusts a folder, asked at a terminal where it is not known.

use std::io::{BufRead, IsTerminal};

use camino::Utf8Path;
use greenward_engine::TrustWord;
use greenward_protocol::settings::Layer;
use greenward_workspace::dirs::Dirs;
use greenward_workspace::files::read_text;
use greenward_workspace::settings::{Sources, repository_file};
use greenward_workspace::trust::{SettingsHash, Trust, TrustError, TrustFile, Word, decide};

use crate::edge::World;
use crate::exit::Trouble;
use crate::launch;
use crate::report::style::{PLACE, STRONG, WARNING, paint};
use crate::screen::Screen;

/// What the user trusts a folder with: the settings in it that can run something.
pub(crate) fn on_trust(folder: &Utf8Path) -> Layer {
    let mut sources = Sources::default();
    // A file that cannot be read says nothing, to the engine neither.
    if let Ok(text) = read_text(&repository_file(folder)) {
        sources.repository.take_toml(&text);
    }
    sources.on_trust()
}

/// Whether a folder is trusted by what is recorded.
///
/// # Errors
/// If the record or the folder cannot be read.
pub(crate) fn recorded(dirs: &Dirs, folder: &Utf8Path) -> Result<Trust, TrustError> {
    let word = TrustFile::new(dirs.trust_file()).word_on(folder)?;
    Ok(decide(
        None,
        word.as_ref(),
        &SettingsHash::of(&on_trust(folder)),
    ))
}

/// Records that a folder is trusted with its settings as they are, or that it is not.
///
/// # Errors
/// If the record cannot be written.
pub(crate) fn record(dirs: &Dirs, folder: &Utf8Path, trusted: bool) -> Result<(), TrustError> {
    let word = match trusted {
        true => Word::Trusted(SettingsHash::of(&on_trust(folder))),
        false => Word::Distrusted,
    };
    TrustFile::new(dirs.trust_file()).record(folder, word)
}

/// What counts as the user's word: `this_time` is it for one run. Otherwise what is recorded, and
/// somebody who can be asked is.
///
/// # Errors
/// If the record cannot be read or written.
pub(crate) fn word(
    world: &World,
    folder: &Utf8Path,
    this_time: bool,
    may_ask: bool,
) -> Result<TrustWord, Trouble> {
    if this_time {
        return Ok(TrustWord::ThisTime);
    }
    let dirs = launch::dirs(world)?;
    let recorded = recorded(&dirs, folder)
        .map_err(|error| Trouble::new("it is not known whether you trust this").from(error))?;
    let can_ask = std::io::stdin().is_terminal() && std::io::stderr().is_terminal() && may_ask;
    if can_ask && !recorded.is_trusted() {
        let mut screen = Screen::stderr();
        ask(
            &dirs,
            folder,
            recorded,
            &mut screen,
            &mut std::io::stdin().lock(),
        )?;
    }
    Ok(TrustWord::Record)
}

/// Asks whether a folder is to be trusted, and records a yes. Anything but a clear yes is a no.
///
/// # Errors
/// If the answer cannot be recorded.
pub(crate) fn ask(
    dirs: &Dirs,
    folder: &Utf8Path,
    trust: Trust,
    screen: &mut Screen,
    answer: &mut dyn BufRead,
) -> Result<bool, Trouble> {
    screen.print(&question(folder, trust, &on_trust(folder)));
    let mut line = String::new();
    let read = answer.read_line(&mut line);
    let yes = read.is_ok() && matches!(line.trim().to_lowercase().as_str(), "y" | "yes");
    if yes {
        record(dirs, folder, true)
            .map_err(|error| Trouble::new("your answer could not be recorded").from(error))?;
    }
    Ok(yes)
}

/// The question, without a line break at its end.
fn question(folder: &Utf8Path, trust: Trust, on_trust: &Layer) -> String {
    let why = match trust {
        Trust::Changed => "Its settings would run something that you have not seen yet.\n",
        Trust::Trusted | Trust::Untrusted => "",
    };
    let settings = match on_trust.is_empty() {
        true => String::new(),
        false => format!(
            "Its .tdd/config.toml says what is run:\n  {}\n",
            paint(WARNING, on_trust.to_json())
        ),
    };
    format!(
        "Running tests runs the code in {}.\n{why}{settings}{} ",
        paint(PLACE, folder),
        paint(STRONG, "Do you trust it? [y/N]")
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::screen::tests::screen;
    use camino::Utf8PathBuf;

    struct World {
        _folder: tempfile::TempDir,
        dirs: Dirs,
        project: Utf8PathBuf,
    }

    fn world() -> World {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
        let project = root.join("project");
        std::fs::create_dir_all(project.join(".tdd")).unwrap();
        let env = BTreeMap::from([("HOME".to_owned(), root.to_string())]);
        World {
            _folder: folder,
            dirs: Dirs::from_env(&env).unwrap(),
            project,
        }
    }

    impl World {
        fn asked(&self, answer: &str) -> (bool, String) {
            let (mut screen, written) = screen(false, false);
            let trust = recorded(&self.dirs, &self.project).unwrap();
            let mut answer = answer.as_bytes();
            let yes = ask(&self.dirs, &self.project, trust, &mut screen, &mut answer).unwrap();
            (yes, written.text())
        }

        fn check(&self, expected: Trust) {
            assert_eq!(recorded(&self.dirs, &self.project).unwrap(), expected);
        }
    }

    #[test]
    fn only_a_clear_yes_is_one() {
        for (answer, expected) in [
            ("y\n", true),
            (" YES \n", true),
            ("\n", false),
            ("", false),
            ("n\n", false),
            ("yeah\n", false),
        ] {
            let world = world();
            let (yes, _) = world.asked(answer);
            assert_eq!(yes, expected, "{answer:?}");
            world.check(match expected {
                true => Trust::Trusted,
                false => Trust::Untrusted,
            });
        }
    }

    #[test]
    fn settings_that_run_something_are_shown_and_trusted_as_they_are() {
        let world = world();
        let settings = repository_file(&world.project);
        std::fs::write(&settings, "cargo.program = \"./mine\"\n").unwrap();
        let (_, text) = world.asked("y\n");
        assert!(text.contains("./mine"), "{text}");
        world.check(Trust::Trusted);
        std::fs::write(&settings, "cargo.program = \"./other\"\n").unwrap();
        world.check(Trust::Changed);
        let (_, text) = world.asked("n\n");
        assert!(
            text.contains("./other") && text.contains("not seen yet"),
            "{text}"
        );
        world.check(Trust::Changed);
        for settings_that_run_nothing in ["# cargo.program = \"./other\"\n", ""] {
            std::fs::write(&settings, settings_that_run_nothing).unwrap();
            world.check(Trust::Trusted);
        }
        std::fs::remove_file(&settings).unwrap();
        world.check(Trust::Trusted);
        record(&world.dirs, &world.project, false).unwrap();
        world.check(Trust::Untrusted);
    }
}
