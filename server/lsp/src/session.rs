//! One editor and one engine, from `initialize` on.

use std::collections::HashSet;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use greenward_engine::{
    Command, CycleCommand, Handle, Query, Refusal, RunRequest, StartedRun, Which,
};
use tokio::sync::{Notify, oneshot};
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::lsp_types::notification::ShowMessage;
use tower_lsp::lsp_types::request::{ShowMessageRequest, WorkspaceConfiguration};
use tower_lsp::lsp_types::{
    ConfigurationItem, ConfigurationParams, MessageActionItem, MessageType, ShowMessageParams,
    ShowMessageRequestParams,
};

use crate::abilities::Abilities;
use crate::transport::Client;

/// The section of the editor's settings that is ours.
pub(crate) const SECTION: &str = "greenward";

/// How long a person may think before a question is taken back.
pub(crate) const THINKING: Duration = Duration::from_secs(24 * 60 * 60);

const TRUST: &str = "Trust and run";
const NOT_NOW: &str = "Not now";

/// One editor and one engine.
#[derive(Debug)]
pub(crate) struct Session {
    /// The editor.
    pub client: Client,
    /// What the editor can do.
    pub abilities: Abilities,
    /// The engine.
    pub engine: Handle,
    /// A folder of our own in the user's cache.
    pub cache: Utf8PathBuf,
    /// Told whenever what the editor shows of its own accord is out of date.
    pub outdated: Notify,
    /// Folders about which the user is being asked.
    asking: Mutex<HashSet<Utf8PathBuf>>,
    ending: OnceLock<Shared<BoxFuture<'static, ()>>>,
}

impl Session {
    pub(crate) fn new(
        client: Client,
        abilities: Abilities,
        engine: Handle,
        cache: Utf8PathBuf,
    ) -> Self {
        Self {
            client,
            abilities,
            engine,
            cache,
            outdated: Notify::new(),
            asking: Mutex::default(),
            ending: OnceLock::new(),
        }
    }

    /// Asks the engine.
    ///
    /// # Errors
    ///
    /// An internal error if the engine has ended.
    pub(crate) fn ask<T>(
        &self,
        query: impl FnOnce(oneshot::Sender<T>) -> Query,
    ) -> impl Future<Output = Result<T>> {
        let answer = self.engine.ask(query);
        async move { answer.await.ok_or_else(ended) }
    }

    /// Asks for a run.
    ///
    /// # Errors
    ///
    /// An internal error if the engine has ended.
    pub(crate) fn run(
        &self,
        which: Which,
    ) -> impl Future<Output = Result<std::result::Result<Vec<StartedRun>, Refusal>>> + use<> {
        let (reply, answer) = oneshot::channel();
        let request = RunRequest { which };
        self.engine.send(Command::Run { request, reply });
        async move { answer.await.map_err(|_| ended()) }
    }

    /// Asks about cycles.
    ///
    /// # Errors
    ///
    /// An internal error if the engine has ended.
    pub(crate) fn ask_cycles<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> CycleCommand,
    ) -> impl Future<Output = Result<T>> {
        let (reply, answer) = oneshot::channel();
        self.engine.send(Command::Cycle(command(reply)));
        async move { answer.await.map_err(|_| ended()) }
    }

    /// Asks the user something. Nothing is chosen if they do not answer.
    pub(crate) async fn question(
        &self,
        typ: MessageType,
        message: String,
        choices: &[&str],
    ) -> Option<String> {
        let action = |title: &&str| MessageActionItem {
            title: (*title).to_owned(),
            properties: std::collections::HashMap::new(),
        };
        let question = ShowMessageRequestParams {
            typ,
            message,
            actions: Some(choices.iter().map(action).collect()),
        };
        let answer = self
            .client
            .request_within::<ShowMessageRequest>(question, THINKING)
            .await;
        match answer {
            Ok(answer) => answer.map(|action| action.title),
            Err(error) => {
                tracing::warn!(%error, "the user could not be asked");
                None
            }
        }
    }

    /// Shows the user a message.
    pub(crate) fn show(&self, typ: MessageType, message: impl Into<String>) {
        self.client.notify::<ShowMessage>(ShowMessageParams {
            typ,
            message: message.into(),
        });
    }

    /// The folder of the workspace that a file or folder lies in: the innermost.
    ///
    /// # Errors
    ///
    /// An internal error if the engine has ended.
    pub(crate) async fn folder_of(&self, path: &Utf8Path) -> Result<Option<Utf8PathBuf>> {
        let status = self.ask(|reply| Query::Status { reply }).await?;
        Ok(status
            .folders
            .into_iter()
            .map(|(folder, _)| folder)
            .filter(|folder| path.starts_with(folder))
            .max_by_key(|folder| folder.as_str().len()))
    }

    /// Asks the user whether a folder is to be trusted, unless that is being asked already; and if
    /// so, runs its tests.
    pub(crate) async fn offer_trust(&self, typ: MessageType, text: String, folder: Utf8PathBuf) {
        if !self.asking().insert(folder.clone()) {
            return;
        }
        let answer = self.question(typ, text, &[TRUST, NOT_NOW]).await;
        self.asking().remove(&folder);
        if answer.as_deref() == Some(TRUST) {
            self.engine.send(Command::Trust {
                folder: Some(folder.clone()),
                trusted: true,
            });
            // What keeps them from running now is shown by the engine.
            let _ = self.run(Which::Paths(vec![folder])).await;
        }
    }

    /// Asks the editor for its settings, and tells them to the engine.
    pub(crate) async fn pull_settings(&self) {
        let section = ConfigurationItem {
            scope_uri: None,
            section: Some(SECTION.to_owned()),
        };
        let question = ConfigurationParams {
            items: vec![section],
        };
        match self
            .client
            .request::<WorkspaceConfiguration>(question)
            .await
        {
            // An editor without such a section says `null`.
            Ok(sections) => {
                if let Some(settings) = sections.into_iter().find(serde_json::Value::is_object) {
                    self.engine.send(Command::EditorSettings(settings));
                }
            }
            Err(error) => tracing::warn!(%error, "the editor's settings are not known"),
        }
    }

    /// Ends the engine. Goes on even if nobody waits for it any more; who waits later waits for
    /// the same end.
    pub(crate) async fn end(&self) {
        let ending = self.ending.get_or_init(|| {
            let engine = self.engine.clone();
            let task = tokio::spawn(async move { engine.stop().await });
            task.map(|result| {
                if let Err(error) = result {
                    tracing::error!(%error, "ending the engine failed");
                }
            })
            .boxed()
            .shared()
        });
        ending.clone().await;
    }

    fn asking(&self) -> std::sync::MutexGuard<'_, HashSet<Utf8PathBuf>> {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ended() -> Error {
    Error {
        message: "the engine has ended: restart the server, and see its log".into(),
        ..Error::internal_error()
    }
}
