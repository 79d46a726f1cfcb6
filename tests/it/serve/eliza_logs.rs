//! ElizaOS: what an agent has done, as log entries and as runs, read from the facts of its runs.

use ombud::config::Wire;
use ombud::domain::AgentState;
use ombud::engine::{Ask, Engine as _, NewSession, Target};
use serde_json::{Value, json};

use crate::support::house::{answer, question, somebody};
use crate::support::model_server::{Answer, ModelServer};
use crate::support::server::{Client, Served};

const GHOST: &str = "11111111-2222-4333-8444-555555555555";

/// A server with an agent that has answered twice: with a tool, and without one. Its id, and the sessions.
async fn scene(model: &ModelServer) -> (Served, String, Vec<String>) {
    let served = Served::start_with(model, |settings| settings.server.allow_local_admin = true).await;
    std::fs::write(served.workspace.path().join("a.txt"), "words").unwrap();
    let character = json!({"name": "Ada", "bio": "b", "settings": {"tools": ["read_file"]}});
    let made = served.client.post("/eliza/api/agents", &json!({ "characterJson": character })).await.expect(201);
    let id = made["data"]["id"].as_str().unwrap().to_owned();
    served.house.set_agent_state(&somebody(), "Ada", AgentState::Active).await.unwrap();
    let mut sessions = Vec::new();
    for text in ["read it", "hello"] {
        let new = NewSession { agent: Some("Ada".into()), ..NewSession::default() };
        let ask = Ask { target: Target::New(Box::new(new)), ..question(text) };
        let asked = served.house.ask(&somebody(), ask).await.unwrap();
        answer(&served.house, &asked).await;
        sessions.push(asked.session.to_string());
    }
    (served, id, sessions)
}

fn script() -> Vec<Answer> {
    let call = Answer::calls(vec![("read_file", json!({"path": "a.txt"}))]);
    vec![call, Answer::text("It says words."), Answer::text("Hi.")]
}

async fn logs(client: &Client, id: &str, query: &str) -> Vec<Value> {
    let told = client.get(&format!("/eliza/api/agents/{id}/logs{query}")).await.expect(200);
    told["data"].as_array().unwrap().clone()
}

