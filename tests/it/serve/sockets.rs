//! Socket.IO, byte by byte over long polling: what a client says and hears.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use ombud::config::{Settings, Wire};
use ombud::domain::SessionId;
use ombud::engine::{Engine, NewSession, OnBusy};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::support::house::{again, somebody};
use crate::support::model_server::{Answer, Gate, ModelServer};
use crate::support::server::{Client, Served, send, within};
use crate::support::socket::Socket;

/// What every new client hears, whatever it speaks.
const GREETING: &str = "42[\"connection_established\",";

/// A client of Socket.IO that polls.
pub(super) struct Polling {
    client: Client,
    query: String,
    waiting: VecDeque<String>,
}

impl Polling {
    /// Opens the transport.
    pub(super) async fn open(client: &Client, more: &str) -> Self {
        let query = format!("/socket.io/?EIO=4&transport=polling{more}");
        let mut polling = Self { client: client.clone(), query, waiting: VecDeque::new() };
        let opened = polling.packet().await;
        let opened: Value = serde_json::from_str(opened.strip_prefix('0').unwrap()).unwrap();
        assert_eq!(opened["upgrades"], json!(["websocket"]));
        polling.query = format!("{}&sid={}", polling.query, opened["sid"].as_str().unwrap());
        polling
    }

    /// Opens the transport, and says who it is.
    pub(super) async fn connect(client: &Client) -> Self {
        let mut polling = Self::open(client, "").await;
        polling.say("40").await;
        assert!(polling.packet().await.starts_with("40{\"sid\":"));
        polling
    }

    /// Sends a packet.
    pub(super) async fn say(&self, packet: &str) {
        let reply = send(self.client.request("POST", &self.query).body(packet.to_owned())).await;
        assert_eq!((reply.status, reply.text().as_str()), (200, "ok"), "{packet}");
    }

    /// Sends an event.
    pub(super) async fn emit(&self, event: &str, payload: Value) {
        self.say(&format!("42{}", json!([event, payload]))).await;
    }

    /// The next packet; signs of life are answered, and the greeting that every client hears is passed over.
    pub(super) async fn packet(&mut self) -> String {
        loop {
            while let Some(packet) = self.waiting.pop_front() {
                if packet != "2" && !packet.starts_with(GREETING) {
                    return packet;
                }
                self.say("3").await;
            }
            let reply = self.client.get(&self.query).await;
            assert_eq!(reply.status, 200, "{}", reply.text());
            self.waiting.extend(reply.text().split('\u{1e}').map(str::to_owned));
        }
    }

    /// The greeting that every client hears.
    pub(super) async fn greeting(&mut self) -> Value {
        loop {
            while let Some(packet) = self.waiting.pop_front() {
                if let Some(greeting) = packet.strip_prefix(GREETING) {
                    return serde_json::from_str(greeting.strip_suffix(']').unwrap()).unwrap();
                }
                assert_eq!(packet, "2");
                self.say("3").await;
            }
            let reply = self.client.get(&self.query).await;
            self.waiting.extend(reply.text().split('\u{1e}').map(str::to_owned));
        }
    }

    /// The next event: its name, and what came with it.
    pub(super) async fn event(&mut self) -> (String, Value) {
        let packet = self.packet().await;
        let text = packet.strip_prefix("42").unwrap_or_else(|| panic!("no event: {packet}"));
        let mut event: Vec<Value> = serde_json::from_str(text).unwrap();
        assert_eq!(event.len(), 2, "{packet}");
        (event[0].as_str().unwrap().to_owned(), event.pop().unwrap())
    }

    /// Events up to the end of a run, in the form in which this socket joined.
    pub(super) async fn run(&mut self) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let (name, event) = self.event().await;
            assert_eq!(name, "agent-event", "{event}");
            let last = event["type"] == "agent_run_end"
                || (event["type"] == "agent-status" && event["data"]["isProcessing"] == false);
            events.push(event);
            if last {
                return events;
            }
        }
    }
}

async fn session(served: &Served) -> SessionId {
    served.house.create(&somebody(), NewSession::default()).await.unwrap().id
}

fn idle() -> (String, Value) {
    ("agent-status".to_owned(), json!({"isProcessing": false, "state": "idle"}))
}

fn error(text: &str) -> (String, Value) {
    ("error".to_owned(), json!(text))
}

/// What the original would have sent, in the form of the recorded transcript.
fn mapped(tool: bool) -> Vec<Value> {
    let status = |state: &str, phase: &str| json!(["agent-status", state, phase]);
    let mut events = vec![
        status("initializing", "query_preparation"),
        status("processing", "request_processing"),
        json!(["query", {"text": "look"}]),
        status("initializing", "model_initialization"),
    ];
    if tool {
        events.extend([
            json!(["answer", {"text": ""}]),
            status("executing_tools", "tool_execution"),
            json!(["event", "tool_call"]),
            json!(["event", "tool_result"]),
        ]);
    }
    events.extend([
        status("streaming", "first_token_received"),
        json!(["streaming_message", {"content": "Done.", "isComplete": false}]),
        json!(["answer", {"text": "Done."}]),
        json!(["agent-status", "idle", null]),
    ]);
    events
}

