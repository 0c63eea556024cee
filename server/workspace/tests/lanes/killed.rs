//! A process that is killed while it takes a lane, or has one.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use greenward_workspace::lane::{Lanes, Purpose};
use greenward_workspace::objects::ObjectStore;

use crate::world::{World, at, dirs, files, on_disk};

/// Names the world in which [`take_as_told`] is to work.
const ROOT: &str = "GREENWARD_TEST_ROOT";
const COMMITS: &str = "GREENWARD_TEST_COMMITS";

/// Starts this test program again, for nothing but [`take_as_told`], and kills it after so many
/// lines of output.
#[expect(
    clippy::disallowed_methods,
    reason = "what a killed process leaves is tested with processes"
)]
fn kill_after(world: &World, commits: &str, lines: usize) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "killed::take_as_told",
            "--include-ignored",
            "--nocapture",
        ])
        .env(ROOT, &world.root)
        .env(COMMITS, commits)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let said = output
        .lines()
        .map_while(Result::ok)
        .filter(|line| line.contains("lane-"));
    assert_eq!(said.take(lines).count(), lines, "it ended early");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
#[ignore = "is run by other tests, in processes of its own"]
#[expect(
    clippy::disallowed_methods,
    reason = "it is how the other tests speak to it"
)]
fn take_as_told() {
    let root = Utf8PathBuf::from(std::env::var(ROOT).unwrap());
    let base = root.ancestors().nth(2).unwrap();
    let dirs = dirs(base);
    let store = ObjectStore::open(&root, &dirs).unwrap();
    let lanes = Lanes::new(store, &dirs);
    let commits = std::env::var(COMMITS).unwrap();
    for commit in commits.split(',').cycle() {
        println!("lane-taking");
        let lane = lanes
            .take(Purpose::Work, "killed", commit.parse().unwrap(), at())
            .unwrap();
        lane.write(Utf8Path::new("made.txt"), Some(commit.as_bytes()))
            .unwrap();
        println!("lane-holding");
        lane.release(at()).unwrap();
    }
}

#[test]
fn the_next_one_finds_a_whole_lane_and_what_was_made_is_saved() {
    let world = World::repository([("a.txt", "a")]);
    for number in 0..300 {
        world.write(&format!("many/{number}.txt"), "one");
    }
    let one = world.snapshot().commit;
    for number in 0..300 {
        world.write(&format!("many/{number}.txt"), "two");
    }
    world.write("c.txt", "c");
    let two = world.snapshot().commit;
    let commits = format!("{one},{two}");
    for lines in [1, 2, 3, 5, 7, 8] {
        kill_after(&world, &commits, lines);
        for commit in [one, two] {
            let lane = world.take(commit);
            assert_eq!(on_disk(lane.top()), world.files(commit));
            assert_eq!(lane.release(at()).unwrap(), None);
        }
        assert_eq!(
            Lanes::list(&world.dirs).len(),
            1,
            "the lock went with the process"
        );
    }
    for (name, commit) in world.store().references("rescued/killed/").unwrap() {
        let made = world.files(commit);
        assert!(made.contains_key("made.txt"), "{name}: {made:?}");
    }
}

#[test]
fn a_lane_that_another_process_holds_is_not_taken() {
    let world = World::repository([("a.txt", "a")]);
    let commit = world.snapshot().commit;
    let held = world.take(commit);
    kill_after(&world, &commit.to_string(), 2);
    assert_eq!(on_disk(held.top()), files([("a.txt", "a")]));
    assert_eq!(Lanes::list(&world.dirs).len(), 2);
}
