//! What may be written at all: Landlock.
//!
//! <https://docs.kernel.org/userspace-api/landlock.html>. Reading is not restricted. What can be
//! reached through memory of other processes, signals and abstract sockets is, as far as the kernel
//! can: only what is confined together reaches each other.

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};

/// Devices that every program may write to.
const DEVICES: [&str; 7] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/ptmx",
];

/// Terminals that a program makes for what it starts.
const TERMINALS: &str = "/dev/pts";

/// Restricts this process and all that it will start to writing at these places and beneath them.
/// Whether the kernel does so.
pub(super) fn restrict(writable: &[&Path], network: bool) -> bool {
    match try_to_restrict(writable, network) {
        Ok(status) => status != RulesetStatus::NotEnforced,
        Err(_) => false,
    }
}

fn try_to_restrict(writable: &[&Path], network: bool) -> Result<RulesetStatus, RulesetError> {
    // All that changes files. Commands to devices are left alone: terminals need them.
    let changes = AccessFs::from_write(ABI::V3);
    let mut rules = Ruleset::default()
        .handle_access(changes)?
        .scope(Scope::from_all(ABI::V6))?;
    if !network {
        rules = rules.handle_access(AccessNet::from_all(ABI::V4))?;
    }
    let mut rules = rules.create()?;
    for path in writable {
        let is_folder = path.is_dir();
        let access = if is_folder { changes } else { changes & file() };
        rules = allow(rules, path, access)?;
    }
    for device in DEVICES {
        rules = allow(rules, Path::new(device), changes & file())?;
    }
    rules = allow(rules, Path::new(TERMINALS), changes & file())?;
    Ok(rules.restrict_self()?.ruleset)
}

/// What can be done to a file that is there.
fn file() -> BitFlags<AccessFs> {
    AccessFs::from_file(ABI::V3)
}

/// Adds a rule. A place that is not there needs none.
fn allow(
    rules: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    match PathFd::new(path) {
        Ok(place) => rules.add_rule(PathBeneath::new(place, access)),
        Err(_) => Ok(rules),
    }
}
