//! The state is told what happens, step by step; what it wants done is read as lines of text.

mod specs;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use expect_test::{Expect, expect};
use greenward_core::{
    Failure, ItemKind, Location, Outcome, Phase, Position, Problem, ProjectId, Range, RunEvent,
    RunId, RunOutcome, Severity, TestId, TestItem, TestResult,
};
use greenward_frameworks::{Files, detect, parse};
use greenward_protocol::settings::Settings;
use greenward_workspace::document::{Edit, PositionEncoding};
use greenward_workspace::watch::{Change, ChangeKind};
use tokio::sync::oneshot;

use super::{Loaded, State};
use crate::command::{Command, Query, Refusal, RunRequest, Which};
use crate::effect::Effect;
use crate::event::Event;
use crate::folder_settings::FolderSettings;
use crate::load::Detected;
use crate::notice::{Diagnostic, Notice, RunWhat};
use crate::survive;
use crate::view::TrustState;

const FOLDER: &str = "/w";

struct Memory {
    all: Vec<Utf8PathBuf>,
    texts: BTreeMap<Utf8PathBuf, Arc<str>>,
}

impl Files for Memory {
    fn all(&self) -> &[Utf8PathBuf] {
        &self.all
    }

    fn read(&self, path: &Utf8Path) -> Option<Arc<str>> {
        self.texts.get(path).cloned()
    }

    fn exists(&self, path: &Utf8Path) -> bool {
        self.texts.keys().any(|file| file.starts_with(path))
    }
}

/// A workspace of one folder with pytest files, and the state that looks after it.
struct World {
    state: State,
    now: Duration,
    log: Vec<String>,
}

/// `path: text` for each file; text with `\n`.
const TWO_FILES: &[(&str, &str)] = &[
    ("pytest.ini", "[pytest]\n"),
    (
        "test_a.py",
        "def test_one():\n    assert 1 == 2\n\ndef test_two():\n    pass\n",
    ),
    ("test_b.py", "def test_three():\n    pass\n"),
];

impl World {
    fn new() -> Self {
        let mut world = Self {
            state: State::new(PositionEncoding::Utf8),
            now: Duration::ZERO,
            log: Vec::new(),
        };
        world.tell(Command::AddFolder(FOLDER.into()));
        world.happens(Event::Watching(FOLDER.into()));
        world
    }

    /// A trusted workspace whose files have been read; nothing of that is in the log.
    fn ready(files: &[(&str, &str)]) -> Self {
        let mut world = Self::new();
        world.configure(TrustState::Trusted);
        world.load(1, files);
        world.log.clear();
        world
    }

    fn happens(&mut self, event: Event) {
        self.now += Duration::from_secs(1);
        for effect in self.state.handle(event, self.now) {
            self.log.extend(describe(&effect));
        }
    }

    fn tell(&mut self, command: Command) {
        self.happens(Event::Command(command));
    }

    fn configure(&mut self, trust: TrustState) {
        self.happens(Event::Settings {
            folder: FOLDER.into(),
            settings: Box::new(FolderSettings {
                settings: Settings::default(),
                trust,
                files: Vec::new(),
                mistakes: HashMap::new(),
                editor_mistakes: Vec::new(),
            }),
        });
    }

    fn load(&mut self, generation: u64, files: &[(&str, &str)]) {
        let texts: BTreeMap<Utf8PathBuf, Arc<str>> = files
            .iter()
            .map(|(path, text)| (Utf8Path::new(FOLDER).join(path), Arc::from(*text)))
            .collect();
        let memory = Memory {
            all: texts.keys().cloned().collect(),
            texts,
        };
        let detection = detect(Utf8Path::new(FOLDER), "", &memory);
        let mut projects = detection.projects;
        self.happens(Event::Detected {
            folder: FOLDER.into(),
            generation,
            detected: Detected {
                projects: projects.iter().map(|p| p.fixed_items()).collect(),
                problems: detection.problems,
            },
        });
        for project in &mut projects {
            let mut files = Vec::new();
            for path in &memory.all {
                if project.wants(path) {
                    let facts = parse(path, &memory.texts[path]);
                    files.extend(project.update(path, facts.as_ref()).files);
                }
            }
            self.happens(Event::Items {
                folder: FOLDER.into(),
                generation,
                project: project.id().clone(),
                files,
            });
        }
        self.happens(Event::Loaded {
            folder: FOLDER.into(),
            generation,
            loaded: Loaded {
                projects,
                problems: Vec::new(),
            },
        });
    }

