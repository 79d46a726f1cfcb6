//! What must hold for every request to a model: a provider refuses anything else, or answers nonsense.

use ombud::config::Wire;
use serde_json::Value;

use super::Request;

/// What is wrong with a request.
pub(super) fn violations(wire: Wire, request: &Request) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut must = |holds: bool, rule: &str| {
        if !holds {
            wrong.push(rule.to_owned());
        }
    };
    let body = &request.body;
    let path = match wire {
        Wire::Anthropic => "/v1/messages",
        Wire::Responses => "/v1/responses",
        Wire::Openai | Wire::Offline => "/v1/chat/completions",
    };
    must(request.method == "POST", "the method must be POST");
    must(request.path == path, &format!("the path must be {path}, not {}", request.path));
    must(request.header("content-type") == Some("application/json"), "the content type must be JSON");
    must(!text(&body["model"]).is_empty(), "the model must be set");
    must(body["stream"] == true, "a stream must be asked for");
    for tool in body["tools"].as_array().into_iter().flatten() {
        let (function, schema) = match wire {
            Wire::Anthropic => (tool, "input_schema"),
            Wire::Responses => (tool, "parameters"),
            Wire::Openai | Wire::Offline => (&tool["function"], "parameters"),
        };
        must(!text(&function["name"]).is_empty(), "a tool must have a name");
        must(function[schema].is_object(), "a tool must have a schema");
    }
    let said = if wire == Wire::Responses { body["input"].as_array().map_or(0, Vec::len) } else { messages(body).len() };
    must(said > 0, "there must be messages");
    if wire == Wire::Anthropic {
        must(request.header("anthropic-version") == Some("2023-06-01"), "the version of the wire must be told");
        must(body["max_tokens"].as_u64().is_some_and(|most| most > 0), "`max_tokens` must be set");
        must(body.to_string().matches("\"cache_control\"").count() <= 4, "there may be 4 cache marks at most");
        anthropic(messages(body), &mut must);
    } else if wire == Wire::Responses {
        super::responses::check(body, &mut must);
    } else {
        openai(messages(body), &mut must);
    }
    wrong
}

