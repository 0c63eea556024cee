//! What one origin (a file, the editor, the flags) says about the settings: some of them.

use serde_json::{Map, Value};

use super::{CAN_RUN, Settings, schema};

/// Some settings, each with an allowed value. What is not there is not said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layer(Map<String, Value>);

/// What is wrong with a value that somebody wrote for a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The keys that lead to it, from the outermost table; a place in a list counts from 0.
    pub path: Vec<String>,
    /// Which part of it is wrong.
    pub part: Part,
    /// What is wrong and what would be right.
    pub message: String,
}

/// A part of what somebody wrote for a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Its name.
    Name,
    /// Its value.
    Value,
}

impl Layer {
    /// Takes what somebody wrote, as far as the [`schema`] allows it. What it does not allow is
    /// left out, each with a complaint. A `null` says nothing.
    #[must_use]
    pub fn check(written: Value) -> (Layer, Vec<Complaint>) {
        let mut check = Check::default();
        let layer = match check.value(&schema(), written) {
            Some(Value::Object(tables)) => Layer(tables),
            _ => Layer::default(),
        };
        let mut complaints = check.complaints;
        // What the schema cannot say, the type does.
        if let Err(error) = serde_json::from_value::<Settings>(Value::Object(layer.0.clone())) {
            complaints.push(Complaint {
                path: Vec::new(),
                part: Part::Value,
                message: error.to_string(),
            });
            return (Layer::default(), complaints);
        }
        (layer, complaints)
    }

    /// Whether it says nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Only the settings of [`CAN_RUN`].
    #[must_use]
    pub fn that_can_run(&self) -> Layer {
        let mut part = Layer::default();
        for key in CAN_RUN {
            part.copy(self, key.split('.'));
        }
        part
    }

    /// All settings but those of [`CAN_RUN`].
    #[must_use]
    pub fn that_cannot_run(&self) -> Layer {
        let mut part = self.clone();
        for key in CAN_RUN {
            let steps: Vec<&str> = key.split('.').collect();
            remove(&mut part.0, &steps);
        }
        part
    }

    /// Takes over what `other` says at `path`: a setting or a table. A path that leads into a
    /// list stands for the whole list. Where `other` says nothing, nothing changes.
    pub fn copy<'a>(&mut self, other: &Layer, path: impl IntoIterator<Item = &'a str>) {
        let (mut found, mut steps) = (&other.0, Vec::new());
        let mut value = None;
        for step in path {
            value = found.get(step);
            steps.push(step);
            match value {
                Some(Value::Object(table)) => found = table,
                _ => break,
            }
        }
        if let Some(value) = value {
            let nested = steps.into_iter().rev().fold(value.clone(), |inner, step| {
                Value::Object(Map::from_iter([(step.to_owned(), inner)]))
            });
            if let Value::Object(tables) = nested {
                lay_over(&mut self.0, &tables);
            }
        }
    }

    /// Takes over everything that `later` says.
    pub fn lay_over(&mut self, later: &Layer) {
        lay_over(&mut self.0, &later.0);
    }

    /// Complete settings: what the layer says, and the defaults for the rest.
    #[must_use]
    pub fn settings(&self) -> Settings {
        // Cannot fail: layers are made by `check`, and each value stands for itself.
        serde_json::from_value(Value::Object(self.0.clone())).unwrap_or_default()
    }

    /// What it says, as JSON: a table of tables.
    #[must_use]
    pub fn to_json(&self) -> Value {
        Value::Object(self.0.clone())
    }
}

fn lay_over(base: &mut Map<String, Value>, later: &Map<String, Value>) {
    for (key, value) in later {
        match (base.get_mut(key), value) {
            (Some(Value::Object(base)), Value::Object(later)) => lay_over(base, later),
            _ => {
                base.insert(key.clone(), value.clone());
            }
        }
    }
}

fn remove(tables: &mut Map<String, Value>, path: &[&str]) {
    match path {
        [] => {}
        [key] => {
            tables.shift_remove(*key);
        }
        [table, rest @ ..] => {
            if let Some(Value::Object(inner)) = tables.get_mut(*table) {
                remove(inner, rest);
                if inner.is_empty() {
                    tables.shift_remove(*table);
                }
            }
        }
    }
}

/// Holds a value against a schema, in so much of JSON Schema as [`schema`] uses.
#[derive(Default)]
struct Check {
    path: Vec<String>,
    complaints: Vec<Complaint>,
}

