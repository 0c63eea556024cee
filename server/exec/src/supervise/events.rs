//! What can wake a supervisor: its daemon, a signal, the end of a child.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::pipe;

use crate::control::Stop;
use crate::lines::Splitter;
use crate::{DEFAULT_GRACE, LineLimits};

/// What a tree gets before it is killed when nobody is there any more who wants its result.
const ORPHANED_GRACE: Duration = Duration::from_secs(1);

/// What can wake a supervisor.
#[derive(Debug)]
pub(super) struct Events {
    /// Readable when a child has ended.
    child: UnixStream,
    /// Readable when a signal has asked to stop.
    stop: UnixStream,
    /// The lines of the daemon, which come on stdin; nothing once it is gone.
    daemon: Option<Splitter>,
}

impl Events {
    /// Starts to listen to signals.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            child: readable_on(&[SIGCHLD])?,
            stop: readable_on(&[SIGTERM, SIGINT, SIGHUP])?,
            daemon: Some(Splitter::new(LineLimits { bytes: 64 })),
        })
    }

    /// Waits until something happens, `timeout` at most. Says how long the tree is to be given, if
    /// somebody wants it to end.
    pub(super) fn wait(&mut self, timeout: Option<Duration>) -> io::Result<Option<Duration>> {
        let stdin = io::stdin();
        let mut fds = vec![
            PollFd::new(&self.child, PollFlags::IN),
            PollFd::new(&self.stop, PollFlags::IN),
        ];
        if self.daemon.is_some() {
            fds.push(PollFd::new(&stdin, PollFlags::IN));
        }
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready = |index: usize| fds.get(index).is_some_and(|fd| !fd.revents().is_empty());
        let (child, stop, daemon) = (ready(0), ready(1), ready(2));

        if child {
            // The mark alone: ended children are looked for whatever the reason to wake.
            read_some(&mut self.child)?;
        }
        let mut grace = None;
        if stop {
            read_some(&mut self.stop)?;
            grace = Some(DEFAULT_GRACE);
        }
        if daemon {
            grace = self.hear().into_iter().chain(grace).min();
        }
        Ok(grace)
    }

    /// Reads what the daemon has sent.
    fn hear(&mut self) -> Option<Duration> {
        let splitter = self.daemon.as_mut()?;
        let mut bytes = [0; 256];
        match rustix::io::read(io::stdin(), &mut bytes) {
            Err(Errno::INTR | Errno::AGAIN) => None,
            Ok(0) | Err(_) => {
                self.daemon = None;
                Some(ORPHANED_GRACE)
            }
            Ok(count) => {
                let mut lines = Vec::new();
                splitter.split(&bytes[..count], &mut lines);
                let stops = lines.iter().filter_map(|line| Stop::parse(&line.text));
                stops.map(|stop| stop.grace).min()
            }
        }
    }
}

/// A stream that becomes readable when one of these signals comes.
fn readable_on(signals: &[i32]) -> io::Result<UnixStream> {
    let (reader, writer) = UnixStream::pair()?;
    for &signal in signals {
        pipe::register(signal, writer.try_clone()?)?;
    }
    Ok(reader)
}

fn read_some(stream: &mut UnixStream) -> io::Result<()> {
    match stream.read(&mut [0; 64]) {
        Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
        _ => Ok(()),
    }
}
