//! What a snapshot has, and what it leaves alone.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use git2::{Repository, WorktreeAddOptions};
use greenward_workspace::objects::{ObjectStore, StoreError};
use greenward_workspace::snapshot::Why;

use crate::world::{World, commit_all, files, make_executable, write};

#[track_caller]
fn check<const N: usize>(world: &World, overlay: &[(&str, &str)], expected: [(&str, &str); N]) {
    let before = world.untouched();
    let first = world.snapshot_with(overlay);
    assert_eq!(world.files(first.commit), files(expected));
    // The second is made from what the first remembered.
    let second = world.snapshot_with(overlay);
    assert_eq!(world.files(second.commit), files(expected));
    assert_eq!(
        world.untouched(),
        before,
        "something of the user's was touched"
    );
}

#[test]
fn it_has_what_is_tracked_changed_and_new_and_not_what_is_ignored() {
    let world = World::repository([
        ("a.txt", "a"),
        ("src/b.txt", "b"),
        ("gone.txt", "gone"),
        (".gitignore", "*.log\n/build/\n"),
    ]);
    world.write("src/b.txt", "changed");
    world.write("new/c.txt", "c");
    world.write("x.log", "ignored");
    world.write("build/out", "ignored");
    world.write("node_modules/m.js", "made again");
    world.write("venv/pyvenv.cfg", "made again");
    world.write("venv/bin/python", "made again");
    world.write(".hidden/d", "d");
    world.write(".tdd/config.toml", "");
    world.write(".tdd/state.db", "ours");
    world.remove("gone.txt");
    fs::create_dir(world.root.join("empty")).unwrap();
    check(
        &world,
        &[],
        [
            (".gitignore", "*.log\n/build/\n"),
            (".hidden/d", "d"),
            (".tdd/config.toml", ""),
            ("a.txt", "a"),
            ("new/c.txt", "c"),
            ("src/b.txt", "changed"),
        ],
    );
}

#[test]
fn what_git_tracks_counts_although_it_is_ignored() {
    let world = World::repository([("build/kept", "1"), ("node_modules/kept", "2")]);
    world.write(".gitignore", "build\n");
    world.write("build/other", "ignored");
    check(
        &world,
        &[],
        [
            (".gitignore", "build\n"),
            ("build/kept", "1"),
            ("node_modules/kept", "2"),
        ],
    );
}

#[test]
fn unsaved_text_counts_instead_of_what_is_on_disk() {
    let world = World::repository([
        ("a.txt", "a"),
        ("run", "r"),
        ("bom", "\u{feff}x\r\n"),
        (".gitignore", "*.log"),
    ]);
    make_executable(&world.root.join("run"));
    check(
        &world,
        &[
            ("a.txt", "unsaved"),
            ("run", "unsaved"),
            ("bom", "y\r\n"),
            ("deep/new.txt", "never saved"),
            ("x.log", "ignored"),
            ("../outside", "not ours"),
            (".git/config", "never"),
        ],
        [
            (".gitignore", "*.log"),
            ("a.txt", "unsaved"),
            ("bom", "\u{feff}y\r\n"),
            ("deep/new.txt", "never saved"),
            ("run", "x unsaved"),
        ],
    );
}

#[test]
fn bytes_modes_and_links_are_as_on_disk() {
    let world = World::repository([("crlf.txt", "a\r\nb\r\n")]);
    world
        .git()
        .config()
        .unwrap()
        .set_bool("core.autocrlf", true)
        .unwrap();
    world.write(".gitattributes", "* text=auto\n");
    world.commit();
    world.write("run.sh", "#!/bin/sh\n");
    make_executable(&world.root.join("run.sh"));
    symlink("crlf.txt", world.root.join("link")).unwrap();
    symlink("src", world.root.join("folder-link")).unwrap();
    check(
        &world,
        &[],
        [
            (".gitattributes", "* text=auto\n"),
            ("crlf.txt", "a\r\nb\r\n"),
            ("folder-link", "-> src"),
            ("link", "-> crlf.txt"),
            ("run.sh", "x #!/bin/sh\n"),
        ],
    );
}

