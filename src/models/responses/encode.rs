//! From a request to the body of a response that is to be made.

use serde_json::{Map, Value, json};

use super::super::body::{arguments_text, data_url, put_sampling};
use super::super::catalogue::{Card, Reasoning};
use super::super::form;
use super::super::{ModelRequest, PromptMessage, PromptPart};

/// The body. `official` = OpenAI's own server, which gives what a model thought as a seal when it is asked to; others do
/// not know that. The wire has no place for words at which the model stops, so those are left out.
pub(super) fn body(request: &ModelRequest, card: &Card, official: bool) -> Value {
    let settings = &request.settings;
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    put("model", json!(request.model));
    if !request.system.is_empty() {
        put("instructions", json!(request.system));
    }
    put("input", json!(input(request)));
    put("stream", json!(true));
    put("store", json!(false));
    if !request.tools.is_empty() {
        let tools = request.tools.iter().map(|tool| {
            // Strict schemas must name every property as required, which ours need not.
            json!({"type": "function", "name": tool.name, "description": tool.description,
                "parameters": tool.parameters, "strict": false})
        });
        put("tools", tools.collect());
        put("parallel_tool_calls", json!(true));
    }
    put_sampling(settings, &mut put);
    if let Some(most) = settings.max_tokens {
        put("max_output_tokens", json!(most));
    }
    if let Some(effort) = &settings.reasoning_effort {
        let silent = matches!(effort.as_str(), "none" | "off");
        let word = if silent { "none" } else { effort };
        let reasoning = if silent { json!({"effort": word}) } else { json!({"effort": word, "summary": "auto"}) };
        put("reasoning", reasoning);
    }
    if official && card.reasoning != Reasoning::None {
        put("include", json!(["reasoning.encrypted_content"]));
    }
    if let Some(wanted) = &request.form {
        let strict = form::is_strict(&wanted.schema);
        let format = json!({"type": "json_schema", "name": wanted.name, "schema": wanted.schema, "strict": strict});
        put("text", json!({"format": format}));
    }
    body.extend(settings.extra.clone());
    Value::Object(body)
}

/// The conversation as items: messages, thoughts, calls and what they gave, in the order in which they came.
fn input(request: &ModelRequest) -> Vec<Value> {
    let mut items = Vec::with_capacity(request.messages.len());
    for message in &request.messages {
        match message {
            PromptMessage::User(parts) => {
                let content: Vec<Value> = parts.iter().filter_map(asked).collect();
                if !content.is_empty() {
                    items.push(json!({"type": "message", "role": "user", "content": content}));
                }
            }
            PromptMessage::Assistant(parts) => answered(parts, &mut items),
            PromptMessage::ToolReturns(returns) => {
                items.extend(returns.iter().map(
                    |returned| json!({"type": "function_call_output", "call_id": returned.id, "output": returned.text}),
                ))
            }
        }
    }
    items
}

fn asked(part: &PromptPart) -> Option<Value> {
    match part {
        PromptPart::Text(text) if !text.is_empty() => Some(json!({"type": "input_text", "text": text})),
        PromptPart::Image { media_type, bytes } => {
            let url = data_url(media_type, bytes);
            Some(json!({"type": "input_image", "image_url": url}))
        }
        PromptPart::Text(_) | PromptPart::Reasoning(_) | PromptPart::ToolCall { .. } => None,
    }
}

