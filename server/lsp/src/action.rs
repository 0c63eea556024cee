//! Code actions: all that a lens offers, for editors that show no lenses, and what can be done
//! about a diagnostic of ours.

use camino::Utf8Path;
use greenward_core::{ItemKind, Outcome, Range, TestId};
use greenward_engine::{CycleStanding, FileView, ItemView};
use tower_lsp::lsp_types::{
    CodeAction, CodeActionContext, CodeActionDisabled, CodeActionKind, CodeActionOrCommand,
    CodeActionTriggerKind, Diagnostic,
};

use crate::abilities::Abilities;
use crate::command::Command;
use crate::cycle::offer::{self, Workers};
use crate::diagnostics::test_of;
use crate::rows::rows;
use crate::spec;

/// The kind of what is about a whole file or workspace and not about the place of the cursor.
pub(crate) const RUN_KIND: CodeActionKind = CodeActionKind::new("source.greenward");

const UNTRUSTED: &str = "This folder is not trusted, so nothing is run in it. \
                         There is an action that trusts it.";

/// What is asked, and what there is.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    /// The file.
    pub file: &'a Utf8Path,
    /// What it shows.
    pub view: &'a FileView,
    /// The lines that the cursor or the selection is on.
    pub lines: (u32, u32),
    /// What the client wants.
    pub context: &'a CodeActionContext,
    /// Whether a run goes on anywhere.
    pub running: bool,
    /// Whether any shown result is bad.
    pub any_bad: bool,
    /// Who can implement a failing test.
    pub workers: &'a Workers,
    /// What there is about specs.
    pub specs: spec::offer::Here<'a>,
    /// The cycles of the file's folder that the user has not decided about.
    pub cycles: &'a [CycleStanding],
}

/// The actions for what is asked.
pub(crate) fn actions(question: &Question<'_>, abilities: &Abilities) -> Vec<CodeActionOrCommand> {
    let wanted = |action: &Action| match &question.context.only {
        None => true,
        Some(only) => only.iter().any(|kind| covers(kind, &action.kind)),
    };
    on_diagnostics(question)
        .chain(on_tests(question))
        .chain(on_cycles(question))
        .chain(on_groups(question))
        .chain(on_everything(question))
        .chain(on_specs(question))
        .filter(wanted)
        .filter_map(|action| action.for_client(question.view.trusted, abilities))
        .collect()
}

/// One action, before it is known how the client can show it.
#[derive(Debug)]
pub(crate) struct Action {
    pub title: String,
    pub kind: CodeActionKind,
    pub command: Command,
    pub diagnostic: Option<Diagnostic>,
    /// Whether it is the one that most users want.
    pub preferred: bool,
    /// Why it cannot be taken now, and what to do; nothing if it can.
    pub disabled: Option<String>,
}

impl Action {
    pub(crate) fn new(title: impl Into<String>, kind: CodeActionKind, command: Command) -> Self {
        Self {
            title: title.into(),
            kind,
            command,
            diagnostic: None,
            preferred: false,
            disabled: None,
        }
    }

    fn for_client(self, trusted: bool, abilities: &Abilities) -> Option<CodeActionOrCommand> {
        let runs = matches!(
            self.command,
            Command::Run(_)
                | Command::RunFile(_)
                | Command::RunFailed
                | Command::RunAll
                | Command::Green { .. }
        );
        let untrusted = (runs && !trusted).then(|| UNTRUSTED.to_owned());
        let disabled = untrusted.or(self.disabled);
        if disabled.is_some() && !(abilities.actions && abilities.disabled_actions) {
            return None;
        }
        let command = self.command.titled(&self.title);
        if !abilities.actions {
            return Some(CodeActionOrCommand::Command(command));
        }
        Some(CodeActionOrCommand::CodeAction(CodeAction {
            title: self.title,
            kind: Some(self.kind),
            diagnostics: self.diagnostic.map(|diagnostic| vec![diagnostic]),
            command: Some(command),
            is_preferred: (self.preferred && abilities.preferred_actions).then_some(true),
            disabled: disabled.map(|reason| CodeActionDisabled { reason }),
            ..CodeAction::default()
        }))
    }
}

