use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Instant, SystemTime};

use camino::Utf8Path;
use proptest::prelude::*;

use super::ChangeKind::{Changed, Created, Removed};
use super::*;
use crate::files;

/// How long anything may take before it counts as never.
const LIMIT: Duration = Duration::from_secs(20);

#[expect(clippy::disallowed_methods, reason = "a wait has a limit")]
fn now() -> Instant {
    Instant::now()
}

fn limit() -> Instant {
    now() + LIMIT
}

/// A folder that is watched, and what was told about it.
struct World {
    _folder: tempfile::TempDir,
    root: Utf8PathBuf,
    watcher: Watcher,
    notices: Receiver<Notice>,
}

impl World {
    /// With these files there before anybody watches.
    fn new(files: &[&str]) -> Self {
        Self::on(backend::of_system, files)
    }

    fn on(watches: impl FnOnce(Sender<Message>) -> Box<dyn Watches>, files: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(folder.path().canonicalize().unwrap()).unwrap();
        let (sender, notices) = mpsc::channel();
        let pace = Pace {
            poll: Duration::from_millis(50),
            ..Pace::default()
        };
        let tell = move |notice| {
            sender.send(notice).ok();
        };
        let world = World {
            _folder: folder,
            root: root.join("root"),
            watcher: Watcher::start_on(watches, pace, tell).unwrap(),
            notices,
        };
        fs::create_dir(&world.root).unwrap();
        for file in files {
            world.write(file, "before");
            world.age(file);
        }
        world.add("");
        world
    }

    fn path(&self, path: &str) -> Utf8PathBuf {
        match path {
            "" => self.root.clone(),
            path => self.root.join(path),
        }
    }

