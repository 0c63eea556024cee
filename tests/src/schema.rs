//! A strict check of recorded traffic against the official model of LSP.
//!
//! The model is `metaModel.json` of LSP 3.18, as published with the specification: every method
//! with the types of its parameters and its result. What the model does not know is an error, but
//! for methods that are ours (`greenward/`) and those that a peer may ignore (`$/`).

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use camino::Utf8PathBuf;
use serde_json::{Map, Value};

use crate::world;

/// Who sent a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The editor.
    Client,
    /// The language server.
    Server,
}

impl Side {
    fn other(self) -> Self {
        match self {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::Client => "client",
            Side::Server => "server",
        })
    }
}

/// The types of LSP, by name.
#[derive(Debug, Default)]
pub struct MetaModel {
    structures: HashMap<String, Value>,
    enumerations: HashMap<String, Value>,
    aliases: HashMap<String, Value>,
    requests: HashMap<String, Value>,
    notifications: HashMap<String, Value>,
}

impl MetaModel {
    /// The model that this machine has: the file named by `GREENWARD_LSP_METAMODEL`, else
    /// `../shared/lsp/metaModel-3.18.0.json` beside the repository. Nothing if neither is there.
    ///
    /// # Panics
    ///
    /// If the file is there and is no such model.
    #[must_use]
    pub fn find() -> Option<Self> {
        let path = world::variable("GREENWARD_LSP_METAMODEL").map_or_else(
            || world::repository().join("../shared/lsp/metaModel-3.18.0.json"),
            Utf8PathBuf::from,
        );
        let text = std::fs::read_to_string(&path).ok()?;
        let model = serde_json::from_str(&text).expect("the LSP meta model is JSON");
        Some(Self::new(&model))
    }

    fn new(model: &Value) -> Self {
        let table = |kind: &str, key: &str| {
            let entries = model[kind].as_array().map_or(&[][..], Vec::as_slice);
            entries
                .iter()
                .filter_map(|entry| Some((entry[key].as_str()?.to_owned(), entry.clone())))
                .collect()
        };
        Self {
            structures: table("structures", "name"),
            enumerations: table("enumerations", "name"),
            aliases: table("typeAliases", "name"),
            requests: table("requests", "method"),
            notifications: table("notifications", "method"),
        }
    }

