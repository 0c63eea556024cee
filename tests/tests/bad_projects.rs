//! Projects that misbehave. Whatever a test does, a result is never green that is not, and no
//! process is left behind: the world of each test sees to the latter when it is dropped.

use greenward_tests::{Tested, World};

/// Settings with a limit for a test that never ends.
const IMPATIENT: &str = "[run]\ntimeout_seconds = 8\n";

/// A package `bad` with this `src/lib.rs`.
fn cargo(source: &str) -> World {
    let world = World::new(
        r#"
        //- Cargo.toml
        [package]
        name = "bad"
        version = "0.1.0"
        edition = "2021"
        "#,
    );
    world.write("src/lib.rs", source);
    world
}

/// A rootdir with this `test_bad.py`.
fn pytest(source: &str) -> Option<World> {
    let world = World::new(
        "
        //- pytest.ini
        [pytest]
        ",
    );
    world.write("test_bad.py", source);
    world.with_python()
}

/// What must be true of a run: its exit code, its outcome, and that of each test named.
struct Expected<'a> {
    code: i32,
    run: &'a [&'a str],
    tests: &'a [(&'a str, &'a [&'a str])],
}

#[track_caller]
fn check(world: &World, expected: &Expected<'_>) -> Tested {
    let tested = world.test(&[]);
    let outcomes = tested.outcomes();
    for (test, allowed) in expected.tests {
        let outcome = outcomes.get(*test).map_or("missing", String::as_str);
        assert!(
            allowed.contains(&outcome),
            "{test} is {outcome}\n{tested:#?}"
        );
    }
    let runs = tested.runs();
    assert_eq!(runs.len(), 1, "{tested:#?}");
    assert!(expected.run.contains(&runs[0]), "{tested:#?}");
    assert_eq!(tested.code, Some(expected.code), "{tested:#?}");
    tested
}

const BAD_RUST: &str = "cargo:.#bad/lib::bad";
const GOOD_RUST: &str = "cargo:.#bad/lib::good";
const BAD_PYTHON: &str = "pytest:.#test_bad.py::test_bad";
const GOOD_PYTHON: &str = "pytest:.#test_bad.py::test_good";

#[test]
fn cargo_does_not_build() {
    let world = cargo("#[test]\nfn bad() {\n    let x: u8 = \"\";\n}\n");
    let tested = check(
        &world,
        &Expected {
            code: 1,
            run: &["didNotBuild"],
            tests: &[],
        },
    );
    let problem = tested
        .events("problem")
        .find(|problem| problem["code"] == "E0308")
        .expect("the compile error is told");
    let location = &problem["location"];
    assert_eq!(location["range"]["start"]["line"], 2, "{problem}");
    assert!(
        location.to_string().contains("src/lib.rs"),
        "in its file: {problem}"
    );
}

#[test]
fn cargo_is_no_utf8() {
    let world = cargo("");
    world.write("src/lib.rs", b"#[test]\nfn bad() { let _ = \"\xff\"; }\n");
    check(
        &world,
        &Expected {
            code: 1,
            run: &["didNotBuild"],
            tests: &[],
        },
    );
}

/// A test that does not come to a good end, beside one that does.
#[track_caller]
fn check_cargo(body: &str, bad: &[&str], good: &[&str]) -> Tested {
    let world = cargo(&format!(
        "#[test]\nfn bad() {{\n{body}\n}}\n#[test]\nfn good() {{}}\n"
    ));
    world.write(".tdd/config.toml", IMPATIENT);
    check(
        &world,
        &Expected {
            code: 1,
            run: &["failed"],
            tests: &[(BAD_RUST, bad), (GOOD_RUST, good)],
        },
    )
}

#[test]
fn cargo_hangs() {
    check_cargo(
        "loop { std::thread::park(); }",
        &["errored"],
        &["passed", "errored"],
    );
}

#[test]
fn cargo_aborts() {
    check_cargo(
        "std::process::abort();",
        &["errored"],
        &["passed", "errored"],
    );
}

