//! Merging what was made in a lane with what the user has by then, and writing it.

use std::fs;

use greenward_workspace::merge::Merge;
use greenward_workspace::merge::apply::ApplyError;
use greenward_workspace::objects::CommitId;

use crate::world::{Files, World, at, files, make_executable, name, on_disk};

struct Scene {
    world: World,
    base: CommitId,
    result: CommitId,
}

impl Scene {
    /// A user's folder in which a cycle began; `made` (nothing: removed) was made in its lane.
    fn new<const N: usize>(base: [(&str, &str); N], made: &[(&str, Option<&str>)]) -> Self {
        let world = World::repository(base);
        let base = world.snapshot().commit;
        let mut lane = world.take(base);
        for (path, content) in made {
            lane.write((*path).into(), content.map(str::as_bytes))
                .unwrap();
        }
        let result = lane
            .save(&name("cycles/1/result"), "", at())
            .unwrap()
            .commit;
        lane.release(at()).unwrap();
        Self {
            world,
            base,
            result,
        }
    }

    fn merge(&self, overlay: &[(&str, &str)]) -> Merge {
        let mine = self.world.snapshot_with(overlay).commit;
        self.world
            .store()
            .merge(self.base, self.result, mine)
            .unwrap()
    }

    fn apply(&self, merge: &Merge) -> Result<(), ApplyError> {
        let store = self.world.store();
        store.announce(merge, &name("cycles/1"), at()).unwrap();
        store.apply(merge)
    }

    #[track_caller]
    fn check_applied(&self, expected: Files) {
        let before = on_disk(&self.world.root);
        let merge = self.merge(&[]);
        assert_eq!(merge.conflicts, []);
        self.apply(&merge).unwrap();
        assert_eq!(on_disk(&self.world.root), expected);
        let kept = self
            .world
            .store()
            .reference(&name("cycles/1/before-apply"))
            .unwrap();
        assert_eq!(self.world.files(kept.unwrap()), before);
    }
}

#[test]
fn changes_of_both_sides_come_together() {
    let scene = Scene::new(
        [
            ("a.txt", "1\n2\n3\n4\n5\n"),
            ("b.txt", "b"),
            ("c/d.txt", "d"),
            ("run", "r"),
        ],
        &[
            ("a.txt", Some("1\n2\n3\n4\nfive\n")),
            ("c/d.txt", None),
            ("new/e.txt", Some("e")),
        ],
    );
    let world = &scene.world;
    world.write("a.txt", "one\n2\n3\n4\n5\n");
    world.write("b.txt", "mine");
    make_executable(&world.root.join("run"));
    // The user commits, and goes on on another branch.
    world.commit();
    let repository = world.git();
    let head = repository.head().unwrap().peel_to_commit().unwrap();
    repository.branch("other", &head, false).unwrap();
    repository.set_head("refs/heads/other").unwrap();
    scene.check_applied(files([
        ("a.txt", "one\n2\n3\n4\nfive\n"),
        ("b.txt", "mine"),
        ("new/e.txt", "e"),
        ("run", "x r"),
    ]));
    assert!(!world.root.join("c").exists());
}

#[test]
fn unsaved_text_takes_part() {
    let scene = Scene::new(
        [("a.txt", "1\n2\n3\n4\n5\n")],
        &[("a.txt", Some("1\n2\n3\n4\nfive\n"))],
    );
    let merge = scene.merge(&[("a.txt", "unsaved\n2\n3\n4\n5\n")]);
    let after = merge.files[0].after.as_ref().unwrap();
    assert_eq!(after.text(), Some("unsaved\n2\n3\n4\nfive\n"));
    // On disk is something else than what was merged.
    let applied = scene.apply(&merge);
    assert!(
        matches!(applied, Err(ApplyError::Changed { .. })),
        "{applied:?}"
    );
    assert_eq!(scene.world.read("a.txt").unwrap(), "1\n2\n3\n4\n5\n");
}

