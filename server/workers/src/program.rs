//! A program that writes in a lane: what is started for a turn, and how it is confined.

use std::collections::BTreeMap;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{Access, Invocation};
use greenward_exec::{Confinement, Executor, Network};
use greenward_protocol::settings;

use crate::{SettingsError, Turn};

/// How long the tree of a program that is given up has before it is killed.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// A program, as settings describe it.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) path: String,
    args: Vec<String>,
    /// How long a turn may take.
    pub(crate) timeout: Duration,
    executor: Executor,
    /// Where it may write besides its lane.
    writable: Vec<Utf8PathBuf>,
    pub(crate) network: bool,
}

impl Program {
    pub(crate) fn new(
        name: &str,
        settings: &settings::Worker,
        env: &BTreeMap<String, String>,
        executor: &Executor,
        folder: &Utf8Path,
    ) -> Result<Self, SettingsError> {
        let [program, args @ ..] = settings.argv.as_slice() else {
            return Err(SettingsError::Missing {
                worker: name.to_owned(),
                kind: settings.kind,
                setting: "argv",
            });
        };
        // A relative path is meant from the user's folder. In the lane, a worker could have
        // written there.
        let path = if program.contains('/') {
            folder.join(program).into_string()
        } else {
            program.clone()
        };
        Ok(Self {
            path,
            args: args.to_vec(),
            timeout: settings.timeout(),
            executor: executor.clone(),
            writable: settings
                .writable
                .iter()
                .map(|place| absolute(name, place, env))
                .collect::<Result<_, _>>()?,
            network: settings.network,
        })
    }

    /// Starts what a turn needs, confined.
    pub(crate) fn confined(&self, turn: &Turn) -> Executor {
        let own = self.writable.iter().cloned();
        let own = own.map(|place| (place, Access::Kept));
        self.executor.confined(Confinement {
            access: turn.access.iter().cloned().chain(own).collect(),
            network: if self.network {
                Network::Shared
            } else {
                Network::None
            },
        })
    }

    /// What is started for a turn.
    pub(crate) fn invocation(&self, turn: &Turn) -> Invocation {
        Invocation::new(&self.path, &turn.lane)
            .args(&self.args)
            .env("GREENWARD_PHASE", turn.phase.as_str())
            .env("GREENWARD_TASK", &turn.task)
            .env("GREENWARD_TARGETS", turn.targets.join("\n"))
    }
}

/// A place as settings name it.
fn absolute(
    worker: &str,
    place: &str,
    env: &BTreeMap<String, String>,
) -> Result<Utf8PathBuf, SettingsError> {
    let path = match (place.strip_prefix("~/"), env.get("HOME")) {
        (Some(rest), Some(home)) => Utf8Path::new(home).join(rest),
        _ => Utf8PathBuf::from(place),
    };
    if path.is_absolute() {
        return Ok(path);
    }
    Err(SettingsError::NotAPlace {
        worker: worker.to_owned(),
        place: place.to_owned(),
    })
}
