//! What the client answers to the server's requests: as an editor with its capabilities would.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

/// What the user of a test answers when asked, and what the editor is set to.
#[derive(Debug)]
pub(crate) struct Script {
    capabilities: Value,
    settings: Value,
    choices: VecDeque<Choice>,
    always: Vec<Choice>,
}

/// A part of a question, and the title of the action that is chosen, if any is.
type Choice = (String, Option<String>);

/// JSON-RPC's error for a method that the receiver does not have.
const METHOD_NOT_FOUND: i64 = -32601;

/// Requests of the server, with the client capability that allows each.
const ALLOWED_BY: &[(&str, &[&str])] = &[
    ("workspace/configuration", &["/workspace/configuration"]),
    ("workspace/applyEdit", &["/workspace/applyEdit"]),
    (
        "workspace/codeLens/refresh",
        &["/workspace/codeLens/refreshSupport"],
    ),
    (
        "workspace/inlayHint/refresh",
        &["/workspace/inlayHint/refreshSupport"],
    ),
    (
        "workspace/diagnostic/refresh",
        &["/workspace/diagnostics/refreshSupport"],
    ),
    (
        "window/workDoneProgress/create",
        &["/window/workDoneProgress"],
    ),
    ("window/showDocument", &["/window/showDocument/support"]),
    // Every client has this one.
    ("window/showMessageRequest", &[]),
    // What may be registered is checked one by one.
    ("client/registerCapability", &[]),
    ("client/unregisterCapability", &[]),
];

/// What can be registered, with the capability that allows it.
const REGISTERED_BY: &[(&str, &str)] = &[
    (
        "workspace/didChangeWatchedFiles",
        "/workspace/didChangeWatchedFiles/dynamicRegistration",
    ),
    (
        "workspace/didChangeConfiguration",
        "/workspace/didChangeConfiguration/dynamicRegistration",
    ),
    (
        "workspace/executeCommand",
        "/workspace/executeCommand/dynamicRegistration",
    ),
    (
        "textDocument/codeLens",
        "/textDocument/codeLens/dynamicRegistration",
    ),
    (
        "textDocument/codeAction",
        "/textDocument/codeAction/dynamicRegistration",
    ),
];

impl Script {
    pub(crate) fn new(
        capabilities: Value,
        settings: Value,
        choices: impl IntoIterator<Item = Choice>,
        always: Vec<Choice>,
    ) -> Self {
        Self {
            capabilities,
            settings,
            choices: choices.into_iter().collect(),
            always,
        }
    }

    fn has(&self, capability: &str) -> bool {
        matches!(
            self.capabilities.pointer(capability),
            Some(Value::Bool(true))
        )
    }

    /// The answer to one request of the server (`result` or `error`, nothing else), and what the
    /// server did wrong by asking, if anything.
    pub(crate) fn answer(&mut self, method: &str, params: &Value) -> (Value, Option<String>) {
        let Some((_, needs)) = ALLOWED_BY.iter().find(|(known, _)| *known == method) else {
            return (
                json!({"error": {"code": METHOD_NOT_FOUND, "message": "no such method"}}),
                Some(format!(
                    "the server asked {method}, which no test client has"
                )),
            );
        };
        if let Some(missing) = needs.iter().find(|capability| !self.has(capability)) {
            return (
                json!({"error": {"code": METHOD_NOT_FOUND, "message": "no such method"}}),
                Some(format!(
                    "the server asked {method}, but the client did not offer {missing}"
                )),
            );
        }
        match method {
            "workspace/configuration" => {
                let items = params["items"].as_array().map_or(&[][..], Vec::as_slice);
                let values: Vec<Value> = items.iter().map(|item| self.configured(item)).collect();
                (json!({ "result": values }), None)
            }
            "workspace/applyEdit" => (json!({"result": {"applied": true}}), None),
            "window/showDocument" => (json!({"result": {"success": true}}), None),
            "window/showMessageRequest" => self.choose(params),
            "client/registerCapability" => (json!({"result": null}), self.registered(params)),
            _ => (json!({"result": null}), None),
        }
    }

