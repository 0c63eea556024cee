//! What may be written at all: Landlock.
//!
//! <https://docs.kernel.org/userspace-api/landlock.html>. Reading is not restricted. What can be
//! reached through memory of other processes, signals and abstract sockets is, as far as the kernel
//! can: only what is confined together reaches each other.

use std::io;
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
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

/// Rules that are made, and not in force yet.
#[derive(Debug)]
pub(super) struct Rules(RulesetCreated);

impl Rules {
    /// Writing at these places and beneath them, and nowhere else. Nothing if the kernel has no
    /// rules.
    pub(super) fn new(writable: &[&Path], network: bool) -> Option<Self> {
        is_there()
            .then(|| made(writable, network).ok())
            .flatten()
            .map(Self)
    }

    /// Puts them in force for this process and all that it will start.
    ///
    /// # Errors
    /// If the kernel does not do so after all.
    pub(super) fn enforce(self) -> io::Result<()> {
        let status = self.0.restrict_self().map_err(io::Error::other)?;
        match status.ruleset {
            RulesetStatus::NotEnforced => Err(io::ErrorKind::Unsupported.into()),
            _ => Ok(()),
        }
    }
}

/// Whether the kernel has any.
fn is_there() -> bool {
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_write(ABI::V1))
        .and_then(Ruleset::create)
        .is_ok()
}

fn made(writable: &[&Path], network: bool) -> Result<RulesetCreated, RulesetError> {
    // All that changes files. Commands to devices are left alone: terminals need them.
    let changes = AccessFs::from_write(ABI::V3);
    // Nobody makes devices.
    let granted = changes & !(AccessFs::MakeChar | AccessFs::MakeBlock);
    let mut rules = Ruleset::default()
        .handle_access(changes)?
        .scope(Scope::from_all(ABI::V6))?;
    if !network {
        rules = rules.handle_access(AccessNet::from_all(ABI::V4))?;
    }
    let mut rules = rules.create()?;
    for path in writable {
        let access = if path.is_dir() {
            granted
        } else {
            granted & file()
        };
        rules = allow(rules, path, access)?;
    }
    for device in DEVICES {
        rules = allow(rules, Path::new(device), granted & file())?;
    }
    allow(rules, Path::new(TERMINALS), granted & file())
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
