//! Output: of any size, from whoever holds the pipe, and results apart from it.

use std::fs;
use std::time::Duration;

use greenward_core::Invocation;
use greenward_exec::{Capped, Channel, Exit, Limits, LineLimits, OutputError, lines};
use tokio_util::sync::CancellationToken;

use crate::world::{PATIENCE, World, alone, in_time, next, until};

/// 100 MB, on each of two streams: many short lines, and one that never ends.
const FLOOD: &str = "yes $(printf %0999d 7) | head -c 100000000 &
    head -c 100000000 /dev/zero >&2; wait";

fn limits() -> Limits {
    Limits {
        time: PATIENCE,
        ..Limits::default()
    }
}

pub(crate) fn a_flood_is_read_in_bounded_memory() {
    alone("reading::a_flood_is_read_in_bounded_memory", || {
        World::run(async |world| {
            let mut process = world.start(FLOOD).await;
            let limits = LineLimits { bytes: 999 };
            let mut stdout = lines(process.stdout.take().unwrap(), limits);
            let mut stderr = lines(process.stderr.take().unwrap(), limits);
            let read_stdout = async {
                let mut kept = Capped::new(1000, 1000);
                while let Some(line) = next(&mut stdout).await {
                    assert_eq!((line.text.len(), line.cut), (999, false));
                    kept.push(&line.text);
                    kept.push("\n");
                }
                kept
            };
            let read_stderr = async {
                let line = next(&mut stderr).await.unwrap();
                assert_eq!((line.text.len(), line.cut), (999, true));
                assert_eq!(next(&mut stderr).await, None);
            };
            let (kept, ()) = tokio::join!(read_stdout, read_stderr);
            assert_eq!(kept.left_out(), 100_000_000 - 2000);
            assert_eq!(in_time(process.wait()).await, Exit::Code(0));
        });
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap();
        let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(peak < 32 * 1024, "{peak} KiB at the most");
    });
}

pub(crate) fn output_keeps_what_is_allowed() {
    World::run(async |world| {
        for (script, bytes, stdout, stderr, truncated) in [
            ("echo out; echo err >&2", 100, "out\n", "err\n", false),
            ("printf 1234", 4, "1234", "", false),
            ("printf 12345", 4, "1234", "", true),
            ("printf 12345 >&2", 4, "", "1234", true),
            ("printf 'a\\377b'", 4, "a\u{fffd}b", "", false),
        ] {
            let limits = Limits { bytes, ..limits() };
            let output = world.output(script, limits).await.unwrap();
            assert_eq!(output.exit, Exit::Code(0));
            assert_eq!(
                (output.stdout.as_str(), output.stderr.as_str()),
                (stdout, stderr)
            );
            assert_eq!(output.truncated, truncated, "{script}");
        }
        let flood = world.output(FLOOD, limits()).await.unwrap();
        assert_eq!((flood.exit, flood.truncated), (Exit::Code(0), true));
        assert_eq!(
            (flood.stdout.len(), flood.stderr.len()),
            (1024 * 1024, 1024 * 1024)
        );
    });
}

pub(crate) fn a_held_pipe_does_not_hold_us() {
    World::run(async |world| {
        let script = "(setsid sleep 1000 &); sleep 1000 & echo hi; exit 3";
        let output = world.output(script, limits()).await.unwrap();
        assert_eq!(
            (output.exit, output.stdout.as_str()),
            (Exit::Code(3), "hi\n")
        );
        assert!(!output.truncated);
        world.is_gone();
    });
}

pub(crate) fn a_pipe_held_from_outside_does_not_hold_us() {
    World::run(async |world| {
        let script = "echo $$ > new; mv new pid
            while [ ! -e held ]; do sleep 0.01; done; echo hi";
        let holding = async {
            let pid = world.path("pid");
            until(|| pid.exists(), || "the script does not run".into()).await;
            let pid = fs::read_to_string(pid).unwrap();
            let stdout = format!("/proc/{}/fd/1", pid.trim());
            let held = fs::OpenOptions::new().write(true).open(stdout).unwrap();
            fs::write(world.path("held"), "").unwrap();
            held
        };
        let (output, _held) = tokio::join!(world.output(script, limits()), holding);
        let output = output.unwrap();
        assert_eq!(
            (output.exit, output.stdout.as_str()),
            (Exit::Code(0), "hi\n")
        );
        assert!(output.truncated, "its end was not seen");
    });
}

pub(crate) fn output_ends_what_takes_too_long() {
    World::run(async |world| {
        let limits = Limits {
            time: Duration::from_millis(100),
            bytes: 100,
        };
        let output = world.output("setsid sleep 1000 & sleep 1000", limits).await;
        let error = output.unwrap_err();
        assert!(matches!(error, OutputError::TimedOut { .. }), "{error}");
        assert_eq!(error.to_string(), "sh was ended: it took more than 100ms");
        world.is_gone();
    });
}

pub(crate) fn output_ends_what_is_cancelled() {
    World::run(async |world| {
        let cancel = CancellationToken::new();
        let script = world.sh("setsid sleep 1000 & : > here; sleep 1000");
        let output = world.executor.output(&script, limits(), &cancel);
        let cancelled_in_the_middle = async {
            let here = world.path("here");
            until(|| here.exists(), || "the script does not run".into()).await;
            cancel.cancel();
        };
        let (output, ()) = in_time(async { tokio::join!(output, cancelled_in_the_middle) }).await;
        assert!(
            matches!(output, Err(OutputError::Cancelled { .. })),
            "{output:?}"
        );
        world.is_gone();

        let output = world.executor.output(&script, limits(), &cancel).await;
        assert!(
            matches!(output, Err(OutputError::Cancelled { .. })),
            "{output:?}"
        );

        let nothing = Invocation::new("no-such-program", world.folder());
        let output = world
            .executor
            .output(&nothing, limits(), &CancellationToken::new())
            .await;
        assert!(matches!(output, Err(OutputError::Start(_))), "{output:?}");
    });
}

pub(crate) fn results_come_through_a_channel() {
    World::run(async |world| {
        let mut channel = Channel::new(world.folder()).unwrap();
        let script = world
            .sh("echo one > $RESULTS; (echo two; printf three) > $RESULTS; echo shown")
            .env("RESULTS", channel.path().as_str());
        let output = world
            .executor
            .output(&script, limits(), &CancellationToken::new())
            .await
            .unwrap();
        assert_eq!(output.stdout, "shown\n");
        let found: Vec<String> = channel
            .drain()
            .unwrap()
            .into_iter()
            .map(|line| line.text)
            .collect();
        assert_eq!(found, ["one", "two", "three"]);
    });
}
