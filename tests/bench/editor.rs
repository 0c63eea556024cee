//! What an editor feels: the start, requests while tests run, quick saves.

use std::time::Duration;

use greenward_tests::{Client, Options, Profile, World};
use serde_json::{Value, json};

use crate::sample::{Report, median, time};

pub(crate) fn options() -> Options {
    Options::new(Profile::Neovim)
        .trusted()
        .events()
        .allow("$/progress")
        .allow("window/logMessage")
        .allow("greenward/runEvent")
        .allow("greenward/testsChanged")
}

/// The outcomes of the runs that have ended and were not looked at yet.
pub(crate) fn ended(client: &mut Client) -> Vec<Value> {
    client
        .take("greenward/runEvent")
        .into_iter()
        .filter(|event| event["event"] == "runFinished")
        .collect()
}

/// Waits until a run has ended that was not cancelled.
pub(crate) fn wait_for_run(client: &mut Client) {
    client.wait_for("the end of a run", |client| {
        let ended = ended(client);
        ended
            .iter()
            .any(|event| event["outcome"] != "cancelled")
            .then_some(())
    });
}

/// Waits until every folder has been read.
pub(crate) fn wait_until_known(client: &mut Client, tests: u64) {
    client.wait_for("all tests to be known", |client| {
        let status = client.status();
        let known = status["tests"].as_u64() >= Some(tests);
        (known && status["loading"] == false).then_some(())
    });
}

pub(crate) fn start(report: &mut Report) {
    let world = World::new("//- Cargo.toml\n[package]\nname = 'a'\n//- src/lib.rs\n");
    let samples = (0..20).map(|_| time(|| Client::start(&world, options())).0);
    report.duration(
        "start to initialize reply",
        median(samples.collect()),
        Duration::from_millis(10),
    );
}

const SLOW: &str = "
import time

def test_slow():
    time.sleep(3)
";

pub(crate) fn requests(report: &mut Report) {
    let world = World::new(&format!(
        "//- pytest.ini\n[pytest]\n//- test_slow.py\n{SLOW}"
    ));
    let Some(world) = world.with_python() else {
        report.skip("requests while tests run", "no Python with pytest");
        return;
    };
    let mut client = Client::start(&world, options());
    client.open("test_slow.py");
    wait_until_known(&mut client, 1);
    client.request("greenward/run", json!({}));
    let hover = json!({
        "textDocument": {"uri": world.uri("test_slow.py")},
        "position": {"line": 3, "character": 5},
    });
    let mut samples = Vec::new();
    while ended(&mut client).is_empty() {
        samples.push(time(|| client.request("textDocument/hover", hover.clone())).0);
    }
    let slowest = samples.iter().max().copied().unwrap_or_default();
    let budget = Duration::from_millis(5);
    report.duration("a request while tests run, median", median(samples), budget);
    report.duration("a request while tests run, slowest", slowest, budget);
}

pub(crate) fn saves(report: &mut Report) {
    let world = World::new(&format!(
        "//- pytest.ini\n[pytest]\n//- test_slow.py\n{SLOW}"
    ));
    let Some(world) = world.with_python() else {
        report.skip("five saves in 100 ms", "no Python with pytest");
        return;
    };
    let mut client = Client::start(&world, options());
    client.open("test_slow.py");
    wait_until_known(&mut client, 1);
    client.request("greenward/run", json!({}));
    let (one, ()) = time(|| wait_for_run(&mut client));
    let mut runs = 0;
    let (all, ()) = time(|| {
        for save in 0..5 {
            client.save("test_slow.py", &format!("{SLOW}# {save}\n"));
            std::thread::sleep(Duration::from_millis(25));
        }
        client.wait_for("a current result", |client| {
            runs += ended(client).len();
            let status = client.status();
            let idle = status["projects"][0]["running"].is_null();
            (runs > 0 && idle).then_some(())
        });
    });
    report.at_most(
        "five saves in 100 ms of a 3 s test: runs",
        runs as f64,
        2.0,
        "runs",
    );
    report.ratio("five saves in 100 ms: the last result", all, one * 2, 1.2);
}
