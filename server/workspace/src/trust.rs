//! Whether the user trusts a workspace folder, which is what it takes to run anything in it.
//!
//! The record is by folder, and by the settings in it that can run something: when those change,
//! the trust is gone until the user has looked, unless none are left. As in VS Code, a folder's trust covers what lies
//! beneath it; the nearest recorded folder decides. It does not cover settings beneath it that can
//! run something: nobody has seen those, so such a folder needs a record of its own.
//!
//! The editor's word lowers trust, and stands in where nothing is recorded. It never raises trust
//! past the record.

use std::fs::{DirBuilder, File};
use std::io::{self, Write};

use camino::{Utf8Path, Utf8PathBuf};
use greenward_protocol::settings::Layer;
use serde::{Deserialize, Serialize};

/// Whether something may run in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trust {
    /// The user trusts it.
    Trusted,
    /// The user said no, or has not said anything.
    Untrusted,
    /// The user trusted it, or what it lies in, but not with the settings that it has now.
    Changed,
}

impl Trust {
    /// Whether something may run.
    #[must_use]
    pub fn is_trusted(self) -> bool {
        self == Trust::Trusted
    }

    /// What a user is told.
    #[must_use]
    pub fn explain(self) -> &'static str {
        match self {
            Trust::Trusted => "this folder is trusted",
            Trust::Untrusted => {
                "this folder is not trusted, so nothing is run in it; `greenward trust` trusts it"
            }
            Trust::Changed => {
                "this folder's settings would run something that was not there when trust was \
                 given; look at .tdd/config.toml, then `greenward trust` trusts it again"
            }
        }
    }
}

/// Stands for the settings of a repository that can run something.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SettingsHash(String);

impl SettingsHash {
    /// Of those settings, see [`Sources::on_trust`](crate::settings::Sources::on_trust).
    #[must_use]
    pub fn of(on_trust: &Layer) -> Self {
        let text = on_trust.to_json().to_string();
        Self(blake3::hash(text.as_bytes()).to_hex().to_string())
    }

    /// Of settings that run nothing.
    fn of_nothing() -> Self {
        Self::of(&Layer::default())
    }
}

/// What the user has said about a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// Trusted with these settings.
    Trusted(SettingsHash),
    /// Not trusted.
    Distrusted,
}

/// Decides whether a folder is trusted.
///
/// `editor` is what the editor says of the user's trust, if anything; `recorded` what the user has
/// said to us; `now` the folder's settings as they are.
#[must_use]
pub fn decide(editor: Option<bool>, recorded: Option<&Word>, now: &SettingsHash) -> Trust {
    match (editor, recorded) {
        (Some(false), _) | (_, Some(Word::Distrusted)) | (None, None) => Trust::Untrusted,
        // What runs nothing needs no more trust than was given.
        (_, Some(Word::Trusted(then))) if then != now && *now != SettingsHash::of_nothing() => {
            Trust::Changed
        }
        (_, Some(Word::Trusted(_))) | (Some(true), None) => Trust::Trusted,
    }
}

