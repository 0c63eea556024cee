//! What concerns processes: the client's, and our own standard streams.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::{Pid, dup2_stdin, dup2_stdout};

/// Whether a process with this id exists, ours or another user's.
#[must_use]
pub fn process_exists(process: u32) -> bool {
    match i32::try_from(process) {
        // 0 would mean our own process group.
        Ok(process @ 1..) => kill(Pid::from_raw(process), None) != Err(Errno::ESRCH),
        _ => false,
    }
}

/// Takes standard input and output away from the rest of the process, for the protocol alone.
///
/// From then on standard input is empty and standard output is standard error, for everything that
/// still uses them, child processes included.
///
/// # Errors
///
/// When the system has no file descriptor left, or `/dev/null` cannot be opened.
pub fn claim_stdio() -> io::Result<(File, File)> {
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    dup2_stdin(File::open("/dev/null")?)?;
    dup2_stdout(io::stderr())?;
    Ok((File::from(input), File::from(output)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_processes_that_are_there_exist() {
        assert!(process_exists(std::process::id()));
        assert!(
            process_exists(1),
            "another user's may not be signalled, but it is there"
        );
        for absent in [0, u32::MAX, i32::MAX.unsigned_abs()] {
            assert!(!process_exists(absent), "{absent}");
        }
    }
}
