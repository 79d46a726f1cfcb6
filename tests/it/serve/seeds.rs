//! Every example of both documentations, as it is printed and with a session that is there, bare and below the prefix.

use ombud::config::Wire;
use serde_json::{Value, json};

use crate::support::model_server::{Answer, ModelServer};
use crate::support::server::{Reply, Served, send};

/// An example: where, and the body as it is printed, where there is one.
struct Example {
    path: &'static str,
    body: Option<&'static str>,
}

const fn example(path: &'static str, body: Option<&'static str>) -> Example {
    Example { path, body }
}

/// The newer server's, in the order of its page. `abc123` stands for a session.
const NEWER: [Example; 3] = [
    example("/api/v1/sessions/create", None),
    example("/api/v1/sessions/query", Some(r#"{"sessionId":"abc123","query":"Hello!"}"#)),
    example("/api/v1/sessions/query/stream", Some(r#"{"sessionId":"abc123","query":"Tell me a story"}"#)),
];

/// The older server's, in the order of its page. `session_1234567890` stands for a session.
const OLDER: [Example; 5] = [
    example("/api/sessions/create", Some("")),
    example("/api/sessions/query", Some(r#"{"sessionId": "session_1234567890", "query": "What is the weather today?"}"#)),
    example("/api/sessions/query/stream", Some(r#"{"sessionId": "session_1234567890", "query": "Tell me a long story"}"#)),
    example("/api/sessions/abort", Some(r#"{"sessionId": "session_1234567890"}"#)),
    example("/api/sessions/session_1234567890/abort", Some("")),
];

async fn run(served: &Served, example: &Example, prefix: &str, session: &str, printed: &str) -> Reply {
    let path = format!("{prefix}{}", example.path.replace(printed, session));
    let request = served.client.request("POST", &path);
    send(match example.body {
        None => request,
        Some(body) => request.header("content-type", "application/json").body(body.replace(printed, session)),
    })
    .await
}

fn events(reply: &Reply) -> Vec<Value> {
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("content-type"), Some("text/event-stream"));
    let text = reply.text();
    let frames = text.split("\n\n").filter(|frame| !frame.is_empty());
    frames.map(|frame| serde_json::from_str(frame.strip_prefix("data: ").unwrap()).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_examples_of_the_newer_page() {
    for prefix in ["", "/tarko"] {
        let model = ModelServer::start(Wire::Openai, vec![Answer::text("Hello there."), Answer::pieces(&["Once ", "upon"])]);
        let served = Served::start(&model).await;
        let [create, query, stream] = &NEWER;
        let created = run(&served, create, prefix, "", "abc123").await.expect(201);
        let id = created["sessionId"].as_str().unwrap().to_owned();
        let answer = run(&served, query, prefix, &id, "abc123").await.expect(200);
        assert_eq!(answer["result"], "Hello there.");
        let told = events(&run(&served, stream, prefix, &id, "abc123").await);
        assert_eq!((&told[0]["type"], &told[0]["content"]), (&json!("user_message"), &json!("Tell me a story")));
        assert_eq!(told.last().unwrap()["type"], "agent_run_end");
        for example in [query, stream] {
            let printed = run(&served, example, prefix, "abc123", "abc123").await.expect(404);
            let told = (&printed["error"], &printed["code"], &printed["message"], &printed["details"]["sessionId"]);
            let expected = ("Session not found", "SESSION_NOT_FOUND", "Session abc123 does not exist", "abc123");
            let expected = (&json!(expected.0), &json!(expected.1), &json!(expected.2), &json!(expected.3));
            assert_eq!(told, expected);
            assert!(printed["details"]["timestamp"].is_i64());
        }
        model.finish();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_examples_of_the_older_page() {
    for prefix in ["", "/agent-tars"] {
        let model = ModelServer::start(Wire::Openai, vec![Answer::text("Sunny."), Answer::pieces(&["Once ", "upon"])]);
        let served = Served::start(&model).await;
        let printed = "session_1234567890";
        let created = run(&served, &OLDER[0], prefix, "", printed).await.expect(201);
        assert_eq!(created.as_object().unwrap().keys().collect::<Vec<_>>(), ["sessionId"]);
        let id = created["sessionId"].as_str().unwrap().to_owned();
        assert_eq!(run(&served, &OLDER[1], prefix, &id, printed).await.expect(200)["result"], "Sunny.");
        let told = events(&run(&served, &OLDER[2], prefix, &id, printed).await);
        assert_eq!(told.last().unwrap()["type"], "agent_run_end");
        for example in &OLDER[3..] {
            let idle = run(&served, example, prefix, &id, printed).await.expect(200);
            assert_eq!(idle, json!({ "success": false }), "{}", example.path);
        }
        for example in &OLDER[1..] {
            let missing = run(&served, example, prefix, printed, printed).await.expect(404);
            assert_eq!(missing["error"], "Session not found", "{}", example.path);
        }
        model.finish();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_routes_of_the_older_page_with_the_shapes_that_it_names() {
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("hi")]);
    let served = Served::start(&model).await;
    let client = &served.client;
    let id = client.post("/api/sessions/create", &json!({})).await.expect(201)["sessionId"].as_str().unwrap().to_owned();
    let body = json!({ "sessionId": id });
    client.post("/api/sessions/query", &json!({ "sessionId": id, "query": "hello" })).await.expect(200);
    // The id of details stands in the body of a GET, as the page says, or in the address, as the server has it.
    let named = format!("/api/sessions/details?sessionId={id}");
    let details = client.get(&named).await.expect(200);
    assert_eq!(send(client.request("GET", "/api/sessions/details").json(&body)).await.expect(200), details);
    let keys: Vec<&str> = details["session"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["id", "createdAt", "updatedAt", "workingDirectory", "active"]);
    assert_eq!(details["session"]["active"], true);
    let change = json!({ "sessionId": id, "name": "Renamed", "tags": ["x"] });
    let updated = client.post("/api/sessions/update", &change).await.expect(200);
    assert_eq!((&updated["session"]["name"], &updated["session"]["tags"]), (&json!("Renamed"), &json!(["x"])));
    let listed = client.get("/api/sessions").await.expect(200);
    assert_eq!((&listed["sessions"][0]["id"], &listed["sessions"][0]["name"]), (&json!(id), &json!("Renamed")));
    let posted = client.post("/api/sessions/events", &body).await.expect(200);
    assert_eq!(posted, client.get(&format!("/api/sessions/events?sessionId={id}")).await.expect(200));
    assert_eq!(posted["events"].as_array().unwrap().len(), 4);
    let latest = client.get("/api/sessions/events/latest").await.expect(200);
    assert_eq!((&latest["sessionId"], &latest["events"]), (&json!(id), &posted["events"]));
    assert_eq!(latest["sessionMetadata"]["name"], "Renamed");
    let status = client.get(&format!("/api/sessions/status?sessionId={id}")).await.expect(200);
    assert_eq!(status, json!({ "sessionId": id, "status": { "isProcessing": false, "state": "idle" } }));
    let control = client.get(&format!("/api/sessions/browser-control?sessionId={id}")).await.expect(200);
    assert_eq!(control, json!({ "mode": "default", "tools": [] }));
    assert_eq!(client.get("/api/model-info").await.expect(200), json!({ "provider": "house", "model": "small" }));
    assert_eq!(client.get("/api/health").await.expect(200), json!({ "status": "ok" }));
    let restored = client.post("/api/sessions/restore", &body).await.expect(200);
    assert_eq!((&restored["success"], &restored["session"]["active"]), (&json!(true), &json!(true)));
    assert_eq!(client.post("/api/sessions/delete", &body).await.expect(200), json!({ "success": true }));
    for gone in ["delete", "restore"] {
        let missing = client.post(&format!("/api/sessions/{gone}"), &body).await.expect(404);
        assert_eq!(missing["error"], "Session not found in storage");
    }
    assert_eq!(client.get("/api/sessions/events/latest").await.expect(404)["error"], "No sessions found");
    assert_eq!(client.get("/api/sessions/details").await.expect(400)["error"], "Session ID is required");
    model.finish();
}
