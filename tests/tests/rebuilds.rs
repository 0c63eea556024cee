//! What is built again in a lane that is used again.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_tests::World;
use serde_json::json;

/// How many crates the one with the test depends on.
const DEPENDENCIES: usize = 100;

const WRONG: &str = "pub fn answer() -> usize {\n    0\n}\n";

/// A crate with a failing test and its dependencies, all in one workspace.
fn workspace() -> World {
    let world = World::new(
        "//- Cargo.toml\n[workspace]\nresolver = '3'\nmembers = ['top', 'dependencies/*']\n\
         //- .gitignore\ntarget\n",
    );
    let manifest =
        |name: &str| format!("[package]\nname = '{name}'\nversion = '0.1.0'\nedition = '2024'\n");
    let mut top = manifest("top") + "[lib]\ndoctest = false\n[dependencies]\n";
    let mut sum = Vec::new();
    for number in 0..DEPENDENCIES {
        let name = format!("dependency{number}");
        let folder = format!("dependencies/{name}");
        let lib = "[lib]\ntest = false\ndoctest = false\n";
        world.write(&format!("{folder}/Cargo.toml"), manifest(&name) + lib);
        world.write(
            &format!("{folder}/src/lib.rs"),
            "pub const ONE: usize = 1;\n",
        );
        top += &format!("{name} = {{ path = '../{folder}' }}\n");
        sum.push(format!("{name}::ONE"));
    }
    world.write("top/Cargo.toml", top);
    let sum = sum.join(" + ");
    let test = format!(
        "#[cfg(test)]\nmod tests {{\n    #[test]\n    fn counts() {{\n        \
         assert_eq!(super::answer(), {sum});\n    }}\n}}\n"
    );
    world.write("top/src/lib.rs", format!("{WRONG}\n{test}"));
    world
}

/// When each file that a compiler has left in the lanes was written, by its path.
fn compiled(folder: &Utf8Path) -> BTreeMap<Utf8PathBuf, SystemTime> {
    let mut found = BTreeMap::new();
    for entry in folder.read_dir_utf8().expect("a folder of the lanes") {
        let entry = entry.expect("an entry of the lanes");
        let kind = entry.file_type().expect("an entry has a kind");
        if kind.is_dir() {
            found.extend(compiled(entry.path()));
        } else if folder.ends_with("deps") {
            let written = entry.metadata().and_then(|data| data.modified());
            let written = written.expect("the time of a file");
            found.insert(entry.path().to_owned(), written);
        }
    }
    found
}

/// The crates that files are of: cargo names them `libCRATE-HASH.rlib`, `CRATE-HASH` and the like.
fn crates<'a>(files: impl Iterator<Item = &'a Utf8PathBuf>) -> BTreeSet<&'a str> {
    files
        .filter_map(|file| {
            let name = file.file_name()?;
            name.strip_prefix("lib").unwrap_or(name).split('-').next()
        })
        .collect()
}

/// A second cycle begins with the lanes of the first: of a crate with a hundred dependencies, only
/// the crate itself is built again, however often its text is another one in the clean room.
#[test]
fn an_edit_in_a_lane_that_is_used_again_rebuilds_one_crate() {
    let world = workspace();
    world.commit_all();
    let mended = world
        .read("top/src/lib.rs")
        .replace("    0\n", "    10 * 10\n");
    let reply = json!({ "files": { "top/src/lib.rs": mended } });
    world.replay("mutation_seconds = 0", [reply]);
    let lanes = world.path("../home/cache/greenward/lanes");

    world
        .greenward(&["green", "counts", "--trust"])
        .check(0, &[]);
    let first = compiled(&lanes);
    assert_eq!(crates(first.keys()).len(), 1 + DEPENDENCIES, "{first:?}");

    let other = world.read("top/src/lib.rs").replace("    0\n", "    1\n");
    world.write("top/src/lib.rs", other);
    world
        .greenward(&["green", "counts", "--trust"])
        .check(0, &[]);
    let second = compiled(&lanes);
    let again = second
        .iter()
        .filter(|(file, written)| first.get(*file) != Some(written));
    let again = crates(again.map(|(file, _)| file));
    assert_eq!(again, BTreeSet::from(["top"]), "what is built again");
}
