//! From a save to what it means, for a Cargo package, beside `cargo test`.

use std::time::Duration;

use greenward_tests::{Client, World};

use crate::editor::{options, wait_for_run, wait_until_known};
use crate::sample::{Report, median, time};

const SAMPLES: usize = 7;

/// So long nothing happens before each measurement. Saves that follow each other at once are taken
/// together: that is another benchmark. And both ways start from the same quiet.
const QUIET: Duration = Duration::from_millis(250);

/// A library with some code and twenty tests.
fn package() -> World {
    let mut text = "
//- Cargo.toml
[package]
name = 'numbers'
version = '0.1.0'
edition = '2021'
[lib]
doctest = false
//- src/lib.rs
pub mod sums;
"
    .to_owned();
    text.push_str("//- src/sums.rs\n");
    text.push_str(&sums(0));
    World::new(&text)
}

fn sums(constant: usize) -> String {
    let mut text = format!("pub fn constant() -> usize {{ {constant} }}\n");
    for number in 0..20 {
        text.push_str(&format!(
            "pub fn sum{number}(x: &[usize]) -> usize {{ x.iter().map(|x| x * {number}).sum() }}\n\
             #[test]\nfn sums{number}() {{ assert_eq!(sum{number}(&[1, 2]), 3 * {number}); }}\n"
        ));
    }
    text
}

pub(crate) fn unchanged(report: &mut Report) {
    let world = package();
    let mut client = Client::start(&world, options());
    client.open("src/sums.rs");
    wait_until_known(&mut client, 20);
    client.save("src/sums.rs", &sums(0));
    wait_for_run(&mut client);
    client.wait_until_idle();
    let bare = package();
    assert_eq!(bare.tool("cargo", &["test"]).code, Some(0), "cargo test");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..SAMPLES {
        std::thread::sleep(QUIET);
        theirs.push(time(|| bare.tool("cargo", &["test"])).0);
        std::thread::sleep(QUIET);
        ours.push(
            time(|| {
                client.save("src/sums.rs", &sums(0));
                wait_for_run(&mut client);
            })
            .0,
        );
        client.wait_until_idle();
    }
    report.ratio(
        "cargo, save to result, nothing to build",
        median(ours),
        median(theirs),
        0.2,
    );
}

pub(crate) fn rebuild(report: &mut Report) {
    let world = package();
    let mut client = Client::start(&world, options());
    client.open("src/sums.rs");
    wait_until_known(&mut client, 20);
    client.save("src/sums.rs", &sums(0));
    wait_for_run(&mut client);
    let bare = package();
    assert_eq!(bare.tool("cargo", &["test"]).code, Some(0), "cargo test");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for sample in 1..=SAMPLES {
        bare.write("src/sums.rs", sums(sample));
        std::thread::sleep(QUIET);
        theirs.push(time(|| bare.tool("cargo", &["test"])).0);
        std::thread::sleep(QUIET);
        ours.push(
            time(|| {
                client.save("src/sums.rs", &sums(sample));
                wait_for_run(&mut client);
            })
            .0,
        );
        client.wait_until_idle();
    }
    report.ratio(
        "cargo, save to result, with a build",
        median(ours),
        median(theirs),
        1.0,
    );
}
