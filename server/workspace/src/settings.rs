//! Where settings come from, and which of them are in force.
//!
//! Four origins: the user's file, the repository's file, the editor, flags. A later one wins where
//! it speaks, except across the trust line: what a repository says about [`CAN_RUN`] counts only
//! once its user trusts it. A mistake costs the one setting that it is in, which stays as it was
//! last good; a file that is no TOML stays as it was last good as a whole.
//!
//! [`CAN_RUN`]: greenward_protocol::settings::CAN_RUN

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::Range;
use greenward_protocol::settings::{Complaint, Layer, Part, Settings};
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::document::LineIndex;

/// A stretch of text, in bytes.
type Span = std::ops::Range<usize>;

/// The repository's settings file, in a workspace folder. The user's is
/// [`Dirs::settings_file`](crate::dirs::Dirs::settings_file).
#[must_use]
pub fn repository_file(folder: &Utf8Path) -> Utf8PathBuf {
    folder.join(".tdd").join("config.toml")
}

/// Something wrong in settings: what and, in a file, where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where in the file. Nothing for settings that come from no file.
    pub range: Option<Range>,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// What one origin says, as it was last good.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    layer: Layer,
    mistakes: Vec<Mistake>,
}

impl Source {
    /// Takes the text of a settings file as it is now. A file that is not there says the same as
    /// an empty one.
    pub fn take_toml(&mut self, text: &str) {
        let lines = LineIndex::new(text);
        let (table, errors) = DeTable::parse_recoverable(text);
        if errors.is_empty() {
            let file = DeValue::Table(table.into_inner());
            let (layer, complaints) = Layer::check(json(&file));
            self.take(layer, complaints, |complaint| {
                Some(range_of(&lines, text, span_of(&file, complaint)))
            });
        } else {
            self.mistakes = errors
                .iter()
                .map(|error| Mistake {
                    range: Some(range_of(&lines, text, error.span().unwrap_or_default())),
                    message: error.message().to_owned(),
                })
                .collect();
            self.mistakes.sort_by_key(|mistake| mistake.range);
        }
    }

    /// Takes what an editor says: the section `greenward` of its settings.
    pub fn take_json(&mut self, written: Value) {
        // An editor without any settings of ours says `null`.
        let written = if written.is_null() {
            Value::Object(serde_json::Map::new())
        } else {
            written
        };
        let (layer, complaints) = Layer::check(written);
        self.take(layer, complaints, |_| None);
    }

    /// What it says.
    #[must_use]
    pub fn layer(&self) -> &Layer {
        &self.layer
    }

    /// What is wrong with what it said last, in the order in which it stands there.
    #[must_use]
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }

    fn take(
        &mut self,
        mut layer: Layer,
        complaints: Vec<Complaint>,
        range: impl Fn(&Complaint) -> Option<Range>,
    ) {
        for complaint in &complaints {
            layer.copy(&self.layer, complaint.path.iter().map(String::as_str));
        }
        self.layer = layer;
        self.mistakes = complaints
            .into_iter()
            .map(|complaint| Mistake {
                range: range(&complaint),
                message: complaint.message,
            })
            .collect();
        self.mistakes.sort_by_key(|mistake| mistake.range);
    }
}

/// All origins of the settings of one workspace folder, the earlier first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// The user's file.
    pub user: Source,
    /// The repository's file.
    pub repository: Source,
    /// The editor.
    pub editor: Source,
    /// Flags of the command line.
    pub flags: Source,
}

impl Sources {
    /// The settings in force, given whether the user trusts the repository.
    #[must_use]
    pub fn settings(&self, trusted: bool) -> Settings {
        let mut all = self.user.layer.clone();
        if trusted {
            all.lay_over(&self.repository.layer);
        } else {
            all.lay_over(&self.repository.layer.that_cannot_run());
        }
        all.lay_over(&self.editor.layer);
        all.lay_over(&self.flags.layer);
        all.settings()
    }

