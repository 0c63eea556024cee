//! The user's keychain.

use apple_native_keyring_store::keychain::Store;
use keyring_core::api::CredentialStoreApi;
use keyring_core::{Entry, Error};

pub(super) const LASTS: &str = "until it is forgotten";

/// Whose keys they are, for the keychain.
const SERVICE: &str = "greenward";

pub(super) fn read(name: &str) -> Result<Option<String>, Error> {
    found(entry(name)?.get_password())
}

pub(super) fn write(name: &str, key: &str) -> Result<(), Error> {
    entry(name)?.set_password(key)
}

pub(super) fn forget(name: &str) -> Result<bool, Error> {
    Ok(found(entry(name)?.delete_credential())?.is_some())
}

fn entry(name: &str) -> Result<Entry, Error> {
    Store::new()?.build(SERVICE, name, None)
}

/// That nothing is there is no error.
fn found<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(error),
    }
}
