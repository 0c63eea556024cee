//! A run from a fork gives what a run in a process of its own gives.

use camino::Utf8Path;
use greenward_core::{Outcome, RunOutcome, TestResult};

use crate::outcomes::{EXPECTED, MODEL};
use crate::world::{Told, World, ask, python};

/// What there is to say of a result, but for how long it took.
fn shown(told: &Told) -> Vec<String> {
    let without_time = |(id, result): (&String, &TestResult)| {
        format!(
            "{id}: {:?} {:?}\n{}",
            result.outcome, result.failure, result.output
        )
    };
    told.results.iter().map(without_time).collect()
}

/// What pytest printed, but for how long it took and where things lay in memory.
fn printed(told: &Told, world: &World) -> Vec<String> {
    let plain = |line: &str| {
        let line = line
            .split(" in ")
            .next()
            .unwrap_or_default()
            .trim_end_matches('=');
        let line = line.split(" at 0x").next().unwrap_or_default();
        line.replace(world.root().as_str(), "ROOT")
    };
    told.output.lines().map(plain).collect()
}

pub(crate) fn warm_and_cold_say_the_same() {
    let files = &[
        ("test_model.py", MODEL),
        (
            "conftest.py",
            "import json, decimal, email.message\nimport pytest\n@pytest.fixture(autouse=True)\ndef always(): print('always')\n",
        ),
    ];
    let cold = World::new(files).cold();
    let warm = World::new(files);
    let expected = cold.run_all();
    let (first, second) = warm.run_twice(|_| {});
    for told in [&first, &second] {
        told.check(&RunOutcome::Failed, EXPECTED);
        let root = |text: Vec<String>, world: &World| -> Vec<String> {
            text.into_iter()
                .map(|line| line.replace(world.root().as_str(), "ROOT"))
                .collect()
        };
        pretty(&root(shown(&expected), &cold), &root(shown(told), &warm));
        pretty(&printed(&expected, &cold), &printed(told, &warm));
    }
}

/// Writes down all of the process that a test can see and that has no reason to change.
const PROBE: &str = r#"
import atexit, gc, json, logging, os, random, signal, subprocess, sys, threading, warnings
import decimal  # something to be loaded beforehand

def pipe_like(fd):
    import stat
    return stat.S_IFMT(os.fstat(fd).st_mode) in (stat.S_IFIFO, stat.S_IFSOCK)

def test_probe(pytestconfig, capfd):
    main = sys.modules["__main__"]
    seen = {
        "argv": sys.argv,
        "orig_argv": getattr(sys, "orig_argv", None) and sys.orig_argv[1:],
        "path": sys.path,
        "environ": {n: v for n, v in os.environ.items() if n not in ("_",)},
        "cwd": os.getcwd(),
        "flags": list(sys.flags),
        "main": [main.__name__, main.__file__, main.__spec__.name, sorted(main.__dict__)],
        "stdin": [sys.__stdin__.fileno(), os.read(0, 10).decode(), pipe_like(1), pipe_like(2)],
        "streams": [sys.__stdout__.encoding, sys.__stdout__.errors, sys.__stdout__.isatty(), sys.__stdout__.line_buffering],
        "threads": threading.active_count(),
        "main thread": threading.current_thread() is threading.main_thread(),
        "signals": [str(signal.getsignal(n)) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE)],
        "wakeup": signal.set_wakeup_fd(-1),
        "own session": os.getsid(0) == os.getpid() == os.getpgid(0),
        "filters": [str(f) for f in warnings.filters],
        "handlers": [str(h) for h in logging.root.handlers],
        "child": subprocess.run([sys.executable, "-c", "import os, sys; print(sys.stdin.read(), sorted(os.environ) == sorted(%r))" % list(os.environ)], stdout=subprocess.PIPE).stdout.decode(),
        "descriptors": len(os.listdir("/proc/self/fd")) < 30,
        "meta path": [type(f).__name__ if not isinstance(f, type) else f.__name__ for f in sys.meta_path],
        "hooks": [sys.excepthook.__name__, sys.displayhook.__name__],
        "args": [a for a in pytestconfig.invocation_params.args],
        "gc": gc.isenabled(),
        "umask": os.umask(0o22),
        "ours": [n for n in sys.modules if "forkserver" in n],
    }
    with open("probe.json", "w") as out:
        json.dump(seen, out, indent=1, sort_keys=True, default=str)
    with open("random.txt", "a") as out:
        print(random.random(), file=out)
    with open("parents.txt", "a") as out, open("/proc/%d/cmdline" % os.getppid()) as parent:
        print("forkserver" in parent.read(), file=out)

def leave():
    with open("exit.txt", "a") as out:
        out.write("left\n")

def test_leaves_late():
    atexit.register(leave)
    threading.Thread(target=lambda: None).start()
"#;

