//! What can be done about a failing test by a cycle, and with a cycle, as code actions.

use std::collections::BTreeMap;

use greenward_core::{EndingKind, TestId};
use greenward_engine::{CycleStanding, CycleSummary, Hands};
use greenward_protocol::settings::{Settings, WorkerKind};
use tower_lsp::lsp_types::CodeActionKind;

use super::progress::HUMAN;
use crate::action::Action;
use crate::command::{Command, CycleVerb};

/// Who can implement a failing test, as the settings say. A person always can.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Workers {
    /// The names of the configured workers that can work and are no person.
    pub names: Vec<String>,
    /// Those that cannot, each with why and what to do. The settings' choice comes first.
    pub troubled: Vec<(String, String)>,
    /// The settings' choice; where it cannot work or there is none, the first by name that can.
    /// Nothing if none can.
    pub default: Option<String>,
}

impl Workers {
    /// Those of the settings. `troubles` says what keeps some of them from working.
    pub(crate) fn of(settings: &Settings, troubles: &BTreeMap<String, String>) -> Self {
        let workers = settings.workers.iter();
        let (mut names, mut troubled) = (Vec::new(), Vec::new());
        for (name, _) in workers.filter(|(_, worker)| worker.kind != WorkerKind::Human) {
            match troubles.get(name) {
                None => names.push(name.clone()),
                Some(why) => troubled.push((name.clone(), why.clone())),
            }
        }
        troubled.sort_by_key(|(name, _)| settings.cycle.worker.as_ref() != Some(name));
        let is_human = |name: &String| {
            let kind = settings.workers.get(name).map(|worker| worker.kind);
            kind == Some(WorkerKind::Human) || (kind.is_none() && name == HUMAN)
        };
        let default = match &settings.cycle.worker {
            Some(chosen) if is_human(chosen) => Some(HUMAN.to_owned()),
            Some(chosen) if names.contains(chosen) => Some(chosen.clone()),
            _ => names.first().cloned(),
        };
        Self {
            names,
            troubled,
            default,
        }
    }
}

/// To implement a failing test to green: by each worker, and by hand. Nothing while a cycle does.
pub(crate) fn implement(
    test: &TestId,
    label: &str,
    workers: &Workers,
    cycles: &[CycleStanding],
) -> Vec<Action> {
    let in_hand =
        |cycle: &CycleStanding| cycle.hands != Hands::Nobodys && is_target(&cycle.summary, test);
    if cycles.iter().any(in_hand) {
        return Vec::new();
    }
    let action = |title: String, worker: Option<&str>| Action {
        preferred: worker.is_some() && worker == workers.default.as_deref(),
        ..Action::new(
            title,
            CodeActionKind::QUICKFIX,
            Command::Green {
                tests: vec![test.clone()],
                worker: worker.map(str::to_owned),
            },
        )
    };
    let names = workers.names.iter();
    let mut actions: Vec<Action> = names
        .map(|name| {
            action(
                format!("Implement to green ({name}): '{label}'"),
                Some(name),
            )
        })
        .collect();
    // The preferred one comes first, for editors that know no preference.
    actions.sort_by_key(|action| !action.preferred);
    if actions.is_empty() {
        // Whoever takes it is told how to get one.
        let first = workers.troubled.first().map(|(name, _)| name.as_str());
        let why = match first {
            None => "no worker is configured",
            Some(_) => "no worker can work",
        };
        let title = format!("Implement to green ({why}): '{label}'");
        actions.push(action(title, first));
    }
    let by_hand = format!("Implement to green by hand: '{label}'");
    actions.push(action(by_hand, Some(HUMAN)));
    actions.extend(workers.troubled.iter().map(|(name, why)| Action {
        disabled: Some(why.clone()),
        ..action(
            format!("Implement to green ({name}): '{label}'"),
            Some(name),
        )
    }));
    actions
}

