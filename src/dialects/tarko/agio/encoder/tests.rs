//! Facts of a run, in the form in which they are kept, become the events that the receiver of the original gets.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;

fn fact(kind: &str, at: &str, fields: Value) -> Frame {
    let mut event = json!({
        "v": 1, "seq": 1, "id": "e", "session": "s", "run": "r", "at": at,
        "actor": { "kind": "house", "name": "ombud" }, "type": kind,
    });
    event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let event: Event = serde_json::from_value(event).unwrap();
    assert!(!matches!(event.fact, Fact::Unknown(_)), "{kind} is not of its form");
    Frame::Fact(Arc::new(event))
}

fn delta(at: &str, fields: Value) -> Frame {
    let delta = serde_json::from_value(fields).unwrap();
    let at = serde_json::from_value(at.into()).unwrap();
    let cursor = "1:1".parse().unwrap();
    let (session, run) = (crate::domain::SessionId::from_text("s"), RunId::from_text("r"));
    Frame::Delta(std::sync::Arc::new(crate::domain::LiveDelta {
        v: 1,
        cursor,
        session,
        run,
        at,
        agent: "default".into(),
        delta,
    }))
}

fn posted(parts: Value) -> Frame {
    let message = json!({ "id": "m1", "author": { "kind": "person", "name": "p" }, "parts": parts,
        "at": "1970-01-01T00:00:01.000Z" });
    fact("message.posted", "1970-01-01T00:00:01.000Z", json!({ "message": message }))
}

fn started() -> Frame {
    let fields = json!({ "agent": "default", "message_id": "m2", "model": "house/small", "attempt": 1, "process": "p",
        "base_seq": 1 });
    fact("run.started", "1970-01-01T00:00:01.002Z", fields)
}

fn finished(outcome: &str) -> Frame {
    let usage = json!({ "input_tokens": 1, "output_tokens": 1 });
    let fields = json!({ "agent": "default", "outcome": outcome, "answer": "a", "rounds": 2, "tool_calls": 1,
        "usage": usage, "elapsed_ms": 49 });
    fact("run.finished", "1970-01-01T00:00:01.051Z", fields)
}

fn encoded(encoder: &mut RunEncoder, frames: &[Frame]) -> Vec<Value> {
    frames.iter().flat_map(|frame| encoder.encode(frame).0).collect()
}

