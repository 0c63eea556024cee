//! Tests and surroundings that misbehave.

use std::time::Duration;

use Outcome::{Errored, Failed, Passed};
use greenward_core::{Outcome, RunEvent, RunOutcome, Selection};

use crate::world::{World, is_alive};

pub(crate) fn a_process_that_dies_takes_one_test_with_it() {
    let text = "
import os, signal, pytest
def test_before(): pass
def test_exits(): os._exit(0)
def test_between(): assert False
def test_crashes(): os.kill(os.getpid(), signal.SIGSEGV)
def test_after(): pass
def test_asks(): raise SystemExit(3)
";
    for world in [
        World::new(&[("test_a.py", text)]),
        World::new(&[("test_a.py", text)]).cold(),
    ] {
        let told = world.run_all();
        told.check(
            &RunOutcome::Failed,
            &[
                ("test_a.py::test_before", Passed),
                ("test_a.py::test_exits", Errored),
                ("test_a.py::test_between", Failed),
                ("test_a.py::test_crashes", Errored),
                ("test_a.py::test_after", Passed),
                ("test_a.py::test_asks", Failed),
            ],
        );
        let message = |id: &str| told.result(id).failure.as_ref().unwrap().message.clone();
        assert_eq!(
            message("test_a.py::test_exits"),
            "the process ended with exit code 0 while this test ran"
        );
        assert!(message("test_a.py::test_crashes").contains("SIGSEGV"));
    }
}

/// A test that starts a process, writes down both, and hangs.
const HANGS: &str = "
import os, subprocess, time
def test_before(): pass
def test_hangs():
    child = subprocess.Popen(['sleep', '1000'], start_new_session=True)
    with open('pids', 'w') as out:
        out.write('%d %d' % (os.getpid(), child.pid))
    print('waiting', flush=True)
    time.sleep(1000)
def test_after(): pass
";

#[track_caller]
fn check_gone(world: &World) {
    let pids = world.read("pids");
    assert_eq!(pids.split(' ').count(), 2);
    for pid in pids.split(' ') {
        assert!(!is_alive(pid), "{pid} is still there");
    }
}

pub(crate) fn a_test_that_hangs_is_ended() {
    for mut world in [
        World::new(&[("test_a.py", HANGS)]),
        World::new(&[("test_a.py", HANGS)]).cold(),
    ] {
        world.settings.run.timeout_seconds = 3;
        let told = world.run_all();
        told.check(
            &RunOutcome::Failed,
            &[
                ("test_a.py::test_before", Passed),
                ("test_a.py::test_hangs", Errored),
                ("test_a.py::test_after", Passed),
            ],
        );
        assert_eq!(
            told.result("test_a.py::test_hangs")
                .failure
                .as_ref()
                .unwrap()
                .kind,
            "timeout"
        );
        check_gone(&world);
    }
}

pub(crate) fn a_cancelled_run_leaves_nothing() {
    for world in [
        World::new(&[("test_a.py", HANGS)]),
        World::new(&[("test_a.py", HANGS)]).cold(),
    ] {
        let world_ref = &world;
        let told = world.run_until(Selection::All, |event| {
            let started =
                matches!(event, RunEvent::Started(id) if id.as_str().ends_with("test_hangs"));
            if started {
                let deadline = std::time::Instant::now() + Duration::from_secs(60);
                while world_ref.read("pids").split(' ').count() < 2 {
                    assert!(
                        std::time::Instant::now() < deadline,
                        "the test has not started"
                    );
                    std::thread::yield_now();
                }
            }
            started
        });
        assert_eq!(told.outcome, Some(RunOutcome::Cancelled), "{told:#?}");
        check_gone(&world);
    }
}

pub(crate) fn what_a_test_leaves_behind_is_ended() {
    let text = "
import os, subprocess
def test_leaves():
    child = subprocess.Popen(['sh', '-c', 'trap \"\" TERM; sleep 1000 & wait; wait'], start_new_session=True)
    with open('pids', 'w') as out:
        out.write('%d %d' % (os.getpid(), child.pid))
";
    for world in [
        World::new(&[("test_a.py", text)]),
        World::new(&[("test_a.py", text)]).cold(),
    ] {
        world
            .run_all()
            .check(&RunOutcome::Passed, &[("test_a.py::test_leaves", Passed)]);
        check_gone(&world);
    }
}

pub(crate) fn a_flood_of_output_is_cut() {
    let text = "
import sys
def test_floods():
    for _ in range(100):
        sys.stdout.write('x' * 999 + '\\n')
        sys.stdout.write('y' * 1048576)
    print('the end')
    assert False
";
    let captured = World::new(&[("test_a.py", text)]).run_all();
    let output = &captured.result("test_a.py::test_floods").output;
    assert!(output.len() < 200_000, "{}", output.len());
    assert!(output.starts_with("xxx") && output.ends_with("the end\n"));
    let mut world = World::new(&[("test_a.py", text)]);
    world.settings.pytest.args = vec!["-s".to_owned()];
    for world in [world.run_all(), {
        world.settings.pytest.warm = false;
        world.run_all()
    }] {
        world.check(&RunOutcome::Failed, &[("test_a.py::test_floods", Failed)]);
        assert!(world.output.len() < 3_000_000, "{}", world.output.len());
    }
}

