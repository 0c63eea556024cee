//! The loop, and the tasks that carry out what the state wants done.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use dashmap::DashMap;
use greenward_core::ProjectId;
use greenward_exec::Executor;
use greenward_workspace::dirs::Dirs;
use greenward_workspace::document::PositionEncoding;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Sleep;

use crate::command::{Command, Query};
use crate::cycle::Cycles;
use crate::effect::Effect;
use crate::event::Event;
use crate::folder_settings::{FolderSettingsReader, TrustWord};
use crate::load::{self, Load};
use crate::notice::Notice;
use crate::reader::Reader;
use crate::runner::Tools;
use crate::runners::Runners;
use crate::spec_reader::SpecReader;
use crate::state::State;
use crate::watch::Watch;

/// Showing what changed takes at most this part of the time.
const SHOWING_SHARE: u32 = 10;
/// Quick tests do not each have the editor told of by itself.
const SHORTEST_REST: Duration = Duration::from_millis(10);
const LONGEST_REST: Duration = Duration::from_millis(200);

/// What an engine is given. Nothing else of the outside world decides what it does.
#[derive(Debug, Clone)]
pub struct Config {
    /// Starts processes.
    pub executor: Executor,
    /// The environment that the daemon was started with.
    pub env: Arc<BTreeMap<String, String>>,
    /// Where the user's files of Greenward lie.
    pub dirs: Dirs,
    /// Settings from the command line, as JSON, which win over all others.
    pub flags: Value,
    /// In which units the front end counts columns.
    pub encoding: PositionEncoding,
    /// Whether to watch the folders for changes.
    pub watch: bool,
    /// What the front end says of trust.
    pub trust: TrustWord,
    /// The time since the Unix epoch.
    pub clock: fn() -> Duration,
}

/// A front end's hold on an engine. The engine ends when the last one is gone.
#[derive(Debug, Clone)]
pub struct Handle {
    commands: mpsc::UnboundedSender<Command>,
    texts: Arc<DashMap<Utf8PathBuf, Arc<str>>>,
}

impl Handle {
    /// Tells the engine something. Never waits; commands take effect in this order. After the
    /// engine's end it is dropped.
    pub fn send(&self, command: Command) {
        if self.commands.send(command).is_err() {
            tracing::debug!("the engine has ended");
        }
    }

    /// Asks the engine something; what was sent before counts. Nothing after the engine's end.
    pub fn ask<T, Q>(&self, query: Q) -> impl Future<Output = Option<T>> + use<T, Q>
    where
        Q: FnOnce(oneshot::Sender<T>) -> Query,
    {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Query(query(reply)));
        async move { answer.await.ok() }
    }

    /// The newest text of an open document, as far as the engine has come.
    #[must_use]
    pub fn text(&self, path: &Utf8Path) -> Option<Arc<str>> {
        self.texts.get(path).map(|text| text.clone())
    }

    /// Ends the engine: when this returns, every run has been stopped and every process is gone.
    pub async fn stop(&self) {
        let (reply, done) = oneshot::channel();
        self.send(Command::Stop { reply });
        // An error says that it has ended already.
        let _ = done.await;
    }
}

/// Starts an engine. Must be called in a tokio runtime.
#[must_use]
pub fn start(config: Config) -> (Handle, mpsc::UnboundedReceiver<Notice>) {
    let (commands, told) = mpsc::unbounded_channel();
    let (events, happened) = mpsc::unbounded_channel();
    let (notices, noticed) = mpsc::unbounded_channel();
    let texts = Arc::new(DashMap::new());
    let tools = Tools {
        executor: config.executor,
        cache: config.dirs.cache().to_owned(),
        env: config.env.clone(),
    };
    let watch = Watch::new(config.watch, events.clone());
    for file in [config.dirs.settings_file(), config.dirs.trust_file()] {
        if let Some(folder) = file.parent() {
            watch.set(folder, true);
        }
    }
    let dirs = config.dirs.clone();
    let driver = Driver {
        state: State::new(config.encoding),
        clock: config.clock,
        texts: texts.clone(),
        settings: FolderSettingsReader::new(
            config.dirs,
            config.flags,
            config.trust,
            events.clone(),
        ),
        reader: Reader::new(events.clone()),
        specs: SpecReader::new(events.clone()),
        cycles: Cycles::new(dirs, tools.clone(), config.clock, events.clone()),
        runners: Runners::new(tools, events.clone()),
        watch,
        events,
        notices,
    };
    run_in_thread(driver.run(told, happened));
    (Handle { commands, texts }, noticed)
}

/// Runs the loop in a thread of its own, so that no other task can keep it from a core or take its
/// time from it. (A worker of the runtime does not give away the task that it was to run next, and
/// may be busy for long.) The loop is dropped when the runtime ends: its timers end with that.
fn run_in_thread(the_loop: impl Future<Output = ()> + Send + 'static) {
    let (alive, runtime_ended) = oneshot::channel::<()>();
    let (running, loop_ended) = oneshot::channel::<()>();
    tokio::spawn(async move {
        // An error says that the loop has ended, which is what is waited for.
        let _ = loop_ended.await;
        drop(alive);
    });
    let runtime = tokio::runtime::Handle::current();
    let spawned = std::thread::Builder::new()
        .name("greenward-loop".to_owned())
        .spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    biased;
                    _ = runtime_ended => {}
                    () = the_loop => {}
                }
            });
            drop(running);
        });
    if let Err(error) = spawned {
        tracing::error!(%error, "the engine cannot work: no thread could be started");
    }
}