#[test]
fn a_conflict_is_shown_and_loses_nothing() {
    let scene = Scene::new(
        [
            ("a.txt", "1\n"),
            ("deleted", "x"),
            ("binary", "b\0"),
            ("file", "f"),
        ],
        &[
            ("a.txt", Some("theirs\n")),
            ("deleted", Some("y")),
            ("binary", Some("t\0")),
            ("both", Some("theirs\n")),
            ("file", None),
            ("file/inner", Some("a folder now")),
        ],
    );
    let world = &scene.world;
    world.write("a.txt", "mine\n");
    world.remove("deleted");
    world.write("binary", "m\0");
    world.write("both", "mine\n");
    world.write("file", "still a file");
    let merge = scene.merge(&[]);
    assert_eq!(merge.files, []);
    let shown: Vec<_> = merge
        .conflicts
        .iter()
        .map(|conflict| (conflict.path.as_str(), conflict.marked.as_deref()))
        .collect();
    assert_eq!(
        shown,
        [
            (
                "a.txt",
                Some("<<<<<<< yours\nmine\n||||||| before\n1\n=======\ntheirs\n>>>>>>> cycle\n")
            ),
            ("binary", None),
            (
                "both",
                Some("<<<<<<< yours\nmine\n|||||||\n=======\ntheirs\n>>>>>>> cycle\n")
            ),
            ("deleted", None),
            ("file", None),
            ("file/inner", None),
        ]
    );
    let before = world.untouched();
    let error = scene.apply(&merge).unwrap_err();
    assert!(
        matches!(error, ApplyError::Conflicts { ref paths } if paths.len() == 6),
        "{error}"
    );
    assert_eq!(world.untouched(), before);
}

#[test]
fn what_both_did_alike_is_done() {
    let scene = Scene::new(
        [("a.txt", "1"), ("b.txt", "b")],
        &[("a.txt", Some("2")), ("b.txt", None)],
    );
    scene.world.write("a.txt", "2");
    scene.world.remove("b.txt");
    let merge = scene.merge(&[]);
    assert_eq!((merge.files, merge.conflicts), (vec![], vec![]));
}

#[test]
fn a_file_becomes_a_folder_and_a_folder_a_file() {
    let scene = Scene::new(
        [("a", "a"), ("b/c", "c")],
        &[
            ("a", None),
            ("a/x", Some("x")),
            ("b/c", None),
            ("b", Some("b")),
        ],
    );
    scene.check_applied(files([("a/x", "x"), ("b", "b")]));
}

#[test]
fn a_rebase_meanwhile_loses_nothing() {
    let scene = Scene::new(
        [("a.txt", "1\n2\n3\n4\n5\n"), ("b.txt", "b\n")],
        &[("a.txt", Some("1\n2\n3\n4\nfive\n"))],
    );
    let world = &scene.world;
    let repository = world.git();
    // HEAD's commit is replaced by another with another content.
    world.write("b.txt", "rebased\n");
    let mut index = repository.index().unwrap();
    index.add_path("b.txt".as_ref()).unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    index.write().unwrap();
    let head = repository.head().unwrap().peel_to_commit().unwrap();
    head.amend(Some("HEAD"), None, None, None, Some("amended"), Some(&tree))
        .unwrap();
    scene.check_applied(files([
        ("a.txt", "1\n2\n3\n4\nfive\n"),
        ("b.txt", "rebased\n"),
    ]));
}

#[test]
fn a_file_that_changes_after_the_merge_stops_it_and_all_is_as_it_was() {
    for (changed, content) in [
        ("a.txt", Some("typed")),
        ("z.txt", Some("typed")),
        ("z.txt", None),
        ("new.txt", Some("typed")),
        ("gone.txt", Some("typed")),
    ] {
        let scene = Scene::new(
            [("a.txt", "a"), ("gone.txt", "g"), ("z.txt", "z")],
            &[
                ("a.txt", Some("b")),
                ("gone.txt", None),
                ("new.txt", Some("n")),
                ("z.txt", Some("y")),
            ],
        );
        let merge = scene.merge(&[]);
        match content {
            Some(content) => scene.world.write(changed, content),
            None => scene.world.remove(changed),
        }
        let before = on_disk(&scene.world.root);
        let error = scene.apply(&merge).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{changed} was changed meanwhile")
        );
        assert_eq!(on_disk(&scene.world.root), before);
    }
}

#[test]
fn permissions_stay_as_the_user_set_them() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new([("a.txt", "a")], &[("a.txt", Some("b"))]);
    let path = scene.world.root.join("a.txt");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    scene.apply(&scene.merge(&[])).unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[test]
fn nothing_is_written_through_a_link() {
    let scene = Scene::new([("folder/a.txt", "a")], &[("folder/a.txt", Some("b"))]);
    let merge = scene.merge(&[]);
    let outside = scene.world.root.with_file_name("outside");
    fs::rename(scene.world.root.join("folder"), &outside).unwrap();
    std::os::unix::fs::symlink(&outside, scene.world.root.join("folder")).unwrap();
    assert!(scene.apply(&merge).is_err());
    assert_eq!(fs::read_to_string(outside.join("a.txt")).unwrap(), "a");
}
