//! A user who goes on working while a cycle runs and until its result is applied: nothing of
//! theirs is lost, nor of the result.

use std::time::Duration;

use greenward_tests::{Running, World, number, wait_until};
use serde_json::json;

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

/// The user's work after a cycle that has come to its end, whose result is still to be applied.
fn with_result(prepare: impl FnOnce(&World)) -> Option<World> {
    let world = World::new(PROJECT).with_python()?;
    prepare(&world);
    world.commit_all();
    let right = world.read("roman.py").replace(WRONG, RIGHT);
    world.replay(QUICK, [json!({ "files": { "roman.py": right } })]);
    let green = world.greenward(&["green", "test_four", "--trust"]);
    green.check(0, &["green."]);
    Some(world)
}

/// What lies in the user's folder and is ours: nothing.
fn ours(world: &World) -> String {
    world.tool("find", &[".", "-name", ".greenward-*"]).stdout
}

#[test]
fn saves_at_the_very_moment_are_all_kept() {
    for round in 0..number("GREENWARD_TEST_ROUNDS", 6) {
        let Some(world) = with_result(|_| {}) else {
            return;
        };
        let base = world.read("roman.py");
        let mut apply = world.start(&["apply", "1"]);
        let mut last = String::new();
        // Each save is whole, as editors make them, and does not look at what is there before.
        for save in 0_u64.. {
            let text = base.replace("Numerals.", &format!("Numerals of Rome, {save}."));
            last = text.replace("the number", "the numeral");
            world.write("../saved.py", &last);
            std::fs::rename(world.path("../saved.py"), world.path("roman.py"))
                .expect("a file can be saved");
            if apply.has_ended() {
                break;
            }
            // Other moments in each round, some so close that no merge stays true.
            std::thread::sleep(Duration::from_micros(
                (save * 7919 + round * 104_729) % 9_000,
            ));
        }
        let code = apply.ended();
        let said = format!("round {round}: {}{}", apply.stdout(), apply.stderr());
        let now = world.read("roman.py");
        match code {
            // The last save was before the result came, or after it.
            Some(0) => assert!(
                now == last || now == last.replace(WRONG, RIGHT),
                "{said}\n{now}"
            ),
            _ => {
                assert!(said.contains("roman.py was changed meanwhile"), "{said}");
                assert_eq!(now, last, "{said}");
            }
        }
        assert_eq!(ours(&world), "", "{said}");
    }
}

#[test]
fn whatever_stands_in_the_way_is_told_of_and_stays() {
    let Some(world) = with_result(|_| {}) else {
        return;
    };
    let base = world.read("roman.py");
    let outside = world.path("../outside.py");
    std::fs::write(&outside, &base).expect("a file can be written");
    let cases = [
        (
            "rm roman.py; mkdir roman.py; echo mine > roman.py/mine.txt",
            "rm -r roman.py",
        ),
        ("rm roman.py; ln -s ../outside.py roman.py", "rm roman.py"),
        ("rm roman.py; mkfifo roman.py", "rm roman.py"),
        ("printf '\\377\\376' > roman.py", "rm roman.py"),
        // The last: whoever may do anything is not kept from it.
        ("chmod a-w .", "chmod u+w ."),
    ];
    for (makes, mends) in cases {
        world.tool("sh", &["-ec", makes]).check(0, &[]);
        let before = world.tool("ls", &["-lR", "."]).stdout;
        let refused = world.greenward(&["apply", "1"]);
        let said = format!("{makes}: {}{}", refused.stdout, refused.stderr);
        if makes.starts_with("chmod") && refused.code == Some(0) {
            assert_eq!(world.read("roman.py"), base.replace(WRONG, RIGHT));
            return;
        }
        assert_ne!(refused.code, Some(0), "{said}");
        assert!(said.contains("roman.py"), "{said}");
        assert_eq!(std::fs::read_to_string(&outside).ok(), Some(base.clone()));
        assert_eq!(world.tool("ls", &["-lR", "."]).stdout, before, "{said}");
        assert_eq!(ours(&world), "", "{said}");
        world.tool("sh", &["-ec", mends]).check(0, &[]);
        world.write("roman.py", &base);
    }
    world.greenward(&["apply", "1"]).check(0, &["Applied"]);
    assert_eq!(world.read("roman.py"), base.replace(WRONG, RIGHT));
}

