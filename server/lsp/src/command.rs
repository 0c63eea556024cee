//! The commands that lenses, actions and people give through `workspace/executeCommand`.

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{RunId, TestId};
use serde_json::{Value, json};
use tower_lsp::jsonrpc::Error;
use tower_lsp::lsp_types::{self as lsp, Url};

use crate::{convert, wire};

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    /// `greenward.run`: run these items, given by their ids, or tests by patterns over their names.
    Run(Vec<TestId>),
    /// `greenward.runFile`: run the tests of a file or folder, given by its URI.
    RunFile(Utf8PathBuf),
    /// `greenward.runFailed`: run the tests that failed or errored.
    RunFailed,
    /// `greenward.runAll`: run everything.
    RunAll,
    /// `greenward.showOutput`: show all that is known of an item, given by its id.
    ShowOutput(TestId),
    /// `greenward.cancel`: stop a run, given by its number, or all.
    Cancel(Option<RunId>),
    /// `greenward.trust`: trust the folder of the workspace that this file or folder lies in,
    /// given by its URI, or all folders.
    Trust(Option<Utf8PathBuf>),
}

impl Command {
    /// The names of all commands.
    pub(crate) const NAMES: [&'static str; 7] = [
        "greenward.run",
        "greenward.runFile",
        "greenward.runFailed",
        "greenward.runAll",
        "greenward.showOutput",
        "greenward.cancel",
        "greenward.trust",
    ];

    /// Its name.
    pub(crate) fn name(&self) -> &'static str {
        let [
            run,
            run_file,
            run_failed,
            run_all,
            show_output,
            cancel,
            trust,
        ] = Self::NAMES;
        match self {
            Command::Run(_) => run,
            Command::RunFile(_) => run_file,
            Command::RunFailed => run_failed,
            Command::RunAll => run_all,
            Command::ShowOutput(_) => show_output,
            Command::Cancel(_) => cancel,
            Command::Trust(_) => trust,
        }
    }

    /// Its arguments as LSP sends them.
    fn arguments(&self) -> Vec<Value> {
        let uri = |path: &Utf8Path| wire::uri(path).map(|uri| json!(uri));
        match self {
            Command::Run(tests) => tests.iter().map(|test| json!(test)).collect(),
            Command::RunFile(path) => uri(path).into_iter().collect(),
            Command::RunFailed | Command::RunAll => Vec::new(),
            Command::ShowOutput(test) => vec![json!(test)],
            Command::Cancel(run) => run.iter().map(|run| json!(run)).collect(),
            Command::Trust(path) => path.as_deref().and_then(uri).into_iter().collect(),
        }
    }

    /// The command as a lens or an action carries it.
    pub(crate) fn titled(&self, title: impl Into<String>) -> lsp::Command {
        let arguments = self.arguments();
        lsp::Command {
            title: title.into(),
            command: self.name().to_owned(),
            arguments: (!arguments.is_empty()).then_some(arguments),
        }
    }

    /// Reads a command.
    ///
    /// # Errors
    ///
    /// Invalid params, with what would have been right.
    pub(crate) fn parse(name: &str, arguments: Vec<Value>) -> Result<Self, Error> {
        let wants = |what: &str| Error::invalid_params(format!("{name} takes {what}"));
        let mut arguments = flat(arguments);
        match name {
            "greenward.run" => {
                let tests: Option<Vec<TestId>> = arguments.iter().map(test).collect();
                tests
                    .filter(|tests| !tests.is_empty())
                    .map(Command::Run)
                    .ok_or_else(|| wants("the ids of tests, or parts of them"))
            }
            "greenward.runFile" => match arguments.as_slice() {
                [uri] => file(uri)
                    .map(Command::RunFile)
                    .ok_or_else(|| wants("the file: URI of a file or folder")),
                _ => Err(wants("the file: URI of a file or folder")),
            },
            "greenward.runFailed" => Ok(Command::RunFailed),
            "greenward.runAll" => Ok(Command::RunAll),
            "greenward.showOutput" => match arguments.as_slice() {
                [id] => test(id)
                    .map(Command::ShowOutput)
                    .ok_or_else(|| wants("the id of a test")),
                _ => Err(wants("the id of a test")),
            },
            "greenward.cancel" => match arguments.pop() {
                None => Ok(Command::Cancel(None)),
                Some(run) => run
                    .as_u64()
                    .map(|run| Command::Cancel(Some(RunId(run))))
                    .ok_or_else(|| wants("the number of a run, or nothing")),
            },
            "greenward.trust" => match arguments.pop() {
                None => Ok(Command::Trust(None)),
                Some(uri) => file(&uri)
                    .map(|path| Command::Trust(Some(path)))
                    .ok_or_else(|| wants("the file: URI of a folder, or nothing")),
            },
            _ => Err(Error::invalid_params(format!(
                "there is no command {name}; there are {}",
                Self::NAMES.join(", ")
            ))),
        }
    }
}

