//! The store over real files, its faults included.

use std::fs;
use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{
    Breaker, BreakerChange, BreakerKey, Check, CheckKind, CheckOutcome, CommitId, Counts, Cycle,
    CycleEvent, CycleId, EndingKind, Framework, Goal, Limits, Outcome, Phase, ProjectId, Recorded,
    TargetResult, TestId, Usage, Verdict,
};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::database::{self, Options};
use crate::{CycleFilter, CycleSummary, Store, StoreError};

/// A folder with a database to be.
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

    fn store(&self) -> Store {
        Store::open(&self.path()).unwrap()
    }

    fn refusal(&self) -> StoreError {
        Store::open(&self.path()).err().expect("it is refused")
    }

    /// The database behind the store's back.
    fn sql(&self) -> Connection {
        database::open(&self.path(), Options::default()).unwrap()
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.path()).unwrap()
    }

    /// Puts something else where the database is to be.
    fn put(&self, bytes: &[u8]) {
        fs::create_dir_all(self.path().parent().unwrap()).unwrap();
        fs::write(self.path(), bytes).unwrap();
    }
}

fn at(second: u64, event: CycleEvent) -> Recorded {
    Recorded {
        at: Duration::new(second, 123_456_789),
        event,
    }
}

fn project() -> ProjectId {
    ProjectId::new(Framework::Pytest, "api")
}

fn target() -> TestId {
    TestId::new(&project(), "tests/test_roman.py::test_four")
}

fn opened() -> Recorded {
    let event = CycleEvent::Opened {
        goal: Goal {
            project: project(),
            framework: Framework::Pytest,
            folder: "/home/me/app".into(),
            root: "/home/me/app/api".into(),
            targets: vec![target()],
            held_out: Vec::new(),
        },
        worker: "local".into(),
        limits: Limits::default(),
        base: CommitId::new("c0ffee"),
        refactor: false,
    };
    at(1, event)
}

fn result(outcome: Outcome) -> Vec<TargetResult> {
    vec![TargetResult {
        test: target(),
        outcome: Some(outcome),
        failure: None,
    }]
}

fn baseline() -> Recorded {
    let event = CycleEvent::BaselineTaken {
        counts: Counts::default(),
        targets: result(Outcome::Failed),
    };
    at(2, event)
}

fn attempt(number: u32) -> Recorded {
    let event = CycleEvent::AttemptStarted {
        phase: Phase::Green,
        number,
    };
    at(3, event)
}

fn worker_failed() -> Recorded {
    let event = CycleEvent::WorkerFailed {
        error: "no answer".into(),
        retryable: true,
        usage: Usage::default(),
    };
    at(4, event)
}

fn replied() -> Recorded {
    let event = CycleEvent::WorkerReplied {
        usage: Usage {
            input_tokens: 1000,
            output_tokens: 20,
            cost_microdollars: Some(7),
            estimated: true,
        },
        files: vec!["api/roman.py".into()],
        commit: CommitId::new("beef"),
        summary: "done".into(),
    };
    at(5, event)
}

fn tested() -> Recorded {
    let event = CycleEvent::Tested {
        commit: CommitId::new("beef"),
        targets: result(Outcome::Passed),
    };
    at(6, event)
}

fn verified() -> Recorded {
    let required = CheckKind::ALL.into_iter().filter(|kind| kind.is_required());
    let checks = required.map(|kind| Check {
        kind,
        outcome: CheckOutcome::Passed,
        evidence: vec!["seen".into()],
    });
    let event = CycleEvent::Verified {
        commit: CommitId::new("beef"),
        verdict: Verdict {
            checks: checks.collect(),
        },
    };
    at(7, event)
}

/// All that a cycle goes through, in three appends.
async fn complete(store: &Store) -> (CycleId, Cycle) {
    let (id, _) = store.open_cycle(opened()).await.unwrap();
    let first = vec![baseline(), attempt(1), worker_failed()];
    store.append(id, first).await.unwrap();
    store.append(id, vec![attempt(2)]).await.unwrap();
    let last = vec![replied(), tested(), verified()];
    let cycle = store.append(id, last).await.unwrap();
    (id, cycle)
}

