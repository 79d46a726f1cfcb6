//! From a request to the body of a message.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::super::body::{arguments_object, put_sampling};
use super::super::catalogue::{Card, Reasoning};
use super::super::form;
use super::super::{ModelRequest, PromptMessage, PromptPart};

/// Longest answer where neither the settings nor the catalogue know one. The wire wants a number.
const ANSWER_TOKENS: u64 = 8_192;
/// Longest answer that is asked for unless the settings say more: all models that have more take it.
const MOST_ANSWER_TOKENS: u64 = 32_000;
/// Least budget that the wire takes.
const LEAST_BUDGET: u64 = 1_024;

pub(super) fn body(request: &ModelRequest, card: &Card) -> Value {
    let settings = &request.settings;
    let known = card.answer_tokens.unwrap_or(ANSWER_TOKENS).min(MOST_ANSWER_TOKENS);
    let answer_tokens = settings.max_tokens.unwrap_or(known);
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    put("model", json!(request.model));
    put("max_tokens", json!(answer_tokens));
    put("stream", json!(true));
    if !request.system.is_empty() {
        put("system", json!([marked(json!({"type": "text", "text": request.system}))]));
    }
    let tools = request
        .tools
        .iter()
        .map(|tool| json!({"name": tool.name, "description": tool.description, "input_schema": tool.parameters}));
    let mut tools: Vec<Value> = tools.collect();
    if let Some(last) = tools.pop() {
        tools.push(marked(last));
        put("tools", json!(tools));
    }
    put("messages", json!(messages(request)));
    put_sampling(settings, &mut put);
    if !settings.stop.is_empty() {
        put("stop_sequences", json!(settings.stop));
    }
    if let Some(effort) = &settings.reasoning_effort {
        think(effort, card, answer_tokens, &mut put);
    }
    if let Some(wanted) = request.form.as_ref().filter(|wanted| form::is_closed(&wanted.schema)) {
        let config = body.entry("output_config").or_insert_with(|| json!({}));
        config["format"] = json!({"type": "json_schema", "schema": wanted.schema});
    }
    body.extend(settings.extra.clone());
    Value::Object(body)
}

/// How much to think: a budget of tokens for models up to 4.5, a word for later ones, which reject a budget.
fn think(effort: &str, card: &Card, answer_tokens: u64, put: &mut impl FnMut(&str, Value) -> Option<Value>) {
    if matches!(effort, "none" | "off") {
        return;
    }
    if card.reasoning != Reasoning::Budget {
        put("thinking", json!({"type": "adaptive", "display": "summarized"}));
        put("output_config", json!({"effort": effort}));
        return;
    }
    let wanted = match effort {
        "minimal" => LEAST_BUDGET,
        "low" => 2_048,
        "medium" => 8_192,
        number => number.parse().unwrap_or(24_576),
    };
    // The budget is part of the answer; at least half of the answer stays for what is said.
    let budget = wanted.min(answer_tokens / 2);
    if budget >= LEAST_BUDGET {
        put("thinking", json!({"type": "enabled", "budget_tokens": budget}));
    }
}

/// Marks where the provider's cache may end: all before and with it is kept for the next request. There are three
/// marks at most (system, tools, conversation); the wire takes four.
fn marked(mut block: Value) -> Value {
    block["cache_control"] = json!({"type": "ephemeral"});
    block
}

/// The conversation: users and assistants in turn, as the wire wants it.
fn messages(request: &ModelRequest) -> Vec<Value> {
    let mut turns: Vec<(&str, Vec<Value>)> = Vec::new();
    for message in &request.messages {
        let (role, blocks) = match message {
            PromptMessage::User(parts) => ("user", parts.iter().filter_map(asked).collect::<Vec<_>>()),
            PromptMessage::Assistant(parts) => ("assistant", parts.iter().filter_map(answered).collect()),
            PromptMessage::ToolReturns(returns) => {
                let block = |returned: &super::super::PromptReturn| {
                    let mut block = json!({"type": "tool_result", "tool_use_id": returned.id});
                    // An empty text is refused; a result without content is not.
                    if !returned.text.trim().is_empty() {
                        block["content"] = json!(returned.text);
                    }
                    if returned.failed {
                        block["is_error"] = json!(true);
                    }
                    block
                };
                ("user", returns.iter().map(block).collect())
            }
        };
        match turns.last_mut() {
            _ if blocks.is_empty() => {}
            Some((before, all)) if *before == role => all.extend(blocks),
            _ => turns.push((role, blocks)),
        }
    }
    // The wire wants a user first; what an agent has answered may have been taken away.
    if turns.first().is_some_and(|(role, _)| *role == "assistant") {
        turns.insert(0, ("user", vec![json!({"type": "text", "text": "[what was said before is not shown]"})]));
    }
    if let Some((_, blocks)) = turns.iter_mut().rfind(|(role, _)| *role == "user")
        && let Some(last) = blocks.pop()
    {
        blocks.push(marked(last));
    }
    turns.into_iter().map(|(role, blocks)| json!({"role": role, "content": blocks})).collect()
}

fn asked(part: &PromptPart) -> Option<Value> {
    match part {
        PromptPart::Text(text) => said(text),
        PromptPart::Image { media_type, bytes } => {
            let source = json!({"type": "base64", "media_type": media_type, "data": STANDARD.encode(bytes)});
            Some(json!({"type": "image", "source": source}))
        }
        PromptPart::Reasoning(_) | PromptPart::ToolCall { .. } => None,
    }
}