/// Arguments as a list, however the client nested them; `null` is none.
fn flat(arguments: Vec<Value>) -> Vec<Value> {
    arguments
        .into_iter()
        .flat_map(|argument| match argument {
            Value::Array(inner) => inner,
            Value::Null => Vec::new(),
            other => vec![other],
        })
        .collect()
}

fn test(id: &Value) -> Option<TestId> {
    id.as_str().map(TestId::parse)
}

fn file(uri: &Value) -> Option<Utf8PathBuf> {
    convert::path(&Url::parse(uri.as_str()?).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_lens_carries_is_read_back() {
        let id = |id: &str| TestId::parse(id);
        for command in [
            Command::Run(vec![id("pytest:.#a.py::one"), id("pytest:.#a.py::two")]),
            Command::RunFile("/w/a b.py".into()),
            Command::RunFailed,
            Command::RunAll,
            Command::ShowOutput(id("cargo:.#p/lib::é")),
            Command::Cancel(None),
            Command::Cancel(Some(RunId(7))),
            Command::Trust(None),
            Command::Trust(Some("/w".into())),
        ] {
            let sent = command.titled("");
            let arguments = sent.arguments.unwrap_or_default();
            assert_eq!(Command::parse(&sent.command, arguments), Ok(command));
        }
    }

    #[test]
    fn arguments_may_be_nested_or_null() {
        let parse = |name: &str, arguments: Value| {
            let arguments = serde_json::from_value(arguments).unwrap();
            Command::parse(name, arguments).unwrap()
        };
        let two = Command::Run(vec![TestId::parse("a"), TestId::parse("b")]);
        assert_eq!(parse("greenward.run", json!([["a", "b"]])), two);
        assert_eq!(parse("greenward.run", json!(["a", "b"])), two);
        assert_eq!(
            parse("greenward.cancel", json!([null])),
            Command::Cancel(None)
        );
    }

    #[test]
    fn mistakes_are_told_with_what_would_be_right() {
        let check = |name: &str, arguments: Value, expected: &str| {
            let arguments = serde_json::from_value(arguments).unwrap();
            let error = Command::parse(name, arguments).unwrap_err();
            assert_eq!(error.code.code(), -32602);
            assert_eq!(error.message, expected);
        };
        check(
            "greenward.run",
            json!([]),
            "greenward.run takes the ids of tests, or parts of them",
        );
        check(
            "greenward.run",
            json!([1]),
            "greenward.run takes the ids of tests, or parts of them",
        );
        check(
            "greenward.runFile",
            json!(["untitled:1"]),
            "greenward.runFile takes the file: URI of a file or folder",
        );
        check(
            "greenward.showOutput",
            json!(["a", "b"]),
            "greenward.showOutput takes the id of a test",
        );
        check(
            "greenward.cancel",
            json!(["all"]),
            "greenward.cancel takes the number of a run, or nothing",
        );
        check(
            "greenward.fly",
            json!([]),
            "there is no command greenward.fly; there are greenward.run, greenward.runFile, \
             greenward.runFailed, greenward.runAll, greenward.showOutput, greenward.cancel, \
             greenward.trust",
        );
    }
}
