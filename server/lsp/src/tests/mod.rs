//! The whole front end with a real engine behind it, as an editor meets it. No tests are run here.

mod editor;

use camino::Utf8PathBuf;
use serde_json::{Value, json};

use editor::{Editor, open, start};

const ROMAN: (&str, &str) = (
    "test_roman.py",
    "def test_four():\n    assert 'é𝄞' == 1\n\n\ndef test_five():\n    pass\n",
);
const PROJECT: (&str, &str) = ("pytest.ini", "[pytest]\n");

/// An editor whose user decides nothing, and that has no settings.
fn nobody(_: &str, _: &Value) -> Value {
    Value::Null
}

fn roman(capabilities: &Value, options: &Value) -> Editor {
    let mut editor = open(&[PROJECT, ROMAN], capabilities, options, nobody);
    editor.settle();
    editor
}

fn labels(items: &Value) -> Vec<&str> {
    let items = items["tests"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["label"].as_str().unwrap())
        .collect()
}

#[test]
fn the_server_says_what_it_can_do() {
    let mut editor = start(&[], nobody);
    let general = json!({ "general": { "positionEncodings": ["utf-16", "utf-8"] } });
    let result = editor.request("initialize", &json!({ "capabilities": general }));
    let capabilities = &result["capabilities"];
    assert_eq!(capabilities["positionEncoding"], "utf-8");
    assert_eq!(capabilities["codeActionProvider"], true);
    assert_eq!(capabilities["textDocumentSync"]["change"], 2);
    let own = &capabilities["experimental"]["greenward"];
    assert_eq!(own["version"], 1);
    assert_eq!(own["requests"][0], "greenward/discover");
    editor.notify("initialized", &json!({}));
    assert_eq!(editor.close(), 0);
}

#[test]
fn documents_of_our_own_are_declared_to_who_asks_for_them() {
    let check = |capabilities: Value, declared: Value| {
        let mut editor = start(&[], nobody);
        let result = editor.request("initialize", &json!({ "capabilities": capabilities }));
        let workspace = &result["capabilities"]["workspace"];
        assert_eq!(workspace["textDocumentContent"], declared, "{result}");
        assert_eq!(workspace["workspaceFolders"]["supported"], true);
        editor.notify("initialized", &json!({}));
        assert_eq!(editor.close(), 0);
    };
    let workspace = |content: Value| json!({ "workspace": { "textDocumentContent": content } });
    check(workspace(json!({})), json!({ "schemes": ["greenward"] }));
    check(workspace(Value::Null), Value::Null);
    check(json!({}), Value::Null);
}

#[test]
fn the_tree_is_walked_from_the_projects_down() {
    let mut editor = roman(&json!({}), &json!({}));
    let projects = editor.request("greenward/discover", &json!({}));
    let project = projects["tests"][0].clone();
    assert_eq!(project["kind"], "project");
    let files = editor.request("greenward/discover", &json!({ "parent": project["id"] }));
    let file = files["tests"][0].clone();
    assert_eq!(file["uri"], json!(editor.uri("test_roman.py")));
    let tests = editor.request("greenward/discover", &json!({ "parent": file["id"] }));
    assert_eq!(labels(&tests), ["test_four", "test_five"]);
    let four = &tests["tests"][0];
    assert_eq!(four["freshness"], "unknown");
    // In UTF-16. In UTF-8 it would be 24.
    assert_eq!(four["range"]["end"], json!({ "line": 1, "character": 21 }));
    assert_eq!(editor.close(), 0);
}

#[test]
fn a_request_sees_every_change_before_it() {
    let mut editor = roman(&json!({}), &json!({}));
    let uri = editor.uri("test_roman.py");
    editor.notify(
        "textDocument/didOpen",
        &json!({ "textDocument": {
            "uri": uri, "languageId": "python", "version": 1, "text": ROMAN.1,
        } }),
    );
    // Behind the two characters that are longer in UTF-8 and UTF-16 than one unit.
    let at = json!({ "line": 1, "character": 15 });
    editor.notify(
        "textDocument/didChange",
        &json!({
            "textDocument": { "uri": uri, "version": 2 },
            "contentChanges": [
                { "range": { "start": at, "end": at }, "text": "'\n\ndef test_new():\n    x = '" },
            ],
        }),
    );
    let id = json!({ "parent": "pytest:.#test_roman.py" });
    let tests = editor.ask_until("greenward/discover", &id, |tests| labels(tests).len() == 3);
    assert_eq!(labels(&tests), ["test_four", "test_new", "test_five"]);
    assert_eq!(tests["tests"][0]["range"]["end"]["line"], 1);
    assert_eq!(editor.close(), 0);
}