/// The file in which trust is recorded, [`Dirs::trust_file`](crate::dirs::Dirs::trust_file).
///
/// TOML, readable by its user alone. It is replaced as a whole, so a reader sees the old or the new
/// one; writers wait for each other.
#[derive(Debug, Clone)]
pub struct TrustFile {
    path: Utf8PathBuf,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Records {
    #[serde(default, rename = "folder")]
    folders: Vec<Record>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    path: Utf8PathBuf,
    /// The settings it was trusted with; nothing if it is distrusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    trusted_with: Option<SettingsHash>,
}

/// Why trust could not be read or recorded. Whoever cannot read it must not assume any.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The folder that it is about cannot be found.
    #[error("cannot find {folder}")]
    Folder {
        /// The folder.
        folder: Utf8PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The record, or the folder that it is in, cannot be read or written.
    #[error("cannot {what} {path}")]
    Io {
        /// What was tried: `read` or `write`.
        what: &'static str,
        /// The file of records.
        path: Utf8PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The record says nothing that we understand. It is left as it is: move it away to start
    /// anew.
    #[error("{path} is damaged; nothing is trusted until it is mended or moved away")]
    Damaged {
        /// The file of records.
        path: Utf8PathBuf,
        /// What is wrong in it.
        source: Box<toml::de::Error>,
    },
}

impl TrustFile {
    /// Records at `path`, which need not exist.
    #[must_use]
    pub fn new(path: impl Into<Utf8PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// What the user has said about a folder whose settings are `now`, or about the nearest folder
    /// above it.
    ///
    /// # Errors
    /// [`TrustError`], if the folder or the record cannot be read.
    pub fn word_on(&self, folder: &Utf8Path) -> Result<Option<Word>, TrustError> {
        let folder = canonical(folder)?;
        let records = self.read()?;
        Ok(folder.ancestors().find_map(|ancestor| {
            let record = records
                .folders
                .iter()
                .find(|record| record.path == ancestor)?;
            Some(match &record.trusted_with {
                Some(hash) if ancestor == folder => Word::Trusted(hash.clone()),
                // Beneath a trusted folder: trusted with no settings at all.
                Some(_) => Word::Trusted(SettingsHash::of_nothing()),
                None => Word::Distrusted,
            })
        }))
    }

    /// Every folder of which the user has said something, and whether it is trusted.
    ///
    /// # Errors
    /// [`TrustError`], if the record cannot be read.
    pub fn all(&self) -> Result<Vec<(Utf8PathBuf, bool)>, TrustError> {
        let records = self.read()?.folders.into_iter();
        Ok(records
            .map(|record| (record.path, record.trusted_with.is_some()))
            .collect())
    }

    /// Records what the user says about a folder, in place of what was said before.
    ///
    /// # Errors
    /// [`TrustError`], if the folder cannot be found or the record cannot be read or written. The
    /// record is then as it was.
    pub fn record(&self, folder: &Utf8Path, word: Word) -> Result<(), TrustError> {
        let path = canonical(folder)?;
        self.prepare_folder().map_err(self.failed("write"))?;
        let lock = File::create(self.path.with_extension("lock")).map_err(self.failed("write"))?;
        lock.lock().map_err(self.failed("write"))?;
        let mut records = self.read()?;
        records.folders.retain(|record| record.path != path);
        records.folders.push(Record {
            path,
            trusted_with: match word {
                Word::Trusted(hash) => Some(hash),
                Word::Distrusted => None,
            },
        });
        self.replace(&records).map_err(self.failed("write"))
    }

    fn read(&self) -> Result<Records, TrustError> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) => toml::from_str(&text).map_err(|source| TrustError::Damaged {
                path: self.path.clone(),
                source: Box::new(source),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Records::default()),
            Err(error) => Err(self.failed("read")(error)),
        }
    }

    fn replace(&self, records: &Records) -> io::Result<()> {
        let text = toml::to_string(records).map_err(io::Error::other)?;
        // A temporary file is made for its user alone, mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(self.folder())?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        Ok(())
    }

    fn prepare_folder(&self) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(self.folder())
    }

    fn folder(&self) -> &Utf8Path {
        self.path.parent().unwrap_or(Utf8Path::new("."))
    }

    fn failed(&self, what: &'static str) -> impl Fn(io::Error) -> TrustError {
        move |source| TrustError::Io {
            what,
            path: self.path.clone(),
            source,
        }
    }
}

