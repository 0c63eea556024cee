//! Whether a worker can work, before a cycle needs it.

use std::collections::BTreeMap;

use camino::Utf8Path;
use greenward_exec::Executor;
use greenward_protocol::settings;
use greenward_workers::Worker;

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
    made.err().map(|error| chain(&error))
}
