//! Tool servers of the house over HTTP, at `/mcp/{slug}/mcp`: one program, and any number of clients.

use ombud::config::{Settings, Wire};
use ombud::domain::{KeyPermission, Principal, ToolServerSource};
use ombud::engine::{Engine as _, NewKey, NewToolServer};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::mcp_client::{McpClient, texts};
use crate::support::model_server::ModelServer;
use crate::support::server::{Client, Events, Reply, Served, open, send};

/// The program: a script of the shell.
const PROGRAM: &str = include_str!("../../fixtures/tool_servers/bridged.sh");
const PATH: &str = "/mcp/bridged/mcp";
const BOTH: &str = "application/json, text/event-stream";
const TOKEN: &str = "correct horse";

/// A server whose house runs the program, and the client that has its token.
struct Bridged {
    served: Served,
    client: Client,
    _model: ModelServer,
}

impl Bridged {
    async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let model = ModelServer::start(Wire::Openai, vec![]);
        let served = Served::start_with(&model, |settings| {
            settings.server.token = Some(SecretString::from(TOKEN));
            settings.tools.guard = Some(env!("CARGO_BIN_EXE_ombud").into());
            change(settings);
        })
        .await;
        let source = ToolServerSource::Program {
            command: "/bin/sh".to_owned(),
            arguments: vec!["-c".to_owned(), PROGRAM.to_owned()],
            variables: vec![],
        };
        let new = NewToolServer {
            name: "bridged".to_owned(),
            slug: None,
            source,
            secrets: std::collections::BTreeMap::new(),
            for_all: false,
        };
        let admin = Principal::local("admin");
        let servers = served.house.tool_servers();
        servers.create_tool_server(&admin, new).await.unwrap();
        servers.start_tool_server(&admin, "bridged").await.unwrap();
        // What it offers is known when it runs.
        assert_eq!(servers.tools_of_server(&admin, "bridged").await.unwrap().len(), 1);
        let client = served.client.with("authorization", &format!("Bearer {TOKEN}"));
        Self { served, client, _model: model }
    }

    /// A connection that was begun.
    async fn begin(&self) -> Connection {
        let reply = post(&self.client, &initialize("2025-06-18")).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let client = self.client.with("mcp-session-id", reply.header("mcp-session-id").unwrap());
        let client = client.with("mcp-protocol-version", "2025-06-18");
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(post(&client, &initialized).await.status, 202);
        Connection { client }
    }

    async fn leave(self) {
        self.served.leave().await;
    }
}

/// A connection of one client.
struct Connection {
    client: Client,
}

impl Connection {
    /// Asks something; the whole answer as it came.
    async fn ask(&self, id: u64, method: &str, params: Value) -> Reply {
        post(&self.client, &request(id, method, params)).await
    }

