//! Taking lanes: what is in them, what stays as it was, how many there are.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};

use camino::Utf8Path;
use greenward_workspace::lane::Purpose;

use crate::world::{World, at, files, make_executable, on_disk, write};

fn changed(path: &Utf8Path) -> (i64, i64) {
    let metadata = path.symlink_metadata().unwrap();
    (metadata.mtime(), metadata.mtime_nsec())
}

#[test]
fn a_lane_has_the_files_and_nothing_of_git() {
    let world = World::repository([("a.txt", "a"), ("src/run", "r")]);
    make_executable(&world.root.join("src/run"));
    symlink("a.txt", world.root.join("link")).unwrap();
    let lane = world.take(world.snapshot().commit);
    assert_eq!(
        on_disk(lane.top()),
        files([("a.txt", "a"), ("link", "-> a.txt"), ("src/run", "x r")])
    );
    assert!(!lane.top().join(".git").exists());
    assert_eq!(lane.workspace(), lane.top());
}

#[test]
fn moving_keeps_what_is_the_same_and_what_is_ignored() {
    let world = World::repository([
        (".gitignore", "/target\n"),
        ("same.txt", "same"),
        ("changes.txt", "one"),
        ("goes/away.txt", "away"),
    ]);
    let first = world.snapshot().commit;
    world.write("changes.txt", "two");
    world.write("new.txt", "new");
    fs::remove_dir_all(world.root.join("goes")).unwrap();
    let second = world.snapshot().commit;

    let lane = world.take(first);
    let top = lane.top().to_path_buf();
    write(&top, "target/built", "built");
    write(&top, "left/behind.txt", "by a worker");
    let same = changed(&top.join("same.txt"));
    let built = changed(&top.join("target/built"));
    lane.release(at()).unwrap();

    let lane = world.take(second);
    assert_eq!(lane.top(), top, "the same lane");
    assert_eq!(
        on_disk(&top),
        files([
            (".gitignore", "/target\n"),
            ("changes.txt", "two"),
            ("new.txt", "new"),
            ("same.txt", "same"),
            ("target/built", "built"),
        ])
    );
    assert_eq!(changed(&top.join("same.txt")), same);
    assert_eq!(changed(&top.join("target/built")), built);
    assert!(
        changed(&top.join("changes.txt")) >= built,
        "cargo sees that it changed"
    );
    assert!(!top.join("goes").exists() && !top.join("left").exists());
}

#[test]
fn a_lane_that_was_tampered_with_is_put_right() {
    let world = World::repository([
        ("a.txt", "one"),
        ("folder/b.txt", "b"),
        ("c", "c"),
        ("run", "r"),
    ]);
    make_executable(&world.root.join("run"));
    let commit = world.snapshot().commit;
    let expected = world.files(commit);
    let lane = world.take(commit);
    let top = lane.top().to_path_buf();
    lane.release(at()).unwrap();

    let time = top.join("a.txt").metadata().unwrap().modified().unwrap();
    write(&top, "a.txt", "two");
    let file = fs::File::options()
        .write(true)
        .open(top.join("a.txt"))
        .unwrap();
    file.set_modified(time).unwrap();
    let outside = world.root.with_file_name("outside");
    write(&outside, "b.txt", "not the lane's");
    fs::remove_dir_all(top.join("folder")).unwrap();
    symlink(&outside, top.join("folder")).unwrap();
    fs::remove_file(top.join("c")).unwrap();
    write(&top, "c/d", "a folder in its place");
    write(&top, ".git/hooks/post-checkout", "planted");
    write(&top, "deep/.git/config", "planted");
    write(&top, ".GIT/config", "planted");
    fs::set_permissions(
        top.join("run"),
        std::os::unix::fs::PermissionsExt::from_mode(0o644),
    )
    .unwrap();

    let lane = world.take(commit);
    assert_eq!(on_disk(lane.top()), expected);
    assert!(!top.join(".git").exists());
    assert_eq!(
        fs::read_to_string(outside.join("b.txt")).unwrap(),
        "not the lane's"
    );
}

#[test]
fn several_are_in_use_at_once_and_no_more_than_needed() {
    let world = World::repository([("a.txt", "a")]);
    let commit = world.snapshot().commit;
    let places: BTreeSet<_> = std::thread::scope(|scope| {
        let takers: Vec<_> = (0..4).map(|_| scope.spawn(|| world.take(commit))).collect();
        let lanes: Vec<_> = takers
            .into_iter()
            .map(|taker| taker.join().unwrap())
            .collect();
        let places = lanes.iter().map(|lane| lane.top().to_path_buf()).collect();
        for lane in lanes {
            assert_eq!(on_disk(lane.top()), files([("a.txt", "a")]));
            lane.release(at()).unwrap();
        }
        places
    });
    assert_eq!(places.len(), 4);
    assert!(places.contains(world.take(commit).top()));
}

#[test]
fn a_clean_room_is_never_a_lane_that_a_worker_had() {
    let world = World::repository([("a.txt", "a")]);
    let commit = world.snapshot().commit;
    let worked = world.take(commit);
    let place = worked.top().to_path_buf();
    worked.release(at()).unwrap();
    let clean = world
        .lanes()
        .take(Purpose::Verification, "cycle-1", commit, at())
        .unwrap();
    assert_ne!(clean.top(), place);
    let again = world.take(commit);
    assert_eq!(again.top(), place);
}

#[test]
fn the_lane_at_the_wanted_commit_comes_first() {
    let world = World::repository([("a.txt", "one")]);
    let first = world.snapshot().commit;
    world.write("a.txt", "two");
    let second = world.snapshot().commit;
    let (a, b) = (world.take(first), world.take(second));
    let places = [a.top().to_path_buf(), b.top().to_path_buf()];
    a.release(at()).unwrap();
    b.release(at()).unwrap();
    assert_eq!(world.take(second).top(), places[1]);
    assert_eq!(world.take(first).top(), places[0]);
}

#[test]
fn a_folder_within_the_repository_is_where_the_workspace_is() {
    let world = World::repository([("a.txt", "a"), ("inner/b.txt", "b")]);
    let store =
        greenward_workspace::objects::ObjectStore::open(&world.root.join("inner"), &world.dirs)
            .unwrap();
    let commit = store.snapshot(&[], "", at()).unwrap().commit;
    let lanes = greenward_workspace::lane::Lanes::new(store, &world.dirs);
    let lane = lanes.take(Purpose::Work, "x", commit, at()).unwrap();
    assert_eq!(lane.workspace(), lane.top().join("inner"));
    assert_eq!(
        fs::read_to_string(lane.workspace().join("b.txt")).unwrap(),
        "b"
    );
}
