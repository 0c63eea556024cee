//! Names under `refs/greenward/`: what they lead to is kept for as long as they are.

use std::time::Duration;

use git2::{ErrorCode, Reference, Repository};

use super::{CommitId, ObjectStore, StoreError};

/// What all our references begin with.
const OURS: &str = "refs/greenward/";

/// A name under `refs/greenward/`, such as `cycles/7/base`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RefName(String);

impl RefName {
    /// From what follows `refs/greenward/`.
    ///
    /// # Errors
    /// [`BadRefName`], if git would not have such a name.
    pub fn new(name: impl Into<String>) -> Result<Self, BadRefName> {
        let name = name.into();
        if Reference::is_valid_name(&format!("{OURS}{name}")) {
            Ok(Self(name))
        } else {
            Err(BadRefName(name))
        }
    }

    /// Without `refs/greenward/`.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0
    }

    /// A name beneath this one; `rest` is such as git allows.
    pub(crate) fn beneath(&self, rest: &str) -> Self {
        Self(format!("{}/{rest}", self.0))
    }

    /// The name that this one is beneath by `rest`.
    pub(crate) fn above(&self, rest: &str) -> Option<Self> {
        let above = self.0.strip_suffix(rest)?.strip_suffix('/')?;
        Some(Self(above.to_owned()))
    }

    fn full(&self) -> String {
        format!("{OURS}{}", self.0)
    }
}

impl std::fmt::Display for RefName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(OURS)?;
        f.write_str(&self.0)
    }
}

/// A name that git does not allow for a reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} cannot be the name of a git reference")]
pub struct BadRefName(String);

/// What became of changing a reference that was expected to lead somewhere.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// It leads elsewhere by now, or is gone, or is already there.
    #[error("{name} has been changed by someone else")]
    Changed {
        /// The reference.
        name: Box<RefName>,
    },
    /// The repository could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ObjectStore {
    /// Makes a reference lead to a commit, wherever it led before.
    ///
    /// # Errors
    /// [`StoreError`], if the repository cannot be written.
    pub fn set_reference(&self, name: &RefName, commit: CommitId) -> Result<(), StoreError> {
        let repository = self.repository()?;
        past_lock(&repository, name, || {
            repository.reference(&name.full(), commit.0, true, "greenward")
        })
        .map_err(self.failed("write a reference"))?;
        Ok(())
    }

    /// Makes a reference lead to a commit if it leads to `from`, or if there is none yet where
    /// `from` is nothing.
    ///
    /// # Errors
    /// [`ReferenceError::Changed`], if it leads elsewhere; it is then as it was.
    pub fn move_reference(
        &self,
        name: &RefName,
        from: Option<CommitId>,
        to: CommitId,
    ) -> Result<(), ReferenceError> {
        let repository = self.repository()?;
        let moved = past_lock(&repository, name, || match from {
            Some(from) => {
                repository.reference_matching(&name.full(), to.0, true, from.0, "greenward")
            }
            None => repository.reference(&name.full(), to.0, false, "greenward"),
        });
        match moved {
            Ok(_) => Ok(()),
            Err(error)
                if matches!(
                    error.code(),
                    ErrorCode::Modified
                        | ErrorCode::Exists
                        | ErrorCode::NotFound
                        | ErrorCode::Locked
                ) =>
            {
                Err(ReferenceError::Changed {
                    name: Box::new(name.clone()),
                })
            }
            Err(error) => Err(self.failed("write a reference")(error).into()),
        }
    }

    /// Where a reference leads; nothing if there is none.
    ///
    /// # Errors
    /// [`StoreError`], if the repository cannot be read.
    pub fn reference(&self, name: &RefName) -> Result<Option<CommitId>, StoreError> {
        match self.repository()?.refname_to_id(&name.full()) {
            Ok(id) => Ok(Some(CommitId(id))),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(self.failed("read a reference")(error)),
        }
    }

    /// All references whose name begins with `beneath` (as in `cycles/7/`), sorted, and where they
    /// lead.
    ///
    /// # Errors
    /// [`StoreError`], if the repository cannot be read.
    pub fn references(&self, beneath: &str) -> Result<Vec<(RefName, CommitId)>, StoreError> {
        let repository = self.repository()?;
        let list = || -> Result<Vec<(RefName, CommitId)>, git2::Error> {
            let mut found = Vec::new();
            for reference in repository.references_glob(&format!("{OURS}*"))? {
                let reference = reference?;
                let name = reference
                    .name()
                    .ok()
                    .and_then(|name| name.strip_prefix(OURS));
                if let (Some(name), Some(id)) = (name, reference.target())
                    && name.starts_with(beneath)
                {
                    found.push((RefName(name.to_owned()), CommitId(id)));
                }
            }
            found.sort();
            Ok(found)
        };
        list().map_err(self.failed("list references"))
    }

    /// Removes a reference if it leads to `commit`. What only it kept may be collected from then
    /// on.
    ///
    /// # Errors
    /// [`ReferenceError::Changed`], if it leads elsewhere or is gone.
    pub fn remove_reference(&self, name: &RefName, commit: CommitId) -> Result<(), ReferenceError> {
        let repository = self.repository()?;
        let remove = || -> Result<bool, git2::Error> {
            let mut transaction = repository.transaction()?;
            transaction.lock_ref(&name.full())?;
            let is_same = match repository.refname_to_id(&name.full()) {
                Ok(id) => id == commit.0,
                Err(error) if error.code() == ErrorCode::NotFound => false,
                Err(error) => return Err(error),
            };
            if is_same {
                transaction.remove(&name.full())?;
                transaction.commit()?;
            }
            Ok(is_same)
        };
        match past_lock(&repository, name, remove) {
            Ok(true) => Ok(()),
            Ok(false) => Err(ReferenceError::Changed {
                name: Box::new(name.clone()),
            }),
            Err(error) => Err(self.failed("remove a reference")(error).into()),
        }
    }
}

/// How often, and how long in between, a lock of another process is waited for.
const LOOKS: u32 = 20;
const WAIT: Duration = Duration::from_millis(50);

/// Writes a reference of ours. A lock that a killed process has left is removed: whoever writes
/// such a reference holds its lock for an instant only, so one that stays as it is belongs to
/// nobody.
fn past_lock<T>(
    repository: &Repository,
    name: &RefName,
    write: impl Fn() -> Result<T, git2::Error>,
) -> Result<T, git2::Error> {
    let lock = repository.commondir().join(format!("{}.lock", name.full()));
    let look = || {
        std::fs::metadata(&lock)
            .and_then(|data| data.modified())
            .ok()
    };
    let first = look();
    for _ in 0..LOOKS {
        match write() {
            Err(error) if error.code() == ErrorCode::Locked => std::thread::sleep(WAIT),
            written => return written,
        }
    }
    if first.is_some() && first == look() {
        tracing::warn!(lock = %lock.display(), "a lock that nobody holds is removed");
        // If it is gone already, all the better.
        let _ = std::fs::remove_file(&lock);
    }
    write()
}
