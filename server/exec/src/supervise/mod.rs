//! The supervisor: a small process between the daemon and each process that it starts.
//!
//! It starts the program, becomes the parent of every process below it that loses its own (a
//! Linux "child subreaper": <https://man7.org/linux/man-pages/man2/PR_SET_CHILD_SUBREAPER.2const.html>),
//! and ends them all, daemons that left the process group or the session included, as soon as
//!
//! - the daemon asks for it, or somebody sends it TERM, INT or HUP,
//! - the daemon is gone: then the socket between them closes, even if the daemon was killed. (A
//!   parent-death signal would come when the *thread* that started the supervisor ends, too.)
//! - the program itself has ended.
//!
//! Ending is TERM, a grace, then KILL until nothing is left. Standard streams are the program's
//! own; the supervisor keeps none of them.

mod events;
mod phase;
mod tree;

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal};

use self::events::Events;
use self::phase::{Phase, Step};
use self::tree::Tree;
use crate::Exit;
use crate::confine::{Order, Prepared};
use crate::control::{self, Report};

/// What processes get that the program leaves behind at its end.
const LEFTOVER_GRACE: Duration = Duration::from_millis(500);

/// Runs as a supervisor: `[CONFINEMENT…] FOLDER VARIABLES… -- PROGRAM ARGS…`, with a socket to the
/// daemon as stdin. The program is confined where a confinement is given.
///
/// The program has the supervisor's environment and these variables, written `NAME=VALUE`: the ones
/// that would change the supervisor, too.
///
/// `args` are the program's arguments after the word `supervise`. Call it first thing in `main`,
/// before any other thread or runtime is started. Returns the exit code as a shell would give it;
/// the daemon has been told more exactly by then.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let exit = Job::parse(args.into_iter()).and_then(|job| job.supervise());
    match exit {
        Ok(Exit::Code(code)) => u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from),
        Ok(Exit::Signal(signal)) => {
            u8::try_from(128 + signal).map_or(ExitCode::FAILURE, ExitCode::from)
        }
        Err(error) => {
            // The last resort: there is nobody else to tell.
            let _ = writeln!(io::stderr(), "greenward supervise: {error}");
            ExitCode::from(2)
        }
    }
}

struct Job {
    confinement: Option<Order>,
    folder: OsString,
    variables: Vec<(OsString, OsString)>,
    program: OsString,
    args: Vec<OsString>,
}

impl Job {
    fn parse(mut args: impl Iterator<Item = OsString>) -> io::Result<Self> {
        let not_ours = || io::Error::other("for greenward's own use only");
        let (confinement, folder) = Order::parse(&mut args).map_err(|_| not_ours())?;
        let folder = folder.ok_or_else(not_ours)?;
        let variables = args
            .by_ref()
            .take_while(|arg| arg != "--")
            .map(|variable| assignment(&variable).ok_or_else(not_ours))
            .collect::<io::Result<_>>()?;
        Ok(Self {
            confinement,
            folder,
            variables,
            program: args.next().ok_or_else(not_ours)?,
            args: args.collect(),
        })
    }

    fn supervise(self) -> io::Result<Exit> {
        // Away from the terminal, whose Ctrl-C is for the daemon. Fails where it is so already.
        let _ = rustix::process::setsid();
        #[cfg(target_os = "linux")]
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
        let mut events = Events::listen()?;
        let stdin = control::receive_begin(io::stdin())?;
        let prepared = self.confinement.as_ref().map(Order::prepare);
        if let Some(prepared) = &prepared {
            tell(Report::Confined(prepared.isolation));
        }

        let child = match self.start(stdin, prepared) {
            Ok(child) => child,
            Err(report) => {
                tell(report);
                return Err(io::Error::other("could not start the program"));
            }
        };
        tell(Report::Started(child));
        release_output()?;
        let exit = watch(child, &mut events)?;
        tell(Report::Ended(exit));
        Ok(exit)
    }

    /// Starts the program as the leader of a process group.
    fn start(self, stdin: Option<OwnedFd>, prepared: Option<Prepared>) -> Result<Pid, Report> {
        rustix::process::chdir(&self.folder)
            .map_err(|errno| Report::BadFolder(errno.raw_os_error()))?;
        #[expect(
            clippy::disallowed_methods,
            reason = "this is where supervised processes are started"
        )]
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .envs(self.variables)
            .stdin(stdin.map_or_else(Stdio::null, Stdio::from))
            .process_group(0);
        if let Some(mut prepared) = prepared {
            // This process has one thread, so its copy may do what it likes before the program is
            // there.
            #[expect(
                unsafe_code,
                reason = "nothing else runs in the program's process alone"
            )]
            unsafe {
                command.pre_exec(move || prepared.enforce());
            }
        }
        let refused = |error: io::Error| {
            let errno = Errno::from_io_error(&error).unwrap_or(Errno::INVAL);
            Report::BadProgram(errno.raw_os_error())
        };
        // Its end is learnt from `Tree::reap`, like that of all others.
        command
            .spawn()
            .map(|child| Pid::from_child(&child))
            .map_err(refused)
    }
}

/// The parts of `NAME=VALUE`.
fn assignment(text: &OsStr) -> Option<(OsString, OsString)> {
    let bytes = text.as_bytes();
    let sign = bytes.iter().position(|&byte| byte == b'=')?;
    let part = |bytes| OsStr::from_bytes(bytes).to_owned();
    Some((part(&bytes[..sign]), part(&bytes[sign + 1..])))
}

/// Tells the daemon. If it is gone, `watch` sees that.
fn tell(report: Report) {
    let _ = rustix::io::write(io::stdin(), format!("{report}\n").as_bytes());
}

/// Lets go of the program's output, so that it ends when the program's own processes close it.
fn release_output() -> io::Result<()> {
    let null = std::fs::OpenOptions::new().write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    Ok(())
}

/// Waits for the program's end and sees to it that its tree ends. Says how the program ended.
fn watch(child: Pid, events: &mut Events) -> io::Result<Exit> {
    let mut tree = Tree::new(child);
    let mut phase = Phase::Running;
    loop {
        tree.reap()?;
        if tree.exit().is_some() {
            phase.end_within(LEFTOVER_GRACE, now());
        }
        if tree.is_gone() {
            break;
        }
        match phase.step(now()) {
            Step::Wait => {}
            Step::Send(signal) => tree.signal(signal),
            Step::GiveUp => break,
        }
        if let Some(grace) = events.wait(phase.timeout(now()))? {
            phase.end_within(grace, now());
        }
    }
    // Nothing but a process that KILL does not end is given up: that is what became of it.
    Ok(tree.exit().unwrap_or(Exit::Signal(Signal::KILL.as_raw())))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the supervisor is a process of its own, and this is its only clock"
)]
fn now() -> Instant {
    Instant::now()
}
