//! Chat: the reply whole or as it comes, sessions, and what was said.

use ombud::engine::{Engine as _, SessionFilter};
use serde_json::{Value, json};

use super::{Bed, Signs, put, refusal, text};
use crate::support::house::somebody;
use crate::support::model_server::Answer;

const AGENT: &str =
    r#"{"name": "talks", "config": {"model": "small", "temperature": 0.5, "max_tokens": 9, "system_prompt": "Sys."}}"#;

async fn talking(script: Vec<Answer>) -> (Bed, String) {
    let bed = Bed::new(script).await;
    let agent = bed.agent(&serde_json::from_str(AGENT).unwrap()).await;
    (bed, format!("/v1/agents/{agent}/chat"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_opened_and_continued() {
    let (bed, path) = talking(vec![Answer::text("One.").usage(11, 0, 7), Answer::text("Two.")]).await;
    let said = |message: &str| json!({"message": message, "session_id": "session-a"});
    let first = bed.developer.post(&path, &said("first")).await.expect(200);
    let mut signs = Signs::default();
    let expected = json!({
        "id": "msg-<1>", "message": "One.", "session_id": "session-a", "timestamp": "<time>",
        "metadata": {"model": "small", "tokens_used": 18}
    });
    assert_eq!(signs.shown(&first), expected);
    bed.developer.post(&path, &said("second")).await.expect(200);
    let asked = bed.model.requests()[1].body.clone();
    let turns: Vec<(&str, &str)> = asked["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| (message["role"].as_str().unwrap(), message["content"].as_str().unwrap_or("?")))
        .collect();
    assert_eq!(turns, [("system", "Sys."), ("user", "first"), ("assistant", "One."), ("user", "second")]);
    assert_eq!((&asked["model"], &asked["temperature"]), (&json!("small"), &json!(0.5)));

    let history = bed.viewer.get(&format!("{path}/history?session_id=session-a")).await.expect(200);
    let told = signs.shown(&history);
    let items: Vec<Value> = told["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| json!([item["role"], item["sender"], item["content"], item["message"], item["session_id"]]))
        .collect();
    assert_eq!(
        items,
        [
            json!(["user", "user", "first", "first", "session-a"]),
            json!(["assistant", "assistant", "One.", "One.", "session-a"]),
            json!(["user", "user", "second", "second", "session-a"]),
            json!(["assistant", "assistant", "Two.", "Two.", "session-a"]),
        ]
    );
    assert_eq!(told["messages"][1]["id"], "msg-<1>");
    assert_eq!(told["messages"][1]["metadata"], json!({"model": "small", "tokens_used": 18}));
    assert_eq!((&told["total"], &told["limit"]), (&json!(4), &json!(50)));
    let newest = bed.viewer.get(&format!("{path}/history?limit=1")).await.expect(200);
    assert_eq!((&newest["messages"][0]["content"], &newest["total"]), (&json!("Two."), &json!(4)));
    let cut = text(&history["messages"][2], "timestamp");
    let before = bed.viewer.get(&format!("{path}/history?before={cut}")).await.expect(200);
    assert!(before["messages"].as_array().unwrap().iter().all(|item| item["timestamp"].as_str() < Some(&cut)));
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_tells_what_happens_in_its_order() {
    let tool = Answer::calls(vec![("list_files", json!({"path": "."}))]);
    let (bed, path) = talking(vec![tool, Answer::pieces(&[" It", " is", " empty."]).usage(5, 0, 3)]).await;
    let mut events = bed.developer.ask(&path, &json!({"message": "look", "stream": true})).await;
    assert_eq!(events.status, 200);
    assert_eq!(events.headers["content-type"], "text/event-stream");
    assert_eq!(events.headers["cache-control"], "no-cache");
    let (mut told, mut signs) = (Vec::new(), Signs::default());
    while let Some(event) = events.next().await {
        assert_eq!((&event.id, &event.event), (&None, &None));
        told.push(signs.shown(&event.json()));
    }
    let kinds: Vec<&str> = told.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["start", "tool_call", "tool_result", "token", "token", "token", "end"]);
    assert_eq!(told[0], json!({"type": "start", "session_id": "session-<1>"}));
    assert_eq!((&told[1]["name"], &told[1]["arguments"]), (&json!("list_files"), &json!({"path": "."})));
    assert_eq!((&told[2]["id"], &told[2]["is_error"]), (&told[1]["id"], &json!(false)));
    let text: String = told[3..6].iter().map(|event| event["content"].as_str().unwrap()).collect();
    assert_eq!(text, " It is empty.");
    assert_eq!(told[6]["metadata"]["model"], "small");
    let history = bed.viewer.get(&format!("{path}/history")).await.expect(200);
    assert_eq!(signs.shown(&history["messages"][1]["id"]), told[6]["message_id"]);
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_fails_is_told() {
    let (bed, path) = talking(vec![Answer::error(400, "invalid_request_error", "no").always()]).await;
    let plain = bed.developer.post(&path, &json!({"message": "x"})).await;
    assert_eq!(refusal(&plain), json!([503, "SERVICE_UNAVAILABLE", [null]]));
    let events = bed.developer.ask(&path, &json!({"message": "x", "stream": true})).await;
    let id = events.headers["x-request-id"].to_str().unwrap().to_owned();
    let told = events.values().await;
    assert_eq!(told.iter().map(|event| event["type"].as_str().unwrap()).collect::<Vec<_>>(), ["start", "error"]);
    assert_eq!(told[1]["error"]["code"], "SERVICE_UNAVAILABLE");
    assert_eq!(told[1]["error"]["request_id"], json!(id));
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_said_is_refused() {
    let (bed, path) = talking(vec![Answer::text("One.").always()]).await;
    let other = bed.agent(&json!({"name": "another"})).await;
    bed.developer.post(&path, &json!({"message": "x", "session_id": "s1"})).await.expect(200);
    let post = async |path: &str, body: Value| refusal(&bed.developer.post(path, &body).await);
    assert_eq!(post(&path, json!({"session_id": "s1"})).await, json!([400, "VALIDATION_ERROR", ["message"]]));
    assert_eq!(post(&path, json!({"message": "x", "session_id": "a b"})).await[2], json!(["session_id"]));
    assert_eq!(post(&path, json!({"message": "x", "stream": 1})).await[2], json!(["stream"]));
    assert_eq!(post(&path, json!({"message": "x", "files": ["file-none"]})).await[2], json!(["files[0]"]));
    let elsewhere = format!("/v1/agents/{other}/chat");
    assert_eq!(post(&elsewhere, json!({"message": "x", "session_id": "s1"})).await, json!([404, "NOT_FOUND", [null]]));
    assert_eq!(post("/v1/agents/agent-none/chat", json!({"message": "x"})).await, json!([404, "NOT_FOUND", [null]]));
    assert_eq!(refusal(&bed.viewer.post(&path, &json!({"message": "x"})).await), json!([403, "FORBIDDEN", [null]]));
    for query in ["before=yesterday", "limit=0", "limit=201"] {
        let reply = bed.viewer.get(&format!("{path}/history?{query}")).await;
        assert_eq!(refusal(&reply), json!([400, "VALIDATION_ERROR", [query.split('=').next().unwrap()]]));
    }
    put(&bed.admin, path.trim_end_matches("/chat"), &json!({"status": "inactive"})).await.expect(200);
    for stream in [false, true] {
        assert_eq!(post(&path, json!({"message": "x", "stream": stream})).await, json!([409, "CONFLICT", [null]]));
    }
    // With the agent goes what was said.
    bed.admin.delete(path.trim_end_matches("/chat")).await.expect(200);
    let left =
        bed.served.house.sessions(&somebody(), &SessionFilter { limit: 10, ..SessionFilter::default() }).await.unwrap();
    assert_eq!(left.sessions.len(), 0);
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_goes_away_stops_the_agent() {
    let (bed, path) = talking(vec![Answer::pieces(&["One", " two"]).stall_after(2)]).await;
    let mut events = bed.developer.ask(&path, &json!({"message": "x", "stream": true, "session_id": "s"})).await;
    for kind in ["start", "token"] {
        assert_eq!(events.next().await.unwrap().json()["type"], kind);
    }
    drop(events);
    bed.model.wait_until_left(1);
    bed.served.leave().await;
}
