//! The commands that lenses, actions and people give through `workspace/executeCommand`.

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{CycleId, RunId, TestId};
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
    /// `greenward.green`: implement failing tests to green, given by their ids, and who is to do it
    /// as `{"worker": NAME}`.
    Green {
        /// The tests.
        tests: Vec<TestId>,
        /// The worker's name; nothing for the settings' choice.
        worker: Option<String>,
    },
    /// `greenward.cycles`: show all cycles.
    Cycles,
    /// `greenward.backToGreen`: bring the files of a project back as they were when all its tests
    /// passed the last time; the project of a file, given by its URI, or the only one.
    BackToGreen(Option<Utf8PathBuf>),
    /// `greenward.plan`: show the plan of a spec, given by its URI. Runs nothing.
    Plan(Utf8PathBuf),
    /// `greenward.newSpec`: write a new spec, in the workspace folder of a file, given by its URI,
    /// or in the first.
    NewSpec(Option<Utf8PathBuf>),
    /// `greenward.cycle.cancel` and so on: do something with a cycle, given by its number, or with
    /// the newest that it can be done with.
    Cycle(CycleVerb, Option<CycleId>),
}

/// What can be done with a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CycleVerb {
    /// Stop it; without a number, every one.
    Cancel,
    /// Show all that is known of it.
    Show,
    /// Show what it changes, and ask whether that is to be applied.
    Review,
    /// Bring its result to the user's files.
    Apply,
    /// Put it aside.
    Discard,
    /// Let it go on.
    Resume,
}

impl CycleVerb {
    /// All of them.
    const ALL: [CycleVerb; 6] = [
        CycleVerb::Cancel,
        CycleVerb::Show,
        CycleVerb::Review,
        CycleVerb::Apply,
        CycleVerb::Discard,
        CycleVerb::Resume,
    ];

    /// The name of its command.
    fn command(self) -> &'static str {
        match self {
            CycleVerb::Cancel => "greenward.cycle.cancel",
            CycleVerb::Show => "greenward.cycle.show",
            CycleVerb::Review => "greenward.cycle.review",
            CycleVerb::Apply => "greenward.cycle.apply",
            CycleVerb::Discard => "greenward.cycle.discard",
            CycleVerb::Resume => "greenward.cycle.resume",
        }
    }
}

impl Command {
    /// The names of all commands.
    pub(crate) const NAMES: [&'static str; 18] = [
        "greenward.run",
        "greenward.runFile",
        "greenward.runFailed",
        "greenward.runAll",
        "greenward.showOutput",
        "greenward.cancel",
        "greenward.trust",
        "greenward.green",
        "greenward.cycles",
        "greenward.backToGreen",
        "greenward.plan",
        "greenward.newSpec",
        "greenward.cycle.cancel",
        "greenward.cycle.show",
        "greenward.cycle.review",
        "greenward.cycle.apply",
        "greenward.cycle.discard",
        "greenward.cycle.resume",
    ];

