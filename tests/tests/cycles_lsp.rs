//! A failing test becomes green in the editor: from the action on it to the edit, over stdio.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use greenward_tests::{Client, Options, Profile, World, wait_until};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

const WRONG: &str = "def roman(n):\n    return \"I\" * n\n";
const RIGHT: &str = "\
PAIRS = [(10, \"X\"), (9, \"IX\"), (5, \"V\"), (4, \"IV\"), (1, \"I\")]


def roman(n):
    text = \"\"
    for value, letters in PAIRS:
        while n >= value:
            text += letters
            n -= value
    return text
";
const TEST: &str = "\
from roman import roman


def test_one():
    assert roman(1) == \"I\"


def test_four():
    assert roman(4) == \"IV\"
";
const TEST_FILE: &str = "tests/test_roman.py";
const FOUR: &str = "pytest:.#tests/test_roman.py::test_four";

/// A project with a failing test, and a worker `tape` that answers with these texts of `roman.py`,
/// one for each attempt. Without any there is no worker.
fn project(turns: &[&str]) -> Option<World> {
    let world = World::new("//- pytest.ini\n[pytest]\npythonpath = .\n").with_python()?;
    world.write("roman.py", WRONG);
    world.write(TEST_FILE, TEST);
    // Mutants take time, and are no matter of the editor.
    let mut settings = "[cycle]\nmutation_seconds = 1\n".to_owned();
    if !turns.is_empty() {
        let lines: Vec<String> = turns
            .iter()
            .zip(1..)
            .map(|(text, attempt)| {
                let files = json!({ "roman.py": text });
                json!({ "phase": "green", "attempt": attempt, "files": files }).to_string()
            })
            .collect();
        world.write("../recording.jsonl", lines.join("\n") + "\n");
        let recording = world.workspace().with_file_name("recording.jsonl");
        settings += &format!(
            "max_attempts = {}\n\n[workers.tape]\nkind = \"replay\"\nrecording = \"{recording}\"\n",
            turns.len()
        );
    }
    world.write("../home/config/greenward/config.toml", settings);
    Some(world)
}

fn options(profile: Profile) -> Options {
    // How far runs are is told at any time.
    Options::new(profile)
        .trusted()
        .allow("window/logMessage")
        .allow("$/progress")
}

/// The editor on a project whose test fails, with the diagnostic of it.
fn failing(world: &World, options: Options) -> (Client<'_>, Value) {
    let mut client = Client::start(world, options);
    client.wait_until_loaded();
    client.open("roman.py");
    client.open(TEST_FILE);
    client.save(TEST_FILE, TEST);
    let diagnostic = client.wait_for("the failing test", |client| {
        client.diagnostics(TEST_FILE).pop()
    });
    client.wait_until_idle();
    assert_eq!(diagnostic["data"]["test"], FOUR, "{diagnostic}");
    (client, diagnostic)
}

/// The actions on a diagnostic.
fn actions(client: &mut Client<'_>, world: &World, diagnostic: &Value) -> Vec<Value> {
    let params = json!({
        "textDocument": { "uri": world.uri(TEST_FILE) },
        "range": diagnostic["range"],
        "context": { "diagnostics": [diagnostic] },
    });
    let actions = client.request("textDocument/codeAction", params);
    actions.as_array().expect("there are actions").clone()
}

/// Gives the command of the action whose title begins so.
fn act(client: &mut Client<'_>, world: &World, diagnostic: &Value, title: &str) -> Value {
    let actions = actions(client, world, diagnostic);
    let fits = |action: &&Value| {
        action["title"]
            .as_str()
            .is_some_and(|own| own.starts_with(title))
    };
    let Some(action) = actions.iter().find(fits) else {
        panic!("{title:?} is not among {actions:#?}");
    };
    // Clients that know no actions get commands.
    let command = if action["command"].is_string() {
        action
    } else {
        &action["command"]
    };
    let name = command["command"].as_str().expect("a command has a name");
    client.execute(name, command["arguments"].clone())
}