/// What can be done with a cycle as it stands.
pub(crate) fn about(cycle: &CycleStanding) -> Vec<Action> {
    let (summary, id) = (&cycle.summary, cycle.summary.id);
    let action = |title: String, verb| {
        let command = Command::Cycle(verb, Some(id));
        Action::new(title, CodeActionKind::QUICKFIX, command)
    };
    match summary.ending {
        None => match cycle.hands {
            Hands::Ours => vec![action(
                format!("Cancel cycle {id} ({})", summary.phase),
                CycleVerb::Cancel,
            )],
            Hands::Others => vec![action(
                format!("Show cycle {id}, which goes on outside of this editor"),
                CycleVerb::Show,
            )],
            Hands::Nobodys => vec![
                action(
                    format!("Resume cycle {id} (interrupted)"),
                    CycleVerb::Resume,
                ),
                action(format!("Show how far cycle {id} came"), CycleVerb::Show),
                action(format!("Discard cycle {id}"), CycleVerb::Discard),
            ],
        },
        Some(EndingKind::Complete) => vec![
            action(
                format!("Review the result of cycle {id}"),
                CycleVerb::Review,
            ),
            action(format!("Apply the result of cycle {id}"), CycleVerb::Apply),
            action(
                format!("Discard the result of cycle {id}"),
                CycleVerb::Discard,
            ),
        ],
        Some(_) => vec![
            action(format!("Show why cycle {id} is not green"), CycleVerb::Show),
            action(format!("Resume cycle {id}"), CycleVerb::Resume),
            action(format!("Discard cycle {id}"), CycleVerb::Discard),
        ],
    }
}

