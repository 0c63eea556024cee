//! The system's keyring, for keys that are to stand in no environment.
//!
//! On Linux it is the kernel's own, on macOS the user's keychain. See decision 12.

use std::error::Error;

use thiserror::Error;

#[cfg(target_os = "linux")]
#[path = "keyring/linux.rs"]
mod system;
#[cfg(target_os = "macos")]
#[path = "keyring/macos.rs"]
mod system;
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
#[path = "keyring/none.rs"]
mod system;

/// How long the keyring keeps a key.
pub const LASTS: &str = system::LASTS;

/// Why the keyring cannot be used.
#[derive(Debug, Error)]
#[error("the system's keyring is locked, or there is none")]
pub struct KeyringError(#[source] Box<dyn Error + Send + Sync>);

impl KeyringError {
    pub(crate) fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

/// The key that the keyring holds under a name, if it does.
///
/// # Errors
/// If there is no keyring, or it does not open.
pub fn read(name: &str) -> Result<Option<String>, KeyringError> {
    system::read(name).map_err(KeyringError::new)
}

/// Puts a key into the keyring, in the place of what it holds under that name.
///
/// # Errors
/// If there is no keyring, or it does not take the key.
pub fn write(name: &str, key: &str) -> Result<(), KeyringError> {
    system::write(name, key).map_err(KeyringError::new)
}

/// Takes a key out of the keyring. Says whether it was there.
///
/// # Errors
/// If there is no keyring, or it does not open.
pub fn forget(name: &str) -> Result<bool, KeyringError> {
    system::forget(name).map_err(KeyringError::new)
}
