//! An engine for one command.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_engine::{
    Command, Config, Handle, Notice, Query, Refusal, RunRequest, StartedRun, Status, TrustWord,
    Which,
};
use greenward_exec::Executor;
use greenward_workspace::dirs::Dirs;
use greenward_workspace::document::PositionEncoding;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::edge::{self, World};
use crate::exit::Trouble;

/// Where the user's files lie.
///
/// # Errors
/// If the environment does not say.
pub(crate) fn dirs(world: &World) -> Result<Dirs, Trouble> {
    Dirs::from_env(&world.env).map_err(|error| {
        Trouble::new("it is not known where your files lie")
            .from(error)
            .hint("set HOME")
    })
}

/// Starts processes, with the environment that this one has.
pub(crate) fn executor(world: &World) -> Executor {
    // The link stays this very program when a newer one has taken its place on disk.
    let own = Utf8PathBuf::from("/proc/self/exe");
    let supervisor = match own.exists() {
        true => own,
        false => world.binary.clone(),
    };
    Executor::new(supervisor, world.env.iter())
}

/// What an engine is given by every front end.
pub(crate) fn config(world: &World, dirs: Dirs, trust: TrustWord) -> Config {
    Config {
        executor: executor(world),
        env: Arc::clone(&world.env),
        dirs,
        flags: json!({}),
        encoding: PositionEncoding::Utf8,
        watch: true,
        trust,
        clock: edge::since_epoch,
    }
}

/// An engine on one folder, for a command.
pub(crate) struct Session {
    engine: Handle,
    /// What it tells.
    pub(crate) notices: mpsc::UnboundedReceiver<Notice>,
}

impl Session {
    /// Starts an engine on a folder, and waits until it knows every test in it.
    ///
    /// Nothing is run that is not asked for, unless the folder is watched: then whatever a change
    /// affects is, no matter what the settings say.
    ///
    /// # Errors
    /// If the engine ends instead.
    pub(crate) async fn start(
        world: &World,
        folder: &Utf8Path,
        trust: TrustWord,
        watch: bool,
    ) -> Result<Self, Trouble> {
        let config = Config {
            flags: flags(watch),
            watch,
            ..config(world, dirs(world)?, trust)
        };
        let (engine, notices) = greenward_engine::start(config);
        engine.send(Command::AddFolder(folder.to_owned()));
        let session = Self { engine, notices };
        session.ask(|reply| Query::Settled { reply }).await?;
        Ok(session)
    }

    /// Asks the engine something.
    ///
    /// # Errors
    /// If the engine has ended.
    pub(crate) async fn ask<T>(
        &self,
        query: impl FnOnce(oneshot::Sender<T>) -> Query,
    ) -> Result<T, Trouble> {
        self.engine.ask(query).await.ok_or_else(ended)
    }

    /// How things stand.
    ///
    /// # Errors
    /// If the engine has ended.
    pub(crate) async fn status(&self) -> Result<Status, Trouble> {
        self.ask(|reply| Query::Status { reply }).await
    }

    /// Asks for tests to be run.
    ///
    /// # Errors
    /// If the engine has ended.
    pub(crate) async fn run(
        &self,
        which: Which,
    ) -> Result<Result<Vec<StartedRun>, Refusal>, Trouble> {
        let (reply, answer) = oneshot::channel();
        self.engine.send(Command::Run {
            request: RunRequest { which },
            reply,
        });
        answer.await.map_err(|_| ended())
    }

    /// Tells the engine something.
    pub(crate) fn send(&self, command: Command) {
        self.engine.send(command);
    }

    /// Ends the engine. When this returns, every process that it started is gone.
    pub(crate) async fn stop(self) {
        self.engine.stop().await;
    }
}

/// The settings that a command needs to be so.
fn flags(watch: bool) -> Value {
    json!({
        "run": { "on_open": false, "on_save": watch },
        // To keep a pytest ready pays from the second run on.
        "pytest": { "warm": watch },
    })
}

/// What is said when the engine runs nothing.
pub(crate) fn refused(refusal: Refusal) -> Trouble {
    match refusal {
        Refusal::Untrusted { folder, why } => {
            Trouble::new(format!("{folder}: {why}")).hint("or --trust, for this one run")
        }
        Refusal::UnknownTest(_) | Refusal::NothingToRun(_) => {
            Trouble::new(refusal.to_string()).hint("`greenward doctor` says what is found here")
        }
    }
}

/// The engine is gone though nobody stopped it.
pub(crate) fn ended() -> Trouble {
    Trouble::new("the engine has ended unexpectedly")
        .hint("run it again with --log debug, and report what it says")
}

#[cfg(test)]
mod tests {
    use super::*;
    use greenward_protocol::settings::Layer;

    #[test]
    fn the_flags_are_settings() {
        for watch in [true, false] {
            let (layer, complaints) = Layer::check(flags(watch));
            assert_eq!(complaints, []);
            assert_eq!(layer.settings().run.on_save, watch);
            assert_eq!(layer.settings().pytest.warm, watch);
        }
    }
}