fn all() -> CycleFilter {
    CycleFilter::default()
}

#[tokio::test]
async fn a_number_that_is_taken_elsewhere_is_not_given() {
    let world = World::new();
    let store = world.store();
    for (taken, given) in [(7, 8), (0, 9), (9, 10), (3, 11)] {
        let opening = store.open_cycle_above(CycleId(taken), opened());
        assert_eq!(opening.await.unwrap().0, CycleId(given), "above {taken}");
    }
}

#[tokio::test]
async fn what_was_written_is_read_by_the_next() {
    let world = World::new();
    let (id, cycle) = complete(&world.store()).await;
    assert_eq!(id, CycleId(1));
    let store = world.store();
    assert_eq!(store.cycle(id).await.unwrap(), Some(cycle.clone()));
    assert_eq!(store.events(id).await.unwrap().len(), 8);
    let summaries = store.cycles(all()).await.unwrap();
    assert_eq!(summaries, [CycleSummary::of(id, &cycle)]);
    let summary = &summaries[0];
    assert_eq!(summary.ending, Some(EndingKind::Complete));
    assert_eq!(summary.attempts, 2);
    assert_eq!(summary.usage.tokens(), 1020);
    assert_eq!(summary.files, ["api/roman.py"]);
    assert_eq!(summary.verdict.as_ref().unwrap().checks.len(), 5);
    assert_eq!(store.cycle(CycleId(2)).await.unwrap(), None);
}

#[tokio::test]
async fn filters_let_through_what_is_wanted() {
    let world = World::new();
    let store = world.store();
    complete(&store).await;
    for _ in 0..3 {
        store.open_cycle(opened()).await.unwrap();
    }
    let ids = async |filter: CycleFilter| {
        let summaries = store.cycles(filter).await.unwrap();
        let ids = summaries.iter().map(|summary| summary.id.0);
        ids.collect::<Vec<_>>()
    };
    assert_eq!(ids(all()).await, [4, 3, 2, 1]);
    let newest = Some(2);
    assert_eq!(ids(CycleFilter { newest, ..all() }).await, [4, 3]);
    let unfinished = true;
    assert_eq!(
        ids(CycleFilter {
            unfinished,
            ..all()
        })
        .await,
        [4, 3, 2]
    );
    let discarded = at(8, CycleEvent::Discarded);
    store.append(CycleId(1), vec![discarded]).await.unwrap();
    let undecided = true;
    assert_eq!(ids(CycleFilter { undecided, ..all() }).await, [4, 3, 2]);
    let project = Some(ProjectId::new(Framework::Cargo, "."));
    assert_eq!(ids(CycleFilter { project, ..all() }).await, [0; 0]);
    assert_eq!(store.unfinished().await.unwrap().len(), 3);
}

#[tokio::test]
async fn whatever_happens_anywhere_shows_in_the_newest_event() {
    let world = World::new();
    let (one, other) = (world.store(), world.store());
    assert_eq!(one.newest_event().await.unwrap(), 0);
    let (id, _) = other.open_cycle(opened()).await.unwrap();
    assert_eq!(one.newest_event().await.unwrap(), 1);
    one.append(id, vec![baseline(), attempt(1)]).await.unwrap();
    assert_eq!(one.newest_event().await.unwrap(), 3);
    one.rebuild().await.unwrap();
    assert_eq!(other.newest_event().await.unwrap(), 3);
}

#[tokio::test]
async fn events_are_kept_all_or_none() {
    let world = World::new();
    let store = world.store();
    let (id, before) = store.open_cycle(opened()).await.unwrap();
    let events = vec![baseline(), attempt(1), worker_failed(), verified()];
    let refused = store.append(id, events);
    let accepted = store.append(id, vec![baseline()]);
    assert_eq!(
        refused.await.unwrap_err().to_string(),
        "cycle 1: `verified` cannot happen to a cycle that waits for its next attempt"
    );
    assert_ne!(
        accepted.await.unwrap(),
        before,
        "asked for in the same commit"
    );
    assert_eq!(store.events(id).await.unwrap().len(), 2);
    let worker = BreakerKey::Worker("local".into());
    assert!(!store.breakers().await.unwrap().contains_key(&worker));
    let unknown = store.append(CycleId(9), vec![baseline()]).await;
    assert!(matches!(unknown, Err(StoreError::UnknownCycle(CycleId(9)))));
    let unopened = store.open_cycle(baseline()).await;
    assert!(matches!(unopened, Err(StoreError::Illegal { .. })));
}