/// For each failing test with a diagnostic here: implement it, run it again, and show its output.
fn on_diagnostics<'a>(question: &'a Question<'a>) -> impl Iterator<Item = Action> + 'a {
    question
        .context
        .diagnostics
        .iter()
        .flat_map(move |diagnostic| {
            let about = |action| Action {
                diagnostic: Some(diagnostic.clone()),
                ..action
            };
            let quick_fix = |title, command| Action::new(title, CodeActionKind::QUICKFIX, command);
            let test = test_of(diagnostic);
            let label = test.as_ref().map(|test| label(question.view, test));
            test.into_iter().zip(label).flat_map(move |(test, label)| {
                let run = Command::Run(vec![test.clone()]);
                let show = Command::ShowOutput(test.clone());
                let mut actions =
                    offer::implement(&test, &label, question.workers, question.cycles);
                actions.push(quick_fix(format!("Run '{label}' again"), run));
                actions.push(quick_fix(format!("Show output of '{label}'"), show));
                actions.into_iter().map(about)
            })
        })
}

/// For the tests that the cursor is in: implement them where they fail, run them, and show their
/// output where there is any. A test that has a diagnostic here is done with.
fn on_tests(question: &Question<'_>) -> impl Iterator<Item = Action> {
    let done: Vec<TestId> = question
        .context
        .diagnostics
        .iter()
        .filter_map(test_of)
        .collect();
    innermost(question.view, question.lines)
        .into_iter()
        .filter(move |view| !done.contains(&view.item.id))
        .flat_map(|view| {
            let (id, label) = (view.item.id.clone(), label(question.view, &view.item.id));
            let run = Action::new(
                format!("Run test '{label}'"),
                CodeActionKind::EMPTY,
                Command::Run(vec![id.clone()]),
            );
            let show = view.state.outcome.map(|_| {
                Action::new(
                    format!("Show output of '{label}'"),
                    CodeActionKind::EMPTY,
                    Command::ShowOutput(id),
                )
            });
            let fails = view.state.outcome.is_some_and(Outcome::is_bad);
            let implement = if fails {
                offer::implement(&view.item.id, &label, question.workers, question.cycles)
            } else {
                Vec::new()
            };
            implement.into_iter().chain([run]).chain(show)
        })
}

/// For the cycles whose tests are here: what can be done with them.
fn on_cycles(question: &Question<'_>) -> impl Iterator<Item = Action> {
    let mut tests: Vec<TestId> = question
        .context
        .diagnostics
        .iter()
        .filter_map(test_of)
        .collect();
    let here = innermost(question.view, question.lines).into_iter();
    tests.extend(here.map(|view| view.item.id.clone()));
    question
        .cycles
        .iter()
        .filter(move |cycle| {
            let mut tests = tests.iter();
            tests.any(|test| offer::is_target(&cycle.summary, test))
        })
        .flat_map(offer::about)
}

/// For the groups of tests that are named on the lines, such as modules and classes: run them, and
/// show what came of them. A whole file has actions of its own.
fn on_groups(question: &Question<'_>) -> impl Iterator<Item = Action> {
    let (first, last) = question.lines;
    rows(question.file, question.view)
        .into_iter()
        .filter(move |row| row.group && (first..=last).contains(&row.line))
        .flat_map(|row| {
            let suites = row.items.iter();
            let suites = suites.filter(|view| view.item.kind == ItemKind::Suite);
            let ids: Vec<TestId> = suites.map(|view| view.item.id.clone()).collect();
            let shown = row.items.iter().max_by_key(|view| view.state.outcome);
            let shown = shown.filter(|view| ids.contains(&view.item.id));
            let Some(shown) = shown else {
                return Vec::new();
            };
            let label = &shown.item.label;
            let run = Action::new(
                format!("Run all tests in '{label}'"),
                CodeActionKind::EMPTY,
                Command::Run(ids),
            );
            let show = shown.state.outcome.map(|_| {
                Action::new(
                    format!("Show output of '{label}'"),
                    CodeActionKind::EMPTY,
                    Command::ShowOutput(shown.item.id.clone()),
                )
            });
            [Some(run), show].into_iter().flatten().collect()
        })
}

