//! What `.tdd/` holds in the beginning: settings that say nothing yet, and what git is to ignore.

use greenward_protocol::settings::{CAN_RUN, schema};
use serde_json::Value;

/// Keeps the database out of git, with the files that SQLite puts beside it.
const IGNORED: &str = "state.db*";

/// The text of a settings file in which every setting is explained and none is set: each stands in
/// a comment, with its default, or with an example where it has none.
#[must_use]
pub fn config_text() -> String {
    let schema = schema();
    let mut text = String::from(
        "# Settings of Greenward for everybody who works here.\n\
         # Each is shown as it is when nothing is said, or by an example. To set one, take the `# `\n\
         # before its name away.\n",
    );
    for (table, declared) in members(&schema) {
        text.push('\n');
        push_comment(&mut text, declared);
        push_trust(&mut text, table);
        let each = &declared["additionalProperties"];
        let declared = if each.is_object() {
            text.push_str(&format!("# [{table}.NAME]\n"));
            each
        } else {
            text.push_str(&format!("[{table}]\n"));
            declared
        };
        for (name, setting) in members(declared) {
            text.push('\n');
            push_comment(&mut text, setting);
            push_trust(&mut text, &format!("{table}.{name}"));
            let value = match &setting["default"] {
                Value::Null => &setting["examples"][0],
                default => default,
            };
            // JSON writes all values that settings have as TOML does.
            text.push_str(&format!("# {name} = {value}\n"));
        }
    }
    text
}

/// The text of `.tdd/.gitignore` with the database in it, given what it says now. Nothing if that
/// is enough.
#[must_use]
pub fn gitignore_text(now: &str) -> Option<String> {
    if now.lines().any(|line| line.trim_end() == IGNORED) {
        return None;
    }
    let separator = if now.is_empty() || now.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    Some(format!("{now}{separator}{IGNORED}\n"))
}

fn members(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema["properties"].as_object().into_iter().flatten()
}

fn push_comment(text: &mut String, declared: &Value) {
    let description = declared["description"].as_str().unwrap_or_default();
    for line in description.lines() {
        text.push_str(&format!("# {line}\n"));
    }
}

fn push_trust(text: &mut String, key: &str) {
    if CAN_RUN.contains(&key) {
        text.push_str("# Counts only for those who trust this folder.\n");
    }
}

#[cfg(test)]
mod tests {
    use greenward_protocol::settings::{Layer, Settings, Worker};

    use super::*;
    use crate::settings::Source;

    fn layer(toml: &str) -> Layer {
        let mut source = Source::default();
        source.take_toml(toml);
        assert_eq!(source.mistakes(), [], "{toml}");
        source.layer().clone()
    }

    #[test]
    fn it_reads_well() {
        let text = config_text();
        let end = text.find("\n# How pytest").unwrap();
        expect_test::expect![[r##"
            # Settings of Greenward for everybody who works here.
            # Each is shown as it is when nothing is said, or by an example. To set one, take the `# `
            # before its name away.

            # When tests run.
            [run]

            # Run what a change affects when a file is saved or changes on disk.
            # on_save = true

            # Run everything once when a workspace is opened.
            # on_open = false

            # How long, in milliseconds, to wait after a change for more changes before a run starts.
            # debounce_ms = 50

            # A single test that takes longer than this, in seconds, is ended and counts as errored.
            # 0 is no limit.
            # timeout_seconds = 300

            # How cargo runs tests.
            [cargo]

            # Features to turn on.
            # features = []

            # Turn on all features.
            # all_features = false

            # Turn off the default features.
            # no_default_features = false

            # The profile to build with, where it is not cargo's own choice.
            # profile = "release"

            # Run documentation tests too.
            # doc_tests = true

            # Show a backtrace with every panic. Without it, RUST_BACKTRACE of the environment decides, as
            # for `cargo test`. The time that a backtrace takes counts as the test's.
            # backtrace = false

            # How many tests of one binary run at once, where it is not libtest's own choice.
            # test_threads = 4

            # The cargo to run: a name to be found in PATH, or a path, which starts at the workspace
            # folder if it is relative.
            # Counts only for those who trust this folder.
            # program = "/opt/rust/bin/cargo"

            # Further arguments for cargo.
            # Counts only for those who trust this folder.
            # args = []

            # Further arguments for the test binaries.
            # Counts only for those who trust this folder.
            # test_args = []
        "##]].assert_eq(&text[..end]);
    }

    #[test]
    fn as_it_is_it_sets_nothing() {
        assert_eq!(layer(&config_text()).settings(), Settings::default());
    }

    #[test]
    fn every_setting_is_there_with_its_default_or_an_allowed_example() {
        let is_setting = |line: &&str| line.contains(" = ") && !line.contains("  ");
        let text = config_text();
        let set: String = text
            .lines()
            .map(|line| line.trim_start_matches("# "))
            .filter(|line| line.starts_with('[') || is_setting(line))
            .map(|line| format!("{line}\n"))
            .collect();
        let settings = layer(&set).settings();
        let mut expected = Settings::default();
        expected.cargo.profile = Some("release".into());
        expected.cargo.test_threads = std::num::NonZeroU32::new(4);
        expected.cargo.program = Some("/opt/rust/bin/cargo".into());
        expected.pytest.python = Some(".venv/bin/python".into());
        let worker = Worker {
            base_url: Some("http://127.0.0.1:11434/v1".into()),
            model: Some("qwen3-coder".into()),
            key_env: Some("OPENAI_API_KEY".into()),
            key_keyring: Some("openai".into()),
            recording: Some(".tdd/recordings/roman.jsonl".into()),
            price_per_million_input: Some(0.25),
            price_per_million_output: Some(1.25),
            ..Worker::default()
        };
        expected.workers.insert("NAME".into(), worker);
        expected.cycle.worker = Some("local".into());
        expected.cycle.max_tokens = std::num::NonZeroU32::new(500_000);
        assert_eq!(settings, expected);
        let declared: usize = members(&schema())
            .map(|(_, table)| {
                members(table).count() + members(&table["additionalProperties"]).count()
            })
            .sum();
        assert_eq!(set.lines().filter(is_setting).count(), declared);
    }

    #[test]
    fn the_database_is_ignored_once() {
        for (now, then) in [
            ("", Some("state.db*\n")),
            ("a\n", Some("a\nstate.db*\n")),
            ("a", Some("a\nstate.db*\n")),
            ("state.db*\r\na", None),
            ("# state.db*", Some("# state.db*\nstate.db*\n")),
        ] {
            assert_eq!(gitignore_text(now).as_deref(), then, "{now:?}");
        }
    }
}
