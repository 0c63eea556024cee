//! `greenward plan` and `greenward init --spec`: from a page of wishes to tasks. Nothing of it runs
//! anything, so no folder here is trusted.

use std::os::unix::fs::symlink;

use greenward_tests::{Finished, World, json_lines, repository};
use nix::sys::stat::Mode;

/// A workspace with a spec.
fn world(path: &str, text: impl AsRef<[u8]>) -> World {
    let world = World::new("//- Cargo.toml\n[package]\nname = \"roman\"\n");
    world.write(path, text);
    world
}

/// A spec of `tests/fixtures/specs`.
fn fixture(name: &str) -> String {
    let path = repository().join("tests/fixtures/specs").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn plan(world: &World, spec: &str) -> Finished {
    world.greenward(&["plan", spec])
}

/// What `greenward plan` says of a spec, and how it ends.
#[track_caller]
fn check(text: impl AsRef<[u8]>, code: i32, said: &[&str]) {
    plan(&world("specs/roman.md", text), "specs/roman.md").check(code, said);
}

#[test]
fn each_requirement_becomes_a_task() {
    check(
        fixture("one.md"),
        0,
        &[
            "specs/roman.md:2:9: warning[no-such-file]: `src/roman.rs` is not there",
            "Roman numerals: 1 task\n",
            "1. Convert to numerals  convert-to-numerals\n",
            "   writes src/roman.rs; tests in tests/roman.rs\n",
            "   - 0 and 4000 are refused with a clear error\n",
            "   e.g. n = 9, numeral = IX\n",
        ],
    );
}

#[test]
fn the_order_keeps_to_every_dependency() {
    for (name, tasks) in [("one.md", 1), ("diamond.md", 5), ("twenty.md", 21)] {
        let world = world("specs/a.md", fixture(name));
        let planned = world.greenward(&["plan", "specs/a.md", "--json"]);
        assert_eq!(planned.code, Some(0), "{name}: {}", planned.stdout);
        let lines = json_lines(&planned.stdout);
        let result = lines.last().expect("there is a last line");
        assert_eq!(result["event"], "planResult", "{result}");
        let order = result["order"].as_array().expect("it is a list");
        assert_eq!(order.len(), tasks, "{name}");
        let place = |id| order.iter().position(|one| one == id);
        let all = lines.iter().filter(|line| line["event"] == "task");
        let mut before = Vec::new();
        for task in all {
            for earlier in task["dependsOn"].as_array().expect("it is a list") {
                assert!(place(earlier) < place(&task["id"]), "{task}");
                before.push((earlier, &task["id"]));
            }
        }
        // All write the same files, so each waits for the one before it.
        for pair in order.windows(2) {
            assert!(before.contains(&(&pair[0], &pair[1])), "{name}: {pair:?}");
        }
    }
}

#[test]
fn json_and_yaml_say_the_same() {
    let tasks = |path: &str, text: &str| {
        let world = world(path, text);
        let planned = world.greenward(&["plan", path, "--json"]);
        planned.check(0, &["\"planResult\""]);
        let lines = json_lines(&planned.stdout).into_iter();
        lines
            .filter(|line| line["event"] == "task")
            .collect::<Vec<_>>()
    };
    let markdown = "---\ntarget: Cargo.toml\n---\n# R\n## To\n- [ ] 1 is I\n\n| n | is |\n|-|-|\n| 9 | IX |\n## From\ndepends on: to\n- [ ] I is 1\n";
    let yaml = "title: R\ntarget: Cargo.toml\nrequirements:\n- title: To\n  criteria: [1 is I]\n  examples: [{n: 9, is: IX}]\n- title: From\n  depends_on: To\n  criteria: [I is 1]\n";
    let json = r#"{"title": "R", "target": "Cargo.toml", "requirements": [
        {"title": "To", "criteria": ["1 is I"], "examples": [{"n": 9, "is": "IX"}]},
        {"title": "From", "depends_on": ["To"], "criteria": ["I is 1"]}]}"#;
    let expected = tasks("specs/r.md", markdown);
    assert_eq!(expected.len(), 2);
    assert_eq!(tasks("specs/r.yaml", yaml), expected);
    assert_eq!(tasks("specs/r.json", json), expected);
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let no_plan = "no plan can be made of it yet";
    for (text, said) in [
        ("", "specs/roman.md:1:1: error[empty]: "),
        (
            "# T\n## Größe\n",
            "specs/roman.md:2:4: error[unchecked]: nothing shows when `Größe`",
        ),
        ("# T\n## A\n- [ ]\n", ":3:3: error[empty-criterion]: "),
        (
            "# T\n## A\ndepends on: Bee\n- [ ] 1 is I\n## Be\n- [ ] 1 is I\n",
            ":3:13: error[unknown-dependency]: there is no requirement `Bee`; did you mean `Be`?",
        ),
        (
            "# T\n## A\ndepends on: B\n- [ ] 1 is I\n## B\ndepends on: A\n- [ ] 1 is I\n",
            ":3:13: error[circle]: these wait for each other: `A` → `B` → `A`",
        ),
        (
            "# T\n## A\n- [ ] 1 is I\n## a\n- [ ] 1 is I\n",
            ":4:4: error[same-title]: ",
        ),
        (
            "# T\n## A\n| n | is |\n|-|-|\n| 9 | |\n",
            ":5:7: error[hole]: ",
        ),
        (
            "# T\n## A\n| n | is |\n|-|-|\n| 9 |\n",
            ":5:1: error[ragged-row]: ",
        ),
        (
            "# T\n## A\n| n | is |\n|-|-|\n| 9 | IX |\n| 9 | X |\n",
            ":6:7: error[contradiction]: ",
        ),
        (
            "---\ntarget: a: b\n---\n# T\n## A\n- [ ] 1 is I\n",
            ":2:10: error[syntax]: the front matter is no YAML: ",
        ),
        (
            "---\ntarget: ../a.rs\n---\n# T\n## A\n- [ ] 1 is I\n",
            ":2:9: error[bad-path]: ",
        ),
        (
            "\u{feff}---\r\ntarget: /a.rs\r\n---\r\n# T\r\n## A\r\n- [ ] 1 is I\r\n",
            ":2:9: error[bad-path]: ",
        ),
        (
            "# T\n## A\n- [ ] works as expected\n",
            ":2:4: error[vague-criterion]: ",
        ),
    ] {
        check(text, 1, &[said, no_plan]);
    }
    check(
        "---\ntarget: cargo.toml\ntargets: x\n---\n# T\n## A\n- [ ] 1 is I\n",
        0,
        &[
            ":2:9: warning[no-such-file]: `cargo.toml` is not there and will be created; did you mean `Cargo.toml`?",
            ":3:1: warning[unknown-key]: `targets` means nothing here; did you mean `target`?",
            "T: 1 task",
        ],
    );
}

