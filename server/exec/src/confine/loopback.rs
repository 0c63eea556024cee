//! The loopback of a network namespace, which is down in a new one: see `netdevice(7)`.

use std::io;
use std::os::fd::AsRawFd;

use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

/// What `SIOCSIFFLAGS` reads: `struct ifreq`, as far as it counts here.
#[repr(C)]
struct Request {
    name: [u8; 16],
    flags: i16,
    /// The kernel's is a union, which is longer.
    rest: [u8; 22],
}

const SET_FLAGS: u32 = 0x8914;
const UP: i16 = 0x1;

/// Brings it up, with its addresses.
///
/// # Errors
/// If the kernel does not do so.
pub(super) fn bring_up() -> io::Result<()> {
    let socket = socket_with(
        AddressFamily::INET,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    let mut request = Request {
        name: [0; 16],
        flags: UP,
        rest: [0; 22],
    };
    request.name[..2].copy_from_slice(b"lo");
    #[expect(
        unsafe_code,
        reason = "no crate of ours knows this command; what it reads is as long as the kernel's own"
    )]
    let done = unsafe {
        libc::ioctl(
            socket.as_raw_fd(),
            SET_FLAGS as libc::Ioctl,
            &raw const request,
        )
    };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
