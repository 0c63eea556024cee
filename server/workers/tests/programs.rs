//! Workers of kind `command`, with real programs.
//!
//! This binary is its own supervisor, as the daemon's is: hence a `main` of our own.
#![expect(
    clippy::disallowed_methods,
    reason = "tests look at the real world: its environment"
)]
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes a test with a main of its own for a program"
)]

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::process::ExitCode;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{Access, Invocation};
use greenward_exec::{Confinement, Executor, Isolation, Network, Stdin};
use greenward_protocol::settings::{self, WorkerKind};
use greenward_workers::prompt::{PromptInput, green};
use greenward_workers::{
    Manner, Phase, Progress, ReplyKind, SettingsError, Turn, TurnReply, WayOutKind, Worker,
    WorkerError,
};
use libtest_mimic::{Arguments, Trial};
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    if args.next().is_some_and(|role| role == "supervise") {
        return greenward_exec::supervise::main(args);
    }
    let tests: &[(&str, fn())] = &[
        ("a_program_gets_all_it_needs", a_program_gets_all_it_needs),
        ("a_program_writes_in_the_lane", a_program_writes_in_the_lane),
        (
            "the_last_line_may_be_a_way_out",
            the_last_line_may_be_a_way_out,
        ),
        (
            "a_failure_shows_the_end_of_the_output",
            a_failure_shows_the_end_of_the_output,
        ),
        ("a_flood_is_capped", a_flood_is_capped),
        ("input_need_not_be_read", input_need_not_be_read),
        ("cancelling_ends_the_program", cancelling_ends_the_program),
        ("time_is_limited", time_is_limited),
        (
            "what_cannot_be_started_is_named",
            what_cannot_be_started_is_named,
        ),
        (
            "a_program_writes_in_its_own_places_only",
            a_program_writes_in_its_own_places_only,
        ),
        (
            "a_program_without_a_network_is_told_of_the_setting",
            a_program_without_a_network_is_told_of_the_setting,
        ),
        (
            "a_relative_program_is_the_workspaces_own",
            a_relative_program_is_the_workspaces_own,
        ),
    ];
    let trials = tests.iter().map(|&(name, test)| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

/// A workspace folder with a lane and a place for prompts.
struct World {
    folder: TempDir,
    cancel: CancellationToken,
    /// Where the worker may write besides the lane.
    writable: Vec<String>,
}

impl World {
    fn new() -> Self {
        let world = Self {
            folder: tempfile::tempdir().unwrap(),
            cancel: CancellationToken::new(),
            writable: Vec::new(),
        };
        for folder in ["lane", "scratch"] {
            fs::create_dir(world.path(folder)).unwrap();
        }
        world
    }

    fn path(&self, name: &str) -> Utf8PathBuf {
        Utf8Path::from_path(self.folder.path()).unwrap().join(name)
    }

    fn worker(&self, argv: &[&str], timeout_seconds: u32) -> Result<Worker, SettingsError> {
        let settings = settings::Worker {
            kind: WorkerKind::Command,
            argv: argv.iter().map(|&arg| arg.to_owned()).collect(),
            timeout_seconds,
            writable: self.writable.clone(),
            ..settings::Worker::default()
        };
        let executor = Executor::new("/proc/self/exe", env::vars_os());
        Worker::from_settings(
            "agent",
            &settings,
            &BTreeMap::from([("HOME".to_owned(), self.path("").into_string())]),
            &executor,
            &self.path(""),
        )
    }

    fn turn(&self) -> Turn {
        Turn {
            phase: Phase::Green,
            attempt: 1,
            task: "convert".into(),
            targets: vec!["a::b".into(), "a::c".into()],
            prompt: green(&PromptInput::default(), Manner::Lane),
            lane: self.path("lane"),
            scratch: self.path("scratch"),
            access: vec![
                (self.path(""), Access::Apparent),
                (self.path("lane"), Access::Kept),
            ],
        }
    }

    async fn run(
        &self,
        argv: &[&str],
        timeout_seconds: u32,
        during: impl AsyncFnOnce(UnboundedReceiver<Progress>),
    ) -> Result<TurnReply, WorkerError> {
        let mut worker = self.worker(argv, timeout_seconds).unwrap();
        let (sender, receiver) = unbounded_channel();
        let turn = self.turn();
        let (reply, ()) = tokio::join!(worker.turn(&turn, &self.cancel, &sender), during(receiver));
        reply
    }

    fn sh(&self, script: &str) -> Result<TurnReply, WorkerError> {
        let reply = block_on(self.run(&["sh", "-c", script], 60, async |_| {}));
        // The prompt's file is gone with the turn.
        assert_eq!(fs::read_dir(self.path("scratch")).unwrap().count(), 0);
        reply
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(future)
}

fn a_program_gets_all_it_needs() {
    let world = World::new();
    let script = "cmp - \"$GREENWARD_PROMPT\" && cat \"$GREENWARD_PROMPT\" | head -n 1
        echo \"$GREENWARD_PHASE|$GREENWARD_TASK|$GREENWARD_TARGETS|$(pwd -P)\"";
    let reply = world.sh(script).unwrap();
    let prompt = world.turn().prompt;
    let lane = fs::canonicalize(world.path("lane")).unwrap();
    let expected = format!(
        "{}\ngreen|convert|a::b\na::c|{}\n",
        prompt.system().lines().next().unwrap(),
        lane.display()
    );
    assert_eq!(reply.text, expected);
}

fn a_program_writes_in_the_lane() {
    let world = World::new();
    let reply = world.sh("echo new > file").unwrap();
    assert_eq!((reply.kind, reply.way_out), (ReplyKind::AgentDone, None));
    assert_eq!(
        fs::read_to_string(world.path("lane/file")).unwrap(),
        "new\n"
    );
}

fn the_last_line_may_be_a_way_out() {
    let world = World::new();
    let reply = world
        .sh("echo hm; echo 'greenward: test_wrong: 2 is 2'; echo; echo late >&2")
        .unwrap();
    let way_out = reply.way_out.unwrap();
    assert_eq!(
        (way_out.kind, way_out.reason.as_str()),
        (WayOutKind::TestWrong, "2 is 2")
    );
}

fn a_failure_shows_the_end_of_the_output() {
    let world = World::new();
    let error = world
        .sh("seq 100000; printf 'no \\033[31mlogin\\n' >&2; exit 3")
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("sh failed: exit code 3"), "{error}");
    assert!(error.ends_with("\nno login"), "{error}");
    let error = world.sh("seq 100000; exit 4").unwrap_err().to_string();
    assert!(error.ends_with("99999\n100000"), "{error}");
    assert!(error.starts_with("sh failed: exit code 4"), "{error}");
    assert!(error.len() < 10_000, "{}", error.len());
}

fn a_flood_is_capped() {
    let world = World::new();
    let reply = world
        .sh("head -c 20000000 /dev/zero | tr '\\0' x | fold -w 999; echo; echo end")
        .unwrap();
    assert!(reply.text.len() < 300_000, "{}", reply.text.len());
    assert!(reply.text.ends_with("end\n"));
}

fn input_need_not_be_read() {
    let world = World::new();
    world.sh("exec <&-; true").unwrap();
}

fn cancelling_ends_the_program() {
    let world = World::new();
    let script = ["sh", "-c", "echo ready; sleep 1000"];
    let reply = block_on(world.run(&script, 60, async |mut progress| {
        assert_eq!(progress.recv().await, Some(Progress::Line("ready".into())));
        world.cancel.cancel();
    }));
    assert!(matches!(reply, Err(WorkerError::Cancelled)), "{reply:?}");
}

fn time_is_limited() {
    let world = World::new();
    let script = ["sh", "-c", "echo asking; sleep 1000"];
    let error = block_on(world.run(&script, 1, async |_| {})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "sh took longer than 1s and was ended: raise `timeout_seconds`?\nasking"
    );
}

fn what_cannot_be_started_is_named() {
    let world = World::new();
    let reply = block_on(world.run(&["no-such-agent"], 60, async |_| {}));
    let Err(WorkerError::Start(why)) = reply else {
        panic!("{reply:?}")
    };
    assert!(
        why.to_string().contains("cannot start no-such-agent"),
        "{why}"
    );
    let error = world.worker(&[], 60).unwrap_err().to_string();
    assert!(error.contains("set `workers.agent.argv`"), "{error}");
}

fn a_relative_program_is_the_workspaces_own() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    for (folder, says) in [("", "the user's"), ("lane/", "the worker's")] {
        fs::create_dir(world.path(&format!("{folder}bin"))).unwrap();
        let path = world.path(&format!("{folder}bin/agent"));
        fs::write(&path, format!("#!/bin/sh\necho \"{says}\"\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let reply = block_on(world.run(&["bin/agent"], 60, async |_| {}));
    assert_eq!(reply.unwrap().text, "the user's\n");
}

fn a_program_writes_in_its_own_places_only() {
    let mut world = World::new();
    for folder in [".agent", ".other"] {
        fs::create_dir(world.path(folder)).unwrap();
    }
    world.writable = vec!["~/.agent".to_owned()];
    let script = "for place in . ../.agent ../.other; do (echo x >$place/new) 2>/dev/null; done;
        test -e new";
    world.sh(script).unwrap();
    assert!(world.path("lane/new").exists());
    assert!(world.path(".agent/new").exists());
    // A system that confines nobody lets it.
    if confines() {
        assert!(!world.path(".other/new").exists());
    }
    world.writable = vec!["agent".to_owned()];
    let error = world.worker(&["true"], 60).unwrap_err().to_string();
    assert!(
        error.contains("`workers.agent.writable` names `agent`"),
        "{error}"
    );
}

fn a_program_without_a_network_is_told_of_the_setting() {
    let world = World::new();
    let error = world.sh("exit 3").unwrap_err().to_string();
    assert!(error.contains("`network = true`"), "{error}");
}

/// Whether this system can confine a process at all.
fn confines() -> bool {
    let executor = Executor::new("/proc/self/exe", env::vars_os()).confined(Confinement {
        access: Vec::new(),
        network: Network::Shared,
    });
    block_on(async {
        let invocation = Invocation::new("true", "/");
        let mut process = executor.start(&invocation, Stdin::Null).await.unwrap();
        process.wait().await;
    });
    executor.isolation() > Some(Isolation::None)
}
