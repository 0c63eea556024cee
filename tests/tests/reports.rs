//! What people read on the command line.

use greenward_tests::World;

fn package() -> World {
    World::new(
        r#"
        //- Cargo.toml
        [package]
        name = "double"
        version = "0.1.0"
        edition = "2021"
        //- src/lib.rs
        #[test]
        fn holds() {}
        "#,
    )
}

#[test]
fn changed_files_are_named_with_the_tests_that_they_select() {
    let world = package();
    // A repository without a commit: every file of it is new.
    for (file, text) in [
        ("HEAD", "ref: refs/heads/main\n"),
        ("objects/info/packs", ""),
        ("refs/heads/.keep", ""),
    ] {
        world.write(&format!(".git/{file}"), text);
    }
    world.write(".gitignore", "/target\nCargo.lock\n");
    let folder = world.workspace().file_name().unwrap_or_default().to_owned();
    let run = world.greenward(&["test", "--trust", "--changed"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let said = format!("{folder} (cargo): Cargo.toml changed (and 2 more)\n");
    assert!(run.stdout.contains(&said), "{run:?}");
    // Who names tests knows why they run.
    let run = world.greenward(&["test", "--trust"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(!run.stdout.contains("changed"), "{run:?}");
}

#[test]
fn doctor_calls_a_project_by_its_folder_and_framework() {
    let world = package();
    let folder = world.workspace().file_name().unwrap_or_default().to_owned();
    let text = world.greenward(&["doctor"]).stdout;
    let line = text.lines().find(|line| line.contains("cargo:."));
    let said = format!("{folder} (cargo)  1 test in ., cargo:.");
    assert!(line.is_some_and(|line| line.ends_with(&said)), "{text}");
}
