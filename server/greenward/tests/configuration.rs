//! `docs/configuration.md` lists the settings as they are declared. `UPDATE_EXPECT=1` writes it.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use greenward_protocol::settings::{CAN_RUN, schema};
use serde_json::{Map, Value};

const HEAD: &str = "\
# Settings

Generated from `protocol/src/settings.rs`: a test of `server/greenward` holds the two against each other, and writes this file when it is run with `UPDATE_EXPECT=1`.

A setting may stand in three places. What comes later in this list wins:

1. the user's file, `~/.config/greenward/config.toml` (`XDG_CONFIG_HOME` is kept);
2. a repository's file, `.tdd/config.toml`; `greenward init` writes one with every default;
3. the editor's own settings, in its section `greenward`.

```toml
[run]
on_open = true
timeout_seconds = 60
```

A mistake is a diagnostic at its line in the file, and the last good settings stay in force.
Settings marked *trust* decide which program runs, with what arguments, or where code is sent. In a repository's file they count only once its user trusts the folder with them.
";

#[test]
fn the_document_lists_the_declared_settings() {
    let schema = schema();
    let mut text = HEAD.to_owned();
    for (table, declared) in properties(&schema) {
        text.push_str(&format!("\n## {table}\n\n{}\n\n", described(declared)));
        text.push_str("| setting | type | default | |\n| --- | --- | --- | --- |\n");
        let each = &declared["additionalProperties"];
        let (declared, prefix) = if each.is_object() {
            (each, format!("{table}.NAME"))
        } else {
            (declared, table.clone())
        };
        for (name, setting) in properties(declared) {
            let key = format!("{prefix}.{name}");
            let default = &setting["default"];
            let trust = if CAN_RUN.contains(&key.as_str()) || CAN_RUN.contains(&table.as_str()) {
                " *trust*"
            } else {
                ""
            };
            text.push_str(&format!(
                "| `{key}` | {} | {} | {}{trust} |\n",
                kind(setting),
                value(default),
                described(setting)
            ));
        }
    }
    expect_test::expect_file!["../../../docs/configuration.md"].assert_eq(&text);
}

fn properties(schema: &Value) -> &Map<String, Value> {
    schema["properties"].as_object().unwrap()
}

/// Its documentation in one line.
fn described(schema: &Value) -> String {
    let text = schema["description"].as_str().unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn kind(setting: &Value) -> String {
    if let Some(choices) = setting["enum"].as_array() {
        let choices: Vec<String> = choices.iter().map(|one| format!("`{one}`")).collect();
        return choices.join(", ");
    }
    let of = match &setting["type"] {
        Value::Array(several) => several[0].as_str(),
        one => one.as_str(),
    };
    match of {
        Some("boolean") => "true or false",
        Some("integer" | "number") => "number",
        Some("string") => "text",
        Some("array") => "list of texts",
        other => panic!("say in words what {other:?} is"),
    }
    .to_owned()
}

fn value(default: &Value) -> String {
    match default {
        Value::Null => "not set".to_owned(),
        value => format!("`{value}`"),
    }
}
