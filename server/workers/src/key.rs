//! The key of a model: out of the environment or the system's keyring, never out of a file.

use std::collections::BTreeMap;
use std::fmt;

use greenward_protocol::settings;
use reqwest::header::HeaderValue;

use crate::SettingsError;
use crate::keyring::KeyringError;

/// A key. Shows nothing of itself.
pub(crate) struct Key(String);

impl Key {
    /// The key, for the header of a request and nothing else.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// Where a worker's key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPlace {
    /// In the environment variable of this name.
    Variable(String),
    /// In the system's keyring, under this name.
    Keyring(String),
}

impl KeyPlace {
    /// The place that a worker's settings name; nothing if they name none. Of two, the variable if
    /// it is set.
    #[must_use]
    pub fn of(settings: &settings::Worker, env: &BTreeMap<String, String>) -> Option<Self> {
        match (&settings.key_env, &settings.key_keyring) {
            (Some(variable), Some(name)) if !env.contains_key(variable) => {
                Some(KeyPlace::Keyring(name.clone()))
            }
            (Some(variable), _) => Some(KeyPlace::Variable(variable.clone())),
            (None, Some(name)) => Some(KeyPlace::Keyring(name.clone())),
            (None, None) => None,
        }
    }
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyPlace::Variable(name) => write!(f, "the environment variable {name}"),
            KeyPlace::Keyring(name) => write!(f, "the system's keyring, as {name}"),
        }
    }
}

/// A text as a key, without the space around it.
///
/// # Errors
/// What is wrong with it, as a verb with its object.
pub fn usable(text: &str) -> Result<&str, &'static str> {
    match text.trim() {
        "" => Err("is empty"),
        key if HeaderValue::from_str(key).is_err() => Err("holds characters that no key has"),
        key => Ok(key),
    }
}

/// The key of the worker `name`, from where its settings say. Nothing if they name no place.
pub(crate) fn key(
    name: &str,
    settings: &settings::Worker,
    env: &BTreeMap<String, String>,
    keyring: impl FnOnce(&str) -> Result<Option<String>, KeyringError>,
) -> Result<Option<Key>, SettingsError> {
    let worker = name.to_owned();
    let Some(place) = KeyPlace::of(settings, env) else {
        return Ok(None);
    };
    let found = match &place {
        KeyPlace::Variable(variable) => {
            let value = env.get(variable).ok_or("is not set");
            value.and_then(|text| usable(text)).map(str::to_owned)
        }
        KeyPlace::Keyring(name) => {
            let held = keyring(name).map_err(|source| SettingsError::Keyring {
                worker: worker.clone(),
                source,
            })?;
            let value = held.as_deref().ok_or("is not there");
            value.and_then(usable).map(str::to_owned)
        }
    };
    match (found, place) {
        (Ok(key), _) => Ok(Some(Key(key))),
        (Err(what), KeyPlace::Variable(variable)) => Err(SettingsError::NoKey {
            worker,
            variable,
            what,
        }),
        (Err(what), KeyPlace::Keyring(key)) => {
            Err(SettingsError::NotInKeyring { worker, key, what })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of these settings, where the variable `SET` and the keyring's `kept` hold a key.
    #[track_caller]
    fn check(variable: Option<&str>, kept: Option<&str>, expected: Result<Option<&str>, &str>) {
        let settings = settings::Worker {
            key_env: variable.map(str::to_owned),
            key_keyring: kept.map(str::to_owned),
            ..settings::Worker::default()
        };
        let env = [("SET", " of the variable\n"), ("EMPTY", " ")];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let keyring = |name: &str| match name {
            "locked" => Err(KeyringError::new("for this test")),
            "kept" => Ok(Some("of the keyring".to_owned())),
            "odd" => Ok(Some("a\nb".to_owned())),
            _ => Ok(None),
        };
        let found = key("w", &settings, &env.into(), keyring);
        match (found, expected) {
            (Ok(found), Ok(expected)) => {
                assert_eq!(found.as_ref().map(Key::reveal), expected);
            }
            (Err(error), Err(part)) => {
                let error = error.to_string();
                assert!(error.contains(part), "{error}");
                assert!(error.contains("workers.w.key_env"), "{error}");
            }
            (found, expected) => panic!("{found:?} is not {expected:?}"),
        }
    }

    #[test]
    fn it_comes_from_the_variable_and_else_from_the_keyring() {
        check(None, None, Ok(None));
        check(Some("SET"), None, Ok(Some("of the variable")));
        check(None, Some("kept"), Ok(Some("of the keyring")));
        check(Some("SET"), Some("kept"), Ok(Some("of the variable")));
        check(Some("NOT_SET"), Some("kept"), Ok(Some("of the keyring")));
    }

    #[test]
    fn what_is_not_there_says_what_to_do() {
        check(Some("NOT_SET"), None, Err("NOT_SET, which is not set"));
        check(Some("EMPTY"), None, Err("is empty"));
        check(Some("EMPTY"), Some("kept"), Err("is empty"));
        check(None, Some("gone"), Err("`greenward key set gone`"));
        check(None, Some("odd"), Err("holds characters that no key has"));
        check(None, Some("locked"), Err("unlock it"));
    }
}
