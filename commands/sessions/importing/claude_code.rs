//! Transcripts of Claude Code: a line for each thing that was said. An answer may stand in several lines, which have one
//! `message.id`; what tools gave stands in lines of the user.

use ombud::domain::{AuthorKind, Part, ReasoningPart, Timestamp};
use serde_json::{Map, Value};

use super::transcript::{BROKEN, Lines, Transcript, call, moment, text};

/// The name of whoever asked: the transcript tells none.
const PERSON: &str = "user";

/// Reads a transcript; its answers are those of `agent`.
pub fn read(mut lines: Lines<'_>, agent: &str) -> Transcript {
    let mut read = Transcript::default();
    let mut answering: Option<String> = None;
    while let Some(line) = lines.next(&mut read) {
        read.id = read.id.take().or_else(|| text(&line, "sessionId").map(str::to_owned));
        read.workspace = read.workspace.take().or_else(|| text(&line, "cwd").map(str::to_owned));
        let kind = text(&line, "type").unwrap_or("line without a type").to_owned();
        let is_on = |key: &str| line.get(key).and_then(Value::as_bool) == Some(true);
        match kind.as_str() {
            "summary" => read.summary = read.summary.take().or_else(|| text(&line, "summary").map(str::to_owned)),
            "user" | "assistant" if is_on("isSidechain") => read.pass_over("line of a side conversation"),
            "user" if is_on("isMeta") => read.pass_over("line of the program itself"),
            "user" | "assistant" => {
                let message = line.get("message").and_then(Value::as_object);
                let Some((message, Some(blocks))) = message.map(|message| (message, blocks(message.get("content")))) else {
                    read.pass_over(BROKEN);
                    continue;
                };
                let (at, id) = (moment(&line), text(&line, "uuid"));
                if kind == "user" {
                    answering = None;
                    asked(&mut read, blocks, id, at);
                } else {
                    let of = text(message, "id").map(str::to_owned);
                    let goes_on = of.is_some() && of == answering;
                    answering = of;
                    answered(&mut read, (blocks, goes_on), agent, id, at);
                }
            }
            _ => read.pass_over(&kind),
        }
    }
    read
}

/// The pieces of a content: a text alone is one.
fn blocks(content: Option<&Value>) -> Option<Vec<Map<String, Value>>> {
    match content? {
        Value::String(said) => {
            let block = [("type", "text"), ("text", said)].map(|(key, value)| (key.to_owned(), Value::from(value)));
            Some(vec![block.into_iter().collect()])
        }
        Value::Array(blocks) => blocks.iter().map(|block| block.as_object().cloned()).collect(),
        _ => None,
    }
}

fn asked(read: &mut Transcript, blocks: Vec<Map<String, Value>>, id: Option<&str>, at: Timestamp) {
    let mut parts = Vec::new();
    for block in blocks {
        match text(&block, "type") {
            Some("text") => parts.extend(text(&block, "text").map(Part::text)),
            Some("tool_result") => {
                let failed = block.get("is_error").and_then(Value::as_bool) == Some(true);
                let output = output(read, block.get("content"));
                read.give(text(&block, "tool_use_id").unwrap_or_default(), output, failed);
            }
            kind => read.pass_over(&format!("{} of a question", kind.unwrap_or("part"))),
        }
    }
    if !parts.is_empty() {
        read.say((AuthorKind::Person, PERSON), id, at, parts);
    }
}

/// What a tool gave: its texts in one.
fn output(read: &mut Transcript, content: Option<&Value>) -> Value {
    let Some(Value::Array(blocks)) = content else { return content.cloned().unwrap_or_else(|| Value::from("")) };
    let mut texts = Vec::new();
    for block in blocks {
        match block.get("text").and_then(Value::as_str) {
            Some(text) => texts.push(text),
            None => read.pass_over("part of what a tool gave that is no text"),
        }
    }
    Value::from(texts.join("\n"))
}

