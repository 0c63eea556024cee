//! Output that says once more what the failure says.

use greenward_core::Failure;

/// What a test printed, without the part that its failure says already: Rust's panic handler
/// prints the message and perhaps a backtrace, and both are captured as output of the test.
pub(crate) fn without(output: &str, failure: &Failure) -> String {
    let mut kept = String::new();
    let mut lines = output.lines().peekable();
    while let Some(line) = lines.next() {
        if !is_panic(line) || !announces(lines.peek().copied(), failure) {
            kept.push_str(line);
            kept.push('\n');
            continue;
        }
        for told in failure.message.lines() {
            if lines.next_if(|line| line.trim() == told.trim()).is_none() {
                break;
            }
        }
        while lines.next_if(|line| is_backtrace(line)).is_some() {}
    }
    kept
}

/// Whether a panic's first line is this failure's.
fn announces(next: Option<&str>, failure: &Failure) -> bool {
    let summary = failure.message.lines().next();
    next.map(str::trim) == summary.map(str::trim)
}

/// `thread 'tests::one' (4711) panicked at src/lib.rs:3:5:`
fn is_panic(line: &str) -> bool {
    line.starts_with("thread '") && line.contains(" panicked at ") && line.ends_with(':')
}

fn is_backtrace(line: &str) -> bool {
    let is_frame = || {
        let (number, name) = line.trim_start().split_once(": ").unwrap_or_default();
        line.starts_with("  ") && number.parse::<u16>().is_ok() && !name.is_empty()
    };
    line == "stack backtrace:"
        || line.starts_with("             at ")
        || is_frame()
        || (line.starts_with("note: ") && line.contains("RUST_BACKTRACE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PANIC: &str = "\
thread 'tests::one' (2178) panicked at src/lib.rs:30:9:
assertion `left == right` failed
  left: 1
 right: 2
stack backtrace:
   0: __rustc::rust_begin_unwind
             at /rustc/5980/library/std/src/panicking.rs:689:5
   1: core::panicking::panic_fmt
note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.
";

    fn check(output: &str, expected: &str) {
        let failure = Failure {
            message: "assertion `left == right` failed\n  left: 1\n right: 2".into(),
            ..Failure::default()
        };
        assert_eq!(without(output, &failure), expected);
    }

    #[test]
    fn the_panic_of_the_failure_goes_and_all_else_stays() {
        check(PANIC, "");
        check(
            &format!("before\n{PANIC}after\n   2: mine\n"),
            "before\nafter\n   2: mine\n",
        );
        check("", "");
    }

    #[test]
    fn another_panic_stays() {
        let other = "thread 'helper' panicked at src/lib.rs:3:5:\nno such file\n";
        check(&format!("{other}{PANIC}"), other);
        check(
            "thread 'helper' panicked at src/lib.rs:3:5:",
            "thread 'helper' panicked at src/lib.rs:3:5:\n",
        );
    }
}
