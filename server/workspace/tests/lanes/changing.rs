//! What is made in a lane: writing, recording, saving.

use std::fs;
use std::os::unix::fs::symlink;

use camino::Utf8Path;
use greenward_workspace::lane::{LaneError, Limits};
use greenward_workspace::snapshot::Why;

use crate::world::{Files, World, at, files, name, on_disk, write};

#[test]
fn what_is_written_is_recorded_and_the_users_files_are_not_touched() {
    let world = World::repository([
        ("a.txt", "a"),
        ("gone/b.txt", "b"),
        (".gitignore", "*.log\n"),
    ]);
    let before = world.untouched();
    let mut lane = world.take(world.snapshot().commit);
    lane.write("a.txt".into(), Some(b"changed")).unwrap();
    lane.write("new/deep/c.txt".into(), Some(b"c")).unwrap();
    lane.write("gone/b.txt".into(), None).unwrap();
    lane.write("never/there".into(), None).unwrap();
    let captured = lane.capture("made", at()).unwrap();
    let expected = files([
        (".gitignore", "*.log\n"),
        ("a.txt", "changed"),
        ("new/deep/c.txt", "c"),
    ]);
    assert_eq!(world.files(captured.commit), expected);
    assert_eq!(on_disk(lane.top()), expected);
    assert!(!lane.top().join("gone").exists());
    let changes = world.store().changes(lane.base(), captured.commit).unwrap();
    let patches: String = changes.iter().map(|change| change.unified()).collect();
    assert_eq!(
        patches,
        "diff --git a/a.txt b/a.txt\n\
         --- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+changed\n\\ No newline at end of file\n\
         diff --git a/gone/b.txt b/gone/b.txt\ndeleted file mode 100644\n\
         --- a/gone/b.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-b\n\\ No newline at end of file\n\
         diff --git a/new/deep/c.txt b/new/deep/c.txt\nnew file mode 100644\n\
         --- /dev/null\n+++ b/new/deep/c.txt\n@@ -0,0 +1 @@\n+c\n\\ No newline at end of file\n"
    );
    assert_eq!(world.untouched(), before);
}

