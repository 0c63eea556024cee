//! A day in the life: open, run, fail, mend, in the words of different editors.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use greenward_tests::{Client, Options, Profile, World};
use serde_json::json;

const WRONG: &str = "\
pub fn double(x: i32) -> i32 {
    x + 2
}

#[test]
fn doubles() {
    assert_eq!(double(3), 6, \"of é\");
}
";

fn package() -> World {
    let world = World::new(
        r#"
        //- Cargo.toml
        [package]
        name = "double"
        version = "0.1.0"
        edition = "2021"
        "#,
    );
    world.write("src/lib.rs", WRONG);
    world
}

fn options(profile: Profile) -> Options {
    Options::new(profile)
        .allow("$/progress")
        .allow("window/logMessage")
}

/// From a wrong function to a right one, by saving alone.
fn check_mend(world: &World, file: &str, right: &str, test: &str, line: u32, profile: Profile) {
    let mut client = Client::start(world, options(profile).trusted());
    client.wait_until_loaded();
    client.open(file);
    let wrong = world.read(file);
    client.save(file, &format!("{wrong}\n"));
    let diagnostic = client.wait_for("the failing test to be shown", |client| {
        client.diagnostics(file).pop()
    });
    assert_eq!(diagnostic["source"], "greenward", "{diagnostic}");
    assert_eq!(diagnostic["data"]["test"], test, "{diagnostic}");
    assert_eq!(diagnostic["range"]["start"]["line"], line, "{diagnostic}");
    let message = diagnostic["message"].as_str().expect("it has a message");
    assert!(message.contains('5') && message.contains('6'), "{message}");
    client.wait_until_idle();

    client.save(file, right);
    client.wait_for("the failure to be gone", |client| {
        client.diagnostics(file).is_empty().then_some(())
    });
    let status = client.wait_until_idle();
    assert_eq!(status["counts"]["passed"], 1, "{status}");
    assert_eq!(status["counts"]["failed"], 0, "{status}");
}

#[test]
fn cargo_in_each_editor() {
    for profile in [Profile::Bare, Profile::VsCode, Profile::Neovim] {
        let world = package();
        let right = WRONG.replace("x + 2", "x * 2");
        let test = "cargo:.#double/lib::doubles";
        check_mend(&world, "src/lib.rs", &right, test, 6, profile);
    }
}

#[test]
fn pytest_in_each_editor() {
    let wrong =
        "def double(x):\n    return x + 2\n\ndef test_doubles():\n    assert double(3) == 6\n";
    for profile in [Profile::Bare, Profile::VsCode, Profile::Neovim] {
        let Some(world) = World::new("//- pytest.ini\n[pytest]\n").with_python() else {
            return;
        };
        world.write("test_double.py", wrong);
        let right = wrong.replace("x + 2", "x * 2");
        let test = "pytest:.#test_double.py::test_doubles";
        check_mend(&world, "test_double.py", &right, test, 4, profile);
    }
}

#[test]
fn nothing_runs_before_the_user_trusts() {
    let world = package();
    world.write(
        "build.rs",
        "fn main() { std::fs::write(\"built\", \"\").unwrap(); }",
    );
    // Who asks for a run after having said so is asked again.
    let options = options(Profile::VsCode).always("trust", Some("Not now"));
    let mut client = Client::start(&world, options);
    client.open("src/lib.rs");
    client.save("src/lib.rs", &format!("{WRONG}\n"));
    client.execute("greenward.runAll", json!([]));
    let status = client.wait_until_idle();
    assert_eq!(status["trusted"], false, "{status}");
    assert_eq!(status["tests"], 1, "the tests are known: {status}");
    for evidence in ["built", "target"] {
        assert!(!world.path(evidence).exists(), "{evidence} is there");
    }
}

#[test]
fn results_become_stale_when_the_text_changes() {
    let world = package();
    let mut client = Client::start(&world, options(Profile::Neovim).trusted());
    client.open("src/lib.rs");
    client.execute("greenward.runAll", json!([]));
    client.wait_for("the failing test", |client| {
        client.diagnostics("src/lib.rs").pop()
    });
    client.wait_until_idle();
    assert_eq!(freshness(&mut client), "current");
    client.change("src/lib.rs", &format!("// unsaved\n{WRONG}"));
    client.wait_for("the result to be stale", |client| {
        (freshness(client) == "stale").then_some(())
    });
    client.wait_for("the diagnostic to say so", |client| {
        let shown = client.diagnostics("src/lib.rs").pop()?;
        let stale = shown["message"].as_str()?.starts_with("stale: ");
        // It has moved with the line that was put above it.
        (stale && shown["range"]["start"]["line"] == 7).then_some(())
    });
}

#[test]
fn a_save_while_the_workspace_is_read_is_not_lost() {
    let Some(world) = World::new("//- pytest.ini\n[pytest]\n").with_python() else {
        return;
    };
    for index in 0..3_000 {
        world.write(
            &format!("test_{index}.py"),
            "def test_a():\n    assert 1 == 1\n",
        );
    }
    let mut client = Client::start(&world, options(Profile::Neovim).trusted());
    client.open("test_0.py");
    client.save("test_0.py", "def test_a():\n    assert 1 == 2\n");
    client.wait_for("the failing test to be shown", |client| {
        client.diagnostics("test_0.py").pop()
    });
}

/// The freshness of the only test of the package.
fn freshness(client: &mut Client<'_>) -> serde_json::Value {
    let tests = client.request(
        "greenward/discover",
        json!({"parent": "cargo:.#double/lib"}),
    );
    tests["tests"][0]["freshness"].clone()
}

fn run_all(client: &mut Client<'_>) {
    client.execute("greenward.runAll", json!([]));
    client.wait_for("a current result", |client| {
        (freshness(client) == "current").then_some(())
    });
    client.wait_until_idle();
}

#[test]
fn a_file_changed_outside_the_editor_makes_results_stale() {
    let world = package();
    let options = options(Profile::Neovim).trusted();
    let settings = json!({"run": {"on_save": false}});
    let mut client = Client::start(&world, options.settings(settings));
    run_all(&mut client);
    client.diagnostics("src/lib.rs");
    let right = WRONG.replace("x + 2", "x * 2");
    world.write("src/lib.rs", &right);
    client.wait_for("the result to be stale", |client| {
        (freshness(client) == "stale").then_some(())
    });
    // Changed outside, then opened at once, as after an agent or a checkout.
    run_all(&mut client);
    world.write("src/lib.rs", WRONG);
    client.open("src/lib.rs");
    client.wait_for("the result to be stale again", |client| {
        (freshness(client) == "stale").then_some(())
    });
    client.diagnostics("src/lib.rs");
}

#[test]
fn a_file_that_code_includes_from_outside_its_package_is_an_input() {
    let world = World::new(
        r#"
        //- README.md
        six
        //- double/Cargo.toml
        [package]
        name = "double"
        version = "0.1.0"
        edition = "2021"
        //- double/src/lib.rs
        #[test]
        fn reads() { assert!(include_str!("../../README.md").contains("six")); }
        "#,
    );
    let mut client = Client::start(&world, options(Profile::Neovim).trusted());
    client.execute("greenward.runAll", json!([]));
    client.wait_for("the test to pass", |client| {
        (client.status()["counts"]["passed"] == 1).then_some(())
    });
    client.wait_until_idle();
    world.write("README.md", "seven\n");
    client.wait_for("the failure", |client| {
        client.diagnostics("double/src/lib.rs").pop()
    });
    client.wait_until_idle();
}

#[test]
fn a_run_that_is_asked_for_sees_what_the_watcher_cannot() {
    let world = package();
    world.write(".gitignore", "generated.rs\ntarget\n");
    world.write("src/generated.rs", "pub const RIGHT: i32 = 6;\n");
    let text = "include!(\"generated.rs\");\n#[test]\nfn right() { assert_eq!(RIGHT, 6); }\n";
    world.write("src/lib.rs", text);
    let mut client = Client::start(&world, options(Profile::Neovim).trusted());
    run_all(&mut client);
    assert_eq!(client.status()["counts"]["passed"], 1);
    world.write("src/generated.rs", "pub const RIGHT: i32 = 7;\n");
    client.execute("greenward.runAll", json!([]));
    client.wait_for("the failure", |client| {
        client.diagnostics("src/lib.rs").pop()
    });
}

#[test]
fn revoked_trust_ends_what_runs() {
    let world = package();
    let hanging = "#[test]\nfn hangs() { loop { std::thread::park(); } }\n";
    world.write("src/lib.rs", hanging);
    let mut client = Client::start(
        &world,
        options(Profile::Neovim)
            .trusted()
            .choose("trust", Some("Not now")),
    );
    client.execute("greenward.runAll", json!([]));
    client.wait_for("the test to run", |client| {
        let status = client.status();
        (status["projects"][0]["running"]["stage"] == "running").then_some(())
    });
    let revoked = world.greenward(&["trust", "--revoke"]);
    assert_eq!(revoked.code, Some(0), "{revoked:?}");
    client.wait_for("the trust to be gone", |client| {
        (client.status()["trusted"] == false).then_some(())
    });
    client.wait_until_idle();
}

#[test]
fn several_folders_keep_their_tests_apart() {
    let world = World::new("");
    for (folder, test) in [("one", "first"), ("two", "second")] {
        world.write(
            &format!("{folder}/Cargo.toml"),
            "[package]\nname = \"same\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
        );
        let text = format!("#[test]\nfn {test}() {{}}\n");
        world.write(&format!("{folder}/src/lib.rs"), text);
    }
    let mut client = Client::start(
        &world,
        options(Profile::VsCode).trusted().folders(&["one", "two"]),
    );
    let ids = |status: &serde_json::Value| -> Vec<String> {
        let projects = status["projects"].as_array().expect("a list");
        projects
            .iter()
            .map(|project| project["id"].to_string())
            .collect()
    };
    let status = client.wait_until_loaded();
    assert_eq!(ids(&status), ["\"cargo:.\"", "\"cargo:two\""], "{status}");
    client.execute("greenward.runAll", json!([]));
    client.wait_for("both to pass", |client| {
        (client.status()["counts"]["passed"] == 2).then_some(())
    });
    client.notify(
        "workspace/didChangeWorkspaceFolders",
        json!({"event": {"added": [], "removed": [{"uri": world.uri("one"), "name": "one"}]}}),
    );
    let status = client.wait_for("one folder to be gone", |client| {
        let status = client.status();
        (status["tests"] == 1).then_some(status)
    });
    assert_eq!(ids(&status), ["\"cargo:two\""], "{status}");
}
