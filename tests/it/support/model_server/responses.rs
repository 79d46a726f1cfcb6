//! What the scripted model says in the words of OpenAI's responses, and what must hold for a request on that wire.

use serde_json::{Value, json};

use super::answer::{Answer, Spoken};

impl Answer {
    /// The events of a stream: two before the first item; four for an item of text before its first piece.
    pub(super) fn responses(&self) -> Vec<String> {
        let event = |value: Value| format!("event: {}\ndata: {value}\n\n", value["type"].as_str().unwrap());
        let begun = json!({"id": "resp", "object": "response", "status": "in_progress", "output": []});
        let mut events = ["response.created", "response.in_progress"]
            .map(|kind| event(json!({"type": kind, "response": begun})))
            .to_vec();
        let mut items = Vec::new();
        for (index, part) in self.parts.iter().enumerate() {
            let told = |kind: &str, fields: Value| {
                let mut value = json!({"type": format!("response.{kind}"), "output_index": index});
                value.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
                event(value)
            };
            let whole = self.item(index, part);
            let (open, grow, close) = match part {
                Spoken::Text(pieces) => {
                    let empty = json!({"type": "output_text", "text": ""});
                    let item = json!({"type": "message", "id": format!("msg_{index}"), "role": "assistant", "content": []});
                    (
                        vec![
                            told("output_item.added", json!({ "item": item })),
                            told("content_part.added", json!({"content_index": 0, "part": empty})),
                        ],
                        pieces
                            .iter()
                            .map(|piece| told("output_text.delta", json!({"content_index": 0, "delta": piece})))
                            .collect::<Vec<_>>(),
                        vec![
                            told("output_text.done", json!({"content_index": 0, "text": pieces.concat()})),
                            told("content_part.done", json!({"content_index": 0, "part": whole["content"][0]})),
                        ],
                    )
                }
                Spoken::Reasoning(pieces) => (
                    vec![told("output_item.added", json!({"item": {"type": "reasoning", "id": "rs", "summary": []}}))],
                    pieces
                        .iter()
                        .map(|piece| told("reasoning_summary_text.delta", json!({"summary_index": 0, "delta": piece})))
                        .collect(),
                    vec![told("reasoning_summary_text.done", json!({"summary_index": 0, "text": pieces.concat()}))],
                ),
                Spoken::Call { pieces, .. } => {
                    let mut item = whole.clone();
                    item["arguments"] = json!("");
                    (
                        vec![told("output_item.added", json!({ "item": item }))],
                        pieces
                            .iter()
                            .map(|piece| told("function_call_arguments.delta", json!({ "delta": piece })))
                            .collect(),
                        vec![told("function_call_arguments.done", json!({"arguments": pieces.concat()}))],
                    )
                }
            };
            let close = [close, vec![told("output_item.done", json!({ "item": whole }))]].concat();
            items.push((open, grow, close));
        }
        events.extend(self.in_turn(items));
        let last = self.responses_whole();
        events.push(event(json!({"type": format!("response.{}", last["status"].as_str().unwrap()), "response": last})));
        events
    }

    fn item(&self, index: usize, part: &Spoken) -> Value {
        match part {
            Spoken::Text(pieces) => json!({"type": "message", "id": format!("msg_{index}"), "role": "assistant",
                "content": [{"type": "output_text", "text": pieces.concat(), "annotations": []}]}),
            Spoken::Reasoning(pieces) => json!({"type": "reasoning", "id": "rs",
                "summary": [{"type": "summary_text", "text": pieces.concat()}]}),
            Spoken::Call { name, pieces } => json!({"type": "function_call", "id": format!("fc_{index}"),
                "call_id": format!("call_{index}"), "name": name, "arguments": pieces.concat()}),
        }
    }

    pub(super) fn responses_whole(&self) -> Value {
        let output: Vec<Value> = self.parts.iter().enumerate().map(|(index, part)| self.item(index, part)).collect();
        let (status, details) = match self.finish {
            Some(_) => ("incomplete", json!({"reason": "max_output_tokens"})),
            None => ("completed", Value::Null),
        };
        let usage = self.usage.map(|[input, cached, output]| {
            json!({"input_tokens": input, "input_tokens_details": {"cached_tokens": cached}, "output_tokens": output,
                "total_tokens": input + output})
        });
        json!({"id": "resp", "object": "response", "status": status, "incomplete_details": details, "error": null,
            "output": output, "usage": usage})
    }
}