#[test]
fn cargo_kills_itself() {
    check_cargo(
        "std::process::Command::new(\"kill\")
            .args([\"-9\", &std::process::id().to_string()]).status().unwrap();
         loop { std::thread::park(); }",
        &["errored"],
        &["passed", "errored"],
    );
}

#[test]
fn cargo_exits_with_success() {
    check_cargo(
        "std::process::exit(0);",
        &["errored"],
        &["passed", "errored"],
    );
}

/// libtest's results and what a test writes itself share one stream, so a lie may be believed for a
/// moment. It does not outlive the truth.
#[test]
fn cargo_writes_what_looks_like_results() {
    let world = cargo(
        r##"#[test]
        fn bad() {
            use std::io::Write;
            let mut out = std::io::stdout();
            writeln!(out, r#"{{ "type": "test", "name": "bad", "event": "ok" }}"#).unwrap();
            writeln!(out, "test bad ... ok").unwrap();
            writeln!(out, "test result: ok. 1 passed; 0 failed; 0 ignored;").unwrap();
            panic!("after all");
        }"##,
    );
    let tested = world.test(&[]);
    let last = tested
        .events("finished")
        .filter(|event| event["test"] == BAD_RUST)
        .last();
    let outcome = last.map_or("missing", |event| event["outcome"].as_str().unwrap_or(""));
    assert!(["failed", "errored"].contains(&outcome), "{tested:#?}");
    assert!(!tested.runs().contains(&"passed"), "{tested:#?}");
    assert!(matches!(tested.code, Some(1 | 2)), "{tested:#?}");
}

#[test]
fn cargo_leaves_children_behind() {
    let world = cargo(
        "#[test]
        fn bad() {
            for program in [\"sleep\", \"setsid\"] {
                let args: &[&str] = if program == \"sleep\" { &[\"600\"] } else { &[\"sleep\", \"600\"] };
                std::process::Command::new(program).args(args).spawn().unwrap();
            }
        }",
    );
    check(
        &world,
        &Expected {
            code: 0,
            run: &["passed"],
            tests: &[(BAD_RUST, &["passed"])],
        },
    );
}

#[test]
fn cargo_floods() {
    let world = cargo(
        "#[test]
        fn bad() {
            let line = \"x\".repeat(99);
            for _ in 0..1_000_000 { println!(\"{line}\"); }
            panic!(\"at last\");
        }",
    );
    let tested = check(
        &world,
        &Expected {
            code: 1,
            run: &["failed"],
            tests: &[(BAD_RUST, &["failed"])],
        },
    );
    check_bounded(&tested);
}

/// What a test prints is kept up to a limit.
#[track_caller]
fn check_bounded(tested: &Tested) {
    let size: usize = tested
        .events
        .iter()
        .map(|event| event.to_string().len())
        .sum();
    assert!(size < 16_000_000, "{size} bytes of events");
}

#[test]
fn no_cargo() {
    let world = cargo("#[test]\nfn bad() {}\n").env("PATH", "/nowhere");
    check_not_tried(&world, "cargo");
}

/// Nothing could be tried; it says why, naming the thing that is missing.
#[track_caller]
fn check_not_tried(world: &World, named: &str) {
    let tested = world.test(&[]);
    assert_eq!(tested.code, Some(2), "{tested:#?}");
    assert!(
        tested
            .outcomes()
            .values()
            .all(|outcome| outcome != "passed"),
        "{tested:#?}"
    );
    let said = format!("{:?}{}", tested.events, tested.stderr);
    assert!(said.contains(named), "{tested:#?}");
}

#[test]
fn pytest_conftest_raises() {
    let Some(world) = pytest("def test_bad():\n    pass\n") else {
        return;
    };
    world.write("conftest.py", "x = 1\nraise RuntimeError('no luck')\n");
    let tested = check(
        &world,
        &Expected {
            code: 1,
            run: &["didNotBuild"],
            tests: &[],
        },
    );
    assert!(
        tested.events("problem").any(|problem| {
            let text = problem.to_string();
            text.contains("no luck") && text.contains("conftest.py")
        }),
        "{tested:#?}"
    );
}

#[test]
fn pytest_file_is_no_utf8() {
    let Some(world) = pytest("def test_good():\n    pass\n") else {
        return;
    };
    world.write("test_latin.py", b"def test_bad():\n    assert '\xe9'\n");
    let tested = world.test(&[]);
    assert_eq!(tested.code, Some(1), "{tested:#?}");
    assert_eq!(tested.outcomes()[GOOD_PYTHON], "passed", "{tested:#?}");
    assert!(
        tested
            .events("problem")
            .any(|problem| problem.to_string().contains("test_latin.py")),
        "{tested:#?}"
    );
}

/// As [`check_cargo`].
#[track_caller]
fn check_pytest(body: &str, bad: &[&str], good: &[&str]) {
    let Some(world) = pytest(&format!(
        "import os, signal, subprocess, sys, threading\n\
         def test_bad():\n    {body}\n\
         def test_good():\n    pass\n"
    )) else {
        return;
    };
    world.write(".tdd/config.toml", IMPATIENT);
    check(
        &world,
        &Expected {
            code: 1,
            run: &["failed"],
            tests: &[(BAD_PYTHON, bad), (GOOD_PYTHON, good)],
        },
    );
}

#[test]
fn pytest_hangs() {
    check_pytest(
        "threading.Event().wait()",
        &["errored"],
        &["passed", "errored"],
    );
}

#[test]
fn pytest_kills_itself() {
    check_pytest(
        "os.kill(os.getpid(), signal.SIGKILL)",
        &["errored"],
        &["passed", "errored"],
    );
}

#[test]
fn pytest_exits_with_success() {
    check_pytest("os._exit(0)", &["errored"], &["passed", "errored"]);
}

#[test]
fn pytest_writes_what_looks_like_results() {
    check_pytest(
        "os.write(1, b'test_bad.py::test_bad PASSED [100%]\\n=== 2 passed in 0.01s ===\\n'); assert 0",
        &["failed"],
        &["passed"],
    );
}

#[test]
fn pytest_leaves_children_behind() {
    let Some(world) = pytest(
        "import subprocess\n\
         def test_bad():\n    \
             subprocess.Popen(['sleep', '600'])\n    \
             subprocess.Popen(['sleep', '600'], start_new_session=True)\n",
    ) else {
        return;
    };
    check(
        &world,
        &Expected {
            code: 0,
            run: &["passed"],
            tests: &[(BAD_PYTHON, &["passed"])],
        },
    );
}

#[test]
fn pytest_floods() {
    let Some(world) = pytest(
        "def test_bad():\n    \
             for _ in range(1_000_000):\n        print('x' * 99)\n    \
             assert 0\n",
    ) else {
        return;
    };
    let tested = check(
        &world,
        &Expected {
            code: 1,
            run: &["failed"],
            tests: &[(BAD_PYTHON, &["failed"])],
        },
    );
    check_bounded(&tested);
}

#[test]
fn no_python() {
    let world = World::new("//- test_bad.py\ndef test_bad():\n    pass\n").env("PATH", "/nowhere");
    check_not_tried(&world, "Python");
}

#[test]
fn unusable_virtualenv() {
    let Some(world) = pytest("def test_bad():\n    pass\n") else {
        return;
    };
    world.write(".venv/pyvenv.cfg", "home = /nowhere\n");
    world.write(".venv/bin/activate", "");
    std::os::unix::fs::symlink("/nowhere/python", world.path(".venv/bin/python"))
        .expect("a link can be made");
    check_not_tried(&world, ".venv");
}

#[test]
fn nothing_to_test() {
    let world = World::new("//- README.md\nNo tests here.\n");
    let tested = world.greenward(&["test", "--trust"]);
    assert_eq!(tested.code, Some(2), "{tested:#?}");
}

#[test]
fn not_trusted() {
    let world = cargo(
        "#[test]\nfn bad() { std::fs::write(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/ran\"), \"\").unwrap(); }\n",
    );
    world.write(
        "build.rs",
        "fn main() { std::fs::write(\"built\", \"\").unwrap(); }",
    );
    let tested = world.greenward(&["test"]);
    assert_eq!(tested.code, Some(2), "{tested:#?}");
    assert!(tested.stderr.contains("greenward trust"), "{tested:#?}");
    for evidence in ["built", "ran", "target"] {
        assert!(!world.path(evidence).exists(), "{evidence} is there");
    }
}