    /// The properties of a structure, with those that it inherits.
    fn properties<'m>(&'m self, structure: &'m Value) -> BTreeMap<&'m str, &'m Value> {
        let mut properties = BTreeMap::new();
        for kind in ["extends", "mixins"] {
            for base in items(&structure[kind]) {
                if let Some(base) = base["name"]
                    .as_str()
                    .and_then(|name| self.structures.get(name))
                {
                    properties.extend(self.properties(base));
                }
            }
        }
        for property in items(&structure["properties"]) {
            if let Some(name) = property["name"].as_str() {
                properties.insert(name, property);
            }
        }
        properties
    }

    /// What is wrong with `value` as a `kind`; `at` says where it stands.
    fn check(&self, kind: &Value, value: &Value, at: &str) -> Vec<String> {
        match kind["kind"].as_str().unwrap_or("") {
            "base" => check_base(kind["name"].as_str().unwrap_or(""), value, at),
            "stringLiteral" | "integerLiteral" | "booleanLiteral" => {
                expect(kind["value"] == *value, || {
                    format!("{at}: expected {}, got {value}", kind["value"])
                })
            }
            "array" => self.check_array(&kind["element"], value, at),
            "tuple" => {
                let kinds = items(&kind["items"]);
                match value.as_array() {
                    Some(values) if values.len() == kinds.len() => kinds
                        .iter()
                        .zip(values)
                        .flat_map(|(kind, value)| self.check(kind, value, at))
                        .collect(),
                    _ => vec![format!("{at}: expected a tuple, got {value}")],
                }
            }
            "map" => match value.as_object() {
                Some(entries) => entries
                    .iter()
                    .flat_map(|(key, entry)| {
                        self.check(&kind["value"], entry, &format!("{at}.{key}"))
                    })
                    .collect(),
                None => vec![format!("{at}: expected a map, got {value}")],
            },
            "or" => items(&kind["items"])
                .iter()
                .map(|kind| self.check(kind, value, at))
                .min_by_key(Vec::len)
                .unwrap_or_default(),
            "and" => items(&kind["items"])
                .iter()
                .flat_map(|kind| self.check(kind, value, at))
                .collect(),
            "literal" => self.check_object(&kind["value"], value, at),
            "reference" => self.check_named(kind["name"].as_str().unwrap_or(""), value, at),
            other => vec![format!("{at}: the model has an unknown kind {other:?}")],
        }
    }

    fn check_array(&self, element: &Value, value: &Value, at: &str) -> Vec<String> {
        match value.as_array() {
            Some(values) => values
                .iter()
                .enumerate()
                .flat_map(|(index, value)| self.check(element, value, &format!("{at}[{index}]")))
                .collect(),
            None => vec![format!("{at}: expected an array, got {value}")],
        }
    }

    fn check_named(&self, name: &str, value: &Value, at: &str) -> Vec<String> {
        if let Some(alias) = self.aliases.get(name) {
            // `LSPAny` is an alias of everything.
            if matches!(name, "LSPAny" | "LSPObject" | "LSPArray") {
                return Vec::new();
            }
            return self.check(&alias["type"], value, at);
        }
        if let Some(enumeration) = self.enumerations.get(name) {
            if enumeration["supportsCustomValues"] == true {
                return self.check(&enumeration["type"], value, at);
            }
            let known = items(&enumeration["values"])
                .iter()
                .any(|known| known["value"] == *value);
            return expect(known, || format!("{at}: {value} is no {name}"));
        }
        match self.structures.get(name) {
            Some(structure) => self.check_object(structure, value, at),
            None => vec![format!("{at}: the model has no type {name}")],
        }
    }

    fn check_object(&self, structure: &Value, value: &Value, at: &str) -> Vec<String> {
        let name = structure["name"].as_str().unwrap_or("object");
        let Some(object) = value.as_object() else {
            return vec![format!("{at}: expected {name}, got {value}")];
        };
        let properties = self.properties(structure);
        let mut errors = Vec::new();
        for (key, property) in &properties {
            match object.get(*key) {
                Some(value) => {
                    errors.extend(self.check(&property["type"], value, &format!("{at}.{key}")));
                }
                None if property["optional"] == true => {}
                None => errors.push(format!("{at}: {name}.{key} is missing")),
            }
        }
        errors.extend(
            object
                .keys()
                .filter(|key| !properties.contains_key(key.as_str()))
                .map(|key| format!("{at}: {name} has no property {key}")),
        );
        errors
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn expect(holds: bool, error: impl FnOnce() -> String) -> Vec<String> {
    if holds { Vec::new() } else { vec![error()] }
}

fn check_base(name: &str, value: &Value, at: &str) -> Vec<String> {
    let holds = match name {
        "string" | "RegExp" => value.is_string(),
        "URI" | "DocumentUri" => value.as_str().is_some_and(|text| text.contains(':')),
        "integer" => value.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
        "uinteger" => value
            .as_i64()
            .is_some_and(|n| (0..=i64::from(i32::MAX)).contains(&n)),
        "decimal" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    };
    expect(holds, || format!("{at}: expected {name}, got {value}"))
}

/// One connection: takes every message in order and notes what is wrong with each.
#[derive(Debug)]
pub struct Session<'m> {
    model: &'m MetaModel,
    /// Requests without an answer so far, by the side that asked.
    pending: BTreeMap<(Side, String), String>,
    errors: Vec<String>,
}

impl<'m> Session<'m> {
    /// A connection on which nothing has been said yet.
    #[must_use]
    pub fn new(model: &'m MetaModel) -> Self {
        Self {
            model,
            pending: BTreeMap::new(),
            errors: Vec::new(),
        }
    }

    /// Takes the next message.
    pub fn feed(&mut self, from: Side, message: &Value) {
        let errors = match message.as_object() {
            Some(message) if message.contains_key("method") => self.call(from, message),
            Some(message) => self.response(from, message),
            None => vec!["no object".to_owned()],
        };
        let name = message["method"].as_str().unwrap_or("response");
        self.errors.extend(
            errors
                .into_iter()
                .map(|error| format!("{from}: {name}: {error}")),
        );
        if message["jsonrpc"] != "2.0" {
            self.errors
                .push(format!("{from}: {name}: jsonrpc is not 2.0"));
        }
    }

    /// What was wrong, requests that were never answered included.
    #[must_use]
    pub fn finish(mut self) -> Vec<String> {
        self.errors.extend(
            self.pending
                .iter()
                .map(|((side, id), method)| format!("{side}: {method} ({id}) was not answered")),
        );
        self.errors
    }

    fn call(&mut self, from: Side, message: &Map<String, Value>) -> Vec<String> {
        let method = message["method"].as_str().unwrap_or("");
        let (table, other) = match message.get("id") {
            Some(id) => {
                self.pending
                    .insert((from, id.to_string()), method.to_owned());
                (&self.model.requests, &self.model.notifications)
            }
            None => (&self.model.notifications, &self.model.requests),
        };
        let Some(known) = table.get(method) else {
            return if method.starts_with("greenward/") || method.starts_with("$/") {
                Vec::new()
            } else if other.contains_key(method) {
                vec!["a request sent as a notification, or the other way round".to_owned()]
            } else {
                vec!["the model has no such method".to_owned()]
            };
        };
        let direction = match from {
            Side::Client => "clientToServer",
            Side::Server => "serverToClient",
        };
        let mut errors = expect(
            known["messageDirection"] == "both" || known["messageDirection"] == direction,
            || format!("sent by the {from}"),
        );
        errors.extend(match (&known["params"], message.get("params")) {
            (Value::Null, None) => Vec::new(),
            (Value::Null, Some(_)) => vec!["it has no params".to_owned()],
            (kind, params) => self
                .model
                .check(kind, params.unwrap_or(&Value::Null), "params"),
        });
        errors
    }