/// Waits until an action of this title is offered.
fn wait_for_action(client: &mut Client<'_>, world: &World, diagnostic: &Value, title: &str) {
    client.wait_for(title, |client| {
        let offered = actions(client, world, diagnostic);
        let is_it = |action: &Value| action["title"] == title;
        offered.iter().any(is_it).then_some(())
    });
}

/// Those of the actions whose title begins with one of these words.
fn titles(actions: &[Value], first: &[&str]) -> Vec<String> {
    let titles = actions.iter().filter_map(|action| action["title"].as_str());
    let titles = titles.filter(|title| first.iter().any(|first| title.starts_with(first)));
    titles.map(str::to_owned).collect()
}

/// Waits for a message with this text in it.
fn told(client: &mut Client<'_>, text: &str) -> String {
    let mut seen = Vec::new();
    client.wait_for(&format!("a message with {text:?}"), |client| {
        seen.extend(client.take("window/showMessage"));
        let messages = seen.iter().filter_map(|shown| shown["message"].as_str());
        messages
            .into_iter()
            .find(|said| said.contains(text))
            .map(str::to_owned)
    })
}

/// What the progress bars of cycles said, until the last one ended.
fn progress(client: &mut Client<'_>) -> Vec<Value> {
    let mut seen = Vec::new();
    client.wait_for("the end of a cycle's progress", |client| {
        seen.extend(client.take("$/progress"));
        let of_cycle = |said: &&Value| {
            let token = said["token"].as_str();
            token.is_some_and(|token| token.starts_with("greenward/cycle/"))
        };
        let said: Vec<Value> = seen.iter().filter(of_cycle).cloned().collect();
        let ended = said.iter().any(|said| said["value"]["kind"] == "end");
        ended.then_some(said)
    })
}

/// Saves all that the cycle has changed, and waits until the editor shows no failure.
fn passes_when_saved(client: &mut Client<'_>, world: &World) {
    let text = client.text("roman.py").map(str::to_owned);
    let text = text.unwrap_or_else(|| world.read("roman.py"));
    client.save("roman.py", &text);
    client.wait_for("the failure to be gone", |client| {
        client.diagnostics(TEST_FILE).is_empty().then_some(())
    });
    let status = client.wait_until_idle();
    assert_eq!(status["counts"]["passed"], 2, "{status}");
}

#[test]
fn from_the_action_to_the_edit() {
    for profile in [Profile::VsCode, Profile::Neovim] {
        let Some(world) = project(&[RIGHT]) else {
            return;
        };
        let options = options(profile).choose("Cycle 1 is green", Some("Apply"));
        let (mut client, diagnostic) = failing(&world, options);
        let titles = actions(&mut client, &world, &diagnostic);
        let first = &titles[0];
        assert_eq!(first["title"], "Implement to green (tape): 'test_four'");
        assert_eq!(first["isPreferred"], true, "{first}");
        assert_eq!(first["kind"], "quickfix", "{first}");

        let begun = act(
            &mut client,
            &world,
            &diagnostic,
            "Implement to green (tape)",
        );
        assert_eq!(begun["cycle"], 1, "{begun}");
        let said = progress(&mut client);
        assert_eq!(said[0]["value"]["title"], "Cycle 1: test_four");
        assert_eq!(said[0]["value"]["cancellable"], true);
        let said = told(&mut client, "Cycle 1 is applied");
        assert_eq!(client.text("roman.py"), Some(RIGHT));
        assert_eq!(world.read("roman.py"), WRONG, "the user saves, nobody else");
        assert!(said.ends_with(". Not saved yet: roman.py"), "{said}");
        let edits = client.take_edits();
        let change = &edits[0]["edit"]["documentChanges"][0];
        assert_eq!(edits.len(), 1, "one step to undo: {edits:#?}");
        assert_eq!(edits[0]["label"], "Greenward: cycle 1");
        assert_eq!(change["textDocument"]["version"], 1, "{change}");

        passes_when_saved(&mut client, &world);
        let listed = client.request("greenward/cycle/list", json!({}));
        assert_eq!(listed["cycles"][0]["review"], "applied", "{listed}");
        client.take("$/progress");
    }
}

