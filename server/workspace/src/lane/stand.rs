//! Bringing a lane that is in use to another commit.

use camino::Utf8PathBuf;

use super::pool::failed;
use super::record::State;
use super::{Lane, LaneError, place};
use crate::objects::CommitId;
use crate::objects::change::differing;
use crate::scan::manifest;

impl Lane {
    /// Where compilers leave what they make, beside its files: it outlives what the lane holds, and
    /// is never part of it.
    #[must_use]
    pub fn build(&self) -> Utf8PathBuf {
        self.folder.join("build")
    }

    /// Gives it the files of another commit, and undoes whatever else is different in it. What it
    /// held must have been saved. Returns the files that are different between the two commits,
    /// relative to [`top`](Self::top).
    ///
    /// # Errors
    /// [`LaneError`], if the commit cannot be read or the lane not written. It then holds neither.
    pub fn stand(&mut self, commit: CommitId) -> Result<Vec<Utf8PathBuf>, LaneError> {
        self.check_in_place()?;
        let repository = self.store.repository()?;
        let files = self.store.listing(&repository, commit)?;
        let name = self.record.name().to_owned();
        self.record.state = State::Moving;
        self.record.write(&self.folder)?;
        let rules = place::rules(&self.store, &repository, self.record.purpose);
        let place = place::place(&self.root, &self.manifest, &files, &rules, &repository);
        self.manifest = place.map_err(|failure| match failure {
            place::Failure::Git(source) => self.store.failed("read a version")(source).into(),
            place::Failure::Io(source) => failed("write to", self.root.path())(source),
        })?;
        let now = manifest::time_in(&self.folder).map_err(failed("write to", &self.folder))?;
        self.manifest.distrust_since(now);
        self.record.state = State::Taken {
            name,
            base: commit,
            saved: None,
        };
        self.record.write(&self.folder)?;
        let changed = differing(&self.base_files, &files)
            .into_iter()
            .map(Utf8PathBuf::from)
            .collect();
        self.base = commit;
        self.base_files = files;
        Ok(changed)
    }
}
