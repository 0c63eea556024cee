//! Messages: what the body of a frame says, by the rules of JSON-RPC 2.0 and LSP.
//!
//! What tower-lsp cannot be given never gets that far: bodies that are no JSON, batches, shapes
//! that are no message. Each has its refusal, which goes to the client instead.

use serde_json::{Map, Value};
use tower_lsp::jsonrpc::{Error, ErrorCode, Id, Request, Response};

/// A message of the client.
#[derive(Debug, PartialEq)]
pub enum Incoming {
    /// A request (it has an id) or a notification.
    Call(Request),
    /// The reply to a request of ours.
    Reply {
        /// The id that the request had.
        id: Id,
        /// What it came to.
        result: Result<Value, Error>,
    },
    /// No message. This is the answer to it.
    Refused(Response),
}

/// Reads the body of a frame.
#[must_use]
pub fn parse(body: &[u8]) -> Incoming {
    match read_json(body) {
        Ok(Value::Object(fields)) => classify(fields),
        Ok(Value::Array(_)) => invalid(Id::Null, "LSP has no batches"),
        Ok(_) => invalid(Id::Null, "a message is a JSON object"),
        Err(error) => Incoming::Refused(Response::from_error(
            Id::Null,
            explain(ErrorCode::ParseError, format!("not JSON: {error}")),
        )),
    }
}

/// An error with a message of our own.
pub(super) fn explain(code: ErrorCode, message: String) -> Error {
    Error {
        message: message.into(),
        ..Error::new(code)
    }
}

fn invalid(id: Id, why: &str) -> Incoming {
    let error = explain(ErrorCode::InvalidRequest, format!("invalid request: {why}"));
    Incoming::Refused(Response::from_error(id, error))
}

/// Parses JSON; if that fails, once more with the characters mended that no text can hold.
/// JavaScript strings can hold half of a surrogate pair, and editors send what they hold.
fn read_json(body: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice(body).or_else(|error| {
        let mended = mend_surrogates(&String::from_utf8_lossy(body));
        serde_json::from_str(&mended).map_err(|_| error)
    })
}

/// Replaces each `\uXXXX` that is half of a surrogate pair by the replacement character, which is
/// as long in UTF-16, so that positions stay true.
fn mend_surrogates(text: &str) -> String {
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        mended.push_str(before);
        let (kept, length) = match utf16_escape(escape) {
            Some(0xD800..=0xDBFF)
                if matches!(utf16_escape(&escape[6..]), Some(0xDC00..=0xDFFF)) =>
            {
                (&escape[..12], 12)
            }
            Some(0xD800..=0xDFFF) => ("\\ufffd", 6),
            _ => {
                let escaped = escape.chars().nth(1).map_or(0, char::len_utf8);
                (&escape[..1 + escaped], 1 + escaped)
            }
        };
        mended.push_str(kept);
        rest = &escape[length..];
    }
    mended.push_str(rest);
    mended
}

/// The UTF-16 unit of the `\uXXXX` that the text begins with.
fn utf16_escape(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits
        .bytes()
        .all(|digit| digit.is_ascii_hexdigit())
        .then(|| u16::from_str_radix(digits, 16).ok())?
}

fn classify(mut fields: Map<String, Value>) -> Incoming {
    let id = fields.remove("id").map(|id| read_id(&id));
    match fields.remove("method") {
        Some(method) => classify_call(id, method, fields),
        None => classify_reply(id, fields),
    }
}

/// An id as LSP has them: a whole number or a string.
pub(super) fn read_id(id: &Value) -> Option<Id> {
    match id {
        Value::Number(number) => number.as_i64().map(Id::Number),
        Value::String(text) => Some(Id::String(text.clone())),
        _ => None,
    }
}

fn classify_call(
    id: Option<Option<Id>>,
    method: Value,
    mut fields: Map<String, Value>,
) -> Incoming {
    let id = match id {
        Some(None) => return invalid(Id::Null, "`id` is neither a whole number nor a string"),
        Some(Some(id)) => Some(id),
        None => None,
    };
    let refuse = |why| invalid(id.clone().unwrap_or(Id::Null), why);
    let Value::String(method) = method else {
        return refuse("`method` is not a string");
    };
    if fields.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return refuse("`jsonrpc` is not \"2.0\"");
    }
    let mut request = Request::build(method);
    // Some clients send `null` where there is nothing to send.
    match fields.remove("params") {
        None | Some(Value::Null) => {}
        Some(params) => request = request.params(params),
    }
    if let Some(id) = id {
        request = request.id(id);
    }
    Incoming::Call(request.finish())
}

/// Lenient, for the sake of whoever waits for the reply: an error needs no more than to be there.
fn classify_reply(id: Option<Option<Id>>, mut fields: Map<String, Value>) -> Incoming {
    let id = id.flatten().unwrap_or(Id::Null);
    let error = fields.remove("error").filter(|error| !error.is_null());
    let result = match (error, fields.remove("result")) {
        (Some(error), _) => Err(read_error(&error)),
        (None, Some(result)) => Ok(result),
        (None, None) => return invalid(id, "neither a method nor a result"),
    };
    Incoming::Reply { id, result }
}