    /// Watches a folder and waits until it is.
    fn add(&self, folder: &str) {
        let added = self.path(folder);
        self.watcher.add(Arc::new(Ignore::new(&added)));
        self.wait_for(|notice| matches!(notice, Notice::Watching { folder } if *folder == added));
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Makes a file look as if it was last changed some time ago, always the same.
    fn age(&self, path: &str) {
        let file = fs::File::options().write(true).open(self.path(path));
        file.unwrap()
            .set_modified(SystemTime::UNIX_EPOCH + LIMIT)
            .unwrap();
    }

    fn wait_for(&self, mut is_it: impl FnMut(&Notice) -> bool) {
        let end = limit();
        while !is_it(&self.next(end)) {}
    }

    fn next(&self, end: Instant) -> Notice {
        self.notices
            .recv_timeout(end.saturating_duration_since(now()))
            .expect("a notice in time")
    }

    /// Waits until a file is told that is written now; returns what was told before it. Told once
    /// more that a file changed is as good as told once.
    fn told(&self) -> BTreeMap<String, Vec<ChangeKind>> {
        let sentinel = self.path("sentinel");
        fs::write(&sentinel, "").unwrap();
        let mut told = BTreeMap::<_, Vec<_>>::new();
        self.wait_for(|notice| {
            let Notice::Changes(changes) = notice else {
                return false;
            };
            for change in changes.iter().filter(|change| change.path != sentinel) {
                let path = change.path.strip_prefix(&self.root).unwrap();
                let kinds = told.entry(path.to_string()).or_default();
                if change.kind != Changed || !kinds.contains(&Changed) {
                    kinds.push(change.kind);
                }
            }
            changes.iter().any(|change| change.path == sentinel)
        });
        fs::remove_file(&sentinel).unwrap();
        self.wait_for(|notice| {
            matches!(notice, Notice::Changes(changes)
                if changes.iter().any(|change| change.path == sentinel))
        });
        told
    }

    /// What is told is this, and nothing else.
    #[track_caller]
    fn check(&self, expected: &[(&str, ChangeKind)]) {
        let told: Vec<_> = self.told().into_iter().collect();
        let told: Vec<_> = told
            .iter()
            .flat_map(|(path, kinds)| kinds.iter().map(|kind| (path.as_str(), *kind)))
            .collect();
        assert_eq!(told, expected);
    }
}

#[test]
fn files_come_change_and_go() {
    let world = World::new(&["a", "b/c"]);
    world.check(&[]);
    world.write("new", "");
    world.write("b/c", "after");
    fs::remove_file(world.path("a")).unwrap();
    world.check(&[("a", Removed), ("b/c", Changed), ("new", Created)]);
}

#[test]
fn a_change_of_the_same_size_is_a_change() {
    let world = World::new(&["a"]);
    for content in ["after1", "after2", "after3"] {
        world.write("a", content);
        world.check(&[("a", Changed)]);
    }
}

#[test]
fn what_leaves_a_file_as_it_was_is_no_change() {
    let world = World::new(&["a"]);
    world.write("a", "after");
    world.age("a");
    world.check(&[("a", Changed)]);
    world.age("a");
    fs::set_permissions(world.path("a"), fs::Permissions::from_mode(0o600)).unwrap();
    files::read_text(&world.path("a")).unwrap();
    world.check(&[]);
}

#[test]
fn a_file_that_takes_anothers_place_is_a_change() {
    let world = World::new(&["a"]);
    world.write("a.new", "before");
    world.age("a.new");
    world.told();
    fs::rename(world.path("a.new"), world.path("a")).unwrap();
    world.check(&[("a", Changed), ("a.new", Removed)]);
}

#[test]
fn a_move_is_a_removal_and_a_creation() {
    let world = World::new(&["a/b/c", "a/d"]);
    fs::rename(world.path("a"), world.path("e")).unwrap();
    world.check(&[
        ("a/b/c", Removed),
        ("a/d", Removed),
        ("e/b/c", Created),
        ("e/d", Created),
    ]);
    // The folder is watched under its new name, and another one under the old.
    world.write("e/b/c", "after");
    world.write("a/b/c", "again");
    world.check(&[("a/b/c", Created), ("e/b/c", Changed)]);
    world.write("a/b/c", "and again");
    world.check(&[("a/b/c", Changed)]);
}

#[test]
fn a_moved_folder_is_watched_under_its_new_name_alone() {
    for (from, to) in [("a", "b"), ("b", "a")] {
        let world = World::new(&[&format!("{from}/sub/c")]);
        let (old, new) = (format!("{from}/sub/c"), format!("{to}/sub/c"));
        fs::rename(world.path(from), world.path(to)).unwrap();
        let told = world.told();
        assert_eq!(told[&old], [Removed]);
        assert_eq!(told[&new], [Created]);
        world.write(&new, "after");
        world.check(&[(&new, Changed)]);
    }
}

#[test]
fn a_folder_may_move_from_one_workspace_folder_to_another() {
    let world = World::new(&["x/a", "y/sub/deep/b"]);
    world.watcher.remove(&world.root);
    world.add("x");
    world.add("y");
    let told = |path: &str, kind| {
        let path = world.path(path);
        let change = Change { path, kind };
        world.wait_for(
            |notice| matches!(notice, Notice::Changes(changes) if changes.contains(&change)),
        );
    };
    fs::rename(world.path("y/sub"), world.path("x/sub")).unwrap();
    told("x/sub/deep/b", Created);
    world.write("x/sub/deep/b", "after");
    told("x/sub/deep/b", Changed);
}

#[test]
fn a_folder_that_becomes_a_file_and_back() {
    let world = World::new(&["a/b"]);
    fs::remove_dir_all(world.path("a")).unwrap();
    world.write("a", "");
    world.check(&[("a", Created), ("a/b", Removed)]);
    fs::remove_file(world.path("a")).unwrap();
    world.write("a/b", "");
    world.check(&[("a", Removed), ("a/b", Created)]);
}

#[test]
fn a_link_is_neither_followed_nor_told() {
    let world = World::new(&["a/b"]);
    symlink(&world.root, world.path("a/loop")).unwrap();
    symlink(world.path("a/b"), world.path("link")).unwrap();
    world.write("a/b", "after");
    world.check(&[("a/b", Changed)]);
}

#[test]
fn what_does_not_count_is_not_told() {
    let world = World::new(&["Cargo.toml", "target/debug/a"]);
    world.write("target/debug/b", "");
    world.write(".git/index", "");
    world.write("web/node_modules/a/a.js", "");
    world.write("src/a.rs", "");
    world.check(&[("src/a.rs", Created)]);
}

#[test]
fn rules_count_as_soon_as_they_change() {
    let world = World::new(&["a.log", "logs/b", "c"]);
    world.write(".gitignore", "*.log\nlogs\n");
    world.check(&[
        (".gitignore", Created),
        ("a.log", Removed),
        ("logs/b", Removed),
    ]);
    world.write("logs/b", "after");
    world.check(&[]);
    world.write(".gitignore", "logs\n");
    world.check(&[(".gitignore", Changed), ("a.log", Created)]);
    fs::remove_file(world.path(".gitignore")).unwrap();
    world.check(&[(".gitignore", Removed), ("logs/b", Created)]);
    world.write("logs/b", "again");
    world.check(&[("logs/b", Changed)]);
}

#[test]
fn a_folder_in_the_making_is_found_whole() {
    let world = World::new(&[]);
    let mut expected = Vec::new();
    for number in 0..100 {
        let path = format!("{number}/a/b/c/d/e/f");
        world.write(&path, "");
        expected.push(path);
    }
    expected.sort_unstable();
    let told = world.told();
    assert_eq!(
        told.keys().collect::<Vec<_>>(),
        expected.iter().collect::<Vec<_>>()
    );
}

#[test]
fn a_workspace_folder_may_go_and_come_back() {
    let world = World::new(&["a/b"]);
    fs::remove_dir_all(&world.root).unwrap();
    let mut gone = false;
    world.wait_for(|notice| {
        let Notice::Changes(changes) = notice else {
            return false;
        };
        gone |= changes.contains(&Change {
            path: world.path("a/b"),
            kind: Removed,
        });
        gone
    });
    world.write("a/c", "");
    world.wait_for(|notice| {
        matches!(notice, Notice::Changes(changes)
            if changes.iter().any(|change| change.path == world.path("a/c")))
    });
    world.write("a/c", "after");
    world.check(&[("a/c", Changed)]);
}

#[test]
fn folders_in_each_other_are_watched_each_for_itself() {
    let world = World::new(&["inner/a", "other/b"]);
    world.add("inner");
    world.write("inner/a", "after");
    world.check(&[("inner/a", Changed)]);
    world.watcher.remove(world.path("inner"));
    world.write("inner/a", "after that");
    world.check(&[("inner/a", Changed)]);
    world.add("inner");
    world.add("other");
    world.watcher.remove(&world.root);
    // Nobody is told of this; but the order in which things are told shows that.
    world.write("c", "");
    world.write("other/b", "after");
    world.wait_for(|notice| {
        let Notice::Changes(changes) = notice else {
            return false;
        };
        assert!(changes.iter().all(|change| change.path != world.path("c")));
        changes
            .iter()
            .any(|change| change.path == world.path("other/b"))
    });
}

/// A system that reports nothing by itself, and keeps a list of what it is to watch. As inotify
/// does, it knows a folder by its number: one that has moved is the same under both names.
#[derive(Clone, Default)]
struct Silent(Arc<Mutex<Watched>>);

#[derive(Default)]
struct Watched {
    numbers: BTreeMap<Utf8PathBuf, u64>,
    paths: BTreeMap<u64, Utf8PathBuf>,
}

impl Watches for Silent {
    fn watch(&mut self, folder: &Utf8Path) -> notify::Result<()> {
        let number = folder.metadata().unwrap().ino();
        let mut watched = self.0.lock().unwrap();
        watched.numbers.insert(folder.to_path_buf(), number);
        watched.paths.insert(number, folder.to_path_buf());
        Ok(())
    }