pub(crate) fn a_test_sees_the_same_world() {
    let world = World::new(&[("test_probe.py", PROBE)]);
    let (first, second) = world.run_twice(|world| {
        world.write("first.json", &world.read("probe.json"));
    });
    let mut cold_world = world;
    cold_world.settings.pytest.warm = false;
    let world = cold_world;
    world.write("second.json", &world.read("probe.json"));
    let third = world.run_all();
    for told in [first, second, third] {
        told.check(
            &RunOutcome::Passed,
            &[
                ("test_probe.py::test_probe", Outcome::Passed),
                ("test_probe.py::test_leaves_late", Outcome::Passed),
            ],
        );
    }
    let lines = |path: &str| {
        world
            .read(path)
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let cold = lines("probe.json");
    assert!(cold.len() > 30, "{cold:?}");
    pretty(&cold, &lines("first.json"));
    pretty(&cold, &lines("second.json"));
    assert_eq!(lines("exit.txt"), ["left"; 4]);
    assert_eq!(
        lines("parents.txt"),
        ["True", "True", "True", "False"],
        "which runs were forks"
    );
    let mut numbers = lines("random.txt");
    numbers.dedup();
    assert_eq!(numbers.len(), 4, "every run has random numbers of its own");
}

pub(crate) fn changes_between_runs_are_seen() {
    let world = World::new(&[
        ("app.py", "VALUE = 1\n"),
        (
            "conftest.py",
            "import decimal, pytest\n@pytest.fixture\ndef value(): return 1\n",
        ),
        (
            "test_a.py",
            "import app, string\ndef test_app(): assert app.VALUE == 1\ndef test_fixture(value): assert value == 1\ndef test_string(): assert string.digits == '0123456789'\n",
        ),
    ]);
    let (first, second) = world.run_twice(|world| {
        world.write("app.py", "VALUE = 2\n# longer\n");
        world.write(
            "conftest.py",
            "import pytest\n@pytest.fixture\ndef value(): return 2\n",
        );
        world.write(
            "pytest.ini",
            "[pytest]\naddopts = -p no:cacheprovider\npython_functions = test_app test_fix\n",
        );
    });
    let (app, fixture, string) = (
        "test_a.py::test_app",
        "test_a.py::test_fixture",
        "test_a.py::test_string",
    );
    first.check(
        &RunOutcome::Passed,
        &[
            (app, Outcome::Passed),
            (fixture, Outcome::Passed),
            (string, Outcome::Passed),
        ],
    );
    second.check(
        &RunOutcome::Failed,
        &[(app, Outcome::Failed), (fixture, Outcome::Failed)],
    );

    // A module of the user's own that hides one of the standard library's.
    let test = "import colorsys\ndef test_own(): assert getattr(colorsys, 'OWN', False)\n";
    let world = World::new(&[("test_a.py", test)]);
    let (first, second) = world.run_twice(|world| world.write("colorsys.py", "OWN = True\n"));
    first.check(
        &RunOutcome::Failed,
        &[("test_a.py::test_own", Outcome::Failed)],
    );
    second.check(
        &RunOutcome::Passed,
        &[("test_a.py::test_own", Outcome::Passed)],
    );
}

/// What is installed is held by the server, and must not be held any longer than it is there.
pub(crate) fn changes_of_what_is_installed_are_seen() {
    let test = "import thing\ndef test_thing(): assert thing.VALUE == 1\n";
    let mut world = World::new(&[("test_a.py", test)]);
    let parent = python().expect("a Python");
    let venv = world.root().with_file_name("venv");
    ask(&parent, &["-m", "venv", "--without-pip", venv.as_str()]);
    let child = venv.join("bin/python");
    let folder = |python: &str, text: &str| ask(python, &["-c", text]);
    let own = folder(
        child.as_str(),
        "import sysconfig; print(sysconfig.get_path('purelib'))",
    );
    let with_pytest = folder(
        &parent,
        "import os, pytest; print(os.path.dirname(os.path.dirname(pytest.__file__)))",
    );
    let install = |name: &str, text: &str| {
        std::fs::write(Utf8Path::new(&own).join(name), text).expect("written");
    };
    install("parent.pth", &with_pytest);
    install("thing.py", "VALUE = 1\n");
    world.settings.pytest.python = Some(child.into_string());
    let (first, second) = world.run_twice(|_| install("thing.py", "VALUE = 'two'\n"));
    first.check(
        &RunOutcome::Passed,
        &[("test_a.py::test_thing", Outcome::Passed)],
    );
    second.check(
        &RunOutcome::Failed,
        &[("test_a.py::test_thing", Outcome::Failed)],
    );
}

#[track_caller]
fn pretty(expected: &[String], actual: &[String]) {
    let differences: Vec<_> = expected
        .iter()
        .zip(actual)
        .filter(|(expected, actual)| expected != actual)
        .map(|(expected, actual)| format!("cold: {expected}\nwarm: {actual}"))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!(expected.len(), actual.len());
}
