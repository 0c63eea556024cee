//! Ends: whatever a tree looks like and however it ends, nothing is left of it.

use std::time::Duration;

use greenward_exec::{Exit, Stdin};
use rustix::process::{Pid, Signal, kill_process};

use crate::world::{World, in_time};

/// Enough to see TERM heeded, short enough to see it ignored.
const GRACE: Duration = Duration::from_millis(200);

/// A grace that no test lives to see the end of.
const ENDLESS: Duration = Duration::from_secs(100_000);

/// Scripts that start trees of many shapes, each line `ready` when it is there.
const TREES: [(&str, &str); 6] = [
    ("a child", "sleep 1000 & echo ready"),
    ("a pipeline", "sleep 1000 | sleep 1000 | cat & echo ready"),
    (
        "a session of its own",
        "setsid sh -c 'echo ready; sleep 1000' & sleep 1000 &",
    ),
    ("a double fork", "(sh -c 'echo ready; sleep 1000' &)"),
    (
        "a daemon: a double fork, a session and closed streams",
        "(setsid sh -c 'sleep 1000 & echo ready; exec <&- >&- 2>&-; wait' &)",
    ),
    (
        "a daemon that ignores TERM",
        "(setsid sh -c 'trap \"\" TERM HUP INT; echo ready; while :; do sleep 1000; done' &)",
    ),
];

pub(crate) fn a_stopped_tree_is_gone() {
    World::run(async |world| {
        for (name, tree) in TREES {
            let mut process = world.start_ready(&format!("{tree}\nsleep 1000")).await;
            let exit = in_time(process.stop(GRACE)).await;
            assert_eq!(exit, Exit::Signal(15), "{name}");
            world.is_gone();
        }
    });
}

pub(crate) fn what_the_program_leaves_is_gone() {
    World::run(async |world| {
        for (name, tree) in TREES {
            // It ends when told, so that all of the tree is there by then.
            let script = format!("{tree}\nread line; exit 7");
            let invocation = world.sh(&script);
            let mut process = world
                .executor
                .start(&invocation, Stdin::Piped)
                .await
                .unwrap();
            let stdout = process.stdout.take().unwrap();
            let mut lines = greenward_exec::lines(stdout, greenward_exec::LineLimits::default());
            while crate::world::next(&mut lines).await.expect("ready").text != "ready" {}
            drop(process.stdin.take());
            assert_eq!(in_time(process.wait()).await, Exit::Code(7), "{name}");
            world.is_gone();
        }
    });
}

pub(crate) fn a_dropped_tree_goes() {
    World::run(async |world| {
        for (_, tree) in TREES {
            drop(world.start_ready(&format!("{tree}\nsleep 1000")).await);
            world.goes().await;
        }
    });
}

pub(crate) fn a_tree_goes_when_the_daemon_is_killed() {
    World::run(async |world| {
        for (_, tree) in TREES {
            let mut daemon = world.start_daemon(&format!("{tree}\nsleep 1000"));
            daemon.kill().unwrap();
            daemon.wait().unwrap();
            world.goes().await;
        }
    });
}

pub(crate) fn a_tree_goes_when_its_supervisor_is_told_to() {
    World::run(async |world| {
        for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
            let mut process = world
                .start_ready("setsid sleep 1000 & echo ready; wait")
                .await;
            kill_process(supervisor(process.pid()), signal).unwrap();
            assert_eq!(in_time(process.wait()).await, Exit::Signal(15));
            world.is_gone();
        }
    });
}