impl Check {
    /// What is allowed of `value`; nothing if it is not allowed as a whole.
    fn value(&mut self, schema: &Value, value: Value) -> Option<Value> {
        match value {
            Value::Object(members) if allows(schema, "object") => {
                Some(Value::Object(self.members(schema, members)))
            }
            Value::Array(items) if allows(schema, "array") => {
                let wanted = items.len();
                let items: Vec<Value> = items
                    .into_iter()
                    .enumerate()
                    .filter_map(|(index, item)| {
                        self.within(index.to_string(), |check| {
                            check.value(&schema["items"], item)
                        })
                    })
                    .collect();
                // Half a list of arguments would mean something else.
                (items.len() == wanted).then_some(Value::Array(items))
            }
            Value::Bool(_) if allows(schema, "boolean") => Some(value),
            Value::String(ref text) if allows(schema, "string") && chosen(schema, text) => {
                Some(value)
            }
            Value::Number(ref number)
                if allows(schema, "integer")
                    && number
                        .as_i64()
                        .is_some_and(|number| limits(schema).contains(&number)) =>
            {
                Some(value)
            }
            Value::Number(ref number)
                if allows(schema, "number")
                    && number.as_f64().is_some_and(|number| {
                        let (least, most) = bounds(schema);
                        least <= number && number <= most
                    }) =>
            {
                Some(value)
            }
            _ => {
                let (name, wanted) = (self.path.join("."), describe(schema));
                self.complain(
                    Part::Value,
                    if name.is_empty() {
                        format!("settings must be {wanted}, not {value}")
                    } else {
                        format!("`{name}` must be {wanted}, not {value}")
                    },
                );
                None
            }
        }
    }

    fn members(&mut self, schema: &Value, members: Map<String, Value>) -> Map<String, Value> {
        let none = Map::new();
        let known = schema["properties"].as_object().unwrap_or(&none);
        let mut allowed = Map::new();
        for (name, member) in members {
            if member.is_null() {
                continue;
            }
            let value = self.within(name.clone(), |check| {
                // In a table of tables the user chooses the names.
                let any = Some(&schema["additionalProperties"]).filter(|any| any.is_object());
                if let Some(schema) = known.get(&name).or(any) {
                    return check.value(schema, member);
                }
                check.unknown(&name, known.keys());
                None
            });
            if let Some(value) = value {
                allowed.insert(name, value);
            }
        }
        allowed
    }

    fn unknown<'a>(&mut self, name: &str, known: impl Iterator<Item = &'a String>) {
        let (parents, what) = match self.path.as_slice() {
            [_] => (String::new(), "table"),
            [parents @ .., _] => (format!("{}.", parents.join(".")), "setting"),
            [] => (String::new(), "setting"),
        };
        let nearest = known
            .map(|known| (strsim::damerau_levenshtein(name, known), known))
            .min()
            .filter(|(distance, known)| *distance <= known.len().max(name.len()) / 3);
        let mut message = format!("there is no {what} `{parents}{name}`");
        if let Some((_, nearest)) = nearest {
            message.push_str(&format!("; did you mean `{nearest}`?"));
        }
        self.complain(Part::Name, message);
    }

    fn within<T>(&mut self, step: String, then: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step);
        let result = then(self);
        self.path.pop();
        result
    }

    fn complain(&mut self, part: Part, message: String) {
        self.complaints.push(Complaint {
            path: self.path.clone(),
            part,
            message,
        });
    }
}

/// Whether `schema` allows values of the JSON type `kind`.
fn allows(schema: &Value, kind: &str) -> bool {
    match &schema["type"] {
        Value::String(only) => only == kind,
        Value::Array(kinds) => kinds.iter().any(|one| one == kind),
        _ => false,
    }
}

/// The lowest and the highest whole number that `schema` allows.
fn limits(schema: &Value) -> std::ops::RangeInclusive<i64> {
    let limit = |keyword: &str| schema[keyword].as_i64();
    limit("minimum").unwrap_or(i64::MIN)..=limit("maximum").unwrap_or(i64::MAX)
}

/// The lowest and the highest number that `schema` allows.
fn bounds(schema: &Value) -> (f64, f64) {
    let limit = |keyword: &str| schema[keyword].as_f64();
    (
        limit("minimum").unwrap_or(f64::MIN),
        limit("maximum").unwrap_or(f64::MAX),
    )
}

/// Whether `text` is among those that `schema` lists, if it lists any.
fn chosen(schema: &Value, text: &str) -> bool {
    choices(schema).is_none_or(|choices| choices.iter().any(|choice| choice == text))
}

fn choices(schema: &Value) -> Option<&Vec<Value>> {
    schema["enum"].as_array()
}

