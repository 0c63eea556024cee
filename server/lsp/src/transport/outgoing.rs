//! Messages to the client, ready to be written.

use serde::Serialize;
use serde_json::Value;
use tower_lsp::jsonrpc::{Id, Response};

/// The notifications that LSP lets a server send before the client has said `initialized`.
const EARLY: [&str; 3] = ["window/showMessage", "window/logMessage", "telemetry/event"];

/// A message to the client.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outgoing {
    /// The whole frame.
    pub frame: Vec<u8>,
    /// How the queue treats it.
    pub role: Role,
}

/// How the queue treats a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// May leave before the client has said `initialized`.
    Early,
    /// Waits for `initialized`.
    Plain,
    /// A progress report: only the newest of its token matters.
    Report {
        /// The token as JSON.
        token: String,
    },
    /// The end of a progress: no report of its token may follow.
    End {
        /// The token as JSON.
        token: String,
    },
}

#[derive(Serialize)]
struct Call<'a> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Id>,
    method: &'a str,
    /// Left out where there is nothing to say: JSON-RPC has no `null` there.
    #[serde(skip_serializing_if = "Value::is_null")]
    params: &'a Value,
}

impl Outgoing {
    pub(super) fn response(response: &Response) -> serde_json::Result<Self> {
        Ok(Outgoing {
            frame: frame(response)?,
            role: Role::Early,
        })
    }

    pub(super) fn request(id: &Id, method: &str, params: &Value) -> serde_json::Result<Self> {
        Ok(Outgoing {
            frame: call(Some(id), method, params)?,
            role: Role::Plain,
        })
    }

    pub(super) fn notification(method: &str, params: &Value) -> serde_json::Result<Self> {
        Ok(Outgoing {
            frame: call(None, method, params)?,
            role: role(method, params),
        })
    }
}

fn role(method: &str, params: &Value) -> Role {
    let token = || params["token"].to_string();
    match (method, params["value"]["kind"].as_str()) {
        ("$/progress", Some("report")) => Role::Report { token: token() },
        ("$/progress", Some("end")) => Role::End { token: token() },
        (method, _) if EARLY.contains(&method) => Role::Early,
        _ => Role::Plain,
    }
}

fn call(id: Option<&Id>, method: &str, params: &Value) -> serde_json::Result<Vec<u8>> {
    frame(&Call {
        jsonrpc: "2.0",
        id,
        method,
        params,
    })
}

fn frame(message: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let body = serde_json::to_vec(message)?;
    let mut frame = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    frame.extend(body);
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(message: serde_json::Result<Outgoing>, frame: &str, role: &Role) {
        let message = message.unwrap();
        assert_eq!(String::from_utf8(message.frame).unwrap(), frame);
        assert_eq!(&message.role, role);
    }

    #[test]
    fn frames_say_the_length_of_their_body_in_bytes() {
        check(
            Outgoing::notification("a", &json!(["é"])),
            "Content-Length: 46\r\n\r\n{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"params\":[\"é\"]}",
            &Role::Plain,
        );
    }

    #[test]
    fn nothing_to_say_is_left_out() {
        check(
            Outgoing::request(&Id::Number(1), "a", &Value::Null),
            "Content-Length: 37\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\"}",
            &Role::Plain,
        );
    }

    #[test]
    fn roles_follow_from_what_a_notification_says() {
        let progress = |value: Value| json!({"token": 3, "value": value});
        let token = || "3".to_owned();
        for (method, params, role) in [
            (
                "$/progress",
                progress(json!({"kind": "begin", "title": ""})),
                Role::Plain,
            ),
            (
                "$/progress",
                progress(json!({"kind": "report"})),
                Role::Report { token: token() },
            ),
            (
                "$/progress",
                progress(json!({"kind": "end"})),
                Role::End { token: token() },
            ),
            // A partial result.
            ("$/progress", progress(json!([])), Role::Plain),
            ("window/logMessage", json!({}), Role::Early),
            ("textDocument/publishDiagnostics", json!({}), Role::Plain),
        ] {
            assert_eq!(
                Outgoing::notification(method, &params).unwrap().role,
                role,
                "{params}"
            );
        }
    }
}
