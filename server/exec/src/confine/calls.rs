//! What the kernel is not asked to do: seccomp.
//!
//! Calls that change other processes of the same user, or that keep something in the kernel beyond
//! the process' own life. No file is written by them, so Landlock does not know of them. On a
//! process itself (number 0) they are allowed.
//!
//! <https://man7.org/linux/man-pages/man2/seccomp.2.html>.

use std::collections::BTreeMap;
use std::io;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

/// The kernel's keyrings outlive a process. What is sealed could be opened again by calls that
/// Landlock does not see.
const NEVER: [i64; 5] = [
    libc::SYS_add_key,
    libc::SYS_keyctl,
    libc::SYS_request_key,
    libc::SYS_mount_setattr,
    OPEN_TREE_ATTR,
];

/// `open_tree_attr`, of Linux 6.15. It has the same number everywhere.
const OPEN_TREE_ATTR: i64 = 467;

/// Calls that name a process, and the place of its number among their arguments.
const OF_ANOTHER: [(i64, u8); 7] = [
    (libc::SYS_prlimit64, 0),
    (libc::SYS_sched_setaffinity, 0),
    (libc::SYS_sched_setattr, 0),
    (libc::SYS_sched_setparam, 0),
    (libc::SYS_sched_setscheduler, 0),
    (libc::SYS_setpriority, 1),
    (libc::SYS_ioprio_set, 1),
];

/// Types characters into a terminal as if its user had typed them.
const TYPING: u64 = 0x5412;

/// A filter that is made, and not in force yet.
#[derive(Debug)]
pub(super) struct Filter(BpfProgram);

impl Filter {
    /// The filter for this machine; nothing if there is none for its processor.
    pub(super) fn new() -> Option<Self> {
        let arch = TargetArch::try_from(std::env::consts::ARCH).ok()?;
        let refused = SeccompAction::Errno(u32::try_from(libc::EPERM).ok()?);
        let filter = SeccompFilter::new(rules().ok()?, SeccompAction::Allow, refused, arch).ok()?;
        Some(Self(filter.try_into().ok()?))
    }

    /// Puts it in force for this process and all that it will start.
    ///
    /// # Errors
    /// If the kernel does not do so.
    pub(super) fn enforce(&self) -> io::Result<()> {
        seccompiler::apply_filter(&self.0).map_err(io::Error::other)
    }
}

fn rules() -> Result<BTreeMap<i64, Vec<SeccompRule>>, seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        NEVER.into_iter().map(|call| (call, Vec::new())).collect();
    for (call, place) in OF_ANOTHER {
        let another = SeccompCondition::new(place, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, 0)?;
        rules.insert(call, vec![SeccompRule::new(vec![another])?]);
    }
    let typing = SeccompCondition::new(1, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, TYPING)?;
    rules.insert(libc::SYS_ioctl, vec![SeccompRule::new(vec![typing])?]);
    Ok(rules)
}