fn read_error(error: &Value) -> Error {
    let code = error["code"].as_i64().map(ErrorCode::from);
    Error {
        code: code.unwrap_or(ErrorCode::InternalError),
        message: error["message"].as_str().unwrap_or("").to_owned().into(),
        data: error.get("data").cloned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// The message as one line: what it is, its id, method and parameters or result.
    fn show(body: &[u8]) -> String {
        match parse(body) {
            Incoming::Call(call) => {
                let params = call.params().map_or(String::new(), |p| format!(" {p}"));
                match call.id() {
                    Some(id) => format!("request {id} {}{params}", call.method()),
                    None => format!("notification {}{params}", call.method()),
                }
            }
            Incoming::Reply { id, result } => match result {
                Ok(result) => format!("reply {id} {result}"),
                Err(error) => format!("reply {id} failed {} {}", error.code, error.message),
            },
            Incoming::Refused(response) => {
                let code = response.error().unwrap().code;
                format!("refused {} {code}", response.id())
            }
        }
    }

    fn check(body: &str, expected: &str) {
        assert_eq!(show(body.as_bytes()), expected, "{body}");
    }

    #[test]
    fn messages_are_told_apart() {
        check(r#"{"jsonrpc":"2.0","id":1,"method":"a"}"#, "request 1 a");
        check(
            r#"{"jsonrpc":"2.0","id":"x","method":"a","params":[1]}"#,
            "request \"x\" a [1]",
        );
        check(
            r#"{"jsonrpc":"2.0","method":"a","params":{}}"#,
            "notification a {}",
        );
        check(r#"{"jsonrpc":"2.0","id":1,"result":null}"#, "reply 1 null");
        check(
            r#"{"jsonrpc":"2.0","id":1,"result":null,"error":null}"#,
            "reply 1 null",
        );
        check(
            r#"{"id":1,"error":{"code":-32601,"message":"no","odd":1}}"#,
            "reply 1 failed -32601 no",
        );
        check(r#"{"id":1,"error":"what"}"#, "reply 1 failed -32603 ");
    }

    #[test]
    fn null_params_are_no_params() {
        check(
            r#"{"jsonrpc":"2.0","id":1,"method":"shutdown","params":null}"#,
            "request 1 shutdown",
        );
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for (body, refusal) in [
            ("", "null -32700"),
            ("{", "null -32700"),
            ("{\"jsonrpc\":\"2.0\",}", "null -32700"),
            ("\u{feff}{}", "null -32700"),
            (&"[".repeat(100_000), "null -32700"),
            (r#"[{"jsonrpc":"2.0","id":1,"method":"a"}]"#, "null -32600"),
            ("[]", "null -32600"),
            ("3", "null -32600"),
            ("null", "null -32600"),
            ("{}", "null -32600"),
            (r#"{"jsonrpc":"2.0"}"#, "null -32600"),
            (r#"{"jsonrpc":"2.0","id":7}"#, "7 -32600"),
            (r#"{"jsonrpc":"1.0","id":7,"method":"a"}"#, "7 -32600"),
            (r#"{"id":7,"method":"a"}"#, "7 -32600"),
            (r#"{"jsonrpc":2.0,"id":7,"method":"a"}"#, "7 -32600"),
            (r#"{"jsonrpc":"2.0","id":7,"method":3}"#, "7 -32600"),
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"a"}"#, "null -32600"),
            (r#"{"jsonrpc":"2.0","id":null,"method":"a"}"#, "null -32600"),
            (r#"{"jsonrpc":"2.0","id":{},"method":"a"}"#, "null -32600"),
        ] {
            check(body, &format!("refused {refusal}"));
        }
    }

    #[test]
    fn lone_surrogates_are_mended() {
        for (sent, read) in [
            (r"\ud83d\ude00", "\u{1f600}"),
            (r"\ud83d", "\u{fffd}"),
            (r"\ude00!", "\u{fffd}!"),
            (r"\ud83d\ud83d\ude00", "\u{fffd}\u{1f600}"),
            (r"\ud83dx\u0041", "\u{fffd}xA"),
            (r"\\ud83d \ud83d", "\\ud83d \u{fffd}"),
            (r"é\ud83d", "é\u{fffd}"),
        ] {
            check(
                &format!(r#"{{"jsonrpc":"2.0","method":"a","params":["{sent}"]}}"#),
                &format!("notification a {}", json!([read])),
            );
        }
    }

    #[test]
    fn broken_utf8_is_mended() {
        assert_eq!(
            show(b"{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"params\":[\"\xff\"]}"),
            "notification a [\"\u{fffd}\"]"
        );
    }

    /// JSON as clients may send it, any string contents included.
    fn json_text() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            any::<i32>().prop_map(|number| number.to_string()),
            r#"(\\u[dD][89abcdefABCDEF][0-9a-f]{2}|\\\\|\\n|[a-z"])*"#
                .prop_map(|text| format!("\"{text}\"")),
        ];
        let field = prop_oneof![
            Just("id"),
            Just("method"),
            Just("params"),
            Just("jsonrpc"),
            Just("result"),
            Just("error"),
        ];
        proptest::collection::vec((field, leaf), 0..6).prop_map(|fields| {
            let fields: Vec<_> = fields
                .iter()
                .map(|(name, value)| format!("\"{name}\":{value}"))
                .collect();
            format!("{{{}}}", fields.join(","))
        })
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
            drop(parse(&bytes));
        }

        #[test]
        fn no_text_makes_it_panic(text in r#"(\\|u|[dD]8|[0-9a-f]|"|é|😀)*"#) {
            mend_surrogates(&text);
        }

        #[test]
        fn no_shape_makes_it_panic(text in json_text()) {
            drop(parse(text.as_bytes()));
        }

        #[test]
        fn sound_json_is_left_as_it_is(text in any::<String>()) {
            let json = json!([text]).to_string();
            prop_assert_eq!(mend_surrogates(&json), json);
        }
    }
}
