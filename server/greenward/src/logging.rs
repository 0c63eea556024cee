//! The log: to the standard error, and to a file in the user's state folder.
//!
//! Neither can hold the daemon up: both are written by threads of their own, which drop lines
//! rather than wait, so an editor that reads no standard error and a full disk hurt nobody.

use std::io::Write;

use camino::Utf8Path;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt, reload};

/// How many days of log are kept.
const KEPT_DAYS: usize = 7;

/// How many lines may wait to be written before further ones are dropped.
const WAITING_LINES: usize = 4096;

/// What the log says where nobody has said anything.
const DEFAULT_LEVEL: &str = "info";

/// How a command logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// A daemon says all of it on the standard error too, where editors keep it.
    Daemon,
    /// A command at a terminal says there only what is asked for by a flag, and errors.
    Command,
}

/// A level that cannot be understood.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no level of the log")]
pub(crate) struct BadLevel(String);

type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// The log as long as it is kept: on its end, what is not written yet is.
#[derive(Debug)]
pub(crate) struct Log {
    level: Level,
    _writers: Vec<WorkerGuard>,
}

/// Changes how much the log says.
#[derive(Debug, Clone)]
pub(crate) struct Level {
    filters: Vec<reload::Handle<Targets, Registry>>,
    /// A level asked for by a flag or the environment stays.
    fixed: bool,
}

impl Log {
    /// Starts logging. `asked` is the level that a flag or the environment asks for; `folder` is
    /// the user's state folder, if there is one.
    ///
    /// # Errors
    /// If the level cannot be understood.
    pub(crate) fn start(
        manner: Manner,
        asked: Option<&str>,
        folder: Option<&Utf8Path>,
    ) -> Result<Self, BadLevel> {
        let on_stderr = match (asked, manner) {
            (Some(level), _) => level,
            (None, Manner::Daemon) => DEFAULT_LEVEL,
            (None, Manner::Command) => "error",
        };
        let (stderr, guard) = writer(std::io::stderr());
        let (stderr_filter, stderr_level) = reload::Layer::new(filter(on_stderr)?);
        let (file_filter, file_level) = reload::Layer::new(filter(asked.unwrap_or(DEFAULT_LEVEL))?);
        let mut writers = vec![guard];
        let mut layers: Vec<BoxedLayer> = vec![lines(stderr).with_filter(stderr_filter).boxed()];
        let mut trouble = None;
        match folder.map(|folder| file(&folder.join("log"))) {
            Some(Ok((writer, guard))) => {
                writers.push(guard);
                layers.push(lines(writer).with_filter(file_filter).boxed());
            }
            Some(Err(error)) => trouble = Some(error),
            None => {}
        }
        tracing_subscriber::registry().with(layers).init();
        if let Some(error) = trouble {
            tracing::warn!(%error, "no log is kept in a file");
        }
        log_panics();
        let filters = match manner {
            Manner::Daemon => vec![stderr_level, file_level],
            Manner::Command => vec![file_level],
        };
        Ok(Self {
            level: Level {
                filters,
                fixed: asked.is_some(),
            },
            _writers: writers,
        })
    }

    /// What changes how much it says.
    pub(crate) fn level(&self) -> Level {
        self.level.clone()
    }
}

impl Level {
    /// Takes over what the settings say. One that cannot be understood changes nothing.
    pub(crate) fn set(&self, level: &str) {
        if self.fixed {
            return;
        }
        match filter(level) {
            Ok(new) => {
                for filter in &self.filters {
                    if let Err(error) = filter.reload(new.clone()) {
                        tracing::debug!(%error, "the level of the log cannot be changed");
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "the level of the log stays as it is"),
        }
    }
}

/// A filter by levels: one for all, and others for modules, as `info,greenward_engine=debug`.
fn filter(directives: &str) -> Result<Targets, BadLevel> {
    let level = |level: &str| match level.trim() {
        "" => Err(BadLevel(directives.to_owned())),
        word => word
            .parse::<LevelFilter>()
            .map_err(|_| BadLevel(directives.to_owned())),
    };
    let mut targets = Targets::new();
    for directive in directives.split(',') {
        targets = match directive.split_once('=') {
            Some((module, of_module)) => targets.with_target(module.trim(), level(of_module)?),
            None => targets.with_default(level(directive)?),
        };
    }
    Ok(targets)
}

/// Why no log is kept in a file.
#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error("the folder of the log cannot be made")]
    Folder(#[from] std::io::Error),
    #[error("the file of the log cannot be opened")]
    File(#[from] tracing_appender::rolling::InitError),
}

/// Writes in a thread of its own.
fn writer(to: impl Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    // Room is made at once for as many lines as may wait: by default 128,000, which takes longer
    // than all else until the editor has its first answer.
    NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING_LINES)
        .finish(to)
}

/// A file for each day in a folder.
fn file(folder: &Utf8Path) -> Result<(NonBlocking, WorkerGuard), FileError> {
    // The appender would complain on the standard error if it had to make it.
    std::fs::create_dir_all(folder)?;
    let appender = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("greenward")
        .filename_suffix("log")
        .max_log_files(KEPT_DAYS)
        .build(folder)?;
    Ok(writer(appender))
}

fn lines(writer: NonBlocking) -> impl Layer<Registry> + Send + Sync {
    fmt::layer()
        .with_ansi(false)
        .log_internal_errors(false)
        .with_writer(writer)
}

/// A panic goes to the log, with the place where it was.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let backtrace = std::backtrace::Backtrace::capture();
        tracing::error!(%panic, %backtrace, "a panic");
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_words_or_directives() {
        for (directives, module, expected) in [
            ("warn", "greenward_lsp", [true, false]),
            ("trace", "greenward_lsp", [true, true]),
            ("off", "greenward_lsp", [false, false]),
            (
                "INFO, greenward_engine=debug",
                "greenward_engine::state",
                [true, true],
            ),
            (
                "info,greenward_engine=debug",
                "greenward_lsp",
                [true, false],
            ),
        ] {
            let filter = filter(directives).unwrap();
            let levels = [tracing::Level::WARN, tracing::Level::DEBUG];
            let enabled = levels.map(|level| filter.would_enable(module, &level));
            assert_eq!(enabled, expected, "{directives}");
        }
        for wrong in ["loud", "info,greenward=loud", "", "info,,debug"] {
            assert!(filter(wrong).is_err(), "{wrong}");
        }
        let error = filter("greenward=loud").unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"greenward=loud\" is no level of the log"
        );
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error_and_no_panic() {
        assert!(file("/dev/null/log".into()).is_err());
    }

    #[test]
    fn old_files_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap();
        for day in 10..30 {
            std::fs::write(path.join(format!("greenward.2020-01-{day}.log")), "old").unwrap();
        }
        drop(file(path).unwrap());
        let kept = std::fs::read_dir(path).unwrap().count();
        assert_eq!(kept, KEPT_DAYS);
    }

    #[test]
    fn the_level_changes_while_it_runs_unless_it_was_asked_for() {
        for (fixed, expected) in [(false, "debug"), (true, "info")] {
            let (layer, handle) = reload::Layer::new(filter("info").unwrap());
            let _subscriber = tracing_subscriber::registry().with(layer);
            let level = Level {
                filters: vec![handle.clone()],
                fixed,
            };
            level.set("debug");
            level.set("greenward=loud");
            let now = handle.with_current(ToString::to_string).unwrap();
            assert_eq!(now, expected);
        }
    }
}
