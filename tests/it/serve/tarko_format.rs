//! `--format tarko`: the events that the server would send, from the command line.

use ombud::config::Wire;
use serde_json::{Value, json};

use crate::support::model_server::{Answer, ModelServer};
use crate::support::ombud::Ombud;

/// The type of a line with its keys, in their order.
fn form(line: &Value) -> String {
    let keys: Vec<&str> = line.as_object().unwrap().keys().map(String::as_str).filter(|key| *key != "type").collect();
    format!("{}: {}", line["type"].as_str().unwrap(), keys.join(" "))
}

#[test]
fn a_run_is_told_as_events_and_then_as_a_result() {
    let calls = Answer::reasoning(&["Hm."]).and_calls(vec![("read_file", json!({"path": "a.txt"}))]);
    let server = ModelServer::start(Wire::Openai, vec![calls, Answer::text("Done.")]);
    let ombud = Ombud::with_model(&server, Wire::Openai);
    ombud.file("a.txt", "words\n");
    let lines = ombud.run(&["oneshot", "Hello", "--session-id", "s", "--format", "tarko"]).jsonl();
    let said: Vec<_> = lines.iter().map(form).collect();
    assert_eq!(
        said,
        [
            "user_message: id timestamp content cursor",
            "agent_run_start: id timestamp sessionId runOptions provider model modelDisplayName agentName cursor",
            "assistant_streaming_thinking_message: id timestamp content isComplete messageId cursor",
            "assistant_streaming_tool_call: id timestamp toolCallId toolName arguments isComplete messageId cursor",
            "assistant_streaming_tool_call: id timestamp toolCallId toolName arguments isComplete messageId cursor",
            "assistant_streaming_tool_call: id timestamp toolCallId toolName arguments isComplete messageId cursor",
            "assistant_thinking_message: id timestamp content isComplete messageId cursor",
            "assistant_message: id timestamp content rawContent toolCalls finishReason messageId ttftMs ttltMs cursor",
            "tool_call: id timestamp toolCallId name arguments startTime tool cursor",
            "tool_result: id timestamp toolCallId name content elapsedMs cursor",
            "assistant_streaming_message: id timestamp content isComplete messageId cursor",
            "assistant_message: id timestamp content rawContent finishReason messageId ttftMs ttltMs cursor",
            "agent_run_end: id timestamp sessionId iterations elapsedMs status cursor",
            "result: session run status answer model turns usage tool_calls denied notices output error exit_code duration_ms",
        ]
    );
    // The log tells the same, without the pieces.
    let events = ombud.run(&["sessions", "events", "s", "--format", "tarko"]).jsonl();
    let kept = lines.iter().filter(|line| {
        let kind = line["type"].as_str().unwrap();
        kind != "result" && !kind.contains("_streaming_")
    });
    assert_eq!(events, kept.cloned().collect::<Vec<_>>());
    // A failure that comes before there is anything to tell is a result alone.
    let failed = ombud.run(&["oneshot", "Hello", "-s", "nobody", "--format", "tarko"]);
    let lines = failed.jsonl();
    assert_eq!((lines.len(), &lines[0]["type"], &lines[0]["exit_code"]), (1, &json!("result"), &json!(4)));
    server.finish();
}