pub(crate) fn a_test_that_prints_for_ever_is_ended() {
    let text = "
def test_floods():
    while True: print('x' * 50)
def test_after(): pass
";
    for mut world in [
        World::new(&[("test_a.py", text)]),
        World::new(&[("test_a.py", text)]).cold(),
    ] {
        world.settings.pytest.args = vec!["-s".to_owned()];
        world.settings.run.timeout_seconds = 2;
        let told = world.run_all();
        told.check(
            &RunOutcome::Failed,
            &[
                ("test_a.py::test_floods", Errored),
                ("test_a.py::test_after", Passed),
            ],
        );
        assert!(told.output.len() < 3_000_000, "{}", told.output.len());
        assert!(told.output.contains("more bytes of output left out"));
        assert!(told.outputs < 200, "{}", told.outputs);
    }
}

pub(crate) fn what_a_test_writes_into_the_channel_is_no_result() {
    let text = "
import os, time
def channel(request):
    return request.config.pluginmanager.get_plugin('greenward-report').report.fd
def test_floods(request):
    fd, end = channel(request), time.monotonic() + 2
    while time.monotonic() < end: os.write(fd, b'x' * 4000 + b'\\n')
def test_for_ever(request):
    while True: os.write(channel(request), b'{\"odd\": 1}\\n')
def test_line(request):
    for _ in range(200): os.write(channel(request), b'x' * 1048576)
    os.write(channel(request), b'\\n')
def test_closes(): os.closerange(3, 64)
def test_after(): pass
";
    for mut world in [
        World::new(&[("test_a.py", text)]),
        World::new(&[("test_a.py", text)]).cold(),
    ] {
        world.settings.run.timeout_seconds = 10;
        let told = world.run_all();
        let outcome = |id: &str| told.results.get(id).map(|result| result.outcome);
        assert_eq!(outcome("test_a.py::test_floods"), Some(Passed), "{told:#?}");
        assert_eq!(outcome("test_a.py::test_for_ever"), Some(Errored));
        assert_eq!(outcome("test_a.py::test_line"), Some(Passed));
        // Whether or not what comes after it can still be told, the run does not pass.
        assert_ne!(told.outcome, Some(RunOutcome::Passed));
        assert!(told.output.len() < 3_000_000, "{}", told.output.len());
        assert!(told.outputs < 500, "{}", told.outputs);
    }
}

pub(crate) fn a_slow_start_is_no_slow_test() {
    let conftest = "import time\ntime.sleep(3)\n";
    let text = "
import os
def test_dies(): os._exit(1)
def test_after(): pass
";
    for mut world in [
        World::new(&[("test_a.py", text), ("conftest.py", conftest)]),
        World::new(&[("test_a.py", text), ("conftest.py", conftest)]).cold(),
    ] {
        world.settings.run.timeout_seconds = 1;
        world.run_all().check(
            &RunOutcome::Failed,
            &[
                ("test_a.py::test_dies", Errored),
                ("test_a.py::test_after", Passed),
            ],
        );
    }
}

pub(crate) fn what_cannot_be_collected_is_a_problem() {
    #[track_caller]
    fn check(
        files: &[(&str, &str)],
        place: (&str, u32),
        message: &str,
        expected: &[(&str, Outcome)],
    ) {
        for world in [World::new(files), World::new(files).cold()] {
            let told = world.run_all();
            told.check(&RunOutcome::DidNotBuild, expected);
            assert_eq!(told.problems.len(), 1, "{told:#?}");
            let problem = &told.problems[0];
            let location = problem.location.as_ref().expect("a place");
            assert_eq!(
                (location.file.as_str(), location.range.start.line),
                (world.root().join(place.0).as_str(), place.1)
            );
            assert!(problem.message.contains(message), "{}", problem.message);
        }
    }
    let good = ("test_good.py", "def test_g(): pass\n");
    let passed = ("test_good.py::test_g", Passed);
    check(
        &[
            good,
            ("test_bad.py", "def test_b(): pass\n\ndef test_c(:\n"),
        ],
        ("test_bad.py", 2),
        "SyntaxError",
        &[
            passed,
            ("test_bad.py::test_b", Errored),
            ("test_bad.py::test_c", Errored),
        ],
    );
    check(
        &[
            good,
            (
                "test_bad.py",
                "import os\nimport nonsense\ndef test_b(): pass\n",
            ),
        ],
        ("test_bad.py", 1),
        "nonsense",
        &[passed, ("test_bad.py::test_b", Errored)],
    );
    check(
        &[
            ("test_bad.py", "import app\ndef test_b(): pass\n"),
            ("app.py", "\n1 / 0\n"),
        ],
        ("app.py", 1),
        "ZeroDivisionError",
        &[("test_bad.py::test_b", Errored)],
    );
    check(
        &[good, ("conftest.py", "\nraise RuntimeError('no')\n")],
        ("conftest.py", 1),
        "RuntimeError: no",
        &[],
    );
    // Before pytest 8 this keeps every file from being collected, so there is only one.
    check(
        &[
            ("sub/conftest.py", "\nraise RuntimeError('no')\n"),
            ("sub/test_s.py", "def test_s(): pass\n"),
        ],
        ("sub/conftest.py", 1),
        "RuntimeError: no",
        &[("sub/test_s.py::test_s", Errored)],
    );
}