fn canonical(folder: &Utf8Path) -> Result<Utf8PathBuf, TrustError> {
    folder
        .canonicalize_utf8()
        .map_err(|source| TrustError::Folder {
            folder: folder.to_path_buf(),
            source,
        })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use serde_json::json;

    use super::*;

    fn hash(program: &str) -> SettingsHash {
        let (layer, complaints) = Layer::check(json!({"cargo": {"program": program}}));
        assert_eq!(complaints, []);
        SettingsHash::of(&layer)
    }

    fn nothing() -> SettingsHash {
        SettingsHash::of(&Layer::default())
    }

    struct World {
        _folder: tempfile::TempDir,
        root: Utf8PathBuf,
        file: TrustFile,
    }

    impl World {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let root = Utf8PathBuf::from_path_buf(folder.path().to_path_buf()).unwrap();
            std::fs::create_dir_all(root.join("src/project")).unwrap();
            World {
                _folder: folder,
                file: TrustFile::new(root.join("state/greenward/trust.toml")),
                root,
            }
        }

        fn record(&self, folder: &str, word: Word) {
            self.file.record(&self.root.join(folder), word).unwrap();
        }

        #[track_caller]
        fn check(&self, folder: &str, now: &SettingsHash, expected: Trust) {
            let word = self.file.word_on(&self.root.join(folder)).unwrap();
            assert_eq!(decide(None, word.as_ref(), now), expected);
        }
    }

    #[test]
    fn the_editor_may_lower_trust_and_never_raise_it_past_the_record() {
        let trusted = Word::Trusted(hash("new"));
        let changed = Word::Trusted(hash("old"));
        for (editor, recorded, expected) in [
            (None, None, Trust::Untrusted),
            (Some(true), None, Trust::Trusted),
            (Some(false), None, Trust::Untrusted),
            (None, Some(&trusted), Trust::Trusted),
            (Some(true), Some(&trusted), Trust::Trusted),
            (Some(false), Some(&trusted), Trust::Untrusted),
            (None, Some(&changed), Trust::Changed),
            (Some(true), Some(&changed), Trust::Changed),
            (Some(false), Some(&changed), Trust::Untrusted),
            (None, Some(&Word::Distrusted), Trust::Untrusted),
            (Some(true), Some(&Word::Distrusted), Trust::Untrusted),
            (Some(false), Some(&Word::Distrusted), Trust::Untrusted),
        ] {
            assert_eq!(
                decide(editor, recorded, &hash("new")),
                expected,
                "{editor:?} {recorded:?}"
            );
        }
    }

    #[test]
    fn trust_is_by_folder_and_by_settings() {
        let world = World::new();
        world.check("src", &nothing(), Trust::Untrusted);
        world.record("src", Word::Trusted(hash("a")));
        world.check("src", &hash("a"), Trust::Trusted);
        world.check("src", &hash("b"), Trust::Changed);
        world.check("src", &nothing(), Trust::Trusted);
        world.check("", &hash("a"), Trust::Untrusted);
        world.record("src", Word::Trusted(hash("b")));
        world.check("src", &hash("b"), Trust::Trusted);
        world.record("src", Word::Distrusted);
        world.check("src", &hash("b"), Trust::Untrusted);
        world.check("src", &nothing(), Trust::Untrusted);
    }

    #[test]
    fn what_lies_beneath_is_covered_but_not_settings_that_nobody_saw() {
        let world = World::new();
        world.record("src", Word::Trusted(hash("a")));
        world.check("src/project", &nothing(), Trust::Trusted);
        world.check("src/project", &hash("a"), Trust::Changed);
        world.record("src/project", Word::Distrusted);
        world.check("src/project", &nothing(), Trust::Untrusted);
        world.record("src", Word::Distrusted);
        world.record("src/project", Word::Trusted(nothing()));
        world.check("src/project", &nothing(), Trust::Trusted);
    }

    #[test]
    fn all_that_was_said_can_be_listed() {
        let world = World::new();
        assert_eq!(world.file.all().unwrap(), []);
        world.record("src", Word::Trusted(hash("a")));
        world.record("src/project", Word::Distrusted);
        assert_eq!(
            world.file.all().unwrap(),
            [
                (world.root.join("src").canonicalize_utf8().unwrap(), true),
                (
                    world.root.join("src/project").canonicalize_utf8().unwrap(),
                    false
                ),
            ]
        );
    }

    #[test]
    fn a_link_is_the_folder_that_it_leads_to() {
        let world = World::new();
        symlink(world.root.join("src"), world.root.join("link")).unwrap();
        world.record("link", Word::Trusted(nothing()));
        world.check("src", &nothing(), Trust::Trusted);
        std::fs::remove_file(world.root.join("link")).unwrap();
        std::fs::create_dir(world.root.join("link")).unwrap();
        world.check("link", &nothing(), Trust::Untrusted);
    }

    #[test]
    fn the_record_is_for_its_user_alone() {
        let world = World::new();
        world.record("src", Word::Distrusted);
        let mode = |path: &Utf8Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&world.file.path), 0o600);
        assert_eq!(mode(world.file.folder()), 0o700);
    }

    #[test]
    fn a_damaged_record_trusts_nothing_and_is_left_alone() {
        let world = World::new();
        world.record("src", Word::Trusted(nothing()));
        for damaged in ["[[folder]]\npath = 1", "folder = [", "[other]", "\u{0}"] {
            std::fs::write(&world.file.path, damaged).unwrap();
            let read = world.file.word_on(&world.root.join("src"));
            assert!(matches!(read, Err(TrustError::Damaged { .. })), "{damaged}");
            let written = world.file.record(&world.root, Word::Distrusted);
            assert!(
                matches!(written, Err(TrustError::Damaged { .. })),
                "{damaged}"
            );
            let text = std::fs::read_to_string(&world.file.path).unwrap();
            assert_eq!(text, damaged);
        }
    }

    #[test]
    fn what_is_not_there_is_named() {
        let world = World::new();
        let error = world.file.word_on("/no/such/folder".into()).unwrap_err();
        assert_eq!(error.to_string(), "cannot find /no/such/folder");
        std::fs::write(world.root.join("state"), "a file in the way").unwrap();
        let error = world
            .file
            .record(&world.root, Word::Distrusted)
            .unwrap_err();
        assert!(matches!(error, TrustError::Io { what: "write", .. }));
    }
}
