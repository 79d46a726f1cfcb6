//! Transcripts of other programs, as public descriptions tell their form.

use serde_json::json;

use crate::support::ombud::Ombud;
use crate::support::schema::check;

#[test]
fn transcripts_of_others_become_sessions() {
    let ombud = Ombud::new();
    let said = |kind: &str, uuid: &str, content: serde_json::Value| {
        json!({"type": kind, "uuid": uuid, "sessionId": "0198c0de-0000-7000-8000-00000000aaaa", "cwd": "/nowhere/at/all",
            "timestamp": "2026-11-19T10:00:00.000Z", "message": {"role": kind, "content": content}})
    };
    let claude = [
        json!({"type": "file-history-snapshot", "messageId": "u1"}),
        said("user", "u1", json!("Which colour has the parrot?")),
        said("assistant", "u2", json!([{"type": "tool_use", "id": "t1", "name": "Read", "input": {"file_path": "a"}}])),
        said("user", "u3", json!([{"type": "tool_result", "tool_use_id": "t1", "content": "green"}])),
        said("assistant", "u4", json!([{"type": "text", "text": "Green."}])),
    ];
    let text: String = claude.iter().map(|line| format!("{line}\n")).collect();
    ombud.file("claude.jsonl", &text);
    let imported = ombud.json(&["sessions", "import", "claude.jsonl", "--tag", "brought"]);
    check("import", &imported);
    assert_eq!((&imported["form"], &imported["messages"]), (&json!("claude_code"), &json!(3)));
    assert_eq!(imported["passed_over"], json!({"file-history-snapshot": 1}));
    let shown = ombud.json(&["sessions", "show", "0198c0de"]);
    check("show", &shown);
    assert_eq!((&shown["title"], &shown["tags"]), (&json!("Which colour has the parrot?"), &json!(["brought"])));
    assert_eq!(shown["messages"][1]["returns"][0]["output"], "green");
    assert_eq!(shown["messages"][2]["parts"][0]["text"], "Green.");
    let again = ombud.run(&["sessions", "import", "claude.jsonl"]);
    assert!(again.exit != 0 && again.stderr.contains("exists"), "{again:?}");

    let item = |payload: serde_json::Value| json!({"timestamp": "2026-11-19T10:00:00.000Z", "type": "response_item", "payload": payload});
    let codex = [
        json!({"timestamp": "2026-11-19T10:00:00.000Z", "type": "session_meta", "payload": {"id": "rollout-1", "cwd": "/x"}}),
        item(json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Run it"}]})),
        item(json!({"type": "function_call", "call_id": "c", "name": "shell", "arguments": "{\"command\":[\"ls\"]}"})),
        item(json!({"type": "function_call_output", "call_id": "c", "output": "a.txt"})),
        item(
            json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "There is a.txt."}]}),
        ),
    ];
    let text: String = codex.iter().map(|line| format!("{line}\n")).collect();
    let piped = ombud.run_with(&["sessions", "import", "-"], text.as_bytes());
    assert_eq!((piped.exit, piped.stdout.as_str()), (0, "rollout-1\n"), "{piped:?}");
    assert_eq!(piped.stderr, "note: imported 3 messages of a transcript of Codex\n");
    // The history is one that can be continued.
    assert_eq!(ombud.run(&["oneshot", "What is 6 * 7?", "-s", "rollout-1"]).exit, 0);
    let cut = &text[..text.len() - 20];
    // A program that is ended while it writes leaves half a line.
    let torn = ombud.run_with(&["sessions", "import", "-", "--id", "torn"], cut.as_bytes());
    let told = "note: imported 2 messages of a transcript of Codex\nnote: passed over: 1 broken line\n";
    assert_eq!((torn.exit, torn.stderr.as_str()), (0, told), "{torn:?}");
}
