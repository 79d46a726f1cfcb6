//! Over HTTP: `/mcp` of a server, and `ombud mcp serve --http`.

use ombud::config::Wire;
use ombud::domain::{KeyPermission, Principal};
use ombud::engine::{Engine as _, NewKey};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::mcp_client::{McpClient, result, structured, texts};
use crate::support::model_server::{Answer, Gate, ModelServer};
use crate::support::process::Place;
use crate::support::server::{Client, Reply, Served, Serving, send, within};

const BOTH: &str = "application/json, text/event-stream";

/// Posts a message; what came back.
async fn post(client: &Client, path: &str, heads: &[(&str, &str)], message: &Value) -> Reply {
    let mut request = client.request("POST", path).header("content-type", "application/json").header("accept", BOTH);
    for (name, value) in heads {
        request = request.header(*name, *value);
    }
    send(request.body(message.to_string())).await
}

fn request(id: u64, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

fn initialize(version: &str) -> Value {
    let client = json!({ "name": "test", "version": "1" });
    request(1, "initialize", json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": client }))
}

/// The last message of a stream.
fn last(reply: &Reply) -> Value {
    let text = reply.text();
    let data = text.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim).rfind(|data| !data.is_empty());
    serde_json::from_str(data.unwrap_or(&text)).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Begins a connection by hand; what names it.
async fn begin(client: &Client) -> String {
    let reply = post(client, "/mcp", &[], &initialize("2025-11-25")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let named = reply.header("mcp-session-id").unwrap().to_owned();
    let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(post(client, "/mcp", &[("mcp-session-id", &named)], &initialized).await.status, 202);
    named
}

async fn key(served: &Served, name: &str) -> String {
    let permissions = vec![KeyPermission::Sessions];
    let new = NewKey { name: name.to_owned(), permissions, prefix: "sk_".to_owned(), ..NewKey::default() };
    served.house.create_key(&Principal::local("admin"), new).await.unwrap().word.expose().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clients_ask_at_once() {
    let gate = Gate::new();
    let script = vec![Answer::pieces(&["one"]).wait_after(1, &gate), Answer::text("two")];
    let model = ModelServer::start(Wire::Openai, script);
    let served = Served::start(&model).await;
    let url = format!("{}/mcp", served.client.base());
    let (first, second) = (McpClient::at(&url, None).await, McpClient::at(&url, None).await);
    let asked = first.begin("ask", json!({ "prompt": "first" })).await;
    first.told.wait_for("1 default asks house/small").await;
    let waits = gate.clone();
    tokio::task::spawn_blocking(move || waits.wait_until_reached()).await.unwrap();
    let other = second.call("ask", json!({ "prompt": "second" })).await;
    assert_eq!(texts(&other)[0], "two");
    gate.open();
    let asked = within("the first is answered", result(asked)).await;
    assert_eq!(texts(&asked)[0], "one");
    assert!(second.told.all().iter().all(|line| line.starts_with("1 ")), "{:?}", second.told.all());
    assert_ne!(structured(&asked)["session"], structured(&other)["session"]);
    assert_eq!(structured(&first.call("list_sessions", json!({})).await)["sessions"].as_array().unwrap().len(), 2);
    drop((first, second));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_taken_back_ends_its_run() {
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("never").stall_before_first_byte()]);
    let served = Served::start(&model).await;
    let client = McpClient::at(&format!("{}/mcp", served.client.base()), None).await;
    let handle = client.begin("ask", json!({ "prompt": "Wait." })).await;
    let model = tokio::task::spawn_blocking(move || {
        model.wait_for_requests(1);
        model
    })
    .await
    .unwrap();
    handle.cancel(None).await.unwrap();
    tokio::task::spawn_blocking(move || model.wait_until_left(1)).await.unwrap();
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asked_is_answered_while_the_server_leaves() {
    let gate = Gate::new();
    let model = ModelServer::start(Wire::Openai, vec![Answer::pieces(&["the ", "end"]).wait_after(1, &gate)]);
    let served = Served::start(&model).await;
    let client = McpClient::at(&format!("{}/mcp", served.client.base()), None).await;
    let asked = client.begin("ask", json!({ "prompt": "Wait." })).await;
    let waits = gate.clone();
    tokio::task::spawn_blocking(move || waits.wait_until_reached()).await.unwrap();
    served.begin_to_leave();
    gate.open();
    let asked = within("it is answered", result(asked)).await;
    assert_eq!(texts(&asked)[0], "the end");
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_for_who_began_it() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    let words = [key(&served, "a").await, key(&served, "b").await];
    let clients = words.map(|word| served.client.with("authorization", &format!("Bearer {word}")));
    let named = begin(&clients[0]).await;
    let list = request(2, "tools/list", json!({}));
    let with = [("mcp-session-id", named.as_str())];
    let own = post(&clients[0], "/mcp", &with, &list).await;
    assert_eq!(last(&own)["result"]["tools"].as_array().unwrap().len(), 5);
    let refused = post(&clients[1], "/mcp", &with, &list).await;
    assert_eq!(refused.status, 404);
    let said = refused.json();
    assert_eq!(
        said["error"]["message"],
        json!(format!("connection `{named}` is not known\nhint: begin a new one: `initialize`"))
    );
    for method in ["GET", "DELETE"] {
        let request = clients[1].request(method, "/mcp").header("mcp-session-id", &named).header("accept", BOTH);
        assert_eq!(send(request).await.status, 404, "{method}");
    }
    let ended = send(clients[0].request("DELETE", "/mcp").header("mcp-session-id", &named)).await;
    assert!(ended.status < 300, "{}", ended.status);
    assert_eq!(post(&clients[0], "/mcp", &with, &list).await.status, 404);
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_request_is_its_callers() {
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("teal")]);
    let served = Served::start_with(&model, |settings| {
        settings.server.token = Some(SecretString::from("correct horse"));
    })
    .await;
    let url = format!("{}/mcp", served.client.base());
    let refused = post(&served.client, "/mcp", &[], &initialize("2025-11-25")).await;
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, Some("Bearer")));
    let said = refused.json();
    assert_eq!((&said["jsonrpc"], &said["id"], &said["error"]["code"]), (&json!("2.0"), &Value::Null, &json!(-32000)));
    assert_eq!(said["error"]["data"]["code"], json!("unauthorized"));
    let client = McpClient::at(&url, Some("correct horse")).await;
    let session = structured(&client.call("ask", json!({ "prompt": "Which colour?" })).await)["session"].clone();
    // A key for other doors does not open this one; one that may not ask is told so by the tool.
    let new = |name: &str, permissions: Vec<KeyPermission>, doors: Option<Vec<String>>| NewKey {
        name: name.to_owned(),
        permissions,
        doors,
        prefix: "sk_".to_owned(),
        ..NewKey::default()
    };
    let admin = Principal::local("admin");
    let other = new("other", vec![KeyPermission::Sessions], Some(vec!["tarko".to_owned()]));
    let other = served.house.create_key(&admin, other).await.unwrap();
    let heads = format!("Bearer {}", other.word.expose());
    let refused = post(&served.client, "/mcp", &[("authorization", &heads)], &initialize("2025-11-25")).await;
    assert_eq!(refused.status, 403);
    let agents = served.house.create_key(&admin, new("agents", vec![KeyPermission::Agents], None)).await.unwrap();
    let agents = McpClient::at(&url, Some(agents.word.expose())).await;
    let result = agents.call("read_session", json!({ "session": session })).await;
    assert_eq!(result.is_error, Some(true));
    assert_eq!(structured(&result)["error"]["code"], json!("forbidden"));
    drop((client, agents));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_others_are_kept_out() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    for heads in [("host", "evil.example"), ("origin", "http://evil.example"), ("sec-fetch-site", "cross-site")] {
        let refused = post(&served.client, "/mcp", &[heads], &initialize("2025-11-25")).await;
        assert_eq!(refused.status, 403, "{heads:?}");
        assert_eq!(refused.json()["error"]["data"]["code"], json!("forbidden"), "{heads:?}");
    }
    let own = post(&served.client, "/mcp", &[("origin", served.client.base())], &initialize("2025-11-25")).await;
    assert_eq!(own.status, 200);
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_revision_is_spoken() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let reply = post(&served.client, "/mcp", &[], &initialize(version)).await;
        assert_eq!(last(&reply)["result"]["protocolVersion"], json!(version));
    }
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let heads = |method: &'static str| [("mcp-protocol-version", "2026-07-28"), ("mcp-method", method)];
    for method in ["server/discover", "tools/list"] {
        let reply = post(&served.client, "/mcp", &heads(method), &request(1, method, json!({ "_meta": meta }))).await;
        assert_eq!(reply.status, 200, "{method}: {}", reply.text());
        assert_eq!(last(&reply)["result"]["resultType"], json!("complete"), "{method}");
    }
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_serves_it_alone() {
    let place = Place::new("sqlite");
    let serving = Serving::of(place.command(&["mcp", "serve", "--http", "127.0.0.1:0"]));
    let line = serving.start_line.replace(serving.client.base(), "[url]").replace(&place.store(), "[store]");
    assert_eq!(
        line,
        format!(
            "ombud {} listening on [url] store=[store] model=offline/rules dialects=mcp,ombud auth=local \
             tools=list_files,read_file,search_files,find_files",
            env!("CARGO_PKG_VERSION")
        )
    );
    let client = McpClient::at(&format!("{}/mcp", serving.client.base()), None).await;
    let answered = client.call("ask", json!({ "prompt": "What is 2 + 3?" })).await;
    assert_eq!(answered.is_error, Some(false), "{answered:?}");
    drop(client);
    assert_eq!(serving.client.get("/api/v1/health").await.status, 404);
    assert_eq!(serving.end().code, Some(0));
    // Where others could reach it, it wants a token; and in front of a server it always does.
    for (arguments, said) in [
        (vec!["mcp", "serve", "--http", "0.0.0.0:0"], "can be reached from other machines, and there is no token"),
        (
            vec!["mcp", "serve", "--http", "127.0.0.1:0", "--server", "http://127.0.0.1:1"],
            "with --server, who comes over HTTP must show a token",
        ),
    ] {
        let mut command = place.command(&arguments);
        command.env_remove("OMBUD_STORE");
        let ended = crate::support::process::Process::start(command).end(crate::support::process::PATIENCE);
        assert_eq!(ended.code, Some(2), "{ended}");
        assert!(ended.stderr.contains(said), "{ended}");
    }
}
