//! Looking at files and folders, and at what the engine finds in them.

use camino::Utf8Path;
use greenward_core::TestId;
use greenward_engine::{ItemView, Query};
use greenward_lsp::project_name;
use greenward_workspace::changes::changed_since_head;
use greenward_workspace::dirs::Dirs;
use greenward_workspace::files::{ReadError, read_text};
use greenward_workspace::settings::{Source, repository_file};
use greenward_workspace::trust::{Trust, TrustError};

use super::finding::Finding;
use crate::edge::World;
use crate::exit::Trouble;
use crate::launch::Session;
use crate::report::words;

const YOURS: &str = "Your files";
const FOLDER: &str = "This folder";
const PROJECTS: &str = "Projects";
const WATCHING: &str = "Watching files";

/// The program itself, and the user's folders.
pub(super) fn own_files(world: &World, dirs: &Dirs) -> Vec<Finding> {
    vec![
        Finding::ok(
            "Greenward",
            env!("CARGO_PKG_VERSION"),
            world.binary.as_str(),
        ),
        settings(YOURS, &dirs.settings_file()),
        writable("state", dirs.state()),
        writable("cache", dirs.cache()),
    ]
}

/// The folder that is the workspace.
pub(super) fn workspace(folder: &Utf8Path, trust: &Result<Trust, TrustError>) -> Vec<Finding> {
    vec![
        Finding::ok(FOLDER, "folder", folder.as_str()),
        git(folder),
        trusted(folder, trust),
        settings(FOLDER, &repository_file(folder)),
    ]
}

/// The projects that the engine finds, with how many tests they have, and what is wrong with them.
///
/// # Errors
/// If the engine ends.
pub(super) async fn projects(
    session: &Session,
    folder: &Utf8Path,
) -> Result<Vec<Finding>, Trouble> {
    let status = session.status().await?;
    if status.projects.is_empty() {
        return Ok(vec![Finding::warning(
            PROJECTS,
            "none",
            format!("neither a Cargo package nor pytest tests in {folder}"),
            "name another folder: greenward doctor PATH",
        )]);
    }
    let mut findings = Vec::new();
    let items: Vec<ItemView> = session
        .ask(|reply| Query::Children {
            parent: None,
            reply,
        })
        .await?;
    for project in &status.projects {
        let id = TestId::of_project(&project.id);
        let tests = items
            .iter()
            .find(|view| view.item.id == id)
            .map_or(0, |view| view.state.tests);
        let label = project_name(&project.id, Some(&project.root));
        let found = format!(
            "{} in {}, {}",
            words::many(tests as usize, "test"),
            words::path(&project.root, folder),
            project.id,
        );
        findings.push(Finding::ok(PROJECTS, project.id.as_str(), found).called(&label));
        for problem in &project.problems {
            let place = problem.location.as_ref();
            let place = place.map_or_else(String::new, |place| words::place(place, folder));
            let message = problem.message.clone();
            findings.push(
                Finding::warning(PROJECTS, project.id.as_str(), message, place).called(&label),
            );
        }
    }
    Ok(findings)
}

/// Whether the system lets us watch many folders.
pub(super) fn watching() -> Vec<Finding> {
    const LIMIT: &str = "/proc/sys/fs/inotify/max_user_watches";
    // About as many folders as a large repository has.
    const MANY: u64 = 65_536;
    // Other systems have no such limit.
    let Some(watches) = std::fs::read_to_string(LIMIT)
        .ok()
        .and_then(|text| text.trim().parse::<u64>().ok())
    else {
        return Vec::new();
    };
    let found = format!("{watches} folders at once");
    vec![if watches < MANY {
        Finding::warning(
            WATCHING,
            "limit",
            found,
            format!(
                "a very large repository needs more: sysctl fs.inotify.max_user_watches={MANY}"
            ),
        )
    } else {
        Finding::ok(WATCHING, "limit", found)
    }]
}

/// A settings file, and what is wrong in it.
fn settings(section: &'static str, file: &Utf8Path) -> Finding {
    const NAME: &str = "settings";
    let text = match read_text(file) {
        Ok(text) => text,
        Err(ReadError::NotFound { .. }) => {
            return Finding::ok(section, NAME, format!("{file} is not there: defaults"));
        }
        Err(error) => {
            return Finding::failure(section, NAME, error.to_string(), "mend it or remove it");
        }
    };
    let mut source = Source::default();
    source.take_toml(&text);
    let mistakes: Vec<String> = source
        .mistakes()
        .iter()
        .map(|mistake| match mistake.range {
            Some(range) => format!("line {}: {}", range.start.line + 1, mistake.message),
            None => mistake.message.clone(),
        })
        .collect();
    if mistakes.is_empty() {
        return Finding::ok(section, NAME, file.as_str());
    }
    let found = format!("{file} has {}", words::many(mistakes.len(), "mistake"));
    Finding::warning(section, NAME, found, mistakes.join("\n"))
}

