//! Specs in the editor. Nothing of it runs anything, so no folder here is trusted.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use greenward_tests::{Client, Options, Profile, World};
use serde_json::{Value, json};

const FILE: &str = "specs/roman.md";

const SPEC: &str = "\
---
target: src/roman.rs
---
# Roman numerals

## 🏛 Convert to numerals
- [ ] 1 is I, 4 is IV

| n | numeral |
| - | ------- |
| 9 | IX      |

## Convert from numerals
depends on: 🏛 Convert to numerals
- [ ] round-trips every integer from 1 to 3999
";

const PROFILES: [Profile; 3] = [Profile::Bare, Profile::VsCode, Profile::Neovim];

fn world(text: &str) -> World {
    let world = World::new("//- src/roman.rs\n//! Nothing yet.\n");
    world.write(FILE, text);
    world
}

fn options(profile: Profile) -> Options {
    Options::new(profile)
        .allow("$/progress")
        .allow("window/logMessage")
}

fn document(world: &World, path: &str) -> Value {
    json!({ "uri": world.uri(path) })
}

/// The codes of what is wrong in a file.
fn codes(client: &mut Client<'_>, path: &str) -> Vec<String> {
    let diagnostics = client.diagnostics(path);
    let codes = diagnostics.iter().map(|one| {
        assert_eq!(one["source"], "greenward", "{one}");
        one["code"].as_str().expect("it has a code").to_owned()
    });
    codes.collect()
}

fn wait_for_codes(client: &mut Client<'_>, path: &str, expected: &[&str]) {
    let what = format!("{path} to have {expected:?}");
    client.wait_for(&what, |client| {
        (codes(client, path) == expected).then_some(())
    });
}

fn lenses(client: &mut Client<'_>, world: &World, path: &str) -> Vec<String> {
    let asked = json!({ "textDocument": document(world, path) });
    let lenses = client.request("textDocument/codeLens", asked);
    let lenses = lenses.as_array().cloned().unwrap_or_default();
    let said = lenses.iter().map(|lens| {
        let title = lens["command"]["title"].as_str().unwrap_or("");
        format!("{}: {title}", lens["range"]["start"]["line"])
    });
    said.collect()
}

fn actions(client: &mut Client<'_>, world: &World, path: &str) -> Vec<Value> {
    let place = json!({ "line": 0, "character": 0 });
    let asked = json!({
        "textDocument": document(world, path),
        "range": { "start": place, "end": place },
        "context": { "diagnostics": [], "only": ["source"], "triggerKind": 1 },
    });
    let actions = client.request("textDocument/codeAction", asked);
    actions.as_array().cloned().unwrap_or_default()
}

fn titles(actions: &[Value]) -> Vec<&str> {
    let titles = actions.iter().map(|action| action["title"].as_str());
    titles.map(|title| title.expect("it has a title")).collect()
}

fn at(world: &World, path: &str, line: u32, character: u32) -> Value {
    json!({
        "textDocument": document(world, path),
        "position": { "line": line, "character": character },
    })
}

#[test]
fn what_is_wrong_is_shown_while_it_is_typed_and_gone_when_it_is_mended() {
    for profile in PROFILES {
        let world = world(SPEC);
        let mut client = Client::start(&world, options(profile));
        client.open(FILE);
        // A circle, in the middle of typing.
        let circle = SPEC.replace(
            "- [ ] 1 is I",
            "depends on: Convert from numerals\n- [ ] 1 is I",
        );
        client.change(FILE, &circle);
        wait_for_codes(&mut client, FILE, &["circle"]);
        client.change(FILE, SPEC);
        wait_for_codes(&mut client, FILE, &[]);
        // Columns are in the editor's units, behind an emoji too.
        let unknown = SPEC.replace("depends on: 🏛 Convert to numerals", "depends on: 🏛 X, Y");
        for text in [
            unknown.clone(),
            unknown.replace('\n', "\r\n"),
            format!("\u{feff}{unknown}"),
        ] {
            client.change(FILE, SPEC);
            wait_for_codes(&mut client, FILE, &[]);
            client.change(FILE, &text);
            let both = ["unknown-dependency", "unknown-dependency"];
            wait_for_codes(&mut client, FILE, &both);
            let second = client.diagnostics(FILE)[1]["range"]["start"].clone();
            let column = if profile == Profile::Neovim { 20 } else { 18 };
            assert_eq!(second, json!({ "line": 13, "character": column }));
        }
        client.close(FILE);
        wait_for_codes(&mut client, FILE, &[]);
    }
}

