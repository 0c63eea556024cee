//! Namespaces of this process' own, for it and all that it will start.
//!
//! Needs user namespaces or the rights of root; see `namespaces(7)`.

use std::fs::{self, File, OpenOptions};
use std::io;

use nix::sched::{CloneFlags, setns, unshare};

use super::{Network, loopback};

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spaces {
    /// Who this process is in them.
    pub(super) rights: Rights,
    /// Whether the network is as it should be.
    pub(super) network: bool,
}

/// Who a process is in its namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rights {
    /// The system's root.
    Root,
    /// A user, with rights over nothing but the namespaces.
    User,
}

/// Gives this process namespaces of its own: one for mounts, and one for a network, unless it is to
/// share this machine's. Nothing if the system does not let us.
pub(super) fn enter(network: Network) -> Option<Spaces> {
    let rights = own().ok()?;
    // By itself: what else there is does not depend on it.
    let network = match network {
        Network::Shared => true,
        Network::Own => own_network().is_ok(),
        Network::None => unshare(CloneFlags::CLONE_NEWNET).is_ok(),
    };
    Some(Spaces { rights, network })
}

fn own() -> io::Result<Rights> {
    let spaces = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWIPC;
    if unshare(spaces).is_ok() {
        return Ok(Rights::Root);
    }
    let (user, group) = (nix::unistd::getuid(), nix::unistd::getgid());
    // There is no way back from a namespace in which nobody is anybody.
    OpenOptions::new().write(true).open("/proc/self/uid_map")?;
    unshare(spaces | CloneFlags::CLONE_NEWUSER)?;
    // Everybody stays who they are.
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
    fs::write("/proc/self/gid_map", format!("{group} {group} 1"))?;
    Ok(Rights::User)
}

/// A network in which nobody is but this process and all that it will start. Where that cannot be
/// had, it stays in the one it is in: tests need their own servers.
fn own_network() -> io::Result<()> {
    let before = File::open("/proc/self/ns/net")?;
    unshare(CloneFlags::CLONE_NEWNET)?;
    loopback::bring_up().inspect_err(|_| {
        let _ = setns(before, CloneFlags::CLONE_NEWNET);
    })
}