fn answered(part: &PromptPart) -> Option<Value> {
    match part {
        PromptPart::Text(text) => said(text),
        PromptPart::Reasoning(reasoning) => match (&reasoning.sealed, &reasoning.signature) {
            (Some(sealed), _) => Some(json!({"type": "redacted_thinking", "data": sealed})),
            (None, Some(signature)) => Some(json!({"type": "thinking", "thinking": reasoning.text, "signature": signature})),
            // Thoughts without proof are not this provider's, and would be refused.
            (None, None) => None,
        },
        PromptPart::ToolCall { id, name, arguments } => {
            Some(json!({"type": "tool_use", "id": id, "name": name, "input": arguments_object(arguments)}))
        }
        PromptPart::Image { .. } => None,
    }
}

/// The wire refuses texts that are only white space.
fn said(text: &str) -> Option<Value> {
    (!text.trim().is_empty()).then(|| json!({"type": "text", "text": text}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ReasoningPart;
    use crate::models::PromptReturn;
    use crate::models::body::tests::{self, call, image, request, settings, text, tool};

    fn card(id: &str) -> Card {
        tests::card("anthropic", id)
    }

    #[test]
    fn a_conversation_with_all_kinds_of_parts() {
        let asked = |id: &str| call(id, r#"{"a":1}"#);
        let returned =
            |id: &str, text: &str| PromptReturn { id: id.into(), name: "look".into(), text: text.into(), failed: id == "2" };
        let thought = |text: &str, signature: Option<&str>, sealed: Option<&str>| {
            let (signature, sealed) = (signature.map(Into::into), sealed.map(Into::into));
            PromptPart::Reasoning(ReasoningPart { text: text.into(), signature, sealed })
        };
        let mut request = request(vec![
            PromptMessage::User(vec![text("one"), text(" \n")]),
            PromptMessage::User(vec![text("two")]),
            PromptMessage::Assistant(vec![
                thought("hm", Some("proof"), None),
                thought("", None, Some("seal")),
                thought("not theirs", None, None),
                text("Look."),
                asked("1"),
                asked("2"),
            ]),
            PromptMessage::ToolReturns(vec![returned("1", "saw"), returned("2", "")]),
            PromptMessage::User(vec![text("see"), image()]),
            PromptMessage::Assistant(vec![thought("only", None, None)]),
            PromptMessage::User(vec![text("well?")]),
        ]);
        request.system = "Be brief.".into();
        request.tools = vec![tool("look"), tool("see")];
        let mark = json!({"type": "ephemeral"});
        let call = |id: &str| json!({"type": "tool_use", "id": id, "name": "look", "input": {"a": 1}});
        assert_eq!(
            body(&request, &card("claude-sonnet-5-5")),
            json!({
                "model": "m", "max_tokens": 32_000, "stream": true,
                "system": [{"type": "text", "text": "Be brief.", "cache_control": mark}],
                "tools": [
                    {"name": "look", "description": "Looks.", "input_schema": {"type": "object"}},
                    {"name": "see", "description": "Looks.", "input_schema": {"type": "object"}, "cache_control": mark},
                ],
                "messages": [
                    {"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]},
                    {"role": "assistant", "content": [
                        {"type": "thinking", "thinking": "hm", "signature": "proof"},
                        {"type": "redacted_thinking", "data": "seal"},
                        {"type": "text", "text": "Look."},
                        call("1"),
                        call("2"),
                    ]},
                    {"role": "user", "content": [
                        {"type": "tool_result", "tool_use_id": "1", "content": "saw"},
                        {"type": "tool_result", "tool_use_id": "2", "is_error": true},
                        {"type": "text", "text": "see"},
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "cG5n"}},
                        {"type": "text", "text": "well?", "cache_control": mark},
                    ]},
                ],
            })
        );
    }

    #[test]
    fn settings_go_into_the_fields_of_the_wire() {
        let mut request = request(vec![PromptMessage::User(vec![text("hi")])]);
        request.settings = settings("none", json!({"top_k": 7}));
        let mark = json!({"type": "ephemeral"});
        assert_eq!(
            body(&request, &card("x")),
            json!({
                "model": "m", "max_tokens": 9, "stream": true,
                "messages": [{"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": mark}]}],
                "temperature": 0.5, "top_p": 0.25, "stop_sequences": ["END"], "top_k": 7,
            })
        );
    }

    #[test]
    fn how_much_to_think_depends_on_the_model() {
        let thinking = |id: &str, effort: &str, most: Option<u64>| {
            let mut request = request(vec![PromptMessage::User(vec![text("hi")])]);
            request.settings.reasoning_effort = Some(effort.into());
            request.settings.max_tokens = most;
            let body = body(&request, &card(id));
            (body["thinking"].clone(), body["output_config"].clone())
        };
        let budget = |tokens: u64| (json!({"type": "enabled", "budget_tokens": tokens}), Value::Null);
        assert_eq!(thinking("claude-haiku-4-5", "low", None), budget(2_048));
        assert_eq!(thinking("claude-haiku-4-5", "high", None), budget(16_000));
        assert_eq!(thinking("claude-haiku-4-5-20251001", "5000", None), budget(5_000));
        assert_eq!(thinking("claude-haiku-4-5", "high", Some(4_096)), budget(2_048));
        assert_eq!(thinking("claude-haiku-4-5", "high", Some(1_000)), (Value::Null, Value::Null));
        let adaptive = (json!({"type": "adaptive", "display": "summarized"}), json!({"effort": "high"}));
        assert_eq!(thinking("claude-sonnet-5-5", "high", None), adaptive);
    }
}