pub(crate) fn a_runner_that_cannot_run_says_why() {
    let files = &[("test_a.py", "def test_a(): pass\n")];
    #[track_caller]
    fn check(world: &World, parts: &[&str]) {
        let told = world.run_all();
        assert!(told.results.is_empty(), "{told:#?}");
        for part in parts {
            assert!(
                told.broken().contains(part),
                "{part:?} in {}",
                told.broken()
            );
        }
    }
    let mut world = World::new(files);
    world.settings.pytest.args = vec!["--nonsense".to_owned()];
    check(&world, &["--nonsense"]);

    let mut world = World::new(files);
    world.settings.pytest.python = Some("/nowhere/python".to_owned());
    check(&world, &["/nowhere/python", "pytest.python"]);

    let mut world = World::new(files);
    world.settings.pytest.python = Some("fake".to_owned());
    world.write("fake", "#!/bin/sh\necho hello\n");
    std::process::Command::new("chmod")
        .args(["+x", world.root().join("fake").as_str()])
        .status()
        .unwrap();
    check(&world, &["does not work as a Python", "hello"]);

    let mut world = World::new(files);
    world.settings.pytest.python = Some("fake".to_owned());
    world.write("fake", "no program");
    check(&world, &["fake", "cannot be run"]);

    let world = World::new(&[
        files[0],
        ("conftest.py", "def pytest_collection(): 1 / 0\n"),
    ]);
    check(&world, &["internal error", "ZeroDivisionError"]);

    let world = World::new(&[
        files[0],
        (
            "conftest.py",
            "import os\ndef pytest_collection(): os._exit(7)\n",
        ),
    ]);
    check(&world, &["exit code 7"]);

    let world = World::new(&[
        files[0],
        (
            "conftest.py",
            "def pytest_sessionfinish(session): session.exitstatus = 1\n",
        ),
    ]);
    let told = world.run_all();
    assert!(told.broken().contains("exit code 1"), "{told:#?}");
}

pub(crate) fn a_run_that_stops_early_is_no_pass() {
    let stops = [
        (
            "test_b.py",
            "import pytest\npytest.exit('enough', returncode=0)\n",
        ),
        (
            "test_b.py",
            "import pytest\ndef test_b(): pytest.exit('enough', returncode=0)\n",
        ),
        (
            "test_b.py",
            "def test_b(request): request.session.shouldstop = 'enough'\ndef test_c(): pass\n",
        ),
        (
            "conftest.py",
            "import pytest\ndef pytest_collection(): pytest.exit('enough', returncode=0)\n",
        ),
    ];
    for stop in stops {
        let files = [("test_a.py", "def test_a(): pass\n"), stop];
        for world in [World::new(&files), World::new(&files).cold()] {
            let told = world.run_all();
            match &told.outcome {
                // The file or the test that stopped it is to blame.
                Some(RunOutcome::DidNotBuild) => assert_eq!(told.problems.len(), 1, "{told:#?}"),
                Some(RunOutcome::Failed) => {
                    assert_eq!(told.result("test_b.py::test_b").outcome, Errored);
                }
                _ => assert_eq!(told.broken(), "pytest stopped early: enough", "{stop:?}"),
            }
        }
    }
}

pub(crate) fn forged_results_break_the_run() {
    let text = "
import pytest
def test_forges(request):
    report = request.config.pluginmanager.get_plugin('greenward-report').report
    for name in ['test_fails', 'test_later']:
        report.write('finished', id='test_a.py::' + name, outcome='passed', duration=0, output='')
def test_fails(): assert False
def test_later(): pytest.exit('never said')
";
    let told = World::new(&[("test_a.py", text)]).run_all();
    assert!(
        told.broken().contains("while it was not running"),
        "{told:#?}"
    );
    assert_eq!(told.result("test_a.py::test_fails").outcome, Errored);
    assert_eq!(told.result("test_a.py::test_later").outcome, Errored);
}