/// What can be done anywhere in a file with tests. Not where the editor only looks for a reason to
/// show a light bulb.
fn on_everything(question: &Question<'_>) -> impl Iterator<Item = Action> {
    let view = question.view;
    let asked = question.context.trigger_kind != Some(CodeActionTriggerKind::AUTOMATIC);
    let file = question.file.to_owned();
    let all = [
        (!view.trusted).then(|| {
            Action::new(
                "Trust this folder to run its tests",
                CodeActionKind::EMPTY,
                Command::Trust(Some(file.clone())),
            )
        }),
        question.running.then(|| {
            Action::new(
                "Cancel the test run",
                CodeActionKind::EMPTY,
                Command::Cancel(None),
            )
        }),
        Some(Action::new(
            "Run all tests in this file",
            RUN_KIND,
            Command::RunFile(file),
        )),
        question
            .any_bad
            .then(|| Action::new("Run failed tests", RUN_KIND, Command::RunFailed)),
        Some(Action::new("Run all tests", RUN_KIND, Command::RunAll)),
    ];
    let shown = asked && !view.items.is_empty();
    all.into_iter().flatten().filter(move |_| shown)
}

/// What can be done about specs. Not where the editor only looks for a reason to show a light bulb.
fn on_specs(question: &Question<'_>) -> impl Iterator<Item = Action> {
    let asked = question.context.trigger_kind != Some(CodeActionTriggerKind::AUTOMATIC);
    let actions = spec::offer::actions(question.file, question.specs);
    actions.into_iter().filter(move |_| asked)
}

/// Whether a failing test is among what the actions are asked for.
pub(crate) fn asks_for_failing(
    view: &FileView,
    lines: (u32, u32),
    context: &CodeActionContext,
) -> bool {
    let fails = |view: &&ItemView| view.state.outcome.is_some_and(Outcome::is_bad);
    context.diagnostics.iter().any(|one| test_of(one).is_some())
        || innermost(view, lines).iter().any(fails)
}

/// The tests whose text has one of the lines, without those that have another such test in them.
fn innermost(view: &FileView, (first, last): (u32, u32)) -> Vec<&ItemView> {
    let has_lines =
        |range: Range| range.has_line(first) || (first..=last).contains(&range.start.line);
    let here: Vec<&ItemView> = view
        .items
        .iter()
        .filter(|view| view.item.kind.is_test())
        .filter(|view| view.item.range.is_some_and(has_lines))
        .collect();
    here.iter()
        .filter(|view| {
            let is_parent = |other: &&ItemView| other.item.parent.as_ref() == Some(&view.item.id);
            !here.iter().any(is_parent)
        })
        .copied()
        .collect()
}

/// What a person calls a test. Of a parameter case that is its test's name with the parameters.
fn label(view: &FileView, test: &TestId) -> String {
    let find = |id: &TestId| view.items.iter().find(|view| view.item.id == *id);
    match find(test).map(|found| &found.item) {
        Some(item) => {
            let of = item.parent.as_ref().filter(|_| item.kind == ItemKind::Case);
            let named = of.and_then(|of| {
                let parameters = test.as_str().strip_prefix(of.as_str())?;
                Some(format!("{}{parameters}", find(of)?.item.label))
            });
            named.unwrap_or_else(|| item.label.clone())
        }
        None => {
            let id = test.as_str();
            id.rsplit("::").next().unwrap_or(id).to_owned()
        }
    }
}

