//! What goes wrong with lanes.

use std::fs;

use greenward_workspace::lane::{LaneError, Lanes, Purpose, Which};
use greenward_workspace::objects::references::RefName;

use crate::world::{World, at, files, on_disk, write};

#[test]
fn a_lane_that_is_removed_under_us_says_so_and_the_next_is_fresh() {
    let world = World::repository([("a.txt", "a")]);
    let commit = world.snapshot().commit;
    let mut lane = world.take(commit);
    let place = lane.top().to_path_buf();
    fs::remove_dir_all(&place).unwrap();
    let gone = |result: Result<(), LaneError>| matches!(result, Err(LaneError::Gone { .. }));
    assert!(gone(lane.write("b.txt".into(), Some(b"b"))));
    assert!(gone(lane.capture("", at()).map(drop)));
    fs::create_dir(&place).unwrap();
    assert!(
        gone(lane.write("b.txt".into(), Some(b"b"))),
        "another folder in its place"
    );
    assert_eq!(lane.release(at()).unwrap(), None);
    assert_eq!(on_disk(world.take(commit).top()), files([("a.txt", "a")]));
    assert_eq!(world.store().references("rescued/").unwrap(), []);
}

#[test]
fn all_of_a_lane_may_go() {
    let world = World::repository([("a.txt", "a")]);
    let commit = world.snapshot().commit;
    let lane = world.take(commit);
    let folder = lane.top().parent().unwrap().to_path_buf();
    lane.release(at()).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(on_disk(world.take(commit).top()), files([("a.txt", "a")]));
}

#[test]
fn a_manifest_or_record_that_is_damaged_costs_time_and_no_work() {
    let world = World::repository([("a.txt", "a")]);
    let commit = world.snapshot().commit;
    let lane = world.take(commit);
    let top = lane.top().to_path_buf();
    let folder = top.parent().unwrap().to_path_buf();
    lane.release(at()).unwrap();
    for damaged in ["", "{", "[[1]]"] {
        fs::write(folder.join("manifest.json"), damaged).unwrap();
        write(&top, "a.txt", "tampered");
        let lane = world.take(commit);
        assert_eq!(on_disk(lane.top()), files([("a.txt", "a")]));
        lane.release(at()).unwrap();
    }
    // Nobody knows any more what it holds: it is left alone.
    fs::write(folder.join("lane.json"), "{").unwrap();
    write(&top, "b.txt", "perhaps precious");
    assert_ne!(world.take(commit).top(), top);
    assert!(top.join("b.txt").exists());
}

#[test]
fn a_folder_that_forbids_to_be_read_is_made_anew() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::repository([("folder/a.txt", "a")]);
    let commit = world.snapshot().commit;
    let lane = world.take(commit);
    let top = lane.top().to_path_buf();
    lane.release(at()).unwrap();
    fs::set_permissions(top.join("folder"), fs::Permissions::from_mode(0o0)).unwrap();
    assert_eq!(
        on_disk(world.take(commit).top()),
        files([("folder/a.txt", "a")])
    );
}

#[test]
fn names_and_commits_that_cannot_be_are_refused() {
    let world = World::repository([("a.txt", "a")]);
    let commit = world.snapshot().commit;
    for name in ["", "..", "a..b", "a b", "/", "a/", "~"] {
        let taken = world.lanes().take(Purpose::Work, name, commit, at());
        assert!(matches!(taken, Err(LaneError::Name(_))), "{name:?}");
        assert!(RefName::new(name).is_err(), "{name:?}");
    }
    let unknown = "0123456789012345678901234567890123456789".parse().unwrap();
    let taken = world.lanes().take(Purpose::Work, "x", unknown, at());
    assert!(matches!(taken, Err(LaneError::Store(_))));
    assert!(
        "abc"
            .parse::<greenward_workspace::objects::CommitId>()
            .is_err()
    );
}

#[test]
fn a_lane_that_cannot_be_written_is_left_and_another_taken() {
    let world = World::repository([("a.txt", "a")]);
    let commit = world.snapshot().commit;
    let lane = world.take(commit);
    let folder = lane.top().parent().unwrap().to_path_buf();
    lane.release(at()).unwrap();
    // A folder stands where the record is written, so that it cannot be.
    fs::remove_file(folder.join("lane.json")).unwrap();
    fs::create_dir_all(folder.join("lane.json/in-the-way")).unwrap();
    let other = world.take(commit);
    assert_ne!(other.top(), folder.join("tree"));
}

/// A worker may put a link in the place of its lane, which leads to somebody's files.
#[test]
fn a_link_in_the_place_of_a_lane_leads_nowhere() {
    let world = World::repository([("a.txt", "a")]);
    let commit = world.snapshot().commit;
    let victim = tempfile::tempdir().unwrap();
    fs::write(victim.path().join("mine.txt"), "mine").unwrap();
    let kept = || fs::read_to_string(victim.path().join("mine.txt")).unwrap() == "mine";

    let mut lane = world.take(commit);
    let top = lane.top().to_path_buf();
    fs::rename(&top, top.with_extension("aside")).unwrap();
    std::os::unix::fs::symlink(victim.path(), &top).unwrap();
    assert!(lane.stand(commit).is_err());
    assert!(lane.capture("", at()).is_err());
    drop(lane);
    assert!(kept());
    let lane = world.take(commit);
    assert!(kept());
    assert_eq!(on_disk(lane.top()), files([("a.txt", "a")]));
    assert!(!lane.top().symlink_metadata().unwrap().is_symlink());

    // The whole lane, and all of the workspace's lanes.
    let folder = top.parent().unwrap().to_path_buf();
    lane.release(at()).unwrap();
    for place in [folder.clone(), folder.parent().unwrap().to_path_buf()] {
        fs::rename(&place, place.with_extension("aside")).unwrap();
        std::os::unix::fs::symlink(victim.path(), &place).unwrap();
        let taken = world.lanes().take(Purpose::Work, "cycle-1", commit, at());
        if let Ok(lane) = &taken {
            assert_ne!(lane.top().parent(), Some(&*folder), "{place}");
        }
        drop(taken);
        let cleaned = Lanes::clean(&world.dirs, Which::All, at());
        drop(cleaned);
        assert!(kept(), "{place}");
        assert_eq!(fs::read_dir(victim.path()).unwrap().count(), 1, "{place}");
        fs::remove_file(&place).unwrap();
        fs::rename(place.with_extension("aside"), &place).unwrap();
    }
}