    /// The settings of the repository that can run something: what a user who trusts it, trusts.
    #[must_use]
    pub fn on_trust(&self) -> Layer {
        self.repository.layer.that_can_run()
    }
}

/// A TOML value as JSON. What JSON does not have becomes an object, which no setting accepts.
fn json(value: &DeValue<'_>) -> Value {
    let foreign = |text: &str| serde_json::json!({ text: true });
    match value {
        DeValue::String(text) => Value::from(&**text),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_or_else(|_| foreign(integer.as_str()), Value::from),
        DeValue::Float(float) => match float.as_str().parse::<f64>() {
            Ok(number) if number.is_finite() => Value::from(number),
            _ => foreign(float.as_str()),
        },
        DeValue::Boolean(is) => Value::from(*is),
        DeValue::Datetime(time) => foreign(&time.to_string()),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => table
            .iter()
            .map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref())))
            .collect(),
    }
}

/// The stretch of text, in bytes, that a complaint is about.
fn span_of(file: &DeValue<'_>, complaint: &Complaint) -> Span {
    let (mut span, mut value) = (0..0, file);
    for step in &complaint.path {
        let Some((name, member)) = member(value, step) else {
            break;
        };
        span = match complaint.part {
            Part::Name => name,
            Part::Value => member.span(),
        };
        value = member.get_ref();
    }
    span
}

/// What stands at a key of a table or a place in a list, and where its name stands.
fn member<'a, 'text>(
    value: &'a DeValue<'text>,
    step: &str,
) -> Option<(Span, &'a Spanned<DeValue<'text>>)> {
    match value {
        DeValue::Table(table) => table
            .get_key_value(step)
            .map(|(name, member)| (name.span(), member)),
        DeValue::Array(items) => step
            .parse::<usize>()
            .ok()
            .and_then(|index| items.get(index))
            .map(|item| (item.span(), item)),
        _ => None,
    }
}