/// Whether a kind is the same as another or above it: `source` covers `source.greenward`.
fn covers(above: &CodeActionKind, kind: &CodeActionKind) -> bool {
    let (above, kind) = (above.as_str(), kind.as_str());
    above.is_empty()
        || kind
            .strip_prefix(above)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{self, FILE, id};
    use expect_test::{Expect, expect};
    use serde_json::json;

    const FILE_VIEW: &str = "a.py                file  0
                             a.py::One           suite 2
                             a.py::One::passes   test  3 passed 3
                             a.py::never         test  12
                             a.py::cases         test  20 cases
                             a.py::cases[1]      case  20 failed 1";

    struct Asked {
        view: FileView,
        line: u32,
        context: CodeActionContext,
        abilities: Abilities,
        running: bool,
        workers: Workers,
        cycles: Vec<CycleStanding>,
    }

    fn at(line: u32) -> Asked {
        Asked {
            view: samples::file(FILE_VIEW),
            line,
            context: CodeActionContext::default(),
            abilities: samples::able(),
            running: false,
            workers: Workers {
                names: vec!["agent".to_owned(), "local".to_owned()],
                troubled: Vec::new(),
                default: Some("local".to_owned()),
            },
            cycles: Vec::new(),
        }
    }

    fn failing(test: &str) -> Diagnostic {
        Diagnostic {
            source: Some("greenward".to_owned()),
            data: Some(json!({ "test": id(test) })),
            ..Diagnostic::default()
        }
    }

    /// One line for each action: kind, title, command, and what else it carries.
    fn check(asked: &Asked, expected: &Expect) {
        let question = Question {
            file: Utf8Path::new(FILE),
            view: &asked.view,
            lines: (asked.line, asked.line),
            context: &asked.context,
            running: asked.running,
            any_bad: true,
            workers: &asked.workers,
            specs: spec::offer::Here::default(),
            cycles: &asked.cycles,
        };
        let mut said = String::new();
        for action in actions(&question, &asked.abilities) {
            let (kind, command, rest) = match action {
                CodeActionOrCommand::Command(command) => ("command".to_owned(), command, ""),
                CodeActionOrCommand::CodeAction(action) => {
                    let rest = match (&action.disabled, &action.diagnostics) {
                        (Some(_), _) => " (disabled)",
                        (None, Some(_)) if action.is_preferred == Some(true) => " (preferred)",
                        (None, Some(_)) => " (on its diagnostic)",
                        (None, None) => "",
                    };
                    let kind = format!("{:?}", action.kind.unwrap().as_str());
                    assert_eq!(action.title, action.command.as_ref().unwrap().title);
                    (kind, action.command.unwrap(), rest)
                }
            };
            let arguments = serde_json::to_string(&command.arguments).unwrap();
            said += &format!(
                "{kind} {} -> {} {arguments}{rest}\n",
                command.title, command.command
            );
        }
        expected.assert_eq(&said);
    }

    #[test]
    fn on_a_test_with_a_result() {
        check(
            &at(4),
            &expect![[r#"
            "" Run test 'passes' -> greenward.run ["pytest:.#a.py::One::passes"]
            "" Show output of 'passes' -> greenward.showOutput ["pytest:.#a.py::One::passes"]
            "source.greenward" Run all tests in this file -> greenward.runFile ["file:///w/a.py"]
            "source.greenward" Run failed tests -> greenward.runFailed null
            "source.greenward" Run all tests -> greenward.runAll null
        "#]],
        );
    }

    #[test]
    fn on_a_group_of_tests_where_it_is_named() {
        let mut asked = at(2);
        asked.context.trigger_kind = Some(CodeActionTriggerKind::AUTOMATIC);
        check(
            &asked,
            &expect![[r#"
            "" Run all tests in 'One' -> greenward.run ["pytest:.#a.py::One"]
            "" Show output of 'One' -> greenward.showOutput ["pytest:.#a.py::One"]
        "#]],
        );
        asked.line = 0;
        check(&asked, &expect![[""]]);
        asked.view.trusted = false;
        asked.line = 2;
        asked.abilities.disabled_actions = false;
        check(
            &asked,
            &expect![[r#"
            "" Show output of 'One' -> greenward.showOutput ["pytest:.#a.py::One"]
        "#]],
        );
    }

    #[test]
    fn on_a_failing_case_with_its_diagnostic() {
        let mut asked = at(21);
        asked.context.diagnostics = vec![failing("a.py::cases[1]"), Diagnostic::default()];
        check(
            &asked,
            &expect![[r#"
                "quickfix" Implement to green (local): 'cases[1]' -> greenward.green ["pytest:.#a.py::cases[1]",{"worker":"local"}] (preferred)
                "quickfix" Implement to green (agent): 'cases[1]' -> greenward.green ["pytest:.#a.py::cases[1]",{"worker":"agent"}] (on its diagnostic)
                "quickfix" Implement to green by hand: 'cases[1]' -> greenward.green ["pytest:.#a.py::cases[1]",{"worker":"human"}] (on its diagnostic)
                "quickfix" Run 'cases[1]' again -> greenward.run ["pytest:.#a.py::cases[1]"] (on its diagnostic)
                "quickfix" Show output of 'cases[1]' -> greenward.showOutput ["pytest:.#a.py::cases[1]"] (on its diagnostic)
                "source.greenward" Run all tests in this file -> greenward.runFile ["file:///w/a.py"]
                "source.greenward" Run failed tests -> greenward.runFailed null
                "source.greenward" Run all tests -> greenward.runAll null
            "#]],
        );
    }

    #[test]
    fn a_worker_that_cannot_work_is_greyed_or_left_out() {
        let mut asked = at(21);
        asked.context.diagnostics = vec![failing("a.py::cases[1]")];
        asked.context.only = Some(vec![CodeActionKind::QUICKFIX]);
        asked.workers.names.pop();
        asked.workers.default = Some("agent".to_owned());
        asked.workers.troubled = vec![("local".to_owned(), "it has no key".to_owned())];
        check(
            &asked,
            &expect![[r#"
                "quickfix" Implement to green (agent): 'cases[1]' -> greenward.green ["pytest:.#a.py::cases[1]",{"worker":"agent"}] (preferred)
                "quickfix" Implement to green by hand: 'cases[1]' -> greenward.green ["pytest:.#a.py::cases[1]",{"worker":"human"}] (on its diagnostic)
                "quickfix" Implement to green (local): 'cases[1]' -> greenward.green ["pytest:.#a.py::cases[1]",{"worker":"local"}] (disabled)
                "quickfix" Run 'cases[1]' again -> greenward.run ["pytest:.#a.py::cases[1]"] (on its diagnostic)
                "quickfix" Show output of 'cases[1]' -> greenward.showOutput ["pytest:.#a.py::cases[1]"] (on its diagnostic)
            "#]],
        );
        asked.abilities.disabled_actions = false;
        check(
            &asked,
            &expect![[r#"
                "quickfix" Implement to green (agent): 'cases[1]' -> greenward.green ["pytest:.#a.py::cases[1]",{"worker":"agent"}] (preferred)
                "quickfix" Implement to green by hand: 'cases[1]' -> greenward.green ["pytest:.#a.py::cases[1]",{"worker":"human"}] (on its diagnostic)
                "quickfix" Run 'cases[1]' again -> greenward.run ["pytest:.#a.py::cases[1]"] (on its diagnostic)
                "quickfix" Show output of 'cases[1]' -> greenward.showOutput ["pytest:.#a.py::cases[1]"] (on its diagnostic)
            "#]],
        );
    }

    #[test]
    fn a_diagnostic_may_stand_where_its_test_does_not() {
        let mut asked = at(0);
        asked.context.diagnostics = vec![failing("b.py::elsewhere")];
        asked.context.only = Some(vec![CodeActionKind::QUICKFIX]);
        check(
            &asked,
            &expect![[r#"
                "quickfix" Implement to green (local): 'elsewhere' -> greenward.green ["pytest:.#b.py::elsewhere",{"worker":"local"}] (preferred)
                "quickfix" Implement to green (agent): 'elsewhere' -> greenward.green ["pytest:.#b.py::elsewhere",{"worker":"agent"}] (on its diagnostic)
                "quickfix" Implement to green by hand: 'elsewhere' -> greenward.green ["pytest:.#b.py::elsewhere",{"worker":"human"}] (on its diagnostic)
                "quickfix" Run 'elsewhere' again -> greenward.run ["pytest:.#b.py::elsewhere"] (on its diagnostic)
                "quickfix" Show output of 'elsewhere' -> greenward.showOutput ["pytest:.#b.py::elsewhere"] (on its diagnostic)
            "#]],
        );
    }

    #[test]
    fn an_editor_that_only_looks_gets_what_is_about_the_place() {
        let mut asked = at(13);
        asked.context.trigger_kind = Some(CodeActionTriggerKind::AUTOMATIC);
        check(
            &asked,
            &expect![[r#"
            "" Run test 'never' -> greenward.run ["pytest:.#a.py::never"]
        "#]],
        );
    }

    #[test]
    fn only_the_kinds_that_are_wanted() {
        let mut asked = at(13);
        asked.context.only = Some(vec![CodeActionKind::SOURCE]);
        check(
            &asked,
            &expect![[r#"
            "source.greenward" Run all tests in this file -> greenward.runFile ["file:///w/a.py"]
            "source.greenward" Run failed tests -> greenward.runFailed null
            "source.greenward" Run all tests -> greenward.runAll null
        "#]],
        );
        asked.context.only = Some(vec![CodeActionKind::SOURCE_ORGANIZE_IMPORTS]);
        check(&asked, &expect![[""]]);
        asked.context.only = Some(vec![CodeActionKind::new("sourc")]);
        check(&asked, &expect![[""]]);
    }

    #[test]
    fn without_trust_nothing_that_runs_can_be_taken() {
        let mut asked = at(4);
        asked.view.trusted = false;
        check(
            &asked,
            &expect![[r#"
            "" Run test 'passes' -> greenward.run ["pytest:.#a.py::One::passes"] (disabled)
            "" Show output of 'passes' -> greenward.showOutput ["pytest:.#a.py::One::passes"]
            "" Trust this folder to run its tests -> greenward.trust ["file:///w/a.py"]
            "source.greenward" Run all tests in this file -> greenward.runFile ["file:///w/a.py"] (disabled)
            "source.greenward" Run failed tests -> greenward.runFailed null (disabled)
            "source.greenward" Run all tests -> greenward.runAll null (disabled)
        "#]],
        );
        asked.abilities.disabled_actions = false;
        check(
            &asked,
            &expect![[r#"
            "" Show output of 'passes' -> greenward.showOutput ["pytest:.#a.py::One::passes"]
            "" Trust this folder to run its tests -> greenward.trust ["file:///w/a.py"]
        "#]],
        );
    }

    #[test]
    fn a_client_that_takes_no_actions_gets_commands() {
        let mut asked = at(0);
        asked.abilities = samples::bare();
        asked.running = true;
        check(
            &asked,
            &expect![[r#"
            command Cancel the test run -> greenward.cancel null
            command Run all tests in this file -> greenward.runFile ["file:///w/a.py"]
            command Run failed tests -> greenward.runFailed null
            command Run all tests -> greenward.runAll null
        "#]],
        );
    }

    #[test]
    fn a_file_without_tests_has_none() {
        let mut asked = at(0);
        asked.view = FileView::default();
        check(&asked, &expect![[""]]);
    }
}