#[test]
fn a_repository_without_a_commit_has_a_snapshot_without_a_parent() {
    let world = World::unborn();
    world.write("a.txt", "a");
    check(&world, &[], [("a.txt", "a")]);
}

#[test]
fn a_folder_in_no_repository_is_left_without_one() {
    let world = World::folder();
    world.write("a.txt", "a");
    world.write(".gitignore", "*.log\n");
    world.write("x.log", "ignored");
    check(&world, &[], [(".gitignore", "*.log\n"), ("a.txt", "a")]);
    assert!(!world.root.join(".git").exists());
}

#[test]
fn a_repository_that_ignores_the_folder_has_nothing_to_do_with_it() {
    let world = World::repository([(".gitignore", "/*\n")]);
    world.write("project/a.txt", "a");
    let store = ObjectStore::open(&world.root.join("project"), &world.dirs).unwrap();
    assert!(!store.is_users());
    assert_eq!(store.top(), world.root.join("project"));
}

#[test]
fn a_folder_within_a_repository_is_seen_from_the_top() {
    let world = World::repository([("a.txt", "a"), ("inner/b.txt", "b")]);
    let store = ObjectStore::open(&world.root.join("inner"), &world.dirs).unwrap();
    assert_eq!(
        (store.top(), store.prefix().as_str()),
        (world.root.as_path(), "inner")
    );
}

#[test]
fn a_bare_repository_is_refused() {
    let world = World::folder();
    Repository::init_bare(&world.root).unwrap();
    let opened = ObjectStore::open(&world.root, &world.dirs);
    assert!(matches!(opened, Err(StoreError::Bare { .. })), "{opened:?}");
}

#[test]
fn submodules_and_clones_are_recorded_file_by_file() {
    let world = World::repository([("a.txt", "a")]);
    let inner = Repository::init(world.root.join("sub")).unwrap();
    write(&world.root, "sub/b.txt", "b");
    write(&world.root, "sub/tracked.log", "tracked");
    commit_all(&inner);
    write(&world.root, "sub/.gitignore", "*.log\n");
    write(&world.root, "sub/x.log", "ignored");
    // As a submodule is in the index.
    let repository = world.git();
    let mut index = repository.index().unwrap();
    index.add_path("sub".as_ref()).unwrap();
    index.write().unwrap();
    assert_eq!(index.get_path("sub".as_ref(), 0).unwrap().mode, 0o160_000);
    check(
        &world,
        &[],
        [
            ("a.txt", "a"),
            ("sub/.gitignore", "*.log\n"),
            ("sub/b.txt", "b"),
            ("sub/tracked.log", "tracked"),
        ],
    );
}

#[test]
fn a_worktree_of_the_users_is_a_repository_like_any() {
    let world = World::repository([("a.txt", "a")]);
    let place = world.root.with_file_name("worktree");
    let options = WorktreeAddOptions::new();
    world
        .git()
        .worktree("other", place.as_std_path(), Some(&options))
        .unwrap();
    write(&place, "b.txt", "b");
    let store = ObjectStore::open(&place, &world.dirs).unwrap();
    // Who looks for the user's versions finds all of them from either side.
    let places = store.places().unwrap();
    for known in [&place, &world.root, &world.root.join(".git")] {
        assert!(places.contains(known), "{known} is not in {places:?}");
    }
    let main = ObjectStore::open(&world.root, &world.dirs).unwrap();
    assert!(main.places().unwrap().contains(&place));
    let snapshot = store.snapshot(&[], "", crate::world::at()).unwrap();
    assert_eq!(
        world.files(snapshot.commit),
        files([("a.txt", "a"), ("b.txt", "b")])
    );
}

