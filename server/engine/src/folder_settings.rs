//! Reads the settings of folders, and whether the user trusts them.

use std::collections::HashMap;
use std::sync::mpsc::{Sender, channel};

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::Severity;
use greenward_protocol::settings::Settings;
use greenward_workspace::dirs::Dirs;
use greenward_workspace::files::read_text;
use greenward_workspace::settings::{Mistake, Source, Sources, repository_file};
use greenward_workspace::trust::{SettingsHash, Trust, TrustFile, Word, decide};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

use crate::error::chain;
use crate::event::Event;
use crate::notice::Diagnostic;
use crate::survive;
use crate::view::TrustState;

/// What a front end says of trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrustWord {
    /// Nothing: the user's record decides.
    Record,
    /// The editor's user trusts the workspace, or does not.
    Editor(bool),
    /// The user trusts it for as long as this engine lives.
    ThisTime,
}

/// What was read of a folder's settings and trust.
#[derive(Debug)]
pub(crate) struct FolderSettings {
    /// The settings in force.
    pub(crate) settings: Settings,
    /// Whether tests may be run.
    pub(crate) trust: TrustState,
    /// The settings files.
    pub(crate) files: Vec<Utf8PathBuf>,
    /// What is wrong in them.
    pub(crate) mistakes: HashMap<Utf8PathBuf, Vec<Diagnostic>>,
    /// What is wrong with the editor's settings.
    pub(crate) editor_mistakes: Vec<String>,
}

impl FolderSettings {
    /// What holds where a fault of ours has kept them from being read: nothing is run.
    fn unread() -> Self {
        let why =
            "Greenward had a fault over its settings or its trust: please report it with the log";
        Self {
            settings: Settings::default(),
            trust: TrustState::Untrusted(why.to_owned()),
            files: Vec::new(),
            mistakes: HashMap::new(),
            editor_mistakes: Vec::new(),
        }
    }
}

/// Reads the settings and the trust of folders, one after the other in a thread of their own, which
/// ends when this is dropped.
pub(crate) struct FolderSettingsReader {
    works: Sender<SettingsWork>,
}

struct SettingsWork {
    folder: Utf8PathBuf,
    editor: Value,
    /// To be recorded first.
    trusted: Option<bool>,
}

impl FolderSettingsReader {
    pub(crate) fn new(
        dirs: Dirs,
        flags: Value,
        word: TrustWord,
        events: UnboundedSender<Event>,
    ) -> Self {
        let (works, given) = channel::<SettingsWork>();
        let mut reader = SettingsReader {
            dirs,
            flags,
            word,
            sources: HashMap::new(),
        };
        let spawned = std::thread::Builder::new()
            .name("greenward-settings".to_owned())
            .spawn(move || {
                for work in given {
                    let folder = work.folder.clone();
                    let read = survive::folder(&folder, || reader.read(work));
                    let settings = Box::new(read.unwrap_or_else(|_| FolderSettings::unread()));
                    // The loop may have ended meanwhile.
                    let _ = events.send(Event::Settings { folder, settings });
                }
            });
        if let Err(error) = spawned {
            tracing::error!(%error, "settings cannot be read: no thread could be started");
        }
        Self { works }
    }

    /// Reads the settings and the trust of a folder.
    pub(crate) fn read(&self, folder: Utf8PathBuf, editor: Value) {
        self.send(SettingsWork {
            folder,
            editor,
            trusted: None,
        });
    }

    /// Records whether a folder is trusted, then reads it.
    pub(crate) fn record_trust(&self, folder: Utf8PathBuf, trusted: bool, editor: Value) {
        self.send(SettingsWork {
            folder,
            editor,
            trusted: Some(trusted),
        });
    }

    fn send(&self, work: SettingsWork) {
        if self.works.send(work).is_err() {
            tracing::error!("the settings thread has ended");
        }
    }
}

struct SettingsReader {
    dirs: Dirs,
    flags: Value,
    word: TrustWord,
    /// What each folder's settings were when they were last good.
    sources: HashMap<Utf8PathBuf, Sources>,
}

impl SettingsReader {
    fn read(&mut self, work: SettingsWork) -> FolderSettings {
        let user = self.dirs.settings_file();
        let repository = repository_file(&work.folder);
        let sources = self.sources.entry(work.folder.clone()).or_default();
        take_file(&mut sources.user, &user);
        take_file(&mut sources.repository, &repository);
        sources.editor.take_json(work.editor);
        sources.flags.take_json(self.flags.clone());
        let mut mistakes = HashMap::new();
        for (file, source) in [(&user, &sources.user), (&repository, &sources.repository)] {
            if !source.mistakes().is_empty() {
                let diagnostics = source.mistakes().iter().map(diagnostic).collect();
                mistakes.insert(file.clone(), diagnostics);
            }
        }
        let editor_mistakes = sources
            .editor
            .mistakes()
            .iter()
            .chain(sources.flags.mistakes())
            .map(|mistake| mistake.message.clone())
            .collect();
        let now = SettingsHash::of(&sources.on_trust());
        let trust = trust(&self.dirs, self.word, &work.folder, work.trusted, &now);
        FolderSettings {
            settings: sources.settings(trust == TrustState::Trusted),
            trust,
            files: vec![user, repository, self.dirs.trust_file()],
            mistakes,
            editor_mistakes,
        }
    }
}

/// Records what the user says of a folder, if anything, and tells whether it is trusted. Where the
/// record cannot be read or written, it is not.
fn trust(
    dirs: &Dirs,
    word: TrustWord,
    folder: &Utf8Path,
    says: Option<bool>,
    now: &SettingsHash,
) -> TrustState {
    let file = TrustFile::new(dirs.trust_file());
    let recorded = match says {
        Some(true) => file.record(folder, Word::Trusted(now.clone())),
        Some(false) => file.record(folder, Word::Distrusted),
        None => Ok(()),
    };
    let editor = match word {
        TrustWord::Record => None,
        TrustWord::Editor(trusts) => Some(trusts),
        TrustWord::ThisTime => return TrustState::Trusted,
    };
    let decided = recorded
        .and_then(|()| file.word_on(folder))
        .map(|recorded| decide(editor, recorded.as_ref(), now));
    match decided {
        Ok(Trust::Trusted) => TrustState::Trusted,
        Ok(Trust::Untrusted) if editor == Some(false) => TrustState::Untrusted(
            "the editor says that its user does not trust this folder".to_owned(),
        ),
        Ok(trust) => TrustState::Untrusted(trust.explain().to_owned()),
        Err(error) => {
            tracing::error!(error = chain(&error), "the record of trust cannot be used");
            TrustState::Untrusted(chain(&error))
        }
    }
}

/// Takes the text of a settings file. One that is not there is empty; one that cannot be read stays
/// as it was.
fn take_file(source: &mut Source, file: &Utf8Path) {
    if !file.exists() {
        source.take_toml("");
        return;
    }
    match read_text(file) {
        Ok(text) => source.take_toml(&text),
        Err(error) => tracing::warn!(%file, %error, "a settings file could not be read"),
    }
}

fn diagnostic(mistake: &Mistake) -> Diagnostic {
    Diagnostic {
        range: mistake.range.unwrap_or_default(),
        severity: Severity::Error,
        message: mistake.message.clone(),
        code: Some("setting".to_owned()),
        related: Vec::new(),
        test: None,
        stale: false,
    }
}
