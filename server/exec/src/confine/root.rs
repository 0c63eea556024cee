//! What root may do when confined: what it may do in a container, see `capabilities(7)`.
//!
//! Without this, root could look into every process, undo mounts and set the clock.

use std::io;

use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, remove_capability_from_bounding_set,
    set_capabilities,
};

/// What container runtimes leave root: files, owners and users of its own processes.
const LEFT: [CapabilitySet; 13] = [
    CapabilitySet::CHOWN,
    CapabilitySet::DAC_OVERRIDE,
    CapabilitySet::FOWNER,
    CapabilitySet::FSETID,
    CapabilitySet::KILL,
    CapabilitySet::SETGID,
    CapabilitySet::SETUID,
    CapabilitySet::SETPCAP,
    CapabilitySet::NET_BIND_SERVICE,
    CapabilitySet::NET_RAW,
    CapabilitySet::SYS_CHROOT,
    CapabilitySet::AUDIT_WRITE,
    CapabilitySet::SETFCAP,
];

/// Takes the rest from this process and all that it will start, for good. Who is not root has
/// nothing to lose.
///
/// # Errors
/// If the kernel does not do so.
pub(super) fn give_up() -> io::Result<()> {
    let has = capabilities(None)?;
    if has.permitted.is_empty() {
        return Ok(());
    }
    let left = LEFT
        .into_iter()
        .fold(CapabilitySet::empty(), CapabilitySet::union);
    if has.effective.contains(CapabilitySet::SETPCAP) {
        for number in 0..u64::BITS {
            let one = CapabilitySet::from_bits_retain(1 << number);
            if !left.contains(one) {
                // Those that the kernel does not know end here.
                if remove_capability_from_bounding_set(one).is_err() {
                    break;
                }
            }
        }
    }
    Ok(set_capabilities(
        None,
        CapabilitySets {
            effective: has.effective.intersection(left),
            permitted: has.permitted.intersection(left),
            inheritable: has.inheritable.intersection(left),
        },
    )?)
}