#[test]
fn a_target_that_comes_and_goes_is_noticed() {
    let world = world(&SPEC.replace("src/roman.rs", "src/greek.rs"));
    let mut client = Client::start(&world, options(Profile::Neovim));
    client.wait_until_loaded();
    client.open(FILE);
    wait_for_codes(&mut client, FILE, &["no-such-file"]);
    world.write("src/greek.rs", "");
    wait_for_codes(&mut client, FILE, &[]);
    std::fs::remove_file(world.path("src/greek.rs")).expect("it can be removed");
    wait_for_codes(&mut client, FILE, &["no-such-file"]);
    // And nothing is said of a spec that is deleted.
    std::fs::remove_file(world.path(FILE)).expect("it can be removed");
    wait_for_codes(&mut client, FILE, &[]);
}

#[test]
fn only_specs_are_looked_at() {
    let world = world("## A\n");
    world.write("README.md", "## A\n");
    world.write("wishes/a.md", "## A\n");
    let mut client = Client::start(&world, options(Profile::VsCode));
    for path in ["README.md", "wishes/a.md"] {
        client.open(path);
        assert_eq!(lenses(&mut client, &world, path), [""; 0]);
        assert_eq!(codes(&mut client, path), [""; 0]);
        let none = client.request("textDocument/completion", at(&world, path, 0, 0));
        assert_eq!(none, Value::Null);
        let actions = actions(&mut client, &world, path);
        assert_eq!(titles(&actions), ["Write a new spec"]);
    }
    client.open(FILE);
    wait_for_codes(&mut client, FILE, &["no-title", "unchecked"]);
    // The document is renamed: editors close the one and open the other.
    client.close(FILE);
    wait_for_codes(&mut client, FILE, &[]);
    std::fs::rename(world.path(FILE), world.path("roman.md")).expect("it can be renamed");
    client.open("roman.md");
    assert_eq!(lenses(&mut client, &world, "roman.md"), [""; 0]);
    assert_eq!(codes(&mut client, "roman.md"), [""; 0]);
    // The settings say which are specs.
    let settings = json!({ "specs": { "files": ["wishes/*.md"] } });
    let mut client = Client::start(&world, options(Profile::Bare).settings(settings));
    client.open("wishes/a.md");
    wait_for_codes(&mut client, "wishes/a.md", &["no-title", "unchecked"]);
}

#[test]
fn what_could_stand_there_is_offered() {
    for (profile, end) in [(Profile::VsCode, 15), (Profile::Neovim, 17)] {
        let world = world(&SPEC.replace("depends on: 🏛 Convert to numerals", "depends on: 🏛 "));
        let mut client = Client::start(&world, options(profile));
        client.wait_until_loaded();
        client.open(FILE);
        let provider = &client.initialized()["capabilities"]["completionProvider"];
        assert_eq!(provider["triggerCharacters"], json!([":", ","]));
        wait_for_codes(&mut client, FILE, &["unknown-dependency"]);
        let places = at(&world, FILE, 13, end - 1);
        let names = client.request("textDocument/completion", places);
        let [name] = names.as_array().expect("a list").as_slice() else {
            panic!("{names}");
        };
        assert_eq!(name["label"], "🏛 Convert to numerals");
        assert_eq!(name["textEdit"]["newText"], "🏛 Convert to numerals");
        assert_eq!(name["textEdit"]["range"]["start"]["character"], 12);
        let keys = client.request("textDocument/completion", at(&world, FILE, 1, 0));
        let keys = keys.as_array().expect("a list");
        let labels: Vec<&Value> = keys.iter().map(|key| &key["label"]).collect();
        assert_eq!(labels, ["target", "tests"]);
        let prose = client.request("textDocument/completion", at(&world, FILE, 6, 8));
        assert_eq!(prose, json!([]));
    }
}

