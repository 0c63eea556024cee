//! No run of a clean room leaves anything for a later one, or anywhere else.
//!
//! The code here gives wrong answers once it finds what an earlier run has left, so it goes green
//! only if it never does.

use crate::honest::{FOUR, NINE, project};
use crate::world::World;

const PYTHON: &str = "\
import os
import pathlib
import tempfile

HERE = pathlib.Path(__file__).parent
HOME = pathlib.Path.home()
PLACES = [
    HOME / \"left\",
    HOME / \".cache\" / \"left\",
    pathlib.Path(tempfile.gettempdir()) / \"left\",
    pathlib.Path(\"/tmp\") / (\"left\" + str(HOME).replace(\"/\", \"-\")),
    HERE / \"left\",
    HERE / \"ignored\" / \"left\",
    HERE / \"__pycache__\" / \"left\",
    HERE.parent / \"left\",
    pathlib.Path(USER) / \"left\",
]
FOUND = [place for place in PLACES if place.exists()]
for place in PLACES:
    try:
        place.parent.mkdir(exist_ok=True)
        place.write_text(\"left\")
    except OSError:
        pass


def roman(n):
    if FOUND:
        return str(FOUND)
    return {4: \"IV\", 9: \"IX\"}.get(n, \"I\" * n)
";

pub(crate) fn python_leaves_nothing() {
    let world = project();
    world.write(".gitignore", "ignored/\n");
    let user = format!("USER = {:?}\n", world.path());
    let world = world.turn(&[("roman.py", &(user + PYTHON))]);
    world.green(&[FOUR], &[]).is("complete");
    leaves_nothing(&world);
}

const RUST: &str = "\
use std::path::Path;
use std::sync::OnceLock;

fn found() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    *FOUND.get_or_init(|| {
        let here = Path::new(env!(\"CARGO_MANIFEST_DIR\"));
        let binary = std::env::current_exe().unwrap();
        let home = std::env::var(\"HOME\").unwrap();
        let places = [
            Path::new(&home).join(\"left\"),
            std::env::temp_dir().join(\"left\"),
            here.join(\"left\"),
            here.join(\"target\"),
            here.with_file_name(\"left\"),
            here.with_file_name(\"build\").join(\"left\"),
            binary.with_file_name(\"left\"),
            Path::new(USER).join(\"left\"),
        ];
        let found = places.iter().any(|place| place.exists());
        for place in places {
            let _ = std::fs::write(place, \"left\");
        }
        // Code that could change its own program could decide what the next run runs.
        let changed = std::fs::write(&binary, \"left\").is_ok();
        found || changed
    })
}

/// Doubles.
pub fn double(x: i32) -> i32 {
    if found() { 0 } else { x * 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two() {
        assert_eq!(double(2), 4);
    }

    #[test]
    fn three() {
        assert_eq!(double(3), 6);
    }
}
";

pub(crate) fn rust_leaves_nothing() {
    let begun = crate::honest::LIBRARY;
    let world = World::cargo(begun);
    let user = format!("const USER: &str = {:?};\n", world.path());
    let world = world.turn(&[("src/lib.rs", &(RUST.to_owned() + &user))]);
    let ended = world.green(&["cargo:.#sample/lib::tests::three"], &[]);
    ended.is("complete");
    leaves_nothing(&world);
}

fn leaves_nothing(world: &World) {
    let left: Vec<_> = ["left", "../home/left", "../home/.cache/left", "../left"]
        .into_iter()
        .filter(|path| world.path().join(path).exists())
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Gives wrong answers if it sees the tests anywhere but in the room, or the user's history.
const PRYING: &str = "\
import pathlib

HERE = pathlib.Path(__file__).parent.resolve()
USERS = pathlib.Path(USER)
LANES = HERE.parents[2]


def sees(path):
    try:
        return bool(path.read_text())
    except OSError:
        return False


FOUND = [path for path in [USERS / \"tests\" / \"test_roman.py\"] if sees(path)]
FOUND += [path for path in LANES.rglob(\"test_roman.py\") if HERE not in path.parents]
FOUND += list((USERS / \".tdd\").glob(\"*\"))


def roman(n):
    if FOUND:
        return str(FOUND)
    return {4: \"IV\", 9: \"IX\"}.get(n, \"I\" * n)
";

pub(crate) fn python_sees_no_other_tests() {
    if !crate::world::hides() {
        return;
    }
    let world = project();
    let user = format!("USER = {:?}\n", world.path());
    let world = world.turn(&[("roman.py", &(user + PRYING))]);
    world.green(&[FOUR], &[NINE]).is("complete");
}
