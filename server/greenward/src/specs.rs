//! Specs of a workspace: which there are, and which one somebody means.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_specs::{Form, MAX_BYTES, Patterns, Spec, nearest};
use greenward_workspace::files::{self, Ignore, ReadError, read_text};
use greenward_workspace::settings::{Sources, repository_file};

use crate::edge::World;
use crate::exit::Trouble;
use crate::{folder, launch};

/// How many specs are looked into for their titles.
const LOOKED_INTO: usize = 1_000;

/// How many names are shown.
const SHOWN: usize = 5;

/// A spec and its surroundings.
pub(crate) struct Found {
    /// The workspace folder.
    pub(crate) folder: Utf8PathBuf,
    /// The spec, relative to it.
    pub(crate) path: Utf8PathBuf,
    /// All files that count, relative to it.
    pub(crate) files: Vec<Utf8PathBuf>,
    /// What it says.
    pub(crate) spec: Spec,
}

/// Which files are specs, by the settings. Nothing in a repository's settings about them can run
/// anything, so it counts in every folder.
///
/// # Errors
/// If it is not known where the user's settings lie, or a pattern is none.
pub(crate) fn patterns(world: &World, folder: &Utf8Path) -> Result<Patterns, Trouble> {
    let mut sources = Sources::default();
    // A file that cannot be read says nothing, to the engine neither.
    if let Ok(text) = read_text(&launch::dirs(world)?.settings_file()) {
        sources.user.take_toml(&text);
    }
    if let Ok(text) = read_text(&repository_file(folder)) {
        sources.repository.take_toml(&text);
    }
    let (patterns, bad) = Patterns::new(&sources.settings(false).specs.files);
    match bad.into_iter().next() {
        None => Ok(patterns),
        Some(bad) => Err(Trouble::new("the setting `specs.files` cannot be used").from(bad)),
    }
}

/// The spec that somebody means: a file, or a part of the title or the path of a spec in the
/// workspace around the working directory.
///
/// # Errors
/// If nothing or several are meant, or it cannot be read.
pub(crate) fn find(world: &World, typed: &str) -> Result<Found, Trouble> {
    let named = world.folder.join(typed);
    if named.symlink_metadata().is_ok() {
        let file = folder::canonical(&named, &world.folder)
            .map_err(|error| Trouble::new(format!("{typed} cannot be read")).from(error))?;
        let folder = folder::around(&file, |path| path.exists(), |path| path.is_dir());
        let spec = read(&file, typed)?;
        let path = file.strip_prefix(&folder).unwrap_or(&file).to_owned();
        let files = listed(&folder);
        return Ok(Found {
            folder,
            path,
            files,
            spec,
        });
    }
    let working = folder::canonical(&world.folder, &world.folder)
        .map_err(|error| Trouble::new("the working directory cannot be read").from(error))?;
    let folder = folder::around(&working, |path| path.exists(), |path| path.is_dir());
    let files = listed(&folder);
    let path = meant(typed, &titled(world, &folder, &files)?)?;
    let spec = read(&folder.join(&path), path.as_str())?;
    Ok(Found {
        folder,
        path,
        files,
        spec,
    })
}

/// Reads a spec that somebody called by a name.
fn read(file: &Utf8Path, called: &str) -> Result<Spec, Trouble> {
    let too_large = || {
        let most = MAX_BYTES / 1024 / 1024;
        Trouble::new(format!("{called} is larger than {most} MiB"))
            .hint("nobody reads such a spec: split it")
    };
    let text = read_text(file).map_err(|error| match error {
        ReadError::TooLarge { .. } => too_large(),
        ReadError::NotAFile { .. } => Trouble::new(format!("{called} is no regular file"))
            .hint("name a file in Markdown, JSON or YAML"),
        ReadError::NotUtf8 { offset, .. } => {
            Trouble::new(format!("{called} is no UTF-8: byte {offset} does not fit"))
                .hint("save it as UTF-8")
        }
        error => Trouble::new(format!("{called} cannot be read")).from(error),
    })?;
    Spec::read(&text, Form::of(file)).map_err(|_| too_large())
}

/// All files of a folder that count, relative to it.
fn listed(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let files = files::list(&Arc::new(Ignore::new(folder)));
    let inner = files
        .iter()
        .filter_map(|file| file.strip_prefix(folder).ok());
    inner.map(Utf8Path::to_path_buf).collect()
}

