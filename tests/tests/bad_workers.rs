//! Workers and targets that are no good: the user is told what is wrong, in words that help, and
//! nothing of theirs changes.

use std::os::unix::fs::PermissionsExt;

use greenward_tests::{Finished, World, count_on_loopback, wait_until};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

const PROJECT: &str = r#"
//- .gitignore
.tdd
//- pytest.ini
[pytest]
//- roman.py
def roman(number):
    return "I" * number
//- test_roman.py
from roman import roman


def test_three():
    assert roman(3) == "III"


def test_four():
    assert roman(4) == "IV"
"#;

const RIGHT: &str = "def roman(number):\n    return {4: \"IV\"}.get(number, \"I\" * number)\n";

/// One attempt is all it takes to see what comes of it.
const ONCE: &str = "mutation_seconds = 0\nrepeat = 1\nmax_attempts = 1";

/// Attempts enough for the same error to come three times.
const AGAIN: &str = "mutation_seconds = 0\nrepeat = 1\nmax_attempts = 5";

/// A user's work with something in every place; nothing if there is no Python.
fn world() -> Option<World> {
    let world = World::new(PROJECT).with_python()?;
    world.commit_all();
    world.write("mine.txt", "unknown to git\n");
    Some(world)
}

/// What a worker must never change.
fn users(world: &World) -> Vec<String> {
    let files =
        ["roman.py", "test_roman.py", "pytest.ini", "mine.txt"].map(|path| world.read(path));
    let said = [
        &["status", "--porcelain=v2", "--branch"][..],
        &["for-each-ref", "refs/heads"],
        &["config", "--list", "--local"],
    ]
    .map(|args| world.git(args));
    files.into_iter().chain(said).collect()
}

/// Runs a cycle for `test_four`, after which all of the user's is as it was, and nothing runs.
#[track_caller]
fn cycle(world: &World, what: &str) -> Finished {
    let before = users(world);
    let green = world.greenward(&["green", "test_four", "--trust"]);
    assert_eq!(
        users(world),
        before,
        "{what}: {}{}",
        green.stdout,
        green.stderr
    );
    assert_eq!(world.processes(), Vec::<String>::new(), "{what}");
    green
}

