//! Listing and cleaning lanes and references.

use std::fs;
use std::time::Duration;

use greenward_workspace::lane::{LaneState, Lanes, Which};
use greenward_workspace::objects::references::ReferenceError;

use crate::world::{World, at, files, name};

fn states(world: &World) -> Vec<LaneState> {
    Lanes::list(&world.dirs)
        .into_iter()
        .map(|lane| lane.state)
        .collect()
}

fn in_use() -> LaneState {
    LaneState::InUse {
        name: Some("cycle-1".to_owned()),
    }
}

#[test]
fn lanes_say_what_they_are() {
    let world = World::repository([("a.txt", "a")]);
    assert_eq!(Lanes::list(&world.dirs), []);
    let commit = world.snapshot().commit;
    let lane = world.take(commit);
    assert_eq!(states(&world), [in_use()]);
    drop(lane);
    let left_behind = LaneState::Holds {
        name: "cycle-1".to_owned(),
    };
    assert_eq!(states(&world), [left_behind]);
    world.take(commit).release(at()).unwrap();
    let lanes = Lanes::list(&world.dirs);
    assert_eq!(lanes[0].state, LaneState::Free);
    assert_eq!(lanes[0].workspace.as_ref(), Some(&world.root));
    assert_eq!(lanes[0].last_used, Some(at()));
    assert!(lanes[0].bytes > 0);
}

#[test]
fn cleaning_leaves_what_is_in_use_and_saves_what_is_not_saved() {
    let world = World::repository([("a.txt", "a")]);
    let commit = world.snapshot().commit;
    let (used, left, free) = (world.take(commit), world.take(commit), world.take(commit));
    left.write("b.txt".into(), Some(b"half done")).unwrap();
    drop(left);
    free.release(at()).unwrap();
    let cleaned = Lanes::clean(&world.dirs, Which::All, at());
    assert_eq!((cleaned.removed.len(), cleaned.kept.len()), (2, 1));
    assert_eq!(cleaned.kept[0].lane.state, in_use());
    let (workspace, rescued) = &cleaned.rescued[0];
    assert_eq!(workspace, &world.root);
    let saved = world.store().reference(rescued).unwrap().unwrap();
    assert_eq!(
        world.files(saved),
        files([("a.txt", "a"), ("b.txt", "half done")])
    );
    assert_eq!(states(&world), [in_use()]);
    assert!(used.top().join("a.txt").exists());
}

#[test]
fn only_what_holds_nothing_is_removed_where_that_is_asked() {
    let world = World::repository([("a.txt", "a")]);
    let commit = world.snapshot().commit;
    let (used, left, free) = (world.take(commit), world.take(commit), world.take(commit));
    left.write("b.txt".into(), Some(b"half done")).unwrap();
    drop(left);
    free.release(at()).unwrap();
    let cleaned = Lanes::clean(&world.dirs, Which::Free, at());
    assert_eq!((cleaned.removed.len(), cleaned.kept.len()), (1, 0));
    let holds = LaneState::Holds {
        name: "cycle-1".to_owned(),
    };
    assert_eq!(states(&world), [in_use(), holds]);
    drop(used);
}

#[test]
fn a_lane_stays_if_its_work_cannot_be_saved() {
    let world = World::repository([("a.txt", "a")]);
    let lane = world.take(world.snapshot().commit);
    let place = lane.top().to_path_buf();
    lane.write("b.txt".into(), Some(b"half done")).unwrap();
    drop(lane);
    fs::rename(&world.root, world.root.with_file_name("moved")).unwrap();
    let cleaned = Lanes::clean(&world.dirs, Which::All, at());
    assert_eq!((cleaned.removed.len(), cleaned.kept.len()), (0, 1));
    assert!(cleaned.kept[0].why.is_some());
    assert_eq!(
        fs::read_to_string(place.join("b.txt")).unwrap(),
        "half done"
    );
}

#[test]
fn lanes_that_were_used_lately_may_stay() {
    let world = World::repository([("a.txt", "a")]);
    world.take(world.snapshot().commit).release(at()).unwrap();
    let clean = |time| {
        Lanes::clean(&world.dirs, Which::UnusedSince(time), at())
            .removed
            .len()
    };
    assert_eq!(clean(at()), 0);
    assert_eq!(clean(at() + Duration::from_secs(1)), 1);
    assert_eq!(Lanes::list(&world.dirs), []);
}

#[test]
fn references_change_only_as_expected() {
    let world = World::repository([("a.txt", "a")]);
    let store = world.store();
    let one = world.snapshot().commit;
    world.write("a.txt", "b");
    let two = world.snapshot().commit;
    let result = name("cycles/1/result");
    store.move_reference(&result, None, one).unwrap();
    for from in [None, Some(two)] {
        let moved = store.move_reference(&result, from, two);
        assert!(
            matches!(moved, Err(ReferenceError::Changed { .. })),
            "{moved:?}"
        );
    }
    store.move_reference(&result, Some(one), two).unwrap();
    store.set_reference(&name("cycles/2/base"), one).unwrap();
    let listed = store.references("cycles/").unwrap();
    assert_eq!(
        listed,
        [(result.clone(), two), (name("cycles/2/base"), one)]
    );
    assert!(store.remove_reference(&result, one).is_err());
    store.remove_reference(&result, two).unwrap();
    assert!(store.remove_reference(&result, two).is_err());
    assert_eq!(
        store.references("").unwrap(),
        [(name("cycles/2/base"), one)]
    );
}

#[test]
fn a_lock_that_a_killed_process_has_left_is_no_obstacle() {
    let world = World::repository([("a.txt", "a")]);
    let store = world.store();
    let one = world.snapshot().commit;
    let result = name("cycles/1/result");
    store.set_reference(&result, one).unwrap();
    let lock = world.root.join(".git/refs/greenward/cycles/1/result.lock");
    fs::write(&lock, "").unwrap();
    store.set_reference(&result, one).unwrap();
    assert!(!lock.exists());
    fs::write(&lock, "").unwrap();
    store.remove_reference(&result, one).unwrap();
    assert!(!lock.exists());
}
