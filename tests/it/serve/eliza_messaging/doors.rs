//! One session, entered through every door: one log.

use ombud::config::Wire;
use serde_json::json;

use super::{ZERO, id_of, person, said, says};
use crate::support::model_server::{Answer, ModelServer};
use crate::support::process::{Place, kinds};
use crate::support::server::{Serving, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_door_leads_to_the_same_session() {
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("By tarko."), Answer::text("By the channel.")]);
    let place = Place::new("sqlite").asking(&model);
    let serving = Serving::start(&place, &["--token", "a-token-of-the-house"]);
    let client =
        serving.client.with("authorization", "Bearer a-token-of-the-house").with("x-api-key", "a-token-of-the-house");

    // Made, and asked, through tarko.
    let made = client.post("/api/v1/sessions/create", &json!({})).await.expect(201);
    let id = made["sessionId"].as_str().or_else(|| made["session"]["id"].as_str()).unwrap().to_owned();
    let query = json!({"sessionId": id, "query": "hello from tarko"});
    assert_eq!(client.post("/api/v1/sessions/query", &query).await.expect(200)["result"], "By tarko.");

    // A channel of ElizaOS, in which somebody says something.
    let details = client.get(&format!("/api/messaging/central-channels/{id}/details")).await.expect(200);
    assert_eq!((&details["data"]["messageServerId"], &details["data"]["type"]), (&json!(ZERO), &json!("DM")));
    let posted = says(&client, &id, &person(1), "hello from a channel").await.expect(201)["data"].clone();

    // What answers it is a task of AgentArea.
    let mut queued = place.events(&id).into_iter().filter(|event| event["type"] == "run.queued");
    let run = queued.next_back().unwrap()["run"].as_str().unwrap().to_owned();
    let task = within("the task is completed", async {
        loop {
            let task = client.get(&format!("/v1/tasks/task-{run}")).await.expect(200);
            if task["status"] == "completed" {
                return task;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(task["result"]["response"], json!("By the channel."));
    assert_eq!(task["session_id"], json!(id));

    // Messages for users of Octavus.
    let shown = client.get(&format!("/api/agent-sessions/{id}?format=ui")).await.expect(200);
    let texts: Vec<(String, String)> = shown["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| {
            let parts = message["parts"].as_array().unwrap().iter().filter_map(|part| part["text"].as_str());
            (message["role"].as_str().unwrap().to_owned(), parts.collect())
        })
        .collect();
    let expected = [
        ("user", "hello from tarko"),
        ("assistant", "By tarko."),
        ("user", "hello from a channel"),
        ("assistant", "By the channel."),
    ];
    assert_eq!(texts, expected.map(|(who, text)| (who.to_owned(), text.to_owned())));

    // All of it is in the channel too, and in the list of sessions, which is one log.
    let listed = said(&client, &id, "").await;
    let contents: Vec<&str> = listed.iter().rev().map(|message| message["content"].as_str().unwrap()).collect();
    assert_eq!(contents, expected.map(|(_, text)| text));
    assert_eq!((&listed[0]["inReplyToRootMessageId"], &listed[0]["authorId"]), (&posted["id"], &json!(id_of("default"))));
    assert_eq!(place.status(&id), "idle");
    let events = place.events(&id);
    let said = kinds(&events).into_iter().filter(|kind| kind.starts_with("message.")).collect::<Vec<_>>();
    assert_eq!(said, ["message.posted", "message.completed", "message.posted", "message.completed"]);
    assert_eq!(serving.end().code, Some(0));
}
