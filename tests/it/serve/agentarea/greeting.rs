//! The service, its documentation, logging in, and what every route has: the envelope, the id, the pace.

use ombud::config::Wire;
use serde_json::{Value, json};

use super::{Bed, PASSWORD, Signs, refusal, text};
use crate::support::model_server::ModelServer;
use crate::support::server::{Reply, Served, send};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_tells_of_itself_to_everybody() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    for prefix in ["", "/agentarea"] {
        let health = served.client.get(&format!("{prefix}/health")).await.expect(200);
        let mut signs = Signs::default();
        let mut expected = json!({"status": "healthy", "timestamp": "<time>", "version": "1.0.0", "service": "ombud"});
        if prefix.is_empty() {
            // Another API tells there how it is too, and what it says beside stands with it.
            expected["dependencies"] = json!({"agents": "healthy"});
            expected["agentCount"] = json!(1);
        }
        assert_eq!(signs.shown(&health), expected);
        for page in ["/docs", "/redoc"] {
            let reply = served.client.get(&format!("{prefix}{page}")).await;
            assert_eq!(reply.status, 302, "{page}");
            let page = served.client.get(reply.header("location").unwrap()).await;
            assert_eq!((page.status, page.header("content-type")), (200, Some("text/html")));
        }
        let described = served.client.get(&format!("{prefix}/openapi.json")).await.expect(200);
        assert_eq!((&described["info"]["title"], &described["openapi"]), (&json!("AgentArea API"), &json!("3.1.0")));
        let server = if prefix.is_empty() { "/" } else { prefix };
        assert_eq!(described["servers"], json!([{ "url": server }]));
    }
    let greeting = json!({"message": "AgentArea API is running."});
    assert_eq!(served.client.get("/agentarea").await.expect(200), greeting);
    assert_eq!(served.client.get("/agentarea/").await.expect(200), greeting);
    served.leave().await;
}