#[test]
fn specs_of_any_language_and_any_line_end_are_read() {
    check(
        "\u{feff}# Größen\r\n\r\n## Prüfen\r\n- [ ] 1 m sind 100 cm\r\n## Rechnen\r\ndepends on: prüfen\r\n- [ ] 2 m + 3 m = 5 m\r\n",
        0,
        &["Größen: 2 tasks", "2. Rechnen  rechnen", "after prüfen"],
    );
    check(
        "# ローマ数字\n## 変換する\n- [ ] 1 は I になる\n\n| 数 | 文字 |\n|-|-|\n| 9 | IX |\n",
        0,
        &[
            "ローマ数字: 1 task",
            "1. 変換する  変換する",
            "e.g. 数 = 9, 文字 = IX",
        ],
    );
    check("# أرقام\n## تحويل\n- [ ] ١ هو I\n", 0, &["1. تحويل  تحويل"]);
}

#[test]
fn what_it_shows_cannot_drive_a_terminal() {
    let shown = plan(
        &world(
            "specs/a.md",
            "# T\u{1b}]0;x\u{7}\n## A\u{202e}\n- [ ] \u{1b}[2J is\u{9b}31m I\n## B\u{1b}[31m\n",
        ),
        "specs/a.md",
    );
    shown.check(1, &["`B`"]);
    for char in shown.stdout.chars().filter(|char| *char != '\n') {
        assert!(
            !char.is_control() && char != '\u{202e}',
            "{:?}",
            shown.stdout
        );
    }
}

#[test]
fn what_cannot_be_a_spec_is_refused() {
    let five_megabytes = vec![b'a'; 5_000_000];
    let two_megabytes = "- [ ] a\n".repeat(250_000);
    for (text, said) in [
        (
            five_megabytes.as_slice(),
            "specs/roman.md is larger than 1 MiB",
        ),
        (
            two_megabytes.as_bytes(),
            "specs/roman.md is larger than 1 MiB",
        ),
        (
            b"# Gr\xf6\xdfe\n",
            "specs/roman.md is no UTF-8: byte 4 does not fit",
        ),
    ] {
        check(text, 2, &[said]);
    }
    let world = world("specs/roman.md", "# T\n");
    nix::unistd::mkfifo(world.path("specs/pipe.md").as_std_path(), Mode::S_IRWXU)
        .expect("a pipe can be made");
    symlink("loop.md", world.path("specs/loop.md")).expect("a link can be made");
    for (spec, said) in [
        ("specs", "specs is no regular file"),
        ("specs/pipe.md", "specs/pipe.md is no regular file"),
        ("specs/loop.md", "specs/loop.md cannot be read"),
        ("specs/romn.md", "the nearest are:\n    specs/roman.md"),
        ("/nowhere/at/all.md", "no file and no spec is called"),
    ] {
        plan(&world, spec).check(2, &[said]);
    }
}