/// What `schema` allows, in words.
fn describe(schema: &Value) -> String {
    if allows(schema, "object") {
        "a table".to_owned()
    } else if allows(schema, "array") {
        format!("a list, each item {}", describe(&schema["items"]))
    } else if allows(schema, "boolean") {
        "true or false".to_owned()
    } else if allows(schema, "integer") {
        let limits = limits(schema);
        format!("a whole number from {} to {}", limits.start(), limits.end())
    } else if allows(schema, "number") {
        let (least, most) = bounds(schema);
        format!("a number from {least} to {most}")
    } else if let Some(choices) = choices(schema) {
        let choices: Vec<String> = choices.iter().map(Value::to_string).collect();
        format!("one of {}", choices.join(", "))
    } else {
        "a string".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Checks `written`: what is left of it, and what is said, each as `path: message`.
    fn check(written: Value, allowed: Value, complaints: &[&str]) {
        let (layer, said) = Layer::check(written);
        let said: Vec<String> = said
            .iter()
            .map(|complaint| format!("{}: {}", complaint.path.join("."), complaint.message))
            .collect();
        assert_eq!(said, complaints);
        assert_eq!(layer.to_json(), allowed);
    }

    fn layer(written: Value) -> Layer {
        let (layer, complaints) = Layer::check(written);
        assert_eq!(complaints, []);
        layer
    }

    #[test]
    fn what_is_right_is_taken_as_it_is() {
        let written = json!({
            "run": {"on_save": false, "debounce_ms": 0},
            "cargo": {"features": ["a", "b"], "test_threads": 4096, "profile": "release"},
        });
        check(written.clone(), written, &[]);
    }

    #[test]
    fn null_says_nothing() {
        check(
            json!({"run": {"on_save": null}, "cargo": null, "pytest": {"python": null}}),
            json!({"run": {}, "pytest": {}}),
            &[],
        );
    }

    #[test]
    fn a_mistake_takes_nothing_else_with_it() {
        check(
            json!({"run": {"on_sav": true, "on_open": true}, "carg": {"args": []}}),
            json!({"run": {"on_open": true}}),
            &[
                "run.on_sav: there is no setting `run.on_sav`; did you mean `on_save`?",
                "carg: there is no table `carg`; did you mean `cargo`?",
            ],
        );
    }

    #[test]
    fn each_kind_of_mistake_is_named() {
        for (written, complaint) in [
            (
                json!({"run": {"zzz": 1}}),
                "run.zzz: there is no setting `run.zzz`",
            ),
            (
                json!({"run": {"onSave": 1}}),
                "run.onSave: there is no setting `run.onSave`; did you mean `on_save`?",
            ),
            (
                json!({"run": {"on_save": "yes"}}),
                "run.on_save: `run.on_save` must be true or false, not \"yes\"",
            ),
            (
                json!({"run": {"debounce_ms": -1}}),
                "run.debounce_ms: `run.debounce_ms` must be a whole number from 0 to 60000, not -1",
            ),
            (
                json!({"run": {"debounce_ms": 60001}}),
                "run.debounce_ms: `run.debounce_ms` must be a whole number from 0 to 60000, not \
                 60001",
            ),
            (
                json!({"run": {"debounce_ms": 1.5}}),
                "run.debounce_ms: `run.debounce_ms` must be a whole number from 0 to 60000, not 1.5",
            ),
            (
                json!({"cargo": {"test_threads": 0}}),
                "cargo.test_threads: `cargo.test_threads` must be a whole number from 1 to 4096, \
                 not 0",
            ),
            (
                json!({"cargo": {"test_threads": u64::MAX}}),
                "cargo.test_threads: `cargo.test_threads` must be a whole number from 1 to 4096, \
                 not 18446744073709551615",
            ),
            (
                json!({"cargo": {"profile": ["a"]}}),
                "cargo.profile: `cargo.profile` must be a string, not [\"a\"]",
            ),
            (
                json!({"cycle": {"held_out": 1.5}}),
                "cycle.held_out: `cycle.held_out` must be a number from 0 to 1, not 1.5",
            ),
            (
                json!({"cargo": {"features": "a"}}),
                "cargo.features: `cargo.features` must be a list, each item a string, not \"a\"",
            ),
        ] {
            let table = written.as_object().unwrap().keys().next().unwrap().clone();
            check(written, json!({table: {}}), &[complaint]);
        }
        check(
            json!({"run": 1}),
            json!({}),
            &["run: `run` must be a table, not 1"],
        );
        check(json!(1), json!({}), &[": settings must be a table, not 1"]);
    }

    #[test]
    fn a_table_of_tables_has_names_of_the_users_choice() {
        check(
            json!({"workers": {
                "local": {"kind": "openai", "price_per_million_input": 1},
                "other": {"kind": "openia", "modle": "m", "model": "n"},
                "third": 3,
            }, "cycle": {"max_cost_usd": 2.5}}),
            json!({"workers": {
                "local": {"kind": "openai", "price_per_million_input": 1},
                "other": {"model": "n"},
            }, "cycle": {"max_cost_usd": 2.5}}),
            &[
                "workers.other.kind: `workers.other.kind` must be one of \"openai\", \
                 \"anthropic\", \"command\", \"acp\", \"replay\", \"human\", not \"openia\"",
                "workers.other.modle: there is no setting `workers.other.modle`; did you mean \
                 `model`?",
                "workers.third: `workers.third` must be a table, not 3",
            ],
        );
    }

    #[test]
    fn a_list_with_a_wrong_item_does_not_count_at_all() {
        check(
            json!({"cargo": {"args": ["--locked", 1]}}),
            json!({"cargo": {}}),
            &["cargo.args.1: `cargo.args.1` must be a string, not 1"],
        );
    }

    #[test]
    fn the_later_layer_wins_where_it_speaks() {
        let mut base = layer(json!({"run": {"on_save": false}, "cargo": {"args": ["a", "b"]}}));
        base.lay_over(&layer(
            json!({"run": {"on_open": true}, "cargo": {"args": ["c"]}}),
        ));
        let settings = base.settings();
        assert!(!settings.run.on_save);
        assert!(settings.run.on_open);
        assert_eq!(settings.cargo.args, ["c"]);
        assert_eq!(settings.pytest, Settings::default().pytest);
    }

    #[test]
    fn what_can_run_something_is_told_from_the_rest() {
        let both = layer(json!({
            "run": {"on_open": true},
            "cargo": {"program": "./evil", "features": ["a"]},
            "pytest": {"args": ["-p", "evil"]},
            "workers": {"evil": {"base_url": "https://evil"}},
            "cycle": {"worker": "evil", "repeat": 2},
        }));
        assert_eq!(
            both.that_can_run().to_json(),
            json!({
                "cargo": {"program": "./evil"},
                "pytest": {"args": ["-p", "evil"]},
                "workers": {"evil": {"base_url": "https://evil"}},
                "cycle": {"worker": "evil"},
            }),
        );
        assert_eq!(
            both.that_cannot_run().to_json(),
            json!({
                "run": {"on_open": true},
                "cargo": {"features": ["a"]},
                "cycle": {"repeat": 2},
            }),
        );
    }

    #[test]
    fn one_setting_is_copied_from_another_layer() {
        let from = layer(json!({"cargo": {"args": ["a", "b"], "profile": "p"}}));
        for (path, copied) in [
            ("cargo.args", json!({"cargo": {"args": ["a", "b"]}})),
            ("cargo.args.1", json!({"cargo": {"args": ["a", "b"]}})),
            ("cargo", from.to_json()),
            ("cargo.program", json!({})),
            ("run.on_save", json!({})),
        ] {
            let mut to = Layer::default();
            to.copy(&from, path.split('.'));
            assert_eq!(to.to_json(), copied, "{path}");
        }
    }

    #[test]
    fn every_key_that_can_run_is_a_setting() {
        for key in CAN_RUN {
            let found = key
                .split('.')
                .fold(schema(), |schema, step| schema["properties"][step].clone());
            assert!(found.is_object(), "{key}");
        }
    }

    #[test]
    fn every_setting_has_a_description_and_a_default_that_is_allowed() {
        let schema = schema();
        for (table, part) in schema["properties"].as_object().unwrap() {
            let Some(settings) = part["properties"].as_object() else {
                let each = &part["additionalProperties"]["properties"];
                for (name, setting) in each.as_object().unwrap() {
                    assert!(setting["description"].is_string(), "{table}.NAME.{name}");
                }
                continue;
            };
            for (name, setting) in settings {
                assert!(setting["description"].is_string(), "{table}.{name}");
                let default = setting["default"].clone();
                check(
                    json!({table: {name: default.clone()}}),
                    if default.is_null() {
                        json!({table: {}})
                    } else {
                        json!({table: {name: default}})
                    },
                    &[],
                );
            }
        }
    }

    /// A keyword that the check does not know would be a limit that nobody enforces.
    #[test]
    fn the_schema_says_nothing_that_is_not_checked() {
        const CHECKED: &[&str] = &["type", "enum", "properties", "items", "minimum", "maximum"];
        const REMARKS: &[&str] = &[
            "$schema",
            "title",
            "description",
            "default",
            "examples",
            "format",
        ];
        fn visit(schema: &Value) {
            for (keyword, value) in schema.as_object().unwrap() {
                match keyword.as_str() {
                    "properties" => value.as_object().unwrap().values().for_each(visit),
                    "items" => visit(value),
                    "additionalProperties" if value.is_object() => visit(value),
                    "additionalProperties" => assert_eq!(value, false),
                    keyword => assert!(
                        CHECKED.contains(&keyword) || REMARKS.contains(&keyword),
                        "{keyword}"
                    ),
                }
            }
        }
        visit(&schema());
    }
}