#[test]
fn repositories_of_every_kind_serve() {
    let kinds = [
        ("packed", "git gc --quiet --prune=now; git pack-refs --all"),
        (
            "alternates",
            "git clone --quiet --bare . ../other.git
             rm -rf .git/objects/pack/* .git/objects/??
             echo \"$PWD/../other.git/objects\" > .git/objects/info/alternates
             git fsck",
        ),
        (
            "a separate git folder",
            "mv .git ../apart.git; echo \"gitdir: $PWD/../apart.git\" > .git; git status",
        ),
        (
            "a worktree",
            "git clone --quiet . ../origin; rm -rf .git; mv ../origin/.git ../origin.git
             git -C ../origin.git config core.bare true
             git -C ../origin.git worktree add --quiet --no-checkout ../tree -b work
             mv ../tree/.git .git; git worktree repair; git reset --quiet",
        ),
    ];
    for (kind, makes) in kinds {
        let Some(world) = World::new(PROJECT).with_python() else {
            return;
        };
        world.commit_all();
        let made = world.tool("sh", &["-e", "-c", makes]);
        made.check(0, &[]);
        assert_eq!(world.git(&["status", "--porcelain"]), "", "{kind}");
        let right = world.read("roman.py").replace(WRONG, RIGHT);
        world.replay(QUICK, [json!({ "files": { "roman.py": right } })]);
        let green = world.greenward(&["green", "test_four", "--trust"]);
        green.check(0, &["green."]);
        world.git(&["gc", "--quiet", "--prune=now"]);
        world.greenward(&["apply", "1"]).check(0, &["Applied"]);
        assert_eq!(world.read("roman.py"), right, "{kind}");
        let status = world.git(&["status", "--porcelain"]);
        assert_eq!(status, " M roman.py\n", "{kind}");
    }
}

#[test]
fn line_ends_permissions_and_strange_names_stay() {
    let strange = |world: &World| {
        let crlf = world.read("roman.py").replace('\n', "\r\n");
        world.write("roman.py", crlf);
        let made = "chmod 755 roman.py; touch \"$(printf 'no-\\377-text.txt')\"
                    git init --quiet --initial-branch sub sub
                    cd sub; echo 'S = 1' > s.py; git add s.py
                    git -c user.name=o -c user.email=o@example.org commit --quiet -m s";
        world.tool("sh", &["-e", "-c", made]).check(0, &[]);
    };
    let Some(world) = World::new(PROJECT).with_python() else {
        return;
    };
    strange(&world);
    world.commit_all();
    let base = world.read("roman.py");
    let [wrong, right] = [WRONG, RIGHT].map(|line| line.replace('\n', "\r\n"));
    assert!(base.contains(&wrong));
    let result = base.replace(&wrong, &right);
    world.replay(QUICK, [json!({ "files": { "roman.py": result } })]);
    let green = world.greenward(&["green", "test_four", "--trust"]);
    green.check(0, &["green."]);
    let mine = base.replace("Numerals.", "Numerals of Rome.");
    world.write("roman.py", &mine);
    world.greenward(&["apply", "1"]).check(0, &["Applied"]);
    assert_eq!(world.read("roman.py"), mine.replace(&wrong, &right));
    let look = world.tool(
        "sh",
        &[
            "-c",
            "test -x roman.py && ls | wc -l && git -C sub status -s",
        ],
    );
    look.check(0, &["6"]);
}