#[test]
fn an_editor_that_can_do_nothing_gets_the_files_on_disk() {
    let Some(world) = project(&[RIGHT]) else {
        return;
    };
    let options = options(Profile::Bare).choose("Cycle 1 is green", Some("Apply"));
    let (mut client, diagnostic) = failing(&world, options);
    act(
        &mut client,
        &world,
        &diagnostic,
        "Implement to green (tape)",
    );
    told(&mut client, "Cycle 1 is applied to the files on disk");
    assert_eq!(world.read("roman.py"), RIGHT);
    client.change("roman.py", RIGHT);
    passes_when_saved(&mut client, &world);
}

#[test]
fn the_result_is_reviewed_in_the_editors_own_preview() {
    let Some(world) = project(&[RIGHT]) else {
        return;
    };
    let options = options(Profile::VsCode)
        .allow("$/progress")
        .refuse_edits()
        .choose("Cycle 1 is green", Some("Review"));
    let (mut client, diagnostic) = failing(&world, options);
    act(
        &mut client,
        &world,
        &diagnostic,
        "Implement to green (tape)",
    );
    let said = told(&mut client, "Cycle 1 is not applied");
    assert!(said.contains("the user said no"), "{said}");
    let edits = client.take_edits();
    let annotation = &edits[0]["edit"]["changeAnnotations"]["greenward"];
    assert_eq!(annotation["needsConfirmation"], true, "{edits:#?}");
    assert_eq!(client.text("roman.py"), Some(WRONG));
    // Nothing is lost: it is offered again.
    let titles = actions(&mut client, &world, &diagnostic);
    let offers = |title: &str| titles.iter().any(|action| action["title"] == title);
    assert!(offers("Apply the result of cycle 1"), "{titles:#?}");
}

#[test]
fn the_result_is_read_as_a_diff_and_discarded() {
    let Some(world) = project(&[RIGHT]) else {
        return;
    };
    let options = options(Profile::Neovim)
        .documents()
        .allow("$/progress")
        .choose("Cycle 1 is green", Some("Review"))
        .choose("Cycle 1 is green", Some("Discard"));
    let (mut client, diagnostic) = failing(&world, options);
    act(
        &mut client,
        &world,
        &diagnostic,
        "Implement to green (tape)",
    );
    told(&mut client, "Cycle 1 is discarded");
    let read = |client: &mut Client<'_>, uri: &str| {
        let document = client.request("greenward/document", json!({ "uri": uri }));
        document["text"].as_str().unwrap_or_default().to_owned()
    };
    let diff = read(&mut client, "greenward:/cycle/1.diff");
    assert!(diff.contains("+PAIRS = ["), "{diff}");
    let all = read(&mut client, "greenward:/cycle/1.md");
    assert!(all.starts_with("# Cycle 1: discarded\n"), "{all}");
    assert!(all.contains("### ✓ canary: passed"), "{all}");
    assert_eq!(client.text("roman.py"), Some(WRONG));
    let refused = client.ask("greenward/cycle/apply", json!({ "cycle": 1 }));
    let refused = client.answer(refused).expect_err("it was discarded");
    assert_eq!(refused["code"], -32803, "{refused}");
}

#[test]
fn a_conflict_names_its_files_and_loses_nothing() {
    let Some(world) = project(&[RIGHT]) else {
        return;
    };
    let mine = "def roman(n):\n    return \"i\" * n\n";
    let options = options(Profile::VsCode)
        .documents()
        .allow("$/progress")
        .choose("Cycle 1 is green", None)
        .choose("the same lines in roman.py", Some("Show conflicts"));
    let (mut client, diagnostic) = failing(&world, options);
    act(
        &mut client,
        &world,
        &diagnostic,
        "Implement to green (tape)",
    );
    progress(&mut client);
    client.change("roman.py", mine);
    stale(&mut client);
    let applied = client.execute("greenward.cycle.apply", json!([]));
    assert_eq!(applied["applied"], false, "{applied}");
    assert_eq!(client.text("roman.py"), Some(mine));
    let uri = json!({ "uri": "greenward:/cycle/1.conflicts" });
    let marked = client.request("greenward/document", uri);
    let marked = marked["text"].as_str().expect("it has a text");
    assert!(
        marked.contains("<<<<<<<") && marked.contains("PAIRS"),
        "{marked}"
    );

    // Once they fit together, it comes.
    client.change("roman.py", WRONG);
    let applied = client.execute("greenward.cycle.apply", json!([1]));
    assert_eq!(applied["applied"], true, "{applied}");
    assert_eq!(client.text("roman.py"), Some(RIGHT));
    told(&mut client, "Cycle 1 is applied");
    // The failure stands as stale until the user saves.
    stale(&mut client);
}