    fn unwatch(&mut self, folder: &Utf8Path) {
        let mut watched = self.0.lock().unwrap();
        let number = watched.numbers.remove(folder).unwrap();
        watched.paths.remove(&number);
    }
}

impl Silent {
    #[track_caller]
    fn check(&self, expected: &[Utf8PathBuf]) {
        let mut paths: Vec<_> = self.0.lock().unwrap().paths.values().cloned().collect();
        paths.sort();
        assert_eq!(paths, expected);
    }
}

#[test]
fn a_folder_that_moved_unseen_is_watched() {
    let silent = Silent::default();
    let watches = silent.clone();
    let mut reports = None;
    let world = World::on(
        |messages| {
            reports = Some(messages);
            Box::new(silent)
        },
        &["x/a", "y/sub/b"],
    );
    world.watcher.remove(&world.root);
    world.add("x");
    world.add("y");
    fs::rename(world.path("y/sub"), world.path("x/sub")).unwrap();
    reports.unwrap().send(Message::Overflow).unwrap();
    world.wait_for(|notice| matches!(notice, Notice::Changes(_)));
    watches.check(&["x", "x/sub", "y"].map(|path| world.path(path)));
}

#[test]
fn only_folders_that_are_there_and_count_are_watched() {
    let silent = Silent::default();
    let watches = silent.clone();
    let mut reports = None;
    let world = World::on(
        |messages| {
            reports = Some(messages);
            Box::new(silent)
        },
        &["a/b/c", "d/e", "node_modules/f/g"],
    );
    let reports = reports.unwrap();
    let report = |path: &str| {
        let path = world.path(path).into_std_path_buf();
        reports.send(Message::Hints(vec![path])).unwrap();
        world.wait_for(|notice| matches!(notice, Notice::Changes(_)));
    };
    let check = |expected: &[&str]| {
        let expected: Vec<_> = expected.iter().map(|path| world.path(path)).collect();
        watches.check(&expected);
    };
    check(&["", "a", "a/b", "d"]);
    fs::rename(world.path("d"), world.path("a/d")).unwrap();
    report("d");
    check(&["", "a", "a/b"]);
    report("a/d");
    check(&["", "a", "a/b", "a/d"]);
    world.write(".gitignore", "b");
    report(".gitignore");
    check(&["", "a", "a/d"]);
    world.watcher.remove(&world.root);
    let elsewhere = tempfile::tempdir().unwrap();
    let elsewhere = Utf8Path::from_path(elsewhere.path()).unwrap();
    world.watcher.add(Arc::new(Ignore::new(elsewhere)));
    world.wait_for(|notice| matches!(notice, Notice::Watching { .. }));
    watches.check(&[elsewhere.to_path_buf()]);
}

/// A system that can watch so many folders, and reports nothing by itself.
struct Limited {
    left: usize,
}

impl Watches for Limited {
    fn watch(&mut self, _: &Utf8Path) -> notify::Result<()> {
        self.left = self
            .left
            .checked_sub(1)
            .ok_or_else(|| notify::Error::new(notify::ErrorKind::MaxFilesWatch))?;
        Ok(())
    }

