//! JSON-RPC 2.0 as the Agent Client Protocol has it: one message a line.

use agent_client_protocol_schema::v1::{Error, RequestId};
use serde::Serialize;
use serde_json::{Value, json};

/// What an agent has sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Incoming {
    /// The answer to a request of ours.
    Answer {
        id: u64,
        result: Result<Value, Error>,
    },
    /// A request of its own.
    Request {
        id: RequestId,
        method: String,
        params: Value,
    },
    /// Something that wants no answer.
    Told { method: String, params: Value },
}

/// Reads a line. Nothing if it is no message: some agents print other things too.
pub(super) fn read(line: &str) -> Option<Incoming> {
    let mut message: Value = serde_json::from_str(line).ok()?;
    let message = message.as_object_mut()?;
    let id = message.remove("id");
    if let Some(Value::String(method)) = message.remove("method") {
        let params = message.remove("params").unwrap_or_default();
        return Some(match id {
            None => Incoming::Told { method, params },
            Some(id) => Incoming::Request {
                id: serde_json::from_value(id).ok()?,
                method,
                params,
            },
        });
    }
    let id = id?.as_u64()?;
    let result = match message.remove("error") {
        Some(error) => Err(serde_json::from_value(error).ok()?),
        None => Ok(message.remove("result")?),
    };
    Some(Incoming::Answer { id, result })
}

/// A request of ours.
pub(super) fn request(id: u64, method: &str, params: &impl Serialize) -> String {
    line(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
}

/// Something that we want no answer to.
pub(super) fn told(method: &str, params: &impl Serialize) -> String {
    line(&json!({"jsonrpc": "2.0", "method": method, "params": params}))
}

/// The answer to an agent's request.
pub(super) fn answer(id: &RequestId, result: &impl Serialize) -> String {
    line(&json!({"jsonrpc": "2.0", "id": id, "result": result}))
}

/// Why an agent's request has no answer.
pub(super) fn refusal(id: &RequestId, error: &Error) -> String {
    line(&json!({"jsonrpc": "2.0", "id": id, "error": error}))
}

fn line(message: &Value) -> String {
    format!("{message}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<Incoming>) {
        assert_eq!(read(line), expected, "{line}");
    }

    #[test]
    fn each_kind_of_message_is_told_apart() {
        let told = |params| Incoming::Told {
            method: "m".into(),
            params,
        };
        check(r#"{"jsonrpc":"2.0","method":"m"}"#, Some(told(Value::Null)));
        check(
            r#"{"method":"m","params":{"a":1}}"#,
            Some(told(json!({"a": 1}))),
        );
        let request = |id| Incoming::Request {
            id,
            method: "m".into(),
            params: json!([]),
        };
        let number = RequestId::Number(7);
        check(
            r#"{"id":7,"method":"m","params":[]}"#,
            Some(request(number)),
        );
        let text = RequestId::Str("x".into());
        check(
            r#"{"id":"x","method":"m","params":[]}"#,
            Some(request(text)),
        );
        let answer = |result| Incoming::Answer { id: 1, result };
        check(r#"{"id":1,"result":null}"#, Some(answer(Ok(Value::Null))));
        let error = Error::new(-32000, "log in");
        check(
            r#"{"id":1,"error":{"code":-32000,"message":"log in"}}"#,
            Some(answer(Err(error))),
        );
    }

    #[test]
    fn what_is_no_message_is_none() {
        for line in [
            "",
            "Starting...",
            "[]",
            "{}",
            r#"{"id":1}"#,
            r#"{"id":"1","result":2}"#,
            r#"{"id":-1,"result":2}"#,
            r#"{"id":{},"method":"m"}"#,
            r#"{"id":1,"error":"no"}"#,
            r#"{"method":7}"#,
        ] {
            check(line, None);
        }
    }
}