/// Waits until the one failure is shown as that of an earlier text.
fn stale(client: &mut Client<'_>) {
    client.wait_for("the failure to be stale", |client| {
        let shown = client.messages(TEST_FILE);
        (shown.len() == 1 && shown[0].starts_with("stale: ")).then_some(())
    });
}

#[test]
fn a_cycle_without_green_says_why() {
    let hard_coded = "def roman(n):\n    return \"IX\"\n";
    let Some(world) = project(&[hard_coded]) else {
        return;
    };
    let options = options(Profile::Neovim)
        .documents()
        .events()
        .allow("$/progress")
        .allow("greenward/runEvent")
        .allow("greenward/testsChanged")
        .choose(
            "test_four is not green after 1 attempt by tape",
            Some("Show details"),
        );
    let (mut client, diagnostic) = failing(&world, options);
    act(
        &mut client,
        &world,
        &diagnostic,
        "Implement to green (tape)",
    );
    let mut events = Vec::new();
    let ended = client.wait_for("the end of the cycle", |client| {
        events.extend(client.take("greenward/cycle/event"));
        events
            .iter()
            .find(|event| event["event"] == "cycleEnded")
            .cloned()
    });
    assert_eq!(ended["ending"], "failed", "{ended}");
    for (event, expected) in events.iter().zip(0..) {
        assert_eq!(event["sequence"], expected, "no event is lost: {event}");
    }
    let tested = events.iter().find(|event| event["event"] == "tested");
    let target = &tested.expect("the targets ran")["targets"][0];
    assert_eq!(target["outcome"], "failed", "{target}");
    assert_eq!(client.text("roman.py"), Some(WRONG));
    let titles = actions(&mut client, &world, &diagnostic);
    let offers = |title: &str| titles.iter().any(|action| action["title"] == title);
    assert!(offers("Show why cycle 1 is not green"), "{titles:#?}");
    assert!(offers("Resume cycle 1"), "{titles:#?}");
}

#[test]
fn what_waits_for_a_decision_is_offered_in_the_next_session() {
    let hard_coded = "def roman(n):\n    return \"IX\"\n";
    for (turn, code, offered) in [
        (RIGHT, 0, "Apply the result of cycle 1"),
        (hard_coded, 1, "Resume cycle 1"),
    ] {
        let Some(world) = project(&[turn]) else {
            return;
        };
        let green = world.greenward(&["green", "test_four", "--trust"]);
        assert_eq!(green.code, Some(code), "{}{}", green.stdout, green.stderr);
        for session in 0..2 {
            let (mut client, diagnostic) = failing(&world, options(Profile::Neovim));
            let before = actions(&mut client, &world, &diagnostic);
            let is_offered = before.iter().any(|action| action["title"] == offered);
            assert!(is_offered, "{offered} is not among {before:#?}");
            // What is decided elsewhere is decided here too.
            if session == 1 {
                world.greenward(&["discard", "1"]).check(0, &["discarded"]);
                let after = actions(&mut client, &world, &diagnostic);
                let is_offered = after.iter().any(|action| action["title"] == offered);
                assert!(!is_offered, "{offered} is among {after:#?}");
            }
        }
    }
}