#[test]
fn the_plan_is_seen_and_nothing_is_run() {
    for profile in PROFILES {
        let world = world(SPEC);
        let mut client = Client::start(&world, options(profile).documents());
        client.wait_until_loaded();
        client.open(FILE);
        let ids = ["convert-to-numerals", "convert-from-numerals"];
        assert_eq!(
            lenses(&mut client, &world, FILE),
            [
                "3: Plan: 2 tasks".to_owned(),
                format!("5: Task {}", ids[0]),
                format!("12: Task {} waits for {}", ids[1], ids[0]),
            ]
        );
        let hover = client.request("textDocument/hover", at(&world, FILE, 5, 4));
        let said = hover["contents"]["value"]
            .as_str()
            .expect("it says something");
        assert!(said.contains("1 criterion, 1 example"), "{said}");
        assert!(said.contains("Needed by: Convert from numerals"), "{said}");
        let actions = actions(&mut client, &world, FILE);
        assert!(titles(&actions).contains(&"Plan this spec"), "{actions:?}");

        let answer = client.execute("greenward.plan", json!([world.uri(FILE)]));
        let uri = format!("greenward:/plan{}.plan.md", world.path(FILE));
        let document = client.request("greenward/document", json!({ "uri": uri }));
        let text = document["text"].as_str().expect("it has a text");
        assert!(
            text.starts_with("---\nspec: specs/roman.md\n---\n# Roman"),
            "{text}"
        );
        assert!(text.contains("\nid: convert-from-numerals\n"), "{text}");
        match profile {
            // It shows no documents.
            Profile::Bare => {
                assert_eq!(answer["text"], text);
                assert_eq!(client.take("window/showMessage").len(), 1);
            }
            _ => assert_eq!(answer, Value::Null),
        }
        // The plan of a spec that is not open is that of the file.
        client.close(FILE);
        let again = client.request("greenward/document", json!({ "uri": uri }));
        assert_eq!(again["text"], text);
    }
}

#[test]
fn what_hinders_a_plan_is_said() {
    let world = world("# Roman\n\n## A\n\n## B\n");
    for profile in PROFILES {
        let mut client = Client::start(&world, options(profile));
        client.open(FILE);
        wait_for_codes(&mut client, FILE, &["unchecked", "unchecked"]);
        assert_eq!(lenses(&mut client, &world, FILE), ["0: Plan: 2 errors"]);
        let actions = actions(&mut client, &world, FILE);
        let plan = actions.iter().find(|one| one["title"] == "Plan this spec");
        let reason = plan.map(|plan| plan["disabled"]["reason"].as_str().unwrap_or(""));
        match profile {
            Profile::VsCode => {
                let reason = reason.expect("it is shown");
                assert!(
                    reason.starts_with("it has 2 errors, the first in line 3: "),
                    "{reason}"
                );
            }
            _ => assert_eq!(reason, None),
        }
        let answer = client.execute("greenward.plan", json!([world.uri(FILE)]));
        assert_eq!(answer, Value::Null);
        let messages = client.take("window/showMessage");
        let [message] = messages.as_slice() else {
            panic!("{messages:?}");
        };
        let said = message["message"].as_str().expect("it says something");
        assert!(
            said.starts_with("There is no plan of specs/roman.md: it has 2 errors"),
            "{said}"
        );
        // A question after an edit is answered by what was edited.
        client.change(FILE, SPEC);
        assert_eq!(lenses(&mut client, &world, FILE)[0], "3: Plan: 2 tasks");
        wait_for_codes(&mut client, FILE, &[]);
    }
}

