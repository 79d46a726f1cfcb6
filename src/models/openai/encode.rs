//! From a request to the body of a chat completion.

use serde_json::{Map, Value, json};

use super::super::body::{arguments_text, data_url, put_sampling};
use super::super::catalogue::{Card, Reasoning};
use super::super::form;
use super::super::{ModelRequest, PromptMessage, PromptPart};

/// The body. `official` = OpenAI's own server: it knows `max_completion_tokens` only, at least for models that reason,
/// while most others know `max_tokens` only.
pub(super) fn body(request: &ModelRequest, card: &Card, official: bool) -> Value {
    let settings = &request.settings;
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    put("model", json!(request.model));
    put("messages", json!(messages(request)));
    put("stream", json!(true));
    put("stream_options", json!({"include_usage": true}));
    if !request.tools.is_empty() {
        let tools = request.tools.iter().map(|tool| {
            let function = json!({"name": tool.name, "description": tool.description, "parameters": tool.parameters});
            json!({"type": "function", "function": function})
        });
        put("tools", tools.collect());
    }
    put_sampling(settings, &mut put);
    if let Some(most) = settings.max_tokens {
        put(if official { "max_completion_tokens" } else { "max_tokens" }, json!(most));
    }
    // These models refuse tools on this wire unless they are told not to reason.
    let silent = official && card.reasoning == Reasoning::EffortWithoutTools && !request.tools.is_empty();
    if let Some(effort) = settings.reasoning_effort.as_deref().or(silent.then_some("none")) {
        put("reasoning_effort", json!(effort));
    }
    if !settings.stop.is_empty() {
        put("stop", json!(settings.stop));
    }
    if let Some(wanted) = &request.form {
        let mut schema = json!({"name": wanted.name, "schema": wanted.schema});
        if form::is_strict(&wanted.schema) {
            schema["strict"] = json!(true);
        }
        put("response_format", json!({"type": "json_schema", "json_schema": schema}));
    }
    body.extend(settings.extra.clone());
    Value::Object(body)
}

fn messages(request: &ModelRequest) -> Vec<Value> {
    let mut messages = Vec::with_capacity(request.messages.len() + 1);
    if !request.system.is_empty() {
        messages.push(json!({"role": "system", "content": request.system}));
    }
    for message in &request.messages {
        match message {
            PromptMessage::User(parts) => messages.extend(user(parts)),
            PromptMessage::Assistant(parts) => messages.extend(assistant(parts)),
            PromptMessage::ToolReturns(returns) => messages.extend(
                returns
                    .iter()
                    .map(|returned| json!({"role": "tool", "tool_call_id": returned.id, "content": returned.text})),
            ),
        }
    }
    messages
}

fn user(parts: &[PromptPart]) -> Option<Value> {
    let texts = texts(parts);
    let images = parts.iter().any(|part| matches!(part, PromptPart::Image { .. }));
    if !images {
        // One text, because not every server takes a list.
        return (!texts.is_empty()).then(|| json!({"role": "user", "content": texts.join("\n\n")}));
    }
    let content = parts.iter().filter_map(|part| match part {
        PromptPart::Text(text) if !text.is_empty() => Some(json!({"type": "text", "text": text})),
        PromptPart::Image { media_type, bytes } => {
            let url = data_url(media_type, bytes);
            Some(json!({"type": "image_url", "image_url": {"url": url}}))
        }
        PromptPart::Text(_) | PromptPart::Reasoning(_) | PromptPart::ToolCall { .. } => None,
    });
    Some(json!({"role": "user", "content": content.collect::<Vec<_>>()}))
}

/// Reasoning is left out: this wire has no place for it, and some servers reject it.
fn assistant(parts: &[PromptPart]) -> Option<Value> {
    let text = texts(parts).concat();
    let calls = parts.iter().filter_map(|part| match part {
        PromptPart::ToolCall { id, name, arguments } => {
            let arguments = arguments_text(arguments);
            Some(json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}))
        }
        PromptPart::Text(_) | PromptPart::Image { .. } | PromptPart::Reasoning(_) => None,
    });
    let calls: Vec<Value> = calls.collect();
    let content = if text.is_empty() { Value::Null } else { Value::String(text) };
    match (content.is_null(), calls.is_empty()) {
        (true, true) => None,
        (_, true) => Some(json!({"role": "assistant", "content": content})),
        (_, false) => Some(json!({"role": "assistant", "content": content, "tool_calls": calls})),
    }
}