struct Driver {
    state: State,
    clock: fn() -> Duration,
    texts: Arc<DashMap<Utf8PathBuf, Arc<str>>>,
    settings: FolderSettingsReader,
    reader: Reader,
    specs: SpecReader,
    runners: Runners,
    cycles: Cycles,
    watch: Watch,
    events: mpsc::UnboundedSender<Event>,
    notices: mpsc::UnboundedSender<Notice>,
}

impl Driver {
    async fn run(
        mut self,
        mut told: mpsc::UnboundedReceiver<Command>,
        mut happened: mpsc::UnboundedReceiver<Event>,
    ) {
        let mut rest: Option<std::pin::Pin<Box<Sleep>>> = None;
        let stopped = loop {
            // What an editor says never waits behind what tests say.
            let event = tokio::select! {
                biased;
                command = told.recv() => match command {
                    Some(command) => Event::Command(command),
                    None => break None,
                },
                () = async { if let Some(rest) = &mut rest { rest.await } }, if rest.is_some() => {
                    rest = self.show();
                    continue;
                }
                event = happened.recv() => match event {
                    Some(event) => event,
                    None => break None,
                },
            };
            let ends = matches!(event, Event::RunEnded { .. });
            let effects = self.state.handle(event, (self.clock)());
            if let Some(reply) = self.carry_out(effects) {
                break Some(reply);
            }
            // What a run has come to is shown at once.
            if rest.is_none() || ends {
                rest = self.show().or(rest);
            }
        };
        told.close();
        drop(self.watch);
        self.cycles.stop().await;
        self.runners.stop().await;
        if let Some(reply) = stopped {
            // Nobody may be waiting any more.
            let _ = reply.send(());
        }
    }

    /// Shows what has changed, and says how long to rest before doing so again: long after much
    /// work, so that floods of results cost little, and not at all if there was nothing.
    fn show(&mut self) -> Option<std::pin::Pin<Box<Sleep>>> {
        let began = (self.clock)();
        let effects = self.state.flush();
        if effects.is_empty() {
            return None;
        }
        self.carry_out(effects);
        let took = (self.clock)().saturating_sub(began);
        let rest = (took * SHOWING_SHARE).clamp(SHORTEST_REST, LONGEST_REST);
        Some(Box::pin(tokio::time::sleep(rest)))
    }

    /// Carries out effects. Returns whom to tell when all has ended, if it is to end.
    fn carry_out(&mut self, effects: Vec<Effect>) -> Option<oneshot::Sender<()>> {
        let mut stop = None;
        for effect in effects {
            match effect {
                Effect::ReadSettings { folder, editor } => self.settings.read(folder, editor),
                Effect::RecordTrust {
                    folder,
                    trusted,
                    editor,
                } => self.settings.record_trust(folder, trusted, editor),
                Effect::Load {
                    folder,
                    name,
                    generation,
                    without,
                    overlay,
                } => {
                    let what = Load {
                        folder,
                        name,
                        generation,
                        without,
                        overlay,
                    };
                    load::begin(what, self.events.clone());
                }
                Effect::Watch { folder, watched } => {
                    self.watch.set(&folder, watched);
                }
                Effect::Share { path, text } => {
                    match text {
                        Some(text) => self.texts.insert(path, text),
                        None => self.texts.remove(&path).map(|(_, text)| text),
                    };
                }
                Effect::Parse {
                    path,
                    text,
                    version,
                } => self.reader.parse(path, text, version),
                Effect::Read(paths) => self.reader.read(paths),
                Effect::Compare { path, watched } => self.reader.compare(path, watched),
                Effect::Wait {
                    project,
                    generation,
                    duration,
                } => self.wait(project, generation, duration),
                Effect::Run(run, work) => self.runners.run(run, work),
                Effect::List(work) => self.runners.list(work),
                Effect::Drop(project) => {
                    tokio::task::spawn_blocking(move || drop(project));
                }
                Effect::Cancel(run) => self.runners.cancel(run),
                Effect::Close(project) => self.runners.close(&project),
                Effect::Notify(notice) => {
                    if self.notices.send(notice).is_err() {
                        tracing::debug!("the front end has stopped listening");
                    }
                }
                Effect::Spec(work) => self.specs.work(work),
                Effect::Cycle(work) => self.cycles.work(work),
                Effect::Stop(reply) => stop = Some(reply),
            }
        }
        stop
    }

    fn wait(&self, project: ProjectId, generation: u64, duration: Duration) {
        let events = self.events.clone();
        tokio::spawn(async move {
            tokio::time::sleep(duration).await;
            // The loop may have ended meanwhile.
            let _ = events.send(Event::Due {
                project,
                generation,
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{RecvTimeoutError, channel};

    use super::*;

    #[test]
    fn the_loop_goes_with_the_runtime() {
        let (held, gone) = channel::<()>();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            run_in_thread(async move {
                let _held = held;
                std::future::pending::<()>().await;
            });
        });
        drop(runtime);
        let waited = gone.recv_timeout(Duration::from_secs(30));
        assert_eq!(waited, Err(RecvTimeoutError::Disconnected));
    }
}
