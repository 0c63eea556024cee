//! Chat completions. <https://platform.openai.com/docs/api-reference/chat/create>

use serde_json::{Value, json};

use super::{End, Request, Said, failure};

pub(super) fn body(request: &Request<'_>) -> Value {
    // OpenAI's newer models refuse the old name; most other servers know no other.
    let limit = if request.openai_itself {
        "max_completion_tokens"
    } else {
        "max_tokens"
    };
    json!({
        "model": request.model,
        "messages": [
            {"role": "system", "content": request.system},
            {"role": "user", "content": request.user},
        ],
        limit: request.max_tokens,
        "stream": true,
        "stream_options": {"include_usage": true},
    })
}

pub(super) fn read(data: &Value) -> Vec<Said> {
    if data["error"].is_object() || data["error"].is_string() {
        return vec![failure(&data["error"])];
    }
    let mut said = Vec::new();
    let choice = &data["choices"][0];
    if let Some(text) = choice["delta"]["content"].as_str() {
        said.push(Said::Text(text.to_owned()));
    }
    let usage = &data["usage"];
    said.extend(usage["prompt_tokens"].as_u64().map(Said::Input));
    said.extend(usage["completion_tokens"].as_u64().map(Said::Output));
    match choice["finish_reason"].as_str() {
        None | Some("") => {}
        Some("length") => said.push(Said::End(End::Limit)),
        Some("content_filter") => said.push(Said::End(End::Declined("a content filter".into()))),
        Some(_) => said.push(Said::End(End::Whole)),
    }
    if let Some(refusal) = choice["delta"]["refusal"].as_str() {
        said.push(Said::End(End::Declined(refusal.to_owned())));
    }
    said
}
