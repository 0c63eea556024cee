//! Responses. <https://platform.openai.com/docs/api-reference/responses/create>

use serde_json::{Value, json};

use super::{End, Request, Said, failure};

pub(super) fn body(request: &Request<'_>) -> Value {
    json!({
        "model": request.model,
        "instructions": request.system,
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": request.user}]},
        ],
        "max_output_tokens": request.max_tokens,
        "stream": true,
        "store": false,
    })
}

pub(super) fn read(data: &Value) -> Vec<Said> {
    let response = &data["response"];
    let mut said = Vec::new();
    match data["type"].as_str().unwrap_or_default() {
        "response.output_text.delta" => {
            said.extend(
                data["delta"]
                    .as_str()
                    .map(|text| Said::Text(text.to_owned())),
            );
        }
        "response.refusal.done" => {
            let refusal = data["refusal"].as_str().unwrap_or_default();
            said.push(Said::End(End::Declined(refusal.to_owned())));
        }
        "response.completed" => {
            usage(response, &mut said);
            said.extend([Said::End(End::Whole), Said::Last]);
        }
        "response.incomplete" => {
            usage(response, &mut said);
            let reason = response["incomplete_details"]["reason"].as_str();
            said.push(Said::End(match reason {
                Some("max_output_tokens") => End::Limit,
                reason => End::Declined(reason.unwrap_or("incomplete").to_owned()),
            }));
            said.push(Said::Last);
        }
        "response.failed" => said.push(failure(&response["error"])),
        "error" if data["error"].is_object() => said.push(failure(&data["error"])),
        "error" => said.push(failure(data)),
        _ => {}
    }
    said
}

fn usage(response: &Value, said: &mut Vec<Said>) {
    let usage = &response["usage"];
    said.extend(usage["input_tokens"].as_u64().map(Said::Input));
    said.extend(usage["output_tokens"].as_u64().map(Said::Output));
}
