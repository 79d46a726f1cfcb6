//! Sessions of one person and one agent, and jobs.

use std::collections::BTreeMap;

use ombud::config::Wire;
use ombud::domain::{AfterClearing, SessionId};
use ombud::engine::Engine as _;
use ombud::storage::StoreUrl;
use serde_json::{Value, json};

use super::{Bed, GHOST, fields, id_of, keys, person, refusal, request};
use crate::support::house::somebody;
use crate::support::model_server::{Answer, ModelServer};

async fn session(bed: &Bed, more: Value) -> String {
    let mut body = json!({"agentId": id_of("ada"), "userId": person(1)});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = bed.client.post("/api/messaging/sessions", &body).await.expect(201);
    made["sessionId"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_a_channel_of_two_that_lives_for_a_time() {
    let bed = Bed::new(vec![("ada", vec![Answer::text("hello"), Answer::text("whole")])]).await;
    let (client, ada, anna) = (&bed.client, id_of("ada"), person(1));
    let id = session(&bed, json!({"metadata": {"platform": "test"}})).await;
    let path = format!("/api/messaging/sessions/{id}");
    let told = client.get(&path).await.expect(200);
    let empty = json!({"messages": [], "hasMore": false});
    assert_eq!(client.get(&format!("{path}/messages")).await.expect(200), empty);
    assert_eq!(
        keys(&told),
        [
            "sessionId",
            "channelId",
            "agentId",
            "userId",
            "createdAt",
            "lastActivity",
            "metadata",
            "expiresAt",
            "timeoutConfig",
            "renewalCount",
            "timeRemaining",
            "isNearExpiration"
        ]
        .into()
    );
    assert_eq!((&told["agentId"], &told["metadata"]), (&json!(ada), &json!({"platform": "test"})));
    let there = client.get(&format!("/api/messaging/channels/{id}/participants")).await.expect(200);
    assert_eq!(there["data"], json!([anna, ada]));
    let sent = client.post(&format!("{path}/messages"), &json!({"content": "hi"})).await.expect(201);
    assert_eq!(
        fields(std::slice::from_ref(&sent), &["content", "authorId", "metadata"]),
        [[json!("hi"), json!(anna), json!({"sessionId": id})]]
    );
    assert!(sent.get("success").is_none() && sent["sessionStatus"]["expiresAt"].is_string(), "{sent}");
    bed.ends(&id, 1).await;
    // Each message begins its time anew.
    assert_eq!(client.get(&path).await.expect(200)["renewalCount"], json!(1));
    let body = json!({"content": "and now", "transport": "http"});
    let whole = client.post(&format!("{path}/messages"), &body).await.expect(201);
    assert_eq!((&whole["success"], &whole["agentResponse"]["text"]), (&json!(true), &json!("whole")));
    let listed = client.get(&format!("{path}/messages?limit=3")).await.expect(200);
    assert_eq!(
        fields(listed["messages"].as_array().unwrap(), &["content", "isAgent", "authorId"]),
        [
            [json!("whole"), json!(true), json!(ada)],
            [json!("and now"), json!(false), json!(anna)],
            [json!("hello"), json!(true), json!(ada)],
        ]
    );
    assert_eq!((&listed["hasMore"], listed["cursors"]["before"].is_u64()), (&json!(true), true));
    let older = client.get(&format!("{path}/messages?before={}", listed["cursors"]["before"])).await.expect(200);
    assert_eq!((&older["messages"][0]["content"], &older["hasMore"]), (&json!("hi"), &json!(false)));
    for (body, message) in [
        (json!({"content": ""}), "Content cannot be empty"),
        (json!({"content": "x".repeat(4_001)}), "Content exceeds maximum length of 4000 characters"),
        (json!({"content": 1}), "Content is required and must be a string"),
        (json!({"content": "x", "metadata": {"m": "x".repeat(11_000)}}), "Metadata exceeds maximum size of 10240 bytes"),
    ] {
        let refused = client.post(&format!("{path}/messages"), &body).await;
        assert_eq!(refusal(&refused), (400, "VALIDATION_ERROR".into(), message.into()));
        assert!(refused.json()["error"]["timestamp"].is_string() && refused.json().get("success").is_none());
    }
    assert_eq!(client.get(&format!("{path}/messages?limit=abc")).await.status, 400);
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_time_of_a_session_is_begun_anew_and_ends() {
    let bed = Bed::new(vec![("ada", vec![])]).await;
    let client = &bed.client;
    let id = session(&bed, json!({"timeoutConfig": {"timeoutMinutes": 10, "warningThresholdMinutes": 20}})).await;
    let path = format!("/api/messaging/sessions/{id}");
    let first = client.get(&path).await.expect(200);
    let ten = 10 * 60_000;
    assert!((1..=ten).contains(&first["timeRemaining"].as_u64().unwrap()), "{first}");
    assert_eq!(first["isNearExpiration"], json!(true));
    let renewed = client.post(&format!("{path}/renew"), &json!({})).await.expect(200);
    assert_eq!(renewed["renewalCount"], json!(1));
    let alive = client.post(&format!("{path}/heartbeat"), &json!({})).await.expect(200);
    assert_eq!(alive["renewalCount"], json!(2));
    let longer = request(client, "PATCH", &format!("{path}/timeout"), &json!({"timeoutMinutes": 60})).await.expect(200);
    assert_eq!(longer["timeoutConfig"]["timeoutMinutes"], json!(60.0));
    assert!(longer["timeRemaining"].as_u64().unwrap() > ten, "{longer}");
    assert_eq!(longer["isNearExpiration"], json!(false));
    let wrong = request(client, "PATCH", &format!("{path}/timeout"), &json!({"timeoutMinutes": "x"})).await;
    assert_eq!(refusal(&wrong).1, "VALIDATION_ERROR");
    let wrong = request(client, "PATCH", &format!("{path}/timeout"), &json!({"timeoutMinutes": 2})).await;
    let told = "Invalid timeout configuration: Timeout must be between 5 and 1440 minutes";
    assert_eq!(refusal(&wrong), (400, "VALIDATION_ERROR".into(), told.into()));
    let listed = client.get("/api/messaging/sessions").await.expect(200);
    assert_eq!((&listed["total"], &listed["sessions"][0]["sessionId"]), (&json!(1), &json!(id)));
    let health = client.get("/api/messaging/sessions/health").await.expect(200);
    assert_eq!((&health["status"], &health["activeSessions"]), (&json!("healthy"), &json!(1)));
    bed.served.house.clear(&somebody(), &SessionId::from_text(&id), AfterClearing::Expired).await.unwrap();
    for reply in [
        client.get(&path).await,
        client.post(&format!("{path}/messages"), &json!({"content": "x"})).await,
        client.post(&format!("{path}/renew"), &json!({})).await,
    ] {
        assert_eq!(refusal(&reply).1, "SESSION_EXPIRED");
        assert_eq!(reply.status, 410);
    }
    let stats = json!({"totalSessions": 1, "activeSessions": 0, "expiredSessions": 1});
    assert_eq!(client.get("/api/messaging/sessions").await.expect(200)["stats"], stats);
    assert_eq!(client.delete(&path).await.expect(200)["success"], json!(true));
    assert_eq!(refusal(&client.get(&path).await), (404, "SESSION_NOT_FOUND".into(), "Session not found".into()));
    assert_eq!(client.delete(&path).await.status, 404);
    for (body, expected) in [
        (json!({}), (400, "VALIDATION_ERROR")),
        (json!({"agentId": "x", "userId": person(1)}), (400, "VALIDATION_ERROR")),
        (json!({"agentId": GHOST, "userId": person(1)}), (404, "AGENT_NOT_FOUND")),
    ] {
        let (status, code, _) = refusal(&client.post("/api/messaging/sessions", &body).await);
        assert_eq!((status, code.as_str()), expected);
    }
    // A channel that is no session is none here.
    let channel = bed.channel("DM", &[&person(1)]).await;
    assert_eq!(client.get(&format!("/api/messaging/sessions/{channel}")).await.status, 404);
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_are_done_also_over_a_restart() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let store = StoreUrl::Sqlite(folder.path().join("store.db"));
    let script = vec![Answer::text("done"), Answer::status(400, "no"), Answer::text("after all")];
    let models = BTreeMap::from([("ada".to_owned(), ModelServer::start(Wire::Openai, script))]);
    let bed = Bed::on(&store, models).await;
    let client = &bed.client;
    let create = async |client: &crate::support::server::Client, content: &str| -> String {
        let body = json!({"agentId": id_of("ada"), "userId": person(1), "content": content, "metadata": {"k": 1}});
        let made = client.post("/api/messaging/jobs", &body).await.expect(201);
        assert_eq!((&made["status"], made["expiresAt"].as_i64() > made["createdAt"].as_i64()), (&json!("processing"), true));
        made["jobId"].as_str().unwrap().to_owned()
    };
    let get = async |client: &crate::support::server::Client, id: &str| {
        client.get(&format!("/api/messaging/jobs/{id}")).await.expect(200)
    };
    let first = create(client, "do it").await;
    bed.attended(async || drop(bed.ends(&first, 1).await)).await;
    let told = get(client, &first).await;
    assert_eq!(
        fields(std::slice::from_ref(&told), &["status", "prompt", "agentId", "userId", "metadata"]),
        [[json!("completed"), json!("do it"), json!(id_of("ada")), json!(person(1)), json!({"k": 1})]]
    );
    assert_eq!((&told["result"]["message"]["content"], told.get("error")), (&json!("done"), None));
    let second = create(client, "fail").await;
    bed.attended(async || drop(bed.ends(&second, 1).await)).await;
    let told = get(client, &second).await;
    assert_eq!((&told["status"], told["error"].is_string()), (&json!("failed"), true));
    let third = create(client, "later").await;
    assert_eq!(get(client, &third).await["status"], json!("processing"));
    let listed = client.get("/api/messaging/jobs?status=completed").await.expect(200);
    assert_eq!((&listed["total"], &listed["filtered"], &listed["jobs"][0]["jobId"]), (&json!(3), &json!(1), &json!(first)));
    for (body, status) in [
        (json!({}), 400),
        (json!({"userId": person(1), "content": ""}), 400),
        (json!({"userId": person(1), "content": "x", "timeoutMs": 1}), 400),
        (json!({"userId": person(1), "content": "x", "agentId": GHOST}), 404),
    ] {
        assert_eq!(client.post("/api/messaging/jobs", &body).await.status, status, "{body}");
    }
    assert_eq!(client.get(&format!("/api/messaging/jobs/{GHOST}")).await.status, 404);
    // The server goes before the third is begun; the next one does it.
    let Bed { served, models, .. } = bed;
    served.leave().await;
    let bed = Bed::on(&store, models).await;
    assert_eq!(get(&bed.client, &third).await["status"], json!("processing"));
    bed.attended(async || drop(bed.ends(&third, 1).await)).await;
    let told = get(&bed.client, &third).await;
    let content = &told["result"]["message"]["content"];
    assert_eq!((&told["status"], content), (&json!("completed"), &json!("after all")), "{told}");
    let health = bed.client.get("/api/messaging/jobs/health").await.expect(200);
    let counts = json!({"pending": 0, "processing": 0, "completed": 2, "failed": 1, "timeout": 0});
    assert_eq!((&health["statusCounts"], &health["totalJobs"]), (&counts, &json!(3)));
    bed.served.leave().await;
}
