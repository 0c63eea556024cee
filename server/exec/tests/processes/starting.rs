//! Starts: what a process is given, and what is told when there is none.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use greenward_core::Invocation;
use greenward_exec::{Executor, Exit, Limits, LineLimits, StartErrorKind, Stdin, lines};
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;

use crate::world::{World, alone, in_time, next, until};

pub(crate) fn reports_exit_codes_and_signals() {
    World::run(async |world| {
        for (script, expected) in [
            ("exit 0", Exit::Code(0)),
            ("exit 101", Exit::Code(101)),
            ("exit 255", Exit::Code(255)),
            ("ulimit -c 0; kill -SEGV $$", Exit::Signal(11)),
            ("kill -KILL $$", Exit::Signal(9)),
            ("kill -TERM $$", Exit::Signal(15)),
        ] {
            let mut process = world.start(script).await;
            assert_eq!(in_time(process.wait()).await, expected, "{script}");
            assert_eq!(
                in_time(process.wait()).await,
                expected,
                "{script}, asked again"
            );
        }
    });
}

pub(crate) fn says_what_is_wrong_with_a_start() {
    World::run(async |world| {
        let write = |name: &str, text: &str, mode: u32| {
            let path = world.path(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        let plain = write("plain", "", 0o644);
        let moved = write("moved", "#!/no/such/interpreter\n", 0o755);
        let garbled = write("garbled", "\u{1}\u{2}", 0o755);
        let gone = world.path("gone");

        for (program, folder, expected) in [
            ("no-such-program", world.folder(), StartErrorKind::NotFound),
            (gone.as_str(), world.folder(), StartErrorKind::NotFound),
            (
                moved.as_str(),
                world.folder(),
                StartErrorKind::NoInterpreter,
            ),
            (
                plain.as_str(),
                world.folder(),
                StartErrorKind::NotExecutable,
            ),
            (
                garbled.as_str(),
                world.folder(),
                StartErrorKind::NotExecutable,
            ),
            (
                world.folder().as_str(),
                world.folder(),
                StartErrorKind::NotExecutable,
            ),
            ("sh", &gone, StartErrorKind::FolderGone),
            ("sh", &plain, StartErrorKind::FolderGone),
        ] {
            let invocation = Invocation::new(program, folder);
            let started = world.executor.start(&invocation, Stdin::Null).await;
            let error = started.unwrap_err();
            assert_eq!(error.kind, expected, "{error}");
            let text = error.to_string();
            assert!(
                text.contains(program) && text.contains(folder.as_str()),
                "{text}"
            );
            world.is_gone();
        }

        let executor = Executor::new(gone, [("PATH", "/usr/bin:/bin")]);
        let started = executor.start(&world.sh("true"), Stdin::Null).await;
        assert_eq!(started.unwrap_err().kind, StartErrorKind::Unsupervised);
        let executor = Executor::new("/bin/true", [("PATH", "/usr/bin:/bin")]);
        let started = executor.start(&world.sh("true"), Stdin::Null).await;
        assert_eq!(started.unwrap_err().kind, StartErrorKind::Unsupervised);
    });
}

pub(crate) fn gives_the_environment_it_was_told() {
    World::run(async |world| {
        let executor = Executor::new(
            "/proc/self/exe",
            [
                ("PATH", "/usr/bin:/bin"),
                ("KEPT", "1"),
                ("CHANGED", "1"),
                ("REMOVED", "1"),
            ],
        );
        let invocation = Invocation::new("env", world.folder())
            .env("CHANGED", "2")
            .env("ADDED", "a b\n'c'")
            .without_env("REMOVED");
        let output = executor
            .output(&invocation, Limits::default(), &CancellationToken::new())
            .await
            .unwrap();
        let mut variables: Vec<&str> = output.stdout.lines().collect();
        variables.sort_unstable();
        assert_eq!(
            variables,
            [
                "'c'",
                "ADDED=a b",
                "CHANGED=2",
                "KEPT=1",
                "PATH=/usr/bin:/bin"
            ]
        );
    });
}

pub(crate) fn keeps_the_libraries_of_the_program_from_the_supervisor() {
    World::run(async |world| {
        let script = "echo \"$LD_LIBRARY_PATH\"; tr '\\0' '\\n' </proc/$PPID/environ";
        let invocation = Invocation::new("sh", world.folder())
            .args(["-c", script])
            .env("LD_LIBRARY_PATH", "/its own");
        let output = world
            .executor
            .output(&invocation, Limits::default(), &CancellationToken::new())
            .await
            .unwrap();
        let (program, supervisor) = output.stdout.split_once('\n').unwrap();
        assert_eq!(program, "/its own");
        assert!(!supervisor.contains("/its own"), "{supervisor}");
    });
}

pub(crate) fn runs_in_its_own_folder_group_and_session() {
    World::run(async |world| {
        let mut process = world
            .start("pwd -P; cut -d' ' -f1,4-6 /proc/$$/stat; ls /proc/$$/fd")
            .await;
        let mut lines = lines(process.stdout.take().unwrap(), LineLimits::default());
        let mut found = Vec::new();
        while let Some(line) = next(&mut lines).await {
            found.push(line.text);
        }
        let pid = process.pid();
        let folder = world.folder().canonicalize_utf8().unwrap();
        assert_eq!(found[0], folder);
        // From the stat file: the process, its parent (the supervisor), its group, its session.
        let ids: Vec<i32> = found[1].split(' ').map(|id| id.parse().unwrap()).collect();
        let supervisor = ids[1];
        assert_eq!(ids, [pid, supervisor, pid, supervisor]);
        found.drain(..2);
        found.sort();
        assert_eq!(found, inheritable(), "it was given more than its streams");
        in_time(process.wait()).await;
    });
}

pub(crate) fn passes_input_through() {
    World::run(async |world| {
        let mut process = in_time(world.executor.start(&world.sh("cat; exit 3"), Stdin::Piped))
            .await
            .unwrap();
        let mut stdin = process.stdin.take().unwrap();
        let mut lines = lines(process.stdout.take().unwrap(), LineLimits::default());
        for text in ["one", "two"] {
            stdin
                .write_all(format!("{text}\n").as_bytes())
                .await
                .unwrap();
            assert_eq!(next(&mut lines).await.unwrap().text, text);
        }
        drop(stdin);
        assert_eq!(next(&mut lines).await, None);
        assert_eq!(in_time(process.wait()).await, Exit::Code(3));

        let mut process = world.start("cat; exit 4").await;
        assert!(process.stdin.is_none());
        assert_eq!(in_time(process.wait()).await, Exit::Code(4));

        // A program that closes its input is seen to have done so.
        let mut process = in_time(
            world
                .executor
                .start(&world.sh("exec <&-; sleep 1000"), Stdin::Piped),
        )
        .await
        .unwrap();
        let mut stdin = process.stdin.take().unwrap();
        let refused = async {
            while stdin.write_all(b"more\n").await.is_ok() {
                tokio::task::yield_now().await;
            }
        };
        in_time(refused).await;
        process.stop(Duration::ZERO).await;
    });
}

pub(crate) fn output_ends_when_the_program_closes_it() {
    World::run(async |world| {
        let mut process = world
            .start("echo last >&2; exec >&- 2>&-; sleep 1000")
            .await;
        let mut stdout = lines(process.stdout.take().unwrap(), LineLimits::default());
        let mut stderr = lines(process.stderr.take().unwrap(), LineLimits::default());
        assert_eq!(next(&mut stdout).await, None);
        assert_eq!(next(&mut stderr).await.unwrap().text, "last");
        assert_eq!(next(&mut stderr).await, None);
        process.stop(Duration::ZERO).await;
    });
}

pub(crate) fn two_hundred_starts_leave_nothing_open() {
    alone("starting::two_hundred_starts_leave_nothing_open", || {
        World::run(async |world| {
            let held = || {
                let open = fs::read_dir("/proc/self/fd").unwrap().count();
                let children = fs::read_to_string("/proc/self/task/self/children");
                (open, children.unwrap_or_default())
            };
            let call = async |script: &str| {
                let mut process = world.start(script).await;
                in_time(process.wait()).await
            };
            call("exit 0").await;
            let before = held();
            for _ in 0..100 {
                assert_eq!(call("exit 1").await, Exit::Code(1));
                drop(world.start("exit 0").await);
            }
            until(
                || held() == before,
                || format!("{:?}, before: {before:?}", held()),
            )
            .await;
        });
    });
}

/// The open files of this process that any program it starts inherits, by number: its streams, and
/// what it was itself given by whoever started it.
fn inheritable() -> Vec<String> {
    const CLOSE_ON_EXEC: u32 = 0o2_000_000;
    let mut inheritable: Vec<String> = fs::read_dir("/proc/self/fdinfo")
        .unwrap()
        .flatten()
        .filter(|entry| {
            let info = fs::read_to_string(entry.path()).unwrap_or_default();
            let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
            let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
            flags.is_some_and(|flags| flags & CLOSE_ON_EXEC == 0)
        })
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    inheritable.sort();
    inheritable
}
