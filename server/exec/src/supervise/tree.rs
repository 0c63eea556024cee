//! The tree of processes below a supervisor.

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, kill_process, kill_process_group, test_kill_process_group, wait,
};

use crate::Exit;

/// The tree of processes below this one, which is their parent or will inherit them.
#[derive(Debug)]
pub(super) struct Tree {
    /// The program: the first child, and the leader of a process group.
    child: Pid,
    /// How it ended.
    exit: Option<Exit>,
    /// Whether there was any child left when they were last looked at.
    childless: bool,
}

impl Tree {
    pub(super) fn new(child: Pid) -> Self {
        Self {
            child,
            exit: None,
            childless: false,
        }
    }

    /// Takes all ended children out of the system's process table.
    pub(super) fn reap(&mut self) -> Result<(), Errno> {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if pid == self.child => {
                    let code = status.exit_status().map(Exit::Code);
                    self.exit = code.or(status.terminating_signal().map(Exit::Signal));
                }
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) => return Ok(()),
                Err(Errno::CHILD) => {
                    self.childless = true;
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// How the program ended, if it has.
    pub(super) fn exit(&self) -> Option<Exit> {
        self.exit
    }

    /// Whether no process is left.
    pub(super) fn is_gone(&self) -> bool {
        // Where orphans come to us, no child is no descendant.
        self.childless
            && (cfg!(target_os = "linux") || test_kill_process_group(self.child).is_err())
    }

    /// Sends a signal to every process of the tree.
    pub(super) fn signal(&self, signal: Signal) {
        // Sending fails for a process that has just ended, which is as well.
        match descendants() {
            Some(pids) => {
                for pid in pids {
                    let _ = kill_process(pid, signal);
                }
            }
            None => {
                let _ = kill_process_group(self.child, signal);
            }
        }
    }
}

/// The processes below this one, parents before children. Nothing if the system does not tell.
///
/// From `/proc/PID/stat`: <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>.
#[cfg(target_os = "linux")]
fn descendants() -> Option<Vec<Pid>> {
    let parents: Vec<(Pid, Pid)> = std::fs::read_dir("/proc")
        .ok()?
        .flatten()
        .filter_map(|entry| {
            let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
            let stat = std::fs::read(entry.path().join("stat")).ok()?;
            Some((pid, parent(&stat)?))
        })
        .collect();
    let mut found = vec![rustix::process::getpid()];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        for &(pid, of) in &parents {
            // Numbers that were used again while we looked could make a circle.
            if of == parent && !found.contains(&pid) {
                found.push(pid);
            }
        }
        next += 1;
    }
    Some(found.split_off(1))
}

#[cfg(not(target_os = "linux"))]
fn descendants() -> Option<Vec<Pid>> {
    None
}

/// The parent in `PID (NAME) STATE PARENT ...`, where the name may be anything, `)` included.
#[cfg(target_os = "linux")]
fn parent(stat: &[u8]) -> Option<Pid> {
    let name_end = stat.iter().rposition(|&byte| byte == b')')?;
    let rest = std::str::from_utf8(&stat[name_end + 1..]).ok()?;
    Pid::from_raw(rest.split_ascii_whitespace().nth(1)?.parse().ok()?)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn finds_the_parent_whatever_the_name() {
        for (stat, expected) in [
            (&b"12 (sh) S 7 12 12 0"[..], Some(7)),
            (b"12 (a b) c) R 99 1", Some(99)),
            (b"12 (\xff\n) Z 5 1", Some(5)),
            (b"1 (init) S 0 1", None),
            (b"12 (sh", None),
            (b"", None),
        ] {
            assert_eq!(parent(stat).map(Pid::as_raw_pid), expected);
        }
    }
}
