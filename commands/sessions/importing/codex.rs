//! Transcripts of Codex (`rollout-*.jsonl`): lines of several kinds, of which `response_item` holds what was said, as it went
//! to the model. Older ones have these items alone, after a first line about the session.

use ombud::domain::{AuthorKind, Part, ReasoningPart, Timestamp};
use serde_json::{Map, Value};

use super::transcript::{BROKEN, Lines, Transcript, call, moment, text};

/// The kinds of lines that tell a transcript of Codex.
pub const KINDS: [&str; 5] = ["session_meta", "response_item", "event_msg", "turn_context", "compacted"];
/// The name of whoever asked: the transcript tells none.
const PERSON: &str = "user";
/// How texts begin that the program says in the name of the user.
const OWN: [&str; 5] =
    ["<environment_context>", "<user_instructions>", "<permissions", "# AGENTS.md instructions", "<turn_aborted>"];

/// Reads a transcript; its answers are those of `agent`.
pub fn read(mut lines: Lines<'_>, agent: &str) -> Transcript {
    let mut read = Transcript::default();
    while let Some(line) = lines.next(&mut read) {
        let at = moment(&line);
        let kind = text(&line, "type").unwrap_or_default().to_owned();
        let payload = line.get("payload").and_then(Value::as_object);
        match (kind.as_str(), payload) {
            ("session_meta", Some(meta)) => about(&mut read, meta),
            ("response_item", Some(one)) => item(&mut read, one, agent, at),
            ("session_meta" | "response_item", None) => read.pass_over(BROKEN),
            ("", None) if line.contains_key("instructions") => about(&mut read, &line),
            ("", None) => read.pass_over("line without a type"),
            (_, None) => item(&mut read, &line, agent, at),
            (kind, Some(_)) => read.pass_over(kind),
        }
    }
    read
}

fn about(read: &mut Transcript, meta: &Map<String, Value>) {
    let words = |key: &str| text(meta, key).map(str::to_owned);
    read.id = read.id.take().or_else(|| words("id"));
    read.workspace = read.workspace.take().or_else(|| words("cwd"));
}

fn item(read: &mut Transcript, item: &Map<String, Value>, agent: &str, at: Timestamp) {
    let kind = text(item, "type").unwrap_or_default();
    let id = text(item, "call_id").or_else(|| text(item, "id")).unwrap_or_default();
    let part = match kind {
        "message" => return message(read, item, agent, at),
        "reasoning" => {
            let thought = texts(read, item.get("summary")).join("\n");
            if thought.is_empty() {
                return read.pass_over("thought without a text");
            }
            Part::Reasoning(ReasoningPart { text: thought, ..ReasoningPart::default() })
        }
        "function_call" => {
            let written = text(item, "arguments").unwrap_or("null").to_owned();
            let arguments = serde_json::from_str(&written).unwrap_or(Value::Null);
            call(id, text(item, "name").unwrap_or("tool"), arguments, Some(written))
        }
        "custom_tool_call" => {
            let input = item.get("input").cloned().unwrap_or(Value::Null);
            call(id, text(item, "name").unwrap_or("tool"), serde_json::json!({"input": input}), None)
        }
        "local_shell_call" => call(id, "local_shell", item.get("action").cloned().unwrap_or(Value::Null), None),
        "function_call_output" | "custom_tool_call_output" => {
            let (output, failed) = output(item.get("output"));
            return read.give(id, output, failed);
        }
        kind => return read.pass_over(if kind.is_empty() { "item without a type" } else { kind }),
    };
    answered(read, vec![part], agent, at);
}

/// What a tool gave: a text; an object with `content`, and maybe whether it went well; or a text that holds such JSON.
fn output(value: Option<&Value>) -> (Value, bool) {
    let unpacked = |object: &Map<String, Value>| {
        let content = object.get("content").or_else(|| object.get("output")).cloned()?;
        let code = object.get("metadata").and_then(|metadata| metadata.get("exit_code")).and_then(Value::as_i64);
        let failed = object.get("success").and_then(Value::as_bool) == Some(false) || code.is_some_and(|code| code != 0);
        Some((content, failed))
    };
    let plain = || (value.cloned().unwrap_or_else(|| Value::from("")), false);
    match value {
        Some(Value::Object(object)) => unpacked(object).unwrap_or_else(plain),
        Some(Value::String(text)) => match serde_json::from_str(text) {
            Ok(Value::Object(object)) if object.contains_key("metadata") => unpacked(&object).unwrap_or_else(plain),
            _ => plain(),
        },
        _ => plain(),
    }
}