fn kinds(logs: &[Value]) -> Vec<String> {
    let what = |log: &Value| match log["body"]["response"].as_str() {
        Some(said) => format!("{}: {said}", log["type"].as_str().unwrap()),
        None => format!("{}: {}", log["type"].as_str().unwrap(), log["body"]["action"].as_str().unwrap()),
    };
    logs.iter().map(what).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_agent_did_is_told_as_logs_and_taken_away() {
    let model = ModelServer::start(Wire::Openai, script());
    let (served, id, _) = scene(&model).await;
    let client = &served.client;
    let all = logs(client, &id, "").await;
    let told =
        ["useModel:TEXT_LARGE: Hi.", "useModel:TEXT_LARGE: It says words.", "action: read_file", "useModel:TEXT_LARGE: "];
    assert_eq!(kinds(&all), told);
    let keys: Vec<&str> = all[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["id", "createdAt", "entityId", "body", "type", "roomId"]);
    let body = &all[0]["body"];
    assert_eq!(
        json!([all[0]["entityId"], body["params"], body["prompt"], body["modelKey"], body["modelType"], body["provider"]]),
        json!([id, {"prompt": "hello"}, "hello", "TEXT_LARGE", "TEXT_LARGE", "house"])
    );
    assert!(body["timestamp"].is_i64() && body["executionTime"].is_u64() && body["runId"].is_string(), "{body}");
    let action = &all[2]["body"];
    assert_eq!(json!([action["params"], action["result"]["success"]]), json!([{"path": "a.txt"}, true]));
    let room = all[0]["roomId"].as_str().unwrap();
    for (query, expected) in [
        ("?count=1".to_owned(), vec![told[0]]),
        ("?count=2&offset=1".to_owned(), vec![told[1], told[2]]),
        ("?type=action".to_owned(), vec![told[2]]),
        ("?excludeTypes=action&excludeTypes=embedding".to_owned(), vec![told[0], told[1], told[3]]),
        ("?excludeTypes=large".to_owned(), vec![told[2]]),
        (format!("?roomId={room}"), vec![told[0]]),
        (format!("?roomId={GHOST}"), vec![]),
    ] {
        assert_eq!(kinds(&logs(client, &id, &query).await), expected, "{query}");
    }
    let path = |log: &str| format!("/eliza/api/agents/{id}/logs/{log}");
    for log in [all[1]["id"].as_str().unwrap(), GHOST] {
        assert_eq!(client.delete(&path(log)).await.status, 204);
    }
    assert_eq!(kinds(&logs(client, &id, "").await), [told[0], told[2], told[3]]);
    for (reply, expected) in [
        (client.delete(&path("x")).await, (400, "Invalid agent or log ID format")),
        (client.get(&format!("/eliza/api/agents/{id}/logs?roomId=x")).await, (400, "Invalid room ID format")),
        (client.get(&format!("/eliza/api/agents/{GHOST}/logs")).await, (404, "Agent not found")),
    ] {
        assert_eq!((reply.status, reply.json()["error"]["message"].as_str().unwrap()), expected);
    }
    client.post(&format!("/eliza/api/agents/{id}/stop"), &json!({})).await.expect(200);
    assert_eq!(client.get(&format!("/eliza/api/agents/{id}/logs")).await.status, 404);
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_are_listed_and_told() {
    let mut script = script();
    script.push(Answer::error(400, "bad_request", "no"));
    let model = ModelServer::start(Wire::Openai, script);
    let (served, id, sessions) = scene(&model).await;
    let client = &served.client;
    let new = NewSession { agent: Some("Ada".into()), ..NewSession::default() };
    let asked = served.house.ask(&somebody(), Ask { target: Target::New(Box::new(new)), ..question("fail") }).await.unwrap();
    answer(&served.house, &asked).await;
    let list =
        async |query: &str| client.get(&format!("/eliza/api/agents/{id}/runs{query}")).await.expect(200)["data"].clone();
    let page = list("").await;
    let short = |page: &Value| -> Value {
        let runs = page["runs"].as_array().unwrap().iter();
        let runs: Vec<Value> = runs.map(|run| json!([run["status"], run["counts"]])).collect();
        json!([runs, page["total"], page["hasMore"]])
    };
    let counts = |actions: u32, models: u32, errors: u32| json!({"actions": actions, "modelCalls": models, "errors": errors, "evaluators": 0});
    let plain = json!(["completed", counts(0, 1, 0)]);
    let with_tool = json!(["completed", counts(1, 2, 0)]);
    assert_eq!(page["runs"][0]["status"], "error");
    assert_eq!(short(&page)[0][1], plain);
    assert_eq!(short(&page)[0][2], with_tool);
    assert_eq!(json!([page["total"], page["hasMore"]]), json!([3, false]));
    assert_eq!(short(&list("?status=completed&limit=1").await), json!([[plain], 2, true]));
    assert_eq!(short(&list("?status=started").await), json!([[], 0, false]));
    let room = page["runs"][2]["roomId"].as_str().unwrap();
    assert_eq!(short(&list(&format!("?roomId={room}")).await), json!([[with_tool], 1, false]));
    assert_eq!(short(&list(&format!("?roomId={}", sessions[0])).await), json!([[with_tool], 1, false]));
    let keys: Vec<&str> = page["runs"][0].as_object().unwrap().keys().map(String::as_str).collect();
    let expected =
        ["runId", "status", "startedAt", "endedAt", "durationMs", "messageId", "roomId", "entityId", "metadata", "counts"];
    assert_eq!(keys, expected);
    assert!(page["runs"][2]["messageId"].is_string() && page["runs"][2]["endedAt"].is_i64(), "{page}");
    let run = page["runs"][2]["runId"].as_str().unwrap();
    let one = client.get(&format!("/eliza/api/agents/{id}/runs/{run}")).await.expect(200)["data"].clone();
    assert_eq!(one["summary"], page["runs"][2]);
    let kinds: Vec<&str> = one["events"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["RUN_STARTED", "MODEL_USED", "ACTION_STARTED", "ACTION_COMPLETED", "MODEL_USED", "RUN_ENDED"]);
    for (path, expected) in [
        (format!("runs/{GHOST}"), (404, "Run not found")),
        ("runs/x".to_owned(), (400, "Invalid run ID format")),
        ("runs?roomId=x".to_owned(), (400, "Invalid room ID format")),
        ("runs?from=x".to_owned(), (400, "`from` must be a time in milliseconds")),
        ("runs?status=odd".to_owned(), (400, "status must be one of: started, completed, timeout, error, all")),
    ] {
        let reply = client.get(&format!("/eliza/api/agents/{id}/{path}")).await;
        assert_eq!((reply.status, reply.json()["error"]["message"].as_str().unwrap()), expected);
    }
    served.leave().await;
}