fn messages(body: &Value) -> &[Value] {
    body["messages"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn openai(messages: &[Value], must: &mut impl FnMut(bool, &str)) {
    let mut expected: Vec<&str> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for (place, message) in messages.iter().enumerate() {
        let role = text(&message["role"]);
        let content = &message["content"];
        let parts = content.as_array().is_some_and(|parts| {
            !parts.is_empty()
                && parts.iter().all(|part| match text(&part["type"]) {
                    "text" => !text(&part["text"]).is_empty(),
                    "image_url" => text(&part["image_url"]["url"]).starts_with("data:image/"),
                    _ => false,
                })
        });
        let calls = message["tool_calls"].as_array().map(Vec::as_slice).unwrap_or_default();
        must(matches!(role, "system" | "user" | "assistant" | "tool"), "a role must be known");
        must(role != "system" || place == 0, "only the first message may be the system's");
        must(calls.is_empty() || role == "assistant", "only the assistant may call tools");
        must(role == "tool" || expected.is_empty(), "every call must be answered before the next message");
        match role {
            "tool" => {
                let next = (!expected.is_empty()).then(|| expected.remove(0));
                must(next == Some(text(&message["tool_call_id"])), "returns must answer the calls, in order, each once");
                must(content.is_string(), "a return must be a text");
            }
            "assistant" => must(!text(content).is_empty() || !calls.is_empty(), "an answer must not be empty"),
            _ => must(!text(content).is_empty() || parts, "a message must not be empty"),
        }
        for call in calls {
            let (id, function) = (text(&call["id"]), &call["function"]);
            let arguments = serde_json::from_str::<Value>(text(&function["arguments"]));
            must(!id.is_empty() && !seen.contains(&id), "a call must have an id of its own");
            must(call["type"] == "function" && !text(&function["name"]).is_empty(), "a call must name a function");
            must(arguments.is_ok_and(|arguments| arguments.is_object()), "arguments must be a JSON object");
            seen.push(id);
            expected.push(id);
        }
    }
    must(expected.is_empty(), "every call must be answered");
    let last = messages.last().map_or("", |message| text(&message["role"]));
    must(matches!(last, "user" | "tool"), "the last word must not be the model's");
}

fn anthropic(messages: &[Value], must: &mut impl FnMut(bool, &str)) {
    let mut expected: Vec<&str> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for (place, message) in messages.iter().enumerate() {
        let role = text(&message["role"]);
        must(role == ["user", "assistant"][place % 2], "users and assistants must take turns, a user first");
        let blocks = message["content"].as_array().map(Vec::as_slice).unwrap_or_default();
        must(!blocks.is_empty(), "a message must not be empty");
        let returns = blocks.iter().take_while(|block| block["type"] == "tool_result").count();
        let answered: Vec<&str> = blocks[..returns].iter().map(|block| text(&block["tool_use_id"])).collect();
        must(answered == expected, "returns must answer the calls directly before, in order, each once");
        expected.clear();
        for (number, block) in blocks.iter().enumerate() {
            match (role, text(&block["type"])) {
                (_, "text") => must(!text(&block["text"]).trim().is_empty(), "a text must not be empty"),
                ("user", "tool_result") => {
                    must(number < returns, "returns must come first in a message");
                    must(block["content"] != "", "a return must not have an empty text");
                }
                ("user", "image") => must(block["source"]["type"] == "base64", "an image must be sent along"),
                ("assistant", "tool_use") => {
                    let id = text(&block["id"]);
                    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                    must(!id.is_empty() && id.chars().all(legal), "a call must have a legal id");
                    must(!seen.contains(&id), "a call must have an id of its own");
                    must(!text(&block["name"]).is_empty(), "a call must name a tool");
                    must(block["input"].is_object(), "arguments must be an object");
                    seen.push(id);
                    expected.push(id);
                }
                ("assistant", "thinking") => must(block["signature"].is_string(), "a thought must have its proof"),
                ("assistant", "redacted_thinking") => must(block["data"].is_string(), "a sealed thought must be there"),
                _ => must(false, "a block must be known and in its place"),
            }
        }
    }
    must(expected.is_empty(), "every call must be answered");
    must(messages.last().is_none_or(|last| last["role"] == "user"), "the last word must not be the model's");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wrong(wire: Wire, messages: Value) -> Vec<String> {
        let anthropic = wire == Wire::Anthropic;
        let path = if anthropic { "/v1/messages" } else { "/v1/chat/completions" };
        let headers = [("content-type", "application/json"), ("anthropic-version", "2023-06-01")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let body = json!({"model": "m", "stream": true, "max_tokens": 1, "messages": messages});
        violations(wire, &Request { method: "POST".into(), path: path.into(), headers, body })
    }

    #[test]
    fn a_wrong_openai_request_is_seen() {
        let user = json!({"role": "user", "content": "hi"});
        let call = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": arguments}});
        let calls = |calls: Value| json!({"role": "assistant", "content": null, "tool_calls": calls});
        let returned = |id: &str| json!({"role": "tool", "tool_call_id": id, "content": ""});
        let two = calls(json!([call("a", "{}"), call("b", "{}")]));
        assert_eq!(wrong(Wire::Openai, json!([user, two, returned("a"), returned("b")])), [""; 0]);
        for (messages, rule) in [
            (json!([]), "there must be messages"),
            (json!([user, two, returned("a")]), "every call must be answered"),
            (json!([user, two, returned("b"), returned("a")]), "in order"),
            (json!([user, two, returned("a"), user]), "before the next message"),
            (json!([user, returned("a")]), "returns must answer"),
            (json!([user, calls(json!([call("a", "x")])), returned("a")]), "must be a JSON object"),
            (json!([{"role": "user", "content": ""}]), "must not be empty"),
            (json!([user, {"role": "assistant", "content": null}, user]), "must not be empty"),
            (json!([user, {"role": "assistant", "content": "x"}]), "last word"),
        ] {
            let wrong = wrong(Wire::Openai, messages);
            assert!(wrong.iter().any(|wrong| wrong.contains(rule)), "{rule}: {wrong:?}");
        }
    }

    #[test]
    fn a_wrong_anthropic_request_is_seen() {
        let user = json!({"role": "user", "content": [{"type": "text", "text": "hi"}]});
        let call = |id: &str| json!({"type": "tool_use", "id": id, "name": "f", "input": {}});
        let calls = json!({"role": "assistant", "content": [call("a"), call("b")]});
        let returned = |ids: &[&str]| {
            let blocks: Vec<_> = ids.iter().map(|id| json!({"type": "tool_result", "tool_use_id": id})).collect();
            json!({"role": "user", "content": blocks})
        };
        assert_eq!(wrong(Wire::Anthropic, json!([user, calls, returned(&["a", "b"])])), [""; 0]);
        for (messages, rule) in [
            (json!([user, calls, returned(&["a"])]), "returns must answer"),
            (json!([user, calls, returned(&["b", "a"])]), "returns must answer"),
            (json!([user, user]), "must take turns"),
            (json!([user, calls]), "every call must be answered"),
            (json!([{"role": "user", "content": []}]), "must not be empty"),
            (json!([{"role": "user", "content": [{"type": "text", "text": " "}]}]), "must not be empty"),
            (json!([returned(&["a"])]), "returns must answer"),
        ] {
            let wrong = wrong(Wire::Anthropic, messages);
            assert!(wrong.iter().any(|wrong| wrong.contains(rule)), "{rule}: {wrong:?}");
        }
    }
}
