//! The tree of processes below a supervisor.

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group, test_kill_process_group,
    wait,
};

use crate::{Exit, table};

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
        let own = getpid();
        match table::tree(|process| process.parent == Some(own)) {
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