#[test]
fn what_the_command_line_does_shows_in_an_open_editor() {
    let Some(world) = project(&[]) else {
        return;
    };
    world.write("../right.py", RIGHT);
    let right = world.path("../right.py");
    world.script(
        "mutation_seconds = 1",
        &format!(
            "touch $SIGNALS/at-work\nwhile [ ! -e $SIGNALS/go ]; do sleep 0.05; done\n\
             cp {right} roman.py"
        ),
    );
    let about = ["Implement", "Cancel", "Show cycle", "Show how", "Resume"];
    let both = [
        "Implement to green (one): 'test_four'",
        "Implement to green by hand: 'test_four'",
    ];
    let interrupted = [
        both[0],
        both[1],
        "Resume cycle 1 (interrupted)",
        "Show how far cycle 1 came",
    ];
    {
        let (mut client, diagnostic) = failing(&world, options(Profile::Neovim));
        let offered = actions(&mut client, &world, &diagnostic);
        assert_eq!(titles(&offered, &about), both);

        let mut running = world.start(&["green", "test_four", "--trust"]);
        wait_until("the worker to be at work", || {
            world.signals().join("at-work").exists().then_some(())
        });
        let offered = actions(&mut client, &world, &diagnostic);
        let elsewhere = "Show cycle 1, which goes on outside of this editor";
        assert_eq!(titles(&offered, &about), [elsewhere]);
        let listed = client.request("greenward/cycle/list", json!({}));
        assert_eq!(listed["goingOn"], json!([1]), "{listed}");

        running.signal(Signal::SIGKILL);
        assert_eq!(running.ended(), None);
        wait_for_action(&mut client, &world, &diagnostic, interrupted[2]);
        let offered = actions(&mut client, &world, &diagnostic);
        assert_eq!(titles(&offered, &about), interrupted);
        let listed = client.request("greenward/cycle/list", json!({}));
        assert_eq!(listed["goingOn"], json!([]), "{listed}");
    }
    // The next session offers the same, and goes on with it.
    let options = options(Profile::Neovim).choose("Cycle 1 is green", Some("Apply"));
    let (mut client, diagnostic) = failing(&world, options);
    let offered = actions(&mut client, &world, &diagnostic);
    assert_eq!(titles(&offered, &about), interrupted);
    world.write("../signals/go", "");
    act(&mut client, &world, &diagnostic, "Resume cycle 1");
    told(&mut client, "Cycle 1 is applied");
    assert_eq!(client.text("roman.py"), Some(RIGHT));
    client.take_edits();
    client.diagnostics(TEST_FILE);
}

#[test]
fn the_cycles_of_a_folder_come_and_go_with_it() {
    let Some(world) = project(&[RIGHT]) else {
        return;
    };
    world.write("other/notes.txt", "no tests\n");
    let green = world.greenward(&["green", "test_four", "--trust"]);
    assert_eq!(green.code, Some(0), "{}{}", green.stdout, green.stderr);
    let mut client = Client::start(&world, options(Profile::VsCode).folders(&["other"]));
    client.wait_until_loaded();
    let change = |client: &mut Client<'_>, added: bool| {
        let folder = json!([{ "uri": world.uri(""), "name": "w" }]);
        let none = json!([]);
        let (added, removed) = if added {
            (folder, none)
        } else {
            (none, folder)
        };
        let event = json!({ "event": { "added": added, "removed": removed } });
        client.notify("workspace/didChangeWorkspaceFolders", event);
    };
    change(&mut client, true);
    client.wait_until_loaded();
    client.open(TEST_FILE);
    client.save(TEST_FILE, TEST);
    let diagnostic = client.wait_for("the failing test", |client| {
        client.diagnostics(TEST_FILE).pop()
    });
    client.wait_until_idle();
    let apply = ["Apply"];
    let offered = actions(&mut client, &world, &diagnostic);
    assert_eq!(titles(&offered, &apply), ["Apply the result of cycle 1"]);
    change(&mut client, false);
    client.wait_for("the folder to be gone", |client| {
        client.diagnostics(TEST_FILE).is_empty().then_some(())
    });
    let offered = actions(&mut client, &world, &diagnostic);
    assert_eq!(titles(&offered, &apply), [""; 0]);
}

