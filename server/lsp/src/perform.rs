//! What each command does.

use std::sync::Arc;

use camino::Utf8PathBuf;
use greenward_core::{NoMatch, TestId, resolve};
use greenward_engine::{self as engine, Query, Refusal, StartedRun, Which};
use serde_json::{Value, json};
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::lsp_types::request::ShowDocument;
use tower_lsp::lsp_types::{MessageType, ShowDocumentParams, Url};

use crate::command::Command;
use crate::cycle::document::Document;
use crate::session::Session;
use crate::{output, wire};

/// How many lines of a document are shown where no document can be.
const LINES_IN_MESSAGE: usize = 10;

impl Session {
    /// Carries out a command.
    ///
    /// # Errors
    ///
    /// Invalid params if there is no such thing as it names, an internal error if the engine has
    /// ended. That tests are not run is shown to the user, and no error.
    pub(crate) async fn perform(self: &Arc<Self>, command: Command) -> Result<Option<Value>> {
        match command {
            Command::Run(tests) => self.run_named(tests).await,
            Command::RunFile(path) => self.run_command(Which::Paths(vec![path])).await,
            Command::RunFailed => self.run_command(Which::Failed).await,
            Command::RunAll => self.run_command(Which::All).await,
            Command::ShowOutput(test) => self.show_output(test).await,
            Command::Cancel(run) => {
                self.engine.send(engine::Command::Cancel { run });
                Ok(None)
            }
            Command::Trust(path) => self.trust(path).await,
            Command::Green { tests, worker } => self.green(tests, worker).await,
            Command::Cycles => self.show_cycle_document(Document::List).await,
            Command::BackToGreen(file) => {
                // Whoever gave the command is not to wait for the user.
                let session = self.clone();
                tokio::spawn(async move { session.back_to_green(file).await });
                Ok(None)
            }
            Command::Plan(file) => self.show_plan(&file).await,
            Command::NewSpec(file) => self.write_new_spec(file.as_deref()).await,
            Command::Cycle(verb, cycle) => self.with_cycle(verb, cycle).await,
        }
    }

    /// Runs items by their ids. Where there is no such item, the ids count as patterns over the
    /// names of tests, as on the command line.
    async fn run_named(&self, ids: Vec<TestId>) -> Result<Option<Value>> {
        let answer = self.run(Which::Items(ids.clone())).await?;
        if !matches!(answer, Err(Refusal::UnknownTest(_))) {
            return Ok(self.answer(answer));
        }
        let names = self.ask(|reply| Query::Names { reply }).await?;
        let patterns: Vec<String> = ids.iter().map(ToString::to_string).collect();
        match resolve(&patterns, &names) {
            Ok(selected) => self.run_command(Which::Items(selected.tests)).await,
            Err(miss) => {
                self.show(MessageType::WARNING, unknown(&miss));
                Ok(None)
            }
        }
    }

    async fn run_command(&self, which: Which) -> Result<Option<Value>> {
        Ok(self.answer(self.run(which).await?))
    }

    /// What a command that runs tests answers. That nothing is run is shown to the user.
    fn answer(&self, answer: std::result::Result<Vec<StartedRun>, Refusal>) -> Option<Value> {
        match answer {
            Ok(runs) => return Some(json!(wire::started(&runs))),
            // The engine offers to trust the folder.
            Err(Refusal::Untrusted { .. }) => {}
            Err(refusal) => {
                self.show(MessageType::WARNING, format!("Nothing is run: {refusal}"));
            }
        }
        None
    }

    async fn trust(&self, path: Option<Utf8PathBuf>) -> Result<Option<Value>> {
        let folder = match path {
            None => None,
            Some(path) => match self.folder_of(&path).await? {
                Some(folder) => Some(folder),
                None => {
                    return Err(Error::invalid_params(format!(
                        "{path} lies in no folder of the workspace"
                    )));
                }
            },
        };
        self.engine.send(engine::Command::Trust {
            folder,
            trusted: true,
        });
        Ok(None)
    }

    /// The document of an item.
    ///
    /// # Errors
    ///
    /// Invalid params if there is no such item.
    pub(crate) async fn output(&self, id: &TestId) -> Result<String> {
        let test = self.ask(|reply| Query::Test {
            id: id.clone(),
            reply,
        });
        let below = self.ask(|reply| Query::Children {
            parent: Some(id.clone()),
            reply,
        });
        match test.await? {
            Some(test) => Ok(output::text(&test, &below.await?)),
            None => Err(Error::invalid_params(format!("there is no test {id}"))),
        }
    }

