//! Whether a worker can work, before a cycle needs it.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_exec::Executor;
use greenward_protocol::settings::{self, Settings, WorkerKind};
use greenward_workers::Worker;

use super::manager::Shared;
use crate::error::chain;

/// Why a worker cannot be used as it is configured, and what can be done; nothing if it can. Looks
/// at settings, environment and files; connects to nothing and starts nothing.
#[must_use]
pub fn worker_trouble(
    name: &str,
    settings: &settings::Worker,
    env: &BTreeMap<String, String>,
    executor: &Executor,
    folder: &Utf8Path,
) -> Option<String> {
    let made = Worker::from_settings(name, settings, env, executor, folder);
    let trouble = made.err().map(|error| chain(&error));
    trouble.or_else(|| missing_program(settings, env, folder))
}

impl Shared {
    /// The workers of a folder that cannot work, each with why.
    pub(super) async fn troubled_workers(
        &self,
        folder: Utf8PathBuf,
        settings: Arc<Settings>,
    ) -> BTreeMap<String, String> {
        let tools = self.tools.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let workers = settings.workers.iter();
            let troubled = workers.filter_map(|(name, worker)| {
                let trouble = worker_trouble(name, worker, &tools.env, &tools.executor, &folder)?;
                Some((name.clone(), trouble))
            });
            troubled.collect()
        });
        // Whoever begins a cycle is told all the same.
        looked.await.unwrap_or_default()
    }
}

/// Says that a worker's program is not there.
pub(super) fn missing_program(
    worker: &settings::Worker,
    env: &BTreeMap<String, String>,
    folder: &Utf8Path,
) -> Option<String> {
    let program = worker
        .argv
        .first()
        .filter(|_| matches!(worker.kind, WorkerKind::Command | WorkerKind::Acp))?;
    let places: Vec<Utf8PathBuf> = match program.contains('/') {
        true => vec![folder.join(program)],
        false => {
            let path = env.get("PATH").map(String::as_str).unwrap_or_default();
            let folders = path.split(':').filter(|folder| !folder.is_empty());
            folders
                .map(|folder| Utf8Path::new(folder).join(program))
                .collect()
        }
    };
    let is_there = places.iter().any(|place| place.is_file());
    (!is_there).then(|| format!("there is no program {program}: install it, or mend its argv"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_looked_for_where_it_would_be_started_from() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        std::fs::write(folder.join("agent"), "").unwrap();
        let env = BTreeMap::from([("PATH".to_owned(), format!("/nowhere:{folder}"))]);
        for (kind, program, is_missing) in [
            (WorkerKind::Command, "agent", false),
            (WorkerKind::Command, "./agent", false),
            (WorkerKind::Command, "other", true),
            (WorkerKind::Command, "./other", true),
            (WorkerKind::Acp, "other", true),
            (WorkerKind::OpenAi, "other", false),
        ] {
            let worker = settings::Worker {
                kind,
                argv: vec![program.to_owned()],
                ..settings::Worker::default()
            };
            let missing = missing_program(&worker, &env, folder);
            assert_eq!(missing.is_some(), is_missing, "{kind:?} {program}");
        }
    }
}