    fn run(&mut self, which: Which) -> Result<usize, Refusal> {
        let (reply, mut answer) = oneshot::channel();
        self.tell(Command::Run {
            request: RunRequest { which },
            reply,
        });
        answer.try_recv().unwrap().map(|started| started.len())
    }

    fn says(&mut self, run: u64, event: RunEvent) {
        self.happens(Event::Run {
            project: project(),
            run: RunId(run),
            event,
        });
    }

    fn finishes(&mut self, run: u64, test: &str, outcome: Outcome) {
        let result = match outcome {
            Outcome::Failed => failed(test),
            outcome => TestResult::bare(outcome),
        };
        self.says(run, RunEvent::Finished(id(test), result));
    }

    fn ends(&mut self, run: u64, outcome: RunOutcome) {
        self.happens(Event::RunEnded {
            project: project(),
            run: RunId(run),
            outcome,
        });
    }

    fn open(&mut self, file: &str, text: &str) {
        self.tell(Command::Open {
            path: path(file),
            version: 1,
            text: text.to_owned(),
        });
        self.happens(Event::OnDisk {
            path: path(file),
            text: Some(text.into()),
            watched: false,
        });
    }

    fn types(&mut self, file: &str, version: i32, text: &str) {
        self.tell(Command::Change {
            path: path(file),
            version,
            edits: vec![Edit::Full(text.to_owned())],
        });
        self.happens(Event::Parsed {
            path: path(file),
            facts: parse(&path(file), text),
            problem: None,
            version: Some(version),
        });
    }

    fn saves(&mut self, file: &str) {
        self.tell(Command::Save { path: path(file) });
    }

    /// Checks what has been wanted since the last check, and what is shown now.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "the way expect_test is used")]
    fn check(&mut self, expected: Expect) {
        for effect in self.state.flush() {
            self.log.extend(describe(&effect));
        }
        let log = std::mem::take(&mut self.log);
        expected.assert_eq(&log.join("\n"));
    }
}

fn path(file: &str) -> Utf8PathBuf {
    Utf8Path::new(FOLDER).join(file)
}

fn changed(file: &str) -> Change {
    Change {
        path: path(file),
        kind: ChangeKind::Changed,
    }
}

fn project() -> ProjectId {
    ProjectId::new(greenward_core::Framework::Pytest, "")
}

fn id(test: &str) -> TestId {
    TestId::new(&project(), test)
}

/// `test_a.py::test_one` fails in line 1 of its file.
fn failed(test: &str) -> TestResult {
    let file = test.split("::").next().unwrap();
    TestResult {
        failure: Some(Arc::new(Failure {
            message: "assert 1 == 2".to_owned(),
            kind: "AssertionError".to_owned(),
            location: Some(Location {
                file: path(file),
                range: Range::of_line(1),
            }),
            ..Failure::default()
        })),
        ..TestResult::bare(Outcome::Failed)
    }
}

/// One line for each effect that matters here.
fn describe(effect: &Effect) -> Option<String> {
    Some(match effect {
        Effect::Run(run, work) => format!("run {run}: {:?}", work.selection),
        Effect::List(_) => "list".to_owned(),
        Effect::Cancel(run) => format!("cancel {run}"),
        Effect::Close(project) => format!("close {project}"),
        Effect::Wait { generation, .. } => format!("wait {generation}"),
        Effect::Load { generation, .. } => format!("load {generation}"),
        Effect::Notify(Notice::Diagnostics {
            file, diagnostics, ..
        }) => {
            let lines: Vec<String> = diagnostics.iter().map(diagnostic).collect();
            format!("{file} shows [{}]", lines.join(", "))
        }
        Effect::Notify(Notice::Message { text, offer, .. }) => format!("says: {text} {offer:?}"),
        Effect::Notify(Notice::Run(notice)) => match &notice.what {
            RunWhat::Started { cause, why } => {
                format!("started {}: {} {why}", notice.run, cause.name())
            }
            RunWhat::Finished {
                outcome, counts, ..
            } => format!(
                "finished {}: {}, {} of {} bad",
                notice.run,
                outcome.name(),
                counts.bad(),
                counts.total()
            ),
            _ => return None,
        },
        _ => return None,
    })
}