#[test]
fn a_number_that_two_folders_have_is_applied_to_neither() {
    let Some(world) = project(&[RIGHT]) else {
        return;
    };
    let green = world.greenward(&["green", "test_four", "--trust"]);
    assert_eq!(green.code, Some(0), "{}{}", green.stdout, green.stderr);
    for (path, text) in [
        ("pytest.ini", "[pytest]\npythonpath = .\n"),
        ("roman.py", WRONG),
        (TEST_FILE, TEST),
    ] {
        world.write(&format!("other/{path}"), text);
    }
    let binary = greenward_tests::binary();
    let in_other = "cd other && exec \"$0\" green test_four --trust";
    let green = world.tool("sh", &["-c", in_other, binary.as_str()]);
    assert_eq!(green.code, Some(0), "{}{}", green.stdout, green.stderr);
    assert!(green.stdout.contains("Cycle 1: green"), "{}", green.stdout);

    let options = options(Profile::VsCode)
        .folders(&["", "other"])
        .choose("Cycle 2 is green", None);
    let mut client = Client::start(&world, options);
    client.wait_until_loaded();
    let applied = client.execute("greenward.cycle.apply", json!([1]));
    assert_eq!(applied["applied"], false, "{applied}");
    told(&mut client, "there is a cycle 1 in each of");
    for file in ["roman.py", "other/roman.py"] {
        assert_eq!(world.read(file), WRONG, "{file}");
    }
    // No other gets a number that one of them has.
    let start = json!({ "tests": [FOUR] });
    let begun = client.request("greenward/cycle/start", start);
    assert_eq!(begun["cycle"], 2, "{begun}");
    progress(&mut client);
    for file in [TEST_FILE, "other/tests/test_roman.py"] {
        client.diagnostics(file);
    }
}

#[test]
fn where_the_test_passes_already_no_cycle_begins() {
    let Some(world) = project(&[RIGHT]) else {
        return;
    };
    let (mut client, _) = failing(&world, options(Profile::Neovim));
    let one = json!(["pytest:.#tests/test_roman.py::test_one"]);
    assert_eq!(client.execute("greenward.green", one), Value::Null);
    told(
        &mut client,
        "test_one` passes already: there is nothing to do",
    );
    let listed = client.request("greenward/cycle/list", json!({}));
    assert_eq!(listed["cycles"], json!([]), "{listed}");
}

#[test]
fn who_cannot_work_is_greyed_with_the_reason_or_left_out() {
    let Some(world) = project(&[RIGHT]) else {
        return;
    };
    let settings = world.read("../home/config/greenward/config.toml");
    let others = "[workers.agent]\nkind = \"command\"\nargv = [\"no-such-agent\"]\n\
                  [workers.keyless]\nkind = \"openai\"\nmodel = \"m\"\nkey_env = \"NO_SUCH_KEY\"\n";
    let file = "../home/config/greenward/config.toml";
    world.write(file, format!("{settings}{others}"));
    let first = ["Implement"];
    let able = [
        "Implement to green (tape): 'test_four'",
        "Implement to green by hand: 'test_four'",
    ];
    {
        let (mut client, diagnostic) = failing(&world, options(Profile::Neovim));
        let offered = actions(&mut client, &world, &diagnostic);
        assert_eq!(titles(&offered, &first), able);
    }
    {
        let (mut client, diagnostic) = failing(&world, options(Profile::VsCode));
        let offered = actions(&mut client, &world, &diagnostic);
        let all = titles(&offered, &first);
        assert_eq!(all[..2], able);
        assert_eq!(offered[0]["isPreferred"], true, "{offered:#?}");
        for (action, why) in offered[2..4]
            .iter()
            .zip(["there is no program no-such-agent", "NO_SUCH_KEY"])
        {
            let reason = action["disabled"]["reason"].as_str().unwrap_or_default();
            assert!(reason.contains(why), "{why} is not in {action:#}");
            assert_eq!(action.get("isPreferred"), None, "{action:#}");
        }
    }
    // Where none can work, the user is told what is missing, and may go by hand.
    world.write(file, others);
    let options = options(Profile::Neovim).choose("there is no program no-such-agent", None);
    let (mut client, diagnostic) = failing(&world, options);
    let offered = actions(&mut client, &world, &diagnostic);
    assert_eq!(
        titles(&offered, &first),
        [
            "Implement to green (no worker can work): 'test_four'",
            "Implement to green by hand: 'test_four'"
        ]
    );
    act(
        &mut client,
        &world,
        &diagnostic,
        "Implement to green (no worker can work)",
    );
}