    /// Calls a tool whose answer is the first that comes; its text.
    async fn text(&self, tool: &str) -> String {
        let answer = self.ask(9, "tools/call", json!({ "name": tool })).await.expect(200);
        answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// Calls a tool, and reads what comes as it comes.
    async fn call(&self, id: u64, tool: &str) -> Events {
        let params = json!({ "name": tool, "_meta": { "progressToken": "mine" } });
        open(posting(&self.client).body(request(id, "tools/call", params).to_string())).await
    }

    /// Listens to what is told to everybody.
    async fn listen(&self) -> Events {
        let mut events = open(self.client.request("GET", PATH).header("accept", "text/event-stream")).await;
        assert_eq!(events.status, 200);
        assert!(events.next_raw().await.unwrap().comment.is_some());
        events
    }
}

fn posting(client: &Client) -> reqwest::RequestBuilder {
    client.request("POST", PATH).header("content-type", "application/json").header("accept", BOTH)
}

async fn post(client: &Client, message: &Value) -> Reply {
    send(posting(client).body(message.to_string())).await
}

fn request(id: u64, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

fn initialize(version: &str) -> Value {
    let client = json!({ "name": "test", "version": "1" });
    request(1, "initialize", json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": client }))
}

/// The number of an error, and the status that it came with.
fn error(reply: &Reply) -> (u16, Value) {
    (reply.status, reply.json()["error"]["code"].clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_is_greeted_by_what_the_program_said_once() {
    let bridged = Bridged::start().await;
    for (asked, agreed) in [("2024-11-05", "2024-11-05"), ("2025-06-18", "2025-06-18"), ("2025-11-25", "2025-06-18")] {
        let reply = post(&bridged.client, &initialize(asked)).await;
        assert_eq!(
            reply.expect(200),
            json!({
                "jsonrpc": "2.0",
                "id": 1,
                "result": {
                    "protocolVersion": agreed,
                    "capabilities": { "tools": { "listChanged": true }, "logging": {}, "resources": { "subscribe": true } },
                    "serverInfo": { "name": "bridged", "version": "1" },
                    "instructions": "for tests",
                },
            })
        );
    }
    let client = McpClient::at(&format!("{}{PATH}/", bridged.client.base()), Some(TOKEN)).await;
    let result = client.call("echo", json!({ "words": "hello" })).await;
    assert_eq!(texts(&result), ["hello"]);
    drop(client);
    bridged.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_go_on_as_they_are() {
    let bridged = Bridged::start().await;
    let one = bridged.begin().await;
    let tool = json!({ "name": "echo", "inputSchema": { "type": "object" }, "x-own": { "kept": true } });
    assert_eq!(
        one.ask(7, "tools/list", json!({})).await.expect(200),
        json!({ "jsonrpc": "2.0", "id": 7, "result": { "tools": [tool] } })
    );
    assert_eq!(
        post(
            &one.client,
            &json!({ "jsonrpc": "2.0", "id": "text", "method": "tools/call", "params": {
            "name": "echo", "arguments": { "words": "hé" },
        } })
        )
        .await
        .expect(200),
        json!({ "jsonrpc": "2.0", "id": "text", "result": {
            "content": [{ "type": "text", "text": "hé" }], "x-own": 1,
        } })
    );
    assert_eq!(
        one.ask(8, "tools/call", json!({ "name": "nothing" })).await.expect(200),
        json!({ "jsonrpc": "2.0", "id": 8, "error": { "code": -32602, "message": "no such tool", "data": { "own": 1 } } })
    );
    assert_eq!(one.ask(9, "ping", json!({})).await.expect(200)["result"], json!({}));
    assert_eq!(one.ask(10, "prompts/list", json!({})).await.expect(200)["error"]["code"], json!(-32601));
    // Somebody who has not begun a connection is answered too.
    let passing = post(&bridged.client, &request(1, "tools/list", json!({}))).await;
    assert_eq!(passing.expect(200)["result"]["tools"][0]["name"], json!("echo"));
    bridged.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_meanwhile_reaches_who_asked() {
    let bridged = Bridged::start().await;
    let (one, two) = (bridged.begin().await, bridged.begin().await);
    let progress = |progress: u64, message: Option<&str>| {
        let mut params = json!({ "progressToken": "mine", "progress": progress });
        if let Some(message) = message {
            params["message"] = json!(message);
        }
        json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params })
    };
    // Both have the same id and the same token: each is answered by itself.
    let mut waits = one.call(3, "wait").await;
    assert_eq!(waits.next().await.unwrap().json(), progress(1, None));
    let other = two.call(3, "progress").await.values().await;
    let text = |id: u64, text: &str| json!({ "jsonrpc": "2.0", "id": id, "result": { "content": [{ "type": "text", "text": text }] } });
    assert_eq!(other, [progress(1, Some("half")), text(3, "done")]);
    assert_eq!(two.text("release").await, "released");
    assert_eq!(waits.values().await, [text(3, "waited")]);

    // Lines of the log stand before the answer, as grave as each wants them.
    let log = |level: &str, data: &str| json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": { "level": level, "data": data } });
    assert_eq!(one.call(4, "log").await.values().await, [log("debug", "small"), log("error", "large"), text(4, "logged")]);
    assert_eq!(one.ask(5, "logging/setLevel", json!({ "level": "warning" })).await.expect(200)["result"], json!({}));
    assert_eq!(one.text("level").await, "warning");
    assert_eq!(one.call(6, "log").await.values().await, [log("error", "large"), text(6, "logged")]);
    // The program tells as much as the one who wants most.
    two.ask(5, "logging/setLevel", json!({ "level": "debug" })).await.expect(200);
    assert_eq!(two.text("level").await, "debug");
    one.ask(7, "logging/setLevel", json!({ "level": "error" })).await.expect(200);
    assert_eq!(one.text("level").await, "debug");
    bridged.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_reaches_whose_request_it_is_about() {
    let bridged = Bridged::start().await;
    let one = bridged.begin().await;
    let mut asked = one.call(3, "question").await;
    let question = asked.next().await.unwrap().json();
    assert_eq!(
        question,
        json!({
            "jsonrpc": "2.0", "id": "q1", "method": "sampling/createMessage", "params": { "maxTokens": 1, "messages": [] },
        })
    );
    // Nobody else can answer it, and it is answered once.
    let answer = json!({ "jsonrpc": "2.0", "id": "q1", "result": { "role": "assistant" } });
    let two = bridged.begin().await;
    assert_eq!(error(&post(&two.client, &answer).await), (400, json!(-32600)));
    assert_eq!(post(&one.client, &answer).await.status, 202);
    let answers = asked.values().await;
    assert_eq!(answers[0]["result"]["content"][0]["text"], json!("somebody answered"));
    assert_eq!(error(&post(&one.client, &answer).await), (400, json!(-32600)));
    // While requests of two are at work, nobody knows whose it is; and who has no connection cannot be asked.
    let mut waits = two.call(4, "wait").await;
    waits.next().await.unwrap();
    assert_eq!(one.text("question").await, "nobody answered");
    assert_eq!(one.text("release").await, "released");
    assert_eq!(waits.values().await.len(), 1);
    let passing = Connection { client: bridged.client.clone() };
    assert_eq!(passing.text("question").await, "nobody answered");
    bridged.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_taken_back_by_who_sent_it() {
    let bridged = Bridged::start().await;
    let (one, two) = (bridged.begin().await, bridged.begin().await);
    let mut waits = one.call(3, "wait").await;
    waits.next().await.unwrap();
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 3 } });
    assert_eq!(post(&two.client, &cancel).await.status, 202);
    assert_eq!(two.text("taken").await, "");
    assert_eq!(post(&one.client, &cancel).await.status, 202);
    let answers = waits.values().await;
    assert_eq!((&answers[0]["id"], &answers[0]["error"]["code"]), (&json!(3), &json!(-32000)));
    assert_eq!(one.text("taken").await, "nobody waits for the answer any more");
    // A connection that ends takes its requests back.
    let mut waits = two.call(4, "wait").await;
    waits.next().await.unwrap();
    assert_eq!(send(two.client.request("DELETE", PATH)).await.status, 204);
    assert_eq!(waits.values().await[0]["id"], json!(4));
    assert_eq!(error(&two.ask(5, "ping", json!({})).await), (404, json!(-32002)));
    bridged.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_are_told_to_those_whom_they_concern() {
    let bridged = Bridged::start().await;
    let (one, two) = (bridged.begin().await, bridged.begin().await);
    let (mut hears, mut other) = (one.listen().await, two.listen().await);
    let again = open(one.client.request("GET", PATH).header("accept", "text/event-stream")).await;
    assert_eq!(again.status, 409);
    let subscribe = json!({ "uri": "test://a" });
    one.ask(3, "resources/subscribe", subscribe.clone()).await.expect(200);
    assert_eq!(two.text("change").await, "changed");
    let updated = json!({ "jsonrpc": "2.0", "method": "notifications/resources/updated", "params": { "uri": "test://a" } });
    let changed = json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" });
    assert_eq!([hears.next().await.unwrap().json(), hears.next().await.unwrap().json()], [updated, changed.clone()]);
    assert_eq!(other.next().await.unwrap().json(), changed);
    // What comes while nobody listens waits.
    drop(other);
    assert_eq!(one.text("change").await, "changed");
    let two = bridged.begin().await;
    assert_eq!(one.text("change").await, "changed");
    assert_eq!(two.listen().await.next().await.unwrap().json(), changed);
    // The program is told to go on as long as somebody wants to know, and once that is over.
    two.ask(4, "resources/subscribe", subscribe.clone()).await.expect(200);
    one.ask(5, "resources/unsubscribe", subscribe).await.expect(200);
    assert_eq!(one.text("watched").await, "++");
    assert_eq!(send(two.client.request("DELETE", PATH)).await.status, 204);
    assert_eq!(one.text("watched").await, "++-");
    bridged.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_not_proven_who_they_are_is_kept_out() {
    let bridged = Bridged::start().await;
    assert_eq!(error(&post(&bridged.served.client, &initialize("2025-06-18")).await), (401, json!(-32000)));
    let key = async |name: &str, permissions: Vec<KeyPermission>| {
        let new = NewKey { name: name.to_owned(), permissions, prefix: "sk_".to_owned(), ..NewKey::default() };
        let key = bridged.served.house.create_key(&Principal::local("admin"), new).await.unwrap();
        bridged.served.client.with("authorization", &format!("Bearer {}", key.word.expose()))
    };
    let sessions = key("sessions", vec![KeyPermission::Sessions]).await;
    assert_eq!(error(&post(&sessions, &initialize("2025-06-18")).await), (403, json!(-32000)));
    for (name, value) in [("origin", "http://evil.example"), ("host", "evil.example")] {
        let refused = post(&bridged.client.with(name, value), &initialize("2025-06-18")).await;
        assert_eq!(refused.status, 403, "{name}");
    }
    assert_eq!(bridged.served.client.get(PATH).await.status, 401);
    bridged.leave().await;
    // On a server without a token everybody is let in, but not here.
    let open = Bridged::start_with(|settings| settings.server.token = None).await;
    assert_eq!(error(&post(&open.served.client, &initialize("2025-06-18")).await), (401, json!(-32000)));
    open.leave().await;
    let anybody = Bridged::start_with(|settings| {
        settings.server.token = None;
        settings.server.no_auth = true;
    })
    .await;
    assert_eq!(post(&anybody.served.client, &initialize("2025-06-18")).await.status, 200);
    anybody.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_run_says_so() {
    let bridged = Bridged::start().await;
    let one = bridged.begin().await;
    let admin = Principal::local("admin");
    bridged.served.house.tool_servers().stop_tool_server(&admin, "bridged").await.unwrap();
    let refused = one.ask(5, "tools/list", json!({})).await;
    assert_eq!(error(&refused), (503, json!(-32000)));
    assert_eq!(refused.json()["id"], json!(5));
    assert_eq!(bridged.client.request("GET", PATH).send().await.unwrap().status().as_u16(), 503);
    let unknown = bridged.client.request("POST", "/mcp/nothing/mcp").header("content-type", "application/json");
    assert_eq!(error(&send(unknown.body(request(1, "ping", json!({})).to_string())).await), (404, json!(-32002)));
    // Started anew, it is another conversation: the clients of the one before begin anew.
    let servers = bridged.served.house.tool_servers();
    servers.start_tool_server(&admin, "bridged").await.unwrap();
    servers.tools_of_server(&admin, "bridged").await.unwrap();
    assert_eq!(error(&one.ask(6, "tools/list", json!({})).await), (404, json!(-32002)));
    let again = bridged.begin().await;
    // One that ends by itself answers what waits with an error.
    let mut waits = again.call(3, "wait").await;
    waits.next().await.unwrap();
    let dying = again.ask(4, "tools/call", json!({ "name": "die" })).await.expect(200);
    assert_eq!(dying["error"]["code"], json!(-32000));
    assert_eq!(waits.values().await[0]["error"]["code"], json!(-32000));
    bridged.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_message_is_refused() {
    let bridged = Bridged::start().await;
    let one = bridged.begin().await;
    let raw = async |heads: &[(&str, &str)], body: &str| {
        let mut request = one.client.request("POST", PATH);
        for (name, value) in heads {
            request = request.header(*name, *value);
        }
        send(request.body(body.to_owned())).await
    };
    let json_head = ("content-type", "application/json");
    let list = request(1, "tools/list", json!({})).to_string();
    assert_eq!(error(&raw(&[json_head], "{").await), (400, json!(-32700)));
    assert_eq!(error(&raw(&[json_head], &format!("[{list}]")).await), (400, json!(-32600)));
    assert_eq!(error(&raw(&[], &list).await), (415, json!(-32602)));
    assert_eq!(error(&raw(&[json_head, ("accept", "text/html")], &list).await), (406, json!(-32602)));
    // Who takes only one form is answered in that.
    assert_eq!(raw(&[json_head, ("accept", "application/json")], &list).await.expect(200)["id"], json!(1));
    let stream = raw(&[json_head, ("accept", "text/event-stream")], &list).await;
    assert_eq!(stream.header("content-type"), Some("text/event-stream"));
    // The newest revision has no greeting: its clients are told to begin with one.
    let newest = bridged.client.with("mcp-protocol-version", "2026-07-28");
    let meta = json!({ "_meta": { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } });
    assert_eq!(error(&post(&newest, &request(1, "server/discover", meta.clone())).await), (400, json!(-32601)));
    assert_eq!(error(&post(&newest, &request(1, "tools/list", meta)).await), (400, json!(-32600)));
    assert_eq!(error(&post(&bridged.client.with("mcp-session-id", "x"), &request(1, "ping", json!({}))).await).0, 404);
    bridged.leave().await;
}