/// Whether a test, or the test that it is a case of, is a target of a cycle.
pub(crate) fn is_target(cycle: &CycleSummary, test: &TestId) -> bool {
    cycle.targets.iter().any(|target| {
        let rest = test.as_str().strip_prefix(target.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cycle::samples;
    use crate::samples::id;

    fn check(actions: &[Action], expected: &[&str]) {
        let said: Vec<String> = actions
            .iter()
            .map(|action| {
                let sent = action.command.titled("");
                let preferred = if action.preferred { " (preferred)" } else { "" };
                let why = action.disabled.as_ref();
                let why = why.map_or_else(String::new, |why| format!(" ({why})"));
                format!("{} -> {}{preferred}{why}", action.title, sent.command)
            })
            .collect();
        assert_eq!(said, expected);
    }

    fn implement_four(
        names: &[&str],
        default: Option<&str>,
        cycles: &[CycleStanding],
    ) -> Vec<Action> {
        let workers = Workers {
            names: names.iter().map(|&name| name.to_owned()).collect(),
            troubled: Vec::new(),
            default: default.map(str::to_owned),
        };
        implement(&id("a.py::test_four"), "four", &workers, cycles)
    }

    #[test]
    fn each_worker_is_offered_and_the_default_is_preferred() {
        check(
            &implement_four(&["agent", "local"], Some("local"), &[]),
            &[
                "Implement to green (local): 'four' -> greenward.green (preferred)",
                "Implement to green (agent): 'four' -> greenward.green",
                "Implement to green by hand: 'four' -> greenward.green",
            ],
        );
        check(
            &implement_four(&[], None, &[]),
            &[
                "Implement to green (no worker is configured): 'four' -> greenward.green",
                "Implement to green by hand: 'four' -> greenward.green",
            ],
        );
        let by_hand = implement_four(&["local"], Some("human"), &[]);
        assert!(by_hand[1].preferred && !by_hand[0].preferred);
    }

    #[test]
    fn who_cannot_work_is_never_preferred_and_says_why() {
        let mut settings = Settings::default();
        for name in ["agent", "local"] {
            let worker = greenward_protocol::settings::Worker {
                kind: WorkerKind::OpenAi,
                ..Default::default()
            };
            settings.workers.insert(name.to_owned(), worker);
        }
        settings.cycle.worker = Some("local".to_owned());
        let check = |troubled: &[&str], expected: &[&str]| {
            let troubles = troubled.iter().map(|name| (*name).to_owned());
            let troubles = troubles.map(|name| (name, "it has no key".to_owned()));
            let workers = Workers::of(&settings, &troubles.collect());
            self::check(
                &implement(&id("a.py::test_four"), "four", &workers, &[]),
                expected,
            );
        };
        check(
            &["local"],
            &[
                "Implement to green (agent): 'four' -> greenward.green (preferred)",
                "Implement to green by hand: 'four' -> greenward.green",
                "Implement to green (local): 'four' -> greenward.green (it has no key)",
            ],
        );
        check(
            &["agent", "local"],
            &[
                "Implement to green (no worker can work): 'four' -> greenward.green",
                "Implement to green by hand: 'four' -> greenward.green",
                "Implement to green (local): 'four' -> greenward.green (it has no key)",
                "Implement to green (agent): 'four' -> greenward.green (it has no key)",
            ],
        );
    }

    #[test]
    fn the_default_is_the_settings_choice_or_the_first_by_name() {
        let mut settings = Settings::default();
        let of = |settings: &Settings| Workers::of(settings, &BTreeMap::new());
        assert_eq!(of(&settings), Workers::default());
        let mut check =
            |added: &[(&str, WorkerKind)], chosen: Option<&str>, expected: Option<&str>| {
                for (name, kind) in added {
                    let worker = greenward_protocol::settings::Worker {
                        kind: *kind,
                        ..Default::default()
                    };
                    settings.workers.insert((*name).to_owned(), worker);
                }
                settings.cycle.worker = chosen.map(str::to_owned);
                let default = of(&settings).default;
                assert_eq!(default.as_deref(), expected, "{added:?} {chosen:?}");
            };
        check(&[("me", WorkerKind::Human)], None, None);
        check(&[], Some("me"), Some("human"));
        check(&[], Some("human"), Some("human"));
        check(&[("tape", WorkerKind::Replay)], None, Some("tape"));
        check(&[("local", WorkerKind::OpenAi)], None, Some("local"));
        check(&[], Some("tape"), Some("tape"));
        // Starting that one would say that there is none.
        check(&[], Some("gone"), Some("local"));
    }

    #[test]
    fn a_cycle_that_goes_on_can_be_cancelled_and_nothing_else_begins() {
        let running = |hands| samples::in_hands(samples::running(), hands);
        check(
            &about(&running(Hands::Ours)),
            &["Cancel cycle 7 (green) -> greenward.cycle.cancel"],
        );
        check(
            &about(&running(Hands::Others)),
            &["Show cycle 7, which goes on outside of this editor -> greenward.cycle.show"],
        );
        for hands in [Hands::Ours, Hands::Others] {
            check(&implement_four(&["local"], None, &[running(hands)]), &[]);
        }
    }

    #[test]
    fn a_cycle_that_nobody_is_at_can_be_resumed() {
        let interrupted = samples::in_hands(samples::running(), Hands::Nobodys);
        check(
            &about(&interrupted),
            &[
                "Resume cycle 7 (interrupted) -> greenward.cycle.resume",
                "Show how far cycle 7 came -> greenward.cycle.show",
                "Discard cycle 7 -> greenward.cycle.discard",
            ],
        );
        let offered = implement_four(&["local"], None, &[interrupted]);
        assert_eq!(offered.len(), 2, "another may begin");
    }

    #[test]
    fn a_cycle_that_has_ended_waits_for_a_decision() {
        check(
            &about(&samples::in_hands(samples::complete(), Hands::Nobodys)),
            &[
                "Review the result of cycle 7 -> greenward.cycle.review",
                "Apply the result of cycle 7 -> greenward.cycle.apply",
                "Discard the result of cycle 7 -> greenward.cycle.discard",
            ],
        );
        check(
            &about(&samples::in_hands(samples::failed(), Hands::Nobodys)),
            &[
                "Show why cycle 8 is not green -> greenward.cycle.show",
                "Resume cycle 8 -> greenward.cycle.resume",
                "Discard cycle 8 -> greenward.cycle.discard",
            ],
        );
    }

    #[test]
    fn a_case_belongs_to_its_test() {
        let cycle = samples::running();
        for (local, expected) in [
            ("a.py::test_four", true),
            ("a.py::test_four[1]", true),
            ("a.py::test_fourteen", false),
        ] {
            assert_eq!(is_target(&cycle, &id(local)), expected, "{local}");
        }
    }
}
