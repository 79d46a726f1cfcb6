//! Tarko's sessions over HTTP: what the recordings do not show.

use std::collections::BTreeMap;

use ombud::config::{Provider, Wire};
use ombud::domain::ModelChoice;
use serde_json::{Value, json};

use crate::support::model_server::{Answer, Gate, ModelServer};
use crate::support::server::{Client, Served, within};

async fn created(client: &Client, body: &Value) -> String {
    let created = client.post("/api/v1/sessions/create", body).await.expect(201);
    assert_eq!(created["events"], json!([]));
    created["sessionId"].as_str().unwrap().to_owned()
}

async fn details(client: &Client, id: &str) -> Value {
    client.get(&format!("/api/v1/sessions/details?sessionId={id}")).await.expect(200)["session"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_about_a_session_is_kept_where_it_belongs_and_no_secret_is() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start_with(&model, |settings| {
        let provider = settings.providers["house"].clone();
        settings.providers.insert("anthropic".to_owned(), Provider { headers: BTreeMap::new(), ..provider });
        settings.server.models = vec![ModelChoice::new("anthropic", "claude-3-opus")];
    })
    .await;
    let client = &served.client;
    let options = json!({
        "agentOptions": {"temperature": 0.1, "model": {"provider": "house", "id": "small", "apiKey": "canary-1", "baseURL": "http://canary-2"}},
        "runtimeSettings": {"lang": "en", "apiKey": "canary-3"},
    });
    let id = created(client, &options).await;
    let update = async |mut body: Value| {
        body["sessionId"] = json!(id);
        client.post("/api/v1/sessions/update", &body).await
    };
    // As the readme of the original has it: at the top, and the model by its old name.
    update(json!({"name": "Updated Session Name", "tags": ["updated", "important"]})).await.expect(200);
    let model_config = json!({"provider": "anthropic", "modelId": "claude-3-opus", "headers": {"x": "canary-4"}});
    let metadata = json!({"modelConfig": model_config, "favourite": true, "nested": [{"password": "canary-5"}]});
    let told = update(json!({"metadata": metadata})).await.expect(200);
    let mut metadata = told["session"]["metadata"].clone();
    let agent = metadata.as_object_mut().unwrap().shift_remove("agentInfo").unwrap();
    assert_eq!(agent["name"], "default");
    assert_eq!(
        metadata,
        json!({
            "modelConfig": {"provider": "anthropic", "modelId": "claude-3-opus", "id": "claude-3-opus"},
            "runtimeSettings": {"lang": "en"},
            "agentOptions": {"temperature": 0.1, "model": {"provider": "house", "id": "small"}},
            "favourite": true,
            "nested": [{}],
            "name": "Updated Session Name",
            "tags": ["important", "updated"],
        })
    );
    // An unknown model changes nothing.
    let refused =
        update(json!({"name": "no", "metadata": {"modelConfig": {"provider": "house", "id": "nope"}}})).await.expect(400);
    assert_eq!((&refused["error"], &refused["code"]), (&json!("Invalid model configuration"), &json!("INVALID_REQUEST")));
    let told = update(json!({"metadata": {"name": null, "modelConfig": null, "favourite": null}})).await.expect(200);
    let metadata = &told["session"]["metadata"];
    assert_eq!((metadata.get("name"), &metadata["favourite"]), (None, &Value::Null));
    assert_eq!(metadata["modelConfig"]["id"], "small");
    let large = update(json!({"metadata": {"x": "y".repeat(300_000)}})).await.expect(413);
    assert_eq!(large["code"], "PAYLOAD_TOO_LARGE");
    let all = client.get("/api/v1/sessions").await.text();
    assert!(!all.contains("canary"), "{all}");
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn options_of_a_session_reach_the_model() {
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("Yes."), Answer::calls(vec![("list_files", json!({}))])]);
    let served = Served::start(&model).await;
    let client = &served.client;
    let options = json!({"agentOptions": {
        "temperature": 0.1, "maxTokens": 77, "instructions": "Speak French.", "thinking": {"type": "disabled"}, "maxIterations": 1,
    }});
    let id = created(client, &options).await;
    let query = json!({"sessionId": id, "query": "hello"});
    assert_eq!(client.post("/api/v1/sessions/query", &query).await.expect(200)["result"], "Yes.");
    // The second needs more than one round.
    let spent = client.post("/api/v1/sessions/query", &query).await.expect(200);
    assert_eq!(spent["event"]["finishReason"], "max_iterations");
    let asked = &model.requests()[0].body;
    assert_eq!(
        (&asked["temperature"], &asked["max_tokens"], &asked["reasoning_effort"]),
        (&json!(0.1), &json!(77), &json!("none"))
    );
    assert_eq!(asked["messages"][0]["content"], "Be brief.\n\nSpeak French.");
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_goes_away_does_not_stop_the_run_and_who_comes_back_sees_all() {
    let gate = Gate::new();
    let model = ModelServer::start(Wire::Openai, vec![Answer::pieces(&["One", " two"]).wait_after(2, &gate)]);
    let served = Served::start(&model).await;
    let client = &served.client;
    let id = created(client, &json!({})).await;
    let mut stream = client.ask("/api/v1/sessions/query/stream", &json!({"sessionId": id, "query": "count"})).await;
    let mut kinds = Vec::new();
    while kinds.last() != Some(&"assistant_streaming_message".to_owned()) {
        let event = stream.next_raw().await.unwrap();
        assert_eq!((event.id.as_ref(), event.event.as_ref(), event.comment.as_ref()), (None, None, None));
        kinds.push(event.json()["type"].as_str().unwrap().to_owned());
    }
    drop(stream);
    assert_eq!(kinds, ["user_message", "agent_run_start", "assistant_streaming_message"]);
    let status = format!("/api/v1/sessions/status?sessionId={id}");
    let expected = json!({"isProcessing": true, "state": "executing"});
    assert_eq!(client.get(&status).await.expect(200)["status"], expected);
    gate.open();
    let mut stream = client.listen(&format!("/api/v1/sessions/events/stream?sessionId={id}")).await;
    let mut last = json!({});
    while last["type"] != "agent_run_end" {
        last = within("the run ends", stream.next()).await.unwrap().json();
    }
    assert_eq!(last["status"], "idle");
    assert_eq!(client.get(&status).await.expect(200)["status"], json!({"isProcessing": false, "state": "idle"}));
    let events = client.get(&format!("/api/v1/sessions/events?sessionId={id}")).await.expect(200);
    let contents: Vec<_> =
        events["events"].as_array().unwrap().iter().filter_map(|event| event["content"].as_str()).collect();
    assert_eq!(contents, ["count", "One two"]);
    assert_eq!(details(client, &id).await["active"], true);
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_run_can_begin_as_soon_as_one_was_aborted() {
    let gate = Gate::new();
    let slow = || Answer::pieces(&["One", " two"]).wait_after(2, &gate);
    let model = ModelServer::start(Wire::Openai, vec![slow(), slow(), Answer::text("Here.")]);
    let served = Served::start(&model).await;
    let client = &served.client;
    let id = created(client, &json!({})).await;
    let abort = json!({"sessionId": id});
    for asked in 1..=2 {
        let stream = client.ask("/api/v1/sessions/query/stream", &json!({"sessionId": id, "query": "count"})).await;
        model.wait_for_requests(asked);
        assert_eq!(client.post("/api/v1/sessions/abort", &abort).await.expect(200), json!({"success": true}));
        let events = stream.values().await;
        let ends: Vec<_> = events.iter().rev().take(2).map(|event| (&event["type"], &event["status"])).collect();
        assert_eq!(ends, [(&json!("agent_run_end"), &json!("aborted")), (&json!("assistant_message"), &Value::Null)]);
        let status = client.get(&format!("/api/v1/sessions/status?sessionId={id}")).await.expect(200);
        assert_eq!(status["status"], json!({"isProcessing": false, "state": "aborted"}));
    }
    let answer = client.post("/api/v1/sessions/query", &json!({"sessionId": id, "query": "hello"})).await.expect(200);
    assert_eq!(answer["result"], "Here.");
    assert_eq!(client.post("/api/v1/sessions/abort", &abort).await.expect(200), json!({"success": false}));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_is_refused_in_one_shape() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    let client = &served.client;
    let id = created(client, &json!({})).await;
    for strange in ["a%2Fb", "..%2F..%2Fetc", "%00", "%0a", "x%20y", &"x".repeat(200), "-", "%F0%9F%92%A9"] {
        let refused = client.get(&format!("/api/v1/sessions/details?sessionId={strange}")).await.expect(404);
        assert_eq!(
            (&refused["error"], &refused["code"]),
            (&json!("Session not found"), &json!("SESSION_NOT_FOUND")),
            "{strange}"
        );
        assert!(refused["details"]["timestamp"].is_i64() && refused["details"]["sessionId"].is_string(), "{refused}");
    }
    for (body, status, code) in [
        ("{bad", 400, "INVALID_REQUEST"),
        ("\"text\"", 400, "INVALID_REQUEST"),
        ("[]", 400, "INVALID_REQUEST"),
        (&"[".repeat(10_000), 400, "INVALID_REQUEST"),
        ("{\"sessionId\": \"\u{0}\"}", 400, "INVALID_REQUEST"),
    ] {
        let request = client.request("POST", "/api/v1/sessions/update").header("content-type", "application/json");
        let reply = crate::support::server::send(request.body(body.to_owned())).await;
        assert_eq!(reply.expect(status)["code"], code, "{body}");
    }
    let part =
        |kind: &str| json!({"sessionId": id, "query": [{"type": kind, "image_url": {"url": "http://127.0.0.1:1/x"}}]});
    let fetched = client.post("/api/v1/sessions/query", &part("image_url")).await.expect(501);
    assert_eq!(fetched["code"], "NOT_SUPPORTED");
    client.post("/api/v1/sessions/query", &part("input_audio")).await.expect(501);
    let nothing = client.post("/api/v1/sessions/query", &json!({"sessionId": id, "query": []})).await.expect(400);
    assert_eq!(nothing["code"], "INVALID_REQUEST");
    served.leave().await;
}