pub(crate) fn a_tree_goes_when_its_supervisor_is_killed() {
    // What left the session on its own and lost its parent is beyond anybody's reach.
    let reachable = [
        TREES[0],
        TREES[1],
        TREES[2],
        TREES[3],
        (
            "a child in a group of its own",
            "sh -mc 'sh -c \"echo ready; sleep 1000\" & wait' &",
        ),
    ];
    World::run(async |world| {
        for (name, tree) in reachable {
            let mut process = world.start_ready(&format!("{tree}\nsleep 1000")).await;
            assert!(!process.is_lost());
            kill_process(supervisor(process.pid()), Signal::KILL).unwrap();
            in_time(process.lost()).await;
            assert!(process.is_lost(), "{name}");
            assert_eq!(in_time(process.wait()).await, Exit::Signal(9), "{name}");
            world.goes().await;
        }
    });
}

pub(crate) fn a_process_in_order_is_never_lost() {
    World::run(async |world| {
        let mut process = world.start("kill -KILL $$").await;
        let lost = tokio::time::timeout(Duration::from_millis(200), process.lost()).await;
        assert!(lost.is_err());
        assert_eq!(in_time(process.wait()).await, Exit::Signal(9));
        assert!(!process.is_lost());
    });
}

pub(crate) fn what_ignores_term_is_killed() {
    World::run(async |world| {
        let script = "trap '' TERM; echo ready; while :; do sleep 1000; done";
        let mut process = world.start_ready(script).await;
        assert_eq!(in_time(process.stop(GRACE)).await, Exit::Signal(9));
        world.is_gone();

        let mut process = world.start_ready("echo ready; sleep 1000").await;
        assert_eq!(in_time(process.stop(Duration::ZERO)).await, Exit::Signal(9));
        world.is_gone();
    });
}

pub(crate) fn what_heeds_term_ends_its_own_way() {
    World::run(async |world| {
        // It needs another process to clean up, which must not be hit by a second TERM.
        let script = "trap 'sh -c \"sleep 0.1 && echo done > done\"; exit 7' TERM
            echo ready; while :; do sleep 0.01; done";
        let mut process = world.start_ready(script).await;
        assert_eq!(in_time(process.stop(ENDLESS)).await, Exit::Code(7));
        assert!(world.path("done").exists());
        world.is_gone();
    });
}

pub(crate) fn every_process_of_a_tree_gets_term() {
    World::run(async |world| {
        let script = "setsid sh -c \"trap 'echo heeded > below; exit' TERM
                echo ready; while :; do sleep 0.01; done\" &
            trap 'wait; exit 7' TERM; while :; do sleep 0.01; done";
        let mut process = world.start_ready(script).await;
        assert_eq!(in_time(process.stop(ENDLESS)).await, Exit::Code(7));
        assert!(world.path("below").exists());
    });
}

pub(crate) fn what_keeps_forking_is_gone() {
    World::run(async |world| {
        let script =
            "trap '' TERM; echo ready; while :; do (setsid sleep 1000 &); sleep 0.01; done";
        let mut process = world.start_ready(script).await;
        assert_eq!(in_time(process.stop(GRACE)).await, Exit::Signal(9));
        world.is_gone();
    });
}

pub(crate) fn ending_twice_is_ending_once() {
    World::run(async |world| {
        let mut process = world
            .start_ready("trap '' TERM; echo ready; while :; do sleep 1000; done")
            .await;
        // Asked, but not waited for; then the shorter grace holds.
        let unfinished = tokio::time::timeout(Duration::from_millis(50), process.stop(ENDLESS));
        assert!(unfinished.await.is_err());
        assert_eq!(in_time(process.stop(GRACE)).await, Exit::Signal(9));
        assert_eq!(in_time(process.stop(GRACE)).await, Exit::Signal(9));
        assert_eq!(in_time(process.wait()).await, Exit::Signal(9));

        let mut process = world.start("exit 5").await;
        assert_eq!(in_time(process.wait()).await, Exit::Code(5));
        assert_eq!(in_time(process.stop(GRACE)).await, Exit::Code(5));
    });
}

/// The parent of a process.
fn supervisor(pid: i32) -> Pid {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
    Pid::from_raw(parent.unwrap().trim().parse().unwrap()).unwrap()
}
