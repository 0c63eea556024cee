//! What comes to the user is what was verified: all of it, and nothing else that a worker left.

use greenward_tests::World;
use serde_json::{Value, json};

const PYTHON: &str = r#"
//- pytest.ini
[pytest]
//- notes.txt
mine
//- roman.py
def roman(number):
    return "I" * number
//- tests/test_roman.py
from roman import roman


def test_three():
    assert roman(3) == "III"


def test_four():
    assert roman(4) == "IV"
"#;

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

#[cfg(test)]
mod tests {
    #[test]
    fn four() {
        assert_eq!(super::roman(4), "IV");
    }
}
"#;

const CYCLE: &str = "mutation_seconds = 0\nrepeat = 1\nmax_attempts = 1";

const RIGHT: &str = "def roman(number):\n    return \"IV\" if number == 4 else \"I\" * number\n";

/// Runs a cycle in which a worker leaves these files, and applies what comes of it.
fn applied(world: &World, target: &str, files: &Value) {
    world.replay(CYCLE, [json!({ "files": files })]);
    let green = world.greenward(&["green", target, "--trust"]);
    green.check(0, &["green."]);
    world.greenward(&["apply", "1"]).check(0, &["Applied"]);
}

#[test]
fn files_that_code_reads_come_with_it() {
    let letters = "{\"4\": \"IV\"}\n";
    let reading = "import json\nimport pathlib\n\nLETTERS = json.loads((pathlib.Path(__file__).parent / \
                   \"letters.json\").read_text())\n\n\ndef roman(number):\n    \
                   return LETTERS.get(str(number), \"I\" * number)\n";
    if let Some(world) = World::new(PYTHON).with_python() {
        let files = json!({ "roman.py": reading, "letters.json": letters });
        applied(&world, "test_four", &files);
        assert_eq!(world.read("roman.py"), reading);
        assert_eq!(world.read("letters.json"), letters);
    }
    let world = World::new(RUST);
    let including = world.read("src/lib.rs").replace(
        "    \"I\".repeat(number as usize)\n",
        "    if number == 4 {\n        include_str!(\"four.txt\").to_owned()\n    } else {\n        \
         \"I\".repeat(number as usize)\n    }\n",
    );
    let files = json!({ "src/lib.rs": including, "src/four.txt": "IV" });
    applied(&world, "four", &files);
    assert_eq!(world.read("src/lib.rs"), including);
    assert_eq!(world.read("src/four.txt"), "IV");
}

#[test]
fn a_file_that_changes_what_the_code_does_is_judged_with_it() {
    let Some(world) = World::new(PYTHON).with_python() else {
        return;
    };
    let two_faced = format!(
        "{RIGHT}\n\nimport pathlib\n\nMORE = pathlib.Path(__file__).with_name(\"more.txt\")\n\
         if MORE.exists():\n    exec(MORE.read_text())\n"
    );
    let files = json!({
        "roman.py": two_faced,
        "more.txt": "def roman(number):\n    return \"\"\n",
    });
    world.replay(CYCLE, [json!({ "files": files })]);
    let green = world.greenward(&["green", "test_four", "--trust", "--apply"]);
    green.check(1, &["not green"]);
    assert!(!world.path("more.txt").exists());
}

#[test]
fn what_was_not_judged_stays_away_and_is_named() {
    let Some(world) = World::new(PYTHON).with_python() else {
        return;
    };
    world.commit_all();
    let extra = [
        (".tdd/config.toml", "[pytest]\npython = \"/nowhere\"\n"),
        (".gitattributes", "* filter=evil\n"),
        (".gitignore", "*\n"),
        (".gitmodules", "[submodule \"x\"]\n"),
        ("tests/__init__.py", "raise SystemExit\n"),
        ("tests/roman.py", "def roman(number):\n    return \"\"\n"),
        ("tests/test_more.py", "def test_more():\n    assert False\n"),
        ("notes.txt", "theirs\n"),
    ];
    let mut files = json!({ "roman.py": RIGHT });
    for (path, text) in extra {
        files[path] = text.into();
    }
    world.replay(CYCLE, [json!({ "files": files })]);
    let green = world.greenward(&["green", "test_four", "--trust"]);
    green.check(0, &["green."]);
    let diff = world.greenward(&["diff", "1"]);
    for (path, _) in extra {
        // What git itself reads is in no version at all.
        let named = format!("{path}  left out: it is no part of what was judged");
        let is_told = diff.stdout.contains(&named) || green.stdout.contains(path);
        assert!(is_told, "{path}: {}{}", green.stdout, diff.stdout);
    }
    world
        .greenward(&["apply", "1"])
        .check(0, &["Applied: 1 file changed"]);
    assert_eq!(world.read("roman.py"), RIGHT);
    assert_eq!(world.read("notes.txt"), "mine\n");
    for (path, _) in extra.iter().filter(|(path, _)| *path != "notes.txt") {
        assert!(!world.path(path).exists(), "{path}");
    }
    let tests = world.tool("python", &["-m", "pytest", "-q"]);
    assert_eq!(tests.code, Some(0), "{}", tests.stdout);
}

#[test]
fn tests_beside_the_code_come_as_the_user_has_them() {
    let world = World::new(RUST);
    let right = world.read("src/lib.rs").replace(
        "    \"I\".repeat(number as usize)\n",
        "    if number == 4 { \"IV\".into() } else { \"I\".repeat(number as usize) }\n",
    );
    let more =
        "    #[test]\n    fn five() {\n        assert_eq!(super::roman(5), \"V\");\n    }\n}\n";
    let with_more = format!("{}{more}", right.trim_end().trim_end_matches('}'));
    applied(&world, "four", &json!({ "src/lib.rs": with_more }));
    // The worker's own test was never run, so it is not brought.
    assert!(
        !world.read("src/lib.rs").contains("fn five"),
        "{}",
        world.read("src/lib.rs")
    );
    let tests = world.tool("cargo", &["test", "--quiet"]);
    assert_eq!(tests.code, Some(0), "{}", tests.stdout);
}
