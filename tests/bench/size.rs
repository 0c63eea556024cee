//! What large workspaces cost.

use std::time::Duration;

use greenward_tests::{Client, World};

use crate::editor::{options, wait_until_known};
use crate::sample::{Report, time};

/// A pytest project of so many files with so many tests each.
fn project(files: usize, tests: usize) -> World {
    let world = World::new("//- pytest.ini\n[pytest]\n");
    for file in 0..files {
        let mut text = "import os\n\nimport pytest\n".to_owned();
        for test in 0..tests {
            text.push_str(&format!(
                "\n\ndef test_{test}(tmp_path):\n    path = tmp_path / 'x'\n    path.write_text('{test}')\n    assert os.path.exists(path)\n"
            ));
        }
        world.write(&format!("tests/part{}/test_{file}.py", file % 50), text);
    }
    world
}

pub(crate) fn memory(report: &mut Report) {
    let world = project(50, 20);
    let mut client = Client::start(&world, options());
    wait_until_known(&mut client, 1000);
    client.wait_until_idle();
    let id = client.server().id();
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let kilobytes = status.lines().find_map(|line| {
        line.strip_prefix("VmRSS:")?
            .trim()
            .strip_suffix("kB")?
            .trim()
            .parse()
            .ok()
    });
    match kilobytes {
        Some(kilobytes) => {
            let kilobytes: f64 = kilobytes;
            report.at_most(
                "memory when idle, 1,000 tests",
                kilobytes / 1024.0,
                25.0,
                "MiB",
            );
        }
        None => report.skip("memory when idle, 1,000 tests", "no /proc"),
    }
}

pub(crate) fn discovery(report: &mut Report) {
    let small = project(5000, 4);
    let (known, slowest) = know(&small, 20_000);
    report.at_least(
        "discovery of ordinary test files",
        5000.0 / known.as_secs_f64(),
        5000.0,
        "files/s",
    );
    let budget = Duration::from_millis(5);
    report.duration("a request meanwhile, slowest", slowest, budget);
    let large = project(5000, 20);
    let (known, slowest) = know(&large, 100_000);
    report.duration(
        "100,000 tests in 5,000 files known",
        known,
        Duration::from_secs(10),
    );
    report.duration("a request meanwhile, slowest", slowest, budget);
}

/// How long it takes until all tests are known, and the slowest answer meanwhile.
fn know(world: &World, tests: u64) -> (Duration, Duration) {
    let mut client = Client::start(world, options());
    let mut slowest = Duration::ZERO;
    let (known, ()) = time(|| {
        client.wait_for("all tests to be known", |client| {
            let (took, status) = time(|| client.status());
            slowest = slowest.max(took);
            let known = status["tests"].as_u64() >= Some(tests);
            (known && status["loading"] == false).then_some(())
        });
    });
    (known, slowest)
}
