//! `greenward test` with a place as failures print it, on a real package.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::process::Command;

const SOURCE: &str = "\
#[cfg(test)]
mod tests {
    #[test]
    fn holds() {}

    #[test]
    fn returns_an_error() -> Result<(), String> {
        Err(\"no\".into())
    }
}
";

/// Runs `greenward test` in a package. Returns its exit code and what it prints.
#[expect(
    clippy::disallowed_methods,
    reason = "the command line is run as users run it"
)]
fn test(wanted: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let package = folder.path().join("calc");
    std::fs::create_dir_all(package.join("src")).unwrap();
    let manifest = "[package]\nname = \"calc\"\nedition = \"2021\"\n[workspace]\n";
    std::fs::write(package.join("Cargo.toml"), manifest).unwrap();
    std::fs::write(package.join("src/lib.rs"), SOURCE).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_greenward"))
        .args(["test", "--trust", wanted])
        .current_dir(&package)
        .env("CARGO_TARGET_DIR", package.join("target"))
        .env("XDG_CONFIG_HOME", folder.path().join("config"))
        .env("XDG_STATE_HOME", folder.path().join("state"))
        .env("XDG_CACHE_HOME", folder.path().join("cache"))
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[test]
fn a_failure_without_a_place_stands_at_its_test() {
    let (code, text) = test("calc/lib::tests::returns_an_error");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("  at src/lib.rs:7:8\n"), "{text}");
}

#[test]
fn a_line_selects_the_test_that_stands_there() {
    for (place, code, says) in [
        ("src/lib.rs:4", Some(0), "1 passed in"),
        ("src/lib.rs:8:9", Some(1), "1 failed in"),
        ("src/lib.rs:1", Some(2), "no test stands at"),
    ] {
        let (ended, text) = test(place);
        assert_eq!(ended, code, "{place}: {text}");
        assert!(text.contains(says), "{place}: {text}");
    }
}