#[tokio::test]
async fn breakers_are_told_by_cycles_and_by_hand_and_kept() {
    let world = World::new();
    let store = world.store();
    let worker = || BreakerKey::Worker("local".into());
    let failures = |failures, millis| Breaker {
        failures,
        failed_at: Duration::from_millis(millis),
    };
    let (id, _) = store.open_cycle(opened()).await.unwrap();
    let events = vec![baseline(), attempt(1), worker_failed()];
    store.append(id, events).await.unwrap();
    assert_eq!(
        store.breakers().await.unwrap()[&worker()],
        failures(1, 4123)
    );
    let when = Duration::from_secs(9);
    let told = store.record_breaker(when, worker(), BreakerChange::Failure);
    told.await.unwrap();
    let store = world.store();
    assert_eq!(
        store.breakers().await.unwrap()[&worker()],
        failures(2, 9000)
    );
    let told = store.record_breaker(when, worker(), BreakerChange::Reset);
    told.await.unwrap();
    assert_eq!(store.breakers().await.unwrap()[&worker()], failures(0, 0));
}

#[tokio::test]
async fn projections_are_made_anew_as_they_were() {
    let world = World::new();
    let store = world.store();
    complete(&store).await;
    let (id, _) = store.open_cycle(opened()).await.unwrap();
    let events = vec![baseline(), attempt(1), worker_failed(), attempt(2)];
    store.append(id, events).await.unwrap();
    let (when, key) = (Duration::from_secs(9), BreakerKey::System);
    let told = store.record_breaker(when, key, BreakerChange::Failure);
    told.await.unwrap();
    let seen = async || {
        (
            store.cycles(all()).await.unwrap(),
            store.breakers().await.unwrap(),
        )
    };
    let before = seen().await;
    world
        .sql()
        .execute_batch(
            "DELETE FROM cycles WHERE id = 1; UPDATE cycles SET attempts = 99;
             UPDATE breakers SET failures = 99",
        )
        .unwrap();
    assert_ne!(seen().await, before);
    store.rebuild().await.unwrap();
    assert_eq!(seen().await, before);
}

#[tokio::test]
async fn the_log_is_only_added_to() {
    let world = World::new();
    complete(&world.store()).await;
    for change in ["DELETE FROM events", "UPDATE events SET at = 0"] {
        let error = world.sql().execute_batch(change).unwrap_err();
        assert!(error.to_string().contains("only added"), "{error}");
    }
}

