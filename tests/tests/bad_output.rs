//! Tests that print without end, or what looks like results.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use greenward_tests::{Client, Options, Profile, Tested, World, wait_until};
use serde_json::json;

/// Lines that a flood prints, each of 100 bytes.
const LINES: usize = 2_000_000;

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
    let world = World::new("//- pytest.ini\n[pytest]\naddopts = -s\n");
    world.write("test_bad.py", source);
    world.with_python()
}

/// What is printed past the framework's capture comes in few events, up to a limit, and says how
/// much was left out.
#[track_caller]
fn check_cut(world: &World, test: &str, outcome: &str) {
    let tested = world.test(&[]);
    assert_eq!(tested.outcomes()[test], outcome, "{}", tested.stderr);
    let texts: Vec<&str> = tested
        .events("output")
        .filter_map(|event| event["text"].as_str())
        .collect();
    let size: usize = texts.iter().map(|text| text.len()).sum();
    assert!(size < 1_500_000, "{size} bytes");
    assert!(texts.len() < 200, "{} events", texts.len());
    let cut = texts
        .iter()
        .any(|text| text.contains("bytes of output left out"));
    assert!(cut, "{:?}", texts.last());
}

#[test]
fn cargo_floods_uncaptured() {
    let world = cargo(&format!(
        "#[test]
        fn bad() {{
            for _ in 0..{LINES} {{ println!(\"{{}}\", \"x\".repeat(99)); }}
            for _ in 0..{LINES} {{ eprintln!(\"{{}}\", \"y\".repeat(99)); }}
        }}"
    ));
    world.write(
        ".tdd/config.toml",
        "[cargo]\ntest_args = [\"--nocapture\"]\n",
    );
    check_cut(&world, "cargo:.#bad/lib::bad", "passed");
}

#[test]
fn pytest_floods_uncaptured() {
    let Some(world) = pytest(&format!(
        "import sys\n\
         def test_bad():\n    \
             for _ in range({LINES}):\n        print('x' * 99)\n    \
             for _ in range({LINES}):\n        print('y' * 99, file=sys.stderr)\n"
    )) else {
        return;
    };
    check_cut(&world, "pytest:.#test_bad.py::test_bad", "passed");
}

#[test]
fn cargo_prints_one_huge_line() {
    let world = cargo(
        "#[test]
        fn bad() {
            for _ in 0..200 { print!(\"{}\", \"x\".repeat(1_000_000)); }
            println!();
        }",
    );
    world.write(
        ".tdd/config.toml",
        "[cargo]\ntest_args = [\"--nocapture\"]\n",
    );
    let tested = world.test(&[]);
    assert_eq!(tested.runs(), ["passed"], "{}", tested.stderr);
    check_bounded(&tested);
}

#[test]
fn cargo_prints_one_huge_line_captured() {
    let world = cargo(
        "#[test]
        fn bad() {
            for _ in 0..200 { print!(\"{}\", \"x\".repeat(1_000_000)); }
            panic!(\"at last\");
        }
        #[test]
        fn good() {}",
    );
    let tested = world.test(&[]);
    let outcomes = tested.outcomes();
    let bad = outcomes["cargo:.#bad/lib::bad"].as_str();
    assert!(["failed", "errored"].contains(&bad), "{outcomes:?}");
    assert!(!tested.runs().contains(&"passed"), "{}", tested.stderr);
    check_bounded(&tested);
}

#[test]
fn pytest_prints_one_huge_line() {
    let Some(world) = pytest(
        "import sys\n\
         def test_bad():\n    \
             for _ in range(200):\n        sys.stdout.write('x' * 1000000)\n    \
             print()\n",
    ) else {
        return;
    };
    let tested = world.test(&[]);
    assert_eq!(tested.runs(), ["passed"], "{}", tested.stderr);
    check_bounded(&tested);
}

/// What a run has said stays small.
#[track_caller]
fn check_bounded(tested: &Tested) {
    let size: usize = tested
        .events
        .iter()
        .map(|event| event.to_string().len())
        .sum();
    assert!(size < 3_000_000, "{size} bytes of events");
}

/// While a test prints for ever, the editor is answered, the memory stays, and a cancel works.
#[test]
fn the_editor_is_answered_meanwhile() {
    let world = cargo(
        "#[test]
        fn bad() {
            std::fs::write(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/begun\"), \"\").unwrap();
            loop { println!(\"{}\", \"x\".repeat(60)); }
        }",
    );
    let options = Options::new(Profile::VsCode)
        .trusted()
        .settings(json!({"cargo": {"test_args": ["--nocapture"]}}))
        .allow("$/progress")
        .allow("window/logMessage")
        .allow("window/showMessage");
    let mut client = Client::start(&world, options);
    client.execute("greenward.runAll", json!([]));
    client.wait_for("the test to begin", |_| {
        world.path("begun").exists().then_some(())
    });
    for _ in 0..50 {
        client.status();
    }
    let memory = resident(client.server().id());
    assert!(memory < 300, "{memory} MiB");
    client.execute("greenward.cancel", json!([]));
    client.wait_until_idle();
    wait_until("the processes of the run to end", || {
        (world.processes().len() == 1).then_some(())
    });
}

/// The memory of a process, in MiB.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let size = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    size.expect("its memory") / 1024
}

/// A target with a `main` of its own is one test, whatever it prints: its exit code tells.
#[test]
fn a_target_without_harness_is_judged_by_its_exit_code() {
    const LIES: &str = r##"
        println!("running 2 tests");
        println!("test invented ... ok");
        println!("test liar ... ok");
        println!("test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out");
        println!(r#"{{ "type": "suite", "event": "started", "test_count": 1 }}"#);
        println!(r#"{{ "type": "test", "event": "started", "name": "invented" }}"#);
        println!(r#"{{ "type": "test", "name": "invented", "event": "ok" }}"#);
        println!("invented: test");
        println!("1 test, 0 benchmarks");
    "##;
    const TRUTHS: &str = r#"println!("test honest ... FAILED");"#;
    let world = World::new(
        r#"
        //- Cargo.toml
        [package]
        name = "bad"
        version = "0.1.0"
        edition = "2021"

        [[test]]
        name = "liar"
        harness = false

        [[test]]
        name = "honest"
        harness = false
        //- src/lib.rs
        "#,
    );
    world.write(
        "tests/liar.rs",
        format!("fn main() {{ {LIES} std::process::exit(1); }}"),
    );
    world.write("tests/honest.rs", format!("fn main() {{ {TRUTHS} }}"));
    let tested = world.test(&[]);
    let outcomes: Vec<(String, String)> = tested.outcomes().into_iter().collect();
    let expected = [
        ("cargo:.#bad/test/honest", "passed"),
        ("cargo:.#bad/test/liar", "failed"),
    ]
    .map(|(test, outcome)| (test.to_owned(), outcome.to_owned()));
    assert_eq!(outcomes, expected);
    assert_eq!(tested.code, Some(1), "{tested:#?}");

    // Listing asks them nothing: an editor sees the same two.
    let options = Options::new(Profile::VsCode)
        .trusted()
        .allow("$/progress")
        .allow("window/logMessage")
        .allow("window/showMessage");
    let mut client = Client::start(&world, options);
    client.wait_until_loaded();
    client.wait_until_idle();
    let status = client.status();
    assert_eq!(status["tests"], 2, "{status}");
}