#[test]
fn what_is_no_spec_has_no_plan() {
    let world = world(SPEC);
    world.write("specs/latin.md", b"# \xe9\n");
    let mut client = Client::start(&world, options(Profile::VsCode));
    client.wait_until_loaded();
    for (path, said) in [
        ("src/roman.rs", "is no spec"),
        ("specs/gone.md", "cannot be read"),
        ("specs/latin.md", "cannot be read"),
    ] {
        let asked = json!({ "command": "greenward.plan", "arguments": [world.uri(path)] });
        let id = client.ask("workspace/executeCommand", asked);
        let error = client.answer(id).expect_err("there is no plan");
        assert_eq!(error["code"], -32602);
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|text| text.contains(said)),
            "{error}"
        );
    }
    // The editor has its own way to read it, and what it shows counts.
    let uri = world.uri("specs/latin.md");
    let text = "# é\n\n## A\n";
    client.notify(
        "textDocument/didOpen",
        json!({ "textDocument": { "uri": uri, "languageId": "markdown", "version": 1, "text": text } }),
    );
    wait_for_codes(&mut client, "specs/latin.md", &["unchecked"]);
    client.notify(
        "textDocument/didClose",
        json!({ "textDocument": { "uri": uri } }),
    );
    wait_for_codes(&mut client, "specs/latin.md", &[]);
}

#[test]
fn a_text_that_is_too_large_is_said_to_be_and_nothing_waits_for_it() {
    let world = world(&"- [ ] x\n".repeat(5 * 1024 * 1024 / 8));
    let mut client = Client::start(&world, options(Profile::Neovim));
    client.open(FILE);
    wait_for_codes(&mut client, FILE, &["too-many"]);
    assert_eq!(lenses(&mut client, &world, FILE), ["0: Plan: 1 error"]);
    let none = client.request("textDocument/completion", at(&world, FILE, 3, 2));
    assert_eq!(none, json!([]));
    client.change(FILE, SPEC);
    wait_for_codes(&mut client, FILE, &[]);
}

#[test]
fn a_document_without_a_file_is_left_alone() {
    let world = world(SPEC);
    let mut client = Client::start(&world, options(Profile::VsCode));
    let uri = "untitled:specs/new.md";
    client.notify(
        "textDocument/didOpen",
        json!({ "textDocument": { "uri": uri, "languageId": "markdown", "version": 1, "text": "## A" } }),
    );
    let document = json!({ "uri": uri });
    let place = json!({ "line": 0, "character": 0 });
    let range = json!({ "start": place, "end": place });
    for (method, params) in [
        ("textDocument/codeLens", json!({ "textDocument": document })),
        (
            "textDocument/hover",
            json!({ "textDocument": document, "position": place }),
        ),
        (
            "textDocument/completion",
            json!({ "textDocument": document, "position": place }),
        ),
        (
            "textDocument/codeAction",
            json!({ "textDocument": document, "range": range, "context": { "diagnostics": [] } }),
        ),
    ] {
        assert_eq!(client.request(method, params), Value::Null, "{method}");
    }
}

#[test]
fn a_new_spec_takes_the_place_of_nothing() {
    for profile in [Profile::VsCode, Profile::Neovim] {
        let world = World::new("//- a.py\npass\n");
        let mut client = Client::start(&world, options(profile));
        client.wait_until_loaded();
        for path in ["specs/new-spec.md", "specs/new-spec-2.md"] {
            let answer = client.execute("greenward.newSpec", json!([world.uri("a.py")]));
            assert_eq!(answer["uri"], world.uri(path));
            let text = client
                .text(path)
                .expect("the editor has it open")
                .to_owned();
            assert!(text.contains("# New spec"), "{text}");
            wait_for_codes(&mut client, path, &["no-such-file"]);
        }
        client.take_edits();
    }
}

#[test]
fn whoever_cannot_create_a_file_is_told_how_else() {
    let world = world(SPEC);
    let mut client = Client::start(&world, options(Profile::Bare));
    client.open("src/roman.rs");
    let actions = actions(&mut client, &world, "src/roman.rs");
    assert_eq!(titles(&actions), [""; 0]);
    assert_eq!(client.execute("greenward.newSpec", json!([])), Value::Null);
    let messages = client.take("window/showMessage");
    let said = messages[0]["message"].as_str().expect("it says something");
    assert!(said.contains("greenward init --spec"), "{said}");

    let mut client = Client::start(&world, options(Profile::VsCode).refuse_edits());
    client.wait_until_loaded();
    assert_eq!(client.execute("greenward.newSpec", json!([])), Value::Null);
    let messages = client.take("window/showMessage");
    let said = messages[0]["message"].as_str().expect("it says something");
    assert!(said.contains("the user said no"), "{said}");
    assert!(!world.path("specs/new-spec.md").exists());
    client.take_edits();
}