fn message(read: &mut Transcript, item: &Map<String, Value>, agent: &str, at: Timestamp) {
    let said = texts(read, item.get("content"));
    match text(item, "role") {
        Some("user") => {
            let (own, said): (Vec<String>, Vec<String>) =
                said.into_iter().partition(|text| OWN.iter().any(|begin| text.trim_start().starts_with(begin)));
            own.iter().for_each(|_| read.pass_over("text of the program itself"));
            if !said.is_empty() {
                let parts = said.into_iter().map(Part::text).collect();
                read.say((AuthorKind::Person, PERSON), text(item, "id"), at, parts);
            }
        }
        Some("assistant") => answered(read, said.into_iter().map(Part::text).collect(), agent, at),
        role => read.pass_over(&format!("message of {}", role.unwrap_or("nobody"))),
    }
}

/// The texts of a content.
fn texts(read: &mut Transcript, content: Option<&Value>) -> Vec<String> {
    match content {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(parts)) => {
            let mut texts = Vec::new();
            for part in parts {
                match part.get("text").and_then(Value::as_str) {
                    Some(text) => texts.push(text.to_owned()),
                    None => read.pass_over(part.get("type").and_then(Value::as_str).unwrap_or("part without a type")),
                }
            }
            texts
        }
        _ => Vec::new(),
    }
}

/// Items of one answer stand one after the other; one begins anew after what tools gave.
fn answered(read: &mut Transcript, parts: Vec<Part>, agent: &str, at: Timestamp) {
    match read.open() {
        Some(message) => message.parts.extend(parts),
        None if parts.is_empty() => {}
        None => read.say((AuthorKind::Agent, agent), None, at, parts),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn items_become_messages() {
        let item =
            |payload: Value| json!({"timestamp": "2026-11-20T10:00:00.000Z", "type": "response_item", "payload": payload});
        let lines = [
            json!({"timestamp": "t", "type": "session_meta", "payload": {"id": "x-1", "cwd": "/work"}}),
            item(json!({"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Be good."}]})),
            item(
                json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "<environment_context>"}]}),
            ),
            item(json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Which  colour?"}]})),
            json!({"type": "event_msg", "payload": {"type": "user_message"}}),
            item(
                json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}], "encrypted_content": "x"}),
            ),
            item(json!({"type": "function_call", "call_id": "c1", "name": "shell", "arguments": "{\"command\":[\"cat\"]}"})),
            item(json!({"type": "function_call_output", "call_id": "c1",
                "output": "{\"output\":\"no file\",\"metadata\":{\"exit_code\":1}}"})),
            item(json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Teal."}]})),
            item(json!({"type": "ghost_snapshot"})),
        ];
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let read = read(Lines::of(text.as_bytes()), "default");
        assert_eq!((read.id.as_deref(), read.title().as_str()), (Some("x-1"), "Which colour?"));
        let told: Vec<(AuthorKind, usize, usize)> = read
            .messages
            .iter()
            .map(|(message, returns)| (message.author.kind, message.parts.len(), returns.len()))
            .collect();
        assert_eq!(told, [(AuthorKind::Person, 1, 0), (AuthorKind::Agent, 2, 1), (AuthorKind::Agent, 1, 0)]);
        let returned = &read.messages[1].1[0];
        assert_eq!((&returned.output, returned.error.is_some()), (&json!("no file"), true));
        let passed: Vec<(&str, u64)> = read.passed_over.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
        let expected =
            [("event_msg", 1), ("ghost_snapshot", 1), ("message of developer", 1), ("text of the program itself", 1)];
        assert_eq!(passed, expected);
    }

    #[test]
    fn the_older_form_has_items_alone() {
        let text = concat!(
            "{\"id\":\"x-2\",\"timestamp\":\"2025-05-01T10:00:00Z\",\"instructions\":null}\n",
            "{\"record_type\":\"state\"}\n",
            "{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"Hi\"}]}\n",
        );
        let read = read(Lines::of(text.as_bytes()), "default");
        assert_eq!((read.id.as_deref(), read.messages.len()), (Some("x-2"), 1));
        assert_eq!(read.passed_over.into_iter().collect::<Vec<_>>(), [("line without a type".to_owned(), 1)]);
    }
}