    fn unwatch(&mut self, _: &Utf8Path) {
        self.left += 1;
    }
}

#[test]
fn beyond_the_limit_of_the_system_folders_are_polled() {
    let world = World::on(|_| Box::new(Limited { left: 1 }), &["a/b"]);
    world.write("c/d/e", "");
    world.write("a/b", "after");
    world.check(&[("a/b", Changed), ("c/d/e", Created)]);
    let mut why = String::new();
    world.watcher.add(Arc::new(Ignore::new(&world.root)));
    world.wait_for(|notice| {
        if let Notice::Polling { problem, .. } = notice {
            why = problem.to_string();
        }
        !why.is_empty()
    });
    assert!(why.contains("fs.inotify.max_user_watches"), "{why}");
}

#[test]
fn where_reports_got_lost_changes_are_told_all_the_same() {
    let mut reports = None;
    let world = World::on(
        |messages| {
            reports = Some(messages);
            Box::new(Limited { left: 100 })
        },
        &["a", "b", "c"],
    );
    let reports = reports.unwrap();
    for content in ["after", "after that"] {
        world.write("a", content);
        world.write("b", content);
        reports.send(Message::Overflow).unwrap();
        world.wait_for(|notice| {
            let Notice::Changes(changes) = notice else {
                return false;
            };
            assert!(!changes.is_empty());
            let paths = changes.iter().map(|change| change.path.file_name());
            paths.eq([Some("a"), Some("b")])
        });
    }
}

#[derive(Debug, Clone)]
enum Step {
    Write(&'static str, u8),
    Remove(&'static str),
    Rename(&'static str, &'static str),
}

fn step() -> impl Strategy<Value = Step> {
    let path = || prop::sample::select(vec!["a", "b", "a/a", "a/b", "b/a", "a/b/c", "b/b/c/d"]);
    prop_oneof![
        4 => (path(), any::<u8>()).prop_map(|(path, content)| Step::Write(path, content)),
        1 => path().prop_map(Step::Remove),
        1 => (path(), path()).prop_map(|(from, to)| Step::Rename(from, to)),
    ]
}

/// Whatever happens, and however fast: who follows what is told knows in the end which files are
/// there and what is in them.
#[test]
fn who_follows_what_is_told_knows_what_is_there() {
    let case = prop::collection::vec(step(), 1..60);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(30)
    });
    runner
        .run(&case, |steps| {
            let world = World::new(&["a/a", "b/b/c/d"]);
            let read = |path: &Utf8Path| files::read_text(path).ok();
            let mut model: BTreeMap<Utf8PathBuf, _> =
                files::list(&Arc::new(Ignore::new(&world.root)))
                    .into_iter()
                    .map(|path| (path.clone(), read(&path)))
                    .collect();
            for step in steps {
                // Much of this cannot be done, which is fine.
                match step {
                    Step::Write(path, content) => {
                        let path = world.path(path);
                        fs::create_dir_all(path.parent().unwrap()).ok();
                        fs::write(path, [content % 128]).ok();
                    }
                    Step::Remove(path) => {
                        fs::remove_dir_all(world.path(path)).ok();
                        fs::remove_file(world.path(path)).ok();
                    }
                    Step::Rename(from, to) => {
                        fs::rename(world.path(from), world.path(to)).ok();
                    }
                }
            }
            let there: BTreeMap<_, _> = files::list(&Arc::new(Ignore::new(&world.root)))
                .into_iter()
                .map(|path| (path.clone(), read(&path)))
                .collect();
            let end = limit();
            while model != there {
                let Ok(Notice::Changes(changes)) = world
                    .notices
                    .recv_timeout(end.saturating_duration_since(now()))
                else {
                    break;
                };
                for Change { path, kind } in changes {
                    match kind {
                        Removed => model.remove(&path),
                        Created | Changed => model.insert(path.clone(), read(&path)),
                    };
                }
            }
            prop_assert_eq!(model, there);
            Ok(())
        })
        .unwrap();
}