fn range_of(lines: &LineIndex, text: &str, span: Span) -> Range {
    Range::new(
        lines.position(text, span.start),
        lines.position(text, span.end),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn source(toml: &str) -> Source {
        let mut source = Source::default();
        source.take_toml(toml);
        source
    }

    /// What is wrong with a settings file. Each mistake is written below its line:
    /// `^^^ message`, the arrows at the columns.
    #[track_caller]
    fn check(toml: &str, shown: &str) {
        let toml = toml.trim_start_matches('\n');
        let mut lines: Vec<String> = toml.lines().map(str::to_owned).collect();
        for mistake in source(toml).mistakes().iter().rev() {
            let range = mistake.range.unwrap();
            let end = if range.end.line == range.start.line {
                range.end.column
            } else {
                range.start.column
            };
            let arrows = "^".repeat((end - range.start.column).max(1) as usize);
            let blank = " ".repeat(range.start.column as usize);
            lines.insert(
                range.start.line as usize + 1,
                format!("{blank}{arrows} {}", mistake.message),
            );
        }
        assert_eq!(lines.join("\n"), shown.trim_matches('\n'));
    }

    #[test]
    fn a_file_without_mistakes_is_taken_whole() {
        let source = source("[run]\non_save = false\n[cargo]\ntest_threads = 0x10\nargs = ['a']\n");
        assert_eq!(source.mistakes(), []);
        assert_eq!(
            source.layer().to_json(),
            json!({"run": {"on_save": false}, "cargo": {"test_threads": 16, "args": ["a"]}}),
        );
    }

    #[test]
    fn every_mistake_has_its_place() {
        check(
            r#"
# comment
[run]
on_sav = true
debounce_ms = "50"
timeout_seconds = 99_999_999_999_999_999_999
[carg]
[cargo]
args = ["a", 1]
profile = 1979-05-27
cargo.test_threads = 0
"#,
            r#"
# comment
[run]
on_sav = true
^^^^^^ there is no setting `run.on_sav`; did you mean `on_save`?
debounce_ms = "50"
              ^^^^ `run.debounce_ms` must be a whole number from 0 to 60000, not "50"
timeout_seconds = 99_999_999_999_999_999_999
                  ^^^^^^^^^^^^^^^^^^^^^^^^^^ `run.timeout_seconds` must be a whole number from 0 to 86400, not {"99999999999999999999":true}
[carg]
 ^^^^ there is no table `carg`; did you mean `cargo`?
[cargo]
args = ["a", 1]
             ^ `cargo.args.1` must be a string, not 1
profile = 1979-05-27
          ^^^^^^^^^^ `cargo.profile` must be a string, not {"1979-05-27":true}
cargo.test_threads = 0
^^^^^ there is no setting `cargo.cargo`
"#,
        );
    }

    #[test]
    fn a_file_that_is_no_toml_says_where() {
        check(
            "[run]\non_save = \n[cargo\n",
            r#"
[run]
on_save = 
          ^ string values must be quoted, expected literal string
[cargo
      ^ unclosed table, expected `]`
"#,
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_survived(text in r#"([\[\]{}=.,"'#\na-c0-9 é😀-]|run|on_save|\[cargo\]|args|true){0,40}"#) {
            let mut source = Source::default();
            source.take_toml(&text);
            let ok = source.mistakes().is_empty();
            proptest::prop_assert_eq!(ok, toml::from_str::<Settings>(&text).is_ok());
        }
    }

    #[test]
    fn what_was_last_good_stays() {
        let mut source = source("run.debounce_ms = 7\ncargo.args = ['a']\nshow.lenses = false");
        // A wrong value stays as it was; what is not said any more is gone.
        source.take_toml("run.debounce_ms = -1\ncargo.args = ['b', 1]");
        let kept = json!({"run": {"debounce_ms": 7}, "cargo": {"args": ["a"]}});
        assert_eq!(source.layer().to_json(), kept);
        assert_eq!(source.mistakes().len(), 2);
        // No TOML at all.
        source.take_toml("run.debounce_ms = 9\n=");
        assert_eq!(source.layer().to_json(), kept);
        assert!(!source.mistakes().is_empty());
        // All is well again.
        source.take_toml("");
        assert_eq!(source, Source::default());
    }

    #[test]
    fn an_editor_has_mistakes_without_a_place() {
        let mut source = Source::default();
        source.take_json(json!({"run": {"on_save": false, "on_open": 1}}));
        assert_eq!(source.layer().to_json(), json!({"run": {"on_save": false}}));
        let mistake = Mistake {
            range: None,
            message: "`run.on_open` must be true or false, not 1".to_owned(),
        };
        assert_eq!(source.mistakes(), [mistake]);
        source.take_json(Value::Null);
        assert_eq!(source, Source::default());
    }

    #[test]
    fn later_origins_win_except_across_the_trust_line() {
        let mut sources = Sources {
            user: source("cargo.program = 'mine'\nrun = {debounce_ms = 1, on_open = true}"),
            repository: source(
                "cargo = {program = 'theirs', args = ['x'], features = ['f']}\nrun.debounce_ms = 2",
            ),
            ..Sources::default()
        };
        let untrusted = sources.settings(false);
        assert_eq!(untrusted.cargo.program.as_deref(), Some("mine"));
        assert_eq!(untrusted.cargo.args, [""; 0]);
        assert_eq!(untrusted.cargo.features, ["f"]);
        assert_eq!(untrusted.run.debounce_ms, 2);
        assert!(untrusted.run.on_open);

        let trusted = sources.settings(true);
        assert_eq!(trusted.cargo.program.as_deref(), Some("theirs"));
        assert_eq!(trusted.cargo.args, ["x"]);
        assert_eq!(
            sources.on_trust().to_json(),
            json!({"cargo": {"program": "theirs", "args": ["x"]}}),
        );

        sources
            .editor
            .take_json(json!({"run": {"debounce_ms": 3}, "cargo": {"args": ["e"]}}));
        sources.flags.take_json(json!({"run": {"debounce_ms": 4}}));
        let settings = sources.settings(false);
        assert_eq!(settings.run.debounce_ms, 4);
        assert_eq!(settings.cargo.args, ["e"]);
    }
}
