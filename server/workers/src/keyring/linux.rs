//! The kernel's keyring of the user, which all sessions of theirs share.

use linux_keyutils::{Key, KeyError, KeyRing, KeyRingIdentifier};

pub(super) const LASTS: &str = "until you log out or this machine is started again";

pub(super) fn read(name: &str) -> Result<Option<String>, KeyError> {
    let Some(key) = find(users()?, name)? else {
        return Ok(None);
    };
    let bytes = key.read_to_vec()?;
    // What is not UTF-8 has been put there by others, and is no key.
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

pub(super) fn write(name: &str, key: &str) -> Result<(), KeyError> {
    users()?.add_key(&described(name), key)?;
    Ok(())
}

pub(super) fn forget(name: &str) -> Result<bool, KeyError> {
    let keyring = users()?;
    match find(keyring, name)? {
        Some(key) => keyring.unlink_key(key).map(|()| true),
        None => Ok(false),
    }
}

/// The user's keyring. A process may use what is in it once that can be reached from a keyring of
/// its own, which is so by itself only in some sessions.
fn users() -> Result<KeyRing, KeyError> {
    let users = KeyRing::from_special_id(KeyRingIdentifier::User, true)?;
    KeyRing::from_special_id(KeyRingIdentifier::Process, true)?.link_keyring(users)?;
    Ok(users)
}

fn find(keyring: KeyRing, name: &str) -> Result<Option<Key>, KeyError> {
    match keyring.search(&described(name)) {
        Ok(key) => Ok(Some(key)),
        Err(KeyError::KeyDoesNotExist | KeyError::KeyRevoked | KeyError::KeyExpired) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What the key is called among those of other programs.
fn described(name: &str) -> String {
    format!("greenward:{name}")
}
