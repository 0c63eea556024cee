//! Looking at the workers: whether each could take a turn. Nothing is connected to, nothing started.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_engine::{KeyPlace, Query, worker_trouble};
use greenward_protocol::settings::{Settings, Worker, WorkerKind};

use super::finding::Finding;
use crate::edge::World;
use crate::exit::Trouble;
use crate::launch::{self, Session};

const WORKERS: &str = "Workers";

/// All workers of the settings in force for a folder.
///
/// # Errors
/// If the engine ends.
pub(super) async fn all(
    world: &World,
    session: &Session,
    folder: &Utf8Path,
) -> Result<Vec<Finding>, Trouble> {
    let path = folder.to_owned();
    let settings = session.ask(|reply| Query::Settings { path, reply }).await?;
    let settings = settings.unwrap_or_default();
    if settings.workers.is_empty() {
        let found = "none is configured: `greenward green` needs one, or `--worker human`";
        return Ok(vec![Finding::ok(WORKERS, "none", found)]);
    }
    let executor = launch::executor(world);
    Ok(settings
        .workers
        .iter()
        .map(|(name, worker)| {
            let trouble = worker_trouble(name, worker, &world.env, &executor, folder)
                .or_else(|| missing_program(worker, &world.env, folder));
            let what = what(name, worker, &settings, &world.env);
            match trouble {
                None => Finding::ok(WORKERS, name, what),
                Some(trouble) => Finding::warning(WORKERS, name, what, trouble),
            }
        })
        .collect())
}

/// What a worker is, in a few words.
fn what(
    name: &str,
    worker: &Worker,
    settings: &Settings,
    env: &BTreeMap<String, String>,
) -> String {
    let model = worker.model.as_deref().unwrap_or("no model");
    let own = match worker.kind {
        WorkerKind::OpenAi => format!("{model}, behind an OpenAI API"),
        WorkerKind::Anthropic => format!("{model}, behind Messages"),
        WorkerKind::Command => format!("the program {}", worker.argv.join(" ")),
        WorkerKind::Replay => {
            let recording = worker.recording.as_deref().unwrap_or("nothing");
            format!("a recording, {recording}")
        }
        WorkerKind::Human => "you".to_owned(),
    };
    let at = worker.base_url.as_deref();
    let at = at.map_or_else(String::new, |url| format!(", at {url}"));
    let is_model = matches!(worker.kind, WorkerKind::OpenAi | WorkerKind::Anthropic);
    let place = KeyPlace::of(worker, env).filter(|_| is_model);
    let key = place.map_or_else(String::new, |place| format!(", its key in {place}"));
    match settings.cycle.worker.as_deref() == Some(name) {
        true => format!("{own}{at}{key} (the settings' choice)"),
        false => format!("{own}{at}{key}"),
    }
}

/// Says that a worker's program is not there.
fn missing_program(
    worker: &Worker,
    env: &BTreeMap<String, String>,
    folder: &Utf8Path,
) -> Option<String> {
    let program = worker
        .argv
        .first()
        .filter(|_| worker.kind == WorkerKind::Command)?;
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
            (WorkerKind::OpenAi, "other", false),
        ] {
            let worker = Worker {
                kind,
                argv: vec![program.to_owned()],
                ..Worker::default()
            };
            let missing = missing_program(&worker, &env, folder);
            assert_eq!(missing.is_some(), is_missing, "{kind:?} {program}");
        }
    }
}
