//! The files of a workspace folder: which there are, which count, what is in them.

mod ignore;
mod read;

use std::sync::{Arc, mpsc};

use camino::{Utf8Path, Utf8PathBuf};

pub use self::ignore::Ignore;
pub use self::read::{MAX_TEXT_BYTES, ReadError, read_text};

/// Every file of a workspace folder that counts, absolute, sorted.
///
/// What does not count is said by [`Ignore`]. Links are not followed and not listed. What cannot
/// be read, and a name that is no UTF-8, is left out with a warning in the log.
#[must_use]
pub fn list(ignore: &Arc<Ignore>) -> Vec<Utf8PathBuf> {
    let mut files: Vec<_> = walk(ignore, ignore.folder())
        .into_iter()
        .filter_map(|entry| match entry {
            Entry::File(path) => Some(path),
            Entry::Folder(_) => None,
        })
        .collect();
    files.sort_unstable();
    files
}

/// Something that [`walk`] found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Entry {
    File(Utf8PathBuf),
    Folder(Utf8PathBuf),
}

/// Everything at and beneath `start` that counts, in no order. `start` itself is not questioned.
pub(crate) fn walk(ignore: &Arc<Ignore>, start: &Utf8Path) -> Vec<Entry> {
    let (sender, receiver) = mpsc::channel();
    let rules = ignore.clone();
    ::ignore::WalkBuilder::new(start)
        .standard_filters(false)
        .filter_entry(move |entry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            match Utf8Path::from_path(entry.path()) {
                Some(path) => entry.depth() == 0 || !rules.is_ignored(path, is_folder),
                None => {
                    tracing::warn!(path = ?entry.path(), "skipped: its name is no UTF-8");
                    false
                }
            }
        })
        .build_parallel()
        .run(|| {
            let sender = sender.clone();
            Box::new(move |found| {
                match found {
                    Ok(entry) => {
                        // Cannot fail: the receiver outlives the walk.
                        sender.send(classify(entry)).ok();
                    }
                    Err(error) => tracing::warn!(%error, "skipped"),
                }
                ::ignore::WalkState::Continue
            })
        });
    drop(sender);
    receiver.into_iter().flatten().collect()
}

fn classify(entry: ::ignore::DirEntry) -> Option<Entry> {
    // A start that is a link to a folder is the folder.
    let is_start = entry.depth() == 0 && entry.path_is_symlink();
    let kind = entry.file_type()?;
    let path = Utf8PathBuf::from_path_buf(entry.into_path()).ok()?;
    if kind.is_dir() || (is_start && path.is_dir()) {
        Some(Entry::Folder(path))
    } else {
        kind.is_file().then_some(Entry::File(path))
    }
}

#[cfg(test)]
mod tests;
