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

    /// Removes a variable.
    #[must_use]
    pub fn without_env(mut self, name: impl Into<String>) -> Self {
        self.env.push((name.into(), None));
        self
    }
}