/// A spec with what it is called.
struct Titled {
    path: Utf8PathBuf,
    title: String,
}

/// The specs among files. One that cannot be read is called like its file.
fn titled(world: &World, folder: &Utf8Path, files: &[Utf8PathBuf]) -> Result<Vec<Titled>, Trouble> {
    let patterns = patterns(world, folder)?;
    let specs = files.iter().filter(|path| patterns.matches(path));
    let titled = specs.take(LOOKED_INTO).map(|path| {
        let text = read_text(&folder.join(path)).unwrap_or_default();
        let spec = Spec::read(&text, Form::of(path)).unwrap_or_default();
        Titled {
            path: path.clone(),
            title: spec.title_or_name(path),
        }
    });
    Ok(titled.collect())
}

/// The one spec that a name means: with this path or title, else with a part of one.
fn meant(typed: &str, specs: &[Titled]) -> Result<Utf8PathBuf, Trouble> {
    let wanted = typed.to_lowercase();
    let exact = |spec: &&Titled| spec.path == typed || spec.title.to_lowercase() == wanted;
    let part = |spec: &&Titled| {
        spec.path.as_str().to_lowercase().contains(&wanted)
            || spec.title.to_lowercase().contains(&wanted)
    };
    let mut found: Vec<&Titled> = specs.iter().filter(exact).collect();
    if found.is_empty() && !wanted.trim().is_empty() {
        found = specs.iter().filter(part).collect();
    }
    let list = |paths: &[&str]| -> String {
        let shown = paths.iter().take(SHOWN);
        shown.map(|path| format!("\n    {path}")).collect()
    };
    match found.as_slice() {
        [only] => Ok(only.path.clone()),
        [] => {
            let names = || specs.iter().map(|spec| spec.title.as_str());
            let paths = || specs.iter().map(|spec| spec.path.as_str());
            let mut near: Vec<&str> = nearest(typed, paths().chain(names()), SHOWN)
                .into_iter()
                .map(|near| {
                    let of = specs
                        .iter()
                        .find(|spec| spec.title == near || spec.path == near);
                    of.map_or(near, |spec| spec.path.as_str())
                })
                .collect();
            near.dedup();
            let hint = match near.is_empty() {
                true if specs.is_empty() => {
                    "there is none here: `greenward init --spec NAME` writes one".to_owned()
                }
                true => format!("the specs here are:{}", list(&paths().collect::<Vec<_>>())),
                false => format!("the nearest are:{}", list(&near)),
            };
            Err(Trouble::new(format!("no file and no spec is called {typed}")).hint(hint))
        }
        several => {
            let paths: Vec<&str> = several.iter().map(|spec| spec.path.as_str()).collect();
            Err(Trouble::new(format!("{typed} may mean several specs"))
                .hint(format!("name one of them:{}", list(&paths))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, says: &str) {
        let specs = [
            ("specs/roman.md", "Roman numerals"),
            ("specs/greek.md", "Greek numerals"),
            ("specs/old/roman.md", "Roman numerals, old"),
            ("a.spec.md", "Überschrift"),
        ];
        let specs = specs.map(|(path, title)| Titled {
            path: path.into(),
            title: title.to_owned(),
        });
        let said = match meant(typed, &specs) {
            Ok(path) => path.into_string(),
            Err(trouble) => trouble.lines().join("\n"),
        };
        assert_eq!(said, says, "{typed}");
    }

    #[test]
    fn one_spec_is_meant() {
        check("specs/roman.md", "specs/roman.md");
        check("roman numerals", "specs/roman.md");
        check("GREEK", "specs/greek.md");
        check("old", "specs/old/roman.md");
        check("überschrift", "a.spec.md");
    }

    #[test]
    fn several_or_none_are_named() {
        check(
            "roman",
            "roman may mean several specs\n  name one of them:\n    specs/roman.md\n    specs/old/roman.md",
        );
        check(
            "specs/grek.md",
            "no file and no spec is called specs/grek.md\n  the nearest are:\n    specs/greek.md\n    specs/roman.md",
        );
        check(
            "xyz",
            "no file and no spec is called xyz\n  the specs here are:\n    specs/roman.md\n    specs/greek.md\n    specs/old/roman.md\n    a.spec.md",
        );
    }
}
