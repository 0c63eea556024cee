//! Where Greenward knows no keyring.

pub(super) const LASTS: &str = "";

const NONE: &str = "Greenward knows none on this system";

pub(super) fn read(_name: &str) -> Result<Option<String>, &'static str> {
    Err(NONE)
}

pub(super) fn write(_name: &str, _key: &str) -> Result<(), &'static str> {
    Err(NONE)
}

pub(super) fn forget(_name: &str) -> Result<bool, &'static str> {
    Err(NONE)
}
