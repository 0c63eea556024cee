//! Reading text from disk.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::document::without_bom;

/// The largest file that is read as text, in bytes. Nobody writes a longer one by hand.
pub const MAX_TEXT_BYTES: u64 = 4 * 1024 * 1024;

/// Why a file could not be read as text.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not there.
    #[error("{path} does not exist")]
    NotFound {
        /// The file.
        path: Utf8PathBuf,
    },
    /// It is a folder, a pipe or a device.
    #[error("{path} is no regular file")]
    NotAFile {
        /// The file.
        path: Utf8PathBuf,
    },
    /// It is no UTF-8.
    #[error("{path} is no UTF-8: the byte at offset {offset} does not fit")]
    NotUtf8 {
        /// The file.
        path: Utf8PathBuf,
        /// Where the first byte is that does not fit.
        offset: usize,
    },
    /// It is larger than [`MAX_TEXT_BYTES`].
    #[error("{path} is larger than {} MiB", MAX_TEXT_BYTES / 1024 / 1024)]
    TooLarge {
        /// The file.
        path: Utf8PathBuf,
    },
    /// The system would not let us.
    #[error("cannot read {path}")]
    Io {
        /// The file.
        path: Utf8PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Reads a file as text, without the byte order mark that may stand at its start: editors count
/// columns without it.
///
/// # Errors
/// [`ReadError`], where it is no text file of a sane size that may be read.
pub fn read_text(path: &Utf8Path) -> Result<Arc<str>, ReadError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            ReadError::NotFound { path: path.into() }
        }
        _ => ReadError::Io {
            path: path.into(),
            source,
        },
    };
    // Before it is opened: opening a pipe would wait for who writes to it.
    let metadata = path.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(ReadError::NotAFile { path: path.into() });
    }
    let mut bytes =
        Vec::with_capacity(usize::try_from(metadata.len().min(MAX_TEXT_BYTES)).unwrap_or(0));
    File::open(path)
        .map_err(failed)?
        .take(MAX_TEXT_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_TEXT_BYTES {
        return Err(ReadError::TooLarge { path: path.into() });
    }
    let text = str::from_utf8(&bytes).map_err(|error| ReadError::NotUtf8 {
        path: path.into(),
        offset: error.valid_up_to(),
    })?;
    Ok(without_bom(text).into())
}