#[test]
fn without_trust_there_is_a_lens_and_an_action_that_trusts() {
    let mut editor = roman(&json!({}), &json!({}));
    let document = editor.document("test_roman.py");
    let lenses = editor.request(
        "textDocument/codeLens",
        &json!({ "textDocument": document }),
    );
    assert_eq!(lenses.as_array().unwrap().len(), 1);
    assert_eq!(lenses[0]["command"]["command"], "greenward.trust");
    let place = json!({ "line": 0, "character": 5 });
    let actions = editor.request(
        "textDocument/codeAction",
        &json!({
            "textDocument": document,
            "range": { "start": place, "end": place },
            "context": { "diagnostics": [] },
        }),
    );
    assert_eq!(actions[0]["command"], "greenward.trust");
    let hover = editor.request(
        "textDocument/hover",
        &json!({ "textDocument": document, "position": place }),
    );
    assert_eq!(hover["contents"]["value"], "test_four: not run yet");

    let trust = json!({ "command": "greenward.trust", "arguments": [document["uri"]] });
    assert_eq!(
        editor.request("workspace/executeCommand", &trust),
        Value::Null
    );
    editor.ask_until("greenward/status", &json!({}), |status| {
        status["trusted"] == json!(true)
    });
    let lenses = editor.request(
        "textDocument/codeLens",
        &json!({ "textDocument": document }),
    );
    assert_eq!(lenses[0]["command"]["title"], "▶ Run all");
    assert_eq!(editor.close(), 0);
}

#[test]
fn a_run_without_trust_is_refused_and_the_user_is_asked() {
    fn trusts(method: &str, params: &Value) -> Value {
        match method {
            "window/showMessageRequest" => params["actions"][0].clone(),
            _ => Value::Null,
        }
    }
    let mut editor = open(
        &[PROJECT, ROMAN],
        &json!({}),
        &json!({ "greenwardEvents": true, "workspaceTrust": false }),
        nobody,
    );
    editor.settle();
    let error = editor.request("greenward/run", &json!({}));
    assert_eq!(error["code"], -32803);
    assert_eq!(error["data"]["reason"], "untrusted");
    let question = editor.wait_for_method("window/showMessageRequest");
    assert_eq!(question["actions"][0]["title"], "Trust and run");
    assert_eq!(editor.close(), 0);

    let files = [
        ("Cargo.toml", "[package]\nname = \"one\"\n"),
        ("src/lib.rs", "#[test]\nfn one() {}\n"),
    ];
    let events = json!({ "greenwardEvents": true });
    let mut editor = open(&files, &json!({}), &events, trusts);
    // The user says yes, the run begins, and shows why it cannot go on in this world.
    editor.wait_for_method("window/showMessageRequest");
    let begun = editor.wait_for(|message| message["params"]["event"] == "runStarted");
    assert_eq!(begun["params"]["sequence"], 0);
    let ended = editor.wait_for(|message| message["params"]["event"] == "runFinished");
    assert_eq!(ended["params"]["outcome"], "runnerBroken");
    assert_eq!(ended["params"]["run"], begun["params"]["run"]);
    editor.wait_for(|message| {
        message["method"] == "window/showMessage" && message["params"]["type"] == 1
    });
    assert_eq!(editor.close(), 0);
}

#[test]
fn mistakes_in_requests_are_answered() {
    let mut editor = roman(&json!({}), &json!({ "workspaceTrust": true }));
    let mut check = |method: &str, params: Value, code: i64| {
        let error = editor.request(method, &params);
        assert_eq!(error["code"], code, "{method} {params}: {error}");
    };
    let command = |name: &str, arguments: Value| json!({ "command": name, "arguments": arguments });
    let execute = "workspace/executeCommand";
    check(execute, command("greenward.fly", json!([])), -32602);
    check(
        execute,
        command("greenward.showOutput", json!(["pytest:.#no"])),
        -32602,
    );
    check(
        execute,
        command("greenward.trust", json!(["file:///elsewhere"])),
        -32602,
    );
    check("greenward/run", json!({ "tests": ["pytest:.#no"] }), -32803);
    check(
        "greenward/run",
        json!({ "failed": true, "uri": "file:///w" }),
        -32602,
    );
    check("greenward/run", json!({ "uri": "untitled:1" }), -32602);
    check("greenward/run", json!({ "tests": 1 }), -32602);
    check(
        "greenward/document",
        json!({ "uri": "greenward:/a" }),
        -32602,
    );
    check(
        "greenward/document",
        json!({ "uri": "greenward:/output/no.txt" }),
        -32602,
    );
    check("greenward/fly", json!({}), -32601);
    // What is of no concern to us is answered all the same.
    let untitled = json!({ "textDocument": { "uri": "untitled:1" } });
    assert_eq!(
        editor.request("textDocument/codeLens", &untitled),
        Value::Null
    );
    assert_eq!(editor.close(), 0);
}

#[test]
fn a_test_is_run_by_a_part_of_its_name() {
    let mut editor = roman(&json!({}), &json!({ "workspaceTrust": true }));
    let execute = "workspace/executeCommand";
    let run = |pattern: &str| json!({ "command": "greenward.run", "arguments": [pattern] });
    assert_eq!(
        editor.request(execute, &run("test_fuor")),
        Value::Null,
        "nothing is run"
    );
    let nearest = "no test is called test_fuor; the nearest names are \
                   `pytest:.#test_roman.py::test_four`";
    editor.wait_for(|message| {
        let text = message["params"]["message"].as_str();
        text.is_some_and(|text| text.contains(nearest))
    });
    let started = editor.request(execute, &run("roman*four"));
    assert_eq!(started["runs"][0]["project"], "pytest:.", "{started}");
    assert_eq!(editor.close(), 0);
}

