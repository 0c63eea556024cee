//! The one place that reads the process's own surroundings: arguments, environment, working
//! directory, clock. Everything else is given values.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the edge: the environment, the working directory, the binary's own path and \
              the clock are read here, once, and passed on as values"
)]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use camino::Utf8PathBuf;

/// What surrounds the process.
#[derive(Debug, Clone)]
pub(crate) struct World {
    /// The environment, as far as it is UTF-8.
    pub(crate) env: Arc<BTreeMap<String, String>>,
    /// The working directory.
    pub(crate) folder: Utf8PathBuf,
    /// The binary that runs.
    pub(crate) binary: Utf8PathBuf,
    /// Where temporary folders are made.
    pub(crate) temporary: Utf8PathBuf,
    /// The time since the process began.
    pub(crate) clock: Clock,
}

/// Why the surroundings cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorldError {
    /// The working directory is gone or may not be read.
    #[error("the working directory cannot be read")]
    Folder(#[source] io::Error),
    /// The system does not say where the binary is.
    #[error("the path of this program cannot be read")]
    Binary(#[source] io::Error),
    /// A path that every other path builds on is no UTF-8.
    #[error("{} is no UTF-8, and Greenward works with UTF-8 paths only", .0.display())]
    NotUtf8(PathBuf),
}

impl World {
    /// Reads the surroundings. `clock` was started when the process began.
    pub(crate) fn read(clock: Clock) -> Result<Self, WorldError> {
        let utf8 = |path: PathBuf| Utf8PathBuf::from_path_buf(path).map_err(WorldError::NotUtf8);
        let env = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Ok(Self {
            env: Arc::new(env),
            folder: utf8(std::env::current_dir().map_err(WorldError::Folder)?)?,
            binary: utf8(std::env::current_exe().map_err(WorldError::Binary)?)?,
            temporary: utf8(std::env::temp_dir())?,
            clock,
        })
    }

    /// A variable of the environment, unless it is empty.
    pub(crate) fn var(&self, name: &str) -> Option<&str> {
        let value = self.env.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }
}

/// The program's arguments, its own name first.
pub(crate) fn arguments() -> Vec<OsString> {
    std::env::args_os().collect()
}

/// Tells how long ago it was started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock(Instant);

impl Clock {
    /// Starts a clock.
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// How long ago it was started.
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// The wall clock, as the time since the Unix epoch. A clock set before it reads as the epoch.
pub(crate) fn since_epoch() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}