/// An error as it is told, with the id of its request, which is also in its header.
fn told(reply: &Reply) -> Value {
    let mut error = reply.json();
    let id = error["error"]["request_id"].take();
    assert!(id.as_str().is_some_and(|id| id.starts_with("req-")), "{id}");
    assert_eq!(reply.header("x-request-id"), id.as_str());
    json!([reply.status, error["error"]["code"], error["error"]["message"], error["error"]["details"]])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_error_has_the_envelope() {
    let bed = Bed::with(vec![], |settings| settings.server.limits.body_bytes = 2_048).await;
    for prefix in ["", "/agentarea"] {
        let path = |path: &str| format!("{prefix}{path}");
        let nobody = &bed.served.client;
        let agents = path("/v1/agents/");
        let malformed = bed.admin.request("POST", &agents).header("content-type", "application/json").body("{not json");
        let large = bed.admin.request("POST", &agents).body(" ".repeat(4_096));
        let replies = [
            nobody.get(&agents).await,
            nobody.with("authorization", "Bearer not-a-token").get(&agents).await,
            bed.viewer.post(&agents, &json!({"name": "x"})).await,
            bed.admin.get(&path("/v1/no-such-collection/")).await,
            bed.admin.delete(&path("/v1/agents")).await,
            send(malformed).await,
            send(bed.admin.request("POST", &agents)).await,
            bed.admin.post(&agents, &json!([])).await,
            send(large).await,
        ];
        let statuses: Vec<Value> = replies.iter().map(|reply| told(reply).as_array().unwrap()[..2].into()).collect();
        assert_eq!(
            Value::Array(statuses),
            json!([
                [401, "UNAUTHORIZED"],
                [401, "UNAUTHORIZED"],
                [403, "FORBIDDEN"],
                [404, "NOT_FOUND"],
                [405, "METHOD_NOT_ALLOWED"],
                [400, "VALIDATION_ERROR"],
                [400, "VALIDATION_ERROR"],
                [400, "VALIDATION_ERROR"],
                [413, "PAYLOAD_TOO_LARGE"]
            ])
        );
        assert_eq!(replies[0].header("www-authenticate"), Some("Bearer"));
        let details: Vec<Value> = replies[5..8].iter().map(|reply| told(reply)[3]["field"].clone()).collect();
        assert_eq!(details, [json!("body"), json!("body"), json!("body")]);
    }
    // The caller's own id of a request is in ours.
    let reply = bed.admin.with("x-request-id", "mine").get("/v1/agents/agent-none").await;
    assert_eq!((reply.status, reply.header("x-request-id")), (404, Some("req-mine")));
    let reply = bed.admin.with("x-request-id", "req-7").get("/v1/agents").await;
    assert_eq!((reply.status, reply.header("x-request-id")), (200, Some("req-7")));
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_log_in_and_out() {
    let bed = Bed::new(vec![]).await;
    let client = &bed.served.client;
    let log_in = |name: &str, password: &str| json!({"username": name, "password": password});
    let proven = client.post("/v1/auth/login", &log_in("viewer", PASSWORD)).await;
    assert_eq!(proven.header("cache-control"), Some("no-store"));
    let proven = proven.expect(200);
    let (token, mut signs) = (text(&proven, "access_token"), Signs::default());
    assert_eq!((&proven["token_type"], &proven["expires_in"]), (&json!("bearer"), &json!(3_600)));
    let viewer = json!({"id": "user-<1>", "username": "viewer", "email": "viewer@example.com", "role": "viewer"});
    assert_eq!(signs.shown(&proven["user"]), viewer);
    let known = client.with("authorization", &format!("Bearer {token}"));
    assert_eq!(known.get("/v1/auth/me").await.expect(200), proven["user"]);
    let fresh = text(&known.post("/v1/auth/refresh", &Value::Null).await.expect(200), "access_token");
    assert_eq!(known.post("/v1/auth/logout", &Value::Null).await.expect(200), json!({"status": "success"}));
    assert_eq!(known.get("/v1/auth/me").await.status, 401);
    let other = client.with("authorization", &format!("Bearer {fresh}"));
    assert_eq!(other.get("/v1/auth/me").await.status, 200);
    let wrong = [
        client.post("/v1/auth/login", &log_in("viewer", "wrong")).await,
        client.post("/v1/auth/login", &log_in("nobody", "wrong")).await,
        client.post("/v1/auth/login", &json!({"username": "viewer"})).await,
        client.post("/v1/auth/login", &json!({})).await,
    ];
    let refused: Vec<Value> = wrong.iter().map(refusal).collect();
    assert_eq!(
        refused,
        [
            json!([401, "UNAUTHORIZED", [null]]),
            json!([401, "UNAUTHORIZED", [null]]),
            json!([400, "VALIDATION_ERROR", ["password"]]),
            json!([400, "VALIDATION_ERROR", ["username", "password"]]),
        ]
    );
    let message = |reply: &Reply| reply.json()["error"]["message"].clone();
    assert_eq!(message(&wrong[0]), message(&wrong[1]));
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_has_a_pace_that_is_told() {
    let bed = Bed::with(vec![], |settings| settings.server.limits.user_requests_per_minute = 3).await;
    let number = |reply: &Reply, name: &str| reply.header(name).unwrap().parse::<u64>().unwrap();
    for left in [2, 1, 0] {
        let reply = bed.viewer.get("/v1/auth/me").await;
        assert_eq!((reply.status, number(&reply, "x-ratelimit-limit")), (200, 3));
        assert_eq!(number(&reply, "x-ratelimit-remaining"), left);
    }
    let refused = bed.viewer.get("/agentarea/v1/auth/me").await;
    assert_eq!(refusal(&refused), json!([429, "RATE_LIMITED", [null]]));
    assert_eq!(number(&refused, "x-ratelimit-remaining"), 0);
    assert!(number(&refused, "retry-after") >= 1 && number(&refused, "x-ratelimit-reset") > 1_700_000_000);
    // Others, and what is not below `/v1`, have nothing to do with it.
    assert_eq!(bed.admin.get("/v1/auth/me").await.status, 200);
    let health = bed.viewer.get("/health").await;
    assert_eq!((health.status, health.header("x-ratelimit-limit")), (200, None));
    bed.served.leave().await;
}
