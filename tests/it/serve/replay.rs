//! Recorded requests, sent in their order to a server of ours, and its answers held against those that were recorded.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::support::model_server::{Answer, Gate, ModelServer};
use crate::support::server::{Client, Events, open, send, within};
use crate::support::shape::differences;

/// One request and its answer, as they were recorded.
#[derive(Clone, Debug, Deserialize)]
pub struct Recorded {
    /// Its name, with its number.
    pub name: String,
    method: String,
    path: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The body, where it was JSON.
    body: Option<Value>,
    /// The body, where it was not.
    text: Option<String>,
    /// The bytes of a body that says nothing else.
    oversized: Option<usize>,
    status: u16,
    /// The type of the answer.
    #[serde(rename = "type")]
    kind: Option<String>,
    json: Option<Value>,
    events: Option<Vec<Value>>,
}

impl Recorded {
    /// What was asked of the agent.
    fn query(&self) -> Option<&str> {
        let query = self.body.as_ref()?.get("query")?;
        query.as_str().or_else(|| query.pointer("/0/text")?.as_str())
    }

    fn is_query(&self) -> bool {
        self.path.ends_with("/query") || self.path.ends_with("/query/stream")
    }
}

/// The requests of a recording.
pub fn recording(name: &str) -> Vec<Recorded> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tarko").join(format!("{name}.jsonl"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// The workspace that the recordings were made in.
pub fn furnish(workspace: &Path) {
    for folder in [".hidden", "images", "images.d", "node_modules", "src/inner"] {
        fs::create_dir_all(workspace.join(folder)).unwrap();
    }
    for (path, text) in [
        ("images/pic.png", "\u{0}picture"),
        ("images.d/a.txt", "a\n"),
        ("src/index.js", "// index\n"),
        ("src/inner/main.txt", "main\n"),
        ("notes.md", "# Notes\nhello workspace\n"),
    ] {
        fs::write(workspace.join(path), text).unwrap();
    }
}

/// An answer of ours.
struct Given {
    status: u16,
    kind: String,
    json: Option<Value>,
}

/// A request that is not answered yet.
enum Hanging {
    Stream(Vec<Value>, Box<Events>),
    Query(JoinHandle<Given>),
}

/// A recording that is being replayed.
pub struct Replay<'a> {
    /// Its name, in front of every difference.
    pub recording: &'a str,
    /// Asked of the address of every query.
    pub form: &'a str,
    model: &'a ModelServer,
    client: Client,
    /// The ids that were recorded, and ours.
    ids: BTreeMap<String, String>,
    hanging: Option<(Recorded, Hanging, Gate)>,
    found: Vec<String>,
}

impl<'a> Replay<'a> {
    /// Of a recording.
    pub fn new(recording: &'a str, form: &'a str, model: &'a ModelServer, client: &Client) -> Self {
        let (ids, found) = (BTreeMap::new(), Vec::new());
        Self { recording, form, model, client: client.clone(), ids, hanging: None, found }
    }

    /// The same sessions, on a server that was started again.
    pub fn again(&mut self, recording: &'a str, client: &Client) {
        (self.recording, self.client) = (recording, client.clone());
    }

    /// Sends the requests; what differs, each in a line.
    pub async fn run(&mut self, requests: &[Recorded]) -> Vec<String> {
        for recorded in requests {
            if recorded.name.contains("after-client-disconnect") && self.hanging.is_none() && recorded.method == "GET" {
                self.leave_a_stream(recorded).await;
            }
            self.step(recorded).await;
        }
        assert!(self.hanging.is_none(), "a request was never answered");
        std::mem::take(&mut self.found)
    }

    async fn step(&mut self, recorded: &Recorded) {
        if let Some(gate) = self.prepare(recorded) {
            self.hang(recorded, gate).await;
            return;
        }
        let given = if recorded.events.is_some() {
            let events = open(self.request(recorded)).await;
            let (status, kind) = (events.status, essence(&events.headers));
            let json = if status == 200 { Some(events.values().await.into()) } else { None };
            Given { status, kind, json }
        } else {
            answer(self.request(recorded)).await
        };
        self.hold(recorded, &given);
        if recorded.path.ends_with("/abort")
            && let Some((recorded, hanging, _gate)) = self.hanging.take()
        {
            let given = match hanging {
                Hanging::Query(task) => within("an aborted query is answered", task).await.unwrap(),
                Hanging::Stream(mut seen, events) => {
                    let (status, kind) = (events.status, essence(&events.headers));
                    seen.extend(events.values().await);
                    Given { status, kind, json: Some(seen.into()) }
                }
            };
            self.hold(&recorded, &given);
        }
    }

