//! Agents of the store behind Tarko's API: they are what the settings and sessions name, without a start of the server.

use ombud::config::Wire;
use ombud::domain::Agent;
use ombud::engine::Engine as _;
use serde_json::{Value, json};

use crate::support::house::somebody;
use crate::support::model_server::{Answer, ModelServer};
use crate::support::server::Served;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_agent_of_the_settings_may_be_one_of_the_store() {
    let call = || Answer::calls(vec![("list_files", json!({}))]);
    let model = ModelServer::start(Wire::Openai, vec![call(), Answer::text("one"), call(), Answer::text("two")]);
    let served = Served::start_with(&model, |settings| settings.agent = "helper".into()).await;
    let client = &served.client;
    let options = client.get("/api/v1/agent/options").await.expect(200);
    assert_eq!(options["options"].get("name"), None, "{options}");
    let refused = client.post("/api/v1/sessions/create", &json!({})).await;
    assert_eq!(refused.status, 404, "{}", refused.text());

    let mut agent = Agent { name: "helper".into(), instructions: "Help.".into(), ..Agent::default() };
    served.house.create_agent(&somebody(), agent.clone()).await.unwrap();
    let options = client.get("/api/v1/agent/options").await.expect(200);
    assert_eq!((&options["options"]["name"], &options["options"]["instructions"]), (&json!("helper"), &json!("Help.")));
    let created = client.post("/api/v1/sessions/create", &json!({})).await.expect(201);
    assert_eq!(created["session"]["metadata"]["agentInfo"]["name"], "helper");
    let query = json!({"sessionId": created["sessionId"], "query": "Hello"});
    let kinds = async || {
        let text = client.post("/api/v1/sessions/query/stream", &query).await.text();
        let events = text.lines().filter_map(|line| line.strip_prefix("data: "));
        let events = events.filter_map(|data| serde_json::from_str::<Value>(data).ok());
        events.filter_map(|event| event["type"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let pieces = "assistant_streaming_tool_call".to_owned();
    assert!(!kinds().await.contains(&pieces));
    // What the agent says about this API counts from the next question on.
    agent.attributes.insert("tarko".into(), json!({"enableStreamingToolCallEvents": true}));
    served.house.update_agent(&somebody(), "helper", agent, None).await.unwrap();
    assert!(kinds().await.contains(&pieces));
    served.leave().await;
    model.finish();
}