/// What a script does, how the cycle ends and what is said.
type Script = (&'static str, i32, &'static [&'static str]);

#[test]
fn programs_that_do_harm_or_nothing() {
    let Some(world) = world() else { return };
    let right = world.path("../right.py");
    world.write("../right.py", RIGHT);
    let cases: &[Script] = &[
        ("true", 1, &["nothing was changed"]),
        ("echo out of credit >&2; exit 3", 1, &["out of credit", "3"]),
        ("kill -9 $$", 1, &["failed", "9"]),
        // What is done beside the task comes to nothing, and the task counts: a process that
        // leaves the tree goes with it.
        (
            "setsid sleep 1000 >/dev/null 2>&1 &\necho x > ../outside.txt\ncp RIGHT roman.py",
            0,
            &["green.", "1 file changed"],
        ),
        (
            "mkdir -p .git/hooks .GIT; echo x > .git/hooks/pre-commit; echo '[core]' > .GIT/config
             ln -s \"$USERS\" out; mkfifo pipe; cp RIGHT roman.py",
            0,
            &[
                "green.",
                "out was left out: it is a link that leads out",
                "pipe was left out: it is no file",
                ".git was left out: its name is one of git's own",
            ],
        ),
        (
            "head -c 20000000 /dev/zero > huge; rm mine.txt; mkfifo mine.txt; cp RIGHT roman.py",
            0,
            &[
                "green. 1 file changed",
                "huge was left out: it is too large",
                "mine.txt was left out: it is no file",
            ],
        ),
        // What it leaves cannot be used.
        ("rm -rf \"$PWD\"", 1, &["the attempt came to nothing"]),
        (
            "rm roman.py; ln -s \"$USERS/roman.py\" roman.py",
            1,
            &["not green"],
        ),
        ("cp RIGHT roman.py; mv roman.py away.py", 1, &["not green"]),
        (
            "echo '[pytest]\naddopts = -k three' > pytest.ini",
            1,
            &["pytest.ini", "sealed"],
        ),
        (
            "echo 'def test_four(): pass' > test_roman.py",
            1,
            &["test_roman.py  left out: it is no part of what was judged"],
        ),
        (
            "echo 'greenward: test_wrong: four is IIII'",
            1,
            &["four is IIII"],
        ),
        (
            "head -c 5000000 /dev/zero | tr '\\0' x",
            1,
            &["nothing was changed"],
        ),
    ];
    for (script, code, said) in cases {
        let script = script.replace("RIGHT", right.as_str());
        world.script(ONCE, &script);
        let done = cycle(&world, &script);
        let all = format!("{}{}", done.stdout, done.stderr);
        assert_eq!(done.code, Some(*code), "{script}\n{all}");
        for part in *said {
            assert!(all.contains(part), "{script}\n{part:?} is not in\n{all}");
        }
        rested(&world);
    }
    // What could not be saved takes no space.
    let lanes = world.path("../home/cache/greenward/lanes");
    let found = world.tool(
        "find",
        &[lanes.as_str(), "-name", "huge", "-o", "-type", "p"],
    );
    assert_eq!(found.stdout, "");
}

#[test]
fn replies_that_are_of_no_use() {
    let Some(world) = world() else { return };
    let block = |search: &str, replace: &str| {
        format!("roman.py\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n")
    };
    let line = "    return \"I\" * number\n";
    let contradictory = block(line, "    return 1\n") + &block(line, "    return 2\n");
    let large = "word ".repeat(10 << 20);
    let cases: [(&str, Value, &[&str]); 9] = [
        ("nothing", json!({ "text": "" }), &["no edits"]),
        (
            "prose",
            json!({ "text": "The tests pass now." }),
            &["no edits"],
        ),
        (
            "a refusal",
            json!({ "text": "I cannot help with that." }),
            &["no edits"],
        ),
        ("50 MB", json!({ "text": large }), &["no edits"]),
        (
            "lines that are not there",
            json!({ "text": block("    return 7\n", "    return 8\n") }),
            &["SEARCH lines are not in the file", "roman.py"],
        ),
        (
            "blocks that contradict each other",
            json!({ "text": contradictory }),
            &["not green"],
        ),
        (
            "paths that lead out",
            json!({ "files": {
                "../out.py": "x", "/etc/out.py": "x", ".git/config": "x", ".GIT/config": "x"
            } }),
            &["is not a path to a file of the lane", "nothing was changed"],
        ),
        (
            "a test that is made weaker",
            json!({ "files": { "test_roman.py": "def test_four():\n    pass\n" } }),
            &["test_roman.py", "sealed"],
        ),
        (
            "bytes that are no text",
            json!({ "files": { "roman.py": "\u{0}\u{1}\u{fffd}ELF" } }),
            &["not green"],
        ),
    ];
    for (what, reply, said) in cases {
        world.replay(ONCE, [reply]);
        let done = cycle(&world, what);
        let all = format!("{}{}", done.stdout, done.stderr);
        assert_eq!(done.code, Some(1), "{what}\n{all}");
        for part in said {
            assert!(all.contains(part), "{what}: {part:?} is not in\n{all}");
        }
        assert!(all.len() < 100_000, "{what}: {} bytes are shown", all.len());
        rested(&world);
    }
}

#[test]
fn a_program_that_does_not_exist() {
    let Some(world) = world() else { return };
    world.hire("kind = \"command\"\nargv = [\"no-such-agent\"]", ONCE);
    let done = cycle(&world, "no program");
    done.check(2, &["there is no program no-such-agent", "argv"]);
    world.greenward(&["cycles"]).check(2, &["no cycles yet"]);
    // It is there when the cycle begins, and cannot be started: there is no use in another attempt.
    world.write("../agent", "#!/no/such/interpreter\n");
    std::fs::set_permissions(world.path("../agent"), PermissionsExt::from_mode(0o755)).unwrap();
    let agent = format!("kind = \"command\"\nargv = ['{}']", world.path("../agent"));
    world.hire(&agent, AGAIN);
    let done = cycle(&world, "a program that does not start");
    done.check(1, &["the worker cannot work", "After 1 attempt"]);
}

#[test]
fn a_program_that_fails_may_try_again_and_is_told_why() {
    let Some(world) = world() else { return };
    let right = world.path("../right.py");
    world.write("../right.py", RIGHT);
    let tried = world.signals().join("tried");
    for fails in ["exit 3", "kill -KILL $$", "exec sleep 1000"] {
        let script = format!(
            "if mkdir $SIGNALS/tried; then echo 'the licence expired' >&2; {fails}; fi
             case \"$GREENWARD_TASK\" in
                 'Make these tests pass: '*test_four) ;; *) exit 8 ;;
             esac
             grep -q 'last turn came to nothing' \"$GREENWARD_PROMPT\" || exit 7
             cp '{right}' roman.py\n"
        );
        let worker = world.program(&script) + "timeout_seconds = 2\n";
        world.hire(&worker, AGAIN);
        let done = cycle(&world, fails);
        done.check(0, &["green.", "the licence expired", "after 2 attempts"]);
        std::fs::remove_dir(&tried).unwrap_or_else(|error| panic!("{fails}: {error}"));
    }
    // What it printed last is in the prompt.
    let script = "grep -c 'the licence expired' \"$GREENWARD_PROMPT\" >&2
                  echo 'the licence expired' >&2; exit 3";
    world.script(AGAIN, script);
    let done = cycle(&world, "the same error");
    done.check(
        1,
        &["the same error came three times", "1 the licence expired"],
    );
}