#[test]
fn no_path_leads_out_of_a_lane() {
    let world = World::repository([("a.txt", "a"), ("inner/b.txt", "b")]);
    let lane = world.take(world.snapshot().commit);
    let outside = world.root.with_file_name("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, lane.top().join("link")).unwrap();
    symlink("inner", lane.top().join("inner-link")).unwrap();
    symlink(outside.join("file"), lane.top().join("file-link")).unwrap();
    for path in [
        "",
        "/etc/passwd",
        "../escape",
        "inner/../../escape",
        "inner/./b.txt",
        "inner//b.txt",
        "link/escape",
        "inner-link/b.txt",
        "file-link",
        "a.txt/b",
        ".git/config",
        ".GIT/config",
        "inner/.Git/hooks/x",
        ".git",
        ".g\u{200c}it/config",
        ".git./config",
        ".git /config",
        "git~1/config",
        ".git::$INDEX_ALLOCATION/config",
        "nul\0",
    ] {
        for content in [Some(b"planted".as_slice()), None] {
            let written = lane.write(Utf8Path::new(path), content);
            let is_refused = matches!(written, Err(LaneError::Refused { .. }));
            assert!(is_refused, "{path:?}: {written:?}");
        }
    }
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    assert_eq!(
        fs::read_to_string(lane.top().join("inner/b.txt")).unwrap(),
        "b"
    );
    for path in [".gitignore", ".github/x", "x.git", "git", "...", "..a"] {
        lane.write(Utf8Path::new(path), Some(b"x")).unwrap();
    }
}

#[test]
fn rules_that_are_changed_in_a_lane_hide_nothing() {
    let world = World::repository([("a.txt", "a"), (".gitignore", "*.log\n")]);
    let mut lane = world.take(world.snapshot().commit);
    write(lane.top(), ".gitignore", "*\n");
    write(lane.top(), "src/.gitignore", "*\n");
    write(lane.top(), "src/new.txt", "seen");
    write(lane.top(), "x.log", "ignored by the base");
    let captured = lane.capture("", at()).unwrap();
    assert_eq!(
        world.files(captured.commit),
        files([
            (".gitignore", "*\n"),
            ("a.txt", "a"),
            ("src/.gitignore", "*\n"),
            ("src/new.txt", "seen"),
        ])
    );
}

#[test]
fn what_cannot_be_recorded_is_named_and_not_followed() {
    let world = World::repository([("a.txt", "a")]);
    symlink("/etc/hosts", world.root.join("users-own")).unwrap();
    let mut lane = world.take(world.snapshot().commit);
    write(lane.top(), "sub/.git/config", "planted");
    write(lane.top(), ".git/config", "planted");
    write(lane.top(), ".Git/config", "planted");
    fs::create_dir(lane.top().join("deep")).unwrap();
    symlink("/etc/passwd", lane.top().join("deep/absolute")).unwrap();
    symlink("../../x", lane.top().join("deep/up")).unwrap();
    symlink("../a.txt", lane.top().join("deep/within")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(lane.top().join("s")).unwrap();
    let captured = lane.capture("", at()).unwrap();
    let mut refused: Vec<_> = captured
        .refused
        .iter()
        .map(|refused| (refused.path.as_str(), refused.why))
        .collect();
    refused.sort_unstable_by_key(|(path, _)| *path);
    assert_eq!(
        refused,
        [
            (".Git", Why::GitFolder),
            (".git", Why::GitFolder),
            ("deep/absolute", Why::LeadsOut),
            ("deep/up", Why::LeadsOut),
            ("s", Why::Special),
            ("sub/.git", Why::GitFolder),
        ]
    );
    assert_eq!(
        world.files(captured.commit),
        files([
            ("a.txt", "a"),
            ("deep/within", "-> ../a.txt"),
            ("users-own", "-> /etc/hosts"),
        ])
    );
}

#[test]
fn what_is_too_much_is_named_and_left_out() {
    let world = World::repository([("a.txt", "a"), ("b.txt", "b")]);
    let mut lane = world.take(world.snapshot().commit);
    write(lane.top(), "b.txt", "12345678");
    write(lane.top(), "c.txt", "12345678");
    let mut check = |file, total, refused: &[&str], kept: Files| {
        let captured = lane.capture_within(Limits { file, total }, "", at());
        let captured = captured.unwrap();
        let mut named: Vec<_> = captured
            .refused
            .iter()
            .map(|refused| (refused.path.as_str(), refused.why))
            .collect();
        named.sort_unstable_by_key(|(path, _)| *path);
        let expected: Vec<_> = refused.iter().map(|path| (*path, Why::TooLarge)).collect();
        assert_eq!(named, expected);
        assert_eq!(world.files(captured.commit), kept);
    };
    let as_before = [("a.txt", "a"), ("b.txt", "b")];
    check(7, 100, &["b.txt", "c.txt"], files(as_before));
    let all = [("a.txt", "a"), ("b.txt", "12345678"), ("c.txt", "12345678")];
    check(8, 16, &[], files(all));
}

#[test]
fn a_lane_that_is_let_go_of_has_nothing_that_cannot_be_kept() {
    let world = World::repository([("a.txt", "a")]);
    let mut lane = world.take(world.snapshot().commit);
    let top = lane.top().to_owned();
    let huge = fs::File::create(top.join("huge")).unwrap();
    huge.set_len(Limits::default().file + 1).unwrap();
    std::os::unix::net::UnixListener::bind(top.join("s")).unwrap();
    write(&top, "b.txt", "b");
    let saved = lane.save(&name("cycles/1/attempt-1"), "", at()).unwrap();
    assert_eq!(saved.refused.len(), 2);
    assert!(top.join("huge").exists(), "whoever works in it keeps it");
    assert_eq!(lane.release(at()).unwrap(), None);
    assert_eq!(on_disk(&top), files([("a.txt", "a"), ("b.txt", "b")]));
}

#[test]
fn what_is_saved_is_not_saved_again() {
    let world = World::repository([("a.txt", "a")]);
    let mut lane = world.take(world.snapshot().commit);
    lane.write("a.txt".into(), Some(b"b")).unwrap();
    let attempt = name("cycles/1/attempt-1");
    let saved = lane.save(&attempt, "attempt 1", at()).unwrap();
    assert_eq!(
        world.store().reference(&attempt).unwrap(),
        Some(saved.commit)
    );
    assert_eq!(lane.release(at()).unwrap(), None);

    let lane = world.take(saved.commit);
    lane.write("a.txt".into(), Some(b"saved nowhere")).unwrap();
    let rescued = lane.release(at()).unwrap().unwrap();
    let commit = world.store().reference(&rescued).unwrap().unwrap();
    assert!(rescued.short().starts_with("rescued/cycle-1/"), "{rescued}");
    assert_eq!(world.files(commit), files([("a.txt", "saved nowhere")]));
}

#[test]
fn a_dropped_lane_is_saved_before_it_is_used_again() {
    let world = World::repository([("a.txt", "a")]);
    let commit = world.snapshot().commit;
    let lane = world.take(commit);
    let place = lane.top().to_path_buf();
    lane.write("b.txt".into(), Some(b"half done")).unwrap();
    drop(lane);
    let lane = world.take(commit);
    assert_eq!(
        (lane.top(), on_disk(lane.top())),
        (place.as_path(), files([("a.txt", "a")]))
    );
    let rescued = world.store().references("rescued/").unwrap();
    assert_eq!(rescued.len(), 1);
    assert_eq!(
        world.files(rescued[0].1),
        files([("a.txt", "a"), ("b.txt", "half done")])
    );
}

#[test]
fn what_is_discarded_is_saved_nowhere() {
    let world = World::repository([("a.txt", "a")]);
    let commit = world.snapshot().commit;
    let lane = world.take(commit);
    lane.write("a.txt".into(), Some(b"not wanted")).unwrap();
    lane.discard(at()).unwrap();
    assert_eq!(on_disk(world.take(commit).top()), files([("a.txt", "a")]));
    assert_eq!(world.store().references("rescued/").unwrap(), []);
}
