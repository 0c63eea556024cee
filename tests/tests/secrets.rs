//! The user's work is hidden from those who write in a cycle, for the tests stand in it: as it is,
//! as git has it, and as it was compiled. What programs need of it is there all the same.

use camino::Utf8Path;
use greenward_tests::World;
use serde_json::json;

/// What only those know who have read a test that is held out.
const SECRET: &str = "xyzzy-plugh";

const PYTHON: &str = r#"
//- .gitignore
.venv
//- pytest.ini
[pytest]
//- roman.py
def roman(number):
    return "I" * number
//- test_roman.py
from roman import roman


def test_four():
    assert roman(4) == "IV"
//- test_more.py
from roman import roman


def test_five():
    assert roman(5) == "V", "xyzzy-plugh"
"#;

const RIGHT: &str =
    "def roman(number):\n    return {4: \"IV\", 5: \"V\"}.get(number, \"I\" * number)\n";

const RUST: &str = r#"
//- Cargo.toml
[package]
name = "roman"
version = "0.1.0"
edition = "2021"
//- .gitignore
target
//- src/lib.rs
pub fn roman(number: u32) -> String {
    "I".repeat(number as usize)
}
//- tests/four.rs
#[test]
fn four() {
    assert_eq!(roman::roman(4), "IV");
}
//- tests/five.rs
#[test]
fn five() {
    assert_eq!(roman::roman(5), "V", "xyzzy-plugh");
}
"#;

const CYCLE: &str = "mutation_seconds = 0\nrepeat = 1\nmax_attempts = 1";

/// Whether the system can hide anything.
fn can_hide(world: &World) -> bool {
    let said = world.greenward(&["doctor"]).stdout;
    assert!(said.contains("code under test"), "{said}");
    !said.contains("code that writes elsewhere fails") && !said.contains("can write wherever")
}

/// Has a worker look for the secret in all of the user's world, and then do its work.
#[track_caller]
fn check(world: &World, work: &str, targets: &[&str]) {
    if !can_hide(world) {
        return;
    }
    let top = world.workspace().parent().unwrap_or(world.workspace());
    let script = format!(
        "grep -r -l --binary-files=text {SECRET} '{top}' >$SIGNALS/found 2>/dev/null\n\
         ls -A $USERS >$SIGNALS/left\n{work}\n"
    );
    world.script(CYCLE, &script);
    let green = world.greenward(&[&["green", "--trust"], targets].concat());
    green.check(0, &["green."]);
    let read = |name: &str| std::fs::read_to_string(world.signals().join(name));
    // The settings of the worker name the secret: they tell nothing of the test.
    let found = read("found").unwrap_or_default();
    let found: Vec<&str> = found
        .lines()
        .filter(|path| Utf8Path::new(path).file_name() != Some("worker.sh"))
        .collect();
    assert_eq!(found, [""; 0], "{}", green.stdout);
    assert!(read("left").is_ok());
}

#[test]
fn python_that_is_held_out_is_nowhere_to_be_read() {
    for is_repository in [true, false] {
        let Some(world) = World::new(PYTHON).with_python() else {
            return;
        };
        if is_repository {
            world.commit_all();
        }
        // Compiled, and what pytest remembers.
        let plain = world.tool("python", &["-m", "pytest", "-q"]);
        assert_eq!(plain.code, Some(1), "{}", plain.stdout);
        let work = format!("cat >roman.py <<'E'\n{RIGHT}E\n");
        check(&world, &work, &["test_four", "--held-out", "test_five"]);
    }
}

#[test]
fn rust_that_is_held_out_is_nowhere_to_be_read() {
    for build in ["target", "../elsewhere"] {
        let world = World::new(RUST);
        world.commit_all();
        let build = world.path(build);
        let settings = format!("[build]\ntarget-dir = '{build}'\n");
        world.write("../.cargo/config.toml", settings);
        let built = world.tool("cargo", &["test", "--quiet", "--no-run"]);
        assert_eq!(built.code, Some(0), "{}", built.stderr);
        let right = "pub fn roman(number: u32) -> String {\n    match number {\n        4 => \"IV\".into(),\n        5 => \"V\".into(),\n        _ => \"I\".repeat(number as usize),\n    }\n}\n";
        let work = format!("cat >src/lib.rs <<'E'\n{right}E\n");
        check(&world, &work, &["four", "--held-out", "five"]);
    }
}

#[test]
fn an_environment_in_the_users_folder_is_there() {
    for (is_repository, place) in [(true, ".venv"), (false, ".venv"), (true, ".")] {
        let Some(world) = World::new(PYTHON).with_python() else {
            return;
        };
        let installed = world.tool(
            "python",
            &[
                "-c",
                "import pytest, pathlib; print(pathlib.Path(pytest.__file__).parents[1])",
            ],
        );
        let venv = world.tool("python", &["-m", "venv", "--without-pip", place]);
        assert_eq!(venv.code, Some(0), "{}", venv.stderr);
        let program = world.path(place).join("bin/python");
        let where_to = world.tool(
            program.as_str(),
            &[
                "-c",
                "import sysconfig; print(sysconfig.get_path('purelib'))",
            ],
        );
        let link = Utf8Path::new(where_to.stdout.trim()).join("more.pth");
        std::fs::write(link, &installed.stdout).unwrap_or_else(|error| panic!("{error}"));
        world.write(
            ".gitignore",
            ".venv\nbin\nlib\nlib64\ninclude\npyvenv.cfg\n",
        );
        if is_repository {
            world.commit_all();
        }
        let world = world.env("VIRTUAL_ENV", "");
        let settings = format!("[pytest]\npython = '{program}'\n");
        world.write(".tdd/config.toml", settings);
        world.replay(CYCLE, [json!({ "files": { "roman.py": RIGHT } })]);
        world
            .greenward(&["green", "test_four", "--held-out", "test_five", "--trust"])
            .check(0, &["green."]);
        // A worker that is a program can run the tests itself.
        let work = format!(
            "cat >roman.py <<'E'\n{RIGHT}E\n'{program}' -m pytest -q test_roman.py || exit 9\n"
        );
        check(&world, &work, &["test_four", "--held-out", "test_five"]);
    }
}
