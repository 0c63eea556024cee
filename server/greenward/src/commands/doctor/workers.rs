//! Looking at the workers: whether each could take a turn. Nothing is connected to, nothing started.

use std::collections::BTreeMap;

use camino::Utf8Path;
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
        let found = "you, with `--worker human`; no other is configured";
        return Ok(vec![Finding::ok(WORKERS, "human", found)]);
    }
    let executor = launch::executor(world);
    Ok(settings
        .workers
        .iter()
        .map(|(name, worker)| {
            let trouble = worker_trouble(name, worker, &world.env, &executor, folder);
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
        WorkerKind::Acp => format!("the ACP agent {}", worker.argv.join(" ")),
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
