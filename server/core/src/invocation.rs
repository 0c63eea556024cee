//! A process to start, as a value.

use camino::Utf8PathBuf;

/// What to start and how, decided by an adapter and carried out by `greenward-exec`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The program: a name to be looked up in `PATH`, or an absolute path.
    pub program: String,
    /// Its arguments, without the program itself.
    pub args: Vec<String>,
    /// The folder it runs in, absolute.
    pub folder: Utf8PathBuf,
    /// What is different from the daemon's own environment, in order: a value sets, nothing
    /// removes.
    pub env: Vec<(String, Option<String>)>,
    /// Places, absolute, that it has a need of. Counts where processes are confined.
    pub access: Vec<(Utf8PathBuf, Access)>,
}

/// What a confined process can do with a place and what is beneath it.
///
/// Not every system can hide a place, or let writing seem to succeed and throw away what was
/// written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It can write there, and what it writes stays.
    Kept,
    /// It can write there, and what it writes goes with the process, where the system can do that.
    /// Elsewhere it stays.
    Passing,
    /// It can write there, and what it writes goes with the process, where the system can do that.
    /// Elsewhere writing is refused.
    Apparent,
    /// It can read there, also where the place lies in a hidden one.
    Shown,
    /// It finds nothing there, where the system can do that. Elsewhere it can read.
    Hidden,
}

impl Invocation {
    /// `program` in `folder`, without arguments, in the daemon's environment.
    #[must_use]
    pub fn new(program: impl Into<String>, folder: impl Into<Utf8PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            folder: folder.into(),
            env: Vec::new(),
            access: Vec::new(),
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), Some(value.into())));
        self
    }

    /// Says what it can do with a place where processes are confined.
    #[must_use]
    pub fn access(mut self, place: impl Into<Utf8PathBuf>, access: Access) -> Self {
        self.access.push((place.into(), access));
        self
    }

    /// Removes a variable.
    #[must_use]
    pub fn without_env(mut self, name: impl Into<String>) -> Self {
        self.env.push((name.into(), None));
        self
    }
}
