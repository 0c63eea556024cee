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
    /// Where it must be able to write, absolute, and what becomes of that. Counts where processes
    /// are confined.
    pub writes: Vec<(Utf8PathBuf, Writes)>,
}

/// What becomes of what a confined process writes at a place and beneath it.
///
/// Not every system can let writing seem to succeed and throw away what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// It stays.
    Kept,
    /// It goes with the process, where the system can do that. Elsewhere it stays.
    Passing,
    /// It goes with the process, where the system can do that. Elsewhere it is refused.
    Apparent,
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
            writes: Vec::new(),
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

    /// Lets it write at a place even where processes are confined.
    #[must_use]
    pub fn writes(mut self, place: impl Into<Utf8PathBuf>, writes: Writes) -> Self {
        self.writes.push((place.into(), writes));
        self
    }

    /// Removes a variable.
    #[must_use]
    pub fn without_env(mut self, name: impl Into<String>) -> Self {
        self.env.push((name.into(), None));
        self
    }
}
