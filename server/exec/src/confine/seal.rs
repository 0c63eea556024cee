//! Sealing: nothing that is mounted can be changed any more, attributes of files included.
//!
//! Landlock knows nothing of modes, owners, times and extended attributes, and seccomp sees no
//! paths. Mounts that are read-only refuse them all.
//! <https://man7.org/linux/man-pages/man2/mount_setattr.2.html>.

use std::io;

/// `struct mount_attr`.
#[repr(C)]
struct Attributes {
    set: u64,
    clear: u64,
    propagation: u64,
    user_namespace: u64,
}

const READ_ONLY: u64 = 1;

/// Seals all that is mounted. What is mounted later is as it says itself.
///
/// # Errors
/// If the kernel does not do so.
pub(super) fn all() -> io::Result<()> {
    let attributes = Attributes {
        set: READ_ONLY,
        clear: 0,
        propagation: 0,
        user_namespace: 0,
    };
    #[expect(
        unsafe_code,
        reason = "no crate of ours knows this call; what it reads is there, and as long as it says"
    )]
    let done = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            c"/".as_ptr(),
            libc::AT_RECURSIVE,
            &raw const attributes,
            size_of::<Attributes>(),
        )
    };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