#[test]
fn without_a_worker_the_user_is_told_how_to_get_one_and_goes_by_hand() {
    let Some(world) = project(&[]) else {
        return;
    };
    let options = options(Profile::Neovim).choose("no worker is configured", Some("Go by hand"));
    let (mut client, diagnostic) = failing(&world, options);
    act(
        &mut client,
        &world,
        &diagnostic,
        "Implement to green (no worker",
    );
    client.wait_for("the user to be told what to do", |client| {
        let said = client.take("$/progress");
        let line = |said: &Value| said["value"]["message"].as_str().map(str::to_owned);
        let lines: Vec<String> = said.iter().filter_map(line).collect();
        lines
            .iter()
            .any(|line| line.starts_with("red → make test_four pass"))
            .then_some(())
    });
    client.save("roman.py", RIGHT);
    let said = told(&mut client, "Cycle 1 is green");
    assert!(said.contains("your own work already"), "{said}");
    progress(&mut client);
    assert_eq!(client.messages(TEST_FILE), Vec::<String>::new());
}

#[test]
fn a_cycle_is_cancelled_by_its_bar_and_by_its_action() {
    for by_bar in [true, false] {
        let Some(world) = project(&[]) else {
            return;
        };
        let (mut client, diagnostic) = failing(&world, options(Profile::Neovim));
        let begun = act(
            &mut client,
            &world,
            &diagnostic,
            "Implement to green by hand",
        );
        assert_eq!(begun["cycle"], 1, "{begun}");
        client.wait_for("the bar", |client| {
            let said = client.take("$/progress");
            let shown = |said: &Value| said["token"] == "greenward/cycle/1";
            said.iter().any(shown).then_some(())
        });
        if by_bar {
            let token = json!({ "token": "greenward/cycle/1" });
            client.notify("window/workDoneProgress/cancel", token);
        } else {
            act(&mut client, &world, &diagnostic, "Cancel cycle 1");
        }
        told(&mut client, "Cycle 1 was cancelled");
        progress(&mut client);
    }
}

#[test]
fn nothing_begins_before_the_user_trusts() {
    let Some(world) = project(&[RIGHT]) else {
        return;
    };
    let options = Options::new(Profile::VsCode)
        .allow("window/logMessage")
        .always("trust", Some("Not now"));
    let mut client = Client::start(&world, options);
    client.wait_until_loaded();
    client.open(TEST_FILE);
    let green = json!([FOUR, { "worker": "tape" }]);
    assert_eq!(client.execute("greenward.green", green), Value::Null);
    let start = json!({ "tests": [FOUR] });
    let refused = client.ask("greenward/cycle/start", start);
    let refused = client.answer(refused).expect_err("it is not trusted");
    assert_eq!(refused["data"]["reason"], "untrusted", "{refused}");
}

#[test]
fn the_last_green_comes_back_and_the_phase_is_told() {
    let Some(world) = project(&[]) else {
        return;
    };
    let options = options(Profile::VsCode)
        .allow("$/progress")
        .choose("Bring roman.py back", Some("Bring back"));
    let (mut client, _) = failing(&world, options);
    let phase = |client: &mut Client<'_>, expected: &str| {
        client.wait_for(&format!("the phase {expected}"), |client| {
            let status = client.status();
            (status["projects"][0]["phase"] == expected).then_some(())
        });
    };
    phase(&mut client, "red");
    client.execute("greenward.backToGreen", json!([]));
    told(&mut client, "no checkpoint");
    client.save("roman.py", RIGHT);
    phase(&mut client, "green");
    client.wait_until_idle();
    client.change("roman.py", "def roman(n):\n    return 4\n");
    phase(&mut client, "refactor");
    let uri = world.uri("roman.py");
    client.wait_for("the checkpoint", |client| {
        client.execute("greenward.backToGreen", json!([uri]));
        let said = client.wait_for("an answer", |client| {
            let said = client.take("window/showMessage").pop();
            said.map(|said| said["message"].as_str().unwrap_or("").to_owned())
        });
        said.starts_with("Back at the last green").then_some(())
    });
    assert_eq!(client.text("roman.py"), Some(RIGHT));
    assert_eq!(client.take_edits().len(), 1, "one step to undo");
    client.diagnostics(TEST_FILE);
}
