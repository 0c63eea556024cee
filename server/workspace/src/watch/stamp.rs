//! By what a change of a file is told, without reading it.

use std::fs::Metadata;
use std::time::{Duration, SystemTime};

/// File systems round the time of a change down to their clock's grain, a few milliseconds.
const GRAIN: Duration = Duration::from_millis(20);

/// A file as it was when somebody looked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp {
    modified: Option<SystemTime>,
    size: u64,
    /// The number of the file itself, where the system has one: another file under the same name
    /// has another.
    number: u64,
    /// Whether it was last changed well before it was looked at. If not, a later change may bear
    /// the same time.
    settled: bool,
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok();
        Self {
            modified,
            size: metadata.len(),
            number: number(metadata),
            settled: modified
                .and_then(|modified| now().duration_since(modified).ok())
                .is_some_and(|age| age >= GRAIN),
        }
    }

    /// Whether a file that was like this and is now like `later` is certainly the same.
    pub(super) fn is_certainly(&self, later: &Stamp) -> bool {
        self.settled
            && (self.modified, self.size, self.number) == (later.modified, later.size, later.number)
    }
}

#[cfg(unix)]
fn number(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn number(_: &Metadata) -> u64 {
    0
}

#[expect(
    clippy::disallowed_methods,
    reason = "compared with times of files, which come from the same clock"
)]
fn now() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_just_now_may_have_changed_again() {
        let file = tempfile::tempfile().unwrap();
        let stamp = |modified| {
            file.set_modified(modified).unwrap();
            Stamp::of(&file.metadata().unwrap())
        };
        let old = stamp(SystemTime::UNIX_EPOCH);
        assert!(old.is_certainly(&old));
        // Later than any time at which this test runs, so never long ago.
        let new = stamp(now() + Duration::from_secs(3600));
        assert!(!new.is_certainly(&new));
    }
}
