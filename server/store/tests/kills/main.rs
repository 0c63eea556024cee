//! Writers that are killed while they write: what they were told is kept must be there.
//!
//! This binary is the writers too, in processes of their own: hence a `main` of our own.
#![expect(
    clippy::disallowed_methods,
    reason = "tests look at the real world: its environment and processes"
)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy takes a test with a main of its own for a program"
)]

mod writer;

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::CycleId;
use greenward_store::{CycleFilter, Store};
use libtest_mimic::{Arguments, Trial};
use tempfile::TempDir;

/// How often writers are killed, if the environment does not say so.
const KILLS: &str = "GREENWARD_TEST_KILLS";

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let role = match args.next().as_deref() {
        Some("write") => Some(writer::write_without_end as fn(&Utf8Path)),
        Some("hold") => Some(writer::hold_one as fn(&Utf8Path)),
        _ => None,
    };
    if let Some(role) = role {
        role(Utf8Path::new(&args.next().expect("a database")));
        return ExitCode::SUCCESS;
    }
    let tests: [(&str, fn()); 2] = [
        (
            "what_was_acknowledged_is_kept",
            what_was_acknowledged_is_kept,
        ),
        (
            "a_killed_process_has_no_claim",
            a_killed_process_has_no_claim,
        ),
    ];
    let trials = tests.map(|(name, test)| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit_code()
}

fn what_was_acknowledged_is_kept() {
    let kills = env::var(KILLS).map_or(10, |kills| kills.parse().expect("a number"));
    let world = World::new();
    let mut all = BTreeMap::new();
    for kill in 0..kills {
        let mut acknowledged = BTreeMap::new();
        // Numbers that jump about, the same in every run.
        let lines = [kill * 37 % 31, kill * 53 % 23];
        let mut writers = lines.map(|_| Writer::start("write", &world.path()));
        for (writer, lines) in writers.iter_mut().zip(lines) {
            writer.read(lines, &mut acknowledged);
        }
        for writer in writers {
            writer.kill(&mut acknowledged);
        }
        world.check(&acknowledged);
        all.append(&mut acknowledged);
    }
    world.check(&all);
    world.check_projections();
}

fn a_killed_process_has_no_claim() {
    let world = World::new();
    let mut writer = Writer::start("hold", &world.path());
    let mut acknowledged = BTreeMap::new();
    writer.read(1, &mut acknowledged);
    let (cycle, _) = acknowledged.pop_first().expect("it has opened one");
    let store = Store::open(&world.path()).unwrap();
    assert!(store.claim(cycle).unwrap().is_none(), "the writer has it");
    writer.kill(&mut acknowledged);
    assert!(store.claim(cycle).unwrap().is_some(), "nobody has it");
}

/// How many events of each cycle were acknowledged.
type Acknowledged = BTreeMap<CycleId, usize>;

struct World {
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> Utf8PathBuf {
        let folder = Utf8Path::from_path(self.folder.path()).unwrap();
        folder.join(".tdd/state.db")
    }

    /// All that was acknowledged is there, and makes a cycle.
    fn check(&self, acknowledged: &Acknowledged) {
        writer::runtime().block_on(async {
            let store = Store::open(&self.path()).unwrap();
            for (cycle, count) in acknowledged {
                let kept = store.events(*cycle).await.unwrap().len();
                assert!(kept >= *count, "{cycle}: {kept} of {count} events");
                assert!(store.cycle(*cycle).await.unwrap().is_some());
            }
        });
    }

    /// What was projected event by event is what is projected anew.
    fn check_projections(&self) {
        writer::runtime().block_on(async {
            let store = Store::open(&self.path()).unwrap();
            let seen = async || {
                let cycles = store.cycles(CycleFilter::default()).await.unwrap();
                (cycles, store.breakers().await.unwrap())
            };
            let before = seen().await;
            store.rebuild().await.unwrap();
            assert_eq!(seen().await, before);
        });
    }
}

/// A process that writes, and what it says: a line for each acknowledgement.
struct Writer {
    process: Child,
    says: BufReader<ChildStdout>,
}

impl Writer {
    fn start(role: &str, path: &Utf8Path) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args([role, path.as_str()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let says = BufReader::new(process.stdout.take().unwrap());
        Self { process, says }
    }

    /// Reads so many lines, or what there is of them.
    fn read(&mut self, lines: usize, acknowledged: &mut Acknowledged) {
        for line in self.says.by_ref().lines().take(lines) {
            let line = line.unwrap();
            // A line that was cut off by the kill says less than it should, never more.
            let Some((cycle, count)) = line.split_once(' ') else {
                continue;
            };
            let count = count.trim_end_matches('.').parse().unwrap_or(0);
            let known = acknowledged
                .entry(CycleId(cycle.parse().unwrap()))
                .or_default();
            *known = (*known).max(count);
        }
    }

    /// Kills it and reads what it still said.
    fn kill(mut self, acknowledged: &mut Acknowledged) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.read(usize::MAX, acknowledged);
    }
}
