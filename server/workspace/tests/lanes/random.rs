//! Random trees go through a snapshot, a lane and a capture, and come out the same.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;

use proptest::prelude::*;

use crate::world::{World, at, make_executable, on_disk};

#[derive(Debug, Clone)]
enum Node {
    File(String),
    Program(String),
    Link(String),
    Folder(BTreeMap<String, Node>),
}

fn node() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        "[a-z\\r\\n]{0,9}".prop_map(Node::File),
        "[a-z]{0,9}".prop_map(Node::Program),
        "[a-z]{1,3}(/[a-z]{1,3})?".prop_map(Node::Link),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop::collection::btree_map(file_name(), inner, 1..5).prop_map(Node::Folder)
    })
}

/// Names whose order is not that of their paths.
fn file_name() -> impl Strategy<Value = String> {
    prop_oneof!["[ab][-.0é ]{0,2}c?", "[a-c]"].prop_map(|name| format!("{}x", name.trim()))
}

fn tree() -> impl Strategy<Value = BTreeMap<String, Node>> {
    prop::collection::btree_map(file_name(), node(), 0..6)
}

fn make(world: &World, folder: &str, tree: &BTreeMap<String, Node>) {
    for (name, node) in tree {
        let path = format!("{folder}{name}");
        match node {
            Node::File(content) => world.write(&path, content),
            Node::Program(content) => {
                world.write(&path, content);
                make_executable(&world.root.join(&path));
            }
            Node::Link(target) => symlink(target, world.root.join(&path)).unwrap(),
            Node::Folder(inner) => {
                fs::create_dir_all(world.root.join(&path)).unwrap();
                make(world, &format!("{path}/"), inner);
            }
        }
    }
}

fn clear(world: &World) {
    for entry in world.root.read_dir_utf8().unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() == ".git" {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            fs::remove_dir_all(entry.path()).unwrap();
        } else {
            fs::remove_file(entry.path()).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn every_tree_comes_back(trees in prop::collection::vec(tree(), 1..4), commits in any::<u8>()) {
        let world = World::unborn();
        for (number, tree) in trees.iter().enumerate() {
            clear(&world);
            make(&world, "", tree);
            if commits & (1 << number) != 0 {
                world.commit();
            }
            let expected = on_disk(&world.root);
            let snapshot = world.snapshot();
            prop_assert_eq!(&world.files(snapshot.commit), &expected);
            let mut lane = world.take(snapshot.commit);
            prop_assert_eq!(&on_disk(lane.top()), &expected);
            let captured = lane.capture("", at()).unwrap();
            prop_assert_eq!(&world.files(captured.commit), &expected);
            prop_assert_eq!(lane.release(at()).unwrap(), None);
        }
    }
}
