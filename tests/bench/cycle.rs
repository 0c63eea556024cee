//! What a cycle costs besides the tests and the worker.
//!
//! The daemon's log says when each process began and ended. What a cycle takes less the time in
//! which a process in a lane ran is what Greenward adds: its own start, snapshots, lanes, the
//! evidence, and what it asks interpreters and cargo.

use std::time::Duration;

use greenward_tests::World;
use serde_json::json;

use crate::sample::{Report, median, time};

const SAMPLES: usize = 5;

const PYTHON: &str = r#"
//- pytest.ini
[pytest]
//- roman.py
def roman(number):
    """A number below nine as a Roman numeral."""
    return "I" * number
//- test_roman.py
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
edition = "2024"
[lib]
doctest = false
//- .gitignore
target
//- src/lib.rs
/// A number below nine as a Roman numeral.
pub fn roman(number: usize) -> String {
    "I".repeat(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_three() {
        assert_eq!(roman(3), "III");
    }

    #[test]
    fn test_four() {
        assert_eq!(roman(4), "IV");
    }
}
"#;

pub(crate) fn added(report: &mut Report) {
    let python = World::new(PYTHON).with_python().map(|world| {
        let right = "    if number == 4:\n        return \"IV\"\n    return \"I\" * number\n";
        ("roman.py", "    return \"I\" * number\n", right, world)
    });
    let right = "    match number {\n        4 => \"IV\".to_owned(),\n        \
                 _ => \"I\".repeat(number),\n    }\n";
    let rust = ("src/lib.rs", "    \"I\".repeat(number)\n", right);
    let rust = (rust.0, rust.1, rust.2, World::new(RUST));
    for (framework, case) in [("pytest", python), ("cargo", Some(rust))] {
        let what = format!("a cycle, {framework}: besides tests and worker");
        let Some((file, wrong, right, world)) = case else {
            report.skip(&what, "no Python with pytest");
            continue;
        };
        world.commit_all();
        let mended = world.read(file).replace(wrong, right);
        world.replay("", [json!({ "files": { file: mended } })]);
        // The lanes of the first are made; those that follow take them from the pool.
        green(&world, 0);
        let cycles: Vec<_> = (0..SAMPLES).map(|_| green(&world, 0)).collect();
        let besides = cycles.iter().map(Cycle::besides).collect();
        report.duration(&what, median(besides), Duration::from_secs(1));
        let runs = cycles.last().map_or(0, |cycle| cycle.runs.len());
        let each = cycles.iter().flat_map(|cycle| &cycle.runs);
        let each = median(each.map(|(began, ended)| *ended - *began).collect());
        report.note(
            &format!("a cycle, {framework}: processes of tests and builds"),
            &format!("{runs}, {:.0} ms each", each.as_secs_f64() * 1000.0),
        );
    }
}

pub(crate) fn large(report: &mut Report) {
    const FILES: usize = 10_000;
    let Some(world) = World::new(PYTHON).with_python() else {
        report.skip(
            "a lane from the pool, 10,000 files",
            "no Python with pytest",
        );
        return;
    };
    for file in 0..FILES {
        let mut text = format!("\"\"\"Module {file}.\"\"\"\n");
        for number in 0..20 {
            text += &format!("\n\ndef add_{number}(x):\n    return x + {file} * {number}\n");
        }
        world.write(&format!("parts/part{}/module_{file}.py", file % 100), text);
    }
    let blocked = json!({ "way_out": { "kind": "blocked", "reason": "this is about lanes" } });
    world.replay("", [blocked]);
    let first = green(&world, 1);
    report.note(
        "10,000 files in no repository: the first cycle",
        &format!(
            "{:.1} s besides tests and worker",
            first.besides().as_secs_f64()
        ),
    );
    let cycles: Vec<_> = (0..SAMPLES)
        .map(|sample| {
            world.write("parts/part0/module_0.py", format!("SAMPLE = {sample}\n"));
            green(&world, 1)
        })
        .collect();
    let lanes = cycles.iter().map(|cycle| cycle.lane).collect();
    report.duration(
        "a lane from the pool, 10,000 files",
        median(lanes),
        Duration::from_millis(300),
    );
    let besides = cycles.iter().map(Cycle::besides).collect();
    report.duration(
        "a cycle's beginning, 10,000 files: besides tests",
        median(besides),
        Duration::from_secs(1),
    );
}

/// What is known of the time that a cycle took.
struct Cycle {
    /// All of it, from the start of the daemon to its end.
    whole: Duration,
    /// When each process that ran tests or built them began and ended.
    runs: Vec<(Duration, Duration)>,
    /// From wanting the worker's lane to having it.
    lane: Duration,
}

/// One cycle for the failing test, which ends with this exit code.
fn green(world: &World, code: i32) -> Cycle {
    let log = "warn,greenward_exec=debug,greenward_engine=debug";
    let args = ["green", "test_four", "--trust", "--log", log];
    let (whole, done) = time(|| world.greenward(&args));
    done.check(code, &[]);
    Cycle::read(whole, &done.stderr)
}

impl Cycle {
    fn read(whole: Duration, log: &str) -> Self {
        let mut lane = (None, None);
        let mut open: Vec<(&str, Duration)> = Vec::new();
        let mut runs = Vec::new();
        for line in log.lines() {
            let Some(at) = moment(line) else { continue };
            let pid = field(line, "pid=");
            if line.contains("a process has started") {
                // What runs in the user's own folder is none of the verdict's tests: it is ours.
                if field(line, "folder=").contains("/lanes/") {
                    open.push((pid, at));
                }
            } else if line.contains("it is asked for what it prints") {
                open.retain(|(known, _)| *known != pid);
            } else if line.contains("a process has ended") {
                let began = open.iter().position(|(known, _)| *known == pid);
                runs.extend(began.map(|index| (open.swap_remove(index).1, at)));
            } else if line.contains("a lane is wanted") {
                lane.0 = Some(at);
            } else if line.contains("a lane is there") {
                lane.1 = Some(at);
            }
        }
        let lane = lane.0.zip(lane.1).map(|(wanted, there)| there - wanted);
        assert!(
            !runs.is_empty() && lane.is_some(),
            "the log says too little:\n{log}"
        );
        runs.sort();
        Self {
            whole,
            runs,
            lane: lane.unwrap_or_default(),
        }
    }

    /// What it took besides the time in which tests ran or were built.
    fn besides(&self) -> Duration {
        let mut busy = Duration::ZERO;
        let mut until = Duration::ZERO;
        for (began, ended) in &self.runs {
            busy += ended.saturating_sub(*began.max(&until));
            until = until.max(*ended);
        }
        self.whole.saturating_sub(busy)
    }
}

/// The time of day of a line of the log, `2030-01-02T03:04:05.678901Z ...`.
fn moment(line: &str) -> Option<Duration> {
    let (_, time) = line.split_once(' ')?.0.split_once('T')?;
    let mut parts = time.strip_suffix('Z')?.split(':');
    let mut next = || parts.next()?.parse::<f64>().ok();
    let (hours, minutes, seconds) = (next()?, next()?, next()?);
    Some(Duration::from_secs_f64(
        (hours * 60.0 + minutes) * 60.0 + seconds,
    ))
}

/// What follows `name` in a line of the log, up to the next space.
fn field<'a>(line: &'a str, name: &str) -> &'a str {
    let value = line.split_once(name).map_or("", |(_, rest)| rest);
    value.split(' ').next().unwrap_or_default()
}