#[test]
fn a_repository_in_the_middle_of_a_merge_is_left_there() {
    let world = World::repository([("a.txt", "one\n")]);
    let repository = world.git();
    let base = repository.head().unwrap().peel_to_commit().unwrap();
    repository.branch("side", &base, false).unwrap();
    world.write("a.txt", "main\n");
    world.commit();
    repository.set_head("refs/heads/side").unwrap();
    world.write("a.txt", "side\n");
    // The index has what side's parent has, since only the tree differs.
    world.commit();
    let other = repository.find_branch("main", git2::BranchType::Local);
    let other = other
        .or_else(|_| repository.find_branch("master", git2::BranchType::Local))
        .unwrap();
    let other = repository
        .reference_to_annotated_commit(other.get())
        .unwrap();
    repository.merge(&[&other], None, None).unwrap();
    assert_eq!(repository.state(), git2::RepositoryState::Merge);
    let text = world.read("a.txt").unwrap();
    assert!(text.contains("<<<<<<<"), "{text}");
    check(&world, &[], [("a.txt", &text)]);
    assert_eq!(world.git().state(), git2::RepositoryState::Merge);
}

#[test]
fn what_cannot_be_recorded_is_named() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let world = World::repository([("a.txt", "a")]);
    fs::write(
        world.root.as_std_path().join(OsStr::from_bytes(b"b\xff")),
        "",
    )
    .unwrap();
    let _socket = UnixListener::bind(world.root.join("socket")).unwrap();
    world.write(".GIT/config", "planted");
    let large = fs::File::create(world.root.join("large")).unwrap();
    large.set_len(65 * 1024 * 1024).unwrap();
    let snapshot = world.snapshot();
    let mut left_out: Vec<_> = snapshot
        .left_out
        .iter()
        .map(|refused| (refused.path.as_str(), refused.why))
        .collect();
    left_out.sort_unstable_by_key(|(path, _)| *path);
    assert_eq!(
        left_out,
        [
            (".GIT", Why::GitFolder),
            ("b\u{fffd}", Why::NotUtf8),
            ("large", Why::TooLarge),
            ("socket", Why::Special),
        ]
    );
    assert_eq!(world.files(snapshot.commit), files([("a.txt", "a")]));
}

#[test]
fn a_change_of_the_same_length_shows_even_with_the_time_set_back() {
    let world = World::repository([("a.txt", "one")]);
    world.snapshot();
    let time = world
        .root
        .join("a.txt")
        .metadata()
        .unwrap()
        .modified()
        .unwrap();
    world.write("a.txt", "two");
    let file = fs::File::options()
        .write(true)
        .open(world.root.join("a.txt"))
        .unwrap();
    file.set_modified(time).unwrap();
    check(&world, &[], [("a.txt", "two")]);
}

#[test]
fn the_parent_is_the_users_head_and_the_author_is_greenward() {
    let world = World::repository([("a.txt", "a")]);
    let head = world.commit();
    let snapshot = world.snapshot();
    let repository = world.git();
    let commit = git2::Oid::from_str(&snapshot.commit.to_string()).unwrap();
    let commit = repository.find_commit(commit).unwrap();
    assert_eq!(commit.parent_id(0).unwrap(), head);
    assert_eq!(commit.author().email().unwrap(), "greenward@localhost");
    assert_eq!(commit.time().seconds(), 1_800_000_000);
}

#[test]
fn several_that_begin_at_once_share_one_repository() {
    let world = World::folder();
    world.write("a.txt", "a");
    let opened: Vec<bool> = std::thread::scope(|scope| {
        let begin = || scope.spawn(|| ObjectStore::open(&world.root, &world.dirs).is_ok());
        let threads: Vec<_> = (0..8).map(|_| begin()).collect();
        threads.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert_eq!(opened, [true; 8]);
    let parent = world.dirs.state().join("repositories");
    assert_eq!(parent.read_dir_utf8().unwrap().count(), 1);
    check(&world, &[], [("a.txt", "a")]);
}
