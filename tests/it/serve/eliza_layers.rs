//! What stands around every route of the ElizaOS API: who is let in, how often, in which words refusals are told, and how
//! its paths are told from those of another API.

use ombud::config::Wire;
use ombud::server::mounts;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::model_server::ModelServer;
use crate::support::server::{Served, send};

const KEY: &str = "a-key-of-this-door-only";
const HOUSE: &str = "the-token-of-the-house";
const GHOST: &str = "11111111-2222-4333-8444-555555555555";

async fn served(change: impl FnOnce(&mut ombud::config::Settings)) -> (ModelServer, Served) {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start_with(&model, change).await;
    (model, served)
}

fn unknown() -> Value {
    json!({ "success": false, "error": { "message": "API endpoint not found", "code": 404 } })
}

/// The code of a refusal in this API's envelope.
fn code(body: &Value) -> &str {
    assert_eq!(body["success"], false, "{body}");
    body["error"]["code"].as_str().unwrap_or_else(|| panic!("no code in {body}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_there_is_told_in_its_own_words_and_others_keep_theirs() {
    let (_model, served) = served(|_| ()).await;
    let client = &served.client;
    for (method, path) in [
        ("GET", "/api/definitely/not/here"),
        ("GET", "/api/tee"),
        ("POST", "/api/agents/x/y/z"),
        ("GET", "/eliza/api/nothing"),
        ("GET", "/eliza/nothing"),
        ("DELETE", "/api/server/ping"),
        ("PUT", "/eliza/api/runtime/ping"),
    ] {
        let reply = send(client.request(method, path)).await;
        assert_eq!(reply.expect(404), unknown(), "{method} {path}");
        assert_eq!(reply.header("x-frame-options"), Some("SAMEORIGIN"), "{method} {path}");
    }
    for path in ["/api/v1/nothing", "/api/sessions/a/b/c", "/api/files/a/b/c", "/v1/nothing", "/nothing", "/octavus/x"] {
        let reply = client.get(path).await;
        assert_eq!(reply.status, 404, "{path}");
        assert_ne!(reply.json(), unknown(), "{path}");
        assert_eq!(reply.header("x-frame-options"), None, "{path}");
    }
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_carry_its_headers_and_bodies_are_checked() {
    let (_model, served) = served(|settings| settings.server.limits.json_bytes = 2_000).await;
    let client = &served.client;
    let reply = client.get("/api/server/ping").await;
    assert_eq!(reply.expect(200)["pong"], true);
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("origin-agent-cluster", "?1"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    for name in ["x-powered-by", "strict-transport-security", "ratelimit-limit"] {
        assert_eq!(reply.header(name), None, "{name}");
    }
    for path in ["/api/agents", "/eliza/api/agents", "/api/messaging/submit"] {
        let text = send(client.request("POST", path).header("content-type", "text/plain").body("x=1")).await;
        assert_eq!(code(&text.expect(400)), "INVALID_CONTENT_TYPE", "{path}");
        let large = client.post(path, &json!({ "x": "y".repeat(2_000) })).await;
        assert_eq!(code(&large.expect(413)), "PAYLOAD_TOO_LARGE", "{path}");
        let broken = client.request("POST", path).header("content-type", "application/json").body("{not json");
        let broken = send(broken).await.expect(400);
        assert!(!code(&broken).is_empty() && broken["error"]["message"].is_string(), "{broken}");
    }
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_own_key_opens_it_alone_and_is_then_wanted() {
    let (_model, served) = served(|settings| {
        settings.server.door_tokens.insert("eliza".to_owned(), SecretString::from(KEY));
    })
    .await;
    let nobody = &served.client;
    let keyed = nobody.with("x-api-key", KEY);
    for path in ["/api/server/ping", "/eliza/api/server/ping", "/api/nothing", "/eliza/api/nothing", "/eliza/api/agents"] {
        for client in [nobody, &nobody.with("x-api-key", "wrong"), &nobody.with("authorization", "Bearer wrong")] {
            let reply = client.get(path).await;
            assert_eq!(code(&reply.expect(401)), "UNAUTHORIZED", "{path}");
            assert_eq!(reply.header("ratelimit-limit"), None);
        }
    }
    assert_eq!(keyed.get("/api/server/ping").await.expect(200)["pong"], true);
    assert_eq!(keyed.get("/api/nothing").await.expect(404), unknown());
    keyed.get("/api/agents").await.expect(200);
    // Its holder administers what this API offers, and enters by no other.
    keyed.get("/api/system/env/local").await.expect(500);
    keyed.get("/api/v1/sessions").await.expect(403);
    keyed.get("/metrics").await.expect(403);
    // Other doors are as they were, and so is what needs no key.
    nobody.get("/api/v1/sessions").await.expect(200);
    for path in ["/eliza/healthz", "/eliza/health", "/api/system/config"] {
        assert_eq!(nobody.get(path).await.status, 200, "{path}");
    }
    assert_eq!(nobody.get("/api/system/config").await.json()["data"], json!({ "requiresAuth": true }));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_token_of_the_house_opens_it_too() {
    let (_model, served) = served(|settings| settings.server.token = Some(SecretString::from(HOUSE))).await;
    let client = &served.client;
    assert_eq!(code(&client.get("/api/server/ping").await.expect(401)), "UNAUTHORIZED");
    client.with("x-api-key", HOUSE).get("/api/server/ping").await.expect(200);
    client.with("authorization", &format!("Bearer {HOUSE}")).get("/api/server/ping").await.expect(200);
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_counts_its_own_requests_and_no_others() {
    let (_model, served) = served(|settings| {
        settings.server.limits.window_requests = 6;
        settings.server.limits.window_uploads = 2;
        settings.server.limits.window_files = 1;
    })
    .await;
    let client = &served.client;
    let told = async |path: &str| {
        let reply = client.get(path).await;
        let header = |name: &str| reply.header(name).map(str::to_owned);
        (reply.status, header("ratelimit-policy"), header("ratelimit-remaining"))
    };
    let left = |status, left: &str| (status, Some("6;w=900".to_owned()), Some(left.to_owned()));
    assert_eq!(told("/api/server/ping").await, left(200, "5"));
    assert_eq!(told("/eliza/api/server/ping").await, left(200, "4"));
    assert_eq!(told("/api/nothing").await, left(404, "3"));
    for path in ["/api/v1/health", "/healthz", "/eliza/healthz", "/v1/x", "/octavus/api/agents"] {
        let (_, policy, _) = told(path).await;
        assert_eq!(policy, None, "{path}");
    }
    // Of several windows the last is told; the first that is spent refuses.
    let upload = format!("/api/messaging/channels/{GHOST}/upload-media");
    let first = client.post(&upload, &json!({})).await;
    assert_ne!(first.status, 429);
    assert_eq!(first.header("ratelimit-policy"), Some("1;w=300"));
    let second = client.post(&upload, &json!({})).await;
    assert_eq!(code(&second.expect(429)), "FILE_RATE_LIMIT_EXCEEDED");
    assert!(second.header("retry-after").unwrap().parse::<u64>().unwrap() <= 300);
    assert_eq!(told("/api/server/ping").await, left(200, "0"));
    let refused = client.get("/api/server/status").await;
    assert_eq!(
        refused.expect(429),
        json!({ "success": false, "error": {
            "code": "RATE_LIMIT_EXCEEDED", "message": "Too many requests. Please try again later.",
        } })
    );
    assert_eq!((refused.header("ratelimit-remaining"), refused.header("ratelimit-limit")), (Some("0"), Some("6")));
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() <= 900);
    assert_eq!(told("/api/nothing").await.0, 429);
    client.get("/api/v1/health").await.expect(200);
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_is_answered_before_any_key_is_wanted() {
    let (_model, served) = served(|settings| {
        settings.server.token = Some(SecretString::from(HOUSE));
        settings.server.origins = vec!["*".to_owned()];
    })
    .await;
    let request = served.client.request("OPTIONS", "/api/agents").header("origin", "http://example.test");
    let request = request.header("access-control-request-method", "POST");
    let reply = send(request.header("access-control-request-headers", "content-type,x-api-key")).await;
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (204, Some("*")));
    assert_eq!(reply.header("access-control-allow-methods"), Some("GET,POST,PUT,PATCH,DELETE,OPTIONS"));
    assert_eq!(reply.header("access-control-allow-headers"), Some("content-type,x-api-key"));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_of_two_apis_share_a_path() {
    let (_model, served) = served(|settings| settings.server.allow_local_admin = true).await;
    let client = &served.client;
    let character = json!({ "characterJson": { "name": "Ann Shared", "bio": "A friend." } });
    let made = client.post("/api/agents", &character).await.expect(201);
    let id = made["data"]["id"].as_str().unwrap().to_owned();
    let definition = json!({
        "settings": { "slug": "desk", "name": "Desk", "format": "interactive" },
        "protocol": "agent: { model: house/small, system: system }\ntriggers: { go: {} }\nhandlers: { go: { R: { block: next-message } } }\n",
        "prompts": [{ "name": "system", "content": "Be brief." }],
    });
    let desk = client.post("/api/agents", &definition).await.expect(201)["agentId"].as_str().unwrap().to_owned();
    // Without a sign of which API is meant, both tell what they have.
    let both = client.get("/api/agents").await.expect(200);
    assert_eq!(both["agents"][0]["slug"], "desk");
    assert_eq!(both["success"], true);
    let listed: Vec<&str> =
        both["data"]["agents"].as_array().unwrap().iter().map(|agent| agent["name"].as_str().unwrap()).collect();
    assert!(listed.contains(&"Ann Shared"), "{listed:?}");
    // A sign of either is enough.
    let one = client.with("x-api-key", "any").get("/api/agents").await.expect(200);
    assert_eq!(one.as_object().unwrap().keys().collect::<Vec<_>>(), ["success", "data"]);
    let other = client.with("authorization", "Bearer any").get("/api/agents").await.expect(200);
    assert_eq!(other.as_object().unwrap().keys().collect::<Vec<_>>(), ["agents"]);
    // One agent is told by the one that knows it.
    assert_eq!(client.get(&format!("/api/agents/{id}")).await.expect(200)["data"]["name"], "Ann Shared");
    assert_eq!(client.get("/api/agents/desk").await.expect(200)["settings"]["slug"], "desk");
    assert_eq!(client.get("/api/agents/desk?by=slug").await.expect(200)["id"], json!(desk));
    let unknown = client.get(&format!("/api/agents/{GHOST}")).await;
    assert_eq!(code(&unknown.expect(404)), "NOT_FOUND");
    assert_eq!(code(&client.get("/api/agents/no-uuid").await.expect(400)), "INVALID_ID");
    let unknown = client.get("/api/agents/no-uuid?by=slug").await.expect(404);
    assert_eq!(unknown["code"], "NOT_FOUND");
    // Changes.
    let changed = send(client.request("PATCH", &format!("/api/agents/{id}")).json(&json!({ "username": "ann" }))).await;
    assert_eq!(changed.expect(200)["data"]["username"], "ann");
    let renamed = json!({ "settings": { "name": "Front desk" } });
    let changed = send(client.request("PATCH", "/api/agents/desk?by=slug").json(&renamed)).await;
    assert_eq!(changed.expect(200)["agentId"], json!(desk));
    assert_eq!(send(client.request("DELETE", &format!("/api/agents/{id}"))).await.status, 204);
    client.delete("/api/agents/desk?by=slug").await.expect(200);
    served.leave().await;
}

/// Whoever asks how the server is, and shows nothing, is told in the words of both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_of_two_apis_is_one() {
    let (_model, served) = served(|_| ()).await;
    let client = &served.client;
    let keys = |body: &Value| body.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let both = client.get("/health").await.expect(200);
    assert_eq!(keys(&both), ["status", "version", "timestamp", "dependencies", "agentCount", "service"]);
    assert_eq!((&both["status"], &both["dependencies"]["agents"]), (&json!("healthy"), &json!("healthy")));
    let (whole, head) = (client.get("/health").await, send(client.request("HEAD", "/health")).await);
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, whole.header("content-length"), 0));
    let one = client.with("x-api-key", "any").get("/health").await.expect(200);
    assert_eq!(one["status"], "OK");
    assert_eq!(keys(&one), ["status", "version", "timestamp", "dependencies", "agentCount"]);
    assert_eq!(keys(&client.get("/agentarea/health").await.expect(200)), ["status", "timestamp", "version", "service"]);
    served.leave().await;
}

/// No path of any API is lost on the bare server: another may have it, but then requests can tell which they mean.
#[test]
fn every_path_of_every_api_is_there_without_its_name() {
    let all = mounts(&[]).unwrap();
    let bare: Vec<_> = all.iter().filter(|route| !route.path.starts_with(&format!("/{}/", route.dialect))).collect();
    let shape = |path: &str| -> String {
        let word = |word: &str| if word.starts_with('{') { "{}".to_owned() } else { word.to_owned() };
        path.split('/').map(word).collect::<Vec<_>>().join("/")
    };
    // The house's own API keeps to its name. What the server itself or an API answers below its name alone.
    let houses = ["/healthz", "/docs", "/files/{id}", "/{slug}/mcp"];
    let mut lost = Vec::new();
    for route in all.iter().filter(|route| route.dialect != "ombud") {
        let Some(path) = route.path.strip_prefix(&format!("/{}", route.dialect)).filter(|path| path.starts_with('/')) else {
            continue;
        };
        let is_there = bare.iter().any(|other| {
            other.dialect == route.dialect && other.method == route.method && shape(&other.path) == shape(path)
        });
        if !is_there && !houses.contains(&path) && !path.ends_with("/openapi.json") {
            lost.push(format!("{} {} {path}", route.dialect, route.method));
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
}