#[tokio::test]
async fn a_commit_is_synchronised_in_full() {
    let world = World::new();
    let sql = world.sql();
    let setting = |name: &str| -> String {
        let query = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
        sql.query_row(&query, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(setting("journal_mode"), "wal");
    assert_eq!(setting("synchronous"), "2", "full");
}

#[tokio::test]
async fn two_share_a_database() {
    let world = World::new();
    let (one, other) = (world.store(), world.store());
    let (mut ids, mut asked) = (Vec::new(), Vec::new());
    for _ in 0..50 {
        asked.push((one.open_cycle(opened()), other.open_cycle(opened())));
    }
    for (one, other) in asked {
        ids.push(one.await.unwrap().0.0);
        ids.push(other.await.unwrap().0.0);
    }
    ids.sort_unstable();
    assert_eq!(ids, (1..=100).collect::<Vec<_>>());
    assert_eq!(one.cycles(all()).await.unwrap().len(), 100);
    other.append(CycleId(1), vec![baseline()]).await.unwrap();
    let cycle = one.append(CycleId(1), vec![attempt(1)]).await.unwrap();
    assert_eq!(cycle.attempts(), 1);
}

#[tokio::test]
async fn a_cycle_is_in_one_hand() {
    let world = World::new();
    let (one, other) = (world.store(), world.store());
    let claim = one.claim(CycleId(1)).unwrap().unwrap();
    assert_eq!(claim.cycle(), CycleId(1));
    assert!(one.is_claimed(CycleId(1)).unwrap() && other.is_claimed(CycleId(1)).unwrap());
    assert!(!other.is_claimed(CycleId(2)).unwrap());
    assert!(other.claim(CycleId(1)).unwrap().is_none());
    assert!(one.claim(CycleId(1)).unwrap().is_none());
    assert!(other.claim(CycleId(2)).unwrap().is_some());
    drop(claim);
    assert!(!other.is_claimed(CycleId(1)).unwrap());
    assert!(other.claim(CycleId(1)).unwrap().is_some());
}

#[test]
fn who_only_looks_keeps_nobody_from_a_cycle() {
    let world = World::new();
    let store = world.store();
    let tries = AtomicU32::new(0);
    let claimed = std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while tries.load(Ordering::SeqCst) < 2000 {
                    store.is_claimed(CycleId(1)).unwrap();
                }
            });
        }
        let claims = (0..2000).map(|_| {
            let claim = store.claim(CycleId(1)).unwrap();
            tries.fetch_add(1, Ordering::SeqCst);
            claim.is_some()
        });
        claims.filter(|claimed| *claimed).count()
    });
    assert_eq!(claimed, 2000);
}