/// Each nearly as large as may be. Whoever takes the square of that many steps does not end here.
#[test]
fn large_specs_come_to_an_end() {
    let filled = |head: &str, part: &str| format!("{head}{}", part.repeat(1_000_000 / part.len()));
    let names: String = (0..100_000).map(|number| format!("n{number}, ")).collect();
    let nested = |depth| format!("{}- [ ] item {depth}\n", "  ".repeat(depth));
    for (text, code, said) in [
        (filled("", "## a\n"), 1, "error[too-many]"),
        (filled("# T\n", "<!--\n"), 1, "error[empty]"),
        (filled("# T\n", "<!-- a\n\n"), 1, "error[empty]"),
        (filled("# T\n## A\n", "[a]("), 1, "error[unchecked]"),
        (
            filled("# T\n## A\n| a | b |\n|-|-|\n", "|a|b|c|\n"),
            1,
            "error[ragged-row]",
        ),
        (
            format!("# T\n## A\n- [ ] 1 is I\ndepends on: {names}\n"),
            1,
            "error[unknown-dependency]",
        ),
        (
            format!("---\ntarget: [{names}x]\n---\n# T\n## A\n- [ ] 1 is I\n"),
            0,
            "T: 1 task",
        ),
        (
            format!("# T\n## A\n{}", (0..900).map(nested).collect::<String>()),
            0,
            "A (1 of 129)  a-1-of-129",
        ),
    ] {
        check(text, code, &[said]);
    }
}

#[test]
fn a_spec_is_found_by_a_part_of_its_title_or_path() {
    let world = world("specs/one.md", "# Roman numerals\n## A\n- [ ] 1 is I\n");
    world.write(
        "crates/a/two.spec.md",
        "# Greek numerals\n## B\n- [ ] 1 is α\n",
    );
    world.write("docs/three.md", "# Arabic numerals\n## C\n- [ ] 1 is 1\n");
    for (spec, code, said) in [
        ("greek", 0, "Greek numerals: 1 task"),
        ("one", 0, "Roman numerals: 1 task"),
        ("numerals", 2, "numerals may mean several specs"),
        ("arabic", 2, "no file and no spec is called arabic"),
        ("docs/three.md", 0, "Arabic numerals: 1 task"),
    ] {
        plan(&world, spec).check(code, &[said]);
    }
    world.write(".tdd/config.toml", "[specs]\nfiles = [\"docs/*.md\"]\n");
    plan(&world, "arabic").check(0, &["Arabic numerals: 1 task"]);
    world.write(".tdd/config.toml", "[specs]\nfiles = [\"docs/[\"]\n");
    plan(&world, "arabic").check(2, &["`docs/[` is no pattern"]);
}

#[test]
fn a_plan_is_written_once() {
    let world = world("specs/one.md", fixture("diamond.md"));
    let write = || world.greenward(&["plan", "specs/one.md", "-o", "plan.md"]);
    write().check(0, &["plan.md has a plan with 5 tasks"]);
    let written = world.read("plan.md");
    assert!(
        written.contains("\n## Precedence\nid: precedence\n"),
        "{written}"
    );
    world.write("plan.md", "mine");
    write().check(2, &["plan.md is there already"]);
    assert_eq!(world.read("plan.md"), "mine");
    world.write("specs/one.md", "");
    let failed = world.greenward(&["plan", "specs/one.md", "-o", "other.md"]);
    failed.check(1, &["error[empty]"]);
    assert!(!world.path("other.md").exists());
}

#[test]
fn a_new_spec_has_a_plan_and_never_takes_the_place_of_a_file() {
    let world = World::new("//- Cargo.toml\n[package]\nname = \"roman\"\n");
    let init = |args: &[&str]| world.greenward(&[&["init", "--spec"], args].concat());
    init(&["Roman numerals"]).check(0, &["specs/roman-numerals.md is a new spec"]);
    plan(&world, "roman").check(0, &["Roman numerals: 2 tasks"]);
    world.write("specs/roman-numerals.md", "mine");
    init(&["Roman numerals"]).check(2, &["specs/roman-numerals.md is there already"]);
    assert_eq!(world.read("specs/roman-numerals.md"), "mine");
    init(&[]).check(0, &["specs/new-spec.md is a new spec"]);
    init(&["../../out: Größe"]).check(0, &["specs/out-größe.md is a new spec"]);
    assert!(!world.path(".tdd/config.toml").exists());
    world.write(
        ".tdd/config.toml",
        "[specs]\nfiles = [\"wishes/*.feature.md\"]\n",
    );
    init(&["A"]).check(0, &["wishes/a.feature.md is a new spec"]);
    world.write(".tdd/config.toml", "[specs]\nfiles = [\"../*.md\"]\n");
    init(&["A"]).check(2, &["no pattern of the setting `specs.files`"]);
}