    /// The settings that an item of `workspace/configuration` asks for: all of ours under the
    /// section `greenward`, a part under `greenward.part`.
    fn configured(&self, item: &Value) -> Value {
        let section = item["section"].as_str().unwrap_or("");
        match section.strip_prefix("greenward") {
            Some("") => self.settings.clone(),
            Some(path) => self
                .settings
                .pointer(&path.replace('.', "/"))
                .cloned()
                .unwrap_or(Value::Null),
            None => Value::Null,
        }
    }

    fn choose(&mut self, params: &Value) -> (Value, Option<String>) {
        let message = params["message"].as_str().unwrap_or("");
        let standing = || {
            let fits = |(part, _): &&Choice| message.contains(part.as_str());
            self.always.iter().find(fits).cloned()
        };
        let Some((part, choice)) = self.choices.pop_front().or_else(standing) else {
            return (
                json!({"result": null}),
                Some(format!("the server asked what no test answers: {message}")),
            );
        };
        let offered: Vec<&Value> = params["actions"]
            .as_array()
            .map(|actions| actions.iter().collect())
            .unwrap_or_default();
        let chosen = choice
            .as_ref()
            .map(|title| offered.iter().find(|action| action["title"] == **title));
        let wrong = if !message.contains(&part) {
            Some(format!("the server asked {message:?}, expected {part:?}"))
        } else if matches!(chosen, Some(None)) {
            Some(format!("{choice:?} is not among {offered:?}"))
        } else {
            None
        };
        let result = chosen
            .flatten()
            .map_or(Value::Null, |action| (*action).clone());
        (json!({ "result": result }), wrong)
    }

    fn registered(&self, params: &Value) -> Option<String> {
        let known: BTreeMap<&str, &str> = REGISTERED_BY.iter().copied().collect();
        params["registrations"]
            .as_array()?
            .iter()
            .filter_map(|registration| registration["method"].as_str())
            .find_map(|method| match known.get(method) {
                Some(capability) if self.has(capability) => None,
                Some(capability) => Some(format!(
                    "the server registered {method}, but the client did not offer {capability}"
                )),
                None => Some(format!(
                    "the server registered {method}, which no test client has"
                )),
            })
    }

    /// What was scripted and never asked.
    pub(crate) fn unasked(&self) -> Vec<&str> {
        self.choices.iter().map(|(part, _)| part.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Script;

    fn check(method: &str, params: serde_json::Value, answer: serde_json::Value, wrong: bool) {
        let capabilities = json!({"workspace": {"configuration": true}});
        let settings = json!({"run": {"onSave": false}});
        let choice = ("trust".to_owned(), Some("Yes".to_owned()));
        let mut script = Script::new(capabilities, settings, [choice], Vec::new());
        let (given, fault) = script.answer(method, &params);
        assert_eq!(given, answer, "{method} {params}");
        assert_eq!(fault.is_some(), wrong, "{method} {params}: {fault:?}");
    }

    #[test]
    fn answers_as_its_capabilities_say() {
        let unknown = json!({"error": {"code": -32601, "message": "no such method"}});
        check(
            "workspace/configuration",
            json!({"items": [{"section": "greenward"}, {"section": "greenward.run"}, {"section": "x"}]}),
            json!({"result": [{"run": {"onSave": false}}, {"onSave": false}, null]}),
            false,
        );
        check("workspace/applyEdit", json!({}), unknown.clone(), true);
        check("greenward/new", json!({}), unknown, true);
        check(
            "client/registerCapability",
            json!({"registrations": [{"id": "1", "method": "workspace/didChangeWatchedFiles"}]}),
            json!({"result": null}),
            true,
        );
        let ask = |message, title| json!({"message": message, "actions": [{"title": title}]});
        let yes = json!({"result": {"title": "Yes"}});
        let nothing = json!({"result": null});
        check(
            "window/showMessageRequest",
            ask("trust this?", "Yes"),
            yes.clone(),
            false,
        );
        check(
            "window/showMessageRequest",
            ask("something else", "Yes"),
            yes,
            true,
        );
        check(
            "window/showMessageRequest",
            ask("trust this?", "No"),
            nothing,
            true,
        );
    }
}