fn answered(
    read: &mut Transcript,
    (blocks, goes_on): (Vec<Map<String, Value>>, bool),
    agent: &str,
    id: Option<&str>,
    at: Timestamp,
) {
    let mut parts = Vec::new();
    for block in blocks {
        match text(&block, "type") {
            Some("text") => parts.extend(text(&block, "text").map(Part::text)),
            Some("thinking") => {
                let thought = text(&block, "thinking").unwrap_or_default().to_owned();
                parts.push(Part::Reasoning(ReasoningPart { text: thought, ..ReasoningPart::default() }));
            }
            Some("tool_use") => {
                let arguments = block.get("input").cloned().unwrap_or(Value::Null);
                let (call_id, name) = (text(&block, "id").unwrap_or_default(), text(&block, "name").unwrap_or("tool"));
                parts.push(call(call_id, name, arguments, None));
            }
            kind => read.pass_over(&format!("{} of an answer", kind.unwrap_or("part"))),
        }
    }
    match read.open().filter(|_| goes_on) {
        Some(message) => message.parts.extend(parts),
        None if parts.is_empty() => {}
        None => read.say((AuthorKind::Agent, agent), id, at, parts),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(lines: &[Value]) -> String {
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    #[test]
    fn questions_answers_calls_and_what_they_gave() {
        let said = |kind: &str, uuid: &str, message: Value| {
            json!({"type": kind, "uuid": uuid, "sessionId": "s-1", "cwd": "/work", "timestamp": "2026-11-20T10:00:00.000Z",
                "message": message})
        };
        let text = lines(&[
            json!({"type": "summary", "summary": "Colours", "leafUuid": "u"}),
            said("user", "u1", json!({"role": "user", "content": "Which colour?"})),
            said(
                "assistant",
                "u2",
                json!({"id": "m1", "content": [{"type": "thinking", "thinking": "Hm.", "signature": "s"}]}),
            ),
            said("assistant", "u3", json!({"id": "m1", "content": [{"type": "text", "text": "I look."}]})),
            said(
                "assistant",
                "u4",
                json!({"id": "m1", "content": [
                {"type": "tool_use", "id": "c1", "name": "Read", "input": {"path": "a"}}]}),
            ),
            said(
                "user",
                "u5",
                json!({"content": [{"type": "tool_result", "tool_use_id": "c1",
                "content": [{"type": "text", "text": "teal"}, {"type": "image"}]}]}),
            ),
            said("user", "u6", json!({"content": [{"type": "tool_result", "tool_use_id": "c9", "content": "?"}]})),
            said("assistant", "u7", json!({"id": "m2", "content": [{"type": "text", "text": "Teal."}]})),
            json!({"type": "progress", "data": {}}),
            json!({"type": "user", "isSidechain": true, "message": {"content": "x"}}),
        ]);
        let read = read(Lines::of(text.as_bytes()), "default");
        assert_eq!(
            (read.id.as_deref(), read.workspace.as_deref(), read.title().as_str()),
            (Some("s-1"), Some("/work"), "Colours")
        );
        let told: Vec<(AuthorKind, &str, usize, usize)> = read
            .messages
            .iter()
            .map(|(message, returns)| (message.author.kind, message.id.as_str(), message.parts.len(), returns.len()))
            .collect();
        let expected = [(AuthorKind::Person, "u1", 1, 0), (AuthorKind::Agent, "u2", 3, 1), (AuthorKind::Agent, "u7", 1, 0)];
        assert_eq!(told, expected);
        assert_eq!((read.messages[1].1[0].name.as_str(), &read.messages[1].1[0].output), ("Read", &json!("teal")));
        let passed: Vec<(&str, u64)> = read.passed_over.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
        assert_eq!(
            passed,
            [
                ("answer of an unknown call", 1),
                ("line of a side conversation", 1),
                ("part of what a tool gave that is no text", 1),
                ("progress", 1)
            ]
        );
    }

    #[test]
    fn a_broken_line_is_counted_and_the_others_are_read() {
        let good = r#"{"type":"user","uuid":"u","message":{"content":"Hello"}}"#;
        let broken = ["{\"type\":", "[]", "null", r#"{"type":"user"}"#, r#"{"type":"user","message":{"content":7}}"#];
        let text = format!("{}\n{good}\n\n{}", broken.join("\n"), &good[..30]);
        let read = read(Lines::of(text.as_bytes()), "a");
        assert_eq!((read.messages.len(), read.messages[0].0.text().as_str()), (1, "Hello"));
        assert_eq!(read.passed_over.into_iter().collect::<Vec<_>>(), [("broken line".to_owned(), 6)]);
    }
}