/// What the model said: texts that follow each other are one message. A thought without its seal is left out: without
/// it, the provider would look for a thought that it has not kept.
fn answered(parts: &[PromptPart], items: &mut Vec<Value>) {
    let mut texts: Vec<Value> = Vec::new();
    let close = |texts: &mut Vec<Value>, items: &mut Vec<Value>| {
        if !texts.is_empty() {
            items.push(json!({"type": "message", "role": "assistant", "content": std::mem::take(texts)}));
        }
    };
    for part in parts {
        match part {
            PromptPart::Text(text) if !text.is_empty() => texts.push(json!({"type": "output_text", "text": text})),
            PromptPart::Reasoning(reasoning) => {
                if let Some(sealed) = &reasoning.sealed {
                    close(&mut texts, items);
                    let summary = if reasoning.text.is_empty() {
                        json!([])
                    } else {
                        json!([{"type": "summary_text", "text": reasoning.text}])
                    };
                    items.push(json!({"type": "reasoning", "summary": summary, "encrypted_content": sealed}));
                }
            }
            PromptPart::ToolCall { id, name, arguments } => {
                close(&mut texts, items);
                let arguments = arguments_text(arguments);
                items.push(json!({"type": "function_call", "call_id": id, "name": name, "arguments": arguments}));
            }
            PromptPart::Text(_) | PromptPart::Image { .. } => {}
        }
    }
    close(&mut texts, items);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{AnswerForm, ReasoningPart};
    use crate::models::PromptReturn;
    use crate::models::body::tests::{self, call, image, request, settings, text, tool};

    fn card(id: &str) -> Card {
        tests::card("openai", id)
    }

    #[test]
    fn a_conversation_with_all_kinds_of_parts() {
        let thought = |text: &str, sealed: Option<&str>| {
            let sealed = sealed.map(str::to_owned);
            PromptPart::Reasoning(ReasoningPart { text: text.into(), sealed, ..ReasoningPart::default() })
        };
        let returned = PromptReturn { id: "1".into(), name: "look".into(), text: "saw".into(), failed: true };
        let mut request = request(vec![
            PromptMessage::User(vec![text("one"), text(""), image()]),
            PromptMessage::Assistant(vec![
                thought("open", None),
                thought("hm", Some("seal")),
                text("Look"),
                text("."),
                call("1", "nonsense"),
                text("So."),
            ]),
            PromptMessage::ToolReturns(vec![returned]),
            PromptMessage::Assistant(vec![thought("", Some("silent"))]),
            PromptMessage::User(vec![text("")]),
            PromptMessage::User(vec![text("and?")]),
        ]);
        request.system = "Be brief.".into();
        request.tools = vec![tool("look")];
        assert_eq!(
            body(&request, &card("gpt-4o"), true),
            json!({
                "model": "m",
                "instructions": "Be brief.",
                "input": [
                    {"type": "message", "role": "user", "content": [
                        {"type": "input_text", "text": "one"},
                        {"type": "input_image", "image_url": "data:image/png;base64,cG5n"},
                    ]},
                    {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "seal"},
                    {"type": "message", "role": "assistant", "content": [
                        {"type": "output_text", "text": "Look"}, {"type": "output_text", "text": "."},
                    ]},
                    {"type": "function_call", "call_id": "1", "name": "look", "arguments": "{}"},
                    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "So."}]},
                    {"type": "function_call_output", "call_id": "1", "output": "saw"},
                    {"type": "reasoning", "summary": [], "encrypted_content": "silent"},
                    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "and?"}]},
                ],
                "stream": true,
                "store": false,
                "tools": [{"type": "function", "name": "look", "description": "Looks.",
                    "parameters": {"type": "object"}, "strict": false}],
                "parallel_tool_calls": true,
            })
        );
    }

    #[test]
    fn settings_go_into_the_fields_of_the_wire() {
        let mut request = request(vec![PromptMessage::User(vec![text("hi")])]);
        request.settings = settings("low", json!({"seed": 7}));
        request.form = Some(AnswerForm { name: "f".into(), schema: json!({"type": "object"}) });
        let input = json!([{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}]);
        let format = json!({"type": "json_schema", "name": "f", "schema": {"type": "object"}, "strict": false});
        let mut expected = json!({
            "model": "m", "input": input, "stream": true, "store": false, "temperature": 0.5, "top_p": 0.25,
            "max_output_tokens": 9, "reasoning": {"effort": "low", "summary": "auto"}, "text": {"format": format}, "seed": 7,
        });
        assert_eq!(body(&request, &card("gpt-5"), false), expected);
        expected["include"] = json!(["reasoning.encrypted_content"]);
        assert_eq!(body(&request, &card("gpt-5"), true), expected);
        request.settings.reasoning_effort = Some("off".into());
        assert_eq!(body(&request, &card("gpt-5"), true)["reasoning"], json!({"effort": "none"}));
        let closed = json!({"type": "object", "properties": {}, "additionalProperties": false});
        request.form = Some(AnswerForm { name: "f".into(), schema: closed });
        assert_eq!(body(&request, &card("gpt-5"), true)["text"]["format"]["strict"], json!(true));
    }
}