#[test]
fn settings_of_the_editor_are_asked_for() {
    fn no_lenses(method: &str, params: &Value) -> Value {
        match method {
            "workspace/configuration" => {
                assert_eq!(params["items"], json!([{ "section": "greenward" }]));
                json!([{ "show": { "lenses": false, "inlay_hints": true } }])
            }
            _ => Value::Null,
        }
    }
    let capabilities = json!({ "workspace": {
        "configuration": true,
        "didChangeConfiguration": { "dynamicRegistration": true },
    } });
    let mut editor = open(&[PROJECT, ROMAN], &capabilities, &json!({}), no_lenses);
    let registered = editor.wait_for_method("client/registerCapability");
    let method = &registered["registrations"][0]["method"];
    assert_eq!(method, "workspace/didChangeConfiguration");
    editor.settle();
    let document = editor.document("test_roman.py");
    let params = json!({ "textDocument": document });
    editor.ask_until("textDocument/codeLens", &params, Value::is_null);
    let start = json!({ "line": 0, "character": 0 });
    let hints = editor.request(
        "textDocument/inlayHint",
        &json!({ "textDocument": document, "range": { "start": start, "end": start } }),
    );
    assert_eq!(hints, json!([]));
    assert_eq!(editor.close(), 0);
}

#[test]
fn output_is_shown_in_the_best_way_that_the_editor_knows() {
    fn shows(method: &str, _: &Value) -> Value {
        match method {
            "window/showDocument" => json!({ "success": true }),
            _ => Value::Null,
        }
    }
    let id = "pytest:.#test_roman.py::test_four";
    let show = json!({ "command": "greenward.showOutput", "arguments": [id] });
    let able = json!({ "window": { "showDocument": { "support": true } } });

    // A document of our own, whose text is then asked for: in our way, or in that of LSP 3.18.
    let text = format!("{id}\nnot run yet\n");
    let content = json!({
        "window": { "showDocument": { "support": true } },
        "workspace": { "textDocumentContent": {} },
    });
    for (capabilities, options, method) in [
        (
            &able,
            json!({ "greenwardDocuments": true }),
            "greenward/document",
        ),
        (&content, json!({}), "workspace/textDocumentContent"),
    ] {
        let mut editor = open(&[PROJECT, ROMAN], capabilities, &options, shows);
        editor.settle();
        assert_eq!(
            editor.request("workspace/executeCommand", &show),
            Value::Null
        );
        let uri = editor.wait_for_method("window/showDocument")["uri"].take();
        let document = editor.request(method, &json!({ "uri": uri }));
        assert_eq!(document["text"], json!(text));
        assert_eq!(editor.close(), 0);
    }

    // A file.
    let mut editor = open(&[PROJECT, ROMAN], &able, &json!({}), shows);
    editor.settle();
    assert_eq!(
        editor.request("workspace/executeCommand", &show),
        Value::Null
    );
    let uri = editor.wait_for_method("window/showDocument")["uri"].take();
    let path = Utf8PathBuf::from(uri.as_str().unwrap().strip_prefix("file://").unwrap());
    assert!(path.starts_with(editor.cache()), "{path}");
    assert_eq!(std::fs::read_to_string(path).unwrap(), text);
    assert_eq!(editor.close(), 0);

    // A message, and the result of the command.
    let mut editor = roman(&json!({}), &json!({}));
    let shown = editor.request("workspace/executeCommand", &show);
    assert_eq!(shown["text"], json!(text));
    let said = editor.wait_for_method("window/showMessage");
    let message = said["message"].as_str().unwrap();
    assert!(message.starts_with(&text), "{message}");
    assert_eq!(editor.close(), 0);
}

#[test]
fn diagnostics_come_for_what_is_wrong_in_a_settings_file() {
    let files = [
        PROJECT,
        ROMAN,
        (".tdd/config.toml", "# é\n[run]\n  on_sav = true\n"),
    ];
    let mut editor = open(&files, &json!({}), &json!({}), nobody);
    let uri = editor.uri(".tdd/config.toml");
    let published = editor.wait_for(|message| {
        message["method"] == "textDocument/publishDiagnostics"
            && message["params"]["uri"] == json!(uri)
    });
    let diagnostic = &published["params"]["diagnostics"][0];
    assert_eq!(diagnostic["source"], "greenward");
    assert_eq!(diagnostic["range"]["start"]["line"], 2);
    assert_eq!(diagnostic["data"], Value::Null);
    assert_eq!(editor.close(), 0);
}

#[test]
fn an_editor_that_leaves_without_a_word_leaves_no_engine() {
    let editor = roman(&json!({}), &json!({}));
    assert_eq!(editor.hang_up(), 1);
}