#[test]
fn a_run_with_a_tool_is_told_as_the_original_tells_it() {
    let about = About { max_tokens: Some(100), temperature: Some(0.5), tools: 1, providers: 2 };
    let mut encoder = RunEncoder::new(RunId::from_text("r"), Some(about));
    let call = json!({ "call_id": "c", "name": "browser_click", "arguments": { "location": "Paris" }, "place": "here",
        "effect": "none", "message_id": "m2" });
    let gave = json!({ "call_id": "c", "name": "browser_click", "status": "ok", "output": { "t": 21 }, "elapsed_ms": 1,
        "arguments": { "location": "Paris" }, "message_id": "m2" });
    let frames = [
        posted(json!([{ "kind": "text", "text": "weather please" }])),
        started(),
        fact("tool.called", "1970-01-01T00:00:01.040Z", call),
        fact("tool.returned", "1970-01-01T00:00:01.041Z", gave),
        delta(
            "1970-01-01T00:00:01.045Z",
            json!({ "type": "part.opened", "message_id": "m2", "index": 0, "part": { "kind": "reasoning" } }),
        ),
        delta(
            "1970-01-01T00:00:01.046Z",
            json!({ "type": "part.grew", "message_id": "m2", "index": 0, "part": { "kind": "reasoning" }, "offset": 0, "text": "hm" }),
        ),
        delta(
            "1970-01-01T00:00:01.047Z",
            json!({ "type": "part.opened", "message_id": "m2", "index": 1, "part": { "kind": "text" } }),
        ),
        delta(
            "1970-01-01T00:00:01.049Z",
            json!({ "type": "part.grew", "message_id": "m2", "index": 1, "part": { "kind": "text" }, "offset": 0, "text": "It" }),
        ),
        delta(
            "1970-01-01T00:00:01.050Z",
            json!({ "type": "part.grew", "message_id": "m2", "index": 1, "part": { "kind": "text" }, "offset": 2, "text": " is" }),
        ),
        finished("completed"),
    ];
    let config = json!({ "modelProvider": "house", "modelName": "small", "maxTokens": 100, "temperature": 0.5,
        "plannerEnabled": false, "thinkingEnabled": false, "researchEnabled": false, "customMcpServers": false });
    let expected = [
        json!({ "type": "agent_loop_start", "timestamp": 1000, "sessionId": "s", "iteration": 1 }),
        json!({ "type": "agent_initialized", "timestamp": 1002, "sessionId": "s", "config": config,
            "count": { "mcpServersCount": 0, "toolsCount": 1, "modelProvidersCount": 2 } }),
        json!({ "type": "agent_run_start", "timestamp": 1002, "sessionId": "s", "runId": "s", "input": "weather please",
            "isMultimodalInput": false, "streaming": true }),
        json!({ "type": "tool_call", "timestamp": 1040, "sessionId": "s", "runId": "s", "toolName": "browser_click",
            "toolCallId": "c", "arguments": { "location": "Paris" }, "argumentsSize": 20, "mcpServer": "browser" }),
        json!({ "type": "tool_result", "timestamp": 1041, "sessionId": "s", "runId": "s", "toolName": "browser_click",
            "toolCallId": "c", "executionTimeMs": 1, "successful": true, "resultSize": 8, "contentType": "object" }),
        json!({ "type": "agent_ttft", "timestamp": 1049, "sessionId": "s", "runId": "s", "modelName": "small", "ttftMs": 47 }),
        json!({ "type": "agent_run_end", "timestamp": 1051, "sessionId": "s", "runId": "s", "executionTimeMs": 49,
            "loopCount": 2, "successful": true, "error": "" }),
    ];
    assert_eq!(encoded(&mut encoder, &frames), expected);
}

#[test]
fn ends_tell_what_they_are() {
    for (outcome, successful, error) in
        [("completed", true, ""), ("silent", true, ""), ("cancelled", false, ""), ("failed", false, "AgentRunError")]
    {
        let mut encoder = RunEncoder::new(RunId::from_text("r"), None);
        let (events, ended) = encoder.encode(&finished(outcome));
        assert!(ended);
        assert_eq!((&events[0]["successful"], &events[0]["error"]), (&json!(successful), &json!(error)), "{outcome}");
    }
}

#[test]
fn a_later_run_of_a_session_and_files_among_the_input() {
    let mut encoder = RunEncoder::new(RunId::from_text("r"), None);
    let file = json!({ "kind": "file", "blob": "00", "media_type": "image/png", "size": 1 });
    let events = encoded(&mut encoder, &[posted(json!([{ "kind": "text", "text": "see" }, file])), started()]);
    assert_eq!(events.len(), 2);
    assert_eq!(events[1]["input"], "[Complex multimodal input]");
    assert_eq!(events[1]["isMultimodalInput"], true);
    let mut other = RunEncoder::new(RunId::from_text("another"), None);
    assert_eq!(encoded(&mut other, &[started(), finished("completed")]), Vec::<Value>::new());
}

#[test]
fn secrets_and_long_texts_among_arguments_are_not_told() {
    let arguments = json!({
        "apiKey": "a", "Authorization": { "x": "b" }, "list": [{ "user_password": ["c"] }, "plain"],
        "text": "x".repeat(1_001), "edge": "y".repeat(1_000), "monkey": "d",
    });
    let told = told(&arguments);
    assert_eq!(told["apiKey"], "[REDACTED]");
    assert_eq!(told["Authorization"], "[REDACTED]");
    assert_eq!(told["list"], json!([{ "user_password": "[REDACTED]" }, "plain"]));
    assert_eq!(told["text"], format!("{}...[TRUNCATED]", "x".repeat(100)));
    assert_eq!(told["edge"], "y".repeat(1_000));
    // As the original does: the word is looked for anywhere in the key.
    assert_eq!(told["monkey"], "[REDACTED]");
}
