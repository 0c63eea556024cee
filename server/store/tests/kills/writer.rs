//! The process that is killed.

use std::io::{self, Write};
use std::time::Duration;

use camino::Utf8Path;
use greenward_core::{
    CommitId, Counts, CycleEvent, Framework, Goal, Limits, Outcome, Phase, ProjectId, Recorded,
    TargetResult, TestId, Usage,
};
use greenward_store::Store;
use tokio::runtime::Runtime;

/// How many cycles go on at once.
const CYCLES: usize = 8;

/// How many attempts each has before the next begins.
const ATTEMPTS: u32 = 5;

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap()
}

/// Writes without end, and says `CYCLE EVENTS.` for each acknowledgement.
pub(crate) fn write_without_end(path: &Utf8Path) {
    let store = Store::open(path).unwrap();
    runtime().block_on(async {
        let writers: Vec<_> = (0..CYCLES)
            .map(|_| tokio::spawn(write(store.clone())))
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
    });
}

/// Has one cycle in hand until it is killed, and says so.
pub(crate) fn hold_one(path: &Utf8Path) {
    let store = Store::open(path).unwrap();
    runtime().block_on(async {
        let (cycle, _) = store.open_cycle(at(opened())).await.unwrap();
        let _claim = store.claim(cycle).unwrap().expect("nobody knows it");
        say(&format!("{cycle} 1."));
        std::future::pending::<()>().await;
    });
}

async fn write(store: Store) {
    loop {
        let (cycle, _) = store.open_cycle(at(opened())).await.unwrap();
        let claim = store.claim(cycle).unwrap().expect("nobody knows it");
        say(&format!("{cycle} 1."));
        store.append(cycle, vec![at(baseline())]).await.unwrap();
        say(&format!("{cycle} 2."));
        for number in 1..=ATTEMPTS {
            let events = vec![at(attempt(number)), at(failed())];
            store.append(cycle, events).await.unwrap();
            say(&format!("{cycle} {}.", 2 + 2 * number));
        }
        drop(claim);
    }
}

/// One write, so that a line is said whole or not at all.
fn say(line: &str) {
    io::stdout()
        .write_all(format!("{line}\n").as_bytes())
        .unwrap();
}

fn at(event: CycleEvent) -> Recorded {
    Recorded {
        at: Duration::from_secs(1),
        event,
    }
}

fn target() -> TestId {
    TestId::parse("cargo:.#roman/lib::four")
}

fn opened() -> CycleEvent {
    CycleEvent::Opened {
        goal: Goal {
            project: ProjectId::new(Framework::Cargo, "."),
            framework: Framework::Cargo,
            folder: "/home/me/roman".into(),
            root: "/home/me/roman".into(),
            targets: vec![target()],
            held_out: Vec::new(),
        },
        worker: "local".into(),
        limits: Limits::default(),
        base: CommitId::new("base"),
        refactor: false,
    }
}

fn baseline() -> CycleEvent {
    CycleEvent::BaselineTaken {
        counts: Counts::default(),
        targets: vec![TargetResult {
            test: target(),
            outcome: Some(Outcome::Failed),
            failure: None,
        }],
    }
}

fn attempt(number: u32) -> CycleEvent {
    CycleEvent::AttemptStarted {
        phase: Phase::Green,
        number,
    }
}

fn failed() -> CycleEvent {
    CycleEvent::WorkerFailed {
        error: "no answer".into(),
        retryable: true,
        usage: Usage::default(),
    }
}