#[test]
fn how_the_tests_failed_last_is_told_after_a_turn_that_came_to_nothing() {
    let Some(world) = world() else { return };
    let right = world.path("../right.py");
    world.write("../right.py", RIGHT);
    let script = format!(
        "echo >> $SIGNALS/turns
         case $(wc -l < $SIGNALS/turns) in
             1) printf 'def roman(number):\\n    return {{}}[number]\\n' > roman.py ;;
             2) ;;
             *) grep -q 'KeyError: 4' \"$GREENWARD_PROMPT\" || exit 7
                test \"$(grep -c 'nothing was changed' \"$GREENWARD_PROMPT\")\" = 1 || exit 8
                cp '{right}' roman.py ;;
         esac\n"
    );
    world.script(AGAIN, &script);
    let done = cycle(&world, "a turn that came to nothing");
    done.check(0, &["green.", "after 3 attempts"]);
}

#[test]
fn a_program_that_hangs_ends_at_its_limit_and_when_it_is_cancelled() {
    let Some(world) = world() else { return };
    let at_work = world.signals().join("at-work");
    let script = "trap '' TERM INT HUP\ntouch $SIGNALS/at-work\nwhile :; do sleep 1; done\n";
    world.script(ONCE, script);
    let mut running = world.start(&["green", "test_four", "--trust"]);
    wait_until("the worker to be at work", || {
        at_work.exists().then_some(())
    });
    running.signal(Signal::SIGINT);
    assert_eq!(running.ended(), Some(130), "{}", running.stderr());
    assert_eq!(world.processes(), Vec::<String>::new());
    let worker = world.program(script) + "timeout_seconds = 1\n";
    world.hire(&worker, ONCE);
    let done = cycle(&world, "a program that hangs");
    done.check(1, &["took longer than 1s", "timeout_seconds"]);
}

#[test]
fn targets_that_prove_nothing() {
    let Some(world) = world() else { return };
    let port = count_on_loopback();
    // Fails the first time, and every other time from then on, by what runs share.
    let flaky = format!(
        "import socket\n\n\ndef test_four():\n    \
         with socket.create_connection((\"127.0.0.1\", {port})) as server:\n        \
         assert int(server.recv(99)) % 2 == 1\n"
    );
    let settled = world.read("test_roman.py");
    world.write("test_roman.py", flaky);
    let comment = json!({ "files": { "roman.py": "# Mended.\n" } });
    world.replay(
        "mutation_seconds = 0\nrepeat = 3\nmax_attempts = 1\nnetwork = true",
        [comment],
    );
    let done = cycle(&world, "a flaky test");
    done.check(1, &["not green"]);
    world.write("test_roman.py", settled);
    world.write("roman.py", RIGHT);
    let done = cycle(&world, "a test that passes");
    done.check(0, &["passes already: there is nothing to do"]);
    let both = world.greenward(&["green", "test_roman.py", "--trust"]);
    both.check(0, &["all 2 tests pass already: there is nothing to do"]);
    assert!(!both.stdout.contains("Cycle"), "{}", both.stdout);
    let green = world.greenward(&["green", "test_forty", "--trust"]);
    green.check(2, &["test_forty"]);
}

#[test]
fn a_merge_that_is_not_finished_stays_so() {
    let Some(world) = world() else { return };
    world.git(&["checkout", "--quiet", "-b", "side"]);
    world.write("side.py", "SIDE = 1\n");
    world.git(&["add", "side.py"]);
    world.git(&["commit", "--quiet", "--message", "side"]);
    world.git(&["checkout", "--quiet", "main"]);
    world.git(&["merge", "--no-commit", "--no-ff", "--quiet", "side"]);
    let merging = world.read(".git/MERGE_HEAD");
    world.replay(ONCE, [json!({ "files": { "roman.py": RIGHT } })]);
    cycle(&world, "a merge").check(0, &["green."]);
    assert_eq!(world.read(".git/MERGE_HEAD"), merging);
    world
        .greenward(&["apply", "1"])
        .check(0, &["Applied: 1 file changed"]);
    assert_eq!(world.read("roman.py"), RIGHT);
    assert_eq!(world.read("side.py"), "SIDE = 1\n");
    assert_eq!(world.read(".git/MERGE_HEAD"), merging);
    world.git(&["commit", "--quiet", "--all", "--message", "merged"]);
}

/// Lets a worker that failed too often be tried again.
fn rested(world: &World) {
    let reset = world.greenward(&["cycles", "--reset-breakers"]);
    reset.check(0, &[]);
}

#[test]
fn a_change_of_more_files_than_can_be_judged_is_told_at_once() {
    let Some(world) = world() else { return };
    let right = world.path("../right.py");
    world.write("../right.py", RIGHT);
    let script = format!(
        "cp '{right}' roman.py\nmkdir more\ni=0\nwhile [ $i -lt 2001 ]; do echo >more/$i.py; \
         i=$((i+1)); done\n"
    );
    world.script(ONCE, &script);
    let done = cycle(&world, "too many files");
    done.check(1, &["2002 files were changed", "more than 2000"]);
}
