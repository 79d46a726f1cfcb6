//! Every kind of frame, told exactly.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::domain::{FACT_VERSION, RunId, SessionId, Timestamp};

const ID: &str = "0190a000-0000-7000-8000-000000000001";

/// The fact as a log has it, told.
fn told(fact: Value) -> Vec<Value> {
    let mut event = json!({
        "v": FACT_VERSION, "seq": 7, "id": ID, "session": "s", "run": "r", "at": "1970-01-01T00:00:01.000Z",
        "actor": { "kind": "house", "name": "ombud" },
    });
    let fields = fact.as_object().unwrap().clone();
    event.as_object_mut().unwrap().extend(fields);
    let event: Event = serde_json::from_value(event).unwrap();
    assert!(!matches!(event.fact, Fact::Unknown(_)), "{event:?}");
    encode(&Frame::Fact(Arc::new(event)), 2).iter().map(|told| serde_json::to_value(told).unwrap()).collect()
}

fn lines(events: &[Value]) -> String {
    events.iter().map(|event| event.to_string() + "\n").collect()
}

fn message(kind: &str, parts: Value) -> Value {
    json!({
        "type": "message.posted",
        "message": {
            "id": "m", "author": { "kind": kind, "name": "n" }, "parts": parts, "at": "1970-01-01T00:00:01.000Z",
        },
    })
}

#[test]
fn what_was_said() {
    let text = json!([{ "kind": "text", "text": "hello" }]);
    let image = json!([
        { "kind": "text", "text": "what is this" },
        { "kind": "file", "blob": "abc", "media_type": "image/png", "size": 3 },
    ]);
    let mut all = told(message("person", text.clone()));
    all.extend(told(message("environment", text)));
    all.extend(told(message("person", image)));
    assert_eq!(
        lines(&all),
        format!(
            r#"{{"id":"{ID}","type":"user_message","timestamp":1000,"content":"hello","cursor":"2:7"}}
{{"id":"{ID}","type":"environment_input","timestamp":1000,"content":"hello","description":"n","metadata":{{"type":"codebase"}},"cursor":"2:7"}}
{{"id":"{ID}","type":"user_message","timestamp":1000,"content":[{{"type":"text","text":"what is this"}},{{"type":"image_url","image_url":{{"url":"blob:abc"}}}}],"cursor":"2:7"}}
"#
        )
    );
}

fn completed(parts: Value, finish: &str) -> Value {
    json!({
        "type": "message.completed", "message_id": "m", "agent": "default", "parts": parts, "finish": finish,
        "usage": {}, "model": "openai/mock", "round": 1, "first_token_ms": 3, "elapsed_ms": 5,
    })
}

#[test]
fn an_answer_with_thoughts_is_two_events_and_only_the_last_has_the_bare_cursor() {
    let parts = json!([
        { "kind": "reasoning", "text": "Let me think." },
        { "kind": "text", "text": "I look." },
        { "kind": "tool_call", "id": "c", "name": "read_file", "arguments": {"path": "a"}, "arguments_text": "{\"path\": \"a\"}" },
    ]);
    let mut events = told(completed(parts.clone(), "tool_calls"));
    assert_eq!(events, told(completed(parts, "tool_calls")), "told again it is the same");
    assert_ne!(events[0]["id"], events[1]["id"]);
    events[0]["id"] = "other".into();
    assert_eq!(
        lines(&events),
        format!(
            r#"{{"id":"other","type":"assistant_thinking_message","timestamp":1000,"content":"Let me think.","isComplete":true,"messageId":"msg_m","cursor":"2:7.0"}}
{{"id":"{ID}","type":"assistant_message","timestamp":1000,"content":"I look.","rawContent":"","toolCalls":[{{"id":"c","type":"function","function":{{"name":"read_file","arguments":"{{\"path\": \"a\"}}"}}}}],"finishReason":"tool_calls","messageId":"msg_m","ttftMs":3,"ttltMs":5,"cursor":"2:7"}}
"#
        )
    );
}

#[test]
fn calls_and_returns() {
    let mut all = told(json!({
        "type": "tool.called", "call_id": "c", "name": "t", "arguments": null, "place": "here", "effect": "none",
        "message_id": "m", "schema": {"type": "object"}, "description": "does",
    }));
    all.extend(told(json!({
        "type": "tool.returned", "call_id": "c", "name": "t", "status": "failed", "output": {"a": 1}, "elapsed_ms": 4,
        "error": {"code": "not_found", "message": "no such file"}, "arguments": {}, "message_id": "m",
    })));
    assert_eq!(
        lines(&all),
        format!(
            r#"{{"id":"{ID}","type":"tool_call","timestamp":1000,"toolCallId":"c","name":"t","arguments":{{}},"startTime":1000,"tool":{{"name":"t","description":"does","schema":{{"type":"object"}}}},"cursor":"2:7"}}
{{"id":"{ID}","type":"tool_result","timestamp":1000,"toolCallId":"c","name":"t","content":{{"a":1}},"elapsedMs":4,"error":"no such file","cursor":"2:7"}}
"#
        )
    );
}

fn finished(outcome: &str, error: &Value) -> Value {
    json!({
        "type": "run.finished", "agent": "default", "outcome": outcome, "answer": "", "model": "openai/mock", "rounds": 2,
        "tool_calls": 0, "usage": {}, "elapsed_ms": 9, "error": error,
    })
}