    async fn show_output(&self, id: TestId) -> Result<Option<Value>> {
        let text = self.output(&id).await?;
        self.show_text(&output::uri(&id), &output::file_name(&id), text)
            .await
    }

    /// Shows a text in the best way that the editor knows: as a document of our own, as a file, as
    /// the first lines in a message. The command's result is the text wherever the editor cannot
    /// show it.
    pub(crate) async fn show_text(
        &self,
        uri: &str,
        file_name: &str,
        text: String,
    ) -> Result<Option<Value>> {
        if self.abilities.documents && self.abilities.show_document {
            self.show_document(uri).await;
            return Ok(None);
        }
        let file = match self.write_text(file_name, &text).await {
            Ok(file) => Some(file),
            Err(error) => {
                tracing::error!(%error, folder = %self.cache, "cannot write a text to be shown");
                None
            }
        };
        if self.abilities.show_document
            && let Some(uri) = file.as_deref().and_then(wire::uri)
            && self.show_document(uri.as_str()).await
        {
            return Ok(None);
        }
        self.show(MessageType::INFO, in_message(&text, file.as_ref()));
        Ok(Some(json!({ "text": text })))
    }

    async fn write_text(&self, name: &str, text: &str) -> std::io::Result<Utf8PathBuf> {
        let folder = self.cache.join("output");
        // What tests print may be nobody else's business.
        tokio::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .await?;
        let file = folder.join(name);
        tokio::fs::write(&file, text).await?;
        Ok(file)
    }

    /// Returns whether the editor shows it.
    pub(crate) async fn show_document(&self, uri: &str) -> bool {
        let uri = match Url::parse(uri) {
            Ok(uri) => uri,
            Err(error) => {
                tracing::error!(%error, uri, "no URI");
                return false;
            }
        };
        let params = ShowDocumentParams {
            uri,
            external: None,
            take_focus: Some(true),
            selection: None,
        };
        match self.client.request::<ShowDocument>(params).await {
            Ok(result) => result.success,
            Err(error) => {
                tracing::warn!(%error, "the editor does not show a document");
                false
            }
        }
    }
}

/// That there is no such test, and the names that come nearest, or how a name looks.
fn unknown(miss: &NoMatch) -> String {
    let pattern = &miss.pattern;
    let nearest: Vec<String> = miss.nearest.iter().map(|id| format!("`{id}`")).collect();
    if !nearest.is_empty() {
        let nearest = nearest.join(", ");
        return format!("Nothing is run: {miss}; the nearest names are {nearest}");
    }
    let form = match pattern.split_once("::") {
        Some((file, _)) if pattern.starts_with("pytest:") || file.ends_with(".py") => {
            "pytest:.#tests/test_file.py::test_name"
        }
        _ => "cargo:.#pkg/lib::module::test",
    };
    format!("Nothing is run: {miss}; ids look like `{form}`, and a part of one will do")
}

/// The first lines of a text, and where all of it is.
fn in_message(text: &str, file: Option<&Utf8PathBuf>) -> String {
    let mut lines: Vec<&str> = text.lines().take(LINES_IN_MESSAGE).collect();
    let all = file.map(|file| format!("All of it: {file}"));
    if text.lines().count() > lines.len() {
        lines.push("…");
    }
    lines.extend(all.as_deref());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_test_is_told_with_the_nearest_names_or_with_the_form() {
        let check = |pattern: &str, nearest: &[&str], expected: &str| {
            let miss = NoMatch {
                pattern: pattern.to_owned(),
                nearest: nearest.iter().map(|id| TestId::parse(id)).collect(),
            };
            let said = format!("Nothing is run: no test is called {pattern}; {expected}");
            assert_eq!(unknown(&miss), said);
        };
        let cargo = "ids look like `cargo:.#pkg/lib::module::test`, and a part of one will do";
        check("tests::four", &[], cargo);
        check("four", &[], cargo);
        let pytest = "ids look like `pytest:.#tests/test_file.py::test_name`, \
                      and a part of one will do";
        check("tests/a.py::four", &[], pytest);
        check("pytest:.#a::b", &[], pytest);
        check(
            "fuor",
            &["cargo:.#p/lib::four", "cargo:.#p/lib::five"],
            "the nearest names are `cargo:.#p/lib::four`, `cargo:.#p/lib::five`",
        );
    }

    #[test]
    fn a_message_has_the_first_lines_and_says_where_the_rest_is() {
        let text: String = (1..=12).map(|line| format!("{line}\n")).collect();
        let file = Utf8PathBuf::from("/cache/a.txt");
        assert_eq!(
            in_message(&text, Some(&file)),
            "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n…\nAll of it: /cache/a.txt"
        );
        assert_eq!(in_message("1\n", None), "1");
    }
}
