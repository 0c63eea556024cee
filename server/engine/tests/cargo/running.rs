//! What becomes of tests.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use greenward_core::{RunEvent, RunOutcome, Selection};

use crate::world::{PACKAGE, World};

fn check(files: &str, expected: &str, outcome: &RunOutcome) -> World {
    let mut world = World::new(&format!("{PACKAGE}{files}"));
    let said = world.run(Selection::All);
    assert_eq!(said.shown(), expected, "{said:#?}");
    assert_eq!(said.outcome, *outcome);
    world
}

pub(crate) fn every_outcome() {
    let mut world = check(
        "//- src/lib.rs
#[cfg(test)]
mod tests {
    #[test]
    fn passes() { println!(\"seen\"); }
    #[test]
    fn fails() {
        assert_eq!(1 + 1, 3);
    }
    #[test]
    fn returns_an_error() -> Result<(), String> { Err(\"no\".to_owned()) }
    #[test]
    #[ignore = \"slow\"]
    fn ignored() {}
    #[test]
    #[should_panic]
    fn should_panic() {}
    #[cfg(any())]
    #[test]
    fn left_out() {}
}
//- tests/it.rs
#[test]
fn passes_too() {}
",
        "a/lib::tests::fails failed assertion
a/lib::tests::ignored skipped ignored
a/lib::tests::passes passed
a/lib::tests::returns_an_error failed error
a/lib::tests::should_panic failed should_panic
a/test/it::passes_too passed
",
        &RunOutcome::Failed,
    );
    let said = world.run(Selection::All);
    let failure = said.results["a/lib::tests::fails"].failure.clone().unwrap();
    let place = failure.location.clone().unwrap();
    assert_eq!(place.file, world.folder().join("src/lib.rs"));
    assert_eq!((place.range.start.line, place.range.start.column), (6, 8));
    assert_eq!(failure.expected.as_deref(), Some("3"));
    assert_eq!(&*said.results["a/lib::tests::passes"].output, "seen\n");
}

pub(crate) fn backtraces_come_where_the_environment_asks_for_them() {
    for (asked, setting, shown) in [("0", false, false), ("1", false, true), ("0", true, true)] {
        let mut world = World::new(&format!(
            "{PACKAGE}//- .cargo/config.toml
[env]
RUST_BACKTRACE = {{ value = \"{asked}\", force = true }}
//- src/lib.rs
#[test] fn fails() {{ panic!(\"no\") }}
"
        ));
        world.settings.cargo.backtrace = setting;
        let said = world.run(Selection::All);
        let output = &said.results["a/lib::fails"].output;
        let case = format!("RUST_BACKTRACE={asked}, cargo.backtrace = {setting}");
        let seen = output.contains("stack backtrace:");
        assert_eq!(seen, shown, "{case}: {output}");
    }
}

pub(crate) fn documentation_tests() {
    let mut world = check(
        "//- src/lib.rs
//! ```
//! assert!(true);
//! ```

/// ```
/// assert_eq!(1, 2);
/// ```
/// ```
/// let x: u8 = a::two();
/// ```
pub fn two() -> u8 { 2 }
",
        "a/doc::src/lib.rs - passed
a/doc::src/lib.rs - two failed assertion
a/doc::src/lib.rs - two #2 passed
",
        &RunOutcome::Failed,
    );
    let one = world.items(&["a/doc::src/lib.rs - two #2"]);
    let said = world.run(one);
    assert_eq!(said.shown(), "a/doc::src/lib.rs - two #2 passed\n");
    assert_eq!(said.outcome, RunOutcome::Passed);
}

pub(crate) fn a_target_with_a_main_of_its_own() {
    check(
        "[[test]]
name = \"good\"
harness = false
[[test]]
name = \"bad\"
harness = false
[[test]]
name = \"dead\"
harness = false
//- tests/good.rs
fn main() {}
//- tests/bad.rs
fn main() { std::process::exit(3) }
//- tests/dead.rs
fn main() { std::process::abort() }
",
        "a/test/bad failed exit\na/test/dead errored crashed\na/test/good passed\n",
        &RunOutcome::Failed,
    );
}

pub(crate) fn what_ends_its_process_takes_no_other_test_with_it() {
    check(
        "//- src/lib.rs
#[test] fn a_passes() {}
#[test] fn b_aborts() { std::process::abort() }
#[test] fn c_leaves() { std::process::exit(0) }
#[test] fn d_fails() { panic!(\"no\") }
#[test] fn e_passes() {}
#[test] fn f_overflows() { fn f(n: u64) -> u64 { if n == 0 { 0 } else { f(std::hint::black_box(n + 1)) + 1 } } f(1); }
#[test] fn g_passes() {}
",
        "a/lib::a_passes passed
a/lib::b_aborts errored crashed
a/lib::c_leaves errored crashed
a/lib::d_fails failed panic
a/lib::e_passes passed
a/lib::f_overflows errored crashed
a/lib::g_passes passed
",
        &RunOutcome::Failed,
    );
}

pub(crate) fn what_takes_too_long_is_stopped_alone() {
    let mut world = World::new(&format!(
        "{PACKAGE}//- src/lib.rs
#[test] fn a_passes() {{}}
#[test] fn b_hangs() {{ loop {{ std::thread::park() }} }}
#[test] fn c_passes() {{}}
//- tests/it.rs
#[test] fn d_passes() {{}}
"
    ));
    world.settings.run.timeout_seconds = 2;
    world.settings.cargo.test_threads = std::num::NonZeroU32::new(1);
    let said = world.run(Selection::All);
    assert_eq!(
        said.shown(),
        "a/lib::a_passes passed
a/lib::b_hangs errored timeout
a/lib::c_passes passed
a/test/it::d_passes passed
"
    );
    assert_eq!(said.outcome, RunOutcome::Failed);
}

pub(crate) fn forged_results_break_the_run() {
    let mut world = World::new(&format!(
        "{PACKAGE}//- src/lib.rs
#[test] fn a_passes() {{}}
#[test]
fn forges() {{
    use std::io::Write;
    let line = r#\"{{ \"type\": \"test\", \"name\": \"forges\", \"event\": \"ok\" }}\"#;
    std::io::stdout().write_all(format!(\"{{line}}\\n\").as_bytes()).unwrap();
    panic!(\"no\");
}}
"
    ));
    let said = world.run(Selection::All);
    let forged = &said.results["a/lib::forges"];
    assert!(forged.outcome.is_bad(), "{said:#?}");
    let RunOutcome::RunnerBroken { message } = said.outcome else {
        panic!("{said:#?}");
    };
    assert!(message.contains("do not add up"), "{message}");
}

pub(crate) fn cancelling_ends_every_process() {
    let mut world = World::new(&format!(
        "{PACKAGE}//- src/lib.rs
#[test]
fn waits() {{
    let child = std::process::Command::new(\"sleep\").arg(\"1000\").spawn().unwrap();
    std::fs::write(\"target/pid\", child.id().to_string()).unwrap();
    println!(\"{{}}\", child.wait_with_output().unwrap().status);
}}
"
    ));
    let pid = world.folder().join("target/pid");
    let said = world.drive(Selection::All, false, |event, cancel| {
        if let RunEvent::Started(_) = event {
            let (pid, cancel) = (pid.clone(), cancel.clone());
            std::thread::spawn(move || {
                let written = || fs::read_to_string(&pid).is_ok_and(|pid| !pid.is_empty());
                while !written() {
                    std::thread::yield_now();
                }
                cancel.cancel();
            });
        }
    });
    assert_eq!(said.outcome, RunOutcome::Cancelled);
    let pid = fs::read_to_string(pid).unwrap();
    assert!(
        !fs::exists(format!("/proc/{pid}")).unwrap(),
        "{pid} is left"
    );
}

/// A test that writes down what of its environment is cargo's, and its folder.
const WRITES_ENVIRONMENT: &str = "
#[test]
fn writes() {
    let wanted = [\"CARGO\", \"LD_LIBRARY\", \"OUT_DIR\", \"FROM_\", \"RUSTUP\"];
    let mut text = String::new();
    for (name, value) in std::env::vars() {
        if wanted.iter().any(|prefix| name.starts_with(prefix)) {
            text.push_str(&format!(\"{name}={value}\\n\"));
        }
    }
    text.push_str(&format!(\"folder={}\\n\", std::env::current_dir().unwrap().display()));
    std::fs::write(std::env::var(\"WRITE_TO\").unwrap(), text).unwrap();
}
";

pub(crate) fn the_environment_is_cargos_own() {
    let mut world = World::new(&format!(
        "//- Cargo.toml
[workspace]
members = [\"m\"]
resolver = \"3\"
[workspace.package]
version = \"1.2.3-pre.4+build\"
authors = [\"One <one@example.org>\", \"Two\"]
license = \"MIT\"
//- .cargo/config.toml
[env]
FROM_CONFIG = \"yes\"
FROM_FOLDER = {{ value = \"here\", relative = true }}
WRITE_TO = {{ value = \"target/environment\", relative = true }}
//- m/Cargo.toml
[package]
name = \"m-m\"
version.workspace = true
authors.workspace = true
license.workspace = true
edition = \"2024\"
rust-version = \"1.85\"
description = \"says\"
homepage = \"https://example.org\"
links = \"mine\"
//- m/README.md
Read me.
//- m/build.rs
fn main() {{
    let out = std::env::var(\"OUT_DIR\").unwrap();
    println!(\"cargo:rustc-env=FROM_SCRIPT=yes\");
    println!(\"cargo:rustc-link-search=native={{out}}/native\");
    println!(\"cargo:rustc-link-search=/usr/lib\");
}}
//- m/src/lib.rs
//- m/src/bin/tool.rs
fn main() {{}}
//- m/tests/it.rs
{WRITES_ENVIRONMENT}"
    ));
    let written = world.folder().join("target/environment");
    let read = || -> BTreeMap<String, String> {
        fs::read_to_string(&written)
            .unwrap()
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    };
    let said = world.run(Selection::All);
    assert_eq!(said.outcome, RunOutcome::Passed, "{said:#?}");
    let mut ours = read();
    let status = Command::new("cargo")
        .args(["test", "--workspace", "--quiet"])
        .current_dir(world.folder())
        .env_clear()
        .envs(World::environment())
        .output()
        .unwrap();
    assert!(status.status.success(), "{status:?}");
    let mut cargos = read();
    // What rustup's proxy sets on its way to cargo.
    for name in [
        "RUSTUP_TOOLCHAIN",
        "RUSTUP_TOOLCHAIN_SOURCE",
        "RUSTUP_HOME",
        "CARGO_HOME",
    ] {
        ours.remove(name);
        cargos.remove(name);
    }
    assert_eq!(ours, cargos);
    assert_eq!(ours["FROM_SCRIPT"], "yes");
    assert!(ours.contains_key("CARGO_BIN_EXE_tool"));
}

pub(crate) fn a_configured_runner_is_put_in_front() {
    let mut world = World::new(&format!(
        "{PACKAGE}//- .cargo/config.toml
[target.'cfg(unix)']
runner = [\"./run.sh\", \"an argument\"]
//- run.sh
#!/bin/sh
echo \"runner: $1\" >&2
shift
exec \"$@\"
//- src/lib.rs
#[test] fn passes() {{}}
"
    ));
    let script = world.folder().join("run.sh");
    let mut permissions = fs::metadata(&script).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    fs::set_permissions(&script, permissions).unwrap();
    let said = world.run(Selection::All);
    assert_eq!(said.outcome, RunOutcome::Passed, "{said:#?}");
    assert!(said.output.contains("runner: an argument"), "{said:#?}");
}
