//! How the server is over the ElizaOS API, its log, its own file of variables, and its end.

use ombud::config::Wire;
use ombud::observe::{self, Watched};
use serde_json::{Value, json};

use crate::support::model_server::ModelServer;
use crate::support::process::Place;
use crate::support::server::{Served, Serving, send};

/// A value that must be shown to nobody.
const CANARY: &str = "canary-4f1d-value-of-a-variable";

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

async fn served(change: impl FnOnce(&mut ombud::config::Settings)) -> (ModelServer, Served) {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start_with(&model, change).await;
    (model, served)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_says_how_it_is_under_both_names() {
    let (_model, served) = served(|_| ()).await;
    let client = &served.client;
    for at in ["/api/runtime", "/api/server", "/eliza/api/runtime", "/eliza/api/server"] {
        let ping = client.get(&format!("{at}/ping")).await.expect(200);
        assert_eq!((keys(&ping), &ping["pong"]), (vec!["pong", "timestamp"], &json!(true)));
        assert!(ping["timestamp"].is_number());
        assert_eq!(client.get(&format!("{at}/hello")).await.expect(200), json!({ "message": "Hello World!" }));
        let status = client.get(&format!("{at}/status")).await.expect(200);
        assert_eq!(keys(&status), ["status", "agentCount", "timestamp"]);
        assert_eq!((&status["status"], &status["agentCount"]), (&json!("ok"), &json!(1)), "the agent of the house");
        let health = client.get(&format!("{at}/health")).await.expect(200);
        assert_eq!(keys(&health), ["status", "version", "timestamp", "dependencies"]);
        assert_eq!((&health["status"], &health["dependencies"]), (&json!("OK"), &json!({ "agents": "healthy" })));
        let servers = client.get(&format!("{at}/debug/servers")).await.expect(200);
        assert_eq!((&servers["success"], &servers["count"]), (&json!(true), &json!(1)));
        assert_eq!(servers["servers"][0]["id"], "00000000-0000-0000-0000-000000000000");
    }
    assert_eq!(keys(&client.get("/eliza/healthz").await.expect(200)), ["status", "timestamp"]);
    assert_eq!(client.get("/healthz").await.expect(200)["status"], "ok", "the server's own");
    assert_eq!(client.get("/eliza/health").await.expect(200)["agentCount"], 1);
    let version = client.get("/api/system/version").await.expect(200);
    assert_eq!(keys(&version), ["version", "source", "timestamp", "environment", "uptime"]);
    let config = client.get("/api/system/config").await.expect(200);
    assert_eq!(config, json!({ "success": true, "data": { "requiresAuth": false } }));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_lines_of_the_log_are_told() {
    observe::watch(&Watched { filter: "off".to_owned(), ..Watched::default() }).unwrap();
    let (_model, served) = served(|settings| settings.server.allow_local_admin = true).await;
    let client = &served.client;
    // Other tests of this process write lines as well: these are found by the id of their request.
    let mark = "a-mark-of-this-test";
    let marked = client.with("x-request-id", mark);
    marked.get("/api/server/hello").await.expect(200);
    let find = |told: &Value| -> Vec<Value> {
        let lines = told["logs"].as_array().unwrap();
        lines.iter().filter(|line| line["request_id"] == mark).cloned().collect()
    };
    for method in ["GET", "POST"] {
        let told = send(client.request(method, "/api/runtime/logs?level=info&limit=1000")).await.expect(200);
        assert_eq!(keys(&told), ["logs", "count", "total", "requestedLevel", "agentName", "agentId", "levels"]);
        assert_eq!(
            told["levels"],
            json!(["fatal", "error", "warn", "info", "log", "progress", "success", "debug", "trace"])
        );
        let found = find(&told);
        assert_eq!(found.len(), 1, "{told:#}");
        let line = &found[0];
        let text = format!("answered method=GET ms={} path=/api/server/hello status=200", line["ms"]);
        assert_eq!((&line["level"], &line["msg"]), (&json!(30), &json!(text)));
        assert_eq!((&line["path"], &line["status"]), (&json!("/api/server/hello"), &json!(200)));
        assert!(line["time"].is_number() && line["pid"].is_number() && line["hostname"].is_string());
    }
    let none = client.get("/api/server/logs?level=error&limit=1000").await.expect(200);
    assert_eq!((find(&none).len(), &none["requestedLevel"]), (0, &json!("error")));
    let later = client.get("/api/server/logs?since=99999999999999").await.expect(200);
    assert_eq!((&later["logs"], &later["count"]), (&json!([]), &json!(0)));
    let cleared = client.delete("/api/server/logs").await.expect(200);
    assert_eq!(cleared, json!({ "status": "success", "message": "Logs cleared successfully" }));
    let told = client.get("/api/server/logs?limit=1000").await.expect(200);
    assert!(find(&told).is_empty());
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_of_variables_is_for_administrators_and_shows_no_value() {
    observe::watch(&Watched { filter: "off".to_owned(), ..Watched::default() }).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let (_model, served) = served(|settings| {
        settings.server.allow_local_admin = true;
        settings.paths.state.clone_from(&state);
    })
    .await;
    let client = &served.client;
    let at = "/api/system/env/local";
    assert_eq!(client.get(at).await.expect(200), json!({ "success": true, "data": {} }));
    let done = json!({ "success": true, "message": "Local env updated" });
    let put = async |content: Value| client.post(at, &json!({ "content": content })).await;
    assert_eq!(put(json!({ "KEY": CANARY, "EMPTY": "" })).await.expect(200), done);
    let shown = json!({ "EMPTY": "", "KEY": "********" });
    assert_eq!(client.get(at).await.expect(200)["data"], shown);
    // What was shown is written back: the value stays.
    assert_eq!(put(json!({ "KEY": "********", "MORE": "x y" })).await.expect(200), done);
    let file = std::fs::read_to_string(state.join(".env")).unwrap();
    assert_eq!(file, format!("KEY=\"{CANARY}\"\nMORE=\"x y\"\n"));
    for body in
        [json!({}), json!({ "content": [] }), json!({ "content": { "A": [] } }), json!({ "content": { "B": "********" } })]
    {
        let refused = client.post(at, &body).await.expect(400);
        assert_eq!((&refused["success"], &refused["error"]["code"]), (&json!(false), &json!("INVALID_INPUT")));
    }
    let missing = client.post(at, &json!({})).await.expect(400);
    assert_eq!(missing["error"]["message"], "Missing or invalid \"content\" in request body");
    assert_eq!(std::fs::read_to_string(state.join(".env")).unwrap(), file);
    // Nothing that the server tells holds the value.
    for path in [at, "/api/server/logs?limit=1000&level=all", "/metrics"] {
        assert!(!client.get(path).await.text().contains(CANARY), "{path}");
    }
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_administers_the_server_is_refused_to_others() {
    let (_model, served) = served(|_| ()).await;
    let client = &served.client;
    let variables = json!({ "content": { "A": "b" } });
    for at in ["", "/eliza"] {
        for (method, path) in [
            ("POST", "/api/runtime/stop"),
            ("POST", "/api/server/stop"),
            ("DELETE", "/api/server/logs"),
            ("GET", "/api/system/env/local"),
            ("POST", "/api/system/env/local"),
        ] {
            let refused = send(client.request(method, &format!("{at}{path}")).json(&variables)).await.expect(403);
            assert_eq!(refused["error"]["code"], "FORBIDDEN", "{method} {path}");
        }
    }
    client.get("/api/server/ping").await.expect(200);
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_leaves_when_it_is_told_to() {
    let place = Place::new("sqlite");
    let serving = Serving::start(&place, &["--store", "memory:", "--allow-local-admin"]);
    let told = serving.client.post("/api/server/stop", &json!({})).await.expect(200);
    assert_eq!(told, json!({ "message": "Server stopping..." }));
    let ended = serving.process.end(crate::support::server::PATIENCE);
    assert_eq!(ended.code, Some(0), "{ended}");
}