/// What must hold for the items of a request.
pub(super) fn check(body: &Value, must: &mut impl FnMut(bool, &str)) {
    must(body["store"] == false, "nothing may be kept by the provider");
    must(body.get("messages").is_none(), "the conversation must stand in `input`");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut open: Vec<String> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    let items = body["input"].as_array().map(Vec::as_slice).unwrap_or_default();
    for item in items {
        let kind = text(&item["type"]);
        let is_call = kind == "function_call";
        must(
            matches!(kind.as_str(), "function_call" | "function_call_output") || open.is_empty(),
            "every call must be answered before the next message",
        );
        match kind.as_str() {
            "message" => {
                let user = item["role"] == "user";
                must(user || item["role"] == "assistant", "a role must be known");
                let content = item["content"].as_array().map(Vec::as_slice).unwrap_or_default();
                must(!content.is_empty(), "a message must not be empty");
                for part in content {
                    let fits = match text(&part["type"]).as_str() {
                        "input_text" => user && !text(&part["text"]).is_empty(),
                        "input_image" => user && text(&part["image_url"]).starts_with("data:image/"),
                        "output_text" => !user && !text(&part["text"]).is_empty(),
                        _ => false,
                    };
                    must(fits, "a part must be known, in its place, and not empty");
                }
            }
            "reasoning" => must(item["encrypted_content"].is_string(), "a thought must have its seal"),
            "function_call_output" => {
                let next = (!open.is_empty()).then(|| open.remove(0));
                must(next == Some(text(&item["call_id"])), "returns must answer the calls, in order, each once");
                must(item["output"].is_string(), "a return must be a text");
            }
            _ => must(is_call, "an item must be known"),
        }
        if is_call {
            let id = text(&item["call_id"]);
            let arguments = serde_json::from_str::<Value>(&text(&item["arguments"]));
            must(!id.is_empty() && !seen.contains(&id), "a call must have an id of its own");
            must(!text(&item["name"]).is_empty(), "a call must name a function");
            must(arguments.is_ok_and(|arguments| arguments.is_object()), "arguments must be a JSON object");
            seen.push(id.clone());
            open.push(id);
        }
    }
    must(open.is_empty(), "every call must be answered");
    let last = items.last();
    let asks = last.is_some_and(|last| last["role"] == "user" || last["type"] == "function_call_output");
    must(asks, "the last word must not be the model's");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(input: Value) -> Vec<String> {
        let mut wrong = Vec::new();
        check(&json!({"store": false, "input": input}), &mut |holds: bool, rule: &str| {
            if !holds {
                wrong.push(rule.to_owned());
            }
        });
        wrong
    }

    #[test]
    fn a_wrong_request_is_seen() {
        let user = json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]});
        let said = json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "x"}]});
        let call =
            |id: &str, arguments: &str| json!({"type": "function_call", "call_id": id, "name": "f", "arguments": arguments});
        let returned = |id: &str| json!({"type": "function_call_output", "call_id": id, "output": ""});
        assert_eq!(wrong(json!([user, call("a", "{}"), call("b", "{}"), returned("a"), returned("b")])), [""; 0]);
        for (input, rule) in [
            (json!([user, call("a", "{}")]), "every call must be answered"),
            (json!([user, call("a", "{}"), call("b", "{}"), returned("b"), returned("a")]), "in order"),
            (json!([user, call("a", "{}"), user]), "before the next message"),
            (json!([user, returned("a")]), "returns must answer"),
            (json!([user, call("a", "x"), returned("a")]), "must be a JSON object"),
            (json!([user, said]), "last word"),
            (json!([{"type": "message", "role": "user", "content": []}]), "must not be empty"),
            (json!([user, {"type": "reasoning", "summary": []}, user]), "must have its seal"),
        ] {
            let wrong = wrong(input);
            assert!(wrong.iter().any(|wrong| wrong.contains(rule)), "{rule}: {wrong:?}");
        }
    }
}
