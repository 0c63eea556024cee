//! What daemon and supervisor say to each other, over a socket that is the supervisor's stdin.
//!
//! The daemon sends one byte to begin, with the child's stdin attached if it is a pipe; later it may
//! send lines that ask to stop. The supervisor answers in lines too: [`Report`]s. That the socket
//! closes tells each side that the other is gone, however it ended.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::io::FdFlags;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use rustix::process::Pid;

use crate::{Exit, Isolation};

const BEGIN: &[u8] = b"b";

/// Tells the supervisor to begin, and hands it the child's stdin. Never blocks on a new socket.
pub(crate) fn send_begin(socket: impl AsFd, stdin: Option<BorrowedFd<'_>>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut attached = SendAncillaryBuffer::new(&mut space);
    let fds = stdin.as_slice();
    if !fds.is_empty() {
        attached.push(SendAncillaryMessage::ScmRights(fds));
    }
    sendmsg(
        socket,
        &[IoSlice::new(BEGIN)],
        &mut attached,
        SendFlags::empty(),
    )?;
    Ok(())
}

/// Waits until the daemon says to begin, and takes the child's stdin, if there is one.
///
/// # Errors
/// `UnexpectedEof` if the daemon is gone.
pub(crate) fn receive_begin(socket: impl AsFd) -> io::Result<Option<OwnedFd>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut attached = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0; BEGIN.len()];
    let received = rustix::io::retry_on_intr(|| {
        recvmsg(
            socket.as_fd(),
            &mut [IoSliceMut::new(&mut byte)],
            &mut attached,
            RecvFlags::empty(),
        )
    })?;
    if received.bytes == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let stdin = attached.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
        _ => None,
    });
    if let Some(stdin) = &stdin {
        // The child shall have it as its stdin and under no other number.
        rustix::io::fcntl_setfd(stdin, FdFlags::CLOEXEC)?;
    }
    Ok(stdin)
}

/// What the daemon asks for: end the tree, leaving it this long before it is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) grace: Duration,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stop {}", self.grace.as_millis())
    }
}

impl Stop {
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let millis = line.strip_prefix("stop ")?.parse().ok()?;
        Some(Self {
            grace: Duration::from_millis(millis),
        })
    }
}

/// What the supervisor tells: how it is confined, if that was asked for, then how the start went, last
/// how the child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Report {
    /// The program will run confined, so far as this.
    Confined(Isolation),
    /// The program runs, as this process and as the leader of a process group.
    Started(Pid),
    /// The folder could not be entered: the system's error number.
    BadFolder(i32),
    /// The program could not be started: the system's error number.
    BadProgram(i32),
    /// The child has ended, and its tree is gone.
    Ended(Exit),
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Report::Confined(isolation) => write!(f, "confined {isolation}"),
            Report::Started(child) => write!(f, "started {}", child.as_raw_pid()),
            Report::BadFolder(errno) => write!(f, "folder {errno}"),
            Report::BadProgram(errno) => write!(f, "program {errno}"),
            Report::Ended(Exit::Code(code)) => write!(f, "code {code}"),
            Report::Ended(Exit::Signal(signal)) => write!(f, "signal {signal}"),
        }
    }
}

impl Report {
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let (word, rest) = line.split_once(' ')?;
        if word == "confined" {
            return Isolation::parse(rest).map(Report::Confined);
        }
        let number = rest.parse().ok()?;
        match word {
            "started" if number > 0 => Pid::from_raw(number).map(Report::Started),
            "folder" => Some(Report::BadFolder(number)),
            "program" => Some(Report::BadProgram(number)),
            "code" => Some(Report::Ended(Exit::Code(number))),
            "signal" => Some(Report::Ended(Exit::Signal(number))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{PipeReader, Read, Write};
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn reports_survive_the_way() {
        for report in [
            Report::Confined(Isolation::None),
            Report::Confined(Isolation::Private),
            Report::Started(Pid::INIT),
            Report::BadFolder(2),
            Report::BadProgram(13),
            Report::Ended(Exit::Code(0)),
            Report::Ended(Exit::Signal(11)),
        ] {
            assert_eq!(Report::parse(&report.to_string()), Some(report));
        }
        for wrong in [
            "",
            "code",
            "code x",
            "started 0",
            "started -5",
            "ended 1",
            "confined 1",
        ] {
            assert_eq!(Report::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn stop_survives_the_way() {
        let stop = Stop {
            grace: Duration::from_millis(200),
        };
        assert_eq!(Stop::parse(&stop.to_string()), Some(stop));
        assert_eq!(Stop::parse("stop"), None);
    }

    #[test]
    fn hands_over_a_pipe() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (reader, mut writer) = io::pipe().unwrap();
        send_begin(&ours, Some(reader.as_fd())).unwrap();
        drop(reader);
        let mut handed = PipeReader::from(receive_begin(&theirs).unwrap().unwrap());
        writer.write_all(b"hello").unwrap();
        drop(writer);
        let mut text = String::new();
        handed.read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");
    }

    #[test]
    fn begins_without_a_pipe_or_not_at_all() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        send_begin(&ours, None).unwrap();
        assert!(receive_begin(&theirs).unwrap().is_none());
        drop(ours);
        let error = receive_begin(&theirs).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