    /// Tells the model what it will answer. A gate where the answer hangs.
    fn prepare(&self, recorded: &Recorded) -> Option<Gate> {
        let hello = || Answer::pieces(&["Hello", " from", " the", " mock."]);
        if recorded.path.ends_with("/generate-summary") && recorded.status == 200 {
            self.model.push(Answer::text(r#"{"title":"Mock Title"}"#));
        }
        let busy = self.hanging.is_some();
        if !recorded.is_query() || ![200, 500].contains(&recorded.status) || busy {
            return None;
        }
        match recorded.query()? {
            "slow answer" => {
                let gate = Gate::new();
                self.model.push(Answer::pieces(&["w0 ", "w1 ", "w2 "]).wait_after(3, &gate));
                return Some(gate);
            }
            "weather please" => {
                self.model.push(Answer::calls(vec![("list_files", json!({"path": "src"}))]));
                self.model.push(Answer::pieces(&["It is", " sunny", " in Paris."]));
            }
            "please fail" => self.model.push(Answer::error(400, "invalid_request_error", "mock failure")),
            "think hard" => self.model.push(Answer::reasoning(&["Let me", " think."]).and_text("Hello from the mock.")),
            _ => self.model.push(hello()),
        }
        None
    }

    fn request(&self, recorded: &Recorded) -> reqwest::RequestBuilder {
        let mut path = self.ours(&recorded.path);
        if recorded.is_query() && !self.form.is_empty() {
            path = format!("{path}?{}", self.form);
        }
        let mut request = self.client.request(&recorded.method, &path);
        for (name, value) in &recorded.headers {
            request = request.header(name, value);
        }
        if let Some(body) = &recorded.body {
            request = request.body(self.ours(&body.to_string()));
        }
        if let Some(text) = &recorded.text {
            request = request.body(text.clone());
        }
        if let Some(bytes) = recorded.oversized {
            request = request.body(format!("{{\"query\":\"{}\"}}", "x".repeat(bytes - 12)));
        }
        request
    }

    /// With our ids instead of those that were recorded.
    fn ours(&self, text: &str) -> String {
        self.ids.iter().fold(text.to_owned(), |text, (recorded, ours)| text.replace(recorded, ours))
    }

    /// Sends a request that is answered later, and waits until the agent is at work.
    async fn hang(&mut self, recorded: &Recorded, gate: Gate) {
        let hanging = if recorded.events.is_some() {
            let (seen, events) = begin(open(self.request(recorded)).await).await;
            Hanging::Stream(seen, Box::new(events))
        } else {
            let task = tokio::spawn(answer(self.request(recorded)));
            tokio::task::block_in_place(|| gate.wait_until_reached());
            Hanging::Query(task)
        };
        self.hanging = Some((recorded.clone(), hanging, gate));
    }

    /// Asks, and goes away in the middle of the answer.
    async fn leave_a_stream(&mut self, about: &Recorded) {
        self.model.push(Answer::pieces(&["w0 ", "w1 "]).stall_after(2));
        let (_, query) = about.path.split_once("sessionId=").unwrap();
        let body = json!({"sessionId": self.ours(query), "query": "slow answer"});
        let request = self.client.request("POST", "/api/v1/sessions/query/stream").json(&body);
        drop(begin(open(request).await).await);
    }

    /// Holds an answer against what was recorded.
    fn hold(&mut self, recorded: &Recorded, given: &Given) {
        let form = if self.form.is_empty() || !recorded.is_query() { String::new() } else { format!(" ?{}", self.form) };
        let request = format!("{}/{}{form}", self.recording, recorded.name);
        let mut found = Vec::new();
        if recorded.status != given.status {
            found.push(format!("status {}, here {}", recorded.status, given.status));
        }
        let kind = recorded.kind.as_deref().unwrap_or("");
        if recorded.method != "HEAD" && kind != given.kind {
            found.push(format!("answer {kind}, here {}", given.kind));
        }
        let expected = recorded.json.clone().or_else(|| recorded.events.clone().map(Value::from));
        if let (Some(expected), Some(here)) = (&expected, &given.json)
            && recorded.status == given.status
        {
            self.learn(expected, here);
            found.extend(differences(expected, here));
        }
        found.sort();
        found.dedup();
        self.found.extend(found.into_iter().map(|found| format!("{request}: {found}")));
    }

    /// Remembers which of our sessions stands for a recorded one.
    fn learn(&mut self, recorded: &Value, here: &Value) {
        for pointer in ["/sessionId", "/0/sessionId"] {
            let id = |value: &Value| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
            if let (Some(recorded), Some(here)) = (id(recorded), id(here)) {
                self.ids.entry(recorded).or_insert(here);
            }
        }
    }
}

fn essence(headers: &http::HeaderMap) -> String {
    let kind = headers.get("content-type").map_or("", |kind| kind.to_str().unwrap());
    kind.split(';').next().unwrap().to_owned()
}

async fn answer(request: reqwest::RequestBuilder) -> Given {
    let reply = send(request).await;
    let kind = essence(&reply.headers);
    let json = (kind == "application/json" && !reply.body.is_empty()).then(|| reply.json());
    Given { status: reply.status, kind, json }
}

/// Reads a stream up to the first piece of its answer.
async fn begin(mut events: Events) -> (Vec<Value>, Events) {
    let mut seen = Vec::new();
    while let Some(event) = events.next().await {
        let event = event.json();
        let begun = event["type"] == "assistant_streaming_message";
        seen.push(event);
        if begun {
            return (seen, events);
        }
    }
    panic!("the stream ended before the answer began: {seen:?}");
}
