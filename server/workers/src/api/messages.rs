//! Messages. <https://docs.anthropic.com/en/api/messages>

use serde_json::{Value, json};

use super::{End, Request, Said, failure};

pub(super) fn body(request: &Request<'_>) -> Value {
    json!({
        "model": request.model,
        "system": request.system,
        "messages": [{"role": "user", "content": request.user}],
        "max_tokens": request.max_tokens,
        "stream": true,
    })
}

pub(super) fn read(data: &Value) -> Vec<Said> {
    let mut said = Vec::new();
    match data["type"].as_str().unwrap_or_default() {
        "message_start" => usage(&data["message"]["usage"], &mut said),
        "content_block_delta" if data["delta"]["type"] == "text_delta" => {
            let text = data["delta"]["text"].as_str();
            said.extend(text.map(|text| Said::Text(text.to_owned())));
        }
        "message_delta" => {
            usage(&data["usage"], &mut said);
            match data["delta"]["stop_reason"].as_str() {
                Some("max_tokens" | "model_context_window_exceeded") => {
                    said.push(Said::End(End::Limit));
                }
                Some("refusal") => said.push(Said::End(End::Declined("refusal".to_owned()))),
                _ => {}
            }
        }
        "message_stop" => said.extend([Said::End(End::Whole), Said::Last]),
        "error" => said.push(failure(&data["error"])),
        _ => {}
    }
    said
}

/// Counts are totals of the message so far. What a cache holds is counted apart.
fn usage(usage: &Value, said: &mut Vec<Said>) {
    if let Some(input) = usage["input_tokens"].as_u64() {
        let cached = |name: &str| usage[name].as_u64().unwrap_or(0);
        said.push(Said::Input(
            input + cached("cache_read_input_tokens") + cached("cache_creation_input_tokens"),
        ));
    }
    said.extend(usage["output_tokens"].as_u64().map(Said::Output));
}