#[test]
fn never_are_two_hands_on_a_cycle() {
    let world = World::new();
    let store = world.store();
    let held = AtomicU32::new(0);
    let claims = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while claims.load(Ordering::SeqCst) < 500 {
                    if let Some(claim) = store.claim(CycleId(1)).unwrap() {
                        assert_eq!(held.fetch_add(1, Ordering::SeqCst), 0);
                        claims.fetch_add(1, Ordering::SeqCst);
                        assert_eq!(held.fetch_sub(1, Ordering::SeqCst), 1);
                        drop(claim);
                    }
                }
            });
        }
    });
    let locks = fs::read_dir(format!("{}-locks", world.path())).unwrap();
    assert_eq!(locks.count(), 0, "nothing is left");
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_is_exported_a_line_for_each_event() {
    let world = World::new();
    let store = world.store();
    let (id, _) = store.open_cycle(opened()).await.unwrap();
    store
        .append(id, vec![baseline(), attempt(1)])
        .await
        .unwrap();
    let (when, key) = (Duration::from_secs(9), BreakerKey::System);
    let told = store.record_breaker(when, key, BreakerChange::Reset);
    told.await.unwrap();
    let to = Shared::default();
    store.export(to.clone()).await.unwrap();
    let text = String::from_utf8(to.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(
        lines[2],
        r#"{"id":3,"cycle":1,"at":3123,"kind":"attemptStarted","version":1,"event":{"kind":"attemptStarted","phase":"green","number":1}}"#
    );
    assert_eq!(
        lines[3],
        r#"{"id":4,"at":9000,"kind":"breaker","version":1,"event":{"key":{"level":"system"},"change":"reset"}}"#
    );
    let full = fs::OpenOptions::new().write(true).open("/dev/full");
    if let Ok(full) = full {
        let failed = store.export(full).await.unwrap_err();
        assert!(matches!(failed, StoreError::Export(_)), "{failed}");
    }
}

#[test]
fn git_ignores_it_and_what_is_there_stays() {
    let world = World::new();
    let ignore = world.path().with_file_name(".gitignore");
    world.store();
    assert_eq!(
        fs::read_to_string(&ignore).unwrap(),
        "state.db*\n.gitignore\n"
    );
    fs::write(&ignore, "*\n").unwrap();
    world.store();
    assert_eq!(fs::read_to_string(&ignore).unwrap(), "*\n");
}

#[tokio::test]
async fn a_later_version_is_left_as_it_is() {
    let world = World::new();
    complete(&world.store()).await;
    let sql = world.sql();
    sql.pragma_update(None, "user_version", 99).unwrap();
    // All is in the one file, or a store that is still being closed would bring it there later.
    let busy: i64 = sql
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .unwrap();
    assert_eq!(busy, 0);
    let before = world.bytes();
    assert!(
        world
            .refusal()
            .to_string()
            .ends_with("is of a later Greenward (version 99, known up to 2): update Greenward")
    );
    assert_eq!(world.bytes(), before);
}

#[tokio::test]
async fn a_database_without_run_times_gets_them() {
    let world = World::new();
    let (cycle, _) = complete(&world.store()).await;
    let run_time = || async {
        let all = world.store().cycles(CycleFilter::default()).await.unwrap();
        let summary = all.into_iter().find(|summary| summary.id == cycle);
        summary.unwrap().run_time
    };
    let known = run_time().await;
    assert!(known > Duration::ZERO);
    let older = "ALTER TABLE cycles DROP COLUMN run_time; PRAGMA user_version = 1;";
    world.sql().execute_batch(older).unwrap();
    assert_eq!(run_time().await, known);
}

#[test]
fn what_is_not_ours_is_left_as_it_is() {
    let world = World::new();
    world.put(b"");
    let options = Options::default();
    let sql = database::open_to_read(&world.path(), options).unwrap();
    sql.pragma_update(None, "query_only", false).unwrap();
    sql.execute_batch("CREATE TABLE theirs (a)").unwrap();
    drop(sql);
    let before = world.bytes();
    let refusal = world.refusal();
    assert!(matches!(refusal, StoreError::Foreign { .. }), "{refusal}");
    assert_eq!(world.bytes(), before);
}

#[tokio::test]
async fn what_is_damaged_is_left_as_it_is() {
    let world = World::new();
    world.put(&b"this is no database at all. ".repeat(100));
    let before = world.bytes();
    let refusal = world.refusal();
    assert!(matches!(refusal, StoreError::Damaged { .. }), "{refusal}");
    assert_eq!(world.bytes(), before);
}

#[tokio::test]
async fn damage_in_the_middle_is_an_error_and_no_empty_answer() {
    let world = World::new();
    let store = world.store();
    for _ in 0..100 {
        complete(&store).await;
    }
    drop(store);
    let sql = world.sql();
    sql.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop(sql);
    let mut bytes = world.bytes();
    // The header and the schema are well; every second page after them is not.
    for page in bytes.chunks_mut(4096).skip(20).step_by(2) {
        page.fill(0xaa);
    }
    fs::remove_file(world.path()).unwrap();
    for beside in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{beside}", world.path()));
    }
    world.put(&bytes);
    let store = world.store();
    let to = Shared::default();
    let failed = store.export(to).await.unwrap_err();
    assert!(matches!(failed, StoreError::Damaged { .. }), "{failed}");
    let failed = store.rebuild().await.unwrap_err();
    assert!(matches!(failed, StoreError::Damaged { .. }), "{failed}");
}

#[tokio::test]
async fn a_check_finds_what_is_wrong_and_changes_nothing() {
    let world = World::new();
    let store = world.store();
    complete(&store).await;
    let found = async || store.check().await.unwrap().join("; ");
    assert_eq!(found().await, "");
    let attempts = async || store.cycles(all()).await.unwrap()[0].attempts;
    world
        .sql()
        .execute_batch("UPDATE cycles SET attempts = 99")
        .unwrap();
    assert!(found().await.contains("is not as the log"));
    assert_eq!(attempts().await, 99);
    store.rebuild().await.unwrap();
    assert_eq!((found().await.as_str(), attempts().await), ("", 2));
    for (damage, says) in [
        (
            "kind = 'attemptStarted' AND id = 3",
            "cycle 1: `workerFailed` cannot happen",
        ),
        ("id = 2", "event 2: "),
    ] {
        let payload = serde_json::to_string(&CycleEvent::Interrupted).unwrap();
        let payload = if damage == "id = 2" { "{}" } else { &payload };
        world
            .sql()
            .execute_batch(&format!(
                "DROP TRIGGER IF EXISTS events_stay_as_they_are;
                 UPDATE events SET payload = '{payload}' WHERE {damage}"
            ))
            .unwrap();
        assert!(found().await.contains(says), "{}", found().await);
    }
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let world = World::new();
    fs::create_dir_all(world.path()).unwrap();
    let refusal = world.refusal();
    assert!(
        matches!(refusal, StoreError::NotWritable { .. }),
        "{refusal}"
    );

    let world = World::new();
    fs::write(world.folder.path().join(".tdd"), "a file").unwrap();
    let refusal = world.refusal();
    assert!(matches!(refusal, StoreError::Folder { .. }), "{refusal}");
}

