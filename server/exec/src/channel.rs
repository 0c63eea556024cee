//! A private way for a run's processes to report results, apart from what tests print.

use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;

use camino::{Utf8Path, Utf8PathBuf};
use nix::sys::stat::Mode;
use rustix::io::Errno;
use tempfile::TempDir;
use thiserror::Error;
use tokio::net::unix::pipe;

use crate::lines::CHUNK;
use crate::{Line, LineLimits, Lines, lines};

/// Bytes that are taken out of a pipe at its end: what an unprivileged process can make one hold
/// on Linux. Without a limit, a stray process that goes on writing would keep the reader for ever.
const DRAIN_LIMIT: usize = 1024 * 1024;

/// A named pipe in a folder of its own that only the user can enter. Both are removed on drop.
///
/// It is open for reading from the beginning, so a process that opens [`path`](Self::path) to write
/// never waits for that. Processes that write at the same time must write each line with one
/// `write` of at most 4096 bytes, or keep each other out: only then do lines stay whole.
///
/// A pipe cannot tell the end of a run, since writers come and go. Whoever reads waits for the end
/// of the processes (or a last line that was agreed upon), then calls [`drain`](Self::drain).
#[derive(Debug)]
pub struct Channel {
    lines: Lines<pipe::Receiver>,
    /// Keeps the pipe from ending between two writers.
    _writer: File,
    path: Utf8PathBuf,
    _folder: TempDir,
}

/// Why there is no channel.
#[derive(Debug, Error)]
#[error("cannot make a report channel in {folder}")]
pub struct ChannelError {
    /// The folder where it was to be.
    pub folder: Utf8PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl Channel {
    /// Makes a channel in a new folder under `folder`, which must exist. Needs a tokio runtime.
    ///
    /// # Errors
    /// If the file system does not let us.
    pub fn new(folder: &Utf8Path) -> Result<Self, ChannelError> {
        Self::make(folder).map_err(|source| ChannelError {
            folder: folder.to_owned(),
            source,
        })
    }

    fn make(under: &Utf8Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("channel-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(under)?;
        let path = Utf8PathBuf::try_from(folder.path().join("results"))
            .map_err(camino::FromPathBufError::into_io_error)?;
        nix::unistd::mkfifo(path.as_std_path(), Mode::S_IRUSR | Mode::S_IWUSR)?;
        let receiver = pipe::OpenOptions::new().open_receiver(&path)?;
        let writer = OpenOptions::new().write(true).open(&path)?;
        Ok(Self {
            lines: lines(receiver, LineLimits::default()),
            _writer: writer,
            path,
            _folder: folder,
        })
    }

    /// What a process opens to write its results, absolute if the folder given was.
    #[must_use]
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// The folder that it is in, and nothing else.
    #[must_use]
    pub fn folder(&self) -> &Utf8Path {
        self.path.parent().unwrap_or(&self.path)
    }

    /// The next line. Waits for it for as long as it takes: there is no end.
    ///
    /// Cancel safe: dropping the future loses nothing.
    ///
    /// # Errors
    /// What reading gives.
    pub async fn next(&mut self) -> io::Result<Line> {
        let line = self.lines.next().await?;
        line.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// All lines that are there now, as [`Lines::next_batch`].
    ///
    /// # Errors
    /// What reading gives.
    pub async fn next_batch(&mut self) -> io::Result<Vec<Line>> {
        let lines = self.lines.next_batch().await?;
        lines.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// The same as one text, as [`Lines::next_text`].
    ///
    /// # Errors
    /// What reading gives.
    pub async fn next_text(&mut self) -> io::Result<String> {
        let text = self.lines.next_text().await?;
        text.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// What is left after the writers have ended, a last line without an end included. Never
    /// waits, whoever may still hold the pipe. What is beyond 1 MiB is left.
    ///
    /// # Errors
    /// What reading gives.
    pub fn drain(&mut self) -> io::Result<Vec<Line>> {
        let mut found = Vec::new();
        self.lines.take_buffered(&mut found);
        let mut chunk = vec![0; CHUNK];
        let mut drained = 0;
        while drained < DRAIN_LIMIT {
            // Not through tokio, which may not have heard yet that there is something to read.
            match rustix::io::read(self.lines.reader(), &mut chunk) {
                Ok(0) | Err(Errno::AGAIN) => break,
                Ok(count) => {
                    self.lines.splitter().split(&chunk[..count], &mut found);
                    drained += count;
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        found.extend(self.lines.splitter().finish());
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn temporary() -> (TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::try_from(folder.path().to_owned()).unwrap();
        (folder, path)
    }

    fn texts(lines: Vec<Line>) -> Vec<String> {
        lines.into_iter().map(|line| line.text).collect()
    }

    fn writer(channel: &Channel) -> File {
        OpenOptions::new().write(true).open(channel.path()).unwrap()
    }

    #[tokio::test]
    async fn takes_lines_from_one_writer_after_another() {
        let (_folder, path) = temporary();
        let mut channel = Channel::new(&path).unwrap();
        let path = channel.path().to_owned();
        for text in ["one", "two"] {
            // Waiting begins while there is no writer: none yet, none any more.
            let write = async {
                let mut writer = OpenOptions::new().write(true).open(&path).unwrap();
                writeln!(writer, "{text}").unwrap();
            };
            let (line, ()) = tokio::join!(channel.next(), write);
            assert_eq!(line.unwrap().text, text);
        }
        assert_eq!(channel.drain().unwrap(), []);
    }

    #[tokio::test]
    async fn drains_what_is_left_while_somebody_holds_it() {
        let (_folder, path) = temporary();
        let mut channel = Channel::new(&path).unwrap();
        let mut writer = writer(&channel);
        writer.write_all(b"one\ntwo\nthree").unwrap();
        assert_eq!(channel.next().await.unwrap().text, "one");
        writer.write_all(b"\nfour\nhal").unwrap();
        assert_eq!(
            texts(channel.drain().unwrap()),
            ["two", "three", "four", "hal"]
        );
        assert_eq!(channel.drain().unwrap(), []);
    }

    #[tokio::test]
    async fn drains_what_tokio_has_not_heard_of() {
        let (_folder, path) = temporary();
        let mut channel = Channel::new(&path).unwrap();
        writer(&channel).write_all(b"one\n").unwrap();
        assert_eq!(texts(channel.drain().unwrap()), ["one"]);
    }

    #[tokio::test]
    async fn is_private_and_leaves_nothing() {
        let (_folder, path) = temporary();
        let channel = Channel::new(&path).unwrap();
        let own = channel.path().parent().unwrap().to_owned();
        let mode = |path: &Utf8Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&own), 0o700);
        assert_eq!(mode(channel.path()), 0o600);
        drop(channel);
        assert!(!own.exists());
    }

    #[tokio::test]
    async fn says_where_it_could_not_be_made() {
        let (_folder, path) = temporary();
        let error = Channel::new(&path.join("gone")).unwrap_err();
        assert_eq!(error.folder, path.join("gone"));
    }
}