    /// Its name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Command::Run(_) => "greenward.run",
            Command::RunFile(_) => "greenward.runFile",
            Command::RunFailed => "greenward.runFailed",
            Command::RunAll => "greenward.runAll",
            Command::ShowOutput(_) => "greenward.showOutput",
            Command::Cancel(_) => "greenward.cancel",
            Command::Trust(_) => "greenward.trust",
            Command::Green { .. } => "greenward.green",
            Command::Cycles => "greenward.cycles",
            Command::BackToGreen(_) => "greenward.backToGreen",
            Command::Plan(_) => "greenward.plan",
            Command::NewSpec(_) => "greenward.newSpec",
            Command::Cycle(verb, _) => verb.command(),
        }
    }

    /// Its arguments as LSP sends them.
    fn arguments(&self) -> Vec<Value> {
        let uri = |path: &Utf8Path| wire::uri(path).map(|uri| json!(uri));
        match self {
            Command::Run(tests) => tests.iter().map(|test| json!(test)).collect(),
            Command::RunFile(path) | Command::Plan(path) => uri(path).into_iter().collect(),
            Command::RunFailed | Command::RunAll | Command::Cycles => Vec::new(),
            Command::ShowOutput(test) => vec![json!(test)],
            Command::Cancel(run) => run.iter().map(|run| json!(run)).collect(),
            Command::Trust(path) | Command::BackToGreen(path) | Command::NewSpec(path) => {
                path.as_deref().and_then(uri).into_iter().collect()
            }
            Command::Green { tests, worker } => {
                let worker = worker.iter().map(|name| json!({ "worker": name }));
                tests.iter().map(|test| json!(test)).chain(worker).collect()
            }
            Command::Cycle(_, cycle) => cycle.iter().map(|cycle| json!(cycle)).collect(),
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
            "greenward.green" => green(&arguments)
                .ok_or_else(|| wants("the ids of tests, and who is to work as {\"worker\": NAME}")),
            "greenward.cycles" => Ok(Command::Cycles),
            "greenward.backToGreen" => match arguments.pop() {
                None => Ok(Command::BackToGreen(None)),
                Some(uri) => file(&uri)
                    .map(|path| Command::BackToGreen(Some(path)))
                    .ok_or_else(|| wants("the file: URI of a file, or nothing")),
            },
            "greenward.plan" => match arguments.as_slice() {
                [uri] => file(uri)
                    .map(Command::Plan)
                    .ok_or_else(|| wants("the file: URI of a spec")),
                _ => Err(wants("the file: URI of a spec")),
            },
            "greenward.newSpec" => match arguments.pop() {
                None => Ok(Command::NewSpec(None)),
                Some(uri) => file(&uri)
                    .map(|path| Command::NewSpec(Some(path)))
                    .ok_or_else(|| wants("the file: URI of a file, or nothing")),
            },
            _ => {
                let verbs = CycleVerb::ALL.into_iter();
                let Some(verb) = verbs.into_iter().find(|verb| verb.command() == name) else {
                    return Err(Error::invalid_params(format!(
                        "there is no command {name}; there are {}",
                        Self::NAMES.join(", ")
                    )));
                };
                match arguments.pop() {
                    None => Ok(Command::Cycle(verb, None)),
                    Some(cycle) => cycle
                        .as_u64()
                        .map(|cycle| Command::Cycle(verb, Some(CycleId(cycle))))
                        .ok_or_else(|| wants("the number of a cycle, or nothing")),
                }
            }
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

fn green(arguments: &[Value]) -> Option<Command> {
    let (tests, worker) = match arguments {
        [tests @ .., Value::Object(options)] => (tests, options.get("worker")),
        tests => (tests, None),
    };
    let tests: Vec<TestId> = tests.iter().map(test).collect::<Option<_>>()?;
    let worker = match worker {
        None | Some(Value::Null) => None,
        Some(name) => Some(name.as_str()?.to_owned()),
    };
    (!tests.is_empty()).then_some(Command::Green { tests, worker })
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
            Command::Green {
                tests: vec![id("pytest:.#a.py::one")],
                worker: None,
            },
            Command::Green {
                tests: vec![id("pytest:.#a.py::one"), id("pytest:.#a.py::two")],
                worker: Some("local".to_owned()),
            },
            Command::Cycles,
            Command::BackToGreen(None),
            Command::BackToGreen(Some("/w/a.py".into())),
            Command::Plan("/w/specs/a b.md".into()),
            Command::NewSpec(None),
            Command::NewSpec(Some("/w/a.py".into())),
            Command::Cycle(CycleVerb::Cancel, None),
            Command::Cycle(CycleVerb::Apply, Some(CycleId(7))),
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
    fn every_name_is_of_a_command() {
        for name in Command::NAMES {
            let test = vec![json!("pytest:.#a"), json!({ "worker": "local" })];
            let arguments = [Vec::new(), vec![json!("file:///w")], vec![json!("a")], test];
            let mut parsed = arguments
                .into_iter()
                .map(|given| Command::parse(name, given));
            let found = parsed.find_map(Result::ok);
            assert_eq!(found.map(|command| command.name()), Some(name));
        }
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
             greenward.trust, greenward.green, greenward.cycles, greenward.backToGreen, \
             greenward.plan, greenward.newSpec, \
             greenward.cycle.cancel, greenward.cycle.show, greenward.cycle.review, greenward.cycle.apply, \
             greenward.cycle.discard, greenward.cycle.resume",
        );
        check(
            "greenward.green",
            json!([{ "worker": "local" }]),
            "greenward.green takes the ids of tests, and who is to work as {\"worker\": NAME}",
        );
        check(
            "greenward.plan",
            json!([]),
            "greenward.plan takes the file: URI of a spec",
        );
        check(
            "greenward.newSpec",
            json!(["untitled:1"]),
            "greenward.newSpec takes the file: URI of a file, or nothing",
        );
        check(
            "greenward.cycle.apply",
            json!(["all"]),
            "greenward.cycle.apply takes the number of a cycle, or nothing",
        );
    }
}