/// Root may write everywhere: for it there is nothing to see here.
#[cfg(unix)]
#[test]
fn a_file_or_folder_that_is_write_protected_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let protect = |path: &Utf8Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let world = World::new();
    world.store().claim(CycleId(1)).unwrap();
    protect(&world.path(), 0o444);
    if fs::OpenOptions::new()
        .write(true)
        .open(world.path())
        .is_ok()
    {
        return;
    }
    let refusal = world.refusal();
    assert!(
        matches!(refusal, StoreError::NotWritable { .. }),
        "{refusal}"
    );
    protect(&world.path(), 0o644);

    let folder = world.path().parent().unwrap().to_owned();
    for beside in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{beside}", world.path()));
    }
    protect(&folder, 0o555);
    let refusal = world.refusal();
    assert!(
        matches!(refusal, StoreError::NotWritable { .. }),
        "{refusal}"
    );
    protect(&folder, 0o755);
}

#[test]
fn many_may_make_it_at_the_same_time() {
    for _ in 0..10 {
        let world = World::new();
        let path = world.path();
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| Store::open(&path).map(drop).unwrap());
            }
        });
    }
}

#[tokio::test]
async fn a_full_disk_loses_nothing_that_was_acknowledged() {
    let world = World::new();
    let small = Options {
        max_pages: Some(40),
        ..Options::default()
    };
    let store = Store::open_with(&world.path(), small).unwrap();
    let (mut kept, mut asked) = (Vec::new(), Vec::new());
    for _ in 0..1000 {
        asked.push(store.open_cycle(opened()));
    }
    for asked in asked {
        match asked.await {
            Ok((id, _)) => kept.push(id),
            Err(error) => assert!(matches!(error, StoreError::Full { .. }), "{error}"),
        }
    }
    // Whatever fits is taken, until nothing does.
    let error = loop {
        match store.open_cycle(opened()).await {
            Ok((id, _)) => kept.push(id),
            Err(error) => break error,
        }
    };
    assert!(error.to_string().starts_with("there is no space left"));
    let expected = kept.clone();
    let ids =
        |summaries: Vec<CycleSummary>| summaries.iter().rev().map(|s| s.id).collect::<Vec<_>>();
    assert_eq!(ids(store.cycles(all()).await.unwrap()), expected);
    let roomy = world.store();
    assert_eq!(ids(roomy.cycles(all()).await.unwrap()), expected);
    roomy.open_cycle(opened()).await.unwrap();
}

#[tokio::test]
async fn a_lock_that_is_held_for_long_is_an_error_and_passes() {
    let world = World::new();
    let impatient = Options {
        patience: Duration::from_millis(20),
        ..Options::default()
    };
    let store = Store::open_with(&world.path(), impatient).unwrap();
    let other = world.sql();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let busy = store.open_cycle(opened()).await.unwrap_err();
    assert!(matches!(busy, StoreError::Busy { .. }), "{busy}");
    assert_eq!(store.cycles(all()).await.unwrap(), [], "reading goes on");
    other.execute_batch("ROLLBACK").unwrap();
    store.open_cycle(opened()).await.unwrap();
}

#[tokio::test]
async fn a_database_that_was_removed_takes_nothing_more() {
    let world = World::new();
    let store = world.store();
    store.open_cycle(opened()).await.unwrap();
    fs::remove_file(world.path()).unwrap();
    let removed = store.open_cycle(opened()).await.unwrap_err();
    assert!(matches!(removed, StoreError::Removed { .. }), "{removed}");
}