/// A folder of our own: there, or can be made, and can be written to.
fn writable(name: &'static str, folder: &Utf8Path) -> Finding {
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| tempfile::NamedTempFile::new_in(folder))
        .map(drop);
    match written {
        Ok(()) => Finding::ok(YOURS, name, folder.as_str()),
        Err(error) => Finding::failure(
            YOURS,
            name,
            format!("{folder} cannot be written to: {error}"),
            "make it writable, or say by XDG_STATE_HOME and XDG_CACHE_HOME where else",
        ),
    }
}

fn git(folder: &Utf8Path) -> Finding {
    match changed_since_head(folder) {
        Ok(Some(changed)) => {
            let changed = words::many(changed.len(), "file");
            Finding::ok(
                FOLDER,
                "git",
                format!("{changed} changed since the last commit"),
            )
        }
        Ok(None) => Finding::warning(
            FOLDER,
            "git",
            "in no git repository",
            "`git init` makes one: `greenward test --changed` compares with the last commit",
        ),
        Err(error) => Finding::warning(
            FOLDER,
            "git",
            error.to_string(),
            "`greenward test --changed` cannot work before",
        ),
    }
}

fn trusted(folder: &Utf8Path, trust: &Result<Trust, TrustError>) -> Finding {
    match trust {
        Ok(trust) if trust.is_trusted() => Finding::ok(FOLDER, "trust", trust.explain()),
        Ok(trust) => {
            let found = match trust {
                Trust::Changed => {
                    "its settings would run something that was not there when trust was given: \
                     look at .tdd/config.toml"
                }
                Trust::Trusted | Trust::Untrusted => "not trusted, so nothing is run in it",
            };
            Finding::warning(FOLDER, "trust", found, format!("greenward trust {folder}"))
        }
        Err(error) => Finding::failure(
            FOLDER,
            "trust",
            error.to_string(),
            "nothing is trusted before that is mended",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::finding::State;
    use camino::Utf8PathBuf;

    struct Folder {
        _folder: tempfile::TempDir,
        path: Utf8PathBuf,
    }

    fn folder() -> Folder {
        let folder = tempfile::tempdir().unwrap();
        Folder {
            path: Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap(),
            _folder: folder,
        }
    }

    #[test]
    fn mistakes_in_settings_are_named_with_their_lines() {
        let folder = folder();
        let file = folder.path.join("config.toml");
        for (text, state, advice) in [
            (None, State::Ok, None),
            (Some("[run]\non_save = false\n"), State::Ok, None),
            (
                Some("[run]\non_safe = false\n"),
                State::Warning,
                Some("line 2: "),
            ),
            (Some("[run"), State::Warning, Some("line 1: ")),
            (Some("\u{0}"), State::Warning, Some("line 1: ")),
        ] {
            if let Some(text) = text {
                std::fs::write(&file, text).unwrap();
            }
            let finding = settings(YOURS, &file);
            assert_eq!(finding.state, state, "{text:?}");
            let starts = |start: &str| finding.advice.as_deref().unwrap().starts_with(start);
            assert!(advice.is_none_or(starts), "{finding:?}");
        }
        std::fs::write(&file, b"\xff").unwrap();
        assert_eq!(settings(YOURS, &file).state, State::Failure);
    }

    #[test]
    fn a_folder_that_cannot_be_written_to_is_missing() {
        let folder = folder();
        assert_eq!(writable("state", &folder.path.join("a/b")).state, State::Ok);
        std::fs::write(folder.path.join("file"), "").unwrap();
        let below_a_file = writable("state", &folder.path.join("file/b"));
        assert_eq!(below_a_file.state, State::Failure);
    }

    #[test]
    fn how_to_trust_is_said_once() {
        for trust in [Trust::Untrusted, Trust::Changed] {
            let finding = trusted("/w".into(), &Ok(trust));
            assert_eq!(finding.state, State::Warning);
            assert!(!finding.found.contains("greenward trust"), "{finding:?}");
            assert_eq!(finding.advice.as_deref(), Some("greenward trust /w"));
        }
        assert_eq!(trusted("/w".into(), &Ok(Trust::Trusted)).state, State::Ok);
    }

    #[test]
    fn without_a_repository_git_is_worth_a_look() {
        assert_eq!(git(&folder().path).state, State::Warning);
    }
}