#[test]
fn a_run_begins_once_and_always_ends_with_its_true_outcome() {
    let started = |attempt: u32| {
        told(json!({
            "type": "run.started", "agent": "default", "message_id": "m", "input": "hello", "model": "openai/mock", "attempt": attempt,
            "process": "p", "base_seq": 0,
        }))
    };
    assert_eq!(
        lines(&started(1)),
        format!(
            r#"{{"id":"{ID}","type":"agent_run_start","timestamp":1000,"sessionId":"s","runOptions":{{"input":"hello","stream":true,"sessionId":"s"}},"provider":"openai","model":"mock","modelDisplayName":"mock","agentName":"default","cursor":"2:7"}}
"#
        )
    );
    assert!(started(2).is_empty());
    let kinds = |events: Vec<Value>| -> Vec<String> {
        let kinds = events.iter().map(|event| {
            let words = ["type", "level", "finishReason", "status", "cursor"].map(|key| event[key].as_str().unwrap_or("-"));
            words.join(" ")
        });
        kinds.collect()
    };
    let model = json!({"code": "model_failed", "message": "400 mock failure"});
    let spent = json!({"code": "budget_exhausted", "message": "no turns left"});
    assert_eq!(kinds(told(finished("completed", &Value::Null))), ["agent_run_end - - idle 2:7"]);
    assert_eq!(
        kinds(told(finished("cancelled", &Value::Null))),
        ["assistant_message - abort - 2:7.0", "agent_run_end - - aborted 2:7"]
    );
    assert_eq!(kinds(told(finished("failed", &model))), ["system error - - 2:7.0", "agent_run_end - - error 2:7"]);
    assert_eq!(
        kinds(told(finished("failed", &spent))),
        ["system warning - - 2:7.0", "assistant_message - max_iterations - 2:7.1", "agent_run_end - - error 2:7"]
    );
    let failed = told(finished("failed", &model));
    assert_eq!(failed[0]["message"], "Error in agent execution: Error: 400 mock failure");
    assert_eq!(failed[0]["details"]["error"], "Error: 400 mock failure");
    assert_eq!(failed[0]["details"]["provider"], "openai");
    assert_eq!(failed[1]["iterations"], 2);
}

#[test]
fn a_history_from_elsewhere_is_told_with_what_its_calls_gave() {
    let events = told(json!({
        "type": "message.imported",
        "message": {
            "id": "m", "author": { "kind": "agent", "name": "n" }, "at": "1970-01-01T00:00:01.000Z",
            "parts": [{ "kind": "tool_call", "id": "c", "name": "t", "arguments": {}, "arguments_text": "{}" }],
        },
        "returns": [{ "id": "c", "name": "t", "status": "ok", "output": "o", "elapsed_ms": 1 }],
    }));
    let kinds: Vec<_> =
        events.iter().map(|event| (event["type"].as_str().unwrap(), event["cursor"].as_str().unwrap())).collect();
    assert_eq!(kinds, [("assistant_message", "2:7.0"), ("tool_call", "2:7.1"), ("tool_result", "2:7")]);
}

fn piece(delta: Delta) -> Vec<Value> {
    let live = LiveDelta {
        v: FACT_VERSION,
        cursor: "2:7/0@5~1".parse().unwrap(),
        session: SessionId::from_text("s"),
        run: RunId::from_text("r"),
        at: Timestamp::from_millis(1_000),
        agent: "default".into(),
        delta,
    };
    let told = encode(&Frame::Delta(std::sync::Arc::new(live)), 2);
    told.iter().map(|event| serde_json::to_value(event).unwrap()).collect()
}

#[test]
fn pieces_are_told_without_the_pieces_before_them() {
    let message_id = || MessageId::from_text("m");
    let call = PartStart::ToolCall { id: crate::domain::CallId::from_text("c"), name: "t".into() };
    let mut all = Vec::new();
    for part in [PartStart::Text, PartStart::Reasoning, call] {
        all.extend(piece(Delta::Opened { message_id: message_id(), index: 0, part: part.clone() }));
        let text = "Hello".to_owned();
        all.extend(piece(Delta::Grew { message_id: message_id(), index: 0, part: part.clone(), offset: 0, text }));
        all.extend(piece(Delta::Closed { message_id: message_id(), index: 0, part }));
    }
    let ids: Vec<_> = all.iter_mut().map(|event| event.as_object_mut().unwrap().shift_remove("id").unwrap()).collect();
    assert_eq!(ids[0], ids[1], "the same place in the same message");
    assert_ne!(ids[2], ids[3]);
    assert_eq!(
        lines(&all),
        r#"{"type":"assistant_streaming_message","timestamp":1000,"content":"Hello","isComplete":false,"messageId":"msg_m","cursor":"2:7/0@5~1"}
{"type":"assistant_streaming_thinking_message","timestamp":1000,"content":"Hello","isComplete":false,"messageId":"msg_m","cursor":"2:7/0@5~1"}
{"type":"assistant_streaming_tool_call","timestamp":1000,"toolCallId":"c","toolName":"t","arguments":"","isComplete":false,"messageId":"msg_m","cursor":"2:7/0@5~1"}
{"type":"assistant_streaming_tool_call","timestamp":1000,"toolCallId":"c","toolName":"t","arguments":"Hello","isComplete":false,"messageId":"msg_m","cursor":"2:7/0@5~1"}
{"type":"assistant_streaming_tool_call","timestamp":1000,"toolCallId":"c","toolName":"t","arguments":"","isComplete":true,"messageId":"msg_m","cursor":"2:7/0@5~1"}
"#
    );
}