fn diagnostic(diagnostic: &Diagnostic) -> String {
    let stale = if diagnostic.stale { "stale " } else { "" };
    let first = diagnostic.message.lines().next().unwrap_or_default();
    format!("{}: {stale}{first}", diagnostic.range.start.line)
}

#[test]
fn a_file_that_is_left_out_says_so_until_it_can_be_read() {
    let left_out = |file: &str| survive::file::<()>(&path(file), || panic!("ours")).err();
    let mut world = World::new();
    world.configure(TrustState::Trusted);
    world.happens(Event::Loaded {
        folder: FOLDER.into(),
        generation: 1,
        loaded: Loaded {
            projects: Vec::new(),
            problems: left_out("test_a.py").into_iter().collect(),
        },
    });
    world.check(expect![[r#"
        load 1
        /w/test_a.py shows [0: Greenward cannot read this file, so its tests are left out. The fault is Greenward's own: please report it with the log.]"#]]);
    let read = |problem| Event::Parsed {
        path: path("test_a.py"),
        facts: None,
        problem,
        version: None,
    };
    world.happens(read(left_out("test_a.py")));
    world.check(expect![[r#""#]]);
    world.happens(read(None));
    world.check(expect!["/w/test_a.py shows []"]);
}

#[test]
fn a_folder_that_cannot_be_read_says_so_and_is_ready() {
    let mut world = World::new();
    world.configure(TrustState::Trusted);
    let problem = survive::folder::<()>(FOLDER.into(), || panic!("a fault of ours"));
    world.happens(Event::Loaded {
        folder: FOLDER.into(),
        generation: 1,
        loaded: Loaded {
            projects: Vec::new(),
            problems: problem.err().into_iter().collect(),
        },
    });
    world.check(expect![[r#"
        load 1
        says: Greenward cannot read /w, so none of its tests is shown. The fault is Greenward's own: please report it with the log. None"#]]);
    assert!(world.run(Which::All).is_err(), "there is nothing to run");
}

#[test]
fn nothing_runs_until_the_folder_is_trusted() {
    let mut world = World::new();
    world.configure(TrustState::Untrusted("nobody trusts it".to_owned()));
    world.load(1, TWO_FILES);
    assert!(matches!(
        world.run(Which::All),
        Err(Refusal::Untrusted { .. })
    ));
    world.saves("test_a.py");
    world.check(expect![[r#"
        load 1
        says: Greenward shows the tests of /w and runs none until you trust the folder. (nobody trusts it) Some(Trust("/w"))
        says: /w is not trusted, so nothing is run in it: nobody trusts it Some(Trust("/w"))"#]]);
    // "Trust and run": the run waits for the record.
    world.tell(Command::Trust {
        folder: None,
        trusted: true,
    });
    let (reply, mut answer) = oneshot::channel();
    let request = RunRequest { which: Which::All };
    world.tell(Command::Run { request, reply });
    assert!(answer.try_recv().is_err());
    world.configure(TrustState::Trusted);
    assert_eq!(answer.try_recv().unwrap().unwrap().len(), 1);
    world.check(expect![[r#"
        list
        run 1: All
        started 1: asked all tests"#]]);
}

#[test]
fn a_run_that_is_asked_for_waits_until_the_folder_is_read() {
    let mut world = World::new();
    let (reply, mut answer) = oneshot::channel();
    let request = RunRequest { which: Which::All };
    world.tell(Command::Run { request, reply });
    assert!(answer.try_recv().is_err());
    world.configure(TrustState::Trusted);
    world.load(1, TWO_FILES);
    assert_eq!(answer.try_recv().unwrap().unwrap().len(), 1);
}

#[test]
fn a_run_that_waits_for_the_folder_asks_for_trust_and_the_folder_not_again() {
    let mut world = World::new();
    let (reply, mut answer) = oneshot::channel();
    let request = RunRequest { which: Which::All };
    world.tell(Command::Run { request, reply });
    world.configure(TrustState::Untrusted("nobody trusts it".to_owned()));
    world.load(1, TWO_FILES);
    let refused = answer.try_recv().unwrap();
    assert!(matches!(refused, Err(Refusal::Untrusted { .. })));
    world.check(expect![[r#"
        load 1
        says: /w is not trusted, so nothing is run in it: nobody trusts it Some(Trust("/w"))"#]]);
}

#[test]
fn a_save_while_the_folder_is_read_is_not_lost() {
    let mut world = World::new();
    world.open("test_b.py", TWO_FILES[2].1);
    world.saves("test_b.py");
    world.load(1, TWO_FILES);
    world.log.clear();
    world.configure(TrustState::Trusted);
    world.check(expect![[r#"
        list
        run 1: Units([Unit("test_b.py")])
        started 1: saved test_b.py changed"#]]);
}

#[test]
fn a_failure_is_shown_until_it_is_no_longer_true() {
    let mut world = World::ready(TWO_FILES);
    world.open("test_a.py", TWO_FILES[1].1);
    world.run(Which::All).unwrap();
    world.finishes(1, "test_a.py::test_one", Outcome::Failed);
    world.finishes(1, "test_a.py::test_two", Outcome::Passed);
    world.finishes(1, "test_b.py::test_three", Outcome::Passed);
    world.ends(1, RunOutcome::Failed);
    world.check(expect![[r#"
        run 1: All
        started 1: asked all tests
        finished 1: failed, 1 of 3 bad
        /w/test_a.py shows [1: test_one failed: assert 1 == 2]"#]]);

    // Two lines above it: the mark moves along and is stale.
    let moved = format!("# a\n# b\n{}", TWO_FILES[1].1);
    world.types("test_a.py", 2, &moved);
    world.check(expect![
        "/w/test_a.py shows [3: stale test_one failed: assert 1 == 2]"
    ]);
    // Undone: it is as it was.
    world.types("test_a.py", 3, TWO_FILES[1].1);
    world.check(expect![
        "/w/test_a.py shows [1: test_one failed: assert 1 == 2]"
    ]);
    // Corrected, saved, run.
    world.types("test_a.py", 4, "def test_one():\n    assert 1 == 1\n");
    world.saves("test_a.py");
    world.finishes(2, "test_a.py::test_one", Outcome::Passed);
    world.ends(2, RunOutcome::Passed);
    world.check(expect![[r#"
        run 2: Units([Unit("test_a.py")])
        started 2: saved test_a.py changed
        finished 2: passed, 0 of 1 bad
        /w/test_a.py shows []"#]]);
}

#[test]
fn a_failing_parameter_case_is_called_by_its_test() {
    let mut world = World::ready(TWO_FILES);
    world.run(Which::All).unwrap();
    let case = TestItem {
        id: id("test_a.py::test_one[a::b]"),
        parent: Some(id("test_a.py::test_one")),
        project: project(),
        unit: None,
        kind: ItemKind::Case,
        label: "a::b".to_owned(),
        file: Some(path("test_a.py")),
        range: Some(Range::of_line(0)),
        name_range: None,
    };
    world.says(1, RunEvent::Found(vec![case]));
    world.finishes(1, "test_a.py::test_one[a::b]", Outcome::Failed);
    world.ends(1, RunOutcome::Failed);
    world.check(expect![[r#"
        run 1: All
        started 1: asked all tests
        finished 1: failed, 1 of 1 bad
        /w/test_a.py shows [1: test_one[a::b] failed: assert 1 == 2]"#]]);
}

#[test]
fn five_quick_saves_are_two_runs_at_most() {
    let mut world = World::ready(TWO_FILES);
    world.open("test_a.py", TWO_FILES[1].1);
    for _ in 1..=5 {
        world.saves("test_a.py");
    }
    world.happens(Event::Due {
        project: project(),
        generation: 4,
    });
    world.happens(Event::Due {
        project: project(),
        generation: 5,
    });
    world.ends(1, RunOutcome::Cancelled);
    world.ends(2, RunOutcome::Passed);
    world.check(expect![[r#"
        run 1: Units([Unit("test_a.py")])
        started 1: saved test_a.py changed
        wait 2
        wait 3
        wait 4
        wait 5
        cancel 1
        finished 1: cancelled, 0 of 0 bad
        run 2: Units([Unit("test_a.py")])
        started 2: saved test_a.py changed
        finished 2: no tests matched, 0 of 0 bad"#]]);
}

#[test]
fn what_was_cancelled_is_known_until_a_later_run_ends() {
    let mut world = World::ready(TWO_FILES);
    let check = |world: &mut World, test: &str, seconds: Option<u64>| {
        let (reply, mut answer) = oneshot::channel();
        let id = id(test);
        world.tell(Command::Query(Query::Test { id, reply }));
        let seen = answer.try_recv().unwrap().unwrap();
        assert_eq!(
            seen.cancelled,
            seconds.map(Duration::from_secs),
            "of {test}"
        );
    };
    world.run(Which::All).unwrap();
    world.finishes(1, "test_a.py::test_one", Outcome::Passed);
    world.tell(Command::Cancel { run: None });
    check(&mut world, "test_b.py::test_three", None);
    world.ends(1, RunOutcome::Cancelled);
    check(&mut world, "test_b.py::test_three", Some(1));
    check(&mut world, "test_b.py", Some(2));
    check(&mut world, "test_a.py::test_one", None);
    world.run(Which::All).unwrap();
    world.finishes(2, "test_b.py::test_three", Outcome::Passed);
    check(&mut world, "test_b.py::test_three", None);
    world.ends(2, RunOutcome::DidNotBuild);
    check(&mut world, "test_a.py::test_two", None);
    // A run that gives way to another is not what the user cancelled.
    world.saves("test_b.py");
    world.saves("test_b.py");
    world.happens(Event::Due {
        project: project(),
        generation: 3,
    });
    world.ends(3, RunOutcome::Cancelled);
    check(&mut world, "test_b.py::test_three", None);
}

#[test]
fn what_did_not_report_does_not_look_true() {
    let mut world = World::ready(TWO_FILES);
    let all = Which::All;
    world.run(all.clone()).unwrap();
    for test in ["test_a.py::test_one", "test_a.py::test_two"] {
        world.finishes(1, test, Outcome::Failed);
    }
    world.ends(1, RunOutcome::Failed);
    world.check(expect![[r#"
        run 1: All
        started 1: asked all tests
        finished 1: failed, 2 of 2 bad
        /w/test_a.py shows [1: test_one failed: assert 1 == 2, 1: test_two failed: assert 1 == 2]"#]]);
    // One test hangs and is cut short, the other's file cannot be collected.
    world.run(all.clone()).unwrap();
    world.says(2, RunEvent::Started(id("test_a.py::test_one")));
    world.says(
        2,
        RunEvent::Problem(Problem {
            severity: Severity::Error,
            message: "invalid syntax".to_owned(),
            code: None,
            location: Some(Location {
                file: path("test_b.py"),
                range: Range::new(Position::new(0, 3), Position::new(0, 4)),
            }),
            related: Vec::new(),
        }),
    );
    world.ends(2, RunOutcome::DidNotBuild);
    world.check(expect![[r#"
        run 2: All
        started 2: asked all tests
        finished 2: did not build, 1 of 1 bad
        /w/test_a.py shows [0: test_one errored: the run ended before this test did, 1: stale test_two failed: assert 1 == 2]
        /w/test_b.py shows [0: invalid syntax]"#]]);
    // The framework does not know test_two any more; the problem is gone.
    world.run(all).unwrap();
    world.finishes(3, "test_a.py::test_one", Outcome::Passed);
    world.ends(3, RunOutcome::Passed);
    world.check(expect![[r#"
        run 3: All
        started 3: asked all tests
        finished 3: passed, 0 of 1 bad
        /w/test_a.py shows []
        /w/test_b.py shows []"#]]);
}

#[test]
fn files_that_tests_write_start_no_runs_for_ever() {
    let mut world = World::ready(TWO_FILES);
    world.run(Which::All).unwrap();
    world.happens(Event::Changed(vec![changed("report.txt")]));
    world.ends(1, RunOutcome::Passed);
    world.log.clear();
    // Anybody may have written it: what depends on it runs again, once.
    world.happens(Event::Due {
        project: project(),
        generation: 1,
    });
    world.happens(Event::Changed(vec![changed("report.txt")]));
    world.finishes(2, "test_a.py::test_two", Outcome::Passed);
    world.ends(2, RunOutcome::Passed);
    world.check(expect![[r#"
        run 2: All
        started 2: changed report.txt changed, and it is not known who reads it
        finished 2: passed, 0 of 1 bad"#]]);
    // Long after the run it is somebody else's.
    world.happens(Event::Changed(vec![changed("report.txt")]));
    world.check(expect!["wait 2"]);
}

#[test]
fn a_file_that_changed_before_it_was_opened_is_a_change() {
    let mut world = World::ready(TWO_FILES);
    world.run(Which::All).unwrap();
    world.finishes(1, "test_b.py::test_three", Outcome::Passed);
    world.ends(1, RunOutcome::Passed);
    world.log.clear();
    let new = "def test_three():\n    assert False\n";
    world.open("test_b.py", new);
    world.happens(Event::Changed(vec![changed("test_b.py")]));
    world.happens(Event::OnDisk {
        path: path("test_b.py"),
        text: Some(new.into()),
        watched: true,
    });
    world.check(expect!["wait 1"]);
}

#[test]
fn a_test_that_goes_while_it_runs_does_not_come_back() {
    let mut world = World::ready(TWO_FILES);
    world.open("test_b.py", TWO_FILES[2].1);
    world.run(Which::All).unwrap();
    world.says(1, RunEvent::Started(id("test_b.py::test_three")));
    world.types("test_b.py", 2, "def test_other():\n    pass\n");
    world.finishes(1, "test_b.py::test_three", Outcome::Failed);
    world.ends(1, RunOutcome::Failed);
    world.check(expect![[r#"
        run 1: All
        started 1: asked all tests
        finished 1: failed, 0 of 0 bad"#]]);
}

#[test]
fn what_a_stopped_run_left_unsaid_is_stale_and_not_forgotten() {
    let mut world = World::ready(TWO_FILES);
    world.run(Which::All).unwrap();
    for test in ["test_a.py::test_one", "test_a.py::test_two"] {
        world.finishes(1, test, Outcome::Failed);
    }
    world.ends(1, RunOutcome::Failed);
    world.log.clear();
    world.run(Which::All).unwrap();
    world.says(2, RunEvent::Planned { tests: 3 });
    world.finishes(2, "test_a.py::test_one", Outcome::Failed);
    world.ends(2, RunOutcome::Failed);
    world.check(expect![[r#"
        run 2: All
        started 2: asked all tests
        finished 2: failed, 1 of 1 bad
        /w/test_a.py shows [1: test_one failed: assert 1 == 2, 1: stale test_two failed: assert 1 == 2]"#]]);
}

#[test]
fn a_file_saved_in_the_editor_is_no_change_when_the_watcher_sees_it() {
    let mut world = World::ready(TWO_FILES);
    world.open("test_b.py", "def test_three():\n    pass\n");
    world.saves("test_b.py");
    world.happens(Event::Changed(vec![changed("test_b.py")]));
    world.happens(Event::OnDisk {
        path: path("test_b.py"),
        text: Some("def test_three():\n    pass\n".into()),
        watched: true,
    });
    world.check(expect![[r#"
        run 1: Units([Unit("test_b.py")])
        started 1: saved test_b.py changed
        wait 2"#]]);
    world.happens(Event::OnDisk {
        path: path("test_b.py"),
        text: Some("def test_four():\n    pass\n".into()),
        watched: true,
    });
    world.check(expect!["wait 3"]);
}

#[test]
fn a_project_that_is_gone_takes_everything_with_it() {
    let mut world = World::ready(TWO_FILES);
    world.run(Which::All).unwrap();
    world.finishes(1, "test_a.py::test_one", Outcome::Failed);
    world.check(expect![[r#"
        run 1: All
        started 1: asked all tests
        /w/test_a.py shows [1: test_one failed: assert 1 == 2]"#]]);
    world.happens(Event::Changed(vec![changed("pytest.ini")]));
    world.load(2, &[]);
    world.check(expect![[r#"
        wait 1
        load 2
        cancel 1
        finished 1: cancelled, 1 of 1 bad
        close pytest:.
        /w/test_a.py shows []"#]]);
    let (reply, mut answer) = oneshot::channel();
    world.tell(Command::Query(Query::Status { reply }));
    let status = answer.try_recv().unwrap();
    assert_eq!((status.tests, status.counts.total()), (0, 0));
}

#[test]
fn a_flood_of_changes_is_shown_in_portions() {
    let names: Vec<String> = (0..150).map(|file| format!("test_{file}.py")).collect();
    let files: Vec<(&str, &str)> = names
        .iter()
        .map(|name| (name.as_str(), "def test_one():\n    pass\n"))
        .collect();
    let mut world = World::ready(&files);
    let mut portions = Vec::new();
    loop {
        let effects = world.state.flush();
        if effects.is_empty() {
            break;
        }
        for effect in effects {
            if let Effect::Notify(Notice::ItemsChanged { files }) = effect {
                portions.push(files.len());
            }
        }
    }
    assert_eq!(portions, [64, 64, 22]);
}

#[test]
fn a_file_that_the_next_reading_does_not_find_is_gone() {
    let names = |world: &mut World| {
        let (reply, mut answer) = oneshot::channel();
        world.tell(Command::Query(Query::Names { reply }));
        answer.try_recv().unwrap()
    };
    let mut world = World::ready(TWO_FILES);
    assert_eq!(names(&mut world).len(), 3);
    world.happens(Event::Changed(vec![Change {
        path: path("pytest.ini"),
        kind: ChangeKind::Changed,
    }]));
    world.load(2, &TWO_FILES[..2]);
    assert_eq!(
        names(&mut world),
        [id("test_a.py::test_one"), id("test_a.py::test_two")]
    );
}

#[test]
fn the_phase_of_a_persons_work_follows_from_the_results() {
    let mut world = World::ready(TWO_FILES);
    world.open("test_a.py", TWO_FILES[1].1);
    assert_eq!(world.state.phase(&project()), None, "nothing has run");
    world.run(Which::All).unwrap();
    world.finishes(1, "test_a.py::test_one", Outcome::Failed);
    world.finishes(1, "test_a.py::test_two", Outcome::Passed);
    world.finishes(1, "test_b.py::test_three", Outcome::Passed);
    world.ends(1, RunOutcome::Failed);
    assert_eq!(world.state.phase(&project()), Some(Phase::Red));

    let right = "def test_one():\n    assert 1 == 1\n\ndef test_two():\n    pass\n";
    world.types("test_a.py", 2, right);
    assert_eq!(
        world.state.phase(&project()),
        Some(Phase::Red),
        "not seen to pass"
    );
    world.run(Which::All).unwrap();
    world.finishes(2, "test_a.py::test_one", Outcome::Passed);
    world.finishes(2, "test_a.py::test_two", Outcome::Passed);
    world.finishes(2, "test_b.py::test_three", Outcome::Passed);
    world.ends(2, RunOutcome::Passed);
    world.saves("test_a.py");
    world.finishes(3, "test_a.py::test_one", Outcome::Passed);
    world.finishes(3, "test_a.py::test_two", Outcome::Passed);
    world.ends(3, RunOutcome::Passed);
    assert_eq!(world.state.phase(&project()), Some(Phase::Green));
    world.types("test_a.py", 3, &format!("{right}# tidied\n"));
    assert_eq!(world.state.phase(&project()), Some(Phase::Refactor));
}