fn texts(parts: &[PromptPart]) -> Vec<&str> {
    let texts = parts.iter().filter_map(|part| match part {
        PromptPart::Text(text) => Some(text.as_str()),
        PromptPart::Image { .. } | PromptPart::Reasoning(_) | PromptPart::ToolCall { .. } => None,
    });
    texts.filter(|text| !text.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ReasoningPart;
    use crate::models::PromptReturn;
    use crate::models::body::tests::{self, call, image, request, settings, text, tool};

    fn card(id: &str) -> Card {
        tests::card("openai", id)
    }

    #[test]
    fn a_conversation_with_all_kinds_of_parts() {
        let returned =
            |id: &str| PromptReturn { id: id.into(), name: "look".into(), text: format!("saw {id}"), failed: id == "2" };
        let mut request = request(vec![
            PromptMessage::User(vec![text("one"), text(""), text("two")]),
            PromptMessage::Assistant(vec![
                PromptPart::Reasoning(ReasoningPart { text: "hm".into(), ..ReasoningPart::default() }),
                text("Look."),
                call("1", r#"{"a":1}"#),
                call("2", "nonsense"),
            ]),
            PromptMessage::ToolReturns(vec![returned("1"), returned("2")]),
            PromptMessage::Assistant(vec![PromptPart::Reasoning(ReasoningPart::default())]),
            PromptMessage::Assistant(vec![call("3", "{}")]),
            PromptMessage::ToolReturns(vec![returned("3")]),
            PromptMessage::User(vec![text("see"), image()]),
        ]);
        request.system = "Be brief.".into();
        request.tools = vec![tool("look")];
        let call = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "look", "arguments": arguments}});
        assert_eq!(
            body(&request, &card("gpt-4o"), true),
            json!({
                "model": "m",
                "messages": [
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": "one\n\ntwo"},
                    {"role": "assistant", "content": "Look.", "tool_calls": [call("1", r#"{"a":1}"#), call("2", "{}")]},
                    {"role": "tool", "tool_call_id": "1", "content": "saw 1"},
                    {"role": "tool", "tool_call_id": "2", "content": "saw 2"},
                    {"role": "assistant", "content": null, "tool_calls": [call("3", "{}")]},
                    {"role": "tool", "tool_call_id": "3", "content": "saw 3"},
                    {"role": "user", "content": [
                        {"type": "text", "text": "see"},
                        {"type": "image_url", "image_url": {"url": "data:image/png;base64,cG5n"}},
                    ]},
                ],
                "stream": true,
                "stream_options": {"include_usage": true},
                "tools": [{"type": "function", "function":
                    {"name": "look", "description": "Looks.", "parameters": {"type": "object"}}}],
            })
        );
    }

    #[test]
    fn settings_go_into_the_fields_that_the_server_knows() {
        let mut request = request(vec![PromptMessage::User(vec![text("hi")])]);
        request.settings = settings("low", json!({"seed": 7}));
        for (official, most) in [(true, "max_completion_tokens"), (false, "max_tokens")] {
            let expected = json!({
                "model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": true,
                "stream_options": {"include_usage": true}, "temperature": 0.5, "top_p": 0.25, most: 9,
                "reasoning_effort": "low", "stop": ["END"], "seed": 7,
            });
            assert_eq!(body(&request, &card("x"), official), expected);
        }
    }

    #[test]
    fn models_that_refuse_to_reason_beside_tools_are_told_not_to() {
        let mut request = request(vec![PromptMessage::User(vec![text("hi")])]);
        let effort =
            |request: &ModelRequest, official| body(request, &card("gpt-6-sol"), official)["reasoning_effort"].clone();
        assert_eq!(effort(&request, true), Value::Null);
        request.tools = vec![tool("look")];
        assert_eq!(effort(&request, true), "none");
        assert_eq!(effort(&request, false), Value::Null);
        request.settings.reasoning_effort = Some("high".into());
        assert_eq!(effort(&request, true), "high");
    }
}
