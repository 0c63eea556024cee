//! Who is to write, asked at a terminal where the settings leave it open.

use std::io::{BufRead, IsTerminal};

use greenward_protocol::settings::{Settings, WorkerKind};

use crate::report::style::{DIM, STRONG, paint};
use crate::screen::Screen;

/// The worker that needs no settings.
const HUMAN: &str = "human";

/// The worker of a cycle, as far as it is known: who was named, or who is chosen at a terminal.
/// Nothing leaves it to the settings, which may be too few to tell.
pub(super) fn chosen(named: Option<&str>, settings: &Settings, may_ask: bool) -> Option<String> {
    let can_ask = std::io::stdin().is_terminal() && std::io::stderr().is_terminal() && may_ask;
    match named {
        Some(name) => Some(name.to_owned()),
        None if can_ask && is_open(settings) => ask(
            settings,
            &mut Screen::stderr(),
            &mut std::io::stdin().lock(),
        ),
        None => None,
    }
}

/// Whether several could be meant.
fn is_open(settings: &Settings) -> bool {
    settings.cycle.worker.is_none() && settings.workers.len() > 1
}

/// Whether a person is to write.
pub(super) fn is_by_hand(named: Option<&str>, settings: &Settings) -> bool {
    let mut only = settings.workers.keys().map(String::as_str);
    let only = only.next().filter(|_| only.next().is_none());
    let name = named.or(settings.cycle.worker.as_deref()).or(only);
    match name.map(|name| (name, settings.workers.get(name))) {
        Some((_, Some(worker))) => worker.kind == WorkerKind::Human,
        Some((name, None)) => name == HUMAN,
        None => false,
    }
}

/// Asks which worker is meant. An answer that is neither a number nor a name of the list is none.
fn ask(settings: &Settings, screen: &mut Screen, answer: &mut dyn BufRead) -> Option<String> {
    let mut names: Vec<&str> = settings.workers.keys().map(String::as_str).collect();
    if !names.contains(&HUMAN) {
        names.push(HUMAN);
    }
    screen.line(&paint(STRONG, "Who is to write?"));
    for (number, name) in (1..).zip(&names) {
        let you = match settings.workers.get(*name).map(|worker| worker.kind) {
            None | Some(WorkerKind::Human) => "  you, in your editor",
            Some(_) => "",
        };
        screen.line(&format!("  {number}  {name}{}", paint(DIM, you)));
    }
    let remark = paint(DIM, "(cycle.worker in your settings answers this for good)");
    let question = paint(
        STRONG,
        format_args!("A number or a name [1-{}]:", names.len()),
    );
    screen.print(&format!("{remark}\n{question} "));
    let mut line = String::new();
    answer.read_line(&mut line).ok()?;
    let typed = line.trim();
    let by_number = typed
        .parse()
        .ok()
        .and_then(|number: usize| names.get(number.checked_sub(1)?));
    let by_name = || names.iter().find(|name| **name == typed);
    by_number.or_else(by_name).map(|name| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::tests::screen;

    fn settings(names: &[&str], chosen: Option<&str>) -> Settings {
        let mut settings = Settings::default();
        for name in names {
            let worker = greenward_protocol::settings::Worker {
                kind: WorkerKind::Command,
                ..Default::default()
            };
            settings.workers.insert((*name).to_owned(), worker);
        }
        settings.cycle.worker = chosen.map(str::to_owned);
        settings
    }

    #[test]
    fn it_is_open_where_several_could_be_meant() {
        for (names, chosen, open) in [
            (&["agent", "local"][..], None, true),
            (&["agent", "local"], Some("local"), false),
            (&["agent"], None, false),
            (&[], None, false),
        ] {
            assert_eq!(
                is_open(&settings(names, chosen)),
                open,
                "{names:?} {chosen:?}"
            );
        }
    }

    #[test]
    fn an_answer_is_a_number_or_a_name_of_the_list() {
        for (answer, expected) in [
            ("1\n", Some("agent")),
            (" local \n", Some("local")),
            ("3\n", Some("human")),
            ("0\n", None),
            ("4\n", None),
            ("somebody\n", None),
            ("\n", None),
            ("", None),
        ] {
            let (mut screen, written) = screen(false, false);
            let settings = settings(&["agent", "local"], None);
            let chosen = ask(&settings, &mut screen, &mut answer.as_bytes());
            assert_eq!(chosen.as_deref(), expected, "{answer:?}");
            assert_eq!(
                written.text(),
                "Who is to write?\n  1  agent\n  2  local\n  3  human  you, in your editor\n\
                 (cycle.worker in your settings answers this for good)\n\
                 A number or a name [1-3]: "
            );
        }
    }
}