    fn response(&mut self, from: Side, message: &Map<String, Value>) -> Vec<String> {
        let id = message.get("id").unwrap_or(&Value::Null);
        let Some(method) = self.pending.remove(&(from.other(), id.to_string())) else {
            // A message that could not be read is answered without an id.
            return expect(id.is_null() && message.contains_key("error"), || {
                format!("an answer to {id}, which nobody asked")
            });
        };
        match (message.get("result"), message.get("error")) {
            (Some(result), None) => match self.model.requests.get(&method) {
                Some(known) => {
                    self.model
                        .check(&known["result"], result, &format!("{method} result"))
                }
                None => Vec::new(),
            },
            (None, Some(error)) => expect(
                error["code"].is_i64() && error["message"].is_string(),
                || format!("{method}: no error object: {error}"),
            ),
            _ => vec![format!("{method}: neither result nor error, or both")],
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{MetaModel, Session, Side};
    use crate::Profile;

    /// Feeds messages and compares the errors, each by a part of it.
    fn check(messages: &[(Side, Value)], errors: &[&str]) {
        let Some(model) = MetaModel::find() else {
            return crate::skip("no LSP meta model on this machine");
        };
        let mut session = Session::new(&model);
        for (side, message) in messages {
            let mut message = message.clone();
            message["jsonrpc"] = "2.0".into();
            session.feed(*side, &message);
        }
        let found = session.finish();
        assert_eq!(found.len(), errors.len(), "{found:#?}");
        for (found, part) in found.iter().zip(errors) {
            assert!(found.contains(part), "{found} has no {part}");
        }
    }

    fn diagnostics(diagnostic: Value) -> (Side, Value) {
        let params = json!({"uri": "file:///a", "diagnostics": [diagnostic]});
        (
            Side::Server,
            json!({"method": "textDocument/publishDiagnostics", "params": params}),
        )
    }

    #[test]
    fn lawful_traffic_passes() {
        let place = json!({"line": 0, "character": 0});
        let range = json!({"start": place, "end": place});
        let initialize = json!({
            "processId": null, "rootUri": null, "capabilities": Profile::VsCode.capabilities(),
        });
        let call = |id: u8, method: &str, params: Value| {
            (
                Side::Client,
                json!({"id": id, "method": method, "params": params}),
            )
        };
        check(
            &[
                call(1, "initialize", initialize),
                (
                    Side::Server,
                    json!({"id": 1, "result": {"capabilities": {}}}),
                ),
                call(2, "greenward/status", json!({})),
                (Side::Server, json!({"id": 2, "result": {"trusted": true}})),
                diagnostics(
                    json!({"range": range, "message": "m", "severity": 1, "data": {"test": "t"}}),
                ),
                (Side::Client, json!({"id": 3, "method": "shutdown"})),
                (Side::Server, json!({"id": 3, "result": null})),
            ],
            &[],
        );
    }

    #[test]
    fn the_profiles_are_lawful() {
        for profile in [Profile::Bare, Profile::VsCode, Profile::Neovim] {
            let params = json!({
                "processId": 1, "rootUri": null, "clientInfo": profile.info(),
                "capabilities": profile.capabilities(),
            });
            check(
                &[
                    (
                        Side::Client,
                        json!({"id": 1, "method": "initialize", "params": params}),
                    ),
                    (
                        Side::Server,
                        json!({"id": 1, "result": {"capabilities": {}}}),
                    ),
                ],
                &[],
            );
        }
    }

    #[test]
    fn unlawful_traffic_is_found() {
        let place = json!({"line": 0, "character": 0});
        let range = json!({"start": place, "end": place});
        let server = |message: Value| (Side::Server, message);
        for (message, error) in [
            (
                diagnostics(json!({"message": "m"})),
                "Diagnostic.range is missing",
            ),
            (
                diagnostics(json!({"range": range, "message": "m", "severity": 9})),
                "9 is no DiagnosticSeverity",
            ),
            (
                diagnostics(json!({"range": range, "message": "m", "colour": 1})),
                "Diagnostic has no property colour",
            ),
            (
                diagnostics(
                    json!({"range": {"start": place, "end": {"line": -1, "character": 0}}, "message": "m"}),
                ),
                "expected uinteger, got -1",
            ),
            (
                server(json!({"method": "initialized", "params": {}})),
                "sent by the server",
            ),
            (
                server(json!({"method": "experimental/x"})),
                "no such method",
            ),
            (server(json!({"id": 7, "result": 1})), "nobody asked"),
            (
                server(
                    json!({"id": 7, "method": "window/workDoneProgress/create", "params": {"token": 1}}),
                ),
                "was not answered",
            ),
        ] {
            check(&[message], &[error]);
        }
    }
}