/// The mapped events as far as they are always the same.
fn outline(events: &[Value]) -> Vec<Value> {
    let mut outline: Vec<Value> = Vec::new();
    for event in events {
        let (kind, data) = (&event["type"], &event["data"]);
        let line = match kind.as_str().unwrap() {
            "agent-status" => json!([kind, data["state"], data["phase"]]),
            "event" => json!([kind, data["type"]]),
            "streaming_message" => json!([kind, {"content": data["content"], "isComplete": data["isComplete"]}]),
            _ => json!([kind, data]),
        };
        // A call grows in as many pieces as the model likes.
        if outline.last() != Some(&line) {
            outline.push(line);
        }
    }
    outline
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn joining_in_both_forms_and_runs_from_elsewhere() {
    let tool = Answer::calls(vec![("read_file", json!({"path": "a.txt"}))]);
    let model = ModelServer::start(Wire::Openai, vec![tool, Answer::text("Done."), Answer::text("Done.")]);
    let served = Served::start(&model).await;
    std::fs::write(served.workspace.path().join("a.txt"), "alpha\n").unwrap();
    let session = session(&served).await;
    let (mut raw, mut old) = (Polling::connect(&served.client).await, Polling::connect(&served.client).await);
    raw.emit("join-session", json!({"sessionId": session})).await;
    old.emit("join-session", json!(session)).await;
    assert_eq!((raw.event().await, old.event().await), (idle(), idle()));

    // Asked by a socket.
    raw.emit("send-query", json!({"sessionId": session, "query": "look"})).await;
    let events = raw.run().await;
    let mut kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    kinds.dedup();
    assert_eq!(
        kinds,
        [
            "user_message",
            "agent_run_start",
            "assistant_message",
            "tool_call",
            "tool_result",
            "assistant_streaming_message",
            "assistant_message",
            "agent_run_end"
        ]
    );
    let old_events = old.run().await;
    assert_eq!(outline(&old_events), mapped(true));
    let call = old_events.iter().find(|event| event["data"]["type"] == "tool_call").unwrap();
    assert_eq!(call["data"]["arguments"], json!({"path": "a.txt"}));
    assert!(old_events.iter().all(|event| event["data"]["cursor"].is_null()));

    // Asked by somebody else, after both have joined again: nothing comes twice.
    for _ in 0..2 {
        raw.emit("join-session", json!({"sessionId": session})).await;
        old.emit("join-session", json!(session)).await;
        assert_eq!((raw.event().await, old.event().await), (idle(), idle()));
    }
    served.house.ask(&somebody(), again(&session, "look", OnBusy::Reject)).await.unwrap();
    let later = raw.run().await;
    let text: String = later
        .iter()
        .filter(|event| event["type"] == "assistant_streaming_message")
        .map(|event| event["content"].as_str().unwrap())
        .collect();
    assert_eq!((text.as_str(), later.iter().filter(|event| event["type"] == "user_message").count()), ("Done.", 1));
    assert_eq!(outline(&old.run().await), mapped(false));

    // From where a client says that it was.
    let mut back = Polling::connect(&served.client).await;
    back.emit("join-session", json!({"sessionId": session, "after": events.last().unwrap()["cursor"]})).await;
    assert_eq!(back.event().await, idle());
    let kept = |events: Vec<Value>| -> Vec<Value> {
        events.into_iter().filter(|event| event["type"] != "assistant_streaming_message").collect()
    };
    assert_eq!(kept(back.run().await), kept(later));
    model.finish();
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_a_client_sends_kills_anything() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    let mut socket = Polling::connect(&served.client).await;
    let known = session(&served).await;
    socket.emit("send-query", json!({"sessionId": known})).await;
    assert_eq!(socket.event().await, error("Query is required"));
    socket.emit("join-session", json!({"sessionId": known, "after": "then"})).await;
    assert_eq!(socket.event().await.0, "error");
    for (packet, said) in [
        (r#"42["join-session"]"#, "join-session needs a session id, or an object with `sessionId`"),
        (r#"42["join-session",7]"#, "join-session needs a session id, or an object with `sessionId`"),
        (r#"42["join-session",{}]"#, "Session ID is required"),
        (r#"42["join-session",{"sessionId":{}}]"#, "Session ID is required"),
        (r#"42["join-session","nobody"]"#, "Session not found"),
        (r#"42["join-session",{"sessionId":"nobody"}]"#, "Session not found"),
        (r#"42["join-session","../../etc/passwd"]"#, "Session not found"),
        (r#"42["send-query"]"#, "Session ID is required"),
        (r#"42["send-query","text"]"#, "Session ID is required"),
        (r#"42["send-query",null]"#, "Session ID is required"),
        (r#"42["send-query",{"sessionId":"nobody","query":"x"}]"#, "Session not found"),
        (r#"42["abort-query",[]]"#, "Session ID is required"),
        (r#"42["abort-query",{"sessionId":"nobody"}]"#, "Session not found"),
        (r#"42["request-status",false]"#, "Session ID is required"),
    ] {
        socket.say(packet).await;
        assert_eq!(socket.event().await, error(said), "{packet}");
    }
    // What nobody knows is dropped, and the rest goes on: a callback is called without arguments.
    for packet in [r#"42["dance",1]"#, r#"42["dance"]"#, r#"42["7",null,{}]"#] {
        socket.say(packet).await;
    }
    socket.say(r#"4213["ping"]"#).await;
    assert_eq!(socket.packet().await, "4313[]");
    let status = json!({"isExclusive": false, "runningSessionId": null, "canAcceptNewRequest": true});
    socket.say(r#"42["get-server-status"]"#).await;
    assert_eq!(socket.event().await, ("server-status".to_owned(), status));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aborting_status_and_being_busy() {
    let gate = Gate::new();
    let model = ModelServer::start(Wire::Openai, vec![Answer::pieces(&["Slow", "ly"]).wait_after(2, &gate)]);
    let served = Served::start(&model).await;
    let session = session(&served).await;
    let payload = json!({"sessionId": session});
    let mut socket = Polling::connect(&served.client).await;
    socket.emit("join-session", payload.clone()).await;
    socket.event().await;
    socket.emit("send-query", json!({"sessionId": session, "query": "slowly"})).await;
    while socket.event().await.1["type"] != "assistant_streaming_message" {}
    socket.emit("request-status", payload.clone()).await;
    let works = json!({"isProcessing": true, "state": "executing"});
    assert_eq!(socket.event().await, ("agent-status".to_owned(), works));
    socket.emit("send-query", json!({"sessionId": session, "query": "and?"})).await;
    let (name, said) = socket.event().await;
    assert!(name == "error" && said.is_string(), "{name} {said}");
    socket.emit("abort-query", payload.clone()).await;
    let mut heard = Vec::new();
    while heard.len() < 2 {
        let (name, event) = socket.event().await;
        match (name.as_str(), event["type"].as_str()) {
            ("abort-result", _) => heard.push(event),
            (_, Some("agent_run_end")) => heard.push(event["status"].clone()),
            _ => {}
        }
    }
    heard.sort_by_key(ToString::to_string);
    assert_eq!(heard, [json!("aborted"), json!({"success": true})]);
    socket.emit("abort-query", payload).await;
    assert_eq!(socket.event().await, ("abort-result".to_owned(), json!({"success": false})));
    gate.open();
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_let_in_is_told_why() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let closed = |settings: &mut Settings| settings.server.token = Some(SecretString::from("secret"));
    let served = Served::start_with(&model, closed).await;
    for handshake in ["40", "40{}", "40[]", "40{\"token\":7}", "40{\"token\":\"guess\"}", "40{\"apiKey\":\"guess\"}"] {
        let mut socket = Polling::open(&served.client, "").await;
        socket.say(handshake).await;
        let refused = socket.packet().await;
        let said: Value = serde_json::from_str(refused.strip_prefix("44").unwrap()).unwrap();
        let why = if handshake.contains("guess") { "the token is wrong" } else { "no token was sent" };
        let text = format!("{why} (send the token that the server was started with)");
        assert_eq!(said["message"], text, "{handshake}");
    }
    for (more, handshake) in [("", "40{\"token\":\"secret\"}"), ("", "40{\"apiKey\":\"secret\"}"), ("&token=secret", "40")] {
        let mut socket = Polling::open(&served.client, more).await;
        socket.say(handshake).await;
        assert!(socket.packet().await.starts_with("40{\"sid\":"), "{more} {handshake}");
    }
    for (name, value) in [("authorization", "Bearer secret"), ("x-api-key", "secret")] {
        Polling::connect(&served.client.with(name, value)).await;
    }
    served.leave().await;
}

/// A key opens sockets, where it was made for an API that has them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_opens_sockets_of_its_own_doors() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let closed = |settings: &mut Settings| settings.server.token = Some(SecretString::from("secret"));
    let served = Served::start_with(&model, closed).await;
    for (name, door, said) in [("one", "tarko", "40{\"sid\":"), ("two", "octavus", "44")] {
        let new = ombud::engine::NewKey {
            name: name.into(),
            permissions: vec![ombud::domain::KeyPermission::Sessions],
            doors: Some(vec![door.into()]),
            prefix: "ombud_sk_".into(),
            ..Default::default()
        };
        let admin = ombud::domain::Principal::local("admin");
        let issued = ombud::engine::Engine::create_key(&*served.house, &admin, new).await.unwrap();
        let mut socket = Polling::open(&served.client, "").await;
        socket.say(&format!("40{{\"token\":\"{}\"}}", issued.word.expose())).await;
        let packet = socket.packet().await;
        assert!(packet.starts_with(said) && !packet.contains(issued.word.expose()), "{packet}");
    }
    served.leave().await;
}

/// The next message over a WebSocket, but for signs of life.
async fn heard(socket: &mut WebSocketStream<TcpStream>) -> String {
    loop {
        match within("a message comes", socket.next()).await {
            Some(Ok(Message::Text(text))) if text == "2" || text.starts_with(GREETING) => {}
            Some(Ok(Message::Text(text))) => return text.to_string(),
            other => return format!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_leaves_closes_in_a_way_that_clients_come_back_from() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    let path = "/socket.io/?EIO=4&transport=websocket";
    let mut socket = Socket::try_connect(&served.client, path, &[]).await.unwrap().wire;
    assert!(heard(&mut socket).await.starts_with("0{"));
    socket.send(Message::text("40")).await.unwrap();
    assert!(heard(&mut socket).await.starts_with("40{"));
    served.begin_to_leave();
    // A close of the transport; `41` would tell clients to stay away.
    assert_eq!(heard(&mut socket).await, "1");
    assert!(heard(&mut socket).await.contains("Close"));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_is_refused() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    let socket = Polling::connect(&served.client).await;
    let large = format!("42{}", json!(["send-query", "x".repeat(1_000_001)]));
    assert_eq!(send(served.client.request("POST", &socket.query).body(large)).await.status, 413);
    served.leave().await;
}

/// A client that does not poll holds up nobody, is told why when it comes back, and disconnected.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_takes_too_long_is_told() {
    let words: Vec<String> = (0..60).map(|number| format!("w{number} ")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let model = ModelServer::start(Wire::Openai, vec![Answer::pieces(&words)]);
    let impatient = |settings: &mut Settings| {
        settings.server.limits.slow_reader = Duration::from_millis(100);
        settings.server.limits.heartbeat = Duration::from_millis(50);
        settings.server.limits.socket_frames = 8;
    };
    let served = Served::start_with(&model, impatient).await;
    let session = session(&served).await;
    let mut slow = Polling::connect(&served.client).await;
    slow.emit("join-session", json!({"sessionId": session})).await;
    slow.event().await;
    served.house.ask(&somebody(), again(&session, "much", OnBusy::Reject)).await.unwrap();
    // Somebody else hears all of it, and then twenty heartbeats: the time of the slow one is over.
    let path = format!("/api/v1/sessions/events/stream?sessionId={session}");
    let mut other = served.client.listen(&path).await;
    while other.next().await.unwrap().json()["type"] != "agent_run_end" {}
    for _ in 0..20 {
        assert!(other.next_raw().await.unwrap().comment.is_some());
    }
    let mut events = 0;
    let told = loop {
        let packet = slow.packet().await;
        match packet.strip_prefix("42[\"agent-event\"") {
            Some(_) => events += 1,
            None => break packet,
        }
    };
    assert_eq!(told, r#"42["error","this client takes too long to read: nothing could be sent for 100ms"]"#);
    assert!(events <= 8, "{events}");
    assert_eq!(slow.packet().await, "41", "it is disconnected");
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_others_and_other_names_are_refused() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    for (name, value) in [("origin", "https://evil.example"), ("host", "evil.example"), ("sec-fetch-site", "cross-site")] {
        let reply = served.client.with(name, value).get("/socket.io/?EIO=4&transport=polling").await;
        assert!((400..500).contains(&reply.status), "{name}: {} {}", reply.status, reply.text());
        for path in ["/socket.io/?EIO=4&transport=websocket", "/api/v1/ws"] {
            let refused = Socket::try_connect(&served.client, path, &[(name, value)]).await;
            assert_eq!(refused.err().map(|status| status / 100), Some(4), "{name} {path}");
        }
    }
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_are_so_many_places_for_sockets() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start_with(&model, |settings| settings.server.limits.connections = 6).await;
    // One place is taken by whoever closes the others when the server leaves.
    let mut open = Vec::new();
    for _ in 0..5 {
        open.push(Socket::connect(&served.client).await);
    }
    assert_eq!(Socket::try_connect(&served.client, "/api/v1/ws", &[]).await.err(), Some(503));
    served.leave().await;
}
