//! A user who goes on working while a cycle runs and until its result is applied: nothing of
//! theirs is lost, nor of the result.

use greenward_tests::{Running, World, wait_until};

const PROJECT: &str = r#"
//- .gitignore
.tdd
//- pytest.ini
[pytest]
//- roman.py
"""Numerals."""

FIRST = "I"


def roman(number):
    return FIRST * number


def spoken(number):
    return f"the number {number}"
//- test_roman.py
from roman import roman


def test_three():
    assert roman(3) == "III"


def test_four():
    assert roman(4) == "IV"
//- notes.txt
one
"#;

const WRONG: &str = "    return FIRST * number\n";
const RIGHT: &str = "    return {4: \"IV\"}.get(number, FIRST * number)\n";

const QUICK: &str = "mutation_seconds = 0\nrepeat = 1\nmax_attempts = 1";

/// A cycle whose worker has begun and waits until it may go on.
struct Held(Running);

impl Held {
    fn start(world: &World) -> Self {
        world.write("../right.py", world.read("roman.py").replace(WRONG, RIGHT));
        let (at_work, right) = (world.signals().join("at-work"), world.path("../right.py"));
        let script = format!(
            "touch $SIGNALS/at-work\nwhile [ ! -e $SIGNALS/go ]; do sleep 0.05; done\n\
             cp {right} roman.py\n"
        );
        world.script(QUICK, &script);
        let running = world.start(&["green", "test_four", "--trust"]);
        wait_until("the worker to be at work", || {
            at_work.exists().then_some(())
        });
        Self(running)
    }

    /// Lets it come to its end, which changes nothing of the user's.
    #[track_caller]
    fn goes_on(mut self, world: &World) {
        let before = all_of(world);
        world.write("../signals/go", "");
        let code = self.0.ended();
        assert_eq!(code, Some(0), "{}{}", self.0.stdout(), self.0.stderr());
        assert_eq!(all_of(world), before);
    }
}

/// All files of the user and all that git knows.
fn all_of(world: &World) -> Vec<String> {
    let files = ["roman.py", "notes.txt", "mine.txt"];
    let files = files.map(|path| std::fs::read_to_string(world.path(path)).unwrap_or_default());
    files.into_iter().chain(git_of(world)).collect()
}

/// What git knows, but for the content of files.
fn git_of(world: &World) -> Vec<String> {
    let said = [
        &["for-each-ref", "refs/heads", "refs/stash", "refs/tags"][..],
        &["ls-files", "--stage"],
        &["stash", "list"],
    ]
    .map(|args| world.git(args));
    said.into_iter().chain([world.read(".git/HEAD")]).collect()
}

fn world() -> Option<World> {
    let world = World::new(PROJECT).with_python()?;
    world.commit_all();
    Some(world)
}

#[test]
fn edits_commits_branches_and_rebases_are_all_kept() {
    let Some(world) = world() else { return };
    let cycle = Held::start(&world);
    let mine = world
        .read("roman.py")
        .replace("Numerals.", "Numerals of Rome.");
    world.write("roman.py", &mine);
    world.git(&["commit", "--quiet", "--all", "--message", "of Rome"]);
    world.git(&["checkout", "--quiet", "-b", "feature", "HEAD~1"]);
    world.write("notes.txt", "one\ntwo\n");
    world.git(&["commit", "--quiet", "--all", "--message", "two"]);
    world.git(&["rebase", "--quiet", "main"]);
    world.git(&[
        "commit",
        "--quiet",
        "--amend",
        "--message",
        "two, said better",
    ]);
    world.write("notes.txt", "one\ntwo\nthree\n");
    world.git(&["stash", "--quiet"]);
    world.git(&["gc", "--quiet", "--prune=now"]);
    let mine = mine.replace("the number", "the numeral");
    world.write("roman.py", &mine);
    world.write("mine.txt", "mine\n");
    cycle.goes_on(&world);
    // The user does not stop when it has come to its end.
    world.git(&["gc", "--quiet", "--prune=now"]);
    let mine = mine + "\n\n# The end.\n";
    world.write("roman.py", &mine);
    let before = git_of(&world);
    let applied = world.greenward(&["apply", "1"]);
    applied.check(0, &["Applied: 1 file changed"]);
    assert_eq!(world.read("roman.py"), mine.replace(WRONG, RIGHT));
    assert_eq!(world.read("notes.txt"), "one\ntwo\n");
    assert_eq!(world.read("mine.txt"), "mine\n");
    assert_eq!(git_of(&world), before);
    // What the user had before is kept as well.
    let kept = world.git(&["show", "refs/greenward/cycles/1/before-apply:roman.py"]);
    assert_eq!(kept, mine);
    world.git(&["stash", "pop", "--quiet"]);
    assert_eq!(world.read("notes.txt"), "one\ntwo\nthree\n");
}

#[test]
fn the_same_lines_are_the_users_to_decide_about() {
    let Some(world) = world() else { return };
    let base = world.read("roman.py");
    let cycle = Held::start(&world);
    let mine = base.replace(WRONG, "    return \"I\" * number  # mine\n");
    world.write("roman.py", &mine);
    cycle.goes_on(&world);
    let before = all_of(&world);
    let refused = world.greenward(&["apply", "1"]);
    refused.check(
        1,
        &["Not applied", "roman.py", "# mine", "Nothing was changed"],
    );
    assert_eq!(all_of(&world), before);
    let result = world.git(&["show", "refs/greenward/cycles/1/result:roman.py"]);
    assert_eq!(result, base.replace(WRONG, RIGHT));
    // The user makes room: it can be applied still.
    let elsewhere = base.replace("Numerals.", "Numerals of Rome.");
    world.write("roman.py", &elsewhere);
    world.greenward(&["apply", "1"]).check(0, &["Applied"]);
    assert_eq!(world.read("roman.py"), elsewhere.replace(WRONG, RIGHT));
}

#[test]
fn a_file_that_is_gone_on_another_branch_is_told_of() {
    let Some(world) = world() else { return };
    world.git(&["checkout", "--quiet", "-b", "without"]);
    world.git(&["rm", "--quiet", "roman.py"]);
    world.git(&["commit", "--quiet", "--message", "without"]);
    world.git(&["checkout", "--quiet", "main"]);
    let cycle = Held::start(&world);
    world.git(&["checkout", "--quiet", "without"]);
    cycle.goes_on(&world);
    let before = all_of(&world);
    let refused = world.greenward(&["apply", "1"]);
    refused.check(1, &["Not applied", "roman.py", "Nothing was changed"]);
    assert_eq!(all_of(&world), before);
    assert!(!world.path("roman.py").exists());
    world.git(&["checkout", "--quiet", "main"]);
    world
        .greenward(&["apply", "1"])
        .check(0, &["Applied: 1 file changed"]);
    assert!(world.read("roman.py").contains(RIGHT));
}
