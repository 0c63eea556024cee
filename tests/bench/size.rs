//! What large workspaces cost.

use std::time::Duration;

use greenward_tests::{Client, World};

use crate::editor::{options, wait_until_known};
use crate::sample::{Report, median, time};

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

/// The size of the program itself.
pub(crate) fn binary(report: &mut Report) {
    let bytes = greenward_tests::binary()
        .metadata()
        .map_or(0, |data| data.len());
    report.at_most("binary", bytes as f64 / 1e6, 25.0, "MB");
}

/// A Cargo package of so many modules, each with some code, documentation and so many tests.
fn package(files: usize, tests: usize) -> World {
    const FOLDERS: usize = 50;
    let world = World::new(
        "//- Cargo.toml\n[package]\nname = 'large'\nversion = '0.1.0'\nedition = '2021'\n",
    );
    let declared = |names: Vec<String>| -> String {
        names
            .iter()
            .map(|name| format!("pub mod {name};\n"))
            .collect()
    };
    let folders = (0..FOLDERS).map(|folder| format!("part{folder}"));
    world.write("src/lib.rs", declared(folders.collect()));
    for folder in 0..FOLDERS {
        let modules = (folder..files).step_by(FOLDERS);
        let modules = modules.map(|file| format!("module{file}"));
        world.write(
            &format!("src/part{folder}/mod.rs"),
            declared(modules.collect()),
        );
    }
    for file in 0..files {
        let mut text = "//! Counts.\n\nuse std::collections::BTreeMap;\n".to_owned();
        for number in 0..tests {
            text.push_str(&format!(
                "\n/// Counts the words of a text that are {number} long.\n\
                 pub fn count{number}(text: &str) -> BTreeMap<&str, usize> {{\n    \
                 let mut words = BTreeMap::new();\n    \
                 for word in text.split(' ').filter(|word| word.len() == {number}) {{\n        \
                 *words.entry(word).or_default() += 1;\n    }}\n    words\n}}\n"
            ));
        }
        text.push_str("\n#[cfg(test)]\nmod tests {\n    use super::*;\n");
        for number in 0..tests {
            text.push_str(&format!(
                "\n    #[test]\n    fn counts{number}() {{\n        \
                 let words = count{number}(\"a bb ccc\");\n        \
                 assert!(words.len() <= 1, \"{{words:?}}\");\n    }}\n"
            ));
        }
        text.push_str("}\n");
        world.write(&format!("src/part{}/module{file}.rs", file % FOLDERS), text);
    }
    world
}

pub(crate) fn discovery(report: &mut Report) {
    const FILES: usize = 5000;
    for (language, world) in [("Python", project(FILES, 4)), ("Rust", package(FILES, 4))] {
        let what = format!("discovery on one core, {language} files");
        match processor_time(&world, 4 * FILES as u64) {
            Some(spent) => {
                let rate = FILES as f64 / spent.as_secs_f64();
                report.at_least(&what, rate, 5000.0, "files/s");
            }
            None => report.skip(&what, "no /proc"),
        }
    }
    let large = project(FILES, 20);
    let (known, median, slowest) = know(&large, 20 * FILES as u64);
    report.duration(
        "100,000 tests in 5,000 files known",
        known,
        Duration::from_secs(10),
    );
    let budget = Duration::from_millis(5);
    report.duration("a request meanwhile, median", median, budget);
    report.duration("a request meanwhile, slowest", slowest, budget);
}

/// The processor time that the daemon spends from its start until all tests are known: as long as
/// that takes on one core that does nothing else. Nothing where the system does not tell.
fn processor_time(world: &World, tests: u64) -> Option<Duration> {
    /// Linux counts this time in hundredths of a second: `sysconf(_SC_CLK_TCK)`.
    const TICK: Duration = Duration::from_millis(10);
    let mut client = Client::start(world, options());
    client.wait_for("all tests to be known", |client| {
        // Seldom, since answers take time of the daemon, too.
        std::thread::sleep(Duration::from_millis(50));
        let status = client.status();
        let known = status["tests"].as_u64() >= Some(tests);
        (known && status["loading"] == false).then_some(())
    });
    let id = client.server().id();
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name in parentheses may hold anything; user and system time are the fields 14 and 15.
    let (_, rest) = stat.rsplit_once(')')?;
    let ticks = rest.split_whitespace().skip(11).take(2);
    let ticks: u32 = ticks.filter_map(|field| field.parse::<u32>().ok()).sum();
    Some(TICK * ticks)
}

/// How long it takes until all tests are known, and the median and slowest answers meanwhile.
fn know(world: &World, tests: u64) -> (Duration, Duration, Duration) {
    let mut client = Client::start(world, options());
    let mut answers = Vec::new();
    let (known, ()) = time(|| {
        client.wait_for("all tests to be known", |client| {
            let (took, status) = time(|| client.status());
            answers.push(took);
            let known = status["tests"].as_u64() >= Some(tests);
            (known && status["loading"] == false).then_some(())
        });
    });
    let slowest = answers.iter().max().copied().unwrap_or_default();
    (known, median(answers), slowest)
}
